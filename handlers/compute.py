"""Something to compute on: a cluster, a SQL warehouse or a job.

The owner mark are two tags, for the request and for the resource in it: names are neither unique (clusters,
jobs) nor kept (anybody who manages one can rename it). What is created is sent as the very JSON that was
approved; for ``clusters/create`` there is no other way, since the SDK's own method cannot say the idempotency
token that keeps a repeated call from making a second, paid cluster.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gitops.clients import databricks, translate
from gitops.errors import StalePlan
from gitops.kind import Desired, Kind
from gitops.patience import until
from gitops.plan import Change, Verb
from handlers import _compute_shape as shape
from handlers._compute_fields import NOUN, RULES, ComputeSpec, derive, estimate, identity
from handlers._compute_plan import ComputeState, plan, retire

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

OBJECTS = {"cluster": "clusters", "sql_warehouse": "warehouses", "job": "jobs"}
"""What the permissions API calls them."""

PAGES = {"cluster": "compute/clusters", "sql_warehouse": "sql/warehouses", "job": "jobs"}
"""Where they are in the workspace's own pages."""

GONE = ("DELETED", "DELETING")
SETTLED = ("RUNNING", "TERMINATED")
"""States in which a cluster can be changed."""


@dataclass(frozen=True)
class Found:
    """One thing that stands in the workspace, as the API describes it in a list."""

    type: str
    id: str
    name: str
    tags: Mapping[str, str]
    raw: Mapping[str, Any]

    def is_ours(self, mark: str, resource: str) -> bool:
        """Whether it carries the mark of this resource of this request."""
        held = self.tags.get(shape.RESOURCE, self.name.lower())
        return self.tags.get(shape.MARK) == mark and held == resource


# --- read ---------------------------------------------------------------------------------------------------


def clusters(client: WorkspaceClient) -> Iterator[Found]:
    """Those that people and programs made; clusters of jobs carry the job's tags and are none of them."""
    for one in client.clusters.list():
        raw = one.as_dict()
        if raw.get("cluster_source") in (None, "UI", "API"):
            tags = raw.get("custom_tags") or {}
            yield Found("cluster", raw["cluster_id"], raw.get("cluster_name") or "", tags, raw)


def warehouses(client: WorkspaceClient) -> Iterator[Found]:
    """All SQL warehouses that are not being deleted."""
    for one in client.warehouses.list():
        raw = one.as_dict()
        if raw.get("state") not in GONE:
            tags = shape.tags_of_warehouse(raw)
            yield Found("sql_warehouse", raw["id"], raw.get("name") or "", tags, raw)


def jobs(client: WorkspaceClient) -> Iterator[Found]:
    """All jobs."""
    for one in client.jobs.list():
        raw = one.as_dict()
        settings = raw.get("settings") or {}
        yield Found("job", str(raw["job_id"]), settings.get("name") or "", settings.get("tags") or {}, raw)


LISTS: Mapping[str, Callable[[WorkspaceClient], Iterator[Found]]] = {
    "cluster": clusters,
    "sql_warehouse": warehouses,
    "job": jobs,
}


def read(desired: Desired[ComputeSpec], client: WorkspaceClient) -> ComputeState | None:
    """One of them; see :func:`read_all`."""
    return read_all([desired], client)[0]


def read_all(
    wanted: Sequence[Desired[ComputeSpec]], client: WorkspaceClient
) -> Sequence[ComputeState | None]:
    """Three lists for all of them, since one may stand as another type, and then the details of each."""
    with translate("Databricks"):
        by_type = {kind: list(look(client)) for kind, look in LISTS.items()}
        return [_state(desired, by_type, client) for desired in wanted]


