"""Block Kit within Slack's limits for any draft, nothing a person typed able to mention or link, forms
there and back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import views
from bot.conversation import composed_of, step
from bot.dialogue import (
    Answered,
    Applied,
    Ask,
    Card,
    Changed,
    CheckDone,
    Closed,
    Confirmed,
    Failed,
    Filled,
    Merged,
    Note,
    Reviewed,
    Status,
    Submit,
    Submitted,
    Undo,
    Withdraw,
    Withdrawn,
)
from bot.draft import Draft, Patch, Stage
from bot.views.blocks import Message, code, length, link, preformatted, size
from gitops.approval import ApprovalRule
from gitops.compose import Composed
from gitops.cost import Money
from gitops.draft import Value
from gitops.finding import Finding, Place, Severity
from gitops.plan import digest
from tests.support.organisation import LI_WEI, draft, world

WORLD = world()
EVIL = "<!channel> <@U0JANEDOE> <https://evil.example|click> https://evil.example *bold* ```x``` & `y`"


def texts(node: Any) -> Iterator[dict[str, Any]]:
    """Every text object of blocks, and rich text's texts."""
    if isinstance(node, dict):
        if node.get("type") in ("mrkdwn", "plain_text", "text"):
            yield node
        for child in node.values():
            yield from texts(child)
    elif isinstance(node, list | tuple):
        for child in node:
            yield from texts(child)


def check(message: Message) -> None:
    """Slack's limits on a message (docs.slack.dev, Block Kit; the total is undocumented and seen at
    13,172).
    """
    blocks = message.blocks
    assert message.text
    assert len(message.text) <= 4000
    assert len(blocks) <= 50
    assert size(blocks) <= 13_000
    for block in blocks:
        assert len(block.get("block_id", "")) <= 255
        match block["type"]:
            case "section":
                assert 1 <= length(block["text"]["text"]) <= 3000
            case "header":
                assert 1 <= length(block["text"]["text"]) <= 150
            case "actions":
                check_actions(block["elements"])
            case "context" | "rich_text":
                assert len(block["elements"]) <= 10
            case other:
                raise AssertionError(other)
    for text in texts(blocks):
        assert text["text"]
        if text["type"] == "mrkdwn":
            check_markup(text["text"])
            assert text["verbatim"] is True


def check_actions(elements: list[dict[str, Any]]) -> None:
    assert 1 <= len(elements) <= 25
    names = [element["action_id"] for element in elements]
    assert len(names) == len(set(names))
    for element in elements:
        assert len(element["action_id"]) <= 255
        assert len(element.get("value", "")) <= 2000
        if element["type"] == "button":
            assert 1 <= length(element["text"]["text"]) <= 75
        for entry in element.get("options", ()):
            assert 1 <= length(entry["text"]["text"]) <= 75
            assert len(entry["value"]) <= 150
        assert len(element.get("options", ())) <= 100


OURS = re.compile(r"<https?://(?:github|x)\.example/[^|<>]*\|[^<>|]*>")


def check_markup(text: str) -> None:
    """No control sequence but our own links."""
    rest = OURS.sub("", text)
    assert "<" not in rest
    assert ">" not in rest
    assert text.count("`") % 2 == 0


TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=400) | st.just(EVIL) | st.just("<" * 700)
JSONISH = st.one_of(
    TEXT,
    st.integers(),
    st.booleans(),
    st.lists(TEXT, max_size=20),
    st.lists(
        st.fixed_dictionaries({"principal": TEXT, "privileges": st.lists(TEXT, max_size=4)}), max_size=10
    ),
)
PATHS = st.sampled_from([*WORLD.catalogue, "resources.schema[raw].grants", "resources.compute[x].libraries"])
VALUE = st.builds(Value, JSONISH, st.sampled_from(["said", "looked_up", "default", "inferred"]), TEXT)
FINDING = st.builds(Finding, TEXT, st.sampled_from(list(Severity)), TEXT, st.just(Place("f")), TEXT)
MONEY = st.builds(
    Money,
    st.just(Decimal("1.5")),
    st.just(Decimal(2000)),
    st.just("EUR"),
    st.lists(TEXT, max_size=9).map(tuple),
)
RULE = st.builds(ApprovalRule, TEXT, st.integers(1, 3), st.frozensets(TEXT, max_size=12), TEXT)
COMPOSED = st.builds(
    Composed,
    document=st.none(),
    raw=st.none()
    | (TEXT | st.text(min_size=5000, max_size=9000)).map(lambda text: text.encode("utf-8", "replace")),
    values=st.dictionaries(PATHS, VALUE, max_size=40),
    missing=st.just(()),
    findings=st.lists(FINDING, max_size=30).map(tuple),
    cost=st.none() | MONEY,
    approvals=st.lists(RULE, max_size=10).map(tuple),
)


