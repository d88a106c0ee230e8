"""The history of the bot's database schema, applied by Alembic when the bot starts."""
