"""Pydantic's complaints as findings: each a sentence for a person, at its place in the file.

A model is validated in JSON mode, strictly: nothing is converted but ISO dates, lists to tuples, and numbers
and text to decimals.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from gitops.errors import InvalidRequest
from gitops.finding import Finding, Severity
from gitops.kind import Ask
from gitops.yamlfile import Document, Path, path_text

M = TypeVar("M", bound=BaseModel)
_SHOWN = 60
_BOUNDS = {
    "greater_than_equal": "at least",
    "greater_than": "more than",
    "less_than_equal": "at most",
    "less_than": "less than",
}


def validate(model: type[M], document: Document, *, rule: str = "schema") -> M:
    """The document as a model.

    Raises:
        InvalidRequest: with one finding for each complaint; rule ids start with ``rule``.
    """
    try:
        return model.model_validate_json(json.dumps(document.data))
    except ValidationError as error:
        raise InvalidRequest(explain(error, model, document, rule)) from None


def explain(error: ValidationError, model: type[BaseModel], document: Document, rule: str) -> list[Finding]:
    """The findings of a failed validation, in the order of the file."""
    items = [item for item in error.errors(include_url=False) if not _echo(item)]
    findings = {_finding(item, model, document, rule): None for item in items}
    return sorted(findings, key=lambda finding: finding.sort_key)


def _echo(item: Mapping[str, Any]) -> bool:
    """Whether a list is only called too short because its entries have complaints of their own."""
    return bool(item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"])


def _finding(item: Mapping[str, Any], model: type[BaseModel], document: Document, rule: str) -> Finding:
    loc = tuple(item["loc"])
    path, owner = _locate(loc, model, document.data)
    kind, context, value = item["type"], item.get("ctx", {}), item["input"]
    suffix, at_key = "", loc[-1:] == ("[key]",)
    field = _field(owner, path[-1]) if path else None
    ask = ask_of(field) if field else None
    name = str(path[-1]) if path and isinstance(path[-1], str) else path_text(path[-2:]) or "The file"
    if at_key:
        name = f"A name under {path_text(path[:-1])}"
    if kind == "missing":
        suffix, at_key = "-missing", True
        message = f"The field {name} is missing."
        hint = f"Add `{name}:`. {ask.help}" if ask else f"Add `{name}:`."
    elif kind == "extra_forbidden":
        suffix, at_key = "-unknown", True
        message = f"The field {_shown(name)} does not exist here."
        hint = _nearest(name, _names(owner)) or f"Fields here are {_listed(_names(owner))}."
    elif kind in ("union_tag_invalid", "union_tag_not_found"):
        suffix, message, hint = "-kind", *_kind_problem(kind, context, value)
        path = (*path, str(context["discriminator"]).strip("'"))
    else:
        message, hint = _value_problem(kind, context, value, name, ask)
    place = document.key_place(path) if at_key else document.place(path)
    return Finding(f"{rule}{suffix}", Severity.ERROR, message, place, hint.strip())


def _value_problem(
    kind: str, context: Mapping[str, Any], value: Any, name: str, ask: Ask | None
) -> tuple[str, str]:
    """Sentence and hint for a value that is there and wrong; the hint falls back on the field's own help."""
    help_text = ask.help if ask else ""
    match kind:
        case "string_type" if value is None:
            return f"{name} is empty.", f"Write a value, or leave the line out. {help_text}"
        case "string_type" if isinstance(value, bool | int):
            return (
                f"{name} must be text, and {_shown(value)} is not.",
                f'Put it in quotes: "{_shown(value)}".',
            )
        case "string_type":
            return f"{name} must be text.", help_text
        case "bool_type" | "bool_parsing":
            return (
                f"{name} must be true or false, not {_shown(value)}.",
                "Write true or false, without quotes.",
            )
        case "int_type" | "int_parsing" | "int_from_float" | "int_parsing_size":
            hint = "Write a number without quotes, leading zeros or separators, such as 4."
            return f"{name} must be a whole number, not {_shown(value)}.", hint
        case "literal_error" | "enum":
            choices = [
                str(choice).strip("'")
                for choice in str(context["expected"]).replace(" or ", ", ").split(", ")
            ]
            return (
                f"{name} cannot be {_shown(value)}.",
                _nearest(str(value), choices) or f"Use {_listed(choices, last='or')}.",
            )
        case "string_too_short" | "string_too_long":
            least = kind == "string_too_short"
            bound, count = context["min_length" if least else "max_length"], len(value)
            words = f"at {'least' if least else 'most'} {bound} character{'s' if bound != 1 else ''}"
            return f"{name} must have {words}; it has {count}.", help_text
        case "too_short" | "too_long":
            bound = context["min_length" if kind == "too_short" else "max_length"]
            words = (
                f"at {'least' if kind == 'too_short' else 'most'} {bound} entr{'y' if bound == 1 else 'ies'}"
            )
            return f"{name} must have {words}.", help_text
        case "string_pattern_mismatch":
            return (
                f"{_shown(value)} is not a valid {name}.",
                help_text or f"It must match {context['pattern']}.",
            )
        case "greater_than_equal" | "less_than_equal" | "greater_than" | "less_than":
            bound = next(iter(context.values()))
            return f"{name} must be {_BOUNDS[kind]} {bound}; it is {_shown(value)}.", help_text
        case _ if kind.startswith("date"):
            return (
                f"{name} must be a date, not {_shown(value)}.",
                "Write it as year-month-day, such as 2027-04-30.",
            )
        case "model_type" | "dict_type" | "model_attributes_type" | "mapping_type":
            return f"{name} must be a mapping of fields to values, not {_shown(value)}.", help_text
        case "tuple_type" | "list_type" | "frozen_set_type":
            return (
                f"{name} must be a list, not {_shown(value)}.",
                f"Write `[…]`, or one entry per line. {help_text}",
            )
        case "value_error" | "assertion_error":
            return f"{name}: {context['error']}", help_text
        case _:
            return f"{_shown(value)} is not a valid {name}.", help_text


