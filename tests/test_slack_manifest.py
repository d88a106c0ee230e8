"""``docs/slack-app.yaml``: the app as it is set up in Slack has all that the code listens to and calls."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import listeners, web
from bot.front import Front
from sandbox.slack import server
from tests.fakes.slack import ARGUMENTS

ROOT = Path(__file__).resolve().parents[1]
MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "slack-app.yaml").read_text())
SCOPES = {
    "assistant.threads.setStatus": "assistant:write",
    "assistant.threads.setSuggestedPrompts": "assistant:write",
    "auth.test": "",
    "chat.getPermalink": "",
    "chat.postEphemeral": "chat:write",
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "conversations.history": "channels:history",
    "conversations.open": "im:write",
    "conversations.replies": "channels:history",
    "views.open": "",
    "views.publish": "",
}
"""What each method needs of a bot's token (docs.slack.dev, Web API methods)."""
EVENT_SCOPES = {
    "app_home_opened": "",
    "app_mention": "app_mentions:read",
    "assistant_thread_started": "assistant:write",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
}


class Registered:
    """Takes the place of the Bolt app, and remembers what is hung on it."""

    def __init__(self) -> None:
        self.events: set[str] = set()
        self.shortcuts: set[str] = set()
        self.commands: list[Any] = []

    def _same(self, function: Any) -> Any:
        return function

    def event(self, what: Any) -> Any:
        self.events.add(what if isinstance(what, str) else what["type"])
        return self._same

    def command(self, what: Any) -> Any:
        self.commands.append(what)
        return self._same

    def message_shortcut(self, what: str) -> Any:
        self.shortcuts.add(what)
        return self._same

    def action(self, _what: Any) -> Any:
        return self._same

    view = action


@pytest.fixture
def registered() -> Registered:
    app = Registered()
    listeners.register(app, Front(None, None, None, None))  # type: ignore[arg-type]
    return app


def test_every_event_that_the_code_listens_to_is_subscribed_and_no_other(registered: Registered) -> None:
    subscribed = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    assert {name.partition(".")[0] for name in subscribed} == registered.events
    assert set(server.SUBSCRIBED) <= set(subscribed)


def test_every_command_and_shortcut_is_named(registered: Registered) -> None:
    (command,) = MANIFEST["features"]["slash_commands"]
    assert all(pattern.search(command["command"]) for pattern in registered.commands)
    words = set(re.findall(r"[a-z]+", command["usage_hint"]))
    assert words == set(Front(*[_Anything()] * 4).commands.table)  # type: ignore[arg-type]
    found = {one["callback_id"] for one in MANIFEST["features"]["shortcuts"] if one["type"] == "message"}
    assert found == registered.shortcuts


class _Anything:
    def __getattr__(self, _name: str) -> Any:
        return self


def test_the_scopes_are_those_of_what_is_called_and_heard() -> None:
    """A method that nobody named here is one whose scope nobody thought of."""
    assert set(SCOPES) == set(ARGUMENTS)
    subscribed = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    needed = {SCOPES[name] for name in ARGUMENTS} | {EVENT_SCOPES[name] for name in subscribed} | {"commands"}
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == needed - {""}


def test_the_addresses_are_those_that_are_served() -> None:
    source = Path(web.__file__).read_text()
    settings = MANIFEST["settings"]
    for address in (
        settings["event_subscriptions"]["request_url"],
        settings["interactivity"]["request_url"],
        MANIFEST["features"]["slash_commands"][0]["url"],
    ):
        assert f'"{address.removeprefix("https://lakeport.example.com")}"' in source


def test_texts_are_no_longer_than_slack_takes() -> None:
    """docs.slack.dev, app manifest reference."""
    shown, features = MANIFEST["display_information"], MANIFEST["features"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    for one in features["shortcuts"]:
        assert len(one["name"]) <= 24
        assert len(one["description"]) <= 150
    assert len(features["slash_commands"][0]["description"]) <= 2000
    assert len(features["slash_commands"][0]["usage_hint"]) <= 1000
