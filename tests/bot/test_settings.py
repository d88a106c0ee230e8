"""Settings: everything that is missing or wrong is said at once, and no secret is ever shown."""

from __future__ import annotations

import pytest

from bot import settings
from gitops.errors import ConfigurationError

COMPLETE = {
    "SLACK_BOT_TOKEN": "xoxb-canary-1",
    "SLACK_SIGNING_SECRET": "canary-2",
    "GITHUB_TOKEN": "canary-3",
    "GITHUB_WEBHOOK_SECRET": "canary-4",
    "LAKEPORT_REPOSITORY": "acme/lakeport",
}


def given(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> None:
    for name, value in (COMPLETE | changes).items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)


def problems(error: ConfigurationError) -> str:
    return str(error)


def test_complete_settings_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    given(
        monkeypatch, LAKEPORT_HOME="/tmp/here", LAKEPORT_PORT="8080", SLACK_API_URL="http://127.0.0.1:9/api"
    )
    found = settings.load()
    assert found.slack_token() == "xoxb-canary-1"
    assert found.slack_api_url == "http://127.0.0.1:9/api/"
    assert (found.port, found.database) == (8080, "sqlite:////tmp/here/bot.db")
    assert found.github_environment() == {
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_TOKEN": "canary-3",
    }


def test_settings_are_frozen_and_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, OPENAI_API_KEY="canary-5", LAKEPORT_MODEL="m", SLACK_APP_TOKEN="xapp-canary-6")
    found = settings.load()
    with pytest.raises(ValueError, match="frozen"):
        found.port = 1
    assert "canary" not in repr(found) + str(found) + found.model_dump_json()


def test_everything_missing_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings.load()
    for name in COMPLETE:
        assert name in problems(caught.value)
    assert caught.value.fix


def test_an_empty_variable_is_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, GITHUB_TOKEN="")
    with pytest.raises(ConfigurationError, match="GITHUB_TOKEN"):
        settings.load()


def test_socket_mode_needs_no_signing_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SLACK_SIGNING_SECRET=None, SLACK_APP_TOKEN="xapp-1")
    assert settings.load().app_token() == "xapp-1"


def test_a_github_app_instead_of_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, GITHUB_TOKEN=None, LAKEPORT_APP_ID="7", LAKEPORT_APP_PRIVATE_KEY="key")
    assert settings.load().github_environment()["LAKEPORT_APP_ID"] == "7"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"GITHUB_TOKEN": None, "LAKEPORT_APP_ID": "7"}, "without LAKEPORT_APP_PRIVATE_KEY"),
        ({"LAKEPORT_APP_ID": "7", "LAKEPORT_APP_PRIVATE_KEY": "key"}, "both set"),
        ({"LAKEPORT_REPOSITORY": "acme"}, "owner/name"),
        ({"SLACK_BOT_TOKEN": "xapp-1"}, "swap"),
        ({"SLACK_APP_TOKEN": "xoxb-1"}, "swap"),
        ({"AZURE_OPENAI_ENDPOINT": "https://x.example"}, "AZURE_OPENAI_API_KEY"),
        ({"LAKEPORT_PORT": "canary-no-number"}, "LAKEPORT_PORT"),
        ({"GITHUB_OAUTH_CLIENT_ID": "canary id"}, "GITHUB_OAUTH_CLIENT_ID"),
    ],
)
def test_contradictions_are_said(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str | None], said: str
) -> None:
    given(monkeypatch, **changes)
    with pytest.raises(ConfigurationError) as caught:
        settings.load()
    assert said in problems(caught.value)
    assert "canary" not in problems(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "models"),
    [
        ("LAKEPORT_MODEL", "gpt-a", ("gpt-a",)),
        ("LAKEPORT_MODELS", " gpt-a, gpt-b ,gpt-a,", ("gpt-a", "gpt-b")),
        ("LAKEPORT_MODELS", " , ", ()),
    ],
)
def test_models_are_read_in_order(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, models: tuple[str, ...]
) -> None:
    given(monkeypatch, **{name: value, "LAKEPORT_TOKENS_PER_PERSON_AND_DAY": "5000"})
    found = settings.load()
    assert found.models == models
    assert found.tokens_per_person_and_day == 5000


def test_a_budget_below_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, LAKEPORT_TOKENS_PER_PERSON_AND_DAY="-1")
    with pytest.raises(ConfigurationError, match="LAKEPORT_TOKENS_PER_PERSON_AND_DAY"):
        settings.load()
