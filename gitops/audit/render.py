"""How answers of the audit read: tables for people, JSON and CSV for machines; all of its wording."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from gitops.audit.ledger import HAND, WORDS, Excepted, Row
from gitops.audit.reach import Reach
from gitops.markup import visible

if TYPE_CHECKING:
    from rich.console import Console

    from gitops.audit import drifts
    from gitops.audit.merges import Line

MOST = 200
"""So many rows are shown to people; more are found sooner with a filter, or in a file."""

One = TypeVar("One")


class Column(Struct, Generic[One], frozen=True):
    """A column of a table: its head, and its text for one row; of the highest ``rank`` it goes first."""

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
    Column("Owner", lambda row: row.owner, 2),
    Column("Data", lambda row: row.classification, 3),
    Column("Applied", lambda row: row.applied[:10]),
    Column("Approved by", lambda row: ", ".join(row.approvers), 1),
    Column("Receipt", lambda row: _number(row.receipt)),
    Column("Pull", lambda row: _number(row.pull)),
    Column("Commit", lambda row: row.commit[:12], 4),
    Column("Came", lambda row: "by hand" if row.made_by == HAND else "", 5),
)
UNAPPLIED: Sequence[Column[Row]] = (
    ROWS[0],
    Column("State", lambda row: WORDS[row.state]),
    ROWS[2],
    Column("Why", lambda row: row.error, 1),
    Column("Receipt", lambda row: _number(row.receipt)),
)
EXPIRED: Sequence[Column[Row]] = (ROWS[0], Column("Ended", lambda row: row.expires), *ROWS[2:4], *ROWS[6:])
EXCEPTIONS: Sequence[Column[Excepted]] = (
    Column("Request", lambda one: one.request),
    Column("Rule", lambda one: one.rule + (f" at {one.field}" if one.field else "")),
    Column("Until", lambda one: one.until + ("" if one.holds else " (over)")),
    Column("Approver", lambda one: one.approver),
    Column("Approved", lambda one: f"receipt {one.approved}" if one.approved else "no receipt shows it"),
    Column("Reason", lambda one: one.reason, 1),
)
REACH: Sequence[Column[Reach]] = (
    Column("Who", lambda one: one.principal),
    Column("May", lambda one: ", ".join(one.levels) + ("" if one.sure else " (the last apply did not end)")),
    Column("On", lambda one: f"{one.kind} {one.thing}"),
    Column("Since", lambda one: one.since[:10]),
    Column("By request", lambda one: one.request, 1),
    Column("Approved by", lambda one: ", ".join(one.approvers) or "nobody on record"),
    Column("Receipt", lambda one: str(one.receipt)),
    Column("Pull", lambda one: _number(one.pull), 2),
)
DRIFT: Sequence[Column[drifts.Line]] = (
    Column("Day", lambda one: one.day),
    Column("Looked at", lambda one: str(one.looked)),
    Column("Unseen", lambda one: str(one.unseen)),
    Column("Open", lambda one: str(one.open)),
    Column("Left so", lambda one: str(one.ignored)),
    Column("Settled in the file", lambda one: str(one.settled)),
    Column("Brought back", lambda one: str(one.brought_back)),
    Column("Requests", lambda one: ", ".join(one.requests), 1),
)
MERGES: Sequence[Column[Line]] = (
    Column("Day", lambda one: one.day[:10]),
    Column("What", lambda one: one.what),
    Column("File", lambda one: one.path),
    Column("By", lambda one: one.author),
    Column("Commit", lambda one: one.commit[:12], 1),
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

    Columns without a text are left out, and where the terminal is too narrow those that matter least.
    """
    from rich.table import Table
    from rich.text import Text

    if not rows:
        console.print(nothing)
        return
    first = rows[:MOST]
    texts = {column.head: [visible(column.text(row)) for row in first] for column in columns}
    shown = _fitting([column for column in columns if any(texts[column.head])], texts, console.width)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in shown:
        table.add_column(column.head, overflow="fold")
    for cells in zip(*(texts[column.head] for column in shown), strict=True):
        table.add_row(*map(Text, cells))
    console.print(table)
    if len(rows) > MOST:
        more = len(rows) - MOST
        console.print(f"… and {more:,} more; choose with options, or take all with --csv or --json.")


def _fitting(
    columns: Sequence[Column[One]], texts: Mapping[str, Sequence[str]], width: int
) -> Sequence[Column[One]]:
    """The columns that fit side by side; those of rank 0 stay, and fold."""
    shown = list(columns)
    while len(shown) > 1:
        wide = sum(max(map(len, (column.head, *texts[column.head]))) + 2 for column in shown)
        last = max(shown, key=lambda column: column.rank)
        if wide <= width or not last.rank:
            break
        shown.remove(last)
    return shown
