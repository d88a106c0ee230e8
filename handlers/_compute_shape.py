"""How compute of each type looks to Databricks: what we ask for, and what we compare with what stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gitops import sizing
from gitops.kind import Desired
from gitops.prices import Warehouse
from handlers._compute_fields import ComputeSpec, identity

if TYPE_CHECKING:
    from gitops.sizing import Sizing

MARK = "lakeport-request"
RESOURCE = "lakeport-resource"
"""Two tags: which request it belongs to, and which resource of it. Names are neither unique nor kept."""

MAIN = "main"
"""Key of a job's cluster and of its first task."""

ALIASES = {
    "DATA_SECURITY_MODE_STANDARD": sizing.STANDARD,
    "DATA_SECURITY_MODE_DEDICATED": sizing.DEDICATED,
}
"""Newer names of the two access modes that know Unity Catalog (SDK, ``DataSecurityMode``)."""

Settings = Mapping[str, Any]
"""Comparable values by name: ``name``, ``tags`` and, by type, ``node_type``, ``driver_type`` …"""


def tags(desired: Desired[ComputeSpec]) -> dict[str, str]:
    """The owner mark, and who pays."""
    origin = desired.origin
    found = {
        MARK: origin.request,
        RESOURCE: identity(desired.spec),
        "team": origin.team,
        "environment": origin.environment,
        "cost-center": origin.cost_center,
    }
    return {key: value for key, value in found.items() if value}


def idempotency_token(desired: Desired[ComputeSpec]) -> str:
    """64 hex digits (the limit), the same for the same resource: one active cluster is made for it."""
    text = f"{desired.origin.request}\n{identity(desired.spec)}"
    import hashlib  # a check has no need of it

    return hashlib.sha256(text.encode()).hexdigest()


def decided(desired: Desired[ComputeSpec]) -> Sizing:
    """What it is made of: machines, runtime, access mode, and why."""
    spec, origin = desired.spec, desired.origin
    return sizing.decide(
        origin.prices,
        environment=origin.environment,
        kind=spec.type,
        workload=spec.workload,
        size=spec.size,
        gpu=spec.gpu,
        min_workers=spec.min_workers,
        max_workers=spec.max_workers,
    )


def reasons(desired: Desired[ComputeSpec]) -> tuple[str, ...]:
    """What was decided and why, and what a cluster policy must allow for it."""
    made_of = decided(desired)
    allowed = made_of.cluster_policy(auto_stop_minutes=desired.spec.auto_stop_minutes, tags=tags(desired))
    if not allowed:
        return made_of.reasons
    return (*made_of.reasons, f"A cluster policy for it must allow: {_policy_words(allowed)}.")


def _policy_words(allowed: Mapping[str, Mapping[str, Any]]) -> str:
    """``node_type_id = "…"; autotermination_minutes 10 to 30``."""
    return "; ".join(
        f"{name} = {json.dumps(rule['value'], ensure_ascii=False)}"
        if rule["type"] == "fixed"
        else f"{name} {rule['minValue']} to {rule['maxValue']}"
        for name, rule in allowed.items()
    )


def settings(desired: Desired[ComputeSpec]) -> dict[str, Any]:
    """What the file wants, as far as it can be changed later."""
    spec = desired.spec
    found: dict[str, Any] = {
        "name": spec.name,
        "tags": tags(desired),
        "min_workers": spec.min_workers,
        "max_workers": spec.max_workers,
    }
    made_of = decided(desired).made_of
    if isinstance(made_of, Warehouse):
        return found | {"size": made_of.name, "auto_stop_minutes": spec.auto_stop_minutes}
    found |= {"node_type": made_of.worker.type, "driver_type": made_of.driver.type}
    if spec.type == "cluster":
        found |= {"auto_stop_minutes": spec.auto_stop_minutes, "access_mode": made_of.access_mode}
    return found


def creation(desired: Desired[ComputeSpec]) -> dict[str, Any]:
    """The body of the call that creates it."""
    spec, wanted = desired.spec, settings(desired)
    if spec.type == "sql_warehouse":
        return warehouse_body(wanted) | {"enable_serverless_compute": True, "warehouse_type": "PRO"}
    machines = _machines(desired, wanted)
    if spec.type == "cluster":
        return machines | {
            "cluster_name": spec.name,
            "autotermination_minutes": spec.auto_stop_minutes,
            "idempotency_token": idempotency_token(desired),
        }
    task: dict[str, Any] = {
        "task_key": MAIN,
        "job_cluster_key": MAIN,
        "notebook_task": {"notebook_path": notebook(desired), "source": "WORKSPACE"},
    }
    if spec.libraries:
        task["libraries"] = [library(one) for one in sorted(spec.libraries)]
    return {
        "name": spec.name,
        "tags": wanted["tags"],
        "max_concurrent_runs": 1,
        "job_clusters": [{"job_cluster_key": MAIN, "new_cluster": machines}],
        "tasks": [task],
    }


