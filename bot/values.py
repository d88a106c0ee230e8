"""Values on their way into a draft: brought to the form the file has, or refused with the reason."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_origin

from bot.dates import dates_in
from bot.dialogue import World
from bot.people import people_in
from gitops.diagnosis import problem_of_value
from gitops.envelope import Metadata
from gitops.fields import Field
from gitops.model import bare, entry_type, fields_of, is_model
from gitops.plan import JSON
from gitops.policy import Person

KEY = re.compile(r"(?P<kind>[a-z][a-z0-9_]*)(?:\[(?P<label>[a-z0-9][a-z0-9_-]{0,99})\])?")
_PATH = re.compile(
    r"resources\.(?P<key>[a-z][a-z0-9_]*(?:\[[a-z0-9][a-z0-9_-]{0,99}\])?)\.(?P<field>[a-z_]+)"
)
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a value does not go in, as a sentence with the person's own word in it."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The value as the file has it."""

    value: JSON


def field_of(path: str, world: World) -> Field | None:
    """The field a path addresses, whichever resource of a kind it is of; ``None``: not in the catalogue."""
    if path in world.catalogue:
        return world.catalogue[path]
    found = _PATH.fullmatch(path)
    key = KEY.fullmatch(found["key"]) if found else None
    return world.catalogue.get(f"resources.{key['kind']}.{found['field']}") if found and key else None


def take(field: Field, raw: JSON, world: World, requester: Person | None) -> Taken | Refusal:
    """The value of a field from what an extractor, a button or a form says; types are converted where it is
    plain.
    """
    value = _converted(field, raw, world, requester)
    if isinstance(value, Refusal) or field.path == "resources":
        return value if isinstance(value, Refusal) else Taken(value)
    sentence = _complaint(field, value, world)
    return Refusal(sentence) if sentence else Taken(value)


def _converted(field: Field, raw: JSON, world: World, requester: Person | None) -> JSON | Refusal:
    match field.type:
        case "integer" if isinstance(raw, str) and raw.strip().isdecimal() and len(raw) < 9:
            return int(raw)
        case "boolean" if isinstance(raw, str):
            return {"true": True, "yes": True, "on": True, "false": False, "no": False}.get(
                raw.strip().lower(), raw
            )
        case "choice" if isinstance(raw, str):
            words = {choice.casefold(): choice for choice in field.choices}
            words |= {word.casefold(): value for word, value in field.ask.words.items()}
            return words.get(raw.strip().casefold(), raw)
        case "date" if isinstance(raw, str):
            found = dates_in(raw, world.today)
            return found[0].day.isoformat() if len(found) == 1 and found[0].day else raw
        case "person" if isinstance(raw, str):
            return _person(raw, world, requester)
        case "people":
            return _each(raw, lambda word: _person(word, world, requester))
        case "choices" if field.path == "resources":
            return _keys(raw, world)
        case "list" | "choices":
            return _each(raw, lambda word: word.strip())
        case "text" | "choice" | "integer" | "boolean" | "date" | "person":
            return " ".join(raw.split()) if isinstance(raw, str) else raw
        case _:
            return _entries(field, raw, world)


def _each(raw: JSON, one: Any) -> JSON | Refusal:
    parts = [part for part in re.split(r"[,\n]", raw) if part.strip()] if isinstance(raw, str) else raw
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        return Refusal(f"I cannot read {shown(raw)} as a list.")
    values = [one(part) for part in parts]
    refused = [value for value in values if isinstance(value, Refusal)]
    return refused[0] if refused else list(dict.fromkeys(values))


def _person(raw: str, world: World, requester: Person | None) -> str | Refusal:
    found = people_in(raw, world.policy, requester, any_case=True)
    emails = {meant.email for meant in found if meant.email}
    if len(emails) == 1:
        return emails.pop()
    return Refusal(f"I do not find {shown(raw)} in the directory. An e-mail address works too.")


def _keys(raw: JSON, world: World) -> JSON | Refusal:
    words = [raw] if isinstance(raw, str) else raw
    if not isinstance(words, list | tuple):
        return Refusal(f"I cannot read {shown(raw)} as a list of resources.")
    keys: list[str] = []
    for word in words:
        found = KEY.fullmatch(str(word))
        if not found or found["kind"] not in world.registry:
            return Refusal(
                f"There is no kind of resource called {shown(word)}; there are {', '.join(world.registry)}."
            )
        keys.append(str(word))
    return list(dict.fromkeys(keys))


