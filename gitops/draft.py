"""Values of a request as they come together: what was said, what is looked up, and what follows from it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from gitops.envelope import Metadata
from gitops.fields import RESOURCES
from gitops.finding import Finding, Place, Severity
from gitops.kind import Registry
from gitops.model import fields_of
from gitops.order import in_order
from gitops.plan import JSON
from gitops.policyfile import Person, Policy

Source = Literal["said", "looked_up", "default", "inferred", "merged"]
"""``merged``: it stands so in the file on the default branch, and nobody spoke of it since."""
METADATA = "metadata"

_KEY = re.compile(r"(?P<kind>[a-z_]+)(?:\[(?P<label>[^\[\].]+)\])?")
_RESOURCE_PATH = re.compile(r"resources\.(?P<key>[a-z_]+(?:\[[^\[\].]+\])?)\.(?P<field>[^.]+)")


@dataclass(frozen=True)
class Value:
    """A value and where it comes from; ``quote`` are the words it was taken from; ``None``: said none."""

    value: JSON
    source: Source
    quote: str = ""


@dataclass
class Draft:
    """Values as they come together: the envelope by field, the resources by key and field."""

    metadata: dict[str, Value] = field(default_factory=dict)
    resources: dict[str, dict[str, Value]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def values(self) -> dict[str, Value]:
        """Every value by its path in the file."""
        found = {f"{METADATA}.{name}": value for name, value in self.metadata.items()}
        for key, fields in self.resources.items():
            found |= {f"{RESOURCES}.{key}.{name}": value for name, value in fields.items()}
        return found


def fill_envelope(
    draft: Draft,
    said: Mapping[str, Value],
    policy: Policy,
    requester: Person | None,
    requester_slack: str,
    linked: str | None = None,
) -> None:
    """The metadata in the file's order.

    ``linked`` is the GitHub login that the requester has proved to be theirs; the directory comes first.
    """
    found: dict[str, Value] = {}
    if requester is not None:
        found["team"] = Value(requester.team, "looked_up")
    elif len(policy.teams) == 1:
        found["team"] = Value(next(iter(policy.teams)), "default")
    environment = policy.defaults.environment
    if environment is None and len(policy.environments) == 1:
        environment = next(iter(policy.environments))
    if environment is not None:
        found["environment"] = Value(environment, "default")
    for path, value in said.items():
        section, _, name = path.partition(".")
        if section == METADATA and name:
            found[name] = value
    team = policy.teams.get(str(found["team"].value)) if "team" in found else None
    if team is not None and "cost_center" not in found:
        found["cost_center"] = Value(team.cost_center, "looked_up")
    found["requested_by.slack"] = Value(requester_slack, "looked_up")
    login = requester.github if requester is not None else linked
    found["requested_by.github"] = Value(login, "looked_up")  # without one it is left out, whatever was said
    found.setdefault("lifecycle", Value("active", "default"))
    order = list(fields_of(Metadata))
    for name in sorted(found, key=lambda name: _position(name.partition(".")[0], order)):
        if found[name].value is not None:
            draft.metadata[name] = found[name]


def _position(name: str, order: Sequence[str]) -> int:
    return order.index(name) if name in order else len(order)


def nested(metadata: Mapping[str, JSON]) -> dict[str, JSON]:
    """``requested_by.slack`` as a mapping within a mapping."""
    result: dict[str, JSON] = {}
    for name, value in metadata.items():
        outer, _, inner = name.partition(".")
        if inner:
            result.setdefault(outer, {})[inner] = value
        else:
            result[outer] = value
    return result


def resource_keys(
    draft: Draft, said: Mapping[str, Value], registry: Registry, policy: Policy
) -> tuple[str, ...]:
    """The keys that are wanted in the order they were said, each followed by what comes along with it."""
    listed = said[RESOURCES].value if RESOURCES in said else None
    wanted: list[str] = []
    for key in map(str, listed if isinstance(listed, list | tuple) else ()):
        if kind_of(key) in registry:
            wanted.append(key)
            continue
        problem = f"There is no kind of resource called {key[:40]}."
        place = Place("", path=RESOURCES)
        hint = f"Kinds are {', '.join(registry)}."
        draft.findings.append(Finding("resource-kind", Severity.ERROR, problem, place, hint))
    said_kinds = {kind_of(key) for key in wanted}
    complete: dict[str, None] = {}
    for key in wanted:
        complete[key] = None
        for kind in policy.defaults.together.get(kind_of(key), ()):
            if kind in registry and kind not in said_kinds:
                complete[kind + key[len(kind_of(key)) :]] = None
    return tuple(key for key in complete if not _kept_out(said, key))


def _kept_out(said: Mapping[str, Value], key: str) -> bool:
    return any(
        (value := said.get(f"{RESOURCES}.{name}")) is not None and value.value is False
        for name in (key, kind_of(key))
    )


def kind_of(key: str) -> str:
    """The kind that a resource key such as ``schema[raw]`` is of."""
    found = _KEY.fullmatch(key)
    return found["kind"] if found else key


def said_fields(said: Mapping[str, Value], key: str, keys: Sequence[str]) -> dict[str, Value]:
    """What was said of a resource; the first of a kind is also addressed by the kind alone."""
    kind = kind_of(key)
    names = {key}
    if next(other for other in keys if kind_of(other) == kind) == key:
        names.add(kind)
    found: dict[str, Value] = {}
    for path, value in said.items():
        match = _RESOURCE_PATH.fullmatch(path)
        if match and match["key"] in names:
            found[match["field"]] = value
    return found


def made_up(policy: Policy, today: date, *, last: bool) -> dict[str, JSON]:
    """A whole envelope nobody said, to see what does not depend on it; two of them differ where they can."""
    pick = -1 if last else 0
    return {
        "name": "not-known" if last else "not-said",
        "team": list(policy.teams)[pick],
        "environment": list(policy.environments)[pick],
        "purpose": "Not said.",
        "business_owner": "nobody@example.com",
        "cost_center": "NONE",
        "data_classification": "restricted" if last else "public",
        "expires": (today + timedelta(days=1)).isoformat(),
    }


def complete_resources(
    metadata: Mapping[str, JSON],
    said: Mapping[str, Value],
    keys: Sequence[str],
    registry: Registry,
    policy: Policy,
) -> dict[str, dict[str, JSON]]:
    """The fields of each resource, said and derived, under this envelope.

    A further resource of a kind is derived as if its label were part of the name. Each kind sees, as
    ``origin["resources"]``, the fields of those it stands on.
    """
    order = in_order(registry)
    kinds = [kind_of(key) for key in keys]
    done: dict[str, dict[str, JSON]] = {}
    for key in sorted(keys, key=lambda key: order.index(kind_of(key))):
        kind = registry[kind_of(key)]
        spoken = said_fields(said, key, keys)
        values = {name: item.value for name, item in spoken.items() if item.value is not None}
        label = _label(key)
        origin = dict(metadata) | {name: str(metadata[name]) for name in ("name", "team", "environment")}
        if label and kinds.count(kind.name) > 1:
            origin["name"] = f"{origin['name']}-{label}"
        origin[RESOURCES] = {
            kind_of(other): fields
            for other, fields in sorted(done.items(), key=lambda item: _label(item[0]) == label)
        }
        derived = kind.derive(values, origin, policy)
        names = list(fields_of(kind.spec))
        both = {name: value for name, value in derived.items() if name not in spoken} | values
        found = {name: both[name] for name in (*names, *both) if name in both and both[name] is not None}
        done[key] = found
    return {key: done[key] for key in keys}


def _label(key: str) -> str:
    found = _KEY.fullmatch(key)
    return (found["label"] or "") if found else ""
