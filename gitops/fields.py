"""The closed list of fields that can be asked for, for forms, the extractor and the reference page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, get_args, get_origin

from msgspec import Meta

from gitops.envelope import Metadata
from gitops.kind import AnyKind, Ask, Registry
from gitops.model import FieldInfo, bare, bounds, entry_type, fields_of, is_model, literals, noted
from gitops.order import in_order
from gitops.vocabulary import Email

FIRST = ("name", "team", "environment", "purpose", "business_owner", "data_classification", "expires")
"""The envelope's fields in the order in which people are asked; the others follow in the file's order."""

NOT_ASKED = ("requested_by", "lifecycle", "exceptions", "drift_ignored", "revision")
"""Fields of the envelope that follow from who talks, what becomes of the request and what reviewers allow."""

RESOURCES = "resources"
"""The pseudo path of the question what is wanted; its choices are the kinds."""


@dataclass(frozen=True)
class Field:
    """One field: ``path`` as in ``metadata.team`` or ``resources.repo.visibility``.

    ``type`` is one of text, integer, boolean, date, choice, choices, list, person, people, mapping, or the
    field's own name where it is a list of mappings (``grants``, ``access``); ``rights`` are then the values
    of the closed sets in its entries (``SELECT``, ``push``). ``example`` is a value as people write it.
    ``everyday`` are the choices that are words of other talk, too.
    """

    path: str
    kind: str | None
    name: str
    ask: Ask
    type: str
    choices: tuple[str, ...] = ()
    required: bool = False
    minimum: int | None = None
    maximum: int | None = None
    example: str = ""
    rights: tuple[str, ...] = ()
    everyday: tuple[str, ...] = ()


def catalogue(registry: Registry) -> Mapping[str, Field]:
    """Every field that can be asked for, by path, in the order of asking: those that have an ``Ask``."""
    return _catalogue(tuple(registry.values()))


@lru_cache(maxsize=32)
def _catalogue(kinds: tuple[AnyKind, ...]) -> Mapping[str, Field]:
    names = tuple(kind.name for kind in kinds)
    words = {alias: kind.name for kind in kinds for alias in kind.aliases}
    offered = "; ".join(f"`{kind.name}`: {kind.summary}" for kind in kinds)
    ask = Ask(
        label="Resources",
        help=f"What is needed. {offered}",
        default=False,
        infer=False,
        aliases=("what do you need",),
        words=words,
        meanings={kind.name: kind.summary for kind in kinds},
        question="What do you need?",
        why="Everything else depends on it.",
    )
    fields = [
        Field(
            RESOURCES,
            None,
            RESOURCES,
            ask,
            "choices",
            names,
            required=True,
            example=names[0] if names else "",
            everyday=tuple(kind.name for kind in kinds if kind.everyday),
        )
    ]
    fields += sorted(
        (field for field in _fields_of(Metadata, "metadata", None) if field.name not in NOT_ASKED),
        key=lambda field: FIRST.index(field.name) if field.name in FIRST else len(FIRST),
    )
    by_name = {kind.name: kind for kind in kinds}
    for name in in_order(by_name):
        fields += _fields_of(by_name[name].spec, f"resources.{name}", name)
    return {field.path: field for field in fields}


def _fields_of(model: Any, prefix: str, kind: str | None) -> Iterator[Field]:
    for key, info in fields_of(model).items():
        if info.ask is None:
            continue
        least, most = bounds(info.annotation)
        yield Field(
            path=f"{prefix}.{key}",
            kind=kind,
            name=key,
            ask=info.ask,
            type=_type(info),
            choices=_choices(info.annotation),
            required=info.required,
            minimum=least,
            maximum=most,
            example=_example(info.ask),
            rights=_rights(info.annotation),
        )


def _type(info: FieldInfo) -> str:
    kind, entry = bare(info.annotation), entry_type(info.annotation)
    if entry is not None:
        if _is_email(entry):
            return "people"
        if any(literals(entry)):
            return "choices"
        return info.key if is_model(bare(entry)) else "list"
    if _is_email(info.annotation):
        return "person"
    simple = {bool: "boolean", int: "integer", date: "date"}
    if kind in simple:
        return simple[kind]
    if any(literals(kind)):
        return "choice"
    return "mapping" if get_origin(kind) is not None or is_model(kind) else "text"


_EMAIL = next(item for item in get_args(Email) if isinstance(item, Meta)).pattern


def _is_email(kind: Any) -> bool:
    """Whether a text has the pattern of an address, looking through ``| None``."""
    return any(isinstance(item, Meta) and item.pattern == _EMAIL for item in noted(kind))


def _choices(kind: Any) -> tuple[str, ...]:
    return tuple(literals(kind)) or tuple(literals(entry_type(kind)))


def _rights(kind: Any) -> tuple[str, ...]:
    entry = bare(entry_type(kind))
    return (
        tuple(right for info in fields_of(entry).values() for right in _choices(info.annotation))
        if is_model(entry)
        else ()
    )


def _example(ask: Ask) -> str:
    """An example from the field's line of help."""
    found = re.search(r"(?:such as|like|e\.g\.) [`\"]?([^`\",;]+?)[`\"]?(?:[.,;]?\s|[.,;]?$)", ask.help)
    marked = re.search(r"`([^`]+)`", ask.help)
    return marked[1] if marked else found[1] if found else ""
