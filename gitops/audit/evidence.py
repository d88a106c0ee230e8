"""A pack of evidence for a period: tables, the receipts themselves, and a manifest with digests.

Nothing in it depends on when or where it is made: the same clone gives the same bytes, so that two people can
compare the digest of the manifest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from gitops import drift_record
from gitops.audit import applies, chain, dictionary, drifts, emergencies, ledger, merges, reach
from gitops.audit.past import Past
from gitops.audit.render import as_csv
from gitops.errors import UsageError
from gitops.receipt import parse_receipt

if TYPE_CHECKING:
    from gitops.audit.facts import Written
    from gitops.audit.record import Record
    from gitops.receipt import Receipt

MANIFEST = "manifest.json"


class _Table(Struct, frozen=True):
    """A table of the pack: its rows, all of the type ``row``."""

    rows: Sequence[Struct]
    row: type[Struct]

    @property
    def csv(self) -> bytes:
        return as_csv(self.rows, self.row.__struct_fields__).encode()


def pack(record: Record, since: date, until: date) -> dict[str, bytes]:
    """The files of the pack, by path; both days are included. All stands as it did at the end of the last.

    Raises:
        ConfigurationError: the clone is shallow.
        UsageError: the period ends before it begins.
    """
    record.require_history()
    if until < since:
        raise UsageError(
            f"The period ends on {until}, before it begins on {since}.", fix="Swap the two days."
        )
    first, last = since.isoformat(), until.isoformat()
    past = Past(record, until)
    days = reach.days_of(record)
    written = [(path, one) for path, one in past.receipt_files if one]
    began = {path: one for path, one in written if days[one.number] >= first}
    tables = _of_the_past(past, since, until)
    cited = _cited(tables)
    raws = _read(record, [path for path, one in written if path in began or one.number in cited])
    runs = [(one, parse_receipt(raws[path], path)) for path, one in began.items() if one.ended]
    looked, _ = drift_record.kept(record.checkout, record.receipts_head)
    looks = [one for one in drifts.lines(record, looked) if first <= one.day <= last]
    tables |= {
        "applies.csv": _Table(applies.applied(record, runs), applies.Applied),
        "approvals.csv": _Table(applies.approved(record, runs), applies.Approved),
        "steps.csv": _Table(applies.stepped(record, runs), applies.Stepped),
        "drift.csv": _Table(looks, drifts.Line),
        "problems.csv": _Table(chain.known(record), chain.Problem),
    }
    found = {name: table.csv for name, table in tables.items()}
    found["README.md"] = _readme(past, first, last, _counts(tables, runs)).encode()
    found |= raws | _read(record, [one.file for one in looks])
    found[MANIFEST] = _manifest(record, first, last, found)
    return dict(sorted(found.items()))


def _of_the_past(past: Past, since: date, until: date) -> dict[str, _Table]:
    first, last = since.isoformat(), until.isoformat()
    _ = past.by_request  # all of them are asked for: read at once
    came = merges.merges(past, since=first, until=last)
    passed = list(emergencies.emergencies(past, since=first, until=last))
    return {
        "requests.csv": _Table([ledger.row_of(past, file) for file in past.every], ledger.Row),
        "changes.csv": _Table(merges.lines(past, came), merges.Line),
        "access.csv": _Table(list(reach.reach(past, until)), reach.Reach),
        "exceptions.csv": _Table(list(ledger.exceptions(past, until)), ledger.Excepted),
        "emergencies.csv": _Table(passed, emergencies.Emergency),
    }


def _cited(tables: Mapping[str, _Table]) -> set[int]:
    """The numbers of the receipts that the tables name."""
    columns = ("receipt", "approved")
    numbers = (
        getattr(row, column, None) for table in tables.values() for row in table.rows for column in columns
    )
    return {one for one in numbers if one}


def _read(record: Record, paths: Sequence[str]) -> dict[str, bytes]:
    return dict(record.checkout.read_tree(record.receipts_head, paths)) if paths else {}


def _counts(tables: Mapping[str, _Table], runs: Sequence[tuple[Written, Receipt]]) -> Mapping[str, int]:
    def rows(name: str, true: Callable[[Any], bool] = lambda _: True) -> int:
        return sum(true(row) for row in tables[f"{name}.csv"].rows)

    asked = [(one, receipt) for one, receipt in runs if one.github and receipt.approvers]
    return {
        "Requests on the default branch at the end": rows("requests", lambda row: row.state not in _GONE),
        "Of them by hand, without the bot": rows(
            "requests", lambda row: row.state not in _GONE and row.made_by == ledger.HAND
        ),
        "Changes that came in": rows("changes"),
        "Changes that no receipt names by the end": rows("changes", lambda row: row.receipt is None),
        "Runs that applied something, or tried": len(runs),
        "Of them without an approver": rows("applies", lambda row: not row.approvers),
        "Of them with an approver and no word of when": rows("applies", lambda row: bool(row.undated)),
        "Of them approved by nobody but who asked": sum(
            {login.casefold() for login in receipt.approvers} == {one.github.casefold()}
            for one, receipt in asked
        ),
        "Of them opened in an emergency": sum(bool(receipt.broke_glass) for _, receipt in runs),
        "Of them let pass alone by the policy": sum(bool(receipt.passes_alone) for _, receipt in runs),
        "Steps": rows("steps"),
        "Steps that failed, or were left or undone": rows(
            "steps", lambda row: row.outcome not in ("done", "already")
        ),
        "Steps after which a look did not find what was wanted": rows(
            "steps", lambda row: row.read_back == "differs"
        ),
        "Steps after which nobody could look": rows("steps", lambda row: row.read_back == "unseen"),
        "Grants in force at the end": rows("access", lambda row: row.sure),
        "Grants of which that is not sure": rows("access", lambda row: not row.sure),
        "Exceptions in force at the end": rows("exceptions", lambda row: row.holds),
        "Days on which drift was looked for": rows("drift"),
        "Problems with the receipts, of any time": rows("problems"),
    }


_GONE = (ledger.REMOVED, ledger.ENDED, ledger.WITHDRAWN)


def write(files: Mapping[str, bytes], folder: Path) -> None:
    """Put the pack into a new or empty folder.

    Raises:
        UsageError: something is there already, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty.", fix="Name a new folder with --out.")
        for name, raw in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}.") from error


