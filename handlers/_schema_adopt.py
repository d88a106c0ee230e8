"""What the file would say of a schema that was changed by hand, where its owner keeps it so: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from gitops import grants
from gitops.kind import Desired
from handlers._schema_fields import Privilege, SchemaSpec
from handlers._schema_plan import plan
from handlers._schema_state import SchemaState
from handlers._schema_wants import others_of

SAYABLE = frozenset(get_args(Privilege))


def adopt(desired: Desired[SchemaSpec], state: SchemaState) -> Mapping[str, Any]:
    """The comment, and what the groups hold; what drifted is read off the plan that would bring it back."""
    found: dict[str, Any] = {}
    for change in plan(desired, state):
        if change.action == "settings":
            found["comment"] = change.before["comment"]
        elif change.action == "grants":
            found["grants"] = list(_grants(desired, change.before["grants"], change.after["changes"]))
    return found


def _grants(
    desired: Desired[SchemaSpec], held: Mapping[str, Any], changes: list[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    """The entries of the file as what is held says, then those whom only ``authoritative`` looks at.

    Members hold what the policy gives them; no entry of theirs belongs in the file.
    """
    drifted = {one["principal"].casefold(): one for one in changes}
    spared = grants.folded(others_of(desired))
    for entry in desired.spec.grants:
        one = drifted.pop(entry.principal.casefold(), None)
        wanted = [*dict.fromkeys(entry.privileges)]
        if one is not None:
            wanted = _kept(wanted, one, held[one["principal"]], spared)
        if wanted:
            yield {"principal": entry.principal, "privileges": wanted}
    members = {email.casefold() for email in desired.origin.members}
    for key, one in drifted.items():
        extra = sorted(SAYABLE & set(one["remove"]))
        if key not in members and extra:
            yield {"principal": one["principal"], "privileges": extra}


def _kept(
    wanted: list[Any], change: Mapping[str, Any], held: list[str], spared: Mapping[str, frozenset[str]]
) -> list[Any]:
    """What an entry says once it follows: without what is not held, with what is held besides."""
    lost, more = set(change["add"]), set(change["remove"])
    if grants.ALL in lost:  # under it nothing else was looked at
        more |= set(held) - spared.get(change["principal"].casefold(), frozenset())
    stays = [name for name in wanted if name not in lost]
    return [*stays, *sorted((SAYABLE & more) - set(stays))]
