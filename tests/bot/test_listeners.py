"""Slack's side: answers turned into our errors, payloads into calls of the desk, no token in any of it."""

from __future__ import annotations

import http.client
import json
import urllib.error
from types import SimpleNamespace
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot import listeners
from bot.listeners import SlackClient
from bot.settings import Settings
from gitops.errors import LakeportError, RemoteDenied, RemoteError, RemoteUnavailable
from tests.fakes.slack import FakeWebClient
from tests.support import slack_events as slack
from tests.support.slack_events import BOT


class FakeTalk:
    """Remembers what the listeners call; a method it does not know is a failure."""

    KNOWN = ("heard", "edited", "happened", "wants_form", "filled", "commanded", "at_home")

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.steps = SimpleNamespace(run=lambda _name, do: do())
        self.error: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        assert name in self.KNOWN, name

        def call(*args: Any, **kwargs: Any) -> None:
            if self.error:
                raise self.error
            self.calls.append((name, args, kwargs))

        return call


def dispatched(body: dict[str, Any]) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    talk = FakeTalk()
    listeners.build(SlackClient(FakeWebClient()), talk)(body, "key-1")  # type: ignore[arg-type]
    return talk.calls


def test_a_mention_is_heard_without_the_mention() -> None:
    for kind in ("app_mention", "message"):
        ((name, args, given),) = dispatched(slack.said(f"<@{BOT}> we need a repo", kind=kind))
        assert (name, args) == ("heard", ("key-1",))
        assert (given["text"], given["mentioned"], given["user"]) == ("we need a repo", True, "U024BE7LH")


def test_a_message_in_a_thread_is_heard_without_being_a_mention() -> None:
    ((_, _, given),) = dispatched(slack.said("dev please", thread_ts="1.1"))
    assert (given["mentioned"], given["thread_ts"]) == (False, "1.1")


@pytest.mark.parametrize(
    "fields", [{"user": BOT}, {"bot_id": "B0LAKEPORT"}, {"bot_id": "B0OTHER", "user": "U1"}, {"user": ""}]
)
def test_bots_are_not_heard(fields: dict[str, str]) -> None:
    body = slack.said(f"<@{BOT}> hi")
    body["event"] |= fields
    assert dispatched(body) == []


def test_an_edit_is_no_message() -> None:
    message = {"text": "b", "ts": "2.2", "thread_ts": "1.1", "user": "U1"}
    body = slack.event(
        type="message", subtype="message_changed", channel="C1", event_ts="3.3", message=message
    )
    ((name, _, given),) = dispatched(body)
    assert (name, given) == ("edited", {"channel": "C1", "thread_ts": "1.1"})


def test_a_file_with_words_is_a_message() -> None:
    body = slack.said("dev please", thread_ts="1.1")
    body["event"]["subtype"] = "file_share"
    assert dispatched(body)[0][0] == "heard"


def test_buttons_find_their_conversation_by_the_thread() -> None:
    ((name, args, _),) = dispatched(slack.pressed("confirm", "sha256:1", channel="C1", thread_ts="1.1"))
    assert name == "happened"
    assert args[1] == listeners.conversation_id("C1", "1.1")
    ((name, _, given),) = dispatched(
        slack.pressed("edit", "c1", channel="C1", thread_ts="1.1", trigger="t.5")
    )
    assert (name, given) == ("wants_form", {"user": "U024BE7LH", "trigger_id": "t.5"})


@pytest.mark.parametrize("action", ["unknown", "", "answer"])
def test_buttons_nobody_knows_do_nothing(action: str) -> None:
    assert dispatched(slack.pressed(action, "{", channel="C1", thread_ts="1.1")) == []


def test_commands_and_the_home() -> None:
    ((name, _, given),) = dispatched(dict(slack.command("new a repo")))
    assert (name, given["text"], given["channel"]) == ("commanded", "new a repo", "C0REQUESTS")
    ((name, args, _),) = dispatched(slack.event(type="app_home_opened", user="U1", tab="home"))
    assert (name, args) == ("at_home", ("U1",))


def test_a_form_goes_to_its_conversation() -> None:
    view = {
        "type": "modal",
        "callback_id": "lakeport_form",
        "private_metadata": '{"conversation": "c9"}',
        "state": {"values": {"a": {}}},
    }
    ((name, args, given),) = dispatched({"type": "view_submission", "user": {"id": "U1"}, "view": view})
    assert (name, args, given) == ("filled", ("key-1", "c9"), {"user": "U1", "state": {"a": {}}})


@pytest.mark.parametrize("metadata", ["", "{", "[]", "null", "7", '{"conversation": 7}', "[" * 100_000])
def test_a_form_that_is_not_ours_belongs_to_nobody(metadata: str) -> None:
    conversation, state = listeners.form_of({"view": {"private_metadata": metadata}})
    assert (conversation, state) == ("", {})
    assert listeners.form_of({"view": 7}) == ("", {})


def test_errors_of_the_desk_come_out_of_bolt() -> None:
    talk = FakeTalk()
    talk.error = RemoteUnavailable("GitHub did not answer.")
    dispatch = listeners.build(SlackClient(FakeWebClient()), talk)  # type: ignore[arg-type]
    with pytest.raises(RemoteUnavailable):
        dispatch(slack.said(f"<@{BOT}> hi"), "key-1")


def test_without_an_identity_nothing_is_dispatched() -> None:
    web = FakeWebClient()
    web.fail["auth.test"] = ["invalid_auth"]
    talk = FakeTalk()
    with pytest.raises(RemoteDenied):
        listeners.build(SlackClient(web), talk)(slack.said(f"<@{BOT}> hi"), "key-1")  # type: ignore[arg-type]
    assert talk.calls == []


# --- the Web API ---


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
    client = listeners.connect(settings)._client
    assert isinstance(client, WebClient)
    assert [type(one).__name__ for one in client.retry_handlers] == ["RateLimitErrorRetryHandler"]
    assert client.base_url == "http://127.0.0.1:1/api/"
