"""Writing YAML in the one canonical form, so that dumping what was loaded gives the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

WIDTH = 80
"""A list or mapping below a resource is written on the line of its key while it fits into so many columns."""

ENTRY_WIDTH = 110
"""The same for an entry of a list that has a line to itself: one grant, one line of a diff."""

_BLOCK_LEVELS = 2
"""The file, its sections, and the entries of a section that is a list are always written in block style."""

_OTHER_TYPE = re.compile(r"true|false|null|~|0|-?[1-9][0-9]{0,17}|<<")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa1-\xac\xae-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_SHAPELESS = re.compile(
    "[\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]"
)


def dump(data: Mapping[str, Any], *, header: str = "") -> bytes:
    """The canonical bytes of a mapping of str, int, bool, None, lists and mappings with text keys.

    The order of the keys is kept. Indented by two spaces, lists in the column of their key, lines end in
    ``\\n``. Text is in double quotes exactly where it would otherwise be read as something else. ``header``
    is a comment of one line, without its ``#``.

    Raises:
        TypeError: a value is of another type (a float, a date, a key that is no text).
    """
    lines = [f"# {header}"] if header else []
    lines.extend(_mapping(data, 0, 0) if data else ["{}"])
    return ("\n".join(lines) + "\n").encode()


def _mapping(data: Mapping[str, Any], indent: int, level: int) -> Iterator[str]:
    pad = " " * indent
    for key, value in data.items():
        head = f"{pad}{_key(key)}:"
        line = _inline(value, level + 1, len(head) + 1)
        if line is not None:
            yield f"{head} {line}" if line else head
        elif isinstance(value, Mapping):
            yield head
            yield from _mapping(value, indent + 2, level + 1)
        else:
            yield head
            yield from _sequence(value, indent, level + 1)


def _sequence(data: Sequence[Any], indent: int, level: int) -> Iterator[str]:
    pad = " " * indent
    for value in data:
        line = _inline(value, level + 1, indent + 2, in_list=True)
        if line is not None:
            yield f"{pad}- {line}"
            continue
        if isinstance(value, Mapping):
            nested = list(_mapping(value, indent + 2, level + 1))
        else:
            nested = list(_sequence(value, indent + 2, level + 1))
        yield f"{pad}- {nested[0].lstrip(' ')}"
        yield from nested[1:]


def _inline(value: Any, level: int, column: int, *, in_list: bool = False) -> str | None:
    """The value on the line of its key, or ``None`` where it takes lines of its own."""
    if not _is_collection(value):
        return _scalar(value, flow=False)
    if not value:
        return _flow(value)
    if level < _BLOCK_LEVELS or (level == _BLOCK_LEVELS and in_list and isinstance(value, Mapping)):
        return None
    line = _flow(value)
    return line if column + len(line) <= (ENTRY_WIDTH if in_list else WIDTH) else None


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
