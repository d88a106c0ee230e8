"""An OpenAI-compatible server on this machine whose model is scripted: good, sloppy, or out of its mind.

It reads what it is sent as a model would: the message between its marks, the question that was asked, and the
schema. Whatever is not of the API or not of the strict subset of JSON schema is a failure of the test.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bot import rules
from bot.draft import FieldUpdate
from bot.rules.context import base_path
from tests.support.organisation import LI_WEI, draft, world

Update = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What the server was sent, as far as a model looks at it."""

    model: str
    system: str
    user: str
    schema: Mapping[str, Any]

    @property
    def message(self) -> str:
        found = re.search(r"<message>\n(.*)\n</message>", self.user, re.S)
        assert found, "a message between its marks"
        return found[1]

    @property
    def asked(self) -> str | None:
        found = re.search(r"just asked for: (\S+)", self.user)
        return None if found is None or found[1] == "nothing" else found[1]

    @property
    def paths(self) -> Sequence[str]:
        return self.schema["properties"]["updates"]["items"]["properties"]["path"]["enum"]


@dataclass
class Answer:
    """What goes back: a body as it is, or a completion made of ``content`` and the rest."""

    content: str | None = None
    status: int = 200
    reason: str = "stop"
    refusal: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    usage: Mapping[str, int] | None = None
    wait: threading.Event | None = None
    """Nothing is sent before this is set."""

    def raw(self) -> bytes:
        if self.body is not None:
            return self.body
        message: dict[str, Any] = {"role": "assistant", "content": self.content, "refusal": self.refusal}
        if self.tool_calls:
            message["tool_calls"] = self.tool_calls
        choice = {"index": 0, "finish_reason": self.reason, "message": message, "logprobs": None}
        whole = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        return json.dumps(whole | ({"usage": dict(self.usage)} if self.usage else {})).encode()


Mind = Callable[[Asked], Answer]


def good_updates(asked: Asked) -> list[Update]:
    """What a good model finds: here what the rules find, in the form that the prompt asks for."""
    place = world()
    found = rules.extract(
        place.catalogue,
        draft(),
        asked.asked,
        asked.message,
        policy=place.policy,
        requester=place.policy.person(slack=LI_WEI),
        today=place.today,
    )
    return [_written(update) for update in found if base_path(update.path) in asked.paths]


def _written(update: FieldUpdate) -> Update:
    label = re.search(r"\[([^\]]+)\]", update.path)
    value = update.value
    if isinstance(value, bool):
        text: str | None = "true" if value else "false"
    elif isinstance(value, list | tuple):
        plain = all(isinstance(item, str) for item in value)
        text = ", ".join(value) if plain else json.dumps(value)
    else:
        text = None if value is None else str(value)
    return {
        "path": base_path(update.path),
        "resource": label[1] if label else None,
        "op": update.op,
        "value": text,
        "quote": update.quote,
    }


def completion(updates: Sequence[Mapping[str, Any]]) -> Answer:
    """A well-formed answer with these updates."""
    return Answer(json.dumps({"updates": list(updates)}, ensure_ascii=False))


def good(asked: Asked) -> Answer:
    """The mind of a good model."""
    return completion(good_updates(asked))


class ModelServer:
    """The server; ``minds`` answer by the model's name, any other name is one the server does not know."""

    def __init__(self, minds: Mapping[str, Mind]) -> None:
        self.minds = dict(minds)
        self.asked: list[Asked] = []
        self.bodies: list[bytes] = []
        self.wrong: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                answer = server._answer(self.path, body)
                if answer.wait is not None:
                    answer.wait.wait(30)
                raw = answer.raw()
                try:
                    self.send_response(answer.status)
                    for name, value in {"content-type": "application/json", **answer.headers}.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(len(raw)))
                    self.end_headers()
                    self.wfile.write(raw)
                except OSError:
                    return  # nobody waits any more

            def log_request(self, code: Any = "-", size: Any = "-") -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.01), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, path: str, raw: bytes) -> Answer:
        body = json.loads(raw)
        self.bodies.append(raw)
        if path != "/v1/chat/completions" or set(body) - {
            "model", "messages", "response_format", "max_completion_tokens", "temperature",
        }:  # fmt: skip
            self.wrong.append(f"{path} {sorted(body)}")
        if body["model"] not in self.minds:
            return Answer(status=404, body=b'{"error": {"message": "no such model"}}')
        system, user = (message["content"] for message in body["messages"])
        asked = Asked(body["model"], system, user, body["response_format"]["json_schema"]["schema"])
        self.asked.append(asked)
        return self.minds[body["model"]](asked)


@contextmanager
def serving(minds: Mapping[str, Mind]) -> Iterator[ModelServer]:
    """The server while it is needed."""
    server = ModelServer(minds)
    try:
        yield server
        assert not server.wrong
    finally:
        server.stop()