def _state(
    desired: Desired[ComputeSpec], by_type: Mapping[str, Sequence[Found]], client: WorkspaceClient
) -> ComputeState | None:
    spec, origin = desired.spec, desired.origin
    active = origin.lifecycle == "active"
    missing = _missing_groups(client, desired) if active else ()
    everything = [found for kind in by_type.values() for found in kind]
    ours = [found for found in everything if found.is_ours(origin.request, identity(spec))]
    namesakes = [found for found in by_type[spec.type] if found.name.lower() == identity(spec)]
    candidates = sorted(ours or namesakes, key=lambda found: (found.type != spec.type, found.id))
    if not candidates:
        return ComputeState(stands=False, missing_groups=missing) if missing else None
    found = candidates[0]
    mine = found in ours or spec.adopt
    details = _details(found, client)
    return ComputeState(
        type=found.type,
        id=found.id,
        mark=found.tags.get(shape.MARK, ""),
        settings=_settings(found.type, details),
        libraries=_libraries(found, details, client) if mine and active and spec.libraries else frozenset(),
        access=_access(found, desired, client) if mine and active and spec.access else {},
        missing_groups=missing,
        twins=len(candidates),
        url=f"{client.config.host}/{PAGES[found.type]}/{found.id}",
    )


def _details(found: Found, client: WorkspaceClient) -> Mapping[str, Any]:
    """A list says everything about clusters and warehouses, and little about jobs."""
    if found.type != "job":
        return found.raw
    details: dict[str, Any] = client.jobs.get(int(found.id)).as_dict()
    return details


def _settings(kind: str, details: Mapping[str, Any]) -> Mapping[str, Any]:
    if kind == "cluster":
        return shape.of_cluster(details)
    return shape.of_warehouse(details) if kind == "sql_warehouse" else shape.of_job(details)


def _libraries(found: Found, details: Mapping[str, Any], client: WorkspaceClient) -> frozenset[str] | None:
    """Installed or about to be; of a job those of our task, ``None`` where its team took that out."""
    if found.type == "cluster":
        status = [one.as_dict() for one in client.libraries.cluster_status(found.id)]
        entries = [
            one["library"] for one in status if one.get("status") not in ("FAILED", "UNINSTALL_ON_RESTART")
        ]
    else:
        task = shape.main_of((details.get("settings") or {}).get("tasks"), "task_key")
        if not task:
            return None
        entries = task.get("libraries") or []
    return frozenset(entry["pypi"]["package"] for entry in entries if "pypi" in entry)


def _access(found: Found, desired: Desired[ComputeSpec], client: WorkspaceClient) -> dict[str, str]:
    wanted = {entry.principal.casefold(): entry.principal for entry in desired.spec.access}
    held = _levels(found.type, found.id, client)
    return {
        wanted[name.casefold()]: level
        for (sort, name), level in held.items()
        if sort == "group_name" and name.casefold() in wanted
    }


def _levels(kind: str, identifier: str, client: WorkspaceClient) -> dict[tuple[str, str], str]:
    """Who holds which level directly, not by inheritance: ``("group_name", "growth")`` → ``CAN_RESTART``."""
    found: dict[tuple[str, str], str] = {}
    answer = client.permissions.get(OBJECTS[kind], identifier).as_dict()
    for entry in answer.get("access_control_list") or ():
        direct = [one for one in entry.get("all_permissions") or () if not one.get("inherited")]
        for sort in ("group_name", "user_name", "service_principal_name"):
            if entry.get(sort) and direct:
                found[sort, entry[sort]] = direct[0]["permission_level"]
    return found


def _missing_groups(client: WorkspaceClient, desired: Desired[ComputeSpec]) -> tuple[str, ...]:
    names = sorted({entry.principal for entry in desired.spec.access})
    return tuple(name for name in names if not _group_stands(client, name))


def _group_stands(client: WorkspaceClient, name: str) -> bool:
    found = client.groups.list(filter=f'displayName eq "{name}"', attributes="id,displayName")
    return any((group.display_name or "").casefold() == name.casefold() for group in found)


# --- apply --------------------------------------------------------------------------------------------------


