"""Slips of the keyboard in words that matter to us: ``clsuter``, ``confidental``; no other word changes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from bot.text import level

_COMMON = (
    "staging", "production", "development", "sandbox", "internal", "confidential", "restricted", "private",
    "public", "medium", "small", "large", "workers", "worker", "analytics", "business", "owner",
    "technical", "members", "environment", "classification", "libraries", "catalog", "switch", "january",
    "february", "september", "october", "november", "december", "months", "minutes",
)  # fmt: skip
_REAL = frozenset((
    "clutter", "scheme", "schemes", "schematic", "staring", "stating", "staying", "staking", "staving",
    "prediction", "predictions", "projection", "productive", "productions", "producing", "protection",
    "intern", "interns", "internet", "internals", "internally", "interval", "intervals", "integral",
    "infernal", "external", "restrict", "restricts", "retracted", "primate", "privately", "smell", "shall",
    "stall", "smaller", "smallest", "larger", "largest", "worked", "works", "worked", "owned", "owns",
    "owning", "analysis", "analyst", "analysts", "analytic", "analytical", "temple", "temperate",
    "templates", "mediums", "confidentially", "clusters", "counters", "cutters", "technically",
    "technician", "librarian", "busiest", "businesses", "member", "catalogs", "publish", "publicly",
    "warehoused", "warehouses", "depository", "databases", "developments", "minute", "monthly", "ownership",
    "environments", "environmental", "classifications", "classified", "classifying",
))  # fmt: skip
"""English words that are one slip away from ours."""
_WORD = re.compile(r"(?<![\w`@/.'_-])[A-Za-z]{4,}(?![\w`@/_-]|\.\w)")
SURE = 7
"""From so many letters on, one slip is no doubt."""


@dataclass(frozen=True, slots=True)
class Respelt:
    """A text with slips put right; ``slips`` maps each word of ours that was put in to what stood there."""

    text: str
    slips: dict[str, str]

    def as_written(self, quote: str) -> str:
        """A quote from the text with the person's own spelling."""
        for word, original in self.slips.items():
            quote = original.join(re.split(rf"\b{re.escape(word)}\b", quote))
        return quote

    def doubtful(self, quote: str) -> bool:
        """Whether a quote rests on a word that may have been another."""
        return any(
            re.search(rf"\b{re.escape(word)}\b", quote)
            and (len(word) < SURE or OSA.distance(word, original.lower()) > 1)
            for word, original in self.slips.items()
        )


def respelt(text: str, words: Iterable[str]) -> Respelt:
    """The text with misspelt words of ours (``words`` and a few more) put right.

    A word counts as misspelt when it is one slip away from one of ours only (two for long words), begins like
    it, and is no English word itself.
    """
    known = {word for word in words if word.isascii() and word.isalpha() and len(word) > 5} | {*_COMMON}
    slips: dict[str, str] = {}

    def put_right(match: re.Match[str]) -> str:
        said = level(match[0])
        if (
            said in known
            or said in _REAL
            or not match[0].islower()
            or {said + "s", said.removesuffix("s")} & known
        ):
            return match[0]
        close = {
            word: distance
            for word in known
            if word[0] == said[0]
            and not said.startswith(word)
            and (distance := OSA.distance(word, said, score_cutoff=2)) <= (1 if len(word) < 8 else 2)
        }
        best = [word for word, distance in close.items() if distance == min(close.values())]
        if len(best) != 1:
            return match[0]
        slips[best[0]] = match[0]
        return best[0]

    return Respelt(_WORD.sub(put_right, text), slips)
