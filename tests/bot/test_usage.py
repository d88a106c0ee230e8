"""Tokens are added up per person and day, and none gets lost when many count at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.dialects import postgresql

from bot.model import Extractor
from bot.model.breaker import Breaker
from bot.model.client import Cost, Question
from bot.model.extractor import USED_UP
from bot.store import Store
from bot.usage import Spent, Usage, counting
from handlers import registry
from tests.support import desk_rig


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/bot.db")
    store.upgrade()
    yield store
    store.close()


def test_nothing_is_spent_at_first(store: Store) -> None:
    assert Usage(store.engine).spent("U1") == Spent()


def test_it_adds_up_for_each_person_alone(store: Store) -> None:
    usage = Usage(store.engine)
    assert usage.add("U1", 100, 20) == Spent(1, 100, 20)
    assert usage.add("U1", 1, 2) == Spent(2, 101, 22)
    assert usage.add("U2", 5, 5).tokens == 10
    assert usage.spent("U1") == Spent(2, 101, 22)


def test_a_new_day_begins_at_nothing(store: Store) -> None:
    days = [date(2026, 11, 21), date(2026, 11, 22)]
    Usage(store.engine, lambda: days[0]).add("U1", 100, 20)
    assert Usage(store.engine, lambda: days[1]).spent("U1") == Spent()
    assert Usage(store.engine, lambda: days[0]).spent("U1").tokens == 120


def test_none_gets_lost_and_one_crosses_a_limit(store: Store) -> None:
    usage = Usage(store.engine)
    with ThreadPoolExecutor(8) as pool:
        sums = [spent.tokens for spent in pool.map(lambda _: usage.add("U1", 7, 3), range(80))]
    assert usage.spent("U1") == Spent(80, 560, 240)
    assert sorted(sums) == list(range(10, 801, 10))
    assert sum(1 for now in sums if now - 10 < 400 <= now) == 1


def test_what_makes_no_sense_is_not_taken_off(store: Store) -> None:
    assert Usage(store.engine).add("U1", -5, 3) == Spent(1, 0, 3)


def test_postgresql_gets_the_same_in_one_statement() -> None:
    statement = counting("postgresql", "U1", date(2026, 11, 21), 1, 2)
    text = str(statement.compile(dialect=postgresql.dialect()))
    assert "ON CONFLICT (person, day) DO UPDATE SET" in text
    assert "prompt_tokens = (usage.prompt_tokens + excluded.prompt_tokens)" in text
    assert "RETURNING" in text


class Reading:
    """A model that finds nothing, for a price."""

    name = "m"

    def __init__(self) -> None:
        self.breaker = Breaker()

    def ask(self, question: Question, seconds: float) -> tuple[str, Cost]:
        return '{"updates": []}', Cost(90, 10)


def test_that_the_budget_is_used_up_is_said_once_in_the_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(f"sqlite:///{tmp_path}/usage.db")
    store.upgrade()
    models: Any = [Reading()]
    reader = Extractor(models, registry(), usage=Usage(store.engine), budget=150)
    monkeypatch.setattr(desk_rig, "Extractor", lambda: reader)
    rig = desk_rig.Rig(tmp_path / "desk")
    try:
        rig.open("a repo please")
        for text in ("call it churn-alerts", "thanks", "to see who is about to leave us"):
            rig.say(text)
        assert [text for text in rig.texts() if "language model" in text] == [USED_UP]
        assert Usage(store.engine).spent(desk_rig.LI) == Spent(2, 180, 20)
        assert rig.draft().said["metadata.purpose"].value == "to see who is about to leave us"
    finally:
        rig.stop()
        store.close()
