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
    from gitops.audit.facts import Version, Written
    from gitops.audit.record import Record

STANDS = ("applied", "partial", "waiting", "started")
"""How an attempt ended that may have left something standing."""


class Reach(Struct, frozen=True, kw_only=True):
    """What one principal holds on one thing, by one request.

    ``since`` is when the version that gives it was first applied without a break; ``pull``, ``approvers``,
    ``commit`` and ``receipt`` are of that apply. ``sure`` is false where the latest attempt by the day was
    not finished, so that it may not hold all of it.
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


NOBODY_KNOWS = "(not known)"
"""In place of a principal and of a thing, where what was applied is not in this clone."""


def reach(record: Record, day: date, *, thing: str = "", principal: str = "") -> Iterator[Reach]:
    """What was held at the end of this day (UTC), by principal; of one thing or principal where named.

    A ``thing`` is also found by what stands above it: ``ml_prod`` is the catalog of ``ml_prod.sales``.
    """
    days = _days(record.receipts, datetime.now(UTC))
    histories = [
        (request, those)
        for request, receipts in record.by_request.items()
        if (
            those := tuple(
                one for one in receipts if days[one.number] <= day.isoformat() and one.status in STANDS
            )
        )
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
        found += list(_held(request, pairs, thing.casefold(), principal.casefold()))
    return iter(sorted(found, key=lambda one: (one.principal, one.thing, one.request)))


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


def _held(
    request: str, pairs: list[tuple[Written, Version | None]], thing: str, principal: str
) -> Iterator[Reach]:
    """What the latest version gives, each with the receipt since which it is given."""
    latest, version = pairs[-1]
    if version is None:
        unknown = Given("file", NOBODY_KNOWS, NOBODY_KNOWS, (NOBODY_KNOWS,))
        yield _reach(request, unknown, latest, sure=False)
        return
    over = version.lifecycle != "active" and latest.status == "applied"
    for given in () if over else version.given:
        if not _is(given.thing, thing) or (principal and given.principal.casefold() != principal):
            continue
        since = latest
        for receipt, earlier in reversed(pairs[:-1]):
            if earlier is None or given not in earlier.given:
                break
            since = receipt
        yield _reach(request, given, since, sure=latest.status == "applied")


def _is(name: str, wanted: str) -> bool:
    here = name.casefold()
    return not wanted or here == wanted or here.startswith(f"{wanted}.")


def _reach(request: str, given: Given, since: Written, *, sure: bool) -> Reach:
    return Reach(
        principal=given.principal,
        levels=given.levels,
        kind=given.kind,
        thing=given.thing,
        request=request,
        since=since.at,
        pull=since.pull,
        approvers=since.approvers,
        commit=since.commit,
        receipt=since.number,
        sure=sure,
    )
