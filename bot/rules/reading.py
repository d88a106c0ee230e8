"""What a reader of one field gives back, and how it settles on one of several values a person says."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.rules.context import Context, Word
from bot.text import CORRECTION, clause_at
from gitops.plan import JSON


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: ``value`` from the words ``quote``; ``None`` where the words name no value, ``note``
    says why.
    """

    value: JSON
    quote: str
    note: str = ""


Reader = Callable[[str, str, Context], Reading | None]
"""``(text, path, context)``; ``None`` when the text does not speak of the field at all."""

_LATER = re.compile(
    r"\b(?:later|second|next|separate(?:ly)?|afterwards|eventually|not yet|done|finished|später|danach)\b",
    re.I,
)
_OR = re.compile(r"\b(?:or|oder|/)\b|\?", re.I)
CHATTER = re.compile(
    r"\b(?:sry|sorry|phone|brb|one (?:sec|moment|minute)|moment|meeting|lunch|thanks|thank you|thx|hello"
    r"|morning|cheers|"
    r"be right back|back now|just pinged|danke|hallo|hi|hey|cool|great|nice|wow|lol|haha|ok(?:ay)?|got it"
    r"|sure)\b",
    re.I,
)


def chatter(text: str) -> bool:
    """Whether a message is small talk: short, and nothing but manners."""
    return len(text.split()) <= 7 and bool(CHATTER.search(text))


def settled(words: Sequence[Word], text: str) -> Word | None:
    """The one value a person arrives at: not a negated one, not one for later, the last after a
    correction.
    """
    live = [word for word in words if not word.negated and not _LATER.search(clause_at(text, word.start))]
    live = live or [word for word in words if not word.negated]
    if not live:
        return None
    values = {word.value for word in live}
    if len(values) == 1:
        return live[-1]
    taken_back = [match.start() for match in CORRECTION.finditer(text)]
    after = [word for word in live if taken_back and word.start > taken_back[-1]]
    if after:
        return after[0]
    between = text[live[0].end : live[1].start]
    return None if _OR.search(between) else live[0] if re.search(r"[.!?]", between) else None
