"""Names of tables, spelled so that Spark takes them whatever is in them."""


def quoted(name: str) -> str:
    """One part of a name between backticks."""
    if not name:
        raise ValueError("a name cannot be empty")
    return "`" + name.replace("`", "``") + "`"


def table(catalog: str, schema: str, name: str) -> str:
    """The full name of a table: ``catalog.schema.name``."""
    return ".".join(quoted(part) for part in (catalog, schema, name))
