"""Groups in a text and what they shall be able to do, in plain words or by the systems' own names."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from bot.rules.context import Context
from bot.text import NEGATED, clauses, level

READ = ("USE_SCHEMA", "SELECT")
WRITE = (*READ, "MODIFY")
CREATE = (*READ, "MODIFY", "CREATE_TABLE")
_PRIVILEGE = re.compile(
    r"\b(?!GRANT\b|REVOKE\b|AND\b)(?:[A-Z]{3,}(?:[_ ][A-Z]{2,})+|SELECT|MODIFY|EXECUTE|MANAGE|USAGE)\b"
)
_FULL = re.compile(
    r"\b(?:full (?:access|rights|control|permissions?)|all (?:rights|access|privileges|permissions)"
    r"|everything|admin\w*|voll\w*)\b",
    re.I,
)
_CREATE = re.compile(r"\b(?:creat\w+|add|make) (?:new )?(?:tables?|views?)\b|\btabellen anlegen\b", re.I)
_WRITE = re.compile(
    r"\b(?:writ\w+|modif\w+|edit\w*|updat\w+|insert\w*|schreib\w*|read[-/ ]?write|rw|change)\b", re.I
)
_READ = re.compile(
    r"\b(?:read\w*|select|query|queries|lesen\w*|leserecht\w*|lesezugriff|view|see|look at)\b", re.I
)
_USE = re.compile(r"\b(?:use|using|run queries|connect\w*|benutz\w*|nutzen|verwenden)\b", re.I)
_ATTACH = re.compile(r"\b(?:attach\w*|use|using|run|nutzen|benutz\w*)\b", re.I)
_RESTART = re.compile(r"\b(?:restart|start)\b", re.I)
_MANAGE = re.compile(r"\b(?:manag\w+|administ\w+|verwalten)\b", re.I)
_VIEW = re.compile(r"\b(?:view|see|read|look at|sehen|lesen)\b", re.I)
_GROUP = re.compile(r"\b(?:groups?|gruppen?)\s+[`*\"']?(?P<name>[A-Za-z][\w.-]*\w)[`*\"']?", re.I)
_NO_GROUP = frozenset(
    [
        "is",
        "are",
        "of",
        "in",
        "must",
        "should",
        "can",
        "needs",
        "that",
        "which",
        "who",
        "and",
        "or",
        "soll",
        "darf",
        "only",
        "has",
        "gets",
        "the",
        "for",
        "to",
        "with",
        "be",
    ]
)
_OWN = re.compile(
    r"\b(?:my|our) (?:whole |entire |own )?team\b|\bunser\w* team\b|\bthe (?:whole |entire )?team\b|\b(?:for"
    r"|to) us\b|\bwe\b(?= (?:should|need to|must|can|want to|have to) (?:be able to )?(?:read|write|create"
    r"|modify|query|edit|change|add))|\b(?:only|just) us\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Principal:
    """A group named in a text at ``start`` to ``end``."""

    name: str
    start: int
    end: int


def principals_in(text: str, context: Context) -> list[Principal]:
    """Groups named in a text: those of policy by any of their names, others behind the word "group"."""
    found: list[Principal] = []

    def take(name: str, start: int, end: int) -> None:
        if all(end <= other.start or start >= other.end for other in found):
            found.append(Principal(name, start, end))

    for match in _GROUP.finditer(text):
        if match["name"].lower() not in _NO_GROUP:
            team = context.team_called(match["name"])
            take(context.group_of(team) if team else match["name"], match.start("name"), match.end("name"))
    flat = level(text)
    for name in sorted(context.team_words, key=len, reverse=True):
        for match in re.finditer(rf"(?<![\w/@.-]){re.escape(name)}(?![\w/@]|-\w|\.\w)", flat):
            take(context.group_of(context.team_words[name]), match.start(), match.end())
    for match in _OWN.finditer(text):
        if context.own_team:
            take(context.group_of(context.own_team), match.start(), match.end())
    return sorted(found, key=lambda principal: principal.start)


def privileges_in(text: str) -> tuple[str, ...] | None:
    """Privileges in plain words or by their names; empty for words that name none clearly; ``None``: no
    such words.
    """
    named = [match[0].replace(" ", "_") for match in _PRIVILEGE.finditer(text)]
    if named:
        return tuple(dict.fromkeys(named))
    if _FULL.search(text):
        return ()
    for pattern, privileges in ((_CREATE, CREATE), (_WRITE, WRITE), (_READ, READ)):
        for match in pattern.finditer(text):
            if not NEGATED.search(text[: match.start()]):
                return privileges
    return None


def privileges_among(rights: Collection[str]) -> Rights:
    """The reader of privileges for a kind that knows these: ``READ_VOLUME`` is what "read" says of files."""
    if {*CREATE} <= {*rights}:
        return privileges_in

    def read(text: str) -> tuple[str, ...] | None:
        named = privileges_in(text)
        if not named or _PRIVILEGE.search(text):
            return named
        said = verbs_in(text)
        return tuple(right for right in rights if right.partition("_")[0] in said)

    return read


def verbs_in(text: str) -> list[str]:
    """What is to be done, in the words that rights begin with."""
    verbs = {"READ": _READ, "WRITE": _WRITE, "CREATE": _CREATE}
    return [verb for verb, pattern in verbs.items() if pattern.search(text)]


def levels_in(text: str, compute: str) -> tuple[str, ...] | None:
    """The permission level on a cluster, SQL warehouse or job; none for "full access"."""
    if _FULL.search(text) and not _MANAGE.search(text):
        return ()
    level = _level(text, compute)
    return None if level is None else (level,)


def _level(text: str, compute: str) -> str | None:
    if named := re.search(r"\bCAN_[A-Z_]+\b", text):
        return named[0]
    if _MANAGE.search(text):
        return "CAN_MANAGE"
    if compute == "sql_warehouse":
        return "CAN_USE" if _USE.search(text) or _READ.search(text) else None
    if compute == "job":
        if re.search(r"\b(?:run|start|trigger|restart|starten)\b", text, re.I):
            return "CAN_MANAGE_RUN"
        return "CAN_VIEW" if _VIEW.search(text) else None
    if _RESTART.search(text):
        return "CAN_RESTART"
    return "CAN_ATTACH_TO" if _ATTACH.search(text) else None


def _left_out(before: str) -> bool:
    """``not risk``, ``nobody outside the team``."""
    beyond = re.search(
        r"\b(?:outside(?: of)?|except(?: for)?|besides|other than|beyond)\s+(?:the )?$", before, re.I
    )
    return bool(beyond or NEGATED.search(before))


Rights = Callable[[str], tuple[str, ...] | None]
"""What a text gives: rights by name, none for words that are not clear, ``None`` for no such words."""


@dataclass(frozen=True, slots=True)
class Granted:
    """A group and its ``rights``, named at ``start`` of the text in the words ``quote``."""

    principal: str
    rights: tuple[str, ...]
    start: int
    quote: str


def pairs(text: str, context: Context, read: Rights) -> Iterator[Granted]:
    """Groups with what they get: the words for it stand in the same clause, or in the next one.

    "growth should be able to read, write and create tables" goes on with a clause that is nothing but rights.
    """
    waiting: list[Principal] = []
    last: list[Principal] = []
    given: tuple[str, ...] = ()
    parts = list(_parts(text, context))
    for at, part in parts:
        here = [Principal(p.name, p.start + at, p.end + at) for p in principals_in(part, context)]
        here = [principal for principal in here if not _left_out(text[: principal.start][-40:])]
        rights = read(part)
        holders = here or waiting or (last if _only_rights(part) else [])
        if rights is None and here and last and given and _only_groups(part, context):
            later = any(read(other) is not None for begin, other in parts if begin > at)
            if not later:  # "readers: growth, supply"
                for principal in here:
                    yield Granted(principal.name, given, principal.start, part.strip())
                continue
        if rights is None:
            waiting, last = here or waiting, []
            continue
        for principal in holders:
            yield Granted(
                principal.name, rights, principal.start, text[principal.start : at + len(part)].strip()
            )
        waiting, last, given = [], holders, rights


_CONNECTIVES = re.compile(
    r"\b(?:and|or|und|oder|also|auch|to|be|able|too|in|it|there|as|well|please|pls|tables?|views?)\b", re.I
)


def _only_groups(part: str, context: Context) -> bool:
    """Whether a clause names groups and nothing else."""
    left = part
    for principal in reversed(principals_in(part, context)):
        left = left[: principal.start] + left[principal.end :]
    return not re.search(r"\w", _CONNECTIVES.sub("", left))


def _only_rights(part: str) -> bool:
    """Whether a clause names rights and nothing else: then it goes on with what the one before it said."""
    left = part
    for pattern in (_CREATE, _WRITE, _READ, _PRIVILEGE, _CONNECTIVES):
        left = pattern.sub("", left)
    return not re.search(r"\w", left)


def _clauses(text: str, context: Context) -> Iterator[tuple[int, str]]:
    """Clauses, cut at "and" too where a group with words of its own stands on both sides."""
    for at, part in clauses(text):
        start = 0
        for joint in re.finditer(r"\s(?:and|und|&)\s", part):
            left, right = part[start : joint.start()], part[joint.end() :]
            if all(
                privileges_in(side) is not None and principals_in(side, context) for side in (left, right)
            ):
                yield at + start, left
                start = joint.end()
        yield at + start, part[start:]


def _parts(text: str, context: Context) -> Iterator[tuple[int, str]]:
    """Sentence parts for grants: privileges listed with commas stay together with whom they are for."""
    held: list[tuple[int, str]] = []
    for at, part in _clauses(text, context):
        continues = (
            held
            and _PRIVILEGE.match(part.strip(" `*"))
            and _PRIVILEGE.search(held[-1][1])
            and not (principals_in(held[-1][1], context) and principals_in(part, context))
        )
        if continues:
            begin, body = held[-1]
            held[-1] = (begin, text[begin : at + len(part)])
            del body
        else:
            held.append((at, part))
    yield from held


_PERMISSIONS = (
    ("admin", re.compile(r"\badmin\w*\b", re.I)),
    ("maintain", re.compile(r"\bmaintain\w*\b", re.I)),
    ("push", re.compile(r"\b(?:push\w*|writ\w+|commit\w*|schreib\w*)\b", re.I)),
    ("triage", re.compile(r"\btriage\b", re.I)),
    ("pull", re.compile(r"\b(?:pull|read\w*|see|view|lesen\w*)\b", re.I)),
)


def permissions_in(text: str) -> tuple[str, ...] | None:
    """What a team may do in a repository."""
    found = next((name for name, pattern in _PERMISSIONS if pattern.search(text)), None)
    return None if found is None else (found,)
