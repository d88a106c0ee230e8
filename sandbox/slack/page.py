"""The page in the browser: act as a person, read channels and threads, press the bot's buttons, fill in its
forms. What stands beside the conversation is somebody else's (:class:`Beside`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from sandbox.project import HTML
from sandbox.slack.data import BOT_USER, Person, SlackError
from sandbox.slack.delivery import UnacknowledgedError
from sandbox.slack.people import People
from sandbox.slack.showing import Seen, Showing

STATIC = {
    "page.css": "text/css",
    "cards.css": "text/css",
    "beside.css": "text/css",
    "page.js": "text/javascript",
    "idiomorph.min.js": "text/javascript",
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src 'self' data: https:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
LOCAL_NAMES = {"127.0.0.1", "localhost", "[::1]"}

Act = Callable[[str, FormData], dict[str, Any]]
"""Does something as a person (their handle) with what a form sent; the answer goes to the page."""


class Beside(Protocol):
    """What is shown beside the conversation and can be done there."""

    acts: Mapping[str, Act]

    def about(self, person: Person) -> str:
        """A person's part in the organisation, in few words."""

    def version(self) -> str:
        """Another one whenever :meth:`parts` would say something else; cheap."""

    def parts(self, showing: Showing, seen: Seen) -> dict[str, str]:
        """HTML by the id of where it stands."""


