"""The tables of the bot's database, as the newest migration makes them."""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

CONVERSATIONS = sa.Table(
    "conversations",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("requester", sa.String(32), nullable=False, index=True),
    sa.Column("channel", sa.String(32), nullable=False),
    sa.Column("thread_ts", sa.String(32), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("pull_number", sa.Integer, nullable=True, index=True),
    sa.Column("branch", sa.String(255), nullable=True, index=True),
    sa.Column("draft", sa.JSON, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("channel", "thread_ts"),
)

TURNS = sa.Table(
    "turns",
    METADATA,
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column(
        "conversation_id", sa.String(64), sa.ForeignKey(CONVERSATIONS.c.id), nullable=False, index=True
    ),
    sa.Column("orders", sa.JSON, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)

OUTBOX = sa.Table(
    "outbox",
    METADATA,
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("ref", sa.String(64), nullable=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)

USAGE = sa.Table(
    "usage",
    METADATA,
    sa.Column("person", sa.String(32), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("requests", sa.Integer, nullable=False),
    sa.Column("prompt_tokens", sa.Integer, nullable=False),
    sa.Column("answer_tokens", sa.Integer, nullable=False),
)
"""What a person's messages cost of a model's tokens in a day (UTC)."""

LINKS = sa.Table(
    "links",
    METADATA,
    sa.Column("slack", sa.String(32), primary_key=True),
    sa.Column("login", sa.String(39), nullable=False),
    sa.Column("github_id", sa.BigInteger, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)
"""Whose GitHub login a Slack account has proved to be; the person can do it again at any time."""

NUDGES = sa.Table(
    "nudges",
    METADATA,
    sa.Column("conversation_id", sa.String(64), primary_key=True),
    sa.Column("commit", sa.String(40), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
)
"""How often approvers were reminded of a request, by the commit that waits for them."""
