"""Clusters, SQL warehouses and jobs in memory, with the SDK's own objects; a call it does not know fails."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

from databricks.sdk.errors.platform import BadRequest
from databricks.sdk.service.compute import ClusterDetails, LibraryFullStatus
from databricks.sdk.service.iam import Group, ObjectPermissions
from databricks.sdk.service.jobs import BaseJob, Job
from databricks.sdk.service.sql import EndpointInfo

DEPLOYER = "deployer"
LEVELS = {
    "clusters": ("CAN_ATTACH_TO", "CAN_RESTART", "CAN_MANAGE"),
    "warehouses": ("CAN_VIEW", "CAN_MONITOR", "CAN_USE", "CAN_MANAGE", "IS_OWNER"),
    "jobs": ("CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"),
}


class World:
    """What stands in one workspace, as raw JSON; ``writes`` is the ledger of what was changed.

    ``break_after`` is how many writes take effect until the connection breaks: the effect is there, and
    the answer is lost.
    """

    def __init__(self) -> None:
        self.groups = {"growth", "risk", "users"}
        self.clusters: dict[str, dict[str, Any]] = {}
        self.warehouses: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.libraries: dict[str, dict[str, str]] = {}
        self.levels: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
        self.tokens: dict[str, str] = {}
        self.writes: list[str] = []
        self.calls = 0
        self.break_after = -1
        self.patch_lowers = True
        self.next = 0

    def wrote(self, what: str) -> None:
        self.writes.append(what)
        self.break_after -= 1
        if self.break_after == 0:
            raise ConnectionError("the answer was lost")

    def new_id(self) -> str:
        self.next += 1
        return str(self.next)

    def snapshot(self) -> Any:
        """Everything but how far a cluster has come in starting."""
        clusters = {
            key: {name: value for name, value in raw.items() if name not in ("state", "looked")}
            for key, raw in self.clusters.items()
        }
        return copy.deepcopy((clusters, self.warehouses, self.jobs, self.libraries, self.levels))


class FakeWorkspace:
    def __init__(self, world: World) -> None:
        self.config = SimpleNamespace(host="https://workspace.example")
        self.api_client = SimpleNamespace(do=lambda method, path, body: _do(world, method, path, body))
        self.clusters = SimpleNamespace(
            list=lambda: _clusters(world), permanent_delete=lambda key: _delete(world, "clusters", key)
        )
        self.warehouses = SimpleNamespace(
            list=lambda: _warehouses(world), delete=lambda key: _delete(world, "warehouses", key)
        )
        self.jobs = SimpleNamespace(
            list=lambda: _jobs(world),
            get=lambda key: _job(world, key),
            delete=lambda key: _delete(world, "jobs", str(key)),
        )
        self.libraries = SimpleNamespace(cluster_status=lambda key: _status(world, key))
        self.permissions = SimpleNamespace(get=lambda sort, key: _permissions(world, sort, key))
        self.groups = SimpleNamespace(list=lambda **query: _groups(world, **query))


def _clusters(world: World) -> Iterator[ClusterDetails]:
    world.calls += 1
    for raw in world.clusters.values():
        if raw["state"] == "PENDING":
            raw["looked"] = raw.get("looked", 0) + 1
            if raw["looked"] > 2:
                raw["state"] = "RUNNING"
        yield ClusterDetails.from_dict(copy.deepcopy(raw))


def _warehouses(world: World) -> Iterator[EndpointInfo]:
    world.calls += 1
    for raw in world.warehouses.values():
        yield EndpointInfo.from_dict(copy.deepcopy(raw))


def _jobs(world: World) -> Iterator[BaseJob]:
    """A list leaves out tasks and clusters."""
    world.calls += 1
    for raw in world.jobs.values():
        short = copy.deepcopy(raw)
        for name in ("tasks", "job_clusters"):
            short["settings"].pop(name, None)
        yield BaseJob.from_dict(short)


def _job(world: World, key: int) -> Job:
    world.calls += 1
    return Job.from_dict(copy.deepcopy(world.jobs[str(key)]))


def _status(world: World, key: str) -> Iterator[LibraryFullStatus]:
    world.calls += 1
    for package, status in world.libraries.get(key, {}).items():
        yield LibraryFullStatus.from_dict({"library": {"pypi": {"package": package}}, "status": status})


def _groups(world: World, *, filter: str, attributes: str) -> Iterator[Group]:  # noqa: A002 - the SDK's own name
    world.calls += 1
    found = re.fullmatch(r'displayName eq "([^"\\]*)"', filter)
    assert found, filter
    for name in world.groups:
        if name.lower() == found[1].lower():
            yield Group(display_name=name)


def _permissions(world: World, sort: str, key: str) -> ObjectPermissions:
    world.calls += 1
    assert key in getattr(world, sort)
    owner = "CAN_MANAGE" if sort == "clusters" else "IS_OWNER"
    held = {("user_name", DEPLOYER): owner, **world.levels.get((sort, key), {})}
    entries: list[dict[str, Any]] = [
        {name: who, "all_permissions": [{"permission_level": level, "inherited": False}]}
        for (name, who), level in held.items()
    ]
    above = {"permission_level": "CAN_MANAGE", "inherited": True}
    entries.append({"group_name": "admins", "all_permissions": [above]})
    return ObjectPermissions.from_dict({"object_id": key, "access_control_list": entries})


def _delete(world: World, sort: str, key: str) -> None:
    del getattr(world, sort)[key]
    world.libraries.pop(key, None)
    world.levels.pop((sort, key), None)
    world.wrote(f"delete {sort} {key}")


def _do(world: World, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The raw calls, by method and path."""
    body = copy.deepcopy(dict(body))
    routes = {
        r"POST /api/2\.1/clusters/create": _create_cluster,
        r"POST /api/2\.1/clusters/update": _update_cluster,
        r"POST /api/2\.0/libraries/(install|uninstall)": _change_libraries,
        r"POST /api/2\.0/sql/warehouses": _create_warehouse,
        r"POST /api/2\.0/sql/warehouses/(\d+)/edit": _edit_warehouse,
        r"POST /api/2\.2/jobs/create": _create_job,
        r"POST /api/2\.2/jobs/update": _update_job,
        r"(PATCH|PUT) /api/2\.0/permissions/(clusters|warehouses|jobs)/(\d+)": _set_permissions,
    }
    for pattern, answer in routes.items():
        if found := re.fullmatch(pattern, f"{method} {path}"):
            return answer(world, body, *found.groups())
    raise AssertionError(f"unknown call {method} {path}")


