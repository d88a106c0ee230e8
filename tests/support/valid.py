"""Data of valid request files, whatever the kinds are: made from the JSON schema that the kinds give."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from gitops.kind import Registry
from gitops.request import json_schema, path_of

Data = dict[str, Any]
Schema = Mapping[str, Any]

READABLE = st.characters(
    codec="utf-8",
    max_codepoint=0xDFFFF,
    exclude_categories=("C", "Zl", "Zp"),
    exclude_characters="\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE0E))),
)
"""Characters that a reviewer sees."""


def requests(registry: Registry, *, most_resources: int = 4) -> st.SearchStrategy[Data]:
    """Data of request files that the JSON schema takes; two resources in it may be one and the same."""
    schema = json_schema(registry)
    whole: st.SearchStrategy[Data] = _of(schema, schema["$defs"], most_resources)
    return whole


def path(data: Data) -> str:
    """Where the file of a request with this data stands."""
    metadata = data["metadata"]
    return path_of(metadata["environment"], metadata["team"], metadata["name"])


def _of(schema: Schema, defs: Mapping[str, Schema], most: int) -> st.SearchStrategy[Any]:
    """Values that a schema of the sort that msgspec writes takes; ``most`` entries of a list."""
    if "$ref" in schema:
        return _of(defs[schema["$ref"].rpartition("/")[2]], defs, most)
    if "anyOf" in schema:
        return st.one_of([_of(option, defs, most) for option in schema["anyOf"]])
    if "allOf" in schema:  # the fields of each kind, behind an ``if`` of that kind
        return st.one_of([_of(option["then"], defs, most) for option in schema["allOf"]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "object":
            return _object(schema, defs, most)
        case "array":
            least = schema.get("minItems", 0)
            return st.lists(
                _of(schema["items"], defs, most),
                min_size=least,
                max_size=min(most, schema.get("maxItems", most)),
            )
        case "integer":
            return st.integers(schema["minimum"], schema["maximum"])
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "string":
            return _text(schema)
        case other:
            raise AssertionError(f"nothing is known of the type {other}")


def _object(schema: Schema, defs: Mapping[str, Schema], most: int) -> st.SearchStrategy[Data]:
    if "properties" not in schema:
        names = _of({"type": "string"} | dict(schema.get("propertyNames", {})), defs, most)
        return st.dictionaries(names, _of(schema["additionalProperties"], defs, most), max_size=most)
    fields = {name: _of(inner, defs, most) for name, inner in schema["properties"].items()}
    needed = schema.get("required", ())
    return st.fixed_dictionaries(
        {name: fields[name] for name in needed},
        optional={name: field for name, field in fields.items() if name not in needed},
    )


def _text(schema: Schema) -> st.SearchStrategy[str]:
    if schema.get("format") == "date":
        return st.dates().map(str)
    least, longest = schema.get("minLength", 0), schema.get("maxLength", 500)
    if "pattern" not in schema:
        return st.text(READABLE, min_size=least, max_size=min(longest, 40))
    made = st.from_regex(schema["pattern"], alphabet=READABLE)
    # A pattern says little of the length, and its end lets a line feed pass: put both right, and look again.
    texts = made.map(lambda text: text.rstrip("\n").ljust(least, "a")[:longest])
    return texts.filter(re.compile(schema["pattern"]).search)
