"""What a reader of one field gives back, and how it settles on one of several values a person says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.rules.context import Context, Word
from bot.text import CORRECTION, NEGATED, Message, Sentence, clause_at
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


_SMALL_WORDS = re.compile(
    r"\b(?:was|were|on|the|an?|i|i'm|am|in|to|for|at|be|now|had|my|it|is|it's|that|that's|just|and|but|so"
    r"|with|you|we|all|very"
    r"|much|a lot|me|have|got|back|will|do|one|again|there|everyone|everybody|team|folks)\b|\d+",
    re.I,
)


def chatter(text: str) -> bool:
    """Whether a message is small talk: short, and nothing but manners."""
    left = _SMALL_WORDS.sub(" ", CHATTER.sub(" ", text))
    return len(text.split()) <= 7 and bool(CHATTER.search(text)) and len(re.findall(r"\w{2,}", left)) <= 1


def chosen(starts: Sequence[int], text: str) -> list[int]:
    """Which of several places in a text count: those that are not negated, and after a correction those
    behind it.
    """
    live = [at for at in starts if not NEGATED.search(text[:at])]
    taken_back = [match.start() for match in CORRECTION.finditer(text)]
    return [at for at in live if taken_back and at > taken_back[-1]] or live


def settled(words: Sequence[Word], text: str) -> Word | None:
    """The one value a person arrives at: not a negated one, not one for later, the last after a
    correction, the second of "from small to large".
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
    if _INTO.fullmatch(between):
        return live[1]
    return None if _OR.search(between) else live[0] if re.search(r"[.!?]", between) else None


_INTO = re.compile(r"\W*(?:to|into|->|=>|\u2192)\W*(?:an? |the )?", re.I)


def live(message: Message) -> Iterator[Sentence]:
    """The sentences that ask for something: no questions, no tales of the past, nothing about what exists."""
    for sentence in message.sentences:
        if not sentence.question and not sentence.background:
            yield sentence
