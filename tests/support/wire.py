"""A proxy on the wire in front of a server: it writes down every call, and can make one of them go wrong.

It stands between ``lakeport`` and a server of the sandbox, on a port of its own. Whoever tests puts a
:class:`Rule` in ``rules``; the first one that takes a call decides what becomes of it. Without rules a call
and its answer pass unchanged.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import struct
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import urlsplit

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"}
READING_POSTS = ("/api/2.1/clusters/events",)
_NAMES = (
    (re.compile(r"(?<=/)[0-9a-f]{40}(?=/|$)"), "{sha}"),
    (re.compile(r"(?<=/permissions/clusters/)[^/]+"), "{id}"),
    (re.compile(r"(?<=/)\d+(?=/|$)"), "{number}"),
)


@dataclass(frozen=True)
class Answer:
    """What a server said; header names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        """Its JSON."""
        return json.loads(self.body or b"null")


@dataclass(frozen=True)
class Call:
    """One call as it came over the wire; ``began`` and ``ended`` are of the monotonic clock."""

    system: str
    method: str
    path: str
    query: str
    body: bytes
    began: float
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def endpoint(self) -> str:
        """``POST /repos/acme/lakeport/git/trees``, with a placeholder for what differs from run to run."""
        path = self.path
        for pattern, name in _NAMES:
            path = pattern.sub(name, path)
        return f"{self.method} {path}"

    @property
    def is_write(self) -> bool:
        """Whether it asks for a change."""
        if self.path == "/graphql":
            return bool(json.loads(self.body)["query"].lstrip().startswith("mutation"))
        return self.method not in ("GET", "HEAD") and self.path not in READING_POSTS


@dataclass(frozen=True)
class Heard:
    """A call with what came of it: the status of the server, 0 when it never got there."""

    call: Call
    status: int
    ended: float


class Line(Protocol):
    """What a rule may do with a call."""

    def forward(self) -> Answer:
        """Let the server do it."""

    def answer(self, answer: Answer) -> None:
        """Answer the caller."""

    def cut(self) -> None:
        """Reset the connection."""


class Rule(Protocol):
    """Takes a call and deals with it, or leaves it (``False``)."""

    def __call__(self, call: Call, line: Line) -> bool:
        """Whether it dealt with the call."""


class Proxy:
    """A proxy in front of one server; ``heard`` are the calls so far, in the order of their end."""

    def __init__(self, system: str, upstream: str, *, delay: float = 0.0) -> None:
        self.system = system
        self.upstream = urlsplit(upstream)
        self.delay = delay
        self.rules: list[Rule] = []
        self.heard: list[Heard] = []
        self.down = False
        self._idle = threading.Condition()
        self._under_way = 0
        self._server = _Server(self)
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def start(self) -> None:
        """Take calls from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()

    def refuse(self) -> None:
        """Be as a server that is down: connections are refused until :meth:`listen`."""
        self.down = True
        self._server.shutdown()
        self._server.socket.close()

    def listen(self) -> None:
        """Be up again, on the same port."""
        if not self.down:
            return
        self.down = False
        self._server.socket = socket.socket()
        self._server.server_bind()
        self._server.server_activate()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def wait_until_idle(self) -> None:
        """Return when no call is under way: what a killed process had asked for has been done."""
        with self._idle:
            if not self._idle.wait_for(lambda: not self._under_way, 20):
                raise TimeoutError(f"a call to {self.system} does not end")

    def take(self, call: Call, line: _Line) -> None:
        """Deal with one call."""
        with self._idle:
            self._under_way += 1
        try:
            if self.delay:
                time.sleep(self.delay)
            if self.down:
                line.cut()
            elif not any(rule(call, line) for rule in list(self.rules)):
                line.answer(line.forward())
        finally:
            with self._idle:
                self._under_way -= 1
                self.heard.append(Heard(call, line.status, time.monotonic()))
                self._idle.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that was killed, or that we cut off: nothing to say."""


class _Line:
    """One call's connection on both sides."""

    def __init__(self, handler: _Handler, call: Call) -> None:
        self._handler = handler
        self._call = call
        self.status = 0

    def forward(self) -> Answer:
        proxy, call = self._handler.server.proxy, self._call
        connection = http.client.HTTPConnection(
            proxy.upstream.hostname or "", proxy.upstream.port, timeout=30
        )
        try:
            target = call.path + (f"?{call.query}" if call.query else "")
            headers = {name: value for name, value in call.headers.items() if name.lower() not in HOP}
            connection.request(call.method, target, call.body or None, headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        self.status = answer.status
        kept = {name.lower(): value for name, value in answer.getheaders() if name.lower() not in HOP}
        return Answer(answer.status, kept, body)

    def answer(self, answer: Answer) -> None:
        handler = self._handler
        handler.send_response_only(answer.status)
        for name, value in ({"content-length": str(len(answer.body))} | dict(answer.headers)).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(answer.body)

    def cut(self) -> None:
        handler = self._handler
        handler.close_connection = True
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(handler.connection.detach())  # at once, whoever else holds the socket


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def _take(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # it died while it was asking
            self.close_connection = True
            return
        at = urlsplit(self.path)
        call = Call(
            self.server.proxy.system,
            self.command,
            at.path,
            at.query,
            body,
            time.monotonic(),
            dict(self.headers),
        )
        self.server.proxy.take(call, _Line(self, call))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _take

    def log_message(self, *args: object) -> None:
        """Silence: the calls are in the proxy's list."""
