"""Reading YAML: a small, boring part of the language, each finding with its line and column.

A request is read by people in a review, so what a file says must be what it looks like: no anchors, aliases,
tags, merge keys, duplicate keys or invisible characters, and a plain scalar is text as written unless it is
plainly ``true``, ``false``, a decimal integer or nothing.

Two readers: a fast one (Rust, by ``ryaml``) for files that surely have nothing of this, and the strict one
(:mod:`gitops.yamlstrict`) for all others, and for the places when there is something to report. What the fast
one takes, the strict one takes, with equal data. Writing is :mod:`gitops.yamldump`, whose :func:`dump` can be
imported from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import ryaml
from msgspec import Struct

from gitops.errors import InvalidRequest
from gitops.finding import Place
from gitops.yamltext import MAX_BYTES, MAX_DEPTH, MAX_VALUES, UNWELCOME, Path, path_text, place_of

if TYPE_CHECKING:
    from gitops.finding import Finding
    from gitops.yamlstrict import Reading
    from gitops.yamltext import Span

__all__ = ["MAX_BYTES", "MAX_DEPTH", "Document", "Path", "dump", "load", "path_text"]

_DOUBTFUL: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = (
    (("&", "*", "!", "? "), re.compile(r"(?:[\n:,\[{][ ]*|[?-][ ]+)[&*!?]")),
    (("%", "---", "..."), re.compile(r"\n(?:%|---|\.\.\.)")),
    (("\\", "<<", "- - "), re.compile(r"\\|<<|- - ")),
    (("+",), re.compile(r"[\s:,\[{]\+[0-9.]")),
    (("0x", "0o", "0b"), re.compile(r"\b0[xob]")),
    (
        ("True", "TRUE", "False", "FALSE", "Null", "NULL"),
        re.compile(r"\b(?:True|TRUE|False|FALSE|Null|NULL)\b"),
    ),
)
"""What the two readers may not take the same way: parts that a line has to have, and how it looks then."""

_COMMENT = re.compile(r"""(?:^|[ ])#[^"'\n]*$""", re.M)
"""A comment to the end of its line, or the same within a text: no quote in it, so that none ends there."""

_ZERO = re.compile(r"-0(?![0-9])")
_MINUS_ZERO = re.compile(r"[\s:,\[{]-0(?![0-9])")
_PLAIN = bytes([10, *range(32, 127)])
_LARGE = 10**17
_NO_BRACKETS = bytes(set(range(256)) - {*b"[]{}"})


def dump(data: Mapping[str, Any], *, header: str = "") -> bytes:
    """The canonical spelling of a mapping: :func:`gitops.yamldump.dump`, imported when it is needed."""
    from gitops import yamldump

    return yamldump.dump(data, header=header)


class Document(Struct, frozen=True, dict=True):
    """A file that was read: its data, its bytes, and where each value stands."""

    file: str
    data: dict[str, Any]
    raw: bytes

    def place(self, path: Path) -> Place:
        """Where the value at this path stands, or the nearest value above it that exists."""
        return self._nearest(path, self._reading.values)

    def key_place(self, path: Path) -> Place:
        """Where the key at this path stands; for an entry of a list, where the entry stands."""
        keys, values = self._reading.keys, self._reading.values
        for end in range(len(path), 0, -1):
            if path[:end] in keys or path[:end] in values:
                spans = keys if path[:end] in keys else values
                return place_of(self.file, spans[path[:end]], path)
        return self._nearest(path, values)

    def _nearest(self, path: Path, spans: Mapping[Path, Span]) -> Place:
        for end in range(len(path), -1, -1):
            if span := spans.get(path[:end]):
                return place_of(self.file, span, path)
        return Place(self.file, path=path_text(path))

    @cached_property
    def _reading(self) -> Reading:
        from gitops import yamlstrict

        return yamlstrict.read(self.raw, self.file)


def load(raw: bytes, file: str) -> Document:
    """Read one strict document whose top is a mapping.

    Plain scalars: only ``true``/``false`` become bool, decimal integers of up to 18 digits without leading
    zero become int, ``null``, ``~`` and nothing become ``None``; everything else is text as written.

    Raises:
        InvalidRequest: with every finding that can be told (rule ids ``yaml-…``); nothing is read past a
            syntax error.
    """
    document, findings = survey(raw, file)
    if document is None or findings:
        raise InvalidRequest(findings)
    return document


def survey(raw: bytes, file: str) -> tuple[Document | None, tuple[Finding, ...]]:
    """The same without raising: the findings, and the document where the file could be read to its end.

    What a finding is about may be missing in the document, or be ``None``; everything else is there.
    """
    data = _fast(raw)
    if data is not None:
        return Document(file, data, raw), ()
    from gitops import yamlstrict

    reading = yamlstrict.read(raw, file)
    document = Document(file, reading.data, raw)
    document.__dict__["_reading"] = reading
    return (document if reading.whole else None), reading.findings


def _fast(raw: bytes) -> dict[str, Any] | None:
    """The data of a file that surely is what it looks like; ``None``: somebody has to look closer."""
    if len(raw) > MAX_BYTES:
        return None
    try:
        text = raw.decode()
        odd = raw.translate(None, _PLAIN)  # the bytes that are neither printable ASCII nor a line feed
        if (odd and UNWELCOME.search(text)) or _doubtful(text) or not _modest(raw):
            return None
        data = ryaml.loads(text)
    except (ValueError, ryaml.InvalidYamlError):  # ValueError: no UTF-8, or a key that is a list
        return None
    if not isinstance(data, dict):
        return None
    return data if 0 < _same_in_both(data, MAX_DEPTH) <= MAX_VALUES else None


def _doubtful(text: str) -> bool:
    """Whether something may stand in it that the two readers do not take the same way."""
    if _ZERO.search(text) and _MINUS_ZERO.search(_COMMENT.sub("", "\n" + text)):
        return True  # dates are full of -0, which is quick to look past
    for parts, look in _DOUBTFUL:
        lines = "".join(line for part in parts for line in _lines_with(part, text))
        if lines and look.search(lines) and look.search(_COMMENT.sub("", lines)):
            return True
    return False


def _lines_with(part: str, text: str) -> Iterator[str]:
    """The lines that have this in them, each after its line feed: few of a long text, and found quickly."""
    at = text.find(part)
    while at >= 0:
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        yield "\n" + text[text.rfind("\n", 0, at) + 1 : end]
        at = text.find(part, end)


def _modest(raw: bytes) -> bool:
    """Surely not too many levels or values, which would cost the fast reader much time before it notices."""
    if raw.count(b",") > 2 * MAX_VALUES:
        return False
    depth = 0
    for bracket in raw.translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            return False
    return True


def _same_in_both(value: dict[str, Any] | list[Any], levels: int) -> int:
    """How many values there are, itself included, if both readers surely take all of them the same; else 0.

    No number with a fraction or too many digits (that is text for us), no key but text, not too deep.
    """
    if not levels:
        return 0
    values: Any = value
    if type(value) is dict:
        for key in value:
            if type(key) is not str or not key or "\n" in key:
                return 0
        values = value.values()
    count = 1 + len(values)
    for item in values:
        kind = type(item)
        if kind is float or (kind is int and not -_LARGE < item < _LARGE):
            return 0
        if kind is dict or kind is list:
            inner = _same_in_both(item, levels - 1)
            if not inner:
                return 0
            count += inner - 1
    return count
