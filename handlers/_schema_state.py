"""A schema as it stands, and what of a request is refused because of it: pure, over what was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gitops.kind import Desired
from gitops.ownership import require_ours
from gitops.plan import Reason, RefusedChange
from handlers._schema_fields import SchemaSpec, full_name
from handlers._schema_wants import MARK, SHARED
from handlers._unity_people import require_known


@dataclass(frozen=True, kw_only=True)
class SchemaState:
    """What stands, only what we manage.

    ``stands`` is false when there is no schema, but something to say of what it needs. ``properties`` are
    those of ours. ``held`` are the privileges granted directly on the schema, by principal, ``inherited``
    those on its catalog, which hold here too; ``held`` is ``None`` where grants were not looked at.
    ``catalog_users`` are the wanted principals that can use the catalog already, ``None`` where the
    credential may not see that. ``missing`` are principals that the account does not have. ``planner`` is who
    looked, ``denied`` why it was not allowed to. ``content`` names one thing of each sort in it, only looked
    up to retire it.
    """

    stands: bool = True
    properties: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""
    owner: str = ""
    made_by: str = ""
    storage_root: str = ""
    held: Mapping[str, frozenset[str]] | None = field(default_factory=dict)
    inherited: Mapping[str, frozenset[str]] = field(default_factory=dict)
    catalog_users: frozenset[str] | None = frozenset()
    missing: tuple[str, ...] = ()
    missing_catalog: bool = False
    planner: str = ""
    denied: str = ""
    content: tuple[str, ...] = ()
    url: str = ""

    @property
    def mark(self) -> str:
        """The request that the schema belongs to; empty for none."""
        return self.properties.get(MARK, "")


ABSENT = SchemaState(stands=False)


def require_possible(desired: Desired[SchemaSpec], state: SchemaState) -> None:
    """Refuse what cannot be, or must not be done.

    Raises:
        RefusedChange: the first reason there is.
    """
    spec, name = desired.spec, full_name(desired.spec)
    require_seen(desired, state)
    if state.missing_catalog:
        raise RefusedChange(
            Reason.MISSING,
            f"There is no catalog {spec.catalog}, or this credential cannot see it.",
            "Lakeport makes no catalogs: ask the platform team for it.",
        )
    require_known(state.missing)
    if spec.guest_of:
        _require_welcome(desired, state)
    elif state.stands:
        require_ours(desired, f"the schema {name}", state.mark)
        if spec.storage_root and _folder(spec.storage_root) != _folder(state.storage_root):
            raise RefusedChange(
                Reason.IMMUTABLE,
                f"The files of {name} live in {state.storage_root or 'the location of its catalog'}, not in "
                f"{spec.storage_root}. A schema cannot be moved.",
                "Leave the location out, or ask for a schema of another name.",
            )


def require_seen(desired: Desired[SchemaSpec], state: SchemaState) -> None:
    """Refuse where the credential may not even look.

    Raises:
        RefusedChange: it may not.
    """
    if state.denied:
        raise RefusedChange(
            Reason.DENIED,
            f"This credential may not look at the schema {full_name(desired.spec)}: {state.denied}",
            f"Give it USE_CATALOG on {desired.spec.catalog.lower()} and USE_SCHEMA on what is in it.",
        )


def _require_welcome(desired: Desired[SchemaSpec], state: SchemaState) -> None:
    """Refuse to grant on a schema that another request owns, unless that one says so."""
    name, host = full_name(desired.spec), desired.spec.guest_of
    if not state.stands or state.mark != host:
        raise RefusedChange(
            Reason.MISSING,
            f"There is no schema {name} of the request {host}."
            if not state.stands
            else f"The schema {name} belongs to {state.mark or 'no request'}, not to {host}.",
            "Check `belongs_to`; grants can be added once that request is applied.",
        )
    if desired.origin.team not in state.properties.get(SHARED, "").split(","):
        raise RefusedChange(
            Reason.NOT_OURS,
            f"The request {host} does not share the schema {name} with the team {desired.origin.team}.",
            f"Ask its owner for `shared_with: [{desired.origin.team}]` in that request.",
        )


def _folder(location: str) -> str:
    return location.rstrip("/")
