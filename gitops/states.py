"""Where a request can stand, in words, and the colour of each on a terminal."""

from __future__ import annotations

STATES = {
    "applied": "applied as the file says",
    "changed": "applied, and the file was changed since",
    "partial": "partly applied; the next run takes up the rest",
    "failed": "not applied: it failed",
    "refused": "not applied: it was refused",
    "waiting": "not applied yet",
    "started": "being applied",
    "interrupted": "the run that applied it broke off; the next one takes it up",
    "held": "on hold until it is resumed: lakeport apply --only NAME --resume",
    "due": "taken away, but for what holds data: that is dropped on the day its receipt names",
    "misplaced": "no request can be at this path",
}

STYLES = {
    "applied": "green",
    **dict.fromkeys(("partial", "waiting", "changed", "started", "interrupted", "due"), "yellow"),
}
"""Colours of states; the others are red."""
