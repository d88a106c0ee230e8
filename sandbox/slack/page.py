"""The page in the browser: act as a person, read channels and threads, press the bot's buttons, fill in its
forms.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from sandbox.project import HTML
from sandbox.slack.data import BOT_USER, Channel, Message, Person, SlackError
from sandbox.slack.delivery import UnacknowledgedError
from sandbox.slack.markup import markdown, mrkdwn, plain
from sandbox.slack.people import People

STATIC = {"slack.css": "text/css", "slack.js": "text/javascript"}
COLOURS = 8
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


def add_page(slack: People) -> None:
    """Add the page to the application of that Slack."""
    _Page(slack).add_to(slack.app)


class _Page:
    """Renders what one person sees, and does what that person does."""

    def __init__(self, slack: People) -> None:
        self._slack = slack
        self._html = Environment(
            loader=FileSystemLoader(HTML),
            autoescape=select_autoescape(),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._html.filters |= {
            "mrkdwn": lambda text: mrkdwn(str(text), self._name),
            "plain": lambda text: plain(str(text)),
            "markdown": lambda text: markdown(str(text)),
            "clock": lambda ts: datetime.fromtimestamp(float(ts)).astimezone().strftime("%H:%M"),
            "moment": lambda ts: (
                datetime.fromtimestamp(float(ts)).astimezone().strftime("%A %d %B, %H:%M:%S")
            ),
            "colour": lambda identifier: zlib.crc32(str(identifier).encode()) % COLOURS,
            "initials": lambda name: "".join(word[0] for word in str(name).split()[:2]).upper() or "?",
            "emoji": lambda name: plain(f":{name}:"),
        }

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
        seen = await run_in_threadpool(self._context, dict(request.query_params))
        return HTMLResponse(self._html.get_template("slack.html").render(seen), headers=HEADERS)

    async def _seen(self, request: Request) -> Response:
        """The parts of the page that change, when something changed since ``version``."""
        if not _is_local(request):
            return Response("This page is only for this machine.", 403)
        if request.query_params.get("version") == str(self._slack.state.version):
            return Response(status_code=204)
        seen = await run_in_threadpool(self._context, dict(request.query_params))
        parts = self._html.get_template("slack_parts.html").make_module(seen)
        names = ("channels", "messages", "thread", "form")
        found: dict[str, Any] = {name: str(getattr(parts, f"show_{name}")()) for name in names}
        view = seen["view"]
        found |= {"version": seen["version"], "form_key": f"{view['id']}:{view['hash']}" if view else ""}
        return JSONResponse(found, headers=HEADERS)

    async def _permalink(self, request: Request, channel: str, message: str) -> Response:
        digits = message.removeprefix("p")
        ts = request.query_params.get("thread_ts") or f"{digits[:-6]}.{digits[-6:]}"
        return RedirectResponse("/?" + urlencode({"channel": channel, "thread": ts}), 303)

    async def _static(self, name: str) -> Response:
        if name not in STATIC:
            return Response(status_code=404)
        return FileResponse(HTML / name, media_type=STATIC[name], headers={"Cache-Control": "no-cache"})

    def _name(self, identifier: str) -> str:
        state = self._slack.state
        if identifier in state.people:
            return state.people[identifier].name
        return state.channels[identifier].name if identifier in state.channels else identifier

    def _context(self, query: dict[str, str]) -> dict[str, Any]:
        """Everything the templates show to one person."""
        state = self._slack.state
        with state.lock:
            people = [one for one in state.people.values() if not one.is_bot]
            viewer = next(
                (one for one in people if one.handle == query.get("as")), people[0] if people else None
            )
            if viewer is None:
                return {"viewer": None, "version": state.version, "view": None}
            channel = self._channel(query.get("channel", ""), viewer)
            ts = query.get("thread", "")
            view = state.top_view(viewer.id)
            home = state.homes.get(viewer.id)
            return {
                "viewer": viewer,
                "people": people,
                "everybody": state.people,
                "channel": channel,
                "channels": [one for one in state.channels.values() if not one.is_im],
                "direct": state.direct(viewer.id),
                "bot": state.people[BOT_USER],
                "messages": [m for m in self._visible(channel, viewer) if m.thread_ts in {None, m.ts}],
                "replies": self._replies(channel, viewer),
                "thread": [m for m in self._visible(channel, viewer) if ts and ts in {m.ts, m.thread_ts}],
                "thread_ts": ts,
                "status": state.statuses.get((channel.id, ts), ""),
                "held": lambda message: self._slack.held(message, viewer),
                "view": view.as_json() if view else None,
                "home": home.as_json() if home and query.get("home") else None,
                "version": state.version,
                "error": query.get("error", ""),
                "address": self._address(viewer, channel),
            }

    def _channel(self, wanted: str, viewer: Person) -> Channel:
        state = self._slack.state
        found = state.channels.get(wanted)
        if found is not None and (not found.is_im or viewer.id in found.members):
            return found
        first = next((one for one in state.channels.values() if not one.is_im), None)
        return first or state.direct(viewer.id)

    @staticmethod
    def _visible(channel: Channel, viewer: Person) -> list[Message]:
        return [m for m in channel.messages if m.only_for in {None, viewer.id}]

    def _replies(self, channel: Channel, viewer: Person) -> dict[str, list[Message]]:
        found: dict[str, list[Message]] = {}
        for message in self._visible(channel, viewer):
            if message.thread_ts and message.thread_ts != message.ts:
                found.setdefault(message.thread_ts, []).append(message)
        return found

    @staticmethod
    def _address(viewer: Person, channel: Channel) -> Callable[..., str]:
        def address(**changes: str) -> str:
            parts = {"as": viewer.handle, "channel": channel.id} | changes
            return "/?" + urlencode({name: value for name, value in parts.items() if value}, quote_via=quote)

        return address

    # ---- acting --------------------------------------------------------------------------------------------

    async def _act(self, request: Request, what: str) -> Response:
        if not _is_local(request) or not _same_origin(request):
            return JSONResponse({"ok": False, "error": "Only this page itself may act."}, 403)
        form = await request.form()
        answer = await run_in_threadpool(self._do, what, form)
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse(answer)
        back = {"as": _one(form, "as"), "channel": _one(form, "channel"), "thread": _one(form, "thread")}
        if not answer["ok"]:
            back["error"] = str(answer.get("error") or "; ".join(answer["errors"].values()))
        if "thread" in answer:
            back["thread"] = str(answer["thread"])
        return RedirectResponse("/?" + urlencode({k: v for k, v in back.items() if v}), 303)

    def _do(self, what: str, form: FormData) -> dict[str, Any]:
        doing = {
            "say": self._say,
            "press": self._press,
            "choose": self._choose,
            "submit": self._submit,
            "close": self._close,
        }.get(what)
        if doing is None:
            return {"ok": False, "error": f"There is nothing called {what} to do."}
        try:
            return {"ok": True} | doing(_one(form, "as"), form)
        except UnacknowledgedError as problem:
            return {
                "ok": False,
                "error": f"Lakeport did not answer ({problem.reason}). Nothing may have happened.",
            }
        except SlackError as problem:
            return {"ok": False, "error": str(problem)}

    def _say(self, who: str, form: FormData) -> dict[str, Any]:
        text, thread = _one(form, "text").strip(), _one(form, "thread") or None
        if not text:
            return {}
        if text.startswith("/") and thread is None:
            name, _, rest = text.partition(" ")
            self._slack.command(who, _one(form, "channel"), name, rest.strip())
            return {}
        message = self._slack.say(who, _one(form, "channel"), text, thread)
        named = f"<@{BOT_USER}>" in message.text
        return {"thread": message.ts} if named and thread is None else {}

    def _press(self, who: str, form: FormData) -> dict[str, Any]:
        action, value = _one(form, "action_id"), _one(form, "value") or None
        if view := _one(form, "view"):
            self._slack.press_in_view(who, view, action, value)
        else:
            self._slack.press(who, _one(form, "channel"), _one(form, "ts"), action, value)
        return {}

    def _choose(self, who: str, form: FormData) -> dict[str, Any]:
        action = _one(form, "action_id")
        chosen: Any = [str(one) for one in form.getlist("value")]
        if not _one(form, "many"):
            chosen = chosen[0] if chosen else ""
        if view := _one(form, "view"):
            self._slack.choose_in_view(who, view, action, chosen)
        else:
            self._slack.choose(who, _one(form, "channel"), _one(form, "ts"), action, chosen)
        return {}

    def _submit(self, who: str, form: FormData) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key in {name for name in form if name.startswith("field:")}:
            # An empty field goes along with each of several values, so that "none chosen" arrives as well.
            many, block = key.startswith("field:many:"), key.split(":", 2)[2]
            found = [str(one) for one in form.getlist(key) if str(one)]
            values[block] = found if many else (found[0] if found else "")
        done = self._slack.submit_view(who, _one(form, "view"), values)
        return {} if done.accepted else {"ok": False, "errors": dict(done.errors)}

    def _close(self, who: str, form: FormData) -> dict[str, Any]:
        self._slack.close_view(who, _one(form, "view"))
        return {}


def _one(form: FormData, name: str) -> str:
    found = form.get(name)
    return found if isinstance(found, str) else ""


def _is_local(request: Request) -> bool:
    """A name that is not this machine's means a foreign page that points here (DNS rebinding)."""
    return (request.url.hostname or "") in LOCAL_NAMES | {"::1"}


def _same_origin(request: Request) -> bool:
    """A form on another page must not act here; a browser says where a form came from."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
