"""Which resources a message asks for: their keys, their names, and the updates that follow."""

from __future__ import annotations

import re

from bot.draft import FieldUpdate
from bot.rules.context import Context, kind_of
from bot.rules.mentions import LISTED, NOTHING_ELSE, Mention, Polarity
from bot.text import Message

_REPLACES = re.compile(
    r"\b(?:instead|rather|statt|swap|replace|trade|not an?|actually|make it|change|switch|lieber|doch)\b",
    re.I,
)
_QUOTED = re.compile(r"[`*]([A-Za-z][A-Za-z0-9_-]{1,80})[`*]")


def keys_for(
    mentions: tuple[Mention, ...], message: Message, context: Context
) -> tuple[tuple[str, int], ...]:
    """The resource keys that wanted mentions stand for, with where they stand.

    Several names after a plural make several keys (``schema[raw]``); a second ``type`` of a kind makes one
    of its own.
    """
    keys: list[tuple[str, int]] = []
    types: dict[str, dict[str, str]] = {}
    for mention in mentions:
        if mention.polarity is not Polarity.WANTED:
            if mention.polarity is Polarity.SPOKEN_OF and mention.kind in types:
                known = types[mention.kind].get(mention.choice or "")
                if known:
                    keys.append((known, mention.start))
            continue
        names = names_after(mention, message)
        if len(names) > 1:
            keys += [(f"{mention.kind}[{name}]", start) for name, start in names]
            continue
        of_kind = types.setdefault(mention.kind, _types_before(mention.kind, context))
        key = _key(mention, of_kind, message, context)
        of_kind.setdefault(mention.choice or "", key)
        keys.append((key, mention.start))
    spoken = {key.partition("[")[2].rstrip("]"): key for key, _ in keys if "[" in key}
    spoken |= {key.partition("[")[2].rstrip("]"): key for key in context.present if "[" in key}
    for name, key in spoken.items():
        keys += [
            (key, found.start())
            for found in re.finditer(rf"(?<![\w-]){re.escape(name)}(?![\w-])", message.text)
        ]
    return tuple(sorted(set(keys), key=lambda pair: pair[1]))


def _types_before(kind: str, context: Context) -> dict[str, str]:
    """Keys of this kind that the draft has, by their ``type``."""
    found: dict[str, str] = {}
    for key in context.present:
        if kind_of(key) == kind:
            value = context.draft.said.get(f"resources.{key}.type")
            found[str(value.value) if value else ""] = key
    return found


def _key(mention: Mention, of_kind: dict[str, str], message: Message, context: Context) -> str:
    choice = mention.choice or ""
    if not of_kind or choice in of_kind:
        return of_kind.get(choice, mention.kind)
    if not choice or "" in of_kind:  # "compute", and now which one
        return next(iter(of_kind.values()))
    replaced = _REPLACES.search(message.text) and all(key in context.present for key in of_kind.values())
    if replaced and len(of_kind) == 1:
        return next(iter(of_kind.values()))
    return f"{mention.kind}[{choice.replace('_', '-')}]"


def names_after(mention: Mention, message: Message) -> list[tuple[str, int]]:
    """The quoted names after a plural, within its sentence: ``two schemas: `raw` and `features```."""
    sentence = next(part for part in message.sentences if part.start <= mention.start < part.end)
    tail = sentence.text[mention.end - sentence.start :]
    if not mention.plural:
        other = _ANOTHER.match(tail)
        return [(other[name], mention.end + other.start(name)) for name in ("one", "two")] if other else []
    found = [(match[1], mention.end + match.start(1)) for match in _QUOTED.finditer(tail)]
    if len(found) >= 2:
        return found
    listed = LISTED.match(tail)
    if not listed:
        return []
    group = "names" if listed["names"] else "names2"
    return [
        (match[0], mention.end + listed.start(group) + match.start())
        for match in re.finditer(r"\b(?!and\b|und\b)[a-z]\w*", listed[group])
    ]


_ANOTHER = re.compile(
    r"\s*(?:called |named )?[`*]?(?P<one>[a-z]\w*_\w+)[`*]?,?\s*(?:and|&|und)\s*(?:one|another(?: one)?"
    r"|a second(?: one)?)"
    r"\s*(?:called |named )?[`*]?(?P<two>[a-z]\w*_\w+)"
)
"""``one schema `raw` and one `clean```."""


def read_resources(mentions: tuple[Mention, ...], message: Message, context: Context) -> list[FieldUpdate]:
    """Updates of ``resources`` and of the fields ``type`` and ``name`` that a mention also gives."""
    wanted = [mention for mention in mentions if mention.polarity is Polarity.WANTED]
    out = [mention for mention in mentions if mention.polarity is Polarity.RULED_OUT]
    updates: list[FieldUpdate] = []
    keys: dict[str, str] = {}
    for mention in wanted:
        names = names_after(mention, message)
        for key, at in context.keys:
            if kind_of(key) == mention.kind and (
                at == mention.start or any(at == start for _, start in names)
            ):
                keys.setdefault(key, mention.text)
                if at == mention.start and mention.choice:
                    updates.append(FieldUpdate(f"resources.{key}.type", "set", mention.choice, mention.text))
        if len(names) > 1:
            updates += [
                FieldUpdate(f"resources.{mention.kind}[{name}].name", "set", name, name) for name, _ in names
            ]
    only = any(mention.only for mention in wanted) or bool(wanted and NOTHING_ELSE.search(message.text))
    extra = bool(
        re.search(
            r"\b(?:also|add|too|as well|another|additionally|noch|auch|zusätzlich)\b", message.text, re.I
        )
    )
    if keys:
        op = "set" if only and not extra else "add"
        first = FieldUpdate(
            "resources", "set" if op == "set" else "add", list(keys), ", ".join(keys.values())
        )
        quotes = list(dict.fromkeys(keys.values()))
        updates.insert(0, FieldUpdate(first.path, first.op, first.value, quotes[0]))
    kinds = {mention.kind for mention in wanted}
    for mention in out:
        if mention.kind not in kinds:
            updates.append(FieldUpdate("resources", "remove", _ruled_out(mention, context), mention.text))
    return updates


def _ruled_out(mention: Mention, context: Context) -> list[str]:
    """The keys a "no cluster" takes away: those of that type, else all of the kind; the bare kind when none
    stand.
    """
    of_kind = [key for key in context.present if kind_of(key) == mention.kind]
    if mention.choice and of_kind:
        typed = _types_before(mention.kind, context)
        return [typed[mention.choice]] if mention.choice in typed else [mention.kind] if "" in typed else []
    return of_kind or [mention.kind]
