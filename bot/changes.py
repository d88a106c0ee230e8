"""What an extractor, a button or a form wants changed becomes patches: validated, risky guesses turned into
questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.adjusting import extended
from bot.dialogue import World
from bot.draft import Draft, FieldUpdate, Patch
from bot.evidence import Evidence
from bot.values import KEY, Refusal, Taken, field_of, shown, take
from gitops.draft import Value
from gitops.fields import Field
from gitops.plan import JSON


@dataclass(frozen=True, slots=True)
class Outcome:
    """The draft after a turn, and sentences on what was not taken and why."""

    draft: Draft
    refusals: tuple[str, ...]


def inferred_is_taken(field: Field) -> bool:
    """Whether a value that nobody said may go into this field, marked as such."""
    return not field.ask.risky and field.ask.infer


def apply_updates(
    draft: Draft,
    updates: Sequence[FieldUpdate],
    ts: str,
    world: World,
    *,
    by_hand: bool = False,
    turn: int | None = None,
) -> Outcome:
    """Apply updates in order as one turn, the next one where no other is given.

    ``by_hand``: from a button or the form, so no quote is needed.
    """
    turn = turn or draft.turn + 1
    requester = world.policy.person(slack=draft.requester_slack)
    evidence = Evidence(draft, world)
    refusals: list[str] = []
    for update in updates:
        field = field_of(update.path, world)
        if field is None:
            refusals.append(f"I know no field {shown(update.path)}.")
            continue
        if update.op == "set" and update.value is None:
            draft = _unclear(draft, update.path, update.note)
            continue
        taken = Taken(None) if update.op == "unset" else take(field, update.value, world, requester)
        said = by_hand or (
            evidence.quoted(update)
            if isinstance(taken, Refusal)
            else evidence.bears_out(replace(update, value=taken.value), field)
        )
        if not said and not inferred_is_taken(field):
            draft = _ask_instead(draft, update, field)
            continue
        if isinstance(taken, Refusal):
            refusals.append(taken.sentence)
            draft = _unclear(draft, update.path, "") if update.path not in draft.said else draft
            continue
        meant = taken.value if by_hand else extended(draft, update.path, taken.value, world.today)
        if not said and not update.quote:
            update = replace(update, quote=evidence.concluded_from(meant))
        value = _new_value(draft, update, field, meant, said)
        draft = _patched(draft, update, value, ts, turn, world)
    return Outcome(draft, tuple(dict.fromkeys(refusals)))


def _unclear(draft: Draft, path: str, note: str) -> Draft:
    return replace(draft, unclear={**draft.unclear, path: note})


def _ask_instead(draft: Draft, update: FieldUpdate, field: Field) -> Draft:
    """A risky value that nobody said is not taken; what was said before stays, else it becomes a question."""
    if update.path in draft.said or update.op in ("unset", "remove"):
        return draft
    return _unclear(draft, update.path, "") if field.path != "resources" else draft


def _new_value(draft: Draft, update: FieldUpdate, field: Field, new: JSON, said: bool) -> Value | None:
    """The value after the update; ``None`` when the field is not said any more."""
    if update.op == "unset":
        # What is merged stays where nobody speaks of it, so that taking it out has to be said.
        plain = bool(update.quote) or draft.merged is not None
        return Value(None, "said", update.quote) if plain and not field.required else None
    before = draft.said.get(update.path)
    # No resource leaves a merged request by being left out of a list.
    adds = update.op == "add" or (draft.merged is not None and field.path == "resources")
    if update.op == "set" and not adds:
        value = new
    else:
        old = before.value if before and isinstance(before.value, list | tuple) else []
        value = _added(old, new) if adds and update.op != "remove" else _removed(old, new)
        if update.op == "remove" and before is None:
            return None
    if not said and before is not None and before.source in ("said", "merged"):
        return before  # what a person said is never overwritten by a conclusion
    return Value(value, "said" if said else "inferred", update.quote)


def _identity(entry: JSON) -> JSON:
    """What makes two entries of a list the same: who it is for, or which library, else the entry itself."""
    if isinstance(entry, Mapping):
        return next(iter(entry.values()), None)
    return entry.replace("_", "-").split("==")[0].casefold() if isinstance(entry, str) else entry


def _as_list(value: JSON) -> list[JSON]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _added(old: Sequence[JSON], new: JSON) -> list[JSON]:
    entries = {_identity(entry): entry for entry in old}
    return list((entries | {_identity(entry): entry for entry in _as_list(new)}).values())


def _removed(old: Sequence[JSON], gone: JSON) -> list[JSON]:
    names = {_identity(entry) for entry in _as_list(gone)}
    return [entry for entry in old if _identity(entry) not in names]


def _patched(
    draft: Draft, update: FieldUpdate, value: Value | None, ts: str, turn: int, world: World
) -> Draft:
    before = draft.said.get(update.path)
    unclear = {path: why for path, why in draft.unclear.items() if path != update.path}
    draft = replace(
        draft, unclear=unclear, skipped=tuple(path for path in draft.skipped if path != update.path)
    )
    same = before and value and before.value == value.value and before.source in (value.source, "merged")
    if not same:
        draft = draft.changed([Patch(update.path, before, value, update.quote, ts, turn)])
    return _resources_changed(draft, before, update, ts, turn, world) if update.path == "resources" else draft


def _resources_changed(
    draft: Draft, before: Value | None, update: FieldUpdate, ts: str, turn: int, world: World
) -> Draft:
    """What goes with a resource: its fields leave with it, and what policy would bring along can be kept
    out.
    """
    now = draft.said.get("resources")
    keys = {str(key) for key in now.value} if now and now.value else set()
    gone = {str(key) for key in (before.value if before else ())} - keys
    patches = [
        Patch(path, value, None, update.quote, ts, turn)
        for path, value in draft.said.items()
        if path.startswith(tuple(f"resources.{key}." for key in gone))
    ]
    along = {kind for kinds in world.policy.defaults.together.values() for kind in kinds}
    removed = {str(key) for key in _as_list(update.value)} if update.op == "remove" else set()
    for key in removed & along:
        path = f"resources.{key}"
        patches.append(
            Patch(path, draft.said.get(path), Value(False, "said", update.quote), update.quote, ts, turn)
        )
    for key in keys & along:
        path = f"resources.{key}"
        if path in draft.said:
            patches.append(Patch(path, draft.said[path], None, update.quote, ts, turn))
    unclear = {
        path: why
        for path, why in draft.unclear.items()
        if not path.startswith(tuple(f"resources.{key}." for key in gone))
    }
    return replace(draft.changed(patches), unclear=unclear)


__all__ = ["KEY", "Outcome", "apply_updates", "inferred_is_taken"]
