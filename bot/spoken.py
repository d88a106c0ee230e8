"""Which part of a message is the requester's own word, and which is text of others that they carry along.

Slack hands over both in one text: block quotes, pasted passages, and the value of a purpose are data. They
may fill a free text; they never say what environment, owner, access or catalog somebody wants.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from bot.text import level, plain
from gitops.fields import Field

FREE_TEXT = frozenset({"purpose", "comment"})
"""Names of fields that hold a sentence of the person, whatever stands in it."""

MAX_CHARS = 12_000
"""Longer messages are read up to here."""

_INVISIBLE = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_QUOTED_LINE = re.compile(r"^[ \t]*(?:&gt;|>)(?!=)[^\n]*$", re.M)
_QUOTED_REST = re.compile(r"^[ \t]*(?:&gt;&gt;&gt;|>>>).*\Z", re.M | re.S)
_FENCED = re.compile(r"```(.*?)(?:```|\Z)", re.S)
_FORM_LINE = re.compile(r"^\W*[\w][\w ./-]{1,40}\s*[:=]\s*\S.*$|^\s*$")
_QUOTATION = re.compile(
    r"\"[^\"\n]*\"|\u201c[^\u201d\n]*\u201d|\u201e[^\u201c\n]*\u201c|\u00ab[^\u00bb\n]*\u00bb|`[^`\n]*`"
    r"|(?<!\w)'[^'\n]*'(?!\w)"
)
_LONG = 30
"""A quotation of more characters is no name and no value but somebody's text."""


def own_words(raw: str) -> str:
    """Raw Slack text without invisible characters, block quotes and pasted blocks that are no form.

    This is what an extractor reads. Link texts, file names and names of people and channels are no text of
    the message; :func:`bot.text.plain` drops them.
    """
    text = _QUOTED_REST.sub("", _INVISIBLE.sub("", raw[:MAX_CHARS]))
    text = _QUOTED_LINE.sub("", text)
    return _FENCED.sub(_form_or_nothing, text)


def _form_or_nothing(found: re.Match[str]) -> str:
    """A pasted block is kept when every line of it is ``label: value``, or when it is a mere name."""
    body = found[1].strip()
    if len(body) <= 40 and "\n" not in body:
        return body
    return found[1] if all(_FORM_LINE.match(line) for line in body.splitlines()) else ""


def _short_or_nothing(found: re.Match[str]) -> str:
    return found[0] if len(found[0]) <= _LONG + 2 else " "


def stated(raw: str, catalogue: Mapping[str, Field], *, answers_free_text: bool = False) -> str:
    """The part of a message (raw Slack text) that can be evidence for a risky value, as plain text.

    Left out are long quotations and what follows the label of a free text (``purpose: …``): the rest of a
    line that begins so, else the sentence, or up to the next label. ``answers_free_text``: the
    message answers a question for such a text, so all of it is the value, but for lines with another label.
    """
    text = _QUOTATION.sub(_short_or_nothing, plain(own_words(raw)))
    lines = []
    for line in text.splitlines():
        kept = _without_free_text(line, catalogue)
        labelled = _labels(catalogue).match(level(line))
        if not answers_free_text or labelled:
            lines.append(kept)
    return "\n".join(lines)


_SENTENCE_END = re.compile(r"[.;!?](?=\s)")


def _patterns(catalogue: Mapping[str, Field]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The labels of all fields at the start of a line or sentence, and those of free texts anywhere."""
    every = frozenset(word for field in catalogue.values() for word in _names(field))
    free = frozenset(
        word for field in catalogue.values() if field.name in FREE_TEXT for word in _names(field)
    )
    return _label(every, r"(?:^|[.;,!?])"), _label(free, r"(?:^|(?<=\W))")


@lru_cache(maxsize=16)
def _label(words: frozenset[str], before: str) -> re.Pattern[str]:
    choice = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"{before}[\s*_`\"'(\u2022-]{{0,8}}(?:{choice})[\s*_`\"')]{{0,8}}[:=]")


def _labels(catalogue: Mapping[str, Field]) -> re.Pattern[str]:
    return _patterns(catalogue)[0]


def _names(field: Field) -> set[str]:
    names = {field.name, field.name.replace("_", " "), field.ask.label, *field.ask.aliases}
    return {level(name) for name in names} | ({"zweck", "ziel"} if field.name in FREE_TEXT else set())


def _without_free_text(line: str, catalogue: Mapping[str, Field]) -> str:
    every, free = _patterns(catalogue)
    flat, kept, at = level(line), "", 0
    while (found := free.search(flat, at)) is not None:
        before = line[at : found.start()]
        kept += before + " "
        ends = [every.search(flat, found.end())]
        if (kept + before).strip(" *_\u2022-"):
            ends.append(_SENTENCE_END.search(flat, found.end()))
        at = min((end.start() for end in ends if end is not None), default=len(line))
    return kept + line[at:]
