"""Which updates of a model the person really said: the rest is dropped, or asked where a guess is risky.

A model may be wrong, or obey somebody who wrote into the message. Its word counts only as far as the
requester's own words bear it out. The rules read the same words: where the two differ the person is asked,
and what only the rules saw is taken from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.changes import inferred_is_taken
from bot.dialogue import World
from bot.draft import Draft, FieldUpdate
from bot.evidence import Evidence
from bot.rules.context import kind_of
from bot.spoken import FREE_TEXT
from bot.values import Refusal, field_of, take
from gitops.fields import RESOURCES, Field

_PLACES = ("environment", "data_classification")
"""Fields whose words also stand in many a sentence about something else ("which runs in production")."""


def grounded(
    updates: Sequence[FieldUpdate], by_rules: Sequence[FieldUpdate], draft: Draft, message: str, world: World
) -> tuple[FieldUpdate, ...]:
    """What is left of a model's updates; ``by_rules`` is what the rules read in the same message."""
    evidence = Evidence(draft.hear(message), world)
    settled = tuple(_settled(updates, by_rules, evidence, world))
    read = {update.path for update in settled}
    missed = (update for update in by_rules if update.path not in read and update.quote)
    return tuple(sorted((*settled, *missed), key=lambda update: update.path != RESOURCES))


def _settled(
    updates: Sequence[FieldUpdate], by_rules: Sequence[FieldUpdate], evidence: Evidence, world: World
) -> Iterator[FieldUpdate]:
    for update in updates:
        field = field_of(update.path, world)
        if field is None:
            continue
        if field.path == RESOURCES:
            yield from _resources(update, by_rules, evidence)
        elif update.op == "set" and update.value is None:
            if evidence.quoted(update):
                yield update
        elif update.op == "unset":
            if evidence.bears_out(update, field):
                yield update
        elif (settled := _valued(update, field, by_rules, evidence, world)) is not None:
            yield settled


def _resources(
    update: FieldUpdate, by_rules: Sequence[FieldUpdate], evidence: Evidence
) -> Iterator[FieldUpdate]:
    """Only kinds that the message has a word for, or that the rules see in it."""
    if not isinstance(update.value, list | tuple) or not evidence.quoted(update):
        return
    seen = {
        kind_of(str(key))
        for other in by_rules
        if other.path == RESOURCES and isinstance(other.value, list | tuple)
        for key in other.value
    }
    keys = [
        key for key in update.value if kind_of(str(key)) in seen or evidence.names_kind_now(kind_of(str(key)))
    ]
    if keys:
        yield replace(update, value=keys)


def _valued(
    update: FieldUpdate, field: Field, by_rules: Sequence[FieldUpdate], evidence: Evidence, world: World
) -> FieldUpdate | None:
    """The update as far as it is borne out, a question in its place, or nothing."""
    update = _with_what_is_said(update, field, evidence, world)
    requester = world.policy.person(slack=evidence.draft.requester_slack)
    taken = take(field, update.value, world, requester)
    if isinstance(taken, Refusal):
        return update if evidence.quoted(update) and evidence.says_word(update) else None
    meant = replace(update, value=taken.value)
    if not evidence.bears_out(meant, field):
        if field.name in FREE_TEXT and evidence.quoted(update) and len(update.quote.split()) >= 3:
            return replace(update, value=update.quote)  # put into other words: the person's own are better
        grounded = update.quote == "" and inferred_is_taken(field) and evidence.touches(meant)
        read = any(other.path == update.path and other.quote for other in by_rules)
        asked = field.ask.risky and field.required and not read
        return update if grounded else (_asked(update) if asked else None)
    if _is_of_another(meant, field, by_rules):
        return None
    return _asked(update) if _read_otherwise(meant, field, by_rules, evidence) else update


def _with_what_is_said(update: FieldUpdate, field: Field, evidence: Evidence, world: World) -> FieldUpdate:
    """A list without the entries that nobody said."""
    requester = world.policy.person(slack=evidence.draft.requester_slack)
    taken = take(field, update.value, world, requester)
    if isinstance(taken, Refusal) or not isinstance(taken.value, list | tuple) or update.op == "remove":
        return update
    said = [entry for entry in taken.value if evidence.bears_out(replace(update, value=[entry]), field)]
    return replace(update, value=said) if said else update


def _asked(update: FieldUpdate) -> FieldUpdate:
    return FieldUpdate(update.path, "set", None, update.quote)


def _is_of_another(update: FieldUpdate, field: Field, by_rules: Sequence[FieldUpdate]) -> bool:
    """Whether this very number is one that the rules read for another field: "max 4 workers"."""
    same = {other.path for other in by_rules if field.type == "integer" and other.value == update.value}
    return bool(same) and update.path not in same


def _read_otherwise(
    update: FieldUpdate, field: Field, by_rules: Sequence[FieldUpdate], evidence: Evidence
) -> bool:
    """Whether the rules read another value, or see the word for it and do not take it as one."""
    if field.type not in ("choice", "person", "text", "integer", "date") or field.name in FREE_TEXT:
        return False
    others = [other for other in by_rules if other.path == update.path and other.op == update.op]
    if any(other.value != update.value and other.quote for other in others):
        return True
    unseen = field.name in _PLACES and not others and update.path != evidence.draft.asked
    return unseen and evidence.has_known_word(field)
