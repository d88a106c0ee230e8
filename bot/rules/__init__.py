"""The extractor without a model: :func:`extract` reads the common ways in which people say what they need.

``extract`` asks one reader for each family of phrases; ``context`` is what they all know of the conversation,
``values`` how numbers, names and lists are read, ``resources`` which things a message is about.
"""

from bot.rules.extract import READERS, extract

__all__ = ["READERS", "extract"]
