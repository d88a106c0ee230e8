"""The journal: what happens in a run while it happens, for those who look after one that died."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path


class Journal:
    """What happens while it happens, as JSON lines ``{"at", "key", "event", …}``; ``tell`` hears it too.

    It is for people who look after a run that died; what was done is looked up in the live systems. So a full
    disk must not turn a step that was done into one that failed: it ends the writing, and ``broken`` says so.
    Nor may one who listens: what ``tell`` raises is nobody's.
    """

    def __init__(self, path: Path | None = None, *, tell: Callable[[str, str], None] | None = None) -> None:
        self.path = path
        self.broken = ""
        self._tellers = [tell] if tell is not None else []
        self._lock = threading.Lock()

    def listen(self, tell: Callable[[str, str], None]) -> None:
        """Let ``tell`` hear what happens from now on; it must not wait."""
        with self._lock:
            self._tellers.append(tell)

    def unlisten(self, tell: Callable[[str, str], None]) -> None:
        """Let it hear no more."""
        with self._lock:
            self._tellers.remove(tell)

    def event(self, key: str, what: str, **more: str | int) -> None:
        """Write one line; ``what`` is ``started``, ``again``, ``done``, ``failed`` or ``undone``.

        ``more`` says what was called: ``request``, ``system``, ``digest``, ``attempt``, ``error``, and in
        ``requests`` the ids of those that changed something, with spaces between.
        """
        with self._lock:
            for tell in self._tellers:
                with suppress(Exception):
                    tell(key, what)
            if self.path is None or self.broken:
                return
            line = json.dumps({"at": now(), "key": key, "event": what} | more) + "\n"
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(line)
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                self.broken = f"The journal {self.path} could not be written: {error.strerror}."


def now() -> str:
    """The time in UTC, ISO 8601, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
