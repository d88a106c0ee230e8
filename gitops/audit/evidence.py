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

from gitops import drift_record
from gitops.audit import applies, chain, drifts, ledger, merges, reach
from gitops.audit.render import as_csv
from gitops.errors import UsageError
from gitops.receipt import parse_receipt

if TYPE_CHECKING:
    from gitops.audit.record import Record

MANIFEST = "manifest.json"


def pack(record: Record, since: date, until: date) -> dict[str, bytes]:
    """The files of the pack, by path; both days are included."""
    record.require_history()
    first, last = since.isoformat(), until.isoformat()
    receipts = [(path, one) for path, one in record.receipt_files if one and first <= one.at[:10] <= last]
    rows = list(ledger.rows(record))
    looked, _ = drift_record.kept(record.checkout, record.receipts_head)
    looks = [one for one in drifts.lines(record, looked) if first <= one.day <= last]
    came = list(merges.merges(record, since=first, until=last))
    held = list(reach.reach(record, until))
    excepted = list(ledger.exceptions(record, until))
    wrong = chain.problems(record)
    changes = merges.lines(came)
    raws = record.checkout.read_tree(record.receipts_head, [path for path, _ in receipts]) if receipts else {}
    done = [(one, parse_receipt(raws[path], path)) for path, one in receipts if one.ended]
    files = {
        "requests.csv": as_csv(rows, ledger.Row.__struct_fields__),
        "changes.csv": as_csv(changes, merges.Line.__struct_fields__),
        "applies.csv": as_csv(applies.applied(done), applies.Applied.__struct_fields__),
        "steps.csv": as_csv(applies.stepped(done), applies.Stepped.__struct_fields__),
        "access.csv": as_csv(held, reach.Reach.__struct_fields__),
        "exceptions.csv": as_csv(excepted, ledger.Excepted.__struct_fields__),
        "drift.csv": as_csv(looks, drifts.Line.__struct_fields__),
        "problems.csv": as_csv(wrong, chain.Problem.__struct_fields__),
    }
    counts = {
        "Requests on the default branch": len(record.files),
        "Changes that came in": len(changes),
        "Runs that applied something, or tried": len(done),
        "Of them without an approver": sum(not one.approvers for one, _ in done),
        "Of them opened in an emergency": sum(bool(receipt.broke_glass) for _, receipt in done),
        "Steps that read back otherwise, or could not be": sum(
            bool(step.doubt) for _, receipt in done for step in receipt.steps
        ),
        "Grants in force at the end": len(held),
        "Exceptions in force at the end": sum(one.holds for one in excepted),
        "Days on which drift was looked for": len(looks),
        "Requests that came by hand, without the bot": sum(row.made_by == ledger.HAND for row in rows),
        "Problems with the receipts": len(wrong),
    }
    found = {name: text.encode() for name, text in files.items()}
    found["README.md"] = _readme(record, first, last, counts).encode()
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
    (
        "applies.csv",
        "every run of the period that applied something, or tried: who let it pass, outcome, run",
    ),
    (
        "steps.csv",
        "every step of those runs: what was found, wanted and found after, and ids of its requests",
    ),
    ("access.csv", "who held what on what at the end of the period, by which request and approval"),
    ("exceptions.csv", "recorded exceptions from rules, and the receipt that shows their approval"),
    ("drift.csv", "how much stood differently from what was applied, on each day that somebody looked"),
    ("problems.csv", "what is wrong with the receipts; nothing but its head where nothing is"),
    ("receipts/", "the receipts of the period, byte for byte as they are on their branch"),
    (MANIFEST, "the commits that this was made from, and the SHA-256 of every other file"),
)


def _readme(record: Record, first: str, last: str, counts: Mapping[str, int]) -> str:
    lines = [
        f"# Evidence from {first} to {last}",
        "",
        f"Made from commit `{record.main}` of the default branch",
        f"and commit `{record.receipts_head or 'none'}` of the receipts. Days are in UTC, both included.",
        "",
        "| What | How many |",
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
