"""The way in: only what is signed gets in, is durable before it is acknowledged, and junk is never a 500."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from starlette.requests import Request
from starlette.testclient import TestClient

from bot import web
from bot.settings import Settings
from tests.fakes.desk import FakeDesk
from tests.support import slack_events as slack

SECRET, HOOK = "signing-secret", "hook-secret"
NOW = 1_700_000_000
EVENTS, ACTIONS, COMMANDS, HOOKS = (
    "/slack/events",
    "/slack/interactivity",
    "/slack/commands",
    "/github/webhooks",
)
FORM = "application/x-www-form-urlencoded"


def settings() -> Settings:
    return Settings(
        slack_bot_token="xoxb-1", slack_signing_secret=SECRET, github_token="t", github_webhook_secret=HOOK,
        repository="acme/lakeport",
    )  # fmt: skip


def answers(body: Any) -> dict[str, Any] | None:
    if body.get("type") == "view_submission" and body["view"].get("wrong"):
        return {"response_action": "errors", "errors": {"name": "Too short."}}
    return None


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
def client(desk: FakeDesk) -> Iterator[TestClient]:
    app = web.build(settings(), desk, inline=answers, clock=lambda: NOW)
    with TestClient(app) as made:
        yield made


def post(
    client: TestClient,
    body: bytes,
    *,
    path: str = EVENTS,
    stamp: int | str = NOW,
    kind: str = "application/json",
    **headers: str,
) -> int:
    given = slack.signed(SECRET, body, stamp, kind) | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return client.post(path, content=body, headers=given).status_code


def event(text: str = "<@U0LAKEPORT> hi") -> bytes:
    return json.dumps(slack.said(text)).encode()


# --- what gets in ---


def test_an_event_is_accepted_and_acknowledged(client: TestClient, desk: FakeDesk) -> None:
    assert post(client, event()) == 200
    assert [envelope.source for envelope in desk.accepted] == ["slack"]


def test_buttons_forms_and_commands_are_accepted_on_either_path(client: TestClient, desk: FakeDesk) -> None:
    button = slack.payload(slack.pressed("a", "b", channel="C1", thread_ts="1.1"))
    assert post(client, button, path=ACTIONS, kind=FORM) == 200
    view = {"type": "view_submission", "user": {"id": "U1"}, "view": {"id": "V1", "hash": "1.a"}}
    assert post(client, slack.payload(view), path=ACTIONS, kind=FORM) == 200
    for number, path in enumerate((COMMANDS, ACTIONS)):
        assert (
            post(client, slack.form(slack.command("help", trigger=f"t{number}")), path=path, kind=FORM) == 200
        )
    assert len(desk.accepted) == 4


def test_the_address_is_verified_with_slacks_challenge(client: TestClient, desk: FakeDesk) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "abc", "token": "x"}).encode()
    answer = client.post(EVENTS, content=body, headers=slack.signed(SECRET, body, NOW))
    assert answer.json() == {"challenge": "abc"}
    assert not desk.accepted


def test_errors_of_a_form_are_answered_in_line(client: TestClient, desk: FakeDesk) -> None:
    view = {
        "type": "view_submission",
        "user": {"id": "U1"},
        "view": {"id": "V1", "hash": "1.a", "wrong": True},
    }
    body = slack.payload(view)
    answer = client.post(ACTIONS, content=body, headers=slack.signed(SECRET, body, NOW, FORM))
    assert answer.json()["response_action"] == "errors"
    assert not desk.accepted


def test_what_is_not_durable_is_not_acknowledged(client: TestClient, desk: FakeDesk) -> None:
    desk.broken = True
    assert post(client, event()) == 503
    assert hook(client, "push", RECEIPTS) == 503


def test_a_slow_database_does_not_hold_others_up(desk: FakeDesk) -> None:
    """Writing blocks a thread, not the loop: a second request is answered while the first still waits."""
    import threading

    release, order = threading.Event(), []

    def slow(_envelope: object) -> None:
        release.wait(5)
        order.append("event")

    desk.accept = slow  # type: ignore[method-assign]
    app = web.build(settings(), desk, inline=answers, clock=lambda: NOW)
    with TestClient(app) as client:
        waiting = threading.Thread(target=lambda: post(client, event()))
        waiting.start()
        assert client.get("/healthz").status_code == 200
        order.append("health")
        release.set()
        waiting.join()
    assert order == ["health", "event"]


# --- the signature ---


@pytest.mark.parametrize(
    ("skew", "status"), [(-301, 401), (-300, 200), (-299, 200), (0, 200), (299, 200), (300, 200), (301, 401)]
)
def test_the_clock_may_be_five_minutes_off(client: TestClient, skew: int, status: int) -> None:
    assert post(client, event(), stamp=NOW + skew) == status


def _changed(headers: dict[str, str], **changes: str | None) -> dict[str, str]:
    given = headers | {name.replace("_", "-"): value for name, value in changes.items() if value is not None}
    return {
        name: value for name, value in given.items() if changes.get(name.replace("-", "_"), "") is not None
    }


BODY = event()
GOOD = slack.signed(SECRET, BODY, NOW)["x-slack-signature"]
WRONG_SIGNATURES: list[str | None] = [
    None, "", "v0=", GOOD[:-1], GOOD + "0", GOOD.replace("v0=", "v1="), GOOD.upper(), GOOD[3:],
    "v0=" + "g" * 64, "v0=" + "0" * 64, f"{GOOD},{GOOD}", GOOD.replace("v0=", "V0="),
]  # fmt: skip


@pytest.mark.parametrize("signature", WRONG_SIGNATURES)
def test_a_wrong_signature_stays_out(client: TestClient, desk: FakeDesk, signature: str | None) -> None:
    headers = _changed(slack.signed(SECRET, BODY, NOW), x_slack_signature=signature)
    assert client.post(EVENTS, content=BODY, headers=headers).status_code == 401
    assert not desk.accepted


@pytest.mark.parametrize(
    "stamp", [None, "", "now", "-1", "1e9", "1_700_000_000", "٣", "17" * 20, " 1700000000x"]
)
def test_a_wrong_time_stays_out(client: TestClient, desk: FakeDesk, stamp: str | None) -> None:
    headers = _changed(slack.signed(SECRET, BODY, NOW), x_slack_request_timestamp=stamp)
    raw = {name.encode(): value.encode() for name, value in headers.items()}
    assert client.post(EVENTS, content=BODY, headers=raw).status_code == 401
    assert not desk.accepted


def test_bytes_that_are_not_ascii_in_a_header_stay_out(client: TestClient, desk: FakeDesk) -> None:
    headers = {name.encode(): value.encode() for name, value in slack.signed(SECRET, BODY, NOW).items()}
    headers[b"x-slack-signature"] = b"v0=\xff\xfe"
    assert client.post(EVENTS, content=BODY, headers=headers).status_code == 401
    assert not desk.accepted


@pytest.mark.parametrize("name", ["x-slack-signature", "x-slack-request-timestamp"])
def test_a_header_given_twice_stays_out(client: TestClient, desk: FakeDesk, name: str) -> None:
    headers = list(slack.signed(SECRET, BODY, NOW).items())
    doubled = [*headers, (name, dict(headers)[name])]
    assert client.post(EVENTS, content=BODY, headers=doubled).status_code == 401
    assert not desk.accepted


def test_one_changed_bit_stays_out(client: TestClient, desk: FakeDesk) -> None:
    chance = random.Random(1)
    headers = slack.signed(SECRET, BODY, NOW)
    for _ in range(200):
        changed = bytearray(BODY)
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        assert client.post(EVENTS, content=bytes(changed), headers=headers).status_code in (400, 401)
    assert not desk.accepted


def test_another_secret_stays_out(client: TestClient, desk: FakeDesk) -> None:
    assert client.post(EVENTS, content=BODY, headers=slack.signed("other", BODY, NOW)).status_code == 401
    assert not desk.accepted


def test_without_a_signing_secret_nobody_gets_in(desk: FakeDesk) -> None:
    without = settings().model_copy(update={"slack_signing_secret": None})
    with TestClient(web.build(without, desk, inline=answers, clock=lambda: NOW)) as client:
        assert client.post(EVENTS, content=BODY, headers=slack.signed("", BODY, NOW)).status_code == 401
    assert not desk.accepted


# --- junk ---

JUNK = [
    b"", b"{", b"[]", b"null", b"1", b'"text"', b"\xff\xfe", b"{}" * 2, b"[" * 100_000, b'{"a":' * 100_000,
    b'{"a": NaN}', b'{"a": 1e999999}', b'{"a": %s}' % (b"9" * 5000), b'{"a": "\\ud800"}', b"\x00",
    b"payload={}", b'{"type": "event_callback", "event": []}', b'{"type": {"a": 1}}',
    b'{"type": "view_submission", "view": 7}',
]  # fmt: skip


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
@pytest.mark.parametrize("path", [EVENTS, ACTIONS, COMMANDS])
def test_signed_junk_is_a_bad_request_or_nothing(
    client: TestClient, desk: FakeDesk, path: str, junk: bytes
) -> None:
    assert post(client, junk, path=path) in (200, 400)
    assert post(client, junk, path=path, kind=FORM) in (200, 400)
    assert post(client, b"payload=" + junk.replace(b"%", b"%25"), path=path, kind=FORM) in (200, 400)
    assert not desk.accepted


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
@pytest.mark.parametrize("path", [EVENTS, ACTIONS, COMMANDS, HOOKS])
def test_unsigned_junk_is_never_an_error_of_ours(client: TestClient, path: str, junk: bytes) -> None:
    for headers in (
        {},
        {"content-type": "application/json"},
        {"content-type": FORM},
        {"content-type": "text/plain"},
    ):
        assert client.post(path, content=junk, headers=headers).status_code in (400, 401, 415)


def test_too_many_fields_are_a_bad_request(client: TestClient) -> None:
    assert post(client, b"&".join(b"a%d=1" % number for number in range(1000)), kind=FORM) == 400


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data; boundary=x", "application/xml"])
def test_other_content_is_not_supported(client: TestClient, kind: str) -> None:
    assert post(client, BODY, kind=kind) == 415


def test_compressed_bodies_are_not_supported(client: TestClient) -> None:
    assert post(client, BODY, content_encoding="gzip") == 415


def test_a_body_that_says_it_is_too_big_is_not_read(client: TestClient) -> None:
    assert post(client, b"{}", content_length="60000000") == 413


def test_a_body_that_is_too_big_is_not_held(client: TestClient, desk: FakeDesk) -> None:
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(60):
            sent += 1
            yield b" " * 1_000_000

    headers = slack.signed(SECRET, b"", NOW)
    assert client.post(EVENTS, content=chunks(), headers=headers).status_code == 413
    assert not desk.accepted


def _request(receive: Callable[[], Any]) -> Request:
    headers = [(b"content-type", b"application/json")]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)


def test_reading_stops_at_the_limit() -> None:
    asked = 0

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"x" * 400_000, "more_body": True}

    with pytest.raises(web.Rejected) as caught:
        asyncio.run(web._read(_request(receive), web.SLACK_BYTES, ("application/json",)))
    assert (caught.value.status, asked) == (413, 3)


def test_a_body_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "READ_SECONDS", 0.05)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    with pytest.raises(web.Rejected) as caught:
        asyncio.run(web._read(_request(receive), web.SLACK_BYTES, ("application/json",)))
    assert caught.value.status == 408


def test_nothing_of_a_body_is_logged(client: TestClient, capfd: pytest.CaptureFixture[str]) -> None:
    body = json.dumps(slack.said("<@U0LAKEPORT> canary-text")).encode()
    post(client, body)
    client.post(EVENTS, content=body, headers=slack.signed("other", body, NOW))
    client.post(
        HOOKS, content=body, headers={"content-type": "application/json", "x-hub-signature-256": "canary-sig"}
    )
    out, err = capfd.readouterr()
    assert "canary" not in out + err
    assert "rejected" in out + err


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/redoc", "/", "/slack/oauth_redirect"])
def test_there_is_no_other_way_in(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


# --- GitHub ---

RECEIPTS = {"ref": "refs/heads/receipts", "after": "a" * 40, "repository": {"full_name": "acme/lakeport"}}


def hook(
    client: TestClient, name: str, body: dict[str, Any] | bytes, secret: str = HOOK, **changes: str
) -> int:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {
        "content-type": "application/json",
        "x-github-event": name,
        "x-github-delivery": "11111111-2222-3333-4444-555555555555",
        "x-hub-signature-256": "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest(),
    } | {key.replace("_", "-"): value for key, value in changes.items()}
    return client.post(HOOKS, content=raw, headers=headers).status_code


def test_a_webhook_is_accepted_under_its_delivery(client: TestClient, desk: FakeDesk) -> None:
    assert hook(client, "push", RECEIPTS) == 202
    assert [envelope.key for envelope in desk.accepted] == ["github:11111111-2222-3333-4444-555555555555"]


def test_a_webhook_of_nothing_to_do_is_accepted_and_dropped(client: TestClient, desk: FakeDesk) -> None:
    assert hook(client, "ping", {"zen": "x"}) == 202
    assert hook(client, "push", RECEIPTS | {"repository": {"full_name": "eve/lakeport"}}) == 202
    assert not desk.accepted


@pytest.mark.parametrize(
    "signature", ["", "sha256=", "sha1=" + "0" * 40, "sha256=" + "0" * 64, "sha256=é", "sha256=" + "0" * 63]
)
def test_a_forged_webhook_stays_out(client: TestClient, desk: FakeDesk, signature: str) -> None:
    raw = json.dumps(RECEIPTS).encode()
    headers = {
        b"content-type": b"application/json", b"x-github-event": b"push", b"x-github-delivery": b"1-2",
        b"x-hub-signature-256": signature.encode("latin-1"),
    }  # fmt: skip
    assert client.post(HOOKS, content=raw, headers=headers).status_code == 401
    assert not desk.accepted


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_signed_junk_from_github_is_a_bad_request_or_nothing(
    client: TestClient, desk: FakeDesk, junk: bytes
) -> None:
    assert hook(client, "push", junk) in (202, 400)
    assert not desk.accepted


def test_a_webhook_without_a_delivery_or_an_event_is_a_bad_request(client: TestClient) -> None:
    assert hook(client, "push", RECEIPTS, x_github_delivery="") == 400
    assert hook(client, "push", RECEIPTS, x_github_delivery="a b") == 400
    assert hook(client, "Push!", RECEIPTS) == 400


# --- alive and ready ---


def test_alive_is_not_ready(client: TestClient, desk: FakeDesk) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready", "problems": {}}
    desk.found = {"slack": "Slack refused our token."}
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["problems"] == {"slack": "Slack refused our token."}
    assert client.get("/healthz").status_code == 200


def test_the_desk_starts_and_stops_with_the_server(desk: FakeDesk) -> None:
    with TestClient(web.build(settings(), desk, inline=answers)):
        assert (desk.started, desk.stopped) == (1, 0)
    assert (desk.started, desk.stopped) == (1, 1)


# --- Socket Mode ---


def through_socket(desk: FakeDesk, kind: str, payload: dict[str, Any]) -> list[SocketModeResponse]:
    sent: list[SocketModeResponse] = []
    request = SocketModeRequest(type=kind, envelope_id="e1", payload=payload)
    web.take_from_socket(request, desk, inline=answers, respond=sent.append)
    return sent


def test_the_socket_acknowledges_what_is_durable(desk: FakeDesk) -> None:
    sent = through_socket(desk, "events_api", slack.said("<@U0LAKEPORT> hi"))
    assert [response.envelope_id for response in sent] == ["e1"]
    assert len(desk.accepted) == 1


def test_the_socket_does_not_acknowledge_what_is_not(desk: FakeDesk) -> None:
    desk.broken = True
    assert through_socket(desk, "events_api", slack.said("<@U0LAKEPORT> hi")) == []


def test_the_socket_answers_forms_in_line(desk: FakeDesk) -> None:
    view = {
        "type": "view_submission",
        "user": {"id": "U1"},
        "view": {"id": "V1", "hash": "1.a", "wrong": True},
    }
    assert through_socket(desk, "interactive", view)[0].payload["response_action"] == "errors"
    assert not desk.accepted


def test_the_socket_and_the_web_know_an_event_by_the_same_key(client: TestClient, desk: FakeDesk) -> None:
    body = slack.said("<@U0LAKEPORT> hi")
    through_socket(desk, "events_api", body)
    post(client, json.dumps(body).encode())
    assert len({envelope.key for envelope in desk.accepted}) == 1
