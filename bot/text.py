"""Slack text as people mean it: references resolved, cut into sentences and clauses, numbers in words
read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from bot.moods import PAST, TOLD, WANT, asks
from bot.numbers import NUMBER as NUMBER
from bot.numbers import number as number

_REFERENCE = re.compile(r"<([^<>|\n]+)(?:\|([^<>\n]*))?>")
_EMOJI = re.compile(r"(?<![\w:]):[a-z][a-z0-9_+-]*:(?![\w:])")
_STRUCK = re.compile(r"(?<!\w)~[^~\n]+~(?!\w)")
_SAME = str.maketrans("\u2018\u2019\u201c\u201d\u201e\u2013\u2014\u2212\u00a0\t", '\'\'"""---  ')
"""Curly quotes, dashes and blanks as a keyboard has them."""


def plain(raw: str) -> str:
    """Slack text without its markup: mail links as addresses, channels and web links gone, entities resolved.

    Mentions stay as ``<@U…>``; struck-out text is dropped and an emoji ends a line; quotes and dashes get
    one spelling.
    """
    text = _REFERENCE.sub(_referred, raw)
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").translate(_SAME)
    text = _STRUCK.sub(" ", _EMOJI.sub("\n", unicodedata.normalize("NFC", text)))
    return re.sub(r" *\n *", "\n", re.sub(r" +", " ", text)).strip()


def _referred(found: re.Match[str]) -> str:
    target, label = found[1], found[2]
    if target.startswith(("@U", "@W")):
        return f"<{target}>"
    if target.startswith("mailto:"):
        return target.removeprefix("mailto:")
    if target.startswith(("!subteam^", "tel:")):
        return label or ""
    return " "


def fold(text: str) -> str:
    """Lower case and without accents, for comparing: ``Tomás`` and ``tomas`` are the same."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in parts if not unicodedata.combining(char))


def level(text: str) -> str:
    """Like :func:`fold`, but every character stays in its place: for finding names in a text."""
    return _level_word(text) if len(text) <= 64 else _level(text)


@lru_cache(maxsize=8192)
def _level_word(text: str) -> str:
    return _level(text)


def _level(text: str) -> str:
    if text.isascii():
        return text.lower()
    return "".join(unicodedata.normalize("NFKD", char)[0].lower()[0] for char in text)


def squeeze(text: str) -> str:
    """For looking a quote up: folded, every run of white space as one blank, no ``*_`>`` markup."""
    return re.sub(r"\s+", " ", re.sub(r"[*`>]", "", fold(plain(text)))).strip()


# --- sentences --------------------------------------------------------------------------------------

