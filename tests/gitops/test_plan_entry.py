"""What a plan's entry knows besides the plan: whether the request is new, and where its resources stand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gitops import checking
from gitops.checkout import POLICY, Checkout
from gitops.drawing import Clients
from gitops.plan_words import cost_of, summary
from gitops.report import Entry, Report, dumps, loads
from tests.support import toy
from tests.support.gitrepo import GitRepo

TODAY = date(2026, 11, 23)


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    made = GitRepo.make(tmp_path / "repo", {POLICY: toy.POLICY})
    made.commit("Merge", {toy.path(): toy.raw("base one blue red", "side two blue")})
    made.git("switch", "--quiet", "-c", "work")
    return made


def planned(repo: GitRepo, world: toy.World, *, base: str | None = "main") -> Entry:
    """The one entry of a plan, as the job that posts it reads it."""
    checkout, registry, rules = Checkout(repo.root), toy.registry(world), toy.policy()
    paths = [] if base else [repo.root / toy.path()]
    chosen = checking.choose(checkout, paths, changed_since=base)
    checked = checking.check(checkout, chosen, registry=registry, rules=rules, day=TODAY)
    drawn = checking.plan(checked, registry=registry, rules=rules, clients=Clients({}))
    (entry,) = loads(dumps(drawn)).entries
    assert drawn == Report(entries=(entry,))
    return entry


def standing(**marks: str) -> toy.World:
    things = {"base/one": ["blue", "red"], "side/two": ["blue"]}
    return toy.World(
        things={
            key: {"mark": marks.get(key[:4], "dev/growth/churn"), "tags": tags}
            for key, tags in things.items()
        }
    )


def test_a_resource_that_loses_something_has_its_place_and_others_have_none(repo: GitRepo) -> None:
    repo.commit("Edit", {toy.path(): toy.raw("base one blue", "side two blue green")})
    entry = planned(repo, standing())
    assert summary(entry).startswith("create 0, change 2, remove 1, ")
    assert set(entry.places) == {"base/one"}
    place = entry.places["base/one"]
    text = (repo.root / toy.path()).read_text().splitlines()
    assert "base" in text[place.line - 1]
    assert not entry.new


def test_a_resource_that_is_refused_has_its_place(repo: GitRepo) -> None:
    repo.commit("Edit", {toy.path(): toy.raw("base one blue red", "side two blue green")})
    entry = planned(repo, standing(side="dev/growth/other"))
    assert set(entry.places) == {"side/two"}
    text = (repo.root / toy.path()).read_text().splitlines()
    assert "side" in text[entry.places["side/two"].line - 1]


def test_only_what_is_not_merged_is_new(repo: GitRepo) -> None:
    path = toy.path("second")
    repo.commit("Ask", {path: toy.raw("base three", name="second")})
    entry = planned(repo, toy.World())
    assert entry.request.endswith("/second")
    assert entry.new
    assert entry.amendment is None
    assert cost_of(entry) == "no running cost"
    assert not planned(repo, toy.World(), base=None).new, "without a base nobody knows"
