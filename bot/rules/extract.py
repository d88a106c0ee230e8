"""The extractor without a model: reads the common ways in which people say what they need."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from bot.draft import Draft, FieldUpdate
from bot.rules import (
    access,
    compute,
    details,
    libraries,
    metadata,
    names,
    people,
    places,
    workers,
)
from bot.rules.answers import reader_of
from bot.rules.claims import foreign, wishes
from bot.rules.context import Context, base_path, kind_of
from bot.rules.labels import read_labels, with_colons
from bot.rules.mentions import mentions_in
from bot.rules.reading import chatter
from bot.rules.resources import keys_for, read_resources
from bot.rules.spelling import Respelt, respelt
from bot.spoken import own_words
from bot.text import UNKNOWN, Message, clauses, plain
from gitops.fields import Field
from gitops.policy import Person, Policy

Reader = Callable[[Message, Context], list[FieldUpdate]]

READERS: tuple[Reader, ...] = (
    names.read_name,
    names.read_team,
    places.read_environment,
    places.read_classification,
    people.read_owners,
    people.read_members,
    metadata.read_expiry,
    metadata.read_cost_center,
    metadata.read_purpose,
    compute.read_size,
    compute.read_workload,
    compute.read_gpu,
    workers.read_workers,
    workers.read_auto_stop,
    libraries.read_libraries,
    details.read_visibility,
    details.read_catalog,
    access.read_grants,
    access.read_access,
    details.read_templates,
    details.read_topics,
    details.read_own_names,
)
"""One reader for each family of phrases; each looks at the whole message and knows one field or a few."""

_INTERJECTED = re.compile(
    r"^\W*(?:oh|ah|btw|by the way|actually|also|and|quick|one more|sry|sorry|wait|hm+|ps|p\.s\.|und|ach"
    r"|übrigens|"
    r"forgot|one thing|\w+ just (?:pinged|told|said|wrote))\b",
    re.I,
)
_ADDED = re.compile(r"\b(?:actually|by the way|btw|sorry|übrigens)\W*$", re.I)
"""What ends a remark that is no answer: "max 6 actually"."""

_FREE = frozenset({"purpose", "comment"})
_OPEN = frozenset({"name", "business_owner", "technical_owner", "members", "team", "topics", "repo"})
MAX_CHARS = 12_000
"""Longer messages are read up to here."""


def extract(
    catalogue: Mapping[str, Field],
    draft: Draft,
    asked: str | None,
    message: str,
    *,
    policy: Policy,
    requester: Person | None,
    today: date,
) -> list[FieldUpdate]:
    """What a message (raw Slack text) says, read by rules; ``asked`` is the field the person was last asked
    for.

    Never raises for any text. Every update carries the words it was taken from; an empty quote marks a
    conclusion.
    """
    bare = Context(
        catalogue, draft, asked if asked and base_path(asked) in catalogue else None, policy, requester, today
    )
    spelt = respelt(bare.apart(with_colons(plain(own_words(message))[:MAX_CHARS])), bare.spelling)
    updates = _read(Message(spelt.text), bare)
    return [_as_written(update, spelt, bare) for update in updates]


def _read(text: Message, bare: Context) -> list[FieldUpdate]:
    mentions = mentions_in(text, bare)
    context = replace(bare, keys=keys_for(mentions, text, bare))
    labelled, rest = read_labels(text, context)
    if foreign(text.text):
        return _settled([*labelled, *_answer(text, text, labelled, [], context)])
    rest = wishes(rest)
    if rest != text:
        mentions = mentions_in(rest, bare)
        context = replace(bare, keys=keys_for(mentions, rest, bare))
    updates = [*read_resources(mentions, rest, context), *labelled]
    for reader in READERS:
        updates += _fresh(reader(rest, context), labelled)
    asked = context.catalogue[base_path(context.asked)] if context.asked else None
    free = asked is not None and asked.name in _FREE
    aside = _aside(text) if free else len(text.text)
    answer = _answer(Message(text.text[:aside].strip()), rest, labelled, updates, context)
    if answer and free:
        said_beside = [update for update in updates if update.quote and update.quote in text.text[aside:]]
        return _settled([*answer, *(update for update in said_beside if update.path != context.asked)])
    return _settled([*(update for update in updates if not _overruled(update, answer, context)), *answer])


def _aside(text: Message) -> int:
    """Where an answer in free text ends and something else begins: "… oh, and 4 workers please"."""
    return next((part.start for part in text.sentences[1:] if _INTERJECTED.match(part.text)), len(text.text))


def _as_written(update: FieldUpdate, spelt: Respelt, context: Context) -> FieldUpdate:
    """The update with the person's own spelling in quote and free text; a question where it is doubtful."""
    if not spelt.slips:
        return update
    field = context.catalogue[base_path(update.path)]
    doubtful = field.ask.risky and update.value is not None and spelt.doubtful(update.quote)
    if doubtful and update.path != context.asked:
        return replace(
            update,
            op="set",
            value=None,
            quote=spelt.as_written(update.quote),
            note=f"Do you mean {update.value}?",
        )
    value = spelt.as_written(update.value) if field.name in _FREE else update.value
    return replace(update, value=value, quote=spelt.as_written(update.quote))


