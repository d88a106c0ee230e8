"""The records of the rehearsal Slack: people, channels, messages, forms, triggers; and the error it answers
with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

TEAM_ID, TEAM_DOMAIN, APP_ID = "T0LAKEPORT", "acme", "A0LAKEPORT"
BOT_USER, BOT_ID = "U0LAKEPORT", "B0LAKEPORT"
TRIGGER_SECONDS = 3.0
RESPONSE_USES, RESPONSE_SECONDS = 5, 1800.0
MAX_VIEWS = 3


class SlackError(Exception):
    """An answer ``{"ok": false, "error": …}``; ``messages`` say what was wrong with the arguments."""

    def __init__(self, error: str, *messages: str) -> None:
        super().__init__(error if not messages else f"{error}: {'; '.join(messages)}")
        self.error = error
        self.messages = list(messages)


@dataclass(frozen=True)
class Person:
    """A member of the workspace; ``handle`` is what others type after ``@``."""

    id: str
    handle: str
    name: str
    email: str = ""
    is_bot: bool = False


@dataclass
class Message:
    """One message as Slack stores it; ``only_for`` names the one person who sees an ephemeral one."""

    ts: str
    channel: str
    user: str
    text: str
    thread_ts: str | None = None
    blocks: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    by_bot: bool = False
    client_msg_id: str | None = None
    edited: str | None = None
    only_for: str | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)

    def as_json(self, *, metadata: bool = False) -> dict[str, Any]:
        """The message as the Web API and events show it."""
        found: dict[str, Any] = {
            "type": "message",
            "user": self.user,
            "ts": self.ts,
            "text": self.text,
            "team": TEAM_ID,
        }
        if self.blocks:
            found["blocks"] = self.blocks
        if self.thread_ts:
            found["thread_ts"] = self.thread_ts
        if self.by_bot:
            found |= {"bot_id": BOT_ID, "app_id": APP_ID}
        if self.client_msg_id:
            found["client_msg_id"] = self.client_msg_id
        if self.edited:
            found["edited"] = {"user": self.user, "ts": self.edited}
        if self.reactions:
            found["reactions"] = [
                {"name": name, "users": users, "count": len(users)}
                for name, users in self.reactions.items()
                if users
            ]
        if metadata and self.metadata:
            found["metadata"] = self.metadata
        return found


@dataclass
class Channel:
    """A channel, or the direct conversation of one person with the bot (``is_im``)."""

    id: str
    name: str
    members: list[str]
    is_im: bool = False
    messages: list[Message] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """``channel_type`` of message events."""
        return "im" if self.is_im else "channel"


@dataclass
class View:
    """A form (or a Home tab) that stands open for one person."""

    id: str
    user: str
    root: str
    previous: str | None
    content: dict[str, Any]
    hash: str
    values: dict[str, dict[str, Any]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The view as the Web API and payloads show it."""
        basis = {
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
            "submit": None,
            "close": None,
        }
        return {
            **basis,
            **self.content,
            "id": self.id,
            "team_id": TEAM_ID,
            "state": {"values": self.values},
            "hash": self.hash,
            "previous_view_id": self.previous,
            "root_view_id": self.root,
            "app_id": APP_ID,
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
        }


@dataclass
class Trigger:
    """Permission to open one form for one person, for three seconds, once."""

    user: str
    at: float
    view: str | None = None
    used: bool = False


@dataclass
class ResponseUrl:
    """Where an interaction may be answered for half an hour, five times."""

    channel: str
    user: str
    message_ts: str | None
    thread_ts: str | None
    at: float
    uses: int = 0
