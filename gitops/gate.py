"""Whether the approvals of a pull request satisfy the policy: a pure judgement over facts gathered elsewhere.

    the pull request touches …              outcome
    no request file                         NOT_A_REQUEST      none of our business: code has owners
    request files and something else        TOUCHES_MORE       nobody can approve that as a request
    a request file that cannot be judged    INVALID
    request files only, and an approver's
      "request changes" stands              CHANGES_REQUESTED
      approvals are missing                 MISSING_APPROVALS
      every rule is satisfied               OPEN

An approval counts when it was given on this very head commit, by somebody whom a rule names, who may write
to the repository, and who neither asked for it nor opened the pull request nor made one of its commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from gitops.approval import UNLINKED, ApprovalRule
from gitops.checkout import is_request_file
from gitops.errors import InvalidRequest
from gitops.request import request_id

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet


UNKNOWN_AUTHOR = "author-unknown"
"""Id of the rule that the gate adds for a commit whose author GitHub does not know."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """One review: ``state`` is GitHub's ``APPROVED``, ``CHANGES_REQUESTED``, ``COMMENTED`` or ``DISMISSED``.

    ``commit_sha`` is the commit it was given on, ``submitted_at`` ISO 8601 in UTC.
    """

    login: str
    state: str
    commit_sha: str
    submitted_at: str


def standing(reviews: Iterable[Review]) -> tuple[Review, ...]:
    """The review of each person that stands, given all of them in the order in which they were submitted.

    A comment after an approval leaves the approval standing; a request for changes or a dismissal ends it.
    """
    latest: dict[str, Review] = {}
    for review in reviews:
        if review.state in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
            latest[review.login.casefold()] = review
    return tuple(latest.values())


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything the judgement rests on. Logins may be in any case.

    ``requester_github``: the human who asked, as linked in the directory or by the person in Slack; ``None``
    when nobody knows.
    ``reviews``: as :func:`standing` gives them. ``writers``: reviewers who may write to the repository.
    ``commit_authors``: who made the commits; ``unknown_authors``: for some commit GitHub does not know.
    ``problems``: sentences why a request file cannot be judged.
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
    problems: tuple[str, ...] = ()


class Outcome(StrEnum):
    """What the gate says: a closed set."""

    OPEN = "open"
    NOT_A_REQUEST = "not_a_request"
    TOUCHES_MORE = "touches_more"
    INVALID = "invalid"
    CHANGES_REQUESTED = "changes_requested"
    MISSING_APPROVALS = "missing_approvals"


class Discount(StrEnum):
    """Why an approval does not count: a closed set."""

    OWN_REQUEST = "own_request"
    AUTHOR = "author"
    COMMITTER = "committer"
    BOT = "bot"
    OTHER_COMMIT = "other_commit"
    NOT_AN_APPROVER = "not_an_approver"
    NO_WRITE_ACCESS = "no_write_access"


_DISCOUNTS = {
    Discount.OWN_REQUEST: "nobody approves what they asked for themselves",
    Discount.AUTHOR: "it comes from the author of the pull request",
    Discount.COMMITTER: "it comes from somebody who made a commit of this pull request",
    Discount.BOT: "it does not come from a person",
    Discount.OTHER_COMMIT: "it was given on an earlier commit, and the file may have changed since",
    Discount.NOT_AN_APPROVER: "the policy does not name this person as an approver here",
    Discount.NO_WRITE_ACCESS: "this person may not write to the repository",
}


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Approvals that a rule still lacks: how many, and the logins (sorted) of whom any will do."""

    rule: str
    why: str
    count: int
    who: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Ignored:
    """An approval that does not count, and why."""

    login: str
    reason: Discount
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The judgement; ``sentences`` say all of it in plain words, unescaped, the most important first.

    ``counted`` are the logins whose approval counts, sorted.
    """

    outcome: Outcome
    sentences: tuple[str, ...]
    missing: tuple[Missing, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    counted: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the pull request may be merged, as far as the gate is concerned."""
        return self.outcome in (Outcome.OPEN, Outcome.NOT_A_REQUEST)

    @property
    def conclusion(self) -> str:
        """The conclusion of the check run: ``success``, ``neutral`` or ``failure``."""
        if self.outcome is Outcome.NOT_A_REQUEST:
            return "neutral"
        return "success" if self.outcome is Outcome.OPEN else "failure"


def request_files(paths: Iterable[str]) -> tuple[str, ...]:
    """Those of the paths that are request files, sorted."""
    return tuple(sorted({path for path in paths if _is_request(path)}))


def judge(facts: Facts) -> Verdict:
    """Say whether the gate is open, and if not, what is missing. Never raises; what is odd closes it."""
    requests = request_files(facts.files_touched)
    misplaced = [path for path in facts.files_touched if _is_misplaced(path)]
    if facts.files_touched and not (requests or misplaced or facts.problems):
        return Verdict(
            outcome=Outcome.NOT_A_REQUEST,
            sentences=("This pull request touches no request file, so no approvals are asked for here.",),
        )
    others = sorted(set(facts.files_touched) - set(requests) - set(misplaced))
    if others and (requests or misplaced):
        return Verdict(outcome=Outcome.TOUCHES_MORE, sentences=_touches_more(others))
    problems = [
        *facts.problems,
        *(f"{path} is not where a request file can be." for path in sorted(misplaced)),
    ]
    if not facts.files_touched:
        problems.append("GitHub names no file that this pull request changes.")
    elif not facts.rules:
        problems.append("The policy has no rule that says who approves this request.")
    if problems:
        return Verdict(outcome=Outcome.INVALID, sentences=tuple(problems))
    return _weigh(facts)


