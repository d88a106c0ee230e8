"""Carrying out: side by side within limits, again only where that may help, and the truth in every exit."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest
from msgspec.structs import replace

from gitops.engine import Carrying, Clients, Journal, Outcome, draw
from gitops.errors import (
    ConfigurationError,
    LakeportError,
    Refused,
    RemoteDenied,
    RemoteError,
    RemoteUnavailable,
    StalePlan,
)
from gitops.kind import Registry
from gitops.patience import STEP_SECONDS, left
from gitops.plan import Plan
from gitops.request import desired
from gitops.running import ATTEMPTS, LIMITS, RETRY_SECONDS, Running
from tests.support import toy

SYSTEMS = {"base": "GitHub", "side": "GitHub", "top": "Databricks"}


@pytest.fixture
def world() -> toy.World:
    return toy.World()


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody waits; how long they would have."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


def registry(world: toy.World) -> Registry:
    return {name: replace(kind, system=SYSTEMS[name]) for name, kind in toy.registry(world).items()}


def drawn(world: toy.World, *resources: str) -> Plan:
    loaded = toy.loaded(world, *resources)
    return draw(loaded, registry=registry(world), policy=toy.policy(), clients=Clients({}))


def carrying(world: toy.World, *resources: str, **more: Any) -> Carrying:
    return Carrying(
        drawn(world, *resources),
        registry=registry(world),
        clients=Clients({}),
        wanted=desired(toy.loaded(world, *resources), toy.policy()),
        **({"journal": Journal()} | more),
    )


def carried(world: toy.World, *resources: str, **more: Any) -> Outcome:
    one = carrying(world, *resources, **more)
    one.go()
    return one.outcome


def outcomes(outcome: Outcome) -> dict[str, str]:
    return {step.key: str(step.outcome) for step in outcome.steps}


# --- side by side


@pytest.mark.parametrize("limit", [1, 3])
def test_a_system_has_a_limit(world: toy.World, limit: int) -> None:
    under_way: set[str] = set()
    most: list[int] = []
    barrier = threading.Barrier(limit, timeout=10)  # breaks unless so many are under way at the same time

    def begins(key: str) -> None:
        with world.lock:
            under_way.add(key)
            most.append(len(under_way))
        barrier.wait()

    world.before_apply, world.after_apply = begins, under_way.discard
    assert carried(world, *(f"base b{n}" for n in range(12)), limits={"GitHub": limit}).ok
    assert max(most) == limit


def test_systems_do_not_wait_for_each_other(world: toy.World) -> None:
    barrier = threading.Barrier(LIMITS["GitHub"] + LIMITS["Databricks"], timeout=10)
    world.before_apply = lambda key: void(barrier.wait())
    every = [*(f"side s{n}" for n in range(4)), *(f"top t{n}" for n in range(8))]
    plan = replace(drawn(world, *every), needs={})
    run = Running(plan=plan, registry=registry(world), clients=Clients({}), journal=Journal())
    run.go()
    assert len(run.ended) == 12
    assert all(run.done(key) for key in run.ended)


def void(value: object) -> None:
    del value


# --- again


def failing(times: int, error: Exception) -> Callable[[str], None]:
    count = Counter[str]()

    def before(key: str) -> None:
        count[key] += 1
        if count[key] <= times:
            raise error

    return before


def test_what_could_not_be_answered_is_tried_again(world: toy.World, naps: list[float]) -> None:
    world.before_apply = failing(2, RemoteUnavailable("Gone fishing."))
    told: list[str] = []
    outcome = carried(world, "base b", journal=Journal(tell=lambda key, what: told.append(what)))
    assert outcome.ok
    assert [step.attempts for step in outcome.steps] == [3]
    assert told == ["started", "again", "again", "done"]
    assert [1 <= naps[0] <= 2, 2 <= naps[1] <= 3] == [True, True]


def test_it_ends_after_a_few_tries(world: toy.World, naps: list[float]) -> None:
    world.before_apply = failing(99, RemoteUnavailable("Gone fishing."))
    outcome = carried(world, "base b")
    assert [(step.outcome, step.attempts, step.error) for step in outcome.steps] == [
        ("failed", ATTEMPTS, "Gone fishing.")
    ]
    assert len(naps) == ATTEMPTS - 1
    assert sum(naps) < 11


def test_two_that_wait_do_not_wait_alike(world: toy.World, naps: list[float]) -> None:
    world.before_apply = failing(1, RemoteUnavailable("Gone fishing."))
    assert carried(world, *(f"base b{n}" for n in range(4))).ok
    assert len(set(naps)) == 4


@pytest.mark.parametrize(
    "error",
    [RemoteDenied, RemoteError, Refused, StalePlan, ConfigurationError, LakeportError, KeyError, OSError],
)
def test_what_no_second_try_helps_is_tried_once(
    world: toy.World, naps: list[float], error: type[Exception]
) -> None:
    world.before_apply = failing(99, error("No."))
    outcome = carried(world, "base b")
    assert [(step.outcome, step.attempts) for step in outcome.steps] == [("failed", 1)]
    assert naps == []


def test_no_try_begins_when_the_time_is_over(
    world: toy.World, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A try that took five minutes is the last one: the clock is moved, nobody waits."""
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    def slow(key: str) -> None:
        clock[0] += RETRY_SECONDS + 1
        raise RemoteUnavailable("Gone fishing.")

    world.before_apply = slow
    outcome = carried(world, "base b")
    assert [step.attempts for step in outcome.steps] == [1]


