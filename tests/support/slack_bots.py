"""Bots for tests of the rehearsal Slack: one that notes raw requests, with an answer to be chosen."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from sandbox.serving import Serving
from sandbox.slack.rehearsal import Slack

PEOPLE = (
    ("U024BE7LH", "liwei", "Li Wei", "li.wei@acme.example"),
    ("U0NADIAKA", "nadia-k", "Nadia Karim", "nadia.karim@acme.example"),
)


def peopled(slack: Slack) -> Slack:
    """Two people and two channels; the bot is in ``data-platform`` only."""
    for person in PEOPLE:
        slack.add_person(*person)
    slack.add_channel("data-platform")
    slack.add_channel("random", with_bot=False)
    return slack


@dataclass(frozen=True)
class Received:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def payload(self) -> dict[str, Any]:
        """The event envelope, the interaction payload or the command's form."""
        if self.headers["content-type"].startswith("application/json"):
            found: dict[str, Any] = json.loads(self.body)
            return found
        form = {
            name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()
        }
        return dict(json.loads(form["payload"])) if "payload" in form else dict(form)

    @property
    def event(self) -> dict[str, Any]:
        """The event inside an envelope."""
        found: dict[str, Any] = self.payload["event"]
        return found


@dataclass
class RecordingBot:
    """Answers the challenge by itself and everything else with ``answer(received)`` (default: empty 200)."""

    answer: Callable[[Received], Response | Any] = lambda received: None
    received: list[Received] = field(default_factory=list)

    def __post_init__(self) -> None:
        app = FastAPI()
        app.add_api_route("/slack/{kind}", self._take, methods=["POST"])
        self.serving = Serving(app, name="recording-bot")

    async def _take(self, request: Request, kind: str) -> Response:
        received = Received(request.url.path, dict(request.headers), await request.body())
        if received.payload.get("type") == "url_verification":
            return JSONResponse({"challenge": received.payload["challenge"]})
        self.received.append(received)
        answer = await run_in_threadpool(self.answer, received)
        if isinstance(answer, Response):
            return answer
        return Response() if answer is None else JSONResponse(answer)

    @property
    def interactions(self) -> list[Received]:
        """What came that is no event: those arrive on their own, in between and afterwards."""
        return [one for one in self.received if one.path != "/slack/events"]

    def events(self, kind: str | None = None) -> list[Received]:
        """The events that came, of one type or all."""
        found = [one for one in self.received if one.path == "/slack/events"]
        return [one for one in found if kind is None or one.event["type"] == kind]

    def wait_for(self, count: int, kind: str | None = None, seconds: float = 5.0) -> list[Received]:
        """Wait until that many events of a type came."""
        end = time.monotonic() + seconds
        while len(self.events(kind)) < count:
            assert time.monotonic() < end, f"{len(self.events(kind))} of {count} events {kind} came"
            time.sleep(0.005)
        return self.events(kind)
