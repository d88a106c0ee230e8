"""The form that holds everything a request can say: generated from the catalogue, filled in, and read
back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.asking import composed_of
from bot.dialogue import World
from bot.draft import Draft
from bot.policywords import allowed
from bot.values import Refusal, entry_lines, field_of, take
from bot.views.blocks import (
    FORM_BLOCKS,
    FORM_BYTES,
    HINT,
    INITIAL,
    OPTIONS,
    Block,
    clip,
    header,
    length,
    option,
    plain,
    section,
)
from gitops.compose import Composed
from gitops.fields import Field
from gitops.plan import JSON

FORM = "lakeport_form"
VALUE = "value"
"""The action id of every input; its block's id is the field path."""


@dataclass(frozen=True)
class Form:
    """What came back: ``values`` that differ from what was shown, ``errors`` by block id for Slack to
    show.
    """

    values: Mapping[str, JSON] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


def form(draft: Draft, world: World) -> dict[str, Any]:
    """The modal for a draft; ``private_metadata`` is JSON with the conversation's id."""
    composed = composed_of(draft, world)
    return {
        "type": "modal",
        "callback_id": FORM,
        "private_metadata": json.dumps({"conversation": draft.id}),
        "title": plain("Your request", 24),
        "submit": plain("Save", 24),
        "close": plain("Cancel", 24),
        "blocks": _fitting(_blocks(composed, world)),
    }


def _fitting(blocks: Iterator[Block | None]) -> list[Block]:
    """As many fields as a form holds, and a line that says how many are left out."""
    kept: list[Block] = []
    left_out, room = 0, FORM_BYTES
    for block in blocks:
        taken = len(json.dumps(block))
        if block is None or left_out or len(kept) >= FORM_BLOCKS - 1 or taken > room:
            left_out += block is None or block["type"] == "input"
            continue
        kept.append(block)
        room -= taken
    if left_out:
        several = f"{left_out} fields are" if left_out > 1 else "1 field is"
        kept.append(section(f"{several} too much for this form. Say in the thread what to change there."))
    return kept


def _paths(composed: Composed, world: World) -> Iterator[tuple[str, Field]]:
    """Every field that the form has for this draft: the envelope's, and those of each resource asked for."""
    for path, found in world.catalogue.items():
        if found.kind is None:
            yield path, found
    listed = composed.values.get("resources")
    for key in listed.value if listed and listed.value else ():
        kind = str(key).partition("[")[0]
        for found in world.catalogue.values():
            if found.kind == kind and found.type != "mapping":
                yield f"resources.{key}.{found.name}", found


def _blocks(composed: Composed, world: World) -> Iterator[Block | None]:
    """Headings and fields; ``None`` for one whose text is too long to be edited in a form."""
    last = None
    for path, found in _paths(composed, world):
        key = path.split(".")[1] if found.kind else None
        if key and key != last:
            yield header(key.replace("_", " ").replace("[", " ").rstrip("]"))
            last = key
        value = composed.values.get(path)
        if length(shown_in_form(found, value.value if value else None)) > INITIAL:
            yield None
            continue
        yield {
            "type": "input",
            "block_id": path[:255],
            "optional": True,
            "label": plain(found.ask.label, 2000),
            "hint": plain(found.ask.help.replace("`", ""), HINT),  # plain text shows them as they are
            "element": _element(found, value.value if value else None, composed, world),
        }


def _offered(found: Field, composed: Composed, world: World) -> tuple[str, ...]:
    return () if found.type == "boolean" else allowed(found, composed, world)


