"""Readers for the owners of a request and for people who get access besides the team."""

from __future__ import annotations

import re

from bot.draft import FieldUpdate
from bot.people import Meant, people_in
from bot.rules.context import Context
from bot.text import NEGATED, Message, Sentence, clause_at

_ROLES = (
    (
        "metadata.technical_owner",
        re.compile(
            r"\b(?:tech(?:nical)? (?:owner|lead|contact|responsible)|technisch\w* verantwortlich\w*"
            r"|(?:do(?:es)?|look\w* after|tak\w+ care of|handl\w+)\b[^,.;]{0,20}"
            r"\b(?:technically|technical (?:part|side))|technically(?=[, ]+(?:that'?s|it'?s|that is"
            r"|it is)\b))\b",
            re.I,
        ),
    ),
    (
        "metadata.business_owner",
        re.compile(
            r"\b(?:business[ -]owner|product owner|data owner|(?<!technical )(?<!tech )owner"
            r"|fachlich verantwortlich\w*(?: \(business owner\))?|"
            r"owned by|own(?:s|ing)?(?= (?:it|this|that|the (?:data|project|thing|whole))\b)|"
            r"(?:am|is|are|be) (?:the )?(?:one )?(?:responsible|accountable|in charge)|verantwortlich\w*"
            r"|besitzer\w*|eigentümer\w*)\b",
            re.I,
        ),
    ),
)
_IS = re.compile(
    r"^(?:[\s:=(*_)-]|\b(?:is|are|ist|bin|am|sind|will be|would be|should be|shall be|wäre|wird|to be|being"
    r"|to|that'?s|it'?s|ms\.?|mrs\.?|mr\.?|dr\.?|herr|frau|unser\w*|our|of this|for this|for now)\b)*$",
    re.I,
)


def read_owners(message: Message, context: Context) -> list[FieldUpdate]:
    """Business and technical owner: who stands right behind the role, else the last one before it."""
    updates = []
    for sentence in message.sentences:
        if sentence.question:
            continue
        people = people_in(sentence.text, context.policy, context.requester)
        taken: list[tuple[int, int]] = []
        for path, pattern in _ROLES:
            for role in pattern.finditer(sentence.text):
                if path not in context.catalogue or any(
                    role.start() < end and start < role.end() for start, end in taken
                ):
                    continue
                taken.append(role.span())
                who = _owner(sentence, role, people, context)
                if isinstance(who, str):
                    updates.append(FieldUpdate(path, "set", None, sentence.text, who))
                elif who is not None:
                    note = "" if who.email else "I do not find that person in the directory."
                    updates.append(
                        FieldUpdate(path, "set", who.email, sentence.text[who.start : who.end], note)
                    )
    return updates


def _small_letters(sentence: Sentence, role: re.Match[str], context: Context) -> list[Meant]:
    """People right behind the role, also in small letters: "owner tomas"."""
    people = people_in(sentence.text, context.policy, context.requester, any_case=True)
    return [meant for meant in people if meant.start >= role.end() and meant.start - role.end() < 6]


def _owner(
    sentence: Sentence, role: re.Match[str], people: tuple[Meant, ...], context: Context
) -> Meant | str | None:
    """Who holds a role; a sentence where two are named; ``None`` where the words name nobody."""
    before, after = sentence.text[: role.start()], sentence.text[role.end() :]
    if re.search(
        r"\b(?:who(?:ever)?|whether|whose)\b(?: (?:is|will|would|should|shall|the|our|could|be|can))*\s*$",
        before,
        re.I,
    ):
        return None
    behind = [meant for meant in people if meant.start >= role.end()] or _small_letters(
        sentence, role, context
    )
    if re.search(r"\b(?:not|\w+n't|nicht|no longer)\b[^,]*$", before, re.I):
        return _instead(sentence.text, behind)
    if behind and re.match(r"\s*(?:is|are|will be)?\s*(?:not|n't|no longer)\b", after, re.I):
        return _instead(sentence.text, behind[1:])
    if behind and _IS.match(sentence.text[role.end() : behind[0].start]):
        if len(behind) > 1 and _OR.fullmatch(sentence.text[behind[0].end : behind[1].start]):
            return "That names more than one person."
        same = [meant for meant in behind if not meant.myself and meant.start - behind[0].end < 4]
        return same[0] if behind[0].myself and same and same[0].email else behind[0]
    earlier = [
        meant
        for meant in people
        if meant.end <= role.start() and not NEGATED.search(sentence.text[: meant.start])
    ]
    if not earlier:
        return None
    named = earlier[-1]
    if len(earlier) > 1 and _OR.fullmatch(sentence.text[earlier[-2].end : named.start]):
        return "That names more than one person."
    together = re.search(r"\bare\b", sentence.text[named.end : role.start()]) or role[0].lower() == "own"
    if (
        len(earlier) > 1
        and together
        and re.fullmatch(r"\s*(?:and|&|und)\s*", sentence.text[earlier[-2].end : named.start])
    ):
        return "That names more than one person."
    if named.email is None and len(earlier) > 1 and named.start - earlier[-2].end < 4:
        named = earlier[-2]
    return named


