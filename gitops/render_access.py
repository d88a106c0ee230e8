"""How it reads on a pull request who gains and who loses access, and who keeps some by nobody's request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from gitops.effective_access import EVERYBODY, shifts
from gitops.markup import Each, code, escape

if TYPE_CHECKING:
    from gitops.effective_access import Shift
    from gitops.markup import Page
    from gitops.plan import Plan
    from gitops.report import Entry

_HEAD = "#### Who gains or loses access\n\n| Who | Gains | Loses |\n|---|---|---|"
_LINES = 12
"""How many lines a cell has; each of them is a change that stands in the table of changes, too."""


def access_section(page: Page, entry: Entry, plan: Plan, *, rank: int, room: int) -> None:
    """Add who gains or loses what, through what; and what others hold that stays."""
    found = shifts(plan.changes)
    people = [tuple(group) for _, group in groupby(found, key=lambda one: one.principal.casefold())]
    page.rows(
        _HEAD,
        Each(people, lambda those: _row(those, entry)),
        what="principals who gain or lose access",
        rank=rank,
        room=room,
    )
    keys = {one.key for one in found}
    said = (words for change in plan.changes if change.key in keys for words in change.details)
    page.rows(
        "What else there is to know of it:\n",
        Each(dict.fromkeys(said), _line),
        what="remarks on access",
        rank=rank,
        room=room // 2,
    )
    page.rows(
        "#### Access that no request gave, and that stays",
        Each(plan.stays, _line),
        what="holders of such access",
        rank=rank,
        room=room // 2,
    )


def _line(words: str) -> str:
    return f"- {escape(words, 1000)}"


def _row(those: Sequence[Shift], entry: Entry) -> str:
    """One principal, with a line for each thing."""
    name = those[0].principal
    behind = entry.principals.get(name, "no team of the policy")
    who = EVERYBODY if name == EVERYBODY else f"{code(name)}<br>{escape(behind)}"
    return f"| {who} | {_cell(_gains(those))} | {_cell(_loses(those))} |"


def _cell(lines: Iterator[str]) -> str:
    found = [*lines]
    more = [f"and {len(found) - _LINES} more"] if len(found) > _LINES else []
    return "<br>".join([*found[:_LINES], *more])


def _gains(those: Sequence[Shift]) -> Iterator[str]:
    told = {words for one in those for words in one.through}
    for one in those:
        levels = [level for level in one.gains if f"{level} on {one.thing}" not in told]
        if levels:
            instead = f" instead of {escape(', '.join(one.loses))}" if _replaces(one) else ""
            through = f", with {escape(', '.join(one.through))}, given here too" if one.through else ""
            yield f"{escape(', '.join(levels))}{instead} on {code(one.thing, 200)}{through}"


def _loses(those: Sequence[Shift]) -> Iterator[str]:
    for one in those:
        if one.loses and not _replaces(one):
            yield f"{escape(', '.join(one.loses))} on {code(one.thing, 200)}"


def _replaces(one: Shift) -> bool:
    """Whether it is one level in the place of another, as where everybody has exactly one."""
    return one.replaces and bool(one.gains and one.loses)
