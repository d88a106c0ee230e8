"""Waiting for a system to show what it has just done: polling with a bound, never a blind sleep."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from gitops.errors import RemoteUnavailable

T = TypeVar("T")

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 3.0


def until(
    look: Callable[[], T | None],
    *,
    what: str,
    where: str,
    seconds: float = 60.0,
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """Call ``look`` until it gives something, with pauses from 0.2 s growing to 3 s, for at most ``seconds``.

    ``what`` completes the sentence "… did not show in time", ``where`` is the system.

    Raises:
        RemoteUnavailable: the time is over. What was asked for may still come; the next run looks again.
    """
    end = clock() + seconds
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
