"""Brings events and interactions to the bot as Slack does: signed HTTP with time-out and retries, or Socket
Mode.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
from fastapi import WebSocket, WebSocketDisconnect

from sandbox.slack.data import APP_ID, BOT_USER, TEAM_ID

ACK_SECONDS = 3.0
RETRY_DELAYS = (0.0, 60.0, 300.0)
"""Slack tries an event again almost at once, after a minute and after five: four deliveries in all."""
MAX_CONNECTIONS = 10
MAX_REDIRECTS = 2


class UnacknowledgedError(Exception):
    """The bot did not answer an interaction with 200 in three seconds; the person sees that it did not
    work.
    """

    def __init__(self, reason: str, status: int | None = None) -> None:
        self.reason, self.status = reason, status
        super().__init__(f"the bot did not acknowledge: {reason}" + (f" (HTTP {status})" if status else ""))


@dataclass(frozen=True)
class Attempt:
    """One delivery that was tried: of what, the how many-th retry, and how it ended (``ok`` or Slack's
    reason).
    """

    kind: str
    identifier: str
    retry: int
    outcome: str
    status: int | None
    seconds: float


@dataclass(frozen=True)
class Targets:
    """The three request addresses of the app's settings; empty means not set."""

    events: str = ""
    interactivity: str = ""
    commands: str = ""


