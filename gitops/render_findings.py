"""How findings read: in a terminal, line by line with a caret, and as annotations of GitHub Actions.

The terminal form is that of compilers: what, where, the line itself, and what to do. SARIF is
:mod:`gitops.sarif`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from gitops.finding import Finding, Place, Severity
from gitops.markup import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

ANNOTATIONS = 10
"""Annotations of one sort that GitHub shows of one step; it drops the others without a word."""

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold cyan"}
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_GUTTER = "blue"
_BREAKS = re.compile(r"\r\n|\n|\r")


# --- in words -------------------------------------------------------------------------------------


def findings_summary(findings: Sequence[Finding], files: int) -> str:
    """``2 errors and 1 warning in 3 of 40 files``; ``files`` were checked, 0 where nobody asks."""
    counts = Counter(_sort(found) for found in findings)
    parts = [
        _many(counts[word], word) for word in ("error", "warning", "remark", "exception") if counts[word]
    ]
    if not parts:
        return f"{_many(files, 'file')} checked, nothing found"
    bad = len({found.place.file for found in findings})
    where = f"{bad} of {_many(files, 'file')}" if bad < files else _many(bad, "file")
    words = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    return f"{words} in {where}" if files else words


def _sort(found: Finding) -> str:
    if found.excepted:
        return "exception"
    return "remark" if found.severity is Severity.INFO else str(found.severity)


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


# --- in a terminal --------------------------------------------------------------------------------


def print_findings(console: Console, findings: Iterable[Finding], sources: Mapping[str, bytes]) -> None:
    """Every finding in the given order, an empty line between two, and at the end how to learn more.

    ``sources`` holds the bytes of the files, as far as they are at hand. Nothing in a file can be a command
    to the terminal or to the runner of GitHub Actions.
    """
    lines: dict[str, list[str]] = {}
    first = ""
    width, wraps = console.width, console.is_terminal
    for found in findings:
        file = found.place.file
        if file not in lines:
            lines[file] = _BREAKS.split(sources[file].decode("utf-8", "replace")) if file in sources else []
        console.print(_page(console, found, lines[file], width, wraps=wraps), soft_wrap=True)
        first = first or found.rule
    if first:
        console.print(f"`lakeport explain {visible(first)}` says more about a rule.", soft_wrap=True)


def _page(console: Console, found: Finding, lines: Sequence[str], width: int, *, wraps: bool) -> Text:
    """One finding with its line, and an empty line after it."""
    from rich.text import Text

    def hang(head: str, style: str, body: Text) -> None:
        """A head and a text; where long lines are wrapped, the further ones stand under the first."""
        room = width - len(head)
        for piece in body.wrap(console, room) if wraps and room >= 30 else (body,):
            piece.rstrip()
            page.append(head, style).append_text(piece).append("\n")
            head = " " * len(head)

    page = Text()
    place, style = found.place, _STYLES[found.severity]
    shown = 0 < place.line <= len(lines)
    edge = " " * (len(str(place.line)) if shown else 1)
    rule, message = f"{found.severity}[{visible(found.rule)}]", f": {visible(found.message)}"
    hang("", "", Text.assemble((rule, style), (message, "bold")))
    page.append(f"{edge}--> ", _GUTTER).append(f"{visible(str(place))}\n")
    if shown:
        text, marks = _excerpt(place, lines[place.line - 1], max(width - len(edge) - 3, 20))
        page.append(f"{edge} |\n{place.line} | ", _GUTTER).append(f"{text}\n")
        page.append(f"{edge} | ", _GUTTER).append(f"{marks}\n", style)
    for other in found.related:
        page.append(f"{edge} = see: ", _GUTTER).append(f"{visible(f'{other.place}: {other.message}')}\n")
    if found.excepted:
        hang(f"{edge} = note: ", "cyan", Text(visible(found.excepted)))
    elif found.hint:
        hang(f"{edge} = help: ", "green", Text(visible(found.hint)))
    return page


def _excerpt(place: Place, line: str, room: int) -> tuple[str, str]:
    """A line of a file in at most ``room`` cells, with the place in sight, and the marks to put under it."""
    from rich.cells import cell_len

    start = min(max(place.column - 1, 0), len(line))
    end = place.end_column - 1 if place.end_line == place.line else len(line.rstrip())
    first = max(start - room, 0)  # what is further away is not in sight, and may be very long
    text = _seen(line[first : start + room])
    start, end, after = start - first, end - first, first + len(text) < len(line)
    left, right = _window(text, start, room) if first or after or cell_len(text) > room else (0, len(text))
    cut = bool(first + left)
    shown = ("…" if cut else "") + text[left:right] + ("…" if after or right < len(text) else "")
    marks = "^" * max(cell_len(text[start : min(end, right)]), 1)
    return visible(shown), " " * (cut + cell_len(text[left:start])) + marks


def _window(text: str, start: int, room: int) -> tuple[int, int]:
    """Which part of a long line is shown: from its beginning if the place is then in sight, else round it."""
    from rich.cells import cell_len, get_character_cell_size

    left, before = 0, cell_len(text[:start])
    if before > room * 2 // 3:
        left, before = start, 0
        while left and before + get_character_cell_size(text[left - 1]) <= room // 3:
            left -= 1
            before += get_character_cell_size(text[left])
    right, cells = start, before + 2  # a sign for what is cut off at either end
    while right < len(text) and cells + get_character_cell_size(text[right]) <= room:
        cells += get_character_cell_size(text[right])
        right += 1
    return left, right


def _seen(line: str) -> str:
    """A line in which every character shows as one: a tab as ``⇥``, control characters by their pictures."""
    if line.isascii() and line.isprintable():
        return line
    return "".join(_picture(char) for char in line)


def _picture(char: str) -> str:
    if char == "\t":
        return "⇥"
    if char < " ":
        return chr(0x2400 + ord(char))
    return "␡" if char == "\x7f" else visible(char)


# --- on GitHub ------------------------------------------------------------------------------------


def findings_github(findings: Iterable[Finding]) -> str:
    """Workflow commands that GitHub shows as annotations on the lines of the diff, one line each."""
    return "".join(_command(found) for found in findings)


def github_limit(findings: Iterable[Finding]) -> str:
    """A sentence on annotations that GitHub will not show; empty when it shows all."""
    counts = Counter(_COMMANDS[found.severity] for found in findings)
    hidden = [
        f"{ANNOTATIONS} of {_many(count, word)}" for word, count in counts.items() if count > ANNOTATIONS
    ]
    return (
        f"GitHub shows {' and '.join(hidden)} as annotations; all of them are in this log." if hidden else ""
    )


def _command(found: Finding) -> str:
    """``::error file=…,line=…::message``; GitHub takes columns only within one line."""
    place = found.place
    numbers = {"line": place.line, "endLine": max(place.end_line, place.line)}
    if numbers["endLine"] == place.line:
        numbers |= {"col": place.column, "endColumn": max(place.end_column, place.column)}
    parts = [f"file={_property(visible(place.file))}"]
    parts += [f"{key}={value}" for key, value in numbers.items() if value]
    parts.append(f"title={_property(visible(found.rule))}")
    lines = [found.message, found.excepted or found.hint, f"Rule {found.rule}: lakeport explain {found.rule}"]
    message = "\n".join(visible(line) for line in lines if line)
    return f"::{_COMMANDS[found.severity]} {','.join(parts)}::{_data(message)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
