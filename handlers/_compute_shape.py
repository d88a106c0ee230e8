"""How compute of each type looks to Databricks: what we ask for, and what we compare with what stands."""

from __future__ import annotations

import re
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

NODES = ("node_type_id", "driver_node_type_id")
POOLS = ("instance_pool_id", "driver_instance_pool_id")
"""Fields for the machines of workers and driver, by type or by the pool they are taken from."""

PLAIN, ML, GPU_ML = "standard", "ml", "gpu ml"
ML_BY_MACHINE = "ml, with GPU where the machine has one"
"""Flavours of the runtime; the last is how the newer form of the clusters API says it."""

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
    import json

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
    found |= {
        "node_type": made_of.worker.type,
        "driver_type": made_of.driver.type,
        "access_mode": made_of.access_mode,
        "runtime": flavour({"spark_version": made_of.runtime}),
    }
    if spec.type == "cluster":
        found["auto_stop_minutes"] = spec.auto_stop_minutes
        if made_of.access_mode == sizing.DEDICATED:
            found["dedicated_to"] = desired.origin.group
    return found


def cluster_fields(desired: Desired[ComputeSpec], pools: Mapping[str, str]) -> dict[str, Any]:
    """A cluster, interactive or of a job, as Databricks takes it; empty for a SQL warehouse.

    ``pools`` are instance pools by the machine that is in them.
    """
    spec, wanted = desired.spec, settings(desired)
    if spec.type == "sql_warehouse":
        return {}
    fields = machines_body(wanted) | attributes(desired) | {"custom_tags": wanted["tags"]}
    if pooled := pool_fields(wanted, pools):
        fields = {name: value for name, value in fields.items() if name not in NODES} | pooled
    if spec.type == "cluster":
        fields |= {"cluster_name": spec.name, "autotermination_minutes": spec.auto_stop_minutes}
    return fields


def pool_fields(wanted: Settings, pools: Mapping[str, str]) -> dict[str, str]:
    """The pools for these machines; empty where the workers' or the driver's are in none."""
    found = [pools.get(wanted["node_type"]), pools.get(wanted["driver_type"])]
    return {name: pool for name, pool in zip(POOLS, found, strict=True) if pool} if all(found) else {}


def attributes(desired: Desired[ComputeSpec]) -> dict[str, Any]:
    """Runtime, access mode and whose alone it is, as fields of a cluster.

    A dedicated cluster is the team's group's, whoever owns the request: another owner changes nothing.
    """
    made_of = decided(desired)
    found = dict(made_of.attributes)
    if desired.spec.type == "cluster" and getattr(made_of.made_of, "access_mode", "") == sizing.DEDICATED:
        found["single_user_name"] = desired.origin.group
    return found


def creation(desired: Desired[ComputeSpec], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The body of the call that creates it; ``fields`` are those of its cluster."""
    spec, wanted = desired.spec, settings(desired)
    if spec.type == "sql_warehouse":
        return warehouse_body(wanted) | {"enable_serverless_compute": True, "warehouse_type": "PRO"}
    if spec.type == "cluster":
        return {**fields, "idempotency_token": idempotency_token(desired)}
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
        "job_clusters": [{"job_cluster_key": MAIN, "new_cluster": dict(fields)}],
        "tasks": [task],
    }


def notebook(desired: Desired[ComputeSpec]) -> str:
    """Where a new job looks for its code until its team says otherwise; nothing is put there."""
    return f"/Workspace/Shared/{desired.origin.team}/{desired.origin.name}/{MAIN}"


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


def flavour(found: Mapping[str, Any]) -> str | None:
    """Which of the runtimes it is, whatever its version; ``None`` where its name does not say."""
    name = str(found.get("spark_version") or "")
    if found.get("use_ml_runtime"):
        return ML_BY_MACHINE
    if not re.match(r"\d", name):
        return None
    return GPU_ML if "-gpu-ml-" in name else ML if "-ml-" in name else PLAIN


def machines_body(wanted: Settings) -> dict[str, Any]:
    """The fields of a cluster for its machines."""
    return {
        "node_type_id": wanted["node_type"],
        "driver_node_type_id": wanted["driver_type"],
        "autoscale": {"min_workers": wanted["min_workers"], "max_workers": wanted["max_workers"]},
    }