def _create_cluster(world: World, body: dict[str, Any]) -> dict[str, Any]:
    assert 10 <= body["autotermination_minutes"] <= 10_000, "a cluster that never stops"
    token = body.pop("idempotency_token")
    assert len(token) <= 64
    if token not in world.tokens:
        world.tokens[token] = world.new_id()
        key = world.tokens[token]
        world.clusters[key] = {
            "driver_node_type_id": body["node_type_id"],
            **body,
            "cluster_id": key,
            "state": "PENDING",
            "cluster_source": "API",
            "enable_elastic_disk": True,
        }
        world.wrote(f"create cluster {body['cluster_name']}")
    return {"cluster_id": world.tokens[token]}


def _update_cluster(world: World, body: dict[str, Any]) -> dict[str, Any]:
    cluster = world.clusters[body["cluster_id"]]
    if cluster["state"] not in ("RUNNING", "TERMINATED"):
        raise BadRequest("in an unexpected state", error_code="INVALID_STATE")
    mask = body["update_mask"].split(",")
    assert set(mask) == set(body["cluster"])
    cluster.update(body["cluster"])
    if "autoscale" in mask:
        cluster.pop("num_workers", None)
    world.wrote(f"update cluster {body['update_mask']}")
    return {}


def _change_libraries(world: World, body: dict[str, Any], verb: str) -> dict[str, Any]:
    assert body["cluster_id"] in world.clusters
    held = world.libraries.setdefault(body["cluster_id"], {})
    for library in body["libraries"]:
        package = library["pypi"]["package"]
        if verb == "install":
            held[package] = "PENDING"
        elif package in held:
            held[package] = "UNINSTALL_ON_RESTART"
    world.wrote(f"{verb} libraries")
    return {}


def _create_warehouse(world: World, body: dict[str, Any]) -> dict[str, Any]:
    if any(one["name"] == body["name"] for one in world.warehouses.values()):
        raise BadRequest(f"SQL warehouse with name `{body['name']}` already exists")
    key = world.new_id()
    world.warehouses[key] = {**body, "id": key, "state": "RUNNING", "enable_photon": True}
    world.wrote(f"create warehouse {body['name']}")
    return {"id": key}


def _edit_warehouse(world: World, body: dict[str, Any], key: str) -> dict[str, Any]:
    world.warehouses[key].update(body)
    world.wrote(f"edit warehouse {key}")
    return {}


