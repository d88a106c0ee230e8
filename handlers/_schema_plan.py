"""What would change for a schema to be as the request wants it: pure, over what was read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gitops import grants
from gitops.kind import Desired, require_ours
from gitops.plan import Change, Reason, RefusedChange, Verb
from handlers._schema_fields import SchemaSpec, full_name


@dataclass(frozen=True, kw_only=True)
class SchemaState:
    """What stands, only what we manage.

    ``stands`` is false when there is no schema, but something to say of what it needs. ``held`` are the
    privileges granted directly on the schema, by principal; ``catalog_users`` the wanted principals that can
    use the catalog already. ``content`` names one thing of each sort in it, only looked up to retire it.
    """

    stands: bool = True
    mark: str = ""
    comment: str = ""
    held: Mapping[str, frozenset[str]] = field(default_factory=dict)
    catalog_users: frozenset[str] = frozenset()
    missing_groups: tuple[str, ...] = ()
    missing_catalog: bool = False
    deployer: str = ""
    content: tuple[str, ...] = ()
    url: str = ""


def plan(desired: Desired[SchemaSpec], state: SchemaState | None) -> Sequence[Change]:
    """Create or correct, then the use of the catalog, then all grants at once."""
    if state is not None:
        _refuse_where_wrong(desired, state)
    current = state or SchemaState(stands=False)
    changes = list(_corrections(desired, current)) if current.stands else [_create(desired)]
    catalog = desired.spec.catalog.lower()
    for principal in sorted({grant.principal for grant in desired.spec.grants} - current.catalog_users):
        changes.append(
            _change(
                desired,
                f"use-catalog:{principal}",
                Verb.CREATE,
                after={"catalog": catalog, "principal": principal},
                summary=f"Let {principal} use the catalog {catalog}, without which nothing in it can be used",
            )
        )
    changes += _grants(desired, current)
    return changes


def _refuse_where_wrong(desired: Desired[SchemaSpec], state: SchemaState) -> None:
    spec = desired.spec
    if state.missing_catalog:
        raise RefusedChange(
            Reason.MISSING,
            f"There is no catalog {spec.catalog}, or this credential cannot see it.",
            "Lakeport makes no catalogs: ask the platform team for it.",
        )
    if state.missing_groups:
        raise RefusedChange(
            Reason.MISSING,
            f"There is no account-level group {', '.join(state.missing_groups)}.",
            "Check the spelling; a group of the workspace alone cannot be granted anything in Unity Catalog.",
        )
    if state.stands:
        require_ours(desired, f"the schema {full_name(spec)}", state.mark)


def _create(desired: Desired[SchemaSpec]) -> Change:
    spec, origin = desired.spec, desired.origin
    return _change(
        desired,
        "schema",
        Verb.CREATE,
        after={
            "catalog": spec.catalog.lower(),
            "name": spec.name.lower(),
            "comment": spec.comment or origin.purpose,
            "mark": origin.request,
        },
        summary=f"Create the schema {full_name(spec)}",
    )


def _corrections(desired: Desired[SchemaSpec], state: SchemaState) -> Iterator[Change]:
    spec, origin = desired.spec, desired.origin
    if not state.mark:
        yield _change(
            desired,
            "mark",
            Verb.UPDATE,
            before={"mark": ""},
            after={"mark": origin.request},
            summary=f"Adopt the schema {full_name(spec)}",
        )
    if spec.comment and spec.comment != state.comment:
        yield _change(
            desired,
            "settings",
            Verb.UPDATE,
            before={"comment": state.comment},
            after={"comment": spec.comment},
            summary=f"Change the comment of {full_name(spec)}",
        )


def _grants(desired: Desired[SchemaSpec], state: SchemaState) -> Iterator[Change]:
    """At most one change: what each principal gets and loses, and what it holds in the end."""
    spec = desired.spec
    wanted = {grant.principal: frozenset[str](grant.privileges) for grant in spec.grants}
    found = grants.difference(wanted, state.held, spec.grants_mode, keep=(state.deployer,))
    if not found:
        return
    live = {name.casefold(): held for name, held in state.held.items()}
    before = {one.principal: live.get(one.principal.casefold(), frozenset()) for one in found}
    after = grants.applied(before, found)
    words = [
        " and ".join(
            part
            for part in (
                f"grant {', '.join(one.add)}" if one.add else "",
                f"take away {', '.join(one.remove)}" if one.remove else "",
            )
            if part
        )
        for one in found
    ]
    yield _change(
        desired,
        "grants",
        Verb.UPDATE if any(before.values()) else Verb.CREATE,
        before={"grants": {name: sorted(held) for name, held in before.items()}},
        after={
            "grants": {name: sorted(after.get(name, ())) for name in before},
            "changes": [
                {"principal": one.principal, "add": list(one.add), "remove": list(one.remove)}
                for one in found
            ],
            "additive": spec.grants_mode == "additive",
        },
        summary=f"{full_name(spec)}: "
        + "; ".join(f"{one.principal}: {word}" for one, word in zip(found, words, strict=True)),
        removes=tuple(f"{one.principal} loses {name}" for one in found for name in one.remove),
    )


def _change(
    desired: Desired[SchemaSpec],
    action: str,
    verb: Verb,
    *,
    before: Any = None,
    after: Mapping[str, Any],
    summary: str,
    removes: Iterable[str] = (),
) -> Change:
    name = full_name(desired.spec)
    return Change(
        kind="schema",
        identity=name,
        action=action,
        verb=verb,
        before=before,
        after={"schema": name, **after},
        summary=summary,
        removes=tuple(removes),
    )


def retire(desired: Desired[SchemaSpec], state: SchemaState) -> Sequence[Change]:
    """Drop it, if nothing is in it. What was granted on the catalog stays: others may need it."""
    if not state.stands:
        return ()
    name = full_name(desired.spec)
    if state.mark != desired.origin.request:
        raise RefusedChange(
            Reason.NOT_OURS,
            f"The schema {name} does not belong to this request and is left alone.",
            "Nothing needs to be done: set `lifecycle: retired` once the rest is gone.",
        )
    if state.content:
        raise RefusedChange(
            Reason.NOT_EMPTY,
            f"The schema {name} is not empty: it holds {', '.join(state.content)}.",
            "Move or drop what is in it first; Lakeport never deletes data.",
        )
    return (
        _change(
            desired,
            "schema",
            Verb.REMOVE,
            before={"mark": state.mark},
            after={"mark": desired.origin.request},
            summary=f"Drop the empty schema {name}",
        ),
    )
