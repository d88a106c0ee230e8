"""Making a repository with the organisation's own workflow: started once, followed, its failure told.

A run is told from others by the marker that its name must hold (``run-name`` of the workflow): a run that was
started for this repository before, by an interrupted apply or a repeated call, is followed and not repeated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from gitops.errors import RemoteError, StalePlan
from gitops.markup import visible
from gitops.patience import until
from gitops.remote import plain
from handlers import _repo_api as api

if TYPE_CHECKING:
    from gitops.policy_repositories import RepositoryWorkflow
    from handlers._repo_api import Client

Run = Mapping[str, Any]
"""A workflow run as GitHub's API gives it."""

REMEMBERED = timedelta(days=1)
"""How far back runs are looked for."""

JUST_NOW = timedelta(minutes=10)
"""A run that succeeded so recently may have made a repository that does not show yet."""

LAST_LINES = 12
"""Lines of a failed job that are told."""

_STAMP = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z ")


def make(client: Client, after: Mapping[str, Any], *, stands: bool) -> None:
    """Start the workflow and wait for its end; a run that is under way or did its work counts as started.

    ``stands``: there is a repository of that name without a mark.

    Raises:
        StalePlan: it stands, and no run of ours made it.
        RemoteError: the run failed; the end of its log is part of it.
        RemoteUnavailable: it did not end in the time that the policy gives it.
    """
    workflow = after["workflow"]
    before = _runs(client, workflow)
    run = _usable(before, stands=stands)
    if run is None and stands:
        raise StalePlan(
            f"The repository {after['organisation']}/{after['name']} exists, and {workflow['file']} did not "
            "make it for this request.",
            why="Somebody made it after the plan was approved.",
            fix="Look at the new plan of the pull request.",
        )
    number = (
        int(run["id"]) if run is not None else _start(client, workflow, {int(one["id"]) for one in before})
    )
    tried: set[int] = set()
    while True:
        tried.add(number)
        ended = _ended(client, workflow, number)
        if ended["conclusion"] == "success":
            return
        # A call that was sent twice started two runs: the one that came second fails where the first did it.
        others = [one for one in _runs(client, workflow) if int(one["id"]) not in tried]
        other = _usable(others, stands=True)
        if other is None:
            raise _failure(client, workflow, ended)
        number = int(other["id"])


def made(client: Client, workflow: RepositoryWorkflow, marker: str) -> bool:
    """Whether a run of ours made what stands under the name: it is then not foreign, only not finished."""
    asked = {"repository": workflow.repository, "file": workflow.file, "marker": marker}
    return _usable(_runs(client, asked), stands=True) is not None


def _usable(runs: Sequence[Run], *, stands: bool) -> Run | None:
    """A run that is under way, or else one whose success is what stands or will show in a moment."""
    for run in runs:
        if run["status"] != "completed":
            return run
    for run in runs:
        if run["conclusion"] == "success" and (stands or _since(run["updated_at"]) < JUST_NOW):
            return run
    return None


def _since(moment: str) -> timedelta:
    return datetime.now(UTC) - datetime.fromisoformat(moment)


def _of(workflow: Mapping[str, Any], *parts: str) -> str:
    return api.path("repos", *workflow["repository"].split("/"), "actions", *parts)


def _runs(client: Client, workflow: Mapping[str, Any]) -> list[Run]:
    """Runs with our marker in their name, the newest first."""
    first = (datetime.now(UTC) - REMEMBERED).strftime("%Y-%m-%dT%H:%M:%SZ")
    where = _of(workflow, "workflows", workflow["file"], "runs")
    found = api.listed(client, where, "workflow_runs", event="workflow_dispatch", created=f">={first}")
    ours = re.compile(rf"(?<![\w./-]){re.escape(workflow['marker'])}(?![\w-]|[./]\w)")
    return [run for run in found if ours.search(str(run["display_title"]))]


def _start(client: Client, workflow: Mapping[str, Any], known: set[int]) -> int:
    """Start it; the id of its run is in the answer (200), or (204, older servers) found by the marker."""
    from github import GithubException

    where = _of(workflow, "workflows", workflow["file"], "dispatches")
    body = {"ref": workflow["ref"], "inputs": workflow["inputs"]}
    try:
        answer = api.ask(client, "POST", where, {**body, "return_run_details": True})
    except GithubException as error:
        if not api.says(422, "return_run_details", error):
            raise
        answer = api.ask(client, "POST", where, body)
    if isinstance(answer, Mapping) and "workflow_run_id" in answer:
        return int(answer["workflow_run_id"])
    return until(
        lambda: next(
            (int(run["id"]) for run in _runs(client, workflow) if int(run["id"]) not in known), None
        ),
        what=f"A run of {workflow['file']} whose name holds {workflow['marker']}",
        where="GitHub",
    )


def _ended(client: Client, workflow: Mapping[str, Any], number: int) -> Run:
    """The run once it is over. One that was started a moment ago may not show at first."""

    def look() -> Run | None:
        run: Run | None = api.look(client, _of(workflow, "runs", str(number)))
        return run if run is not None and run["status"] == "completed" else None

    return until(
        look,
        what=f"The end of run {number} of {workflow['file']} in {workflow['repository']}",
        where="GitHub",
        seconds=workflow["minutes"] * 60.0,
    )


def _failure(client: Client, workflow: Mapping[str, Any], run: Run) -> RemoteError:
    jobs = api.listed(client, _of(workflow, "runs", str(run["id"]), "jobs"), "jobs")
    job = next((one for one in jobs if one.get("conclusion") not in ("success", "skipped", None)), None)
    lines = last_lines(api.text(client, _of(workflow, "jobs", str(job["id"]), "logs"))) if job else []
    said = f"Its job {visible(str(job['name']))} said last: {' | '.join(lines)}" if job and lines else ""
    return RemoteError(
        f"The workflow {workflow['file']} of {workflow['repository']} ended with {run['conclusion']}.",
        why=said or "Its log could not be read.",
        fix=f"Look at {visible(str(run['html_url']))}; when it is mended, apply again.",
        where="GitHub",
    )


def last_lines(log: str) -> list[str]:
    """The end of a log, each line harmless, short, and without what looks like a secret."""
    lines = [visible(plain(_STAMP.sub("", line), 200)) for line in log.splitlines()]
    return [line for line in lines if line.strip()][-LAST_LINES:]
