"""The strict reading of YAML: the parser's events into plain data, every finding, every place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from msgspec.structs import replace
from yaml._yaml import CParser

from gitops.finding import Finding, Place, Related
from gitops.yamltext import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_FINDINGS,
    MAX_VALUES,
    UNREADABLE,
    UNWELCOME,
    Path,
    Span,
    decode,
    error,
    place_of,
    too_large,
)

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_YAML_TAG = "tag:yaml.org,2002:"

_CLIPPED = 40


@dataclass(frozen=True)
class Reading:
    """What a file holds: its data, where each value and each key stands, and everything that is wrong.

    ``whole``: it was read to its end, so that what is not in the data is not in the file.
    """

    data: dict[str, Any]
    findings: tuple[Finding, ...]
    whole: bool
    values: dict[Path, Span] = field(repr=False)
    keys: dict[Path, Span] = field(repr=False)


def read(raw: bytes, file: str) -> Reading:
    """Read one strict document whose top is a mapping, with every finding that can be told (``yaml-…``).

    Nothing is read past a syntax error, or past what is too large or too deep.
    """
    if len(raw) > MAX_BYTES:
        return Reading({}, (too_large(file, len(raw)),), False, {}, {})
    text, findings = decode(raw, file)
    if text is None or (findings and UNREADABLE.search(text)):
        return Reading({}, tuple(findings), False, {}, {})
    reader = _Reader(file, findings)
    try:
        reader.read(text)
    except yaml.YAMLError as problem:
        reader.findings.append(_syntax(problem, file))
    found = sorted(reader.findings, key=lambda finding: finding.sort_key)
    return Reading(reader.root, tuple(found), reader.whole, reader.values, reader.keys)


class _Reader:
    """Events of the parser into plain data, with an explicit stack so that depth costs nothing."""

    def __init__(self, file: str, findings: list[Finding]) -> None:
        self.file = file
        self.findings = findings
        self.root: dict[str, Any] = {}
        self.values: dict[Path, Span] = {}
        self.keys: dict[Path, Span] = {}
        # One frame per open collection: the collection, its path, and the pending key of a mapping.
        self.stack: list[tuple[dict[str, Any] | list[Any], Path, list[str | int]]] = []
        self.mapping = False
        self.whole = False

    def read(self, text: str) -> None:
        documents = 0
        for event in _events(text):
            if len(self.findings) >= MAX_FINDINGS:
                return
            if len(self.values) > MAX_VALUES:
                self._add(
                    "yaml-size", f"There are more than {MAX_VALUES:,} values.", event, "Split the file."
                )
                return
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._node(event)
                if not self._is_key(event):
                    self._put(self._scalar(event), event)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._node(event)
                if len(self.stack) == MAX_DEPTH:
                    self._add(
                        "yaml-depth", f"There are more than {MAX_DEPTH} levels.", event, "Write it flatter."
                    )
                    return
                if not self._open({} if kind is yaml.MappingStartEvent else [], event):
                    return
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._close(event)
            elif kind is yaml.AliasEvent:
                self._add(
                    "yaml-alias", f"There is an alias, *{_clip(event.anchor)}.", event, "Write the value out."
                )
                if not self._is_key(event):
                    self._put(None, event)
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if not self._document(event, documents):
                    return
        if not documents:
            hint = "Start with `apiVersion:` and `kind:`."
            self.findings.append(error("yaml-empty", "The file is empty.", Place(self.file), hint))
        self.whole = self.mapping

    def _document(self, event: Any, number: int) -> bool:
        if number > 1:
            self._add("yaml-documents", "There is a second document.", event, "Make it a file of its own.")
            return False
        if event.version or event.tags:
            self._add("yaml-directive", "There is a directive.", event, "Delete the line that starts with %.")
        return True

    def _node(self, event: Any) -> None:
        """What no node may have: an anchor or a tag."""
        if event.anchor is not None:
            hint = "Delete it, and write the value out where it is used."
            self._add("yaml-anchor", f"There is an anchor, &{_clip(event.anchor)}.", event, hint)
        if event.tag is not None:
            hint = "Delete the tag; put text in quotes where needed."
            tag = _clip(event.tag.replace(_YAML_TAG, "!!", 1))  # as it is written
            self._add("yaml-tag", f"There is a tag, {tag}.", event, hint)

    def _is_key(self, event: Any) -> bool:
        """Take a scalar or alias as the key, when a mapping waits for one."""
        if not self.stack:
            return False
        collection, path, pending = self.stack[-1]
        if isinstance(collection, list) or pending:
            return False
        if type(event) is yaml.AliasEvent:
            pending.append("")
            return True
        key = event.value
        pending.append(key)  # so that what is wrong is said of this key
        if key == "<<" and not event.style:
            self._add("yaml-merge", "There is a merge key, <<.", event, "Write the fields out.")
        elif not key:
            self._add("yaml-key", "A key is empty.", event, "Write the field's name before the colon.")
        elif key in collection:
            first = self.keys[(*path, key)]
            problem = f"The key {_clip(key)} is there twice, first in line {first[0] + 1}."
            related = Related(place_of(self.file, first, (*path, key)), "First here.")
            self._add("yaml-duplicate", problem, event, "Delete one of the two.", related)
        if UNWELCOME.search(key) or "\n" in key:
            self._add("yaml-value-character", "A key has an invisible character.", event, "Write it without.")
        self.keys.setdefault((*path, key), _span(event))
        return True

    def _scalar(self, event: Any) -> Any:
        value = event.value
        if event.style:  # quoted or block: text
            if bad := UNWELCOME.search(value):
                problem = f"The text contains a control or invisible character, U+{ord(bad[0]):04X}."
                self._add("yaml-value-character", problem, event, "Write the text without it.")
            return value
        if value in _CONSTANTS:
            return _CONSTANTS[value]
        return int(value) if _INTEGER.fullmatch(value) else value

    def _put(self, value: Any, event: Any) -> Path:
        """Put a value where it belongs; gives its path."""
        span = _span(event)
        if not self.stack:
            self.values[()] = span
            hint = "Start with `apiVersion:` and `kind:`."
            self._add("yaml-mapping", "The file is not a mapping of fields to values.", event, hint)
            return ()
        collection, path, pending = self.stack[-1]
        if isinstance(collection, list):
            here = (*path, len(collection))
            collection.append(value)
        else:
            key = str(pending.pop())
            here = (*path, key)
            collection.setdefault(key, value)
        self.values.setdefault(here, span)
        return here

    def _open(self, collection: dict[str, Any] | list[Any], event: Any) -> bool:
        """Open a collection; ``False`` where reading on makes no sense."""
        if self.stack and isinstance(self.stack[-1][0], dict) and not self.stack[-1][2]:
            self._add("yaml-key", "A key is a list or a mapping.", event, "A key is a field's name.")
            return False
        if self.stack:
            here = self._put(collection, event)
        elif isinstance(collection, dict):
            self.root, here, self.mapping = collection, (), True
            self.values[()] = _span(event)
        else:
            self._put(collection, event)
            return False
        self.stack.append((collection, here, []))
        return True

    def _close(self, event: Any) -> None:
        _, path, _ = self.stack.pop()
        line, column, _, _ = self.values[path]
        self.values[path] = (line, column, event.end_mark.line, event.end_mark.column)

    def _add(self, rule: str, problem: str, event: Any, hint: str, *related: Related) -> None:
        path = self.stack[-1][1] if self.stack else ()
        if self.stack and self.stack[-1][2]:
            path = (*path, self.stack[-1][2][0])
        found = error(rule, problem, place_of(self.file, _span(event), path), hint)
        self.findings.append(replace(found, related=related))


def _events(text: str) -> Iterator[Any]:
    """The parser's events, one at a time: nothing is parsed past the point where the reader stops."""
    parser = CParser(text)
    try:
        while parser.check_event():
            yield parser.get_event()
    finally:
        parser.dispose()


