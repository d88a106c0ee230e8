"""What somebody does with a sentence: wants something, tells of what was, or asks; English and German."""

from __future__ import annotations

import re

WANT = re.compile(
    r"\b(?:needs?|needed|wants?|wanna|would like|'d like|'d need|like to|please|pls|plz|could (?:i|we|you)"
    r"|can (?:i|we|you)|may (?:i|we)|give (?:us|me)|get (?:us|me|her|him|them)|set (?:us|me) up|set up"
    r"|spin up|create"
    r"|make|add"
    r"|request|requesting|require|looking for|(?:we|i)(?:'re| are|'m| am) after|possible to (?:get|have)"
    r"|miss(?:ing)?|lack|order|provision|use|go with|go for|switch|replace|swap|take|put"
    r"|would (?:also )?be (?:great|nice|good|lovely|awesome|perfect|enough|fine|helpful|cool|ideal)|will do"
    r"|is enough|would (?:do|suffice|help)|asking for|ask for|interested in"
    r"|bitte|brauch\w*|benötig\w*|fehlt|fehlen|hätten? gern\w*"
    r"|möcht\w*|wollen|let's|lets|should|must|has to|have to|shall|will)\b",
    re.I,
)
"""Words of a sentence that asks for something."""

PAST = re.compile(
    r"\b(?:(?:was|were)(?! (?:right|better|fine|ok|okay|correct|good)\b)|had|tried|used to|ran|been running"
    r"|has been"
    r"|have been|cost (?:us|a)|borrowed|came|went|crashed|broke|failed"
    r"|last (?:year|spring|summer|autumn|fall|winter|month|week|quarter)|since (?:19|20)\d\d|years? ago"
    r"|already (?:have|got|exists?|runs?|use[ds]?)|(?:have|got|exists?) already|months? ago|weeks? ago"
    r"|yesterday|previously|back then|war|waren|hatten?|letztes|letzten)\b",
    re.I,
)
"""Words of a sentence that tells of what was."""

TOLD = re.compile(
    r"\b(?:said|says|told|wrote|mentioned|suggested|asked|proposed|preferred|thought|wanted(?! to))\b", re.I
)
"""Words of a sentence that tells what others said."""

_FILLERS = (
    r"(?:(?:quick|short|one|small)? ?(?:q|question)\b[,:]? *"
    r"|hm+,? |btw,? |and |und |also,? |ok,? |sorry,? |so,? |but )*"
)
_QUESTION_WORD = (
    r"(?:which|what|whats|what's|who|whose|how|why|when|where|whether|did|was|were|has|have|had|am"
    r"|welche\w*|wie|warum|wann|wer|gibt es|soll(?:en|te|ten)? (?:wir|ich))\b"
)
_ADVICE_WANTED = (
    r"(?:should|shall|must|do|does|don't|doesn't|is|isn't|are|aren't|might|shouldn't)\b"
    r"(?! (?:it possible|there (?:a|any) (?:way|chance)|you (?:able|mind)|we able)\b)"
)
_WOULD = (
    r"would\b(?! (?:it (?:perhaps |maybe |also |still )?be (?:possible|ok|okay|fine)|be|like|love)\b)"
    r"(?! you (?:please |kindly )?(?!recommend|say|use|suggest|advise|go)\w)"
)
_EXPLAIN = r"(?:could|can|would|will) you (?:please )?(?:tell|explain|show|say|remind)\b"
_MAY_ONE = (
    r"(?:can|could|may) (?:(?:an?|any|anyone|every\w*|other\w*|people|both|there)\b"
    r"|(?!i |we |you |it |they |some)[\w-]+ (?:data|people|users|have|see|read|write|use|query)\b)"
)
_MAY = re.compile(r"^(?:can|could|may|would)\b", re.I)
_ASKING = re.compile(
    rf"^{_FILLERS}(?:{_QUESTION_WORD}|{_ADVICE_WANTED}|{_WOULD}|{_EXPLAIN}|{_MAY_ONE})", re.I
)
_QUESTION_SAID = re.compile(r"^(?:quick |short |one |small )?(?:q|question)\b[,:]", re.I)
_UNMARKED = re.compile(
    r"^\W*(?:and |so |hm+,? )?(?:(?:should|shall) (?:i|we)|do (?:i|we) (?:need|have to))\b", re.I
)
"""Asks for advice also without a question mark."""


def asks(text: str) -> bool:
    """Whether a sentence asks for information or advice ("which sizes are there?"), not for a thing."""
    if not text.rstrip(" )\"'").endswith("?"):
        return bool(_UNMARKED.match(text))
    undecided = not WANT.search(text) and re.search(r"\b(?:or|oder)\b", text, re.I)
    if re.search(r"\b(?:please|pls|bitte)\b", text, re.I) and _MAY.match(text):
        return False
    return bool(undecided or _QUESTION_SAID.match(text) or _ASKING.match(text))
