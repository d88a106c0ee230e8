"""How the life of one request reads on a terminal: plain text, written without what takes long to import."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from msgspec import Struct

from gitops.markup import visible

if TYPE_CHECKING:
    from gitops.audit.deeds import Deed
    from gitops.audit.life import Event

_STYLES = {"": "", "bold": "1", "dim": "2", "yellow": "33"}


FEW = 3
"""So many values of what was made are shown; what was there before is shown with every value."""


class Paper(Struct, frozen=True):
    """What is written on: whether it has colours, and how many columns; 0 where lines have no end."""

    colours: bool = False
    width: int = 0

    @classmethod
    def of(cls, file: TextIO) -> Paper:
        """A file has neither; a terminal colours unless ``NO_COLOR`` says otherwise."""
        if not file.isatty():
            return cls()
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return cls(colours=not plain, width=shutil.get_terminal_size().columns)

    def line(self, text: str, style: str = "", *, indent: int = 0, first: str = "") -> str:
        """A text made visible, after ``first`` in its first line; further lines are indented as far."""
        begin = f"{' ' * indent}{first}"
        lines = [begin + visible(text)]
        if self.width and len(lines[0]) > self.width and "://" not in text:
            wide = max(self.width, len(begin) + 20)
            lines = textwrap.wrap(
                visible(text),
                wide,
                initial_indent=begin,
                subsequent_indent=" " * len(begin),
                break_on_hyphens=False,
            )
        code = _STYLES[style] if self.colours else ""
        return "".join(f"\x1b[{code}m{line}\x1b[0m\n" if code else f"{line}\n" for line in lines)


def story(head: Mapping[str, str], events: Sequence[Event], paper: Paper) -> str:
    """What a request is now, and everything that happened to it, with what proves each line."""
    widest = max(map(len, head), default=0)
    said = [paper.line(value, first=f"{name:<{widest}}  ") for name, value in head.items() if value]
    for event in events:
        said += ["\n", *_event(event, paper)]
    return "".join(said)


def _event(event: Event, paper: Paper) -> Iterator[str]:
    who = f", commit by {event.who}" if event.who else ""
    yield paper.line(f"{event.what}{who}", "bold", first=f"{visible(event.at[:16].replace('T', ' '))}  ")
    if event.doubt:
        yield paper.line(event.doubt, "yellow", indent=2, first="! ")
    for detail in event.details:
        yield paper.line(detail, indent=2)
    for deed in event.deeds:
        yield from _deed(deed, paper)
    cited = [_short(one) for one in event.cites]
    yield paper.line("; ".join(one for one in cited if "://" not in one), "dim", indent=2)
    for address in (one for one in cited if "://" in one):
        yield paper.line(address, "dim", indent=2)


def _deed(deed: Deed, paper: Paper) -> Iterator[str]:
    stands = "; it stands as wanted" if deed.read_back == "as_wanted" else ""
    yield paper.line(f"{deed.what}{stands}", indent=2, first=f"{visible(deed.outcome):<8} ")
    if deed.made and len(deed.values) > FEW:
        yield paper.line(f"{len(deed.values)} values, all of them new (--json)", "dim", indent=11)
    else:
        for value in deed.values:
            yield paper.line(value, "dim", indent=11)
    if deed.error:
        yield paper.line(deed.error, indent=11)
    if deed.doubt:
        yield paper.line(deed.doubt, "yellow", indent=9, first="! ")
    if deed.request_ids:
        yield paper.line(", ".join(deed.request_ids), "dim", indent=11, first="request ")


def _short(citation: str) -> str:
    word, _, rest = citation.partition(" ")
    return f"{word} {rest[:12]}" if word == "commit" else citation
