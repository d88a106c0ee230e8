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
            r"\b(?:technical owner|tech(?:nical)? (?:lead|contact)|technisch\w* verantwortlich\w*)\b", re.I
        ),
    ),
    (
        "metadata.business_owner",
        re.compile(
            r"\b(?:business[ -]owner|product owner|data owner|(?<!technical )(?<!tech )owner"
            r"|fachlich verantwortlich\w*(?: \(business owner\))?|"
            r"owned by|own(?:s|ing)?(?= (?:it|this|that|the (?:data|project|thing|whole))\b)|"
            r"(?:am|is|are) (?:the )?responsible|verantwortlich\w*)\b",
            re.I,
        ),
    ),
)
_IS = re.compile(
    r"^(?:[\s:=(*_)-]|\b(?:is|are|ist|bin|am|sind|will be|would be|should be|shall be|wäre|wird|to be|being"
    r"|to|of this|for this|for now)\b)*$",
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
                if who is not None:
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
) -> Meant | None:
    if re.search(r"\b(?:not|isn't|nicht|no longer)\b[^,]*$", sentence.text[: role.start()], re.I):
        return None
    behind = [meant for meant in people if meant.start >= role.end()] or _small_letters(
        sentence, role, context
    )
    if behind and _IS.match(sentence.text[role.end() : behind[0].start]):
        same = [meant for meant in behind if not meant.myself and meant.start - behind[0].end < 4]
        return same[0] if behind[0].myself and same and same[0].email else behind[0]
    before = [meant for meant in people if meant.end <= role.start()]
    if not before:
        return None
    named = before[-1]
    if named.email is None and len(before) > 1 and named.start - before[-2].end < 4:
        named = before[-2]
    return named


_ACCESS = re.compile(r"\b(?:access|zugriff|zugang|members?|join|added|add)\b", re.I)
_NEEDS_ACCESS = re.compile(
    r"\b(?:needs?|should (?:get|have)|gets?|must have|has to have|braucht?|brauchen|want"
    r"|wants)\s+(?:\w+\s+){0,2}(?:access|zugriff|zugang)\b"
    r"|\b(?:give|grant|add|invite)\b|\bmembers?\s*(?:is|are|:|=)|\bas (?:an? )?members?\b|\bon the members\b",
    re.I,
)


def read_members(message: Message, context: Context) -> list[FieldUpdate]:
    """People who get access besides the team: "X and Y need access too", "add X as a member"."""
    path = "metadata.members"
    if path not in context.catalogue:
        return []
    for sentence in message.sentences:
        cue = _NEEDS_ACCESS.search(sentence.text)
        if not cue or not _ACCESS.search(sentence.text) or sentence.question:
            continue
        people = [
            meant
            for meant in people_in(sentence.text, context.policy, context.requester)
            if not meant.myself and not NEGATED.search(sentence.text[: meant.start])
        ]
        clause = clause_at(sentence.text, cue.start())
        if not people or re.search(r"\b(?:no|not|don't|dont|doesn't|nobody|kein\w*|nicht)\b", clause, re.I):
            continue
        emails = list(dict.fromkeys(meant.email for meant in people if meant.email))
        quote = sentence.text[people[0].start : people[-1].end]
        if emails:
            return [FieldUpdate(path, "add", emails, quote)]
        return [FieldUpdate(path, "set", None, quote, "I do not find that person in the directory.")]
    return []
