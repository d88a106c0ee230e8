"""Which edits of a merged request the policy lets pass without an approval: small ones, none of them risky.

Pure. What such a rule may say is :class:`gitops.policy_review.PassesAlone`; that nobody but the bot had a
hand in the pull request is for :mod:`gitops.gating` to see.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gitops.amendment import edits
from gitops.edited import GONE, Edit, Effect
from gitops.policy import monthly_cost
from gitops.policy_review import harmless

if TYPE_CHECKING:
    from gitops.cost import Money
    from gitops.kind import Registry
    from gitops.policy_review import PassesAlone
    from gitops.policyfile import Policy
    from gitops.request import Loaded

_QUIET = frozenset({Effect.IN_PLACE, Effect.RESTARTS, Effect.NEXT_RUN, Effect.RECORDED, Effect.SAME})


def passes_alone(was: Loaded, becomes: Loaded, policy: Policy, registry: Registry) -> str:
    """The id of the first rule of the policy by which this edit needs no approval; empty where none does.

    A request with exceptions or ignored drift is never let through: somebody agreed to those as it was.
    """
    rules = policy.review.passes_alone
    if not rules:
        return ""
    metadata, before = becomes.request.metadata, was.request.metadata
    if any(one.lifecycle != "active" or one.exceptions or one.drift_ignored for one in (before, metadata)):
        return ""
    found = tuple(edits(was, becomes, registry))
    known = frozenset(harmless(registry))
    if not found or not all(_is_quiet(edit, known) for edit in found):
        return ""
    costs = monthly_cost(was, policy, registry), monthly_cost(becomes, policy, registry)
    return next((rule.id for rule in rules if _fits(rule, becomes, found, costs)), "")


def _is_quiet(edit: Edit, known: frozenset[str]) -> bool:
    return edit.field in known and not edit.risky and edit.sign != GONE and edit.effect in _QUIET


def _fits(
    rule: PassesAlone, becomes: Loaded, found: Iterable[Edit], costs: tuple[Money | None, Money | None]
) -> bool:
    metadata = becomes.request.metadata
    was, is_ = (money.high if money else 0 for money in costs)
    return (
        metadata.environment in rule.environments
        and metadata.data_classification in rule.classifications
        and {edit.field for edit in found} <= set(rule.changes)
        and is_ <= (was if rule.max_monthly_cost is None else rule.max_monthly_cost)
    )
