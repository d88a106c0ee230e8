"""Waiting with a bound."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gitops.errors import RemoteUnavailable
from gitops.patience import until


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
