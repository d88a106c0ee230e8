"""``/lakeport``: the words that it knows, and who takes them up. A further command is a line in a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from gitops.suggest import nearest


class Handler(Protocol):
    """What takes a command up; ``word`` is the one that was used, ``text`` what came after it."""

    def __call__(self, key: str, *, user: str, channel: str, word: str, text: str) -> None:
        """Do it, or order it; every effect under this key."""


class Whisper(Protocol):
    """Tells one person something, where they are."""

    def __call__(self, user: str, channel: str, text: str) -> None:
        """Tell them."""


@dataclass(frozen=True)
class Command:
    """A word of ``/lakeport``: how it is used, what for in a few words, who takes it up, and other words."""

    usage: str
    about: str
    take: Handler
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Commands:
    """The commands by their word, in the order in which ``help`` shows them."""

    table: Mapping[str, Command]
    whisper: Whisper

    def commanded(self, key: str, *, user: str, channel: str, text: str) -> None:
        """Somebody typed ``/lakeport …``."""
        first, _, rest = text.strip().partition(" ")
        word = first.casefold()
        found = next((name for name, one in self.table.items() if word in (name, *one.words)), None)
        if found is not None:
            self.table[found].take(key, user=user, channel=channel, word=word, text=rest.strip())
        else:
            self.whisper(user, channel, self.help(word))

    def help(self, word: str = "") -> str:
        """How to go about it, in ``mrkdwn``; after an unknown word, with what may have been meant."""
        lines = [HELP, *(f"• `/lakeport {one.usage}` {one.about}" for one in self.table.values())]
        if word in ("", "help", "?", "hilfe"):
            return "\n".join(lines)
        known = [name for name, one in self.table.items() for name in (name, *one.words)]
        close = nearest(word, [*known, "help"])
        meant = f" Did you mean `/lakeport {close}`?" if close else ""
        return "\n".join([f"I know no such command.{meant}", *lines])


HELP = (
    "Tell me what your team needs on Databricks, in your own words: mention me in a channel, write to me "
    "directly, or use a command."
)
