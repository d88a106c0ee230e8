"""What becomes of drift: the file follows, what stands is approved anew, or both are left for a while."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec import structs

from gitops import adoption
from gitops.drawing import Clients, draw
from gitops.errors import Refused, UsageError
from gitops.kind import Registry
from gitops.proposing import next_version
from gitops.request import Loaded, load_request
from tests.support import toy

TODAY = date(2026, 11, 21)
UNTIL = date(2026, 12, 1)
POLICY = toy.policy()


@pytest.fixture
def world() -> toy.World:
    return toy.World()


def kinds(world: toy.World, *, but: str = "") -> Registry:
    """Toys whose tags can be said in the file, but those of one kind."""
    found = toy.registry(world)
    return {
        name: kind
        if name == but
        else structs.replace(kind, adopt=lambda desired, state: {"tags": tuple(state["tags"])})
        for name, kind in found.items()
    }


def loaded(world: toy.World, *resources: str, more: str = "") -> Loaded:
    text = toy.raw(*resources).decode().replace("resources:\n", f"{more}resources:\n")
    return load_request(text.encode(), toy.path(), toy.registry(world))


def after(merged: Loaded, said: Any, registry: Registry) -> Loaded:
    composed = next_version(merged, said, registry=registry, policy=POLICY, today=TODAY)
    assert composed.raw is not None
    return load_request(composed.raw, merged.path, registry)


def stands(world: toy.World, key: str, *tags: str) -> None:
    world.things[key] = {"mark": "dev/growth/churn", "tags": list(tags)}


def test_the_file_says_what_stands_and_its_plan_is_empty(world: toy.World) -> None:
    stands(world, "base/one", "blue")
    stands(world, "side/two", "red")
    registry = kinds(world)
    merged = loaded(world, "base one red", "side two red")
    found = adoption.adopt(merged, registry=registry, policy=POLICY, clients=Clients({}))
    assert found.said == {"resources.base.tags": ["blue"]}, "what stands as it should is not touched"
    now = after(merged, found.said, registry)
    assert adoption.left(found, now, registry=registry, policy=POLICY) == ()
    assert draw(now, registry=registry, policy=POLICY, clients=Clients({})).changes == ()


def test_several_of_a_kind_are_told_apart(world: toy.World) -> None:
    stands(world, "base/one", "red")
    stands(world, "base/two", "blue")
    registry = kinds(world)
    merged = loaded(world, "base one red", "base two red")
    found = adoption.adopt(merged, registry=registry, policy=POLICY, clients=Clients({}))
    assert [one["tags"] for one in after(merged, found.said, registry).document.data["resources"]] == [
        ["red"],
        ["blue"],
    ]


def test_one_resource_is_adopted_alone(world: toy.World) -> None:
    stands(world, "base/one", "blue")
    stands(world, "side/two", "blue")
    merged = loaded(world, "base one red", "side two red")
    found = adoption.adopt(merged, registry=kinds(world), policy=POLICY, clients=Clients({}), only="side/two")
    assert found.said == {"resources.side.tags": ["blue"]}


def test_what_no_field_says_is_told_as_left(world: toy.World) -> None:
    stands(world, "base/one", "blue")
    registry = kinds(world, but="side")
    merged = loaded(world, "base one red", "side two red")  # side/two is gone
    found = adoption.adopt(merged, registry=registry, policy=POLICY, clients=Clients({}))
    now = after(merged, found.said, registry)
    assert adoption.left(found, now, registry=registry, policy=POLICY) == ("Make two", "side/two/paint")


def test_what_nobody_can_say_is_refused_with_the_other_ways(world: toy.World) -> None:
    merged = loaded(world, "base one red")  # it is gone
    with pytest.raises(Refused) as caught:
        adoption.adopt(merged, registry=kinds(world), policy=POLICY, clients=Clients({}))
    assert "lakeport drift revert dev/growth/churn" in caught.value.fix


def test_looking_to_adopt_touches_nothing(world: toy.World) -> None:
    stands(world, "base/one", "blue")
    adoption.adopt(loaded(world, "base one red"), registry=kinds(world), policy=POLICY, clients=Clients({}))
    assert world.applied == []
    assert world.things["base/one"]["tags"] == ["blue"]


def test_each_revert_is_another_version_with_its_own_approval(world: toy.World) -> None:
    registry = kinds(world)
    merged = loaded(world, "base one red")
    first = after(merged, adoption.revert(merged), registry)
    second = after(first, adoption.revert(first), registry)
    assert [one.request.metadata.revision for one in (merged, first, second)] == [None, 2, 3]
    assert len({one.file_digest for one in (merged, first, second)}) == 3
    assert first.request.resources == merged.request.resources, "nothing else of the file changes"


def test_its_plan_brings_back_what_drifted(world: toy.World) -> None:
    stands(world, "base/one", "blue")
    registry = kinds(world)
    merged = loaded(world, "base one red")
    now = after(merged, adoption.revert(merged), registry)
    plan = draw(now, registry=registry, policy=POLICY, clients=Clients({}), earlier=(merged,))
    assert [change.key for change in plan.changes] == ["base/one/paint"]


def ignored(merged: Loaded, *resources: str, until: date = UNTIL, reason: str = "The fair.") -> Any:
    registry = kinds(toy.World())
    return adoption.ignore(merged, resources, until=until, reason=reason, registry=registry, today=TODAY)


def test_the_reason_is_kept_in_the_file(world: toy.World) -> None:
    merged = loaded(world, "base one red", "side two")
    now = after(merged, ignored(merged, "base/one/paint", "side/two"), kinds(world))
    assert [(one.resource, one.until, one.reason) for one in now.request.metadata.drift_ignored] == [
        ("base/one/paint", UNTIL, "The fair."),
        ("side/two", UNTIL, "The fair."),
    ]


def test_an_entry_is_renewed_and_those_that_are_over_go(world: toy.World) -> None:
    more = (
        "  drift_ignored:\n"
        "  - {resource: base/one, until: 2026-11-20, reason: It was the fair.}\n"
        "  - {resource: base/one/paint, until: 2026-11-22, reason: It is the fair.}\n"
        "  - {resource: side/two, until: 2026-11-21, reason: It is the fair.}\n"
    )
    merged = loaded(world, "base one red", "side two", more=more)
    now = after(merged, ignored(merged, "base/one/paint", reason="It goes on."), kinds(world))
    assert [(one.resource, one.reason) for one in now.request.metadata.drift_ignored] == [
        ("side/two", "It is the fair."),
        ("base/one/paint", "It goes on."),
    ]


@pytest.mark.parametrize("name", ["base/two", "base/on", "one", "base"])
def test_only_what_the_request_names_can_be_ignored(world: toy.World, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        ignored(loaded(world, "base one red"), name)
    assert "base/one" in caught.value.fix


def test_a_day_that_is_over_is_no_end(world: toy.World) -> None:
    with pytest.raises(UsageError):
        ignored(loaded(world, "base one red"), "base/one", until=date(2026, 11, 20))


@pytest.mark.parametrize("reason", ["", "x", "two\nlines", " padded ", "x" * 501])
def test_a_reason_is_one_sentence(world: toy.World, reason: str) -> None:
    merged = loaded(world, "base one red")
    with pytest.raises(Refused) as caught:
        after(merged, ignored(merged, "base/one", reason=reason), kinds(world))
    assert "reason" in caught.value.why


def test_a_reason_is_only_ever_text(world: toy.World) -> None:
    merged = loaded(world, "base one red")
    nasty = "{a: 1} # ${{ github.token }} `rm` 'x' \"y\": !!python/object"
    now = after(merged, ignored(merged, "base/one", reason=nasty), kinds(world))
    assert now.request.metadata.drift_ignored[0].reason == nasty
