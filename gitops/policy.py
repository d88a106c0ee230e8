"""Judging a request by the policy: what stands against it, each request alone.

The policy itself (:class:`Policy`, :class:`Person`, :func:`load_policy`) is :mod:`gitops.policyfile`, whose
approval :mod:`gitops.approval`; both can be imported from here. What the organisation's own rules say is
:mod:`gitops.own_rules`, what recorded exceptions change is :mod:`gitops.exceptions`, and what can only be
said of all requests together is :mod:`gitops.standing`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gitops import cost
from gitops.approval import ApprovalRule, approvals, rules_of
from gitops.cost import Money
from gitops.envelope import Metadata
from gitops.finding import Finding, Place, Severity
from gitops.kind import Desired, Registry
from gitops.layers import Effective, matches
from gitops.policycheck import guess
from gitops.policyfile import POLICY_FILE, Person, Policy, Team, load_policy
from gitops.request import Loaded, desired

if TYPE_CHECKING:
    from gitops.yamltext import Path

__all__ = [
    "POLICY_FILE",
    "ApprovalRule",
    "Person",
    "Policy",
    "Team",
    "approvals",
    "judge",
    "load_policy",
    "monthly_cost",
]


class _Case(Struct, frozen=True):
    """One request, and all that a rule may look at."""

    loaded: Loaded
    metadata: Metadata
    desired: tuple[Desired[Any], ...]
    policy: Policy
    registry: Registry
    money: Money | None
    today: date
    holds: Effective

    @property
    def team(self) -> Team | None:
        return self.policy.teams.get(self.metadata.team)

    def place(self, *path: str | int) -> Place:
        return self.loaded.document.place(path)

    def error(self, rule: str, place: Place, message: str, hint: str = "") -> Finding:
        return Finding(rule, Severity.ERROR, message, place, hint)

    def warning(self, rule: str, place: Place, message: str, hint: str = "") -> Finding:
        return Finding(rule, Severity.WARNING, message, place, hint)


Check = Callable[[_Case], Iterable[Finding]]


def judge(loaded: Loaded, policy: Policy, registry: Registry, *, today: date) -> list[Finding]:
    """What the policy has to say about one request, in the order of the file.

    A request that is retiring is only asked who it belongs to; nothing else keeps it from being taken away.
    """
    return judged(loaded, policy, registry, today=today)[0]


def judged(
    loaded: Loaded, policy: Policy, registry: Registry, *, today: date
) -> tuple[list[Finding], Money | None]:
    """The same, and the monthly cost that was judged."""
    case = _case(loaded, policy, registry, today)
    active = case.metadata.lifecycle == "active"
    checks = (*_ALWAYS, *_ACTIVE) if active else _ALWAYS
    findings = [finding for check in checks for finding in check(case)]
    if active and policy.rules:
        from gitops import own_rules

        findings += own_rules.judge(loaded, policy, case.money, today)
    if active and case.metadata.drift_ignored:
        from gitops import drifted

        findings += drifted.findings(loaded, registry, today)
    if active and case.metadata.exceptions:
        from gitops import exceptions

        findings = exceptions.weigh(findings, loaded, policy, registry, today)
    return sorted(findings, key=lambda finding: finding.sort_key), case.money


def _case(loaded: Loaded, policy: Policy, registry: Registry, today: date) -> _Case:
    wanted = desired(loaded, policy)
    money = cost.estimate(wanted, registry, policy.monthly_cost.currency)
    metadata = loaded.request.metadata
    holds = policy.effective(metadata.team, metadata.environment, metadata.data_classification)
    return _Case(loaded, metadata, wanted, policy, registry, money, today, holds)


def _team_known(case: _Case) -> Iterator[Finding]:
    if case.team is None:
        yield case.error(
            "team-known",
            case.place("metadata", "team"),
            f"The policy knows no team {case.metadata.team}.",
            guess(
                case.metadata.team,
                case.policy.teams,
                f"Teams are {', '.join(case.policy.teams)}; new ones are added to {POLICY_FILE}.",
            ),
        )


def _environment_known(case: _Case) -> Iterator[Finding]:
    if case.metadata.environment not in case.policy.environments:
        yield case.error(
            "environment-known",
            case.place("metadata", "environment"),
            f"The policy has no environment {case.metadata.environment}.",
            f"Environments are {', '.join(case.policy.environments)}.",
        )


def _requester(case: _Case) -> Iterator[Finding]:
    """The Slack id and the GitHub login of the requester are one person of the directory."""
    by = case.metadata.requested_by
    person = case.policy.person(slack=by.slack)
    where = ("metadata", "requested_by")
    if person is None:
        linked = "" if by.github else " Until then, or until they say `/lakeport link`, two people approve."
        yield case.warning(
            "requester-known",
            case.place(*where),
            f"The requester {by.slack} is not in the directory.",
            f"Add the person under people in {POLICY_FILE}.{linked}",
        )
    elif (by.github or "").casefold() != person.github.casefold():
        named = f"not to {by.github}" if by.github else "which the file leaves out"
        yield case.error(
            "requester-one-person",
            case.place(*where),
            f"The Slack id {by.slack} belongs to {person.github} on GitHub, {named}.",
            f"Write `github: {person.github}`.",
        )
    other = case.policy.person(github=by.github) if by.github and person is None else None
    if other is not None:
        yield case.error(
            "requester-one-person",
            case.place(*where),
            f"The GitHub login {by.github} belongs to the Slack id {other.slack}, not to {by.slack}.",
            f"Write `slack: {other.slack}`.",
        )


def _people_known(case: _Case) -> Iterator[Finding]:
    metadata = case.metadata
    paths: list[tuple[Path, str | None]] = [
        (("metadata", "business_owner"), metadata.business_owner),
        (("metadata", "technical_owner"), metadata.technical_owner),
    ]
    paths += [(("metadata", "members", index), email) for index, email in enumerate(metadata.members)]
    for path, email in paths:
        if email and case.policy.person(email=email) is None:
            yield case.warning(
                "person-known",
                case.place(*path),
                f"{email} is not in the directory.",
                f"Check the spelling, or add the person under people in {POLICY_FILE}.",
            )


def _required(case: _Case) -> Iterator[Finding]:
    for field, limit in case.holds.required.items():
        if getattr(case.metadata, field) in (None, ()):
            yield case.error(
                "required-field",
                case.loaded.document.key_place(("metadata", field)),
                f"For {limit.who}, {field} is required{case.policy.said(limit)}.",
                f"Add `{field}:` to the metadata.",
            )


def _lifetime(case: _Case) -> Iterator[Finding]:
    expires = case.metadata.expires
    if expires is None:
        return
    if expires <= case.today:
        yield case.error(
            "expiry-past",
            case.place("metadata", "expires"),
            f"The end date {expires} is not in the future.",
            "Write a later date, or set `lifecycle: retiring` to take it away.",
        )
    limit = case.holds.max_lifetime_days
    days = limit.value
    if days is not None and (expires - case.today).days > days:
        yield case.error(
            "lifetime",
            case.place("metadata", "expires"),
            f"The lifetime is {(expires - case.today).days} days; "
            f"{limit.who} allows {days}{case.policy.said(limit)}.",
            f"The latest date from today is {case.today + timedelta(days=days)}; it can be extended later.",
        )


def _cost_center(case: _Case) -> Iterator[Finding]:
    value = case.metadata.cost_center
    if value and case.team and value != case.team.cost_center:
        yield case.warning(
            "cost-center",
            case.place("metadata", "cost_center"),
            f"{value} is not the cost center of {case.metadata.team}, which is {case.team.cost_center}.",
            "Leave it if somebody else pays, and say so in the purpose.",
        )


def _names(case: _Case) -> Iterator[Finding]:
    metadata = case.metadata
    for index, item in enumerate(case.desired):
        name = getattr(item.spec, "name", None)
        pattern = case.policy.name_pattern(
            item.spec.kind, team=metadata.team, name=metadata.name, environment=metadata.environment
        )
        if isinstance(name, str) and pattern and not matches(name, pattern):
            yield case.error(
                "naming",
                case.place("resources", index, "name"),
                f"The name {name} does not look like {pattern}.",
                "Names carry the team, so that no two teams want the same.",
            )


def _kinds_own(case: _Case) -> Iterator[Finding]:
    """What the kinds themselves check: catalogs, sizes, visibility, templates, libraries."""
    for index, item in enumerate(case.desired):
        for rule in case.registry[item.spec.kind].rules:
            for complaint in rule.check(item, case.policy):
                place = case.place("resources", index, *complaint.parts)
                yield Finding(rule.id, rule.severity, complaint.message, place, complaint.hint)


def _monthly_cost(case: _Case) -> Iterator[Finding]:
    limit = case.policy.monthly_cost
    if case.money is not None and case.money.high > limit.refuse_above:
        yield case.error(
            "monthly-cost",
            case.place("resources"),
            f"The monthly cost is {case.money}; above {limit.refuse_above:,} {limit.currency} is refused.",
            "Take a smaller size, fewer workers, or a shorter time until things stop on their own.",
        )


def _approvable(case: _Case) -> Iterator[Finding]:
    """Enough people are left to approve when the requester may not."""
    for rule in rules_of(case.metadata, case.policy, case.money):
        if case.team is not None and len(rule.approvers) < rule.count:
            yield case.error(
                "approvals-possible",
                case.place("metadata", "requested_by"),
                f"{rule.why} needs {rule.count} others to approve; the policy has {len(rule.approvers)}.",
                f"Add approvers or an approval_fallback in {POLICY_FILE}.",
            )


_ALWAYS: tuple[Check, ...] = (_team_known, _environment_known, _requester)
_ACTIVE: tuple[Check, ...] = (
    _people_known,
    _required,
    _lifetime,
    _cost_center,
    _names,
    _kinds_own,
    _monthly_cost,
    _approvable,
)


def monthly_cost(loaded: Loaded, policy: Policy, registry: Registry) -> Money | None:
    """The estimated monthly cost in the policy's currency; ``None`` where nothing costs anything."""
    return cost.estimate(desired(loaded, policy), registry, policy.monthly_cost.currency)
