"""What a plan comes to in words, for the pull request, the terminal and the title of a check."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from gitops.leaves import differences
from gitops.plan import OnFailure, Verb

if TYPE_CHECKING:
    from gitops.cost import Money
    from gitops.plan import Change, Plan
    from gitops.policy import ApprovalRule
    from gitops.report import Entry

SIGNS = {Verb.CREATE: "+", Verb.UPDATE: "~", Verb.REMOVE: "-"}
_SYMBOLS = {"EUR": "€", "GBP": "£"}  # a dollar sign would begin a formula on GitHub
_MINUS = "\N{MINUS SIGN}"


# --- what it costs --------------------------------------------------------------------------------


def money(cost: Money | None) -> str:
    """``about €312/month``, ``€250 to €312/month``, or ``no running cost``."""
    if cost is None or (not cost.low and not cost.high):
        return "no running cost"
    low, high = (f"{_unit(cost)}{amount:,.0f}" for amount in (cost.low, cost.high))
    return f"about {high}/month" if low == high else f"{low} to {high}/month"


def cost_of(entry: Entry) -> str:
    """What the request costs; of an edit, what becomes different: ``+€120/month (now €432/month)``."""
    if entry.amendment is not None:
        return _difference(entry.amendment.cost_before, entry.amendment.cost_after)
    words = money(entry.cost)
    return "+" + words.removeprefix("about ") if entry.new and words.endswith("/month") else words


def _difference(before: Money | None, after: Money | None) -> str:
    if before is not None and after is not None and before.currency != after.currency:
        return f"{money(before)} before, {money(after)} now"
    known = after or before
    if known is None or (before and (before.low, before.high)) == (after and (after.low, after.high)):
        return money(after)
    none = Decimal(0)
    low = (after.low if after else none) - (before.low if before else none)
    high = (after.high if after else none) - (before.high if before else none)
    words = [f"{_MINUS if amount < 0 else '+'}{_unit(known)}{abs(amount):,.0f}" for amount in (low, high)]
    changed = " to ".join(dict.fromkeys(words))
    now = money(after).removeprefix("about ") if after else "nothing"
    return f"{changed}/month (now {now})"


def _unit(cost: Money) -> str:
    return _SYMBOLS.get(cost.currency) or f"{cost.currency} "


# --- what would happen ----------------------------------------------------------------------------


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
        count = len(entry.plan.refusals)
        return f"refused: {count} thing{'s' if count > 1 else ''} the request asks for will not be done"
    if not entry.plan.changes:
        return f"nothing to do, {cost_of(entry)}"
    return f"{counts(entry.plan)}, {cost_of(entry)}"


def removals(changes: Iterable[Change]) -> list[str]:
    """Everything that is taken away, in words, none of it hidden in a difference.

    A change that does nothing but take away says so itself; of any other, what it removes is told.
    """
    return [f"{change.kind}/{change.identity}: {words}" for change in changes for words in taken(change)]


def taken(change: Change) -> tuple[str, ...]:
    """What one change takes away, in words."""
    return (change.summary or "is removed",) if change.verb is Verb.REMOVE else change.removes


def only_removes(changes: Sequence[Change]) -> bool:
    """Whether there are changes, and all of them take something away."""
    return bool(changes) and all(change.verb is Verb.REMOVE for change in changes)


def replaced(change: Change) -> Iterator[str]:
    """``path: old → new`` for every value that stands already and would not stay.

    A removal says in its summary what goes.
    """
    if change.verb is not Verb.REMOVE:
        yield from (line for line, stands in _lines(change) if stands)


def exactly(change: Change) -> Iterator[str]:
    """``path: value`` for every value that would come, ``path: old → new`` for every one that changes."""
    return (line for line, _ in _lines(change))


def overwritten(plan: Plan) -> Iterator[tuple[Change, str]]:
    """``path: old → new`` for every value that somebody set by hand, with the change that writes over it."""
    for change in plan.changes:
        paths = plan.drifted.get(change.key, ())
        for path, old, new in differences(change.before, change.after) if paths else ():
            if path in paths:
                yield change, _line(path, old, new)


def _lines(change: Change) -> Iterator[tuple[str, bool]]:
    for path, old, new in differences(change.before, change.after):
        yield _line(path, old, new), old is not None


def _line(path: str, old: Any, new: Any) -> str:
    if old is None:
        return f"{path}: {_value(new)}"
    return f"{path}: {_value(old)} → {'gone' if new is None else _value(new)}"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# --- what if, and who -----------------------------------------------------------------------------

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


def rules(entry: Entry) -> Iterator[tuple[ApprovalRule, str]]:
    """The rules of who approves, each with why it holds: also what the edit has to do with it."""
    from gitops.render_amendment import due_to

    for rule in entry.rules:
        due = due_to(rule, entry.amendment)
        yield rule, f"{rule.why} ({due})" if due else rule.why
