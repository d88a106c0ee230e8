"""Readers for one field at a time: what an answer, or what stands behind a label, says the value is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bot.dates import dates_in, free_date, vague_in
from bot.people import MENTION, Meant, people_in
from bot.rules.context import Context, base_path
from bot.rules.reading import Reading, chatter, settled
from bot.text import CORRECTION, NEGATED, NOTHING, NUMBER, UNKNOWN, level, number
from gitops.fields import Field

_YES = re.compile(
    r"^\W*(?:yes|yep|yeah|yup|sure|please|pls|ok(?:ay)?|ja|jo|gern\w*|true|needed|definitely|of course)\b",
    re.I,
)
_NO = re.compile(r"^\W*(?:no|nope|nah|not?|none|nein|false|without|ohne|kein\w*|don'?t|never)\b", re.I)
_NO_END = re.compile(
    r"\b(?:no (?:end|expiry|expiration|end date|time ?limit|deadline)|open[- ]?end(?:ed)?|never expires?"
    r"|forever|for good|"
    r"indefinite(?:ly)?|permanent(?:ly)?|unbefristet|unlimited|does not expire|doesn't expire|dauerhaft"
    r"|(?:this|it) (?:one )?stays)\b",
    re.I,
)
_FLUFF = re.compile(
    r"^\W*(?:(?:ok|okay|hm+|well|so|then|maybe|perhaps|please|pls|let'?s|lets|say|call(?:ed)?|name(?:d)?|it"
    r"|is|it's|its|the|"
    r"thing|project|just|i think|i guess|would be|should be|how about|what about|nennen|wir|es|das|projekt"
    r"|as)\b[\s,:]*)+",
    re.I,
)
_TOKEN = re.compile(r"[`*\"']?(?P<name>[A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)+)[`*\"']?")
_MARKED = re.compile(r"[`*\"](?P<name>[A-Za-z][\w -]{1,60})[`*\"]")


def read_choice(text: str, path: str, context: Context) -> Reading | None:
    """One of the field's values."""
    words = context.words_in(text, base_path(path), loose=True)
    if not words:
        return None
    word = settled(words, text)
    if word is None:
        live = [word for word in words if not word.negated]
        return Reading(None, text, "That names more than one.") if len(live) > 1 else None
    return Reading(word.value, word.text)


def read_integer(text: str, path: str, context: Context) -> Reading | None:
    """A whole number, in digits or words; the last one after a correction."""
    found = [
        match for match in re.finditer(rf"(?<![\w.-]){NUMBER}", text, re.I) if number(match[0]) is not None
    ]
    if not found:
        return None
    taken_back = [match.start() for match in CORRECTION.finditer(text)]
    after = [match for match in found if taken_back and match.start() > taken_back[-1]]
    chosen = (after or found)[0]
    value = number(chosen[0])
    assert value is not None
    name = context.catalogue[base_path(path)].name
    if name.endswith("_minutes") and re.match(r"\s*(?:h|hours?|stunden?)\b", text[chosen.end() :], re.I):
        value *= 60
    return Reading(value, chosen[0])


def read_boolean(text: str, path: str, context: Context) -> Reading | None:
    """Yes or no, or the field's own word with or without a negation."""
    label = level(context.catalogue[base_path(path)].name)
    for match in re.finditer(rf"\b{re.escape(label)}s?\b", level(text)):
        return Reading(not NEGATED.search(text[: match.start()]), match[0])
    if yes := _YES.match(text):
        return Reading(True, yes[0].strip())
    if no := _NO.match(text):
        return Reading(False, no[0].strip())
    return None


def read_date(text: str, path: str, context: Context) -> Reading | None:
    """A day; ``None`` with a note for words that name none; the empty text for "no end date"."""
    del path
    if stays := _NO_END.search(text):
        return Reading("", stays[0])
    found = dates_in(text, context.today)
    if found:
        after = [match.start() for match in CORRECTION.finditer(text)]
        later = [spoken for spoken in found if after and spoken.start > after[-1]]
        spoken = (later or [found[0]])[0] if later else found[-1] if _same_days(found) else found[0]
        if spoken.day:
            return Reading(spoken.day.isoformat(), spoken.text)
        return Reading(None, spoken.text, f'"{spoken.text}" names no day.')
    if day := free_date(text, context.today):
        return Reading(day.isoformat(), text.strip())
    if vague := vague_in(text):
        return Reading(None, vague, f'"{vague}" names no day.')
    return None


def _same_days(found: Sequence[object]) -> bool:
    return len({getattr(spoken, "day", None) for spoken in found}) == 1


def read_person(text: str, path: str, context: Context) -> Reading | None:
    """One person's e-mail address."""
    del path
    named = [
        meant
        for meant in people_in(text, context.policy, context.requester, any_case=True)
        if not NEGATED.search(text[: meant.start])
    ]
    named = [meant for meant in named if not _speaker_only(meant, text)] or named
    if not named:
        return None
    others = [meant for meant in named if not meant.myself] or named
    if {meant.email for meant in others} == {None}:
        return Reading(
            None, others[0].text, "I do not find that person in the directory; an e-mail address works too."
        )
    known = [meant for meant in others if meant.email]
    if len({meant.email for meant in known}) > 1:
        taken_back = [match.start() for match in CORRECTION.finditer(text)]
        known = [meant for meant in known if taken_back and meant.start > taken_back[-1]] or known
        if len({meant.email for meant in known}) > 1:
            return Reading(None, text, "That names more than one person.")
    return Reading(known[0].email, known[0].text)


def _speaker_only(meant: Meant, text: str) -> bool:
    """The "I" of "I think it is Omar" says who speaks, not who is meant."""
    return meant.myself and bool(
        re.match(r"'?\s*(?:think|guess|believe|suppose|would|'d|asked|know|need)\b", text[meant.end :])
    )


