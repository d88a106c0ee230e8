"""Which kinds of things a message speaks of, and whether each is wanted, ruled out or only spoken of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from bot.rules.context import Context
from bot.text import NEGATED, NUMBER, Message, Sentence, clause_at, clauses, level

_EXISTS_AFTER = re.compile(
    r"^\s*(?:\([^)]*\))?\s*,?\s*(?:(?:which |that |this )?(?:we|they|i) (?:already )?(?:have|got|use)\b"
    r"|(?:we|they)'ve got\b|"
    r"(?:does )?(?:already )?exists?\b|already\b|is (?:already )?(?:there|done|in place)\b|haben wir\b"
    r"|gibt es\b|"
    r"existiert\b|is from\b)",
    re.I,
)
_EXISTS_BEFORE = re.compile(
    r"\b(?:existing|current|(?<!to )(?<!must )(?<!should )(?<!can i )(?<!can we )"
    r"(?<!could i )(?<!could we )(?<!may i )"
    r"(?<!may we )(?:already )?(?:have|got|has)(?: already)?(?: an?"
    r"| the| our)?|"
    r"haben (?:schon |bereits )?(?:ein\w*)?|bestehende\w*|borrowed|shared|old|previous)\s+(?:[\w-]+\s){0,1}$",
    re.I,
)
_NOT_AFTER = re.compile(
    r"^\s*(?:is|are|we|i)?\s*(?:'s|n't|not|do not|don't|dont|brauchen wir nicht)\s*(?:needed|required"
    r"|necessary|need)?\b"
    r"|^\s*(?:not|nicht) (?:needed|required|nötig)|^\s*:?\s*(?:no|none|nein|n/a|not needed)\b",
    re.I,
)
_THEIRS = re.compile(
    r"\b(?:our|their|his|her|its|your|my|unser\w*|euer\w*|deren)\s+(?!own\b)(?:[\w-]+\s){0,2}$", re.I
)
_NEW = re.compile(
    r"\b(?:an?|one|two|three|four|five|\d|new|another|some|own|ein\w{0,2}|neue\w*|zwei"
    r"|drei)\s+(?:[\w-]+,?\s+){0,4}$",
    re.I,
)
_DEFINITE = re.compile(
    r"\b(?:the|this|that|these|those|der|die|das|dem|den|im|am|vom|zum)\s+(?:[\w-]+\s+){0,2}$", re.I
)
_ONLY = re.compile(
    r"\b(?:only|just|nur|lediglich|solely)\s+(?:need |want |brauchen )?(?:[\w-]+\s+){0,4}$", re.I
)
_ONLY_AFTER = re.compile(
    r"^\s*(?:pls|please|bitte)?[\s,]*(?:only\b|nothing else|sonst nichts|that's (?:it|all)|and nothing)", re.I
)
NOTHING_ELSE = re.compile(
    r"\b(?:nothing else|only that|sonst nichts|that's all|thats all|nothing more)\b", re.I
)
_NO_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|runs?|does|do|did|can|could|will|would|exists?|goes|went|knows?"
    r"|says?|lives?|"
    r"sind|ist|hat|soll|sollen|läuft|works?|uses?|costs?|fails?|comes?|needs to|must|should)\b",
    re.I,
)
_ALSO = re.compile(r"\b(?:also|plus|and|additionally|another|zusätzlich|auch|noch|too|as well)\b", re.I)
_COUNTED = re.compile(
    rf"\b(?:max(?:imum)?\.?|up to|at most|at least|min(?:imum)?\.?|-|to)\s*{NUMBER}\s+$", re.I
)
_JOINED = re.compile(r"^[\s,]*(?:and|or|nor|/|&|\+|noch|oder|und|,)?[\s,]*(?:also |any |an? )?$", re.I)
_REMOVED = re.compile(
    r"\b(?:drop|remove|delete|cancel|skip|scratch|scrap|ditch|undo|take back|kill|lose|leave out|take out"
    r"|forget(?: about)?|weglassen)\s+(?:the\s+|that\s+)?"
    r"(?:[\w-]+\s+){0,2}$",
    re.I,
)
_ADDED = re.compile(
    r"\b(?:add|include|bring back|put back|restore|keep|hinzufügen)\s+(?:the\s+|that\s+|back\s+)*"
    r"(?:[\w-]+\s+){0,2}$",
    re.I,
)
LISTED = re.compile(
    r"[\s,]*(?:(?:called|named|namely|:|-)\s*)?(?P<names>[a-z]\w*_\w+(?:(?:,\s*(?:and |und )?|\s+(?:and|und"
    r"|&)\s+)[a-z]\w*_\w+)+)"
    r"|\s*(?:,? (?:called|named)|:|,? namely)\s+(?P<names2>[a-z]\w*(?: and| und|\s&) [a-z]\w*)(?=\W|$)"
)


class Polarity(Enum):
    """What a mention says of the thing: it is wanted, it is ruled out, or it is only spoken of."""

    WANTED = 1
    RULED_OUT = 2
    SPOKEN_OF = 3


@dataclass(frozen=True, slots=True)
class Mention:
    """A kind named at ``start`` to ``end`` of the message, and what is said of it."""

    kind: str
    choice: str | None
    start: int
    end: int
    text: str
    polarity: Polarity
    only: bool
    plural: bool


def mentions_in(message: Message, context: Context) -> tuple[Mention, ...]:
    """Every mention of a kind, in order; questions to the bot and tales of the past only speak of it."""
    return tuple(mention for sentence in message.sentences for mention in _mentions(sentence, context))


def _mentions(sentence: Sentence, context: Context) -> Iterator[Mention]:
    previous: Mention | None = None
    for match in context.alias_pattern.finditer(sentence.text):
        alias = context.aliases.get(level(match[1]))
        if (
            alias is None
            or _is_label(sentence.text, match)
            or _COUNTED.search(sentence.text[: match.start()])
        ):
            continue
        if previous and alias.kind == previous.kind and match.start() + sentence.start - previous.end <= 1:
            continue  # "job cluster" is a job
        between = sentence.text[previous.end - sentence.start : match.start()] if previous else None
        polarity = _polarity(sentence, match, previous, between, context)
        part = next(text for at, text in reversed(list(clauses(sentence.text))) if at <= match.start())
        before = sentence.text[: match.start()]
        only = bool(
            _ONLY.search(before)
            or _ONLY_AFTER.match(sentence.text[match.end() :])
            or NOTHING_ELSE.search(part)
        )
        previous = Mention(
            kind=alias.kind,
            choice=alias.choice,
            start=sentence.start + match.start(),
            end=sentence.start + match.end(),
            text=match[0],
            polarity=polarity,
            only=only,
            plural=bool(match[2])
            or bool(re.search(r"\b(?:two|three|four|2|3|4|zwei|drei)\s+(?:\w+\s+)?$", before, re.I)),
        )
        yield previous


def _is_label(text: str, match: re.Match[str]) -> bool:
    """``schema name:``, ``job size``, ``cluster policy`` name something of the resource, not the resource."""
    after = text[match.end() :]
    return bool(
        re.match(r"\s+(?:name|policy|policies|owner|size|description|comment)s?\b\s*[:=is]", after, re.I)
    )


def _polarity(
    sentence: Sentence, match: re.Match[str], previous: Mention | None, between: str | None, context: Context
) -> Polarity:
    before, after = sentence.text[: match.start()], sentence.text[match.end() :]
    joined = between is not None and bool(_JOINED.match(between))
    labelled = re.match(r"\s*[*_]*\s*[:=]\s*[*_]*\s*(\S+)", after)
    if not before.strip(" *_") and labelled:
        out = re.match(r"(?:no|none|nein|n/a|not?|-|keins?|keine)\b|-$", labelled[1], re.I)
        return Polarity.RULED_OUT if out else Polarity.WANTED
    if sentence.question:
        return Polarity.SPOKEN_OF
    if _REMOVED.search(before) or NEGATED.search(before) or _NOT_AFTER.match(after):
        return Polarity.RULED_OUT
    if _negated_with_words_between(before):
        return Polarity.RULED_OUT
    if joined and previous and previous.polarity is Polarity.RULED_OUT and "+" not in (between or ""):
        return Polarity.RULED_OUT if not re.search(r"\ban?\b", between or "") else Polarity.WANTED
    if _EXISTS_AFTER.match(after) or _EXISTS_BEFORE.search(before):
        return Polarity.SPOKEN_OF
    if between is not None and previous and previous.polarity is Polarity.SPOKEN_OF:
        had = _EXISTS_BEFORE.search(sentence.text[: previous.start - sentence.start])
        if had and re.fullmatch(r"[\s,]*(?:and|or|und|&|\+|,)?\s*(?:also |an? |ein\w* )*", between, re.I):
            return Polarity.SPOKEN_OF
    if joined and previous and previous.polarity is Polarity.WANTED:
        return Polarity.WANTED
    beside = re.search(
        r"(?:,|\band\b|\bplus\b|\bund\b|\+)\s*(?:(?:also|das|die|the|its|a matching|ihr|the matching) )+$",
        before,
        re.I,
    )
    if beside and previous and previous.polarity is Polarity.WANTED and not _NO_VERB.match(after.lstrip()):
        return Polarity.WANTED
    only = bool(_ONLY.search(before) or _ONLY_AFTER.match(after))
    if only:
        return Polarity.WANTED
    if _ADDED.search(before):  # "add the cluster" again, after it was taken out
        return Polarity.WANTED
    if _THEIRS.search(before) or _DEFINITE.search(before) or sentence.background:
        return Polarity.SPOKEN_OF
    wanted = sentence.wanting or context.asked == "resources" or not _tells(sentence.text)
    clause = clause_at(sentence.text, match.start())
    wanted = wanted or not (
        _tells(sentence.text[: match.end()]) or _tells(clause)
    )  # "medium cluster, owner is Irene"
    if _NEW.search(before):
        return Polarity.WANTED if wanted or _ALSO.search(before) else Polarity.SPOKEN_OF
    if (
        match[2] and context.asked != "resources" and not LISTED.match(after)
    ):  # a bare plural is a manner of speaking
        return Polarity.SPOKEN_OF
    return Polarity.WANTED if wanted and _bare_is_wanted(before, context) else Polarity.SPOKEN_OF


_NAMED_LAST = re.compile(r": (?:an? |the |one |new )*[\w-]+(?: [`*\"'][^`*\"']+[`*\"'])?(?:[,.]|$)")
"""``I only file it: schema `slot-booking`, dev``: what stands behind the colon is the wish."""


def _tells(text: str) -> bool:
    """Whether a sentence has a verb of its own: what a relative clause says of a thing is none."""
    text = text.rpartition(": ")[2] if _NAMED_LAST.search(text) else text
    main = re.sub(
        r"\b(?:that|which|who|where|nobody|no one|everyone|everybody)\b[^,;.]*|\bit is\W*$",
        " ",
        text,
        flags=re.I,
    )
    main = re.sub(r"[`*][^`*]+[`*]|\w+(?:[-_]\w+)+", " ", main)  # the runs of "tuning-runs" is no verb
    return bool(_NO_VERB.search(main))


def _negated_with_words_between(before: str) -> bool:
    """``not an interactive cluster``, ``no extra sql warehouse``: up to two plain words in between."""
    return bool(
        re.search(
            r"\b(?:no|not an?|without an?|without|kein(?:e|en)?|don't need an?"
            r"|dont need an?)\s+(?:[\w-]+\s+){0,2}$",
            before,
            re.I,
        )
    )


def _bare_is_wanted(before: str, context: Context) -> bool:
    """A kind without an article counts after a want, a join, or where nothing but adjectives stands before
    it.
    """
    if context.asked == "resources":
        return True
    part = [text for _, text in clauses(before)]
    head = part[-1].rpartition(":")[2] if part else ""
    return bool(
        re.search(
            r"\b(?:need|want|like|get|create|add|set up|up|give|have|please|pls|and|plus|brauch\w*|und|wir"
            r"|us|hi|hey)\b|\+",
            head,
            re.I,
        )
        or len(head.split()) <= 3
    )
