"""Breaking the glass: the comment by which a person whom the policy names lets a commit pass in an emergency.

    /lakeport break-glass 4f6a…(all 40 characters) The nightly load stands still, nobody of risk is awake.

The whole id of the commit is asked for: of a shorter one somebody could make a second commit that begins the
same, and move the approval onto it. Only the comment as it was written counts, since others may edit it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitops.gate_facts import Facts, folded
from gitops.markup import clip, visible
from gitops.verdict import BrokeGlass, Discount

if TYPE_CHECKING:
    from gitops.comments import Said

LEAST_REASON, MOST_REASON = 20, 500
"""Characters that a reason has at least; and how many of it are kept."""

_ORDER = re.compile(r"/lakeport[ \t]+break-glass(?![^\s])(.*)", re.DOTALL)
_COMMIT = re.compile(r"([0-9a-f]{40})(?![^\s])")


@dataclass(frozen=True, kw_only=True)
class Breaking:
    """A comment that means to break the glass; ``commit`` and ``reason`` are empty where it says none.

    ``at`` is when it was written (ISO 8601, UTC). ``person``: no app wrote it.
    """

    login: str
    at: str
    commit: str
    reason: str
    edited: bool
    person: bool = True
    url: str = ""


def breakings(conversation: Iterable[Said]) -> tuple[Breaking, ...]:
    """The comments that begin with the command, in their order; whatever they say, it never raises."""
    return tuple(found for comment in conversation if comment.login and (found := _breaking(comment)))


def _breaking(comment: Said) -> Breaking | None:
    order = _ORDER.match(comment.body)
    if order is None:
        return None
    rest = order[1].strip()
    commit = _COMMIT.match(rest)
    reason = visible(" ".join((rest[commit.end() :] if commit else "").split()))
    return Breaking(
        login=comment.login,
        at=comment.at,
        commit=commit[1] if commit else "",
        reason=clip(reason, MOST_REASON),
        edited=comment.edited,
        person=comment.person,
        url=comment.url,
    )


def command(head_sha: str) -> str:
    """What to write to break the glass for this commit, but for the reason."""
    return f"/lakeport break-glass {head_sha}"


def broken(facts: Facts) -> tuple[dict[str, BrokeGlass], list[tuple[str, Discount]]]:
    """Who broke the glass, by person, and the logins whose last attempt does not count, with the reason."""
    broke: dict[str, BrokeGlass] = {}
    refused: dict[str, tuple[str, Discount]] = {}
    for one in facts.breakings:
        person, reason = facts.person(one.login), _discount(one, facts)
        if reason is None:
            broke[person] = BrokeGlass(login=one.login, reason=one.reason, at=one.at, url=one.url)
        else:
            refused[person] = one.login, reason
    return broke, [one for person, one in refused.items() if person not in broke]


def _discount(one: Breaking, facts: Facts) -> Discount | None:
    """Why this comment does not break the glass; ``None`` when it does."""
    people = folded(facts.glass.people) if facts.glass else frozenset()
    reasons = {
        Discount.BOT: not one.person,
        Discount.NOT_NAMED: one.login.casefold() not in people,
        Discount.EDITED: one.edited,
        Discount.NO_COMMIT: not one.commit,
        Discount.OTHER_COMMIT: one.commit != facts.head_sha,
        Discount.NO_REASON: len(one.reason) < LEAST_REASON,
        Discount.NO_WRITE_ACCESS: not facts.may_write(one.login),
        Discount.BEFORE_PLAN: facts.before_plan(one.at),
    }
    return facts.barred(one.login) or next((reason for reason, holds in reasons.items() if holds), None)


def could_break(facts: Facts, broke: Mapping[str, BrokeGlass]) -> tuple[str, ...]:
    """The logins (sorted) of those who may break the glass here and have not."""
    people = facts.glass.people if facts.glass else ()
    could = (one for one in people if facts.person(one) not in broke and not facts.barred(one))
    return tuple(sorted(could, key=str.casefold))
