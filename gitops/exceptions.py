"""Recorded exceptions of a request: from one rule, for a reason, agreed to by a person, until a day.

An excepted finding is shown where it would have been, with the exception instead of what to do. Only rules
that are the organisation's own choice can be excepted: what a system refuses, it refuses all the same, and
who somebody is, nobody can except.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gitops.approval import logins_of_requester, people_for
from gitops.finding import Finding, Severity
from gitops.policycheck import Problem, Problems, guess

if TYPE_CHECKING:
    from gitops.kind import Registry
    from gitops.policyfile import Policy
    from gitops.recorded import RecordedException
    from gitops.request import Loaded

OWN_CHOICE = frozenset(
    {"cost-center", "lifetime", "monthly-cost", "naming", "person-known", "required-field"}
)
"""Rules of :mod:`gitops.policy` that can be excepted; a kind says of its own rules which can."""


def exceptable(policy: Policy, registry: Registry) -> frozenset[str]:
    """The ids of all rules that this policy lets somebody except a request from."""
    if policy.exceptions is None:
        return frozenset()
    kinds = {rule.id for kind in registry.values() for rule in kind.rules if rule.exceptable}
    own = {rule.id for rule in policy.rules}
    return (OWN_CHOICE | kinds | own) - set(policy.exceptions.never)


def problems(policy: Policy, registry: Registry | None) -> Problems:
    """What is wrong with the section ``exceptions`` of a policy."""
    if policy.exceptions is None or registry is None:
        return
    known = _known(policy, registry)
    for index, rule in enumerate(policy.exceptions.never):
        if rule not in known:
            yield Problem(
                path=("exceptions", "never", index),
                message=f"There is no rule called {rule}.",
                hint=guess(rule, known, "`lakeport explain` lists all rules."),
            )


def _known(policy: Policy, registry: Registry) -> list[str]:
    """The ids of all rules there are."""
    from gitops.rulebook import rule_ids

    return [*sorted(rule_ids(registry)), *(rule.id for rule in policy.rules)]


class _Case(Struct, frozen=True):
    """A request with its exceptions, and what they are judged by."""

    loaded: Loaded
    policy: Policy
    registry: Registry
    today: date

    def finding(
        self, index: int, key: str, rule: str, message: str, hint: str, severity: Severity = Severity.ERROR
    ) -> Finding:
        path = ("metadata", "exceptions", index, key)
        return Finding(rule, severity, message, self.loaded.document.place(path), hint)


def weigh(
    findings: Iterable[Finding], loaded: Loaded, policy: Policy, registry: Registry, today: date
) -> list[Finding]:
    """The findings of a request with its exceptions applied, and what is wrong with those exceptions."""
    case = _Case(loaded, policy, registry, today)
    weighed = list(findings)
    wrong: list[Finding] = []
    for index, one in enumerate(loaded.request.metadata.exceptions):
        against = list(_against(case, index, one))
        wrong += against
        if against:
            continue
        covered = [number for number, found in enumerate(weighed) if _covers(one, found)]
        for number in covered:
            weighed[number] = replace(weighed[number], severity=Severity.INFO, excepted=_sentence(one))
        if not covered:
            wrong.append(
                case.finding(
                    index,
                    "rule",
                    "exception-unused",
                    f"The exception to {one.rule} excepts nothing.",
                    "Delete it: it would silently cover what comes later.",
                    Severity.WARNING,
                )
            )
    return [*weighed, *wrong]


def _covers(one: RecordedException, found: Finding) -> bool:
    if found.rule != one.rule or found.excepted:
        return False
    path, field = found.place.path, one.field
    return field is None or path == field or path.startswith((f"{field}.", f"{field}["))


def _sentence(one: RecordedException) -> str:
    reason = one.reason if one.reason.endswith((".", "!", "?")) else f"{one.reason}."
    return f"Excepted until {one.until} by {one.approver}: {reason}"


def _against(case: _Case, index: int, one: RecordedException) -> Iterator[Finding]:
    """Why an exception does not hold; nothing where it does."""
    rules = case.policy.exceptions
    if rules is None:
        yield case.finding(
            index,
            "rule",
            "exception-refused",
            "The policy of this organisation knows no exceptions.",
            "Keep the rule, or ask the platform team to change it.",
        )
        return
    if one.until < case.today:
        yield case.finding(
            index,
            "until",
            "exception-expired",
            f"The exception to {one.rule} ended on {one.until}.",
            "Delete it, or have a new one approved.",
            Severity.WARNING,
        )
        return
    yield from _rule(case, index, one)
    yield from _approver(case, index, one)
    if (one.until - case.today).days > rules.max_days:
        days = (one.until - case.today).days
        yield case.finding(
            index,
            "until",
            "exception-until",
            f"The exception would last {days} days; the policy allows {rules.max_days}.",
            f"The latest day from today is {case.today + timedelta(days=rules.max_days)}.",
        )


def _rule(case: _Case, index: int, one: RecordedException) -> Iterator[Finding]:
    may = exceptable(case.policy, case.registry)
    if one.rule in may:
        return
    if one.rule in _known(case.policy, case.registry):
        yield case.finding(
            index,
            "rule",
            "exception-refused",
            f"Nobody can be excepted from the rule {one.rule}.",
            f"Keep it; `lakeport explain {one.rule}` says why it is there and how.",
        )
        return
    yield case.finding(
        index,
        "rule",
        "exception-unknown",
        f"There is no rule called {one.rule}.",
        guess(one.rule, sorted(may), "Write the id as it stands in brackets at the start of a finding."),
    )


def _approver(case: _Case, index: int, one: RecordedException) -> Iterator[Finding]:
    """The person named may except a request from a rule, and is not the one who asks."""
    rules = case.policy.exceptions
    requester = logins_of_requester(case.loaded.request.metadata, case.policy)
    may = people_for(rules.approvers, 1, requester, case.policy) if rules else frozenset()
    if one.approver.casefold() in {login.casefold() for login in may}:
        return
    own = one.approver.casefold() in requester
    message = (
        "Nobody excepts their own request from a rule."
        if own
        else f"{one.approver} may not except a request from a rule."
    )
    who = " or ".join(sorted(may, key=str.casefold))
    yield case.finding(index, "approver", "exception-approver", message, f"Ask {who}." if who else "")
