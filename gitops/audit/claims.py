"""What a receipt says, held against the commit and the file that it names, and against its own steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops.audit.clocks import APART, seconds
from gitops.audit.problem import Problem

if TYPE_CHECKING:
    from gitops.audit.facts import Version, Written
    from gitops.audit.record import Record
    from gitops.receipt import Receipt


def claims(record: Record) -> Iterator[Problem]:
    """Each names a commit of the default branch, what that has at its path, and who asks for it there."""
    from gitops.plan import digest

    receipts = record.receipts
    known = frozenset(record.checkout.git("rev-list", record.main).decode().split())
    blobs = record.blobs_at([(one.commit, one.path) for one in receipts])
    raws = record.checkout.blobs(list({blob for blob in blobs if blob}))
    digests = {blob: digest(raw) for blob, raw in raws.items()}
    versions = record.versions.take(blobs)
    for one, blob in zip(receipts, blobs, strict=True):
        where = f"commit {one.commit[:12]}"
        said = one.odd
        if one.commit and one.commit not in known:
            said = f"names {where}, which is not on the default branch as it is here."
        elif blob and digests[blob] != one.file_digest:
            said = f"is of another file than {where} has at {one.path}."
        elif blob and (asked := _other_asker(one, versions[blob])):
            said = f"says that {asked}, as {where} has the file."
        if said:
            yield Problem(
                message=f"Receipt {one.number} {said}",
                receipt=one.number,
                request=one.request,
                pull=one.pull,
                commit=one.commit,
            )


def _other_asker(one: Written, version: Version) -> str:
    """Where the receipt names another person who asked than its file; a run that read no file names none."""
    if not (one.slack or one.github) or version.unreadable:
        return ""
    said, true = ((it.slack, it.github) for it in (one, version))
    if said == true:
        return ""
    mine, theirs = (", ".join(part for part in it if part) or "nobody" for it in (said, true))
    return f"{mine} asked for it, where it was {theirs}"


def odd(receipt: Receipt) -> str:
    """What in a receipt cannot be true together, as the end of a sentence; empty where all of it can."""
    outcomes = [step.outcome for step in receipt.steps]
    status = receipt.status
    done, bad = "done" in outcomes, any(one in ("failed", "not_run") for one in outcomes)
    if done and status in ("refused", "failed", "started"):
        return f"is of status {status}, and has steps that were done."
    if bad and status in ("applied", "waiting"):
        return f"is of status {status}, and has steps that were not done."
    if status == "partial" and not done:
        return "is of status partial, and has no step that was done."
    if receipt.approvals and sorted(one.login for one in receipt.approvals) != sorted(receipt.approvers):
        return "has approvals of others than its approvers."
    if timeless := next((one for one in receipt.approvals if not seconds(one.at)), None):
        return f"has an approval by {timeless.login} of no time that can be read."
    written = seconds(receipt.at)
    if late := next((one for one in receipt.approvals if seconds(one.at) > written + APART), None):
        return f"has an approval of {late.at}, after it was written."
    return ""
