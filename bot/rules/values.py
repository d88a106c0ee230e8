"""Readers for one field at a time: what an answer, or what stands behind a label, says the value is."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rapidfuzz import fuzz

from bot.dates import Spoken, dates_in
from bot.people import MENTION, Meant, people_in
from bot.rules.context import Context, base_path
from bot.rules.durations import durations_in
from bot.rules.reading import Reading, chatter, chosen, settled
from bot.text import CORRECTION, NEGATED, NOTHING, NUMBER, UNKNOWN, level, number, wants_nothing
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
        return Reading(None, text, "That names more than one." if len(live) > 1 else "")
    return Reading(word.value, word.text)


def read_integer(text: str, path: str, context: Context) -> Reading | None:
    """A whole number, in digits or words; the last one after a correction; one of two is asked about."""
    found = {
        match.start(): match
        for match in re.finditer(rf"(?<![\w.-]){NUMBER}", text, re.I)
        if number(match[0]) is not None
    }
    live = [found[at] for at in chosen([*found], text)]
    if not live:
        return None
    if len(live) > 1:
        between = text[live[0].end() : live[1].start()]
        if re.fullmatch(r"\s*(?:or|oder|/)\s*", between, re.I):
            return Reading(None, text, "That names more than one.")
        if re.fullmatch(r"\s*(?:to|-|bis|and|und)\s*", between, re.I):
            return Reading(number(live["max" in path][0]), live["max" in path][0])
    return Reading(number(live[0][0]), live[0][0])


def read_minutes(text: str, path: str, context: Context) -> Reading | None:
    """A span of time in minutes: "half an hour", "45"."""
    found = {duration.start: duration for duration in durations_in(text)}
    live = [found[at] for at in chosen([*found], text)]
    if len({duration.minutes for duration in live}) > 1:
        return Reading(None, text, "That names more than one.")
    return Reading(live[0].minutes, live[0].text) if live else read_integer(text, path, context)


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
    if stays := _NO_END.search(text) or re.fullmatch(
        r"\W*(?:none|no|nope|nothing|n/a|keins?)\W*", text, re.I
    ):
        return Reading("", stays[0])
    spoken = end_in(text, dates_in(text, context.today))
    if isinstance(spoken, Spoken):
        return Reading(spoken.day.isoformat() if spoken.day else None, spoken.text, spoken.why)
    return Reading(None, text, spoken) if spoken else None


_UNTIL = re.compile(
    r"\b(?:until|untill|till|til|bis|through|ends?|expires?)\b(?: (?:on|the|end of|at|zum|am))*\s*$", re.I
)


def end_in(text: str, found: tuple[Spoken, ...]) -> Spoken | str | None:
    """The one day that things end on; a sentence where several are named and none stands out."""
    by_start = {spoken.start: spoken for spoken in found}
    live = [by_start[at] for at in chosen([*by_start], text)]
    if not live:
        return None
    cued = [spoken for spoken in live if _UNTIL.search(text[: spoken.start])] or live
    clear = [spoken for spoken in cued if spoken.day]
    days = {spoken.day for spoken in clear}
    if len(days) <= 1:
        return clear[-1] if clear else cued[0]
    between = text[clear[0].end : clear[1].start]
    if re.fullmatch(r"\s*(?:to|-|until|till|til|bis)\s*", between, re.I):
        return clear[1]
    return "That names more than one day."


def read_person(text: str, path: str, context: Context) -> Reading | None:
    """One person's e-mail address."""
    del path
    named = [
        meant
        for meant in people_in(text, context.policy, context.requester, any_case=True)
        if not NEGATED.search(text[: meant.start])
    ]
    if UNKNOWN.search(text) and not any(
        meant.email and not _only_asked(meant, text) and not meant.myself for meant in named
    ):
        return None
    named = [meant for meant in named if not _only_asked(meant, text)]
    named = [meant for meant in named if not _speaker_only(meant, text)] or named
    if not named:
        return _misspelt(text, context)
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


