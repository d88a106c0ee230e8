"""Every scenario played from the first message to the file: the line that the rules have to hold."""

from __future__ import annotations

from functools import cache

import pytest

from bot.rehearsal import readers, scenario
from bot.rehearsal.player import play, world_of
from bot.rehearsal.score import Score, judge, totals
from handlers import registry
from tests.support.organisation import ROOT, policy

FOUND = scenario.load([ROOT / "tests" / "data" / "scenarios"])
SETS = sorted({one.scenario.id[0] for one in FOUND})
"""Scenarios are numbered within sets: d are those that the rules were made with, the others came later."""

FIELDS = 0.95
WITHIN_QUESTIONS = 0.9


@cache
def scores(of: str) -> tuple[Score, ...]:
    read = readers.reader("rules")
    played = []
    for one in (found.scenario for found in FOUND if found.scenario.id.startswith(of)):
        world = world_of(registry(), policy(), one.today)
        played.append(judge(one, play(one, world, read), world))
    return tuple(played)


def story(of: str) -> str:
    return "\n".join(f"{one.id}: {problem}" for one in scores(of) for problem in one.problems)


@pytest.mark.parametrize("of", SETS)
def test_what_people_meant_is_in_the_file(of: str) -> None:
    found = totals(scores(of))
    assert found["fields_right"] / found["fields_expected"] >= FIELDS, story(of)


@pytest.mark.parametrize("of", SETS)
def test_nothing_is_invented(of: str) -> None:
    assert totals(scores(of))["invented"] == 0, story(of)


@pytest.mark.parametrize("of", SETS)
def test_what_no_hint_answers_is_asked(of: str) -> None:
    assert totals(scores(of))["must_ask_missed"] == 0, story(of)


@pytest.mark.parametrize("of", SETS)
def test_what_policy_does_not_allow_is_refused(of: str) -> None:
    assert totals(scores(of))["must_refuse_missed"] == 0, story(of)


@pytest.mark.parametrize("of", SETS)
def test_little_is_asked(of: str) -> None:
    found = totals(scores(of))
    assert 1 - found["questions_over"] / found["scenarios"] >= WITHIN_QUESTIONS, story(of)


def test_files_are_named_after_their_scenario() -> None:
    assert [one.file.stem for one in FOUND] == [one.scenario.id for one in FOUND]
