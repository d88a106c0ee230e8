"""What GitHub tells, as small facts: webhooks, and what is looked up in their place, cut to what is needed.

Pure. A fact is JSON: ``fact`` is opened, revised, merged, closed, reviewed, commented, checked,
apply_started, apply_ended, progress, receipts or pushed; the rest is named for what it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gitops import comment_orders
from gitops.live import decode
from gitops.render_lifecycle import EXPIRY_MARK

Body = Mapping[str, Any]

REQUEST_BRANCH = "request/"
RECEIPTS_BRANCH = "refs/heads/receipts"
PLAN_CHECK = "lakeport/plan"
CHECKS = (PLAN_CHECK, "lakeport/gate")
OUR_MARK = "<!-- lakeport:"
"""How every comment of ours begins, whichever account wrote it."""
THREAD_MARKER = re.compile(r"<!-- lakeport:thread ([CDG][A-Z0-9]{1,30})/(\d{1,12}\.\d{1,9}) -->")
"""Hidden in the body of a pull request: the Slack thread it came from."""


def thread_marker(channel: str, thread_ts: str) -> str:
    """What :data:`THREAD_MARKER` finds again."""
    return f"<!-- lakeport:thread {channel}/{thread_ts} -->"


def fact_of(event: str, body: Body) -> dict[str, Any] | None:
    """What a webhook says, ``None`` when that is of no use to us."""
    reader = _FACTS.get(event)
    return reader(body) if reader else None


def name_of(fact: Body) -> str:
    """The name of a fact: one for everything that happened, however we came to know of it."""
    match fact["fact"]:
        case "opened":
            return f"opened:{fact['pull']}"
        case "revised":
            return f"revised:{fact['pull']}:{fact['sha']}"
        case "merged":
            return f"merged:{fact['sha']}"
        case "closed":
            return f"closed:{fact['pull']}:{fact['at']}"
        case "reviewed":
            return f"review:{fact['review']}"
        case "commented":
            return f"{fact['where']}-comment:{fact['comment']}"
        case "checked":
            return f"check:{fact['name']}:{fact['sha']}:{fact['conclusion']}"
        case "apply_started" | "apply_ended":
            return f"{fact['fact']}:{fact['run']}"
        case "progress":
            return f"progress:{fact['run']}:{fact['number']}"
        case _:
            return f"{fact['fact']}:{fact['sha']}"


def _pull(body: Body) -> dict[str, Any] | None:
    pull = map_in(body, "pull_request")
    head, branch = map_in(pull, "head"), text_in(map_in(pull, "head"), "ref")
    home, here = text_in(map_in(head, "repo"), "full_name"), text_in(map_in(body, "repository"), "full_name")
    if not branch.startswith(REQUEST_BRANCH) or home.casefold() != here.casefold():
        return None  # anybody can name a branch of a fork after a request
    marker = THREAD_MARKER.search(text_in(pull, "body"))
    number = pull.get("number")
    return {
        "branch": branch,
        "pull": number if isinstance(number, int) else None,
        "url": text_in(pull, "html_url"),
        "thread": [marker[1], marker[2]] if marker else None,
        "sha": text_in(head, "sha"),
    }


_ACTIONS = {"opened": "opened", "reopened": "opened", "synchronize": "revised", "closed": "closed"}
"""What GitHub calls what happened to a pull request, and what we do."""


def _pull_request(body: Body) -> dict[str, Any] | None:
    pull, action = _pull(body), body.get("action")
    if pull is None or action not in _ACTIONS:
        return None
    merged = map_in(body, "pull_request").get("merged") is True
    fact = "merged" if merged else _ACTIONS[action]
    sha = text_in(map_in(body, "pull_request"), "merge_commit_sha") if merged else pull["sha"]
    login = text_in(map_in(body, "sender"), "login")
    return pull | {
        "fact": fact,
        "sha": sha,
        "login": login,
        # Not when it was last updated: what is said on it later would make another fact of it.
        "at": text_in(map_in(body, "pull_request"), "closed_at"),
    }


def _review(body: Body) -> dict[str, Any] | None:
    pull, review = _pull(body), map_in(body, "review")
    state = text_in(review, "state").lower()
    if pull is None or body.get("action") != "submitted":
        return None
    if state not in ("approved", "changes_requested", "commented"):
        return None
    if state == "commented" and not text_in(review, "body").strip():
        return None  # it only holds comments on lines, and those are told one by one
    return pull | {
        "fact": "reviewed",
        "login": text_in(map_in(review, "user"), "login"),
        "state": state,
        "text": text_in(review, "body")[:3000],
        "url": text_in(review, "html_url"),
        "review": str(review.get("id", "")),
    }


def _comment(body: Body) -> dict[str, Any] | None:
    """A comment in the conversation of a pull request; GitHub does not say here from which branch it is."""
    issue, said = map_in(body, "issue"), _said(body)
    number = issue.get("number")
    if not isinstance(issue.get("pull_request"), dict) or not isinstance(number, int):
        return None
    if said is None:
        return _progress(body, number) or _expiry(body, number)
    return said | {"branch": "", "pull": number, "where": "conversation", "line": ""}


def _line_comment(body: Body) -> dict[str, Any] | None:
    """A comment on a line of a file; the line is the last one of the piece of the difference."""
    pull, said = _pull(body), _said(body)
    if pull is None or said is None:
        return None
    comment = map_in(body, "comment")
    number = comment.get("line") or comment.get("original_line")
    name = text_in(comment, "path").rpartition("/")[2]
    quoted = text_in(comment, "diff_hunk").rpartition("\n")[2][1:].strip()
    place = f"{name}, line {number}" if isinstance(number, int) else name
    line = f"{place}, “{quoted[:200]}”" if quoted and number else place
    return pull | said | {"where": "line", "line": line[:400]}


def _progress(body: Body, number: int) -> dict[str, Any] | None:
    """How far the apply is, from the comment that it keeps up to date; people cannot write it for it."""
    comment = map_in(body, "comment")
    people = [map_in(comment, "user"), map_in(body, "sender")]
    if body.get("action") not in ("created", "edited") or any(one.get("type") != "Bot" for one in people):
        return None
    found = decode(text_in(comment, "body"))
    return None if found is None else {"fact": "progress", "branch": "", "pull": number, **vars(found)}


def _expiry(body: Body, number: int) -> dict[str, Any] | None:
    """What we say ourselves of an end date: whoever asked has to hear it. People cannot write it for us."""
    comment = map_in(body, "comment")
    people = [map_in(comment, "user"), map_in(body, "sender")]
    mark, _, text = text_in(comment, "body").partition("\n")
    if not mark.startswith(EXPIRY_MARK) or any(one.get("type") != "Bot" for one in people):
        return None
    if body.get("action") != "created" or not text.strip():
        return None
    return {
        "fact": "commented",
        "branch": "",
        "pull": number,
        "where": "conversation",
        "line": "",
        "comment": str(comment.get("id", "")),
        "login": text_in(map_in(comment, "user"), "login"),
        "text": text[:3000],
        "url": text_in(comment, "html_url"),
    }


def _said(body: Body) -> dict[str, Any] | None:
    """What somebody said in a new comment; nothing for a machine's, ours included, nor for an order."""
    comment = map_in(body, "comment")
    user, text = map_in(comment, "user"), text_in(comment, "body")
    if body.get("action") != "created" or not text.strip() or text.lstrip().startswith(OUR_MARK):
        return None
    if user.get("type") == "Bot" or text_in(user, "login").endswith("[bot]"):
        return None
    if comment_orders.read(text) is not None:
        return None
    return {
        "fact": "commented",
        "comment": str(comment.get("id", "")),
        "login": text_in(user, "login"),
        "text": text[:3000],
        "url": text_in(comment, "html_url"),
    }


