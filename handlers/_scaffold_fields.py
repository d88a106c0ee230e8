"""What people write about a scaffold: its fields, what follows from what they said, and its rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints

from gitops.kind import Ask, Complaint, Desired, Rule, Spec
from handlers._scaffold_files import plain, templates, variables

if TYPE_CHECKING:
    from gitops.policy import Policy

Variable = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Text = Annotated[str, StringConstraints(max_length=500)]


class ScaffoldSpec(Spec):
    """The first commit of a repository, made from a template."""

    kind: Literal["scaffold"]
    repo: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*$", max_length=100)],
        Ask(
            label="Repository to fill",
            help="Where it goes, a repository of this request, such as `growth-churn-prediction`.",
        ),
    ]
    template: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[a-z](?:-?[a-z0-9])*$", max_length=60)],
        Ask(
            label="Template",
            help="What the project starts with, such as `databricks-pipeline`.",
            aliases=("skeleton", "boilerplate", "starter", "cookiecutter"),
            words={
                "library": "python-library",
                "package": "python-library",
                "pipeline": "databricks-pipeline",
            },
        ),
    ]
    inputs: Annotated[
        Annotated[Mapping[Variable, Text], Field(max_length=20)],
        Ask(
            label="Template inputs",
            help='Values of the template\'s own variables, such as `{python: "3.12"}`.',
            infer=False,
        ),
    ] = Field(default={})


def identity(spec: ScaffoldSpec) -> str:
    """One scaffold for each repository."""
    return spec.repo.lower()


def derive(values: Mapping[str, Any], origin: Mapping[str, Any], policy: Policy) -> Mapping[str, Any]:
    """The repository of the request, and the policy's template."""
    derived: dict[str, Any] = {"repo": origin.get("resources", {}).get("repo", {}).get("name")}
    if derived["repo"] is None:
        derived["repo"] = policy.default_name(
            "repo", team=str(origin["team"]), name=str(origin["name"]), environment=str(origin["environment"])
        )
    derived |= policy.defaults_for("scaffold")
    return {key: value for key, value in derived.items() if key not in values and value is not None}


def _template_allowed(desired: Desired[ScaffoldSpec], policy: Policy) -> Iterator[Complaint]:
    offered = [name for name in policy.templates if name in templates()]
    if desired.spec.template not in offered:
        yield Complaint(
            path="template",
            message=f"There is no template {desired.spec.template} on offer.",
            hint=f"Choose {' or '.join(offered)}." if offered else "The policy offers none.",
        )


def _inputs_known(desired: Desired[ScaffoldSpec], policy: Policy) -> Iterator[Complaint]:
    del policy
    if desired.spec.template not in templates():
        return
    own = {
        name: default
        for name, default in variables(desired.spec.template).items()
        if not name.startswith("_")
    }
    for name, value in desired.spec.inputs.items():
        if name not in own:
            yield Complaint(
                path=f"inputs.{name}",
                message=f"The template {desired.spec.template} has no variable {name}.",
                hint=f"Its variables are {', '.join(own)}." if own else "It has none.",
            )
        elif isinstance(own[name], list) and value not in own[name]:
            yield Complaint(
                path=f"inputs.{name}",
                message=f"{name} cannot be {plain(value)[:60]}.",
                hint=f"Choose {' or '.join(own[name])}.",
            )


RULES = (
    Rule(
        id="scaffold-template",
        why="Templates are reviewed before they are on offer.",
        check=_template_allowed,
    ),
    Rule(id="scaffold-inputs", why="A variable nobody reads would do nothing.", check=_inputs_known),
)
