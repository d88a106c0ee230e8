"""What of a message is a wish: not what would be if, may come some day, or is in an unknown language."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.moods import PAST, TOLD, WANT
from bot.text import Message, Sentence, clauses

_POLITE = re.compile(
    r"\b(?:if|wenn) (?:at all )?(?:possible|needed|necessary|you (?:can|could|don't|dont|please)|poss|so|any"
    r"|[\w ]{1,20}(?:is not|isn't|not|is too) (?:possible|allowed|ok|okay|available|permitted|big|large"
    r"|expensive|much)"
    r"|(?:it|that|this)(?:'s| is) (?:ok|okay|fine|possible|all right|alright|not too)|that works|möglich"
    r"|es geht)\b",
    re.I,
)
_CONDITION = re.compile(
    r"\b(?:if|unless|suppose|supposing|assuming|provided that|in case|whether|once|as soon as|falls|sobald"
    r"|wenn)\b",
    re.I,
)
_IDLE = re.compile(
    r"\b(?:idle|unused|nobody|nothing|inactiv\w*|no one|not used|idles|idling|leerlauf)\b", re.I
)
_SOME_DAY = re.compile(
    r"\b(?:at some (?:point|stage|time)|some ?day|one day|in (?:the )?future|down the (?:road|line)|later on"
    r"|maybe later"
    r"|eventually|irgendwann|sooner or later)\b"
    r"|\b(?:i|we|they|you) (?:may|might) (?:also |even |well |still )?"
    r"(?:want|need|require|move|switch|go|have|add|ask|decide|change|extend|grow|get)\b"
    r"|\bmight\b|\b(?:more|less|bigger|fewer|another|that|it|this) later\b"
    r"|\b(?:i )?wonder(?:ing)?\b|\bthinking about (?:whether|maybe)\b|\bdepends on\b",
    re.I,
)


_ANOTHER_THING = re.compile(
    r"\W*(?:our|my|their|the|an?|another) (?:other|previous|old|earlier) "
    r"(?:project|request|one|cluster|schema|repo\w*|warehouse|job|team|setup|pipeline)\b",
    re.I,
)
"""How a sentence begins that tells of something else."""


def wishes(message: Message) -> Message:
    """The message without what is only supposed: conditions and what follows, and "we may … some day"."""
    spans: list[tuple[int, int]] = []
    for sentence in message.sentences:
        spans += _supposed(sentence)
    return message.without(*spans) if spans else message


def _supposed(sentence: Sentence) -> Iterator[tuple[int, int]]:
    if _ANOTHER_THING.match(sentence.text) and not sentence.wanting:
        yield sentence.start, sentence.end
        return
    starts_so = _CONDITION.match(sentence.text.lstrip(" -"))
    if starts_so and not _POLITE.match(sentence.text.lstrip(" -")) and not _IDLE.search(sentence.text):
        yield sentence.start, sentence.end
        return
    for at, part in clauses(sentence.text):
        condition = _CONDITION.search(part)
        conditional = condition and not _POLITE.search(part) and not _IDLE.search(part)
        told = (PAST.search(part) or TOLD.search(part)) and sentence.wanting and not WANT.search(part)
        if conditional or told or _SOME_DAY.search(part):
            yield sentence.start + at, sentence.start + at + len(part)


_OURS = re.compile(
    r"\b(?:the|we|and|for|need|please|pls|with|is|it|of|to|in|this|that|our|no|not|can|could|would|should"
    r"|you|on|at"
    r"|want|der|die|das|und|ein|eine|wir|bitte|für|mit|nicht|kein|ist|im|soll|brauchen|den)\b",
    re.I,
)
_THEIRS = re.compile(
    r"\b(?:nous|avons|besoin|pas de|sans|une|les|des|pour|avec|dans|faut|est|du|votre|notre|merci|bonjour"
    r"|il nous|s'il"
    r"|necesitamos|necesito|sin|para|con|una|los|las|el|queremos|por favor|hola|nuestr[oa]s?|del|gracias"
    r"|también|pero"
    r"|abbiamo|bisogno|senza|per|gli|che|vorremmo|della|il|ciao|grazie|nostr[oa]"
    r"|precisamos|sem|uma|não|nós|obrigad[oa]|nosso|nossa|com|você"
    r"|wij|hebben|nodig|geen|zonder|een|voor|graag|het|niet|onze|potrzebujemy|bez|dla|proszę)\b",
    re.I,
)


def foreign(text: str) -> bool:
    """Whether a message is mostly in a language that the rules do not read: its negations would be lost."""
    letters = [char for char in text if char.isalpha()]
    if letters and sum(ord(char) > 0x24F for char in letters) * 4 > len(letters):
        return True
    theirs = {match[0].lower() for match in _THEIRS.finditer(text)}
    return len(theirs) >= 2 and len(theirs) > len({match[0].lower() for match in _OURS.finditer(text)})
