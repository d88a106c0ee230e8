"""What would change for a schema to be as the request wants it: pure, over what was read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Unpack

from gitops import grants
from gitops.kind import Desired, Held
from gitops.plan import Change, Further, Verb
from handlers._schema_fields import SchemaSpec, full_name
from handlers._schema_state import ABSENT, SchemaState, require_possible
from handlers._schema_wants import others_of, owner_of, properties_of, rules_of
from handlers._unity_grants import given_of, granting, staying, wanted_of


def plan(desired: Desired[SchemaSpec], state: SchemaState | None) -> Sequence[Change]:
    """Create or correct; then all grants at once, the use of the catalog, and last of all the owner."""
    current = state or ABSENT
    require_possible(desired, current)
    changes: list[Change] = []
    if not desired.spec.guest_of:
        changes += _corrections(desired, current) if current.stands else [_create(desired, current)]
    if current.held is not None:
        changes += _grants(desired, current, current.held)
        changes += _use_of_catalog(desired, current)
    if not desired.spec.guest_of:
        changes += _owner(desired, current)
    return changes


# --- the schema itself ------------------------------------------------------------------------------------


def _create(desired: Desired[SchemaSpec], state: SchemaState) -> Change:
    spec, origin = desired.spec, desired.origin
    return change(
        desired,
        "schema",
        Verb.CREATE,
        after={
            "catalog": spec.catalog.lower(),
            "name": spec.name.lower(),
            "comment": spec.comment or origin.purpose,
            "mark": origin.request,
            "properties": properties_of(desired),
            **({"storage_root": spec.storage_root} if spec.storage_root else {}),
        },
        summary=f"Create the schema {full_name(spec)}"
        + (f" with its files in {spec.storage_root}" if spec.storage_root else ""),
        details=tuple(_inherited(desired, state)),
    )


def _inherited(desired: Desired[SchemaSpec], state: SchemaState) -> Iterator[str]:
    """Who gets in without being named: what is granted on a catalog holds for every schema in it."""
    if state.inherited:
        who = "; ".join(f"{one} ({', '.join(sorted(held))})" for one, held in sorted(state.inherited.items()))
        yield f"By grants on the catalog {desired.spec.catalog.lower()}, these get at it as well: {who}."


def _corrections(desired: Desired[SchemaSpec], state: SchemaState) -> Iterator[Change]:
    spec = desired.spec
    properties = properties_of(desired)
    if properties != state.properties:
        adopted = not state.mark
        yield change(
            desired,
            "mark" if adopted else "properties",
            Verb.UPDATE,
            before={"properties": dict(state.properties)},
            after={"mark": desired.origin.request, "properties": properties},
            summary=f"Adopt the schema {full_name(spec)}"
            if adopted
            else f"Change properties of {full_name(spec)}: {_differing(state.properties, properties)}",
            details=tuple(_inherited(desired, state)) if adopted else (),
        )
    if spec.comment and spec.comment != state.comment:
        yield change(
            desired,
            "settings",
            Verb.UPDATE,
            before={"comment": state.comment},
            after={"comment": spec.comment},
            summary=f"Change the comment of {full_name(spec)}",
        )


def _differing(one: Mapping[str, str], other: Mapping[str, str]) -> str:
    return ", ".join(name for name in sorted({*one, *other}) if one.get(name) != other.get(name))


def _owner(desired: Desired[SchemaSpec], state: SchemaState) -> Iterator[Change]:
    """In its own call, after everything that needs the rights of an owner."""
    owner = owner_of(desired)
    if not owner or owner.casefold() == state.owner.casefold():
        return
    made_by = state.owner.casefold() == state.made_by.casefold()
    ours = made_by and state.mark == desired.origin.request
    yield change(
        desired,
        "owner",
        Verb.UPDATE,
        # Who makes it is not known when the plan is drawn, so whoever did is nobody in particular.
        before={"owner": "" if made_by else state.owner},
        after={"owner": owner},
        summary=f"Hand {full_name(desired.spec)} over to {owner}; Lakeport keeps MANAGE on it",
        details=(f"An owner can grant anything on {full_name(desired.spec)} to anybody, past every review.",),
        removes=() if ours or not state.owner else (f"{state.owner} is no longer the owner",),
    )


# --- grants -----------------------------------------------------------------------------------------------


def _grants(
    desired: Desired[SchemaSpec], state: SchemaState, held: Mapping[str, frozenset[str]]
) -> Iterator[Change]:
    """At most one change: what each principal gets and loses, and what it holds in the end."""
    wanted, gave = wanted_of(desired), given_of(desired)
    keep = {state.made_by, owner_of(desired) or state.owner, *rules_of(desired).untouched} - {""}
    # Who draws the plan is not always who applies it: of those who look, only what keeps them in is spared.
    managing = {one: frozenset({grants.MANAGE}) for one in keep | {state.planner}}
    named = {one.casefold() for one in (*wanted, *gave)}
    found = grants.difference(
        wanted,
        held,
        desired.spec.grants_mode,
        keep=[one for one in keep if one.casefold() not in named],
        gave=gave,
        others=grants.union([others_of(desired), managing]),
    )
    details = (*_still_held(desired, state, found), *_reported(desired, state, found))
    yield from granting(place_of(desired), found, held, kind="schema", details=details)


def _still_held(
    desired: Desired[SchemaSpec], state: SchemaState, found: Iterable[grants.Difference]
) -> Iterator[str]:
    """What somebody who loses a privilege keeps all the same, by a grant on the catalog."""
    above = grants.folded(state.inherited)
    for one in found:
        kept = grants.within(one.remove, above.get(one.principal.casefold(), frozenset()))
        if kept:
            yield (
                f"{one.principal} can {', '.join(kept)} all the same, by a grant on the catalog "
                f"{desired.spec.catalog.lower()}."
            )


def stays(desired: Desired[SchemaSpec], state: SchemaState) -> Iterator[Held]:
    """Who holds what on the schema that no request gave, but for those who keep it up."""
    return staying(
        desired,
        state.held or {},
        full_name(desired.spec),
        desired.spec.grants_mode,
        spared={state.made_by, state.planner, owner_of(desired) or state.owner, *rules_of(desired).untouched},
        others=others_of(desired),
    )


def _use_of_catalog(desired: Desired[SchemaSpec], state: SchemaState) -> Iterator[Change]:
    """Without ``USE_CATALOG`` nothing in the schema can be used; it is only ever granted."""
    if state.catalog_users is None or rules_of(desired).use_catalog == "reported":
        return
    catalog = desired.spec.catalog.lower()
    for principal in sorted(wanted_of(desired).keys() - state.catalog_users):
        yield change(
            desired,
            f"use-catalog:{principal}",
            Verb.CREATE,
            after={"catalog": catalog, "principal": principal},
            summary=f"Let {principal} use the catalog {catalog}, without which nothing in it can be used",
        )


def _reported(
    desired: Desired[SchemaSpec], state: SchemaState, found: Iterable[grants.Difference]
) -> Iterator[str]:
    """Who of those that gain something has the use of the catalog, and who needs it from somebody else."""
    catalog = desired.spec.catalog.lower()
    if state.catalog_users is None:
        yield f"Who can use the catalog {catalog} could not be seen; without it, nothing in it is of use."
        return
    gaining = {one.principal for one in found if one.add}
    for principal in sorted(wanted_of(desired)):
        if principal in state.catalog_users & gaining:
            yield f"{principal} can use the catalog {catalog} already."
        elif principal not in state.catalog_users and rules_of(desired).use_catalog == "reported":
            yield f"{principal} cannot use the catalog {catalog} yet: its owner has to grant USE_CATALOG."


def place_of(desired: Desired[SchemaSpec]) -> dict[str, str]:
    """What ``after`` of every change of a schema says."""
    return {"schema": full_name(desired.spec)}


def change(
    desired: Desired[SchemaSpec],
    action: str,
    verb: Verb,
    *,
    after: Mapping[str, Any],
    summary: str,
    **further: Unpack[Further],
) -> Change:
    """One change of a schema; ``after`` always names it."""
    return Change(
        kind="schema",
        identity=full_name(desired.spec),
        action=action,
        verb=verb,
        after={**place_of(desired), **after},
        summary=summary,
        **further,
    )
