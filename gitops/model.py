"""The models of the language taken apart: names of fields in files, types, bounds, and what is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache, reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct, structs

from gitops.kind import Ask


class FieldInfo(Struct, frozen=True):
    """A field of a model: ``key`` is its name in files, ``annotation`` its type and what is noted on it."""

    key: str
    annotation: Any
    required: bool
    ask: Ask | None


def fields_of(model: type[Struct]) -> Mapping[str, FieldInfo]:
    """The fields of a model by their names in files, in the order of the class. Cached."""
    return _fields_of(model)


@lru_cache(maxsize=256)
def _fields_of(model: type[Struct]) -> Mapping[str, FieldInfo]:
    hints = get_type_hints(model, include_extras=True)
    return {
        field.encode_name: FieldInfo(
            key=field.encode_name,
            annotation=hints[field.name],
            required=field.required,
            ask=next((item for item in noted(hints[field.name]) if isinstance(item, Ask)), None),
        )
        for field in structs.fields(model)
    }


def is_model(kind: Any) -> bool:
    """Whether a type is a model, that is: has fields of its own."""
    return isinstance(kind, type) and issubclass(kind, Struct)


def bare(kind: Any) -> Any:
    """A type without ``Annotated`` and without ``| None``."""
    while True:
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        elif get_origin(kind) in (Union, UnionType) and type(None) in get_args(kind):
            rest = [item for item in get_args(kind) if item is not type(None)]
            if len(rest) > 1:
                return reduce(or_, rest)
            kind = rest[0]
        else:
            return kind


def noted(kind: Any) -> Iterator[Any]:
    """What is noted on a type with ``Annotated``, looking through ``| None``."""
    if get_origin(kind) is Annotated:
        inner, *found = get_args(kind)
        yield from found
        yield from noted(inner)
    elif get_origin(kind) in (Union, UnionType):
        for item in get_args(kind):
            yield from noted(item)


def bounds(kind: Any) -> tuple[int | None, int | None]:
    """The smallest and the largest number a type allows."""
    metas = [item for item in noted(kind) if isinstance(item, Meta)]
    least = next((meta.ge for meta in metas if meta.ge is not None), None)
    most = next((meta.le for meta in metas if meta.le is not None), None)
    return (None if least is None else int(least)), (None if most is None else int(most))


def literals(kind: Any) -> Iterator[str]:
    """The text values of a ``Literal`` type, ``| None`` and ``Annotated`` around it ignored."""
    inner = bare(kind)
    if get_origin(inner) is Literal:
        yield from (str(value) for value in get_args(inner))


def entry_type(kind: Any) -> Any:
    """The type of the entries of a list; ``None`` where the type is no list."""
    inner = bare(kind)
    return get_args(inner)[0] if get_origin(inner) in (tuple, list, frozenset) else None
