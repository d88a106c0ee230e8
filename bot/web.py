"""The way in: requests and Slack's socket, checked over their raw bytes, made durable, then acknowledged.

Nothing is worked on here. What Slack needs an answer for (errors in a form) is answered in line by pure code.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol
from urllib.parse import parse_qs

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from slack_sdk import WebClient
from slack_sdk.signature import Clock, SignatureVerifier
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from starlette.concurrency import run_in_threadpool

from bot.envelope import Envelope, of_github, of_slack
from bot.settings import Settings
from gitops.errors import LakeportError

SLACK_BYTES = 1_000_000
GITHUB_BYTES = 25 * 1024 * 1024
"""GitHub sends no webhook above 25 MB (docs.github.com, webhook events and payloads)."""
READ_SECONDS = 10.0
FORM, JSON_TYPE = "application/x-www-form-urlencoded", "application/json"

Inline = Callable[[Mapping[str, Any]], dict[str, Any] | None]
"""The answer to a sent form, that Slack waits for; ``None``: nothing is wrong. Asks no other system."""

log = structlog.get_logger(__name__)


class Accepting(Protocol):
    """What the way in needs of the desk."""

    def accept(self, envelope: Envelope) -> None:
        """Make it durable; raises ``LakeportError`` when that was not possible."""

    def problems(self) -> Mapping[str, str]:
        """What is not ready, by name, each in a sentence; empty when everything is."""

    def start(self) -> None:
        """Begin to work."""

    def stop(self) -> None:
        """Finish what is under way and stop."""


class Rejected(Exception):
    """The request is not taken: HTTP status and a word for the log, never the body."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def build(
    settings: Settings,
    desk: Accepting,
    *,
    inline: Inline,
    clock: Callable[[], float] = time.time,
    socket: Callable[[], SocketModeClient] | None = None,
) -> FastAPI:
    """The web application; its start and end are the desk's, and the socket's where there is one.

    ``clock`` gives seconds since 1970, ``socket`` connects (see :func:`open_socket`).
    """
    life = _life_of(desk, socket)
    app = FastAPI(title="Lakeport", docs_url=None, redoc_url=None, openapi_url=None, lifespan=life)
    slack = _slack_check(settings.signing_secret(), clock)
    github = settings.webhook_secret()

    async def from_slack(request: Request) -> Response:
        raw = await _read(request, SLACK_BYTES, (JSON_TYPE, FORM))
        slack(raw, request)
        body = _parsed(raw, request)
        if body.get("type") == "url_verification":
            return JSONResponse({"challenge": str(body.get("challenge", ""))[:200]})
        answer = await run_in_threadpool(_in_line, body, inline)
        if answer is not None:
            return JSONResponse(answer)
        await _accept(desk, of_slack(body))
        return Response(status_code=200)

    async def from_github(request: Request) -> Response:
        raw = await _read(request, GITHUB_BYTES, (JSON_TYPE,))
        _check_github(raw, request, github)
        event, delivery = _one_header(request, "x-github-event"), _one_header(request, "x-github-delivery")
        if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", delivery) or not re.fullmatch(r"[a-z_]{1,64}", event):
            raise Rejected(400, "delivery")
        body = _parsed(raw, request)
        await _accept(desk, of_github(event, delivery, body, settings.repository))
        return Response(status_code=202)

    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    async def readyz() -> Response:
        problems = await run_in_threadpool(desk.problems)
        status = "not ready" if problems else "ready"
        return JSONResponse({"status": status, "problems": dict(problems)}, 503 if problems else 200)

    for path in ("/slack/events", "/slack/interactivity", "/slack/commands"):
        app.add_api_route(path, from_slack, methods=["POST"])
    app.add_api_route("/github/webhooks", from_github, methods=["POST"])
    app.add_api_route("/healthz", healthz, methods=["GET"])
    app.add_api_route("/readyz", readyz, methods=["GET"])
    app.add_exception_handler(Rejected, _answer)
    return app


