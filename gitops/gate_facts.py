"""What the gate judges a pull request by: who asked, who made it, who reviewed it, what the policy says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from gitops.verdict import Discount

if TYPE_CHECKING:
    from gitops.approval import ApprovalRule
    from gitops.breaking import Breaking
    from gitops.policy_review import BreakGlass

DELETED = "ghost"
"""What GitHub calls the account of a person who has none any more; it can be anybody."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """One review: ``state`` is GitHub's ``APPROVED``, ``CHANGES_REQUESTED``, ``COMMENTED`` or ``DISMISSED``.

    ``commit_sha`` is the commit it was given on, ``submitted_at`` ISO 8601 in UTC. ``login`` is
    :data:`DELETED` where the account is. ``number`` is GitHub's, which grows with each review.
    """

    login: str
    state: str
    commit_sha: str
    submitted_at: str
    number: int = 0


def standing(reviews: Iterable[Review]) -> tuple[Review, ...]:
    """The review of each account that stands, given all of them.

    A comment after an approval leaves the approval standing; a request for changes or a dismissal ends it.
    Where the times of two reviews contradict their numbers, no clock makes an approval the later one. Deleted
    accounts are all called the same, and may be several people: each of their reviews stands.
    """
    said = [one for one in reviews if one.state in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED")]
    known = [one for one in said if one.login.casefold() != DELETED]
    known.sort(key=lambda one: one.number)
    by_number = {one.login.casefold(): one for one in known}
    known.sort(key=lambda one: one.submitted_at)
    by_time = {one.login.casefold(): one for one in known}
    found = [
        one if by_time[login].state == "APPROVED" else by_time[login] for login, one in by_number.items()
    ]
    return (*found, *(one for one in said if one.login.casefold() == DELETED))


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything the judgement rests on. Logins may be in any case.

    ``requester_github``: the human who asked, as linked in the directory or by the person in Slack; ``None``
    when nobody knows.
    ``reviews``: as :func:`standing` gives them. ``writers``: who of those who reviewed or broke the glass
    may write to the repository.
    ``commit_authors``: who made the commits; ``unknown_authors``: for some commit nobody knows.
    ``accounts``: of a person with several logins, each in lower case, and the one they go by.
    ``breakings``: comments that mean to break the glass, oldest first; ``glass``: who may, by the policy.
    ``passes_alone``: ids of the policy's rules by which the edit needs no approval.
    ``model``: what read the words of who asked, as our app says in a commit that is its own.
    ``unconfirmed``: sentences why a file is not the one that the person who asked has confirmed.
    ``plan_since``: when the plan, as it is now, was first there to be read; ``None`` where there is none, and
    after the merge, when :mod:`gitops.validity` asks.
    ``problems``: sentences why a request file cannot be judged; ``notes``: what else a reviewer should know.
    """

    requester_github: str | None
    author: str
    head_sha: str
    rules: tuple[ApprovalRule, ...]
    reviews: tuple[Review, ...]
    writers: frozenset[str]
    files_touched: tuple[str, ...]
    bot_logins: frozenset[str] = frozenset()
    commit_authors: frozenset[str] = frozenset()
    unknown_authors: bool = False
    accounts: Mapping[str, str] = field(default_factory=dict)
    breakings: tuple[Breaking, ...] = ()
    glass: BreakGlass | None = None
    passes_alone: tuple[str, ...] = ()
    model: str = ""
    unconfirmed: tuple[str, ...] = ()
    plan_since: datetime | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def anybody(self) -> bool:
        """Whether somebody whom nobody can name had a hand in it."""
        return self.unknown_authors or self.author.casefold() == DELETED

    def person(self, login: str) -> str:
        """The human behind a login, as the one of their logins that they go by, in lower case."""
        return self.accounts.get(login.casefold(), login).casefold()

    def may_write(self, login: str) -> bool:
        """Whether this account may write to the repository."""
        return login.casefold() in folded(self.writers)

    def before_plan(self, at: str) -> bool:
        """Whether something was said before the plan was there to be read."""
        return self.plan_since is not None and before(at, self.plan_since)

    def barred(self, login: str) -> Discount | None:
        """Why this person can never approve this pull request; ``None`` when they can."""
        person = self.person(login)
        if login.casefold() == DELETED:
            return Discount.DELETED_ACCOUNT
        if self.requester_github and person == self.person(self.requester_github):
            return Discount.OWN_REQUEST
        if person == self.person(self.author):
            return Discount.AUTHOR
        if person in {self.person(author) for author in self.commit_authors}:
            return Discount.COMMITTER
        if login.casefold().endswith("[bot]") or login.casefold() in folded(self.bot_logins):
            return Discount.BOT
        return None


def before(at: str, moment: datetime) -> bool:
    """Whether GitHub's time of an approval is earlier than a moment; one that cannot be read is."""
    try:
        return datetime.fromisoformat(at) < moment
    except (ValueError, TypeError):
        return True


def folded(logins: Iterable[str]) -> frozenset[str]:
    """Logins as they are compared: in lower case."""
    return frozenset(login.casefold() for login in logins)
