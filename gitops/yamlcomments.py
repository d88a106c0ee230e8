"""The comments of a YAML file: where they stand, and what they belong to.

A comment belongs to the field or entry below it, to the one whose line it ends, or to the end of the list or
mapping it closes. Found by the places of a strict reading, so a ``#`` in a text is never taken for one;
:func:`gitops.yamldump.dump` writes them, :mod:`gitops.yamlcarry` takes them to another version of the file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from gitops.finding import Place
    from gitops.yamlfile import Document
    from gitops.yamltext import Path

_BLOCK_INDICATOR = re.compile(r"[|>][0-9+-]*")


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment from its ``#`` to the end of its line.

    ``above`` and ``beside`` the value at ``path``, or at the ``end`` of the list or mapping there.
    """

    text: str
    path: Path
    where: Literal["above", "beside", "end"]


class _Shape(Enum):
    LEAF = "a value without parts: text, a number, nothing, [] or {}"
    FLOW = "[…] or {…} with something in it"
    BLOCK = "a list or mapping by indentation; where it ends, only its parts say"


@dataclass(frozen=True, slots=True)
class _Node:
    """A key with its value, or an entry of a list. ``start`` and ``end`` are offsets in the text.

    ``column`` is that of the key or of the entry's dash. ``parent`` is its index among all nodes, -1 at the
    top. ``in_flow``: it stands between brackets.
    """

    path: Path
    start: int
    end: int
    column: int
    shape: _Shape
    parent: int
    in_flow: bool


def find(document: Document) -> tuple[Comment, ...]:
    """All comments of a file, in the order of its text."""
    text = document.raw.decode()
    if "#" not in text:
        return ()
    return tuple(_Finder(text, document).comments())


