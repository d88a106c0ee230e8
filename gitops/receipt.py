"""What a receipt holds and how it is written: one link of the chain that says what was done.

A receipt of status ``started`` is written before the first change of a request. It says who is at work and
until when nobody else may be; the next receipt of the same run ends it (:mod:`gitops.lease`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Literal

from gitops.errors import RemoteError
from gitops.plan import JSON, digest

BRANCH = "receipts"
FOLDER = "receipts"
_PATH = re.compile(rf"{FOLDER}/(?:\d{{5}}/)?(\d{{8}})\.json")

StepOutcome = Literal["done", "failed", "not_run", "already", "undone"]
Status = Literal["started", "applied", "partial", "refused", "failed", "waiting"]

_LATER: Mapping[str, JSON] = {"lease_until": "", "hold": "", "due": "", "attempts": 1}
"""What older receipts lack is left out where it says nothing: their digests stay as they are."""


def path_of(number: int) -> str:
    """Where a receipt lies: a thousand in a folder, so that no folder grows longer than GitHub lists."""
    return f"{FOLDER}/{number // 1000:05d}/{number:08d}.json"


def number_in(path: str) -> int | None:
    """The number of the receipt at a path, also where it lies in no folder; ``None`` for others."""
    found = _PATH.fullmatch(path)
    return int(found[1]) if found else None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One change of the plan and what became of it.

    ``already`` stood as wanted and was not touched; ``undone`` was done, and taken away again since what
    needs it failed. ``started_at`` is UTC, ISO 8601, empty when it did not start; ``seconds`` is how long it
    took, ``attempts`` how often it was tried.
    """

    key: str
    digest: str
    verb: str
    summary: str
    outcome: StepOutcome
    error: str | None = None
    started_at: str = ""
    seconds: float = 0.0
    attempts: int = 1


@dataclass(frozen=True, kw_only=True)
class ReceiptDraft:
    """Everything a run knows about what it did for one request.

    ``file_digest`` and ``commit`` say which file; ``requester`` has ``slack`` and ``github``; ``approvers``
    are logins. ``run_id`` and ``attempt`` say which run of the workflow: each has one receipt for a request,
    and before it one that it ``started``. ``outputs`` maps ``kind/identity`` to links and ids.
    ``lease_until`` (UTC, ISO 8601) is said by what is ``started``: until then no other run begins. ``hold``
    is a sentence: why nothing goes on by itself until a person resumes; empty where it does. ``due`` is said
    by what is ``waiting``: the day (ISO 8601) on which the rest is done.
    """

    request: str
    path: str
    file_digest: str
    commit: str
    pull: int | None
    requester: Mapping[str, str | None]
    approvers: tuple[str, ...]
    plan_digest: str | None
    run_url: str
    tool_version: str
    status: Status
    steps: tuple[Step, ...] = ()
    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    error: str | None = None
    run_id: str = ""
    attempt: int = 1
    lease_until: str = ""
    hold: str = ""
    due: str = ""

    @property
    def run(self) -> tuple[str, int, str]:
        """Which run it is of, and which attempt of that."""
        return self.run_id, self.attempt, self.run_url


@dataclass(frozen=True, kw_only=True)
class Receipt(ReceiptDraft):
    """A draft that has its place in the chain: ``previous`` is the digest of the one before, or empty.

    ``number`` counts from 1; ``at`` is UTC, ISO 8601; ``digest`` is over everything else.
    """

    number: int
    at: str
    previous: str
    digest: str = ""

    def as_json(self) -> dict[str, JSON]:
        """All fields that say something; lists for tuples."""
        data = _said(asdict(self))
        data["approvers"] = list(self.approvers)
        data["steps"] = [_said(asdict(step)) for step in self.steps]
        return data

    def computed_digest(self) -> str:
        """What ``digest`` has to be."""
        data = self.as_json()
        del data["digest"]
        return digest(data)

    def encode(self) -> bytes:
        """The bytes of its file: JSON with sorted keys, indented for people."""
        text = json.dumps(self.as_json(), sort_keys=True, indent=2, ensure_ascii=False)
        return (text + "\n").encode()


def _said(data: dict[str, JSON]) -> dict[str, JSON]:
    return {key: value for key, value in data.items() if key not in _LATER or value != _LATER[key]}


def parse_receipt(raw: bytes, file: str = FOLDER) -> Receipt:
    """The inverse of :meth:`Receipt.encode`. Whether it is the true one, :func:`verify` says.

    Raises:
        RemoteError: it is not a receipt; ``file`` is named in the sentence.
    """
    receipt: Receipt | None = None
    try:
        data = json.loads(raw)
        steps = tuple(Step(**step) for step in data.pop("steps"))
        approvers = tuple(data.pop("approvers"))
        found = Receipt(**data, steps=steps, approvers=approvers)
        receipt = found if _well_typed(found) else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    if receipt is None:
        raise RemoteError(
            "A receipt cannot be read.",
            why="Its file is not what Lakeport writes; somebody may have changed it.",
            fix=f"Look at the history of the branch {BRANCH}, and restore the file.",
            where=file,
        )
    return receipt


_TYPES: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "float": (int, float),
    "str": str,
    "str | None": (str, type(None)),
    "int | None": (int, type(None)),
    "Status": str,
    "StepOutcome": str,
    "tuple[str, ...]": tuple,
    "tuple[Step, ...]": tuple,
}


def _well_typed(value: Receipt | Step) -> bool:
    """Whether every field is of the type it is declared to be (annotations are strings here)."""
    for one in fields(value):
        expected = _TYPES.get(str(one.type), Mapping)
        content = getattr(value, one.name)
        if not isinstance(content, expected) or isinstance(content, bool):
            return False
    return not isinstance(value, Receipt) or (
        all(isinstance(login, str) for login in value.approvers) and all(map(_well_typed, value.steps))
    )


def verify(receipts: Sequence[Receipt]) -> list[str]:
    """What is wrong with a whole chain, as sentences; empty when it is as it was written."""
    problems = []
    before = ""
    for expected, receipt in enumerate(receipts, 1):
        name = f"Receipt {receipt.number}"
        if receipt.number != expected:
            problems.append(f"{name} stands where receipt {expected} should: one is missing or out of order.")
        if receipt.digest != receipt.computed_digest():
            problems.append(
                f"{name} was changed after it was written: its digest is not that of its contents."
            )
        if receipt.previous != before:
            problems.append(
                f"{name} does not follow the one before it: that one was changed, added or left out."
            )
        before = receipt.digest
    return problems
