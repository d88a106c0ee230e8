"""Runs ``lakeport`` in many processes of their own, fast: imports everything once, then forks for each order.

An order is a line on standard input, ``{"args": […], "env": {…}, "cwd": "…", "log": "…"}``. The answer is one
line with the child's pid when it has started, and one with its exit code at its end (negative: the signal).
"""

from __future__ import annotations

import json
import os
import sys
from typing import NoReturn

import databricks.sdk  # noqa: F401 - imported once here instead of in every child
import github  # noqa: F401

import handlers
from gitops import cli


def main() -> None:
    handlers.registry()
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _be_lakeport(order)
        _answer({"pid": pid})
        _, status = os.waitpid(pid, 0)
        _answer({"code": os.waitstatus_to_exitcode(status)})


def _be_lakeport(order: dict[str, object]) -> NoReturn:
    os.chdir(str(order["cwd"]))
    os.environ.update(dict(order["env"]))  # type: ignore[call-overload]
    log = os.open(str(order["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    code = cli.main(handlers.registry(), list(order["args"]))  # type: ignore[call-overload]
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _answer(data: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(data) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
