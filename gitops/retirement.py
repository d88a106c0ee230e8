"""What the policy says of the end of a request, and the hold: data is dropped only after a while."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from gitops.plan import Change, Plan, Stage
from gitops.vocabulary import Part

if TYPE_CHECKING:
    from gitops.receipts import Receipt


class Retirement(Part, kw_only=True):
    """How long what is dropped is held after the rest was taken away, and when people are warned of an end.

    Both in days; each of ``warn_days`` is so many days ahead of ``metadata.expires``.
    """

    hold_days: Annotated[int, Meta(ge=0, le=3660)] = 30
    warn_days: Annotated[tuple[Annotated[int, Meta(ge=1, le=365)], ...], Meta(max_length=10)] = (30, 7, 1)


class Due(Struct, frozen=True, kw_only=True):
    """A plan in two: ``now`` may be done on this day, ``later`` waits until the day ``on``."""

    now: Plan
    later: tuple[Change, ...] = ()
    on: date | None = None


def due(plan: Plan, receipts: Iterable[Receipt], rules: Retirement, today: date) -> Due:
    """What of a plan may be done today: a drop waits for the hold, which begins when the rest is done.

    The day that the first receipt of this very file names holds, whatever became of the policy since: people
    were told it. ``receipts`` are oldest first; those of other requests and of other files do not count.
    """
    drops = tuple(change for change in plan.changes if change.stage is Stage.DROP)
    if not drops:
        return Due(now=plan)
    on = held_until(plan.request, plan.file_digest, receipts) or today + timedelta(days=rules.hold_days)
    if today >= on:
        return Due(now=plan)
    later = {change.key for change in drops}
    rest = tuple(change for change in plan.changes if change.key not in later)
    needs = {change.key: plan.needs.get(change.key, ()) for change in rest}
    return Due(now=replace(plan, changes=rest, needs=needs), later=drops, on=on)


def held_until(request: str, file_digest: str, receipts: Iterable[Receipt]) -> date | None:
    """The day on which the hold of this very file ends; ``None`` where it has not begun."""
    for receipt in receipts:
        if (receipt.request, receipt.file_digest, receipt.status) == (request, file_digest, "waiting"):
            return day_of(receipt)
    return None


def day_of(receipt: Receipt) -> date | None:
    """The day that a receipt names as the end of its hold."""
    try:
        return date.fromisoformat(receipt.due)
    except ValueError:
        return None


def notes(plan: Plan, rules: Retirement) -> Iterator[str]:
    """What reviewers of the plan have to know of the hold."""
    drops = [change for change in plan.changes if change.stage is Stage.DROP]
    if drops and rules.hold_days:
        what = "1 change drops" if len(drops) == 1 else f"{len(drops)} changes drop"
        yield (
            f"{what} what holds data: that waits until {rules.hold_days} days after everything else was "
            "taken away, and is then done without another approval, if nothing has changed by then."
        )
