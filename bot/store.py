"""The bot's database: conversations under way, what each turn of them asks for, and what was sent.

Nothing in it cannot be rebuilt from Git and GitHub. SQLite for one process, PostgreSQL for several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from bot.tables import CONVERSATIONS, OUTBOX, TURNS

Orders = list[dict[str, Any]]
"""What a turn asks for, as JSON; see :mod:`bot.orders`."""

SENDING, SENT = "sending", "sent"
OVER = ("applied", "withdrawn")
"""States after which a new message in a direct conversation starts a new request."""


class Conflict(Exception):
    """Somebody else saved the conversation since it was read: read it again and redo the step."""


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """A row of ``conversations``: ``draft`` is JSON of :class:`bot.draft.Draft`, ``version`` 0 is unsaved."""

    id: str
    requester: str
    channel: str
    thread_ts: str
    state: str
    draft: dict[str, Any]
    pull_number: int | None = None
    branch: str | None = None
    version: int = 0


@dataclass(frozen=True)
class Sending:
    """What is known of an effect.

    ``ref`` is what it made (a message's ts); ``again``: an earlier try may have made it without saying so.
    """

    done: bool
    ref: str | None
    again: bool


class Store:
    """The database behind the bot; every method is one transaction and safe to call from any thread."""

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)

    def upgrade(self) -> None:
        """Bring the schema to the newest version; does nothing when it is."""
        config = Config()
        location = str(Path(__file__).with_name("migrations")).replace("%", "%%")
        config.set_main_option("script_location", location)
        config.set_main_option("path_separator", "os")
        with self.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def ready(self) -> bool:
        """Whether the database answers."""
        try:
            with self.engine.connect() as connection:
                connection.execute(sa.select(CONVERSATIONS.c.id).limit(1)).all()
        except SQLAlchemyError:
            return False
        return True

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    # conversations

    def get(self, conversation_id: str) -> Conversation | None:
        """The conversation of this id."""
        return self._one(CONVERSATIONS.c.id == conversation_id)

    def in_thread(self, channel: str, thread_ts: str) -> Conversation | None:
        """The conversation of this thread."""
        return self._one(CONVERSATIONS.c.channel == channel, CONVERSATIONS.c.thread_ts == thread_ts)

    def of_pull(self, number: int | None, branch: str | None) -> Conversation | None:
        """The conversation whose pull request this is: by number, else the newest that has the branch.

        A branch has one pull request after the other, so one that is known by another number is not meant.
        """
        of_branch = [CONVERSATIONS.c.branch == branch]
        if number is not None:
            found = self._one(CONVERSATIONS.c.pull_number == number)
            if found is not None:
                return found
            of_branch.append(CONVERSATIONS.c.pull_number.is_(None))
        return self._one(*of_branch) if branch else None

    def open_with(self, requester: str, channel: str) -> Conversation | None:
        """The newest conversation that this person has under way in this channel."""
        return self._one(
            CONVERSATIONS.c.requester == requester,
            CONVERSATIONS.c.channel == channel,
            CONVERSATIONS.c.state.not_in(OVER),
        )

    def all_of(self, requester: str, limit: int = 10) -> tuple[Conversation, ...]:
        """What this person asked for, newest first."""
        return tuple(self._many(CONVERSATIONS.c.requester == requester, limit=limit))

    def save(self, conversation: Conversation, key: str, orders: Orders) -> Orders:
        """Write the conversation, and what is to be done about it, in one transaction.

        ``key`` names the turn. One that was saved before (the process died right after) writes nothing, and
        what it ordered then is returned.

        Raises:
            Conflict: somebody else wrote the conversation since it was read.
        """
        now, table = datetime.now(UTC), CONVERSATIONS
        values = {name: value for name, value in vars(conversation).items() if name not in ("id", "version")}
        values |= {"version": conversation.version + 1, "updated_at": now}
        try:
            with self.engine.begin() as connection:
                if conversation.version == 0:
                    connection.execute(sa.insert(table).values(id=conversation.id, **values))
                else:
                    mine = (table.c.id == conversation.id) & (table.c.version == conversation.version)
                    if not connection.execute(sa.update(table).where(mine).values(**values)).rowcount:
                        raise Conflict(conversation.id)
                turn = {"key": key, "conversation_id": conversation.id, "orders": orders, "at": now}
                connection.execute(sa.insert(TURNS).values(**turn))
        except (Conflict, IntegrityError):
            before = self.ordered(key)
            if before is None:
                raise Conflict(conversation.id) from None
            return before
        return orders

    def ordered(self, key: str) -> Orders | None:
        """What the turn of this key ordered, ``None`` when there was no such turn yet."""
        with self.engine.connect() as connection:
            return connection.execute(sa.select(TURNS.c.orders).where(TURNS.c.key == key)).scalar()

    def waiting(self, states: Sequence[str], limit: int = 500) -> tuple[Conversation, ...]:
        """Conversations in one of these states, the last changed first."""
        return tuple(self._many(CONVERSATIONS.c.state.in_(states), limit=limit))

    def _one(self, *where: sa.ColumnElement[bool]) -> Conversation | None:
        return next(iter(self._many(*where, limit=1)), None)

    def _many(self, *where: sa.ColumnElement[bool], limit: int) -> Sequence[Conversation]:
        statement = (
            sa.select(CONVERSATIONS).where(*where).order_by(CONVERSATIONS.c.updated_at.desc()).limit(limit)
        )
        with self.engine.connect() as connection:
            rows = connection.execute(statement).mappings().all()
        names = Conversation.__dataclass_fields__
        return [Conversation(**{name: row[name] for name in names}) for row in rows]

    # outbox

    def begin(self, key: str, kind: str) -> Sending:
        """Say that the effect of this key is about to happen; see :class:`Sending` for what comes back."""
        row = {"key": key, "kind": kind, "state": SENDING, "ref": None, "at": datetime.now(UTC)}
        try:
            with self.engine.begin() as connection:
                connection.execute(sa.insert(OUTBOX).values(**row))
        except IntegrityError:
            with self.engine.connect() as connection:
                found = connection.execute(sa.select(OUTBOX).where(OUTBOX.c.key == key)).one()
            return Sending(done=found.state == SENT, ref=found.ref, again=True)
        return Sending(done=False, ref=None, again=False)

    def finish(self, key: str, ref: str | None) -> None:
        """Say that the effect of this key has happened."""
        with self.engine.begin() as connection:
            connection.execute(
                sa.update(OUTBOX).where(OUTBOX.c.key == key).values(state=SENT, ref=ref, at=datetime.now(UTC))
            )

    def known_since(self, conversation_id: str) -> datetime | None:
        """When the first turn of a conversation was that is still known, in UTC."""
        with self.engine.connect() as connection:
            statement = sa.select(sa.func.min(TURNS.c.at)).where(TURNS.c.conversation_id == conversation_id)
            first: datetime | None = connection.execute(statement).scalar()
        return first.replace(tzinfo=UTC) if first and first.tzinfo is None else first

    def prune(self, before: datetime) -> None:
        """Forget messages older than this, and turns of conversations that are over.

        Cards stay, since they are updated, and turns of others, since what was told is known by them.
        """
        over = sa.select(CONVERSATIONS.c.id).where(CONVERSATIONS.c.state.in_(OVER))
        with self.engine.begin() as connection:
            connection.execute(sa.delete(TURNS).where(TURNS.c.at < before, TURNS.c.conversation_id.in_(over)))
            connection.execute(sa.delete(OUTBOX).where(OUTBOX.c.at < before, OUTBOX.c.kind != "card"))

    def sent(self, key: str) -> bool:
        """Whether the effect of this key is known to have happened."""
        with self.engine.connect() as connection:
            state = connection.execute(sa.select(OUTBOX.c.state).where(OUTBOX.c.key == key)).scalar()
        return state == SENT


def open_engine(url: str) -> sa.Engine:
    """An engine for this address; a SQLite file gets its folder, a write-ahead log and foreign keys."""
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite":
        if address.drivername in {"postgres", "postgresql"}:
            address = address.set(drivername="postgresql+psycopg")
        return sa.create_engine(address, pool_pre_ping=True)
    if address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(address)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # An event is acknowledged once it is written, so a write must survive a power cut: synchronous=FULL.
        for pragma in ("journal_mode=WAL", "busy_timeout=30000", "foreign_keys=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    return engine
