"""What we may ask GitHub to make: a budget for each process, so that GitHub never has to stop us.

GitHub allows 80 requests a minute and 500 an hour that make something, and does not tell how many are left.
A burst costs nothing: only who has used up a minute waits, and nobody waits for the hour to pass.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from pyrate_limiter import Duration, InMemoryBucket, Rate, RateItem

from gitops.errors import RemoteUnavailable
from gitops.patience import left

PER_MINUTE = 80
PER_HOUR = 500
LONGEST_WAIT = 61.0
"""Seconds: a minute's budget is there again by then; who would wait longer is better told."""

MAKING = ("POST", "PUT", "PATCH")


class Budget:
    """So many requests a minute and an hour, of all threads together. ``clock`` counts in seconds."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._rates = [Rate(PER_MINUTE, Duration.MINUTE), Rate(PER_HOUR, Duration.HOUR)]
        self._bucket = InMemoryBucket(self._rates)
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()

    def spend(self, verb: str) -> None:
        """Count a request, and wait until it may be sent.

        Raises:
            RemoteUnavailable: that would take more than a minute, or longer than the step has time.
        """
        if verb not in MAKING:
            return
        waited = 0.0
        while True:
            seconds = self._take()
            if not seconds:
                return
            if waited + seconds > min(LONGEST_WAIT, left(self._clock)):
                raise RemoteUnavailable(
                    "GitHub may not be asked to make anything more for now.",
                    why=f"It allows {PER_MINUTE} such requests a minute and {PER_HOUR} an hour.",
                    fix="Nothing is lost: run again later, and the next run goes on.",
                    where="GitHub",
                )
            self._sleep(seconds)
            waited += seconds

    def _take(self) -> float:
        """Count it and give 0; or, when there is nothing left, the seconds until there is."""
        with self._lock:
            now = int(self._clock() * 1000)
            item = RateItem("write", now)
            self._bucket.leak(now)
            if self._bucket.put(item):
                return 0.0
            waiting: Any = self._bucket.waiting(item)
            return max(int(waiting), 1) / 1000


GITHUB = Budget()
"""The one of this process, whatever client asks."""
