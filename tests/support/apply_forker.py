"""Runs ``lakeport`` in many processes of their own, fast: imports everything once, then forks for each order.

An order is a line on standard input, ``{"args": […], "env": {…}, "cwd": "…", "log": "…"}``. With ``patience``
an answer must have begun within so many seconds; with ``die_after`` the process kills itself as soon as so
many steps are noted as done. The answer is a line with the child's pid when it has started, and one with its
exit code at its end (negative: the signal).

The argument says how many times shorter a pause is; the clocks go on as if it had taken all of its time.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import sys
import threading
import time
from typing import Any, NoReturn


def hurry(factor: float) -> None:
    """Shorten every pause from now on, and let the clocks skip what is left out of it.

    It must be called before anything that keeps one of these functions for itself is imported.
    """
    sleep, monotonic, wall = time.sleep, time.monotonic, time.time
    skipped, lock = 0.0, threading.Lock()

    def short_sleep(seconds: float) -> None:
        nonlocal skipped
        sleep(seconds / factor)
        with lock:
            skipped += seconds - seconds / factor

    time.sleep = short_sleep
    time.monotonic = lambda: monotonic() + skipped
    time.time = lambda: wall() + skipped


def main() -> None:
    hurry(float(sys.argv[1]))
    # Once here instead of in every child: also what a command or a kind imports only when it needs it.
    for module in ("databricks.sdk", "github", "cookiecutter.generate"):
        importlib.import_module(module)
    for package in (importlib.import_module("gitops"), importlib.import_module("handlers")):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)
    gc.freeze()  # a collection in a child would copy every page of it
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _be_lakeport(order)
        _answer({"pid": pid})
        _, status = os.waitpid(pid, 0)
        _answer({"code": os.waitstatus_to_exitcode(status)})


def _be_lakeport(order: dict[str, Any]) -> NoReturn:
    import handlers
    from gitops import cli, clients, engine

    os.chdir(order["cwd"])
    os.environ.update(order["env"])
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if patience := order.get("patience"):
        clients.TIMEOUT = clients.DATABRICKS_TIMEOUT = patience
    if steps := order.get("die_after"):
        _die_after(engine.Journal, steps)
    code = cli.main(handlers.registry(), order["args"])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _die_after(journal: Any, steps: int) -> None:
    note = journal.event
    left = steps

    def event(self: Any, key: str, what: str, *more: Any, **named: Any) -> None:
        nonlocal left
        note(self, key, what, *more, **named)
        left -= what == "done"
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    journal.event = event


def _answer(data: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(data) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
