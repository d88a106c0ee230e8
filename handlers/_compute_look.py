"""What compute stands in a workspace: the lists, and of each thing the details that we compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gitops.clients import translate
from gitops.kind import Desired
from handlers import _compute_shape as shape
from handlers._compute_fields import ComputeSpec, identity
from handlers._compute_plan import ComputeState

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

OBJECTS = {"cluster": "clusters", "sql_warehouse": "warehouses", "job": "jobs"}
"""What the permissions API calls them."""

PAGES = {"cluster": "compute/clusters", "sql_warehouse": "sql/warehouses", "job": "jobs"}
"""Where they are in the workspace's own pages."""

GONE = ("DELETED", "DELETING")


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
    details = details_of(found, client)
    return ComputeState(
        type=found.type,
        id=found.id,
        mark=found.tags.get(shape.MARK, ""),
        settings=settings_of(found.type, details),
        libraries=_libraries(found, details, client) if mine and active and spec.libraries else frozenset(),
        access=_access(found, desired, client) if mine and active and spec.access else {},
        missing_groups=missing,
        twins=len(candidates),
        url=f"{client.config.host}/{PAGES[found.type]}/{found.id}",
    )


def details_of(found: Found, client: WorkspaceClient) -> Mapping[str, Any]:
    """A list says everything about clusters and warehouses, and little about jobs."""
    if found.type != "job":
        return found.raw
    details: dict[str, Any] = client.jobs.get(int(found.id)).as_dict()
    return details


def settings_of(kind: str, details: Mapping[str, Any]) -> Mapping[str, Any]:
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
    held = levels_of(found.type, found.id, client)
    return {
        wanted[name.casefold()]: level
        for (sort, name), level in held.items()
        if sort == "group_name" and name.casefold() in wanted
    }


def levels_of(kind: str, identifier: str, client: WorkspaceClient) -> dict[tuple[str, str], str]:
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