def notebook(desired: Desired[ComputeSpec]) -> str:
    """Where a new job looks for its code until its team says otherwise; nothing is put there."""
    return f"/Workspace/Shared/{desired.origin.team}/{desired.origin.name}/{MAIN}"


def _machines(desired: Desired[ComputeSpec], wanted: Settings) -> dict[str, Any]:
    """What a cluster is made of, interactive or of a job."""
    body = machines_body(wanted) | decided(desired).attributes | {"custom_tags": wanted["tags"]}
    if wanted.get("access_mode") == sizing.DEDICATED:
        body["single_user_name"] = desired.origin.group
    return body


def library(requirement: str) -> dict[str, Any]:
    """A requirement as Databricks takes it."""
    return {"pypi": {"package": requirement}}


def warehouse_body(wanted: Settings) -> dict[str, Any]:
    """A SQL warehouse's settings as Databricks takes them."""
    return {
        "name": wanted["name"],
        "cluster_size": wanted["size"],
        "min_num_clusters": wanted["min_workers"],
        "max_num_clusters": wanted["max_workers"],
        "auto_stop_mins": wanted["auto_stop_minutes"],
        "tags": {"custom_tags": [{"key": key, "value": value} for key, value in wanted["tags"].items()]},
    }


# What stands, in the same words. A value that is absent there is None: not known, and so no difference.


def of_cluster(found: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a cluster as the API describes it."""
    mode = found.get("data_security_mode")
    return _of_machines(found) | {
        "name": found.get("cluster_name"),
        "tags": found.get("custom_tags"),
        "auto_stop_minutes": found.get("autotermination_minutes"),
        "access_mode": ALIASES.get(mode, mode) if mode else None,
    }


def of_warehouse(found: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a SQL warehouse as the API describes it."""
    return {
        "name": found.get("name"),
        "tags": tags_of_warehouse(found),
        "size": found.get("cluster_size"),
        "min_workers": found.get("min_num_clusters"),
        "max_workers": found.get("max_num_clusters"),
        "auto_stop_minutes": found.get("auto_stop_mins"),
    }


def tags_of_warehouse(found: Mapping[str, Any]) -> dict[str, str]:
    """Its tags as a mapping."""
    pairs = (found.get("tags") or {}).get("custom_tags") or ()
    return {pair.get("key", ""): pair.get("value", "") for pair in pairs}


def of_job(found: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a job as the API describes it; of its cluster, if it still has ours."""
    job = found.get("settings") or {}
    cluster = main_of(job.get("job_clusters"), "job_cluster_key").get("new_cluster") or {}
    return _of_machines(cluster) | {"name": job.get("name"), "tags": job.get("tags")}


def main_of(entries: Any, key: str) -> Mapping[str, Any]:
    """The entry with our key among a job's tasks or clusters; empty where its team took it out."""
    return next((entry for entry in entries or () if entry.get(key) == MAIN), {})


def _of_machines(found: Mapping[str, Any]) -> dict[str, Any]:
    scale = found.get("autoscale") or {}
    fixed = found.get("num_workers") if not scale else None
    return {
        "node_type": found.get("node_type_id"),
        "driver_type": found.get("driver_node_type_id") or found.get("node_type_id"),
        "min_workers": scale.get("min_workers", fixed),
        "max_workers": scale.get("max_workers", fixed),
    }


def differences(wanted: Settings, live: Settings) -> dict[str, tuple[Any, Any]]:
    """Setting → (live, wanted) where they differ; of the tags only our own."""
    found: dict[str, tuple[Any, Any]] = {}
    for key, want in wanted.items():
        have = live.get(key)
        if key == "tags" and have is not None:
            have = {name: have[name] for name in want if name in have}
        if have is not None and have != want:
            found[key] = (have, want)
    return found


DECIDED = frozenset({"node_type", "driver_type", "access_mode", "size"})
"""Settings that nobody asked for in these words: the reasons belong to a change of them."""

MACHINES = frozenset({"node_type", "driver_type", "min_workers", "max_workers"})
CLUSTER_FIELDS: Mapping[str, tuple[str, ...]] = {
    "name": ("cluster_name",),
    "tags": ("custom_tags",),
    "auto_stop_minutes": ("autotermination_minutes",),
    "access_mode": ("data_security_mode",),
    "node_type": ("node_type_id",),
    "driver_type": ("driver_node_type_id",),
    "min_workers": ("autoscale",),
    "max_workers": ("autoscale",),
}
"""Which fields of a cluster a setting is made of."""


def machines_body(wanted: Settings) -> dict[str, Any]:
    """The fields of a cluster for its machines."""
    return {
        "node_type_id": wanted["node_type"],
        "driver_node_type_id": wanted["driver_type"],
        "autoscale": {"min_workers": wanted["min_workers"], "max_workers": wanted["max_workers"]},
    }
