"""Slack's Web API behind every effect: calls become sentences of ours when they fail, and hold no token."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Mapping
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from bot.ports import Blocks, Identity
from bot.settings import Settings
from gitops.errors import RemoteDenied, RemoteError, RemoteUnavailable

EVENT_TYPE = "lakeport"
"""The type of the metadata of our messages."""
TIMEOUT_SECONDS = 15
PAGE, PAGES = 200, 5

_LATER = {"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
_DENIED = {
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "missing_scope",
    "not_in_channel",
    "channel_not_found",
    "is_archived",
    "restricted_action",
    "no_permission",
}


class SlackClient:
    """:class:`bot.ports.Slack` over the Web API; made once, safe from any thread."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._identity: Identity | None = None
        self._lock = threading.Lock()

    def identity(self) -> Identity:
        """Who we are; asked once, then remembered."""
        with self._lock:
            if self._identity is None:
                answer = self._call("auth.test")
                self._identity = Identity(
                    str(answer.get("team_id", "")),
                    str(answer.get("user_id", "")),
                    str(answer.get("bot_id", "")),
                )
            return self._identity

    def post(
        self, channel: str, thread_ts: str | None, text: str, blocks: Blocks, metadata: Mapping[str, Any]
    ) -> str:
        """Post a message, with no previews of links in it, and return its ts."""
        answer = self._call(
            "chat.postMessage",
            channel=channel,
            thread_ts=thread_ts,
            text=text,
            blocks=list(blocks) or None,
            unfurl_links=False,
            unfurl_media=False,
            metadata={"event_type": EVENT_TYPE, "event_payload": dict(metadata)},
        )
        return str(answer["ts"])

    def find(self, channel: str, thread_ts: str | None, key: str) -> str | None:
        """The ts of our message whose metadata has this ``key``, among the newest thousand."""
        method = "conversations.replies" if thread_ts else "conversations.history"
        cursor = ""
        for _ in range(PAGES):
            answer = self._call(
                method,
                channel=channel,
                ts=thread_ts,
                include_all_metadata=True,
                limit=PAGE,
                cursor=cursor or None,
            )
            for message in answer.get("messages") or ():
                metadata = message.get("metadata") or {}
                if (
                    metadata.get("event_type") == EVENT_TYPE
                    and metadata.get("event_payload", {}).get("key") == key
                ):
                    return str(message["ts"])
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                break
        return None

    def update(self, channel: str, ts: str, text: str, blocks: Blocks) -> None:
        """Show something else in a message of ours."""
        self._call("chat.update", channel=channel, ts=ts, text=text, blocks=list(blocks))

    def whisper(self, channel: str, user: str, text: str, thread_ts: str | None = None) -> None:
        """Tell one person where they are, or in a direct message where we may not speak."""
        try:
            self._call("chat.postEphemeral", channel=channel, user=user, text=text, thread_ts=thread_ts)
        except RemoteDenied:
            self._call("chat.postMessage", channel=user, text=text, unfurl_links=False)

    def direct(self, user: str) -> str:
        """The channel of the direct conversation with a person, opened where there was none."""
        return str(self._call("conversations.open", users=user)["channel"]["id"])

    def suggest(self, channel: str, thread_ts: str, prompts: Mapping[str, str]) -> None:
        """Offer sentences to begin with in an assistant thread: what is shown → what is said."""
        offered = [{"title": title, "message": said} for title, said in prompts.items()]
        self._call(
            "assistant.threads.setSuggestedPrompts", channel_id=channel, thread_ts=thread_ts, prompts=offered
        )

    def thinking(self, channel: str, thread_ts: str, status: str) -> None:
        """Say in an assistant thread that we are at it; Slack takes it away with our next message."""
        self._call("assistant.threads.setStatus", channel_id=channel, thread_ts=thread_ts, status=status)

    def open_form(self, trigger_id: str, view: Mapping[str, Any]) -> None:
        """Open a modal."""
        self._call("views.open", trigger_id=trigger_id, view=dict(view))

    def publish_home(self, user: str, view: Mapping[str, Any]) -> None:
        """Show the app's home to one person."""
        self._call("views.publish", user_id=user, view=dict(view))

    def permalink(self, channel: str, ts: str) -> str:
        """The address of a message."""
        return str(self._call("chat.getPermalink", channel=channel, message_ts=ts)["permalink"])

    def _call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            answer = (
                self._client.api_call(method, json=given)
                if _as_json(method)
                else self._client.api_call(method, params=given)
            )
        except SlackApiError as error:
            raise _translated(method, error) from None
        except (SlackClientError, OSError, http.client.HTTPException, ValueError) as error:
            raise RemoteUnavailable(
                f"Slack did not answer {method}.", why=type(error).__name__, where="Slack"
            ) from None
        data = answer.data
        return data if isinstance(data, dict) else {}


def _as_json(method: str) -> bool:
    # The reading methods take their arguments as a form only (docs.slack.dev, Web API, evaluating arguments).
    return method not in ("conversations.replies", "conversations.history", "chat.getPermalink", "auth.test")


def _translated(method: str, error: SlackApiError) -> RemoteError:
    response = error.response
    status = getattr(response, "status_code", 0) or 0
    code = str(response.get("error", "")) if hasattr(response, "get") else ""
    code = code if re.fullmatch(r"[a-z_]{1,60}", code) else "unknown_error"
    what = f"Slack answered {code} to {method}."
    if status == 429 or status >= 500 or code in _LATER:
        return RemoteUnavailable(what, where="Slack")
    if code in _DENIED:
        fix = "Invite the app to the channel, or ask its owner to check the token and its scopes."
        return RemoteDenied(what, fix=fix, where="Slack")
    return RemoteError(what, where="Slack")


def connect(settings: Settings) -> SlackClient:
    """The client for these settings.

    slack_sdk's own handler for broken connections repeats a POST that may have been carried out; only a rate
    limit is waited for here, and the rest is tried again by the desk, which looks first.
    """
    client = WebClient(
        token=settings.slack_token(),
        base_url=settings.slack_api_url,
        timeout=TIMEOUT_SECONDS,
        retry_handlers=[],
    )
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=2))
    return SlackClient(client)
