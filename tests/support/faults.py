"""What can go wrong with one call: the faults, and rules for :mod:`tests.support.wire` that make them happen.

The text of every made-up error repeats the credential that was sent, so that a case also shows whether it
gets into a log, a comment or a receipt.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from tests.support.wire import Answer, Call, Line, Proxy

PATIENCE = 1
"""Seconds that a caller waits for an answer while a fault of time is played."""
HTML = b"<!doctype html><title>Sign in</title><p>This network asks you to sign in first."

Act = Callable[[Call, Line, Proxy], None]


def _refusal(status: int, words: str, headers: Mapping[str, str] | None = None) -> Act:
    """Before the effect: the server says no."""

    def act(call: Call, line: Line, proxy: Proxy) -> None:
        del proxy
        line.answer(_error(call, status, words, headers))

    return act


def _error(call: Call, status: int, words: str, headers: Mapping[str, str] | None = None) -> Answer:
    credential = next((v for name, v in call.headers.items() if name.lower() == "authorization"), "")
    said = f"{words} (you sent Authorization: {credential})"
    body = {"message": said} if call.system == "GitHub" else {"error_code": _CODES[status], "message": said}
    return Answer(status, {"content-type": "application/json", **(headers or {})}, json.dumps(body).encode())


_CODES = {
    403: "PERMISSION_DENIED",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    502: "BAD_GATEWAY",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def _at_a_date(call: Call, line: Line, proxy: Proxy) -> None:
    moment = format_datetime(datetime.fromtimestamp(time.time() + 3, UTC), usegmt=True)
    _refusal(429, "Too many requests", {"retry-after": moment})(call, line, proxy)


def _primary_limit(call: Call, line: Line, proxy: Proxy) -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 3)}
    _refusal(403, "API rate limit exceeded for installation ID 1.", headers)(call, line, proxy)


def _500_after(call: Call, line: Line, proxy: Proxy) -> None:
    line.forward()
    _refusal(500, "Something went wrong")(call, line, proxy)


def _refused(call: Call, line: Line, proxy: Proxy) -> None:
    del call
    proxy.refuse()
    line.cut()


def _reset(call: Call, line: Line, proxy: Proxy) -> None:
    del call, proxy
    line.cut()


def _reset_after(call: Call, line: Line, proxy: Proxy) -> None:
    del call, proxy
    line.forward()
    line.cut()


def _silent_after(call: Call, line: Line, proxy: Proxy) -> None:
    del call, proxy
    line.forward()
    time.sleep(PATIENCE * 1.5)
    line.cut()


def _html(call: Call, line: Line, proxy: Proxy) -> None:
    del call, proxy
    line.answer(Answer(200, {"content-type": "text/html"}, HTML))


def _cut_json(call: Call, line: Line, proxy: Proxy) -> None:
    del call, proxy
    found = line.forward()
    line.answer(Answer(200, found.headers, (found.body or b'{"id": 1}')[:-1]))


FAULTS: Mapping[str, Act] = {
    "429 with seconds": _refusal(429, "Too many requests", {"retry-after": "2"}),
    "429 with a date": _at_a_date,
    "429 without": _refusal(429, "Too many requests"),
    "403 secondary": _refusal(403, "You have exceeded a secondary rate limit.", {"retry-after": "30"}),
    "403 primary": _primary_limit,
    "500 before the effect": _refusal(500, "Something went wrong"),
    "500 after the effect": _500_after,
    "502": _refusal(502, "Bad gateway"),
    "503": _refusal(503, "Service unavailable"),
    "504": _refusal(504, "Gateway time-out"),
    "refused": _refused,
    "reset before the effect": _reset,
    "reset after the effect": _reset_after,
    "time-out after the effect": _silent_after,
    "200 with HTML": _html,
    "200 with cut JSON": _cut_json,
}
"""By name. ``refused`` is a server that goes down with this call and stays down for the rest of the run."""


@dataclass
class Once:
    """A rule that plays a fault on the first call of an endpoint; ``played`` says whether there was one."""

    endpoint: str
    fault: Act
    proxy: Proxy
    played: bool = False

    def __call__(self, call: Call, line: Line) -> bool:
        if self.played or call.endpoint != self.endpoint:
            return False
        self.played = True
        self.fault(call, line, self.proxy)
        return True


@dataclass
class Kill:
    """A rule that kills the caller at the ``number``-th write that it counts: before the effect, or after.

    It counts the writes of ``endpoint``, or all of them. ``played`` says whether it came to that.
    """

    number: int
    after: bool
    kill: Callable[[], None]
    endpoint: str = ""
    count: int = 0
    played: bool = False

    def __call__(self, call: Call, line: Line) -> bool:
        if not call.is_write or (self.endpoint and call.endpoint != self.endpoint):
            return False
        self.count += 1
        if self.count != self.number:
            return False
        self.played = True
        if self.after:
            line.forward()
        self.kill()
        line.cut()
        return True


@dataclass
class Hidden:
    """A rule: what a write has made cannot be read for the first ``reads`` reads that follow.

    ``made`` is the endpoint of the write, ``read`` of the reads; ``lie`` makes a stale answer of a true one.
    """

    made: str
    read: str
    reads: int
    lie: Callable[[Call, Answer], Answer]
    stands: bool = False

    def __call__(self, call: Call, line: Line) -> bool:
        if call.endpoint == self.made:
            answer = line.forward()
            self.stands = self.stands or answer.status < 300
            line.answer(answer)
            return True
        if call.endpoint != self.read or not self.stands or self.reads <= 0:
            return False
        self.reads -= 1
        line.answer(self.lie(call, line.forward()))
        return True


def not_there(call: Call, answer: Answer) -> Answer:
    """As if it had never been made."""
    del answer
    if call.system == "GitHub":
        body: dict[str, str] = {"message": "Not Found"}
    else:
        body = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "It does not exist."}
    return Answer(404, {"content-type": "application/json"}, json.dumps(body).encode())


def without(key: str) -> Callable[[Call, Answer], Answer]:
    """A list that knows nothing of it yet."""

    def lie(call: Call, answer: Answer) -> Answer:
        del call
        return Answer(answer.status, answer.headers, json.dumps({**answer.data, key: []}).encode())

    return lie


@dataclass
class EmptyFirstPage:
    """A rule: each list begins with an empty page that has a next one."""

    read: str
    key: str
    seen: int = 0

    def __call__(self, call: Call, line: Line) -> bool:
        if call.endpoint != self.read or "page_token=" in call.query:
            return False
        self.seen += 1
        body = json.dumps({self.key: [], "next_page_token": "page-0"}).encode()
        line.answer(Answer(200, {"content-type": "application/json"}, body))
        return True


@dataclass
class Late:
    """A rule: the first ``times`` writes of an endpoint are refused: whom they name is not known yet."""

    endpoint: str
    times: int

    def __call__(self, call: Call, line: Line) -> bool:
        if call.endpoint != self.endpoint or self.times <= 0:
            return False
        self.times -= 1
        body = {
            "error_code": "PRINCIPAL_DOES_NOT_EXIST",
            "message": "Could not find principal with name growth",
        }
        line.answer(Answer(404, {"content-type": "application/json"}, json.dumps(body).encode()))
        return True
