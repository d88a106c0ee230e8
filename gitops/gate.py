"""Whether the approvals of a pull request satisfy the policy: a pure judgement over facts gathered elsewhere.

    the pull request touches …              outcome
    no request file                         NOT_A_REQUEST      none of our business: code has owners
    request files and something else        TOUCHES_MORE       nobody can approve that as a request
    a request file that cannot be judged    INVALID
    request files only, and an approver's
      "request changes" stands              CHANGES_REQUESTED
      every rule is satisfied               OPEN
        by a file that the person who asked
          has not confirmed                 NOT_CONFIRMED      also where approvals are missing
      approvals are missing, and the policy
        asks for none of such an edit       PASSES_ALONE
        enough people broke the glass       BROKEN_GLASS       in an emergency, see gitops.breaking
        neither                             MISSING_APPROVALS

An approval counts when it was given on this very head commit, by somebody whom a rule names, who may write
to the repository, and who neither asked for it nor opened the pull request nor made one of its commits. The
same holds for who breaks the glass. Several accounts of one human are one person. No judgement rests on a
time that a review or a comment carries, but that nobody approves a plan before it is there to be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from gitops.approval import UNLINKED, ApprovalRule
from gitops.breaking import LEAST_REASON, broken, could_break
from gitops.checkout import is_request_file
from gitops.errors import InvalidRequest
from gitops.gate_facts import DELETED, Facts, Review, folded, standing
from gitops.request import request_id
from gitops.verdict import (
    BrokeGlass,
    CountedApproval,
    Discount,
    Ignored,
    Missing,
    Outcome,
    Verdict,
    Weighed,
    named,
)

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

__all__ = [
    "DELETED",
    "UNKNOWN_AUTHOR",
    "Discount",
    "Facts",
    "Ignored",
    "Missing",
    "Outcome",
    "Review",
    "Verdict",
    "judge",
    "request_files",
    "standing",
]

UNKNOWN_AUTHOR = "author-unknown"
"""Id of the rule that the gate adds for a commit whose author nobody knows."""

_DISCOUNTS = {
    Discount.OWN_REQUEST: "nobody approves what they asked for themselves",
    Discount.AUTHOR: "it comes from the author of the pull request",
    Discount.COMMITTER: "it comes from somebody who made a commit of this pull request",
    Discount.BOT: "it does not come from a person",
    Discount.DELETED_ACCOUNT: "the account is deleted, and nobody can say whose it was",
    Discount.OTHER_COMMIT: "it was given on an earlier commit, and the file may have changed since",
    Discount.NOT_AN_APPROVER: "the policy does not name this person as an approver here",
    Discount.NO_WRITE_ACCESS: "this person may not write to the repository",
    Discount.BEFORE_PLAN: "it was given before the plan, as it is now, was there to be read",
    Discount.SAME_PERSON: "this person is counted already, with another account",
    Discount.NOT_NAMED: "the policy does not let this person break the glass",
    Discount.EDITED: "the comment was edited, so nobody knows who wrote it; write a new one",
    Discount.NO_COMMIT: "it does not name the commit it is for, by all 40 characters",
    Discount.NO_REASON: f"it gives no reason of at least {LEAST_REASON} characters",
}


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


_WAITING = (Outcome.MISSING_APPROVALS, Outcome.NOT_CONFIRMED)


def _weigh(facts: Facts) -> Verdict:
    """The judgement on a pull request that touches request files and nothing else."""
    rules = _rules(facts)
    approvers = folded(login for rule in rules for login in rule.approvers)
    counted, ignored = _sift(facts, approvers)
    weighed = tuple(_weighed(rule, facts, counted) for rule in rules)
    missing = tuple(
        Missing(rule=one.rule, why=one.why, count=one.lacks, who=one.who) for one in weighed if one.lacks
    )
    broke, unbroken = broken(facts)
    ignored += [
        _ignored(f"The breaking of the glass by {login}", login, reason) for login, reason in unbroken
    ]
    outcome, first = _outcome(facts, approvers, counted, missing, broke)
    return Verdict(
        outcome=outcome,
        sentences=(
            *first,
            *facts.unconfirmed,
            *(one.sentence for one in missing if outcome is not Outcome.PASSES_ALONE),
            *(one.sentence for one in ignored),
            *facts.notes,
        ),
        missing=missing,
        ignored=tuple(ignored),
        counted=tuple(review.login for review in counted.values()),
        approvals=tuple(
            CountedApproval(
                login=review.login,
                at=review.submitted_at,
                commit=review.commit_sha,
                rules=tuple(one.rule for one in weighed if review.login in one.by),
            )
            for review in counted.values()
        ),
        broke_glass=tuple(broke.values()),
        passes_alone=facts.passes_alone if outcome is Outcome.PASSES_ALONE else (),
        weighed=weighed,
        glass=could_break(facts, broke) if outcome in _WAITING else (),
        head=facts.head_sha,
    )


def _outcome(
    facts: Facts,
    approvers: AbstractSet[str],
    counted: Mapping[str, Review],
    missing: Sequence[Missing],
    broke: Mapping[str, BrokeGlass],
) -> tuple[Outcome, list[str]]:
    """What it comes to, and the sentences that say so before all others."""
    objections = _objections(facts, approvers)
    if objections:
        words = f"{named(objections, 'and')} asked for changes; they have to approve, or be dismissed."
        return Outcome.CHANGES_REQUESTED, [words]
    if not (missing or facts.unconfirmed):
        names = [review.login for review in counted.values()]
        return Outcome.OPEN, [
            f"Approved by {named(names, 'and')}." if names else "The policy asks for no approval."
        ]
    if facts.passes_alone and facts.requester_github and not (facts.anybody or facts.unconfirmed):
        rules = named(facts.passes_alone, "and")
        return Outcome.PASSES_ALONE, [f"The policy lets this edit pass without an approval: {rules}."]
    said = [f"{one.login} broke the glass: “{one.reason}”." for one in broke.values()]
    if facts.glass and broke and len(broke) >= facts.glass.count:
        return Outcome.BROKEN_GLASS, [
            *said,
            "It passes in an emergency, without the approvals of the policy.",
        ]
    if facts.glass and broke:
        said.append(f"That takes {facts.glass.count} people together.")
    return Outcome.NOT_CONFIRMED if facts.unconfirmed else Outcome.MISSING_APPROVALS, said


def _objections(facts: Facts, approvers: AbstractSet[str]) -> list[str]:
    """The approvers whose "request changes" stands, on whichever commit it was given."""
    return sorted(
        review.login
        for review in facts.reviews
        if review.state == "CHANGES_REQUESTED"
        and review.login.casefold() in approvers & folded(facts.writers)
        and facts.barred(review.login) is None
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
    if facts.anybody:
        why = "A commit by somebody GitHub does not know"
        rules.append(ApprovalRule(UNKNOWN_AUTHOR, 2, everyone, why))
    return rules


def _sift(facts: Facts, approvers: AbstractSet[str]) -> tuple[dict[str, Review], list[Ignored]]:
    """The approvals that count, by person and sorted by login, and those that do not."""
    ignored: list[Ignored] = []
    counted: dict[str, Review] = {}
    for review in sorted(facts.reviews, key=lambda review: review.login.casefold()):
        if review.state != "APPROVED":
            continue
        reason = _discount(review, facts, approvers)
        if reason is None and facts.person(review.login) in counted:
            reason = Discount.SAME_PERSON
        if reason is None:
            counted[facts.person(review.login)] = review
        else:
            ignored.append(_ignored(f"The approval of {review.login}", review.login, reason))
    return counted, ignored


def _discount(review: Review, facts: Facts, approvers: AbstractSet[str]) -> Discount | None:
    barred = facts.barred(review.login)
    if barred:
        return barred
    if not facts.head_sha or review.commit_sha != facts.head_sha:
        return Discount.OTHER_COMMIT
    if review.login.casefold() not in approvers:
        return Discount.NOT_AN_APPROVER
    if not facts.may_write(review.login):
        return Discount.NO_WRITE_ACCESS
    return Discount.BEFORE_PLAN if facts.before_plan(review.submitted_at) else None


def _weighed(rule: ApprovalRule, facts: Facts, counted: Mapping[str, Review]) -> Weighed:
    """A rule with the people who satisfy it, and those who still could; each human once."""
    named = {facts.person(login): login for login in sorted(rule.approvers, key=str.casefold, reverse=True)}
    by = tuple(review.login for person, review in counted.items() if person in named)
    who = [login for person, login in named.items() if person not in counted and not facts.barred(login)]
    return Weighed(
        rule=rule.id, why=rule.why, count=rule.count, by=by, who=tuple(sorted(who, key=str.casefold))
    )


# --- words


def _ignored(what: str, login: str, reason: Discount) -> Ignored:
    return Ignored(login=login, reason=reason, sentence=f"{what} does not count: {_DISCOUNTS[reason]}.")


def _touches_more(others: Sequence[str]) -> tuple[str, ...]:
    shown = [*others[:10], f"{len(others) - 10} more"] if len(others) > 10 else others
    return (
        "This pull request changes a request and also something else, so it cannot be approved as a request.",
        f"Move the rest to a pull request of its own: {', '.join(shown)}.",
    )


def _is_request(path: str) -> bool:
    try:
        request_id(path)
    except InvalidRequest:
        return False
    return True


def _is_misplaced(path: str) -> bool:
    """Meant as a request file, and not where one can be."""
    return is_request_file(path) and not _is_request(path)
