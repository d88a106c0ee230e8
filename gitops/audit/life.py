"""The whole life of one request: who did what when, each line with what proves it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct

from gitops.audit import deeds
from gitops.audit.deeds import Deed
from gitops.audit.facts import Version
from gitops.audit.index import Kept
from gitops.audit.merges import days_between, merges
from gitops.audit.record import request_of

if TYPE_CHECKING:
    from gitops.audit.facts import Written
    from gitops.audit.merges import Change, Merge
    from gitops.audit.record import File, Record
    from gitops.kind import Registry
    from gitops.receipt import Receipt

_APART = 1 / 24
"""Days by which clocks may differ before it is said."""


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened. ``at`` is UTC, ISO 8601; ``who`` a login, a name as Git has it, or empty.

    ``details`` are sentences. ``cites`` are ``commit <sha>``, ``pull <number>``, ``receipt <number>`` or the
    address of a run. ``doubt`` says why an auditor should look twice; empty where there is nothing.
    ``deeds`` are the steps of a run, where its receipt was read.
    """

    at: str
    what: str
    who: str = ""
    details: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()
    doubt: str = ""
    deeds: tuple[Deed, ...] = ()


Told = tuple[str, tuple[str, ...]]
"""What a change of a file says: the lifecycle after it, and sentences."""


def life(record: Record, file: File, registry: Registry) -> tuple[Event, ...]:
    """Everything that happened to a request, oldest first."""
    record.require_history()
    came = list(merges(record, file.path))[::-1]
    changes = [change for merge in came for change in merge.changes if change.path == file.path]
    told = {
        change: _added(file.version) for change in changes if (change.before, change.after) == ("", file.blob)
    }
    if len(told) < len(changes):
        name = f"changes-{zlib.crc32(file.path.encode()):08x}"
        of = f"{record.kinds} {file.path} {' '.join(f'{one.before}-{one.after}' for one in changes)}"
        kept = record.index.made(
            name, of, lambda: list(_told(record, registry, changes).values()), Kept[list[Told]]
        )
        told = dict(zip(dict.fromkeys(changes), kept, strict=True))
    receipts = record.receipts_of(file.request) if file.request else ()
    events = [
        _merged(merge, change, told[change], receipts)
        for merge in came
        for change in merge.changes
        if change.path == file.path
    ]
    return _in_order(events, receipts, _wrong(record), deeds.whole(record, receipts))


def lives(record: Record, registry: Registry, came: Sequence[Merge]) -> Mapping[str, tuple[Event, ...]]:
    """The same for every path that ``came`` into the default branch, oldest first."""
    found: dict[str, list[Event]] = {}
    told = _told(record, registry, [change for merge in came for change in merge.changes])

    def receipts(path: str) -> Sequence[Written]:
        request = request_of(path)
        return record.by_request.get(request, ()) if request else ()

    for merge in came:
        for change in merge.changes:
            event = _merged(merge, change, told[change], receipts(change.path))
            found.setdefault(change.path, []).append(event)
    wrong = _wrong(record)
    return {path: _in_order(events, receipts(path), wrong) for path, events in found.items()}


def _in_order(
    events: Sequence[Event],
    receipts: Sequence[Written],
    wrong: Mapping[int, str],
    whole: Mapping[int, Receipt] = MappingProxyType({}),
) -> tuple[Event, ...]:
    told = (_receipt(one, whole.get(one.number), wrong.get(one.number, "")) for one in receipts)
    return tuple(sorted((*events, *told), key=lambda one: one.at))


def _told(record: Record, registry: Registry, changes: Sequence[Change]) -> dict[Change, Told]:
    """What each change says; read from the files, which takes long."""
    facts = record.versions.take([one.after for one in changes])
    edited = [one for one in changes if one.before and one.after]
    raws = record.checkout.blobs(list({blob for one in edited for blob in (one.before, one.after)}))
    nothing = Version(digest="", lifecycle="active", unreadable="Its contents are not in this clone.")
    found: dict[Change, Told] = {}
    for one in changes:
        version = facts.get(one.after, nothing)
        if not one.before:
            found[one] = _added(version)
        elif not one.after:
            found[one] = ("", ())
        else:
            both = [raws.get(blob, b"") for blob in (one.before, one.after)]
            found[one] = (version.lifecycle or "active", _edits(both, one.path, registry))
    return found


