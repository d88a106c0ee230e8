"""Whether a text names a number, a right or a word, in any of the ways that people say it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rapidfuzz import fuzz

from bot.numbers import NUMBER, number
from bot.text import NEGATED, fold, squeeze
from gitops.plan import JSON

_RIGHTS: Mapping[str, str] = {
    "USE_SCHEMA": r"read\w*|select|quer\w+|view|see|look at|writ\w+|modif\w+|edit\w*|updat\w+|insert\w*"
    r"|create|use|access|les\w+|schreib\w*|tabellen|leer|lire|leggere|ler",
    "SELECT": r"read\w*|quer\w+|view|see|look at|writ\w+|modif\w+|edit\w*|updat\w+|insert\w*|creat\w+ tables?"
    r"|les\w+|schreib\w*|leer|lectura|lire|lecture|leggere|ler|leitura",
    "MODIFY": r"writ\w+|modif\w+|edit\w*|updat\w+|insert\w*|change|rw|creat\w+ (?:new )?tables?|schreib\w*"
    r"|escri\w+|[eé]cri\w+|scriv\w+",
    "CREATE_TABLE": r"(?:creat\w+|add|make) (?:new )?tables?|tabellen anlegen|crear tablas"
    r"|cr[eé]er des tables",
    "CAN_USE": r"us(?:e|es|ing)|run queries|quer\w+|connect\w*|read\w*|nutz\w+|benutz\w*|verwenden",
    "CAN_ATTACH_TO": r"attach\w*|us(?:e|es|ing)|run|nutz\w+|benutz\w*",
    "CAN_RESTART": r"(?:re)?start\w*|neu ?starten",
    "CAN_MANAGE_RUN": r"run\w*|trigger\w*|(?:re)?start\w*",
    "CAN_VIEW": r"view|see|read\w*|look at|sehen|lesen",
    "CAN_MANAGE": r"manag\w+|administ\w+|verwalten",
    "pull": r"read\w*|see|view|clone|lesen\w*",
    "push": r"writ\w+|commit\w*|schreib\w*",
    "maintain": r"maintain\w*",
    "admin": r"admin\w*",
}
"""Plain words for a right; the right's own name always counts."""

_VERBS: Mapping[str, str] = {
    "READ": _RIGHTS["CAN_VIEW"],
    "WRITE": _RIGHTS["push"],
    "CREATE": r"creat\w+|add|make",
}
"""Plain words for a right by the verb that it begins with (``READ_VOLUME``), where it has none of its own."""


def right_named(right: str, around: str) -> bool:
    """Whether a text names this right, in plain words or by its name, and not behind a "no"."""
    own = re.escape(right).replace("_", "[_ ]")
    words = _RIGHTS.get(right) or _RIGHTS.get(right.upper()) or _VERBS.get(right.partition("_")[0])
    found = re.search(rf"\b(?:{own}{'|' + words if words else ''})\b", around, re.I)
    return found is not None and not NEGATED.search(around[: found.start()][-24:])


_SPANS = {"half": 30, "quarter": 15, "halbe": 30, "halben": 30, "viertel": 15, "media": 30, "demi": 30}
_COUNTS = {
    "single": 1, "an hour": 60, "a couple": 2, "couple": 2, "pair": 2, "dozen": 12, "hour": 60, "stunde": 60,
    "uno": 1, "una": 1, "un": 1, "dos": 2, "deux": 2, "tres": 3, "trois": 3, "cuatro": 4, "quatro": 4,
    "quatre": 4, "cinco": 5, "cinq": 5, "seis": 6, "siete": 7, "ocho": 8, "huit": 8, "diez": 10, "dix": 10,
}  # fmt: skip


def number_named(value: JSON, around: str) -> bool:
    """Whether a text names this number: in digits or words, in minutes where it speaks of hours."""
    try:
        wanted = int(str(value))
    except ValueError:
        return squeeze(str(value)) in squeeze(around)
    flat = fold(around)
    numbers = {found for match in re.finditer(NUMBER, flat) if (found := number(match[0])) is not None}
    numbers |= {int(found) for found in re.findall(r"\d{1,6}", flat)}
    numbers |= {count for word, count in _COUNTS.items() if re.search(rf"\b{word}\b", flat)}
    numbers |= {span for word, span in _SPANS.items() if word in flat}
    in_hours = re.search(r"hour|stunde|\dh\b|\d hrs?\b|hora|heure|ora", flat)
    return wanted in numbers or bool(
        in_hours and any(each * 60 + add == wanted for each in {1, *numbers} for add in (0, 15, 30, 45))
    )


def word_in(words: Iterable[str], text: str, *, misspelt: bool, negated: bool = False) -> bool:
    """Whether one of these words stands in a text; ``misspelt`` takes long ones with a slip too, ``negated``
    those behind a "no".
    """
    flat = fold(text)
    said = re.findall(r"[\w-]+", flat)
    for word in map(fold, words):
        if not word.isascii() and word in flat:
            return True
        for found in re.finditer(rf"(?<![\w-]){re.escape(word)}(?:s|es)?(?![\w-])", flat):
            if negated or not NEGATED.search(flat[: found.start()]):
                return True
        if misspelt and len(word) >= 5 and any(len(one) >= 5 and fuzz.ratio(one, word) >= 82 for one in said):
            return True
    return False


def tokens(text: str) -> set[str]:
    """The words and numbers of a text, folded."""
    return set(re.findall(r"[^\W_]+", fold(text)))
