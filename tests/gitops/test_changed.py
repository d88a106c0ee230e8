from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gitops import changed, checking, yamlfile
from gitops.checkout import POLICY, Checkout
from gitops.finding import Severity
from tests.support import versions
from tests.support.gitrepo import GitRepo
from tests.support.versions import COMPUTE, PATH, SCHEMA, data, resource, without

TODAY = date(2026, 11, 23)
SCORES = "requests/dev/growth/churn-scores.yaml"


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    made = GitRepo.make(tmp_path / "repo", {POLICY: versions.POLICY_FILE.read_bytes()})
    made.commit("Merge a request", {PATH: yamlfile.dump(versions.DATA)})
    made.git("switch", "--quiet", "-c", "work")
    return made


def rules(repo: GitRepo) -> list[str]:
    """The rules of what a check of the branch finds."""
    checkout = Checkout(repo.root)
    chosen = checking.choose(checkout, (), changed_since="main")
    found = checking.check(
        checkout, chosen, registry=versions.registry(), rules=versions.policy(), day=TODAY
    ).findings
    return sorted(finding.rule for finding in found)


def test_a_check_of_a_branch_holds_edits_against_what_is_merged(repo: GitRepo) -> None:
    repo.commit("Edit", {PATH: yamlfile.dump(data(resource(SCHEMA, name="scores"), without(COMPUTE)))})
    assert rules(repo) == ["resource-dropped", "resource-renamed"]


def test_an_ordinary_edit_and_the_same_bytes_have_no_findings(repo: GitRepo) -> None:
    repo.commit("Edit", {PATH: yamlfile.dump(data(resource(COMPUTE, max_workers=5)))})
    assert rules(repo) == []
    (repo.root / PATH).chmod(0o755)
    repo.commit("Mode", {PATH: yamlfile.dump(versions.DATA)})
    assert rules(repo) == []


def test_a_new_file_is_active(repo: GitRepo) -> None:
    new = data(without(0, 1, 3), resource(0, name="scores"), name="churn-scores", lifecycle="retiring")
    repo.commit("Ask", {SCORES: yamlfile.dump(new)})
    assert rules(repo) == ["lifecycle-start"]


def test_the_whole_way_to_the_end(repo: GitRepo) -> None:
    for lifecycle in ("retiring", "retired"):
        repo.commit(lifecycle, {PATH: yamlfile.dump(data(lifecycle=lifecycle))})
        assert rules(repo) == []
        repo.git("branch", "--force", "main", "work")
    repo.commit("Delete", {}, delete=(PATH,))
    assert rules(repo) == []


@pytest.mark.parametrize("lifecycle", ["active", "retiring"])
def test_the_file_of_what_is_not_retired_is_not_deleted(repo: GitRepo, lifecycle: str) -> None:
    repo.commit("Merged", {PATH: yamlfile.dump(data(lifecycle=lifecycle))})
    repo.git("branch", "--force", "main", "work")
    repo.commit("Delete", {}, delete=(PATH,))
    assert rules(repo) == ["request-deleted"]


def test_what_was_never_a_request_is_nothing_to_hold_an_edit_against(repo: GitRepo) -> None:
    old = yamlfile.dump(data(lifecycle="retired")).replace(b"purpose:", b"purposes:")
    repo.commit("Merged by hand", {PATH: old, SCORES: b"nothing"})
    repo.git("branch", "--force", "main", "work")
    repo.commit("Put right", {PATH: yamlfile.dump(data(without(COMPUTE)))}, delete=(SCORES,))
    assert rules(repo) == []
    checkout = Checkout(repo.root)
    base = checkout.merge_base("main")
    pair = next(iter(changed.pairs(checkout, base, [PATH], versions.registry())))
    assert (pair.before, pair.comparable) == (None, False)
    assert list(changed.deleted(checkout, base, [SCORES], versions.registry())) == []


def test_a_proposed_file_that_is_not_valid_has_its_own_findings_only(repo: GitRepo) -> None:
    repo.commit("Edit", {PATH: yamlfile.dump(data(without(COMPUTE))).replace(b"team: growth", b"teem: x")})
    checkout = Checkout(repo.root)
    base = checkout.merge_base("main")
    (pair,) = changed.pairs(checkout, base, [PATH], versions.registry())
    found = list(changed.findings(checkout, base, [pair], versions.registry(), versions.policy()))
    assert found == []
    assert pair.after is None
    assert pair.problems


def test_what_another_branch_asks_for_too(repo: GitRepo) -> None:
    repo.git("switch", "--quiet", "-c", "request/dev/growth/churn-scores", "main")
    scores = data(without(0, 1, 3), resource(0, name="scores"), name="churn-scores")
    repo.commit("Ask", {SCORES: yamlfile.dump(scores)})
    repo.git("switch", "--quiet", "-c", "request/dev/growth/broken", "main")
    repo.commit("Ask", {"requests/dev/growth/broken.yaml": b"schema: ml_dev.scores\n"})
    repo.git("switch", "--quiet", "work")
    more = {"kind": "schema", "catalog": "ml_dev", "name": "scores"}
    repo.commit("Edit", {PATH: yamlfile.dump(data(lambda found: found["resources"].append(more)))})
    assert rules(repo) == ["resource-claimed-open"]
    repo.git("switch", "--quiet", "request/dev/growth/churn-scores")
    assert rules(repo) == []  # the other one is no branch of a request


def test_findings_are_no_errors_of_their_own(repo: GitRepo) -> None:
    repo.commit("Edit", {PATH: yamlfile.dump(data(technical_owner="jane.doe@acme.example"))})
    checkout = Checkout(repo.root)
    base = checkout.merge_base("main")
    edits = list(changed.pairs(checkout, base, [PATH], versions.registry()))
    found = list(changed.findings(checkout, base, edits, versions.registry(), versions.policy()))
    assert [(one.rule, one.severity) for one in found] == [("owner-changed", Severity.WARNING)]
