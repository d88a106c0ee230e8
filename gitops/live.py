"""How far an apply is, kept true in one comment of the pull request while it runs.

A comment, since GitHub tells of every edit of it by webhook, and of a check run only when it ends. The
comment with the result takes its place at the end.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from gitops.errors import LakeportError
from gitops.markup import Page, clip, escape, visible
from gitops.render import result_marker

if TYPE_CHECKING:
    from types import TracebackType

    from gitops.journal import Journal
    from gitops.plan import Plan

LOG = logging.getLogger("gitops.live")

State = Literal["waiting", "running", "done", "failed"]
STATES: tuple[State, ...] = ("waiting", "running", "done", "failed")
SIGNS: Mapping[str, str] = {"waiting": "○", "running": "…", "done": "✓", "failed": "✗"}
MOST, LONGEST = 50, 150
"""So many steps are named, each with so many characters."""
JOIN_SECONDS = 30.0

_OF_EVENT: Mapping[str, State] = {"started": "running", "done": "done", "failed": "failed"}
_HIDDEN = re.compile(r"^<!-- lakeport:progress (\{[^\n]{1,20000}\}) -->$", re.MULTILINE)


@dataclass(frozen=True)
class Progress:
    """How far a run is: ``number`` grows with every comment of one ``run``; steps are state and summary.

    ``done`` and ``total`` count all steps, also those that are not named.
    """

    run: str
    number: int
    steps: tuple[tuple[str, str], ...]
    done: int
    total: int


def encode(progress: Progress, request: str) -> str:
    """The comment: for people a list, for the bot one hidden line."""
    data = vars(progress) | {"steps": [list(step) for step in progress.steps]}
    # Nothing in it may end the comment of HTML that it stands in.
    hidden = json.dumps(data).replace("-", "\\u002d").replace("<", "\\u003c").replace(">", "\\u003e")
    head = f"{result_marker(request)}\n<!-- lakeport:progress {hidden} -->"
    page = Page(f"{head}\n## Being set up: {progress.done} of {progress.total} steps are done")
    rows = (f"- {SIGNS[state]} {state}: {escape(words, LONGEST)}" for state, words in progress.steps)
    page.rows("", rows, what="steps")
    return str(page)


def decode(body: str) -> Progress | None:
    """The inverse of :func:`encode`; ``None`` for anything that it would not have written."""
    found = _HIDDEN.search(body)
    try:
        data = json.loads(found[1]) if found else None
        return _progress(data) if isinstance(data, dict) else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _progress(data: Mapping[str, Any]) -> Progress | None:
    number, done, total, run = data["number"], data["done"], data["total"], data["run"]
    steps = tuple((str(state), clip(visible(str(words)), LONGEST)) for state, words in data["steps"])
    sound = (
        all(isinstance(one, int) and 0 <= one < 10**6 for one in (number, done, total))
        and len(steps) <= MOST
        and all(state in STATES for state, _ in steps)
        and isinstance(run, str)
        and bool(re.fullmatch(r"[0-9]{0,20}-[0-9]{1,6}", run))
    )
    return Progress(run, number, steps, done, total) if sound else None


class Live:
    """Follows a journal while it is entered, and posts at once, then at most every few seconds.

    ``post`` writes the comment. One that fails ends the posting and nothing else. ``run`` is the run of the
    workflow and its attempt, such as ``17-1``.
    """

    def __init__(
        self,
        plan: Plan,
        journal: Journal,
        post: Callable[[str], None],
        *,
        run: str,
        pause: Callable[[float], float] = lambda elapsed: min(30.0, max(3.0, elapsed / 20)),
    ) -> None:
        self._request = plan.request
        self._words = {change.key: change.summary or change.key for change in plan.changes}
        self._states: dict[str, State] = dict.fromkeys(self._words, "waiting")
        self._journal = journal
        self._post = post
        self._run = run
        self._pause = pause
        self._change = threading.Condition()
        self._ended = threading.Event()
        self._news = True
        self._number = 0
        self._thread = threading.Thread(target=self._tell, name="lakeport-live", daemon=True)

    def __enter__(self) -> None:
        if self._words:
            self._journal.listen(self._hear)
            self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._words:
            return
        self._journal.unlisten(self._hear)
        self._ended.set()
        with self._change:
            self._change.notify_all()
        self._thread.join(JOIN_SECONDS)  # the comment with the result comes after the last of ours

    def _hear(self, key: str, what: str) -> None:
        with self._change:
            if key in self._states and what in _OF_EVENT:
                self._states[key] = _OF_EVENT[what]
                self._news = True
                self._change.notify_all()

    def _tell(self) -> None:
        began = time.monotonic()
        while True:
            with self._change:
                self._change.wait_for(lambda: self._news or self._ended.is_set())
                if self._ended.is_set():
                    return
                self._news = False
                body = encode(self._now(), self._request)
            try:
                self._post(body)
            except LakeportError as error:
                LOG.warning("The progress could not be posted: %s", error.what)
                return
            if self._ended.wait(self._pause(time.monotonic() - began)):
                return

    def _now(self) -> Progress:
        self._number += 1
        steps: Sequence[tuple[str, str]] = [
            (state, clip(visible(self._words[key]), LONGEST)) for key, state in self._states.items()
        ]
        done = sum(state == "done" for state, _ in steps)
        return Progress(self._run, self._number, tuple(steps[:MOST]), done, len(steps))
