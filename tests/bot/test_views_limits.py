"""Whatever a request holds, what is shown of it keeps to Slack's limits, and nothing typed can act there.

The requests are put together by the real code from random fields of the real kinds: hostile text, a hundred
resources, long purposes, hundreds of grants.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot import views
from bot.answers import answers
from bot.asking import composed_of
from bot.dialogue import Card, Changed, Note
from bot.draft import Draft, Patch, Stage
from bot.questions import question
from bot.views.blocks import Message, length, preformatted, size
from bot.wording import change_lines
from gitops.draft import Value
from gitops.plan import digest
from sandbox.slack import blocks as slack
from tests.support.organisation import draft, world

WORLD = world()
EVIL = (
    "<!channel> <@U0JANEDOE> <https://evil.example|click> https://evil.example *bold* _i_ ~s~ & ```x``` `y` "
    "\u202e &lt;!here&gt; :tada: {{7*7}}\n> quoted\n```"
)
HOSTILE = st.sampled_from(
    [
        EVIL,
        "<" * 400,
        "&" * 900,
        "`" * 50,
        "\U0001f4a5" * 700,
        "a" * 5000,
        "\x00\x07",
        "'\"\\",
        " ",
        "<!everyone>",
    ]
)
TEXT = HOSTILE | st.text(max_size=60)
GRANTS = st.lists(
    st.fixed_dictionaries({"principal": TEXT, "privileges": st.lists(TEXT, min_size=1, max_size=3)}),
    max_size=6,
)
BY_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.integers(-5, 10**9),
    "boolean": st.booleans(),
    "date": st.dates().map(str),
    "list": st.lists(TEXT, max_size=8),
    "people": st.lists(TEXT, max_size=8),
    "choices": st.lists(TEXT, max_size=3),
    "grants": GRANTS,
    "access": st.lists(st.fixed_dictionaries({"team": TEXT, "permission": TEXT}), max_size=4),
    "mapping": st.dictionaries(st.sampled_from(["python", "x"]), TEXT, max_size=2),
}
LABELS = st.sampled_from(["", *(f"[n{number}]" for number in range(30))])


@st.composite
def said(draw: st.DrawFn) -> dict[str, Value]:
    """What somebody said: any fields with any values, valid ones among them."""
    kinds = st.sampled_from(sorted(WORLD.registry))
    keys = draw(st.lists(st.tuples(kinds, LABELS).map("".join), max_size=12, unique=True))
    found: dict[str, Any] = {"resources": keys} if keys else {}
    for path, field in WORLD.catalogue.items():
        value = BY_TYPE.get(field.type, TEXT)
        valid = st.sampled_from(field.choices) if field.type == "choice" else value
        if field.kind is None and path != "resources" and draw(st.booleans()):
            found[path] = draw(value | valid)
        for key in keys:
            if field.kind == key.partition("[")[0] and draw(st.integers(0, 3)) == 0:
                found[f"resources.{key}.{field.name}"] = draw(value | valid)
    sources = st.sampled_from(["said", "inferred"])
    return {path: Value(value, draw(sources), draw(TEXT)) for path, value in found.items()}


def huge(count: int, purpose: str, grants: int) -> dict[str, Value]:
    """A whole request with so many schemas, and so many grants on the first."""
    keys = [f"schema[n{number}]" for number in range(count)]
    entry = {"privileges": ["USE_SCHEMA", "SELECT"]}
    fields = {
        "resources": keys,
        "metadata.name": "churn",
        "metadata.purpose": purpose,
        "metadata.business_owner": "jane.doe@acme.example",
        "metadata.data_classification": "internal",
        "metadata.expires": "2027-04-30",
        "resources.schema[n0].grants": [{"principal": f"group-{n}", **entry} for n in range(grants)],
    }
    return {path: Value(value, "said", "words") for path, value in fields.items()}


def texts(node: Any) -> Iterator[dict[str, Any]]:
    """Every text object, those of rich text among them."""
    if isinstance(node, dict):
        if node.get("type") in ("mrkdwn", "plain_text", "text"):
            yield node
        for child in node.values():
            yield from texts(child)
    elif isinstance(node, list | tuple):
        for child in node:
            yield from texts(child)


OURS = re.compile(r"<https?://github\.example/[^|<>]*\|[^<>|]*>")


def check_texts(blocks: Any) -> None:
    """No markup but our own: untrusted text is literal, or escaped code on one line."""
    for text in texts(blocks):
        assert text["text"]
        if text["type"] == "plain_text":
            assert text["emoji"] is False
        if text["type"] == "mrkdwn":
            rest = OURS.sub("", text["text"])
            assert "<" not in rest
            assert ">" not in rest
            assert re.sub(r"&(?:amp|lt|gt);", "", rest).count("&") == 0
            assert "```" not in rest
            assert text["verbatim"] is True
            assert all(line.count("`") % 2 == 0 for line in rest.split("\n"))
            outside = re.sub(r"`[^`]*`", "", rest)
            assert re.fullmatch(r"[\w .,:*()·…/#-]*(?:\n[\w .,:*()·…/#-]*)*", outside), outside


def check_message(message: Message) -> None:
    """Slack's limits, by our own numbers and by those of the rehearsal Slack."""
    blocks = [dict(block) for block in message.blocks]
    slack.check_message(message.text, blocks)
    assert message.text.strip()
    assert not set(message.text) & set("<>")
    assert length(message.text) <= 4000
    assert len(blocks) <= 50
    assert size(blocks) <= 13_000
    ids = [
        element["action_id"]
        for block in blocks
        for element in block.get("elements", ())
        if "action_id" in element
    ]
    assert len(ids) == len(set(ids))
    named = [block["block_id"] for block in blocks if "block_id" in block]
    assert len(named) == len(set(named))
    for block in blocks:
        assert block["type"] != "image" or block["alt_text"]
        limit = {"section": 3000, "header": 150, "context": 2000}.get(block["type"], 13_000)
        assert all(length(text["text"]) <= limit for text in texts(block))
        assert len(block.get("elements", ())) <= {"actions": 25, "context": 10}.get(block["type"], 10)
        for element in block.get("elements", ()):
            assert len(str(element.get("value", ""))) <= 2000
            options = element.get("options", ())
            assert len({entry["value"] for entry in options}) == len(options) <= 100
            for entry in options:
                assert 1 <= length(entry["text"]["text"]) <= 75
                assert length(entry.get("description", {"text": ""})["text"]) <= 75
    check_texts(blocks)


