"""Carrying out approved plans: side by side what is independent, and always the truth at the end.

Drawing a plan (:func:`draw`, :class:`Clients`) is :mod:`gitops.drawing`, and can be imported from here.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from gitops.drawing import Clients, draw, standing
from gitops.errors import LakeportError, Refused
from gitops.plan import Approved, Change, Plan, RefusedChange, require_approved
from gitops.receipts import Step

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from gitops.kind import Desired, Registry
    from gitops.receipts import StepOutcome

__all__ = ["Clients", "Journal", "Outcome", "carry_out", "draw", "now", "sentence"]

LOG = logging.getLogger("gitops.engine")


class Journal:
    """What happens while it happens, as JSON lines ``{"at", "key", "event"}``; ``tell`` hears it too.

    It is for people who look after a run that died; what was done is looked up in the live systems. So a full
    disk must not turn a step that was done into one that failed: it ends the writing, and ``broken`` says so.
    """

    def __init__(self, path: Path | None = None, *, tell: Callable[[str, str], None] | None = None) -> None:
        self.path = path
        self.broken = ""
        self._tellers = [tell] if tell is not None else []
        self._lock = threading.Lock()

    def listen(self, tell: Callable[[str, str], None]) -> None:
        """Let ``tell`` hear what happens from now on; it must neither wait nor raise."""
        with self._lock:
            self._tellers.append(tell)

    def unlisten(self, tell: Callable[[str, str], None]) -> None:
        """Let it hear no more."""
        with self._lock:
            self._tellers.remove(tell)

    def event(self, key: str, what: str) -> None:
        """Write one line; ``what`` is ``started``, ``done`` or ``failed``."""
        with self._lock:
            for tell in self._tellers:
                tell(key, what)
            if self.path is None or self.broken:
                return
            line = json.dumps({"at": now(), "key": key, "event": what}, ensure_ascii=False) + "\n"
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(line)
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                self.broken = f"The journal {self.path} could not be written: {error.strerror}."


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a plan: one step for each change, in the plan's order, then what stood already.

    ``outputs`` is read back from the live systems. ``interrupted`` is the Ctrl-C or the exit that ended the
    run early: it is given back, not raised, so that the receipt can be written first.
    """

    steps: tuple[Step, ...]
    outputs: Mapping[str, Mapping[str, str]]
    ok: bool
    interrupted: BaseException | None = None


