"""Trying compute as its users would: start it, look at its libraries, and leave it as it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from gitops.clients import translate
from gitops.errors import RemoteUnavailable
from gitops.kind import Desired, Tell
from gitops.patience import until
from gitops.remote import plain
from handlers import _compute_shape as shape
from handlers._compute_fields import NOUN, ComputeSpec, identity
from handlers._compute_libraries import INSTALL_SECONDS, ended_libraries, failures
from handlers._compute_touch import START_SECONDS
from handlers._compute_workspace import LISTS, STOPPED, WHERE, Found, details_of, in_order

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

READY = "RUNNING"


def verify(desired: Desired[ComputeSpec], client: WorkspaceClient, tell: Tell) -> Iterable[str]:
    """What is wrong with it, in sentences; nothing where it works.

    A cluster or a SQL warehouse is started, and stopped again where it was stopped; a job is not run: it is
    looked whether its notebook exists.

    Raises:
        RemoteError: it could not be asked, or not be started or stopped.
    """
    with translate(WHERE):
        spec = desired.spec
        listed = LISTS[spec.type](client)
        mark = desired.origin.request, identity(spec)
        ours = in_order((one for one in listed if one.is_ours(*mark)), identity(spec))
        if not ours:
            return [f"There is no {NOUN[spec.type]} {spec.name} of {desired.origin.request}."]
        if spec.type == "job":
            return list(_of_job(ours[0], client))
        return _of_running(desired, ours[0], client, tell)


def _of_running(
    desired: Desired[ComputeSpec], found: Found, client: WorkspaceClient, tell: Tell
) -> list[str]:
    what = f"the {NOUN[found.type]} {found.name}"
    stopped = found.raw.get("state") in STOPPED
    if stopped:
        tell(f"Starting {what}.")
        _start(found, client)
    try:
        problem = _wait(found, client, what, tell)
        if problem:
            return [problem]
        return list(_libraries(desired, found, client, tell)) if found.type == "cluster" else []
    finally:
        if stopped:
            tell(f"Stopping {what} again, as it was.")
            _stop(found, client)


def _start(found: Found, client: WorkspaceClient) -> None:
    """One that is still stopping cannot be started: that is waited for."""

    def rests() -> bool | None:
        return True if _look(found, client).get("state") not in ("TERMINATING", "STOPPING") else None

    until(rests, what=f"The end of stopping {found.name}", where=WHERE, seconds=START_SECONDS)
    if found.type == "cluster":
        client.clusters.start(found.id)
    else:
        client.warehouses.start(found.id)


def _stop(found: Found, client: WorkspaceClient) -> None:
    if found.type == "cluster":
        client.clusters.delete(found.id)  # which stops it; what deletes is permanent_delete
    else:
        client.warehouses.stop(found.id)


def _wait(found: Found, client: WorkspaceClient, what: str, tell: Tell) -> str:
    """Until it runs; gives what is wrong where it does not come to run."""
    said: set[str] = set()

    def ended() -> dict[str, Any] | None:
        raw = _look(found, client)
        state = str(raw.get("state") or "")
        if state not in said:
            said.add(state)
            tell(f"{found.name} is {state.lower() or 'of unknown state'}.")
        return raw if state == READY or state in STOPPED else None

    try:
        raw = until(ended, what=f"The start of {found.name}", where=WHERE, seconds=START_SECONDS)
    except RemoteUnavailable as late:
        return late.what
    if raw.get("state") == READY:
        return ""
    reason = (
        (raw.get("termination_reason") or {}).get("code") or raw.get("state_message") or "no reason given"
    )
    return f"{what[0].upper()}{what[1:]} does not start: {plain(reason)}."


def _look(found: Found, client: WorkspaceClient) -> dict[str, Any]:
    if found.type == "cluster":
        raw: dict[str, Any] = client.clusters.get(found.id).as_dict()
    else:
        raw = client.warehouses.get(found.id).as_dict()
    return raw


def _libraries(
    desired: Desired[ComputeSpec], found: Found, client: WorkspaceClient, tell: Tell
) -> Iterator[str]:
    names = frozenset(desired.spec.libraries)
    if not names:
        return
    tell(f"Waiting for {len(names)} librar{'y' if len(names) == 1 else 'ies'} on {found.name}.")
    try:
        ended = until(
            lambda: ended_libraries(found.id, names, client, all_of_them=False),
            what=f"The end of installing libraries on {found.name}",
            where=WHERE,
            seconds=INSTALL_SECONDS,
        )
    except RemoteUnavailable as late:
        yield late.what
        return
    failed = [one for one in ended if one.get("status") == "FAILED"]
    if failed:
        yield f"On {found.name} these libraries could not be installed: {failures(failed)}."
    installed = {
        one["library"]["pypi"]["package"] for one in ended if one.get("status") in ("INSTALLED", "SKIPPED")
    }
    lacking = sorted(names - installed - {one["library"]["pypi"]["package"] for one in failed})
    if lacking:
        yield f"On {found.name} these libraries are not installed: {', '.join(lacking)}."


def _of_job(found: Found, client: WorkspaceClient) -> Iterator[str]:
    """Whether what its tasks run exists; notebooks of a Git repository are looked for when it runs."""
    from databricks.sdk.errors import NotFound

    settings = details_of(found, client).get("settings") or {}
    if not settings.get("tasks"):
        yield f"The job {found.name} has no task."
    for task in settings.get("tasks") or ():
        notebook = task.get("notebook_task") or {}
        if not notebook.get("notebook_path") or notebook.get("source") == "GIT" or settings.get("git_source"):
            continue
        path = notebook["notebook_path"]
        try:
            client.workspace.get_status(path)
        except NotFound:
            whose = " Its team puts it there." if task.get("task_key") == shape.MAIN else ""
            yield f"The job {found.name} runs the notebook {plain(path)}, which does not exist.{whose}"
