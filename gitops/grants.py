"""Unity Catalog grants as values: privilege names in one spelling, and differences for each principal.

Sources: the list of privileges and securable objects of Unity Catalog, and the permissions API, which takes a
difference (``add``, ``remove``) for each principal and gives back what is granted directly.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

from msgspec import Struct

Mode = Literal["additive", "named", "authoritative"]
ALL = "ALL_PRIVILEGES"
MANAGE = "MANAGE"
"""To grant and to revoke; no request can ask for it."""

OLD_NAMES = {"USAGE": "USE_SCHEMA", "CREATE": "CREATE_TABLE"}
"""What privileges on a schema were called before privilege version 1.0."""

COVERED = frozenset(
    {
        "APPLY_TAG",
        "CREATE_FUNCTION",
        "CREATE_MATERIALIZED_VIEW",
        "CREATE_MODEL",
        "CREATE_TABLE",
        "CREATE_VOLUME",
        "EXECUTE",
        "MODIFY",
        "READ_VOLUME",
        "REFRESH",
        "SELECT",
        "USE_SCHEMA",
        "WRITE_VOLUME",
    }
)
"""What ``ALL_PRIVILEGES`` on a schema may read back as. It never covers ``MANAGE``."""

Grants = Mapping[str, frozenset[str]]
"""Privileges by principal."""


class Difference(Struct, frozen=True):
    """What one principal gets and loses; both sorted."""

    principal: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


def privilege(name: str) -> str:
    """``use schema``, ``USE_SCHEMA`` and ``USAGE`` are one privilege: ``USE_SCHEMA``."""
    plain = "_".join(name.replace("_", " ").split()).upper()
    return OLD_NAMES.get(plain, plain)


def privileges(names: Iterable[str]) -> frozenset[str]:
    """Privileges in one spelling."""
    return frozenset(privilege(name) for name in names)


def difference(
    wanted: Grants,
    live: Grants,
    mode: Mode,
    keep: Collection[str] = (),
    *,
    gave: Grants | None = None,
    others: Grants | None = None,
) -> tuple[Difference, ...]:
    """What leads from ``live`` to ``wanted``, one entry for each principal that changes, sorted.

    ``additive`` removes nothing, ``named`` makes the wanted principals hold exactly what is wanted,
    ``authoritative`` also takes everything from all others. ``gave`` is what was granted on behalf of this
    file before: of that, ``named`` takes from a principal that is wanted no more. Nothing is ever taken from
    a principal in ``keep`` (the deployer, who would lock itself out).

    ``others`` is what other files want of the same securable. It is neither granted nor taken here, so that
    two files never undo each other's work; where ``ALL_PRIVILEGES`` goes, under which it was held, it is
    granted by itself. Principals compare without case, since Databricks keeps the case somebody once typed.
    """
    by_name = {name.casefold(): (name, held) for name, held in union([live]).items()}
    kept = {name.casefold() for name in keep}
    spared, given = folded(others or {}), folded(gave or {})
    found: list[Difference] = []
    for name, asked in wanted.items():
        key = name.casefold()
        held = by_name.pop(key, (name, frozenset()))[1]
        may_remove = mode != "additive" and key not in kept
        found.append(_of_one(name, privileges(asked), held, spared.get(key, frozenset()), may_remove))
    for key, (name, held) in by_name.items():
        if mode == "additive" or key in kept:
            continue
        ours = held if mode == "authoritative" else _given(given.get(key, frozenset()), held)
        spare = spared.get(key, frozenset())
        found.append(_changed(name, frozenset(), _without(ours, spare), held, spare))
    return tuple(sorted((one for one in found if one.add or one.remove), key=lambda one: one.principal))


def folded(granted: Grants) -> dict[str, frozenset[str]]:
    """The same by principal in lower case, privileges in one spelling."""
    found: dict[str, frozenset[str]] = {}
    for name, held in granted.items():
        found[name.casefold()] = found.get(name.casefold(), frozenset()) | privileges(held)
    return found


def union(several: Iterable[Grants]) -> dict[str, frozenset[str]]:
    """What all of them grant together, each principal as it is written first."""
    names: dict[str, str] = {}
    found: dict[str, frozenset[str]] = {}
    for granted in several:
        for name, held in granted.items():
            first = names.setdefault(name.casefold(), name)
            found[first] = found.get(first, frozenset()) | privileges(held)
    return found


def _of_one(
    name: str, want: frozenset[str], held: frozenset[str], spare: frozenset[str], may_remove: bool
) -> Difference:
    """What a wanted principal gets and loses; ``ALL_PRIVILEGES`` covers each and may read back one by one."""
    remove = _without(held, want | spare) if may_remove else frozenset[str]()
    if ALL in want:
        add = want - held - COVERED - ({ALL} if held >= COVERED else frozenset())
    else:
        add = want - held - (COVERED if ALL in held - remove else frozenset())
    return _changed(name, add, remove, held, spare)


def _without(held: frozenset[str], target: frozenset[str]) -> frozenset[str]:
    """What is held beyond a target."""
    return held - target - (COVERED if ALL in target else frozenset())


def _given(gave: frozenset[str], held: frozenset[str]) -> frozenset[str]:
    """What is held of that which was given, which may read back one by one."""
    expanded = ALL in gave and ALL not in held and held >= COVERED
    return held & (gave | (COVERED if expanded else frozenset()))


def _changed(
    name: str, add: frozenset[str], remove: frozenset[str], held: frozenset[str], spare: frozenset[str]
) -> Difference:
    if ALL in remove:
        add |= (spare & COVERED) - held
    return Difference(name, tuple(sorted(add)), tuple(sorted(remove)))


def within(names: Iterable[str], held: frozenset[str]) -> tuple[str, ...]:
    """Those of the privileges that are held, one by one or by all of them; sorted."""
    return tuple(sorted(set(names) & (held | (COVERED if ALL in held else frozenset()))))


def shown(differences: Iterable[Difference], live: Grants) -> bool:
    """Whether every difference reads back: what was added is held, and what was removed is not."""
    by_name = folded(live)
    for one in differences:
        held = by_name.get(one.principal.casefold(), frozenset())
        implied = COVERED if ALL in held else frozenset({ALL}) if held >= COVERED else frozenset[str]()
        if not set(one.add) <= held | implied or set(one.remove) & held:
            return False
    return True


def applied(live: Grants, differences: Iterable[Difference]) -> dict[str, frozenset[str]]:
    """What stands after the differences were carried out; principals without privileges are not listed."""
    names = {name.casefold(): name for name in live}
    result = {name: privileges(held) for name, held in live.items()}
    for one in differences:
        name = names.get(one.principal.casefold(), one.principal)
        result[name] = privileges((result.get(name, frozenset()) - set(one.remove)) | set(one.add))
    return {name: held for name, held in result.items() if held}
