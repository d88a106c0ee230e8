"""Drift by the record: what each daily look found, and what became of what the one before had found."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from gitops.audit.merges import merges

if TYPE_CHECKING:
    from gitops.audit.record import Record
    from gitops.drift_record import Day


class Line(Struct, frozen=True, kw_only=True):
    """One day as a line of a table; ``requests`` are those of which something stood differently.

    ``open`` and ``ignored`` count things. Of what the look before had found and this one did not,
    ``settled`` is of requests whose file was changed in between (it was adopted, or edited otherwise), and
    ``brought_back`` of the others: it stands as the file says again.
    """

    day: str
    looked: int
    unseen: int
    open: int
    ignored: int
    settled: int
    brought_back: int
    requests: tuple[str, ...]


def lines(record: Record, days: Sequence[Day]) -> list[Line]:
    """A line for each day, the newest first; ``days`` are all looks, oldest first."""
    changed: dict[str, list[str]] = {}
    for merge in reversed(list(merges(record)) if days else []):
        for change in merge.changes:
            changed.setdefault(change.path, []).append(merge.at)
    found = []
    before: Day | None = None
    for day in days:
        settled, brought_back = _gone(before, day, changed) if before else (0, 0)
        found.append(
            Line(
                day=day.day,
                looked=day.looked,
                unseen=day.unseen,
                open=day.open,
                ignored=day.ignored,
                settled=settled,
                brought_back=brought_back,
                requests=tuple(dict.fromkeys(one.request for one in day.drifting)),
            )
        )
        before = day
    return found[::-1]


def _gone(before: Day, now: Day, changed: Mapping[str, Sequence[str]]) -> tuple[int, int]:
    """How much is gone since the look before: where the file changed, and where it did not."""
    still = _sums(now)
    settled = brought_back = 0
    for request, count in _sums(before).items():
        gone = max(0, count - still.get(request, 0))
        times = sorted(changed.get(f"requests/{request}.yaml", ()))
        if bisect_right(times, now.at) > bisect_right(times, before.at):
            settled += gone
        else:
            brought_back += gone
    return settled, brought_back


def _sums(day: Day) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for one in day.drifting:
        found[one.request] = found.get(one.request, 0) + one.open + one.ignored
    return found
