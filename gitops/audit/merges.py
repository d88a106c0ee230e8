"""What came into the default branch, commit by commit: by merges, squashed, rebased or pushed by hand.

Who put it there is what Git says of the commit. A line in a message that looks like one of ours proves
nothing: anybody can type it. What counts is the receipt that names the commit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gitops.audit.clocks import APART, contradicted, said, seconds
from gitops.checkout import is_request_file

if TYPE_CHECKING:
    from gitops.audit.facts import Written
    from gitops.audit.record import Record
    from gitops.checkout import Checkout

_PULL = re.compile(r"^Merge pull request #(\d{1,9}) |\(#(\d{1,9})\)$")
_FIELDS = ("sha", "authored", "at", "author", "email", "committer", "subject", "thread")
_THREAD = "%(trailers:key=Lakeport-Thread,valueonly,separator=%x20)"
_FORMAT = "%x00".join(("%H", "%at", "%ct", "%an", "%ae", "%cn", "%s", _THREAD))
"""Ends of fields are NUL, the one character that no message and no name can hold."""
_STAMP = re.compile(r"/p(\d{10})\d{6}(?:\?|$)")
"""Slack's permalinks end in the time of the message, in microseconds."""

_NOTHING = "0" * 40


class Change(Struct, frozen=True, array_like=True, gc=False):
    """One file in a merge: ``before`` and ``after`` are Git ids of its contents, empty for none."""

    path: str
    before: str
    after: str

    @property
    def word(self) -> str:
        """What happened to the file."""
        return "added" if not self.before else "removed" if not self.after else "changed"


class Merge(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One commit of the default branch that touched requests.

    ``authored`` and ``at`` are when it was written and when it came here, by the clock of who did it (UTC,
    ISO 8601). ``between`` is set where that clock contradicts the order of the commits: when the ones before
    and after it came, empty for none. ``pull`` is the number that its message names, and ``thread`` the
    address of a conversation: both are only words, and may be missing.
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
    between: tuple[str, str] | None = None

    @property
    def asked(self) -> str:
        """When the conversation that it names began, by Slack's time stamp in the address; empty for none."""
        found = _STAMP.search(self.thread)
        return datetime.fromtimestamp(int(found[1]), UTC).isoformat() if found else ""

    @property
    def oddly_dated(self) -> str:
        """A sentence where its clock cannot be right; empty where nothing speaks against it."""
        if self.between is None:
            return ""
        after, before = self.between
        limits = [f"after {after[:10]}" if after else "", f"before {before[:10]}" if before else ""]
        came = " and ".join(one for one in limits if one) or "on a day that nobody knows"
        return (
            f"Its clock says {self.at[:10]}, which cannot be: by its place among the commits it came {came}."
        )

    def within(self, since: str, until: str) -> bool:
        """Whether it came, or may have come, between two days."""
        first, last = (self.at, self.at) if self.between is None else self.between
        return (not since or not last or last[:10] >= since) and (not until or first[:10] <= until)


class Line(Struct, frozen=True, kw_only=True):
    """One file of a merge, as a line of a table; ``note`` says what is odd about it.

    ``author`` is the author of the commit, as Git has it. ``receipt`` and ``pull`` are of the latest receipt
    that names this commit for this file, if one does.
    """

    day: str
    commit: str
    path: str
    what: str
    author: str
    pull: int | None = None
    receipt: int | None = None
    note: str = ""


UNNAMED = "No receipt names it."


def lines(record: Record, found: Iterable[Merge]) -> list[Line]:
    """A line for each file of each merge."""
    named = {(one.commit, one.path): one for one in record.receipts}
    return [
        _line(record, one, change, named.get((one.sha, change.path)))
        for one in found
        for change in one.changes
    ]


def _line(record: Record, merge: Merge, change: Change, receipt: Written | None) -> Line:
    doubt = ""
    if receipt is None:
        doubt = UNNAMED if record.has_receipts else ""
    elif not record.sound(receipt):
        doubt = f"Receipt {receipt.number} is no proof: lakeport receipts verify."
    return Line(
        day=merge.at,
        commit=merge.sha,
        path=change.path,
        what=change.word,
        author=merge.author,
        pull=receipt.pull if receipt else None,
        receipt=receipt.number if receipt else None,
        note=" ".join(filter(None, (merge.oddly_dated, doubt))),
    )


def merges(record: Record, path: str = "", *, since: str = "", until: str = "") -> Iterator[Merge]:
    """The commits of the default branch that touched requests, newest first; of one ``path`` where given.

    ``since`` and ``until`` are days, ISO 8601, both included, by the committer's clock in UTC; one whose
    clock cannot be right is there where it may belong.
    """
    those = record.card(path).merges if path else record.merges
    return (one for one in _not_yet(those, datetime.now(UTC)) if one.within(since, until))


def _not_yet(those: Sequence[Merge], now: datetime) -> Iterator[Merge]:
    """What claims to come from the future came after the newest of those that do not."""
    limit = said(now.timestamp() + APART)
    newest = next((one.at for one in those if not one.between and one.at <= limit), "")
    for one in those:
        yield replace(one, between=(newest, "")) if one.at > limit and not one.between else one


def read(checkout: Checkout, commits: str) -> list[Merge]:
    """The same of some commits, newest first: a commit with all before it, or ``older..newer``."""
    options = ["--first-parent", "--diff-merges=first-parent", "--raw", "--no-renames", "--no-abbrev"]
    out = checkout.git("log", *options, f"--format={_FORMAT}", "-z", commits, "--", "requests/")
    return [one for one in _merges(out.decode("utf-8", "backslashreplace").split("\0")) if one.changes]


def follows(checkout: Checkout, older: str, newer: str) -> bool:
    """Whether a commit is among those that came into the branch, one by one, up to a newer one."""
    done = checkout.run("rev-list", "--first-parent", "--parents", "--reverse", f"{older}..{newer}")
    first = done.stdout.partition(b"\n")[0].decode("ascii", "replace").split(" ")
    return not done.returncode and older in first[1:2]


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
        yield Merge(
            sha=fields["sha"],
            authored=said(fields["authored"]),
            at=said(fields["at"]),
            author=fields["author"],
            email=fields["email"],
            committer=fields["committer"],
            subject=fields["subject"],
            thread=fields["thread"],
            pull=pull,
            changes=tuple(changes),
        )


def placed(those: Sequence[Merge]) -> tuple[Merge, ...]:
    """The same commits, newest first, with those marked whose clocks contradict their order."""
    oldest_first = list(reversed(those))
    wrong = contradicted([seconds(one.at) for one in oldest_first])
    for at, limits in wrong.items():
        after, before = ("" if one is None else said(one) for one in limits)
        oldest_first[at] = replace(oldest_first[at], between=(after, before))
    return tuple(reversed(oldest_first))


def days_between(begin: str, end: str) -> float | None:
    """How many days lie between two moments (ISO 8601, with an offset); ``None`` when one is none."""
    try:
        return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds() / 86_400
    except (ValueError, TypeError):
        return None
