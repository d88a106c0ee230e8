"""Short spans of time, in minutes: "half an hour", "1.5 hours", "an hour and a half", "2h"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.numbers import NUMBER, number

_HOUR = r"(?:hours?|hrs?|h|stunden?)\b"
_MINUTE = r"(?:minutes?|minuten|mins?|m)\b\.?"
_DURATION = re.compile(
    rf"\b(?P<half>half an?|eine halbe|einer halben)\s+{_HOUR}"
    rf"|\b(?P<quarters>(?:three )?quarters? of an|a quarter|viertel)\s*{_HOUR}"
    rf"|(?<![\d.,])(?P<decimal>\d{{1,2}}[.,]\d)\s*-?{_HOUR}"
    rf"|(?<![\w.,])(?P<hours>an?\b|one and a half|{NUMBER})\s*-?{_HOUR}(?P<more>\s+and a half"
    rf"|,?\s+(?:and )?(?P<rest>{NUMBER})\s*{_MINUTE})?"
    rf"|(?<![\w.,])(?P<minutes>an?\b|{NUMBER})\s*-?{_MINUTE}"
    rf"|(?<![\w.,])(?P<short>\d{{1,4}})(?P<unit>h|min|mins|m)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Duration:
    """A span of ``minutes`` named at ``start`` to ``end`` of a text."""

    minutes: int
    start: int
    end: int
    text: str


def durations_in(text: str) -> list[Duration]:
    """Every span of minutes or hours in a text, in order."""
    return [
        Duration(minutes, match.start(), match.end(), match[0])
        for match in _DURATION.finditer(text)
        if (minutes := _minutes(match)) is not None
    ]


def _minutes(match: re.Match[str]) -> int | None:
    got = match.groupdict()
    if got["half"]:
        return 30
    if got["quarters"]:
        return 45 if got["quarters"].lower().startswith("three") else 15
    if got["decimal"]:
        return round(float(got["decimal"].replace(",", ".")) * 60)
    if got["short"]:
        return int(got["short"]) * (60 if got["unit"].lower() == "h" else 1)
    if got["hours"]:
        word = got["hours"].lower()
        half = word == "one and a half" or bool(got["more"] and "half" in got["more"].lower())
        count = 1 if word in ("a", "an", "one and a half") else number(word)
        rest = number(got["rest"]) if got["rest"] else 0
        return None if count is None or rest is None else count * 60 + 30 * half + rest
    word = got["minutes"].lower()
    return 1 if word in ("a", "an") else number(word)
