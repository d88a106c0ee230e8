"""Who could reach what on a day, through what, and who approved it: by what had been applied by then.

What somebody granted by hand is not in here: that is drift, and `lakeport drift` looks for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from gitops.audit.clocks import contradicted, said, seconds
from gitops.audit.facts import Given

if TYPE_CHECKING:
    from gitops.audit.facts import Left, Version, Written
    from gitops.audit.record import Record

DID = ("applied", "partial", "waiting")
"""How an attempt ended that may have changed something."""

HELD = "held"
FAILED = "failed"
SHAKEN = "shaken"
NOT_TAKEN = "not taken away"
OTHERWISE = "found otherwise"
UNDER_WAY = "under way"
ENDING = "ending"
UNKNOWN = "not known"
STANDINGS = {
    HELD: "",
    FAILED: "giving it failed",
    SHAKEN: "held before, and a later step on it failed",
    NOT_TAKEN: "taking it away failed",
    OTHERWISE: "found otherwise after it was given",
    UNDER_WAY: "a run began, and no receipt tells its end",
    ENDING: "it is being retired",
    UNKNOWN: "what was applied is not in this clone",
}
"""How something stands that somebody was given, by the step of the receipt; what people read of each."""

_GIVING = ("access", "grants")


class Reach(Struct, frozen=True, kw_only=True):
    """What one principal holds on one thing, by one request.

    ``since`` is when it was first given without a break since; ``pull``, ``approvers``, ``commit`` and
    ``receipt`` are of the receipt that shows it done, or shows what became of it: ``standing`` is a key of
    :data:`STANDINGS`. ``sure`` is false where something else than ``held`` is there, or where something is
    wrong with the receipt (``sound`` is false), so that it may not be held.
    """

    principal: str
    levels: tuple[str, ...]
    kind: str
    thing: str
    request: str
    since: str
    pull: int | None
    approvers: tuple[str, ...]
    commit: str
    receipt: int
    sure: bool
    standing: str = HELD
    sound: bool = True


NOBODY_KNOWS = "(not known)"
"""In place of a principal and of a thing, where what was applied is not in this clone."""


def reach(record: Record, day: date, *, thing: str = "", principal: str = "") -> Iterator[Reach]:
    """What was held at the end of this day (UTC), by principal; of one thing or principal where named.

    A ``thing`` is also found by what stands above it: ``ml_prod`` is the catalog of ``ml_prod.sales``.
    """
    days = days_of(record)
    histories = [
        (request, those)
        for request, receipts in record.by_request.items()
        if (those := _attempts([one for one in receipts if days[one.number] <= day.isoformat()]))
    ]
    # Bytes of the same digest say the same, wherever they lie: only other versions have to be sought.
    versions = {file.version.digest: file.version for file in record.files}
    sought = [one for _, those in histories for one in those if one.file_digest not in versions]
    for version in record.at([(one.commit, one.path) for one in sought]):
        if version is not None:
            versions[version.digest] = version
    found = []
    for request, those in histories:
        pairs = [(one, versions.get(one.file_digest)) for one in those]
        held = _held(pairs)
        found += [
            _reach(request, given, hold, record.sound(hold.receipt))
            for given, hold in held.items()
            if _is(given, thing.casefold(), principal.casefold())
        ]
    return iter(sorted(found, key=lambda one: (one.principal, one.thing, one.request)))


def days_of(record: Record) -> Mapping[int, str]:
    """The day (UTC) of each receipt by its number; the first that it can be of where its clock is wrong."""
    return _days(record.receipts, datetime.now(UTC))


def _days(receipts: Sequence[Written], now: datetime) -> Mapping[int, str]:
    """The day of each receipt by its number: where its clock cannot be right, the first that it can be of."""
    texts = [*(one.at for one in receipts), said(now.timestamp())]
    if texts == sorted(texts) and all(
        text.endswith("+00:00") for text in texts
    ):  # nearly always, and soon told
        return {one.number: one.at[:10] for one in receipts}
    moments = [min(seconds(one.at), now.timestamp()) for one in receipts]
    for at, (before, _) in contradicted(moments).items():
        moments[at] = before or 0
    return {one.number: said(moment)[:10] for one, moment in zip(receipts, moments, strict=True)}


def _attempts(receipts: Sequence[Written]) -> tuple[Written, ...]:
    """Those that may have changed something: how runs ended, and the beginning of one that has no end yet."""
    latest = receipts[-1:]
    return tuple(
        one
        for one in receipts
        if one.status in DID or (one in latest and not one.ended) or (one.status == "failed" and one.done)
    )


class _Hold(Struct, frozen=True):
    receipt: Written
    standing: str


_Holds = dict[Given, _Hold]


def _held(pairs: Sequence[tuple[Written, Version | None]]) -> _Holds:
    """What the attempts left standing, each with the receipt since which it is so."""
    held: _Holds = {}
    for receipt, version in pairs:
        if version is None:
            unknown = Given("file", NOBODY_KNOWS, NOBODY_KNOWS, (NOBODY_KNOWS,))
            held = {unknown: _Hold(receipt, UNKNOWN)}
        elif version.lifecycle != "active":
            over = receipt.status == "applied"
            held = {} if over else _ending(held, receipt, version)
        else:
            held = _after(held, receipt, version)
    return held


def _ending(held: _Holds, receipt: Written, version: Version) -> _Holds:
    before = {given: hold.receipt for given, hold in held.items()}
    return {given: _Hold(before.get(given, receipt), ENDING) for given in (*held, *version.given)}


def _after(held: _Holds, receipt: Written, version: Version) -> _Holds:
    """What stands after one more attempt. What stood before goes on until a step is seen to end it."""
    found: _Holds = {}
    for given in version.given:
        standing, before = _standing(receipt, given), held.get(given)
        if before and before.standing in (HELD, SHAKEN) and standing != OTHERWISE:
            now = {UNDER_WAY: before.standing, FAILED: SHAKEN}.get(standing, HELD)
            found[given] = _Hold(before.receipt, now)
        else:
            found[given] = before if before and before.standing == standing else _Hold(receipt, standing)
    for given in held.keys() - found.keys():
        standing = _standing(receipt, given)
        if given.kind != "file" and standing != HELD:
            kept = standing if standing == UNDER_WAY else NOT_TAKEN
            found[given] = _Hold(held[given].receipt, kept)
    return found


def _standing(receipt: Written, given: Given) -> str:
    """What the steps of a receipt say of one thing that was to be given, or taken away."""
    if not receipt.ended:
        return UNDER_WAY
    if receipt.status == "applied" and not receipt.left:
        return HELD
    known = [one for one in receipt.left if one.key.count("/") >= 2]
    if receipt.status != "applied" and len(known) < max(1, len(receipt.left)):
        return FAILED  # it does not say of which resource
    outcomes = {one.outcome for one in known if _decides(one, given)}
    if outcomes - {"differs"}:
        return FAILED
    return OTHERWISE if outcomes else HELD


def _decides(left: Left, given: Given) -> bool:
    """Whether this step gives it, or makes what it is given on."""
    prefix = f"{given.kind}/{given.thing}/".casefold()
    key = left.key.casefold()
    if not key.startswith(prefix):
        return False
    action, _, of = key.removeprefix(prefix).partition(":")
    if action in _GIVING:
        return not of or of == given.principal.casefold()
    return left.verb in ("create", "remove") and not of


def _is(given: Given, thing: str, principal: str) -> bool:
    if given.principal == NOBODY_KNOWS:
        return True
    here = given.thing.casefold()
    on = not thing or here == thing or here.startswith(f"{thing}.")
    return on and (not principal or given.principal.casefold() == principal)


def _reach(request: str, given: Given, hold: _Hold, sound: bool) -> Reach:
    receipt = hold.receipt
    return Reach(
        principal=given.principal,
        levels=given.levels,
        kind=given.kind,
        thing=given.thing,
        request=request,
        since=receipt.at,
        pull=receipt.pull,
        approvers=receipt.approvers,
        commit=receipt.commit,
        receipt=receipt.number,
        sure=sound and hold.standing == HELD,
        standing=hold.standing,
        sound=sound,
    )
