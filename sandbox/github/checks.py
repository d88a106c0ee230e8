"""Operations on checks, statuses, workflow runs and webhook deliveries of the rehearsal GitHub."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import PlainTextResponse

from sandbox.github.answers import Answer, ApiError, Page, invalid, not_found
from sandbox.github.call import Call, Routes
from sandbox.github.data import CheckRun, Hook, Run, Status, now
from sandbox.github.events import check_event, common
from sandbox.github.models import repository
from sandbox.github.models_checks import check, hash_of, job, run, status
from sandbox.github.objects import a_commit
from sandbox.github.state import Event
from sandbox.github.workflows import parse

routes = Routes()
REPO = "/repos/{owner}/{repo}"
STATUSES = ("queued", "in_progress", "completed", "waiting", "requested", "pending")
CONCLUSIONS = (
    "action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out",
)  # fmt: skip
LONGEST = 65535


# -- check runs ---------------------------------------------------------------------------------------


def _fill(call: Call, it: CheckRun) -> None:
    body = call.body
    for name in ("name", "external_id", "details_url", "started_at", "completed_at"):
        if name in body:
            setattr(it, name, call.text(name, resource="CheckRun"))
    if "status" in body:
        if body["status"] not in STATUSES:
            raise invalid("CheckRun", "status")
        it.status = body["status"]
    if body.get("conclusion"):
        if body["conclusion"] not in CONCLUSIONS:
            raise invalid("CheckRun", "conclusion")
        it.status, it.conclusion = "completed", body["conclusion"]
        it.completed_at = it.completed_at or now()
    elif it.status == "completed" and it.conclusion is None:
        raise invalid("CheckRun", "conclusion", "missing_field")
    elif "status" in body and it.status != "completed":
        it.conclusion = it.completed_at = None
    it.started_at = it.started_at or now()
    _output(call, it)


def _output(call: Call, it: CheckRun) -> None:
    output = call.body.get("output")
    if output is None:
        return
    if not isinstance(output, dict) or not output.get("title") or not isinstance(output.get("summary"), str):
        raise invalid("CheckRun", "output")
    notes = output.get("annotations") or []
    if len(notes) > 50:
        raise invalid("CheckRun", "annotations", message="No more than 50 annotations can be sent at once.")
    for name in ("summary", "text"):
        if len((output.get(name) or "").encode()) > LONGEST:
            raise invalid("CheckRun", name, message=f"Only {LONGEST} characters are allowed")
    for note in notes:
        needed = ("path", "start_line", "end_line", "annotation_level", "message")
        if not isinstance(note, dict) or any(name not in note for name in needed):
            raise invalid("CheckRun", "annotations")
        if note["annotation_level"] not in ("notice", "warning", "failure"):
            raise invalid("CheckRun", "annotation_level")
    kept = it.output.get("annotations", [])
    it.output = {**it.output, **output, "annotations": [*kept, *notes]}


@routes("POST", REPO + "/check-runs", "checks:write")
def create_check(call: Call) -> Any:
    """Make a check run; only an app can."""
    name = call.text("name", required=True, resource="CheckRun")
    sha = call.text("head_sha", required=True, resource="CheckRun")
    if call.git.kind(sha) != "commit":
        raise ApiError(422, f"No commit found for SHA: {sha}")
    assert call.app is not None, "checks:write is for apps"
    it = CheckRun(call.state.new_id(), name, sha, call.app.slug)
    _fill(call, it)
    call.repository.checks[it.id] = it
    check_event(call.actor, call.repository, it, "created")
    if it.status == "completed":
        check_event(call.actor, call.repository, it, "completed")
    return Answer(check(call.state, call.repository, it), 201)


def _the_check(call: Call) -> CheckRun:
    found = call.repository.checks.get(call.number("check_run_id"))
    if found is None:
        raise not_found()
    return found


@routes("GET", REPO + "/check-runs/{check_run_id}", "checks:read")
def some_check(call: Call) -> Any:
    """One check run."""
    return check(call.state, call.repository, _the_check(call))


@routes("PATCH", REPO + "/check-runs/{check_run_id}", "checks:write")
def change_check(call: Call) -> Any:
    """Change a check run; only the app that made it can."""
    it = _the_check(call)
    if call.app is None or it.app != call.app.slug:
        raise ApiError(
            403, "Invalid app_id `{}` - check run can only be modified by the GitHub App that created it."
        )
    done = it.status == "completed"
    _fill(call, it)
    if it.status == "completed" and not done:
        check_event(call.actor, call.repository, it, "completed")
    return check(call.state, call.repository, it)


@routes("GET", REPO + "/check-runs/{check_run_id}/annotations", "checks:read")
def annotations_of(call: Call) -> Any:
    """Notes on lines of files."""
    it = _the_check(call)
    page = f"{call.state.url}/{call.repository.full_name}/blob/{it.head_sha}"
    empty = dict.fromkeys(("start_column", "end_column", "title", "raw_details"))
    notes = it.output.get("annotations", [])
    return Page([{**empty, **note, "blob_href": f"{page}/{note['path']}"} for note in notes])


@routes("GET", REPO + "/commits/{ref:path}/check-runs", "checks:read")
def checks_of(call: Call) -> Any:
    """Check runs on a commit, newest first; ``filter=latest`` keeps one of each name and app."""
    sha = a_commit(call, call.parameters["ref"]).sha
    found = [it for it in call.repository.checks.values() if it.head_sha == sha]
    found.sort(key=lambda it: it.id, reverse=True)
    for name, value in (("check_name", "name"), ("status", "status")):
        if wanted := call.query.get(name):
            found = [it for it in found if getattr(it, value) == wanted]
    if wanted := call.query.get("app_id"):
        found = [it for it in found if str(call.state.data.apps[it.app].id) == wanted]
    if call.query.get("filter", "latest") == "latest":
        newest: dict[tuple[str, str], CheckRun] = {}
        for it in found:
            newest.setdefault((it.app, it.name), it)
        found = list(newest.values())
    return Page([check(call.state, call.repository, it) for it in found], "check_runs")


# -- statuses -----------------------------------------------------------------------------------------


@routes("POST", REPO + "/statuses/{sha}", "statuses:write")
def create_status(call: Call) -> Any:
    """Put a status on a commit."""
    state = call.body.get("state")
    if state not in ("error", "failure", "pending", "success"):
        raise invalid("Status", "state")
    sha = a_commit(call, call.parameters["sha"]).sha
    if len(call.text("description")) > 140:
        raise invalid("Status", "description", message="description is too long (maximum is 140 characters)")
    it = Status(call.state.new_id(), sha, state, call.text("context") or "default", call.caller.login)
    it.description, it.target_url = call.text("description") or None, call.text("target_url") or None
    call.repository.statuses.append(it)
    return Answer(status(call.state, call.repository, it), 201)


@routes("GET", REPO + "/commits/{ref:path}/statuses", "statuses:read")
def statuses_of(call: Call) -> Any:
    """Statuses of a commit, newest first."""
    sha = a_commit(call, call.parameters["ref"]).sha
    found = [it for it in reversed(call.repository.statuses) if it.sha == sha]
    return Page([status(call.state, call.repository, it) for it in found])


@routes("GET", REPO + "/commits/{ref:path}/status", "statuses:read")
def combined_status(call: Call) -> Any:
    """The newest status of each context, and all of them as one word."""
    found = call.repository
    sha = a_commit(call, call.parameters["ref"]).sha
    newest = {it.context: it for it in found.statuses if it.sha == sha}
    states = {it.state for it in newest.values()}
    word = "failure" if states & {"error", "failure"} else "success" if states == {"success"} else "pending"
    shown = [status(call.state, found, it) for it in newest.values()]
    for each in shown:
        del each["creator"]
    url = f"{call.state.url}/repos/{found.full_name}/commits/{sha}"
    about = {"state": word, "sha": sha, "total_count": len(shown), "statuses": shown}
    return about | {"repository": repository(call.state, found), "commit_url": url, "url": f"{url}/status"}


# -- workflow runs ------------------------------------------------------------------------------------


@routes("GET", REPO + "/actions/runs", "actions:read")
@routes("GET", REPO + "/actions/workflows/{workflow_id}/runs", "actions:read")
def runs(call: Call) -> Any:
    """Workflow runs, newest first."""
    found = sorted(call.repository.runs.values(), key=lambda it: it.id, reverse=True)
    for name in ("event", "head_sha", "actor"):
        if wanted := call.query.get(name):
            found = [it for it in found if getattr(it, name) == wanted]
    if wanted := call.query.get("branch"):
        found = [it for it in found if it.head_branch == wanted]
    if (wanted := call.query.get("created", "")).startswith(">="):
        found = [it for it in found if it.created_at >= wanted.removeprefix(">=")]
    if wanted := call.query.get("status"):
        found = [it for it in found if wanted in (it.status, it.conclusion)]
    if wanted := call.parameters.get("workflow_id"):
        found = [it for it in found if wanted in (it.path.rpartition("/")[2], str(hash_of(it.path)))]
    return Page([run(call.state, call.repository, it) for it in found], "workflow_runs")


def _the_run(call: Call) -> Run:
    found = call.repository.runs.get(call.number("run_id"))
    if found is None:
        raise not_found()
    return found


@routes("GET", REPO + "/actions/runs/{run_id}", "actions:read")
def some_run(call: Call) -> Any:
    """One workflow run."""
    return run(call.state, call.repository, _the_run(call))


@routes("GET", REPO + "/actions/runs/{run_id}/jobs", "actions:read")
def jobs(call: Call) -> Any:
    """Its jobs."""
    it = _the_run(call)
    return Page([job(call.state, call.repository, it, one) for one in it.jobs], "jobs")


@routes("GET", REPO + "/actions/runs/{run_id}/logs", "actions:read")
def logs(call: Call) -> Any:
    """Its log, as text (GitHub redirects to a zip archive)."""
    file = call.state.log_file(_the_run(call).id)
    return PlainTextResponse(file.read_text("utf-8") if file.exists() else "")


@routes("GET", REPO + "/actions/jobs/{job_id}/logs", "actions:read")
def job_logs(call: Call) -> Any:
    """The log of one job, as text (GitHub redirects to it); the runner keeps one for the whole run."""
    number = call.number("job_id")
    for it in call.repository.runs.values():
        if any(one.id == number for one in it.jobs):
            file = call.state.log_file(it.id)
            return PlainTextResponse(file.read_text("utf-8") if file.exists() else "")
    raise not_found()


@routes("POST", REPO + "/actions/workflows/{workflow_id}/dispatches", "actions:write")
def dispatch(call: Call) -> Any:
    """Start a workflow by hand; it must listen to ``workflow_dispatch``. Its run is told who asks for it."""
    found, wanted = call.repository, call.parameters["workflow_id"]
    ref = call.text("ref", required=True, resource="Workflow").removeprefix("refs/heads/")
    sha = call.git.resolve(f"refs/heads/{ref}")
    if sha is None:
        raise ApiError(422, f"No ref found for: {ref}")
    folder = ".github/workflows"
    files = call.git.entries(sha, folder) if call.git.entry(sha, folder) else []
    file = next((f for f in files if wanted in (f.path.rpartition("/")[2], str(hash_of(f.path)))), None)
    if file is None:
        raise not_found()
    path, inputs = file.path, call.body.get("inputs") or {}
    _require_known(inputs, call.git.blob(file.sha), path)
    payload = {"ref": f"refs/heads/{ref}", "inputs": inputs, "workflow": path}
    payload |= common(call.state, found, call.caller.login)
    who, full = call.caller.login, f"refs/heads/{ref}"
    known = set(found.runs)
    call.state.emit(
        Event("workflow_dispatch", found.full_name, payload, who, sha, full, sha, ref, workflow=path)
    )
    started = next((number for number in found.runs if number not in known), None)
    if started is None or call.body.get("return_run_details") is not True:
        return Answer(None, 204)
    here = f"{found.full_name}/actions/runs/{started}"
    links = {"run_url": f"{call.state.url}/repos/{here}", "html_url": f"{call.state.url}/{here}"}
    return {"workflow_run_id": started, **links}


def _require_known(inputs: dict[str, Any], raw: bytes, path: str) -> None:
    """422 for a workflow that takes no dispatch, or not these inputs."""
    spec = parse(raw, path).triggers.get("workflow_dispatch")
    if spec is None:
        raise ApiError(422, "Workflow does not have 'workflow_dispatch' trigger")
    unknown = sorted(set(inputs) - set(spec.get("inputs") or ()))
    if unknown:
        raise ApiError(422, f"Unexpected inputs provided: {json.dumps(unknown)}")


# -- deliveries of webhooks ---------------------------------------------------------------------------


def _the_hook(call: Call) -> Hook:
    number = call.number("hook_id")
    found = next((hook for hook in call.state.data.hooks if hook.id == number), None)
    if found is None:
        raise not_found()
    return found


@routes("GET", REPO + "/hooks", "administration:read")
def hooks(call: Call) -> Any:
    """Webhooks; their secret is not told."""
    bodies = []
    for hook in call.state.data.hooks:
        url = f"{call.state.url}/repos/{call.repository.full_name}/hooks/{hook.id}"
        config = {"url": hook.url, "content_type": "json", "insecure_ssl": "0", "secret": "********"}
        about = {"type": "Repository", "id": hook.id, "name": "web", "active": True, "events": hook.events}
        links = {"url": url, "test_url": f"{url}/tests", "ping_url": f"{url}/pings"}
        times = {"created_at": call.repository.created_at, "updated_at": call.repository.created_at}
        last = {"code": None, "status": "unused", "message": None}
        links["deliveries_url"] = f"{url}/deliveries"
        bodies.append({**about, "config": config, **links, **times, "last_response": last})
    return Page(bodies)


@routes("GET", REPO + "/hooks/{hook_id}/deliveries", "administration:read")
def deliveries(call: Call) -> Any:
    """What became of what was sent, newest first."""
    return Page([*reversed(_the_hook(call).deliveries)])
