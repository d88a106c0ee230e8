"""Versions of the request format: which one is read, and how a file of an older one becomes one of it.

The format of every release so far is :data:`~gitops.envelope.API_VERSION`. ``lakeport/v1alpha1`` is no
release: it is how drafts were written before the names of the fields were settled. No Lakeport reads them;
``lakeport migrate`` takes them over. A new version adds its step here and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gitops.envelope import API_VERSION
from gitops.errors import InvalidRequest
from gitops.finding import Finding, Severity

if TYPE_CHECKING:
    from gitops.kind import Registry
    from gitops.yamlfile import Document
    from gitops.yamltext import Path

UNKNOWN = "version-unknown"
_GROUP = API_VERSION.split("/")[0]
_VERSION = re.compile(
    rf"{_GROUP}/v(?P<major>[1-9][0-9]{{0,8}})(?:(?P<draft>alpha|beta)(?P<number>[1-9][0-9]{{0,8}}))?"
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """How a file of the version ``source`` becomes one of ``target``.

    ``renamed`` are the fields that have another path now. ``summary`` says it to people, as a clause.
    """

    source: str
    target: str
    summary: str
    renamed: Mapping[Path, Path]

    def upgrade(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The data in the new version. A field whose new name is taken already stays where it is."""
        result: dict[str, Any] = _copy(data)
        for old, new in self.renamed.items():
            before, after = _inside(result, old), _inside(result, new)
            was, now = str(old[-1]), str(new[-1])
            if before is not None and after is not None and was in before and now not in after:
                after[now] = before.pop(was)
        return result | {"apiVersion": self.target}


STEPS: tuple[Step, ...] = (
    Step(
        source=f"{_GROUP}/v1alpha1",
        target=f"{_GROUP}/v1",
        summary="owner is business_owner, classification is data_classification, expiry is expires",
        renamed={
            ("metadata", "owner"): ("metadata", "business_owner"),
            ("metadata", "classification"): ("metadata", "data_classification"),
            ("metadata", "expiry"): ("metadata", "expires"),
        },
    ),
)


@dataclass(frozen=True)
class Migrated:
    """A file in the version that is read: its canonical bytes, and the steps that led there."""

    raw: bytes
    steps: tuple[Step, ...]


def way(version: object, steps: Iterable[Step] = STEPS) -> tuple[Step, ...]:
    """The steps from a version to the one that is read; none where there is no way, or nowhere to go."""
    by_source = {step.source: step for step in steps}
    found: list[Step] = []
    here = version
    while here != API_VERSION:
        if not isinstance(here, str) or here not in by_source or len(found) > len(by_source):
            return ()
        found.append(by_source[here])
        here = found[-1].target
    return tuple(found)


def version_finding(document: Document, steps: Iterable[Step] = STEPS) -> Finding | None:
    """What there is to say of the version a file says it is written for; nothing where it says none."""
    version = document.data.get("apiVersion")
    if version is None or version == API_VERSION:
        return None
    shown = str(version) if len(str(version)) <= 40 else f"{str(version)[:39]}…"
    if isinstance(version, str) and way(version, steps):
        rule = "version-old"
        message = f"This file is written for {shown}; this Lakeport reads {API_VERSION}."
        hint = f"Run `lakeport migrate --write {document.file}`: it upgrades the file and keeps its comments."
    elif isinstance(version, str) and _order(version) > _order(API_VERSION):
        rule = "version-future"
        message = f"This file is written for {shown}; this Lakeport reads {API_VERSION}."
        hint = "Upgrade Lakeport."
    else:
        rule, message = UNKNOWN, f"There is no version {shown} of the request format."
        hint = f"Write {API_VERSION}."
    return Finding(rule, Severity.ERROR, message, document.place(("apiVersion",)), hint)


def _order(version: str) -> tuple[int, int, int]:
    """What is later is larger: v1alpha1, v1alpha2, v1beta1, v1, v2alpha1; what is no version is smallest."""
    found = _VERSION.fullmatch(version)
    if not found:
        return (0, 0, 0)
    stage = {"alpha": 0, "beta": 1, None: 2}[found["draft"]]
    return (int(found["major"]), stage, int(found["number"] or 0))


def migrate(document: Document, registry: Registry, steps: Iterable[Step] = STEPS) -> Migrated | None:
    """The file in the version that is read, with its comments; ``None`` where it is there already.

    What else is wrong with the file stays wrong; only its shape must be that of a request.

    Raises:
        InvalidRequest: it is of a version that no step starts from, or has not the shape of a request.
    """
    from gitops import formatting
    from gitops.yamlcarry import carry
    from gitops.yamlcomments import find

    steps = tuple(steps)
    found = way(document.data.get("apiVersion"), steps)
    if not found:
        if problem := version_finding(document, steps):
            raise InvalidRequest([problem])
        return None
    if wrong := list(_misshapen(document)):
        raise InvalidRequest(wrong)
    data, comments = document.data, find(document)
    for step in found:
        upgraded = step.upgrade(data)
        comments = carry(comments, data, upgraded, step.renamed)
        data = upgraded
    return Migrated(formatting.canonical(data, comments, registry), found)


def _misshapen(document: Document) -> Iterator[Finding]:
    """What keeps a file from being written in canonical form."""
    metadata, resources = document.data.get("metadata"), document.data.get("resources")
    if not isinstance(metadata, dict):
        yield _shape(document, ("metadata",), "metadata must be a mapping of fields to values.")
    if not isinstance(resources, list):
        yield _shape(document, ("resources",), "resources must be a list.")
    for index, entry in enumerate(resources if isinstance(resources, list) else ()):
        if not isinstance(entry, dict):
            yield _shape(document, ("resources", index), "A resource must be a mapping of fields to values.")


def _shape(document: Document, path: Path, message: str) -> Finding:
    return Finding(
        "schema", Severity.ERROR, message, document.place(path), "Correct it, then migrate the file."
    )


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _inside(data: Any, path: Path) -> dict[str, Any] | None:
    """The mapping that holds the last part of a path."""
    for part in path[:-1]:
        data = data.get(part) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else None
