"""A long list in parts: the same results in the same order, and failures that reach the caller."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

import pytest

from gitops import fanout
from gitops.errors import UsageError

PROCESSES = 2 if sys.platform == "linux" else 1
LONG = list(range(fanout.WORTH_IT))


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "_cores", lambda: 2)


def test_every_item_is_worked_on_once_and_in_order() -> None:
    parts = fanout.spread(lambda part: [item * 2 for item in part], LONG, list[int])
    assert len(parts) == PROCESSES
    assert [item for part in parts for item in part] == [item * 2 for item in LONG]


def test_a_long_list_is_worked_on_by_several_processes_and_a_short_one_here() -> None:
    assert len(set(fanout.spread(lambda part: os.getpid(), LONG, int))) == PROCESSES
    assert fanout.spread(lambda part: os.getpid(), LONG[:-1], int) == [os.getpid()]
    assert fanout.spread(lambda part: list(part), [], list[int]) == [[]]


def test_a_failure_in_another_process_reaches_the_caller_with_its_words() -> None:
    def work(part: Sequence[int]) -> int:
        if LONG[-1] in part:
            raise UsageError("requests/x.yaml cannot be read.", fix="Look at its permissions.")
        return len(part)

    with pytest.raises(UsageError, match="cannot be read") as caught:
        fanout.spread(work, LONG, int)
    assert caught.value.fix == "Look at its permissions."


def test_what_a_process_that_died_had_to_do_is_done_here() -> None:
    here = os.getpid()

    def work(part: Sequence[int]) -> list[int]:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return list(part)

    assert [item for part in fanout.spread(work, LONG, list[int]) for item in part] == LONG


def test_another_process_writes_nothing_that_waits_here(
    capfd: pytest.CaptureFixture[str],
) -> None:
    print("once", end="")
    fanout.spread(lambda part: len(part), LONG, int)
    sys.stdout.flush()
    assert capfd.readouterr().out == "once"
