"""Readers for what the request is called and which team it is for."""

from __future__ import annotations

import re
from fnmatch import fnmatch

from bot.draft import FieldUpdate
from bot.rules.context import Context
from bot.rules.values import kebab
from bot.text import NEGATED, Message, level

_WORDS = (
    r"(?:[`*\"'](?P<marked>[A-Za-z][\w -]{1,60})[`*\"']"
    r"|(?P<capitals>(?-i:[A-Z]\w*(?: [A-Z]\w*){1,3}))"
    r"|(?P<plain>[A-Za-z][A-Za-z0-9]*(?: [a-z][a-z0-9-]*){1,2})(?=\W*(?:$|[.,;:!?)]|(?:please|pls|instead"
    r"|then|for now|thanks)\b))"
    r"|(?P<name>[A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)*)(?![\w]))"
)
_HYPHENATED = (
    r"(?:[`*\"'](?P<marked>[A-Za-z][\w -]{2,60})[`*\"']"
    r"|(?P<hyphened>[a-z][a-z0-9]*(?:[-_][a-z0-9]+)+)(?![\w]))"
)
_CALL_IT = re.compile(
    rf"\b(?:(?:call(?:ed)?|name) (?:it|this|that|the (?:thing|project|whole thing|one))|(?:rename"
    rf"|change) (?:it|this"
    rf"|the (?:project|name))?\s*(?:to|into)|named|called|"
    rf"nennen wir (?:es|das)|(?:es|das projekt) heißt)(?: to| as)?\s+{_WORDS}",
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
    r"|team|host|branch|table|library|package)(?:'s|s)?(?: (?:is|was|are|were|will be|should be|must be"
    r"|has to be|can be))?\s*$",
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
                words = re.sub(r"\s+(?:please|pls|instead|then|thanks|bitte)$", "", words, flags=re.I)
                if _NO_NAME_WORD.fullmatch(words) or _NAME_OF_THING.search(before) or NEGATED.search(before):
                    continue
                return [FieldUpdate(path, "set", kebab(words), words)]
    if path in context.draft.said and context.draft.said[path].source == "said":
        return []
    return _quoted_name(message, context) or _moved_name(message, context) or _name_from_purpose(message)


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
                or (_NOT_A_PROJECT.search(before) and not _only_after_code(before, name, context))
                or re.match(r"\s*(?:group|catalog|\d|==)", after, re.I)
                or level(name) in context.aliases
            )
            if not other and len(name) > 2:
                return [FieldUpdate("metadata.name", "set", kebab(name), name)]
    return []


def _only_after_code(before: str, name: str, context: Context) -> bool:
    """``a repo: `basket-sizes```: a name that the policy lets no such resource have is the project's."""
    found = re.search(r"([\w ]+?)\s*[:=]?\s*[`*]?$", before)
    alias = (
        next(
            (context.aliases[word] for word in reversed(level(found[1]).split()) if word in context.aliases),
            None,
        )
        if found
        else None
    )
    naming = context.policy.naming.get(alias.kind) if alias else None
    pattern = naming.pattern if naming else None
    return bool(pattern and not fnmatch(name.lower(), pattern.replace("{team}", context.own_team or "*")))


def _moved_name(message: Message, context: Context) -> list[FieldUpdate]:
    for sentence in message.sentences:
        if (match := _MOVING.search(sentence.text)) and not sentence.background:
            name = match["name"] or match["subject"] or match["project"]
            if context.team_called(name):
                continue
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
    r"\b(?:(?:for|on behalf of|behalf of|under|from|in|of|to)\s+(?:the\s+"
    r"|team\s+)?(?!the |our |my |your )(?P<a>[a-z][\w-]*(?: [a-z][\w-]*)?) team\b"
    r"|\bteam\s*(?:is|=|:)?\s+[`*]?(?P<b>[a-z][\w-]*)|\bteam\s*[=:]\s*[`*]?(?P<d>[a-z][\w-]*)"
    r"|(?P<c>[a-z][\w-]*) team (?:needs|wants|would|is asking)|für (?:das |unser )?team (?P<e>[a-z][\w-]*))",
    re.I,
)
_GETS_ACCESS = re.compile(
    r"\s*[`*\"']?\s*(?:gets?|can|may|must|keeps?|should (?:get|have|be able|also|read|write)|(?:is|are"
    r"|be) able|has|have|darf"
    r"|soll|needs? (?:to|read|write|push|access)|wants? (?:to|access)|read|write|push|maintain|admin|pull)\b",
    re.I,
)
"""What is said of a team that gets access, not of the one that asks."""
_FOR_TEAM = re.compile(
    r"\b(?:this is|it'?s|it is|that'?s|asking|request(?:ing)?|this one is|needed|these are|all of (?:this"
    r"|it) is)(?: all)? for"
    r" (?:the )?(?:team )?(?P<words>[a-z][\w-]*(?: [a-z][\w-]*)?)\s*(?=$|[.,;:!?)(]|(?:please|pls|and|in"
    r"|on)\b)"
    r"|\b(?:run|runs|goes?|filed?|belongs?|put it) (?:under"
    r"|to) (?:the )?(?:team )?(?P<under>[a-z][\w-]*)(?=\W|$)"
    r"|\bfor (?:the |our )?(?P<folks>[a-z][\w-]*(?: [a-z][\w-]*)?) (?:folks|people|guys|squad|department"
    r"|crew|colleagues)\b",
    re.I,
)
_EITHER_TEAM = re.compile(
    r"\bfor (?:either )?(?:the )?(?:team )?(?P<one>[a-z][\w-]*) or (?:for )?(?:the )?(?:team "
    r")?(?P<two>[a-z][\w-]*)",
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
        if (either := _EITHER_TEAM.search(sentence.text)) and not sentence.question:
            teams = {context.team_called(either["one"]), context.team_called(either["two"])}
            if len(teams) == 2 and None not in teams:
                return [
                    FieldUpdate("metadata.team", "set", None, either[0], "That names more than one team.")
                ]
        for match in _FOR_TEAM.finditer(sentence.text):
            word = match["words"] or match["under"] or match["folks"]
            known = None if NEGATED.search(sentence.text[: match.start()]) else context.team_called(word)
            if known:
                return [FieldUpdate("metadata.team", "set", known, word)]
        if sentence.background:
            continue
        for match in _TEAM.finditer(sentence.text):
            word = next(value for value in match.groupdict().values() if value)
            before = sentence.text[: match.start()]
            if _GETS_ACCESS.match(sentence.text[match.end() :]):
                continue
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
