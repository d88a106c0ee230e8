"""Clocks that cannot be right: moments that contradict the order in which Git and the chain have things."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime

APART = 600
"""Seconds by which clocks may differ before it is said."""

_LAST = 253_402_300_799
"""The last second that has a year of four digits."""

Limits = tuple[float | None, float | None]
"""When what comes before and after happened, in seconds; ``None`` for nothing."""


def contradicted(moments: Sequence[float]) -> dict[int, Limits]:
    """By their place, those of these moments (oldest first) that cannot be right, with what is known instead.

    Taken as right are as many as can be at once: the longest sequence in which no clock goes back.
    """
    right = _steady(moments)
    following: list[float | None] = [None] * (len(moments) + 1)
    for at in range(len(moments) - 1, -1, -1):
        following[at] = moments[at] if at in right else following[at + 1]
    found: dict[int, Limits] = {}
    before: float | None = None
    for at, moment in enumerate(moments):
        after = following[at]
        if at in right:
            before = moment
        elif (before is not None and moment < before - APART) or (
            after is not None and moment > after + APART
        ):
            found[at] = (before, after)
    return found


def _steady(moments: Sequence[float]) -> frozenset[int]:
    """The places of a longest sequence that never decreases (patience sorting).

    Of those that are as long, each moment is the nearest to the one after it.
    """
    ends: list[float] = []  # ends[n]: the least end of a sequence of n + 1
    piles: list[list[int]] = []  # the places of all such ends, later ones with earlier moments
    for at, moment in enumerate(moments):
        length = bisect_right(ends, moment)
        if length == len(ends):
            ends.append(moment)
            piles.append([])
        ends[length] = moment
        piles[length].append(at)
    found: list[int] = []
    for pile in reversed(piles):
        fitting = (at for at in pile if moments[at] <= moments[found[-1]]) if found else iter(pile[-1:])
        found.append(next(fitting))
    return frozenset(found)


def said(seconds: float | str) -> str:
    """A moment as text: UTC, ISO 8601, of a year from 1970 to 9999 whatever was claimed."""
    known = min(max(float(seconds or 0), 0), _LAST)
    return datetime.fromtimestamp(int(known), UTC).isoformat(timespec="seconds")


def seconds(at: str) -> float:
    """The inverse; 0 for what is no moment."""
    try:
        return datetime.fromisoformat(at).timestamp()
    except (ValueError, OverflowError):
        return 0.0
