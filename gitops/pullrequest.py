"""A pull request and the files it changes, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from github.GithubObject import CompletableGithubObject
    from github.PullRequest import PullRequest


@dataclass(frozen=True, kw_only=True)
class Pull:
    """A pull request. ``state`` is ``open`` or ``closed``; ``merge_sha``, ``merged_at`` are set by the merge.

    ``author`` is the login of who opened it. ``from_fork``: its branch is in another repository.
    """

    number: int
    url: str
    state: str
    merged: bool
    head_sha: str
    base_sha: str
    head_ref: str
    base_ref: str
    merge_sha: str | None
    author: str
    title: str
    from_fork: bool = False
    body: str = ""
    merged_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """A file of a pull request; ``status`` is GitHub's (``added``, ``modified``, ``removed``, ``renamed`` …).

    ``previous`` is the old path of a renamed file, else empty.
    """

    path: str
    status: str
    previous: str = ""


@dataclass(frozen=True)
class Authors:
    """Who made the commits of a pull request: ``logins``, and the ``messages`` of the commits.

    ``unknown``: for some commit GitHub knows no account. ``unsigned``: some commit names an app, and GitHub
    has not signed it.
    """

    logins: frozenset[str]
    unknown: bool = False
    messages: tuple[str, ...] = ()
    unsigned: bool = False


def listed(item: CompletableGithubObject) -> Mapping[str, Any]:
    """What GitHub said of an item when it listed it; its own ``raw_data`` would ask for each item again."""
    from github.GithubObject import CompletableGithubObject

    return super(CompletableGithubObject, item).raw_data


def view(repository: str, pull: PullRequest) -> Pull:
    """What GitHub says of a pull request of this repository (``owner/name``)."""
    merged = pull.merged_at is not None
    # Both are null when they were deleted, whatever PyGithub's types say.
    head: Any = pull.head.repo
    user: Any = pull.user
    return Pull(
        number=pull.number,
        url=pull.html_url,
        state=pull.state,
        merged=merged,
        head_sha=pull.head.sha,
        base_sha=pull.base.sha,
        head_ref=pull.head.ref,
        base_ref=pull.base.ref,
        # Until the merge GitHub names a trial merge here.
        merge_sha=pull.merge_commit_sha if merged else None,
        author=user.login if user else "ghost",
        title=pull.title,
        body=pull.body or "",
        merged_at=pull.merged_at,
        from_fork=head is None or head.full_name.casefold() != repository.casefold(),
    )
