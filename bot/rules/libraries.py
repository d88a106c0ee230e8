"""Python libraries in a text: with versions in any spelling, or as plain names where they are asked for."""

from __future__ import annotations

import re

from bot.rules.context import Context
from bot.rules.reading import CHATTER, Reading
from bot.text import NEGATED, NOTHING, UNKNOWN

_LIBRARY = re.compile(
    r"(?<![\w./-])(?P<name>[A-Za-z][A-Za-z0-9]*(?:[-_.][A-Za-z0-9]+)*)(?:\[[\w,-]+\])?"
    r"(?P<pin>\s*(?:==|~=|>=|<=|===?)\s*|\s+(?:v|version |ver\.? "
    r"|in version )?)(?P<version>\d+(?:\.\d+)+(?:[a-z]+\d+)?)\b(?![/.]\d)"
)
_NO_LIBRARY = frozenset(
    [
        "until",
        "till",
        "til",
        "bis",
        "by",
        "on",
        "am",
        "at",
        "of",
        "to",
        "from",
        "version",
        "v",
        "python",
        "py",
        "spark",
        "dbr",
        "runtime",
        "java",
        "scala",
        "since",
        "about",
        "ca",
        "approx",
        "cost",
        "and",
        "or",
        "with",
        "max",
        "min",
        "um",
        "uhr",
        "vom",
        "release",
        "lts",
    ]
)


def libraries_in(text: str, *, cue: bool) -> list[tuple[str, str, bool]]:
    """Libraries with versions: (``name==version``, the words, negated).

    ``cue``: two-part versions count as well.
    """
    found = []
    for match in _LIBRARY.finditer(text):
        pinned = "=" in match["pin"]
        version = match["version"]
        a_date = not pinned and re.fullmatch(r"\d{1,2}\.\d{1,2}\.(?:20)?\d\d", version)
        clear = pinned or cue or (version.count(".") >= 2 and not a_date)
        if match["name"].lower() in _NO_LIBRARY or not clear:
            continue
        operator = match["pin"].strip() if pinned else "=="
        found.append(
            (f"{match['name']}{operator}{version}", match[0], bool(NEGATED.search(text[: match.start()])))
        )
    return found


def answer_libraries(text: str, path: str, context: Context) -> Reading | None:
    """Libraries, pinned where a version is said; plain names count too when separated by commas or alone."""
    del path, context
    pinned = [spec for spec, _, negated in libraries_in(text, cue=True) if not negated]
    rest = _LIBRARY.sub(" ", text.split(". ")[0])
    plain = []
    for part in re.split(r",|\band\b|\bund\b|\+|\n|&", rest):
        name = part.strip(" `*.\"'")
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(?:[-_.][A-Za-z0-9]+)*", name) and not _not_a_name(name):
            plain.append(name)
    if pinned or plain:
        return Reading(list(dict.fromkeys([*pinned, *plain])), text)
    return Reading([], text) if NOTHING.search(text) else None


def _not_a_name(word: str) -> bool:
    return (
        bool(NOTHING.search(word) or UNKNOWN.search(word) or CHATTER.search(word))
        or word.lower() in _NO_LIBRARY
    )
