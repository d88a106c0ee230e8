"""What comes in, and the name it is remembered by: one for each thing that happened, however often told.

Pure: verified Slack payloads and GitHub webhooks become an :class:`Envelope`, or nothing when there is
nothing to do.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Body = Mapping[str, Any]

REQUEST_BRANCH = "request/"
RECEIPTS_BRANCH = "refs/heads/receipts"
CHECKS = ("lakeport/plan", "lakeport/gate")
THREAD_MARKER = re.compile(r"<!-- lakeport:thread ([CDG][A-Z0-9]{1,30})/(\d{1,12}\.\d{1,9}) -->")
"""Hidden in the body of a pull request: the Slack thread it came from."""

_SPOKEN = (None, "file_share", "thread_broadcast", "message_changed")
_SECRET = ("token", "response_url", "response_urls", "authorizations", "authed_users")
_KEY_LENGTH = 200


@dataclass(frozen=True)
class Envelope:
    """Something to do: ``key`` is the same for every delivery of it, one ``partition`` is worked on in order.

    Slack's keys begin with Slack's time: what arrives within one second is worked on in the order of its keys
    (DBOS on SQLite and Python 3.11 counts whole seconds, and breaks ties by workflow id). ``source`` is slack
    or github; ``payload`` is JSON, without secrets, and no longer than needed.
    """

    source: str
    key: str
    partition: str
    payload: dict[str, Any]


def thread_marker(channel: str, thread_ts: str) -> str:
    """What :data:`THREAD_MARKER` finds again."""
    return f"<!-- lakeport:thread {channel}/{thread_ts} -->"


def conversation_id(channel: str, thread_ts: str) -> str:
    """The id of the conversation in a thread; opaque, and the same whenever it is worked out."""
    return "c" + hashlib.sha256(f"{channel}/{thread_ts}".encode()).hexdigest()[:24]


def is_direct(channel: str) -> bool:
    """Whether a channel is a direct conversation with one person."""
    return channel.startswith("D")


# --- Slack ------------------------------------------------------------------------------------------


def of_slack(body: Body) -> Envelope | None:
    """The envelope of a Slack payload (an event, an interaction or a command), ``None`` for nothing to do."""
    kind = body.get("type")
    if kind == "event_callback":
        found = _event(body)
    elif kind == "block_actions":
        found = _action(body)
    elif kind == "view_submission":
        view = _map(body, "view")
        hash_ = _text(view, "hash")
        found = (hash_.partition(".")[0], "view", _text(view, "id"), hash_), _text(_map(body, "user"), "id")
    elif "command" in body:
        found = ("command", _text(body, "trigger_id")), "command/" + _text(body, "user_id")
    else:
        return None
    if found is None or not found[0][-1]:
        return None
    key, partition = found
    payload = {name: value for name, value in body.items() if name not in _SECRET}
    return Envelope("slack", _key("slack", *key), partition, payload)


def _event(body: Body) -> tuple[tuple[str, ...], str] | None:
    event = _map(body, "event")
    kind, channel, user = event.get("type"), _text(event, "channel"), _text(event, "user")
    if kind == "app_home_opened":
        if event.get("tab", "home") != "home":
            return None
        return (_text(event, "event_ts"), "event", _text(body, "event_id")), user
    if kind not in ("app_mention", "message") or event.get("bot_id") or event.get("subtype") not in _SPOKEN:
        return None
    if event.get("subtype") == "message_changed":
        message = _map(event, "message")
        if message.get("bot_id") or _text(message, "text") == _text(_map(event, "previous_message"), "text"):
            return None  # a link was unfolded, or it is a message of ours
        thread = _text(message, "thread_ts") or _text(message, "ts")
        return (_text(event, "event_ts"), "event", _text(body, "event_id")), _partition(channel, thread)
    ts, thread = _text(event, "ts"), _text(event, "thread_ts")
    if not ts:
        return None
    if kind == "message" and not (is_direct(channel) or thread or "<@" in _text(event, "text")):
        return None  # talk in a channel that is not meant for us
    # A mention arrives as app_mention and as message, under two event ids; the message is what happened.
    return (ts, "message", _text(body, "team_id"), channel), _partition(channel, thread or ts)


def _action(body: Body) -> tuple[tuple[str, ...], str]:
    container, actions = _map(body, "container"), body.get("actions")
    first = actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], dict) else {}
    channel = _text(container, "channel_id") or _text(_map(body, "channel"), "id")
    thread = _text(container, "thread_ts") or _text(_map(body, "message"), "thread_ts")
    partition = _partition(channel, thread or _text(container, "message_ts"))
    return (_text(first, "action_ts"), "action", _text(body, "trigger_id")), partition


def _partition(channel: str, thread: str) -> str:
    return channel if is_direct(channel) else f"{channel}/{thread}"


# --- GitHub -----------------------------------------------------------------------------------------


def of_github(event: str, delivery: str, body: Body, repository: str) -> Envelope | None:
    """The envelope of a GitHub webhook about this repository; ``payload`` is the fact, see :func:`_FACTS`."""
    if _text(_map(body, "repository"), "full_name").casefold() != repository.casefold():
        return None
    reader = _FACTS.get(event)
    fact = reader(body) if reader else None
    if fact is None:
        return None
    branch = str(fact.get("branch") or fact["fact"])
    return Envelope("github", _key("github", delivery), f"github/{branch}", fact)


def _pull(body: Body) -> dict[str, Any] | None:
    pull = _map(body, "pull_request")
    head, branch = _map(pull, "head"), _text(_map(pull, "head"), "ref")
    if not branch.startswith(REQUEST_BRANCH):
        return None
    own = _text(_map(head, "repo"), "full_name") == _text(_map(body, "repository"), "full_name")
    marker = THREAD_MARKER.search(_text(pull, "body")) if own else None
    number = pull.get("number")
    return {
        "branch": branch,
        "pull": number if isinstance(number, int) else None,
        "url": _text(pull, "html_url"),
        "thread": [marker[1], marker[2]] if marker else None,
        "sha": _text(head, "sha"),
    }


def _pull_request(body: Body) -> dict[str, Any] | None:
    pull, action = _pull(body), body.get("action")
    if pull is None or action not in ("opened", "reopened", "closed"):
        return None
    merged = _map(body, "pull_request").get("merged") is True
    fact = "opened" if action != "closed" else "merged" if merged else "closed"
    sha = _text(_map(body, "pull_request"), "merge_commit_sha") if merged else pull["sha"]
    login = _text(_map(body, "sender"), "login")
    return pull | {
        "fact": fact,
        "sha": sha,
        "login": login,
        "at": _text(_map(body, "pull_request"), "updated_at"),
    }


def _review(body: Body) -> dict[str, Any] | None:
    pull, review = _pull(body), _map(body, "review")
    state = _text(review, "state").lower()
    if pull is None or body.get("action") != "submitted":
        return None
    if state not in ("approved", "changes_requested", "commented"):
        return None
    return pull | {
        "fact": "reviewed",
        "login": _text(_map(review, "user"), "login"),
        "state": state,
        "text": _text(review, "body")[:3000],
        "url": _text(review, "html_url"),
        "review": str(review.get("id", "")),
    }


def _check(body: Body) -> dict[str, Any] | None:
    run = _map(body, "check_run")
    branch = _text(_map(run, "check_suite"), "head_branch")
    pulls = run.get("pull_requests")
    first = pulls[0] if isinstance(pulls, list) and pulls and isinstance(pulls[0], dict) else {}
    branch = branch or _text(_map(first, "head"), "ref")
    done = body.get("action") in ("completed", "created") and run.get("status") == "completed"
    if not done or _text(run, "name") not in CHECKS:
        return None
    return {
        "fact": "checked",
        "branch": branch,
        "pull": first.get("number") if isinstance(first.get("number"), int) else None,
        "name": _text(run, "name"),
        "sha": _text(run, "head_sha"),
        "conclusion": _text(run, "conclusion"),
        "title": _text(_map(run, "output"), "title")[:300],
        "summary": _text(_map(run, "output"), "summary")[:3000],
        "url": _text(run, "html_url"),
    }


def _workflow(body: Body) -> dict[str, Any] | None:
    run, action = _map(body, "workflow_run"), body.get("action")
    if not _text(run, "path").split("@")[0].endswith("/apply.yml"):
        return None
    if action not in ("requested", "in_progress", "completed"):
        return None
    return {
        "fact": "apply_ended" if action == "completed" else "apply_started",
        "sha": _text(run, "head_sha"),
        "conclusion": _text(run, "conclusion"),
        "url": _text(run, "html_url"),
        "run": f"{run.get('id', '')}-{run.get('run_attempt', 1)}",
    }


def _push(body: Body) -> dict[str, Any] | None:
    if _text(body, "ref") == RECEIPTS_BRANCH:
        return {"fact": "receipts", "sha": _text(body, "after")}
    default = _text(_map(body, "repository"), "default_branch")
    if default and _text(body, "ref") == f"refs/heads/{default}":
        return {"fact": "pushed", "sha": _text(body, "after")}
    return None


_FACTS = {
    "pull_request": _pull_request,
    "pull_request_review": _review,
    "check_run": _check,
    "workflow_run": _workflow,
    "push": _push,
}
"""Webhook event → what it says, as small JSON: ``fact`` is opened, merged, closed, reviewed, checked,
apply_started, apply_ended, receipts or pushed; the rest is named for what it is."""


def _map(body: Body, name: str) -> Body:
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _key(*parts: str) -> str:
    key = ":".join(parts)
    return key if len(key) <= _KEY_LENGTH else f"{parts[0]}:{hashlib.sha256(key.encode()).hexdigest()}"
