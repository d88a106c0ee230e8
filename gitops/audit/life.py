"""The whole life of one request: who did what when, each line with what proves it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from gitops.amendment import edits
from gitops.audit.merges import merges
from gitops.audit.record import request_of
from gitops.errors import InvalidRequest
from gitops.request import load_request

if TYPE_CHECKING:
    from gitops.audit.facts import Written
    from gitops.audit.merges import Change, Merge
    from gitops.audit.record import File, Record
    from gitops.kind import Registry
    from gitops.request import Loaded


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened. ``at`` is UTC, ISO 8601; ``who`` a login, a name as Git has it, or empty.

    ``details`` are sentences. ``cites`` are ``commit <sha>``, ``pull <number>``, ``receipt <number>`` or the
    address of a run. ``doubt`` says why an auditor should look twice; empty where there is nothing.
    """

    at: str
    what: str
    who: str = ""
    details: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()
    doubt: str = ""


def life(record: Record, file: File, registry: Registry) -> tuple[Event, ...]:
    """Everything that happened to a request, oldest first."""
    record.require_history()
    record.quicken()
    found = lives(record, registry, list(merges(record, file.path))[::-1], (file.path,))
    return found.get(file.path, ())


def lives(
    record: Record, registry: Registry, came: Sequence[Merge], paths: Collection[str] = ()
) -> Mapping[str, tuple[Event, ...]]:
    """The same for every path (or for these) that ``came`` into the default branch, oldest first."""
    found: dict[str, list[Event]] = {}
    wanted = [
        (merge, change) for merge in came for change in merge.changes if not paths or change.path in paths
    ]
    raws = record.checkout.blobs(
        [blob for _, change in wanted for blob in (change.before, change.after) if blob]
    )
    for merge, change in wanted:
        before, after = (
            _load(raws.get(blob), change.path, registry) for blob in (change.before, change.after)
        )
        about = record.receipts_of(request_of(change.path))
        receipts = [receipt for receipt in about if receipt.commit == merge.sha]
        events = found.setdefault(change.path, [])
        events.append(_merged(merge, change, before, after, receipts, registry))
    for path, events in found.items():
        events += [_receipt(receipt) for receipt in record.receipts_of(request_of(path))]
    return {path: tuple(sorted(events, key=lambda one: one.at)) for path, events in found.items()}


def _merged(
    merge: Merge,
    change: Change,
    before: Loaded | None,
    after: Loaded | None,
    receipts: Sequence[Written],
    registry: Registry,
) -> Event:
    pull = next((one.pull for one in receipts if one.pull is not None), None)
    return Event(
        at=_utc(merge.at),
        what=_what(change.before, change.after, after),
        who=merge.author,
        details=_words(before, after, registry),
        cites=(f"commit {merge.sha}", *([f"pull {pull}"] if pull else [])),
        doubt=_doubt(merge, receipts, pull),
    )


def _what(before: str, after: str, loaded: Loaded | None) -> str:
    if not after:
        return "The file was removed"
    if not before:
        return "The request was merged"
    lifecycle = str(loaded.request.metadata.lifecycle) if loaded else "active"
    return "A change was merged" if lifecycle == "active" else f"A change was merged: {lifecycle}"


def _doubt(merge: Merge, receipts: Sequence[Written], pull: int | None) -> str:
    """What only the words of a commit say is not taken for a fact."""
    if receipts and pull is None:
        return "It came through no pull request."
    if not receipts and merge.pull is not None:
        return f"Its message names pull request {merge.pull}; no receipt confirms that."
    if not receipts:
        return "No receipt names this commit, and its message no pull request."
    return ""


def _load(raw: bytes | None, path: str, registry: Registry) -> Loaded | None:
    try:
        return load_request(raw, path, registry) if raw is not None else None
    except InvalidRequest:
        return None


def _words(before: Loaded | None, after: Loaded | None, registry: Registry) -> tuple[str, ...]:
    if after is None:
        return ()
    if before is None:
        metadata = after.request.metadata
        return (f"Purpose: {metadata.purpose}", f"Business owner: {metadata.business_owner}")
    return tuple(edit.sentence for edit in edits(before, after, registry))


_STATUS = {
    "applied": "It was applied",
    "partial": "It was applied in part",
    "refused": "It was refused",
    "failed": "It failed",
    "started": "A run began to apply it",
    "waiting": "A run did what was due, and waits for the rest",
}


def _receipt(receipt: Written) -> Event:
    details = [f"{receipt.done} of {receipt.steps} steps were done."] if receipt.steps else []
    if receipt.approvers:
        details.append(f"Approved by {', '.join(receipt.approvers)}.")
    if receipt.error:
        details.append(receipt.error)
    cites = [f"receipt {receipt.number}", f"commit {receipt.commit}"]
    cites += [f"pull {receipt.pull}"] if receipt.pull else []
    cites += [receipt.run_url] if receipt.run_url else []
    return Event(
        at=receipt.at,
        what=_STATUS.get(receipt.status, f"It ended as {receipt.status}"),
        who="",
        details=tuple(details),
        cites=tuple(cites),
        doubt="" if receipt.sound else "The receipt was changed after it was written.",
    )


def _utc(at: str) -> str:
    """The same moment in UTC; a clock that nobody can read stays as it is."""
    try:
        return datetime.fromisoformat(at).astimezone(UTC).isoformat(timespec="seconds")
    except ValueError:
        return at
