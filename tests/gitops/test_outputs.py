"""Values that are known once another resource stands are put in just before they are needed."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from gitops.engine import Clients, Journal, Outcome, carry_out, draw
from gitops.errors import LakeportError
from gitops.kind import Registry
from gitops.outputs import Outputs
from gitops.plan import Approved, Change, Verb, output_of
from gitops.request import desired
from tests.support import toy


@pytest.fixture
def world() -> toy.World:
    return toy.World()


def registry(world: toy.World, name: str = "url", key: str = "base/b") -> Registry:
    """The toys; a top is painted with what its base says."""
    kinds = dict(toy.registry(world))

    def plan(wanted: Any, state: Any) -> list[Change]:
        changes: list[Change] = list(toy_top.plan(wanted, state))
        paint = Change(
            kind="top", identity=wanted.spec.name, action="paint", verb=Verb.UPDATE,
            after=["red", output_of(key, name)],
        )  # fmt: skip
        return [*changes, paint]

    toy_top = kinds["top"]
    kinds["top"] = replace(toy_top, plan=plan)
    return kinds


def carried(world: toy.World, kinds: Registry) -> Outcome:
    loaded = toy.loaded(world, "base b", "top t")
    plan = draw(loaded, registry=kinds, policy=toy.policy(), clients=Clients({}))
    return carry_out(
        plan,
        Approved.of(plan),
        registry=kinds,
        clients=Clients({}),
        journal=Journal(),
        wanted=desired(loaded, toy.policy()),
    )


def test_of_what_this_run_made(world: toy.World) -> None:
    assert carried(world, registry(world)).ok
    assert world.things["top/t"]["tags"] == ["red", "https://toys.example/b"]


def test_of_what_stood_already_it_is_not_read_again(world: toy.World) -> None:
    world.things["base/b"] = {"mark": "dev/growth/churn", "tags": []}
    kinds = registry(world)
    reads: list[int] = []
    world.before_apply = lambda key: reads.append(world.calls.count("read base/b"))
    assert carried(world, kinds).ok
    assert world.things["top/t"]["tags"] == ["red", "https://toys.example/b"]
    assert set(reads) == {1}


@pytest.mark.parametrize(
    ("key", "name", "words"),
    [
        ("base/b", "id", "The id of base/b is not known. It stands, and does not say it."),
        ("base/x", "url", "The url of base/x is not known. No resource of the request is called so."),
    ],
)
def test_what_cannot_be_known_fails_the_step_in_words(
    world: toy.World, key: str, name: str, words: str
) -> None:
    outcome = carried(world, registry(world, name, key))
    steps = {step.key: step for step in outcome.steps}
    assert steps["top/t/paint"].outcome == "failed"
    assert (steps["top/t/paint"].error or "").startswith(words)


def test_what_is_approved_is_the_placeholder(world: toy.World) -> None:
    """Which id it turns out to be is not known when it is approved, and so no part of the digest."""
    change = Change(
        kind="top", identity="t", action="make", verb=Verb.CREATE, after={"pool": output_of("base/b", "id")}
    )
    known = Outputs({"base/b": {"id": "17"}}, (), {}, Clients({}))
    filled = known.fill(change)
    assert filled.after == {"pool": "17"}
    assert change.after == {"pool": {"$output": ["base/b", "id"]}}
    assert (filled.key, filled.kind) == (change.key, change.kind)


def test_a_change_without_any_is_as_it_was() -> None:
    change = Change(
        kind="top",
        identity="t",
        action="make",
        verb=Verb.CREATE,
        after={"a": [1, {"b": None}], "c": "$output"},
    )
    assert Outputs({}, (), {}, Clients({})).fill(change) is change


def test_deep_ones_are_found() -> None:
    change = Change(
        kind="top", identity="t", action="make", verb=Verb.CREATE,
        after={"a": [{"b": [output_of("base/b", "id"), "x"]}], "c": 1},
    )  # fmt: skip
    known = Outputs({"base/b": {"id": "17"}}, (), {}, Clients({}))
    assert known.fill(change).after == {"a": [{"b": ["17", "x"]}], "c": 1}


def test_an_empty_value_is_no_value() -> None:
    change = Change(
        kind="top", identity="t", action="make", verb=Verb.CREATE, after=output_of("base/b", "id")
    )
    with pytest.raises(LakeportError, match="not known"):
        Outputs({"base/b": {"id": ""}}, (), {}, Clients({})).fill(change)
