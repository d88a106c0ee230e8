"""GitHub's device flow: every documented answer, answers nobody documented, and a token that stays inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
import responses

from bot.device import GRANT, Account, DeviceFlow, Unanswered, Wait, of_settings
from bot.settings import Settings
from gitops.errors import ConfigurationError, RemoteDenied, RemoteError, RemoteUnavailable

SERVER, API = "https://github.example", "https://api.github.example"
CODE = f"{SERVER}/login/device/code"
TOKEN = f"{SERVER}/login/oauth/access_token"
FLOW = DeviceFlow("Iv1.abc", SERVER, API)
CANARY = "ghu_canarycanarycanary0123456789"
GIVEN = {
    "device_code": "3584d83530557fdd1f46af8289938c8ef79f9dc5",
    "user_code": "WDJB-MJHT",
    "verification_uri": f"{SERVER}/login/device",
    "expires_in": 900,
    "interval": 5,
}


@pytest.fixture
def github() -> Any:
    with responses.RequestsMock() as mock:
        yield mock


def test_a_code_is_asked_for_with_the_client_id_alone(github: responses.RequestsMock) -> None:
    github.post(CODE, json=GIVEN)
    code = FLOW.begin()
    assert (code.user, code.address, code.interval, code.seconds) == (
        "WDJB-MJHT", f"{SERVER}/login/device", 5, 900,
    )  # fmt: skip
    sent = github.calls[0].request
    assert parse_qs(str(sent.body)) == {"client_id": ["Iv1.abc"]}
    assert sent.headers["Accept"] == "application/json"
    assert GIVEN["device_code"] not in repr(code)


def test_where_to_go_follows_from_the_settings_and_not_from_the_answer(
    github: responses.RequestsMock,
) -> None:
    github.post(CODE, json=GIVEN | {"verification_uri": "https://evil.example/<!channel>"})
    assert FLOW.begin().address == f"{SERVER}/login/device"


@pytest.mark.parametrize(
    "wrong",
    [
        {"user_code": "<!channel>"},
        {"user_code": "*x* `y`"},
        {"user_code": None},
        {"device_code": ["a"]},
        {"device_code": "a b"},
    ],
)
def test_a_code_that_is_none_is_not_shown(github: responses.RequestsMock, wrong: dict[str, Any]) -> None:
    github.post(CODE, json=GIVEN | wrong)
    with pytest.raises(RemoteError) as caught:
        FLOW.begin()
    assert "channel" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "interval", "seconds"),
    [
        ({"interval": 0, "expires_in": 10**9}, 1, 1800),
        ({"interval": "5", "expires_in": None}, 5, 900),
        ({"interval": 10**9, "expires_in": -1}, 60, 1),
    ],
)
def test_no_pace_is_taken_that_would_hurt(
    github: responses.RequestsMock, given: dict[str, Any], interval: int, seconds: int
) -> None:
    github.post(CODE, json=GIVEN | given)
    code = FLOW.begin()
    assert (code.interval, code.seconds) == (interval, seconds)


@pytest.mark.parametrize(
    ("answer", "waits"),
    [
        ({"error": "authorization_pending"}, 5),
        ({"error": "slow_down", "interval": 10}, 10),
        ({"error": "slow_down", "interval": 17}, 17),
        ({"error": "slow_down"}, 10),
    ],
)
def test_while_nobody_has_entered_it_the_interval_is_github_s(
    github: responses.RequestsMock, answer: dict[str, Any], waits: int
) -> None:
    github.post(TOKEN, json=answer)
    assert FLOW.ask(GIVEN["device_code"], 5) == Wait(waits)
    sent = parse_qs(str(github.calls[0].request.body))
    assert sent == {"client_id": ["Iv1.abc"], "device_code": [GIVEN["device_code"]], "grant_type": [GRANT]}


@pytest.mark.parametrize("word", ["access_denied", "expired_token", "token_expired", "incorrect_device_code"])
def test_no_and_too_late_are_said_to_the_person(github: responses.RequestsMock, word: str) -> None:
    github.post(TOKEN, json={"error": word, "error_description": "<!here>"})
    with pytest.raises(Unanswered) as caught:
        FLOW.ask(GIVEN["device_code"], 5)
    assert "nothing was linked" in caught.value.what
    assert "here" not in str(caught.value)


@pytest.mark.parametrize(
    ("word", "fix"),
    [("device_flow_disabled", "enable the device flow"), ("incorrect_client_credentials", "CLIENT_ID")],
)
@pytest.mark.parametrize("url", [CODE, TOKEN])
def test_what_is_wrong_with_the_app_says_what_to_do(
    github: responses.RequestsMock, url: str, word: str, fix: str
) -> None:
    github.post(url, json={"error": word})
    with pytest.raises(ConfigurationError, match="app") as caught:
        FLOW.begin() if url == CODE else FLOW.ask(GIVEN["device_code"], 5)
    assert fix in caught.value.fix


def test_an_app_that_github_does_not_know_is_a_404(github: responses.RequestsMock) -> None:
    github.post(CODE, status=404, json={"error": "Not Found"})
    with pytest.raises(ConfigurationError, match="does not know the app"):
        FLOW.begin()


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500},
        {"status": 503, "body": "<html>"},
        {"status": 429},
        {"body": requests.ConnectionError("refused")},
        {"body": requests.Timeout()},
        {"body": "<html>unicorn"},
    ],
)
def test_no_answer_can_be_tried_again(github: responses.RequestsMock, answer: dict[str, Any]) -> None:
    github.post(TOKEN, **answer)
    with pytest.raises(RemoteUnavailable):
        FLOW.ask(GIVEN["device_code"], 5)


@pytest.mark.parametrize("answer", [[], "x", 7, {"error": "something_new"}, {"error": {"a": 1}}])
def test_an_answer_that_nobody_documented_is_not_repeated(
    github: responses.RequestsMock, answer: Any
) -> None:
    github.post(TOKEN, json=answer)
    with pytest.raises(RemoteError) as caught:
        FLOW.ask(GIVEN["device_code"], 5)
    assert "something_new" not in str(caught.value)


def test_the_token_is_used_to_ask_whose_it_is_and_does_not_come_out(github: responses.RequestsMock) -> None:
    github.post(TOKEN, json={"access_token": CANARY, "token_type": "bearer", "scope": ""})
    github.get(f"{API}:443/user", json={"login": "Mika-Sol", "id": 4711, "type": "User"})
    found = FLOW.ask(GIVEN["device_code"], 5)
    assert found == Account("Mika-Sol", 4711)
    assert github.calls[1].request.headers["Authorization"].endswith(CANARY)
    assert CANARY not in repr(found)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 401, "json": {"message": f"Bad credentials {CANARY}"}}, RemoteDenied),
        ({"json": {"login": "<!channel>", "id": 1}}, RemoteError),
        ({"json": {"login": "", "id": 1}}, RemoteError),
    ],
)
def test_an_owner_that_cannot_be_told_is_a_failure_without_the_token(
    github: responses.RequestsMock, answer: dict[str, Any], error: type[Exception]
) -> None:
    github.post(TOKEN, json={"access_token": CANARY, "token_type": "bearer"})
    github.get(f"{API}:443/user", **answer)
    with pytest.raises(error) as caught:
        FLOW.ask(GIVEN["device_code"], 5)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("token", ["", "a b", "a\nb", "ü"])
def test_what_is_no_token_is_not_sent(github: responses.RequestsMock, token: str) -> None:
    github.post(TOKEN, json={"access_token": token})
    with pytest.raises(ConfigurationError):
        FLOW.ask(GIVEN["device_code"], 5)


def test_no_password_of_the_machine_is_sent(
    github: responses.RequestsMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine github.example login me password canary\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    github.post(CODE, json=GIVEN)
    FLOW.begin()
    assert "Authorization" not in github.calls[0].request.headers


def test_the_settings_name_the_app_and_the_address() -> None:
    assert of_settings(Settings()) is None
    found = of_settings(
        Settings(
            github_oauth_client_id="Iv1.abc",
            github_server_url="https://ghe.example/",
            github_api_url="https://ghe.example/api/v3",
        )
    )
    assert found == DeviceFlow("Iv1.abc", "https://ghe.example", "https://ghe.example/api/v3")