def apply(change: Change, client: WorkspaceClient) -> None:
    """One change; what an interrupted run made is found by its mark and kept."""
    after = change.after
    with translate("Databricks"):
        found = _find(after, client)
        if change.action == after["type"]:
            if change.verb is Verb.REMOVE:
                _delete(found, client)
            elif found is None:
                _create(after, client)
            return
        if found is None and change.action == "mark":
            found = _unmarked(after, client)
        if found is None:
            raise StalePlan(
                f"There is no {NOUN[after['type']]} {after['name']} of {after['mark']} any more.",
                why="It was deleted, or lost its tags, after the plan was approved.",
                fix="Look at the new plan of the pull request.",
            )
        APPLY[change.action](found, after, client)


def _find(after: Mapping[str, Any], client: WorkspaceClient) -> Found | None:
    ours = [one for one in LISTS[after["type"]](client) if one.is_ours(after["mark"], after["resource"])]
    return min(ours, key=lambda one: one.id, default=None)


def _unmarked(after: Mapping[str, Any], client: WorkspaceClient) -> Found | None:
    """The only one of that name, if nobody's: what an adoption marks."""
    named = [one for one in LISTS[after["type"]](client) if one.name.lower() == after["resource"]]
    return named[0] if len(named) == 1 and not named[0].tags.get(shape.MARK) else None


def _create(after: Mapping[str, Any], client: WorkspaceClient) -> None:
    path = {
        "cluster": "/api/2.1/clusters/create",
        "sql_warehouse": "/api/2.0/sql/warehouses",
        "job": "/api/2.2/jobs/create",
    }[after["type"]]
    client.api_client.do("POST", path, body=dict(after["body"]))
    what = f"The {NOUN[after['type']]} {after['name']}"
    until(lambda: _find(after, client), what=what, where="Databricks")


def _delete(found: Found | None, client: WorkspaceClient) -> None:
    if found is None:
        return
    if found.type == "cluster":
        client.clusters.permanent_delete(found.id)
    elif found.type == "sql_warehouse":
        client.warehouses.delete(found.id)
    else:
        client.jobs.delete(int(found.id))


def _mark(found: Found, after: Mapping[str, Any], client: WorkspaceClient) -> None:
    _change_settings(found, {"tags": after["tags"]}, client)


def _correct(found: Found, after: Mapping[str, Any], client: WorkspaceClient) -> None:
    _change_settings(found, after["settings"], client)


def _change_settings(found: Found, wanted: Mapping[str, Any], client: WorkspaceClient) -> None:
    """Send what is wanted and leave the rest as it is; tags of others stay."""
    details = _details(found, client)
    live = _settings(found.type, details)
    both = {**live, **wanted}
    both["tags"] = {**(live["tags"] or {}), **wanted.get("tags", {})}
    if found.type == "cluster":
        _change_cluster(found, wanted, both, client)
    elif found.type == "sql_warehouse":
        body = {key: value for key, value in shape.warehouse_body(both).items() if value is not None}
        client.api_client.do("POST", f"/api/2.0/sql/warehouses/{found.id}/edit", body=body)
    else:
        new: dict[str, Any] = {"name": both["name"], "tags": both["tags"]}
        cluster = shape.main_of((details.get("settings") or {}).get("job_clusters"), "job_cluster_key")
        if cluster and wanted.keys() & shape.MACHINES:
            machines = dict(cluster["new_cluster"])
            machines.pop("num_workers", None)
            new["job_clusters"] = [{**cluster, "new_cluster": {**machines, **shape.machines_body(both)}}]
        client.api_client.do(
            "POST", "/api/2.2/jobs/update", body={"job_id": int(found.id), "new_settings": new}
        )


def _change_cluster(
    found: Found, wanted: Mapping[str, Any], both: Mapping[str, Any], client: WorkspaceClient
) -> None:
    """Only the named fields. A cluster between two states refuses: it is waited for. One that runs restarts."""
    body = {
        "cluster_name": both["name"],
        "custom_tags": both["tags"],
        "autotermination_minutes": both["auto_stop_minutes"],
        "data_security_mode": both["access_mode"],
        **shape.machines_body(both),
    }
    mask = sorted({field for name in wanted for field in shape.CLUSTER_FIELDS[name]})
    until(
        lambda: next((one for one in clusters(client) if one.id == found.id and _settled(one)), None),
        what=f"The end of what the cluster {found.name} is doing",
        where="Databricks",
        seconds=600,
    )
    client.api_client.do(
        "POST",
        "/api/2.1/clusters/update",
        body={
            "cluster_id": found.id,
            "update_mask": ",".join(mask),
            "cluster": {field: body[field] for field in mask},
        },
    )


