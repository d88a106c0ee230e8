"""Readers for who may do what: grants on schemas, access to compute and repositories."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from bot.draft import FieldUpdate
from bot.rules.context import Context, base_path
from bot.rules.groups import (
    Granted,
    levels_in,
    pairs,
    permissions_in,
    principals_in,
    privileges_among,
    verbs_in,
)
from bot.rules.reading import Reading, live
from bot.text import Message, Sentence, clause_at, level, wants_nothing
from gitops.plan import JSON


def _merged(found: Iterable[Granted]) -> JSON:
    grants: dict[str, list[str]] = {}
    for one in found:
        privileges = grants.setdefault(one.principal, [])
        privileges += [name for name in one.rights if name not in privileges]
    return [{"principal": principal, "privileges": privileges} for principal, privileges in grants.items()]


def read_grants(message: Message, context: Context) -> list[FieldUpdate]:
    """Grants: "group X should be able to read", `SELECT`; "full access" is not clear."""
    updates = []
    wanted = [
        path for path in context.fields_named("grants") if context.wants(context.catalogue[path].kind or "")
    ]
    for path in wanted:
        read = privileges_among(context.catalogue[path].rights)
        for sentence in live(message):
            if _about_compute(sentence, context):
                continue
            if lost := _lost(sentence, context):
                updates += lost
                continue
            by_target: dict[str, list[Granted]] = {}
            for granted in pairs(sentence.text, context, read):
                if path not in _meant(wanted, sentence, granted, context):
                    continue
                if _each_its_own(wanted, sentence, granted, context):
                    granted = replace(granted, rights=())
                at = _object_of(sentence, granted, path, context)
                by_target.setdefault(context.target(path, at), []).append(granted)
            for target, granted_list in by_target.items():
                if clear := [one for one in granted_list if one.rights]:
                    updates.append(FieldUpdate(target, "add", _merged(clear), granted_list[0].quote))
                vague = [one for one in granted_list if not one.rights]
                if vague:
                    who = vague[0].principal
                    note = f"What exactly should {who} be able to do: read, write, create tables?"
                    updates.append(FieldUpdate(target, "set", None, vague[0].quote, note))
    return updates


def _meant(paths: list[str], sentence: Sentence, granted: Granted, context: Context) -> list[str]:
    """Which grants a clause gives, where several kinds have some: those of the kinds that it names, else that
    its sentence names; else those that were asked for, or the first.
    """
    for text in (_around(sentence, granted), sentence.text):
        if named := _naming(paths, text, context):
            return named
    asked = base_path(context.asked or "")
    return [asked] if asked in paths else paths[:1]


def _each_its_own(paths: list[str], sentence: Sentence, granted: Granted, context: Context) -> bool:
    """Whether a clause says several rights of several kinds: which is for which, has to be asked."""
    text = _around(sentence, granted)
    return len(_naming(paths, text, context)) > 1 and len(verbs_in(text)) > 1


def _around(sentence: Sentence, granted: Granted) -> str:
    return f"{clause_at(sentence.text, granted.start)} {granted.quote}"


def _naming(paths: list[str], text: str, context: Context) -> list[str]:
    kinds = _kinds_named(text, context)
    return [path for path in paths if context.catalogue[path].kind in kinds]


_LOSES = re.compile(
    r"\b(?:no longer|not|n't|don't|doesn't|nicht mehr)\b[^.;]*\b(?:access|read|write|see|query|grants?"
    r"|zugriff)\b"
    r"|\b(?:access|read|write|see|query)\b[^.;]*\bany ?more\b"
    r"|\b(?:remove|revoke|take away|drop|withdraw)\b[^.;]*\b(?:access|rights?|grants?|privileges?"
    r"|permissions?)\b",
    re.I,
)


def _lost(sentence: Sentence, context: Context) -> list[FieldUpdate]:
    """Grants of the draft that a sentence takes away again: "risk should not have access any more"."""
    if not _LOSES.search(sentence.text) or re.search(r"\bbut\b|\bonly\b", sentence.text, re.I):
        return []
    named = {principal.name: principal for principal in principals_in(sentence.text, context)}
    updates = []
    for path, said in context.draft.said.items():
        if path.endswith(".grants") and isinstance(said.value, list | tuple):
            gone = [entry for entry in said.value if entry.get("principal") in named]
            quotes = [named[entry["principal"]] for entry in gone]
            if gone:
                quote = sentence.text[quotes[0].start : quotes[0].end]
                updates.append(FieldUpdate(path, "remove", gone, quote))
    return updates


def _object_of(sentence: Sentence, granted: Granted, path: str, context: Context) -> int:
    """Where the resource of a grant is named: inside the sentence if anywhere, else the grant's own place."""
    kind = context.catalogue[path].kind
    inside = [
        at for key, at in context.keys if sentence.start <= at < sentence.end and key.startswith(f"{kind}")
    ]
    after = [at for at in inside if at >= sentence.start + granted.start]
    return after[0] if after else inside[-1] if inside else sentence.start + granted.start


