"""The plans that a pull request had before: kept in the plan's own comment, for people folded, for us hidden.

What stands in the comment is read strictly, since people with the right to write can edit it: anything odd is
dropped. It is only ever shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from gitops.hidden import find_hidden, hide
from gitops.markup import clip, code, escape, visible

KEPT = 10
"""So many earlier plans are shown, the newest first."""

_WORDS = 120
_NAME, _LIMIT = "plans", 20_000
_SHA = re.compile(r"[0-9a-f]{40}")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ")
_DIGEST = re.compile(r"(?:sha256:[0-9a-f]{64})?")


class Past(Struct, frozen=True, kw_only=True):
    """One plan: of which commit, drawn when (UTC, to the minute), what it came to, and its digest.

    ``digest`` is empty where no plan could be drawn.
    """

    sha: str
    at: str
    summary: str
    digest: str = ""

    def same(self, other: Past) -> bool:
        """Whether it is the same plan of the same commit, whenever it was drawn."""
        return (self.sha, self.summary, self.digest) == (other.sha, other.summary, other.digest)


def past(sha: str, at: datetime, summary: str, digest: str) -> Past:
    """A plan that was just drawn; ``at`` in UTC."""
    words = clip(visible(summary), _WORDS)
    return Past(sha=sha, at=f"{at:%Y-%m-%dT%H:%MZ}", summary=words, digest=digest)


def after(comment: str, now: Past) -> tuple[Past, ...]:
    """The plan of now and those before it, by what our comment said until now (empty: there was none)."""
    before = read(comment)
    if before and before[0].same(now):
        return before
    return (now, *before)[: KEPT + 1]


def tail(plans: Sequence[Past]) -> str:
    """The end of the comment: the earlier plans for people, and all of them for :func:`read`.

    ``plans`` begins with the one that the comment shows. At most some 16,000 characters.
    """
    folded = ""
    if earlier := plans[1:]:
        lines = "\n".join(map(_shown, earlier))
        folded = f"\n<details><summary>Earlier plans ({len(earlier)})</summary>\n\n{lines}\n\n</details>\n"
    rows = [[one.sha, one.at, one.summary, one.digest] for one in plans]
    return f"{folded}\n{hide(_NAME, rows)}\n"


def _shown(one: Past) -> str:
    drawn = f", plan {code(one.digest.removeprefix('sha256:')[:12])}" if one.digest else ""
    when = one.at.replace("T", " ").replace("Z", " UTC")
    return f"- {code(one.sha[:12])}, {when}: {escape(one.summary)}{drawn}"


def read(comment: str) -> tuple[Past, ...]:
    """The plans in a comment, the one that it shows first; nothing where anything about them is odd."""
    rows = find_hidden(_NAME, comment, _LIMIT)
    if not isinstance(rows, list):
        return ()
    plans = tuple(one for row in rows[: KEPT + 1] if (one := _read(row)) is not None)
    return plans if len(plans) == len(rows) else ()


def _read(row: Any) -> Past | None:
    if not isinstance(row, list) or len(row) != 4 or not all(isinstance(part, str) for part in row):
        return None
    sha, at, summary, digest = row
    sound = _SHA.fullmatch(sha) and _AT.fullmatch(at) and _DIGEST.fullmatch(digest)
    if not sound or len(summary) > _WORDS or summary != visible(summary):
        return None
    return Past(sha=sha, at=at, summary=summary, digest=digest)
