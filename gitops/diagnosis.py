"""Everything that keeps plain data from being a model of the language, in words for the person who wrote it.

What ``msgspec.convert`` refuses is found here, and nothing else: the data is walked beside the types.
"""

from __future__ import annotations

import json
import re
from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import islice
from typing import Any, get_args

from msgspec import Struct, inspect, structs

from gitops.kind import Ask
from gitops.model import bare, entry_type, fields_of
from gitops.yamltext import MAX_FINDINGS, Path, path_text

_SHOWN = 60
_NO_ASK = Ask(label="", help="")
_MERGE = "<<"
"""The merge key, which does not exist here; what it should bring along nobody calls missing."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where in the data, a sentence, and what to do.

    ``suffix`` tells sorts apart (``-missing``, ``-unknown``, ``-kind``); ``at_key``: it is the key
    that is wrong, not its value. ``meant`` is what was probably meant, ``wanted`` the type of what should be
    there.
    """

    path: Path
    message: str
    hint: str = ""
    suffix: str = ""
    at_key: bool = False
    meant: str | None = None
    wanted: inspect.Type | None = None


def problems(data: Any, model: type[Struct]) -> Iterator[Problem]:
    """Everything in the data that the model does not allow."""
    yield from _any(data, _shape(model), (), _NO_ASK)


def problem_of_value(value: Any, model: type[Struct], key: str) -> Problem | None:
    """The first thing that is wrong with the value of one field of a model; the path starts at the value."""
    shape: Any = _shape(model)
    kind = next(field.type for field in shape.fields if field.encode_name == key)
    info = fields_of(model)[key]
    return next(_any(value, _as_written(kind, info.annotation), (key,), info.ask or _NO_ASK), None)


@lru_cache(maxsize=64)
def _shape(model: type[Struct]) -> inspect.Type:
    return inspect.type_info(model)


def _as_written(kind: inspect.Type, annotation: Any) -> inspect.Type:
    """The type with the choices of a ``Literal`` in their own order; msgspec sorts them."""
    match kind:
        case inspect.Metadata():
            return structs.replace(kind, type=_as_written(kind.type, annotation))
        case inspect.UnionType():
            return structs.replace(kind, types=tuple(_as_written(one, annotation) for one in kind.types))
        case inspect.VarTupleType():
            return structs.replace(kind, item_type=_as_written(kind.item_type, entry_type(annotation)))
        case inspect.LiteralType():
            choices = get_args(bare(annotation))
            return structs.replace(kind, values=choices) if set(choices) == set(kind.values) else kind
        case _:
            return kind


def _any(value: Any, kind: inspect.Type, path: Path, ask: Ask) -> Iterator[Problem]:
    match kind:
        case inspect.Metadata():
            yield from _any(value, kind.type, path, ask)
        case inspect.UnionType():
            yield from _union(value, kind, path, ask)
        case inspect.StructType():
            yield from _struct(value, kind, path, ask)
        case inspect.VarTupleType():
            yield from _list(value, kind, path, ask)
        case inspect.DictType():
            yield from _mapping(value, kind, path, ask)
        case inspect.AnyType():
            return
        case _:
            if wrong := _scalar(value, kind, _name(path), ask):
                yield Problem(path, *wrong[:2], meant=wrong[2], wanted=kind)


def _name(path: Path) -> str:
    """What a sentence calls the value at a path."""
    if not path:
        return "The file"
    return path[-1] if isinstance(path[-1], str) else path_text(path[-2:])


# --- collections ----------------------------------------------------------------------------------


def _union(value: Any, kind: inspect.UnionType, path: Path, ask: Ask) -> Iterator[Problem]:
    """One of several models told apart by their tag, or a type that may be left empty."""
    members = [member for member in kind.types if not isinstance(member, inspect.NoneType)]
    if len(members) < len(kind.types) and value is None:
        return
    if len(members) == 1:
        yield from _any(value, members[0], path, ask)
        return
    tagged = {member.tag: member for member in members if isinstance(member, inspect.StructType)}
    if not isinstance(value, dict):
        yield Problem(path, *_no_mapping(value, path, ask), wanted=kind)
        return
    yield from _tagged(value, {str(tag): member for tag, member in tagged.items()}, path, ask)


