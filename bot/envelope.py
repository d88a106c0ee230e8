"""What comes in, and the name it is remembered by: one for each thing that happened, however often told.

Pure: verified Slack payloads and GitHub webhooks become an :class:`Envelope`, or nothing when there is
nothing to do.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from bot.facts import REQUEST_BRANCH, THREAD_MARKER, Body, fact_of, thread_marker
from bot.facts import map_in as _map
from bot.facts import text_in as _text

__all__ = [
    "REQUEST_BRANCH",
    "THREAD_MARKER",
    "Body",
    "Envelope",
    "conversation_id",
    "is_direct",
    "of_fact",
    "of_github",
    "of_slack",
    "thread_marker",
]

_SPOKEN = (None, "file_share", "thread_broadcast", "message_changed")
_SECRET = ("token", "response_url", "response_urls", "authorizations", "authed_users")
_KEY_LENGTH = 200
_OF_APPLY = ("apply_started", "apply_ended", "progress", "receipts")
"""Several of these may tell the same: worked on in order, the second one sees what the first has told."""


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
        found = (
            (hash_.partition(".")[0], "view", _text(view, "id"), hash_),
            _text(_map(body, "user"), "id"),
        )
    elif kind == "message_action":
        found = _pointed(body)
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
    if kind == "assistant_thread_started":
        opened = _map(event, "assistant_thread")
        where = _text(opened, "channel_id"), _text(opened, "thread_ts")
        return (_text(event, "event_ts"), "event", _text(body, "event_id")), _partition(*where)
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


def _pointed(body: Body) -> tuple[tuple[str, ...], str]:
    """A shortcut on a message."""
    message = _map(body, "message")
    thread = _text(message, "thread_ts") or _text(message, "ts")
    key = (_text(body, "action_ts"), "shortcut", _text(body, "trigger_id"))
    return key, _partition(_text(_map(body, "channel"), "id"), thread)


def _action(body: Body) -> tuple[tuple[str, ...], str]:
    container, actions = _map(body, "container"), body.get("actions")
    first = actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], dict) else {}
    if container.get("type") == "view":  # App Home; a form's own inputs are sent with the form
        key = (_text(first, "action_ts"), "action", _text(body, "trigger_id"))
        return key, f"home/{_text(_map(body, 'user'), 'id')}"
    channel = _text(container, "channel_id") or _text(_map(body, "channel"), "id")
    thread = _text(container, "thread_ts") or _text(_map(body, "message"), "thread_ts")
    partition = _partition(channel, thread or _text(container, "message_ts"))
    return (_text(first, "action_ts"), "action", _text(body, "trigger_id")), partition


def _partition(channel: str, thread: str) -> str:
    return channel if is_direct(channel) else f"{channel}/{thread}"


# --- GitHub -----------------------------------------------------------------------------------------


def of_github(event: str, delivery: str, body: Body, repository: str) -> Envelope | None:
    """The envelope of a GitHub webhook about this repository; ``payload`` is a fact of :mod:`bot.facts`."""
    if _text(_map(body, "repository"), "full_name").casefold() != repository.casefold():
        return None
    fact = fact_of(event, body)
    return None if fact is None else of_fact(delivery, fact)


def of_fact(key: str, fact: dict[str, Any]) -> Envelope:
    """The envelope of a fact; everything about one branch is worked on in order, however we know of it."""
    lane = fact.get("branch") or ("apply" if fact["fact"] in _OF_APPLY else fact["fact"])
    return Envelope("github", _key("github", key), f"github/{lane}", fact)


def _key(*parts: str) -> str:
    key = ":".join(parts)
    return key if len(key) <= _KEY_LENGTH else f"{parts[0]}:{hashlib.sha256(key.encode()).hexdigest()}"