_END = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][\"')*]))\s+|;\s+|\n+")
_NO_END = re.compile(
    r"(?:\b(?:i\.e|e\.g|etc|approx|no|nr|ca|vs|z\.b|d\.h|bzw|incl|max|min|dr|mr|ms)\.|(?<![\d.])\d{1,2}\.)$",
    re.I,
)
_BULLET = re.compile(r"^\s*(?:[•◦▪*-]|\d{1,2}[.)])\s+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence or line: ``text`` at ``start`` of the message; ``lead`` is the line with a colon it stands
    under.
    """

    text: str
    start: int
    lead: str = ""

    @property
    def end(self) -> int:
        """Where it ends in the message."""
        return self.start + len(self.text)

    @property
    def wanting(self) -> bool:
        """Whether it, or the line it stands under, asks for something."""
        return bool(WANT.search(self.text) or (self.lead and WANT.search(self.lead)))

    @property
    def background(self) -> bool:
        """Whether it only tells of what was: nothing in it is asked for."""
        return bool(PAST.search(self.text) or TOLD.search(self.text)) and not self.wanting

    @property
    def question(self) -> bool:
        """Whether it asks the bot for information ("which sizes are there?"), rather than for a thing."""
        return asks(self.text)


@dataclass(frozen=True)
class Message:
    """One message as plain text; :meth:`without` blanks out what has been read, offsets stay."""

    text: str

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """Sentences and lines in order; bullets cut off, questions included."""
        return tuple(_sentences(self.text))

    def without(self, *spans: tuple[int, int]) -> Message:
        """The message with these spans blanked out."""
        text = self.text
        for start, end in spans:
            blank = re.sub(r"[^\n]", " ", text[start:end])
            text = text[:start] + blank + text[end:]
        return replace(self, text=text)


def _sentences(text: str) -> Iterator[Sentence]:
    lead = ""
    for start, end in _cut(text):
        body = text[start:end]
        new_line = start == 0 or "\n" in text[max(0, start - 2) : start]
        bullet = _BULLET.match(body)
        if bullet:
            start, body = start + bullet.end(), body[bullet.end() :]
        stripped = body.strip()
        if not stripped:
            continue
        if new_line and not bullet:
            lead = ""
        yield Sentence(stripped, start + body.index(stripped[0]), lead)
        if stripped.endswith(":"):
            lead = stripped


def _cut(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for gap in _END.finditer(text):
        if "\n" not in gap[0] and _NO_END.search(text[start : gap.start()]):
            continue
        yield start, gap.start()
        start = gap.end()
    yield start, len(text)


_CLAUSE = re.compile(
    r"[,;()]+|\s[-/]\s|\b(?:but|however|aber|sondern|while|whereas|although)\b|(?<=[.!?])\s", re.I
)


def clauses(text: str) -> Iterator[tuple[int, str]]:
    """The parts of a sentence between commas, brackets and "but": (offset, text), empty ones left out."""
    start = 0
    for gap in _CLAUSE.finditer(text):
        if text[start : gap.start()].strip():
            yield start, text[start : gap.start()]
        start = gap.end()
    if text[start:].strip():
        yield start, text[start:]


def clause_at(text: str, position: int) -> str:
    """The clause of a sentence that this position is in."""
    found = [part for at, part in clauses(text) if at <= position]
    return found[-1] if found else text


_NEGATION = (
    r"\b(?:no|not|nothing|without|w/o|neither|nor|never|none of"
    r"|(?:do|does|did|is|are|was|were|should|would|must|need|has|have|wo|ca|could|will)n'?t|cannot"
    r"|minus|instead of|rather than|except(?: for)?|skip|drop|forget|scratch|lose|kein(?:e|en|em|er)?|nicht"
    r"|ohne|statt)"
)
_BETWEEN = (
    r"(?:the|an?|any|this|that|it|them|us|need|needs|needed|want|wants|wanted|have|has|use|require|requires"
    r"|be|get|make"
    r"|made|call|called|name|keep|put|set|go|run|for|in|on|to|into|of|with|also|even|more|as|my|our|really"
    r"|necessarily|able|allowed|extra|expensive|separate|die|der|das|den|dem|ein\w*|\w+ic|\w+ive)"
)
"""What may stand between a negation and what it negates."""
NEGATED = re.compile(rf"{_NEGATION}(?<!not only)(?:[\s:]+{_BETWEEN})*[\s:]*[`*\"']?$", re.I)
"""Matches the end of the text before a word when that word is negated: ``no``, ``not an interactive``,
``kein``.
"""

CORRECTION = re.compile(
    r"\b(?:actually|wait|no(?=,)|nope|hm+ no|correction|rather|instead|i mean|i meant|make (?:it|that)"
    r"|sorry[^.!?]*[.!?,]|"
    r"scratch that|better|change (?:it|that)? ?to|doch|besser|nein|ach)\b",
    re.I,
)
"""Words after which a person takes back what they just said."""

UNKNOWN = re.compile(
    r"\b(?:no idea|no clue|no preferences?|no opinion|(?:haven't|have not|not yet) decided|undecided"
    r"|which ?ever|any of (?:them|those)|doesn'?t matter|(?:don'?t|do not) (?:know|care|mind)|dunno|not sure"
    r"|unsure|whatever|up to you"
    r"|you (?:decide|choose)|"
    r"(?:the|your|use|as) (?:usual|defaults?)\b|idk|keine ahnung|weiß (?:ich )?nicht|egal|have to (?:check"
    r"|ask|look)"
    r"|let me (?:check|ask)|"
    r"i'?ll (?:check|ask)|need to (?:check|ask))",
    re.I,
)
"""What a person says who does not know, or leaves it to us."""

NOTHING = re.compile(
    r"\b(?:nobody|no one|noone|none|nothing|no(?= |$|,|\.)|niemand\w*|keine?r?|leave (?:that|it"
    r"|this) (?:empty|out|blank)|n/a|nope|nah)\b|^-+$",
    re.I,
)
"""What a person says who wants nothing there; also matches "no idea"."""


def wants_nothing(text: str) -> bool:
    """Whether an answer says that there shall be nothing; who has no idea does not."""
    return bool(NOTHING.search(text)) and not UNKNOWN.search(text)
