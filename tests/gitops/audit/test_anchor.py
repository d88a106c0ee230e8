"""What GitHub has against the receipts of a clone: another end, a writer who is no app, no signature."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import responses

import handlers
from gitops.audit import anchor
from gitops.audit.record import Record
from gitops.checkout import Checkout
from gitops.clients import repository_github
from gitops.errors import LakeportError
from tests.gitops.audit.test_audit import CHURN, ID, PATH
from tests.support.gitrepo import GitRepo
from tests.support.record import RecordMaker

API = "https://api.github.test"
REPO = f"{API}/repos/acme/lakeport"
REF = re.compile(r"https://api\.github\.test(:443)?/repos/acme/lakeport/git/ref/heads/receipts")
COMMITS = re.compile(r"https://api\.github\.test(:443)?/repos/acme/lakeport/commits\?.*sha=[0-9a-f]{40}")
BOT = "github-actions[bot]"


@pytest.fixture
def clone(tmp_path: Path) -> GitRepo:
    maker = RecordMaker()
    merge = maker.merge(PATH, CHURN)
    for _ in range(3):
        maker.receipt(merge, ID)
    return maker.write(tmp_path / "clone")


@pytest.fixture
def github() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def told(sha: str, author: str | None = BOT, reason: str = "valid") -> dict[str, Any]:
    """A commit as GitHub lists it."""
    return {
        "sha": sha,
        "url": f"{REPO}/commits/{sha}",
        "author": author and {"login": author, "url": f"{API}/users/{author}"},
        "commit": {"message": "x", "verification": {"verified": reason == "valid", "reason": reason}},
    }


def ask(clone: GitRepo, github: responses.RequestsMock, commits: list[dict[str, Any]]) -> list[str]:
    ref = {"ref": "refs/heads/receipts", "object": {"sha": commits[0]["sha"], "type": "commit"}}
    github.upsert("GET", REF, json=ref)
    github.upsert("GET", COMMITS, json=commits)
    hub = repository_github({"GITHUB_TOKEN": "ghs_" + "x" * 20, "GITHUB_API_URL": API})
    repository = hub.withLazy(True).get_repo("acme/lakeport")
    return anchor.asked(Record(Checkout(clone.root), handlers.registry()), repository)


def shas(clone: GitRepo) -> list[str]:
    return clone.git("rev-list", "receipts").split()


def test_the_same_branch_written_by_an_app_and_signed(clone: GitRepo, github: responses.RequestsMock) -> None:
    assert ask(clone, github, [told(sha) for sha in shas(clone)]) == []


def test_another_end_than_here(clone: GitRepo, github: responses.RequestsMock) -> None:
    newest, *older = shas(clone)
    clone.git("branch", "--force", "receipts", older[0])
    (said,) = ask(clone, github, [told(sha) for sha in (newest, *older)])
    assert said.startswith(f"GitHub has the branch at {newest[:12]}, this clone at {older[0][:12]}")


@pytest.mark.parametrize(
    ("author", "reason", "why"),
    [
        ("mallory", "valid", "was written by mallory, says GitHub: not by an app"),
        (None, "unsigned", "was written by nobody that it knows, says GitHub"),
        (BOT, "unsigned", "is not one that GitHub signed (unsigned)"),
    ],
)
def test_a_commit_that_only_looks_like_the_workflows(
    clone: GitRepo, github: responses.RequestsMock, author: str | None, reason: str, why: str
) -> None:
    newest, *older = shas(clone)
    commits = [told(newest, author, reason), *(told(sha) for sha in older)]
    for _ in range(2):
        (said,) = ask(clone, github, commits)
        assert said.startswith(f"Commit {newest[:12]} {why}")


def test_what_was_asked_once_is_not_asked_again(clone: GitRepo, github: responses.RequestsMock) -> None:
    newest, *older = shas(clone)
    assert ask(clone, github, [told(newest), *(told(sha) for sha in older)]) == []
    assert ask(clone, github, [told(newest), *(told(sha, "mallory") for sha in older)]) == []


def test_a_branch_that_github_has_not(clone: GitRepo, github: responses.RequestsMock) -> None:
    github.add("GET", REF, json={"message": "Not Found"}, status=404)
    hub = repository_github({"GITHUB_TOKEN": "ghs_" + "x" * 20, "GITHUB_API_URL": API})
    with pytest.raises(LakeportError):
        anchor.asked(
            Record(Checkout(clone.root), handlers.registry()), hub.withLazy(True).get_repo("acme/lakeport")
        )
