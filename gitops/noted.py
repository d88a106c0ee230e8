"""What the bot notes of where values come from: hidden in the text of a pull request, and read back strictly.

Whoever may edit the text can edit the note. So it informs reviewers and decides nothing, and it counts only
for the file whose digest it names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from msgspec import Struct

from gitops.hidden import find_hidden, hide

INFERRED = "inferred"
UNSAID = (INFERRED, "looked_up", "default")
"""Sources of values that nobody said, those first that deserve most of a look."""

LIMIT = 24_000
"""Characters of a note at most; what a reviewer should look at first is noted first."""

_NAME = "origins"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_KEYS = {"file", "said", "left", "values"}
_PATH, _TEXT = 200, 200


class Origin(NamedTuple):
    """A value of the file: ``path`` as people are asked for it, ``source``, the value as text, and the words.

    ``source`` is ``said``, ``looked_up``, ``default``, ``inferred`` or ``merged`` (it stood there before).
    """

    path: str
    source: str
    value: str
    quote: str = ""


class Noted(Struct, frozen=True, kw_only=True):
    """The note on one file; ``file_digest`` is empty where there is none: the request was written by hand.

    ``said`` counts the values that somebody said, ``values`` are the others, ``left`` so many more of them.
    """

    file_digest: str = ""
    said: int = 0
    left: int = 0
    values: tuple[Origin, ...] = ()


def note(file_digest: str, origins: Iterable[Origin]) -> str:
    """The note as one line that GitHub does not show."""
    found = list(origins)
    unsaid = sorted((one for one in found if one.source in UNSAID), key=lambda one: UNSAID.index(one.source))
    shown: list[list[str]] = []
    room = LIMIT - 300  # for what stands around the values
    for one in unsaid:
        entry = [one.path[:_PATH], one.source, one.value[:_TEXT], one.quote[:_TEXT]]
        room -= len(hide("", entry))
        if room < 0:
            break
        shown.append(entry)
    data = {
        "file": file_digest,
        "said": len(found) - len(unsaid),
        "left": len(unsaid) - len(shown),
        "values": shown,
    }
    return hide(_NAME, data)


def read(body: str) -> Noted:
    """The note in the text of a pull request; without one, with two or an odd one, that nothing is known."""
    data = find_hidden(_NAME, body, LIMIT)
    try:
        return Noted() if data is None else _noted(data)
    except (ValueError, TypeError):
        return Noted()


def _noted(data: Any) -> Noted:
    """The note in its data.

    Raises:
        ValueError, TypeError: it is none that :func:`note` would have written.
    """
    if not isinstance(data, dict) or data.keys() != _KEYS:
        raise ValueError("other keys")
    if not _DIGEST.fullmatch(data["file"]):
        raise ValueError("no digest")
    counts = data["said"], data["left"]
    if not all(type(count) is int and 0 <= count < 10**6 for count in counts):
        raise ValueError("no counts")
    values = tuple(_origin(entry) for entry in data["values"])
    return Noted(file_digest=data["file"], said=counts[0], left=counts[1], values=values)


def _origin(entry: Any) -> Origin:
    if not isinstance(entry, list) or len(entry) != 4 or not all(isinstance(part, str) for part in entry):
        raise ValueError("no value")
    if entry[1] not in UNSAID or len(entry[0]) > _PATH or max(len(part) for part in entry[2:]) > _TEXT:
        raise ValueError("an odd value")
    return Origin(*entry)