def _entries(field: Field, raw: JSON, world: World) -> JSON | Refusal:
    """A list of mappings; from text either its JSON, as a model writes it, or lines ``group: SELECT,
    MODIFY``.
    """
    if isinstance(raw, str):
        try:
            raw = json.loads(raw)
        except (ValueError, RecursionError):
            raw = _from_lines(field, raw, world)
    if isinstance(raw, Mapping):
        raw = [raw] if field.type != "mapping" else raw
    if field.type == "mapping" and isinstance(raw, Mapping):
        return dict(raw)
    if isinstance(raw, list | tuple) and all(isinstance(entry, Mapping) for entry in raw):
        return [dict(entry) for entry in raw]
    return Refusal(
        f"{field.ask.label}: I cannot read {shown(raw)}. Write one per line, {_pattern(field, world)}."
    )


def _entry_model(field: Field, world: World) -> Any:
    """The model of one entry of a list field, ``None`` where entries are no mappings."""
    if field.kind is None:
        return None
    info = fields_of(world.registry[field.kind].spec).get(field.name)
    entry = bare(entry_type(info.annotation)) if info else None
    return entry if is_model(entry) else None


def _pattern(field: Field, world: World) -> str:
    model = _entry_model(field, world)
    return ": ".join(fields_of(model)) if model else field.ask.help


def _from_lines(field: Field, text: str, world: World) -> JSON:
    """``growth: USE_SCHEMA, SELECT`` as an entry; the text itself when it has another shape."""
    model = _entry_model(field, world)
    if model is None:
        return text
    (first, _), (second, info), *_ = fields_of(model).items()
    several = get_origin(bare(info.annotation)) is tuple
    entries = []
    for line in filter(str.strip, text.splitlines()):
        who, colon, what = (part.strip() for part in line.strip(" -•").partition(":"))
        if not colon or not who or not what:
            return text
        words = [word.strip() for word in what.split(",") if word.strip()]
        entries.append({first: who, second: words if several else what})
    return entries


def entry_lines(values: Sequence[JSON]) -> list[str]:
    """A list as lines that :func:`take` reads back."""
    return [_entry(value) for value in values]


def _complaint(field: Field, value: JSON, world: World) -> str | None:
    """What is wrong with the value by the field's own type; ``None`` when nothing is."""
    model: Any = world.registry[field.kind].spec if field.kind else Metadata
    problem = problem_of_value(value, model, field.name)
    return _sentence(field, value, inside=len(problem.path) > 1) if problem else None


def _sentence(field: Field, value: JSON, *, inside: bool) -> str:
    label = field.ask.label
    if field.choices and not inside:
        return f"{label} cannot be {shown(value)}: it is one of {', '.join(field.choices)}."
    bounds = [f"at least {field.minimum}" if field.minimum is not None else ""]
    bounds += [f"at most {field.maximum}" if field.maximum is not None else ""]
    if field.type == "integer" and any(bounds):
        return (
            f"{label} cannot be {shown(value)}: it is a whole number of {' and '.join(filter(None, bounds))}."
        )
    if field.type == "date":
        return f"{label} cannot be {shown(value)}: I need a day, such as 2027-04-30."
    return f"{label} cannot be {shown(value)}. {field.ask.help}"


def shown(value: JSON) -> str:
    """A value in quotes and short, for a sentence; never more than a line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return f'"{text[:_SHOWN]}…"' if len(text) > _SHOWN else f'"{text}"'


def said_as(value: JSON) -> str:
    """A value as a person reads it: ``yes``, ``lightgbm==4.5.0, pandas``, ``growth: SELECT, MODIFY``."""
    match value:
        case None | "" | [] | ():
            return "none"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return (
                "; ".join(map(_entry, value))
                if any(isinstance(item, Mapping) for item in value)
                else ", ".join(map(str, value))
            )
        case Mapping():
            return _entry(value)
        case _:
            return str(value)


def _entry(value: JSON) -> str:
    if not isinstance(value, Mapping) or not value:
        return str(value) if value else "none"
    first, *rest = value.values()
    return f"{said_as(first)}: {', '.join(said_as(item) for item in rest)}" if rest else said_as(first)
