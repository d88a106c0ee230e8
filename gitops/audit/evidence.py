"""A pack of evidence for a period: tables, the receipts themselves, and a manifest with digests.

Nothing in it depends on when or where it is made: the same clone gives the same bytes, so that two people can
compare the digest of the manifest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gitops.audit import chain, ledger, merges, reach
from gitops.audit.facts import Written
from gitops.audit.render import as_csv
from gitops.errors import UsageError
from gitops.markup import escape

if TYPE_CHECKING:
    from gitops.audit.record import Record

MANIFEST = "manifest.json"


def pack(record: Record, since: date, until: date) -> dict[str, bytes]:
    """The files of the pack, by path; both days are included."""
    record.require_history()
    first, last = since.isoformat(), until.isoformat()
    receipts = [(path, one) for path, one in record.receipt_files if one and first <= one.at[:10] <= last]
    came = list(merges.merges(record, since=first, until=last))
    held = list(reach.reach(record, until))
    excepted = list(ledger.exceptions(record, until))
    wrong = chain.problems(record)
    changes = merges.lines(came)
    done = [one for _, one in receipts if one.ended]
    files = {
        "requests.csv": as_csv(list(ledger.rows(record)), ledger.Row.__struct_fields__),
        "changes.csv": as_csv(changes, merges.Line.__struct_fields__),
        "applies.csv": as_csv(done, Written.__struct_fields__),
        "access.csv": as_csv(held, reach.Reach.__struct_fields__),
        "exceptions.csv": as_csv(excepted, ledger.Excepted.__struct_fields__),
        "problems.csv": as_csv(wrong, chain.Problem.__struct_fields__),
    }
    counts = {
        "Requests on the default branch": len(record.files),
        "Changes that came in": len(changes),
        "Runs that applied something, or tried": len(done),
        "Of them without an approver": sum(not one.approvers for one in done),
        "Grants in force at the end": len(held),
        "Exceptions in force at the end": sum(one.holds for one in excepted),
        "Problems with the receipts": len(wrong),
    }
    found = {name: text.encode() for name, text in files.items()}
    found["README.md"] = _readme(record, first, last, counts).encode()
    raws = record.checkout.read_tree(record.receipts_head, [path for path, _ in receipts]) if receipts else {}
    found |= dict(raws)
    found[MANIFEST] = _manifest(record, first, last, found)
    return dict(sorted(found.items()))


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
    ("requests.csv", "every request on the default branch, where it stands, and its latest receipt"),
    ("changes.csv", "what came into the default branch in the period, commit by commit"),
    ("applies.csv", "every run of the period that applied something, or tried: approvers, outcome, run"),
    ("access.csv", "who held what on what at the end of the period, by which request and approval"),
    ("exceptions.csv", "recorded exceptions from rules, and the receipt that shows their approval"),
    ("problems.csv", "what is wrong with the receipts; nothing but its head where nothing is"),
    ("receipts/", "the receipts of the period, byte for byte as they are on their branch"),
    (MANIFEST, "the commits that this was made from, and the SHA-256 of every other file"),
)


def _readme(record: Record, first: str, last: str, counts: Mapping[str, int]) -> str:
    lines = [
        f"# Evidence from {first} to {last}",
        "",
        f"Made from commit `{record.main}` of {escape(record.branch)}",
        f"and commit `{record.receipts_head or 'none'}` of the receipts. Days are in UTC, both included.",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {count} |" for name, count in counts.items()),
        "",
        "| File | What is in it |",
        "|---|---|",
        *(f"| `{name}` | {what} |" for name, what in _FILES),
        "",
        "Every line cites a commit, a pull request or a receipt. `lakeport receipts verify` checks in the",
        "same clone that no receipt was changed, added or left out; `lakeport audit show REQUEST` tells the",
        "whole life of a request. What was granted by hand is not in here: `lakeport drift` looks for that.",
        "",
    ]
    return "\n".join(lines)