def _only_asked(meant: Meant, text: str) -> bool:
    """Somebody who is to be asked is not the answer."""
    return bool(
        re.search(r"\b(?:ask|asking|asked|check with|talk to|ping|frage?n?)\s+$", text[: meant.start], re.I)
    )


def _misspelt(text: str, context: Context) -> Reading | None:
    """A name that is almost somebody's is no answer yet, but a good question."""
    words = re.findall(r"[^\W\d_]{4,}", text)
    if len(words) > 4:
        return None
    close = {
        person.name
        for person in context.policy.people
        for name in (person.name, *person.name.split())
        for word in (text.strip(" .!"), *words)
        if len(name) > 3 and fuzz.ratio(level(name), level(word)) >= 75
    }
    return Reading(None, text, f"Do you mean {' or '.join(sorted(close))}?") if close else None


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
    return Reading([], text) if wants_nothing(text) else None


def read_team(text: str, path: str, context: Context) -> Reading | None:
    """A team; one that policy does not know is taken as said, for policy to judge."""
    del path
    if match := re.search(r"\b(?:my|our|mine|ours|us|unser\w*|mein\w*)\b", text, re.I):
        own = context.requester.team if context.requester else None
        return Reading(own, match[0]) if own else None
    words = re.findall(r"[\w-]+", text)
    found: list[tuple[int, Reading]] = []
    for size in (3, 2, 1):
        for start in range(len(words) - size + 1):
            phrase = " ".join(words[start : start + size])
            team = context.team_called(phrase)
            at = text.find(phrase)
            if team and not (at >= 0 and NEGATED.search(text[:at])):
                found.append((at, Reading(team, phrase if at >= 0 else words[start])))
        if found:
            break
    if found:
        meant = [
            one
            for at, one in found
            if not re.search(r"\b(?:in|from|of)\s+(?:the )?$", text[: max(at, 0)], re.I)
        ]
        return (meant or [one for _, one in found])[0]
    head = re.split(r"[.,;!?(]", _FLUFF.sub("", text))[0]
    head = re.sub(r"\b(?:team|the|das|dem)\b", " ", head, flags=re.I).strip(" `*\"'")
    if head and len(head.split()) <= 3 and not chatter(head) and not UNKNOWN.search(head):
        return Reading(kebab(head), head)
    return None


def kebab(text: str) -> str:
    """Words as a name: ``Churn Prediction`` → ``churn-prediction``."""
    return re.sub(r"[^a-z0-9]+", "-", level(text)).strip("-")


_AS_ANOTHER = re.compile(r"^\W*(?:the )?(?:same|like|as before|as (?:the|last|usual))\b", re.I)


def read_name(text: str, path: str, context: Context) -> Reading | None:
    """A name: quoted, in one piece with hyphens, or a few plain words; snake_case where the field is."""
    if chatter(text) or UNKNOWN.search(text) or _AS_ANOTHER.match(text):
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
    words = context.catalogue[base_path(path)].ask.words
    for word, name in words.items():
        match = re.search(rf"(?<![\w-]){re.escape(level(word))}(?![\w-])", flat)
        known = name in context.policy.templates and match and path == context.asked
        if known and match and not NEGATED.search(text[: match.start()]):
            return Reading(name, text[match.start() : match.end()])
    return read_word(text, path, context) if "`" in text else None


def read_list(text: str, path: str, context: Context) -> Reading | None:
    """Words separated by commas or "and"."""
    del path, context
    if NOTHING.match(text.strip()):
        return Reading([], text)
    if chatter(text) or UNKNOWN.search(text):
        return None
    parts = [part.strip(" `*.\"'#") for part in re.split(r",|&|\band\b|\bund\b|\n|;", text)]
    values = [kebab(part) for part in parts if part and len(part.split()) <= 3]
    return Reading(values, text) if values else None
