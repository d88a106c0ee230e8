"""The JSON Schema of a file people write, with titles, help and examples from what its fields ask."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from gitops.model import fields_of, is_model

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ONLY_AT_THE_END = r"$(?!\n)"


def file_schema(model: type[msgspec.Struct]) -> dict[str, Any]:
    """The schema (2020-12) of a model, by the names its fields have in files."""
    (found,), components = msgspec.json.schema_components([model], ref_template="#/$defs/{name}")
    models = {kind.__name__: kind for kind in _models(model)}
    for name, schema in components.items():
        if name in models:
            _describe(schema, models[name])
    top = components.pop(found["$ref"].rpartition("/")[2])
    return {"$schema": DIALECT, **_plain(top), "$defs": _plain(components)}


def _models(model: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    """The model and all that it is made of."""
    from msgspec import inspect

    found: dict[type[msgspec.Struct], None] = {}

    def walk(kind: Any) -> None:
        if isinstance(kind, inspect.StructType):
            found[kind.cls] = None
            for field in kind.fields:
                walk(field.type)
        for part in ("type", "item_type", "key_type", "value_type"):
            if isinstance(getattr(kind, part, None), inspect.Type):
                walk(getattr(kind, part))
        for part in getattr(kind, "types", ()):
            walk(part)

    walk(inspect.type_info(model))
    return [kind for kind in found if is_model(kind)]


def _describe(schema: dict[str, Any], model: type[msgspec.Struct]) -> None:
    """Titles, descriptions and examples of fields as people read them elsewhere."""
    for key, info in fields_of(model).items():
        entry = schema["properties"].get(key)
        if info.ask is None or entry is None:
            continue
        entry |= {"title": info.ask.label, "description": info.ask.help}
        examples = re.findall(r"such as `([^`\[{]+)`", info.ask.help)
        if examples and "enum" not in entry and entry.get("type") == "string":
            entry["examples"] = examples


def _plain(value: Any) -> Any:
    """Without what only Python and what only OpenAPI has a use for; schemas of other languages end at ``$``."""
    if isinstance(value, dict):
        kept = {key: _plain(item) for key, item in value.items() if key != "discriminator"}
        if isinstance(kept.get("pattern"), str):
            kept["pattern"] = kept["pattern"].replace(_ONLY_AT_THE_END, "$")
        return kept
    return [_plain(item) for item in value] if isinstance(value, list) else value
