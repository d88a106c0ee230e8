"""Writing YAML in the one canonical form, so that dumping what was loaded gives the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gitops.yamltext import INVISIBLE

if TYPE_CHECKING:
    from gitops.yamlcomments import Comment
    from gitops.yamltext import Path

WIDTH = 80
"""A list or mapping below a resource is written on the line of its key while it fits into so many columns."""

ENTRY_WIDTH = 110
"""The same for an entry of a list that has a line to itself: one grant, one line of a diff."""

_BLOCK_LEVELS = 2
"""The file, its sections, and the entries of a section that is a list are always written in block style."""

_OTHER_TYPE = re.compile(r"true|false|null|~|0|-?[1-9][0-9]{0,17}|<<")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa1-\xac\xae-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_SHAPELESS = re.compile(f"[{INVISIBLE}]")


def dump(data: Mapping[str, Any], *, header: str = "", comments: Sequence[Comment] = ()) -> bytes:
    """The canonical bytes of a mapping of str, int, bool, None, lists and mappings with text keys.

    The order of the keys is kept. Indented by two spaces, lists in the column of their key, lines end in
    ``\\n``. Text is in double quotes exactly where it would otherwise be read as something else. ``header``
    is a comment of one line, without its ``#``. Each of ``comments`` belongs to a path that is in the data; a
    list or mapping with comments inside is written with its entries on lines of their own.

    Raises:
        TypeError: a value is of another type (a float, a date, a key that is no text).
    """
    writer = _Writer(_lifted(list(comments), data))
    lines = [f"# {header}"] if header else []
    lines.extend(writer.mapping(data, 0, ()) if data else ["{}", *writer.end((), "")])
    return ("\n".join(lines) + "\n").encode()


class _Writer:
    """Data into lines, with the comments of each path around them. The depth of a path is its length."""

    def __init__(self, comments: Sequence[Comment]) -> None:
        self.at: dict[Path, list[Comment]] = {}
        self.ends: dict[Path, list[Comment]] = {}
        self.open: set[Path] = set()
        """Where comments stand inside, so that brackets on one line cannot hold it."""
        for comment in comments:
            at_end = comment.where == "end"
            (self.ends if at_end else self.at).setdefault(comment.path, []).append(comment)
            self.open.update(comment.path[:depth] for depth in range(len(comment.path) + at_end))

    def mapping(self, data: Mapping[str, Any], indent: int, path: Path) -> Iterator[str]:
        pad = " " * indent
        for key, value in data.items():
            here = (*path, key)
            head = f"{pad}{_key(key)}:"
            above, beside = self._around(here, pad)
            yield from above
            line = self._inline(value, here, len(head) + 1)
            if line is not None:
                yield f"{head} {line}{beside}"
            elif isinstance(value, Mapping):
                yield head + beside
                yield from self.mapping(value, indent + 2, here)
            else:
                yield head + beside
                yield from self._sequence(value, indent, here)
        yield from self.end(path, pad)

    def _sequence(self, data: Sequence[Any], indent: int, path: Path) -> Iterator[str]:
        pad = " " * indent
        for index, value in enumerate(data):
            here = (*path, index)
            line = self._inline(value, here, indent + 2, in_list=True)
            above, beside = self._around(here, pad, own=line is None)
            yield from above
            if line is not None:
                yield f"{pad}- {line}{beside}"
                continue
            inside = self.mapping if isinstance(value, Mapping) else self._sequence
            nested = list(inside(value, indent + 2, here))
            while nested[0].lstrip(" ").startswith("#"):  # what ended the line of a list that opens this one
                yield pad + nested.pop(0).lstrip(" ")
            yield f"{pad}- {nested[0].lstrip(' ')}"
            yield from nested[1:]
        yield from self.end(path, pad)

    def _around(self, path: Path, pad: str, *, own: bool = False) -> tuple[list[str], str]:
        """The comment lines above a value, and what ends its line, unless it needs a line of its ``own``."""
        found = self.at.get(path, [])
        ends_line = bool(found) and found[-1].where == "beside" and not own
        above = [pad + comment.text for comment in (found[:-1] if ends_line else found)]
        return above, f"  {found[-1].text}" if ends_line else ""

    def end(self, path: Path, pad: str) -> list[str]:
        """The comment lines at the end of a list or mapping."""
        return [pad + comment.text for comment in self.ends.get(path, ())]

    def _inline(self, value: Any, path: Path, column: int, *, in_list: bool = False) -> str | None:
        """The value on the line of its key, or ``None`` where it takes lines of its own."""
        if not _is_collection(value):
            return _scalar(value, flow=False)
        if not value:
            return _flow(value)
        if len(path) < _BLOCK_LEVELS or (
            len(path) == _BLOCK_LEVELS and in_list and isinstance(value, Mapping)
        ):
            return None
        if path in self.open:
            return None
        line = _flow(value)
        return line if column + len(line) <= (ENTRY_WIDTH if in_list else WIDTH) else None


def _lifted(comments: list[Comment], data: Mapping[str, Any]) -> list[Comment]:
    """The comments so that none stands above the first part of an entry: there is the dash, and no room."""
    while True:
        last = {comment.path: number for number, comment in enumerate(comments) if comment.where != "end"}
        lifted = [
            replace(comment, path=comment.path[:-1], where="above")
            if comment.where != "end"
            and (comment.where == "above" or last[comment.path] != number)
            and _opens_entry(comment.path, data)
            else comment
            for number, comment in enumerate(comments)
        ]
        if lifted == comments:
            return lifted
        comments = lifted


def _opens_entry(path: Path, data: Any) -> bool:
    """Whether a value is the first part of a list or mapping that is an entry of a list."""
    if len(path) < 2 or not isinstance(path[-2], int):
        return False
    for part in path[:-1]:
        data = data[part]
    return bool(path[-1] == (next(iter(data)) if isinstance(data, Mapping) else 0))


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key, flow=True)}: {_flow(item)}" for key, item in value.items()) + "}"
    if _is_collection(value):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value, flow=True)


def _is_collection(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


def _scalar(value: Any, *, flow: bool) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        text = str(value)
        if not _OTHER_TYPE.fullmatch(text):
            raise TypeError("An integer of more than 18 digits cannot be written.")
        return text
    if isinstance(value, str):
        return value if _plain(value, flow=flow) and not _OTHER_TYPE.fullmatch(value) else _quoted(value)
    raise TypeError(f"A value of type {type(value).__name__} cannot be written.")


def _key(key: Any, *, flow: bool = False) -> str:
    if not isinstance(key, str):
        raise TypeError(f"A key of type {type(key).__name__} cannot be written.")
    return key if _plain(key, flow=flow) and key not in ("<<", "~") else _quoted(key)


def _plain(text: str, *, flow: bool) -> bool:
    """Whether a YAML parser reads this text as one scalar without quotes."""
    if not text or text != text.strip() or _UNPRINTABLE.search(text) or _SHAPELESS.search(text):
        return False
    first = text[0]
    if first in "-?:" and (len(text) == 1 or text[1] in " ,[]{}"):
        return False
    if first in ",[]{}#&*!|>'\"%@`" or text.startswith(("---", "...")):
        return False
    if ": " in text or " #" in text or text.endswith(":"):
        return False
    return not (flow and re.search(r"[,\[\]{}?]|:[,\[\]{}]|^[-:]", text))


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


def _quoted(text: str) -> str:
    escaped = "".join(_ESCAPES.get(character) or _escape(character) for character in text)
    return f'"{escaped}"'


def _escape(character: str) -> str:
    if not (_UNPRINTABLE.match(character) or _SHAPELESS.match(character)):
        return character
    code = ord(character)
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
