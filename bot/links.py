"""The table of links: which GitHub account a Slack account has proved to be its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from bot.device import Account
from bot.tables import LINKS


@dataclass(frozen=True)
class Link:
    """A Slack account, the GitHub account it is, and since when (UTC)."""

    slack: str
    account: Account
    at: datetime


class Links:
    """The links of everybody; every method is one transaction and safe to call from any thread."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def of(self, slack: str) -> Link | None:
        """What this Slack account is linked to."""
        return self._one(LINKS.c.slack == slack)

    def holder(self, account: Account) -> Link | None:
        """Who is linked to this GitHub account; its id decides, since a login can pass to somebody else."""
        return self._one(LINKS.c.github_id == account.id)

    def login_of(self, slack: str) -> str | None:
        """The GitHub login this Slack account has proved to be its own."""
        found = self.of(slack)
        return found.account.login if found else None

    def put(self, link: Link) -> None:
        """Link them, in place of what this Slack account was linked to."""
        row = {"login": link.account.login, "github_id": link.account.id, "at": link.at}
        with self._engine.begin() as connection:
            connection.execute(sa.delete(LINKS).where(LINKS.c.slack == link.slack))
            connection.execute(sa.insert(LINKS).values(slack=link.slack, **row))

    def remove(self, slack: str) -> bool:
        """Forget it; whether there was anything to forget."""
        with self._engine.begin() as connection:
            return bool(connection.execute(sa.delete(LINKS).where(LINKS.c.slack == slack)).rowcount)

    def _one(self, where: sa.ColumnElement[bool]) -> Link | None:
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(LINKS).where(where).limit(1)).one_or_none()
        if row is None:
            return None
        at = row.at if row.at.tzinfo else row.at.replace(tzinfo=UTC)  # SQLite gives the zone up
        return Link(row.slack, Account(row.login, row.github_id), at)
