"""Carrying out one change of compute: it looks before it makes, and keeps what an interrupted run made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gitops.errors import StalePlan
from gitops.patience import until
from gitops.plan import Change, Stage, Verb
from handlers import _compute_policy as policies
from handlers import _compute_shape as shape
from handlers._compute_fields import NOUN
from handlers._compute_libraries import change_libraries
from handlers._compute_people import change_access
from handlers._compute_settings import changed_fields, main_of, of_job, settings_of
from handlers._compute_workspace import LISTS, WHERE, Found, clusters, details_of, in_order, triggers_of

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

After = Mapping[str, Any]

SETTLED = ("RUNNING", "TERMINATED")
"""States in which a cluster can be changed."""

START_SECONDS = 1200.0
"""How long a cluster may take to start, or to end what it is doing."""


def carry_out(change: Change, client: WorkspaceClient) -> None:
    """One change; what an interrupted run made is found by its mark and kept."""
    after = change.after
    if change.action == "policy":
        (_delete_policy if change.verb is Verb.REMOVE else _set_policy)(after, client)
        return
    listed = list(LISTS[after["type"]](client))
    found = next(iter(_ours(after, listed)), None)
    if change.action == after["type"] and change.verb is not Verb.REMOVE:
        if found is None:
            _create(after, listed, client)
        return
    if found is None and change.stage is not Stage.NOW:
        return  # it is gone, which is what all of them lead to
    if found is None and change.action == "mark":
        found = _unmarked(after, listed)
    if found is None:
        raise StalePlan(
            f"There is no {NOUN[after['type']]} {after['name']} of {after['mark']} any more.",
            why="It was deleted, or lost its tags, after the plan was approved.",
            fix="Look at the new plan of the pull request.",
        )
    if change.action == after["type"]:
        for one in (found, *_twins(_ours(after, listed))):
            _remove(one, client)
    else:
        APPLY[change.action](found, after, client)


def _ours(after: After, listed: Iterable[Found]) -> list[Found]:
    """Those with the mark of the resource, the one that is meant first."""
    ours = (one for one in listed if one.is_ours(after["mark"], after["resource"]))
    return in_order(ours, after["resource"])


def _twins(ours: Sequence[Found]) -> list[Found]:
    """What a call that was sent twice made besides: under the same name; a clone has another."""
    return [one for one in ours[1:] if one.name == ours[0].name]


def _unmarked(after: After, listed: Iterable[Found]) -> Found | None:
    """The only one of that name, if nobody's: what an adoption marks."""
    named = [one for one in listed if one.name.lower() == after["resource"]]
    return named[0] if len(named) == 1 and not named[0].tags.get(shape.MARK) else None


def _create(after: After, listed: Iterable[Found], client: WorkspaceClient) -> None:
    """Make it. The SDK sends a call again that the server may have done: what that made besides goes."""
    if any(one.name.lower() == after["resource"] for one in listed):
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
    body = dict(after["body"])
    if "policy" in after:
        made = {"policy_id": _policy(after["policy"], client).id}
        if after["type"] == "cluster":
            body |= made
        else:
            body["job_clusters"] = [
                {**one, "new_cluster": {**one["new_cluster"], **made}} for one in body["job_clusters"]
            ]
    from databricks.sdk.errors.base import DatabricksError

    try:
        client.api_client.do("POST", path, body=body)
    except DatabricksError:  # that one of that name exists, where it is the first of two calls that made it
        if not _ours(after, LISTS[after["type"]](client)):
            raise
    ours = until(
        lambda: _ours(after, LISTS[after["type"]](client)) or None,
        what=f"The {NOUN[after['type']]} {after['name']}",
        where=WHERE,
    )
    for twin in _twins(ours):
        _remove(twin, client)


def _remove(one: Found, client: WorkspaceClient) -> None:
    if one.type == "cluster":
        client.clusters.permanent_delete(one.id)
    elif one.type == "sql_warehouse":
        client.warehouses.delete(one.id)
    else:
        client.jobs.delete(int(one.id))


def _freeze(found: Found, after: After, client: WorkspaceClient) -> None:
    """Stop what costs money; of a job, what starts it."""
    del after
    if not found.runs:
        return
    if found.type == "cluster":
        client.clusters.delete(found.id)  # which stops it; what deletes is permanent_delete
    elif found.type == "sql_warehouse":
        client.warehouses.stop(found.id)
    else:
        triggers = triggers_of(details_of(found, client).get("settings") or {})
        paused = {name: {**one, "pause_status": "PAUSED"} for name, one in triggers.items()}
        body = {"job_id": int(found.id), "new_settings": paused}
        client.api_client.do("POST", "/api/2.2/jobs/update", body=body)


# --- cluster policies -----------------------------------------------------------------------------


def _set_policy(after: After, client: WorkspaceClient) -> None:
    body = {
        "name": after["policy"],
        "definition": json.dumps(after["definition"], sort_keys=True),
        "description": f"Lakeport made it for {after['name']} of {after['mark']}, and changes it with that.",
    }
    standing = _standing_policy(after["policy"], client)
    if standing is None:
        client.api_client.do("POST", "/api/2.0/policies/clusters/create", body=body)
        _policy(after["policy"], client)
    elif standing.definition != after["definition"]:
        body["policy_id"] = standing.id
        client.api_client.do("POST", "/api/2.0/policies/clusters/edit", body=body)