def _tagged(
    value: dict[str, Any], members: dict[str, inspect.StructType], path: Path, ask: Ask
) -> Iterator[Problem]:
    from gitops.suggest import nearest

    field = str(next(iter(members.values())).tag_field)
    tag = value.get(field)
    if tag is None and _MERGE in value:
        yield _unknown(_MERGE, None, [field], path)
    elif tag is None:
        kinds = f"Start it with `{field}:`. Kinds are {_listed(members)}."
        yield Problem(
            (*path, field), "The resource does not say its kind.", kinds, "-kind", field not in value
        )
    elif isinstance(tag, str) and tag in members:
        yield from _struct(value, members[tag], path, ask)
    else:
        close = nearest(str(tag), members)
        hint = f"{f'Did you mean {close}? ' if close else ''}Kinds are {_listed(members)}."
        message = f"There is no kind of resource called {_shown(tag)}."
        yield Problem((*path, field), message, hint, "-kind", meant=close)


def _struct(value: Any, kind: inspect.StructType, path: Path, ask: Ask) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(path, *_no_mapping(value, path, ask), wanted=kind)
        return
    if kind.tag_field is not None and value.get(kind.tag_field) != kind.tag:
        yield from _tagged(value, {str(kind.tag): kind}, path, ask)
        return
    fields = fields_of(kind.cls)
    asks = {key: info.ask or _NO_ASK for key, info in fields.items()}
    names = [*([kind.tag_field] if kind.tag_field else []), *asks]
    strange = islice((key for key in value if key not in names), MAX_FINDINGS)
    unknown = {key: _meant(key, names, value) for key in strange}
    for field in kind.fields:
        key = field.encode_name
        if key in value:
            written = _as_written(field.type, fields[key].annotation)
            yield from _any(value[key], written, (*path, key), asks[key])
        elif field.required and key not in unknown.values() and _MERGE not in value:
            message, hint = f"The field {key} is missing.", f"Add `{key}:`. {asks[key].help}"
            yield Problem((*path, key), message, hint, "-missing", at_key=True, wanted=field.type)
    for key, meant in unknown.items():
        yield _unknown(key, meant, names, path)


def _unknown(key: str, meant: str | None, names: Iterable[str], path: Path) -> Problem:
    hint = f"Did you mean {meant}?" if meant else f"Fields here are {_listed(names)}."
    message = f"The field {_shown(key)} does not exist here."
    return Problem((*path, key), message, hint, "-unknown", at_key=True, meant=meant)


def _meant(key: str, names: Iterable[str], value: dict[str, Any]) -> str | None:
    """The field that an unknown one was probably meant to be, rather one that is not there yet."""
    from gitops.suggest import nearest

    return nearest(key, [name for name in names if name not in value]) or nearest(key, names)


def _no_mapping(value: Any, path: Path, ask: Ask) -> tuple[str, str]:
    return f"{_name(path)} must be a mapping of fields to values, not {_shown(value)}.", ask.help


def _list(value: Any, kind: inspect.VarTupleType, path: Path, ask: Ask) -> Iterator[Problem]:
    name = _name(path)
    if not isinstance(value, list | tuple):
        hint = f"Write `[…]`, or one entry per line. {ask.help}"
        yield Problem(path, f"{name} must be a list, not {_shown(value)}.", hint, wanted=kind)
        return
    if kind.min_length is not None and len(value) < kind.min_length:
        message = f"{name} must have at least {_entries(kind.min_length)}; it has {len(value)}."
        yield Problem(path, message, ask.help or "Add one.", wanted=kind)
    if kind.max_length is not None and len(value) > kind.max_length:
        message = f"{name} must have at most {_entries(kind.max_length)}; it has {len(value)}."
        yield Problem(path, message, f"Leave some out, or split the file. {ask.help}", wanted=kind)
    for index, entry in enumerate(value):
        yield from _any(entry, kind.item_type, (*path, index), ask)


def _entries(count: int) -> str:
    return f"{count} entr{'y' if count == 1 else 'ies'}"


def _mapping(value: Any, kind: inspect.DictType, path: Path, ask: Ask) -> Iterator[Problem]:
    name = _name(path)
    if not isinstance(value, dict):
        yield Problem(path, *_no_mapping(value, path, ask), wanted=kind)
        return
    if len(value) < (kind.min_length or 0) or (kind.max_length is not None and len(value) > kind.max_length):
        least = len(value) < (kind.min_length or 0)
        bound = f"at {'least' if least else 'most'} {kind.min_length if least else kind.max_length}"
        yield Problem(path, f"{name} must have {bound} fields; it has {len(value)}.", ask.help)
    for key, entry in value.items():
        if wrong := _scalar(key, kind.key_type, f"A name under {path_text(path)}", ask):
            yield Problem((*path, key), *wrong[:2], at_key=True)
        else:
            yield from _any(entry, kind.value_type, (*path, key), ask)


