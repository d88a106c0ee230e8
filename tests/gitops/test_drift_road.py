"""Drift from the hand that made it to what its owner decided, over merged pull requests and receipts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gitops import adoption, drift
from gitops.checkout import POLICY, Checkout
from gitops.drawing import Clients, draw
from gitops.drifted import without_ignored
from gitops.plan import JSON, Approved
from gitops.proposing import next_version
from gitops.request import Loaded, load_request
from tests.support import toy
from tests.support.gitrepo import GitRepo
from tests.support.town import Town

TODAY = date(2026, 11, 21)
UNTIL = date(2026, 12, 1)


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """A request that is applied, and whose tags somebody changed by hand."""
    made = Town(GitRepo.make(tmp_path / "repo", {POLICY: toy.POLICY}))
    made.request("churn", "base one red")
    made.apply()
    made.world.things["base/one"]["tags"] = ["blue"]
    return made


def merged(town: Town) -> Loaded:
    raw = Checkout(town.repo.root).read(toy.path())
    return load_request(raw, toy.path(), toy.registry(town.world))


def decide(town: Town, said: dict[str, JSON]) -> None:
    """Merge the next version of the file, whose plan was approved as a check draws it."""
    registry, policy = toy.registry(town.world), toy.policy()
    before = merged(town)
    composed = next_version(before, said, registry=registry, policy=policy, today=TODAY)
    assert composed.raw is not None
    pull = town.request("churn", approve=False)  # a pull request of its branch, which brings …
    commit = town.repo.commit("… this file", {toy.path(): composed.raw})
    town.pulls.merged[commit] = pull
    after = load_request(composed.raw, toy.path(), registry)
    plan = draw(after, registry=registry, policy=policy, clients=Clients({}), earlier=(before,))
    plan = without_ignored(plan, after, (before,), registry, policy)
    town.pulls.approved[pull.head_sha, after.id] = Approved.of(plan)


def look(town: Town, today: date = TODAY) -> drift.Drift:
    files = {f"receipts/{one.number:08}.json": one.encode() for one in town.ledger.receipts}
    town.repo.orphan("receipts", files)
    return drift.look(
        Checkout(town.repo.root),
        registry=toy.registry(town.world),
        policy=toy.policy(),
        clients=Clients({}),
        today=today,
    )


def tags(town: Town) -> list[str]:
    found: list[str] = town.world.things["base/one"]["tags"]
    return found


def test_reverted_it_stands_as_the_file_says_again(town: Town) -> None:
    assert look(town).exit_code == 1
    decide(town, adoption.revert(merged(town)))
    assert [one.exit_code for one in town.apply()] == [0]
    assert tags(town) == ["red"]
    assert look(town).exit_code == 0


def test_ignored_it_is_left_by_the_merge_and_by_later_edits_until_the_day_is_over(town: Town) -> None:
    said = adoption.ignore(
        merged(town),
        ("base/one/paint",),
        until=UNTIL,
        reason="It is painted for the fair.",
        registry=toy.registry(town.world),
        today=TODAY,
    )
    decide(town, said)
    assert [one.exit_code for one in town.apply()] == [0]
    assert tags(town) == ["blue"], "the merge of the entry brings nothing back"
    assert (look(town).exit_code, len(look(town).drifted[0].ignored)) == (0, 1)

    decide(town, {"metadata.expires": "2027-04-30"})
    assert [one.exit_code for one in town.apply()] == [0]
    assert tags(town) == ["blue"], "nor does another edit of the request"

    assert look(town, date(2026, 12, 2)).exit_code == 1
    decide(town, {"metadata.drift_ignored": None})
    assert [one.exit_code for one in town.apply()] == [0]
    assert tags(town) == ["red"], "without its entry it comes back"


def test_adopted_the_file_says_what_stands_and_nothing_is_done(town: Town) -> None:
    decide(town, {"resources.base.tags": ["blue"]})
    painted = [call for call in town.world.applied if "paint" in call]
    assert [one.exit_code for one in town.apply()] == [0]
    assert [call for call in town.world.applied if "paint" in call] == painted
    assert look(town).exit_code == 0
