"""Where every request stands by the record: one row each, and the rows that an auditor looks for first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from msgspec import Struct

from gitops.audit.index import Kept
from gitops.states import STATES

if TYPE_CHECKING:
    from gitops.audit.facts import Exempt, Written
    from gitops.audit.record import File, Record

UNKNOWN = "unknown"
"""The state of everything where the branch of receipts is not here."""
REMOVED = "removed"
ENDED = "ended"
WITHDRAWN = "withdrawn"
HAND = "hand"
CAME = {"bot": "through the bot", HAND: "by hand, without the bot", "": "not known: no receipt says it"}
"""How a request came, by what its receipts say of who opened the pull request on GitHub."""

WORDS = {
    **STATES,
    "started": "a run began to apply it, and has not told its end",
    UNKNOWN: "not known: the receipts are not in this clone",
    REMOVED: "its file was removed without a retirement: what was made may still stand",
    ENDED: "retired, and its file was removed",
    WITHDRAWN: "its file was removed, and no receipt says that anything was done",
}


class Row(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One request. ``state`` is a key of :data:`WORDS`; ``owner`` is who looks after it.

    ``pull``, ``approvers``, ``receipt`` and ``commit`` are of its latest receipt, ``applied`` is when it was
    applied last (UTC, ISO 8601). ``error`` is what the latest receipt says went wrong. ``made_by`` is how it
    came: ``hand`` where one of its receipts says so, else what the latest says; empty where none does.
    ``sound`` is false where something is wrong with one of its receipts, so that this may not be true.
    """

    request: str
    path: str
    team: str
    environment: str
    state: str
    lifecycle: str
    owner: str
    business_owner: str
    classification: str
    expires: str
    slack: str
    github: str
    pull: int | None = None
    approvers: tuple[str, ...] = ()
    receipt: int | None = None
    commit: str = ""
    applied: str = ""
    error: str = ""
    made_by: str = ""
    sound: bool = True


class Filter(Struct, frozen=True, kw_only=True):
    """Which rows: an empty field lets all through. ``text`` is sought in ids and owners, in any case."""

    team: str = ""
    environment: str = ""
    state: str = ""
    lifecycle: str = ""
    classification: str = ""
    owner: str = ""
    approver: str = ""
    text: str = ""
    made_by: str = ""

    def lets(self, row: Row) -> bool:
        """Whether a row is one of those."""
        for name in ("team", "environment", "state", "lifecycle", "classification", "made_by"):
            wanted = getattr(self, name)
            if wanted and getattr(row, name) != wanted:
                return False
        if self.owner and self.owner.casefold() not in (
            row.owner.casefold(),
            row.business_owner.casefold(),
        ):
            return False
        if self.approver and self.approver.casefold() not in [one.casefold() for one in row.approvers]:
            return False
        return self.text.casefold() in f"{row.request} {row.owner} {row.business_owner}".casefold()


def rows(record: Record, which: Filter | None = None) -> Iterator[Row]:
    """The rows of all requests on the default branch, and of those that were applied and are there no more,
    by path.
    """
    chosen = which or Filter()
    found = record.index.made("rows", record.state, lambda: _all(record), Kept[list[Row]])
    return (row for row in found if chosen.lets(row))


def _all(record: Record) -> list[Row]:
    _ = record.by_request  # all of them are asked for: read at once
    return [row_of(record, file) for file in record.every]


def row_of(record: Record, file: File) -> Row:
    """The row of one request."""
    receipts = record.receipts_of(file.request)
    version = file.version
    environment, _, rest = file.request.partition("/")
    latest = receipts[-1] if receipts else None
    applied = next((one.at for one in reversed(receipts) if one.status == "applied"), "")
    return Row(
        request=file.request or file.path,
        path=file.path,
        team=rest.partition("/")[0],
        environment=environment,
        state=_state(file, latest) if record.has_receipts else UNKNOWN,
        lifecycle=version.lifecycle,
        owner=version.technical_owner or version.business_owner,
        business_owner=version.business_owner,
        classification=version.classification,
        expires=version.expires,
        slack=version.slack,
        github=version.github,
        pull=latest.pull if latest else None,
        approvers=latest.approvers if latest else (),
        receipt=latest.number if latest else None,
        commit=latest.commit if latest else "",
        applied=applied,
        error=version.unreadable or (latest.error if latest else ""),
        made_by=_made_by(receipts),
        sound=all(record.sound(one) for one in receipts),
    )


def _made_by(receipts: Sequence[Written]) -> str:
    said = [one.made_by for one in receipts if one.made_by]
    return HAND if HAND in said else said[-1] if said else ""


def _state(file: File, latest: Written | None) -> str:
    if not file.request:
        return "misplaced"
    if not file.blob:
        if latest is None:
            return WITHDRAWN
        over = file.version.lifecycle in ("retiring", "retired") and latest.status == "applied"
        return ENDED if over else REMOVED
    if latest is None:
        return "waiting"
    if latest.file_digest != file.version.digest:
        return "changed" if latest.status in ("applied", "waiting") else "waiting"
    state = "due" if latest.status == "waiting" else latest.status
    return state if state in STATES else "failed"


def self_approved(row: Row) -> bool:
    """Whether the only one who approved its latest run is who asked for it."""
    return bool(row.github) and {one.casefold() for one in row.approvers} == {row.github.casefold()}


def unapplied(record: Record) -> Iterator[Row]:
    """What the files say and nobody has applied: waiting, changed since, failed, in part, removed."""
    return (row for row in rows(record) if row.state not in ("applied", ENDED))


def expired(record: Record, day: date) -> Iterator[Row]:
    """What should have ended before this day and is still active."""
    for row in rows(record):
        if row.lifecycle == "active" and row.expires and row.expires < day.isoformat():
            yield row


class Excepted(Struct, frozen=True, kw_only=True):
    """One recorded exception. ``approved`` is the receipt whose approvers name its approver, if any.

    ``holds``: its last day is not over. ``sound`` is false where something is wrong with that receipt.
    """

    request: str
    rule: str
    field: str
    reason: str
    approver: str
    until: str
    holds: bool
    approved: int | None
    sound: bool = True


def exceptions(record: Record, day: date) -> Iterator[Excepted]:
    """Every recorded exception, those that hold first by their end."""
    found = []
    for file in record.files:
        receipts = record.by_request.get(file.request, ())
        for one in file.version.exceptions:
            approved = _approved(one, receipts, file)
            found.append(
                Excepted(
                    request=file.request or file.path,
                    rule=one.rule,
                    field=one.field,
                    reason=one.reason,
                    approver=one.approver,
                    until=one.until,
                    holds=one.until >= day.isoformat(),
                    approved=approved,
                    sound=approved is None or record.sound(approved),
                )
            )
    return iter(sorted(found, key=lambda one: (not one.holds, one.until, one.request)))


def _approved(one: Exempt, receipts: Iterable[Written], file: File) -> int | None:
    """The first receipt of this version of the file that its approver approved."""
    wanted = one.approver.casefold()
    for receipt in receipts:
        if receipt.file_digest == file.version.digest and wanted in map(str.casefold, receipt.approvers):
            return receipt.number
    return None
