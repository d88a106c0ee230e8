"""The commits of the branch of receipts: which file each put there, and which are not like the workflow's.

A name and a date in a commit are what its author says. Only GitHub knows who sent it and whether it signed
it (:mod:`gitops.audit.anchor`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from gitops.markup import clip, visible

if TYPE_CHECKING:
    from gitops.audit.record import Record

_LONGEST = 80
_WORDS = 6
"""So many texts lead each commit in the answer of Git: what :data:`_FORMAT` asks for."""
_FORMAT = "%H%x00%P%x00%aI%x00%an%x00%ae%x00%s"


class Put(Struct, frozen=True):
    """What a commit did with a path: the Git ids of the file before and after, empty where there was none."""

    path: str
    before: str
    after: str


class Commit(Struct, frozen=True, kw_only=True):
    """A commit of the branch. ``at`` is ISO 8601; all of it but the ids is the author's word."""

    sha: str
    parents: tuple[str, ...]
    at: str
    name: str
    email: str
    subject: str
    puts: tuple[Put, ...]

    @property
    def author(self) -> str:
        """Name and address, as one line that can be shown."""
        return clip(visible(f"{self.name} <{self.email}>"), _LONGEST)

    @property
    def told(self) -> str:
        """The commit in a sentence: which, whose, of when."""
        return f"commit {self.sha[:12]} of {self.author} on {self.at[:10]}"

    @property
    def odd(self) -> str:
        """Why the workflow did not write it, as part of a sentence; empty where nothing shows that."""
        from gitops.drift_record import day_in
        from gitops.receipt import number_in

        if not self.name.endswith("[bot]"):
            return "its author is no app"
        if len(self.parents) > 1:
            return "it is a merge"
        if len(self.puts) != 1 or self.puts[0].before or not self.puts[0].after:
            return "it is not one new file"
        path = self.puts[0].path
        number, day = number_in(path), day_in(path)
        begins = f"Receipt {number}: " if number else f"Drift of {day}" if day else ""
        if not begins:
            return "its file is neither a receipt nor a look for drift"
        return "" if self.subject.startswith(begins) else "its message is not that of its file"


def commits(record: Record) -> tuple[Commit, ...]:
    """All commits of the branch, oldest first; of a merge, what differs from its first parent."""
    if not record.receipts_head:
        return ()
    out = record.checkout.git(
        "log",
        "--topo-order",
        "--root",
        "--raw",
        "-z",
        "--no-renames",
        "--no-abbrev",
        "--diff-merges=first-parent",
        f"--format={_FORMAT}",
        record.receipts_head,
    )
    return tuple(_read(out.decode("utf-8", "backslashreplace").split("\0")))[::-1]


def _read(words: list[str]) -> Iterator[Commit]:
    """The commits in an answer of ``git log -z``, whatever a person wrote into them."""
    at = 0
    while at + _WORDS <= len(words):
        sha, parents, when, name, email, subject = words[at : at + _WORDS]
        at += _WORDS
        puts = []
        while at + 1 < len(words) and (found := re.fullmatch(r"\n?:\S+ \S+ (\S+) (\S+) \S+", words[at])):
            before, after = ("" if set(one) == {"0"} else one for one in found.groups())
            puts.append(Put(words[at + 1], before, after))
            at += 2
        yield Commit(
            sha=sha,
            parents=tuple(parents.split()),
            at=when,
            name=name,
            email=email,
            subject=subject,
            puts=tuple(puts),
        )