class Delivery:
    """Knows where the bot is; lives in the event loop of the Slack server.

    ``attempts`` lists everything that was tried. ``retry_delays`` and ``ack_seconds`` are Slack's unless a
    test shortens them.
    """

    def __init__(
        self,
        signing_secret: str,
        *,
        ack_seconds: float = ACK_SECONDS,
        retry_delays: Sequence[float] = RETRY_DELAYS,
    ) -> None:
        self._secret = signing_secret.encode()
        self.ack_seconds = ack_seconds
        self.retry_delays = tuple(retry_delays)
        self.targets = Targets()
        self.attempts: list[Attempt] = []
        self.tickets: set[str] = set()
        self._sockets: list[WebSocket] = []
        self._turn = 0
        self._acks: dict[str, asyncio.Future[Any]] = {}
        self._http: httpx.AsyncClient | None = None

    @property
    def connected(self) -> bool:
        """Whether a Socket Mode client is connected."""
        return bool(self._sockets)

    async def close(self) -> None:
        """Close sockets and connections."""
        for socket in list(self._sockets):
            await socket.close()
        if self._http is not None:
            await self._http.aclose()

    async def event(self, event: Mapping[str, Any]) -> None:
        """Deliver one event of the Events API, with Slack's retries; a bot that is not there misses it."""
        identifier = f"Ev{secrets.token_hex(5).upper()}"
        envelope = {
            "token": "verification-token-is-deprecated",
            "team_id": TEAM_ID,
            "context_team_id": TEAM_ID,
            "context_enterprise_id": None,
            "api_app_id": APP_ID,
            "event": dict(event),
            "type": "event_callback",
            "event_id": identifier,
            "event_time": int(time.time()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": TEAM_ID,
                    "user_id": BOT_USER,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
            "event_context": f"4-{identifier}",
        }
        if not self.connected and not self.targets.events:
            return
        reason = ""
        for retry in range(len(self.retry_delays) + 1):
            if retry:
                await asyncio.sleep(self.retry_delays[retry - 1])
            try:
                await self._send("events_api", identifier, envelope, self.targets.events, retry, reason)
                return
            except UnacknowledgedError as problem:
                if problem.reason == "no_retry":
                    return
                reason = problem.reason

    async def interaction(self, payload: Mapping[str, Any]) -> Any:
        """Deliver a button, a form, a shortcut; the bot's answer as JSON, ``None`` when empty."""
        name = str(payload["type"])
        return await self._send("interactive", name, payload, self.targets.interactivity, 0, "")

    async def command(self, form: Mapping[str, str]) -> Any:
        """Deliver a slash command; the bot's answer as JSON or text, ``None`` when empty."""
        return await self._send("slash_commands", form["command"], form, self.targets.commands, 0, "")

    async def _send(
        self, kind: str, identifier: str, payload: Mapping[str, Any], url: str, retry: int, reason: str
    ) -> Any:
        started = time.monotonic()
        outcome, status = "unknown_error", None
        try:
            if self.connected:
                answer = await self._over_socket(kind, payload, retry, reason)
                outcome = "ok"
                return answer
            if not url:
                raise UnacknowledgedError("dispatch_failed")
            status, answer = await self._over_http(kind, payload, url, retry, reason)
            outcome = "ok"
            return answer
        except UnacknowledgedError as problem:
            outcome, status = problem.reason, problem.status
            raise
        finally:
            self.attempts.append(
                Attempt(kind, identifier, retry, outcome, status, time.monotonic() - started)
            )

    # ---- HTTP ----------------------------------------------------------------------------------------------

    async def _over_http(
        self, kind: str, payload: Mapping[str, Any], url: str, retry: int, reason: str
    ) -> tuple[int, Any]:
        if kind == "events_api":
            body, content = json.dumps(payload).encode(), "application/json"
        elif kind == "interactive":
            body, content = (
                urlencode({"payload": json.dumps(payload)}).encode(),
                "application/x-www-form-urlencoded",
            )
        else:
            body, content = urlencode(payload).encode(), "application/x-www-form-urlencoded"
        headers = self.signed(body) | {
            "Content-Type": content,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        }
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": reason}
        if self._http is None:
            self._http = httpx.AsyncClient(
                follow_redirects=True, max_redirects=MAX_REDIRECTS, trust_env=False
            )
        try:
            async with asyncio.timeout(self.ack_seconds):
                answer = await self._http.post(url, content=body, headers=headers, timeout=None)
        except TimeoutError:
            raise UnacknowledgedError("http_timeout") from None
        except httpx.TooManyRedirects:
            raise UnacknowledgedError("too_many_redirects") from None
        except httpx.TransportError:
            raise UnacknowledgedError("connection_failed") from None
        if not answer.is_success:
            stop = answer.headers.get("x-slack-no-retry") == "1"
            raise UnacknowledgedError("no_retry" if stop else "http_error", answer.status_code)
        return answer.status_code, _answer(answer)

    def signed(self, body: bytes, at: int | None = None) -> dict[str, str]:
        """``X-Slack-Request-Timestamp`` and ``X-Slack-Signature``: v0, HMAC-SHA256 over time and raw body."""
        stamp = str(int(time.time()) if at is None else at)
        digest = hmac.new(self._secret, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}

    async def challenge(self) -> bool:
        """The handshake Slack does when a request address is saved: the bot must send the challenge back."""
        body = json.dumps(
            {
                "token": "verification-token-is-deprecated",
                "challenge": secrets.token_hex(16),
                "type": "url_verification",
            }
        ).encode()
        headers = self.signed(body) | {"Content-Type": "application/json"}
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(
                self.targets.events, content=body, headers=headers, timeout=self.ack_seconds
            )
        return answer.is_success and json.loads(body)["challenge"] in answer.text

    # ---- Socket Mode ---------------------------------------------------------------------------------------

    def new_ticket(self) -> str:
        """What ``apps.connections.open`` puts into the address; good for one connection."""
        ticket = secrets.token_urlsafe(24)
        self.tickets.add(ticket)
        return ticket

    async def serve(self, socket: WebSocket, ticket: str) -> None:
        """One Socket Mode connection from hello to its end."""
        if ticket not in self.tickets or len(self._sockets) >= MAX_CONNECTIONS:
            await socket.close(code=1008)
            return
        self.tickets.discard(ticket)
        await socket.accept()
        hello = {
            "type": "hello",
            "num_connections": len(self._sockets) + 1,
            "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": "sandbox", "approximate_connection_time": 18060},
        }
        await socket.send_json(hello)
        self._sockets.append(socket)
        try:
            while True:
                said = await socket.receive_json()
                waiting = self._acks.pop(str(said.get("envelope_id")), None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(said.get("payload"))
        except (WebSocketDisconnect, ValueError, RuntimeError):
            return
        finally:
            self._sockets.remove(socket)

    async def _over_socket(self, kind: str, payload: Mapping[str, Any], retry: int, reason: str) -> Any:
        identifier = secrets.token_hex(16)
        envelope: dict[str, Any] = {
            "envelope_id": identifier,
            "payload": payload,
            "type": kind,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": retry, "retry_reason": reason}
        self._turn += 1
        socket = self._sockets[self._turn % len(self._sockets)]
        waiting = asyncio.get_running_loop().create_future()
        self._acks[identifier] = waiting
        try:
            await socket.send_json(envelope)
            async with asyncio.timeout(self.ack_seconds):
                return await waiting
        except TimeoutError:
            raise UnacknowledgedError("http_timeout") from None
        except (RuntimeError, WebSocketDisconnect):
            raise UnacknowledgedError("connection_failed") from None
        finally:
            self._acks.pop(identifier, None)


def _answer(answer: httpx.Response) -> Any:
    if not answer.content.strip():
        return None
    if "json" in answer.headers.get("content-type", ""):
        try:
            return answer.json()
        except ValueError:
            return answer.text
    return answer.text