def _span(event: Any) -> Span:
    start, end = event.start_mark, event.end_mark
    return (start.line, start.column, end.line, end.column)


def _clip(text: str) -> str:
    return text if len(text) <= _CLIPPED else text[: _CLIPPED - 1] + "…"


_SYNTAX_HINTS = (
    (
        "mapping values are not allowed",
        "Indent by two spaces per level, and put text that contains `: ` in quotes.",
    ),
    ("could not find expected ':'", "Put a colon and a space after the field's name."),
    ("did not find expected key", "Line the field up with the ones above it."),
    ("did not find expected '-' indicator", "Start each entry of a list with `- ` in the same column."),
    ("cannot start any token", "Put the text in quotes."),
    ("did not find expected ',' or", "Close the bracket, and put commas between the entries."),
    ("unexpected end of stream", "Close the quotes."),
)


def _syntax(problem: yaml.YAMLError, file: str) -> Finding:
    """The parser's own complaint as a finding."""
    words = str(
        getattr(problem, "problem", None) or getattr(problem, "reason", None) or "it cannot be parsed"
    )
    mark = getattr(problem, "problem_mark", None)
    place = place_of(file, (mark.line, mark.column, mark.line, mark.column + 1), ()) if mark else Place(file)
    known = (hint for part, hint in _SYNTAX_HINTS if part in words)
    hint = next(known, "Look at this line and the one above.")
    return error("yaml-syntax", f"This is not YAML: {words}.", place, hint)
