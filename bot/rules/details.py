"""Readers for single fields of resources: visibility, catalog, template, topics, and names of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch

from bot.draft import FieldUpdate
from bot.rules.context import Context
from bot.rules.reading import live
from bot.rules.values import kebab, read_template
from bot.text import NEGATED, Message, clauses, level

_SHOWN = r"(?P<{0}>private|internal|public|privat(?:es|en)?|intern(?:es|en)?|öffentlich(?:es|en)?)"
_VISIBILITY = (
    rf"\b{_SHOWN.format('a')}\s+(?:[\w-]+\s+){{0,2}}?{{alias}}"
    rf"|{{alias}}\s*(?:\(|[*_]|:|,|=|is|should be|can be|must be|(?:has|have|needs|ought) to be|will be"
    rf"|shall be|to be|as|visibility|wäre|bitte"
    rf"|\s)*\s*(?:yes|ja)?[\s,(]*{_SHOWN.format('b')}\b(?!\s+(?:data|daten))"
    rf"|\b(?:visibility|sichtbarkeit)\W*(?:is|to|=|:)?\W*{_SHOWN.format('c')}\b"
)


def read_visibility(message: Message, context: Context) -> list[FieldUpdate]:
    """Who can see the repository: "private repo", "repo (internal is fine)", "make the repo private"."""
    updates = []
    for path in context.fields_named("visibility"):
        kind = context.catalogue[path].kind
        words = [re.escape(word) for word, alias in context.aliases.items() if alias.kind == kind]
        alias = rf"\b(?:{'|'.join(sorted(words, key=len, reverse=True))})\b"
        pattern = re.compile(
            _VISIBILITY.replace("{alias}", alias).replace("{{", "{").replace("}}", "}"), re.I
        )
        for sentence in live(message):
            for match in pattern.finditer(sentence.text):
                word = next(value for value in match.groupdict().values() if value)
                if NEGATED.search(sentence.text[: sentence.text.lower().find(word.lower(), match.start())]):
                    continue
                value = context.words(path).get(level(word), word.lower())
                updates.append(
                    FieldUpdate(
                        context.target(path, sentence.start + match.start()),
                        "set",
                        value,
                        match[0].strip(" (,"),
                    )
                )
        updates += _private_alone(path, kind, message, context)
    return updates[-1:]


_PRIVATE = re.compile(
    r"\W*(?:(?:and|but|please|pls|make|keep|set|it|that|this|one|should|must|can|has to|needs to|be|is|to"
    r"|rather|actually|then"
    r"|ok|okay|as|both|just|so)\W+)*(?P<word>private|privat)(?:\W+(?:was|is|right|better|fine|correct"
    r"|after all"
    r"|sorry|please|pls|instead|then|bitte|though)\b)*\W*",
    re.I,
)


def _private_alone(path: str, kind: str | None, message: Message, context: Context) -> Iterator[FieldUpdate]:
    """``make it private``: no classification is called so, so it is about the repository that is wanted."""
    if not kind or not context.wants(kind) or "private" not in context.catalogue[path].choices:
        return
    for sentence in live(message):
        for at, part in clauses(sentence.text):
            if match := _PRIVATE.fullmatch(part):
                target = context.target(path, sentence.start + at)
                yield FieldUpdate(target, "set", "private", match["word"])


_SOURCE = re.compile(
    r"\b(?:from|copy|copied|out of)\s+(?:the )?(?:catalog )?$|\b(?:source|existing|tables?"
    r"|data) (?:\w+ ){0,2}(?:lives?|sits?|is|are|stored|comes?)\b[^,;]*$",
    re.I,
)
"""Where something comes from is not where it is to go."""


def read_catalog(message: Message, context: Context) -> list[FieldUpdate]:
    """A catalog of policy named in the text, or whatever stands behind the word "catalog".

    It is that of every kind that is asked for and has one; while none is, of the first there is.
    """
    updates = []
    known = {name for names in context.policy.catalogs.values() for name in names}
    paths = tuple(context.fields_named("catalog"))
    wanted = [path for path in paths if context.wants(context.catalogue[path].kind or "")]
    for path in wanted or paths[:1]:
        for sentence in live(message):
            for match in re.finditer(r"(?<![\w.-])[a-z]\w*(?![\w-])", sentence.text, re.I):
                before = sentence.text[: match.start()]
                if match[0].lower() in known and not NEGATED.search(before) and not _SOURCE.search(before):
                    updates.append(
                        FieldUpdate(
                            context.target(path, sentence.start + match.start()),
                            "set",
                            match[0].lower(),
                            match[0],
                        )
                    )
            named = re.search(
                r"\b(?:catalog(?:ue)?|katalog)\W*(?:is|=|:|has to be|must be|should be"
                r"|ist)?\W*`?(?P<name>[a-z]+_\w+)",
                sentence.text,
                re.I,
            )
            if named and named["name"].lower() not in known:
                updates.append(
                    FieldUpdate(
                        context.target(path, sentence.start + named.start()),
                        "set",
                        named["name"],
                        named["name"],
                    )
                )
    return updates


def read_templates(message: Message, context: Context) -> list[FieldUpdate]:
    """A template of policy by its name; it brings the kind that has one along."""
    updates = []
    for path in context.fields_named("template"):
        kind = context.catalogue[path].kind or ""
        for sentence in live(message):
            reading = read_template(sentence.text.replace("`", " "), path, context)
            if reading and reading.value in context.policy.templates:
                if not context.wants(kind):
                    updates.append(FieldUpdate("resources", "add", [kind], reading.quote))
                updates.append(FieldUpdate(f"resources.{kind}.template", "set", reading.value, reading.quote))
    return updates


_OWN_NAME = re.compile(
    r"(?:\s*[,:])?\s+(?:(?:that is |which is |to be )?(?:called|named|name[:=]?)\s+|`|\*)[`*\"']?"
    r"(?P<name>[A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)+)(?![\w-])[`*\"']?",
    re.I,
)


def read_own_names(message: Message, context: Context) -> list[FieldUpdate]:
    """A resource with a name of its own: "a schema called raw_events", "a cluster named `growth-lab`".

    Where a resource is called after the project, its name is taken for the project's as well; a name that the
    policy does not let the resource have can only be meant for the project.
    """
    updates: dict[str, FieldUpdate] = {}
    for sentence in live(message):
        for match in context.alias_pattern.finditer(sentence.text):
            alias = context.aliases.get(level(match[1]))
            named = _OWN_NAME.match(sentence.text[match.end() :])
            path = f"resources.{alias.kind}.name" if alias else ""
            at = sentence.start + match.start()
            if not named or path not in context.catalogue or not alias or not context.wants(alias.kind):
                continue
            naming = context.policy.naming.get(alias.kind)
            after_project = bool(naming and naming.default == "{name_}")
            snake = "_" in named["name"]
            fits = snake if after_project else _fits(named["name"], alias.kind, context)
            target = context.target(path, at)
            if fits:
                updates.setdefault(target, FieldUpdate(target, "set", named["name"].lower(), named["name"]))
            if (
                (after_project or not fits)
                and "[" not in target
                and "metadata.name" not in context.draft.said
            ):
                quote = "" if fits else named["name"]
                updates.setdefault(
                    "metadata.name", FieldUpdate("metadata.name", "set", kebab(named["name"]), quote)
                )
    return [*updates.values()]


def _fits(name: str, kind: str, context: Context) -> bool:
    """Whether the policy's pattern lets a resource of this kind be called so, for the team that asks."""
    naming = context.policy.naming.get(kind)
    team = context.own_team or "*"
    return bool(naming and naming.pattern and fnmatch(name.lower(), naming.pattern.replace("{team}", team)))


_TOPICS = re.compile(
    r"\b(?:topics?|tags?|keywords?|labels?)\b[^:=\n]{0,24}[:=]\s*(?P<a>[^\n.;!?]+)|\b(?:topics?|tags"
    r"|tagged(?: as| with)?|keywords)\s+(?P<b>[a-z][\w-]*(?:(?:,\s*"
    r"|\s+and\s+)[a-z][\w-]*)*)",
    re.I,
)


def read_topics(message: Message, context: Context) -> list[FieldUpdate]:
    """Topics of the repository: "topics: basket, recommender"."""
    updates = []
    for path in context.fields_named("topics"):
        for sentence in live(message):
            match = _TOPICS.search(sentence.text)
            words = (match["a"] or match["b"]) if match else ""
            topics = [
                kebab(part)
                for part in re.split(r",|&|\band\b|\bund\b", words)
                if part.strip() and len(part.split()) <= 2
            ]
            topics = [topic for topic in topics if topic not in ("on", "for", "of", "the", "are", "is")]
            if match and topics:
                updates.append(
                    FieldUpdate(context.target(path, sentence.start), "add", topics, words.strip())
                )
    return updates
