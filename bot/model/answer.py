"""What of a model's answer is usable: the JSON in it, and each update that makes sense by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.draft import FieldUpdate, Op
from bot.model.client import Unusable
from bot.rules.context import base_path
from gitops.fields import Field
from gitops.plan import JSON

OPS: Mapping[str, Op] = {"set": "set", "unset": "unset", "add": "add", "remove": "remove"}
MAX_UPDATES = 60
MAX_VALUE_CHARS = 4_000
_LABEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_INTEGER = re.compile(r"\d{1,9}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_BOOLEANS = {"true": True, "false": False, "yes": True, "no": False}


def updates_in(answer: str, catalogue: Mapping[str, Field]) -> tuple[FieldUpdate, ...]:
    """The updates of an answer. Words around the JSON, further keys and missing ones cost nothing; an entry
    that makes no sense costs that entry.

    Raises:
        Unusable: there is no JSON, it has another shape, or nothing in it makes sense.
    """
    data = _json_in(answer)
    entries = data.get("updates") if isinstance(data, dict) else data
    if not isinstance(entries, list) or len(entries) > MAX_UPDATES:
        raise Unusable("the model's answer had another shape")
    found = [update for entry in entries if (update := _update(entry, catalogue)) is not None]
    if entries and not found:
        raise Unusable("nothing in the model's answer made sense")
    return tuple(found)


def _json_in(answer: str) -> Any:
    """The first JSON object or list of a text."""
    decoder = json.JSONDecoder()
    for start in re.finditer(r"[{\[]", answer[:20_000]):
        try:
            found, _ = decoder.raw_decode(answer, start.start())
        except RecursionError:
            break
        except ValueError:
            continue
        if isinstance(found, dict | list):
            return found
    raise Unusable("the model's answer was no JSON")


def _update(entry: Any, catalogue: Mapping[str, Field]) -> FieldUpdate | None:
    if not isinstance(entry, dict):
        return None
    path, op, quote = entry.get("path"), entry.get("op", "set"), entry.get("quote", "")
    if not isinstance(path, str) or not isinstance(op, str) or not isinstance(quote, str) or op not in OPS:
        return None
    field = catalogue.get(base_path(path))
    if field is None or (path != field.path and not _addressed(path, field)):
        return None
    target = path if path != field.path else _target(field, entry.get("resource"))
    value = entry.get("value")
    if target is None or (value is None and "value" not in entry and op != "unset"):
        return None
    if op == "unset" or value in (None, ""):
        if op in ("add", "remove"):
            return None
        return FieldUpdate(target, OPS[op], None, quote[:MAX_VALUE_CHARS])
    taken = _value(value, field)
    return None if taken is None else FieldUpdate(target, OPS[op], taken, quote[:MAX_VALUE_CHARS])


def _addressed(path: str, field: Field) -> bool:
    """Whether a path names one of several resources of the field's kind."""
    label = re.fullmatch(rf"resources\.{field.kind}\[([^\]]*)\]\.{field.name}", path)
    return bool(label and _LABEL.fullmatch(label[1]))


def _target(field: Field, resource: Any) -> str | None:
    """The path of a field of the resource that is meant; ``None`` for one named in no possible way."""
    if field.kind is None or resource is None or resource == "":
        return field.path
    if not isinstance(resource, str):
        return None
    label = resource.partition("[")[2].rstrip("]") or resource
    if label == field.kind:
        return field.path
    return f"resources.{field.kind}[{label}].{field.name}" if _LABEL.fullmatch(label) else None


def _value(value: Any, field: Field) -> JSON:
    """The value where its type is one that the field may have, else ``None``."""
    if len(json.dumps(value)) > MAX_VALUE_CHARS:
        return None
    if isinstance(value, str):
        return _from_text(value.strip(), field)
    match field.type:
        case "integer":
            return value if isinstance(value, int) and not isinstance(value, bool) else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "list" | "choices" | "people":
            texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
            return value if texts and value else None
        case "mapping":
            return value if isinstance(value, dict) and value else None
        case "text" | "choice" | "person" | "date":
            return None
        case _:
            entries = [value] if isinstance(value, dict) else value
            right = isinstance(entries, list) and all(isinstance(item, dict) for item in entries)
            return entries if right and entries else None


def _from_text(value: str, field: Field) -> JSON:
    match field.type:
        case "integer":
            return int(value) if _INTEGER.fullmatch(value) else None
        case "boolean":
            return _BOOLEANS.get(value.lower())
        case "date":
            return value if _DAY.fullmatch(value) else None
        case "choice" | "text" | "person":
            return value or None
        case "list" | "choices" | "people":
            return _listed(value)
        case _:
            try:
                found = json.loads(value)
            except (ValueError, RecursionError):
                return None
            return _value(found, field) if isinstance(found, dict | list) else None


def _listed(value: str) -> JSON:
    """A list from JSON, or from text with commas."""
    if value.startswith("["):
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, list) and all(isinstance(item, str) for item in found) else None
    return [part.strip() for part in value.split(",") if part.strip()] or None
