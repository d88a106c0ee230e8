"""The JSON Schema of request files, with titles, help and examples from what its fields ask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from gitops.kind import Registry
from gitops.model import fields_of, is_model

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ONLY_AT_THE_END = r"$(?!\n)"


def file_schema(model: type[msgspec.Struct], registry: Registry) -> dict[str, Any]:
    """The schema (2020-12) of a request file, by the names its fields have in files.

    ``model`` has the ``resources`` of these kinds. An entry is judged by the kind it says it is and by no
    other, so that what is said about a mistake is about that kind.
    """
    (found,), components = msgspec.json.schema_components([model], ref_template="#/$defs/{name}")
    for part in _models(model):
        _describe(components[part.__name__], part)
    for kind in registry.values():
        components[kind.spec.__name__] |= {"title": kind.name, "description": _sentence(kind.summary)}
    top = components.pop(found["$ref"].rpartition("/")[2])
    top["properties"]["resources"]["items"] = _entry(registry)
    return {"$schema": DIALECT, **_plain(top), "$defs": _plain(components)}


def _entry(registry: Registry) -> dict[str, Any]:
    """An entry of ``resources``: first which kind it is, then the fields of that kind."""
    about = "; ".join(f"`{kind.name}`: {kind.summary}" for kind in registry.values())
    return {
        "title": "Resource",
        "type": "object",
        "properties": {"kind": {"enum": list(registry), "title": "Kind", "description": f"{about}."}},
        "required": ["kind"],
        "allOf": [
            {
                "if": {
                    "type": "object",
                    "properties": {"kind": {"const": kind.name}},
                    "required": ["kind"],
                },
                "then": {"$ref": f"#/$defs/{kind.spec.__name__}"},
            }
            for kind in registry.values()
        ],
    }


def _models(model: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """The model and all that it is made of, each once."""
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
    return (kind for kind in found if is_model(kind))


def _describe(schema: dict[str, Any], model: type[msgspec.Struct]) -> None:
    """Titles, descriptions and examples as people read them elsewhere: of the model and of its fields."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", model.__name__)
    about = " ".join(schema.get("description", "").split())
    schema |= {"title": words.capitalize(), "description": about.replace("``", "`")}
    for key, info in fields_of(model).items():
        entry = schema["properties"].get(key)
        if info.ask is None or entry is None:
            continue
        entry |= {"title": info.ask.label, "description": info.ask.help}
        examples = re.findall(r"such as `([^`\[{]+)`", info.ask.help)
        if examples and "enum" not in entry and entry.get("type") == "string":
            entry["examples"] = examples


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _plain(value: Any) -> Any:
    """As every reader of JSON schemas takes it, and as editors say it shortest."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _plain(item) for key, item in value.items() if key != "discriminator"}
    if isinstance(kept.get("pattern"), str):
        kept["pattern"] = kept["pattern"].replace(_ONLY_AT_THE_END, "$")
    words = kept.get("enum")
    if isinstance(words, list) and len(words) == 1:
        del kept["enum"]
        kept["const"] = words[0]
    return kept
