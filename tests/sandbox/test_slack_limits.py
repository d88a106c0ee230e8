"""Slack's limits at their edges: one character or one block less is taken, one more is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.slack.blocks import check_message, check_view
from sandbox.slack.data import SlackError
from sandbox.slack.inputs import content, elements, fill, initial, state_of


def text(count: int, kind: str = "plain_text") -> dict[str, Any]:
    return {"type": kind, "text": "x" * count}


def section(count: int) -> dict[str, Any]:
    return {"type": "section", "text": text(count, "mrkdwn")}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "actions", "elements": [{"type": "button", "text": text(3), **more}]}


def select(options: int, value: int = 3) -> dict[str, Any]:
    found = [{"text": text(1), "value": f"{n:0{value}d}"} for n in range(options)]
    return {
        "type": "section",
        "text": text(1),
        "accessory": {"type": "static_select", "action_id": "a", "options": found},
    }


EDGES: list[tuple[str, list[Any], list[Any]]] = [
    ("blocks of a message", [section(1)] * 50, [section(1)] * 51),
    ("section text", [section(3000)], [section(3001)]),
    ("header text", [{"type": "header", "text": text(150)}], [{"type": "header", "text": text(151)}]),
    ("button text", [button(text=text(75))], [button(text=text(76))]),
    ("action_id", [button(action_id="a" * 255)], [button(action_id="a" * 256)]),
    ("value", [button(value="v" * 2000)], [button(value="v" * 2001)]),
    ("options", [select(100)], [select(101)]),
    ("option value", [select(1, 150)], [select(1, 151)]),
    ("block_id", [{**section(1), "block_id": "b" * 255}], [{**section(1), "block_id": "b" * 256}]),
    (
        "fields",
        [{"type": "section", "fields": [text(10)] * 10}],
        [{"type": "section", "fields": [text(10)] * 11}],
    ),
    (
        "actions",
        [{"type": "actions", "elements": button()["elements"] * 25}],
        [{"type": "actions", "elements": button()["elements"] * 26}],
    ),
    ("empty text", [section(1)], [section(0)]),
    ("block names", [section(1)], [{**section(1), "block_id": "same"}] * 2),
    ("kinds of block", [{"type": "divider"}], [{"type": "carousel-of-horror"}]),
    ("header markup", [{"type": "header", "text": text(1)}], [{"type": "header", "text": text(1, "mrkdwn")}]),
    (
        "inputs outside forms",
        [select(1)],
        [{"type": "actions", "elements": [{"type": "plain_text_input", "action_id": "a"}]}],
    ),
]


@pytest.mark.parametrize(("fits", "breaks"), [edge[1:] for edge in EDGES], ids=[edge[0] for edge in EDGES])
def test_a_message_at_the_edge(fits: list[Any], breaks: list[Any]) -> None:
    assert len(check_message("", fits)) == len(fits)
    with pytest.raises(SlackError) as raised:
        check_message("", breaks)
    assert raised.value.error == "invalid_blocks"
    assert all(one.startswith("[ERROR] ") and "[json-pointer:/blocks" in one for one in raised.value.messages)


def test_all_blocks_together_have_a_limit() -> None:
    assert check_message("", [section(2900)] * 4)
    with pytest.raises(SlackError, match="msg_blocks_too_long"):
        check_message("", [section(2900)] * 5)


def test_texts_have_a_limit_and_something_must_be_said() -> None:
    assert check_message("x" * 40_000, None) == []
    for given_text, error in (("x" * 40_001, "msg_too_long"), ("", "no_text"), (None, "no_text")):
        with pytest.raises(SlackError, match=error):
            check_message(given_text, None)
    with pytest.raises(SlackError, match="invalid_blocks_format"):
        check_message("x", "{not json")


def modal(**more: Any) -> dict[str, Any]:
    return {"type": "modal", "title": text(24), "blocks": [section(1)], **more}


VIEWS: list[tuple[str, dict[str, Any]]] = [
    ("title", modal(title=text(25))),
    ("submit", modal(submit=text(25))),
    ("private_metadata", modal(private_metadata="x" * 3001)),
    ("callback_id", modal(callback_id="x" * 256)),
    ("blocks", modal(blocks=[section(1)] * 101)),
    ("no blocks", {"type": "modal", "title": text(1)}),
    ("kind", modal(type="workflow_step")),
    (
        "input without submit",
        modal(
            blocks=[{"type": "input", "label": text(1), "element": {"type": "datepicker", "action_id": "a"}}]
        ),
    ),
]


@pytest.mark.parametrize("view", [one[1] for one in VIEWS], ids=[one[0] for one in VIEWS])
def test_a_form_at_the_edge(view: dict[str, Any]) -> None:
    assert check_view(json.dumps(modal(private_metadata="x" * 3000)))
    with pytest.raises(SlackError, match="invalid_arguments"):
        check_view(view)


def test_unnamed_parts_get_names() -> None:
    found = check_message("", [section(1), button()])
    assert [block["block_id"] for block in found] == ["b0", "b1"]
    assert [element["action_id"] for _, element in elements(found)] == ["a1-0"]


KINDS: list[tuple[dict[str, Any], Any]] = [
    ({"type": "plain_text_input"}, "words"),
    ({"type": "datepicker"}, "2027-04-30"),
    ({"type": "users_select"}, "U1"),
    ({"type": "multi_users_select"}, ["U1", "U2"]),
    ({"type": "static_select", "options": [{"text": text(3), "value": "small"}]}, "small"),
    (
        {"type": "checkboxes", "options": [{"text": text(3), "value": "a"}, {"text": text(4), "value": "b"}]},
        ["a", "b"],
    ),
]


@pytest.mark.parametrize(("element", "value"), KINDS, ids=[one[0]["type"] for one in KINDS])
def test_a_value_survives_being_filled_in(element: dict[str, Any], value: Any) -> None:
    assert content(state_of(element, value)) == value
    assert content(initial(element)) in (None, [])


@given(st.text(max_size=60), st.integers(0, 10), st.integers(11, 40))
def test_lengths_are_kept(words: str, shortest: int, longest: int) -> None:
    element = {"type": "plain_text_input", "action_id": "a", "min_length": shortest, "max_length": longest}
    block = {"type": "input", "block_id": "b", "label": text(1), "element": element}
    _, errors = fill([block], {"a": words}, {})
    assert bool(errors) == (not words or not shortest <= len(words) <= longest)


def test_a_key_the_form_does_not_have_is_an_error() -> None:
    with pytest.raises(SlackError, match="no nothing"):
        fill([], {"nothing": 1}, {})
