"""Small pieces of Block Kit within Slack's limits; the only place where text becomes a text object.

What people typed is shown as ``plain_text``, as literal text of ``rich_text``, or as code in ``mrkdwn``
with ``& < >``
escaped, so that it can neither mention, nor link, nor format. Limits: docs.slack.dev, Block Kit reference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]

BLOCKS, TOTAL, SECTION, HEADER, BUTTON, VALUE, CONTEXT, FALLBACK = 50, 12_900, 3000, 150, 75, 2000, 2000, 3000
OPTIONS, OPTION_VALUE, FORM_TITLE, FORM_BLOCKS, INITIAL = 100, 150, 24, 100, 3000
HINT, FORM_BYTES = 2000, 240_000


@dataclass(frozen=True)
class Message:
    """A message: ``text`` is what notifications and screen readers get, ``blocks`` what is shown."""

    text: str
    blocks: tuple[Block, ...] = ()


def length(text: str) -> int:
    """Characters as Slack counts them: UTF-16 code units, so most emoji are two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def clip(text: str, limit: int) -> str:
    """At most ``limit`` characters as Slack counts them, cut with an ellipsis."""
    if length(text) <= limit:
        return text
    short = text[: max(0, limit - 1)]
    while length(short) > limit - 1:
        short = short[: len(short) - max(1, (length(short) - limit) // 2)]
    return short + "…"


def escaped(text: str) -> str:
    """Text for ``mrkdwn``: the three control characters of Slack as entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(value: str, limit: int = 300) -> str:
    """Untrusted text as inline code: one line, no back-ticks, escaped."""
    line = clip(" ".join(value.split()), limit).replace("`", "'")
    return f"`{escaped(line)}`" if line else "_none_"


def link(url: str, label: str) -> str:
    """A link of ours; an address that is not plain http(s) is shown as code."""
    clean = url.startswith(("https://", "http://")) and not set(url) & set("<>|\"'` \n\t")
    return f"<{url.replace('&', '&amp;')}|{escaped(label)}>" if clean else code(url)


def plain(text: str, limit: int) -> Block:
    """A literal text; never empty, since Slack refuses that."""
    return {"type": "plain_text", "text": clip(text, limit) or " ", "emoji": False}


def section(text: str) -> Block:
    """A paragraph of literal text."""
    return {"type": "section", "text": plain(text, SECTION)}


def marked(text: str) -> Block:
    """A paragraph of our own ``mrkdwn``; untrusted parts come in through :func:`code`.

    Nothing is linked by itself.
    """
    return {
        "type": "section",
        "text": {"type": "mrkdwn", "text": clip(text, SECTION) or " ", "verbatim": True},
    }


def context(text: str) -> Block:
    """A small line of literal text."""
    return {"type": "context", "elements": [plain(text, CONTEXT)]}


def header(text: str) -> Block:
    """A title."""
    return {"type": "header", "text": plain(text, HEADER)}


def button(action: str, label: str, value: str, style: str = "") -> Block:
    """A button; a ``value`` over Slack's limit is a defect and raises ``ValueError``."""
    if len(value) > VALUE:
        raise ValueError(f"the value of {action} has {len(value)} characters, Slack takes {VALUE}")
    made: Block = {"type": "button", "action_id": action, "text": plain(label, BUTTON), "value": value}
    return made | ({"style": style} if style else {})


def option(value: str, label: str = "", description: str = "") -> Block:
    """An entry of a menu; values are short words of ours (choices, team and template names)."""
    made: Block = {"text": plain(label or value, BUTTON), "value": clip(value, OPTION_VALUE) or " "}
    return made | ({"description": plain(description, BUTTON)} if description else {})


def preformatted(text: str) -> Block:
    """Literal text in a box, in the type of a file."""
    element = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text or " "}]}
    return {"type": "rich_text", "elements": [element]}


def size(blocks: Sequence[Mapping[str, Any]]) -> int:
    """How long the blocks are for Slack's undocumented limit on all of them together, in characters."""
    return length(json.dumps(blocks, ensure_ascii=False))


def fitting(blocks: Sequence[Block], last: Sequence[Block] = (), limit: int = TOTAL) -> tuple[Block, ...]:
    """As many blocks from the front as fit together with the ``last`` ones, which always stay."""
    kept: list[Block] = []
    room = limit - size(last)
    for block in blocks:
        room -= size([block])  # its brackets stand for the comma
        if len(kept) + len(last) + 1 > BLOCKS or room < 0:
            break
        kept.append(block)
    return (*kept, *last)
