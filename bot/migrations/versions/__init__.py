"""One module for each version of the schema; the newest is what :mod:`bot.store` describes."""
