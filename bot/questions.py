"""How a field is asked for: the question, why it is asked, and what can be chosen."""

from __future__ import annotations

import re
from datetime import timedelta

from bot.dialogue import Ask, World
from bot.draft import Draft
from bot.policywords import allowed, holds
from bot.values import field_of
from gitops.compose import Composed
from gitops.draft import kind_of
from gitops.fields import RESOURCES, Field

LATER, LEAVE = "I don't know yet", "Leave it as it is"


def question(path: str, composed: Composed, draft: Draft, world: World, *, again: bool = False) -> Ask:
    """The question for a field, with what can be chosen and the reason it is asked."""
    field = field_of(path, world)
    if field is None:
        return Ask(path, f"What should {path} be?", again=again)
    choices = ("yes", "no") if field.type == "boolean" else allowed(field, composed, world)
    meanings = {choice: field.ask.meanings[choice] for choice in choices if choice in field.ask.meanings}
    return Ask(
        path,
        _asked(path, field, composed),
        choices,
        why_asked(path, field, composed, draft, world),
        again,
        field.type,
        meanings,
        _later(path, composed, draft),
    )


def _asked(path: str, field: Field, composed: Composed) -> str:
    """The question; where there are several resources of the kind, it says which one it is about."""
    label = field.ask.label[:1].lower() + field.ask.label[1:]
    where = resource_name(path, composed)
    if not where:
        return field.ask.question or f"What should the {label} be?"
    if not field.ask.question:
        return f"What should the {label} of the {where} be?"
    if " " not in where:
        return field.ask.question
    return f"The {where}: {field.ask.question[:1].lower()}{field.ask.question[1:]}"


def resource_name(path: str, composed: Composed) -> str:
    """``schema``, or ``schema raw`` where there are several of the kind; empty for the envelope."""
    found = re.fullmatch(r"resources\.(([a-z0-9_]+)(?:\[([^\]]+)\])?)\.\w+", path)
    if not found:
        return ""
    key, kind, label = found[1], found[2], found[3]
    listed_keys = composed.values.get(RESOURCES)
    keys = [str(one) for one in listed_keys.value] if listed_keys and listed_keys.value else []
    several = sum(kind_of(one) == kind for one in keys) > 1
    named = composed.values.get(f"{RESOURCES}.{key}.name")
    label = label or (str(named.value) if several and named and named.value else "")
    return " ".join(filter(None, (kind.replace("_", " "), label)))


def why_asked(path: str, field: Field, composed: Composed, draft: Draft, world: World) -> str:
    """Why a field is asked for, with what policy says to it."""
    if draft.unclear.get(path):
        return draft.unclear[path]
    reasons = [field.ask.why or field.ask.help.replace("`", "")]
    effective = holds(composed, world)
    if field.kind is None and field.name in effective.required:
        reasons.append(f"The policy requires it for {effective.required[field.name].who}.")
    limit = effective.max_lifetime_days
    if field.type == "date" and limit.value is not None:
        latest = world.today + timedelta(days=limit.value)
        reasons.append(f"For {limit.who} the latest day is {latest}; it can be extended later.")
    return " ".join(reasons)


def _later(path: str, composed: Composed, draft: Draft) -> str:
    """The label of the button that leaves a question open; none where nothing goes on without an answer."""
    if path == RESOURCES or path in draft.skipped:
        return ""
    return LATER if path in composed.missing else LEAVE
