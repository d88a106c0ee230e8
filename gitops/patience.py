"""How long we wait: for a system to show what it has just done, and for one step of a plan altogether.

Polling with a bound, never a blind sleep.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from gitops.errors import RemoteUnavailable

T = TypeVar("T")

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 3.0

STEP_SECONDS = 900.0
"""How long one step may take with all its tries; what a step waits for longest takes ten minutes."""

_END: ContextVar[float] = ContextVar("the end of the step", default=float("inf"))


@contextmanager
def bounded(seconds: float, clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Whatever waits inside, in this thread, waits no longer than this altogether."""
    token = _END.set(min(_END.get(), clock() + seconds))
    try:
        yield
    finally:
        _END.reset(token)


def left(clock: Callable[[], float] = time.monotonic) -> float:
    """Seconds until what :func:`bounded` says is over; infinite outside of it."""
    return _END.get() - clock()


def require_time(where: str) -> None:
    """Raise when the time of the step is over: then nothing more is asked of a system.

    Raises:
        RemoteUnavailable: it is.
    """
    if left() <= 0:
        raise RemoteUnavailable(
            "The step took too long.",
            why=f"With everything that {where} was waited for, its time was over.",
            fix="The next run looks at what was done, and goes on.",
            where=where,
        )


def until(
    look: Callable[[], T | None],
    *,
    what: str,
    where: str,
    seconds: float = 60.0,
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """Call ``look`` until it gives something, with pauses from 0.2 s growing to 3 s, for at most ``seconds``.

    The time of the whole step (:func:`bounded`) may end it earlier.

    ``what`` completes the sentence "… did not show in time", ``where`` is the system.

    Raises:
        RemoteUnavailable: the time is over. What was asked for may still come; the next run looks again.
    """
    end = clock() + min(seconds, left(clock))
    pause = FIRST_PAUSE
    while True:
        found = look()
        if found is not None:
            return found
        if clock() + pause > end:
            raise RemoteUnavailable(
                f"{what} did not show in time.",
                why=f"{where} accepted it, but did not show it within {seconds:g} seconds.",
                fix="Run again in a few minutes: what was done is found and kept.",
                where=where,
            )
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