def _fresh(found: Sequence[FieldUpdate], labelled: Sequence[FieldUpdate]) -> list[FieldUpdate]:
    """A label says it best: what running text says of the same field only adds to lists."""
    said = {update.path for update in labelled}
    return [update for update in found if update.path not in said or update.op == "add"]


def _overruled(update: FieldUpdate, answer: Sequence[FieldUpdate], context: Context) -> bool:
    """The answer stands for its field, and its words say nothing of another one."""
    if any(update.path == other.path for other in answer):
        return True
    closed = context.catalogue[base_path(update.path)].type == "choice"
    return closed and any(update.quote and update.quote == other.quote for other in answer)


def _answer(
    text: Message,
    rest: Message,
    labelled: Sequence[FieldUpdate],
    others: Sequence[FieldUpdate],
    context: Context,
) -> list[FieldUpdate]:
    """The message as an answer to the question that was asked; nothing when it is about something else."""
    path = context.asked
    if not path or path == "resources" or any(update.path == path for update in labelled):
        return []
    field = context.catalogue[base_path(path)]
    reader = reader_of(field)
    if UNKNOWN.search(text.text) and text.text.rstrip().endswith("?"):
        return []
    if reader is None or any(part.question for part in text.sentences) or (chatter(text.text) and not others):
        return _short_answer(text, path, context) if reader else []
    word = text.text.strip(" .!`*\"'")
    elsewhere = [
        update
        for update in others
        if update.path != path
        and not (update.quote == word and context.catalogue[base_path(update.path)].ask.risky)
    ]
    if elsewhere and _about_something_else(text, field, elsewhere, others, path):
        return []
    if labelled and not rest.text.strip():
        return []  # every line of it names another field
    body = text.text if field.name in _FREE else rest.text
    reading = reader(body, path, context)
    if reading is None:
        return _refusable(body, path, field) if not elsewhere else []
    if path == "metadata.expires" and reading.value == "":
        return [FieldUpdate(path, "unset", None, reading.quote)]
    if isinstance(reading.value, list):
        return [FieldUpdate(path, "add" if reading.value else "set", reading.value, reading.quote)]
    return [FieldUpdate(path, "set", reading.value, reading.quote, reading.note)]


def _short_answer(text: Message, path: str, context: Context) -> list[FieldUpdate]:
    """``ok, internal``: manners and a value of a closed set."""
    field = context.catalogue[base_path(path)]
    if field.type not in ("choice", "integer", "date", "boolean", "person") or any(
        s.question for s in text.sentences
    ):
        return []
    reader = reader_of(field)
    reading = reader(text.text, path, context) if reader else None
    return (
        [FieldUpdate(path, "set", reading.value, reading.quote)]
        if reading and reading.value not in (None, "")
        else []
    )


def _about_something_else(
    text: Message, field: Field, elsewhere: Sequence[FieldUpdate], others: Sequence[FieldUpdate], path: str
) -> bool:
    if _INTERJECTED.match(text.text):
        return True
    if field.name in _FREE:
        return bool(
            _ADDED.search(text.text)
            or re.search(r"\b(?:please|pls|bitte|instead|call it|make (?:it|that))\b", text.text, re.I)
            or re.match(r"\W*(?:it|this|that|they) (?:must|should|has to|needs to)\b", text.text, re.I)
        )
    if field.name in _OPEN:
        first = next((part for _, part in clauses(text.text)), text.text)
        return any(update.quote and update.quote in first for update in elsewhere) and not any(
            update.path == path for update in others
        )
    return False


def _refusable(text: str, path: str, field: Field) -> list[FieldUpdate]:
    """A short answer that is no value of the field is handed on as said, so that it can be refused with the
    reason.
    """
    word = text.strip(" .!`*\"'")
    closed = field.type in ("choice", "integer", "date")
    short = len(word.split()) <= 3 and "'" not in word and not UNKNOWN.search(word) and not chatter(word)
    return [FieldUpdate(path, "set", word, word)] if closed and short and word else []


def _settled(updates: Sequence[FieldUpdate]) -> list[FieldUpdate]:
    """Each update once; of several that set one field the last counts; several lists of keys become one."""
    last: dict[str, FieldUpdate] = {}
    for update in updates:
        concluded = not update.quote and update.path in last and last[update.path].quote
        if update.op in ("set", "unset") and update.value is not None and not concluded:
            last[update.path] = update
    out: list[FieldUpdate] = []
    for update in updates:
        replaced = (
            update.op in ("set", "unset") and update.value is not None and last[update.path] is not update
        )
        if not replaced and update not in out:
            out.append(update)
    return sorted(out, key=lambda update: update.path != "resources")


__all__ = ["READERS", "extract", "kind_of"]
