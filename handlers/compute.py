"""Something to compute on: a cluster, a SQL warehouse or a job.

The owner mark are two tags, for the request and for the resource in it: names are neither unique (clusters,
jobs) nor kept (anybody who manages one can rename it). What is created is sent as the very JSON that was
approved; for ``clusters/create`` there is no other way, since the SDK's own method cannot say the idempotency
token that keeps a repeated call from making a second, paid cluster.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops.clients import databricks, translate
from gitops.errors import StalePlan
from gitops.kind import Desired, Held, Kind
from gitops.patience import until
from gitops.plan import Change, Verb
from handlers import _compute_shape as shape
from handlers._compute_fields import NOUN, ComputeSpec, derive, estimate, identity, made_of
from handlers._compute_look import (
    LISTS,
    OBJECTS,
    Found,
    clusters,
    details_of,
    levels_of,
    read,
    read_all,
    settings_of,
)
from handlers._compute_plan import ComputeState, plan, retire
from handlers._compute_rules import RULES

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

SETTLED = ("RUNNING", "TERMINATED")
"""States in which a cluster can be changed."""


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
    if any(one.name.lower() == after["resource"] for one in LISTS[after["type"]](client)):
        raise StalePlan(
            f"A {NOUN[after['type']]} {after['name']} exists and does not belong to {after['mark']}.",
            why="Somebody made it after the plan was approved.",
            fix="Look at the new plan of the pull request.",
        )
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
    details = details_of(found, client)
    live = settings_of(found.type, details)
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
    """Only the named fields. A cluster between two states refuses, so we wait; one that runs restarts."""
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
    details = details_of(found, client)
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
    held = levels_of(found.type, found.id, client)
    if not _holds(held, wanted):
        merged = {**held, **{("group_name", who): level for who, level in wanted.items()}}
        entries = [{sort: who, "permission_level": level} for (sort, who), level in merged.items()]
        client.api_client.do("PUT", path, body={"access_control_list": entries})
        until(
            lambda: _holds(levels_of(found.type, found.id, client), wanted) or None,
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


def outputs(desired: Desired[ComputeSpec], state: ComputeState) -> Mapping[str, str]:
    """``type``, ``id`` and ``url``."""
    del desired
    return {"type": NOUN[state.type], "id": state.id, "url": state.url} if state.stands else {}


def access(spec: ComputeSpec) -> Iterator[Held]:
    """What the file gives whom."""
    for one in spec.access:
        yield Held(principal=one.principal, levels=(one.level,), thing=spec.name)


KIND: Kind[ComputeSpec, ComputeState, WorkspaceClient] = Kind(
    name="compute",
    spec=ComputeSpec,
    summary="a cluster, a SQL warehouse or a job",
    aliases=("cluster", "sql warehouse", "warehouse", "job", "compute", "spark cluster", "job cluster"),
    identity=identity,
    called=lambda spec: f"the {NOUN[spec.type]} {spec.name}",
    access=access,
    connect=databricks,
    read=read,
    plan=plan,
    retire=retire,
    apply=apply,
    outputs=outputs,
    derive=derive,
    estimate=estimate,
    made_of=made_of,
    rules=RULES,
    read_all=read_all,
)
