"""What a person's messages cost of a model's tokens in a day: added up in the bot's database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.tables import USAGE


@dataclass(frozen=True)
class Spent:
    """Messages that a model read for a person in a day, and the tokens of prompts and answers."""

    requests: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Both together."""
        return self.prompt_tokens + self.answer_tokens


def _today() -> date:
    return datetime.now(UTC).date()


class Usage:
    """The table of what was spent; days are those of UTC. Safe to use from any thread and process."""

    def __init__(self, engine: sa.Engine, today: Callable[[], date] = _today) -> None:
        self._engine = engine
        self._today = today

    def spent(self, person: str) -> Spent:
        """What this person has spent today."""
        wanted = sa.select(USAGE.c.requests, USAGE.c.prompt_tokens, USAGE.c.answer_tokens).where(
            USAGE.c.person == person, USAGE.c.day == self._today()
        )
        with self._engine.connect() as connection:
            row = connection.execute(wanted).one_or_none()
        return Spent(*row) if row else Spent()

    def add(self, person: str, prompt_tokens: int, answer_tokens: int) -> Spent:
        """Count one more message and return what this person has spent today with it.

        One statement: of two that count at the same time, the sums that come back are in an order, so exactly
        one of them crosses a limit.
        """
        statement = counting(
            self._engine.dialect.name, person, self._today(), max(prompt_tokens, 0), max(answer_tokens, 0)
        )
        with self._engine.begin() as connection:
            sums = connection.execute(statement).mappings().one()
        return Spent(sums["requests"], sums["prompt_tokens"], sums["answer_tokens"])


def counting(
    dialect: str, person: str, day: date, prompt_tokens: int, answer_tokens: int
) -> sa.sql.dml.ReturningInsert[tuple[int, int, int]]:
    """The statement that counts one message and returns the new sums, on SQLite or PostgreSQL."""
    row = {
        "person": person,
        "day": day,
        "requests": 1,
        "prompt_tokens": prompt_tokens,
        "answer_tokens": answer_tokens,
    }
    made = postgresql.insert(USAGE) if dialect == "postgresql" else sqlite.insert(USAGE)
    insert = made.values(**row)
    sums = {name: USAGE.c[name] + insert.excluded[name] for name in list(row)[2:]}
    upsert = insert.on_conflict_do_update(index_elements=["person", "day"], set_=sums)
    return upsert.returning(USAGE.c.requests, USAGE.c.prompt_tokens, USAGE.c.answer_tokens)
