"""How answers of the audit read: tables for people, JSON and CSV for machines; all of its wording."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from gitops.audit.emergencies import WAYS, Emergency
from gitops.audit.ledger import HAND, WORDS, Excepted, Row, self_approved
from gitops.audit.reach import STANDINGS, Reach
from gitops.markup import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from gitops.audit import drifts
    from gitops.audit.merges import Line

MOST = 200
"""So many rows are shown to people; more are found sooner with a filter, or in a file."""

One = TypeVar("One")


class Column(Struct, Generic[One], frozen=True):
    """A column of a table: its head, and its text for one row.

    On a terminal that is too narrow, columns of the highest ``rank`` are left out first. What proves a row,
    or marks it, has rank 0 and is never left out.
    """

    head: str
    text: Callable[[One], str]
    rank: int = 0


def cite(commit: str, pull: int | None, receipt: int | None) -> str:
    """What proves a row, short: ``receipt 12, pull 7, 3f2a91c0d1e2``."""
    parts = [f"receipt {receipt}" if receipt else "", f"pull {pull}" if pull else "", commit[:12]]
    return ", ".join(part for part in parts if part)


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


ROWS: Sequence[Column[Row]] = (
    Column("Request", lambda row: row.request),
    Column("State", lambda row: row.state),
    Column("Owner", lambda row: row.owner, 3),
    Column("Data", lambda row: row.classification, 4),
    Column("Applied", lambda row: row.applied[:10]),
    Column("Approved by", lambda row: _approved_by(row), 2),
    Column("Receipt", lambda row: _number(row.receipt)),
    Column("Pull", lambda row: _number(row.pull)),
    Column("Commit", lambda row: row.commit[:12]),
    Column("Note", lambda row: _note(row)),
)


def _note(row: Row) -> str:
    """What an auditor has to know of a row at first sight."""
    marks = ("by hand" if row.made_by == HAND else "", "" if row.sound else "not sure")
    return ", ".join(mark for mark in marks if mark)


def _approved_by(row: Row) -> str:
    return ", ".join(row.approvers) + (" (who asked)" if self_approved(row) else "")


def _unapplied(row: Row) -> str:
    """Why it is not applied; without a receipt, only what is wrong with its file can be an error."""
    unreadable = row.error and row.receipt is None and row.state == "waiting"
    return "not applied: its file cannot be read" if unreadable else WORDS[row.state]


UNAPPLIED: Sequence[Column[Row]] = (
    ROWS[0],
    Column("State", lambda row: _unapplied(row)),
    ROWS[2],
    Column("Why", lambda row: row.error),
    Column("Receipt", lambda row: _number(row.receipt)),
    ROWS[-1],
)
EXPIRED: Sequence[Column[Row]] = (ROWS[0], Column("Ended", lambda row: row.expires), *ROWS[2:4], *ROWS[6:])
EXCEPTIONS: Sequence[Column[Excepted]] = (
    Column("Request", lambda one: one.request),
    Column("Rule", lambda one: one.rule + (f" at {one.field}" if one.field else "")),
    Column("Until", lambda one: one.until + ("" if one.holds else " (over)")),
    Column("Approver", lambda one: one.approver),
    Column("Approved", lambda one: f"receipt {one.approved}" if one.approved else "no receipt shows it"),
    Column("Reason", lambda one: one.reason, 1),
    Column("Note", lambda one: "" if one.sound else "not sure"),
)
_SHAKEN = "something is wrong with the receipt"


def _standing(one: Reach) -> str:
    """Why it is not sure that it is held, in brackets; nothing where it is."""
    shaken = "" if one.sound else _SHAKEN
    why = "; ".join(text for text in (STANDINGS.get(one.standing, one.standing), shaken) if text)
    return f" ({why})" if why else ""


REACH: Sequence[Column[Reach]] = (
    Column("Who", lambda one: one.principal),
    Column("May", lambda one: ", ".join(one.levels) + _standing(one)),
    Column("On", lambda one: f"{one.kind} {one.thing}"),
    Column("Since", lambda one: one.since[:10]),
    Column("By request", lambda one: one.request),
    Column("Approved by", lambda one: ", ".join(one.approvers) or "nobody on record"),
    Column("Receipt", lambda one: str(one.receipt)),
    Column("Pull", lambda one: _number(one.pull)),
)
EMERGENCIES: Sequence[Column[Emergency]] = (
    Column("Day", lambda one: one.written[:10]),
    Column("Request", lambda one: one.request),
    Column("How", lambda one: WAYS[one.way] + ("" if one.sound else f" ({_SHAKEN})")),
    Column("Who", lambda one: one.login),
    Column("Why", lambda one: one.reason),
    Column("Approved by", lambda one: ", ".join(one.approvers), 1),
    Column("Receipt", lambda one: str(one.receipt)),
    Column("Pull", lambda one: _number(one.pull)),
    Column("Commit", lambda one: one.commit[:12]),
)
DRIFT: Sequence[Column[drifts.Line]] = (
    Column("Day", lambda one: one.day),
    Column("Looked at", lambda one: str(one.looked)),
    Column("Unseen", lambda one: str(one.unseen)),
    Column("Open", lambda one: str(one.open)),
    Column("Left so", lambda one: str(one.ignored)),
    Column("Requests", lambda one: ", ".join(one.requests)),
    Column("Settled in the file", lambda one: _gone(one.settled, one.settled_in)),
    Column("Brought back", lambda one: _gone(one.brought_back, one.brought_back_in)),
)


def _gone(count: int, requests: Sequence[str]) -> str:
    return f"{count}: {', '.join(requests)}" if count else ""


MERGES: Sequence[Column[Line]] = (
    Column("Day", lambda one: one.day[:10]),
    Column("What", lambda one: one.what),
    Column("File", lambda one: one.path),
    Column("Commit by", lambda one: one.author, 1),
    Column("Commit", lambda one: one.commit[:12]),
    Column("Receipt", lambda one: _number(one.receipt)),
    Column("Pull", lambda one: _number(one.pull)),
    Column("Note", lambda one: one.note),
)


def as_data(rows: Iterable[Struct]) -> list[dict[str, Any]]:
    """The rows for JSON, with the names of their fields."""
    return [msgspec.structs.asdict(row) for row in rows]


def as_json(data: Any) -> str:
    """The same as a text in ASCII: what a terminal would show otherwise is escaped.

    In a fraction of the time of the standard library.
    """
    text = msgspec.json.format(msgspec.json.encode(data), indent=1).decode()
    plain = text.isascii() and "\x7f" not in text
    return (text if plain else re.sub(r"[^\n -~]", _escaped, text)) + "\n"


def _escaped(found: re.Match[str]) -> str:
    """A character as JSON writes it in ASCII: its units of UTF-16."""
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def as_csv(rows: Sequence[Struct], fields: Sequence[str]) -> str:
    """The rows as CSV (RFC 4180) with a head; lists are joined by a space.

    A cell that a spreadsheet would take for a formula begins with an apostrophe.
    """
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(fields)
    for row in rows:
        writer.writerow([_cell(getattr(row, field)) for field in fields])
    return out.getvalue()


_FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
"""What a spreadsheet takes for the beginning of a formula, also as East Asian keyboards write it."""


def _cell(value: Any) -> str:
    if isinstance(value, tuple | list):
        return " ".join(_cell(one) for one in value)
    text = visible("" if value is None else str(value))
    return f"'{text}" if text.lstrip()[:1] in _FORMULA else text


def print_table(console: Console, rows: Sequence[One], columns: Sequence[Column[One]], nothing: str) -> None:
    """A table of the first rows, and how many more there are.

    Columns without a text are left out. Where a terminal is too narrow, texts fold, and then those columns
    are left out that matter least, which a line below says. A file gets every column, and whole lines.
    """
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    if not rows:
        console.print(nothing)
        return
    first = rows[:MOST]
    texts = {column.head: [visible(column.text(row)) for row in first] for column in columns}
    told = [column for column in columns if any(texts[column.head])]
    wide = {column.head: max(map(cell_len, (column.head, *texts[column.head]))) for column in told}
    shown = _fitting(told, wide, console.width) if console.is_terminal else told
    table = Table(box=None, pad_edge=False, padding=(0, _APART, 0, 0), header_style="bold")
    whole = _whole(shown, wide, console.width)
    for column in shown:
        table.add_column(column.head, overflow="fold", no_wrap=column in whole)
    for cells in zip(*(texts[column.head] for column in shown), strict=True):
        table.add_row(*map(Text, cells))
    if console.is_terminal:
        console.print(table)
    else:
        _print_whole(console, table, sum(wide.values()) + _APART * len(wide))
    if len(shown) < len(told):
        missing = ", ".join(column.head for column in told if column not in shown)
        console.print(f"Left out, as this terminal is narrow: {missing}. All of it: --csv, --json.")
    if len(rows) > MOST:
        more = len(rows) - MOST
        console.print(f"… and {more:,} more; choose with options, or take all with --csv or --json.")


_APART = 2
"""Columns of the terminal between two columns of a table."""
_FOLDED = 24
"""So many characters of a column are kept together before others have to go."""


_SHORT = 12
"""Characters of the longest text that is not folded where the others can: a day, a number, a commit."""


_LEAST = 8
"""So many characters a line of a text that folds has at least, as long as that can be."""


def _whole(columns: Sequence[Column[One]], wide: Mapping[str, int], width: int) -> Sequence[Column[One]]:
    """The columns whose texts are short enough to be left in one line."""
    short = [column for column in columns if wide[column.head] <= _SHORT]
    needed = sum(wide[column.head] if column in short else _LEAST for column in columns)
    return short if needed + _APART * (len(columns) - 1) <= width else ()


def _print_whole(console: Console, table: Table, width: int) -> None:
    """The table in as many columns as it needs, with no blanks at the ends of its lines."""
    console.width = max(console.width, width)
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        console.out(line.rstrip(), highlight=False)


def _fitting(columns: Sequence[Column[One]], wide: Mapping[str, int], width: int) -> Sequence[Column[One]]:
    """The columns that fit side by side when long texts fold; those of rank 0 stay."""
    shown = list(columns)
    while len(shown) > 1:
        last = max(shown, key=lambda column: column.rank)
        needed = sum(min(wide[column.head], _FOLDED) + _APART for column in shown) - _APART
        if needed <= width or not last.rank:
            break
        shown.remove(last)
    return shown
