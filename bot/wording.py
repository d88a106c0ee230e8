"""What changed, in the bot's own words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.dialogue import World
from bot.draft import Patch
from bot.questions import resource_name
from bot.values import field_of, said_as
from gitops.compose import Composed
from gitops.draft import Value


def change_lines(patches: Iterable[Patch], composed: Composed, world: World) -> tuple[str, ...]:
    """One line for each change: ``max workers 2 → 4``; the first time a value is said, ``team: growth``."""
    lines = []
    for patch in patches:
        if patch.before == patch.after or re.fullmatch(r"resources\.[a-z_]+(\[[^\]]*\])?", patch.path):
            continue
        field = field_of(patch.path, world)
        label = (field.ask.label if field else patch.path).replace("_", " ")
        label = label[:1].lower() + label[1:] if not label[:2].isupper() else label
        where = resource_name(patch.path, composed)
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
