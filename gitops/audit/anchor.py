"""Whether the receipts of this clone are those that GitHub has, and who GitHub says wrote them.

From within a clone nobody can tell a branch that was written anew, with all its digests, from the true one.
What tells is a commit that was noted elsewhere, or GitHub: it knows who sent a commit, and signs those that
an app makes through its API without naming anybody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops.clients import translate
from gitops.receipt import BRANCH

if TYPE_CHECKING:
    from github.Commit import Commit
    from github.Repository import Repository

    from gitops.audit.record import Record

ASKED = "receipts-asked"
"""Under this name the last commit is kept that GitHub had nothing against."""


def moved_on(record: Record, expected: str) -> str:
    """What is wrong, where this commit was once the end of the branch; empty where it still is in it."""
    if record.checkout.run("merge-base", "--is-ancestor", "--", expected, record.receipts_head).returncode:
        return (
            f"Commit {expected[:12]} is not in the branch: it was written anew, or this clone is behind it."
        )
    return ""


@translate("GitHub")
def asked(record: Record, repository: Repository) -> list[str]:
    """What GitHub has against the branch of this clone, in sentences; commits it was asked of are kept.

    Raises:
        RemoteError, RemoteUnavailable: GitHub cannot be asked, or has no such branch.
    """
    head = repository.get_git_ref(f"heads/{BRANCH}").object.sha
    said = []
    if head != record.receipts_head:
        said.append(
            f"GitHub has the branch at {head[:12]}, this clone at {record.receipts_head[:12]}: fetch it, and "
            "verify again."
        )
    before = record.kept(ASKED)
    for commit in repository.get_commits(sha=head):
        if commit.sha == before:
            break
        said += _against(commit)
    if not said:
        record.keep(ASKED, head)
    return said


def _against(commit: Commit) -> Iterator[str]:
    """Why a commit is not the workflow's by what GitHub knows of it."""
    verification = commit.commit.verification
    author = commit.author.login if commit.author else "nobody that it knows"
    if not author.endswith("[bot]"):
        yield f"Commit {commit.sha[:12]} was written by {author}, says GitHub: not by an app."
    elif not (verification and verification.verified):
        reason = verification.reason if verification else "unsigned"
        yield f"Commit {commit.sha[:12]} is not one that GitHub signed ({reason}): its author may be another."
