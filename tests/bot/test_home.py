"""App Home and the lists: what fits, what can be pressed, and that no name breaks out."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bot import views
from bot.draft import Draft, Merged, Stage
from bot.overview import items
from bot.views.home import Detail, Item
from gitops.draft import Value
from gitops.request import load_request
from handlers import registry
from tests.bot.test_amending import FILE, NAME, PATH

TEXT = st.text(max_size=400) | st.sampled_from(["<!channel>", "`", "<@U024BE7LH>", "&amp;", "a" * 3000, ""])
ITEM = st.builds(
    Item,
    name=TEXT,
    state=st.sampled_from(["Stands.", "Withdrawn."]),
    mine=st.booleans(),
    thread=st.sampled_from(["", "https://acme.slack.example/archives/C1/p1", "javascript:alert(1)"]),
    pull=st.sampled_from(["", "https://github.example/7"]),
    pull_number=st.none() | st.integers(1, 10**6),
    conversation=st.sampled_from(["", "c0123456789"]),
    changeable=st.booleans(),
)


@given(st.lists(ITEM, max_size=120))
@settings(max_examples=40, deadline=None)
def test_any_home_keeps_to_the_limits_of_slack(rows: list[Item]) -> None:
    view = views.home(rows)
    assert 0 < len(view["blocks"]) <= 100
    assert len(json.dumps(view)) < 250_000
    for block in view["blocks"]:
        if block["type"] == "section":
            assert 0 < len(block["text"]["text"]) <= 3000
        for one in block.get("elements", ()) if block["type"] == "actions" else ():
            assert len(one["value"]) <= 2000
            assert one.get("url", "https://").startswith("https://")
    shown = json.dumps([one for one in view["blocks"] if one.get("text", {}).get("type") == "mrkdwn"])
    assert "<!channel>" not in shown
    assert "<@U024BE7LH>" not in shown


@given(st.lists(ITEM, max_size=60))
@settings(max_examples=40, deadline=None)
def test_any_list_is_one_message_that_mentions_nobody(rows: list[Item]) -> None:
    said = views.listing(rows)
    assert said
    assert "<!channel>" not in said
    assert "<@U024BE7LH>" not in said
    assert len(said) < 12_000


def test_where_not_all_fit_it_is_said() -> None:
    rows = [Item(f"dev/growth/request-{number}", "Stands.", True, changeable=True) for number in range(100)]
    assert "There are more" in str(views.home(rows)["blocks"][-1])
    assert "There are more" not in str(views.home(rows[:20])["blocks"])
    assert views.listing(rows).endswith("… and 75 more.")


def test_the_detail_of_one_says_how_to_change_it() -> None:
    item = Item(NAME, "Stands.", True, thread="https://acme.slack.example/x", changeable=True)
    said = views.detail(
        Detail(item, ("repo growth-churn",), "jane.doe@acme.example", "2027-03-01", "applied")
    )
    assert f"/lakeport change {NAME}" in said
    assert "<https://acme.slack.example/x|Open its thread>" in said
    assert views.ambiguous("churn", ["a", "b"]).count("`") == 4


def talk(number: int, state: Stage, name: str = "", merged: bool = False) -> Draft:
    said = {"metadata.name": Value(name, "said")} if name else {}
    return Draft(
        id=f"c{number}", requester_slack="U024BE7LH", channel="C1", thread_ts=f"{number}.1", state=state,
        said=said, merged=Merged(PATH, FILE) if merged else None,
        submitted_path=PATH if state is Stage.APPLIED else None,
    )  # fmt: skip


def test_what_needs_somebody_stands_first_and_each_request_once() -> None:
    loaded = load_request(FILE.encode(), PATH, registry())
    drafts = [
        talk(1, Stage.APPLIED), talk(2, Stage.MERGED, "second"), talk(3, Stage.COLLECTING),
        talk(4, Stage.REVIEWING, "fourth"), talk(5, Stage.WITHDRAWN, "fifth"),
    ]  # fmt: skip
    rows = items(drafts, [loaded], "U024BE7LH", {"c1": "https://acme.slack.example/1"})
    assert [row.name for row in rows] == ["fourth", "not named yet", "second", NAME]
    assert [bool(row.conversation) for row in rows] == [True, True, False, False]
    assert (rows[-1].thread, rows[-1].mine) == ("https://acme.slack.example/1", True)
    assert rows[-1].changeable


def test_what_is_being_changed_is_not_changed_a_second_time() -> None:
    loaded = load_request(FILE.encode(), PATH, registry())
    rows = items([talk(1, Stage.SUBMITTED, merged=True)], [loaded], "U0JANEDOE", {})
    assert [(row.name, row.changeable, row.mine) for row in rows] == [
        (NAME, False, True),
        (NAME, False, False),
    ]
    assert rows[0].state.startswith("a change:")
    retiring = load_request(
        FILE.replace("lifecycle: active", "lifecycle: retiring").encode(), PATH, registry()
    )
    (row,) = items([], [retiring], "U024BE7LH", {})
    assert (row.state, row.changeable) == ("Being taken away.", False)