@given(COMPOSED, st.sampled_from(list(Stage)), st.booleans())
@settings(max_examples=120, deadline=None)
def test_the_card_keeps_to_the_limits_whatever_is_in_it(
    composed: Composed, stage: Stage, pulled: bool
) -> None:
    state = replace(draft(), state=stage)
    if pulled:
        state = replace(state, pull_number=12, pull_url="https://github.example/acme/lakeport/pull/12")
    state = state.changed([Patch("metadata.name", None, Value("x", "said"), "x", "1", 1)])
    check(views.message(Card(state, composed, digest(composed.raw) if composed.raw is not None else None)))


@given(TEXT)
@settings(max_examples=60, deadline=None)
def test_everything_else_keeps_to_the_limits_too(text: str) -> None:
    for reply in (
        Note(text),
        Changed((text, text)),
        Ask("metadata.team", text, (text,) * 3, text),
        Ask("metadata.team", text, tuple(f"{n}{text}" for n in range(30)), text),
        Status(Submitted(1, text)),
        Status(CheckDone(False, text, text)),
        Status(Reviewed(text, "commented", text, text)),
        Status(Applied({f"schema/{text}": {"url": text, "id": text}, text: {}}, text)),
        Status(Applied({text: {"url": text}}, text, lifecycle="retiring", due=text)),
        Status(Failed(text, text, (text,) * 40, text)),
    ):
        check(views.message(reply))


@pytest.mark.parametrize(
    "reply",
    [
        Status(Merged()),
        Status(Closed()),
        Status(CheckDone(True)),
        Status(Reviewed("a", "approved")),
        Status(Reviewed("a", "changes_requested", "b")),
        Submit(b"x", "requests/dev/growth/x.yaml", "sha256:x"),
        Withdraw(1),
    ],
)
def test_what_becomes_of_it_is_told(reply: Any) -> None:
    check(views.message(reply))


def test_typed_text_can_neither_mention_nor_link() -> None:
    assert code(EVIL).count("`") == 2
    assert "<" not in code(EVIL)
    assert link("javascript:alert(1)", "x") == "`javascript:alert(1)`"
    assert link("https://x.example/a|b>", "x") == "`https://x.example/a|b&gt;`"
    assert link("https://x.example/?a=1&b=2", "<x>") == "<https://x.example/?a=1&amp;b=2|&lt;x&gt;>"
    note = views.message(Note(EVIL))
    assert note.blocks[0]["text"]["type"] == "plain_text"
    assert "<" not in note.text


# --- a real draft -----------------------------------------------------------------------------------

FILLED = {
    "resources": ["schema", "compute"],
    "metadata.name": "trial-conversion",
    "metadata.purpose": "find out <!here> who pays",
    "metadata.business_owner": "jane.doe@acme.example",
    "metadata.data_classification": "internal",
    "metadata.expires": "2027-04-30",
    "resources.schema.grants": [{"principal": "growth", "privileges": ["USE_SCHEMA", "SELECT"]}],
    "resources.compute.libraries": ["lightgbm==4.5.0"],
}


def ready() -> Draft:
    return step(draft(), Filled(LI_WEI, FILLED, "2.0"), world=WORLD)[0]


def card_of(state: Draft) -> Message:
    composed = composed_of(state, WORLD)
    return views.message(Card(state, composed, digest(composed.raw) if composed.raw else None))


