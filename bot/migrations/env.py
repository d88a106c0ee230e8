"""How Alembic reaches the database: on the connection that :meth:`bot.store.Store.upgrade` hands over."""

from __future__ import annotations

from alembic import context

from bot.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table="lakeport_schema",
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
