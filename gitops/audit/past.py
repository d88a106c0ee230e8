"""The record as it stood at the end of a day: what came, and what was written, by then."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from gitops.audit.reach import days_of
from gitops.audit.record import Record

if TYPE_CHECKING:
    from gitops.audit.facts import Written
    from gitops.audit.merges import Merge

_OF_EVERY_DAY = ("versions",)


class Past(Record):
    """A record without the commits and the receipts after the end of a day (UTC).

    Everything else follows from these. What is wrong with a receipt is asked of the whole record.
    """

    def __init__(self, record: Record, day: date) -> None:
        kept = {
            name: value
            for name, value in vars(record).items()
            if name in _OF_EVERY_DAY or not isinstance(getattr(Record, name, None), cached_property)
        }
        vars(self).update(kept)
        self._whole = record
        self._day = day.isoformat()

    @property
    def state(self) -> str:
        """Also the day: what was made of the whole record is of another one."""
        return f"{super().state} {self._day}"

    @cached_property
    def unsound(self) -> frozenset[int]:
        """Those of the whole record: a later commit may have touched an early receipt."""
        return self._whole.unsound

    @cached_property
    def merges(self) -> tuple[Merge, ...]:
        """The commits that came, or may have come, by then."""
        return tuple(one for one in self._whole.merges if one.within("", self._day))

    @cached_property
    def receipt_files(self) -> tuple[tuple[str, Written | None], ...]:
        """The files of the receipts that were written by then, and of those that nobody can read."""
        days = days_of(self._whole)
        return tuple(
            (path, one)
            for path, one in self._whole.receipt_files
            if one is None or days[one.number] <= self._day
        )

    @cached_property
    def blobs(self) -> Mapping[str, str]:
        """What was at each path after the latest of these commits."""
        latest: dict[str, str] = {}
        for merge in self.merges:
            for change in merge.changes:
                latest.setdefault(change.path, change.after)
        return {path: blob for path, blob in sorted(latest.items()) if blob}
