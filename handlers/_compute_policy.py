"""Cluster policies: under which one compute is made, what it fixes, and what it refuses of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitops.kind import Desired
from handlers import _compute_shape as shape
from handlers._compute_fields import ComputeSpec, identity

Definition = Mapping[str, Mapping[str, Any]]
"""Attribute (``autoscale.max_workers``) → its rule (``{"type": "range", "maxValue": 4}``)."""

MADE = "lakeport "
"""How the name of every cluster policy of ours begins: they have no tags, and their names are unique."""

NEWEST = "spark_version"
"""Which runtime it is in detail is the team's to choose, so a policy of ours says nothing of it."""


@dataclass(frozen=True)
class ClusterPolicy:
    """One that stands: ``libraries`` are Python packages that it installs wherever it applies."""

    id: str
    name: str
    definition: Definition
    libraries: frozenset[str] = frozenset()


def parse(found: Mapping[str, Any]) -> ClusterPolicy:
    """As the API describes it; a definition that cannot be read says nothing."""
    try:
        definition = json.loads(found.get("definition") or "{}")
    except ValueError:
        definition = {}
    libraries = (one.get("pypi") or {} for one in found.get("libraries") or ())
    return ClusterPolicy(
        str(found["policy_id"]),
        str(found.get("name") or ""),
        {key: rule for key, rule in definition.items() if isinstance(rule, dict)},
        frozenset(one["package"] for one in libraries if "package" in one),
    )


def is_made(desired: Desired[ComputeSpec]) -> bool:
    """Whether we make one for this resource."""
    rules = desired.origin.compute
    cluster = desired.spec.type != "sql_warehouse"
    return bool(cluster and rules and rules.cluster_policy and rules.cluster_policy.make)


def made_name(request: str, resource: str) -> str:
    """``lakeport dev/growth/churn growth-churn-dev``: the owner mark of a cluster policy."""
    return f"{MADE}{request} {resource}"


def asked(desired: Desired[ComputeSpec]) -> tuple[str, str] | None:
    """``("id" | "name", value)`` of the one it is made under; ``None`` for none."""
    rules, origin = desired.origin.compute, desired.origin
    if desired.spec.type == "sql_warehouse" or rules is None or rules.cluster_policy is None:
        return None
    if rules.cluster_policy.make:
        return "name", made_name(origin.request, identity(desired.spec))
    if rules.cluster_policy.id:
        return "id", rules.cluster_policy.id
    return "name", rules.policy_name(team=origin.team, environment=origin.environment)


def made_definition(desired: Desired[ComputeSpec], body: Mapping[str, Any]) -> dict[str, Any]:
    """What a policy of ours says: what was decided, and nothing larger; pools instead of machines in them."""
    decided = shape.decided(desired)
    found = decided.cluster_policy(auto_stop_minutes=desired.spec.auto_stop_minutes, tags=shape.tags(desired))
    pooled = {name: {"type": "fixed", "value": body[name]} for name in shape.POOLS if name in body}
    left_out = {NEWEST, *(shape.NODES if pooled else ())}
    return {name: rule for name, rule in (found | pooled).items() if name not in left_out}


def flat(body: Mapping[str, Any]) -> dict[str, Any]:
    """A cluster's fields by the names that policies have for them (``custom_tags.team``)."""
    found: dict[str, Any] = {}
    for name, value in body.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{key}": one for key, one in value.items()}
        else:
            found[name] = value
    return found


def supplied(body: Mapping[str, Any], definition: Definition) -> dict[str, tuple[Any, Any]]:
    """Attribute → (ours, the policy's) where it fixes another value, or none at all: its own then holds."""
    found: dict[str, tuple[Any, Any]] = {}
    for name, value in flat(body).items():
        rule = definition.get(name, {})
        if rule.get("type") == "fixed" and not _same(name, rule.get("value"), value):
            found[name] = (value, rule.get("value"))
        elif rule.get("type") == "forbidden":
            found[name] = (value, None)
    if (definition.get(shape.POOLS[0]) or {}).get("type") == "fixed":  # the machines are those of the pool
        pool = definition[shape.POOLS[0]].get("value")
        found |= {name: (body[name], f"the pool {pool}") for name in shape.NODES if name in body}
    return found


def without(body: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """A cluster's fields but for those that the policy supplies."""
    kept: dict[str, Any] = {}
    for name, value in body.items():
        if isinstance(value, Mapping):
            kept[name] = {key: one for key, one in value.items() if f"{name}.{key}" not in names}
        elif name not in names:
            kept[name] = value
    return {name: value for name, value in kept.items() if value != {}}


def refused(body: Mapping[str, Any], definition: Definition) -> Iterator[str]:
    """What the policy does not take of what is sent, in sentences; and that it would never stop it."""
    for name, value in flat(body).items():
        words = _refused(name, value, definition.get(name, {}))
        if words:
            yield f"{name} is {json.dumps(value, ensure_ascii=False)}, and {words}."
    stop = definition.get("autotermination_minutes", {})
    if stop.get("type") == "fixed" and not stop.get("value"):
        yield "autotermination_minutes is fixed to 0: a cluster under it would never stop."


def _refused(name: str, value: Any, rule: Mapping[str, Any]) -> str:
    kind, values = rule.get("type"), rule.get("values") or ()
    if kind == "allowlist" and not any(_same(name, one, value) for one in values):
        return f"only {', '.join(map(str, values))} is allowed"
    if kind == "blocklist" and any(_same(name, one, value) for one in values):
        return "that is not allowed"
    if kind == "regex" and not _matches(str(rule.get("pattern", "")), str(value)):
        return f"it must look like {rule.get('pattern')}"
    if kind == "range" and isinstance(value, int):
        if value < rule.get("minValue", value):
            return f"it must be at least {rule['minValue']}"
        if value > rule.get("maxValue", value):
            return f"it must be at most {rule['maxValue']}"
    return ""


def _matches(pattern: str, value: str) -> bool:
    """A pattern that Python does not know is left to Databricks to judge."""
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return True


def _same(name: str, one: Any, other: Any) -> bool:
    if name == "data_security_mode":
        return bool(shape.ALIASES.get(one, one) == shape.ALIASES.get(other, other))
    return bool(one == other)
