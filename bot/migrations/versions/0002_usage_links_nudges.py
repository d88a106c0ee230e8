"""What models were used for, who is who on GitHub, and how often approvers were reminded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "usage",
        sa.Column("person", sa.String(32), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.Column("prompt_tokens", sa.Integer, nullable=False),
        sa.Column("answer_tokens", sa.Integer, nullable=False),
    )
    op.create_table(
        "links",
        sa.Column("slack", sa.String(32), primary_key=True),
        sa.Column("login", sa.String(39), nullable=False),
        sa.Column("github_id", sa.BigInteger, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "nudges",
        sa.Column("conversation_id", sa.String(64), primary_key=True),
        sa.Column("commit", sa.String(40), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Drop the tables; people can link themselves again, and the rest is only counted."""
    op.drop_table("nudges")
    op.drop_table("links")
    op.drop_table("usage")
