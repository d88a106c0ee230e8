"""The console that everything for people is printed on."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def open_console(file: IO[str]) -> Console:
    """A rich console: colours only on a terminal and without ``NO_COLOR``; no markup, no highlighting."""
    from rich.console import Console

    return Console(file=file, markup=False, highlight=False, emoji=False)
