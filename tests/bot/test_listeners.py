"""Slack's side: answers turned into our errors, payloads into calls of the desk, no token in any of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bot import listeners
from bot.slackclient import SlackClient
from gitops.errors import RemoteDenied, RemoteUnavailable
from tests.fakes.slack import FakeWebClient
from tests.support import slack_events as slack
from tests.support.slack_events import BOT


class FakeFront:
    """Remembers what the listeners call, and on what; a method it does not know is a failure."""

    PARTS = ("talk", "openings", "overview", "commands")
    KNOWN = (
        "heard", "edited", "wants_form", "filled", "commanded", "at_home", "pressed", "home_pressed",
        "from_message", "assistant_started",
    )  # fmt: skip

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.steps = SimpleNamespace(run=lambda _name, do: do())
        self.error: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        if name in self.PARTS:
            return self
        assert name in self.KNOWN, name

        def call(*args: Any, **kwargs: Any) -> None:
            if self.error:
                raise self.error
            self.calls.append((name, args, kwargs))

        return call


def dispatched(body: dict[str, Any]) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    talk = FakeFront()
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
    assert name == "pressed"
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
    ((_, _, given),) = dispatched(dict(slack.command("new <@U0JANEDOE|jane> owns <#C0REQUESTS|requests>")))
    assert given["text"] == "new <@U0JANEDOE> owns <#C0REQUESTS>"
    ((name, args, _),) = dispatched(slack.event(type="app_home_opened", user="U1", tab="home"))
    assert (name, args) == ("at_home", ("U1",))


def test_a_button_of_the_home_goes_to_no_thread() -> None:
    body = slack.home_pressed("home:change", "dev/growth/churn")
    ((name, args, given),) = dispatched(body)
    assert (name, args) == ("home_pressed", ("key-1", "home:change", "dev/growth/churn"))
    assert given == {"user": "U024BE7LH"}


def test_a_message_that_somebody_points_at_comes_with_its_author() -> None:
    ((name, _, given),) = dispatched(slack.pointed(f"<@{BOT}> we need a repo", author="U0JANEDOE"))
    assert name == "from_message"
    assert (given["user"], given["author"], given["text"]) == ("U024BE7LH", "U0JANEDOE", "we need a repo")
    body = slack.pointed("deployed", author="")
    body["message"]["bot_id"] = "B0OTHER"
    assert dispatched(body)[0][2]["author"] == ""


def test_an_assistant_thread_is_greeted() -> None:
    ((name, _, given),) = dispatched(slack.assistant_started())
    assert (name, given) == ("assistant_started", {"channel": "D024BE7LH", "thread_ts": "1700000000.000900"})


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
    talk = FakeFront()
    talk.error = RemoteUnavailable("GitHub did not answer.")
    dispatch = listeners.build(SlackClient(FakeWebClient()), talk)  # type: ignore[arg-type]
    with pytest.raises(RemoteUnavailable):
        dispatch(slack.said(f"<@{BOT}> hi"), "key-1")


def test_without_an_identity_nothing_is_dispatched() -> None:
    web = FakeWebClient()
    web.fail["auth.test"] = ["invalid_auth"]
    talk = FakeFront()
    with pytest.raises(RemoteDenied):
        listeners.build(SlackClient(web), talk)(slack.said(f"<@{BOT}> hi"), "key-1")  # type: ignore[arg-type]
    assert talk.calls == []