def _create_job(world: World, body: dict[str, Any]) -> dict[str, Any]:
    key = world.new_id()
    world.jobs[key] = {"job_id": int(key), "settings": {**body, "format": "MULTI_TASK"}}
    world.wrote(f"create job {body['name']}")
    return {"job_id": int(key)}


def _update_job(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """Lists with a key are merged by that key; everything else is replaced."""
    settings = world.jobs[str(body["job_id"])]["settings"]
    new = body["new_settings"]
    for name, key in (("tasks", "task_key"), ("job_clusters", "job_cluster_key")):
        if name in new:
            merged = {entry[key]: entry for entry in [*settings.get(name, ()), *new.pop(name)]}
            settings[name] = list(merged.values())
    settings.update(new)
    world.wrote(f"update job {body['job_id']}")
    return {}


def _set_permissions(world: World, body: dict[str, Any], method: str, sort: str, key: str) -> dict[str, Any]:
    assert key in getattr(world, sort)
    wanted: dict[tuple[str, str], str] = {}
    for entry in body["access_control_list"]:
        level = entry.pop("permission_level")
        assert level in LEVELS[sort]
        ((name, who),) = entry.items()
        assert name != "group_name" or who in world.groups
        wanted[name, who] = level
    held = world.levels.setdefault((sort, key), {})
    if method == "PUT":
        assert sort == "clusters" or list(wanted.values()).count("IS_OWNER") == 1, "exactly one owner"
        held.clear()
    for who, level in wanted.items():
        lower = LEVELS[sort].index(held.get(who, level)) > LEVELS[sort].index(level)
        if not lower or world.patch_lowers:
            held[who] = level
    world.wrote(f"{method} permissions of {sort} {key}")
    return {}


# --- what the laws need --------------------------------------------------------------------------------


class Case:
    """A cluster with a library and access for two groups."""

    spec: ClassVar[dict[str, Any]] = {
        "kind": "compute",
        "name": "growth-churn-dev",
        "type": "cluster",
        "workload": "etl",
        "size": "small",
        "min_workers": 1,
        "max_workers": 4,
        "auto_stop_minutes": 30,
        "libraries": ["lightgbm==4.5.0", "pandas>=2,<3"],
        "access": [
            {"principal": "growth", "level": "CAN_RESTART"},
            {"principal": "risk", "level": "CAN_ATTACH_TO"},
        ],
    }

    def __init__(self) -> None:
        self.world = World()
        self.client = FakeWorkspace(self.world)

    def make_foreign(self) -> None:
        """One of that name that nobody marked."""
        self.world.clusters["77"] = {
            "cluster_id": "77",
            "cluster_name": "growth-churn-dev",
            "state": "RUNNING",
            "node_type_id": "Standard_D4ds_v5",
            "spark_version": "15.4.x-scala2.12",
            "num_workers": 9,
            "custom_tags": {"made-by": "hand"},
        }

    def retired_with(self) -> None:
        """Nothing else has to go with it."""


class Dedicated(Case):
    """For machine learning: another access mode."""

    spec = Case.spec | {"workload": "ml", "gpu": True}


class Warehouse(Case):
    """A SQL warehouse."""

    spec = Case.spec | {
        "type": "sql_warehouse",
        "workload": "analytics",
        "libraries": [],
        "access": [{"principal": "growth", "level": "CAN_USE"}],
    }

    def make_foreign(self) -> None:
        self.world.warehouses["77"] = {
            "id": "77",
            "name": "growth-churn-dev",
            "state": "STOPPED",
            "cluster_size": "Large",
            "min_num_clusters": 1,
            "max_num_clusters": 1,
            "auto_stop_mins": 120,
        }


class JobCase(Case):
    """A job with its own cluster."""

    spec = Case.spec | {"type": "job", "access": [{"principal": "growth", "level": "CAN_MANAGE_RUN"}]}

    def make_foreign(self) -> None:
        cluster = {"spark_version": "15.4.x-scala2.12", "node_type_id": "Standard_D4ds_v5", "num_workers": 9}
        self.world.jobs["77"] = {
            "job_id": 77,
            "settings": {
                "name": "growth-churn-dev",
                "job_clusters": [{"job_cluster_key": "main", "new_cluster": cluster}],
                "tasks": [
                    {
                        "task_key": "theirs",
                        "job_cluster_key": "main",
                        "notebook_task": {"notebook_path": "/x"},
                    }
                ],
            },
        }


CASES = {"cluster": Case, "dedicated": Dedicated, "sql_warehouse": Warehouse, "job": JobCase}
