"""Who has to approve a request: a closed list of rules, each a group of people and how many of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitops import cost
from gitops.cost import Money
from gitops.envelope import Metadata
from gitops.policycheck import OWN_TEAM
from gitops.policyfile import Approvals, Policy
from gitops.request import Loaded, desired

if TYPE_CHECKING:
    from gitops.kind import Registry


@dataclass(frozen=True)
class ApprovalRule:
    """At least ``count`` different people out of ``approvers`` (GitHub logins); ``why`` begins a sentence.

    The requester is never among the approvers. One person counts for every rule that names them.
    """

    id: str
    count: int
    approvers: frozenset[str]
    why: str


def approvals(loaded: Loaded, policy: Policy, registry: Registry) -> tuple[ApprovalRule, ...]:
    """The rules that must all hold before a request is carried out: environment, classification and cost."""
    money = cost.estimate(desired(loaded, policy), registry, policy.monthly_cost.currency)
    return rules_of(loaded.request.metadata, policy, money)


def rules_of(metadata: Metadata, policy: Policy, money: Money | None) -> tuple[ApprovalRule, ...]:
    """The same, for a cost that is known already."""
    return tuple(
        rule for asked in _asked(metadata, policy, money) for rule in _rules(*asked, metadata, policy)
    )


def _asked(metadata: Metadata, policy: Policy, money: Money | None) -> Iterator[tuple[str, str, Approvals]]:
    """Rule id, why, and what is asked for."""
    environment = policy.environments.get(metadata.environment)
    if environment is not None:
        yield (
            f"environment-{metadata.environment}",
            f"The environment {metadata.environment}",
            environment.approvals,
        )
    data = policy.classification.get(metadata.data_classification)
    if data is not None and data.approvals is not None:
        yield (
            f"classification-{metadata.data_classification}",
            f"Data classified as {metadata.data_classification}",
            data.approvals,
        )
    limit = policy.monthly_cost
    if money is not None and money.high > limit.approvals_above:
        why = f"A monthly cost above {limit.approvals_above:,} {limit.currency}"
        yield "cost", why, limit.approvals


def _rules(
    identity: str, why: str, asked: Approvals, metadata: Metadata, policy: Policy
) -> Iterator[ApprovalRule]:
    """One rule for each group that must be represented, and one for the number of people in all."""
    groups = tuple(dict.fromkeys(metadata.team if group == OWN_TEAM else group for group in asked.groups))
    requester = _logins_of_requester(metadata, policy)
    if len(groups) == 1:
        yield ApprovalRule(identity, asked.count, _people(groups, asked.count, requester, policy), why)
        return
    for group in groups:
        people = _people((group,), 1, requester, policy)
        yield ApprovalRule(f"{identity}-{group}", 1, people, f"{why} (somebody for {group})")
    count = max(asked.count, 1)
    yield ApprovalRule(identity, count, _people(groups, count, requester, policy), why)


def _logins_of_requester(metadata: Metadata, policy: Policy) -> frozenset[str]:
    """The requester's login by the file and by the directory: leaving it out of the file helps nobody."""
    known = policy.person(slack=metadata.requested_by.slack)
    logins = (metadata.requested_by.github or "", known.github if known else "")
    return frozenset(login.casefold() for login in logins if login)


def _people(groups: tuple[str, ...], count: int, requester: frozenset[str], policy: Policy) -> frozenset[str]:
    """The approvers of these teams without the requester; where too few are left, also those that stand in.

    A team that the policy does not know has no approvers, and nobody stands in for it.
    """
    found: set[str] = set()
    if not all(group in policy.teams for group in groups):
        return frozenset()
    for group in (*groups, *policy.approval_fallback):
        if group not in groups and len(found) >= count:
            break
        found |= {login for login in policy.teams[group].approvers if login.casefold() not in requester}
    return frozenset(found)
