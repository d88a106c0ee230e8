"""Three small kinds of the sample organisation, to test what goes round kinds without the real ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from gitops import compute_cost
from gitops.cost import Money
from gitops.kind import Ask, Complaint, Desired, Kind, Registry, Rule, Spec
from gitops.plan import Change
from gitops.policy import Policy, load_policy
from gitops.request import Loaded, load_request
from gitops.vocabulary import SIZES, Part, Size, spelt

TODAY = date(2026, 11, 23)
POLICY = Path(__file__).resolve().parents[2] / "requests" / "policy.yaml"


class Access(Part):
    team: str
    permission: Literal["pull", "push"]


class RepoSpec(Spec, tag="repo"):
    name: Annotated[
        Annotated[str, spelt(r"[a-z][a-z0-9-]*")],
        Ask(label="Repository", help="Its name, such as `growth-churn`."),
    ]
    visibility: Annotated[
        Literal["private", "internal"],
        Ask(label="Visibility", help="`private` or `internal`.", risky=True, aliases=("open to",)),
    ] = "internal"
    topics: Annotated[tuple[str, ...], Ask(label="Topics", help="Words, such as `[churn]`.")] = ()
    access: Annotated[tuple[Access, ...], Ask(label="Access", help="Who may.", risky=True)] = ()


class ScaffoldSpec(Spec, tag="scaffold"):
    repo: Annotated[str, Ask(label="Repository", help="The repository it goes into.")]
    template: Annotated[str, Ask(label="Template", help="A template, such as `python-library`.")]
    inputs: Annotated[Mapping[str, str], Ask(label="Inputs", help="Its variables.")] = {}


class ComputeSpec(Spec, tag="compute"):
    name: Annotated[str, Ask(label="Name", help="Its name.")]
    size: Annotated[Size, Ask(label="Size", help="From `xs` to `xl`.")]
    gpu: Annotated[bool, Ask(label="GPU", help="`true` or `false`.")] = False
    max_workers: Annotated[
        Annotated[int, Meta(ge=1, le=100)], Ask(label="Workers", help="At most so many.")
    ] = 2
    comment: Annotated[str, Ask(label="Comment", help="Anything.")] = ""
    needs_answer: Annotated[str | None, Ask(label="Note", help="Anything.")] = None


def _size(item: Desired[Any], policy: Policy) -> Iterator[Complaint]:
    holds = policy.effective_for(item.origin)
    if SIZES.index(item.spec.size) > SIZES.index(holds.max_size.value):
        most = holds.max_size.value
        yield Complaint(path="size", message=f"The size {item.spec.size} is more than {most}.")
    if item.spec.gpu and not holds.gpu.value:
        yield Complaint(path="gpu", message="No GPU here.")


def _estimate(item: Desired[ComputeSpec]) -> Money:
    return compute_cost.monthly(
        item.origin.prices,
        environment=item.origin.environment,
        kind="cluster",
        workload="ml",
        size=item.spec.size,
        gpu=item.spec.gpu,
        min_workers=1,
        max_workers=item.spec.max_workers,
        auto_stop_minutes=30,
    )


def _derive(kind: str, *fields: str) -> Any:
    def derive(values: Mapping[str, Any], origin: Mapping[str, Any], policy: Policy) -> Mapping[str, Any]:
        name = policy.default_name(
            kind, team=origin["team"], name=origin["name"], environment=origin["environment"]
        )
        found = {key: value for key, value in policy.defaults_for(kind, origin).items() if key in fields}
        return found | {"name": name}

    return derive


def _derive_scaffold(
    values: Mapping[str, Any], origin: Mapping[str, Any], policy: Policy
) -> Mapping[str, Any]:
    repo = origin["resources"].get("repo", {}).get("name")
    return {**policy.defaults_for("scaffold", origin), "repo": repo}


def _unused(*arguments: Any) -> Any:
    raise AssertionError(f"the language must not call this: {arguments}")


def _kind(spec: type[Spec], name: str, **more: Any) -> Kind[Any, Any, Any]:
    def plan(desired: Desired[Any], state: Any) -> Sequence[Change]:
        return _unused(desired, state)

    return Kind(
        name=name,
        spec=spec,
        summary=f"A {name}.",
        connect=_unused,
        read=_unused,
        plan=plan,
        retire=_unused,
        apply=_unused,
        **more,
    )


REGISTRY: Registry = {
    "compute": _kind(
        ComputeSpec,
        "compute",
        identity=lambda spec: spec.name,
        derive=_derive("compute", "size", "max_workers"),
        estimate=_estimate,
        rules=(Rule(id="compute-size", title="Too large", why="", fix="", wrong="", right="", check=_size),),
        aliases=("cluster",),
    ),
    "repo": _kind(
        RepoSpec,
        "repo",
        identity=lambda spec: spec.name.lower(),
        derive=_derive("repo", "visibility"),
        aliases=("repository", "git repo"),
    ),
    "scaffold": _kind(
        ScaffoldSpec, "scaffold", identity=lambda spec: spec.repo, after=("repo",), derive=_derive_scaffold
    ),
}


def policy() -> Policy:
    return load_policy(POLICY.read_bytes())


def changed_policy(*changes: tuple[str, str]) -> Policy:
    """The sample policy with pieces of its text replaced; each piece stands in it exactly once."""
    text = POLICY.read_text()
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return load_policy(text.encode())


def text(**changes: str) -> str:
    """A valid request file; values of the metadata may be changed, ``None`` as text leaves a line out."""
    metadata = {
        "name": "churn-prediction",
        "team": "growth",
        "environment": "dev",
        "purpose": "Predict which subscribers will leave next month.",
        "business_owner": "jane.doe@acme.example",
        "cost_center": "CC-1042",
        "data_classification": "internal",
        "expires": "2027-04-30",
        "requested_by": "{slack: U024BE7LH, github: liwei}",
        "lifecycle": "active",
    } | changes
    resources = metadata.pop(
        "resources",
        "- {kind: repo, name: growth-churn-prediction}\n- {kind: compute, name: growth-x, size: small}",
    )
    lines = [f"  {key}: {value}" for key, value in metadata.items() if value != "None"]
    return "\n".join(
        ["apiVersion: lakeport/v1", "kind: Onboarding", "metadata:", *lines, "resources:", resources, ""]
    )


def loaded(**changes: str) -> Loaded:
    """The file of :func:`text`, at the path that its metadata says."""
    where = {"environment": "dev", "team": "growth", "name": "churn-prediction"} | changes
    path = f"requests/{where['environment']}/{where['team']}/{where['name']}.yaml"
    return load_request(text(**changes).encode(), path, REGISTRY)
