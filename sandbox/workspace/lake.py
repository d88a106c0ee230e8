"""What the workspace shows of Databricks: catalogs with what is in them, and compute with its state."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

CATALOG = "/api/2.1/unity-catalog"
SOON, LATER = 0.8, 4.0
"""Seconds until it is looked at again: while something happens, and otherwise."""
OWN_SCHEMAS = frozenset({"default", "information_schema"})
MARKS = ("lakeport.request", "lakeport-request")
MARK_LINE, POLICY_MARK = "lakeport-request: ", "lakeport "
"""The mark where there are no labels: a volume's last line of comment, the first word of a policy's name."""


@dataclass(frozen=True)
class Grant:
    """What one principal may do with a schema, a catalog or a compute resource."""

    who: str
    may: str


@dataclass(frozen=True)
class Volume:
    """A volume; ``request`` names the request it was made for, ``facts`` its sort and its owner."""

    name: str
    comment: str
    request: str
    facts: tuple[str, ...]
    grants: tuple[Grant, ...]


@dataclass(frozen=True)
class Schema:
    """A schema; ``request`` names the request it was made for, ``facts`` its owner and its properties."""

    name: str
    comment: str
    request: str
    facts: tuple[str, ...]
    grants: tuple[Grant, ...]
    volumes: tuple[Volume, ...]


@dataclass(frozen=True)
class Catalog:
    """A catalog with the schemas that somebody asked for."""

    name: str
    schemas: tuple[Schema, ...]
    grants: tuple[Grant, ...]


@dataclass(frozen=True)
class Compute:
    """A cluster, a SQL warehouse, a job, a cluster policy or an instance pool, with facts to show.

    ``state`` is empty for what has none.
    """

    kind: str
    name: str
    state: str
    request: str
    facts: tuple[str, ...]
    grants: tuple[Grant, ...]


@dataclass(frozen=True)
class LakeSeen:
    """The live state; ``trouble`` says why it could not be read.

    ``bounds`` are the cluster policies and instance pools that compute is made under and from.
    """

    catalogs: tuple[Catalog, ...] = ()
    compute: tuple[Compute, ...] = ()
    bounds: tuple[Compute, ...] = ()
    trouble: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing was made yet."""
        return not self.compute and not any(one.schemas for one in self.catalogs)


