"""How an edit of a request reads: in a terminal, and on the pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from gitops.edited import Edit, Effect
from gitops.markup import clip, escape, visible
from gitops.plan_words import money

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from gitops.amendment import Amendment
    from gitops.approval import ApprovalRule
    from gitops.markup import Page

FORMATTING = "Only the writing differs (an order, comments, spaces, quotes): nothing will be done."
REQUEST = "the request itself"

_LONG = 48
"""Two values that are longer together stand on lines of their own."""


# --- words for both -------------------------------------------------------------------------------


def cost_line(amendment: Amendment) -> str:
    """What it costs before and after; empty where that is the same."""
    before, after = money(amendment.cost_before), money(amendment.cost_after)
    if amendment.new:
        return "" if amendment.cost_after is None else f"Cost: {after}"
    return "" if before == after else f"Cost: {before} before, {after} after"


def approval_lines(amendment: Amendment) -> Iterator[str]:
    """Who has to approve because of the edit, a sentence each."""
    for rule in amendment.more:
        yield f"{rule.why}: {_people(rule)} must approve" + ("" if amendment.new else " too")
    for rule in amendment.still:
        yield f"{rule.why}, until now: {_people(rule)} must approve this one time more"


def due_to(rule: ApprovalRule, amendment: Amendment | None) -> str:
    """Why an edit has to do with a rule, to stand behind it; empty where it would hold without it too."""
    if amendment is None or not (rule in amendment.more or rule in amendment.still):
        return ""
    return "because of this edit" if rule in amendment.more else "because of what is merged"


def _people(rule: ApprovalRule) -> str:
    people = sorted(rule.approvers)
    if not people:
        return "nobody the policy knows"
    names = people[0] if len(people) == 1 else f"{', '.join(people[:-1])} or {people[-1]}"
    return names if rule.count == 1 else f"{rule.count} of {names}"


def _by_thing(edits: Iterable[Edit]) -> Iterator[tuple[str, list[Edit]]]:
    for thing, group in groupby(edits, key=lambda edit: edit.thing):
        yield thing or REQUEST, list(group)


# --- the pull request -----------------------------------------------------------------------------


def section(page: Page, amendment: Amendment, *, rank: int = 0) -> None:
    """What changed in the request, for the plan's comment; nothing for a new request.

    Never more than a part of the page: who must approve, by :func:`due_to`, and what will be done follow.
    """
    if amendment.new:
        return
    if amendment.formatting:
        page.add(f"#### What changed in the request\n\n{FORMATTING}", rank=rank)
    header = (
        "#### What changed in the request\n\n| Edit | What | Where | What becomes of it |\n|---|---|---|---|"
    )
    page.rows(header, _fitting(amendment.edits), what="edits", rank=rank)
    if line := cost_line(amendment):
        page.add(escape(line), what="costs of edits", rank=rank)


_ROOM = 16_000
"""Characters that the edits of one request may take of a page: a quarter of it."""
_DETAILS = 12
"""Lines on a resource that is new as a whole; its plan has all of them."""
_GRAVE = (Effect.TAKEN, Effect.REFUSED, Effect.LEFT)


def _fitting(edits: Sequence[Edit]) -> list[str]:
    """The rows of the edits; of too many those that weigh most, in the same order, and how many more."""
    rows = [_row(edit) for edit in edits]
    by_weight = sorted(
        range(len(rows)), key=lambda index: (edits[index].effect not in _GRAVE, not edits[index].risky)
    )
    room, shown = _ROOM, set()
    for index in by_weight:
        if len(rows[index]) > room:
            break
        room -= len(rows[index])
        shown.add(index)
    found = [row for index, row in enumerate(rows) if index in shown]
    if more := len(rows) - len(found):
        found.append(f"| | and {more} more, see `lakeport diff` | | |")
    return found


def _row(edit: Edit) -> str:
    details = [escape(line, 200) for line in edit.details[:_DETAILS]]
    if more := len(edit.details[_DETAILS:]):
        details.append(f"and {more} more")
    words = "<br>".join([escape(edit.words), *details])
    means = escape(edit.means)
    if edit.effect in _GRAVE:
        means = f"**{means}**"
    return f"| {edit.sign} | {words} | {escape(edit.thing or REQUEST, 200)} | {means} |"


# --- the terminal ---------------------------------------------------------------------------------

_SIGNS = {"+": "green", "~": "yellow", "-": "red"}
_STYLES = {
    Effect.TAKEN: "bold red",
    Effect.REFUSED: "bold red",
    Effect.LEFT: "yellow",
    Effect.RESTARTS: "yellow",
}


def print_amendment(console: Console, amendment: Amendment) -> None:
    """One file: its edits by what they belong to, what it costs, and who must approve because of it."""
    _print(console, 0, (visible(amendment.path), "bold"), (f": {_head(amendment)}", ""))
    if amendment.formatting:
        _print(console, 2, (FORMATTING, "dim"))
    for thing, edits in _by_thing(amendment.edits):
        _print(console, 2, (visible(thing), "bold"))
        for edit in edits:
            _print_edit(console, edit)
    if line := cost_line(amendment):
        _print(console, 2, (line, ""))
    for line in approval_lines(amendment):
        _print(console, 2, ("approve: ", "cyan"), (visible(line), ""))


def print_edits(console: Console, amendment: Amendment) -> None:
    """The same within the plan of the request, each edit in a sentence; who must approve, the plan says."""
    if amendment.formatting:
        _print(console, 2, (f"changed in the request: {FORMATTING}", "dim"))
    edits = [edit for edit in amendment.edits if edit.effect is not Effect.SAME]
    if edits:
        _print(console, 2, ("changed in the request:", ""))
    for edit in edits:
        sign = (f"{edit.sign} ", _SIGNS[edit.sign])
        means = (visible(f"  ({edit.means})"), _STYLES.get(edit.effect, "dim"))
        _print(console, 4, sign, (clip(visible(edit.sentence), 300), ""), means)
    if edits and (line := cost_line(amendment)):
        _print(console, 4, (line, ""))


def _head(amendment: Amendment) -> str:
    if amendment.new:
        return "a new request"
    count = len(amendment.edits)
    return f"{count} edit{'' if count == 1 else 's'}" if count else "no edits"


def _print_edit(console: Console, edit: Edit) -> None:
    sign = (f"{edit.sign} ", _SIGNS[edit.sign])
    style = "dim" if edit.effect is Effect.SAME else ""
    means = "" if edit.effect is Effect.MADE else visible(f"  ({edit.means})")
    values = [edit.before, edit.after]
    if edit.label and all(isinstance(value, str) and len(value) > _LONG // 2 for value in values):
        _print(console, 4, sign, (visible(edit.label), style), (means, _STYLES.get(edit.effect, "dim")))
        for mark, value in (("- ", edit.before), ("+ ", edit.after)):
            _print(console, 8, (mark, _SIGNS[mark[0]]), (clip(visible(str(value)), 1000), ""))
    else:
        words = clip(visible(edit.words), 1000)
        _print(console, 4, sign, (words, style), (means, _STYLES.get(edit.effect, "dim")))
    for line in edit.details:
        _print(console, 8, (clip(visible(line), 1000), "dim"))


def _print(console: Console, indent: int, *parts: tuple[str, str]) -> None:
    """A line; on a terminal what does not fit goes on below, indented a little more."""
    from rich.text import Text

    text: Text = Text.assemble(*parts)
    room = console.width - indent - 2
    lines = list(text.wrap(console, room)) if console.is_terminal and room >= 30 else [text]
    for number, line in enumerate(lines):
        line.rstrip()
        console.print(Text.assemble(" " * (indent + (2 if number else 0)), line), soft_wrap=True)
