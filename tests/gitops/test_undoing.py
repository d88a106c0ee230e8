"""The failure plan: what is kept, taken away again, or held, when something that needs it fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from gitops.engine import Clients, Journal, Outcome, carry_out, draw
from gitops.errors import RemoteError
from gitops.kind import Registry
from gitops.plan import Approved, Change, OnFailure, Plan, Reason, RefusedChange
from gitops.request import desired
from gitops.request_ids import note
from tests.support import toy


@pytest.fixture
def world() -> toy.World:
    return toy.World()


def registry(world: toy.World, **policies: OnFailure) -> Registry:
    """The toys, the changes of a kind with a failure policy of their own."""

    def planned(kind: Any, on_failure: OnFailure) -> Callable[..., list[Change]]:
        return lambda wanted, state: [
            replace(change, on_failure=on_failure) for change in kind.plan(wanted, state)
        ]

    return {
        name: replace(kind, plan=planned(kind, policies.get(name, OnFailure.KEEP)))
        for name, kind in toy.registry(world).items()
    }


def carried(world: toy.World, kinds: Registry, *resources: str) -> Outcome:
    loaded = toy.loaded(world, *resources)
    plan: Plan = draw(loaded, registry=kinds, policy=toy.policy(), clients=Clients({}))
    return carry_out(
        plan,
        Approved.of(plan),
        registry=kinds,
        clients=Clients({}),
        journal=Journal(),
        wanted=desired(loaded, toy.policy()),
    )


def fails(world: toy.World, *keys: str) -> None:
    def before(key: str) -> None:
        if key in keys:
            raise RemoteError("The shop is closed.")

    world.before_apply = before


def told(outcome: Outcome) -> dict[str, tuple[str, str]]:
    return {step.key: (str(step.outcome), step.error or "") for step in outcome.steps}


def test_what_is_kept_stays(world: toy.World) -> None:
    fails(world, "top/t/make")
    outcome = carried(world, registry(world), "base b", "top t")
    assert told(outcome)["base/b/make"] == ("done", "")
    assert "base/b" in world.things
    assert outcome.hold == ""


def test_what_is_to_be_undone_is_taken_away_again_whole(world: toy.World) -> None:
    fails(world, "top/t/make")
    outcome = carried(world, registry(world, base=OnFailure.UNDO), "base b red", "side s", "top t")
    reason = "It was taken away again, since top/t/make failed."
    assert told(outcome) == {
        "base/b/make": ("done", "It stays although top/t/make failed: side/s stands on it."),
        "base/b/paint": ("done", ""),
        "side/s/make": ("done", ""),
        "top/t/make": ("failed", "The shop is closed."),
    }
    world.things.clear()
    outcome = carried(world, registry(world, base=OnFailure.UNDO), "base b red", "top t")
    assert told(outcome) == {
        "base/b/make": ("undone", reason),
        "base/b/paint": ("undone", reason),
        "top/t/make": ("failed", "The shop is closed."),
    }
    assert world.things == {}
    assert outcome.outputs == {}
    assert not outcome.ok


def test_a_step_that_was_undone_has_the_ids_of_both_ways(world: toy.World) -> None:
    def before(key: str) -> None:
        note("POST", key.replace("/", "-"))
        if key == "top/t/make":
            raise RemoteError("The shop is closed.")

    world.before_apply = before
    base, top = carried(world, registry(world, base=OnFailure.UNDO), "base b", "top t").steps
    assert base.request_ids == ("base-b-make", "base-b-drop")
    assert (top.request_ids, base.read_back) == (("top-t-make",), "")


def test_what_was_made_last_goes_first(world: toy.World) -> None:
    fails(world, "top/t/make")
    kinds = registry(world, base=OnFailure.UNDO, side=OnFailure.UNDO)
    outcome = carried(world, kinds, "base b", "side s", "top t")
    assert world.applied == ["base/b/make", "side/s/make", "side/s/drop", "base/b/drop"]
    assert [outcome for outcome, _ in told(outcome).values()] == ["undone", "undone", "failed"]


def test_what_stood_before_is_nobodys_to_undo(world: toy.World) -> None:
    world.things["base/b"] = {"mark": "dev/growth/churn", "tags": []}
    fails(world, "top/t/make")
    outcome = carried(world, registry(world, base=OnFailure.UNDO), "base b red", "top t")
    assert told(outcome)["base/b/paint"] == ("done", "")
    assert world.things["base/b"]["tags"] == ["red"]


def test_nothing_is_undone_for_what_does_not_need_it(world: toy.World) -> None:
    fails(world, "base/other/make")
    outcome = carried(world, registry(world, base=OnFailure.UNDO), "base b", "base other")
    assert told(outcome)["base/b/make"] == ("done", "")
    assert "base/b" in world.things


def test_a_failure_that_left_something_keeps_what_it_stands_on(world: toy.World) -> None:
    """The answer got lost, and the thing is there."""

    def half(key: str) -> None:
        if key == "top/t/make":
            raise RemoteError("The answer got lost.")

    world.after_apply = half
    outcome = carried(world, registry(world, base=OnFailure.UNDO), "base b", "top t")
    assert told(outcome)["base/b/make"][1] == "It stays although top/t/make failed: top/t stands on it."
    assert set(world.things) == {"base/b", "top/t"}


@pytest.mark.parametrize(
    "error", [RemoteError("It is locked."), RefusedChange(Reason.IMMUTABLE, "It is locked.")]
)
def test_what_cannot_be_undone_is_said(world: toy.World, error: Exception) -> None:
    kinds = dict(registry(world, base=OnFailure.UNDO))

    def retire(wanted: object, state: object) -> list[Change]:
        raise error

    kinds["base"] = replace(kinds["base"], retire=retire)
    fails(world, "top/t/make")
    outcome = carried(world, kinds, "base b", "top t")
    assert told(outcome)["base/b/make"] == ("done", "It could not be taken away again: It is locked.")
    assert "base/b" in world.things


def test_what_is_held_stays_and_nothing_goes_on_by_itself(world: toy.World) -> None:
    fails(world, "top/t/make")
    kinds = registry(world, base=OnFailure.HOLD)
    outcome = carried(world, kinds, "base b", "top t")
    assert outcome.hold == "base/b/make is done and is to be held, since top/t/make failed."
    assert told(outcome)["base/b/make"] == ("done", "")
    fails(world)
    assert carried(world, kinds, "base b", "top t").hold == ""
