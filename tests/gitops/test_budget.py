"""The budget for what GitHub is asked to make: 80 a minute and 500 an hour, by a clock that does not tick."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.budget import LONGEST_WAIT, PER_HOUR, PER_MINUTE, Budget
from gitops.errors import RemoteUnavailable
from gitops.patience import bounded


@dataclass
class Clock:
    time: float = 1000.0
    naps: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.time += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def budget(clock: Clock) -> Budget:
    return Budget(clock=clock.now, sleep=clock.sleep)


def test_one_onboarding_is_not_slowed_down(budget: Budget, clock: Clock) -> None:
    for _ in range(PER_MINUTE):
        budget.spend("POST")
    assert clock.naps == []


def test_who_has_used_up_a_minute_waits_for_the_next(budget: Budget, clock: Clock) -> None:
    for _ in range(PER_MINUTE + 1):
        budget.spend("PATCH")
    assert 60 <= sum(clock.naps) <= 61


def test_looking_and_deleting_make_nothing(budget: Budget, clock: Clock) -> None:
    for _ in range(10 * PER_HOUR):
        budget.spend("GET")
        budget.spend("DELETE")
    assert clock.naps == []


def test_nobody_waits_for_the_hour_to_pass(budget: Budget, clock: Clock) -> None:
    for _ in range(PER_HOUR):
        budget.spend("PUT")
    with pytest.raises(RemoteUnavailable, match="anything more for now"):
        budget.spend("PUT")
    assert max(clock.naps) <= LONGEST_WAIT
    clock.time += 3600
    budget.spend("PUT")


def test_a_step_without_time_does_not_wait(budget: Budget, clock: Clock) -> None:
    for _ in range(PER_MINUTE):
        budget.spend("POST")
    with bounded(10, clock.now), pytest.raises(RemoteUnavailable):
        budget.spend("POST")
    assert clock.naps == []


@given(st.lists(st.floats(0, 200), max_size=300))
def test_whatever_the_pace_no_minute_and_no_hour_has_more(pauses: list[float]) -> None:
    clock = Clock()
    budget = Budget(clock=clock.now, sleep=clock.sleep)
    sent: list[float] = []
    for pause in pauses:
        clock.time += pause / 100
        try:
            budget.spend("POST")
        except RemoteUnavailable:
            continue
        sent.append(clock.time)
    for most, seconds in ((PER_MINUTE, 60), (PER_HOUR, 3600)):
        assert all(
            later - sooner >= seconds - 0.002 for sooner, later in zip(sent, sent[most:], strict=False)
        )


def test_all_threads_share_it(budget: Budget, clock: Clock) -> None:
    def spend() -> None:
        for _ in range(PER_MINUTE // 4):
            budget.spend("POST")

    threads = [threading.Thread(target=spend) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.naps == []
    budget.spend("POST")
    assert clock.naps