def test_everything_in_a_step_has_an_end(world: toy.World) -> None:
    seen: list[float] = []
    world.before_apply = lambda key: seen.append(left())
    carried(world, "base b")
    assert 0 < seen[0] <= STEP_SECONDS
    assert left() == float("inf")


def test_after_the_time_of_the_run_no_step_begins(world: toy.World) -> None:
    outcome = carried(world, "base b x", "side s", seconds=0)
    assert set(outcomes(outcome).values()) == {"not_run"}
    assert outcome.steps[0].error == "The time of this run was over; the next one goes on."
    assert world.applied == []


# --- the truth in every exit


def test_a_thread_that_cannot_be_started(world: toy.World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool has put the step in line by then, where another thread may well take it up later."""
    one = carrying(world, "base a", "base b", "base c")
    start = threading.Thread.start

    def broken(self: threading.Thread) -> None:
        if self.name == "lakeport-apply_1":
            raise RuntimeError("can't start new thread")
        start(self)

    def slow(key: str) -> None:
        while not one._run.closed:
            threading.Event().wait(0.001)

    monkeypatch.setattr(threading.Thread, "start", broken)
    world.before_apply = slow
    one.go()
    assert outcomes(one.outcome) == {
        "base/a/make": "done",
        "base/b/make": "not_run",
        "base/c/make": "not_run",
    }
    assert world.applied == ["base/a/make"]
    assert one.outcome.steps[1].error == "The run broke off before."
    assert "RuntimeError" in one.outcome.broke
    assert not one.outcome.ok


def test_who_listens_cannot_break_a_step(world: toy.World) -> None:
    def gone(key: str, what: str) -> None:
        raise BrokenPipeError

    assert carried(world, "base b", journal=Journal(tell=gone)).ok


def test_ctrl_c_while_what_stands_is_read_back(world: toy.World) -> None:
    one = carrying(world, "base b")
    world.after_apply = lambda key: world.denied.add("base/b")
    one.go()  # may not be looked at: what was done stays done
    assert one.outcome.ok

    again = carrying(world, "base b", "base c")
    world.after_apply = lambda key: None

    def interrupted(*given: object) -> None:
        raise KeyboardInterrupt

    again._read_back = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        again.go()
    assert outcomes(again.outcome)["base/c/make"] == "done"


def test_the_journal_says_what_was_called(world: toy.World, tmp_path: Any, naps: list[float]) -> None:
    world.before_apply = failing(1, RemoteUnavailable("Gone fishing."))
    plan = drawn(world, "base b")
    carried(world, "base b", journal=Journal(tmp_path / "journal.jsonl"))
    lines = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    assert [(line["event"], line.get("attempt")) for line in lines] == [
        ("started", 1),
        ("again", 2),
        ("done", None),
    ]
    assert lines[0]["system"] == "GitHub"
    assert lines[0]["digest"] == plan.changes[0].digest
    assert lines[0]["request"] == "dev/growth/churn"


def test_limits_are_the_same_for_all() -> None:
    assert isinstance(LIMITS, MappingProxyType)
