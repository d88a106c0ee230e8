"""Drift by the record: what each daily look found, and what became of what the one before had found."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from msgspec import Struct

from gitops.audit.merges import merges
from gitops.drift_record import path_of

if TYPE_CHECKING:
    from gitops.audit.record import Record
    from gitops.drift_record import Day


class Line(Struct, frozen=True, kw_only=True):
    """One day as a line of a table; ``requests`` are those of which something stood differently, and ``file``
    is the file on the branch of receipts that says so.

    ``open`` and ``ignored`` count things. Of what the look before had found and this one did not,
    ``settled`` is of requests whose file was changed in between (it was adopted, or edited otherwise), and
    ``brought_back`` of the others: it stands as the file says again. ``settled_in`` and ``brought_back_in``
    are the requests of which they are.
    """

    day: str
    looked: int
    unseen: int
    open: int
    ignored: int
    settled: int
    brought_back: int
    requests: tuple[str, ...]
    settled_in: tuple[str, ...] = ()
    brought_back_in: tuple[str, ...] = ()
    file: str = ""


class Gaps(Struct, frozen=True, kw_only=True):
    """On how many working days of a period (Monday to Friday, of ``working``) nobody looked: ``without``.

    ``longest`` is the longest stretch of those, its first and last day and how many; ``last`` is the day of
    the last look. Days are ISO 8601; empty where there is none.
    """

    working: int
    without: int
    longest: tuple[str, str, int] | None
    last: str

    @property
    def sentence(self) -> str:
        """The same in words; empty where each working day has a look."""
        if self.longest is None:
            return ""
        begin, end, count = self.longest
        days = "day" if count == 1 else "days"
        stretch = f"the longest stretch is {begin} to {end} ({count} working {days})"
        return f"Nobody looked on {self.without} of {self.working} working days; {stretch}."


def gaps(looked: Sequence[str], since: date, until: date) -> Gaps:
    """The working days from ``since`` to ``until``, both included, that are not among the days ``looked``."""
    known = frozenset(looked)
    days = (since + timedelta(days=at) for at in range((until - since).days + 1))
    working = [one.isoformat() for one in days if one.weekday() < _WORKING]
    stretches = [list(those) for missed, those in groupby(working, lambda day: day not in known) if missed]
    longest = max(stretches, key=len, default=[])
    return Gaps(
        working=len(working),
        without=sum(map(len, stretches)),
        longest=(longest[0], longest[-1], len(longest)) if longest else None,
        last=max(known, default=""),
    )


_WORKING = 5
"""Monday to Friday, by the number that Python gives to a day of the week."""


def lines(record: Record, days: Sequence[Day]) -> list[Line]:
    """A line for each day, the newest first; ``days`` are all looks, oldest first."""
    changed: dict[str, list[str]] = {}
    for merge in reversed(list(merges(record)) if days else []):
        for change in merge.changes:
            changed.setdefault(change.path, []).append(merge.at)
    found = []
    before: Day | None = None
    for day in days:
        settled, brought_back = _gone(before, day, changed) if before else ({}, {})
        found.append(
            Line(
                day=day.day,
                looked=day.looked,
                unseen=day.unseen,
                open=day.open,
                ignored=day.ignored,
                settled=sum(settled.values()),
                brought_back=sum(brought_back.values()),
                requests=tuple(dict.fromkeys(one.request for one in day.drifting)),
                settled_in=tuple(settled),
                brought_back_in=tuple(brought_back),
                file=path_of(day.day),
            )
        )
        before = day
    return found[::-1]


def _gone(
    before: Day, now: Day, changed: Mapping[str, Sequence[str]]
) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """How much is gone since the look before, by request: where the file changed, and where it did not."""
    still = _sums(now)
    settled: dict[str, int] = {}
    brought_back: dict[str, int] = {}
    for request, count in _sums(before).items():
        times = sorted(changed.get(f"requests/{request}.yaml", ()))
        edited = bisect_right(times, now.at) > bisect_right(times, before.at)
        gone = count - still.get(request, 0)
        if gone > 0:
            (settled if edited else brought_back)[request] = gone
    return settled, brought_back


def _sums(day: Day) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for one in day.drifting:
        found[one.request] = found.get(one.request, 0) + one.open + one.ignored
    return found
