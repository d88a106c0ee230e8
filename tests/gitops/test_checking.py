from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from gitops import checking, yamlfile
from gitops.checkout import POLICY, Checkout
from gitops.checks import Planned
from gitops.comments import Said
from gitops.confirmation import Confirmed
from gitops.drawing import Clients
from gitops.errors import UsageError
from gitops.gate import Review
from gitops.gating import gather
from gitops.policy import load_policy
from gitops.pullrequest import Authors, FileChange, Pull
from gitops.report import Entry
from tests.support import toy, versions
from tests.support.gitrepo import GitRepo
from tests.support.versions import COMPUTE, PATH, SCHEMA, data, resource, without

TODAY = date(2026, 11, 23)


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    """The sample organisation's request is merged, and the toys' too; a branch is checked out."""
    made = GitRepo.make(tmp_path / "repo", {POLICY: versions.POLICY_FILE.read_bytes()})
    made.commit("Merge", {PATH: yamlfile.dump(versions.DATA), toy.path(): toy.raw("base one blue")})
    made.git("switch", "--quiet", "-c", "work")
    return made


def toys(repo: GitRepo, *, since: str | None = "main") -> Entry:
    """The one entry of a plan of the toys' file."""
    checkout, registry = Checkout(repo.root), toy.registry(toy.World())
    paths = [] if since else [repo.root / toy.path()]
    chosen = checking.choose(checkout, paths, changed_since=since)
    policy = toy.policy()
    checked = checking.check(checkout, chosen, registry=registry, rules=policy, day=TODAY)
    (entry,) = checking.plan(checked, registry=registry, rules=policy, clients=Clients({})).entries
    return entry


def test_an_edit_is_part_of_its_plan(repo: GitRepo) -> None:
    repo.commit("Edit", {toy.path(): toy.raw("base one red", purpose="Find other things out.")})
    entry = toys(repo)
    assert entry.plan is not None
    assert entry.amendment is not None
    assert [edit.words for edit in entry.amendment.edits] == [
        "purpose: Find things out. → Find other things out.",
        "tags: blue",
        "tags: red",
    ]


def test_without_a_base_there_is_nothing_to_compare_with(repo: GitRepo) -> None:
    repo.commit("Edit", {toy.path(): toy.raw("base one red")})
    entry = toys(repo, since=None)
    assert entry.plan is not None
    assert entry.amendment is None


def test_of_a_new_request_everything_is_new(repo: GitRepo) -> None:
    repo.git("branch", "--force", "main", repo.commit("Delete", {}, delete=(toy.path(),)))
    repo.commit("Ask", {toy.path(): toy.raw("base one red")})
    entry = toys(repo)
    assert entry.plan is not None
    assert (entry.amendment, entry.plan.notes) == (None, ())


def test_what_was_never_valid_is_said_to_be_no_comparison(repo: GitRepo) -> None:
    repo.commit("Merged by hand", {toy.path(): toy.raw().replace(b"purpose:", b"purposes:")})
    repo.git("branch", "--force", "main", "work")
    repo.commit("Put right", {toy.path(): toy.raw("base one red")})
    entry = toys(repo)
    assert entry.amendment is None
    assert entry.plan is not None
    assert "nothing to hold the edit against" in entry.plan.notes[0]


def test_an_edit_that_is_refused_is_shown_and_not_planned(repo: GitRepo) -> None:
    repo.commit("Edit", {toy.path(): toy.raw("base two blue")})
    entry = toys(repo)
    assert [finding.rule for finding in entry.findings] == ["resource-renamed"]
    assert entry.plan is None
    assert entry.amendment is not None
    assert [edit.rule for edit in entry.amendment.edits] == ["resource-renamed"]


def test_a_file_that_is_no_request_is_an_entry_of_its_own(repo: GitRepo) -> None:
    repo.commit("Edit", {toy.path(): b"a: 1\n"})
    entry = toys(repo)
    assert (entry.request, entry.plan, entry.amendment, entry.rules) == (toy.path(), None, None, ())
    assert entry.exit_code == 1


# --- the comment asks for what the gate asks for


