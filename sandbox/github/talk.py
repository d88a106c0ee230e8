"""Operations on the conversation of a pull request: the issue it also is, comments and labels."""

from __future__ import annotations

from typing import Any

from sandbox.github.answers import Answer, ApiError, Page, invalid, not_found
from sandbox.github.call import Call, Routes
from sandbox.github.data import Comment, Pull, now
from sandbox.github.events import comment_event, pull_event
from sandbox.github.line_comments import recent
from sandbox.github.models_pulls import comment, issue, label
from sandbox.github.repos import ensure_label

routes = Routes()
ISSUES = "/repos/{owner}/{repo}/issues"
LONGEST = 65536


def _the_issue(call: Call) -> Pull:
    found = call.repository.pulls.get(call.number("issue_number"))
    if found is None:
        raise not_found()
    return found


@routes("GET", ISSUES, "conversation:read")
def issues(call: Call) -> Any:
    """Pull requests as issues, newest first."""
    wanted = call.query.get("state", "open")
    found = [it for it in call.repository.pulls.values() if wanted in ("all", it.state)]
    return Page([issue(call.state, call.repository, it) for it in reversed(found)])


@routes("GET", ISSUES + "/comments", "conversation:read")
def comments_on_all(call: Call) -> Any:
    """The comments in all conversations, by ``since``, ``sort`` and ``direction``."""
    found = recent(call, list(call.repository.comments.values()))
    return Page([comment(call.state, call.repository, each) for each in found])


@routes("GET", ISSUES + "/{issue_number}", "conversation:read")
def some_issue(call: Call) -> Any:
    """A pull request as an issue."""
    return issue(call.state, call.repository, _the_issue(call))


@routes("GET", ISSUES + "/{issue_number}/comments", "conversation:read")
def comments(call: Call) -> Any:
    """Its comments, oldest first."""
    number = _the_issue(call).number
    found = [each for each in call.repository.comments.values() if each.number == number]
    return Page([comment(call.state, call.repository, each) for each in found])


def _body(call: Call) -> str:
    text = call.text("body", required=True, resource="IssueComment")
    if len(text) > LONGEST:
        message = f"body is too long (maximum is {LONGEST} characters)"
        raise invalid("IssueComment", "body", "unprocessable", message)
    return text


@routes("POST", ISSUES + "/{issue_number}/comments", "conversation:write")
def create_comment(call: Call) -> Any:
    """Say something."""
    it = _the_issue(call)
    app = call.app.slug if call.app else ""
    made = Comment(call.state.new_id(), it.number, call.caller.login, _body(call), app)
    call.repository.comments[made.id] = made
    it.updated_at = now()
    comment_event(call.actor, call.repository, made, "created")
    return Answer(comment(call.state, call.repository, made), 201)


def _the_comment(call: Call, *, to_change: bool = False) -> Comment:
    found = call.repository.comments.get(call.number("comment_id"))
    if found is None:
        raise not_found()
    mine = found.user == call.caller.login if to_change else True
    if not mine and call.level(call.repository) not in ("write", "admin"):
        raise ApiError(403, "Must have admin rights to Repository.")
    return found


@routes("GET", ISSUES + "/comments/{comment_id}", "conversation:read")
def some_comment(call: Call) -> Any:
    """One comment."""
    return comment(call.state, call.repository, _the_comment(call))


@routes("PATCH", ISSUES + "/comments/{comment_id}", "conversation:write")
def change_comment(call: Call) -> Any:
    """Say it differently."""
    found = _the_comment(call, to_change=True)
    before, found.body, found.updated_at = found.body, _body(call), now()
    comment_event(call.actor, call.repository, found, "edited", changes={"body": {"from": before}})
    return comment(call.state, call.repository, found)


@routes("DELETE", ISSUES + "/comments/{comment_id}", "conversation:write")
def delete_comment(call: Call) -> Any:
    """Take it back."""
    found = _the_comment(call, to_change=True)
    del call.repository.comments[found.id]
    comment_event(call.actor, call.repository, found, "deleted")
    return Answer(None, 204)


# -- labels on a pull request -------------------------------------------------------------------------


def _labels(call: Call, it: Pull) -> Any:
    return Page([label(call.state, call.repository, name) for name in it.labels])


@routes("GET", ISSUES + "/{issue_number}/labels", "conversation:read")
def labels_of(call: Call) -> Any:
    """Labels of a pull request."""
    return _labels(call, _the_issue(call))


def _names(call: Call) -> list[str]:
    given = call.body.get("labels", [])
    names = [each.get("name") if isinstance(each, dict) else each for each in given]
    if not all(isinstance(name, str) and name for name in names):
        raise invalid("Label", "name")
    return [str(name) for name in names]


@routes("POST", ISSUES + "/{issue_number}/labels", "conversation:write")
def add_labels(call: Call) -> Any:
    """Add labels."""
    it = _the_issue(call)
    for name in _names(call):
        ensure_label(call, call.repository, name)
        if name not in it.labels:
            it.labels.append(name)
            about = label(call.state, call.repository, name)
            pull_event(call.actor, call.repository, it, "labeled", label=about)
    return _labels(call, it)


@routes("PUT", ISSUES + "/{issue_number}/labels", "conversation:write")
def set_labels(call: Call) -> Any:
    """Replace the labels."""
    it = _the_issue(call)
    it.labels.clear()
    return add_labels(call)


@routes("DELETE", ISSUES + "/{issue_number}/labels/{name}", "conversation:write")
def remove_label(call: Call) -> Any:
    """Take one label off."""
    it, name = _the_issue(call), call.parameters["name"]
    if name not in it.labels:
        raise ApiError(404, "Label does not exist")
    it.labels.remove(name)
    return _labels(call, it)