def _standing_policy(name: str, client: WorkspaceClient) -> policies.ClusterPolicy | None:
    found = (policies.parse(one.as_dict()) for one in client.cluster_policies.list())
    return next((one for one in found if one.name == name), None)


def _policy(name: str, client: WorkspaceClient) -> policies.ClusterPolicy:
    return until(lambda: _standing_policy(name, client), what=f"The cluster policy {name}", where=WHERE)


def _delete_policy(after: After, client: WorkspaceClient) -> None:
    standing = _standing_policy(after["policy"], client)
    if standing is not None:
        body = {"policy_id": standing.id}
        client.api_client.do("POST", "/api/2.0/policies/clusters/delete", body=body)


def _comply(found: Found, after: After, client: WorkspaceClient) -> None:
    del after
    kind, key = ("clusters", "cluster_id") if found.type == "cluster" else ("jobs", "job_id")
    if found.type == "cluster":
        _wait_until_settled(found, client)
    body = {key: found.id if found.type == "cluster" else int(found.id)}
    client.api_client.do("POST", f"/api/2.0/policies/{kind}/enforce-compliance", body=body)


# --- settings -------------------------------------------------------------------------------------


def _mark(found: Found, after: After, client: WorkspaceClient) -> None:
    _change_settings(found, {"tags": after["tags"]}, {}, client)


def _correct(found: Found, after: After, client: WorkspaceClient) -> None:
    wanted = dict(after["settings"])
    if after.get("our_policy"):
        wanted["policy"] = _policy(wanted["policy"], client).id
    _change_settings(found, wanted, after.get("fields", {}), client)


def _change_settings(
    found: Found, wanted: Mapping[str, Any], ours: Mapping[str, Any], client: WorkspaceClient
) -> None:
    """Send what is wanted and leave the rest as it is; tags of others stay."""
    details = details_of(found, client)
    live = settings_of(found.type, details)
    if found.type == "job":
        live = of_job(details)
    both = {**live, **wanted}
    both["tags"] = {**(live["tags"] or {}), **wanted.get("tags", {})}
    if found.type == "cluster":
        _change_cluster(found, changed_fields(wanted, both, ours, details), client)
    elif found.type == "sql_warehouse":
        body = {key: value for key, value in shape.warehouse_body(both).items() if value is not None}
        client.api_client.do("POST", f"/api/2.0/sql/warehouses/{found.id}/edit", body=body)
    else:
        _change_job(found, wanted, both, ours, details, client)


def _change_job(
    found: Found,
    wanted: Mapping[str, Any],
    both: Mapping[str, Any],
    ours: Mapping[str, Any],
    details: Mapping[str, Any],
    client: WorkspaceClient,
) -> None:
    new: dict[str, Any] = {"name": both["name"], "tags": both["tags"]}
    cluster = main_of((details.get("settings") or {}).get("job_clusters"), "job_cluster_key")
    machines = {name: value for name, value in wanted.items() if name not in ("name", "tags")}
    if cluster and machines:
        live = cluster["new_cluster"]
        changed = changed_fields(machines, both, ours, live)
        left_out = {"num_workers"} if "autoscale" in changed else set()
        kept = {name: value for name, value in live.items() if name not in left_out | changed.keys()}
        sent = {name: value for name, value in changed.items() if value is not None}
        new["job_clusters"] = [{**cluster, "new_cluster": {**kept, **sent}}]
    client.api_client.do("POST", "/api/2.2/jobs/update", body={"job_id": int(found.id), "new_settings": new})


def _change_cluster(found: Found, fields: Mapping[str, Any], client: WorkspaceClient) -> None:
    """Only the named fields. A cluster between two states refuses, so we wait; one that runs restarts."""
    _wait_until_settled(found, client)
    client.api_client.do(
        "POST",
        "/api/2.1/clusters/update",
        body={
            "cluster_id": found.id,
            "update_mask": ",".join(sorted(fields)),
            "cluster": {name: value for name, value in sorted(fields.items()) if value is not None},
        },
    )


def _wait_until_settled(found: Found, client: WorkspaceClient) -> None:
    until(
        lambda: next((one for one in clusters(client) if one.id == found.id and _settled(one)), None),
        what=f"The end of what the cluster {found.name} is doing",
        where=WHERE,
        seconds=START_SECONDS,
    )


def _settled(found: Found) -> bool:
    return found.raw.get("state") in SETTLED


def _change_access(found: Found, after: After, client: WorkspaceClient) -> None:
    change_access(found.type, found.id, found.name, after, client)


APPLY: Mapping[str, Callable[[Found, After, WorkspaceClient], None]] = {
    "mark": _mark,
    "settings": _correct,
    "comply": _comply,
    "libraries": change_libraries,
    "access": _change_access,
    "freeze": _freeze,
}
