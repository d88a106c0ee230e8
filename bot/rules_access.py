"""Readers for who may do what: grants on schemas, access to compute and repositories, visibility, topics, catalogs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.draft import FieldUpdate
from bot.rules_compute import live
from bot.rules_context import Context, base_path
from bot.rules_reading import Reading
from bot.text import NEGATED, NOTHING, Message, Sentence, clauses, level

READ = ("USE_SCHEMA", "SELECT")
WRITE = (*READ, "MODIFY")
CREATE = (*READ, "MODIFY", "CREATE_TABLE")
_PRIVILEGE = re.compile(r"\b(?:[A-Z]{3,}(?:[_ ][A-Z]{2,})+|SELECT|MODIFY|EXECUTE|MANAGE|USAGE)\b")
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
    r"|to) us\b|\bwe\b(?= (?:should|need to|must|can|want to) (?:be able to )?(?:read|write))",
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
    """Privileges in plain words or by their names; empty for words that name none clearly; ``None``: no such words."""
    named = [match[0].replace(" ", "_") for match in _PRIVILEGE.finditer(text)]
    if named:
        return tuple(dict.fromkeys(named))
    if _FULL.search(text):
        return ()
    if _CREATE.search(text):
        return CREATE
    if _WRITE.search(text) and not NEGATED.search(text[: _WRITE.search(text).start()]):  # type: ignore[union-attr]
        return WRITE
    return READ if _READ.search(text) else None


def level_in(text: str, compute: str) -> str | None:
    """The permission level on a cluster, SQL warehouse or job; empty for "full access"; ``None``: no such words."""
    if named := re.search(r"\bCAN_[A-Z_]+\b", text):
        return named[0]
    if _MANAGE.search(text):
        return "CAN_MANAGE"
    if _FULL.search(text):
        return ""
    if compute == "sql_warehouse":
        return "CAN_USE" if _USE.search(text) or _READ.search(text) else None
    if compute == "job":
        if re.search(r"\b(?:run|start|trigger|restart|starten)\b", text, re.I):
            return "CAN_MANAGE_RUN"
        return "CAN_VIEW" if _VIEW.search(text) else None
    if _RESTART.search(text):
        return "CAN_RESTART"
    return "CAN_ATTACH_TO" if _ATTACH.search(text) else None


@dataclass(frozen=True, slots=True)
class _Granted:
    principal: Principal
    level: object
    start: int
    quote: str


def _pairs(text: str, context: Context, read: object) -> Iterator[_Granted]:
    """Groups with what they get: the words for it stand in the same clause, or in the next one."""
    assert callable(read)
    waiting: list[Principal] = []
    parts = list(_parts(text, context))
    for at, part in parts:
        here = [Principal(p.name, p.start + at, p.end + at) for p in principals_in(part, context)]
        here = [principal for principal in here if not NEGATED.search(text[: principal.start][-20:])]
        level = read(part)
        holders = here or waiting
        if level is None:
            waiting = here or waiting
            continue
        for principal in holders:
            yield _Granted(principal, level, principal.start, text[principal.start : at + len(part)].strip())
        waiting = []
    return


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
            and not re.search(r"[a-zäöü]{4,}", re.sub(r"\b(?:and|und|also|so)\b", "", part))
            and _PRIVILEGE.search(part)
        )
        if continues:
            begin, body = held[-1]
            held[-1] = (begin, text[begin : at + len(part)])
            del body
        else:
            held.append((at, part))
    yield from held


def _merged(found: list[tuple[str, tuple[str, ...]]]) -> list[dict[str, object]]:
    grants: dict[str, list[str]] = {}
    for principal, privileges in found:
        grants.setdefault(principal, [])
        grants[principal] += [name for name in privileges if name not in grants[principal]]
    return [{"principal": principal, "privileges": privileges} for principal, privileges in grants.items()]


def read_grants(message: Message, context: Context) -> list[FieldUpdate]:
    """Grants on a schema: "group X should be able to read", `SELECT`; "full access" is not clear."""
    updates = []
    for path in context.fields_named("grants"):
        if not context.wants(context.catalogue[path].kind or ""):
            continue
        for sentence in live(message):
            if _about_compute(sentence, context):
                continue
            by_target: dict[str, list[_Granted]] = {}
            for granted in _pairs(sentence.text, context, privileges_in):
                at = _object_of(sentence, granted, path, context)
                by_target.setdefault(context.target(path, at), []).append(granted)
            for target, granted_list in by_target.items():
                clear = [(one.principal.name, one.level) for one in granted_list if one.level]
                if clear:
                    updates.append(FieldUpdate(target, "add", _merged(clear), granted_list[0].quote))  # type: ignore[arg-type]
                vague = [one for one in granted_list if not one.level]
                if vague:
                    who = vague[0].principal.name
                    note = f"What exactly should {who} be able to do: read, write, create tables?"
                    updates.append(FieldUpdate(target, "set", None, vague[0].quote, note))
    return updates


def _object_of(sentence: Sentence, granted: _Granted, path: str, context: Context) -> int:
    """Where the resource of a grant is named: inside the sentence if anywhere, else the grant's own place."""
    kind = context.catalogue[path].kind
    inside = [
        at for key, at in context.keys if sentence.start <= at < sentence.end and key.startswith(f"{kind}")
    ]
    after = [at for at in inside if at >= sentence.start + granted.start]
    return after[0] if after else inside[-1] if inside else sentence.start + granted.start


