"""How a plan reads on its pull request: what counts in plain sight and first, everything else folded below.

Where a page would be too long, what matters least is left out first (the ranks), and it is said how much.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from gitops.effective_access import shifts
from gitops.markup import LIMIT, Each, Page, code, escape
from gitops.plan import STAGES, Stage, Verb
from gitops.plan_words import (
    SIGNS,
    exactly,
    money,
    on_failure,
    only_removes,
    overwritten,
    removals,
    replaced,
    rules,
    summary,
)
from gitops.render_access import access_section

if TYPE_CHECKING:
    from gitops.finding import Finding
    from gitops.noted import Noted
    from gitops.plan import Change, Plan, Refusal
    from gitops.report import Entry, Report

PLAN_MARKER = "<!-- lakeport:plan -->"
"""The first line of the plan comment: it is found again by it."""

_DOES = {
    verb: f"{SIGNS[verb]}\N{NO-BREAK SPACE}{word}"
    for verb, word in ((Verb.CREATE, "create"), (Verb.UPDATE, "change"), (Verb.REMOVE, "remove"))
}

# What matters most has the smallest rank, and how many characters it may take of the page at most.
_HEADS, _APPROVALS, _LOSSES, _FINDINGS, _EDITS, _ACCESS, _SOURCES, _CHANGES, _REASONS, _VALUES = range(10)
_ROOM = {_APPROVALS: 6_000, _LOSSES: 16_000, _FINDINGS: 12_000, _ACCESS: 10_000, _SOURCES: 6_000}
_ROOM |= {_REASONS: 6_000}


def new_plan(page: Page, changes: Sequence[Change]) -> None:
    """What would be done now, in the comment that says why it was not."""
    _changes(page, "What would be done now, and was not approved", changes)
    if not only_removes(changes):
        taken = removals(changes)
        page.rows("#### Of that, taken away", (f"- {escape(words)}" for words in taken), what="removals")


def plan_comment(report: Report, noted: Noted | None = None, *, limit: int = LIMIT) -> str:
    """The plan of a pull request as markdown, first line :data:`PLAN_MARKER`, at most so many characters.

    ``noted`` is what the bot noted of where values come from; ``None``: nobody looked.
    """
    page = Page(f"{PLAN_MARKER}\n## Plan", limit=limit)
    if not report.entries and not report.findings and report.impact is None:
        page.add("This pull request changes no request file.")
    _findings(page, report.findings)
    if report.impact is not None:
        from gitops.render_impact import impact_section  # most pull requests change no policy

        impact_section(page, report.impact)
    for entry in report.entries:
        _entry(page, entry, noted)
    page.add(
        "<sub>Only the changes listed above will be carried out after the merge, and only if they were "
        "approved on this very commit, by others than the person who asked: the check lakeport/gate says who "
        "is still missing. If the live systems change in the meantime, nothing is done and a new plan is "
        "asked for.</sub>",
        what="footers",
    )
    return str(page)


def _entry(page: Page, entry: Entry, noted: Noted | None) -> None:
    plan = entry.plan
    page.add(f"### {code(entry.request)}\n\n**{summary(entry)}**", what="requests", rank=_HEADS)
    if entry.error:
        page.add(f"> {escape(entry.error, 1000)}", what="errors", rank=_HEADS)
    if plan is not None:
        _list(page, "#### Refused", Each(plan.refusals, _refusal), "refusals", _LOSSES)
    _list(page, "#### Who must approve", _approvals(entry), "approval rules", _APPROVALS)
    if plan is not None:
        _taken(page, plan)
        _list(page, "#### Notes", Each(plan.notes, _line), "notes", _LOSSES)
    _findings(page, entry.findings)
    if entry.amendment is not None:
        from gitops.render_amendment import section

        section(page, entry.amendment, rank=_EDITS)
    if plan is not None:
        if not only_removes(plan.changes):
            _changes(page, "Changes", plan.changes)
        access_section(page, entry, plan, rank=_ACCESS, room=_ROOM[_ACCESS])
    if noted is not None and not entry.error:
        from gitops.render_sources import unsaid

        unsaid(page, noted, entry.file_digest, rank=_SOURCES, room=_ROOM[_SOURCES])
    _folded(page, entry)


def _folded(page: Page, entry: Entry) -> None:
    """What is there for who wants to know it exactly."""
    plan, cost, room = entry.plan, entry.cost, _ROOM[_REASONS]
    if plan is not None:
        failing = Each(on_failure(plan), _line)
        page.fold("If a later step fails", "", failing, what="failures", rank=_REASONS, room=room)
    if cost is not None:
        title, lines = f"Cost: {money(cost)}", (f"- {escape(line, 1000)}" for line in cost.lines)
        page.fold(title, "", lines, what="lines of arithmetic", rank=_REASONS, room=room)
    if plan is None:
        return
    told = {one.key for one in shifts(plan.changes)}  # with the access
    decided = Each((one for one in plan.changes if one.details and one.key not in told), _decided)
    page.fold("Decided, and why", "", decided, what="decisions", rank=_REASONS, room=room)
    values = Each(plan.changes, _exactly)
    page.fold("Every value, change by change", "", values, what="changes with every value", rank=_VALUES)
    if plan.changes:
        said = f"<sub>Plan {code(plan.digest)}, file {code(plan.file_digest)}</sub>"
        page.add(said, what="digests", rank=_APPROVALS)


def _line(words: str) -> str:
    return f"- {escape(words)}"


def _list(page: Page, head: str, rows: Iterable[str], what: str, rank: int) -> None:
    page.rows(head, rows, what=what, rank=rank, room=_ROOM[rank])


def _taken(page: Page, plan: Plan) -> None:
    """What is taken away, and what is written over that somebody else set; a retirement is nothing else."""
    if only_removes(plan.changes):
        _changes(page, "Taken away, in this order", plan.changes, rank=_LOSSES, room=_ROOM[_LOSSES])
    else:
        lines = Each(removals(plan.changes), _line)
        _list(page, "#### Taken away", lines, "removals", _LOSSES)
    over = Each(overwritten(plan), _written_over)
    head = "#### Set by somebody else, and written over\n\nNo version of this file ever gave these values.\n"
    _list(page, head, over, "values that are written over", _LOSSES)


def _written_over(found: tuple[Change, str]) -> str:
    change, words = found
    return f"- {code(f'{change.kind}/{change.identity}', 200)}: {code(words, 300)}"


def _changes(
    page: Page, title: str, changes: Sequence[Change], *, rank: int = _CHANGES, room: int | None = None
) -> None:
    """The table of changes; those of a retirement have a stage, which waits for the one before."""
    staged = any(change.stage is not Stage.NOW for change in changes)
    names = [*(["Stage"] if staged else []), *([] if staged and only_removes(changes) else ["Change"])]
    names += ["What", "Where"]
    header = f"#### {title}\n\n| {' | '.join(names)} |\n|{'---|' * len(names)}"
    page.rows(header, Each(changes, lambda change: _row(change, names)), what="changes", rank=rank, room=room)


def _findings(page: Page, findings: Sequence[Finding]) -> None:
    header = "#### Findings\n\n| Severity | Where | What |\n|---|---|---|"
    worst_first = sorted(findings, key=lambda found: (_WORST[str(found.severity)], found.sort_key))
    _list(page, header, Each(worst_first, _finding), "findings", _FINDINGS)


_WORST = {"error": 0, "warning": 1, "info": 2}


def _finding(found: Finding) -> str:
    where = code(str(found.place), 200)
    more = found.excepted or found.hint
    words = escape(found.message) + (f" {escape(more)}" if more else "")
    sort = "excepted" if found.excepted else found.severity
    return f"| {sort} | {where} | {words} ({code(found.rule)}) |"


def _refusal(refusal: Refusal) -> str:
    fix = f" {escape(refusal.fix)}" if refusal.fix else ""
    return f"- {code(f'{refusal.kind}/{refusal.identity}')}: {escape(refusal.message)}{fix}"


def _approvals(entry: Entry) -> Iterator[str]:
    for rule, why in rules(entry):
        people = ", ".join(code(login) for login in sorted(rule.approvers)[:20]) or "nobody the policy knows"
        yield f"- {rule.count} of {people}: {escape(why)}"


def _row(change: Change, names: Sequence[str]) -> str:
    """What it does in words, and beneath what it replaces; every value it writes stands below, folded."""
    lines = [code(words) for words in replaced(change)]
    words = "<br>".join([escape(change.summary or change.key), *lines[:_REPLACED]])
    more = f"<br>and {len(lines) - _REPLACED} more" if len(lines) > _REPLACED else ""
    cells = {
        "Stage": f"{STAGES.index(change.stage)}\N{NO-BREAK SPACE}{change.stage}",
        "Change": _DOES[change.verb],
        "What": f"{words}{more}",
        "Where": code(f"{change.kind}/{change.identity}", 200),
    }
    return f"| {' | '.join(cells[name] for name in names)} |"


_REPLACED = 12
"""How many replaced values a row shows; all of them stand among the exact ones."""


def _decided(change: Change) -> str:
    """The thing, and below it what was decided for it and why."""
    lines = "".join(f"\n  - {escape(words, 1000)}" for words in change.details)
    return f"- {code(f'{change.kind}/{change.identity}', 200)}{lines}"


def _exactly(change: Change) -> str:
    """Every value of a change, one a line."""
    lines = "".join(f"\n  - {code(line, 1000)}" for line in exactly(change))
    return f"- {code(change.key, 200)}{lines}"
