"""What a person says of something that stands: from its end on, and one more of its kind."""

from __future__ import annotations

from datetime import date

import pytest

from bot.adjusting import adjusted, extended
from bot.amending import change_of
from bot.conversation import composed_of, step
from bot.dialogue import Changed, Said
from bot.draft import Draft, FieldUpdate, Merged
from bot.rules import extract
from tests.bot.test_amending import FILE, PATH
from tests.support.organisation import LI_WEI, draft, world

WORLD = world()
TEXT = FILE.replace(
    "- kind: compute",
    "- kind: schema\n  catalog: ml_dev\n  name: churn_prediction\n  grants_mode: named\n- kind: compute",
)


def change() -> Draft:
    return change_of(draft(), Merged(path=PATH, text=TEXT), WORLD.registry)


def end(text: str, read: str, today: date = date(2026, 11, 23)) -> object:
    return extended(change().hear(text), "metadata.expires", read, today)


@pytest.mark.parametrize(
    ("text", "read", "value"),
    [
        ("extend it by 3 months", "2027-02-23", "2027-06-01"),
        ("please prolong that by two weeks", "2026-12-07", "2027-03-15"),
        ("we need it for another month", "2026-12-23", "2027-04-01"),
        ("extend by one year", "2027-11-23", "2028-03-01"),
        ("extend it until 30 April 2027", "2027-04-30", "2027-04-30"),
        ("extend until in 3 months", "2027-02-23", "2027-02-23"),
        ("we need it for 3 months from now", "2027-02-23", "2027-02-23"),
        ("extend by ages", "soon", "soon"),
    ],
)
def test_a_span_counts_from_the_end_that_stands(text: str, read: str, value: str) -> None:
    assert end(text, read) == value


def test_a_month_has_the_days_it_has() -> None:
    assert end("extend it by 1 month", "2027-02-28", date(2027, 1, 31)) == "2027-04-01"
    other = change_of(
        draft(), Merged(path=PATH, text=TEXT.replace("2027-03-01", "2027-01-31")), WORLD.registry
    )
    other = other.hear("a month longer")
    assert extended(other, "metadata.expires", "2026-12-23", date(2026, 11, 23)) == "2027-02-28"


def test_a_new_request_is_left_alone() -> None:
    state = draft().hear("extend it by 3 months")
    assert extended(state, "metadata.expires", "2027-02-23", WORLD.today) == "2027-02-23"
    update = FieldUpdate("resources.schema.name", "set", "churn_raw", "churn_raw")
    assert adjusted([update], state, "another schema called churn_raw") == [update]


@pytest.mark.parametrize(
    "text", ["add another schema called churn_raw", "we need a second schema, churn_raw"]
)
def test_one_more_of_a_kind_is_a_further_one(text: str) -> None:
    state = change()
    read = [
        FieldUpdate("resources", "add", ["schema"], "schema"),
        FieldUpdate("resources.schema.name", "set", "churn_raw", "churn_raw"),
    ]
    meant = adjusted(read, state, text)
    moved, _ = step(state, Said(LI_WEI, text, "1.0"), updates=meant, world=WORLD)
    composed = composed_of(moved, WORLD)
    assert composed.document is not None
    names = [one["name"] for one in composed.document["resources"] if one["kind"] == "schema"]
    assert names == ["churn_prediction", "churn_raw"]
    assert not [finding for finding in composed.findings if finding.rule == "resource-renamed"]


@pytest.mark.parametrize(
    "text", ["we also need a second cluster, medium, for training", "one more medium cluster, please"]
)
def test_one_more_without_a_name_gets_one_that_follows(text: str) -> None:
    state = change()
    read = [
        FieldUpdate("resources", "add", ["compute"], "cluster"),
        FieldUpdate("resources", "add", ["scaffold"], "template"),
        FieldUpdate("resources.compute.size", "set", "medium", "medium"),
    ]
    meant = adjusted(read, state, text)
    moved, _ = step(state, Said(LI_WEI, text, "1.0"), updates=meant, world=WORLD)
    composed = composed_of(moved, WORLD)
    assert composed.document is not None
    sizes = {one["name"]: one["size"] for one in composed.document["resources"] if one["kind"] == "compute"}
    assert sizes == {"growth-churn-prediction-dev": "small", "growth-churn-prediction-2-dev": "medium"}
    assert FieldUpdate("resources", "add", ["scaffold"], "template") in meant


@pytest.mark.parametrize(
    "text", ["the cluster has another owner", "a new size for the cluster: medium", "make the cluster medium"]
)
def test_another_of_something_else_is_no_further_one(text: str) -> None:
    read = [
        FieldUpdate("resources", "add", ["compute"], "cluster"),
        FieldUpdate("resources.compute.size", "set", "medium", "medium"),
    ]
    assert adjusted(read, change(), text) == read


def test_another_name_for_what_stands_is_still_refused() -> None:
    state = change()
    read = [FieldUpdate("resources.schema.name", "set", "churn_raw", "churn_raw")]
    meant = adjusted(read, state, "call the schema churn_raw")
    moved, _ = step(state, Said(LI_WEI, "call the schema churn_raw", "1.0"), updates=meant, world=WORLD)
    assert "resource-renamed" in {finding.rule for finding in composed_of(moved, WORLD).findings}


def test_words_are_read_and_then_meant() -> None:
    state, text = change(), "extend it by 3 months"
    read = extract(
        WORLD.catalogue, state, None, text, policy=WORLD.policy,
        requester=WORLD.policy.person(slack=LI_WEI), today=WORLD.today,
    )  # fmt: skip
    moved, replies = step(state, Said(LI_WEI, text, "1.0"), updates=read, world=WORLD)
    assert moved.said["metadata.expires"].value == "2027-06-01"
    assert any("2027-03-01 → 2027-06-01" in str(one) for one in replies if isinstance(one, Changed))
