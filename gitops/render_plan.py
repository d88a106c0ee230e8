"""How a plan reads: the comment on the pull request, and the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gitops.leaves import leaves
from gitops.markup import Page, clip, code, escape, visible
from gitops.plan import OnFailure, Verb

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
    removed = plan.count(Verb.REMOVE) + sum(len(change.removes) for change in plan.changes)
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
    """Everything that is taken away, in words, none of it hidden in a difference."""
    found = []
    for change in changes:
        if change.verb is Verb.REMOVE:
            found.append(f"{change.key}: {change.summary or 'is removed'}")
        found += [f"{change.key}: {words}" for words in change.removes]
    return found


_ON_FAILURE = {
    OnFailure.UNDO: "is taken away again when what needs it fails, if this run made it",
    OnFailure.HOLD: "stays when what needs it fails, and nothing goes on until a person resumes",
}


def on_failure(plan: Plan) -> list[str]:
    """What becomes of a change that was done, in words, where it does not simply stay; empty for none."""
    said = [
        f"{change.summary or change.key}: {_ON_FAILURE[change.on_failure]}."
        for change in plan.changes
        if change.on_failure in _ON_FAILURE
    ]
    return [*said, "Everything else that was done stays, and the next run takes up the rest."] if said else []


def new_plan(page: Page, changes: Sequence[Change]) -> None:
    """What would be done now, in the comment that says why it was not."""
    header = "#### What would be done now, and was not approved\n\n| | What | Where |\n|---|---|---|"
    page.rows(header, (_row(change) for change in changes), what="changes")
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
        taken = removals(plan.changes)
        page.rows("#### Taken away", (f"- {escape(words)}" for words in taken), what="removals")
        page.rows("#### Refused", (_refusal(refusal) for refusal in plan.refusals), what="refusals")
    if entry.amendment is not None:
        from gitops.render_amendment import section

        section(page, entry.amendment)
    _findings(page, entry.findings)
    page.rows("#### Who must approve", _approvals(entry), what="approval rules")
    if plan is not None:
        header = "#### Changes\n\n| | What | Where |\n|---|---|---|"
        page.rows(header, (_row(change) for change in plan.changes), what="changes")
        decided = (_decided(change) for change in plan.changes if change.details)
        page.rows("#### Decided, and why", decided, what="decisions")
        page.rows("#### If it fails", (f"- {escape(words)}" for words in on_failure(plan)), what="failures")
        page.rows("#### Notes", (f"- {escape(note)}" for note in plan.notes), what="notes")
    if entry.cost is not None and entry.cost.lines:
        lines = "\n".join(f"- {escape(line, 1000)}" for line in entry.cost.lines)
        _folded(page, f"Cost: {money(entry.cost)}", lines, what="cost estimates")
    if plan is not None and plan.changes:
        for change in plan.changes:
            _folded(page, f"Exactly: {code(change.key, 200)}", _exactly(change), what="exact values")
        page.add(f"<sub>Plan {code(plan.digest)}, file {code(plan.file_digest)}</sub>", what="digests")


def _findings(page: Page, findings: Sequence[Finding]) -> None:
    header = "#### Findings\n\n| | Where | What |\n|---|---|---|"
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


def _row(change: Change) -> str:
    """What it does in words, and beneath what it replaces; every value it writes stands below, folded."""
    replaced = [code(words) for words in _replaced(change)]
    words = "<br>".join([escape(change.summary or change.key), *replaced[:_REPLACED]])
    more = f"<br>and {len(replaced) - _REPLACED} more" if len(replaced) > _REPLACED else ""
    return f"| {SIGNS[change.verb]} | {words}{more} | {code(f'{change.kind}/{change.identity}', 200)} |"


_REPLACED = 12
"""How many replaced values a row shows; all of them stand among the exact ones."""


def _replaced(change: Change) -> Iterator[str]:
    """``path: old → new`` for every value that stands already and would not stay."""
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
            words = visible(change.summary or change.key)
            table.add_row(Text(f"  {SIGNS[change.verb]}", style), Text(words), Text(_short(change), "dim"))
        console.print(table)
    for change in entry.plan.changes:
        _list(console, f"decided for {change.kind}/{change.identity}", change.details)
    if entry.cost is not None:
        _list(console, f"cost {money(entry.cost)}", entry.cost.lines)
    _list(console, "if it fails", on_failure(entry.plan))
    for note in entry.plan.notes:
        console.print(Text(f"  note: {visible(note)}"), soft_wrap=True)
    for rule, why in _rules(entry):
        people = ", ".join(sorted(rule.approvers)) or "nobody the policy knows"
        console.print(Text(f"  approve: {rule.count} of {people}: {visible(why)}"), soft_wrap=True)


def _print_taken_and_refused(console: Console, plan: Plan) -> None:
    from rich.text import Text

    for words in removals(plan.changes):
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
