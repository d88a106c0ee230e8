"""The device flow of the rehearsal GitHub: a code for an app, the page to enter it, and the token it becomes.

Answers are as GitHub documents them for apps: errors come with status 200, a call that comes too soon slows
the app down, and a code can be used once.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, Template
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox.github.answers import ApiError
from sandbox.github.data import App
from sandbox.github.pages import SAFE
from sandbox.github.review import LONGEST, people
from sandbox.github.state import GitHubState
from sandbox.project import HTML

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
INTERVAL, SLOWER, GOOD_FOR = 5, 5, 900
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so that no code is a word."""
PAGE = "/login/device"


@dataclass
class Pending:
    """A code that was given out; ``login`` once somebody agreed, ``denied`` once somebody did not."""

    user_code: str
    device_code: str = field(repr=False)
    app: App
    until: float
    interval: int
    asked: float = 0.0
    login: str = ""
    denied: bool = False


class Devices:
    """The codes that are out; ``interval`` seconds have to lie between two questions about one."""

    def __init__(self, state: GitHubState, *, interval: int = INTERVAL, seconds: int = GOOD_FOR) -> None:
        self.state = state
        self.interval = interval
        self.seconds = seconds
        self.pending: dict[str, Pending] = {}

    def begin(self, form: Mapping[str, str]) -> dict[str, Any]:
        """A fresh code for an app; 404 for an app nobody knows."""
        app = self._app(form)
        if app is None:
            raise ApiError(404, "Not Found")
        made = Pending(
            user_code="-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(2)),
            device_code=secrets.token_hex(20),
            app=app,
            until=time.monotonic() + self.seconds,
            interval=self.interval,
        )
        self.pending[made.device_code] = made
        return {
            "device_code": made.device_code,
            "user_code": made.user_code,
            "verification_uri": f"{self.state.url}{PAGE}",
            "expires_in": self.seconds,
            "interval": made.interval,
        }

    def redeem(self, form: Mapping[str, str]) -> dict[str, Any]:
        """The token of whoever agreed; else ``error`` says why there is none."""
        found = self.pending.get(form.get("device_code", ""))
        app = self._app(form)
        if app is None:
            return _error("incorrect_client_credentials")
        if form.get("grant_type") != GRANT:
            return _error("unsupported_grant_type")
        if found is None or found.app is not app:
            return _error("incorrect_device_code")
        now, before = time.monotonic(), found.asked
        found.asked = now
        if now > found.until:
            return _error("expired_token")
        if found.denied:
            return _error("access_denied")
        if before and now - before < found.interval:
            found.interval += SLOWER
            return _error("slow_down") | {"interval": found.interval}
        if not found.login:
            return _error("authorization_pending")
        del self.pending[found.device_code]
        token = self.state.issue_token(found.login, "ghu")
        self.state.save()
        return {"access_token": token.value, "token_type": "bearer", "scope": ""}

    def entered(self, form: Mapping[str, str]) -> str:
        """Somebody entered a code and agreed or did not; what to tell them, empty for a code nobody knows."""
        code = "".join(form.get("code", "").upper().replace("-", "").split())
        open_ = (one for one in self.pending.values() if not one.login and not one.denied)
        found = next((one for one in open_ if one.user_code.replace("-", "") == code), None)
        login = next((login for login, _ in people(self.state) if login == form.get("as")), "")
        if found is None or not login or time.monotonic() > found.until:
            return ""
        if form.get("do") != "agree":
            found.denied = True
            return f"{found.app.slug} was told nothing."
        found.login = login
        return f"{found.app.slug} now knows that you are {login}. You can close this page."

    def _app(self, form: Mapping[str, str]) -> App | None:
        given = form.get("client_id", "")
        return next((app for app in self.state.data.apps.values() if client_id(app) == given), None)


def client_id(app: App) -> str:
    """The client id of an app; no secret."""
    return f"Iv1.{app.id:016x}"


def add_signing_in(app: FastAPI, state: GitHubState) -> Devices:
    """Serve the two calls of apps and the page for people."""
    devices = Devices(state)

    async def code(request: Request) -> Response:
        return await _answer(request, devices.begin)

    async def token(request: Request) -> Response:
        return await _answer(request, devices.redeem)

    async def _answer(request: Request, do: Any) -> Response:
        form = await _form(request)

        def locked() -> dict[str, Any]:
            with state.lock:
                found: dict[str, Any] = do(form)
                return found

        try:
            body = await run_in_threadpool(locked)
        except ApiError as error:
            return error.response()
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse(body)
        return Response(urlencode(body), media_type="application/x-www-form-urlencoded")

    async def page(_request: Request) -> Response:
        return _page(state)

    async def enter(request: Request) -> Response:
        if request.headers.get("origin", state.url) != state.url:
            return ApiError(403, "Forbidden").response()
        form = await _form(request)
        with state.lock:
            told = devices.entered(form)
        wrong = (
            "" if told else "There is no such code. It may have been used, or be too old: ask for a new one."
        )
        return _page(state, told=told, wrong=wrong)

    app.add_api_route("/login/device/code", code, methods=["POST"])
    app.add_api_route("/login/oauth/access_token", token, methods=["POST"])
    app.add_api_route(PAGE, page, methods=["GET"])
    app.add_api_route(PAGE, enter, methods=["POST"])
    return devices


async def _form(request: Request) -> dict[str, str]:
    raw = await request.body()
    if len(raw) > LONGEST:
        return {}
    return {key: found[0] for key, found in parse_qs(raw.decode("utf-8", "replace")).items()}


def _error(code: str) -> dict[str, Any]:
    return {"error": code, "error_description": f"See the documentation of {code}.", "error_uri": ""}


@cache
def _template() -> Template:
    return Environment(loader=FileSystemLoader(HTML), autoescape=True).get_template("device.html")


def _page(state: GitHubState, *, told: str = "", wrong: str = "") -> Response:
    with state.lock:
        found = people(state)
    body = _template().render(people=found, told=told, wrong=wrong, act=PAGE)
    return HTMLResponse(body, 422 if wrong else 200, headers=SAFE)
