"""What Slack sends: payloads as they arrive, and its signature."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

BOT = "U0LAKEPORT"
TEAM = "T0ACME"


def signed(secret: str, body: bytes, stamp: int | str, kind: str = "application/json") -> dict[str, str]:
    """The headers of a request of Slack's."""
    base = f"v0:{stamp}:".encode() + body
    digest = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {
        "content-type": kind,
        "x-slack-request-timestamp": str(stamp),
        "x-slack-signature": f"v0={digest}",
    }


def event(event_id: str = "Ev1", **fields: Any) -> dict[str, Any]:
    """An Events API envelope around an event."""
    return {
        "type": "event_callback",
        "token": "canary-verification",
        "team_id": TEAM,
        "event_id": event_id,
        "event_time": 1_700_000_000,
        "event": fields,
    }


def said(
    text: str,
    *,
    ts: str = "1700000000.000100",
    user: str = "U024BE7LH",
    channel: str = "C0REQUESTS",
    thread_ts: str = "",
    kind: str = "message",
    event_id: str = "Ev1",
) -> dict[str, Any]:
    """Somebody wrote a message."""
    fields: dict[str, Any] = {"type": kind, "user": user, "text": text, "ts": ts, "channel": channel}
    if kind == "message":
        fields["channel_type"] = "im" if channel.startswith("D") else "channel"
    if thread_ts:
        fields["thread_ts"] = thread_ts
    return event(event_id, event_ts=ts, **fields)


def pressed(
    action_id: str,
    value: str,
    *,
    channel: str,
    thread_ts: str,
    action_ts: str = "1700000100.000100",
    trigger: str = "t.1",
    user: str = "U024BE7LH",
    **more: Any,
) -> dict[str, Any]:
    """Somebody pressed a button."""
    action = {
        "type": "button",
        "action_id": action_id,
        "block_id": "b",
        "value": value,
        "action_ts": action_ts,
    }
    return {
        "type": "block_actions",
        "token": "canary-verification",
        "team": {"id": TEAM},
        "user": {"id": user, "team_id": TEAM},
        "trigger_id": trigger,
        "response_url": "https://hooks.slack.com/canary",
        "container": {
            "type": "message",
            "message_ts": "1700000050.000100",
            "channel_id": channel,
            "thread_ts": thread_ts,
        },
        "channel": {"id": channel},
        "message": {"ts": "1700000050.000100", "thread_ts": thread_ts},
        "actions": [action | more],
    }


def home_pressed(
    action_id: str, value: str, *, user: str = "U024BE7LH", trigger: str = "t.7"
) -> dict[str, Any]:
    """Somebody pressed a button on App Home."""
    body = pressed(action_id, value, channel="", thread_ts="", user=user, trigger=trigger)
    view = {"id": "V0HOME", "type": "home"}
    for name in ("channel", "message"):
        del body[name]
    return body | {"container": {"type": "view", "view_id": "V0HOME"}, "view": view}


def pointed(
    text: str,
    *,
    author: str = "U024BE7LH",
    user: str = "U024BE7LH",
    ts: str = "1700000000.000100",
    thread_ts: str = "",
    trigger: str = "t.8",
) -> dict[str, Any]:
    """Somebody chose the shortcut "make a request of this" on a message."""
    message = {"type": "message", "user": author, "text": text, "ts": ts}
    return {
        "type": "message_action",
        "token": "canary-verification",
        "callback_id": "make_request",
        "action_ts": "1700000300.000100",
        "trigger_id": trigger,
        "response_url": "https://hooks.slack.com/canary",
        "team": {"id": TEAM},
        "user": {"id": user},
        "channel": {"id": "C0REQUESTS"},
        "message_ts": ts,
        "message": message | ({"thread_ts": thread_ts} if thread_ts else {}),
    }


def assistant_started(
    channel: str = "D024BE7LH", thread_ts: str = "1700000000.000900", event_id: str = "EvAssistant"
) -> dict[str, Any]:
    """Somebody opened a thread with the assistant."""
    thread = {"user_id": "U024BE7LH", "channel_id": channel, "thread_ts": thread_ts, "context": {}}
    return event(event_id, type="assistant_thread_started", assistant_thread=thread, event_ts=thread_ts)


def command(
    text: str, *, trigger: str = "t.9", user: str = "U024BE7LH", channel: str = "C0REQUESTS"
) -> dict[str, str]:
    """Somebody typed ``/lakeport …``."""
    return {
        "token": "canary-verification",
        "team_id": TEAM,
        "channel_id": channel,
        "user_id": user,
        "command": "/lakeport",
        "text": text,
        "trigger_id": trigger,
        "response_url": "https://hooks.slack.com/canary",
    }


def form(fields: dict[str, str]) -> bytes:
    """A form's body."""
    return urlencode(fields).encode()


def payload(body: dict[str, Any]) -> bytes:
    """An interaction's body: a form with the JSON in it."""
    return form({"payload": json.dumps(body)})
