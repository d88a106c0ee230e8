"""How a plan reads in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gitops.markup import clip, visible
from gitops.plan import Stage, Verb
from gitops.plan_words import (
    SIGNS,
    money,
    on_failure,
    only_removes,
    overwritten,
    removals,
    replaced,
    rules,
    summary,
)

if TYPE_CHECKING:
    from rich.console import Console

    from gitops.plan import Change, Plan
    from gitops.report import Entry


def print_plan(console: Console, entry: Entry) -> None:
    """One request's plan for a terminal of any width; typed text is text, never markup or control codes."""
    from rich.table import Table
    from rich.text import Text

    console.print(Text.assemble((visible(entry.request), "bold"), f": {summary(entry)}"), soft_wrap=True)
    if entry.error:
        console.print(Text(f"  {visible(entry.error)}", "red"), soft_wrap=True)
    if entry.plan is not None:
        _print_taken_and_refused(console, entry.plan)
    if entry.amendment is not None:
        from gitops.render_amendment import print_edits

        print_edits(console, entry.amendment)
    if entry.plan is None:
        return
    if entry.plan.changes:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        for ratio in (None, 3, 4):
            table.add_column(overflow="fold", ratio=ratio)
        for change in entry.plan.changes:
            style = {Verb.CREATE: "green", Verb.UPDATE: "yellow", Verb.REMOVE: "red"}[change.verb]
            stage = "" if change.stage is Stage.NOW else f"{change.stage}: "
            words = f"{stage}{visible(change.summary or change.key)}"
            table.add_row(Text(f"  {SIGNS[change.verb]}", style), Text(words), Text(_short(change), "dim"))
        console.print(table)
    for change in entry.plan.changes:
        _list(console, f"decided for {change.kind}/{change.identity}", change.details)
    if entry.cost is not None:
        _list(console, f"cost {money(entry.cost)}", entry.cost.lines)
    _list(console, "if a later step fails", on_failure(entry.plan))
    for words in entry.plan.stays:
        console.print(Text(f"  stays, by nobody's request: {visible(words)}"), soft_wrap=True)
    for note in entry.plan.notes:
        console.print(Text(f"  note: {visible(note)}"), soft_wrap=True)
    for rule, why in rules(entry):
        people = ", ".join(sorted(rule.approvers)) or "nobody the policy knows"
        console.print(Text(f"  approve: {rule.count} of {people}: {visible(why)}"), soft_wrap=True)


def _print_taken_and_refused(console: Console, plan: Plan) -> None:
    from rich.text import Text

    for words in () if only_removes(plan.changes) else removals(plan.changes):
        console.print(Text(f"  taken away: {visible(words)}", "red"), soft_wrap=True)
    for change, words in overwritten(plan):
        line = f"  stands otherwise, and is written over: {change.kind}/{change.identity}: {words}"
        console.print(Text(clip(visible(line), 1000), "red"), soft_wrap=True)
    for refusal in plan.refusals:
        words = f"  refused: {refusal.kind}/{refusal.identity}: {refusal.message} {refusal.fix}"
        console.print(Text(visible(words).rstrip(), "yellow"), soft_wrap=True)


def _list(console: Console, head: str, lines: Sequence[str]) -> None:
    """A head and its sentences, each wrapped under its own beginning; nothing where there are none."""
    from rich.table import Table
    from rich.text import Text

    if not lines:
        return
    console.print(Text(f"  {visible(head)}:"), soft_wrap=True)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    for words in lines:
        table.add_row(Text("    -", "dim"), Text(visible(words), "dim"))
    console.print(table)


def _short(change: Change) -> str:
    return clip(visible(", ".join(replaced(change))), 300)
