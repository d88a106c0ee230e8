"""The JSON Schema of a file people write, with titles, help and examples from what its fields ask."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from gitops import explain

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import core_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _WithAsk(GenerateJsonSchema):
    """Titles, descriptions and examples of fields as people read them elsewhere."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """A model's schema, with what its fields' ``Ask`` says."""
        result = super().model_schema(schema)
        for name, info in schema["cls"].model_fields.items():
            ask = explain.ask_of(info)
            entry = result.get("properties", {}).get(info.alias or name)
            if ask is None or entry is None:
                continue
            entry |= {"title": ask.label, "description": ask.help}
            examples = re.findall(r"such as `([^`]+)`", ask.help)
            if examples and "enum" not in entry and entry.get("type") == "string":
                entry["examples"] = examples
        return result


def file_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema (2020-12) of a model, by the names its fields have in files."""
    return {"$schema": DIALECT, **model.model_json_schema(by_alias=True, schema_generator=_WithAsk)}
