"""Kinds that the rules know nothing of but their fields: each gets what it has, and not what another has."""

from __future__ import annotations

import pytest

from bot import namings
from bot.model import prompt
from tests.bot.test_rules import READ, values
from tests.support.organisation import world

BOTH = {"resources": ["schema", "volume"]}
SCHEMA, VOLUME = "resources.schema.grants", "resources.volume.grants"


def entry(privileges: list[str]) -> list[dict[str, object]]:
    return [{"principal": "growth", "privileges": privileges}]


@pytest.mark.parametrize(
    ("text", "grants"),
    [
        ("growth can read the schema", {SCHEMA: entry(READ)}),
        ("growth can read the volume", {VOLUME: entry(["READ_VOLUME"])}),
        ("growth can read and write the volume", {VOLUME: entry(["READ_VOLUME", "WRITE_VOLUME"])}),
        ("growth can read the schema and the volume", {SCHEMA: entry(READ), VOLUME: entry(["READ_VOLUME"])}),
        ("growth can read the schema and write the volume", {SCHEMA: None, VOLUME: None}),
        ("growth gets WRITE_VOLUME on the volume", {VOLUME: entry(["WRITE_VOLUME"])}),
        ("growth can read it", {SCHEMA: entry(READ)}),
    ],
)
def test_grants_are_those_of_the_kind_that_is_spoken_of(text: str, grants: dict[str, object]) -> None:
    """Two kinds with rights of their own in one clause are asked about: none gets too much."""
    found = {path: value for path, value in values(text, said=BOTH).items() if path in (SCHEMA, VOLUME)}
    assert found == grants


@pytest.mark.parametrize(
    "text",
    [
        "we need a small cluster for a high volume of events",
        "we need a repo to forecast order volumes",
        "large data volumes, so a big cluster please",
        "a repo for the sales volume forecast",
        "new project for volume forecasting, we need a repo",
        "a repo; the data volume is about 2 TB",
        "a volume of 2 TB, so a large cluster",
    ],
)
def test_a_word_of_other_talk_asks_for_nothing(text: str) -> None:
    assert "volume" not in values(text)["resources"]  # type: ignore[operator]


@pytest.mark.parametrize(
    "text",
    [
        "we need a volume for the uploads",
        "volume",
        "a schema and a volume please",
        "repo, schema, volume",
        "we need a repo, a schema and volume",
        "please add a volume called `landing`",
        "a unity catalog volume",
    ],
)
def test_where_it_can_be_nothing_else_it_is_asked_for(text: str) -> None:
    assert "volume" in values(text)["resources"]  # type: ignore[operator]


def test_an_answer_is_for_what_was_asked() -> None:
    assert values("growth can write", VOLUME, BOTH)[VOLUME] == entry(["WRITE_VOLUME"])
    assert SCHEMA not in values("growth can write", VOLUME, BOTH)
    assert values("growth can write", SCHEMA, BOTH)[SCHEMA] == entry([*READ, "MODIFY"])


def test_a_catalog_is_for_the_kinds_that_are_asked_for() -> None:
    assert values("in the catalog ml_dev", said={"resources": ["volume"]}) == {
        "resources.volume.catalog": "ml_dev"
    }
    assert values("in the catalog ml_dev", said={"resources": ["schema"]}) == {
        "resources.schema.catalog": "ml_dev"
    }


@pytest.mark.parametrize(
    ("right", "words"), [("READ_VOLUME", "may read it"), ("WRITE_VOLUME", "may write it")]
)
def test_plain_words_are_evidence_of_a_right_by_its_verb(right: str, words: str) -> None:
    assert namings.right_named(right, words)
    assert not namings.right_named(right, "may not")
    assert not namings.right_named("WRITE_VOLUME", "may read it")


def test_a_model_is_told_the_privileges_of_each_kind() -> None:
    place = world()
    told = prompt.instructions(place.catalogue, place.policy, place.today)
    lines = {line.split(" ")[1]: line for line in told.splitlines() if line.startswith("- resources.")}
    assert "SELECT" in lines[SCHEMA]
    assert "READ_VOLUME" in lines[VOLUME]
    assert "SELECT" not in lines[VOLUME]
