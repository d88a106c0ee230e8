"""What was let pass without approvals: by somebody in an emergency, or by a rule of the policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from gitops.audit.reach import days_of

if TYPE_CHECKING:
    from gitops.audit.facts import Written
    from gitops.audit.record import Record

BROKE_GLASS = "broke_glass"
PASSES_ALONE = "passes_alone"
WAYS = {BROKE_GLASS: "opened in an emergency", PASSES_ALONE: "passes alone by the policy"}
"""The ways past the gate, as people read them."""


class Emergency(Struct, frozen=True, kw_only=True):
    """One way past the gate, of one run.

    ``way`` is ``broke_glass``, where the person ``login`` opened the gate ``at`` a time (UTC, ISO 8601) for a
    ``reason``, said at ``url``; or ``passes_alone``, where ``reason`` is the rule of the policy. In
    ``approvers`` are those who approved it nevertheless; ``written`` is when the receipt was. ``sound`` is
    false where something is wrong with the receipt.
    """

    request: str
    way: str
    login: str
    at: str
    reason: str
    url: str
    approvers: tuple[str, ...]
    status: str
    written: str
    pull: int | None
    commit: str
    receipt: int
    sound: bool


def emergencies(record: Record, *, since: str = "", until: str = "") -> Iterator[Emergency]:
    """Every one, in the order of the receipts; between two days (ISO 8601, UTC, both included) where given.

    That a run began is not told where a later receipt tells its end.
    """
    days = days_of(record)
    ended = {_run(one) for one in record.receipts if one.ended}
    for one in record.receipts:
        day = days[one.number]
        told = one.ended or _run(one) not in ended
        if told and (not since or day >= since) and (not until or day <= until):
            yield from _of(one, record.sound(one))


def _run(one: Written) -> tuple[str, str, str]:
    return one.request, one.run_url, one.commit


def _of(one: Written, sound: bool) -> Iterator[Emergency]:
    for broke in one.broke_glass:
        yield _emergency(one, sound, BROKE_GLASS, broke.login, broke.at, broke.reason, broke.url)
    for rule in one.passes_alone:
        yield _emergency(one, sound, PASSES_ALONE, "", "", rule, "")


def _emergency(one: Written, sound: bool, way: str, login: str, at: str, reason: str, url: str) -> Emergency:
    return Emergency(
        request=one.request,
        way=way,
        login=login,
        at=at,
        reason=reason,
        url=url,
        approvers=one.approvers,
        status=one.status,
        written=one.at,
        pull=one.pull,
        commit=one.commit,
        receipt=one.number,
        sound=sound,
    )
