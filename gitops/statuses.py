"""Commit statuses of a pull request: the words of :mod:`gitops.confirmation`, written and read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gitops.confirmation import CONTEXT, UNWANTED, WANTED, Pushed, Word, in_words

if TYPE_CHECKING:
    from github.Repository import Repository

    from gitops.pullrequest import Pull


@dataclass(frozen=True)
class Statuses:
    """The statuses of the context ``lakeport/confirmed``. Raises what PyGithub raises."""

    repo: Repository

    def pushed(self, pull: Pull) -> Iterator[Pushed]:
        """The commits of a pull request, the newest first; the words on each are asked for in its turn.

        GitHub names the 250 oldest; the head is looked at in any case.
        """
        commits: list[Any] = list(self.repo.get_pull(pull.number).get_commits())
        if not commits or commits[-1].sha != pull.head_sha:
            yield Pushed(sha=pull.head_sha, words=tuple(self._words(pull.head_sha)))
        for commit in reversed(commits):
            people = (commit.author, commit.committer)
            logins = dict.fromkeys(who.login for who in people if who is not None)
            logins.pop("web-flow", None)  # GitHub's own name for "made in the browser"
            yield Pushed(sha=commit.sha, logins=tuple(logins), words=tuple(self._words(commit.sha)))

    def put(self, sha: str, file_digest: str, by: str, *, app: str, wanted: bool) -> None:
        """Say it, unless it is what our app said last on this commit."""
        state, words = WANTED if wanted else UNWANTED, in_words(file_digest, by, wanted=wanted)
        ours = (word for word in self._words(sha) if word.creator.casefold() == app.casefold())
        last = next(ours, None)
        if last is None or (last.state, last.description) != (state, words):
            self.repo.get_commit(sha).create_status(state, description=words, context=CONTEXT)

    def _words(self, sha: str) -> Iterator[Word]:
        """The words on a commit, the newest first."""
        from github.CommitStatus import CommitStatus
        from github.PaginatedList import PaginatedList

        # Commit.get_statuses asks an older address, which the description of the API does not name.
        url = f"{self.repo.url}/commits/{sha}/statuses"
        found: PaginatedList[Any] = PaginatedList(CommitStatus, self.repo.requester, url, None)
        for status in found:
            if status.context.casefold() == CONTEXT and status.creator is not None:
                yield Word(
                    creator=status.creator.login, state=status.state, description=status.description or ""
                )
