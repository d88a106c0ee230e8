"""Comments on lines of a pull request: made, listed for one of them or for the whole repository, and told."""

from __future__ import annotations

import re
from typing import Any

from sandbox.github.answers import Answer, Page, invalid
from sandbox.github.call import Call, Routes
from sandbox.github.data import LineComment, Repository, now
from sandbox.github.events import pull_event
from sandbox.github.models import Json, account, node
from sandbox.github.models_pulls import association, links_of
from sandbox.github.state import GitHubState

routes = Routes()
REPO = "/repos/{owner}/{repo}"
_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@")


@routes("GET", REPO + "/pulls/comments", "pull_requests:read")
def comments_on_all(call: Call) -> Any:
    """Those of the whole repository, by ``since``, ``sort`` and ``direction``."""
    found = recent(call, list(call.repository.line_comments.values()))
    return Page([line_comment(call.state, call.repository, each) for each in found])


@routes("GET", REPO + "/pulls/{pull_number}/comments", "pull_requests:read")
def comments_on_one(call: Call) -> Any:
    """Those of one pull request, oldest first."""
    number = call.pull.number
    found = [each for each in call.repository.line_comments.values() if each.number == number]
    return Page([line_comment(call.state, call.repository, each) for each in found])


@routes("POST", REPO + "/pulls/{pull_number}/comments", "reviews:write")
def create_line_comment(call: Call) -> Any:
    """Say something on a line of the new version; the line has to be part of the difference."""
    it, line = call.pull, call.body.get("line")
    body = call.text("body", required=True, resource="PullRequestReviewComment")
    path = call.text("path", required=True, resource="PullRequestReviewComment")
    start = call.git.merge_base(it.base_sha, it.head_sha) or it.base_sha
    patch = next((one.patch for one in call.git.changes(start, it.head_sha) if one.path == path), None)
    if patch is None:
        raise invalid("PullRequestReviewComment", "path")
    hunk = _up_to(patch, line) if isinstance(line, int) else ""
    if not isinstance(line, int) or not hunk:
        raise invalid("PullRequestReviewComment", "line")
    made = LineComment(
        call.state.new_id(), it.number, call.caller.login, body, path, line, hunk, it.head_sha
    )  # fmt: skip
    call.repository.line_comments[made.id] = made
    it.updated_at = now()
    told = line_comment(call.state, call.repository, made)
    pull_event(call.actor, call.repository, it, "created", name="pull_request_review_comment", comment=told)
    return Answer(told, 201)


def recent(call: Call, found: list[Any]) -> list[Any]:
    """Comments as a list of the whole repository has them: by ``since``, ``sort`` and ``direction``."""
    key = "updated_at" if call.query.get("sort") == "updated" else "created_at"
    shown = [each for each in found if each.updated_at >= call.query.get("since", "")]
    descending = call.query.get("direction", "desc" if "sort" in call.query else "asc") == "desc"
    return sorted(shown, key=lambda each: (getattr(each, key), each.id), reverse=descending)


def _up_to(patch: str, line: int) -> str:
    """The hunk in which this line of the new version is, down to that line; empty when none has it."""
    kept: list[str] = []
    number = 0
    for each in patch.splitlines():
        if begin := _HUNK.match(each):
            kept, number = [each], int(begin[1]) - 1
            continue
        kept.append(each)
        number += not each.startswith(("-", "\\"))
        if number == line and not each.startswith(("-", "\\")):
            return "\n".join(kept)
    return ""


def line_comment(state: GitHubState, found: Repository, it: LineComment) -> Json:
    """A comment on a line as JSON."""
    url, page = links_of(state, found)
    here, about = f"{url}/pulls/comments/{it.id}", f"{url}/pulls/{it.number}"
    html = f"{page}/pull/{it.number}#discussion_r{it.id}"
    links = {"self": {"href": here}, "html": {"href": html}, "pull_request": {"href": about}}
    return {
        "id": it.id,
        "node_id": node("PullRequestReviewComment", it.id),
        "url": here,
        "html_url": html,
        "pull_request_url": about,
        "_links": links,
        "pull_request_review_id": None,
        "user": account(state, it.user),
        "body": it.body,
        "path": it.path,
        "diff_hunk": it.hunk,
        "line": it.line,
        "original_line": it.line,
        "side": "RIGHT",
        "subject_type": "line",
        "commit_id": it.commit_id,
        "original_commit_id": it.commit_id,
        "created_at": it.created_at,
        "updated_at": it.updated_at,
        "author_association": association(state, found, it.user),
    }
