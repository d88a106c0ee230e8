"""A first function, to be replaced by what the library is for."""


def words(text: str) -> list[str]:
    """The words of a text, lower-case, in order."""
    return text.lower().split()
