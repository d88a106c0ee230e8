"""The bot's own sentences: questions with the reason they are asked, what changed, and what sizes there
are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bot.dialogue import Ask, World
from bot.draft import Draft, Patch
from bot.values import field_of, said_as
from gitops.compose import Composed
from gitops.draft import Value
from gitops.fields import Field

MAX_CHOICES = 6
"""More values than this are not offered as buttons."""

QUESTIONS: Mapping[str, tuple[str, str]] = {
    "resources": ("What do you need?", "Everything else depends on it."),
    "metadata.name": (
        "What shall the project be called?",
        "The names of everything I make follow from it, and it cannot be changed later.",
    ),
    "metadata.team": ("Which team is it for?", "The team gets access, and its approvers review the request."),
    "metadata.environment": ("Which environment is it for?", "Catalog, limits and approvals follow from it."),
    "metadata.purpose": (
        "What is it for, in one sentence?",
        "The people who review the request want to know.",
    ),
    "metadata.business_owner": (
        "Who is the business owner?",
        "Somebody has to answer for the data and its use; I never guess that.",
    ),
    "metadata.technical_owner": ("Who looks after it technically?", "They are asked when something breaks."),
    "metadata.data_classification": (
        "How is the data classified?",
        "It decides who has to approve and what is allowed; I never guess that.",
    ),
    "metadata.expires": (
        "Until when do you need it?",
        "Nothing is taken away without asking; a date such as 30 April 2027 is enough.",
    ),
    "metadata.cost_center": ("Which cost center pays?", "The policy asks for it in this environment."),
}


def question(path: str, composed: Composed, draft: Draft, world: World, *, again: bool = False) -> Ask:
    """The question for a field, with buttons where the values are few and the reason it is asked."""
    field = field_of(path, world)
    asked, why = QUESTIONS.get(path, ("", ""))
    if field is None:
        return Ask(path, f"What should {path} be?", again=again)
    label = field.ask.label[:1].lower() + field.ask.label[1:]
    where = _resource(path)
    asked = asked or f"What should the {label}{f' of the {where}' if where else ''} be?"
    why = why or field.ask.help
    if draft.unclear.get(path):
        why = draft.unclear[path]
    return Ask(path, asked, _choices(field, composed, world), why, again, field.type)


def _resource(path: str) -> str:
    found = re.fullmatch(r"resources\.([a-z_]+)(?:\[([^\]]+)\])?\.\w+", path)
    return " ".join(filter(None, (found[1].replace("_", " "), found[2]))) if found else ""


def _choices(field: Field, composed: Composed, world: World) -> tuple[str, ...]:
    known = field.choices
    if field.path == "metadata.team":
        known = tuple(world.policy.teams)
    elif field.name == "template":
        known = world.policy.templates
    elif field.name == "catalog":
        team, environment = (composed.values.get(f"metadata.{key}") for key in ("team", "environment"))
        if team and environment:
            known = world.policy.catalogs_for(str(team.value), str(environment.value))
    return known if len(known) <= MAX_CHOICES else ()


def change_lines(patches: Iterable[Patch], composed: Composed, world: World) -> tuple[str, ...]:
    """One line for each change: ``max workers 2 → 4``; the first time a value is said, ``team: growth``."""
    lines = []
    for patch in patches:
        if patch.before == patch.after or re.fullmatch(r"resources\.[a-z_]+(\[[^\]]*\])?", patch.path):
            continue
        field = field_of(patch.path, world)
        label = (field.ask.label if field else patch.path).replace("_", " ")
        label = label[:1].lower() + label[1:] if not label[:2].isupper() else label
        where = _resource(patch.path)
        name = f"{where} {label}" if where and where.lower() not in label.lower() else label
        now = patch.after if patch.after is not None else composed.values.get(patch.path)
        lines.append(_line(name, patch.before, now, removed=patch.after is None))
    return tuple(dict.fromkeys(line for line in lines if line))


def _line(name: str, before: Value | None, now: Value | None, *, removed: bool) -> str:
    shown = said_as(now.value) if now is not None else "not said"
    mark = {"default": " (default)", "looked_up": " (looked up)", "inferred": " (my reading)"}.get(
        now.source if now else "", ""
    )
    if before is None:
        return f"{name}: {shown}{mark}" if not removed else ""
    old = said_as(before.value)
    return "" if old == shown else f"{name} {old} → {shown}{mark}"


# --- questions people ask the bot -------------------------------------------------------------------


def information(text: str, world: World) -> str:
    """The answer to a question about what there is ("which templates do you have?"); empty when it is none
    of these.
    """
    flat = text.casefold()
    answers = []
    for field in world.catalogue.values():
        names = (field.name.replace("_", " "), field.ask.label.casefold(), *field.ask.aliases)
        if not any(re.search(rf"\b{re.escape(name)}(?:s|es)?\b", flat) for name in names):
            continue
        known = field.choices
        if field.name == "template":
            known = world.policy.templates
        elif field.path == "metadata.team":
            known = tuple(world.policy.teams)
        elif field.name == "catalog":
            known = tuple(name for names in world.policy.catalogs.values() for name in names)
        if known:
            answers.append(f"{field.ask.label}: {', '.join(known)}.")
        elif field.ask.help:
            answers.append(f"{field.ask.label}: {field.ask.help}")
    return "\n".join(dict.fromkeys(answers[:3]))
