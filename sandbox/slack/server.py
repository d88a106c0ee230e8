"""The HTTP face of the rehearsal Slack: Web API, response addresses, Socket Mode; and the way events leave
it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import secrets
import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import JSONResponse, Response

from sandbox.serving import Serving
from sandbox.slack import chat, views
from sandbox.slack.blocks import check_view
from sandbox.slack.data import RESPONSE_SECONDS, RESPONSE_USES, Channel, Message, Person, SlackError, View
from sandbox.slack.delivery import ACK_SECONDS, RETRY_DELAYS, Delivery, Targets
from sandbox.slack.methods import APP_LEVEL, METHODS
from sandbox.slack.state import SlackState

T = TypeVar("T")
MAX_BODY = 2 * 1024 * 1024
SUBSCRIBED = ("app_mention", "message.channels", "message.im", "app_home_opened")
"""The events the app is subscribed to (its manifest)."""
__all__ = ["SlackServer", "chat", "views"]


class SlackServer:
    """Serves the Web API on a loopback port and delivers what happens to the bot.

    ``calls`` lists ``(method, arguments)`` of every call that was admitted, ``unknown_calls`` the methods
    nobody has written. ``signing_secret``, ``bot_token`` and ``app_token`` are made for this run.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        ack_seconds: float = ACK_SECONDS,
        retry_delays: Sequence[float] = RETRY_DELAYS,
        subscribed: Sequence[str] = SUBSCRIBED,
    ) -> None:
        self.signing_secret = secrets.token_hex(16)
        self.bot_token = f"xoxb-{secrets.token_hex(12)}-sandbox"
        self.app_token = f"xapp-1-{secrets.token_hex(12)}-sandbox"
        self.state = SlackState()
        self.delivery = Delivery(self.signing_secret, ack_seconds=ack_seconds, retry_delays=retry_delays)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.unknown_calls: list[str] = []
        self._subscribed = frozenset(subscribed)
        self._faults: list[tuple[str, str, float | None]] = []
        self._held: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
        self._flying: set[concurrent.futures.Future[None]] = set()
        self.app = self._application()
        self._serving = Serving(self.app, name="slack", port=port)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        """The page for people; the Web API is at ``api_url``."""
        return self._serving.url

    @property
    def api_url(self) -> str:
        """What goes into ``SLACK_API_URL``; ends with a slash."""
        return f"{self.url}/api/"

    def start(self) -> None:
        """Return when it answers."""
        self._serving.start()
        self._loop = self._serving.run(_loop())

    def stop(self) -> None:
        """Drop retries that are still to come, close sockets, stop; calling it again does nothing."""
        if self._loop is not None:
            for one in list(self._flying):
                one.cancel()
            try:
                self._serving.run(self.delivery.close(), timeout=5)
            finally:
                self._loop = None
        self._serving.stop()

    def connect(self, base_url: str, *, verify: bool = True) -> None:
        """Set the app's three request addresses below ``base_url``, with Slack's handshake.

        Raises:
            RuntimeError: the bot did not send the challenge back.
        """
        root = base_url.rstrip("/")
        self.delivery.targets = Targets(
            f"{root}/slack/events", f"{root}/slack/interactivity", f"{root}/slack/commands"
        )
        if verify and not self.run(self.delivery.challenge()):
            raise RuntimeError(f"{root}/slack/events did not send Slack's challenge back")

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of the delivery in the server's loop and wait; not to be called from that loop."""
        return self._serving.run(work)

    def emit(self, event: Mapping[str, Any]) -> None:
        """Send an event the app is subscribed to on its way; returns at once."""
        name = event["type"]
        if name == "message":
            name = f"message.{'im' if event.get('channel_type') == 'im' else 'channels'}"
        if name not in self._subscribed or self._loop is None:
            return
        flying = asyncio.run_coroutine_threadsafe(self.delivery.event(event), self._loop)
        self._flying.add(flying)
        flying.add_done_callback(self._flying.discard)

    def socket_url(self) -> str:
        """A fresh address for one Socket Mode connection."""
        return f"{self.url.replace('http', 'ws', 1)}/link/{self.delivery.new_ticket()}"

    def fail_next(self, method: str, error: str, *, times: int = 1, retry_after: float | None = None) -> None:
        """Answer the next calls of a method with an error; with ``retry_after`` as HTTP 429."""
        self._faults += [(method, error, retry_after)] * times

    def checked_view(self, view: Any) -> dict[str, Any]:
        """A view from the bot's answer, held to the same limits."""
        return check_view(view)

    def held(self, where: Message | View, person: Person) -> dict[str, dict[str, Any]]:
        """What that person chose there so far, by block and action."""
        if isinstance(where, View):
            return where.values
        return self._held.setdefault((where.ts, person.id), {})

    def respond(
        self, channel: Channel, user: str, args: Mapping[str, Any], thread_ts: str | None = None
    ) -> Message:
        """Post what the bot answers to a command or through a response address; only for that person unless
        ``in_channel``.
        """
        only_for = None if args.get("response_type") == "in_channel" else user
        return chat.post(self, channel, {"thread_ts": thread_ts, **args}, only_for=only_for)

    # ---- HTTP ----------------------------------------------------------------------------------------------

    def _application(self) -> FastAPI:
        app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
        app.add_api_route("/api/{method}", self._web_api, methods=["GET", "POST"])
        app.add_api_route("/response/{key}", self._response, methods=["POST"])

        @app.websocket("/link/{ticket}")
        async def link(socket: WebSocket, ticket: str) -> None:
            await self.delivery.serve(socket, ticket)

        return app

    async def _web_api(self, request: Request, method: str) -> Response:
        try:
            args = await _arguments(request)
            self._admit(request, method, args)
            if method not in METHODS:
                self.unknown_calls.append(method)
                raise SlackError("unknown_method")
            self.calls.append((method, {name: given for name, given in args.items() if name != "token"}))
            if (late := self._fault(method)) is not None:
                return late
            with self.state.lock:
                answer = METHODS[method](self, args)
        except SlackError as problem:
            return JSONResponse(_refusal(problem))
        scopes = {
            "x-oauth-scopes": "app_mentions:read,channels:history,chat:write,commands,im:history,users:read"
        }
        return JSONResponse({"ok": True, **answer}, headers=scopes)

    def _admit(self, request: Request, method: str, args: Mapping[str, Any]) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given = token if scheme.lower() == "bearer" and token else str(args.get("token") or "")
        if method == "api.test" and not given:
            return
        if not given:
            raise SlackError("not_authed")
        wanted, other = (self.bot_token, self.app_token)
        if method in APP_LEVEL:
            wanted, other = other, wanted
        if secrets.compare_digest(given.encode(), wanted.encode()):
            return
        raise SlackError("not_allowed_token_type" if given == other else "invalid_auth")

    def _fault(self, method: str) -> Response | None:
        for fault in self._faults:
            if fault[0] == method:
                self._faults.remove(fault)
                if fault[2] is None:
                    raise SlackError(fault[1])
                headers = {"Retry-After": str(int(fault[2]))}
                return JSONResponse({"ok": False, "error": fault[1]}, 429, headers)
        return None

    async def _response(self, request: Request, key: str) -> Response:
        known = self.state.response_urls.get(key)
        if known is None:
            return Response("404", 404)
        with self.state.lock:
            known.uses += 1
            late = time.monotonic() - known.at > RESPONSE_SECONDS
        if late or known.uses > RESPONSE_USES:
            return Response("used_url" if not late else "expired_url", 404)
        args = await _arguments(request)
        try:
            with self.state.lock:
                self._answer_there(known.channel, known.user, known.message_ts, known.thread_ts, args)
        except SlackError as problem:
            return JSONResponse(_refusal(problem))
        return JSONResponse({"ok": True})

    def _answer_there(
        self, where: str, user: str, ts: str | None, thread_ts: str | None, args: Mapping[str, Any]
    ) -> None:
        channel = self.state.channels[where]
        origin = next((m for m in channel.messages if ts is not None and m.ts == ts), None)
        if origin is not None and _yes(args, "delete_original"):
            channel.messages.remove(origin)
            self.state.touch()
        elif origin is not None and _yes(args, "replace_original"):
            chat.change(self, channel, origin, args)
        else:
            self.respond(channel, user, args, thread_ts=str(args.get("thread_ts") or thread_ts or "") or None)


def _yes(args: Mapping[str, Any], name: str) -> bool:
    return str(args.get(name, "")).lower() in {"1", "true"}


def _refusal(problem: SlackError) -> dict[str, Any]:
    found: dict[str, Any] = {"ok": False, "error": problem.error}
    if problem.messages:
        found["response_metadata"] = {"messages": problem.messages}
        found["errors"] = problem.messages
    return found


async def _arguments(request: Request) -> dict[str, Any]:
    """Query, form or JSON, as Slack takes them."""
    args: dict[str, Any] = dict(request.query_params)
    raw = await request.body()
    if len(raw) > MAX_BODY:
        raise SlackError("request_too_large")
    if not raw:
        return args
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            found = json.loads(raw)
            if not isinstance(found, dict):
                raise SlackError("json_not_object")
            return args | found
        if kind == "multipart/form-data":
            return args | {name: str(value) for name, value in (await request.form()).items()}
        return args | dict(parse_qsl(raw.decode(), keep_blank_values=True))
    except ValueError:
        raise SlackError("invalid_json" if kind == "application/json" else "invalid_form_data") from None


async def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()
