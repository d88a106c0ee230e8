"""When to leave a model alone: after a few failures in a row nobody waits for it until some time has passed.

Of our own because the libraries either hold a lock for as long as a call takes (so one slow call would stop
all others) or let every waiting call through at once when the time is over.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Breaker:
    """Counts failures of one model; safe to use from any thread, and nobody waits in it.

    After ``failures`` in a row it is open for ``rest`` seconds. Then one call is let through: when it works,
    the breaker closes, else it rests again.
    """

    def __init__(
        self, *, failures: int = 3, rest: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._rest, self._clock = failures, rest, clock
        self._lock = threading.Lock()
        self._failed = 0
        self._open_until = 0.0

    def lets_through(self) -> bool:
        """Whether to call now. While open this is true once each time the rest is over."""
        with self._lock:
            if self._failed < self._most:
                return True
            now = self._clock()
            if now < self._open_until:
                return False
            self._open_until = now + self._rest  # this call is the trial; the others keep away meanwhile
            return True

    def worked(self) -> None:
        """The model answered, whatever it said."""
        with self._lock:
            self._failed = 0

    def failed(self) -> None:
        """The model could not be reached or did not answer."""
        with self._lock:
            self._failed += 1
            self._open_until = self._clock() + self._rest
