"""How checks, statuses and workflow runs look as JSON."""

from __future__ import annotations

from sandbox.github.data import CheckRun, Job, Repository, Run, Status
from sandbox.github.models import Json, account, app, node, repository
from sandbox.github.models_git import commit
from sandbox.github.models_pulls import links_of, short_pull
from sandbox.github.state import GitHubState


def check(state: GitHubState, found: Repository, it: CheckRun) -> Json:
    """A check run."""
    url, page = links_of(state, found)
    here = f"{url}/check-runs/{it.id}"
    output = it.output
    return {
        "id": it.id,
        "node_id": node("CheckRun", it.id),
        "name": it.name,
        "head_sha": it.head_sha,
        "external_id": it.external_id,
        "url": here,
        "html_url": f"{page}/runs/{it.id}",
        "details_url": it.details_url or f"{page}/runs/{it.id}",
        "status": it.status,
        "conclusion": it.conclusion,
        "started_at": it.started_at,
        "completed_at": it.completed_at,
        "output": {
            "title": output.get("title"),
            "summary": output.get("summary"),
            "text": output.get("text"),
            "annotations_count": len(output.get("annotations", [])),
            "annotations_url": f"{here}/annotations",
        },
        "check_suite": {"id": it.id},
        "app": app(state, state.data.apps[it.app]),
        "pull_requests": [
            short_pull(state, found, pull)
            for pull in found.pulls.values()
            if pull.state == "open" and pull.head_sha == it.head_sha
        ],
    }


def status(state: GitHubState, found: Repository, it: Status) -> Json:
    """A commit status."""
    url, _ = links_of(state, found)
    creator = account(state, it.user)
    return {
        "id": it.id,
        "node_id": node("StatusContext", it.id),
        "url": f"{url}/statuses/{it.sha}",
        "avatar_url": creator["avatar_url"],
        "state": it.state,
        "context": it.context,
        "description": it.description,
        "target_url": it.target_url,
        "creator": creator,
        "created_at": it.created_at,
        "updated_at": it.created_at,
    }


def run(state: GitHubState, found: Repository, it: Run) -> Json:
    """A workflow run."""
    url, page = links_of(state, found)
    here = f"{url}/actions/runs/{it.id}"
    workflow = abs(hash_of(it.path))
    head = commit(state, found, state.git(found).commit(it.head_sha))["commit"]
    names = ("jobs", "logs", "cancel", "rerun", "artifacts")
    return {
        "id": it.id,
        "node_id": node("WorkflowRun", it.id),
        "name": it.name,
        "path": it.path,
        "display_title": it.title,
        "event": it.event,
        "head_branch": it.head_branch,
        "head_sha": it.head_sha,
        "run_number": it.number,
        "run_attempt": 1,
        "status": it.status,
        "conclusion": it.conclusion,
        "workflow_id": workflow,
        "check_suite_id": it.id,
        "check_suite_node_id": node("CheckSuite", it.id),
        "url": here,
        "html_url": f"{page}/actions/runs/{it.id}",
        **{f"{name}_url": f"{here}/{name}" for name in names},
        "workflow_url": f"{url}/actions/workflows/{workflow}",
        "check_suite_url": f"{url}/check-suites/{it.id}",
        "previous_attempt_url": None,
        "pull_requests": [short_pull(state, found, found.pulls[number]) for number in it.pulls],
        "actor": account(state, it.actor),
        "triggering_actor": account(state, it.actor),
        "created_at": it.created_at,
        "updated_at": it.updated_at,
        "run_started_at": it.created_at,
        "head_commit": {
            "id": it.head_sha,
            "tree_id": head["tree"]["sha"],
            "message": head["message"],
            "timestamp": head["committer"]["date"],
            "author": {"name": head["author"]["name"], "email": head["author"]["email"]},
            "committer": {"name": head["committer"]["name"], "email": head["committer"]["email"]},
        },
        "repository": repository(state, found),
        "head_repository": repository(state, found),
    }


def job(state: GitHubState, found: Repository, it: Run, one: Job) -> Json:
    """One job of a workflow run."""
    url, page = links_of(state, found)
    return {
        "id": one.id,
        "node_id": node("CheckRun", one.id),
        "run_id": it.id,
        "run_url": f"{url}/actions/runs/{it.id}",
        "run_attempt": 1,
        "head_sha": it.head_sha,
        "head_branch": it.head_branch,
        "workflow_name": it.name,
        "name": one.name,
        "url": f"{url}/actions/jobs/{one.id}",
        "html_url": f"{page}/actions/runs/{it.id}",
        "status": one.status,
        "conclusion": one.conclusion,
        "created_at": it.created_at,
        "started_at": one.started_at or it.created_at,
        "completed_at": one.completed_at,
        "steps": [],
        "check_run_url": f"{url}/check-runs/{one.id}",
        "labels": ["ubuntu-latest"],
        "runner_id": 1,
        "runner_name": "rehearsal",
        "runner_group_id": 1,
        "runner_group_name": "Default",
    }


def hash_of(path: str) -> int:
    """The id of a workflow: the same for the same file, whatever happens between."""
    number = 0
    for letter in path.encode():
        number = (number * 31 + letter) % 1_000_003
    return number
