"""What a request says of a schema, as values to compare with what stands: properties, owner, others' grants.

The owner mark is the schema property ``lakeport.request``; beside it stand the facts by which people find
and charge things. Properties of others are never looked at.
"""

from __future__ import annotations

from typing import Any

from gitops import grants
from gitops.kind import Desired
from gitops.policy_schemas import SchemaRules
from handlers._schema_fields import SchemaSpec
from handlers._unity_grants import wanted_of

PREFIX = "lakeport."
MARK = f"{PREFIX}request"
SHARED = f"{PREFIX}shared-with"
OURS = frozenset(
    {
        MARK,
        SHARED,
        f"{PREFIX}team",
        f"{PREFIX}environment",
        f"{PREFIX}cost-center",
        f"{PREFIX}data-classification",
    }
)
"""The properties we put on a schema."""


def rules_of(desired: Desired[Any]) -> SchemaRules:
    """What the policy says of schemas."""
    return desired.origin.schemas or SchemaRules()


def owner_of(desired: Desired[Any]) -> str:
    """The group that is to own the schema; empty: whoever made it."""
    return "" if desired.spec.guest_of else rules_of(desired).owner_for(desired.origin.group)


def properties_of(desired: Desired[SchemaSpec]) -> dict[str, str]:
    """The properties that the schema is to have; what the request does not say is left out."""
    origin = desired.origin
    found = {
        MARK: origin.request,
        SHARED: ",".join(desired.spec.shared_with),
        f"{PREFIX}team": origin.team,
        f"{PREFIX}environment": origin.environment,
        f"{PREFIX}cost-center": origin.cost_center,
        f"{PREFIX}data-classification": origin.data_classification,
    }
    return {name: value for name, value in found.items() if value}


def others_of(desired: Desired[SchemaSpec]) -> dict[str, frozenset[str]]:
    """What other requests want of the same schema: the one that owns it, and those it is shared with."""
    host = desired.spec.guest_of or desired.origin.request
    owner = next((one for one in (desired, *desired.beside) if one.origin.request == host), None)
    if owner is None or owner.spec.guest_of:
        return {}
    teams = owner.spec.shared_with
    return grants.union(
        wanted_of(other)
        for other in desired.beside
        if other is owner or (other.spec.guest_of == host and other.origin.team in teams)
    )