def _about_compute(sentence: Sentence, context: Context) -> bool:
    """Whether the sentence speaks of using compute, and of no schema."""
    kinds = {
        context.aliases[match[1].lower()].kind
        for match in context.alias_pattern.finditer(sentence.text)
        if match[1].lower() in context.aliases
    }
    with_grants = {context.catalogue[path].kind for path in context.fields_named("grants")}
    return bool(kinds) and not kinds & with_grants


def read_access(message: Message, context: Context) -> list[FieldUpdate]:
    """Access to compute ("risk must be able to use the warehouse") and to the repository ("team supply may push")."""
    updates = []
    for path in context.fields_named("access"):
        kind = context.catalogue[path].kind or ""
        if not context.wants(kind):
            continue
        for sentence in live(message):
            named = [
                context.aliases[match[1].lower()]
                for match in context.alias_pattern.finditer(sentence.text)
                if match[1].lower() in context.aliases
            ]
            if not any(alias.kind == kind for alias in named):
                continue
            target = context.target(path, sentence.end)
            updates += _accesses(sentence.text, target, context)
    return updates


def _accesses(text: str, target: str, context: Context) -> list[FieldUpdate]:
    if f"{base_path(target).rpartition('.')[0]}.type" in context.catalogue:
        compute = _compute_type(text, target, context)
        found = [
            (one.principal.name, one.level, one.quote)
            for one in _pairs(text, context, lambda part: level_in(part, compute))
        ]
        if any(not level for _, level, _ in found):
            return [FieldUpdate(target, "set", None, found[0][2], "Use it, restart it, or manage it?")]
        entries = [{"principal": name, "level": level} for name, level, _ in found]
    else:
        found = [(one.principal.name, one.level, one.quote) for one in _pairs(text, context, _permission)]
        entries = [{"team": _github_team(name, context), "permission": level} for name, level, _ in found]
    return [FieldUpdate(target, "add", entries, found[0][2])] if entries else []


def _compute_type(text: str, target: str, context: Context) -> str:
    """What kind of compute is meant: by its word in the text, else as the draft says."""
    for match in context.alias_pattern.finditer(text):
        alias = context.aliases.get(match[1].lower())
        if alias and alias.choice:
            return alias.choice
    said = context.draft.said.get(f"{target.rpartition('.')[0]}.type")
    return str(said.value) if said else ""


_PERMISSIONS = (
    ("admin", re.compile(r"\badmin\w*\b", re.I)),
    ("maintain", re.compile(r"\bmaintain\w*\b", re.I)),
    ("push", re.compile(r"\b(?:push|writ\w+|commit\w*|schreib\w*)\b", re.I)),
    ("triage", re.compile(r"\btriage\b", re.I)),
    ("pull", re.compile(r"\b(?:pull|read\w*|see|view|lesen\w*)\b", re.I)),
)


def _permission(text: str) -> str | None:
    return next((name for name, pattern in _PERMISSIONS if pattern.search(text)), None)


def _github_team(group: str, context: Context) -> str:
    team = context.team_called(group)
    return context.policy.teams[team].github_team if team else group


# --- answers to a question about grants or access ---------------------------------------------------


def answer_access(text: str, path: str, context: Context) -> Reading | None:
    """The whole answer to "who should be able to …?"; a list of grants or of access entries, or nobody."""
    name = context.catalogue[base_path(path)].name
    if name == "grants":
        found = [
            one
            for sentence in Message(text).sentences
            for one in _pairs(sentence.text, context, privileges_in)
        ]
        clear = [(one.principal.name, one.level) for one in found if one.level]
        if any(not one.level for one in found):
            return Reading(None, text, "What exactly: read, write, or create tables?")
        if clear:
            return Reading(_merged(clear), text)  # type: ignore[arg-type]
    else:
        updates = [
            update
            for sentence in Message(text).sentences
            for update in _accesses(sentence.text, path, context)
        ]
        if updates and updates[0].op == "add":
            return Reading([entry for update in updates for entry in update.value], text)
    return Reading([], text) if NOTHING.search(text) else None
