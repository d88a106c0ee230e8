"""Whether the receipts are the ones that were written: their chain, their files, and the branch they are on.

The digests show what was changed or left out among those that are here. That the end of the branch was cut
off shows only to somebody who has seen it longer: each check keeps the commit it saw last, within ``.git``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from gitops.history import split
from gitops.receipt import number_in

if TYPE_CHECKING:
    from gitops.audit.facts import Written
    from gitops.audit.record import Record

SEEN = "receipts-seen"
_MOST = 100
"""So many that are missing in a row are named."""


class Problem(Struct, frozen=True, kw_only=True):
    """Something wrong: a sentence; the receipt or the commit of the branch it is about, where it is one."""

    message: str
    receipt: int | None = None
    commit: str = ""


def problems(record: Record) -> list[Problem]:
    """Everything that is wrong with the receipts, from the first on."""
    return [*_rewritten(record), *_touched(record), *_links(record)]


def _links(record: Record) -> Iterator[Problem]:
    """Each is whole, in its place, and names the one before."""
    before: Written | None = None
    expected = 1
    for path, receipt in record.receipt_files:
        number = number_in(path) or 0
        for missing in range(expected, min(number, expected + _MOST)):
            yield Problem(message=f"Receipt {missing} is missing.", receipt=missing)
        expected = number + 1
        if receipt is None:
            yield Problem(message=f"Receipt {number} cannot be read: {path} is no receipt.", receipt=number)
            continue
        if receipt.number != number:
            yield Problem(
                message=f"{path} holds receipt {receipt.number}: it was moved or copied.", receipt=number
            )
        if not receipt.sound:
            yield Problem(
                message=f"Receipt {number} was changed after it was written: its digest is another.",
                receipt=number,
            )
        if receipt.previous != (before.digest if before else ""):
            yield Problem(
                message=f"Receipt {number} does not follow the one before it, which was changed, added or "
                "left out.",
                receipt=number,
            )
        before = receipt


def _touched(record: Record) -> Iterator[Problem]:
    """Every commit of the branch only adds: one that changes or removes a receipt is named."""
    if not record.receipts_head:
        return
    out = record.checkout.git(
        "log",
        "--raw",
        "-z",
        "--no-renames",
        "--no-abbrev",
        "--diff-filter=MDT",
        "--format=%x00%H",
        record.receipts_head,
        "--",
        "receipts/",
    )
    commit = ""
    for word in split(out):
        text = word.strip("\n")
        if re.fullmatch(r"[0-9a-f]{40,64}", text):
            commit = text
        elif number := number_in(text):
            yield Problem(
                message=f"Receipt {number} was written over or removed by commit {commit[:12]}.",
                receipt=number,
                commit=commit,
            )


def _rewritten(record: Record) -> Iterator[Problem]:
    """What was seen before is still in the branch; the newest is kept for the next time."""
    seen = record.kept(SEEN)
    head = record.receipts_head
    if seen and (not head or record.checkout.run("merge-base", "--is-ancestor", seen, head).returncode):
        yield Problem(
            message=f"The branch was rewritten: commit {seen[:12]}, seen by an earlier check, is not in it.",
            commit=seen,
        )
    elif head:
        record.keep(SEEN, head)