def _about_compute(sentence: Sentence, context: Context) -> bool:
    """Whether the sentence speaks of using compute, and of no schema."""
    kinds = _kinds_named(sentence.text, context)
    with_grants = {context.catalogue[path].kind for path in context.fields_named("grants")}
    return not kinds & with_grants if kinds else bool(_CODE.search(sentence.text))


def read_access(message: Message, context: Context) -> list[FieldUpdate]:
    """Access to compute ("risk must be able to use the warehouse") and to the repository ("team supply may
    push").
    """
    updates = []
    for path in context.fields_named("access"):
        kind = context.catalogue[path].kind or ""
        if not context.wants(kind):
            continue
        for sentence in live(message):
            if not _about(kind, path, sentence, context):
                continue
            target = context.target(path, sentence.end)
            updates += _accesses(sentence.text, target, context, message.text)
    return updates


_CODE = re.compile(r"\b(?:push|pull|triage|maintain|maintainers?|commit|github|code)\b", re.I)


def _about(kind: str, path: str, sentence: Sentence, context: Context) -> bool:
    """Whether a sentence on access means this kind: by name, by words only it has, or as the only one."""
    named = _kinds_named(sentence.text, context)
    if named:
        return kind in named
    open_kinds = {
        context.catalogue[other].kind or ""
        for name in ("access", "grants")
        for other in context.fields_named(name)
        if context.wants(context.catalogue[other].kind or "")
    }
    has_types = f"resources.{kind}.type" in context.catalogue
    return open_kinds == {kind} or (not has_types and bool(_CODE.search(sentence.text)))


def _kinds_named(text: str, context: Context) -> set[str]:
    return {
        alias.kind
        for match in context.alias_pattern.finditer(text)
        if (alias := context.aliases.get(level(match[1])))
    }


def _accesses(text: str, target: str, context: Context, message: str = "") -> list[FieldUpdate]:
    if f"{base_path(target).rpartition('.')[0]}.type" in context.catalogue:
        compute = _compute_type(text, target, context) or _compute_type(message, target, context)
        found = list(pairs(text, context, lambda part: levels_in(part, compute)))
        if not all(one.rights for one in found):
            return [FieldUpdate(target, "set", None, found[0].quote, "Use it, restart it, or manage it?")]
        entries = [{"principal": one.principal, "level": one.rights[0]} for one in found]
    else:
        found = list(pairs(text, context, permissions_in))
        entries = [
            {"team": _github_team(one.principal, context), "permission": one.rights[0]} for one in found
        ]
    return [FieldUpdate(target, "add", entries, found[0].quote)] if entries else []


def _compute_type(text: str, target: str, context: Context) -> str:
    """What kind of compute is meant: by its word in the text, else as the draft says."""
    for match in context.alias_pattern.finditer(text):
        alias = context.aliases.get(match[1].lower())
        if alias and alias.choice:
            return alias.choice
    said = context.draft.said.get(f"{target.rpartition('.')[0]}.type")
    return str(said.value) if said else ""


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
            for one in pairs(
                sentence.text, context, privileges_among(context.catalogue[base_path(path)].rights)
            )
        ]
        if not all(one.rights for one in found):
            return Reading(None, text, "What exactly: read, write, or create tables?")
        if found:
            return Reading(_merged(found), text)
    else:
        updates = [
            update
            for sentence in Message(text).sentences
            for update in _accesses(sentence.text, path, context)
        ]
        if updates and updates[0].op == "add":
            return Reading([entry for update in updates for entry in update.value], text)
    return Reading([], text) if wants_nothing(text) else None