def _weigh(facts: Facts) -> Verdict:
    """The judgement on a pull request that touches request files and nothing else."""
    rules = _rules(facts)
    approvers = {login.casefold() for rule in rules for login in rule.approvers}
    approved = [review for review in facts.reviews if review.state == "APPROVED"]
    ignored = []
    counted: dict[str, str] = {}
    for review in sorted(approved, key=lambda review: review.login.casefold()):
        reason = _discount(review, facts, approvers)
        if reason is None:
            counted[review.login.casefold()] = review.login
        else:
            sentence = f"The approval of {review.login} does not count: {_DISCOUNTS[reason]}."
            ignored.append(Ignored(login=review.login, reason=reason, sentence=sentence))
    missing = [found for rule in rules if (found := _missing(rule, facts, counted.keys()))]
    objections = sorted(
        review.login
        for review in facts.reviews
        if review.state == "CHANGES_REQUESTED"
        and review.login.casefold() in approvers & _folded(facts.writers)
        and _barred(review.login, facts) is None
    )
    names = tuple(sorted(counted.values(), key=str.casefold))
    if objections:
        outcome = Outcome.CHANGES_REQUESTED
        first = [f"{_names(objections, 'and')} asked for changes; they have to approve, or be dismissed."]
    elif missing:
        outcome, first = Outcome.MISSING_APPROVALS, []
    else:
        outcome = Outcome.OPEN
        first = [f"Approved by {_names(names, 'and')}." if names else "The policy asks for no approval."]
    return Verdict(
        outcome=outcome,
        sentences=(*first, *(_wanted(one) for one in missing), *(one.sentence for one in ignored)),
        missing=tuple(missing),
        ignored=tuple(ignored),
        counted=names,
    )


def _rules(facts: Facts) -> Sequence[ApprovalRule]:
    """The policy's rules; with an unknown person behind the request, two different people as well.

    One of two people cannot be the one who asked; a single approver could be. The policy's own rules ask for
    two where the file names no login; here it is also asked for when the one in the file proves nothing.
    """
    rules = list(facts.rules)
    everyone = frozenset(login for rule in rules for login in rule.approvers)
    if not facts.requester_github and all(rule.id != UNLINKED for rule in rules):
        why = "A request of somebody whose GitHub account nobody has proved"
        rules.append(ApprovalRule(UNLINKED, 2, everyone, why))
    if facts.unknown_authors:
        why = "A commit by somebody GitHub does not know"
        rules.append(ApprovalRule(UNKNOWN_AUTHOR, 2, everyone, why))
    return rules


def _discount(review: Review, facts: Facts, approvers: AbstractSet[str]) -> Discount | None:
    barred = _barred(review.login, facts)
    if barred:
        return barred
    if not facts.head_sha or review.commit_sha != facts.head_sha:
        return Discount.OTHER_COMMIT
    if review.login.casefold() not in approvers:
        return Discount.NOT_AN_APPROVER
    if review.login.casefold() not in _folded(facts.writers):
        return Discount.NO_WRITE_ACCESS
    return None


def _barred(login: str, facts: Facts) -> Discount | None:
    """Why this person can never approve this pull request; ``None`` when they can."""
    folded = login.casefold()
    if facts.requester_github and folded == facts.requester_github.casefold():
        return Discount.OWN_REQUEST
    if folded == facts.author.casefold():
        return Discount.AUTHOR
    if folded in _folded(facts.commit_authors):
        return Discount.COMMITTER
    if folded.endswith("[bot]") or folded in _folded(facts.bot_logins):
        return Discount.BOT
    return None


def _missing(rule: ApprovalRule, facts: Facts, counted: AbstractSet[str]) -> Missing | None:
    have = _folded(rule.approvers) & counted
    lacking = rule.count - len(have)
    if lacking <= 0:
        return None
    who = [
        login for login in rule.approvers if login.casefold() not in counted and _barred(login, facts) is None
    ]
    return Missing(rule=rule.id, why=rule.why, count=lacking, who=tuple(sorted(who, key=str.casefold)))


# --- words


def _wanted(missing: Missing) -> str:
    number = "one more approval" if missing.count == 1 else f"{missing.count} more approvals"
    who = f", from {_names(missing.who, 'or')}" if missing.who else ""
    sentence = f"{missing.why} asks for {number}{who}."
    if len(missing.who) >= missing.count:
        return sentence
    return f"{sentence} Too few people may give it: the policy has to name another approver."


def _touches_more(others: Sequence[str]) -> tuple[str, ...]:
    shown = [*others[:10], f"{len(others) - 10} more"] if len(others) > 10 else others
    return (
        "This pull request changes a request and also something else, so it cannot be approved as a request.",
        f"Move the rest to a pull request of its own: {', '.join(shown)}.",
    )


def _names(names: Sequence[str], last: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}" if names else ""


def _folded(logins: Iterable[str]) -> frozenset[str]:
    return frozenset(login.casefold() for login in logins)


def _is_request(path: str) -> bool:
    try:
        request_id(path)
    except InvalidRequest:
        return False
    return True


def _is_misplaced(path: str) -> bool:
    """Meant as a request file, and not where one can be."""
    return is_request_file(path) and not _is_request(path)
