"""What a plan writes over though no version of the request gave it, and what stays by nobody's request."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from gitops.drawing import Clients, draw
from gitops.kind import Held, Registry
from gitops.plan import Plan, Reason, RefusedChange
from gitops.plan_words import overwritten
from gitops.request import Loaded
from tests.support import toy
from tests.support.toy import World


def drawn(world: World, now: Loaded, *earlier: Loaded, registry: Registry | None = None) -> Plan:
    kinds = registry or toy.registry(world)
    return draw(now, registry=kinds, policy=toy.policy(), clients=Clients({}), earlier=earlier)


def standing(*tags: str) -> World:
    return World(things={"base/one": {"mark": "dev/growth/churn", "tags": list(tags)}})


def version(*resources: str, **fields: Any) -> Loaded:
    return toy.loaded(World(), *resources, **fields)


def test_what_an_edit_changes_was_given_by_a_version() -> None:
    found = drawn(standing("a"), version("base one b"), version("base one a"))
    assert [change.action for change in found.changes] == ["paint"]
    assert found.drifted == {}


def test_what_somebody_set_by_hand_is_told_beside_what_the_edit_changes() -> None:
    found = drawn(standing("a", "by-hand"), version("base one b"), version("base one a"))
    assert found.drifted == {"base/one/paint": ("[by-hand]",)}
    assert [words for _, words in overwritten(found)] == ["[by-hand]: by-hand → gone"]


def test_what_any_of_the_versions_gave_is_no_drift() -> None:
    tried = (version("base one a"), version("base one a c"))
    found = drawn(standing("a", "c", "by-hand"), version("base one b"), *tried)
    assert found.drifted == {"base/one/paint": ("[by-hand]",)}
    assert drawn(standing("a", "c"), version("base one b"), *tried).drifted == {}


def test_without_an_earlier_version_nobody_can_tell() -> None:
    assert drawn(standing("by-hand"), version("base one b")).drifted == {}


def test_a_version_that_would_be_refused_today_says_nothing() -> None:
    world = standing("by-hand")
    registry = dict(toy.registry(world))
    plain = registry["base"].plan

    def plan(desired: Any, state: Any) -> Any:
        if "refused" in desired.spec.tags:
            raise RefusedChange(Reason.MISSING, "No.")
        return plain(desired, state)

    registry["base"] = structs.replace(registry["base"], plan=plan)
    found = drawn(world, version("base one b"), version("base one refused"), registry=registry)
    assert found.drifted == {}


def test_it_is_no_part_of_what_is_approved() -> None:
    found = drawn(standing("a", "by-hand"), version("base one b"), version("base one a"))
    assert found.digest == structs.replace(found, drifted={}, stays=("x",)).digest
    assert Plan.from_json(found.as_json()) == found


def test_who_keeps_access_by_nobodys_request_is_a_sentence() -> None:
    world = standing("a")
    registry = dict(toy.registry(world))

    def stays(desired: Any, state: Any) -> Any:
        yield Held(principal="analysts", levels=("SELECT", "MODIFY"), thing=desired.spec.name)

    registry["base"] = structs.replace(registry["base"], stays=stays)
    found = drawn(world, version("base one a"), registry=registry)
    assert found.stays == ("analysts holds SELECT, MODIFY on one.",)
    retiring = version("base one a", lifecycle="retiring")
    assert drawn(world, retiring, registry=registry).stays == ()