@dataclass(frozen=True)
class OnGitHub:
    """A pull request as the gate reads it, out of the repository that the plan is drawn in."""

    checkout: Checkout
    paths: tuple[str, ...]

    def read_file(self, path: str, ref: str) -> bytes | None:
        try:
            return self.checkout.read_at(ref, path)
        except UsageError:
            return None

    def changes(self, pull: Pull) -> tuple[FileChange, ...]:
        return tuple(FileChange(path=path, status="modified") for path in self.paths)

    def commit_authors(self, pull: Pull) -> Authors:
        return Authors(frozenset({pull.author}))

    def confirmed(self, pull: Pull, app: str) -> Confirmed:
        return Confirmed()

    def reviews(self, pull: Pull) -> tuple[Review, ...]:
        return ()

    def can_write(self, login: str) -> bool:
        return True

    def planned(self, sha: str, request: str, *, by: datetime) -> Planned | None:
        return None

    def conversation(self, pull: Pull) -> tuple[Said, ...]:
        return ()


def pull(repo: GitRepo) -> Pull:
    return Pull(
        number=12,
        url="https://github.example/acme/requests/pull/12",
        state="open",
        merged=False,
        head_sha=repo.git("rev-parse", "work"),
        base_sha=repo.git("rev-parse", "main"),
        head_ref="work",
        base_ref="main",
        merge_sha=None,
        author="lakeport[bot]",
        title="Edit",
    )


MORE = b"""approvals_for_change:
  removal: {from: [risk]}
  addition: {count: 2, from: [growth, ml-platform]}
  risky: {from: [ml-platform]}
"""
GROWTH, RISK = versions.DATA["resources"][SCHEMA]["grants"]
ANOTHER = {"kind": "schema", "catalog": "ml_dev", "name": "scores"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(data(), data(purpose="Find out who will leave."), id="nothing more"),
        pytest.param(data(), data(data_classification="restricted"), id="a higher classification"),
        pytest.param(data(data_classification="restricted"), data(), id="a lower classification"),
        pytest.param(data(), data(resource(COMPUTE, size="large", max_workers=20)), id="dear"),
        pytest.param(data(resource(COMPUTE, size="large", max_workers=20)), data(), id="no longer dear"),
        pytest.param(data(), data(resource(SCHEMA, grants=[GROWTH])), id="a removal"),
        pytest.param(data(), data(lambda one: one["resources"].append(ANOTHER)), id="an addition"),
        pytest.param(data(), data(without(COMPUTE)), id="what is refused"),
        pytest.param(data(), data(lifecycle="retiring"), id="the end"),
        pytest.param(data(), data(lambda one: one["resources"].reverse()), id="an order"),
        pytest.param(None, data(data_classification="restricted"), id="a new request"),
        pytest.param(data(purposes="x"), data(data_classification="restricted"), id="never valid"),
    ],
)
def test_the_plan_asks_for_the_approvals_that_the_gate_asks_for(
    repo: GitRepo, before: dict[str, Any] | None, after: dict[str, Any]
) -> None:
    registry = versions.registry()
    rules = load_policy(versions.POLICY_FILE.read_bytes().replace(b"approvals_for_change:\n", MORE))
    if before is None:
        repo.commit("Not yet", {}, delete=(PATH,))
    else:
        repo.commit("Merged", {PATH: yamlfile.dump(before)})
    repo.git("branch", "--force", "main", "work")
    repo.commit("Edit", {PATH: yamlfile.dump(after)})
    checkout = Checkout(repo.root)
    chosen = checking.choose(checkout, (), changed_since="main")
    checked = checking.check(checkout, chosen, registry=registry, rules=rules, day=TODAY)
    (entry,) = checking.plan(checked, registry=registry, rules=rules, clients=Clients({})).entries
    gate = gather(OnGitHub(checkout, (PATH,)), pull(repo), registry=registry, rules=rules)
    assert gate.problems == ()
    assert gate.rules
    assert entry.rules == gate.rules
    if entry.amendment is not None:
        assert {*entry.amendment.more, *entry.amendment.still} <= set(entry.rules)
