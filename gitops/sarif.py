"""Findings as SARIF 2.1.0, the exchange format of static analysis: for code scanning and other tools.

Paths are relative to the root of the checkout, and the same finding has the same fingerprint after lines
above it have moved.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gitops.finding import Finding, Place, Severity
from gitops.markup import visible

if TYPE_CHECKING:
    from gitops.rulebook import Entry

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_ROOT = "%SRCROOT%"
_INDEX = re.compile(r"\[\d+\]")


def findings_sarif(
    findings: Sequence[Finding], book: Mapping[str, Entry], sources: Mapping[str, bytes], version: str
) -> str:
    """One run as JSON text: the rules that were broken as the rule book has them, and all findings.

    ``sources`` holds the bytes of the files as far as they are at hand (fingerprints are of lines),
    ``version`` is Lakeport's.
    """
    rules = sorted({found.rule for found in findings})
    lines = {file: raw.decode("utf-8", "replace").splitlines() for file, raw in sources.items()}
    seen: Counter[str] = Counter()
    run = {
        "tool": {
            "driver": {
                "name": "lakeport",
                "semanticVersion": version,
                "rules": [_rule(rule, book.get(rule)) for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the checkout."}}},
        "results": [_result(found, rules.index(found.rule), lines, seen) for found in findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: str, entry: Entry | None) -> dict[str, Any]:
    """A rule for people who have only the alert; one that is in no book has its id alone."""
    if entry is None:
        return {"id": rule}
    from gitops.render_rules import rule_markdown

    return {
        "id": rule,
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": entry.why},
        "help": {"text": f"{entry.why}\n\n{entry.fix}", "markdown": rule_markdown(entry)},
        "defaultConfiguration": {"level": _LEVELS[entry.severity]},
        "properties": {"tags": [entry.chapter]},
    }


def _result(
    found: Finding, index: int, lines: Mapping[str, Sequence[str]], seen: Counter[str]
) -> dict[str, Any]:
    excepted = {"kind": "inSource", "status": "accepted", "justification": _plain(found.excepted)}
    result: dict[str, Any] = {
        "ruleId": found.rule,
        "ruleIndex": index,
        "level": _LEVELS[found.severity],
        "message": {"text": _plain(found.words)},
        "locations": [{"physicalLocation": _location(found.place)}],
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(found, lines, seen)},
        "suppressions": [excepted] if found.excepted else [],
    }
    if found.place.path:
        result["locations"][0]["logicalLocations"] = [{"fullyQualifiedName": visible(found.place.path)}]
    if found.related:
        result["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": _location(other.place),
                "message": {"text": _plain(other.message)},
            }
            for number, other in enumerate(found.related)
        ]
    return result


def _location(place: Place) -> dict[str, Any]:
    """The file and the span in it; a finding on the file as a whole has no span."""
    location: dict[str, Any] = {
        "artifactLocation": {"uri": quote(place.file, errors="surrogateescape"), "uriBaseId": _ROOT}
    }
    if place.line:
        location["region"] = {
            "startLine": place.line,
            "startColumn": max(place.column, 1),
            "endLine": max(place.end_line, place.line),
            "endColumn": max(place.end_column, 1),
        }
    return location


def _fingerprint(found: Finding, lines: Mapping[str, Sequence[str]], seen: Counter[str]) -> str:
    """``hash:number``: of rule, file, field and text of the line; the number tells equal ones apart."""
    place = found.place
    text = lines.get(place.file, ())
    line = text[place.line - 1].strip() if 0 < place.line <= len(text) else ""
    parts = (found.rule, place.file, _INDEX.sub("", place.path), line)
    key = hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:16]
    seen[key] += 1
    return f"{key}:{seen[key]}"


def _plain(text: str) -> str:
    """Typed text for a message: every character shows, and nothing in it is a link."""
    return visible(text).replace("](", "] (")
