"""How long a plan is good, and for whom: judged at the merge, by the times that GitHub gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gitops.checkout import POLICY
from gitops.verdict import CountedApproval
from tests.support import toy
from tests.support.gitrepo import GitRepo
from tests.support.town import MERGED, OPEN, Town


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(GitRepo.make(tmp_path / "repo", {POLICY: toy.POLICY, "README.md": b"Requests.\n"}))


@pytest.mark.parametrize(("age", "code"), [(timedelta(days=7), 0), (timedelta(days=7, seconds=1), 5)])
def test_a_plan_is_good_for_seven_days_at_the_merge(town: Town, age: timedelta, code: int) -> None:
    pull = town.request("churn", "base b")
    town.pulls.drawn[pull.head_sha] = MERGED - age
    town.time += timedelta(days=40)  # the merge was in time, whenever the run comes
    assert [one.exit_code for one in town.apply()] == [code]
    assert town.last.status == ("refused" if code else "applied")
    if code:
        assert town.world.applied == []
        assert "A plan is good for 7 days" in str(town.last.error)
        assert "/lakeport approve-again" in str(town.last.error)


def test_the_policy_says_how_long(town: Town) -> None:
    town.repo.commit("Patience", {POLICY: toy.POLICY + b"review: {plan_valid_days: 1}\n"})
    pull = town.request("churn", "base b")
    town.pulls.drawn[pull.head_sha] = MERGED - timedelta(days=2)
    assert [one.exit_code for one in town.apply()] == [5]


def test_a_plan_that_was_drawn_after_the_merge_approves_nothing(town: Town) -> None:
    pull = town.request("churn", "base b")
    town.pulls.drawn[pull.head_sha] = MERGED + timedelta(seconds=1)
    assert [one.exit_code for one in town.apply()] == [5]
    assert town.world.applied == []


@pytest.mark.parametrize(
    ("at", "code"),
    [
        ("2026-11-21T04:59:59Z", 5),
        ("2026-11-21T05:00:00+00:00", 0),
        ("yesterday", 5),
        ("2026-11-21T06:00:00", 5),
    ],
)
def test_who_approved_another_plan_did_not_approve_this_one(town: Town, at: str, code: int) -> None:
    """The plan was drawn again on the same commit and came out different; the approval is older."""
    pull = town.request("churn", "base b")
    given = CountedApproval(login="nadia-k", at=at, commit=pull.head_sha, rules=("environment-dev",))
    town.pulls.verdicts[pull.number] = replace(OPEN, approvals=(given,))
    assert [one.exit_code for one in town.apply()] == [code]
    if code:
        assert "nadia-k approved pull request 1 before" in str(town.last.error)
