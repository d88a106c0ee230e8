"""What a person fills in: from a plain value to what Slack reports of the element, and what Slack's client
refuses itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.slack.data import SlackError

REQUIRED = "Please complete this required field."
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

_SINGLE = {
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "plain_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
}
_MANY = {
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
}
_ONE_OPTION = {"static_select", "external_select", "radio_buttons", "overflow"}
_OPTIONS = {"multi_static_select", "multi_external_select", "checkboxes"}


def elements(blocks: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every ``(block, element)`` a person can act on."""
    for block in blocks:
        for found in (block.get("element"), block.get("accessory"), *block.get("elements", ())):
            if isinstance(found, dict) and found.get("action_id"):
                yield block, found


def options_of(element: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The options of a select, groups flattened."""
    grouped = [option for group in element.get("option_groups") or () for option in group["options"]]
    return [*(element.get("options") or ()), *grouped]


def state_of(element: Mapping[str, Any], value: Any) -> dict[str, Any]:
    """What ``state.values`` holds for that element when a person gave ``value`` (an option's value, a text,
    a list).

    Raises:
        SlackError: there is no such option to choose.
    """
    kind = str(element["type"])
    if kind in _SINGLE:
        return {"type": kind, _SINGLE[kind][0]: str(value) if value not in (None, "") else None}
    if kind in _MANY:
        return {"type": kind, _MANY[kind][0]: list(value or ())}
    if kind in _ONE_OPTION:
        return {"type": kind, "selected_option": _option(element, value) if value not in (None, "") else None}
    if kind in _OPTIONS:
        wanted = [value] if isinstance(value, str | Mapping) else list(value or ())
        return {"type": kind, "selected_options": [_option(element, one) for one in wanted]}
    raise SlackError("invalid_arguments", f"a {kind} cannot be filled in")


def _option(element: Mapping[str, Any], value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    for option in options_of(element):
        if option["value"] == value or option["text"]["text"] == value:
            return option
    raise SlackError("invalid_arguments", f"there is no option {value!r} in {element.get('action_id')}")


def initial(element: Mapping[str, Any]) -> dict[str, Any]:
    """The state before anybody touched the element."""
    kind = str(element["type"])
    if kind in _ONE_OPTION:
        return {"type": kind, "selected_option": element.get("initial_option")}
    if kind in _OPTIONS:
        return {"type": kind, "selected_options": list(element.get("initial_options") or ())}
    held, first = (_SINGLE | _MANY).get(kind, ("value", "initial_value"))
    empty: Any = [] if kind in _MANY else None
    return {"type": kind, held: element.get(first, empty)}


def content(state: Mapping[str, Any]) -> Any:
    """The value inside a state, in the form :func:`state_of` takes it."""
    for name, found in state.items():
        if name == "type":
            continue
        if isinstance(found, list):
            return [one["value"] if isinstance(one, dict) else one for one in found]
        return found["value"] if isinstance(found, dict) else found
    return None


def fill(
    blocks: list[dict[str, Any]], values: Mapping[str, Any], held: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """The complete state of a form and what Slack's client itself objects to, by ``block_id``.

    ``values`` is keyed by ``action_id`` or ``block_id``; what it leaves out keeps what was chosen before
    (``held``) or the initial value. A key the form does not have is an error of the caller.
    """
    state: dict[str, dict[str, Any]] = {}
    errors: dict[str, str] = {}
    left = set(values)
    for block, element in elements(blocks):
        if element["type"] in {"button", "image"}:
            continue
        block_id, action_id = block["block_id"], element["action_id"]
        given = next((key for key in (action_id, block_id) if key in values), None)
        if given is not None:
            left.discard(given)
            found = state_of(element, values[given])
        else:
            found = dict(held.get(block_id, {}).get(action_id) or initial(element))
        state.setdefault(block_id, {})[action_id] = found
        if block["type"] == "input" and (problem := _objection(block, element, content(found))):
            errors[block_id] = problem
    if left:
        raise SlackError("invalid_arguments", f"the form has no {', '.join(sorted(left))}")
    return state, errors


def _objection(block: Mapping[str, Any], element: Mapping[str, Any], value: Any) -> str:
    if value in (None, "", []):
        return "" if block.get("optional") else REQUIRED
    kind, text = element["type"], str(value)
    if kind == "plain_text_input":
        if len(text) < element.get("min_length", 0):
            return f"Please enter at least {element['min_length']} characters."
        if len(text) > element.get("max_length", 3000):
            return f"Please enter at most {element.get('max_length', 3000)} characters."
    if kind == "number_input":
        return _number(element, text)
    if kind == "email_text_input" and not EMAIL.fullmatch(text):
        return "Please enter a valid email address."
    if kind == "url_text_input" and not text.startswith(("http://", "https://")):
        return "Please enter a valid URL."
    if kind == "datepicker" and not DATE.fullmatch(text):
        return "Please enter a valid date."
    return ""


def _number(element: Mapping[str, Any], text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return "Please enter a number."
    if not element.get("is_decimal_allowed") and number != int(number):
        return "Please enter a whole number."
    if "min_value" in element and number < float(element["min_value"]):
        return f"Please enter a number that is at least {element['min_value']}."
    if "max_value" in element and number > float(element["max_value"]):
        return f"Please enter a number that is at most {element['max_value']}."
    return ""
