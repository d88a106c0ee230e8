"""Unity Catalog grants as values: privilege names in one spelling, and differences for each principal.

Sources: the list of privileges and securable objects of Unity Catalog, and the permissions API, which takes a
difference (``add``, ``remove``) for each principal and gives back what is granted directly.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Mode = Literal["additive", "named", "authoritative"]
ALL = "ALL_PRIVILEGES"

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


@dataclass(frozen=True)
class Difference:
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
    wanted: Grants, live: Grants, mode: Mode, keep: Collection[str] = ()
) -> tuple[Difference, ...]:
    """What leads from ``live`` to ``wanted``, one entry for each principal that changes, sorted.

    ``additive`` removes nothing, ``named`` makes the wanted principals hold exactly what is wanted,
    ``authoritative`` also takes everything from all others. Nothing is ever taken from a principal in
    ``keep`` (the deployer, who would lock itself out). Principals compare without case, since Databricks
    keeps the case somebody once typed.
    """
    by_name = {name.casefold(): (name, privileges(held)) for name, held in live.items()}
    kept = {name.casefold() for name in keep}
    found: list[Difference] = []
    for name, asked in wanted.items():
        held = by_name.pop(name.casefold(), (name, frozenset()))[1]
        may_remove = mode != "additive" and name.casefold() not in kept
        add, remove = _of_one(privileges(asked), held, may_remove)
        if add or remove:
            found.append(Difference(name, tuple(sorted(add)), tuple(sorted(remove))))
    if mode == "authoritative":
        found += [
            Difference(name, (), tuple(sorted(held)))
            for key, (name, held) in by_name.items()
            if key not in kept and held
        ]
    return tuple(sorted(found, key=lambda one: one.principal))


def _of_one(
    want: frozenset[str], held: frozenset[str], may_remove: bool
) -> tuple[frozenset[str], frozenset[str]]:
    """What to add and to remove; ``ALL_PRIVILEGES`` may read back one by one, and covers each of them."""
    covered = COVERED if ALL in held else frozenset[str]()
    if ALL in want:
        add = want - held - COVERED - ({ALL} if held >= COVERED else frozenset())
        remove = held - want - COVERED
    else:
        add = want - held - (frozenset() if may_remove else covered)
        remove = held - want
    return add, remove if may_remove else frozenset()


def applied(live: Grants, differences: Iterable[Difference]) -> dict[str, frozenset[str]]:
    """What stands after the differences were carried out; principals without privileges are not listed."""
    names = {name.casefold(): name for name in live}
    result = {name: privileges(held) for name, held in live.items()}
    for one in differences:
        name = names.get(one.principal.casefold(), one.principal)
        result[name] = privileges((result.get(name, frozenset()) - set(one.remove)) | set(one.add))
    return {name: held for name, held in result.items() if held}
