"""The draft of a request: what was said, the log of patches that led there, and how a patch is taken back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

from gitops.draft import Value
from gitops.plan import JSON
from gitops.redact import redact

Op = Literal["set", "unset", "add", "remove"]
MARKS = 50
"""How many turns are kept with everything that stood before them."""
READERS = 3
HEARD_CHARS = 60_000
"""How much of the requester's own text is kept to look quotes up in; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class FieldUpdate:
    """What an extractor read: do ``op`` with ``value`` on the field ``path``, as the words ``quote`` say.

    ``path`` is a field path (``metadata.team``, ``resources.schema[raw].grants``) or ``resources``.
    ``set`` with
    the value ``None`` says: the person spoke of this field, but in words that name no value, so it has to
    be asked.
    ``add`` and ``remove`` work on lists. ``note`` is one sentence for the person on why a value is unclear.
    """

    path: str
    op: Op
    value: JSON
    quote: str = ""
    note: str = ""


class Stage(StrEnum):
    """Where a request stands, from the first word to what became of it."""

    COLLECTING = "collecting"
    REVIEWING = "reviewing"
    SUBMITTED = "submitted"
    MERGED = "merged"
    APPLIED = "applied"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Patch:
    """One entry of the log: ``path`` was ``before`` and is ``after``; ``None`` means not said.

    Patches of one message share ``turn``. An undo is a turn of its own whose patches carry the turn they
    take back
    in ``undoes``.
    """

    path: str
    before: Value | None
    after: Value | None
    quote: str
    ts: str
    turn: int
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """The file of a merged request that is to be changed: where it stands, and what it said then."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Revision:
    """The file on the pull request as somebody else changed it: ``sha`` is the commit, ``login`` who pushed.

    ``before`` is the text that was confirmed last, ``None`` where there is none that is known.
    """

    login: str
    sha: str
    digest: str
    text: str
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """What stood before a turn besides the values, so that an undo of it brings that back as well."""

    turn: int
    unclear: Mapping[str, str]
    skipped: tuple[str, ...]
    asked: str | None


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A request in the making, in one thread of Slack; a value that survives JSON unchanged.

    ``said`` holds only what a person said, or what was concluded from it and marked ``inferred``;
    everything derived
    is :func:`gitops.compose.compose`'s. ``unclear`` maps field paths to the words that were not clear enough,
    ``skipped`` are fields the person did not know, ``heard`` the requester's own messages. ``marks`` are of
    the turns that can be taken back. ``merged`` is set where a request that stands already is changed, and
    ``round`` counts the changes that were begun in this thread. ``revision`` is the change of
    somebody else on the pull request that the person was last asked to confirm. ``readers`` are the models
    that read what was said, each with the version of its prompt; empty where only the rules did.
    """

    id: str
    requester_slack: str
    channel: str
    thread_ts: str
    card_ts: str | None = None
    state: Stage = Stage.COLLECTING
    said: Mapping[str, Value] = field(default_factory=dict)
    unclear: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    asked: str | None = None
    log: tuple[Patch, ...] = ()
    heard: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    confirmed_digest: str | None = None
    submitted_path: str | None = None
    pull_number: int | None = None
    pull_url: str | None = None
    marks: tuple[Mark, ...] = ()
    merged: Merged | None = None
    round: int = 0
    revision: Revision | None = None
    readers: tuple[str, ...] = ()

    def to_json(self) -> str:
        """One line of JSON; :meth:`from_json` of it is equal to the draft."""
        return json.dumps(
            {
                **{name: getattr(self, name) for name in _PLAIN},
                "state": str(self.state),
                "said": {path: _value_out(value) for path, value in self.said.items()},
                "unclear": dict(self.unclear),
                "skipped": list(self.skipped),
                "heard": list(self.heard),
                "strangers": list(self.strangers),
                "readers": list(self.readers),
                "log": [_patch_out(patch) for patch in self.log],
                "marks": [_mark_out(mark) for mark in self.marks],
                "merged": self.merged and [self.merged.path, self.merged.text],
                "round": self.round,
                "revision": self.revision and [getattr(self.revision, name) for name in _REVISION],
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> Draft:
        """The draft that was written; raises ``ValueError`` or ``KeyError`` for anything else."""
        data = json.loads(text)
        return cls(
            **{name: data[name] for name in _PLAIN},
            state=Stage(data["state"]),
            said={path: _value_in(value) for path, value in data["said"].items()},
            unclear=data["unclear"],
            skipped=tuple(data["skipped"]),
            heard=tuple(data["heard"]),
            strangers=tuple(data["strangers"]),
            log=tuple(_patch_in(patch) for patch in data["log"]),
            # Not in what an earlier release wrote.
            marks=tuple(_mark_in(mark) for mark in data.get("marks", ())),
            merged=Merged(*data["merged"]) if data.get("merged") else None,
            round=data.get("round", 0),
            revision=Revision(*data["revision"]) if data.get("revision") else None,
            readers=tuple(data.get("readers", ())),
        )

    @property
    def turn(self) -> int:
        """The number of the last turn, 0 when nothing was said."""
        return max((*(patch.turn for patch in self.log), *(mark.turn for mark in self.marks)), default=0)

    @property
    def undoable(self) -> int:
        """The last turn that was not taken back yet, 0 when there is none."""
        undone = {patch.undoes for patch in self.log if patch.undoes is not None}
        turns = {patch.turn for patch in self.log if patch.undoes is None} - undone
        return max(turns | {mark.turn for mark in self.marks}, default=0)

    def marked(self, before: Draft) -> Draft:
        """The same draft, with what ``before`` was besides its values kept for an undo of this turn."""
        turn = max(self.turn, before.turn + 1)
        mark = Mark(turn, before.unclear, before.skipped, before.asked)
        return replace(self, marks=(*self.marks, mark)[-MARKS:])

    def undone(self, ts: str = "") -> Draft | None:
        """The draft before the last turn that was not taken back yet; ``None`` when there is none."""
        turn = self.undoable
        if not turn:
            return None
        mark = next((mark for mark in self.marks if mark.turn == turn), None)
        draft = self.changed(self._inverse(turn, ts))
        if mark is None:
            return draft
        marks = tuple(one for one in self.marks if one.turn != turn)
        return replace(draft, marks=marks, unclear=mark.unclear, skipped=mark.skipped, asked=mark.asked)

    def hear(self, text: str) -> Draft:
        """The same draft with one more message of the requester to look quotes up in, without secrets."""
        heard = [*self.heard, redact(text)]
        while len(heard) > 1 and sum(map(len, heard)) > HEARD_CHARS:
            heard.pop(0)
        return replace(self, heard=tuple(heard))

    def read_by(self, reader: str) -> Draft:
        """The same draft, with who read a message of it; the latest few are kept, none for an empty text."""
        others = [one for one in self.readers if one != reader]
        return replace(self, readers=(*others, reader)[-READERS:]) if reader else self

    def changed(self, patches: Iterable[Patch]) -> Draft:
        """Apply patches in order and log those that change something."""
        said, log = dict(self.said), list(self.log)
        for patch in patches:
            if patch.before == patch.after:
                continue
            if patch.after is None:
                said.pop(patch.path, None)
            else:
                said[patch.path] = patch.after
            log.append(patch)
        return replace(self, said=said, log=tuple(log))

    def _inverse(self, turn: int, ts: str) -> tuple[Patch, ...]:
        """The patches that take this turn back."""
        return tuple(
            Patch(patch.path, patch.after, patch.before, patch.quote, ts, self.turn + 1, undoes=turn)
            for patch in reversed(self.log)
            if patch.turn == turn and patch.undoes is None
        )


_PLAIN = (
    "id",
    "requester_slack",
    "channel",
    "thread_ts",
    "card_ts",
    "asked",
    "confirmed_digest",
    "submitted_path",
    "pull_number",
    "pull_url",
)


_REVISION = ("login", "sha", "digest", "text", "before")


def _value_out(value: Value | None) -> JSON:
    return None if value is None else {"value": value.value, "source": value.source, "quote": value.quote}


def _value_in(data: Any) -> Value:
    return Value(value=data["value"], source=data["source"], quote=data["quote"])


def _mark_out(mark: Mark) -> JSON:
    return [mark.turn, dict(mark.unclear), list(mark.skipped), mark.asked]


def _mark_in(data: Any) -> Mark:
    turn, unclear, skipped, asked = data
    return Mark(turn, unclear, tuple(skipped), asked)


def _patch_out(patch: Patch) -> JSON:
    return {
        "path": patch.path,
        "before": _value_out(patch.before),
        "after": _value_out(patch.after),
        "quote": patch.quote,
        "ts": patch.ts,
        "turn": patch.turn,
        "undoes": patch.undoes,
    }


def _patch_in(data: Any) -> Patch:
    before, after = data["before"], data["after"]
    return Patch(
        path=data["path"],
        before=None if before is None else _value_in(before),
        after=None if after is None else _value_in(after),
        quote=data["quote"],
        ts=data["ts"],
        turn=data["turn"],
        undoes=data["undoes"],
    )
