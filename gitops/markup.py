"""Text that somebody typed, made harmless for where it is shown, and pages that never grow too long.

On GitHub a typed text must not become structure, a mention, a reference, a link or a formula, and must not
hide anything. Entities alone do not stop mentions, references and links: GitHub looks for them in the
finished text. A zero-width space after the sign does, and nothing is looked for inside ``<code>``.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar, overload

from msgspec import Struct

Item = TypeVar("Item")

LIMIT = 65_535
"""Characters that GitHub takes in a comment (65,536), or in the summary of a check run (one less)."""

UNSEEN = "\N{REPLACEMENT CHARACTER}"
_BREAK = "&#8203;"
# Letters and marks that show nothing, although their category does not say so.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_HIDDEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_ZERO_WIDTH = "\N{ZERO WIDTH SPACE}"
# What the runner of GitHub Actions takes for a command: the one anywhere in a line of the log, the other at
# its start, and where a line may be wrapped every word is at a start.
_COMMAND = re.compile(r"##(?=\[)|(?<!\S)(?=::)")
_BROKEN = re.compile(f"(?<=##){_ZERO_WIDTH}(?=\\[)|(?<!\\S){_ZERO_WIDTH}(?=::)")


def visible(text: str) -> str:
    """One line in which every character shows: white space is a space, what hides or turns text is ``�``.

    Nothing in it is a command to a terminal or to the runner of GitHub Actions. What was made visible before
    stays as it is.
    """
    if not text.isascii() or not text.isprintable():
        text = "".join(_seen(char) for char in _BROKEN.sub("", text))
    return _COMMAND.sub(rf"\g<0>{_ZERO_WIDTH}", text) if "##[" in text or "::" in text else text


def _seen(char: str) -> str:
    if char.isspace():
        return " "
    if char in _BLANK or unicodedata.category(char) in _HIDDEN or 0xE0100 <= ord(char) <= 0xE01EF:
        return UNSEEN
    return char


def clip(text: str, limit: int) -> str:
    """The text, or its beginning and ``…``, in at most ``limit`` characters."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"


def escape(text: object, limit: int = 500) -> str:
    """Typed text for a sentence or a table cell on GitHub: it reads the same and does nothing."""
    plain = clip(visible(str(text)).strip(), limit)
    safe = re.sub(r"[&<>\"'`|\\*_{}\[\]#!~@^$]", _entity, plain)
    safe = re.sub(r"&#(?:64|35);", lambda sign: sign[0] + _BREAK, safe)
    safe = re.sub(r":(?=//)", "&#58;" + _BREAK, safe)
    safe = re.sub(r"(?i)\b(www)\.", rf"\1{_BREAK}.", safe)
    safe = re.sub(r"(?i)\b(gh)-(?=\d)", rf"\1{_BREAK}-", safe)
    safe = re.sub(r"^[-+=]", _entity, safe)
    return re.sub(r"^(\d+)([.)])", lambda number: number[1] + f"&#{ord(number[2])};", safe)


def code(text: object, limit: int = 160) -> str:
    """Typed text as code on GitHub, in a sentence or a table cell; nothing for an empty text."""
    plain = clip(visible(str(text)).strip(), limit)
    if not plain:
        return ""
    safe = re.sub(r"[&<>\"'`|\\*_{}\[\]()#+!~@:^$]", _entity, plain)
    return "<code>" + re.sub(r"(?i)\b(www)\.", r"\1&#46;", safe) + "</code>"


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"


class Each(Sequence[str]):
    """A row for each item of a list, only written when there is room for it."""

    def __init__(self, items: Iterable[Item], show: Callable[[Item], str]) -> None:
        self._items = tuple(items)
        self._show = show

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return Each(self._items[index], self._show)
        return self._show(self._items[index])


class _Section(Struct, frozen=True):
    """A heading with its rows, of which the first ``room`` characters are shown at most; ``tail`` ends it."""

    head: str
    rows: Sequence[str]
    what: str
    rank: int
    room: int
    tail: str = ""


class Page:
    """A page of at most ``limit`` characters; what does not fit is left out, counted, and said where it is.

    Sections stand in the order in which they are added, and are taken in the order of their ``rank``: what
    matters most has the smallest. After the first piece that does not fit, nothing more is taken.
    """

    _RESERVE = 700
    """Room for the sentences that say what was left out."""

    def __init__(self, head: str, *, limit: int = LIMIT) -> None:
        self._limit = limit - self._RESERVE
        self._head = clip(head, self._limit)
        self._sections: list[_Section] = []

    @property
    def full(self) -> bool:
        """Whether something is left out."""
        return bool(self._laid_out()[1])

    def add(self, text: str, *, what: str = "sections", rank: int = 0) -> None:
        """A paragraph, after an empty line; counted as one ``what`` when it does not fit."""
        self._sections.append(_Section("", (text,), what, rank, self._limit))

    def rows(
        self, head: str, rows: Iterable[str], *, what: str, rank: int = 0, room: int | None = None
    ) -> None:
        """A table or list: ``head`` (its heading or header rows) and one line for each of ``rows``.

        Nothing where there are no rows. Below those that are shown stands how many more there are.
        """
        found = rows if isinstance(rows, Each) else tuple(rows)
        if found:
            self._sections.append(_Section(head, found, what, rank, self._limit if room is None else room))

    def fold(
        self, title: str, head: str, rows: Iterable[str], *, what: str, rank: int = 0, room: int | None = None
    ) -> None:
        """The same, folded away under a title; ``head`` is empty above a list."""
        found = rows if isinstance(rows, Each) else tuple(rows)
        if found:
            top = "\n\n".join(filter(None, (f"<details><summary>{title}</summary>", head)))
            limit = self._limit if room is None else room
            top = top if head else f"{top}\n"
            self._sections.append(_Section(top, found, what, rank, limit, "\n\n</details>"))

    def _laid_out(self) -> tuple[str, Counter[str]]:
        """The page without its last sentence, and how many of what are left out."""
        room = self._limit - len(self._head)
        left_out: Counter[str] = Counter()
        texts = [""] * len(self._sections)
        full = False
        for index in sorted(range(len(texts)), key=lambda index: self._sections[index].rank):
            section = self._sections[index]
            text, taken = ("", 0) if full else _beginning(section, min(room, section.room))
            if missing := len(section.rows) - taken:
                full = full or room <= section.room
                left_out[section.what] += missing
                text += f"\n\n*And {missing:,} more {section.what}.*" if text else ""
            text += section.tail if text else ""
            texts[index] = text
            room -= len(text)
        return self._head + "".join(texts), left_out

    def __str__(self) -> str:
        text, left_out = self._laid_out()
        if left_out:
            counts = ", ".join(f"{count} {what}" for what, count in left_out.items())
            text += f"\n\n**Left out, because the page would be too long: {clip(counts, 400)}.**"
        return text + "\n"


def _beginning(section: _Section, room: int) -> tuple[str, int]:
    """As many rows of a section as there is room for, and how many that are."""
    found: list[str] = []
    room -= len(section.tail)
    for row in section.rows:
        before = "\n" if found else f"\n\n{section.head}\n" if section.head else "\n\n"
        room -= len(before) + len(row)
        if room < 0:
            break
        found.append(before + row)
    return "".join(found), len(found)