def _kind_problem(kind: str, context: Mapping[str, Any], value: Any) -> tuple[str, str]:
    if kind == "union_tag_not_found":
        return "The resource does not say its kind.", "Start it with `kind:`."
    tags = [tag.strip("'") for tag in str(context["expected_tags"]).split(", ")]
    tag = str(context["tag"])
    hint = _nearest(tag, tags)
    kinds = f"Kinds are {_listed(tags)}."
    return f"There is no kind of resource called {_shown(tag)}.", f"{hint} {kinds}" if hint else kinds


def _locate(loc: tuple[int | str, ...], model: Any, data: Any) -> tuple[Path, Any]:
    """The path in the file for pydantic's ``loc``, and the model (or type) that owns its last part.

    Pydantic puts union tags and key markers into ``loc``; a part is a tag when the type there is a union that
    has it as tag, whatever the file's fields are called.
    """
    path: list[str | int] = []
    owner: Any = model
    here: Any = model
    for part in loc:
        here = bare(here)
        if part == "[key]":
            break
        if get_origin(here) in (Union, UnionType):
            member = _member(here, part, data)
            if member is not None:
                here = member
                if _is_tag(member, part):
                    continue
            elif not _navigable(data, part):
                continue
        owner = here
        path.append(part)
        here = _below(here, part)
        data = data[part] if _navigable(data, part) else None
    return tuple(path), owner


def _navigable(data: Any, part: str | int) -> bool:
    if isinstance(data, list):
        return isinstance(part, int) and part < len(data)
    return isinstance(data, dict) and part in data


def bare(kind: Any) -> Any:
    """A type without ``Annotated`` and without ``| None``."""
    while True:
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        elif get_origin(kind) in (Union, UnionType) and type(None) in get_args(kind):
            rest = [item for item in get_args(kind) if item is not type(None)]
            kind = rest[0] if len(rest) == 1 else reduce(or_, rest)
            if len(rest) > 1:
                return kind
        else:
            return kind


def annotated_with(kind: Any) -> Iterator[Any]:
    """What is annotated on a type, looking through ``| None``."""
    if get_origin(kind) is Annotated:
        inner, *found = get_args(kind)
        yield from found
        yield from annotated_with(inner)
    elif get_origin(kind) in (Union, UnionType):
        for item in get_args(kind):
            yield from annotated_with(item)


def _member(union: Any, part: str | int, data: Any) -> Any:
    """The member of a union that a value is meant to be: by tag, else the first that is a model."""
    members = [bare(item) for item in get_args(union)]
    tag = data.get("kind") if isinstance(data, dict) else part
    by_tag = [item for item in members if _is_tag(item, tag)]
    return by_tag[0] if by_tag else None


def _is_tag(member: Any, tag: Any) -> bool:
    if not (isinstance(member, type) and issubclass(member, BaseModel)) or "kind" not in member.model_fields:
        return False
    return tag in get_args(member.model_fields["kind"].annotation)


def _below(kind: Any, part: str | int) -> Any:
    """The type of what stands under a key or index."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field = _field(kind, part)
        return field.annotation if field else None
    arguments = get_args(kind)
    if not arguments:
        return None
    return arguments[0] if isinstance(part, int) else arguments[-1]


def _field(owner: Any, part: str | int) -> FieldInfo | None:
    """The field of a model by the name it has in files."""
    if not (isinstance(owner, type) and issubclass(owner, BaseModel)):
        return None
    return next((info for name, info in owner.model_fields.items() if part in (name, info.alias)), None)


def _names(owner: Any) -> list[str]:
    """The names in files of a model's fields."""
    if not (isinstance(owner, type) and issubclass(owner, BaseModel)):
        return []
    return [info.alias or name for name, info in owner.model_fields.items()]


def ask_of(field: FieldInfo) -> Ask | None:
    """What people need to know of a field, where its annotation says so."""
    return next((item for item in field.metadata if isinstance(item, Ask)), None)


def literals(kind: Any) -> Iterator[str]:
    """The text values of a ``Literal`` type, ``| None`` and ``Annotated`` around it ignored."""
    inner = bare(kind)
    if get_origin(inner) is Literal:
        yield from (str(value) for value in get_args(inner))


def _nearest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else ""


def _listed(words: Iterable[str], last: str = "and") -> str:
    items = list(words)
    return f"{', '.join(items[:-1])} {last} {items[-1]}" if len(items) > 1 else "".join(items)


def _shown(value: Any) -> str:
    """A value as it stands in the file, shortened."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