def now() -> str:
    """The time in UTC, ISO 8601, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def carry_out(
    plan: Plan,
    approved: Approved | None,
    *,
    registry: Registry,
    clients: Clients,
    journal: Journal,
    workers: int = 4,
    wanted: Sequence[Desired[Any]] = (),
) -> Outcome:
    """Do what the plan says, if all of it was approved; afterwards read back what stands of ``wanted``.

    A change that fails stops only those that need it. Ctrl-C starts nothing new and waits for what is under
    way; pressed again, it does not wait. Either way the outcome says what is known.

    Raises:
        NotApproved, StalePlan, Refused: nothing was done.
    """
    require_approved(plan, approved)
    if plan.refusals:
        raise Refused(
            f"The plan of {plan.request} refuses {len(plan.refusals)} thing(s): "
            + "; ".join(refusal.message for refusal in plan.refusals),
            fix="; ".join(refusal.fix for refusal in plan.refusals if refusal.fix),
        )
    run = _Run(plan=plan, registry=registry, clients=clients, journal=journal)
    run.go(workers)
    steps = run.steps()
    outputs = plan.outputs
    if plan.changes and wanted and run.interrupted is None:
        outputs = _read_back(wanted, registry, clients) or plan.outputs
    return Outcome(
        steps=steps,
        outputs=outputs,
        ok=all(step.outcome in ("done", "already") for step in steps),
        interrupted=run.interrupted,
    )


def _read_back(
    wanted: Sequence[Desired[Any]], registry: Registry, clients: Clients
) -> dict[str, dict[str, str]] | None:
    """What stands now; ``None`` when it cannot be looked at: what was done stays done."""
    try:
        return standing(wanted, registry, clients)
    except LakeportError as error:
        LOG.warning("What stands now could not be read back: %s", error.what)
        return None


@dataclass(kw_only=True)
class _Run:
    """One carrying out. The workers note what they begin and end: it is the truth after Ctrl-C too."""

    plan: Plan
    registry: Registry
    clients: Clients
    journal: Journal
    begun: dict[str, tuple[str, float]] = field(default_factory=dict)
    ended: dict[str, tuple[float, str | None]] = field(default_factory=dict)
    interrupted: BaseException | None = None
    closed: bool = False
    door: threading.Condition = field(default_factory=threading.Condition)

    def go(self, workers: int) -> None:
        by_key = {change.key: change for change in self.plan.changes}
        place = {key: index for index, key in enumerate(by_key)}
        sorter = TopologicalSorter(
            {key: [need for need in self.plan.needs.get(key, ()) if need in by_key] for key in by_key}
        )
        sorter.prepare()
        pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="lakeport-apply")
        running: dict[Future[None], str] = {}
        try:
            while True:
                for key in sorted(sorter.get_ready(), key=place.__getitem__):
                    running[pool.submit(self._work, by_key[key])] = key
                if not running:  # what needs a failed change never becomes ready
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    key = running.pop(future)
                    if self.ended[key][1] is None:
                        sorter.done(key)
        except (KeyboardInterrupt, SystemExit) as stop:
            self.interrupted = stop
            pool.shutdown(wait=False, cancel_futures=True)
            self._wait_for_the_begun()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _wait_for_the_begun(self) -> None:
        self.closed = True  # before anything that a second Ctrl-C could interrupt
        try:
            with self.door:
                while self.begun.keys() - self.ended.keys():
                    self.door.wait()
        except (KeyboardInterrupt, SystemExit):
            LOG.warning("Interrupted again: not waiting for what is under way.")

    def _work(self, change: Change) -> None:
        with self.door:
            if self.closed:  # this thread was started and had not begun when Ctrl-C came
                return
            self.begun[change.key] = (now(), time.monotonic())
        with _Watch(self, change.key):
            kind = self.registry[change.kind]
            kind.apply(change, self.clients.of(kind))

    def steps(self) -> tuple[Step, ...]:
        changed = {(change.kind, change.identity) for change in self.plan.changes}
        already = [
            _step(key, outcome="already")
            for key in self.plan.outputs
            if tuple(key.split("/", 1)) not in changed
        ]
        return (*(self._step_of(change) for change in self.plan.changes), *already)

    def _step_of(self, change: Change) -> Step:
        if change.key not in self.begun:
            return _step(change.key, change, outcome="not_run", error=self._why_not_run(change))
        started_at, clock = self.begun[change.key]
        if change.key not in self.ended:
            error: str | None = (
                "Interrupted while it was under way; it may have been done. The next run looks first."
            )
            seconds = time.monotonic() - clock
        else:
            seconds, error = self.ended[change.key]
        outcome: StepOutcome = "done" if error is None else "failed"
        return _step(change.key, change, outcome=outcome, error=error, started_at=started_at, seconds=seconds)

    def _why_not_run(self, change: Change) -> str:
        for need in self.plan.needs.get(change.key, ()):
            if need not in self.ended or self.ended[need][1] is not None:
                return f"It needs {need}, which was not done."
        return "The run was interrupted before."


class _Watch:
    """Notes the end of a step that was begun; an exception in it becomes the step's error."""

    def __init__(self, run: _Run, key: str) -> None:
        self._run = run
        self._key = key

    def __enter__(self) -> None:
        self._run.journal.event(self._key, "started")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        seconds = time.monotonic() - self._run.begun[self._key][1]
        with self._run.door:
            self._run.ended[self._key] = (seconds, None if error is None else sentence(error))
            self._run.door.notify_all()
        self._run.journal.event(self._key, "done" if error is None else "failed")
        if error is not None and not isinstance(error, LakeportError | RefusedChange):
            LOG.debug("%s failed", self._key, exc_info=error)
        return True  # nobody is left to raise to: the step carries the error


def sentence(error: BaseException) -> str:
    """An error for people: our own in full; of others only the type, since their text may hold a secret."""
    if isinstance(error, LakeportError):
        return " ".join(part for part in (error.what, error.why, error.fix) if part)
    if isinstance(error, RefusedChange):
        return " ".join(part for part in (error.message, error.fix) if part)
    return f"An unexpected error ({type(error).__name__}); LAKEPORT_DEBUG=1 shows where."


def _step(
    key: str,
    change: Change | None = None,
    *,
    outcome: StepOutcome,
    error: str | None = None,
    started_at: str = "",
    seconds: float = 0.0,
) -> Step:
    return Step(
        key=key,
        digest=change.digest if change else "",
        verb=str(change.verb) if change else "",
        summary=change.summary if change else "",
        outcome=outcome,
        error=error,
        started_at=started_at,
        seconds=round(seconds, 3),
    )