def _added(version: Version) -> Told:
    said = {"Purpose": version.purpose, "Business owner": version.business_owner}
    sentences = [f"{name}: {value}" for name, value in said.items() if value]
    if version.unreadable:
        sentences.append(f"Not all of it can be read: {version.unreadable}")
    return version.lifecycle or "active", tuple(sentences)


def _edits(raws: Sequence[bytes], path: str, registry: Registry) -> tuple[str, ...]:
    """What leads from one version of a file to the next, in sentences."""
    from gitops.amendment import edits
    from gitops.errors import InvalidRequest
    from gitops.request import load_request

    try:
        before, after = (load_request(raw, path, registry) for raw in raws)
    except InvalidRequest:
        return (
            "What it changed cannot be told: by the rules of today one of the two versions is not valid.",
        )
    return tuple(edit.sentence for edit in edits(before, after, registry))


def _merged(merge: Merge, change: Change, told: Told, about: Sequence[Written]) -> Event:
    receipts = [one for one in about if one.commit == merge.sha]
    pull = next((one.pull for one in receipts if one.pull is not None), None)
    lifecycle, details = told
    return Event(
        at=_utc(merge.at),
        what=_what(change, lifecycle),
        who=merge.author,
        details=(*details, *_conversation(merge)),
        cites=(f"commit {merge.sha}", *([f"pull {pull}"] if pull else [])),
        doubt=_doubt(merge, receipts, pull),
    )


def _conversation(merge: Merge) -> Iterator[str]:
    """Where it was asked for, by the message of its commit; only the bot's own is more than words."""
    if merge.thread:
        began = f", begun {merge.asked[:16].replace('T', ' ')}" if merge.asked else ""
        yield f"Its message names a conversation{began}:"
        yield merge.thread


def _what(change: Change, lifecycle: str) -> str:
    if not change.after:
        return "The file was removed"
    if not change.before:
        return "The request was merged"
    return "A change was merged" if lifecycle == "active" else f"A change was merged: {lifecycle}"


def _doubt(merge: Merge, receipts: Sequence[Written], pull: int | None) -> str:
    """What only the words of a commit say is not taken for a fact, and neither is a clock that is wrong."""
    said = [merge.oddly_dated] if merge.oddly_dated else []
    first = min((one.at for one in receipts), default="")
    if not said and first and (days_between(first, merge.at) or 0) > _APART:
        said.append(f"Its clock says {merge.at[:10]}, after the receipt that names it.")
    if receipts and pull is None:
        said.append("It came through no pull request.")
    elif not receipts and merge.pull is not None:
        said.append(f"Its message names pull request {merge.pull}; no receipt confirms that.")
    elif not receipts:
        said.append("No receipt names this commit, and its message no pull request.")
    return " ".join(said)


_STATUS = {
    "applied": "It was applied",
    "partial": "It was applied in part",
    "refused": "It was refused",
    "failed": "It failed",
    "started": "A run began to apply it",
    "waiting": "A run did what was due, and waits for the rest",
}


def _wrong(record: Record) -> Mapping[int, str]:
    """What is wrong with the receipts that may not be taken for a fact, by number."""
    from gitops.audit import chain

    shaken = [one for one in chain.known(record) if one.shakes] if record.has_receipts else []
    return {one.receipt: one.message for one in shaken if one.receipt is not None}


def _receipt(receipt: Written, whole: Receipt | None, wrong: str) -> Event:
    details = [f"{receipt.done} of {receipt.steps} steps were done."] if receipt.steps else []
    if whole is not None:
        details += deeds.gate(whole)
    elif receipt.approvers:
        details.append(f"Approved by {', '.join(receipt.approvers)}.")
    if receipt.error:
        details.append(receipt.error)
    if whole is not None and receipt.ended:
        details += filter(None, [deeds.made_with(whole)])
    cites = [f"receipt {receipt.number}", f"commit {receipt.commit}"]
    cites += [f"pull {receipt.pull}"] if receipt.pull else []
    cites += [receipt.run_url] if receipt.run_url else []
    return Event(
        at=receipt.at,
        what=_STATUS.get(receipt.status, f"It ended as {receipt.status}"),
        who="",
        details=tuple(f"It says: {detail}" for detail in details) if wrong else tuple(details),
        cites=tuple(cites),
        doubt=f"This is no fact. {wrong}" if wrong else "",
        deeds=deeds.deeds(whole) if whole is not None else (),
    )


def _utc(at: str) -> str:
    """The same moment in UTC; a clock that nobody can read stays as it is."""
    try:
        return datetime.fromisoformat(at).astimezone(UTC).isoformat(timespec="seconds")
    except ValueError:
        return at
