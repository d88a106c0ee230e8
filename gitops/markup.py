"""Text that somebody typed, made harmless for where it is shown, and pages that never grow too long.

On GitHub a typed text must not become structure, a mention, a reference, a link or a formula, and must not
hide anything. Entities alone do not stop mentions, references and links: GitHub looks for them in the
finished text. A zero-width space after the sign does, and nothing is looked for inside ``<code>``.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

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


class Page:
    """A page of at most ``limit`` characters; what does not fit is left out, counted, and said at the end.

    Put first what matters most: after the first piece that does not fit, nothing more is taken.
    """

    _RESERVE = 600
    """Room for the sentence that says what was left out."""

    def __init__(self, head: str, *, limit: int = LIMIT) -> None:
        self._limit = limit - self._RESERVE
        self._pieces = [clip(head, self._limit)]
        self._length = len(self._pieces[0])
        self._left_out: Counter[str] = Counter()

    @property
    def full(self) -> bool:
        """Whether something was left out already."""
        return bool(self._left_out)

    def add(self, text: str, *, what: str = "sections", count: int = 1) -> bool:
        """A paragraph, after an empty line; counted as so many ``what`` when it does not fit."""
        return self._take("\n\n" + text, what, count)

    def rows(self, head: str, rows: Iterable[str], *, what: str) -> None:
        """A table or list: ``head`` (its heading or header rows) and one line for each of ``rows``."""
        first = True
        for row in rows:
            self._take(f"\n\n{head}\n{row}" if first else f"\n{row}", what, 1)
            first = False

    def skip(self, what: str, count: int) -> None:
        """Count something that is not even tried."""
        self._left_out[what] += count

    def _take(self, piece: str, what: str, count: int) -> bool:
        if self.full or self._length + len(piece) > self._limit:
            self._left_out[what] += count
            return False
        self._pieces.append(piece)
        self._length += len(piece)
        return True

    def __str__(self) -> str:
        text = "".join(self._pieces)
        if self._left_out:
            counts = ", ".join(f"{count} {what}" for what, count in self._left_out.items())
            text += f"\n\n**Left out, because the page would be too long: {clip(counts, 400)}.**"
        return text + "\n"
