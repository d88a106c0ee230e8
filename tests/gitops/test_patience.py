"""Waiting with a bound."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gitops.errors import RemoteUnavailable
from gitops.patience import bounded, left, until


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    slept: list[float] = []
    monkeypatch.setattr("gitops.patience.time.sleep", slept.append)
    return slept


def test_what_is_there_is_given_at_once(pauses: list[float]) -> None:
    assert until(lambda: "x", what="It", where="GitHub") == "x"
    assert pauses == []


def test_pauses_grow_up_to_a_bound(pauses: list[float]) -> None:
    answers = iter([None] * 6 + ["x"])
    assert until(lambda: next(answers), what="It", where="GitHub", clock=lambda: sum(pauses)) == "x"
    assert pauses == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.0, 3.0])


def test_the_wait_ends_before_its_bound(pauses: list[float]) -> None:
    with pytest.raises(RemoteUnavailable, match="The repository acme/x did not show in time") as raised:
        until(
            lambda: None,
            what="The repository acme/x",
            where="GitHub",
            seconds=10,
            clock=lambda: sum(pauses),
        )
    assert sum(pauses) <= 10
    assert raised.value.where == "GitHub"


def test_the_time_of_the_step_may_end_it_earlier(pauses: list[float]) -> None:
    def clock() -> float:
        return sum(pauses)

    with bounded(5, clock), pytest.raises(RemoteUnavailable):
        until(lambda: None, what="It", where="GitHub", seconds=60, clock=clock)
    assert sum(pauses) <= 5


def test_a_step_inside_a_step_has_no_more_time() -> None:
    def clock() -> float:
        return 100.0

    with bounded(5, clock):
        with bounded(60, clock):
            assert left(clock) == 5
        with bounded(2, clock):
            assert left(clock) == 2
        assert left(clock) == 5
    assert left(clock) == float("inf")