def _check(body: Body) -> dict[str, Any] | None:
    run = map_in(body, "check_run")
    branch = text_in(map_in(run, "check_suite"), "head_branch")
    pulls = run.get("pull_requests")
    first = pulls[0] if isinstance(pulls, list) and pulls and isinstance(pulls[0], dict) else {}
    branch = branch or text_in(map_in(first, "head"), "ref")
    done = body.get("action") in ("completed", "created") and run.get("status") == "completed"
    if not done or text_in(run, "name") not in CHECKS:
        return None
    return {
        "fact": "checked",
        "branch": branch,
        "pull": first.get("number") if isinstance(first.get("number"), int) else None,
        "name": text_in(run, "name"),
        "sha": text_in(run, "head_sha"),
        "conclusion": text_in(run, "conclusion"),
        "title": text_in(map_in(run, "output"), "title")[:300],
        "summary": text_in(map_in(run, "output"), "summary")[:3000],
        "url": text_in(run, "html_url"),
    }


def _workflow(body: Body) -> dict[str, Any] | None:
    run, action = map_in(body, "workflow_run"), body.get("action")
    if not text_in(run, "path").split("@")[0].endswith("/apply.yml"):
        return None
    if action not in ("requested", "in_progress", "completed"):
        return None
    return {
        "fact": "apply_ended" if action == "completed" else "apply_started",
        "sha": text_in(run, "head_sha"),
        "conclusion": text_in(run, "conclusion"),
        "url": text_in(run, "html_url"),
        "run": f"{run.get('id', '')}-{run.get('run_attempt', 1)}",
    }


def _push(body: Body) -> dict[str, Any] | None:
    if text_in(body, "ref") == RECEIPTS_BRANCH:
        return {"fact": "receipts", "sha": text_in(body, "after")}
    default = text_in(map_in(body, "repository"), "default_branch")
    if default and text_in(body, "ref") == f"refs/heads/{default}":
        return {"fact": "pushed", "sha": text_in(body, "after")}
    return None


_FACTS = {
    "pull_request": _pull_request,
    "pull_request_review": _review,
    "pull_request_review_comment": _line_comment,
    "issue_comment": _comment,
    "check_run": _check,
    "workflow_run": _workflow,
    "push": _push,
}
EVENTS = tuple(_FACTS)
"""The webhooks that the requests repository has to send us."""


def map_in(body: Body, name: str) -> Body:
    """The object of this name in a payload; empty when it is none."""
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def text_in(body: Body, name: str) -> str:
    """The text of this name in a payload; empty when it is none."""
    value = body.get(name)
    return value if isinstance(value, str) else ""
