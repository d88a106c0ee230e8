"""How an edit of a request reads: in a terminal, and on the pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from gitops.edited import Edit, Effect
from gitops.markup import clip, escape, visible
from gitops.render_plan import money

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


def section(page: Page, amendment: Amendment) -> None:
    """What changed in the request, for the plan's comment; nothing for a new request."""
    if amendment.new:
        return
    if amendment.formatting:
        page.add(f"#### What changed in the request\n\n{FORMATTING}")
    header = "#### What changed in the request\n\n| | What | Where | What becomes of it |\n|---|---|---|---|"
    page.rows(header, (_row(edit) for edit in amendment.edits), what="edits")
    lines = [line for line in (cost_line(amendment), *approval_lines(amendment)) if line]
    if lines:
        page.add("\n".join(f"- {escape(line)}" for line in lines), what="lines on the edit")


def _row(edit: Edit) -> str:
    details = "".join(f"<br>{escape(line, 200)}" for line in edit.details)
    means = escape(edit.means)
    if edit.effect in (Effect.TAKEN, Effect.REFUSED, Effect.LEFT):
        means = f"**{means}**"
    return f"| {edit.sign} | {escape(edit.words)}{details} | {escape(edit.thing or REQUEST)} | {means} |"


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
