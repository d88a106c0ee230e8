"""Clusters, SQL warehouses and jobs in memory, with the SDK's own objects; a call it does not know fails."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

from databricks.sdk.errors.platform import BadRequest, NotFound, ResourceDoesNotExist
from databricks.sdk.service.compute import (
    ClusterCompliance,
    ClusterDetails,
    InstancePoolAndStats,
    LibraryFullStatus,
    Policy,
)
from databricks.sdk.service.iam import Group, ObjectPermissions, User
from databricks.sdk.service.jobs import BaseJob, Job, JobCompliance
from databricks.sdk.service.sql import EndpointInfo

DEPLOYER = "deployer"
LEVELS = {
    "clusters": ("CAN_ATTACH_TO", "CAN_RESTART", "CAN_MANAGE"),
    "warehouses": ("CAN_VIEW", "CAN_MONITOR", "CAN_USE", "CAN_MANAGE", "IS_OWNER"),
    "jobs": ("CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"),
}


HELD = ("PENDING", "INSTALLING", "INSTALLED")


class World:
    """What stands in one workspace, as raw JSON; ``writes`` is the ledger of what was changed.

    ``break_after`` is how many writes take effect until the connection breaks: the effect is there, and
    the answer is lost. ``unseen`` is how often a call about something new answers that it is not there,
    ``broken`` are packages that cannot be installed, with what Databricks says, ``repeated``: a creation
    reaches the server twice. ``answers`` lists each call that was not a write.
    """

    def __init__(self) -> None:
        self.groups = {"growth", "risk", "users"}
        self.users: set[str] = set()
        self.policies: dict[str, dict[str, Any]] = {}
        self.pools: dict[str, dict[str, Any]] = {}
        self.violations: dict[str, dict[str, str]] = {}
        self.notebooks: set[str] = set()
        self.broken: dict[str, str] = {}
        self.start_fails = ""
        self.unseen = 0
        self.repeated = False
        self.asked: list[str] = []
        self.clusters: dict[str, dict[str, Any]] = {}
        self.warehouses: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.libraries: dict[str, dict[str, str]] = {}
        self.levels: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
        self.tokens: dict[str, str] = {}
        self.writes: list[str] = []
        self.break_after = -1
        self.patch_lowers = True
        self.next = 0

    @property
    def calls(self) -> int:
        return len(self.asked)

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
        libraries = {
            key: {name: "held" if status in HELD else status for name, status in held.items()}
            for key, held in self.libraries.items()
        }
        return copy.deepcopy((clusters, self.warehouses, self.jobs, libraries, self.levels, self.policies))


class FakeWorkspace:
    def __init__(self, world: World) -> None:
        self.config = SimpleNamespace(host="https://workspace.example")
        self.api_client = SimpleNamespace(do=lambda method, path, body: _do(world, method, path, body))
        self.clusters = SimpleNamespace(
            list=lambda *, page_size: _clusters(world, page_size),
            get=lambda key: _cluster(world, key),
            start=lambda key: _start(world, key),
            delete=lambda key: _turn(world, "clusters", key, "TERMINATED"),
            permanent_delete=lambda key: _delete(world, "clusters", key),
        )
        self.warehouses = SimpleNamespace(
            list=lambda: _warehouses(world),
            get=lambda key: EndpointInfo.from_dict(world.warehouses[key]),
            start=lambda key: _turn(world, "warehouses", key, "RUNNING"),
            stop=lambda key: _turn(world, "warehouses", key, "STOPPED"),
            delete=lambda key: _delete(world, "warehouses", key),
        )
        self.jobs = SimpleNamespace(
            list=lambda *, expand_tasks, limit: _jobs(world, expand_tasks, limit),
            get=lambda key: _job(world, key),
            delete=lambda key: _delete(world, "jobs", str(key)),
        )
        self.libraries = SimpleNamespace(cluster_status=lambda key: _status(world, key))
        self.permissions = SimpleNamespace(get=lambda sort, key: _permissions(world, sort, key))
        self.groups = SimpleNamespace(list=lambda **query: _groups(world, **query))
        self.users = SimpleNamespace(list=lambda **query: _users(world, **query))
        self.cluster_policies = SimpleNamespace(list=lambda: _policies(world))
        self.instance_pools = SimpleNamespace(list=lambda: _pools(world))
        self.policy_compliance_for_clusters = SimpleNamespace(
            list_compliance=lambda policy: _compliance(world, "cluster", policy)
        )
        self.policy_compliance_for_jobs = SimpleNamespace(
            list_compliance=lambda policy: _compliance(world, "job", policy)
        )
        self.workspace = SimpleNamespace(get_status=lambda path: _notebook(world, path))


def _clusters(world: World, page_size: int) -> Iterator[ClusterDetails]:
    assert page_size <= 100
    world.asked.append("clusters")
    for key in list(world.clusters):
        yield _seen(world, key)


def _cluster(world: World, key: str) -> ClusterDetails:
    world.asked.append(f"cluster {key}")
    return _seen(world, key)


def _seen(world: World, key: str) -> ClusterDetails:
    """It comes a bit further in starting with every look."""
    raw = world.clusters[key]
    if raw["state"] == "PENDING":
        raw["looked"] = raw.get("looked", 0) + 1
        if raw["looked"] > 2:
            raw["looked"] = 0
            raw["state"] = "TERMINATED" if world.start_fails else "RUNNING"
            if world.start_fails:
                raw["termination_reason"] = {"code": world.start_fails, "type": "CLOUD_FAILURE"}
    return ClusterDetails.from_dict(copy.deepcopy(raw))


def _warehouses(world: World) -> Iterator[EndpointInfo]:
    world.asked.append("warehouses")
    for raw in world.warehouses.values():
        yield EndpointInfo.from_dict(copy.deepcopy(raw))


def _jobs(world: World, expand_tasks: bool, limit: int) -> Iterator[BaseJob]:
    """A list leaves out tasks and clusters, unless it is told otherwise."""
    assert limit <= 100
    world.asked.append("jobs")
    for raw in world.jobs.values():
        short = copy.deepcopy(raw)
        for name in () if expand_tasks else ("tasks", "job_clusters"):
            short["settings"].pop(name, None)
        yield BaseJob.from_dict(short)


def _job(world: World, key: int) -> Job:
    world.asked.append(f"job {key}")
    return Job.from_dict(copy.deepcopy(world.jobs[str(key)]))


def _status(world: World, key: str) -> Iterator[LibraryFullStatus]:
    """What is installed comes a bit further with every look at a cluster that runs, and at no other."""
    world.asked.append(f"libraries of {key}")
    held = world.libraries.get(key, {})
    for package, status in list(held.items()):
        said = {"library": {"pypi": {"package": package}}, "status": status}
        if status == "FAILED":
            said["messages"] = [world.broken.get(package, "It could not be built.")]
        yield LibraryFullStatus.from_dict(said)
        if world.clusters[key]["state"] == "RUNNING" and status in ("PENDING", "INSTALLING"):
            end = "FAILED" if package in world.broken else "INSTALLED"
            held[package] = "INSTALLING" if status == "PENDING" else end


def _groups(world: World, *, attributes: str, **query: str) -> Iterator[Group]:
    world.asked.append("groups")
    yield from (Group(display_name=name) for name in _asked_for(world.groups, "displayName", **query))


def _users(world: World, *, attributes: str, **query: str) -> Iterator[User]:
    world.asked.append("users")
    yield from (User(user_name=name) for name in _asked_for(world.users, "userName", **query))


def _asked_for(names: set[str], attribute: str, **query: str) -> Iterator[str]:
    assert query.keys() <= {"filter"}
    found = re.fullmatch(rf'{attribute} eq "([^"\\]*)"', query.get("filter", ""))
    assert found or not query, query
    return (name for name in sorted(names) if not found or name.lower() == found[1].lower())


def _policies(world: World) -> Iterator[Policy]:
    world.asked.append("policies")
    for raw in world.policies.values():
        yield Policy.from_dict(copy.deepcopy(raw))


def _pools(world: World) -> Iterator[InstancePoolAndStats]:
    world.asked.append("pools")
    for raw in world.pools.values():
        yield InstancePoolAndStats.from_dict(copy.deepcopy(raw))


def _compliance(world: World, sort: str, policy: str) -> Iterator[ClusterCompliance | JobCompliance]:
    """Everything under the policy, whether it is as the policy says or not."""
    world.asked.append(f"compliance with {policy}")
    assert policy in world.policies
    for key, raw in (world.clusters if sort == "cluster" else world.jobs).items():
        cluster = raw if sort == "cluster" else raw["settings"]["job_clusters"][0]["new_cluster"]
        if cluster.get("policy_id") == policy:
            said = {"is_compliant": key not in world.violations, "violations": world.violations.get(key, {})}
            if sort == "cluster":
                yield ClusterCompliance.from_dict({"cluster_id": key, **said})
            else:
                yield JobCompliance.from_dict({"job_id": int(key), **said})


def _notebook(world: World, path: str) -> None:
    world.asked.append(f"notebook {path}")
    if path not in world.notebooks:
        raise ResourceDoesNotExist(f"Path ({path}) doesn't exist.")


def _start(world: World, key: str) -> None:
    assert world.clusters[key]["state"] == "TERMINATED"
    _turn(world, "clusters", key, "PENDING")


def _turn(world: World, sort: str, key: str, state: str) -> None:
    """Start or stop; of a cluster a start takes out what was to go, and installs the rest anew."""
    getattr(world, sort)[key]["state"] = state
    if state == "PENDING":
        held = world.libraries.get(key, {})
        for name, status in list(held.items()):
            if status == "UNINSTALL_ON_RESTART":
                del held[name]
            else:
                held[name] = "PENDING"
    world.wrote(f"{state.lower()} {sort} {key}")


def _permissions(world: World, sort: str, key: str) -> ObjectPermissions:
    world.asked.append(f"permissions of {sort} {key}")
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
        r"POST /api/2\.0/policies/clusters/(create|edit|delete)": _change_policy,
        r"POST /api/2\.0/policies/(clusters|jobs)/enforce-compliance": _enforce,
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
            if world.unseen > 0 and ("permissions" in path or "libraries" in path):
                world.unseen -= 1
                raise NotFound("It does not exist", error_code="RESOURCE_DOES_NOT_EXIST")
            if world.repeated and ("create" in path or path.endswith("/warehouses")):
                answer(world, copy.deepcopy(body), *found.groups())
            return answer(world, body, *found.groups())
    raise AssertionError(f"unknown call {method} {path}")


def _create_cluster(world: World, body: dict[str, Any]) -> dict[str, Any]:
    supplied = _fixed(world.policies[body["policy_id"]]) if "policy_id" in body else {}
    assert not body.keys() & supplied.keys() or _agrees(body, supplied), "sent over what the policy fixes"
    body = {**supplied, **body}
    assert 10 <= body["autotermination_minutes"] <= 10_000, "a cluster that never stops"
    token = body.pop("idempotency_token")
    assert len(token) <= 64
    known = world.clusters.get(world.tokens.get(token, ""), {"state": "TERMINATED"})
    if known["state"] == "TERMINATED":  # only one that is active is given back for its token
        world.tokens[token] = world.new_id()
        key = world.tokens[token]
        if pool := body.get("instance_pool_id"):
            assert "node_type_id" not in body
            body["node_type_id"] = world.pools[pool]["node_type_id"]
        world.clusters[key] = {
            "driver_node_type_id": body.get("node_type_id"),
            **body,
            "cluster_id": key,
            "state": "PENDING",
            "cluster_source": "API",
            "enable_elastic_disk": True,
        }
        world.wrote(f"create cluster {body['cluster_name']}")
    return {"cluster_id": world.tokens[token]}


def _fixed(policy: Mapping[str, Any]) -> dict[str, Any]:
    """What a policy supplies, of the attributes that are one field."""
    rules = json.loads(policy.get("definition") or "{}")
    return {
        name: rule["value"] for name, rule in rules.items() if rule["type"] == "fixed" and "." not in name
    }


def _agrees(body: Mapping[str, Any], supplied: Mapping[str, Any]) -> bool:
    other = {"DATA_SECURITY_MODE_STANDARD": "USER_ISOLATION", "DATA_SECURITY_MODE_DEDICATED": "SINGLE_USER"}
    return all(
        other.get(body[name], body[name]) == other.get(value, value)
        for name, value in supplied.items()
        if name in body
    )


def _change_policy(world: World, body: dict[str, Any], verb: str) -> dict[str, Any]:
    json.loads(body.get("definition", "{}"))
    if verb == "create":
        if any(one["name"] == body["name"] for one in world.policies.values()):
            raise BadRequest("already exists", error_code="RESOURCE_ALREADY_EXISTS")
        key = world.new_id()
        world.policies[key] = {**body, "policy_id": key}
    elif verb == "edit":
        world.policies[body["policy_id"]].update(body)
    else:
        used = [one for one in world.clusters.values() if one.get("policy_id") == body["policy_id"]]
        assert not used, "a policy that is in use"
        del world.policies[body["policy_id"]]
    world.wrote(f"{verb} policy {body.get('name', '')}".rstrip())
    return {}


def _enforce(world: World, body: dict[str, Any], sort: str) -> dict[str, Any]:
    ((_, key),) = body.items()
    if sort == "clusters":
        assert world.clusters[key]["state"] in ("RUNNING", "TERMINATED")
    del world.violations[str(key)]
    world.wrote(f"enforce the policy of {sort} {key}")
    return {"has_changes": True}


def _update_cluster(world: World, body: dict[str, Any]) -> dict[str, Any]:
    cluster = world.clusters[body["cluster_id"]]
    if cluster["state"] not in ("RUNNING", "TERMINATED"):
        raise BadRequest("in an unexpected state", error_code="INVALID_STATE")
    mask = body["update_mask"].split(",")
    assert set(mask) >= set(body["cluster"])
    cluster.update(body["cluster"])
    for name in set(mask) - set(body["cluster"]):  # named and not given: taken away
        cluster.pop(name, None)
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
            held[package] = held[package] if held.get(package) in HELD else "PENDING"
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
        assert name != "user_name" or who in {*world.users, DEPLOYER}
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
