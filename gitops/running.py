"""Carrying out the changes of one plan: side by side what is independent, with a limit for each system.

Whatever ends it, :class:`Running` knows of every change whether it was begun, and how it ended.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from types import MappingProxyType
from typing import TYPE_CHECKING

import stamina

from gitops.errors import LakeportError, RemoteUnavailable
from gitops.journal import Journal, now
from gitops.patience import STEP_SECONDS, bounded
from gitops.plan import Change, Plan, RefusedChange
from gitops.request_ids import noted

if TYPE_CHECKING:
    from types import TracebackType

    from gitops.drawing import Clients
    from gitops.kind import Registry

LOG = logging.getLogger("gitops.engine")

LIMITS: Mapping[str, int] = MappingProxyType({"GitHub": 4, "Databricks": 8})
"""So many changes at once on a system; GitHub asks not to be written to by many at a time."""
LIMIT = 4
"""The same for a system that is not named."""

ATTEMPTS = 4
RETRY_SECONDS = 300.0
"""A step that a system could not answer is tried again after 1 to 2, 2 to 3 and 4 to 5 seconds: what a call
itself sends again has taken a minute by then, and an hour's outage is for the next run. No try begins later
than five minutes after the first, and all of them end with the time of the step."""

# What is tried again stands in the journal; the library would print it besides.
stamina.instrumentation.set_on_retry_hooks(())


@dataclass(kw_only=True)
class Running:
    """One carrying out. The workers note what they begin and end: it is the truth after Ctrl-C too.

    ``begun`` maps a key to when (UTC, ISO 8601, and on the clock), ``ended`` to how many seconds it took and
    the error, ``tries`` to how often it was tried, ``sent`` to the ids of its requests that write. Steps
    begin for so many ``seconds``. ``interrupted`` is the Ctrl-C or the exit that ended the run early,
    ``broke`` the sentence when something else did.
    """

    plan: Plan
    registry: Registry
    clients: Clients
    journal: Journal
    fill: Callable[[Change], Change] = lambda change: change
    limits: Mapping[str, int] = field(default_factory=lambda: LIMITS)
    seconds: float = float("inf")
    clock: Callable[[], float] = time.monotonic
    begun: dict[str, tuple[str, float]] = field(default_factory=dict)
    ended: dict[str, tuple[float, str | None]] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    sent: dict[str, list[str]] = field(default_factory=dict)
    interrupted: BaseException | None = None
    broke: str = ""
    late: bool = False
    closed: bool = False
    door: threading.Condition = field(default_factory=threading.Condition)
    news: deque[str] = field(default_factory=deque)

    def go(self) -> None:
        """Do everything that can be done; nothing is raised, and nothing is under way when it returns.

        But for a second Ctrl-C: it does not wait for what is under way.
        """
        limit = sum(self.limits.values()) + LIMIT
        pool = ThreadPoolExecutor(max_workers=limit, thread_name_prefix="lakeport-apply")
        with _Ending(self, pool):
            self._all(pool)

    def done(self, key: str) -> bool:
        """Whether it was carried out to its end."""
        return key in self.ended and self.ended[key][1] is None

    def failed(self, key: str) -> bool:
        """Whether it was begun and not carried out to its end, as far as is known."""
        return key in self.begun and not self.done(key)

    def _all(self, pool: ThreadPoolExecutor) -> None:
        by_key = {change.key: change for change in self.plan.changes}
        place = {key: index for index, key in enumerate(by_key)}
        sorter = TopologicalSorter(
            {key: [need for need in self.plan.needs.get(key, ()) if need in by_key] for key in by_key}
        )
        sorter.prepare()
        end = self.clock() + self.seconds
        ready: list[str] = []
        busy: Counter[str] = Counter()
        while True:
            ready = sorted([*ready, *sorter.get_ready()], key=place.__getitem__)
            self.late = self.late or self.clock() >= end
            for key in [] if self.late else list(ready):
                system = self.registry[by_key[key].kind].system
                if busy[system] < self.limits.get(system, LIMIT):
                    pool.submit(self._work, by_key[key])
                    busy[system] += 1
                    ready.remove(key)
            if not busy.total():  # what needs a failed change never becomes ready
                return
            for key in self._wait():
                busy[self.registry[by_key[key].kind].system] -= 1
                if self.done(key):
                    sorter.done(key)

    def _wait(self) -> Sequence[str]:
        """Wait until a step ends; gives all that did since the last time."""
        with self.door:
            while not self.news:
                self.door.wait()
            found = list(self.news)
            self.news.clear()
            return found

    def _work(self, change: Change) -> None:
        with self.door:
            if self.closed:  # this thread was started, or the step still stood in line, when Ctrl-C came
                return
            self.begun[change.key] = (now(), self.clock())
        with _Watch(self, change.key):
            self.carry(change)

    def carry(self, change: Change) -> None:
        """Carry out one change, again where its system could not answer; ``tries`` counts."""
        kind = self.registry[change.kind]
        said = {"request": self.plan.request, "system": kind.system, "digest": change.digest}
        with bounded(STEP_SECONDS), noted(self.sent.setdefault(change.key, [])):
            for attempt in stamina.retry_context(
                on=self._again, attempts=ATTEMPTS, timeout=RETRY_SECONDS, wait_initial=1, wait_max=30
            ):
                self.tries[change.key] = attempt.num
                event = "started" if attempt.num == 1 else "again"
                self.journal.event(change.key, event, **said, attempt=attempt.num)
                with attempt:
                    kind.apply(self.fill(change), self.clients.of(kind))

    def _again(self, error: Exception) -> bool:
        """Only what may be otherwise in a moment: a denial, a refusal or a stale plan is not."""
        return isinstance(error, RemoteUnavailable) and self.interrupted is None


class _Ending:
    """However the carrying out ends: nothing new begins, and what is under way is waited for."""

    def __init__(self, run: Running, pool: ThreadPoolExecutor) -> None:
        self._run = run
        self._pool = pool

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._run.closed = True  # before anything that a second Ctrl-C could interrupt
        if isinstance(error, KeyboardInterrupt | SystemExit):
            self._run.interrupted = error
        elif error is not None:
            LOG.debug("Carrying out broke off", exc_info=error)
            self._run.broke = f"The run broke off: {sentence(error)}"
        try:
            self._pool.shutdown(wait=False, cancel_futures=True)
            with self._run.door:
                while self._run.begun.keys() - self._run.ended.keys():
                    self._run.door.wait()
        except (KeyboardInterrupt, SystemExit) as stop:
            self._run.interrupted = self._run.interrupted or stop
            LOG.warning("Interrupted again: not waiting for what is under way.")
        return True


class _Watch:
    """Notes the end of a step that was begun; an exception in it becomes the step's error."""

    def __init__(self, run: Running, key: str) -> None:
        self._run = run
        self._key = key

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        run, key = self._run, self._key
        said = None if error is None else sentence(error)
        seconds = run.clock() - run.begun[key][1]
        try:
            more = {"error": said or "", "requests": " ".join(run.sent.get(key, ()))}
            told = {name: text for name, text in more.items() if text}
            run.journal.event(key, "done" if error is None else "failed", **told)
        finally:
            with run.door:
                run.ended[key] = (seconds, said)
                run.news.append(key)
                run.door.notify_all()
        if error is not None and not isinstance(error, LakeportError | RefusedChange):
            LOG.debug("%s failed", key, exc_info=error)
        return True  # nobody is left to raise to: the step carries the error


def sentence(error: BaseException) -> str:
    """An error for people: our own in full; of others only the type, since their text may hold a secret."""
    if isinstance(error, LakeportError):
        return " ".join(part for part in (error.what, error.why, error.fix) if part)
    if isinstance(error, RefusedChange):
        return " ".join(part for part in (error.message, error.fix) if part)
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return "The run was interrupted."
    return f"An unexpected error ({type(error).__name__}); LAKEPORT_DEBUG=1 shows where."
