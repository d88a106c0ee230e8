"""Whether the receipts are the ones that were written: their chain, their files, and the branch they are on.

The digests show what was changed or left out among those that are here. That the end of the branch was cut
off shows only to somebody who has seen it longer: each check keeps the commit it saw last, within ``.git``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from gitops.audit.clocks import contradicted, seconds
from gitops.audit.index import Kept
from gitops.history import split

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
    return [*_rewritten(record), *_touched(record), *_links(record), *_clocks(record), *_claims(record)]


def count(record: Record) -> int:
    """How many there are; kept, so that every question can say so."""
    return record.index.made("problems", record.state, lambda: len(problems(record)), Kept[int])


def _links(record: Record) -> Iterator[Problem]:
    """Each is whole, in its place, and names the one before."""
    from gitops.receipt import number_in, oddity  # asked only where something is new

    before: Written | None = None
    expected = 1
    for path, receipt in record.receipt_files:
        number = number_in(path) or 0
        for missing in range(expected, min(number, expected + _MOST)):
            yield Problem(message=f"Receipt {missing} is missing.", receipt=missing)
        expected = number + 1
        if receipt is None:
            raw = record.checkout.read_tree(record.receipts_head, [path]).get(path, b"")
            message = f"Receipt {number} cannot be read: {path} is no receipt. {oddity(raw)}".rstrip()
            yield Problem(message=message, receipt=number)
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


def _clocks(record: Record) -> Iterator[Problem]:
    """None was written before the one before it."""
    receipts = record.receipts
    moments = [seconds(one.at) for one in receipts]
    for at in sorted({*contradicted(moments), *(at for at, moment in enumerate(moments) if not moment)}):
        one = receipts[at]
        yield Problem(
            message=f"Receipt {one.number} says it was written at {one.at}: by its place that cannot be.",
            receipt=one.number,
        )


def _claims(record: Record) -> Iterator[Problem]:
    """Each names a commit of the default branch, and what that has at its path."""
    from gitops.plan import digest

    named = [one for one in record.receipts if one.commit]
    if not named:
        return
    known = frozenset(record.checkout.git("rev-list", record.main).decode().split())
    blobs = record.blobs_at([(one.commit, one.path) for one in named])
    raws = record.checkout.blobs(list({blob for blob in blobs if blob}))
    digests = {blob: digest(raw) for blob, raw in raws.items()}
    for one, blob in zip(named, blobs, strict=True):
        if one.commit not in known:
            yield Problem(
                message=f"Receipt {one.number} names commit {one.commit[:12]}, which is not on the default "
                "branch as it is here.",
                receipt=one.number,
                commit=one.commit,
            )
        elif blob and digests[blob] != one.file_digest:
            yield Problem(
                message=f"Receipt {one.number} is of another file than commit {one.commit[:12]} has at "
                f"{one.path}.",
                receipt=one.number,
                commit=one.commit,
            )


def _touched(record: Record) -> Iterator[Problem]:
    """Every commit of the branch only adds: one that changes or removes a receipt, or a look, is named."""
    from gitops.drift_record import day_in
    from gitops.receipt import number_in

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
        "drift/",
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
        elif day := day_in(text):
            message = f"The look for drift of {day} was written over or removed by commit {commit[:12]}."
            yield Problem(message=message, commit=commit)


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
