"""What came into the default branch, commit by commit: by merges, squashed, rebased or pushed by hand.

Who put it there is what Git says of the commit. A line in a message that looks like one of ours proves
nothing: anybody can type it. What counts is the receipt that names the commit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from gitops.checkout import is_request_file

if TYPE_CHECKING:
    from gitops.audit.record import Record

_PULL = re.compile(r"^Merge pull request #(\d{1,9}) |\(#(\d{1,9})\)$")
_FIELDS = ("sha", "authored", "at", "author", "email", "committer", "subject", "thread")
_THREAD = "%(trailers:key=Lakeport-Thread,valueonly,separator=%x20)"
_FORMAT = "%x00".join(("%H", "%aI", "%cI", "%an", "%ae", "%cn", "%s", _THREAD))
"""Ends of fields are NUL, the one character that no message and no name can hold."""
_STAMP = re.compile(r"/p(\d{10})\d{6}(?:\?|$)")
"""Slack's permalinks end in the time of the message, in microseconds."""

_NOTHING = "0" * 40


class Change(Struct, frozen=True):
    """One file in a merge: ``before`` and ``after`` are Git ids of its contents, empty for none."""

    path: str
    before: str
    after: str

    @property
    def word(self) -> str:
        """What happened to the file."""
        return "added" if not self.before else "removed" if not self.after else "changed"


class Merge(Struct, frozen=True, kw_only=True):
    """One commit of the default branch that touched requests.

    ``authored`` and ``at`` are when it was written and when it came here, with the offset of that clock, ISO
    8601. ``pull`` is the number that its message names, and ``thread`` the address of a conversation: both
    are only words, and may be missing.
    """

    sha: str
    authored: str
    at: str
    author: str
    email: str
    committer: str
    subject: str
    thread: str
    pull: int | None
    changes: tuple[Change, ...]

    @property
    def asked(self) -> str:
        """When the conversation that it names began, by Slack's time stamp in the address; empty for none."""
        found = _STAMP.search(self.thread)
        return datetime.fromtimestamp(int(found[1]), UTC).isoformat() if found else ""


class Line(Struct, frozen=True, kw_only=True):
    """One file of a merge, as a line of a table."""

    day: str
    commit: str
    path: str
    what: str
    author: str


def lines(found: Iterable[Merge]) -> list[Line]:
    """A line for each file of each merge."""
    return [
        Line(day=one.at, commit=one.sha, path=change.path, what=change.word, author=one.author)
        for one in found
        for change in one.changes
    ]


def merges(record: Record, path: str = "", *, since: str = "", until: str = "") -> Iterator[Merge]:
    """The commits of the default branch that touched requests, newest first; of one ``path`` where given.

    ``since`` and ``until`` are days, ISO 8601, both included, by the committer's clock.
    """
    options = ["--first-parent", "--diff-merges=first-parent", "--raw", "--no-renames", "--no-abbrev"]
    where = f":(literal){path}" if path else "requests/"
    command = ["log", *options, f"--format={_FORMAT}", "-z", record.main, "--", where]
    words = record.checkout.git(*command).decode("utf-8", "surrogateescape").split("\0")
    for found in _merges(words):
        day = found.at[:10]
        if found.changes and (not since or day >= since) and (not until or day <= until):
            yield found


def _merges(words: list[str]) -> Iterator[Merge]:
    """A commit is its fields, then two words for each file: ``:mode mode before after status``, its path."""
    at = 0
    while at < len(words):
        if not words[at]:  # between two commits
            at += 1
            continue
        fields = dict(zip(_FIELDS, words[at : at + len(_FIELDS)], strict=True))
        at += len(_FIELDS)
        changes = []
        while at < len(words) and words[at].lstrip("\n").startswith(":"):
            _, _, before, after, _ = words[at].split(" ", 4)
            if is_request_file(words[at + 1]):
                ids = ("" if one == _NOTHING else one for one in (before, after))
                changes.append(Change(words[at + 1], *ids))
            at += 2
        named = _PULL.search(fields["subject"])
        pull = int(named[1] or named[2]) if named else None
        yield Merge(**fields, pull=pull, changes=tuple(changes))


def days_between(begin: str, end: str) -> float | None:
    """How many days lie between two moments (ISO 8601, with an offset); ``None`` when one is none."""
    try:
        return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds() / 86_400
    except (ValueError, TypeError):
        return None
