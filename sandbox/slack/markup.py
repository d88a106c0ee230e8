"""Slack's text markup as HTML for the page: escaped first, then only what is known is marked up."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from markupsafe import Markup, escape

EMOJI: Mapping[str, str] = {
    "+1": "👍", "arrow_right": "➡️", "bar_chart": "📊", "bell": "🔔", "books": "📚",
    "bulb": "💡", "calendar": "📅", "clipboard": "📋", "clock1": "🕐", "construction": "🚧",
    "eyes": "👀", "file_folder": "📁", "gear": "⚙️", "hammer_and_wrench": "🛠️",
    "heavy_check_mark": "✔️", "heavy_minus_sign": "\N{HEAVY MINUS SIGN}",
    "heavy_plus_sign": "\N{HEAVY PLUS SIGN}", "hourglass": "⌛",
    "hourglass_flowing_sand": "⏳",
    "information_source": "\N{INFORMATION SOURCE}\N{VARIATION SELECTOR-16}", "key": "🔑",
    "large_blue_circle": "🔵", "large_green_circle": "🟢", "large_yellow_circle": "🟡",
    "leftwards_arrow_with_hook": "↩️", "link": "🔗", "lock": "🔒", "mag": "🔍", "memo": "📝",
    "moneybag": "💰", "no_entry": "⛔", "no_entry_sign": "🚫", "octagonal_sign": "🛑",
    "package": "📦", "page_facing_up": "📄", "pencil": "📝", "pencil2": "✏️",
    "point_right": "👉", "pushpin": "📌", "question": "❓", "recycle": "♻️", "red_circle": "🔴",
    "repeat": "🔁", "robot_face": "🤖", "rocket": "🚀", "seedling": "🌱", "shield": "🛡️",
    "sparkles": "✨", "speech_balloon": "💬", "tada": "🎉", "thinking_face": "🤔",
    "thumbsup": "👍", "wastebasket": "🗑️", "warning": "⚠️", "wave": "👋",
    "white_check_mark": "✅", "white_circle": "⚪", "x": "❌",
}  # fmt: skip
SCHEMES = ("http://", "https://", "mailto:")

_CODE = re.compile(r"```\n?(.+?)\n?```\n?|`([^`\n]+)`", re.DOTALL)
_CONTROL = re.compile(r"&lt;([@#!]?)([^|&]*(?:&amp;[^|&]*)*)(?:\|(.*?))?&gt;")
_MARKS = (
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), r"<strong>\1</strong>"),
    (re.compile(r"(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])"), r"<em>\1</em>"),
    (re.compile(r"(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])"), r"<s>\1</s>"),
)
_QUOTE = re.compile(r"^&amp;gt; ?(.*)$|^&gt; ?(.*)$", re.MULTILINE)
_EMOJI = re.compile(r":([a-z0-9_+-]+):")
_MARKDOWN = (
    (re.compile(r"^#{1,6} +(.+)$", re.MULTILINE), r"<strong>\1</strong>"),
    (re.compile(r"\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"^(\s*)[-*] +", re.MULTILINE), r"\1• "),
)
_MARKDOWN_LINK = re.compile(r"\[([^\]\n]+)\]\(([^()\s]+)\)")


def plain(text: str) -> Markup:
    """A ``plain_text`` object: nothing but emoji."""
    return Markup(_EMOJI.sub(_emoji, str(escape(text))))  # noqa: S704 - escaped in this very line


def mrkdwn(text: str, name_of: Callable[[str], str]) -> Markup:
    """A ``mrkdwn`` text as HTML. ``name_of`` turns an id of a person or channel into what is shown."""
    return _outside_code(str(escape(text)), lambda part: _marked(part, name_of))


def markdown(text: str) -> Markup:
    """A ``markdown`` block, thinly: headings, bold, lists, links, code."""

    def marked(part: str) -> str:
        part = _MARKDOWN_LINK.sub(lambda found: _link(found.group(2), found.group(1)), part)
        for pattern, to in _MARKDOWN:
            part = pattern.sub(to, part)
        return _EMOJI.sub(_emoji, part)

    return _outside_code(str(escape(text)), marked)


def _outside_code(escaped: str, marked: Callable[[str], str]) -> Markup:
    parts, last = [], 0
    for found in _CODE.finditer(escaped):
        parts.append(marked(escaped[last : found.start()]))
        block, inline = found.groups()
        parts.append(f"<pre>{_entities(block)}</pre>" if block else f"<code>{_entities(inline)}</code>")
        last = found.end()
    parts.append(marked(escaped[last:]))
    return Markup("".join(parts))  # noqa: S704 - every part was escaped before it came here


def _marked(part: str, name_of: Callable[[str], str]) -> str:
    # Control sequences are set aside first, so that an underscore in an address is no italics.
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(_control(found, name_of))
        return f"\x00{len(kept) - 1}\x00"

    part = _CONTROL.sub(keep, part.replace("\x00", ""))
    for pattern, to in _MARKS:
        part = pattern.sub(to, part)
    part = _QUOTE.sub(lambda found: f"<q>{found.group(1) or found.group(2) or ''}</q>", part)
    part = _entities(_EMOJI.sub(_emoji, part))
    return re.sub(r"\x00(\d+)\x00", lambda found: kept[int(found.group(1))], part)


def _control(found: re.Match[str], name_of: Callable[[str], str]) -> str:
    sign, target, label = found.group(1), found.group(2), found.group(3)
    if sign in {"@", "#"}:
        return f'<span class="mention">{sign}{escape(name_of(target))}</span>'
    if sign == "!":
        return f'<span class="mention">{_entities(label or "@" + target.split("^")[0])}</span>'
    return _link(_entities(target), _entities(label or target.removeprefix("mailto:")))


def _link(target: str, label: str) -> str:
    if not target.startswith(SCHEMES):
        return label
    return f'<a href="{target}" target="_blank" rel="noopener noreferrer">{label}</a>'


def _entities(escaped: str) -> str:
    """Slack's own three entities, which came in escaped a second time."""
    return re.sub(r"&amp;(amp|lt|gt);", r"&\1;", escaped)


def _emoji(found: re.Match[str]) -> str:
    return EMOJI.get(found.group(1), found.group())
