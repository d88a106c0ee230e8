"""What the gate says of a pull request, as plain values: the outcome, and who and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What the gate says: a closed set."""

    OPEN = "open"
    PASSES_ALONE = "passes_alone"
    BROKEN_GLASS = "broken_glass"
    NOT_A_REQUEST = "not_a_request"
    TOUCHES_MORE = "touches_more"
    INVALID = "invalid"
    NOT_CONFIRMED = "not_confirmed"
    CHANGES_REQUESTED = "changes_requested"
    MISSING_APPROVALS = "missing_approvals"


def named(names: Sequence[str], last: str) -> str:
    """Names as a sentence lists them: ``nadia-k, omar-f or petra-v``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}" if names else ""


PASSED = frozenset({Outcome.OPEN, Outcome.PASSES_ALONE, Outcome.BROKEN_GLASS, Outcome.NOT_A_REQUEST})
"""With these a pull request may be merged, as far as the gate is concerned."""


class Discount(StrEnum):
    """Why an approval, or a comment that breaks the glass, does not count: a closed set."""

    OWN_REQUEST = "own_request"
    AUTHOR = "author"
    COMMITTER = "committer"
    BOT = "bot"
    DELETED_ACCOUNT = "deleted_account"
    OTHER_COMMIT = "other_commit"
    NOT_AN_APPROVER = "not_an_approver"
    NO_WRITE_ACCESS = "no_write_access"
    SAME_PERSON = "same_person"
    BEFORE_PLAN = "before_plan"
    NOT_NAMED = "not_named"
    EDITED = "edited"
    NO_COMMIT = "no_commit"
    NO_REASON = "no_reason"


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Approvals that a rule still lacks: how many, and the logins (sorted) of whom any will do."""

    rule: str
    why: str
    count: int
    who: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The same in plain words, unescaped."""
        number = "one more approval" if self.count == 1 else f"{self.count} more approvals"
        who = f", from {named(self.who, 'or')}" if self.who else ""
        sentence = f"{self.why} asks for {number}{who}."
        if len(self.who) >= self.count:
            return sentence
        return f"{sentence} Too few people may give it: the policy has to name another approver."


@dataclass(frozen=True, kw_only=True)
class Ignored:
    """An approval or a breaking of the glass that does not count, and why."""

    login: str
    reason: Discount
    sentence: str


@dataclass(frozen=True, kw_only=True)
class CountedApproval:
    """An approval that counts: ``at`` is when it was given (ISO 8601, UTC), ``rules`` the ids it counts for.

    ``commit`` is the commit it was given on, which is the head that was judged.
    """

    login: str
    at: str
    commit: str
    rules: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class BrokeGlass:
    """Somebody who broke the glass on this head: ``reason`` in their words, unescaped; ``at`` as above."""

    login: str
    reason: str
    at: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """One rule: how many it asks for, who gave it (``by``, sorted), and who else could (``who``, sorted)."""

    rule: str
    why: str
    count: int
    by: tuple[str, ...]
    who: tuple[str, ...]

    @property
    def lacks(self) -> int:
        """How many approvals are missing; 0 when the rule is satisfied."""
        return max(self.count - len(self.by), 0)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The judgement; ``sentences`` say all of it in plain words, unescaped, the most important first.

    ``counted`` are the logins whose approval counts, sorted, ``approvals`` the same with time and rules.
    ``weighed`` are the rules, each with who satisfied it. ``broke_glass`` are those who broke the glass, also
    where it changes nothing. ``passes_alone`` are the ids of the policy's rules that let it pass without an
    approval. ``glass`` are the logins (sorted) of those who could still break it, for the commit ``head``.
    ``model`` is what read the words of who asked, as our app says it in a commit that is its own.
    """

    outcome: Outcome
    sentences: tuple[str, ...]
    missing: tuple[Missing, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    counted: tuple[str, ...] = ()
    approvals: tuple[CountedApproval, ...] = ()
    broke_glass: tuple[BrokeGlass, ...] = ()
    passes_alone: tuple[str, ...] = ()
    weighed: tuple[Weighed, ...] = ()
    glass: tuple[str, ...] = ()
    head: str = ""
    model: str = ""

    @property
    def passed(self) -> bool:
        """Whether the pull request may be merged, as far as the gate is concerned."""
        return self.outcome in PASSED

    @property
    def conclusion(self) -> str:
        """The conclusion of the check run: ``success``, ``neutral`` or ``failure``."""
        if self.outcome is Outcome.NOT_A_REQUEST:
            return "neutral"
        return "success" if self.passed else "failure"
