"""An organisation's own rules, in CEL in the policy file: judged for a request, or for each of its resources.

What an expression may say is :mod:`gitops.expressions`, what may be wrong with a rule in the policy file
:mod:`gitops.policyrules`. A rule that cannot be judged is a finding that names the rule; it never passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING

from gitops.expressions import FAILURES, Scope, compiled
from gitops.finding import Finding, Place, Severity

if TYPE_CHECKING:
    from gitops.cost import Money
    from gitops.policyfile import OwnRule, Policy
    from gitops.request import Loaded
    from gitops.yamltext import Path

PLACEHOLDER = re.compile(r"\{(?P<path>[^{}]*)\}")
"""``{metadata.team}`` in a message."""

_SHOWN = 100


def judge(loaded: Loaded, policy: Policy, money: Money | None, today: date) -> Iterator[Finding]:
    """What the organisation's own rules have to say about a request."""
    ready: tuple[tuple[OwnRule, bool], ...] | None = policy.memo.get("own rules")
    if ready is None:
        ready = policy.memo["own rules"] = tuple((rule, of_resources(rule)) for rule in policy.rules)
    scope = Scope(loaded, money, policy.monthly_cost.currency, today)
    for rule, each in ready:
        for index in range(len(loaded.request.resources)) if each else (None,):
            scope.look_at(index)
            yield from _one(rule, scope, loaded, index)


def of_resources(rule: OwnRule) -> bool:
    """Whether a rule is judged for each resource, and not once for the request."""
    if rule.field is not None and rule.field.startswith("resources[]"):
        return True
    return any("resource" in compiled(text).needs for text in (rule.when, rule.check) if text is not None)


def _one(rule: OwnRule, scope: Scope, loaded: Loaded, index: int | None) -> Iterator[Finding]:
    """What a rule says of the request, or of one of its resources."""
    try:
        if rule.when is not None and not scope.truth(rule.when):
            return
        if scope.truth(rule.check):
            return
    except FAILURES as error:
        yield Finding(
            rule.id,
            Severity.ERROR,
            f"The rule {rule.id} of the policy cannot be judged: {_reason(error)}.",
            _place(rule, loaded, index),
            "The rule asks for what is not there; the platform team can put `has(…)` or a `when:` before it.",
        )
        return
    message, hint = (
        PLACEHOLDER.sub(lambda found: _words(found["path"], scope), text)
        for text in (rule.message, rule.hint)
    )
    yield Finding(rule.id, Severity(rule.severity), message, _place(rule, loaded, index), hint)


def _reason(error: Exception) -> str:
    """The error in a few words; a key that is missing is a field that is missing."""
    if isinstance(error, KeyError):
        return f"there is no field {str(error.args[0])[:_SHOWN]}"
    words = str(error).split("\n")[0].split(". ")[0].rstrip(".")
    return (words[:1].lower() + words[1:])[: 2 * _SHOWN]


def _place(rule: OwnRule, loaded: Loaded, index: int | None) -> Place:
    """Where a finding of a rule points at."""
    path: Path = ("metadata",) if index is None else ("resources", index)
    if rule.field is not None:
        parts = re.findall(r"[^.\[\]]+|\[\]", rule.field)
        path = tuple(
            (index or 0) if part == "[]" else int(part) if part.isdigit() else part for part in parts
        )
    return loaded.document.place(path)


def _words(path: str, scope: Scope) -> str:
    """What the request says at the path of a placeholder."""
    name, *parts = path.split(".")
    value = scope.variable(name)
    for part in parts:
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, float):
        return f"{value:,.0f}"
    if isinstance(value, list):
        return ", ".join(map(str, value))[:_SHOWN]
    return "" if value is None else str(value)[:_SHOWN]