def _life_of(
    desk: Accepting, socket: Callable[[], SocketModeClient] | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        # Both block, on the database and on work under way; the loop must not.
        await run_in_threadpool(desk.start)
        connection = await run_in_threadpool(socket) if socket else None
        try:
            yield
        finally:
            if connection is not None:
                await run_in_threadpool(connection.close)
            await run_in_threadpool(desk.stop)

    return life


async def _answer(request: Request, error: Exception) -> Response:
    assert isinstance(error, Rejected)
    log.warning("rejected", path=request.url.path, status=error.status, reason=error.reason)
    return JSONResponse({"error": error.reason}, error.status)


def _in_line(body: Mapping[str, Any], inline: Inline) -> dict[str, Any] | None:
    """The answer to a form that was sent; nothing else waits for one."""
    view = body.get("view")
    sent = body.get("type") == "view_submission" and isinstance(view, dict)
    return inline(body) if sent else None


async def _accept(desk: Accepting, envelope: Envelope | None) -> None:
    if envelope is None:
        return
    try:
        await run_in_threadpool(desk.accept, envelope)
    except LakeportError as error:
        # Not acknowledged, so that it is sent again.
        raise Rejected(503, "not_durable") from error


async def _read(request: Request, limit: int, types: tuple[str, ...]) -> bytes:
    """The body, never holding more than ``limit`` bytes and a chunk of it."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in types:
        raise Rejected(415, "content_type")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Rejected(415, "content_encoding")
    length = request.headers.get("content-length", "0")
    if not re.fullmatch(r"[0-9]{1,15}", length):
        raise Rejected(400, "content_length")
    if int(length) > limit:
        raise Rejected(413, "too_big")
    body = bytearray()
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise Rejected(413, "too_big")
    except TimeoutError:
        raise Rejected(408, "too_slow") from None
    return bytes(body)


def _one_header(request: Request, name: str) -> str:
    """The header's only value; two of them are none, since nobody can say which one was checked."""
    values = request.headers.getlist(name)
    return values[0] if len(values) == 1 else ""


def _slack_check(secret: str, clock: Callable[[], float]) -> Callable[[bytes, Request], None]:
    class _Clock(Clock):
        def now(self) -> float:
            return clock()

    verifier = SignatureVerifier(secret, _Clock()) if secret else None

    def check(raw: bytes, request: Request) -> None:
        stamp = _one_header(request, "x-slack-request-timestamp")
        signature = _one_header(request, "x-slack-signature")
        # The verifier trips over what is not a number, not ASCII or not UTF-8: said here first.
        if not re.fullmatch(r"[0-9]{1,15}", stamp) or not re.fullmatch(r"v0=[0-9a-f]{64}", signature):
            raise Rejected(401, "signature")
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise Rejected(400, "encoding") from None
        if verifier is None or not verifier.is_valid(text, stamp, signature):
            raise Rejected(401, "signature")

    return check


def _check_github(raw: bytes, request: Request, secret: str) -> None:
    signature = _one_header(request, "x-hub-signature-256")
    expected = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    if not secret or not hmac.compare_digest(expected.encode(), signature.encode()):
        raise Rejected(401, "signature")


def _parsed(raw: bytes, request: Request) -> dict[str, Any]:
    """The body as an object: JSON, a form, or the JSON in the form's ``payload``."""
    try:
        if request.headers.get("content-type", "").lower().startswith(FORM):
            fields = parse_qs(
                raw.decode(), keep_blank_values=True, strict_parsing=bool(raw), max_num_fields=100
            )
            form = {name: values[0] for name, values in fields.items()}
            body = _json(form["payload"]) if "payload" in form else form
        else:
            body = _json(raw.decode())
        # Half of a surrogate pair is legal JSON and no text: neither database would take it.
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Rejected(400, "body") from None
    if not isinstance(body, dict):
        raise Rejected(400, "body")
    return body


def _json(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    return json.loads(text, parse_constant=refuse)


# --- Socket Mode ------------------------------------------------------------------------------------


def open_socket(settings: Settings, desk: Accepting, *, inline: Inline) -> SocketModeClient:
    """Connect Slack's socket: what arrives is acknowledged once it is durable. Close what is returned."""
    client = SocketModeClient(
        app_token=settings.app_token(),
        web_client=WebClient(token=settings.slack_token(), base_url=settings.slack_api_url),
    )

    def receive(connection: BaseSocketModeClient, request: SocketModeRequest) -> None:
        take_from_socket(request, desk, inline=inline, respond=connection.send_socket_mode_response)

    client.socket_mode_request_listeners.append(receive)
    client.connect()
    return client


def take_from_socket(
    request: SocketModeRequest,
    desk: Accepting,
    *,
    inline: Inline,
    respond: Callable[[SocketModeResponse], None],
) -> None:
    """Make one message of the socket durable, then acknowledge it; not acknowledged, Slack sends it again."""
    if request.type not in ("events_api", "interactive", "slash_commands"):
        return
    body: Mapping[str, Any] = request.payload or {}
    answer = _in_line(body, inline)
    envelope = of_slack(body) if answer is None else None
    if envelope is not None:
        try:
            desk.accept(envelope)
        except LakeportError as error:
            log.warning("rejected", path="socket", status=503, reason=error.code)
            return
    respond(SocketModeResponse(envelope_id=request.envelope_id, payload=answer))
