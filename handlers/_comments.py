"""The owner mark of what has no properties when it is made: the last line of its comment.

Any kind may use it; what carries the mark of a request goes when that request retires.
"""

from __future__ import annotations

MARK = "lakeport-request: "


def with_mark(comment: str, request: str) -> str:
    """The comment as it is stored: ``Raw files.`` and below it ``lakeport-request: dev/growth/churn``."""
    return f"{comment}\n{MARK}{request}" if comment else f"{MARK}{request}"


def without_mark(stored: str | None) -> tuple[str, str]:
    """Comment and request; only the last line can be a mark, whatever a person wrote above it."""
    comment, _, last = (stored or "").rpartition("\n")
    return (comment, last.removeprefix(MARK)) if last.startswith(MARK) else (stored or "", "")
