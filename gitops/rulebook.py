"""The rule book: for every rule why it exists, how to satisfy it, and an example of wrong and right.

The language's own rules are the chapters ``data/rules-*.yaml``; a kind documents its rules where it checks
them (:class:`gitops.kind.Documented`), and the rules of an organisation come from its policy.

An example is one or more files, each after a line ``# requests/…yaml`` (without one, a request). It shows the
lines that matter: they stand in place of those of ``data/example-request.yaml``, and a piece of the policy is
merged into the policy (``null`` takes a key out).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gitops import yamlfile
from gitops.finding import Severity
from gitops.kind import Registry

if TYPE_CHECKING:
    from gitops.policyfile import Policy

DATA = Path(__file__).parent / "data"
_ID = re.compile(r"^  ([a-z-]+):$", re.MULTILINE)
CHAPTERS = (
    "rules-text",
    "rules-fields",
    "rules-policy",
    "rules-exceptions",
    "rules-drift",
    "rules-change",
    "rules-policy-file",
)
"""The chapters of the language in the order of the book; those of the kinds come after them."""
OWN = "Rules of this organisation"
"""The chapter of the rules that a policy brings; what is in it was typed by people."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What the book says of one rule; the examples are empty where an organisation gave none."""

    id: str
    chapter: str
    title: str
    severity: Severity
    why: str
    fix: str
    wrong: str = ""
    right: str = ""

    def as_json(self) -> dict[str, str]:
        """Keys ``id, chapter, title, severity, why, fix, wrong, right``."""
        return {key: str(value) for key, value in msgspec.structs.asdict(self).items()}


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry as it stands in a chapter."""

    title: str
    why: str
    fix: str
    wrong: str
    right: str
    severity: Severity = Severity.ERROR


class _Chapter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    rules: dict[str, _Rule]


def rule_book(registry: Registry, own: Iterable[Entry] = ()) -> Mapping[str, Entry]:
    """Every entry by its id, in the order of the book; ``own`` are those of the organisation's policy."""
    entries = [entry for name in CHAPTERS for entry in _chapter(name)]
    return {entry.id: entry for entry in (*entries, *_of_kinds(registry), *own)}


def rule_ids(registry: Registry) -> frozenset[str]:
    """The ids of all entries; much faster than the book where nothing else is asked of it."""
    texts = ((DATA / f"{name}.yaml").read_text("utf-8") for name in CHAPTERS)
    of_kinds = [rule.id for kind in registry.values() for rule in (*kind.rules, *kind.edits)]
    return frozenset([*of_kinds, *(id_ for text in texts for id_ in _ID.findall(text))])


def own_entries(policy: Policy) -> Iterator[Entry]:
    """What the book can say of the organisation's own rules: what its policy says of them."""
    for rule in policy.rules:
        where = f" wherever `{rule.when}`" if rule.when else ""
        yield Entry(
            id=rule.id,
            chapter=OWN,
            title=rule.message.rstrip("."),
            severity=Severity(rule.severity),
            why=f"The policy of this organisation asks that `{rule.check}`{where}.",
            fix=rule.hint or "Ask the platform team, who own the policy.",
        )


def example_request() -> str:
    """The whole request whose lines the examples replace."""
    return (DATA / "example-request.yaml").read_text("utf-8")


@cache
def _chapter(name: str) -> tuple[Entry, ...]:
    file = f"{name}.yaml"
    data = yamlfile.load((DATA / file).read_bytes(), file).data
    chapter = msgspec.convert(data, _Chapter)
    return tuple(
        Entry(id=id_, chapter=chapter.title, **msgspec.structs.asdict(rule))
        for id_, rule in chapter.rules.items()
    )


def _of_kinds(registry: Registry) -> Iterator[Entry]:
    """What the kinds say of their own rules."""
    for kind in registry.values():
        for rule in (*kind.rules, *kind.edits):
            yield Entry(
                id=rule.id,
                chapter=f"The kind {kind.name}",
                title=rule.title,
                severity=rule.severity,
                why=rule.why,
                fix=rule.fix,
                wrong=rule.wrong,
                right=rule.right,
            )