def buttons(message: Message) -> dict[str, dict[str, Any]]:
    elements = [
        element for block in message.blocks if block["type"] == "actions" for element in block["elements"]
    ]
    return {element["action_id"]: element for element in elements}


def test_the_card_shows_values_sources_cost_file_and_buttons() -> None:
    state = ready()
    message = card_of(state)
    check(message)
    shown = "\n".join(text["text"] for text in texts(message.blocks))
    raw = composed_of(state, WORLD).raw
    assert raw is not None
    assert preformatted(raw.decode()) in message.blocks
    for part in ("trial-conversion", "_default_", "_looked up_", "EUR a month", "To be approved"):
        assert part in shown
    assert buttons(message)["confirm"]["value"] == digest(raw)
    assert set(buttons(message)) == {"confirm", "edit", "undo", "withdraw"}


def test_findings_of_severity_error_take_confirm_away() -> None:
    state = step(ready(), Filled(LI_WEI, {"metadata.expires": "2029-04-30"}, "3.0"), world=WORLD)[0]
    message = card_of(state)
    assert "confirm" not in buttons(message)
    assert "⛔" in "\n".join(text["text"] for text in texts(message.blocks))


def test_an_excepted_finding_shows_the_exception_instead_of_what_to_do() -> None:
    state = ready()
    excepted = "Excepted until 2027-03-01 by petra-v: the audit runs until then."
    place = Place("requests/dev/growth/x.yaml")
    found = Finding("lifetime", Severity.INFO, "It is too long.", place, "Shorten it.", excepted)
    composed = replace(composed_of(state, WORLD), findings=(found,))
    shown = "\n".join(text["text"] for text in texts(views.message(Card(state, composed, None)).blocks))
    assert f"It is too long. {excepted}" in shown
    assert "Shorten it." not in shown


def test_what_is_done_has_no_buttons() -> None:
    assert buttons(card_of(replace(ready(), state=Stage.APPLIED))) == {}


def test_pressed_buttons_are_events() -> None:
    shown = buttons(card_of(ready()))
    pressed = {name: views.event_of({"type": "button", **shown[name]}, LI_WEI, "9.0") for name in shown}
    assert pressed["confirm"] == Confirmed(LI_WEI, shown["confirm"]["value"])
    assert pressed["undo"] == Undo(LI_WEI, "9.0", 1)
    assert pressed["withdraw"] == Withdrawn(LI_WEI)
    assert pressed["edit"] is None


def test_answers_by_hand_are_events() -> None:
    few = views.message(Ask("metadata.environment", "Which?", ("dev", "prod"), type="choice")).blocks[-1]
    action = {"type": "button", "block_id": few["block_id"], **few["elements"][1]}
    assert views.event_of(action, LI_WEI) == Answered("metadata.environment", "prod", LI_WEI)
    many = views.message(Ask("metadata.team", "Which?", tuple("abcdefgh"), type="text")).blocks[-1]
    chosen = {"type": "static_select", "block_id": many["block_id"], "action_id": views.ANSWER}
    assert views.event_of(chosen | {"selected_option": {"value": "c"}}, LI_WEI) == Answered(
        "metadata.team", "c", LI_WEI
    )
    day = {"type": "datepicker", "block_id": "ask:metadata.expires", "action_id": views.ANSWER}
    assert views.event_of(day | {"selected_date": "2027-04-30"}, LI_WEI) == Answered(
        "metadata.expires", "2027-04-30", LI_WEI
    )
    who = {"type": "users_select", "block_id": "ask:metadata.business_owner", "action_id": views.ANSWER}
    event = views.event_of(who | {"selected_user": "U0JANEDOE"}, LI_WEI)
    assert event == Answered("metadata.business_owner", "<@U0JANEDOE>", LI_WEI)
    moved, _ = step(draft(), event, world=WORLD)
    assert moved.said["metadata.business_owner"].value == "jane.doe@acme.example"
    assert views.event_of(day | {"selected_date": None}, LI_WEI) is None