class Page:
    """Renders what one person sees, and does what that person does."""

    def __init__(self, slack: People) -> None:
        self._slack = slack
        self._showing = Showing(slack)
        self._beside: Beside | None = None

    def put_beside(self, beside: Beside) -> None:
        """Show something beside the conversation from now on."""
        self._beside = beside
        self._showing.about = beside.about

    def add_to(self, app: FastAPI) -> None:
        """Register the page's addresses."""
        app.add_api_route("/", self._index, methods=["GET"], response_class=HTMLResponse)
        app.add_api_route("/archives/{channel}/{message}", self._permalink, methods=["GET"])
        app.add_api_route("/seen", self._seen, methods=["GET"])
        app.add_api_route("/static/{name}", self._static, methods=["GET"])
        app.add_api_route("/act/{what}", self._act, methods=["POST"])

    # ---- reading -------------------------------------------------------------------------------------------

    async def _index(self, request: Request) -> Response:
        if not _is_local(request):
            return Response("This page is only for this machine.", 403)
        page = await run_in_threadpool(self._page, dict(request.query_params))
        return HTMLResponse(page, headers=HEADERS)

    def _page(self, query: dict[str, str]) -> str:
        seen = self._showing.look(query)
        beside = self._beside.parts(self._showing, seen) if self._beside and seen else {}
        return self._showing.page(seen, beside=beside, error=query.get("error", ""))

    async def _seen(self, request: Request) -> Response:
        """The parts of the page that change, when something changed since ``version``."""
        if not _is_local(request):
            return Response("This page is only for this machine.", 403)
        found = await run_in_threadpool(self._changed, dict(request.query_params))
        return JSONResponse(found, headers=HEADERS) if found else Response(status_code=204)

    def _changed(self, query: dict[str, str]) -> dict[str, Any] | None:
        beside = self._beside.version() if self._beside else ""
        version = hashlib.sha256(f"{self._slack.state.version} {beside}".encode()).hexdigest()[:16]
        seen = self._showing.look(query)
        if query.get("version") == version or seen is None:
            return None
        parts = self._showing.parts(seen)
        if self._beside:
            parts |= self._beside.parts(self._showing, seen)
        key = f"{seen.form.id}:{seen.form.hash}" if seen.form else ""
        return {"version": version, "parts": parts, "form_key": key}

    async def _permalink(self, request: Request, channel: str, message: str) -> Response:
        digits = message.removeprefix("p")
        ts = request.query_params.get("thread_ts") or f"{digits[:-6]}.{digits[-6:]}"
        return RedirectResponse("/?" + urlencode({"channel": channel, "thread": ts}), 303)

    async def _static(self, name: str) -> Response:
        if name not in STATIC:
            return Response(status_code=404)
        return FileResponse(HTML / name, media_type=STATIC[name], headers={"Cache-Control": "no-cache"})

    # ---- acting --------------------------------------------------------------------------------------------

    async def _act(self, request: Request, what: str) -> Response:
        if not _is_local(request) or not _same_origin(request):
            return JSONResponse({"ok": False, "error": "Only this page itself may act."}, 403)
        form = await request.form()
        answer = await run_in_threadpool(self._do, what, form)
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse(answer)
        back = {name: one(form, name) for name in ("as", "channel", "thread", "home")}
        if not answer["ok"]:
            back["error"] = str(answer.get("error") or "; ".join(answer["errors"].values()))
        if "thread" in answer:
            back["thread"] = str(answer["thread"])
        return RedirectResponse("/?" + urlencode({k: v for k, v in back.items() if v}), 303)

    def _do(self, what: str, form: FormData) -> dict[str, Any]:
        acts: dict[str, Act] = {
            "say": self._say,
            "press": self._press,
            "choose": self._choose,
            "submit": self._submit,
            "close": self._close,
            "home": self._home,
            "shortcut": self._shortcut,
            **(self._beside.acts if self._beside else {}),
        }
        if what not in acts:
            return {"ok": False, "error": f"There is nothing called {what} to do."}
        try:
            return {"ok": True} | acts[what](one(form, "as"), form)
        except UnacknowledgedError as problem:
            return {
                "ok": False,
                "error": f"Lakeport did not answer ({problem.reason}). Nothing may have happened.",
            }
        except SlackError as problem:
            return {"ok": False, "error": str(problem)}

    def _say(self, who: str, form: FormData) -> dict[str, Any]:
        text, thread = one(form, "text").strip(), one(form, "thread") or None
        if not text:
            return {}
        if text.startswith("/") and thread is None:
            name, _, rest = text.partition(" ")
            self._slack.command(who, one(form, "channel"), name, rest.strip())
            return {}
        message = self._slack.say(who, one(form, "channel"), text, thread)
        heard = f"<@{BOT_USER}>" in message.text or self._slack.channel_of(message.channel).is_im
        return {"thread": message.ts} if heard and thread is None else {}

    def _press(self, who: str, form: FormData) -> dict[str, Any]:
        action, value = one(form, "action_id"), one(form, "value") or None
        if view := one(form, "view"):
            self._slack.press_in_view(who, view, action, value)
        else:
            self._slack.press(who, one(form, "channel"), one(form, "ts"), action, value)
        return {}

    def _choose(self, who: str, form: FormData) -> dict[str, Any]:
        action = one(form, "action_id")
        chosen: Any = [str(each) for each in form.getlist("value")]
        if not one(form, "many"):
            chosen = chosen[0] if chosen else ""
        if view := one(form, "view"):
            self._slack.choose_in_view(who, view, action, chosen)
        else:
            self._slack.choose(who, one(form, "channel"), one(form, "ts"), action, chosen)
        return {}

    def _submit(self, who: str, form: FormData) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key in {name for name in form if name.startswith("field:")}:
            # An empty field goes along with each of several values, so that "none chosen" arrives as well.
            many, block = key.startswith("field:many:"), key.split(":", 2)[2]
            found = [str(each) for each in form.getlist(key) if str(each)]
            values[block] = found if many else (found[0] if found else "")
        done = self._slack.submit_view(who, one(form, "view"), values)
        return {} if done.accepted else {"ok": False, "errors": dict(done.errors)}

    def _close(self, who: str, form: FormData) -> dict[str, Any]:
        self._slack.close_view(who, one(form, "view"))
        return {}

    def _shortcut(self, who: str, form: FormData) -> dict[str, Any]:
        ts = one(form, "ts")
        self._slack.message_shortcut(who, one(form, "channel"), ts, one(form, "callback_id"))
        return {"thread": ts}

    def _home(self, who: str, form: FormData) -> dict[str, Any]:
        self._slack.open_home(who)
        return {}


def one(form: FormData, name: str) -> str:
    """The text of a field; empty when it is not there."""
    found = form.get(name)
    return found if isinstance(found, str) else ""


def _is_local(request: Request) -> bool:
    """A name that is not this machine's means a foreign page that points here (DNS rebinding)."""
    return (request.url.hostname or "") in LOCAL_NAMES | {"::1"}


def _same_origin(request: Request) -> bool:
    """A form on another page must not act here; a browser says where a form came from."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