def _element(found: Field, value: JSON, composed: Composed, world: World) -> Block:
    offered = _offered(found, composed, world)[:OPTIONS]
    if found.type == "choices" and offered:
        return _several(offered, value)
    if found.type == "boolean":
        return _one(("yes", "no"), "yes" if value else "no")
    if offered:
        return _one(offered if value is None or value in offered else (str(value), *offered)[:OPTIONS], value)
    if found.type == "date":
        return {"type": "datepicker", "action_id": VALUE} | ({"initial_date": str(value)} if value else {})
    if found.type == "integer":
        bounds = {"min_value": found.minimum, "max_value": found.maximum, "initial_value": value}
        extra = {key: str(bound) for key, bound in bounds.items() if bound is not None}
        return {"type": "number_input", "action_id": VALUE, "is_decimal_allowed": False} | extra
    text = shown_in_form(found, value)
    element: Block = {"type": "plain_text_input", "action_id": VALUE}
    if found.type not in ("text", "person") or found.name in ("purpose", "comment"):
        element["multiline"] = True
    return element | ({"initial_value": text} if text else {})


def _one(offered: tuple[str, ...], value: JSON) -> Block:
    element: Block = {
        "type": "static_select",
        "action_id": VALUE,
        "options": [option(word) for word in offered],
    }
    return element | ({"initial_option": option(str(value))} if value in offered else {})


def _several(offered: tuple[str, ...], value: JSON) -> Block:
    chosen = [
        word
        for word in offered
        if isinstance(value, list | tuple) and any(_kind(key) == word for key in value)
    ]
    element: Block = {
        "type": "multi_static_select",
        "action_id": VALUE,
        "options": [option(word) for word in offered],
    }
    return element | ({"initial_options": [option(word) for word in chosen]} if chosen else {})


def _kind(key: JSON) -> str:
    return str(key).partition("[")[0]


def shown_in_form(found: Field, value: JSON) -> str:
    """A value as the form's text: lists one per line, grants as ``group: SELECT, MODIFY``."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "\n".join(entry_lines(value))
    del found
    return str(value)


# --- reading it back --------------------------------------------------------------------------------


def read_form(state: Mapping[str, Any], draft: Draft, world: World) -> Form:
    """The changes in a submitted form's ``view.state.values``, or what is wrong, at its field.

    Pure and fast.
    """
    composed = composed_of(draft, world)
    requester = world.policy.person(slack=draft.requester_slack)
    values: dict[str, JSON] = {}
    errors: dict[str, str] = {}
    for path, entry in state.items():
        found = field_of(path, world)
        held = entry.get(VALUE) if isinstance(entry, Mapping) else None
        if found is None or not isinstance(held, Mapping):
            continue
        given = _given(found, held)
        value = composed.values.get(path)
        before = value.value if value else None
        if found.path == "resources":
            given = _merged_keys(given, before)
        if _same(found, given, before):
            continue
        if given in (None, "", []):
            values[path] = None
            continue
        taken = take(found, given, world, requester)
        if isinstance(taken, Refusal):
            errors[path] = clip(taken.sentence, 2000)
        else:
            values[path] = taken.value
    return Form({} if errors else values, errors)


def _given(found: Field, held: Mapping[str, Any]) -> JSON:
    match held.get("type"):
        case "static_select":
            word = (held.get("selected_option") or {}).get("value")
            return word == "yes" if found.type == "boolean" and word is not None else word
        case "multi_static_select":
            return [str(entry["value"]) for entry in held.get("selected_options") or ()]
        case "datepicker":
            return held.get("selected_date")
        case _:
            text = held.get("value")
            return text.strip() if isinstance(text, str) else None


def _merged_keys(given: JSON, before: JSON) -> JSON:
    """Chosen kinds as keys: several resources of a kind stay as they are."""
    kinds = list(given or ())
    old = [str(key) for key in before] if isinstance(before, list | tuple) else []
    kept = [key for key in old if _kind(key) in kinds]
    return [*kept, *(kind for kind in kinds if not any(_kind(key) == kind for key in kept))]


def _same(found: Field, given: JSON, before: JSON) -> bool:
    if found.type == "boolean":
        return bool(given) == bool(before)
    if found.path == "resources":
        return sorted(map(str, given or ())) == sorted(map(str, before or ()))
    return (str(given) if given not in (None, "") else "") == shown_in_form(found, before)