@pytest.mark.parametrize("value", ["", "x", "{}", "[]", '{"path": "a"}', "null"])
def test_a_button_that_is_not_ours_is_no_event(value: str) -> None:
    assert views.event_of({"type": "button", "action_id": "answer:0", "value": value}, LI_WEI) is None
    assert views.event_of({"type": "button", "action_id": "something", "value": value}, LI_WEI) is None


# --- the form ---------------------------------------------------------------------------------------


def state_of(view: dict[str, Any]) -> dict[str, Any]:
    """What Slack sends when the form is submitted as it was opened."""
    state: dict[str, Any] = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        element = block["element"]
        held = {"type": element["type"]}
        match element["type"]:
            case "static_select":
                held["selected_option"] = element.get("initial_option")
            case "multi_static_select":
                held["selected_options"] = element.get("initial_options", [])
            case "datepicker":
                held["selected_date"] = element.get("initial_date")
            case _:
                held["value"] = element.get("initial_value")
        state[block["block_id"]] = {element["action_id"]: held}
    return state


def test_the_form_is_within_limits_and_has_every_field() -> None:
    view = views.form(ready(), WORLD)
    assert len(view["blocks"]) <= 100
    assert len(json.dumps(view).encode()) < 250_000
    assert len(view["private_metadata"]) <= 3000
    ids = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
    assert len(ids) == len(set(ids))
    assert {"metadata.name", "resources.schema.grants", "resources.compute.gpu"} <= set(ids)
    for text in texts(view["blocks"]):
        assert 1 <= len(text["text"]) <= 2000


def test_a_form_sent_as_it_was_opened_changes_nothing() -> None:
    state = ready()
    assert views.read_form(state_of(views.form(state, WORLD)), state, WORLD) == views.Form()


def test_changes_of_a_form_become_one_turn() -> None:
    state = ready()
    given = state_of(views.form(state, WORLD))
    given["metadata.expires"]["value"]["selected_date"] = "2027-03-31"
    given["resources.schema.grants"]["value"]["value"] = "growth: USE_SCHEMA\nrisk-analytics: SELECT"
    given["resources.compute.libraries"]["value"]["value"] = ""
    given["resources.compute.max_workers"]["value"]["value"] = "4"
    given["metadata.members"]["value"]["value"] = "Sam Okafor"
    form = views.read_form(given, state, WORLD)
    assert form.errors == {}
    assert form.values["resources.schema.grants"][1] == {
        "principal": "risk-analytics",
        "privileges": ["SELECT"],
    }
    moved, _ = step(state, Filled(LI_WEI, form.values), world=WORLD)
    assert moved.said["metadata.expires"].value == "2027-03-31"
    assert moved.said["metadata.members"].value == ["sam.okafor@acme.example"]
    assert moved.said["resources.compute.max_workers"].value == 4
    values = composed_of(moved, WORLD).values
    assert "resources.compute.libraries" not in values or not values["resources.compute.libraries"].value
    assert moved.turn == state.turn + 1


def test_errors_of_a_form_stand_at_their_fields() -> None:
    state = ready()
    given = state_of(views.form(state, WORLD))
    given["metadata.name"]["value"]["value"] = "Not A Name!"
    given["resources.schema.grants"]["value"]["value"] = "everybody may do anything"
    form = views.read_form(given, state, WORLD)
    assert set(form.errors) == {"metadata.name", "resources.schema.grants"}
    assert form.values == {}


def test_a_kind_taken_out_in_the_form_is_gone() -> None:
    state = ready()
    given = state_of(views.form(state, WORLD))
    given["resources"]["value"]["selected_options"] = [{"value": "schema"}]
    moved, _ = step(state, Filled(LI_WEI, views.read_form(given, state, WORLD).values), world=WORLD)
    assert composed_of(moved, WORLD).values["resources"].value == ["schema"]


def test_dates_of_the_form_are_days() -> None:
    view = views.form(ready(), WORLD)
    element = next(
        block["element"] for block in view["blocks"] if block.get("block_id") == "metadata.expires"
    )
    assert date.fromisoformat(element["initial_date"]) == date(2027, 4, 30)
