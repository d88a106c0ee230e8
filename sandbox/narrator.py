"""Tells a story on the terminal while it happens: a step at a time, and in it who said what."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from gitops.policy import Person


class Narrator:
    """Steps with a spinner while they last; quotes and remarks stand below the step they belong to."""

    def __init__(self, console: Console, people: Sequence[Person]) -> None:
        self._console = console
        self._people = people
        self._said = _grid()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A spinner while the body runs; then what was said in it, under a tick with its seconds."""
        begin = time.monotonic()
        self._said = _grid()
        with self._console.status(f"{title} …", spinner="dots"):
            try:
                yield
            except BaseException:
                self._print("[red]✗[/]", title, begin)
                raise
        self._print("[green]✓[/]", title, begin)

    def name(self, login: str) -> str:
        """What people call somebody; ``Lakeport`` for anybody the directory does not know."""
        return next((one.name.split()[0] for one in self._people if one.github == login), "Lakeport")

    def quote(self, who: str, text: str) -> None:
        """What somebody said, mentions as Slack shows them."""
        for index, line in enumerate(line for line in self._plain(text).splitlines() if line.strip()):
            self._said.add_row(Text(self.name(who) if index == 0 else "", "cyan"), Text(line))

    def remark(self, text: str) -> None:
        """Something to see that nobody said."""
        self._said.add_row("", Text(text, "dim"))

    def _print(self, mark: str, title: str, begin: float) -> None:
        self._console.print(f"{mark} [bold]{escape(title)}[/] [dim]{time.monotonic() - begin:.1f} s[/]")
        if self._said.row_count:
            self._console.print(self._said)

    def _plain(self, text: str) -> str:
        for one in self._people:
            for mention in (f"<@{one.slack}>", f"@{one.github}"):
                text = text.replace(mention, f"@{one.name}")
        return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _grid() -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=13, justify="right")
    grid.add_column(overflow="fold")
    return grid