_OR = re.compile(r"\s*(?:or|oder|/)\s*(?:maybe |perhaps )?", re.I)


def _instead(text: str, people: list[Meant]) -> Meant | None:
    """Who is named after somebody was ruled out: "isn't Jane, it's Nadia", "not Jane but Nadia"."""
    for meant in people:
        led = re.search(r"(?:\bbut|\bit'?s|\bit is|\brather|\bsondern|,)\s*$", text[: meant.start], re.I)
        ends = re.match(r"\s*(?:is|does|will|instead|now|ist|are)?\W*$", text[meant.end :], re.I)
        if led and ends:
            return meant
    return None


_ACCESS = re.compile(r"\b(?:access|zugriff|zugang|members?|join|added|add)\b", re.I)
_NEEDS_ACCESS = re.compile(
    r"\b(?:needs?|should (?:get|have)|gets?|must have|has to have|braucht?|brauchen|want"
    r"|wants)\s+(?:\w+\s+){0,2}(?:access|zugriff|zugang)\b"
    r"|\b(?:give|grant|add|invite)\b|\b(?:access|zugriff) (?:for|für)\b|\bmembers?\s*(?:is|are|:|=)"
    r"|\b(?:as|be) (?:an? )?members?\b|\bon the members\b",
    re.I,
)


_LOSES_ACCESS = re.compile(
    r"\b(?:remove|take|drop|kick|delete)\b[^.;]*\b(?:from (?:the )?(?:members|list|people|access)|off|out"
    r"|members?|access)\b"
    r"|\b(?:no longer|not|n't|don't|doesn't)\b[^.;]*\b(?:access|member)\b|\baccess\b[^.;]*\bany ?more\b",
    re.I,
)


_HAS_ROLE = re.compile(r"\s*\([\w ]*\b(?:owner|tech\w*)\b[^)]*\)", re.I)


def read_members(message: Message, context: Context) -> list[FieldUpdate]:
    """People who get access besides the team, or lose it: "X and Y need access too", "add X as a member"."""
    path = "metadata.members"
    if path not in context.catalogue:
        return []
    for sentence in message.sentences:
        people = [
            meant for meant in people_in(sentence.text, context.policy, context.requester) if not meant.myself
        ]
        if sentence.question or not people:
            continue
        if _LOSES_ACCESS.search(sentence.text):
            return _leaving(sentence, people, path, context)
        cue = _NEEDS_ACCESS.search(sentence.text)
        if not cue or not _ACCESS.search(sentence.text):
            continue
        people = [meant for meant in people if not NEGATED.search(sentence.text[: meant.start])]
        people = [meant for meant in people if not _HAS_ROLE.match(sentence.text[meant.end :])]
        clause = clause_at(sentence.text, cue.start())
        if not people or re.search(r"\b(?:no|not|don't|dont|doesn't|nobody|kein\w*|nicht)\b", clause, re.I):
            continue
        emails = list(dict.fromkeys(meant.email for meant in people if meant.email))
        quote = sentence.text[people[0].start : people[-1].end]
        if emails:
            return [FieldUpdate(path, "add", emails, quote)]
        return [FieldUpdate(path, "set", None, quote, "I do not find that person in the directory.")]
    return []


def _leaving(sentence: Sentence, people: list[Meant], path: str, context: Context) -> list[FieldUpdate]:
    """Members of the draft who are named in a sentence that takes access away."""
    said = context.draft.said.get(path)
    known = said.value if said and isinstance(said.value, list) else []
    gone = [meant for meant in people if meant.email in known]
    quote = sentence.text[gone[0].start : gone[-1].end] if gone else ""
    return [FieldUpdate(path, "remove", [meant.email for meant in gone], quote)] if gone else []
