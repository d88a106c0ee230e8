"""The hold of what retires: data is dropped only when the time is over, and only what was approved."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gitops import checking
from gitops.checkout import POLICY, Checkout
from gitops.drawing import Clients
from gitops.plan import Change, Plan, Stage, Verb
from gitops.policy import load_policy
from gitops.receipts import Receipt
from gitops.render import plan_comment
from gitops.report import Report
from gitops.retirement import Retirement, due, held_until, notes
from tests.support import toy
from tests.support.gitrepo import GitRepo
from tests.support.town import Town

TODAY = date(2026, 11, 21)
RULES = Retirement()
REQUEST = "dev/growth/churn"


def change(action: str, stage: Stage) -> Change:
    return Change(kind="base", identity="one", action=action, verb=Verb.REMOVE, stage=stage)


FREEZE, REVOKE, DROP = (
    change("freeze", Stage.FREEZE),
    change("revoke", Stage.REVOKE),
    change("drop", Stage.DROP),
)
PLAN = Plan(
    request=REQUEST,
    file_digest="sha256:1",
    changes=(FREEZE, REVOKE, DROP),
    needs={FREEZE.key: (), REVOKE.key: (FREEZE.key,), DROP.key: (REVOKE.key,)},
)


def receipt(status: str = "waiting", day: str = "2026-12-21", **given: Any) -> Receipt:
    facts: dict[str, Any] = {
        "request": REQUEST, "path": toy.path(), "file_digest": "sha256:1", "commit": "0" * 40, "pull": 1,
        "requester": {}, "approvers": (), "plan_digest": None, "run_url": "", "tool_version": "0",
        "status": status, "due": day, "number": 1, "at": "2026-11-21T06:00:00+00:00", "previous": "",
    }  # fmt: skip
    return Receipt(**facts | given)


# --- what is due


def test_the_drop_waits_for_as_long_as_the_policy_says() -> None:
    found = due(PLAN, [], RULES, TODAY)
    assert found.now.changes == (FREEZE, REVOKE)
    assert (found.later, found.on) == ((DROP,), date(2026, 12, 21))
    assert found.now.needs == {FREEZE.key: (), REVOKE.key: (FREEZE.key,)}


@pytest.mark.parametrize(("day", "done"), [("2026-12-20", False), ("2026-12-21", True), ("2027-06-01", True)])
def test_the_day_that_people_were_told_holds(day: str, done: bool) -> None:
    """Whatever the policy says by then: neither sooner nor later."""
    for rules in (RULES, Retirement(hold_days=1), Retirement(hold_days=900)):
        found = due(PLAN, [receipt()], rules, date.fromisoformat(day))
        assert (found.now.changes == PLAN.changes) is done
        assert found.on == (None if done else date(2026, 12, 21))


def test_the_first_day_that_was_told_counts() -> None:
    later = receipt(day="2027-03-01", number=2)
    assert held_until(REQUEST, "sha256:1", [receipt(), later]) == date(2026, 12, 21)


@pytest.mark.parametrize(
    "other",
    [
        receipt(request="dev/growth/other"),
        receipt(file_digest="sha256:2"),
        receipt("partial"),
        receipt(day="soon"),
    ],
)
def test_a_receipt_of_something_else_begins_no_hold(other: Receipt) -> None:
    assert due(PLAN, [other], RULES, TODAY).on == TODAY + timedelta(days=30)


def test_without_a_hold_in_the_policy_nothing_waits() -> None:
    assert due(PLAN, [], Retirement(hold_days=0), TODAY).now is PLAN
    assert list(notes(PLAN, Retirement(hold_days=0))) == []


def test_a_plan_that_drops_nothing_does_not_wait() -> None:
    plan = Plan(request=REQUEST, file_digest="sha256:1", changes=(FREEZE, REVOKE))
    assert due(plan, [], RULES, TODAY).now is plan
    assert list(notes(plan, RULES)) == []


def test_the_reviewers_are_told() -> None:
    (sentence,) = notes(PLAN, RULES)
    assert "30 days after everything else was taken away" in sentence


def test_the_policy_says_how_long_and_when_to_warn() -> None:
    found = load_policy(toy.POLICY + b"retirement: {hold_days: 7, warn_days: [14, 3]}\n").retirement
    assert (found.hold_days, found.warn_days) == (7, (14, 3))
    assert (RULES.hold_days, RULES.warn_days) == (30, (30, 7, 1))


# --- carried out, with the days going by


def staged(desired: Any, state: dict[str, Any]) -> list[Change]:
    """A toy that loses its tags at once, and is dropped later."""
    spec = desired.spec
    rest = {"mark": state["mark"]}
    drop = Change(
        kind=spec.kind, identity=spec.name, action="drop", verb=Verb.REMOVE, before=rest, stage=Stage.DROP
    )
    if not state["tags"]:
        return [drop]
    revoke = Change(
        kind=spec.kind,
        identity=spec.name,
        action="paint",
        verb=Verb.UPDATE,
        before=state["tags"],
        after=[],
        stage=Stage.REVOKE,
    )
    return [revoke, drop]


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    """A request that stands, and a pull request that retires it, approved and merged."""
    monkeypatch.setattr(toy, "_retire", staged)
    made = Town(GitRepo.make(tmp_path / "repo", {POLICY: toy.POLICY}))
    made.request("churn", "base one red")
    made.apply()
    made.request("churn", "base one red", lifecycle="retiring")
    return made


def on(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)


def statuses(town: Town) -> list[str]:
    return [one.status for one in town.ledger.receipts if one.status != "started"]


def test_the_rest_is_done_at_once_and_the_receipt_names_the_day(town: Town) -> None:
    assert [one.exit_code for one in town.apply()] == [0]
    assert town.world.things["base/one"]["tags"] == []
    assert "base/one" in town.world.things, "what holds data stands"
    assert (town.last.status, town.last.due) == ("waiting", "2026-12-21")


def test_the_sweeper_does_nothing_until_it_is_due_and_then_drops_without_another_approval(
    town: Town,
) -> None:
    town.apply()
    for day in ("2026-11-22", "2026-12-01", "2026-12-20"):
        town.time = on(day)
        calls = list(town.world.calls)
        assert town.apply() == []
        assert town.world.calls == calls, "it is not even looked at"
    town.time = on("2026-12-21")
    assert [one.exit_code for one in town.apply()] == [0]
    assert "base/one" not in town.world.things
    assert statuses(town) == ["applied", "waiting", "applied"]
    town.time = on("2026-12-22")
    assert town.apply() == []


def test_what_moved_meanwhile_is_refused_as_stale(town: Town) -> None:
    town.apply()
    town.world.things["base/one"]["tags"] = ["somebody", "uses", "it"]
    town.time = on("2026-12-21")
    assert [one.exit_code for one in town.apply()] == [5]
    assert "base/one" in town.world.things
    assert town.world.things["base/one"]["tags"] == ["somebody", "uses", "it"]
    assert town.last.status == "refused"


def test_a_drop_that_fails_is_tried_again_and_does_not_wait_anew(town: Town) -> None:
    town.apply()
    town.time = on("2026-12-21")

    def broken(key: str) -> None:
        raise KeyError(key)

    town.world.before_apply = broken
    assert [one.exit_code for one in town.apply()] == [6]
    town.world.before_apply = lambda key: None
    town.time = on("2026-12-22")
    assert [one.exit_code for one in town.apply()] == [0]
    assert "base/one" not in town.world.things


def test_the_hold_is_read_from_git_alone(town: Town) -> None:
    """A policy that is changed while it lasts changes nothing of it."""
    town.apply()
    rules = toy.POLICY + b"retirement: {hold_days: 0}\n"
    town.repo.commit("No hold any more", {POLICY: rules})
    assert Checkout(town.repo.root).read(POLICY) == rules
    assert town.apply() == []
    assert "base/one" in town.world.things


def test_the_plan_on_the_pull_request_says_how_long_it_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toy, "_retire", staged)
    raw = toy.raw("base one red", lifecycle="retiring")
    repo = GitRepo.make(tmp_path / "repo", {POLICY: toy.POLICY, toy.path(): raw})
    world = toy.World(things={"base/one": {"mark": REQUEST, "tags": ["red"]}})
    checkout, rules, registry = Checkout(repo.root), toy.policy(), toy.registry(world)
    chosen = checking.choose(checkout, [], everything=True)
    checked = checking.check(checkout, chosen, registry=registry, rules=rules, day=TODAY)
    (entry,) = checking.plan(checked, registry=registry, rules=rules, clients=Clients({})).entries
    assert entry.plan is not None
    assert [one.stage for one in entry.plan.changes] == [Stage.REVOKE, Stage.DROP]
    assert "30 days after everything else was taken away" in plan_comment(Report(entries=(entry,)))
