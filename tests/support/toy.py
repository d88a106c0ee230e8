"""A toy world: three kinds over a dictionary, a policy and request files, to test what goes round kinds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from msgspec.structs import replace

from gitops.errors import RemoteDenied
from gitops.kind import Ask, Desired, Kind, Registry, Spec
from gitops.plan import Change, Reason, RefusedChange, Verb
from gitops.policy import Policy, load_policy
from gitops.request import Loaded, load_request

Name = Annotated[str, Ask(label="Name", help="Its name, such as `one`.")]
Tags = Annotated[tuple[str, ...], Ask(label="Tags", help="Words, such as `[a]`.")]


class BaseSpec(Spec, tag="base"):
    name: Name
    tags: Tags = ()


class SideSpec(Spec, tag="side"):
    name: Name
    tags: Tags = ()


class TopSpec(Spec, tag="top"):
    name: Name
    tags: Tags = ()


@dataclass
class World:
    """What stands, by ``kind/name``, and every call. ``before_apply`` is called with each change's key.

    ``after_read`` is called once, between the next look and what is made of it.
    """

    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    connected: list[str] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    before_apply: Callable[[str], None] = lambda key: None
    after_apply: Callable[[str], None] = lambda key: None
    after_read: Callable[[], None] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, call: str) -> None:
        with self.lock:
            self.calls.append(call)

    @property
    def applied(self) -> list[str]:
        return [call.removeprefix("apply ") for call in self.calls if call.startswith("apply ")]


def _read(desired: Desired[Any], world: World) -> dict[str, Any] | None:
    key = f"{desired.spec.kind}/{desired.spec.name}"
    world.note(f"read {key}")
    if key in world.denied:
        raise RemoteDenied("The toy shop says no.", fix="Ask the shopkeeper.")
    found = world.things.get(key)
    seen = None if found is None else dict(found)
    if world.after_read is not None:
        told, world.after_read = world.after_read, None
        told()
    return seen


def _plan(desired: Desired[Any], state: dict[str, Any] | None) -> list[Change]:
    spec = desired.spec
    wanted = {"mark": desired.origin.request, "tags": list(spec.tags)}
    if state is None:
        make = Change(
            kind=spec.kind, identity=spec.name, action="make", verb=Verb.CREATE, after=wanted | {"tags": []}
        )
        paint = Change(
            kind=spec.kind,
            identity=spec.name,
            action="paint",
            verb=Verb.UPDATE,
            before=[],
            after=list(spec.tags),
        )
        return [replace(make, summary=f"Make {spec.name}"), *([paint] if spec.tags else [])]
    if state["mark"] != desired.origin.request:
        raise RefusedChange(Reason.NOT_OURS, f"{spec.name} belongs to somebody else.", "Choose another name.")
    if state["tags"] == wanted["tags"]:
        return []
    gone = tuple(f"the tag {tag}" for tag in state["tags"] if tag not in spec.tags)
    return [
        Change(
            kind=spec.kind,
            identity=spec.name,
            action="paint",
            verb=Verb.UPDATE,
            before=state["tags"],
            after=list(spec.tags),
            summary=f"Paint {spec.name}",
            removes=gone,
        )
    ]


def _retire(desired: Desired[Any], state: dict[str, Any]) -> list[Change]:
    spec = desired.spec
    return [Change(kind=spec.kind, identity=spec.name, action="drop", verb=Verb.REMOVE, before=state)]


def _apply(change: Change, world: World) -> None:
    world.before_apply(change.key)
    world.note(f"apply {change.key}")
    key = f"{change.kind}/{change.identity}"
    match change.action:
        case "make":
            world.things.setdefault(key, dict(change.after))
        case "paint":
            world.things[key]["tags"] = list(change.after)
        case "drop":
            world.things.pop(key, None)
    world.after_apply(change.key)


def _outputs(desired: Desired[Any], state: dict[str, Any]) -> Mapping[str, str]:
    return {"url": f"https://toys.example/{desired.spec.name}", "tags": ",".join(state["tags"])}


def registry(world: World, *, listing: bool = False) -> Registry:
    """``base``; ``side`` after it; ``top`` after both. ``listing``: base lists its things."""

    def kind(spec: type[Spec], name: str, after: tuple[str, ...], many: bool = False) -> Kind[Any, Any, Any]:
        def connect(env: Mapping[str, str]) -> World:
            world.connected.append(name)
            return world

        def read_all(wanted: Any, client: World) -> list[Any]:
            client.note(f"list {len(wanted)}")
            return [client.things.get(f"{one.spec.kind}/{one.spec.name}") for one in wanted]

        return Kind(
            name=name,
            spec=spec,
            summary=f"A {name} toy.",
            after=after,
            identity=lambda one: one.name,
            connect=connect,
            read=_read,
            plan=_plan,
            retire=_retire,
            apply=_apply,
            outputs=_outputs,
            read_all=read_all if many else None,
        )

    return {
        "base": kind(BaseSpec, "base", (), listing),
        "side": kind(SideSpec, "side", ("base",)),
        "top": kind(TopSpec, "top", ("base", "side")),
    }


POLICY = b"""\
organisation: acme
cloud: azure
default_region: westeurope
teams:
  growth: {github_team: growth, databricks_group: growth, cost_center: CC-1, approvers: [nadia-k, omar-f]}
catalogs: {dev: [ml_dev]}
environments:
  dev: {max_size: medium, gpu: true, approvals: {count: 1, from: [team]}}
monthly_cost:
  {currency: EUR, refuse_above: 20000, approvals_above: 2500, approvals: {count: 1, from: [growth]}}
limits: {removed_percent: 50, at_least: 4}
people:
- {name: Li Wei, email: li.wei@acme.example, slack: U024BE7LH, github: liwei, team: growth}
- {name: Jane Doe, email: jane.doe@acme.example, slack: U0JANEDOE, github: janed, team: growth}
- {name: Nadia Karim, email: nadia.karim@acme.example, slack: U0NADIAKA, github: nadia-k, team: growth}
- {name: Omar Faruk, email: omar.faruk@acme.example, slack: U0OMARFAR, github: omar-f, team: growth}
"""


def policy() -> Policy:
    return load_policy(POLICY)


def path(name: str = "churn") -> str:
    return f"requests/dev/growth/{name}.yaml"


def raw(
    *resources: str, name: str = "churn", lifecycle: str = "active", purpose: str = "Find things out."
) -> bytes:
    """A request file; each resource is ``kind name tag tag …``."""
    lines = [
        "apiVersion: lakeport/v1",
        "kind: Onboarding",
        "metadata:",
        f"  name: {name}",
        "  team: growth",
        "  environment: dev",
        f"  purpose: {purpose}",
        "  business_owner: jane.doe@acme.example",
        "  data_classification: internal",
        "  requested_by: {slack: U024BE7LH, github: liwei}",
        f"  lifecycle: {lifecycle}",
        "resources:",
    ]
    for resource in resources or ("base one",):
        kind, called, *tags = resource.split()
        lines.append(f"- {{kind: {kind}, name: {called}, tags: [{', '.join(tags)}]}}")
    return "\n".join(lines).encode() + b"\n"


def loaded(world: World, *resources: str, name: str = "churn", lifecycle: str = "active") -> Loaded:
    return load_request(raw(*resources, name=name, lifecycle=lifecycle), path(name), registry(world))