def _settled(found: Found) -> bool:
    return found.raw.get("state") in SETTLED


def _change_libraries(found: Found, after: Mapping[str, Any], client: WorkspaceClient) -> None:
    install = [shape.library(one) for one in after["install"]]
    uninstall = [shape.library(one) for one in after["uninstall"]]
    if found.type == "cluster":
        # Works on a cluster that does not run: they are installed when it starts.
        client.api_client.do(
            "POST", "/api/2.0/libraries/install", body={"cluster_id": found.id, "libraries": install}
        )
        if uninstall:
            body = {"cluster_id": found.id, "libraries": uninstall}
            client.api_client.do("POST", "/api/2.0/libraries/uninstall", body=body)
        return
    details = _details(found, client)
    task = dict(shape.main_of((details.get("settings") or {}).get("tasks"), "task_key"))
    kept = [one for one in task.get("libraries") or () if one not in uninstall and one not in install]
    new = {"tasks": [{**task, "libraries": [*kept, *install]}]}
    client.api_client.do("POST", "/api/2.2/jobs/update", body={"job_id": int(found.id), "new_settings": new})


def _change_access(found: Found, after: Mapping[str, Any], client: WorkspaceClient) -> None:
    """Add to the list; where that did not lower a level, write the whole list, all others still in it."""
    wanted: Mapping[str, str] = after["access"]
    path = f"/api/2.0/permissions/{OBJECTS[found.type]}/{found.id}"
    entries = [{"group_name": who, "permission_level": level} for who, level in wanted.items()]
    client.api_client.do("PATCH", path, body={"access_control_list": entries})
    held = _levels(found.type, found.id, client)
    if not _holds(held, wanted):
        merged = {**held, **{("group_name", who): level for who, level in wanted.items()}}
        entries = [{sort: who, "permission_level": level} for (sort, who), level in merged.items()]
        client.api_client.do("PUT", path, body={"access_control_list": entries})
        until(
            lambda: _holds(_levels(found.type, found.id, client), wanted) or None,
            what=f"The access to {found.name}",
            where="Databricks",
        )


def _holds(held: Mapping[tuple[str, str], str], wanted: Mapping[str, str]) -> bool:
    levels: dict[str, str] = defaultdict(str)
    levels.update({who.casefold(): level for (sort, who), level in held.items() if sort == "group_name"})
    return all(levels[who.casefold()] == level for who, level in wanted.items())


APPLY: Mapping[str, Callable[[Found, Mapping[str, Any], WorkspaceClient], None]] = {
    "mark": _mark,
    "settings": _correct,
    "libraries": _change_libraries,
    "access": _change_access,
}


# --- the record ---------------------------------------------------------------------------------------------


def outputs(desired: Desired[ComputeSpec], state: ComputeState) -> Mapping[str, str]:
    """``type``, ``id`` and ``url``."""
    del desired
    return {"type": NOUN[state.type], "id": state.id, "url": state.url} if state.stands else {}


KIND: Kind[ComputeSpec, ComputeState, WorkspaceClient] = Kind(
    name="compute",
    spec=ComputeSpec,
    summary="a cluster, a SQL warehouse or a job",
    aliases=("cluster", "sql warehouse", "warehouse", "job", "compute", "spark cluster", "job cluster"),
    identity=identity,
    connect=databricks,
    read=read,
    plan=plan,
    retire=retire,
    apply=apply,
    outputs=outputs,
    derive=derive,
    estimate=estimate,
    rules=RULES,
    read_all=read_all,
)
