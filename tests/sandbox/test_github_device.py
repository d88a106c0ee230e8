"""The device flow of the rehearsal GitHub: as documented, once, and by a page that a person can use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.github.device import GRANT
from tests.support.rehearsal_github import World, world

pytestmark = pytest.mark.usefixtures("loopback")
JSON = {"Accept": "application/json"}


@pytest.fixture
def acme(tmp_path: Path, loopback: None) -> Iterator[World]:
    with world(tmp_path) as made:
        made.github.devices.interval = 0
        yield made


def post(acme: World, path: str, form: dict[str, str], **headers: str) -> httpx.Response:
    return httpx.post(f"{acme.github.url}{path}", data=form, headers=JSON | headers, trust_env=False)


def begun(acme: World) -> dict[str, Any]:
    answer = post(acme, "/login/device/code", {"client_id": acme.github.client_id("lakeport")})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def redeem(acme: World, code: dict[str, Any], **more: str) -> dict[str, Any]:
    form = {
        "client_id": acme.github.client_id("lakeport"),
        "device_code": code["device_code"],
        "grant_type": GRANT,
    }
    found: dict[str, Any] = post(acme, "/login/oauth/access_token", form | more).json()
    return found


def enter(acme: World, code: str, who: str = "liwei", do: str = "agree", **headers: str) -> httpx.Response:
    return post(acme, "/login/device", {"code": code, "as": who, "do": do}, **headers)


def test_a_code_that_is_entered_becomes_a_token_of_that_person_once(acme: World) -> None:
    code = begun(acme)
    assert set(code) == {"device_code", "user_code", "verification_uri", "expires_in", "interval"}
    assert code["verification_uri"] == f"{acme.github.url}/login/device"
    assert redeem(acme, code)["error"] == "authorization_pending"
    said = enter(acme, code["user_code"].lower().replace("-", " "))
    assert (said.status_code, "you are liwei" in said.text) == (200, True)
    token = redeem(acme, code)
    assert (token["token_type"], token["scope"]) == ("bearer", "")
    signed_in = {"Authorization": f"Bearer {token['access_token']}"}
    user = httpx.get(f"{acme.github.url}/user", headers=signed_in, trust_env=False).json()
    assert user["login"] == "liwei"
    assert redeem(acme, code)["error"] == "incorrect_device_code"
    assert enter(acme, code["user_code"]).status_code == 422


def test_who_asks_too_soon_is_slowed_down(acme: World) -> None:
    acme.github.devices.interval = 30
    code = begun(acme)
    assert redeem(acme, code)["error"] == "authorization_pending"
    assert (redeem(acme, code)["error"], redeem(acme, code)["interval"]) == ("slow_down", 40)


def test_no_is_an_answer(acme: World) -> None:
    code = begun(acme)
    assert "was told nothing" in enter(acme, code["user_code"], do="cancel").text
    assert redeem(acme, code)["error"] == "access_denied"


def test_a_code_grows_old(acme: World) -> None:
    acme.github.devices.seconds = -1
    code = begun(acme)
    assert enter(acme, code["user_code"]).status_code == 422
    assert redeem(acme, code)["error"] == "expired_token"


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"client_id": "Iv1.somebody"}, "incorrect_client_credentials"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"device_code": "guessed"}, "incorrect_device_code"),
    ],
)
def test_what_is_wrong_is_named_with_status_200(acme: World, more: dict[str, str], error: str) -> None:
    assert redeem(acme, begun(acme), **more)["error"] == error


def test_another_app_cannot_redeem_a_code(acme: World) -> None:
    code = begun(acme)
    enter(acme, code["user_code"])
    other = redeem(acme, code, client_id=acme.github.client_id("narrow"))
    assert other["error"] == "incorrect_device_code"


def test_an_app_that_nobody_knows_gets_no_code(acme: World) -> None:
    assert post(acme, "/login/device/code", {"client_id": "Iv1.somebody"}).status_code == 404


def test_who_does_not_ask_for_json_gets_a_form_as_on_github(acme: World) -> None:
    form = {"client_id": acme.github.client_id("lakeport")}
    answer = httpx.post(f"{acme.github.url}/login/device/code", data=form, trust_env=False)
    assert answer.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "user_code=" in answer.text


def test_the_page_asks_for_the_code_and_shows_who_is_signed_in(acme: World) -> None:
    page = acme["nobody"]("GET", "/login/device")
    assert page.status_code == 200
    for words in ('name="code"', "Signed in as", "Li Wei (liwei)", "Authorize", "Cancel", 'lang="en"'):
        assert words in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("who", ["lakeport[bot]", "acme", "nobody-known", ""])
def test_only_people_agree(acme: World, who: str) -> None:
    code = begun(acme)
    assert enter(acme, code["user_code"], who).status_code == 422
    assert redeem(acme, code)["error"] == "authorization_pending"


def test_no_other_page_can_agree_for_a_person(acme: World) -> None:
    code = begun(acme)
    assert enter(acme, code["user_code"], Origin="https://evil.example").status_code == 403
    assert redeem(acme, code)["error"] == "authorization_pending"


def test_what_somebody_typed_does_not_become_markup(acme: World) -> None:
    assert "<script" not in enter(acme, "<script>alert(1)</script>", "<script>").text
    assert enter(acme, "A" * 100_000).status_code == 422
