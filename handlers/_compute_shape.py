"""How compute of each type looks to Databricks: what we ask for, and what we compare with what stands."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from gitops import cost
from gitops.kind import Desired
from handlers._compute_fields import ComputeSpec, identity

MARK = "lakeport-request"
RESOURCE = "lakeport-resource"
"""Two tags: which request it belongs to, and which resource of it. Names are neither unique nor kept."""

MAIN = "main"
"""Key of a job's cluster and of its first task."""

RUNTIMES = {
    "standard": "16.4.x-scala2.12",
    "ml": "16.4.x-cpu-ml-scala2.12",
    "gpu": "16.4.x-gpu-ml-scala2.12",
}
"""Databricks Runtime 16.4 LTS. Only what is new gets it: an upgrade of what runs is its team's to choose."""

ISOLATED, DEDICATED = "USER_ISOLATION", "SINGLE_USER"
ALIASES = {"DATA_SECURITY_MODE_STANDARD": ISOLATED, "DATA_SECURITY_MODE_DEDICATED": DEDICATED}
"""Newer names of the two access modes that know Unity Catalog (SDK, ``DataSecurityMode``)."""

Settings = Mapping[str, Any]
"""Comparable values by name: ``name``, ``tags`` and, by type, ``node_type``, ``min_workers`` …"""


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
    return hashlib.sha256(text.encode()).hexdigest()


def settings(desired: Desired[ComputeSpec]) -> dict[str, Any]:
    """What the file wants, as far as it can be changed later."""
    spec = desired.spec
    found: dict[str, Any] = {
        "name": spec.name,
        "tags": tags(desired),
        "min_workers": spec.min_workers,
        "max_workers": spec.max_workers,
    }
    if spec.type == "sql_warehouse":
        return found | {
            "size": cost.warehouse_for(spec.size).name,
            "auto_stop_minutes": spec.auto_stop_minutes,
        }
    found["node_type"] = _node(desired)
    if spec.type == "cluster":
        found |= {"auto_stop_minutes": spec.auto_stop_minutes, "access_mode": _access_mode(desired)}
    return found


def _node(desired: Desired[ComputeSpec]) -> str:
    spec, origin = desired.spec, desired.origin
    return cost.node_for(origin.cloud, spec.workload, spec.size, spec.gpu, origin.environment).type


def _access_mode(desired: Desired[ComputeSpec]) -> str:
    """ML runtimes and GPU machines do not run in the shared access mode, so they are the team's alone."""
    return DEDICATED if desired.spec.gpu or desired.spec.workload == "ml" else ISOLATED


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
    spec, mode = desired.spec, _access_mode(desired)
    runtime = "gpu" if spec.gpu else "ml" if spec.workload == "ml" else "standard"
    body: dict[str, Any] = {
        "spark_version": RUNTIMES[runtime],
        "node_type_id": wanted["node_type"],
        "autoscale": {"min_workers": spec.min_workers, "max_workers": spec.max_workers},
        "data_security_mode": mode,
        "custom_tags": wanted["tags"],
    }
    if mode == DEDICATED and spec.type == "cluster" and desired.origin.group:
        # Dedicated to a group instead of one person: only this newer form of the API takes a group.
        body |= {
            "kind": "CLASSIC_PREVIEW",
            "data_security_mode": "DATA_SECURITY_MODE_DEDICATED",
            "single_user_name": desired.origin.group,
        }
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


MACHINES = frozenset({"node_type", "min_workers", "max_workers"})
CLUSTER_FIELDS: Mapping[str, tuple[str, ...]] = {
    "name": ("cluster_name",),
    "tags": ("custom_tags",),
    "auto_stop_minutes": ("autotermination_minutes",),
    "access_mode": ("data_security_mode",),
    "node_type": ("node_type_id", "driver_node_type_id"),
    "min_workers": ("autoscale",),
    "max_workers": ("autoscale",),
}
"""Which fields of a cluster a setting is made of."""


def machines_body(wanted: Settings) -> dict[str, Any]:
    """The fields of a cluster for its machines."""
    return {
        "node_type_id": wanted["node_type"],
        "driver_node_type_id": wanted["node_type"],
        "autoscale": {"min_workers": wanted["min_workers"], "max_workers": wanted["max_workers"]},
    }
