"""The lists of a workspace: its clusters, SQL warehouses and jobs, each as the API describes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gitops.patience import until
from handlers import _compute_shape as shape
from handlers._compute_settings import tags_of_warehouse

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

WHERE = "Databricks"

PAGES = {"cluster": "compute/clusters", "sql_warehouse": "sql/warehouses", "job": "jobs"}
"""Where they are in the workspace's own pages."""

PAGE = 100
"""The most that one page of a list has (clusters and jobs APIs)."""

GONE = ("DELETED", "DELETING")
STOPPED = ("TERMINATED", "TERMINATING", "STOPPED", "STOPPING", "ERROR")
"""States in which a cluster or a SQL warehouse costs nothing, or soon will not."""


@dataclass(frozen=True)
class Found:
    """One thing that stands in the workspace, as the API describes it; ``whole``: nothing was left out."""

    type: str
    id: str
    name: str
    tags: Mapping[str, str]
    raw: Mapping[str, Any]
    whole: bool = True

    @property
    def mark(self) -> tuple[str, str]:
        """Which request it belongs to, and which resource of it."""
        return self.tags.get(shape.MARK, ""), self.tags.get(shape.RESOURCE, self.name.lower())

    def is_ours(self, mark: str, resource: str) -> bool:
        """Whether it carries the mark of this resource of this request."""
        return self.mark == (mark, resource)

    @property
    def runs(self) -> bool:
        """Whether it costs something now; of a job, whether it starts by itself."""
        if self.type != "job":
            return self.raw.get("state") not in STOPPED
        return bool(triggers_of(self.raw.get("settings") or {}))


def in_order(found: Iterable[Found], resource: str) -> list[Found]:
    """Which of several is meant comes first, and is the same at every look.

    Somebody who clones a thing in the workspace clones its tags: what has the name comes before what has not.
    """
    return sorted(found, key=lambda one: (one.name.lower() != resource, one.id))


def triggers_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What starts a job by itself and is not paused: ``schedule``, ``trigger``, ``continuous``."""
    found = {name: settings[name] for name in ("schedule", "trigger", "continuous") if settings.get(name)}
    return {name: one for name, one in found.items() if one.get("pause_status") != "PAUSED"}


def clusters(client: WorkspaceClient) -> Iterator[Found]:
    """Those that people and programs made; clusters of jobs carry the job's tags and are none of them."""
    for one in client.clusters.list(page_size=PAGE):
        raw = one.as_dict()
        if raw.get("cluster_source") in (None, "UI", "API"):
            tags = raw.get("custom_tags") or {}
            yield Found("cluster", raw["cluster_id"], raw.get("cluster_name") or "", tags, raw)


def warehouses(client: WorkspaceClient) -> Iterator[Found]:
    """All SQL warehouses that are not being deleted."""
    for one in client.warehouses.list():
        raw = one.as_dict()
        if raw.get("state") not in GONE:
            tags = tags_of_warehouse(raw)
            yield Found("sql_warehouse", raw["id"], raw.get("name") or "", tags, raw)


def jobs(client: WorkspaceClient, *, whole: bool = False) -> Iterator[Found]:
    """All jobs; ``whole``: with their tasks and clusters, of which a list has the first hundred."""
    for one in client.jobs.list(expand_tasks=whole, limit=PAGE):
        yield _job(one.as_dict(), whole=whole)


def _job(raw: Mapping[str, Any], *, whole: bool) -> Found:
    settings = raw.get("settings") or {}
    everything = whole and not raw.get("has_more")
    name, tags = settings.get("name") or "", settings.get("tags") or {}
    return Found("job", str(raw["job_id"]), name, tags, raw, everything)


LISTS: Mapping[str, Callable[[WorkspaceClient], Iterator[Found]]] = {
    "cluster": clusters,
    "sql_warehouse": warehouses,
    "job": jobs,
}


def whole_of(found: Found, client: WorkspaceClient) -> Found:
    """A list says everything about clusters and warehouses, and little about jobs."""
    if found.whole:
        return found
    return _job(client.jobs.get(int(found.id)).as_dict(), whole=True)


def details_of(found: Found, client: WorkspaceClient) -> Mapping[str, Any]:
    """Everything about it, as the API describes it."""
    return whole_of(found, client).raw


def patiently(client: WorkspaceClient, method: str, path: str, body: Mapping[str, Any]) -> None:
    """A call about something new, which the workspace may not know everywhere yet."""

    def once() -> bool | None:
        from databricks.sdk.errors import NotFound

        try:
            client.api_client.do(method, path, body=dict(body))
        except NotFound as error:
            if "principal" in str(error).lower():  # somebody who is missing will not come by waiting
                raise
            return None
        return True

    until(once, what="What was just made", where=WHERE, seconds=30.0)
