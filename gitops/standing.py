"""What is kept of a request to judge others by: what it claims and what it costs; and that judgement.

Of thousands of requests only this little is kept, so that it can be handed between processes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from gitops.finding import Finding, Place, Related, Severity

if TYPE_CHECKING:
    from gitops.cost import Money
    from gitops.kind import Registry
    from gitops.policyfile import Policy
    from gitops.request import Loaded
    from gitops.yamltext import Path

Where = Callable[[str, "Path"], Place]
"""File and path in it → the place; only asked when there is something to report."""


class Standing(Struct, frozen=True):
    """One request as others see it: ``claims`` are its resources as (kind, identity) in the file's order.

    ``cost`` is the upper bound of its monthly cost in the policy's currency.
    """

    request: str
    path: str
    team: str
    claims: tuple[tuple[str, str], ...]
    cost: Decimal


def standing_of(loaded: Loaded, registry: Registry, money: Money | None) -> Standing | None:
    """What a request claims and costs; ``None`` once it is retired: then it has nothing any more."""
    metadata = loaded.request.metadata
    if metadata.lifecycle == "retired":
        return None
    return Standing(
        loaded.id,
        loaded.path,
        metadata.team,
        claims_of(loaded, registry),
        money.high if money else Decimal(0),
    )


def claims_of(loaded: Loaded, registry: Registry) -> tuple[tuple[str, str], ...]:
    """The resources of a request as (kind, identity), in the file's order.

    To add to what another request owns claims nothing that could be claimed twice.
    """
    return tuple(
        (spec.kind, registry[spec.kind].identity(spec) + (f" for {loaded.id}" if spec.guest_of else ""))
        for spec in loaded.request.resources
    )


def judge_together(standings: Sequence[Standing], policy: Policy, where: Where) -> list[Finding]:
    """What can only be said of requests together: who owns a resource, and what a team has in all.

    The last request of a team is the one that is too much.
    """
    return [*_claimed_twice(standings, where), *_quotas(standings, policy, where)]


def _claimed_twice(standings: Iterable[Standing], where: Where) -> Iterator[Finding]:
    """Resources that two requests want to own."""
    first: dict[tuple[str, str], Standing] = {}
    several: dict[tuple[str, str], list[Standing]] = {}
    for standing in standings:
        for claim in standing.claims:
            owner = first.setdefault(claim, standing)
            if owner is not standing:
                several.setdefault(claim, [owner]).append(standing)
    for claim, claimants in several.items():
        for standing in claimants:
            others = ", ".join(other.request for other in claimants if other is not standing)
            other = claimants[0] if claimants[0] is not standing else claimants[1]
            yield Finding(
                "resource-claimed",
                Severity.ERROR,
                f"The {claim[0]} {claim[1]} also belongs to {others}.",
                where(standing.path, ("resources", standing.claims.index(claim))),
                "A resource belongs to one request: delete it from one of them, or give it another name.",
                related=(Related(where(other.path, ("resources", other.claims.index(claim))), "Also here."),),
            )


def _quotas(standings: Iterable[Standing], policy: Policy, where: Where) -> Iterator[Finding]:
    """Teams that have more in all than they may."""
    by_team: Mapping[str, list[Standing]] = defaultdict(list)
    for standing in standings:
        by_team[standing.team].append(standing)
    for name, requests in by_team.items():
        team = policy.teams.get(name)
        if team is None:
            continue
        quota = team.quota
        hint = "Retire one that is no longer needed, or ask the platform team for a larger quota."
        if len(requests) > quota.open_requests:
            yield Finding(
                "quota-requests",
                Severity.ERROR,
                f"{name} has {len(requests)} open requests; its quota is {quota.open_requests}.",
                where(requests[-1].path, ("metadata", "team")),
                hint,
            )
        high = sum((request.cost for request in requests), Decimal(0))
        if quota.monthly_cost is not None and high > quota.monthly_cost:
            yield Finding(
                "quota-cost",
                Severity.ERROR,
                f"The requests of {name} cost up to {high:,.0f} {policy.monthly_cost.currency} a month; "
                f"the quota is {quota.monthly_cost:,}.",
                where(requests[-1].path, ("metadata", "team")),
                hint,
            )