def read_people(text: str, path: str, context: Context) -> Reading | None:
    """Everybody named, as a list of e-mail addresses."""
    del path
    named = [
        meant
        for meant in people_in(text, context.policy, context.requester, any_case=True)
        if not NEGATED.search(text[: meant.start])
    ]
    emails = list(dict.fromkeys(meant.email for meant in named if meant.email))
    if emails:
        return Reading(emails, text[named[0].start : named[-1].end])
    if any(MENTION.search(meant.text) for meant in named):
        return Reading(None, text, "I do not find that person in the directory.")
    return Reading([], text) if NOTHING.search(text) else None


def read_team(text: str, path: str, context: Context) -> Reading | None:
    """A team; one that policy does not know is taken as said, for policy to judge."""
    del path
    if match := re.search(r"\b(?:my|our|mine|ours|us|unser\w*|mein\w*)\b", text, re.I):
        own = context.requester.team if context.requester else None
        return Reading(own, match[0]) if own else None
    words = re.findall(r"[\w-]+", text)
    for size in (3, 2, 1):
        for start in range(len(words) - size + 1):
            phrase = " ".join(words[start : start + size])
            team = context.team_called(phrase)
            at = text.find(phrase)
            if team and not (at >= 0 and NEGATED.search(text[:at])):
                return Reading(team, phrase if at >= 0 else words[start])
    head = re.split(r"[.,;!?(]", _FLUFF.sub("", text))[0]
    head = re.sub(r"\b(?:team|the|das|dem)\b", " ", head, flags=re.I).strip(" `*\"'")
    if head and len(head.split()) <= 3 and not chatter(head) and not UNKNOWN.search(head):
        return Reading(kebab(head), head)
    return None


def kebab(text: str) -> str:
    """Words as a name: ``Churn Prediction`` → ``churn-prediction``."""
    return re.sub(r"[^a-z0-9]+", "-", level(text)).strip("-")


def read_name(text: str, path: str, context: Context) -> Reading | None:
    """A name: quoted, in one piece with hyphens, or a few plain words; snake_case where the field is."""
    if chatter(text) or UNKNOWN.search(text):
        return None
    marked = _MARKED.search(text) or _TOKEN.search(text)
    words = marked["name"] if marked else re.split(r"[.,;!?(\n]", _FLUFF.sub("", text))[0].strip(" `*\"'")
    words = re.sub(
        r"\s+(?:pls|please|bitte|then|instead|would be (?:fine|good)|is fine)$", "", words, flags=re.I
    )
    if not words or len(words.split()) > 4 or (text.rstrip().endswith("?") and not marked):
        return None
    return Reading(named(words, path, context), words)


def named(words: str, path: str, context: Context) -> str:
    """A name in the spelling of its field: kebab-case, or as written where that is a legal name already."""
    field = context.catalogue[base_path(path)]
    if "_" in (field.example or "") or (field.kind and "_" in words):
        return kebab(words).replace("-", "_")
    return kebab(words)


def read_text(text: str, path: str, context: Context) -> Reading | None:
    """The whole answer as a text; small talk and questions are no answer."""
    del path, context
    body = re.sub(r"\s+", " ", text).strip()
    if body.startswith('"') and body.endswith('"') and len(body) > 2:
        body = body[1:-1].strip()
    if not body or chatter(body) or body.endswith("?") or (UNKNOWN.search(body) and len(body.split()) < 9):
        return None
    return Reading(body, body)


def read_word(text: str, path: str, context: Context) -> Reading | None:
    """One identifier: a cost centre, a catalog."""
    if UNKNOWN.search(text):
        return None
    known = _known_words(context.catalogue[base_path(path)], context)
    for match in re.finditer(r"[A-Za-z][\w.-]*\w", text):
        if match[0].casefold() in known and not NEGATED.search(text[: match.start()]):
            return Reading(known[match[0].casefold()], match[0])
    marked = re.search(r"`([^`\s]+)`", text) or re.search(r"\b([A-Za-z]+[-_][A-Za-z0-9_-]*\w)\b", text)
    if marked:
        return Reading(marked[1], marked[1])
    head = text.strip(" .!`*\"'")
    return Reading(head, head) if head and len(head.split()) == 1 and not chatter(head) else None


def _known_words(field: Field, context: Context) -> Mapping[str, str]:
    policy = context.policy
    if field.name == "catalog":
        names = [name for group in policy.catalogs.values() for name in group]
    elif field.name == "template":
        names = [*policy.templates]
    elif field.name == "cost_center":
        names = [team.cost_center for team in policy.teams.values()]
    else:
        names = []
    return {name.casefold(): name for name in names} | {
        name.casefold().replace("-", " "): name for name in names
    }


def read_template(text: str, path: str, context: Context) -> Reading | None:
    """One of the policy's templates, in any spelling of its name."""
    flat = level(text)
    for name in context.policy.templates:
        pattern = re.escape(name).replace(r"\-", "[- _]")
        match = re.search(rf"(?<![\w-]){pattern}(?![\w-])", flat)
        if match and not NEGATED.search(text[: match.start()]):
            return Reading(name, text[match.start() : match.end()])
    return read_word(text, path, context) if "`" in text else None


def read_list(text: str, path: str, context: Context) -> Reading | None:
    """Words separated by commas or "and"."""
    del path, context
    if NOTHING.match(text.strip()):
        return Reading([], text)
    if chatter(text) or UNKNOWN.search(text):
        return None
    parts = [part.strip(" `*.\"'#") for part in re.split(r",|\band\b|\bund\b|\n|;", text)]
    values = [kebab(part) for part in parts if part and len(part.split()) <= 3]
    return Reading(values, text) if values else None