class Lake:
    """Looks at a workspace through its API with a token that may only read; not more often than it has to.

    ``writes`` counts what was changed there so far.
    """

    def __init__(self, url: str, token: str, writes: Callable[[], int]) -> None:
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=5.0, trust_env=False
        )
        self._writes = writes
        self._lock = threading.Lock()
        self._seen = LakeSeen()
        self._count = 0
        self._written = -1
        self._next = 0.0

    def version(self) -> str:
        """Another one whenever something changed there since the last look."""
        self.look()
        return str(self._count)

    def look(self) -> LakeSeen:
        """The state as of now or a moment ago; who finds somebody looking already gets what was there."""
        due = time.monotonic() >= self._next or self._writes() != self._written
        if due and self._lock.acquire(blocking=self._written < 0):
            try:
                self._refresh()
            finally:
                self._lock.release()
        return self._seen

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _refresh(self) -> None:
        written = self._writes()
        try:
            compute = (*self._clusters(), *self._warehouses(), *self._jobs())
            seen = LakeSeen(self._catalogs(), compute, (*self._policies(), *self._pools()))
        except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
            seen = LakeSeen(trouble=f"Databricks does not answer as it should ({type(error).__name__}).")
        self._count += seen != self._seen
        busy = written != self._written or any(one.state in ("PENDING", "STARTING") for one in seen.compute)
        self._seen, self._written = seen, written
        self._next = time.monotonic() + (SOON if busy or seen.trouble else LATER)

    def _get(self, path: str, **query: str) -> Any:
        answer = self._http.get(path, params=query)
        answer.raise_for_status()
        return answer.json()

    # ---- the data ------------------------------------------------------------------------------------------

    def _catalogs(self) -> tuple[Catalog, ...]:
        return tuple(
            Catalog(one["name"], self._schemas(one["name"]), self._privileges("catalog", one["name"]))
            for one in self._get(f"{CATALOG}/catalogs").get("catalogs", ())
        )

    def _schemas(self, catalog: str) -> tuple[Schema, ...]:
        found = self._get(f"{CATALOG}/schemas", catalog_name=catalog).get("schemas", ())
        return tuple(
            Schema(
                one["full_name"],
                one.get("comment") or "",
                _mark(one.get("properties")),
                (_owner(one), *_unmarked(one.get("properties"))),
                self._privileges("schema", one["full_name"]),
                self._volumes(catalog, one["name"]),
            )
            for one in found
            if one["name"] not in OWN_SCHEMAS
        )

    def _volumes(self, catalog: str, schema: str) -> tuple[Volume, ...]:
        found = self._get(f"{CATALOG}/volumes", catalog_name=catalog, schema_name=schema).get("volumes", ())
        return tuple(
            Volume(
                one["full_name"],
                *_marked_below(one.get("comment") or ""),
                (one.get("volume_type", "").lower(), _owner(one)),
                self._privileges("volume", one["full_name"]),
            )
            for one in found
        )

    def _privileges(self, kind: str, name: str) -> tuple[Grant, ...]:
        found = self._get(f"{CATALOG}/permissions/{kind}/{name}")
        return tuple(
            Grant(one["principal"], ", ".join(sorted(one["privileges"])))
            for one in found.get("privilege_assignments") or ()
        )

    # ---- compute -------------------------------------------------------------------------------------------

    def _clusters(self) -> list[Compute]:
        return [
            Compute(
                "cluster",
                one["cluster_name"],
                one["state"],
                _mark(one.get("custom_tags")),
                (
                    _workers(one),
                    one.get("node_type_id") or "",
                    f"stops after {one.get('autotermination_minutes')} min",
                    *self._libraries(one["cluster_id"]),
                ),
                self._levels("clusters", one["cluster_id"]),
            )
            for one in self._get("/api/2.1/clusters/list").get("clusters", ())
        ]

    def _libraries(self, cluster: str) -> list[str]:
        found = self._get("/api/2.0/libraries/cluster-status", cluster_id=cluster)
        named = (
            (one["library"].get("pypi", {}).get("package", ""), one["status"].lower())
            for one in found.get("library_statuses", ())
        )
        return [f"{package} ({state})" for package, state in named if package]

    def _warehouses(self) -> list[Compute]:
        return [
            Compute(
                "SQL warehouse",
                one["name"],
                one.get("state", ""),
                _mark({tag["key"]: tag["value"] for tag in one.get("tags", {}).get("custom_tags", ())}),
                (one.get("cluster_size", ""), f"stops after {one.get('auto_stop_mins')} min"),
                self._levels("warehouses", one["id"]),
            )
            for one in self._get("/api/2.0/sql/warehouses").get("warehouses", ())
        ]

    def _jobs(self) -> list[Compute]:
        return [
            Compute(
                "job",
                one["settings"]["name"],
                "PAUSED" if _paused(one["settings"]) else "READY",
                _mark(one["settings"].get("tags")),
                (),
                self._levels("jobs", str(one["job_id"])),
            )
            for one in self._get("/api/2.2/jobs/list").get("jobs", ())
        ]

    def _policies(self) -> list[Compute]:
        return [
            Compute(
                "cluster policy",
                one["name"],
                "",
                _marked_before(one["name"]),
                (_restricts(one.get("definition") or "{}"), *self._named(one.get("libraries"))),
                (),
            )
            for one in self._get("/api/2.0/policies/clusters/list").get("policies", ())
        ]

    def _named(self, libraries: Sequence[Mapping[str, Any]] | None) -> list[str]:
        return [name for one in libraries or () if (name := one.get("pypi", {}).get("package", ""))]

    def _pools(self) -> list[Compute]:
        return [
            Compute(
                "instance pool",
                one["instance_pool_name"],
                one.get("state", ""),
                _mark(one.get("custom_tags")),
                (one.get("node_type_id", ""), f"{one.get('min_idle_instances') or 0} kept idle"),
                (),
            )
            for one in self._get("/api/2.0/instance-pools/list").get("instance_pools", ())
        ]

    def _levels(self, kind: str, identifier: str) -> tuple[Grant, ...]:
        found = self._get(f"/api/2.0/permissions/{kind}/{identifier}")
        return tuple(
            Grant(
                str(one["group_name"]),
                ", ".join(level["permission_level"] for level in one["all_permissions"]),
            )
            for one in found.get("access_control_list", ())
            if one.get("group_name") not in {None, "admins"}
        )


def _mark(labels: Mapping[str, str] | None) -> str:
    return next((labels[mark] for mark in MARKS if mark in labels), "") if labels else ""


def _unmarked(labels: Mapping[str, str] | None) -> list[str]:
    return [f"{key}: {value}" for key, value in sorted((labels or {}).items()) if key not in MARKS]


def _owner(found: Mapping[str, Any]) -> str:
    return f"owned by {found['owner']}" if found.get("owner") else ""


def _marked_below(comment: str) -> tuple[str, str]:
    """Comment and request of a volume."""
    above, _, last = comment.rpartition("\n")
    return (above, last.removeprefix(MARK_LINE)) if last.startswith(MARK_LINE) else (comment, "")


def _marked_before(name: str) -> str:
    """The request of a cluster policy, whose name is the mark, the request and the compute."""
    return name.removeprefix(POLICY_MARK).split(" ")[0] if name.startswith(POLICY_MARK) else ""


def _restricts(definition: str) -> str:
    count = len(json.loads(definition))
    return f"decides {count} setting{'' if count == 1 else 's'}"


def _workers(cluster: Mapping[str, Any]) -> str:
    if scale := cluster.get("autoscale"):
        return f"{scale['min_workers']} to {scale['max_workers']} workers"
    return f"{cluster.get('num_workers') or 0} workers"


def _paused(settings: Mapping[str, Any]) -> bool:
    plans: Sequence[Any] = [settings.get(name) for name in ("schedule", "continuous", "trigger")]
    return any(plan and plan.get("pause_status") == "PAUSED" for plan in plans)
