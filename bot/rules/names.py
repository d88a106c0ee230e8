"""Readers for what the request is called and which team it is for."""

from __future__ import annotations

import re

from bot.draft import FieldUpdate
from bot.rules.context import Context
from bot.rules.values import kebab
from bot.text import NEGATED, Message, level

_WORD = r"[`*\"']?(?P<name>[A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)*)[`*\"']?(?![\w])"
_HYPHENATED = (
    r"(?:[`*\"'](?P<marked>[A-Za-z][\w -]{2,60})[`*\"']"
    r"|(?P<hyphened>[a-z][a-z0-9]*(?:[-_][a-z0-9]+)+)(?![\w]))"
)
_CALL_IT = re.compile(
    rf"\b(?:call(?:ed)? (?:it|this|that|the (?:thing|project|whole thing|one))|rename (?:it|this"
    rf"|the project)?\s*(?:to|into)|named|called|"
    rf"nennen wir (?:es|das)|name (?:it|this)|(?:es|das projekt) heißt)(?: to| as)?\s+{_WORD}",
    re.I,
)
_NAME_IS = re.compile(
    rf"\b(?:project(?: name| id)?|projekt(?:name)?|name)\b[*_]*\s*(?:is|=|:|should be|would be|will be|to"
    rf"|changes? to|wäre|ist|soll)?\s*"
    rf"[*_]*\s*(?:called |named )?{_HYPHENATED}",
    re.I,
)
_NAME_OF_THING = re.compile(
    r"\b(?:schema|repo|repository|cluster|warehouse|job|group|catalog|template|file|column|customer|user"
    r"|team|host|branch)(?:'s|s)?\s*$",
    re.I,
)
_QUOTED = re.compile(r"[`*](?P<name>[A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)*)[`*]")
_NOT_A_PROJECT = re.compile(
    r"\b(?:groups?|gruppe|catalogs?|catalogue|katalog|lib(?:s|rary|raries)?|packages?|templates?|schemas?"
    r"|table|repo|branch|column|"
    r"read|write|privileges?|install\w*)\s*(?:is|=|:|to|called|named|has to be|must be|should be|and)?\s*$",
    re.I,
)
_MOVING = re.compile(
    r"\b(?:the|our|a) (?:new |own )?(?P<project>[a-z][a-z0-9]*(?:-[a-z0-9]+)+) project\b"
    r"|\b(?:moving|move|promote|promoting|launch(?:ing)?|start (?:on|with)|rolling out|(?:keep|put) (?:their"
    r"|our|the))\s+"
    r"(?P<name>[a-z][a-z0-9]*(?:-[a-z0-9]+)+)\b|(?:^"
    r"|[,;.!]\s*)(?P<subject>[a-z][a-z0-9]*(?:-[a-z0-9]+)+) (?:goes|is going|moves|should go|needs)\b",
    re.I,
)
_FOR = re.compile(
    r"\b(?:project|place|space|setup|set-up|something|schema|repo|cluster|warehouse|job|environment"
    r"|workspace|stuff|churn|same|"
    r"things?|one|resources|everything"
    r"|home)\s(?:[\w ]{0,24}\s)?for\s+(?P<words>[a-z][a-z-]*(?:\s[a-z][a-z-]*){0,2})"
    r"(?=\s*(?:[.,;:!?(]|$|\s(?:in|on|at|with|and|pls|please|where|which|that|asap|this|next)\b))",
    re.I,
)
_NO_NAME_WORD = re.compile(
    r"\b(?:us|me|my|our|the|a|an|this|that|it|team|group|project|dev|staging|prod|production|development|now"
    r"|testing|everyone|"
    r"everybody|them|their|his|her|looking|fine|training|doing|making|using|running|building|working|people"
    r"|analysts|some|new|"
    r"next|more|which|what|reading|months?|weeks?|days?|years?|sure|example|free|today|tomorrow|one|two"
    r"|three|four|five|six|"
    r"internal|public|confidential|restricted|small|medium|large|all)\b",
    re.I,
)


