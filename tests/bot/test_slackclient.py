"""Slack's Web API: its answers turned into our errors, messages found by their key, nothing repeated."""

from __future__ import annotations

import http.client
import json
import urllib.error
from types import SimpleNamespace
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot import slackclient
from bot.settings import Settings
from bot.slackclient import SlackClient
from gitops.errors import LakeportError, RemoteDenied, RemoteError, RemoteUnavailable
from tests.fakes.slack import FakeWebClient


def failing(error: Any) -> SlackClient:
    web = FakeWebClient()
    web.fail["chat.postMessage"] = [error]
    return SlackClient(web)  # type: ignore[arg-type]


def answered(status: int, code: Any) -> SlackApiError:
    return SlackApiError("canary-message", SimpleNamespace(status_code=status, get={"error": code}.get))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("ratelimited", RemoteUnavailable),
        ("internal_error", RemoteUnavailable),
        (answered(429, "ratelimited"), RemoteUnavailable),
        (answered(503, "unknown"), RemoteUnavailable),
        ("invalid_auth", RemoteDenied),
        ("not_in_channel", RemoteDenied),
        ("msg_blocks_too_long", RemoteError),
        (answered(200, "<html>canary</html>"), RemoteError),
        (answered(200, None), RemoteError),
        (urllib.error.URLError("canary"), RemoteUnavailable),
        (ConnectionResetError("canary"), RemoteUnavailable),
        (TimeoutError("canary"), RemoteUnavailable),
        (http.client.IncompleteRead(b"canary"), RemoteUnavailable),
        (json.JSONDecodeError("canary", "canary", 0), RemoteUnavailable),
    ],
)
def test_failures_are_sentences_without_what_was_sent(error: Any, kind: type[LakeportError]) -> None:
    with pytest.raises(RemoteError) as caught:
        failing(error).post("C1", "1.1", "canary-text", [], {"key": "k"})
    assert type(caught.value) is kind
    assert "chat.postMessage" in caught.value.what
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_message_is_found_by_its_key_on_any_page() -> None:
    web = FakeWebClient()
    client = SlackClient(web)  # type: ignore[arg-type]
    sent = {number: client.post("C1", "1.1", "x", [], {"key": f"k{number}"}) for number in range(450)}
    root = client.post("C1", None, "root", [], {"key": "root"})
    assert client.find("C1", "1.1", "k3") == sent[3]
    assert client.find("C1", "1.1", "k444") == sent[444]
    assert client.find("C1", None, "root") == root
    assert client.find("C1", "1.1", "other") is None


def test_messages_show_no_previews_and_carry_their_metadata() -> None:
    web = FakeWebClient()
    SlackClient(web).post("C1", None, "text", [], {"key": "k"})  # type: ignore[arg-type]
    (message,) = web.messages
    assert (message["unfurl_links"], message["unfurl_media"]) == (False, False)
    assert message["metadata"] == {"event_type": "lakeport", "event_payload": {"key": "k"}}


def test_the_client_repeats_nothing_but_after_a_rate_limit() -> None:
    settings = Settings(slack_bot_token="xoxb-canary", slack_api_url="http://127.0.0.1:1/api")
    client = slackclient.connect(settings)._client
    assert isinstance(client, WebClient)
    assert [type(one).__name__ for one in client.retry_handlers] == ["RateLimitErrorRetryHandler"]
    assert client.base_url == "http://127.0.0.1:1/api/"


def test_a_person_is_told_where_they_are_else_directly() -> None:
    web = FakeWebClient()
    client = SlackClient(web)  # type: ignore[arg-type]
    client.whisper("C1", "U1", "psst", "1.1")
    assert web.whispers == [{"channel": "C1", "user": "U1", "text": "psst", "thread_ts": "1.1"}]
    web.fail["chat.postEphemeral"] = ["not_in_channel"]
    client.whisper("C1", "U1", "psst")
    assert [(one["channel"], one["text"]) for one in web.messages] == [("U1", "psst")]
    assert client.direct("U1") == "DU1"
