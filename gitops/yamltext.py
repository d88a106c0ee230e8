"""The text of a YAML file before it is parsed: its characters, and the places in it."""

from __future__ import annotations

import re

from gitops.finding import Finding, Place, Severity

MAX_BYTES = 256 * 1024
"""A file of more bytes than this is not read."""

MAX_DEPTH = 16
MAX_VALUES = 15_000

MAX_FINDINGS = 100
"""A file with more than this many findings is not read to its end."""

Path = tuple[str | int, ...]
Span = tuple[int, int, int, int]
"""Line, column, end line, end column, all from 0."""

INVISIBLE = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Control and bidirectional characters and those without a shape, as inside ``[…]`` of a pattern.

Without a shape is what Unicode calls default ignorable, but for the two selectors that come after emoji.
"""

UNWELCOME = re.compile(f"[\t\r{INVISIBLE}]")
UNREADABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]"
)  # the parser stops at these


def path_text(path: Path) -> str:
    """A path as people read it: ``resources[2].grants[0].principal``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def too_large(file: str, size: int) -> Finding:
    """What is said of a file of more than :data:`MAX_BYTES`."""
    problem = f"The file has {size:,} bytes; at most {MAX_BYTES:,} are read."
    return error("yaml-size", problem, Place(file), "Split it, or leave out what is not needed.")


def decode(raw: bytes, file: str) -> tuple[str | None, list[Finding]]:
    """The text, and findings on its characters; ``None`` where the bytes are no UTF-8."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as wrong:
        place = at_offset(raw[: wrong.start].decode(), wrong.start, file)
        problem = f"The byte 0x{raw[wrong.start]:02x} is not valid UTF-8."
        return None, [
            error("yaml-encoding", problem, place, "Save the file as UTF-8 without a byte order mark.")
        ]
    findings: list[Finding] = []
    seen: set[str] = set()
    for match in UNWELCOME.finditer(text):
        character = match[0]
        if character not in seen and len(seen) < MAX_FINDINGS:
            seen.add(character)
            problem, hint = _character(character, at_start=match.start() == 0)
            findings.append(error("yaml-character", problem, at_offset(text, match.start(), file), hint))
    return text, findings


def _character(character: str, *, at_start: bool) -> tuple[str, str]:
    """Sentence and hint for a character that does not belong into a file people review."""
    if character == "\t":
        return "There is a tab.", "Use spaces; indent by two."
    if character == "\r":
        return "The lines end in CR LF or CR.", "Save the file with LF line endings."
    if character == "\ufeff" and at_start:
        return "The file starts with a byte order mark.", "Save the file as UTF-8 without a byte order mark."
    return (
        f"There is a control or invisible character, U+{ord(character):04X}.",
        "Delete it; a reviewer could not see it.",
    )


def place_of(file: str, span: Span, path: Path) -> Place:
    """A span of the parser as a place that people count from 1."""
    line, column, end_line, end_column = span
    return Place(file, line + 1, column + 1, end_line + 1, end_column + 1, path_text(path))


def at_offset(text: str, offset: int, file: str) -> Place:
    """The place of a character, by its offset in the text (or in what could be decoded of it)."""
    line = text.count("\n", 0, offset) + 1
    column = offset - text.rfind("\n", 0, offset)
    return Place(file, line, column, line, column + 1)


def error(rule: str, message: str, place: Place, hint: str) -> Finding:
    """A finding of severity error."""
    return Finding(rule, Severity.ERROR, message, place, hint)