# --- single values --------------------------------------------------------------------------------


def _scalar(value: Any, kind: inspect.Type, name: str, ask: Ask) -> tuple[str, str, str | None] | None:
    """Sentence, hint and what was probably meant, for a value that is wrong; ``None`` where it is right."""
    if isinstance(kind, inspect.LiteralType):
        return _literal(value, [str(choice) for choice in kind.values], name)
    wrong = _unlike(value, kind, name, ask)
    return (*wrong, None) if wrong else None


def _unlike(value: Any, kind: inspect.Type, name: str, ask: Ask) -> tuple[str, str] | None:
    match kind:
        case inspect.StrType():
            return _text(value, kind, name, ask)
        case inspect.IntType():
            return _integer(value, kind, name, ask)
        case inspect.BoolType() if not isinstance(value, bool):
            message = f"{name} must be true or false, not {_shown(value)}."
            return message, "Write true or false, without quotes."
        case inspect.DateType():
            return _date(value, name)
        case inspect.DecimalType() if not _is_decimal(value):
            return f"{name} must be a number, not {_shown(value)}.", 'Write it in quotes, such as "12.50".'
        case _:
            return None


def _literal(value: Any, choices: list[str], name: str) -> tuple[str, str, str | None] | None:
    from gitops.suggest import nearest

    if isinstance(value, str) and value in choices:
        return None
    close = nearest(str(value), choices)
    every = f"Use {_listed(choices, last='or')}."
    hint = every if close is None else f"Did you mean {close}?"
    return f"{name} cannot be {_shown(value)}.", hint, close


def _text(value: Any, kind: inspect.StrType, name: str, ask: Ask) -> tuple[str, str] | None:
    if value is None:
        return f"{name} is empty.", f"Write a value, or leave the line out. {ask.help}"
    if isinstance(value, bool | int):
        return f"{name} must be text, and {_shown(value)} is not.", f'Put it in quotes: "{_shown(value)}".'
    if not isinstance(value, str):
        return f"{name} must be text.", ask.help
    least, most = kind.min_length, kind.max_length
    if (least is not None and len(value) < least) or (most is not None and len(value) > most):
        word, bound = ("least", least) if least is not None and len(value) < least else ("most", most)
        words = f"at {word} {bound} character{'s' if bound != 1 else ''}"
        return f"{name} must have {words}; it has {len(value)}.", ask.help
    if kind.pattern is not None and not re.search(kind.pattern, value):
        return f"{_shown(value)} is not a valid {name}.", ask.help or f"It must match {kind.pattern}."
    return None


def _integer(value: Any, kind: inspect.IntType, name: str, ask: Ask) -> tuple[str, str] | None:
    if not isinstance(value, int) or isinstance(value, bool):
        hint = "Write a number without quotes, leading zeros or separators, such as 4."
        return f"{name} must be a whole number, not {_shown(value)}.", hint
    if kind.ge is not None and value < kind.ge:
        return f"{name} must be at least {kind.ge}; it is {value}.", ask.help
    if kind.le is not None and value > kind.le:
        return f"{name} must be at most {kind.le}; it is {value}.", ask.help
    return None


def _date(value: Any, name: str) -> tuple[str, str] | None:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        message = f"{name} must be a date, not {_shown(value)}."
        return message, "Write it as year-month-day, such as 2027-04-30."
    try:
        date.fromisoformat(value)
    except ValueError:
        year, month = int(value[:4]), int(value[5:7])
        last = f"{value[:8]}{monthrange(year, month)[1]}" if year and 1 <= month <= 12 else ""
        hint = f"The month ends on {last}." if last else "Write it as year-month-day, such as 2027-04-30."
        return f"The calendar has no {value}.", hint
    return None


def _is_decimal(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return False
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _listed(words: Iterable[str], last: str = "and") -> str:
    items = list(words)
    return f"{', '.join(items[:-1])} {last} {items[-1]}" if len(items) > 1 else "".join(items)


def _shown(value: Any) -> str:
    """A value as it stands in the file, shortened."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