class _Finder:
    """One pass over a text with what stands where in it."""

    def __init__(self, text: str, document: Document) -> None:
        self.text = text
        # For the parser the end of the file is in a line of its own, also where no line break is before it.
        self.lines = [0, *(match.end() for match in re.finditer("\n", text)), len(text)]
        self.document = document
        self.nodes: list[_Node] = []
        self.scalars: list[tuple[int, int]] = []
        self._walk(document.data, (), parent=-1, in_flow=self._is_flow(document.place(()), document.data))
        self.scalars.sort()
        self.starts = [node.start for node in self.nodes]
        # The node before the last comment line, and how far in the next line of that run may stand at most.
        self.run: tuple[int, int] = (-1, -1)

    def comments(self) -> Iterator[Comment]:
        for offset, after_dash in self._offsets():
            end = self.text.find("\n", offset)
            found = self.text[offset : end if end >= 0 else None].rstrip(" ")
            path, where = self._belongs(offset, after_dash=after_dash)
            yield Comment(found, path, where)

    # --- the tree of the document, flat, in the order of the text

    def _walk(self, data: Any, path: Path, *, parent: int, in_flow: bool) -> None:
        items = data.items() if isinstance(data, dict) else enumerate(data)
        for key, value in items:
            here = (*path, key)
            place = self.document.place(here)
            begin, end = (
                self._offset(place.line, place.column),
                self._offset(place.end_line, place.end_column),
            )
            start, column = begin, self._dash(place)
            if isinstance(key, str):
                name = self.document.key_place(here)
                start, column = self._offset(name.line, name.column), name.column - 1
                self.scalars.append((start, self._offset(name.end_line, name.end_column)))
            flow = self._is_flow(place, value)
            parts = isinstance(value, dict | list) and bool(value)
            shape = _Shape.FLOW if parts and flow else _Shape.BLOCK if parts else _Shape.LEAF
            if not isinstance(value, dict | list):
                header = _BLOCK_INDICATOR.match(self.text, begin)
                self.scalars += self._block_scalar(begin, end, header) if header else [(begin, end)]
            self.nodes.append(_Node(here, start, end, column, shape, parent, in_flow))
            if parts:
                self._walk(value, here, parent=len(self.nodes) - 1, in_flow=in_flow or flow)

    def _offset(self, line: int, column: int) -> int:
        return self.lines[line - 1] + column - 1

    def _is_flow(self, place: Place, value: Any) -> bool:
        at = self._offset(place.line, place.column)
        return isinstance(value, dict | list) and self.text[at : at + 1] in ("[", "{")

    def _dash(self, place: Place) -> int:
        before = self.text[self.lines[place.line - 1] : self._offset(place.line, place.column)].rstrip(" ")
        return len(before) - 1 if before.endswith("-") else max(place.column - 3, 0)

    def _block_scalar(self, begin: int, end: int, header: re.Match[str]) -> list[tuple[int, int]]:
        """The indicator and the text, not what may stand between them: ``|  # why``."""
        first_line = self.text.find("\n", begin)
        return [(begin, header.end()), (max(first_line, header.end()), end)]

    # --- each comment

    def _offsets(self) -> Iterator[tuple[int, bool]]:
        """Where comments begin: at a ``#`` that is in no key, no value and no other comment.

        And whether the dash of an entry stands before it, and nothing else of that entry yet.
        """
        at = 0
        for start, end in [*self.scalars, (len(self.text), len(self.text))]:
            after_dash = False
            while (found := self.text.find("#", at, start)) >= 0:
                between = self.text[at:found].rstrip(" \n")
                after_dash = between.endswith("-") if between else after_dash
                yield found, after_dash
                newline = self.text.find("\n", found)
                at = newline if newline >= 0 else len(self.text)
            at = max(at, end)

    def _belongs(self, offset: int, *, after_dash: bool) -> tuple[Path, Literal["above", "beside", "end"]]:
        line = self.lines[bisect_right(self.lines, offset) - 1]
        before = bisect_right(self.starts, offset) - 1
        if self.text[line:offset].strip(" "):
            chain = [node for node in self._chain(before) if node.shape is not _Shape.BLOCK]
            here = [node for node in chain if line <= node.start and node.end <= offset]
            ended = [node for node in chain if line <= node.end <= offset]
            if here:
                return here[-1].path, "beside"
            if before >= 0 and self.nodes[before].start >= line:
                return self.nodes[before].path, "beside"
            if ended:
                return ended[-1].path, "beside" if ended[-1].shape is _Shape.LEAF else "end"
        return self._own_line(offset, offset - line, before, after_dash=after_dash)

    def _chain(self, index: int) -> Iterator[_Node]:
        """A node and what it stands in, from the inside out."""
        while index >= 0:
            yield self.nodes[index]
            index = self.nodes[index].parent

    def _own_line(
        self, offset: int, column: int, before: int, *, after_dash: bool
    ) -> tuple[Path, Literal["above", "end"]]:
        after = self.nodes[before + 1] if before + 1 < len(self.nodes) else None
        chain = list(self._chain(before))
        around = next((node for node in chain if node.shape is not _Shape.BLOCK and offset < node.end), None)
        if around is not None:
            if around.shape is _Shape.FLOW and (after is None or after.start >= around.end):
                return around.path, "end"
            return (around if around.shape is _Shape.LEAF or after is None else after).path, "above"
        if after is not None and after_dash:
            return after.path, "above"
        # By indentation: a comment further in than what follows closes the list or mapping before it. Lists
        # are written in the column of their key; there the comment is the list's, which keeps it where it is.
        if self.run[0] == before:
            column = min(column, self.run[1])
        least = after.column if after else -1
        closed = [
            node
            for node in chain
            if not node.in_flow
            and least <= node.column <= column
            and (after is None or after.path[: len(node.path) - 1] != node.path[:-1])
        ]
        if not closed:
            self.run = (before, -1)
            return (after.path, "above") if after else ((), "end")
        deepest = max(closed, key=lambda node: (node.column, len(node.path)))
        self.run = (before, deepest.column)
        return deepest.path[:-1], "end"
