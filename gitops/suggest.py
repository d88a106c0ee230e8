"""The word a person meant when they wrote one that does not exist: a near miss, or nothing at all.

A wrong suggestion costs more than none, so only slips of the fingers count: a letter too many, too few or
wrong, or two swapped; upper and lower case, and what stands between the words, do not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 100
"""A longer word is nobody's typing error."""

_BREAKS = re.compile(r"[\s._-]+")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one known word that ``word`` is a slip of; ``None`` where none is, or where two are as near.

    ``grwoth`` is ``growth``, ``USE_SHCEMA`` is ``USE_SCHEMA``, and ``prod`` is not ``proof``. A word that is
    known needs no suggestion. What differs in a digit is another thing, not a slip.
    """
    if len(word) > LONGEST:
        return None
    best: list[str] = []
    least = LONGEST
    for candidate in dict.fromkeys(known):
        if candidate == word:
            return None
        slips = _slips(word, candidate)
        if slips is None or slips > least:
            continue
        best = [*best, candidate] if slips == least else [candidate]
        least = slips
    return best[0] if len(best) == 1 else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``Did you mean growth?``, or nothing."""
    close = nearest(word, known)
    return f"Did you mean {close}?" if close else ""


def _slips(word: str, candidate: str) -> int | None:
    """How many slips lead from one to the other; ``None`` where they are too many to be slips."""
    if abs(len(word) - len(candidate)) > 4 or _digits(word) != _digits(candidate):
        return None
    parts, others = _parts(word), _parts(candidate)
    if not parts or not others:
        return None
    if len(parts) == len(others):
        slips = [_slips_of_part(one, other) for one, other in zip(parts, others, strict=True)]
        total = sum(slip for slip in slips if slip is not None)
        return None if None in slips or total > 3 else total
    return _slips_of_part("".join(parts), "".join(others))


def _slips_of_part(one: str, other: str) -> int | None:
    """The same for a single word: the shorter, the fewer; of three or four letters the first one stands."""
    from rapidfuzz.distance import OSA

    size = min(len(one), len(other))
    allowed = 0 if size < 3 else 1 if size < 6 else 2
    slips = OSA.distance(one, other, score_cutoff=allowed)
    if slips > allowed:
        return None
    swapped = sorted(one) == sorted(other)
    return None if slips and size < 5 and one[0] != other[0] and not swapped else slips


def _parts(word: str) -> list[str]:
    return [part for part in _BREAKS.split(word.casefold()) if part]


def _digits(word: str) -> str:
    return "".join(char for char in word if char.isdigit())
