"""Slack's Web API in memory, for :class:`bot.slackclient.SlackClient`: strict, and able to fail."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from slack_sdk.errors import SlackApiError

from tests.support.slack_events import BOT, TEAM

ARGUMENTS: Mapping[str, set[str]] = {
    "auth.test": set(),
    "chat.postMessage": {
        "channel", "text", "blocks", "thread_ts", "unfurl_links", "unfurl_media", "metadata",
    },
    "chat.update": {"channel", "ts", "text", "blocks"},
    "chat.postEphemeral": {"channel", "user", "text", "thread_ts"},
    "conversations.open": {"users"},
    "assistant.threads.setSuggestedPrompts": {"channel_id", "thread_ts", "prompts"},
    "assistant.threads.setStatus": {"channel_id", "thread_ts", "status"},
    "chat.getPermalink": {"channel", "message_ts"},
    "conversations.replies": {"channel", "ts", "include_all_metadata", "limit", "cursor"},
    "conversations.history": {"channel", "include_all_metadata", "limit", "cursor"},
    "views.open": {"trigger_id", "view"},
    "views.publish": {"user_id", "view"},
}  # fmt: skip


class FakeWebClient:
    """The one method of ``slack_sdk.WebClient`` that is used. A call it does not know is a failure.

    ``fail`` maps a method to what happens at its next calls: an error code of Slack's, an exception, or
    ``("after", exception)`` to raise once the effect has happened.
    """

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.whispers: list[dict[str, Any]] = []
        self.views: list[dict[str, Any]] = []
        self.homes: list[dict[str, Any]] = []
        self.prompts: list[dict[str, Any]] = []
        self.statuses: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.fail: dict[str, list[Any]] = {}
        self._lock = threading.Lock()
        self._clock = 1_700_001_000

    def api_call(
        self, method: str, *, json: dict[str, Any] | None = None, params: dict[str, Any] | None = None
    ) -> Any:
        given = (json or {}) | (params or {})
        assert method in ARGUMENTS, f"unknown method {method}"
        assert set(given) <= ARGUMENTS[method], f"{method} does not take {set(given) - ARGUMENTS[method]}"
        with self._lock:
            self.calls.append(method)
            planned = self.fail.get(method) or []
            failure = planned.pop(0) if planned else None
            if isinstance(failure, str):
                answer = SimpleNamespace(status_code=200, get={"error": failure}.get)
                raise SlackApiError("failed", answer)
            if isinstance(failure, BaseException):
                raise failure
            result = getattr(self, "_" + method.replace(".", "_"))(**given)
            if isinstance(failure, tuple):
                raise failure[1]
            return SimpleNamespace(data={"ok": True} | result)

    def in_thread(self, channel: str, thread_ts: str) -> list[dict[str, Any]]:
        """The bot's messages in a thread."""
        return [
            one for one in self.messages if (one["channel"], one.get("thread_ts")) == (channel, thread_ts)
        ]

    def texts(self) -> list[str]:
        return [str(one["text"]) for one in self.messages]

    def _auth_test(self) -> dict[str, Any]:
        return {"team_id": TEAM, "user_id": BOT, "bot_id": "B0LAKEPORT"}

    def _chat_postMessage(self, channel: str, text: str, **more: Any) -> dict[str, Any]:
        assert text
        assert len(more.get("blocks") or ()) <= 50
        self._clock += 1
        ts = f"{self._clock}.000100"
        self.messages.append({"channel": channel, "text": text, "ts": ts, **more})
        return {"ts": ts, "channel": channel}

    def _chat_update(self, channel: str, ts: str, text: str, blocks: Any) -> dict[str, Any]:
        found = next(one for one in self.messages if (one["channel"], one["ts"]) == (channel, ts))
        found |= {"text": text, "blocks": blocks, "updated": found.get("updated", 0) + 1}
        return {"ts": ts}

    def _chat_postEphemeral(self, channel: str, user: str, text: str, **more: Any) -> dict[str, Any]:
        self.whispers.append({"channel": channel, "user": user, "text": text, **more})
        return {}

    def _conversations_open(self, users: str) -> dict[str, Any]:
        return {"channel": {"id": f"D{users}"}}

    def _assistant_threads_setSuggestedPrompts(self, **given: Any) -> dict[str, Any]:
        assert 0 < len(given["prompts"]) <= 4
        self.prompts.append(given)
        return {}

    def _assistant_threads_setStatus(self, **given: Any) -> dict[str, Any]:
        self.statuses.append(given)
        return {}

    def _chat_getPermalink(self, channel: str, message_ts: str) -> dict[str, Any]:
        return {"permalink": f"https://acme.slack.example/archives/{channel}/p{message_ts.replace('.', '')}"}

    def _conversations_replies(
        self, channel: str, ts: str, limit: int, cursor: str = "", **_: Any
    ) -> dict[str, Any]:
        return self._page([{"ts": ts}, *self.in_thread(channel, ts)], limit, cursor)

    def _conversations_history(self, channel: str, limit: int, cursor: str = "", **_: Any) -> dict[str, Any]:
        found = [one for one in self.messages if one["channel"] == channel and not one.get("thread_ts")]
        return self._page(found[::-1], limit, cursor)

    @staticmethod
    def _page(found: list[dict[str, Any]], limit: int, cursor: str) -> dict[str, Any]:
        start = int(cursor or 0)
        following = str(start + limit) if len(found) > start + limit else ""
        return {"messages": found[start : start + limit], "response_metadata": {"next_cursor": following}}

    def _views_open(self, trigger_id: str, view: dict[str, Any]) -> dict[str, Any]:
        self.views.append({"trigger_id": trigger_id, "view": view})
        return {}

    def _views_publish(self, user_id: str, view: dict[str, Any]) -> dict[str, Any]:
        self.homes.append({"user": user_id, "view": view})
        return {}
