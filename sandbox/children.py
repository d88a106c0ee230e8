"""Child processes of the sandbox: their environment, their logs, their end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

TAIL_LINES = 20
STOP_SECONDS = 5.0
BIND = """
import os, signal, sys
try:
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
except (ImportError, AttributeError, OSError):
    pass
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""Becomes the program after asking Linux (``PR_SET_PDEATHSIG``) to end it when we are gone, even killed."""
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SYSTEMROOT", "VIRTUAL_ENV")
"""All that a child inherits of the environment: a developer's own tokens must not get into the sandbox."""


class ChildError(Exception):
    """A part of the sandbox did not start or ended on its own; says which, and where its log is."""

    def __init__(self, name: str, what: str, log: Path) -> None:
        self.name, self.log = name, log
        tail = _tail(log)
        said = f"The last it said:\n{tail}" if tail else "It said nothing."
        super().__init__(f"{name} {what}. {said}\nIts log: {log}")


# That request is bound to the thread that starts the child, so it must be one that lives as long as we do.
_starter = ThreadPoolExecutor(1, thread_name_prefix="sandbox-children")


class Child:
    """One program running in the sandbox's process group, its output in one log file."""

    def __init__(
        self, name: str, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        clean = {key: os.environ[key] for key in KEPT if key in os.environ}
        with log.open("ab") as out:
            self._process = _starter.submit(
                subprocess.Popen,
                [sys.executable, "-I", "-S", "-c", BIND, *command],
                env={**clean, "PYTHONUNBUFFERED": "1", **env},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            ).result()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def check(self) -> None:
        """Raise :class:`ChildError` when it has ended."""
        code = self._process.poll()
        if code is not None:
            raise ChildError(self.name, f"ended on its own with exit code {code}", self.log)

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return as soon as ``ready()``; raise when the child ends before, or the time is over."""
        end = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > end:
                raise ChildError(self.name, f"was not ready after {seconds:.0f} s", self.log)
            time.sleep(0.05)

    def stop(self) -> None:
        """End it and everything it started: politely first, then for good."""
        try:
            family = psutil.Process(self._process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            family = []
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()
        for left in family:
            if left.is_running():
                left.kill()
        psutil.wait_procs(family, timeout=STOP_SECONDS)


def _tail(log: Path) -> str:
    try:
        raw = log.read_bytes()[-8192:]
    except OSError:
        return ""
    return "\n".join(raw.decode("utf-8", "replace").splitlines()[-TAIL_LINES:])
