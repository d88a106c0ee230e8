"""Taking a schema away in stages: nobody makes anything new in it, who had access loses it, then it goes.

What was granted on the catalog stays: others may need it. What other requests want of the schema stays too,
as long as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitops import grants
from gitops.kind import Desired
from gitops.ownership import require_ours_to_retire
from gitops.plan import Change, Stage, Verb
from handlers._schema_fields import SchemaSpec, full_name
from handlers._schema_plan import change, place_of
from handlers._schema_state import SchemaState, require_seen
from handlers._schema_wants import others_of
from handlers._unity_grants import given_of, granting, wanted_of

CREATING = frozenset(name for name in grants.COVERED if name.startswith("CREATE_"))


def retire(desired: Desired[SchemaSpec], state: SchemaState) -> Sequence[Change]:
    """Freeze, revoke, drop; of a schema that another request owns, only what this one gave is revoked.

    What it holds now keeps nobody from being locked out of it; the drop itself looks again.

    Raises:
        RefusedChange: it is not ours.
    """
    require_seen(desired, state)
    if not state.stands:
        return ()
    name, request = full_name(desired.spec), desired.origin.request
    if desired.spec.guest_of:
        return tuple(_access(desired, state)) if state.mark == desired.spec.guest_of else ()
    require_ours_to_retire(desired, f"the schema {name}", state.mark)
    drop = change(
        desired,
        "schema",
        Verb.REMOVE,
        before={"mark": state.mark},
        after={"mark": request},
        summary=f"Drop the schema {name}, if it is empty by then",
        details=tuple(_content(state)),
        stage=Stage.DROP,
    )
    return (*_access(desired, state), drop)


def _content(state: SchemaState) -> Iterator[str]:
    if state.content:
        yield (
            f"It holds {', '.join(state.content)} now. Lakeport never deletes data: what is still in it then "
            "has to be moved or dropped first."
        )


def _access(desired: Desired[SchemaSpec], state: SchemaState) -> Iterator[Change]:
    """First what lets people make things, then all the rest that was given."""
    others, held, place = others_of(desired), state.held or {}, place_of(desired)
    given = grants.union([given_of(desired), wanted_of(desired)])
    making = {who: names & (CREATING | {grants.ALL}) for who, names in given.items()}
    keeps = {who: grants.COVERED - CREATING for who, names in given.items() if grants.ALL in names}
    frozen = grants.difference({}, held, "named", gave=making, others=grants.union([others, keeps]))
    yield from granting(place, frozen, held, kind="schema", action="freeze", stage=Stage.FREEZE)
    left = grants.applied(held, frozen)
    everything = {
        who: names | (grants.COVERED if grants.ALL in names else frozenset()) for who, names in given.items()
    }
    revoked = grants.difference({}, left, "named", gave=everything, others=others)
    yield from granting(place, revoked, left, kind="schema", action="revoke", stage=Stage.REVOKE)