def check_form(view: dict[str, Any]) -> None:
    slack.check_view(view)
    assert len(view["blocks"]) <= 100
    assert len(json.dumps(view).encode()) < 250_000
    assert len(view["private_metadata"]) <= 3000
    ids = [block["block_id"] for block in view["blocks"] if "block_id" in block]
    assert len(ids) == len(set(ids))
    for block in view["blocks"]:
        element = block.get("element", {})
        assert length(element.get("initial_value", "")) <= 3000
        options = [json.dumps(entry) for entry in element.get("options", ())]
        assert len(options) == len(set(options)) <= 100
        chosen = [*element.get("initial_options", ()), *filter(None, [element.get("initial_option")])]
        assert all(json.dumps(entry) in options for entry in chosen)
    check_texts(view["blocks"])


def everything(state: Draft) -> None:
    """All that can be shown of a draft."""
    composed = composed_of(state, WORLD)
    named = digest(composed.raw) if composed.raw is not None else None
    for stage in (Stage.COLLECTING, Stage.REVIEWING, Stage.SUBMITTED, Stage.APPLIED):
        pulled = stage is Stage.SUBMITTED
        at = replace(
            state,
            state=stage,
            pull_number=12 if pulled else None,
            pull_url="https://github.example/a" if pulled else None,
        )
        check_message(views.message(Card(at, composed, named)))
    for path in (*composed.missing, *state.unclear)[:6]:
        for again in (False, True):
            check_message(views.message(question(path, composed, state, WORLD, again=again)))
    lines = change_lines(state.log, composed, WORLD)
    if lines:
        check_message(views.message(Changed(lines)))
    for asked in (
        "what is missing?",
        "how much is it?",
        "who approves?",
        "show me the file",
        "what happens next?",
    ):
        for answer in answers(asked, state, WORLD):
            check_message(views.message(Note(answer)))
    check_form(views.form(state, WORLD))


def with_log(values: dict[str, Value]) -> Draft:
    """A draft that was told all of it, and then something else for each."""
    state = draft()
    state = state.changed(Patch(path, None, value, value.quote, "1", 1) for path, value in values.items())
    other = {
        path: Value(value.value, "inferred", EVIL) for path, value in values.items() if path != "resources"
    }
    return state.changed(Patch(path, values[path], value, EVIL, "2", 2) for path, value in other.items())


@given(said())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@example(huge(100, EVIL, 200))
@example(huge(1, "a" * 5000, 200))
@example(huge(40, "Find out who pays.", 3))
def test_all_that_is_shown_of_any_request_keeps_to_the_limits(values: dict[str, Value]) -> None:
    everything(with_log(values))


@pytest.mark.parametrize("count", [1, 100])
def test_a_form_with_more_than_it_holds_says_so_and_changes_nothing_when_sent_back(count: int) -> None:
    state = replace(draft(), said=huge(count, "Find out who pays.", 200))
    view = views.form(state, WORLD)
    assert "too much for this form" in json.dumps(view["blocks"][-1])
    assert not any("n0].grants" in block.get("block_id", "") for block in view["blocks"])


def test_the_fallback_of_the_card_says_state_what_is_missing_and_the_cost() -> None:
    state = replace(draft(), said={"resources": Value(["compute"], "said")})
    message = views.message(Card(state, composed_of(state, WORLD), None))
    assert "collecting" in message.text
    assert "Still needed: name, purpose, business owner" in message.text
    assert "EUR a month" in message.text


def test_what_changed_last_stands_on_the_card() -> None:
    first, then = Value("small", "said", "small"), Value("medium", "said", "medium")
    path = "resources.compute.size"
    state = draft().changed([Patch("resources", None, Value(["compute"], "said"), "x", "1", 1)])
    state = state.changed([Patch(path, None, first, "small", "1", 1)])
    state = state.changed([Patch(path, first, then, "medium", "2", 2)])
    message = views.message(Card(state, composed_of(state, WORLD), None))
    assert "Changed last: size (compute) small → medium" in [text["text"] for text in texts(message.blocks)]


def test_the_file_in_the_card_is_literal_text() -> None:
    state = replace(draft(), said=huge(1, "Find ``` out <!here> who pays.", 1))
    composed = composed_of(state, WORLD)
    assert composed.raw is not None
    assert preformatted(composed.raw.decode()) in views.message(Card(state, composed, "sha256:x")).blocks
