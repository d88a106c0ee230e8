"""The ids that GitHub and Databricks give to requests that change something, noted for each step.

Their support and their audit logs find a request by its id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MOST = 50
"""So many of one step are kept, the first ones; a step has a handful, and tries again four times."""

_READING = ("GET", "HEAD", "OPTIONS")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,99}")
_NOTED: ContextVar[list[str] | None] = ContextVar("the ids of the step", default=None)


@contextmanager
def noted(ids: list[str]) -> Iterator[None]:
    """Whatever is sent inside, in this thread, has its ids added to the list."""
    token = _NOTED.set(ids)
    try:
        yield
    finally:
        _NOTED.reset(token)


def note(verb: str, given: str | None) -> None:
    """Note the id that an answer carries; one of another form is somebody's text, and left out."""
    ids = _NOTED.get()
    if ids is None or not given or verb.upper() in _READING or len(ids) >= MOST:
        return
    if _ID.fullmatch(given) and given not in ids:
        ids.append(given)
