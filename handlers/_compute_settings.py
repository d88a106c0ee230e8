"""What stands of compute in the words of a file, where that differs from it, and what to send for that.

A value that is absent in what stands is ``None``: not known, and so no difference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from handlers import _compute_shape as shape


def settings_of(kind: str, found: Mapping[str, Any]) -> Mapping[str, Any]:
    """What we compare of it, in the words of a file; ``found`` is whole."""
    if kind == "cluster":
        return of_cluster(found)
    return of_warehouse(found) if kind == "sql_warehouse" else of_job(found)


def of_cluster(found: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a cluster as the API describes it."""
    return _of_machines(found) | {
        "name": found.get("cluster_name"),
        "tags": found.get("custom_tags"),
        "auto_stop_minutes": found.get("autotermination_minutes"),
        "dedicated_to": found.get("single_user_name"),
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
    return next((entry for entry in entries or () if entry.get(key) == shape.MAIN), {})


def _of_machines(found: Mapping[str, Any]) -> dict[str, Any]:
    scale = found.get("autoscale") or {}
    fixed = found.get("num_workers") if not scale else None
    mode = found.get("data_security_mode")
    return {
        "access_mode": shape.ALIASES.get(mode, mode) if mode else None,
        "runtime": shape.flavour(found),
        "policy": found.get("policy_id", "") if found else None,
        "node_type": found.get("node_type_id"),
        "driver_type": found.get("driver_node_type_id") or found.get("node_type_id"),
        "min_workers": scale.get("min_workers", fixed),
        "max_workers": scale.get("max_workers", fixed),
    }


def same_version(runtime: str, live: object) -> str:
    """``runtime``, with the version of the live one: an upgrade is its team's to choose, not undone."""
    parts = re.compile(r"(\d+\.\d+\.x)-((?:[a-z]+-)*)(scala[\d.]+)")
    ours, theirs = parts.fullmatch(runtime), parts.fullmatch(str(live))
    return f"{theirs[1]}-{ours[2]}{theirs[3]}" if ours and theirs else runtime


def differences(wanted: shape.Settings, live: shape.Settings) -> dict[str, tuple[Any, Any]]:
    """Setting → (live, wanted) where they differ; of the tags only our own.

    A runtime for machine learning by itself, where none is needed, is the team's choice.
    """
    found: dict[str, tuple[Any, Any]] = {}
    for key, want in wanted.items():
        have = live.get(key)
        if key == "tags" and have is not None:
            have = {name: have[name] for name in want if name in have}
        if key == "runtime" and have == shape.ML_BY_MACHINE and want != shape.PLAIN:
            continue
        if have is not None and have != want:
            found[key] = (have, want)
    if wanted.get("runtime") == shape.PLAIN and not found.keys() & {"node_type", "access_mode"}:
        found.pop("runtime", None)
    return found


DECIDED = frozenset({"node_type", "driver_type", "access_mode", "runtime", "size"})
"""Settings that nobody asked for in these words: the reasons belong to a change of them."""

ATTRIBUTES: Mapping[str, str] = {
    "name": "cluster_name",
    "auto_stop_minutes": "autotermination_minutes",
    "access_mode": "data_security_mode",
    "runtime": "spark_version",
    "dedicated_to": "single_user_name",
    "node_type": "node_type_id",
    "driver_type": "driver_node_type_id",
    "min_workers": "autoscale.min_workers",
    "max_workers": "autoscale.max_workers",
}
"""What cluster policies call a setting."""

NEWER_FORM = ("kind", "use_ml_runtime")
"""Fields that only say which form of the clusters API the others are in."""


def changed_fields(
    wanted: shape.Settings, both: shape.Settings, ours: Mapping[str, Any], live: Mapping[str, Any]
) -> dict[str, Any]:
    """The fields of a cluster to send for settings that change; ``None`` takes a value away.

    ``both`` are all its settings as they shall be, ``ours`` the attributes and pools that were decided, and
    ``live`` is the cluster as the API describes it.
    """
    body: dict[str, Any] = {
        "cluster_name": both.get("name"),
        "custom_tags": both.get("tags"),
        "autotermination_minutes": both.get("auto_stop_minutes"),
        "single_user_name": both.get("dedicated_to"),
        "policy_id": both.get("policy"),
        **shape.machines_body(both),
    }
    single = {"name": "cluster_name", "tags": "custom_tags", "policy": "policy_id"} | {
        key: name for key, name in ATTRIBUTES.items() if "." not in name
    }
    fields = {single[key]: body.get(single[key]) for key in wanted if key in single}
    if wanted.keys() & {"min_workers", "max_workers"}:
        fields["autoscale"] = body["autoscale"]
    if wanted.keys() & {"access_mode", "runtime"}:
        besides = [name for name in (*NEWER_FORM, "single_user_name") if name in ours or live.get(name)]
        if "spark_version" in ours and any(ours.get(name) != live.get(name) for name in NEWER_FORM):
            besides.append("spark_version")  # its name is another in the other form
        known = [name for name in ("spark_version", "data_security_mode") if name in fields]
        fields |= {name: ours.get(name) for name in (*known, *besides)}
    if runtime := fields.get("spark_version"):
        fields["spark_version"] = same_version(runtime, live.get("spark_version"))
    if wanted.keys() & {"node_type", "driver_type"}:
        held = [name for name in shape.POOLS if name in ours or live.get(name)]
        fields |= {name: ours.get(name) for name in held}
        if shape.POOLS[0] in ours:
            fields |= dict.fromkeys(shape.NODES)
    return fields
