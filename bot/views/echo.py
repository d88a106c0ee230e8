"""What somebody else changed on the pull request, with the two buttons that answer it; pure."""

from __future__ import annotations

from collections.abc import Sequence

from bot.dialogue import Echo
from bot.views.blocks import FALLBACK, Block, Message, button, clip, context, escaped, link, marked, section

AGREE, DECLINE = "agree", "decline"
QUESTION = "Is that what you want? It cannot be merged before you say so."
LINE, WORDS = 300, 2800


def echo(reply: Echo) -> Message:
    """The words of the change, and the question."""
    words = lines(reply.words)
    buttons: list[Block] = [
        button(AGREE, "That is right", reply.digest, "primary"),
        button(DECLINE, "Not what I want", reply.digest, "danger"),
    ]
    seen = [marked(link(reply.url, "See it on the pull request"))] if reply.url else []
    blocks = (section(words), *seen, context(QUESTION), {"type": "actions", "elements": buttons})
    return Message(_fallback(f"{words} {QUESTION}"), blocks)


def answered(words: Sequence[str]) -> Message:
    """The same message once it was answered: the words stay, the buttons go."""
    *said, last = words
    return Message(_fallback(last), (section(lines(said)), context(last)))


def lines(words: Sequence[str]) -> str:
    """A line on each, none too long."""
    return clip("\n".join(clip(" ".join(word.split()), LINE) for word in words), WORDS)


def _fallback(text: str) -> str:
    return clip(escaped(text), FALLBACK)
