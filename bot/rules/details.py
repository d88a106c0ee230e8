"""Readers for single fields of resources: visibility, catalog, template, topics, and names of their own."""

from __future__ import annotations

import re

from bot.draft import FieldUpdate
from bot.rules.compute import live
from bot.rules.context import Context
from bot.rules.values import kebab, read_template
from bot.text import NEGATED, Message, level

_SHOWN = r"(?P<{0}>private|internal|public|privat(?:es|en)?|intern(?:es|en)?|öffentlich(?:es|en)?)"
_VISIBILITY = (
    rf"\b{_SHOWN.format('a')}\s+(?:[\w-]+\s+){{0,2}}?{{alias}}"
    rf"|{{alias}}\s*(?:\(|[*_]|:|,|=|is|should be|can be|must be|to be|as|visibility|wäre|bitte"
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
    return updates[-1:]


def read_catalog(message: Message, context: Context) -> list[FieldUpdate]:
    """A catalog of policy named in the text, or whatever stands behind the word "catalog"."""
    updates = []
    known = {name for names in context.policy.catalogs.values() for name in names}
    for path in context.fields_named("catalog"):
        for sentence in live(message):
            for match in re.finditer(r"(?<![\w.-])[a-z]\w*(?![\w-])", sentence.text, re.I):
                if match[0].lower() in known and not NEGATED.search(sentence.text[: match.start()]):
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
    r"\s+(?:(?:that is |which is |to be )?(?:called|named|name[:=]?)\s+|`"
    r"|\*)[`*\"']?(?P<name>[a-z]\w*_\w+)[`*\"']?",
    re.I,
)


def read_own_names(message: Message, context: Context) -> list[FieldUpdate]:
    """A schema with a name of its own in snake_case: "a schema called raw_events"; the project is called
    after it.
    """
    updates = []
    for sentence in live(message):
        for match in context.alias_pattern.finditer(sentence.text):
            alias = context.aliases.get(match[1].lower())
            named = _OWN_NAME.match(sentence.text[match.end() :])
            path = f"resources.{alias.kind}.name" if alias else ""
            if not named or path not in context.catalogue or not alias:
                continue
            naming = context.policy.naming.get(alias.kind)
            if naming and naming.default == "{name_}":
                target = context.target(path, sentence.start + match.start())
                updates.append(FieldUpdate(target, "set", named["name"].lower(), named["name"]))
            if "metadata.name" not in context.draft.said:
                updates.append(FieldUpdate("metadata.name", "set", kebab(named["name"]), ""))
    return updates


_TOPICS = re.compile(
    r"\btopics?\b[^:=\n]{0,24}[:=]\s*(?P<a>[^\n.;!?]+)|\btopics?\s+(?P<b>[a-z][\w-]*(?:(?:,\s*"
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
                for part in re.split(r",|\band\b|\bund\b", words)
                if part.strip() and len(part.split()) <= 2
            ]
            topics = [topic for topic in topics if topic not in ("on", "for", "of", "the", "are", "is")]
            if match and topics:
                updates.append(
                    FieldUpdate(context.target(path, sentence.start), "add", topics, words.strip())
                )
    return updates
