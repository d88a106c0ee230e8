"""What a file says to leave as it is: no plan touches it, and no edit is lost by that."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gitops.drawing import Clients, draw
from gitops.drifted import without_ignored
from gitops.finding import Severity
from gitops.plan import Plan
from gitops.policy import judge
from gitops.request import Loaded, load_request
from tests.support import toy

ENTRY = "{resource: %s, until: 2026-12-01, reason: It is painted for the fair.}"


@pytest.fixture
def world() -> toy.World:
    return toy.World()


def version(world: toy.World, *resources: str, ignored: tuple[str, ...] = (), **given: Any) -> Loaded:
    entries = "".join(f"  - {ENTRY % one}\n" for one in ignored)
    text = toy.raw(*resources, **given).decode()
    if ignored:
        text = text.replace("resources:\n", f"  drift_ignored:\n{entries}resources:\n")
    return load_request(text.encode(), toy.path(), toy.registry(world))


def planned(world: toy.World, after: Loaded, *earlier: Loaded) -> Plan:
    registry, policy = toy.registry(world), toy.policy()
    plan = draw(after, registry=registry, policy=policy, clients=Clients({}), earlier=earlier)
    return without_ignored(plan, after, earlier, registry, policy)


def stands(world: toy.World, key: str, *tags: str, mark: str = "dev/growth/churn") -> None:
    world.things[key] = {"mark": mark, "tags": list(tags)}


def test_merging_the_entry_does_not_bring_back_what_it_ignores(world: toy.World) -> None:
    stands(world, "base/one", "blue")
    before = version(world, "base one red")
    after = version(world, "base one red", ignored=("base/one",))
    assert [change.key for change in planned(world, before).changes] == ["base/one/paint"]
    plan = planned(world, after, before)
    assert plan.changes == ()
    assert plan.notes == (
        "base/one/paint is left as it stands until 2026-12-01: It is painted for the fair.",
    )


def test_an_edit_of_what_is_ignored_is_carried_out(world: toy.World) -> None:
    stands(world, "base/one", "blue")
    before = version(world, "base one red")
    after = version(world, "base one green", ignored=("base/one",))
    assert [change.key for change in planned(world, after, before).changes] == ["base/one/paint"]


def test_an_edit_that_failed_before_is_carried_out_again(world: toy.World) -> None:
    """What was tried in between counts as well: the file that was applied last wanted something else."""
    stands(world, "base/one", "blue")
    applied = version(world, "base one blue")
    tried = version(world, "base one red")
    after = version(world, "base one red", ignored=("base/one",))
    assert [one.key for one in planned(world, after, applied, tried).changes] == ["base/one/paint"]


def test_an_edit_of_the_request_that_reaches_the_resource_is_carried_out(world: toy.World) -> None:
    stands(world, "base/one", "blue")
    before = version(world, "base one red", purpose="Find things.")
    after = version(world, "base one red", purpose="Find other things.", ignored=("base/one",))
    assert len(planned(world, after, before).changes) == 1


def test_a_further_resource_is_no_edit_of_the_others(world: toy.World) -> None:
    stands(world, "base/one", "blue")
    before = version(world, "base one red", ignored=("base/one",))
    after = version(world, "base one red", "side two", ignored=("base/one",))
    assert [change.key for change in planned(world, after, before).changes] == ["side/two/make"]


def test_a_new_request_makes_what_an_entry_names(world: toy.World) -> None:
    after = version(world, "base one red", ignored=("base/one",))
    assert [one.key for one in planned(world, after).changes] == ["base/one/make", "base/one/paint"]


def test_the_rest_of_the_drift_is_brought_back(world: toy.World) -> None:
    stands(world, "base/one", "blue")
    stands(world, "side/two", "blue")
    before = version(world, "base one red", "side two red")
    after = version(world, "base one red", "side two red", ignored=("base/one",))
    plan = planned(world, after, before)
    assert [change.key for change in plan.changes] == ["side/two/paint"]
    assert plan.needs == {"side/two/paint": ()}, "what is not done is not waited for"


def test_what_cannot_be_done_without_something_that_is_left_gone_is_left_out_too(world: toy.World) -> None:
    before = version(world, "base one red", "side two", "top three")
    after = version(world, "base one red", "side two", "top three", ignored=("base/one/make",))
    plan = planned(world, after, before)
    assert plan.changes == ()
    assert "top/three/make is left out: what it needs is gone, and left so." in plan.notes


def test_what_is_somebody_else_s_by_now_does_not_stop_the_pull_request(world: toy.World) -> None:
    stands(world, "base/one", mark="dev/risk/other")
    before = version(world, "base one")
    assert planned(world, before).refusals
    after = version(world, "base one", ignored=("base/one",))
    plan = planned(world, after, before)
    assert plan.refusals == ()
    assert plan.notes == ("base/one is left as it is: one belongs to somebody else.",)


def test_nothing_is_too_much_where_nothing_is_taken_away(world: toy.World) -> None:
    stands(world, "base/one", "a", "b", "c", "d", "e")
    before = version(world, "base one")
    assert [one.reason for one in planned(world, before).refusals] == ["too_much_change"]
    after = version(world, "base one", ignored=("base/one",))
    plan = planned(world, after, before)
    assert (plan.changes, plan.refusals) == ((), ())


def test_what_retires_goes_whatever_was_ignored(world: toy.World) -> None:
    stands(world, "base/one", "blue")
    before = version(world, "base one red", ignored=("base/one",))
    after = version(world, "base one red", ignored=("base/one",), lifecycle="retiring")
    assert [one.key for one in planned(world, after, before).changes] == ["base/one/drop"]


def test_without_an_entry_the_plan_is_the_same_object(world: toy.World) -> None:
    stands(world, "base/one", "blue")
    one = version(world, "base one red")
    registry, policy = toy.registry(world), toy.policy()
    plan = draw(one, registry=registry, policy=policy, clients=Clients({}))
    assert without_ignored(plan, one, (one,), registry, policy) is plan


# --- what is said of the entries in a check


@pytest.mark.parametrize(
    ("resource", "day", "rule"),
    [
        ("base/one", date(2026, 12, 1), None),
        ("base/one/paint", date(2026, 12, 1), None),
        ("base/one", date(2026, 12, 2), "drift-ignored-over"),
        ("base/on", date(2026, 12, 1), "drift-ignored-unknown"),
        ("base/one-more", date(2027, 12, 1), "drift-ignored-unknown"),
        ("side/one", date(2026, 12, 1), "drift-ignored-unknown"),
    ],
)
def test_an_entry_without_effect_is_a_warning(
    world: toy.World, resource: str, day: date, rule: str | None
) -> None:
    one = version(world, "base one", ignored=(resource,))
    found = judge(one, toy.policy(), toy.registry(world), today=day)
    assert [each.rule for each in found if each.rule.startswith("drift")] == ([rule] if rule else [])
    assert all(each.severity is Severity.WARNING and each.place.line for each in found)