def read_name(message: Message, context: Context) -> list[FieldUpdate]:
    """The name of the project: said ("call it …", "name: …", `quoted`) or concluded from "for churn
    prediction".
    """
    path = "metadata.name"
    for sentence in message.sentences:
        for pattern in (_CALL_IT, _NAME_IS):
            for match in pattern.finditer(sentence.text):
                words = next(value for value in match.groupdict().values() if value)
                before = sentence.text[: match.start()]
                if _NO_NAME_WORD.fullmatch(words) or _NAME_OF_THING.search(before) or NEGATED.search(before):
                    continue
                return [FieldUpdate(path, "set", kebab(words), words)]
    if path in context.draft.said and context.draft.said[path].source == "said":
        return []
    return _quoted_name(message, context) or _moved_name(message) or _name_from_purpose(message)


def _quoted_name(message: Message, context: Context) -> list[FieldUpdate]:
    named = {key.partition("[")[2].rstrip("]") for key, _ in context.keys if "[" in key}
    for sentence in message.sentences:
        for match in _QUOTED.finditer(sentence.text):
            before, after, name = sentence.text[: match.start()], sentence.text[match.end() :], match["name"]
            other = (
                name in named
                or name.isupper()
                or context.team_called(name)
                or name in context.policy.templates
                or any(name in names for names in context.policy.catalogs.values())
                or _NOT_A_PROJECT.search(before)
                or re.match(r"\s*(?:group|catalog|\d|==)", after, re.I)
                or level(name) in context.aliases
            )
            if not other and len(name) > 2:
                return [FieldUpdate("metadata.name", "set", kebab(name), name)]
    return []


def _moved_name(message: Message) -> list[FieldUpdate]:
    for sentence in message.sentences:
        if (match := _MOVING.search(sentence.text)) and not sentence.background:
            name = match["name"] or match["subject"] or match["project"]
            return [FieldUpdate("metadata.name", "set", kebab(name), name)]
    return []


def _name_from_purpose(message: Message) -> list[FieldUpdate]:
    for sentence in message.sentences:
        match = _FOR.search(sentence.text) if sentence.wanting else None
        if match and not _NO_NAME_WORD.search(match["words"]) and len(match["words"]) > 2:
            return [FieldUpdate("metadata.name", "set", kebab(match["words"]), "")]
    return []


# --- team -------------------------------------------------------------------------------------------

_TEAM = re.compile(
    r"\b(?:(?:for|on behalf of|behalf of|from|in|of|to)\s+(?:the\s+"
    r"|team\s+)?(?P<a>[a-z][\w-]*(?: [a-z][\w-]*)?) team\b"
    r"|\bteam\s*(?:is|=|:)?\s+[`*]?(?P<b>[a-z][\w-]*)|\bteam\s*[=:]\s*[`*]?(?P<d>[a-z][\w-]*)"
    r"|(?P<c>[a-z][\w-]*) team (?:needs|wants|would|is asking)|für (?:das |unser )?team (?P<e>[a-z][\w-]*))",
    re.I,
)
_NO_TEAM = frozenset(
    [
        "my",
        "our",
        "their",
        "his",
        "her",
        "your",
        "the",
        "a",
        "an",
        "this",
        "that",
        "we",
        "i",
        "needs",
        "wants",
        "is",
        "has",
        "and",
        "or",
        "in",
        "on",
        "for",
        "whole",
        "entire",
        "other",
        "another",
        "us",
        "it",
        "full",
        "access",
        "can",
        "could",
        "must",
        "should",
        "will",
        "would",
        "please",
        "pls",
        "gets",
        "to",
        "of",
        "at",
        "with",
        "by",
        "from",
        "no",
        "not",
        "any",
        "some",
    ]
)


def read_team(message: Message, context: Context) -> list[FieldUpdate]:
    """The team the request is for; a name that policy does not know is taken as said."""
    for sentence in message.sentences:
        if sentence.background:
            continue
        for match in _TEAM.finditer(sentence.text):
            word = next(value for value in match.groupdict().values() if value)
            before = sentence.text[: match.start()]
            if re.search(r"\b(?:hi|hey|hello|hallo|dear)\s*$", before, re.I) or NEGATED.search(before):
                continue
            if re.search(r"\b(?:in|of)\s", match[0][:4], re.I) and match["a"]:
                continue  # "he's not in our team", "people of the risk team": whose they are, not for whom
            known = context.team_called(word) or context.team_called(word.split()[-1])
            if known:
                return [FieldUpdate("metadata.team", "set", known, word)]
            if set(word.lower().split()) & _NO_TEAM or not (match["a"] or re.search(r"[:=]", match[0])):
                continue
            return [FieldUpdate("metadata.team", "set", kebab(word), word)]
    return []