def _manifest(record: Record, first: str, last: str, files: Mapping[str, bytes]) -> bytes:
    data = {
        "from": first,
        "to": last,
        "main": record.main,
        "receipts": record.receipts_head,
        "files": {name: f"sha256:{hashlib.sha256(raw).hexdigest()}" for name, raw in sorted(files.items())},
    }
    return msgspec.json.format(json.dumps(data).encode(), indent=2) + b"\n"


_FILES: Sequence[tuple[str, str]] = (
    ("requests.csv", "every request as it stood at the end of the period, and its latest receipt by then"),
    ("changes.csv", "what came into the default branch in the period, commit by commit"),
    (
        "applies.csv",
        "every run of the period that applied something, or tried: the gate, the outcome, the run",
    ),
    ("approvals.csv", "every approval that counted for one of those runs, one row for each rule it was for"),
    ("emergencies.csv", "what passed the gate without approvals: who opened it and why, or by which rule"),
    (
        "steps.csv",
        "every step of those runs: what was found, wanted and found after, and ids of its requests",
    ),
    ("access.csv", "who held what on what at the end of the period, by which request and approval"),
    (
        "exceptions.csv",
        "exceptions from rules that are recorded in those requests, and what shows their approval",
    ),
    ("drift.csv", "how much stood differently from what was applied, on each day that somebody looked"),
    ("problems.csv", "what is wrong with the receipts of any time; nothing but its head where nothing is"),
    ("receipts/", "the receipts of the period and all that a table cites, as they are on their branch"),
    ("drift/", "the looks of the period, as they are on the same branch"),
    (MANIFEST, "the commits that this was made from, and the SHA-256 of every other file"),
)


def _readme(past: Past, first: str, last: str, counts: Mapping[str, int]) -> str:
    newest = max((one.at for one in past.receipts), default="")
    lines = [
        f"# Evidence from {first} to {last}",
        "",
        f"Made from commit `{past.main}` of the default branch",
        f"and commit `{past.receipts_head or 'none'}` of the receipts. Days are in UTC, both included.",
        f"Everything stands as it did at the end of {last}: what came later is left out. The newest receipt",
        f"by then is of {newest[:10] if newest else 'no day: there is none'}.",
        "",
        "| What | How many |",
        "|---|---|",
        *(f"| {name} | {count} |" for name, count in counts.items()),
        "",
        "| File | What is in it |",
        "|---|---|",
        *(f"| `{name}` | {what} |" for name, what in _FILES),
        "",
        "Every row cites a commit, a receipt, or a look in `drift/`. `lakeport receipts verify` checks in",
        "the same clone that no receipt was changed, added or left out; `lakeport audit show REQUEST` tells",
        "the whole life of a request. What was granted by hand is not in here: `lakeport drift` looks for",
        "that.",
        "",
        "## What the columns mean",
        "",
        "Times are UTC, as ISO 8601. Several values in one cell are apart by a space. A cell that a",
        "spreadsheet would take for a formula begins with an apostrophe.",
        "",
        "| Column | Meaning |",
        "|---|---|",
        *(f"| `{name}` | {meaning} |" for name, meaning in dictionary.COLUMNS.items()),
        "",
    ]
    return "\n".join(lines)
