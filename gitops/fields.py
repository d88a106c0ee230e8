"""The closed list of fields that can be asked for, for forms, the extractor and the reference page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from gitops import explain
from gitops.envelope import Metadata
from gitops.kind import AnyKind, Ask, Registry
from gitops.order import in_order
from gitops.vocabulary import Email

FIRST = ("name", "team", "environment", "purpose", "business_owner", "data_classification", "expires")
"""The envelope's fields in the order in which people are asked; the others follow in the file's order."""

NOT_ASKED = ("requested_by", "lifecycle")
"""Fields of the envelope that follow from who talks and what becomes of the request."""

RESOURCES = "resources"
"""The pseudo path of the question what is wanted; its choices are the kinds."""


@dataclass(frozen=True)
class Field:
    """One field: ``path`` as in ``metadata.team`` or ``resources.repo.visibility``.

    ``type`` is one of text, integer, boolean, date, choice, choices, list, person, people, mapping, or the
    field's own name where it is a list of mappings (``grants``, ``access``). ``example`` is a value as people
    write it.
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


def _fields_of(model: type[BaseModel], prefix: str, kind: str | None) -> Iterator[Field]:
    for name, info in model.model_fields.items():
        ask = explain.ask_of(info)
        if ask is None:
            continue
        bounds = _bounds(info)
        yield Field(
            path=f"{prefix}.{info.alias or name}",
            kind=kind,
            name=info.alias or name,
            ask=ask,
            type=_type(info, name),
            choices=_choices(info.annotation),
            required=info.is_required(),
            minimum=bounds[0],
            maximum=bounds[1],
            example=_example(info, ask),
        )


def _type(info: FieldInfo, name: str) -> str:
    kind = explain.bare(info.annotation)
    if _is_email(info.annotation, info.metadata):
        return "person"
    if kind is bool:
        return "boolean"
    if kind is int:
        return "integer"
    if kind is date:
        return "date"
    if any(explain.literals(kind)):
        return "choice"
    if get_origin(kind) in (tuple, list, frozenset):
        entry = get_args(kind)[0]
        if _is_email(entry, ()):
            return "people"
        if any(explain.literals(entry)):
            return "choices"
        bare = explain.bare(entry)
        return name if isinstance(bare, type) and issubclass(bare, BaseModel) else "list"
    if get_origin(kind) is not None or (isinstance(kind, type) and issubclass(kind, Mapping | BaseModel)):
        return "mapping"
    return "text"


_EMAIL = next(item for item in get_args(Email) if isinstance(item, StringConstraints)).pattern


def _is_email(kind: Any, metadata: Any) -> bool:
    """Whether a text has the pattern of an address, looking through ``| None``."""
    constraints = [*metadata, *explain.annotated_with(kind)]
    return any(getattr(item, "pattern", None) == _EMAIL for item in constraints)


def _choices(kind: Any) -> tuple[str, ...]:
    own = tuple(explain.literals(kind))
    if own:
        return own
    bare = explain.bare(kind)
    return tuple(explain.literals(get_args(bare)[0])) if get_origin(bare) in (tuple, list, frozenset) else ()


def _bounds(info: FieldInfo) -> tuple[int | None, int | None]:
    low: int | None = None
    high: int | None = None
    for item in [*info.metadata, *explain.annotated_with(info.annotation)]:
        match item:
            case Ge(ge=int(bound)):
                low = bound
            case Gt(gt=int(bound)):
                low = bound + 1
            case Le(le=int(bound)):
                high = bound
            case Lt(lt=int(bound)):
                high = bound - 1
            case FieldInfo():
                inner = _bounds(item)
                low, high = (inner[0] if low is None else low), (inner[1] if high is None else high)
            case _:
                continue
    return low, high


def _example(info: FieldInfo, ask: Ask) -> str:
    """An example from the field itself, or from its line of help."""
    if info.examples:
        return str(info.examples[0])
    found = re.search(r"(?:such as|like|e\.g\.) [`\"]?([^`\",;]+?)[`\"]?(?:[.,;]?\s|[.,;]?$)", ask.help)
    marked = re.search(r"`([^`]+)`", ask.help)
    return marked[1] if marked else found[1] if found else ""
