"""What can only be said of all requests together: who owns a resource, and what a team has in all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from gitops import cost
from gitops.cost import Money
from gitops.finding import Finding, Severity
from gitops.kind import Registry
from gitops.policyfile import Policy
from gitops.request import Loaded, desired


def monthly_cost(loaded: Loaded, policy: Policy, registry: Registry) -> Money | None:
    """The estimated monthly cost in the policy's currency; ``None`` where nothing costs anything."""
    return cost.estimate(desired(loaded, policy), registry, policy.monthly_cost.currency)


def claimed_twice(loadeds: Sequence[Loaded], registry: Registry) -> Iterator[Finding]:
    """Resources that two requests want to own."""
    claims: dict[tuple[str, str], list[tuple[Loaded, int]]] = defaultdict(list)
    for loaded in loadeds:
        for index, spec in enumerate(loaded.request.resources):
            claims[spec.kind, registry[spec.kind].identity(spec)].append((loaded, index))
    for (kind, identity), claimants in claims.items():
        for loaded, index in claimants if len(claimants) > 1 else ():
            others = ", ".join(other.id for other, _ in claimants if other.id != loaded.id)
            yield Finding(
                "resource-claimed",
                Severity.ERROR,
                f"The {kind} {identity} also belongs to {others}.",
                loaded.document.place(("resources", index)),
                "A resource belongs to one request: delete it from one of them, or give it another name.",
            )


def quotas(loadeds: Sequence[Loaded], policy: Policy, registry: Registry) -> Iterator[Finding]:
    """Teams that have more in all than they may."""
    by_team: Mapping[str, list[Loaded]] = defaultdict(list)
    for loaded in loadeds:
        by_team[loaded.request.metadata.team].append(loaded)
    for name, requests in by_team.items():
        team = policy.teams.get(name)
        if team is None:
            continue
        latest = requests[-1]
        place = latest.document.place(("metadata", "team"))
        quota = team.quota
        if len(requests) > quota.open_requests:
            yield Finding(
                "quota-requests",
                Severity.ERROR,
                f"{name} has {len(requests)} open requests; its quota is {quota.open_requests}.",
                place,
                "Retire one that is no longer needed, or ask the platform team for a larger quota.",
            )
        if quota.monthly_cost is None:
            continue
        moneys = [money for request in requests if (money := monthly_cost(request, policy, registry))]
        high = sum((money.high for money in moneys), Decimal(0))
        if high > quota.monthly_cost:
            yield Finding(
                "quota-cost",
                Severity.ERROR,
                f"The requests of {name} cost up to {high:,.0f} {policy.monthly_cost.currency} a month; "
                f"the quota is {quota.monthly_cost:,}.",
                place,
                "Retire one that is no longer needed, or ask the platform team for a larger quota.",
            )
