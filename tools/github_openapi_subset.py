"""Cuts what the rehearsal GitHub serves out of GitHub's own OpenAPI description, for the conformance tests.

    npm pack @octokit/openapi && tar xzf octokit-openapi-*.tgz
    python tools/github_openapi_subset.py package/generated/api.github.com.json

writes ``tests/data/github-openapi-subset.json``: for each operation the JSON Schema of every success, the
schemas they use, and the version of the description.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "tests" / "data" / "github-openapi-subset.json"
PREFIX = "#/components/schemas/"
# What a validator has no use for.
PROSE = {"description", "example", "examples", "title", "externalDocs", "x-github", "deprecated", "default"}
PROSE |= {"x-multi-segment", "readOnly", "writeOnly", "discriminator", "nullable", "format"}


def reduce(schema: Any, wanted: set[str], *, names: bool = False) -> Any:
    """A schema without prose, ``nullable`` as JSON Schema says it; the names it refers to go into ``wanted``.

    ``names``: the keys of this mapping are property names, so none of them is prose.
    """
    if isinstance(schema, list):
        return [reduce(each, wanted) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(PREFIX)
        wanted.add(name)
        return {"$ref": f"#/$defs/{name}"}
    if {"simple-user", "enterprise"} <= {_titled(each) for each in schema.get("allOf", ())}:
        schema = {"anyOf": schema["allOf"]}  # an account is one or the other; this package joins them
    kept = {
        key: reduce(value, wanted, names=not names and key in ("properties", "patternProperties"))
        for key, value in schema.items()
        if names or (key not in PROSE and not key.startswith("x-"))
    }
    if schema.get("nullable") is True and not names:
        return {"anyOf": [{"type": "null"}, kept]}
    return kept


def _titled(schema: Any) -> str:
    """``simple-user`` for a schema that is, or is titled, *Simple User*."""
    name = schema.get("title") or schema.get("$ref", "").removeprefix(PREFIX)
    return str(name).lower().replace(" ", "-")


def _answers(description: dict[str, Any], operation: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    """Status → schema (None: no JSON body) of every success of an operation."""
    found = {}
    for status, answer in operation["responses"].items():
        while "$ref" in answer:
            answer = description["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        if status.startswith("2") or status == "302":
            body = answer.get("content", {}).get("application/json", {}).get("schema")
            found[status] = reduce(body, wanted) if body else None
    return found


def subset(description: dict[str, Any], served: list[tuple[str, str]]) -> dict[str, Any]:
    """Operations ``(method, path)`` and every schema they lead to; KeyError for one GitHub does not have."""
    wanted: set[str] = set()
    operations = {
        f"{method} {path}": _answers(description, description["paths"][path][method.lower()], wanted)
        for method, path in sorted(set(served))
    }
    definitions: dict[str, Any] = {}
    while missing := sorted(wanted - definitions.keys()):
        for name in missing:
            definitions[name] = reduce(description["components"]["schemas"][name], wanted)
    info = {"title": description["info"]["title"], "version": description["info"]["version"]}
    ordered = {name: definitions[name] for name in sorted(definitions)}
    return {"info": info, "operations": operations, "$defs": ordered}


def main() -> int:
    """Read the description named on the command line, write the subset."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("description", type=Path, help="api.github.com.json of @octokit/openapi")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from sandbox.github.app import OPERATIONS

    served = [(route.method, route.path.replace(":path}", "}")) for route in OPERATIONS]
    found = subset(json.loads(given.description.read_text("utf-8")), served)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(found, separators=(",", ":"), sort_keys=False) + "\n", "utf-8")
    sys.stdout.write(
        f"{given.out}: {given.out.stat().st_size:,} bytes, {len(found['operations'])} operations\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
