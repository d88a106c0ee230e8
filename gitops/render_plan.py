"""How a plan reads: the comment on the pull request, and the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gitops.leaves import leaves
from gitops.markup import Page, clip, code, escape, visible
from gitops.plan import STAGES, OnFailure, Stage, Verb

if TYPE_CHECKING:
    from rich.console import Console

    from gitops.cost import Money
    from gitops.finding import Finding
    from gitops.plan import Change, Plan, Refusal
    from gitops.policy import ApprovalRule
    from gitops.report import Entry, Report

PLAN_MARKER = "<!-- lakeport:plan -->"
"""The first line of the plan comment: it is found again by it."""

SIGNS = {Verb.CREATE: "+", Verb.UPDATE: "~", Verb.REMOVE: "-"}
_DOES = {
    verb: f"{SIGNS[verb]}\N{NO-BREAK SPACE}{word}"
    for verb, word in ((Verb.CREATE, "create"), (Verb.UPDATE, "change"), (Verb.REMOVE, "remove"))
}
_SYMBOLS = {"EUR": "€", "GBP": "£"}  # a dollar sign would begin a formula on GitHub


def money(cost: Money | None) -> str:
    """``about €312/month``, ``€250 to €312/month``, or ``no running cost``."""
    if cost is None or (not cost.low and not cost.high):
        return "no running cost"
    unit = _SYMBOLS.get(cost.currency) or f"{cost.currency} "
    low, high = f"{cost.low:,.0f}", f"{cost.high:,.0f}"
    return f"about {unit}{high}/month" if low == high else f"{unit}{low} to {unit}{high}/month"


def counts(plan: Plan) -> str:
    """``create 4, change 1, remove 0``; removals inside an update count as removals too."""
    inside = sum(len(change.removes) for change in plan.changes if change.verb is not Verb.REMOVE)
    removed = plan.count(Verb.REMOVE) + inside
    return f"create {plan.count(Verb.CREATE)}, change {plan.count(Verb.UPDATE)}, remove {removed}"


def summary(entry: Entry) -> str:
    """One line for one request: what would happen, and what it costs."""
    if entry.error:
        return "the plan could not be drawn"
    if entry.plan is None:
        errors = sum(finding.severity == "error" for finding in entry.findings)
        return f"not valid: {errors} error{'s' if errors != 1 else ''}"
    if entry.plan.refusals:
        return f"refused: {len(entry.plan.refusals)} thing(s) the request asks for will not be done"
    if not entry.plan.changes:
        return f"nothing to do, {money(entry.cost)}"
    return f"{counts(entry.plan)}, {money(entry.cost)}"


def removals(changes: Iterable[Change]) -> list[str]:
    """Everything that is taken away, in words, none of it hidden in a difference.

    A change that does nothing but take away says so itself; of any other, what it removes is told.
    """
    found = []
    for change in changes:
        where = f"{change.kind}/{change.identity}"
        said = (change.summary or "is removed",) if change.verb is Verb.REMOVE else change.removes
        found += [f"{where}: {words}" for words in said]
    return found


_ON_FAILURE = {
    OnFailure.UNDO: "Taken away again, if this run made it",
    OnFailure.HOLD: "Stays, and nothing goes on until a person resumes",
}


def on_failure(plan: Plan) -> list[str]:
    """What becomes of what was done when a step that needs it fails, in words; empty where it all stays."""
    said = [
        f"{becomes}: {change.summary or change.key}."
        for one, becomes in _ON_FAILURE.items()
        for change in plan.changes
        if change.on_failure is one
    ]
    return [*said, "Everything else that was done stays, and the next run takes up the rest."] if said else []


def new_plan(page: Page, changes: Sequence[Change]) -> None:
    """What would be done now, in the comment that says why it was not."""
    _changes(page, "What would be done now, and was not approved", changes)
    if not _only_removes(changes):
        taken = removals(changes)
        page.rows("#### Of that, taken away", (f"- {escape(words)}" for words in taken), what="removals")


def differences(before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """``(path, before, after)`` for every single value that is not the same; ``None`` for absent."""
    old, new = leaves(before), leaves(after)
    for path in [*old, *(path for path in new if path not in old)]:
        if old.get(path) != new.get(path):
            yield path, old.get(path), new.get(path)


# --- the comment on the pull request --------------------------------------------------------------


def plan_comment(report: Report) -> str:
    """The plan of a pull request as markdown, first line :data:`PLAN_MARKER`, at most 65,536 characters."""
    page = Page(f"{PLAN_MARKER}\n## Plan")
    if not report.entries and not report.findings and report.impact is None:
        page.add("This pull request changes no request file.")
    _findings(page, report.findings)
    if report.impact is not None:
        from gitops.render_impact import impact_section  # most pull requests change no policy

        impact_section(page, report.impact)
    for entry in report.entries:
        if page.full:
            page.skip("requests", 1)
        else:
            _entry(page, entry)
    page.add(
        "<sub>Only the changes listed above will be carried out after the merge, and only if they were "
        "approved on this very commit. If the live systems change in the meantime, nothing is done and a new "
        "plan is asked for.</sub>",
        what="footers",
    )
    return str(page)


def _entry(page: Page, entry: Entry) -> None:
    page.add(f"### {code(entry.request)}\n\n**{summary(entry)}**", what="requests")
    if entry.error:
        page.add(f"> {escape(entry.error, 1000)}", what="errors")
    plan = entry.plan
    if plan is not None:
        _taken(page, plan)
        page.rows("#### Refused", (_refusal(refusal) for refusal in plan.refusals), what="refusals")
        page.rows("#### Notes", (f"- {escape(note)}" for note in plan.notes), what="notes")
    if entry.amendment is not None:
        from gitops.render_amendment import section

        section(page, entry.amendment)
    _findings(page, entry.findings)
    page.rows("#### Who must approve", _approvals(entry), what="approval rules")
    if plan is not None:
        if not _only_removes(plan.changes):
            _changes(page, "Changes", plan.changes)
        decided = (_decided(change) for change in plan.changes if change.details)
        page.rows("#### Decided, and why", decided, what="decisions")
        failing = (f"- {escape(words)}" for words in on_failure(plan))
        page.rows("#### If a later step fails", failing, what="failures")
    if entry.cost is not None and entry.cost.lines:
        lines = "\n".join(f"- {escape(line, 1000)}" for line in entry.cost.lines)
        _folded(page, f"Cost: {money(entry.cost)}", lines, what="cost estimates")
    if plan is not None and plan.changes:
        for change in plan.changes:
            _folded(page, f"Exactly: {code(change.key, 200)}", _exactly(change), what="exact values")
        page.add(f"<sub>Plan {code(plan.digest)}, file {code(plan.file_digest)}</sub>", what="digests")


def _only_removes(changes: Sequence[Change]) -> bool:
    return bool(changes) and all(change.verb is Verb.REMOVE for change in changes)


def _taken(page: Page, plan: Plan) -> None:
    """What is taken away, before anything that could be cut; where that is all there is, it is the plan."""
    if _only_removes(plan.changes):
        _changes(page, "Taken away, in this order", plan.changes)
    else:
        lines = (f"- {escape(words)}" for words in removals(plan.changes))
        page.rows("#### Taken away", lines, what="removals")


def _changes(page: Page, title: str, changes: Sequence[Change]) -> None:
    """The table of changes; those of a retirement have a stage, which waits for the one before."""
    staged = any(change.stage is not Stage.NOW for change in changes)
    names = [*(["Stage"] if staged else []), *([] if staged and _only_removes(changes) else ["Change"])]
    names += ["What", "Where"]
    header = f"#### {title}\n\n| {' | '.join(names)} |\n|{'---|' * len(names)}"
    page.rows(header, (_row(change, names) for change in changes), what="changes")


def _findings(page: Page, findings: Sequence[Finding]) -> None:
    header = "#### Findings\n\n| Severity | Where | What |\n|---|---|---|"
    worst_first = sorted(findings, key=lambda found: (_RANK[str(found.severity)], found.sort_key))
    page.rows(header, (_finding(found) for found in worst_first), what="findings")


_RANK = {"error": 0, "warning": 1, "info": 2}


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
    for rule, why in _rules(entry):
        people = ", ".join(code(login) for login in sorted(rule.approvers)[:20]) or "nobody the policy knows"
        yield f"- {rule.count} of {people}: {escape(why)}"


def _rules(entry: Entry) -> Iterator[tuple[ApprovalRule, str]]:
    """The rules, each with why it holds: also what the edit has to do with it."""
    from gitops.render_amendment import due_to

    for rule in entry.rules:
        due = due_to(rule, entry.amendment)
        yield rule, f"{rule.why} ({due})" if due else rule.why


def _row(change: Change, names: Sequence[str]) -> str:
    """What it does in words, and beneath what it replaces; every value it writes stands below, folded."""
    replaced = [code(words) for words in _replaced(change)]
    words = "<br>".join([escape(change.summary or change.key), *replaced[:_REPLACED]])
    more = f"<br>and {len(replaced) - _REPLACED} more" if len(replaced) > _REPLACED else ""
    cells = {
        "Stage": f"{STAGES.index(change.stage)}\N{NO-BREAK SPACE}{change.stage}",
        "Change": _DOES[change.verb],
        "What": f"{words}{more}",
        "Where": code(f"{change.kind}/{change.identity}", 200),
    }
    return f"| {' | '.join(cells[name] for name in names)} |"


_REPLACED = 12
"""How many replaced values a row shows; all of them stand among the exact ones."""


def _replaced(change: Change) -> Iterator[str]:
    """``path: old → new`` for every value that stands already and would not stay.

    A removal says in its summary what goes.
    """
    if change.verb is Verb.REMOVE:
        return
    for path, old, new in differences(change.before, change.after):
        if old is not None:
            yield f"{path}: {_value(old)} → {'gone' if new is None else _value(new)}"


def _decided(change: Change) -> str:
    """The thing, and below it what was decided for it and why."""
    lines = "".join(f"\n  - {escape(words, 1000)}" for words in change.details)
    return f"- {code(f'{change.kind}/{change.identity}', 200)}{lines}"


def _exactly(change: Change) -> str:
    """Every value of a change, one a line, as code: ``path: value``, or what it was and what it becomes."""
    lines = [
        f"{path}: {_value(new)}"
        if old is None
        else f"{path}: {_value(old)} → {'gone' if new is None else _value(new)}"
        for path, old, new in differences(change.before, change.after)
    ]
    return "\n".join(f"- {code(line, 1000)}" for line in lines)


def _folded(page: Page, title: str, body: str, *, what: str) -> None:
    page.add(f"<details><summary>{title}</summary>\n\n{body}\n\n</details>", what=what)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# --- the terminal ---------------------------------------------------------------------------------


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
    for note in entry.plan.notes:
        console.print(Text(f"  note: {visible(note)}"), soft_wrap=True)
    for rule, why in _rules(entry):
        people = ", ".join(sorted(rule.approvers)) or "nobody the policy knows"
        console.print(Text(f"  approve: {rule.count} of {people}: {visible(why)}"), soft_wrap=True)


def _print_taken_and_refused(console: Console, plan: Plan) -> None:
    from rich.text import Text

    for words in () if _only_removes(plan.changes) else removals(plan.changes):
        console.print(Text(f"  taken away: {visible(words)}", "red"), soft_wrap=True)
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
    return clip(visible(", ".join(_replaced(change))), 300)
