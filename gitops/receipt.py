"""What a receipt holds and how it is written: one link of the chain that says what was done.

A receipt of status ``started`` is written before the first change of a request. It says who is at work and
until when nobody else may be; the next receipt of the same run ends it (:mod:`gitops.lease`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct, field

from gitops.errors import RemoteError
from gitops.markup import clip
from gitops.plan import JSON, canonical, digest

if TYPE_CHECKING:
    from gitops.verdict import Verdict

BRANCH = "receipts"
FOLDER = "receipts"
_PATH = re.compile(rf"{FOLDER}/(?:\d{{5}}/)?(\d{{8}})\.json")

MOST_BYTES = 900_000
"""A longer receipt goes without the values of its steps: GitHub shows files of up to a megabyte."""
LONGEST_REASON = 1_000
"""Characters of the reason that a person gave."""
LONGEST_NAME = 200
LONGEST = 64_000_000
"""Bytes; what is longer is not read as a receipt."""

# A later version may say what this one does not know: whoever reads takes any text.
StepOutcome = Literal["done", "failed", "not_run", "already", "undone"]
Status = Literal["started", "applied", "partial", "refused", "failed", "waiting"]
ReadBack = Literal["", "as_wanted", "differs", "unseen"]

_LATER: Mapping[str, JSON] = {
    "lease_until": "",
    "hold": "",
    "due": "",
    "attempts": 1,
    "approvals": (),
    "gate": "",
    "broke_glass": (),
    "passes_alone": (),
    "policy_digest": "",
    "model": "",
    "made_by": "",
    "before": None,
    "wanted": None,
    "after": None,
    "read_back": "",
    "differs": "",
    "request_ids": (),
}
"""What older receipts lack is left out where it says nothing: their digests stay as they are."""


def path_of(number: int) -> str:
    """Where a receipt lies: a thousand in a folder, so that no folder grows longer than GitHub lists."""
    return f"{FOLDER}/{number // 1000:05d}/{number:08d}.json"


def number_in(path: str) -> int | None:
    """The number of the receipt at a path, also where it lies in no folder; ``None`` for others."""
    found = _PATH.fullmatch(path)
    return int(found[1]) if found else None


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One change of the plan and what became of it.

    ``already`` stood as wanted and was not touched; ``undone`` was done, and taken away again since what
    needs it failed. ``started_at`` is UTC, ISO 8601, empty when it did not start; ``seconds`` is how long it
    took, ``attempts`` how often it was tried.

    ``before`` is what was found, ``wanted`` what the change makes of it, both as the plan has them but
    without secrets and not long (:mod:`gitops.receipt_values`). ``read_back`` says what a look at the end of
    the run found: ``as_wanted``; ``differs``, with what stands in ``after`` and a sentence in ``differs``;
    ``unseen`` with why in ``differs``; empty where nobody looked. ``request_ids`` are those that the system
    gave to what was written, in order (:mod:`gitops.request_ids`).
    """

    key: str
    digest: str
    verb: str
    summary: str
    outcome: str
    error: str | None = None
    started_at: str = ""
    seconds: float = 0.0
    attempts: int = 1
    before: JSON = None
    wanted: JSON = None
    after: JSON = None
    read_back: str = ""
    differs: str = ""
    request_ids: tuple[str, ...] = ()

    @property
    def doubt(self) -> str:
        """Where the look at the end did not find what the outcome says, in a sentence; empty elsewhere."""
        if self.outcome == "done":
            return self.differs
        if self.outcome == "failed" and self.read_back == "as_wanted":
            return "It stands as wanted nevertheless."
        return ""


class Approval(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An approval that counted: who gave it, when (UTC, ISO 8601), on which commit, for which rules."""

    login: str
    at: str
    commit: str
    rules: tuple[str, ...] = ()


class BrokeGlass(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who opened the gate in an emergency: when (UTC, ISO 8601), the reason they gave, and where they did."""

    login: str
    at: str
    reason: str
    url: str = ""


class ReceiptDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything a run knows about what it did for one request.

    ``file_digest`` and ``commit`` say which file; ``requester`` has ``slack`` and ``github``; ``approvers``
    are logins, and ``approvals`` the same with when and for what. ``gate`` is how the gate was judged
    (:class:`gitops.verdict.Outcome`), ``broke_glass`` who opened it in an emergency, ``passes_alone`` the
    rules of the policy that let it pass without approvals. ``policy_digest`` is over the policy that was
    applied by; ``model`` is what read the words of the request, by its name and the digest of its prompt, and
    empty where nobody knows. ``made_by`` is ``bot`` where our app opened the pull request, and ``hand`` where
    anybody else did.

    ``run_id`` and ``attempt`` say which run of the workflow: each has one receipt for a request,
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
    status: str
    steps: tuple[Step, ...] = ()
    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    error: str | None = None
    run_id: str = ""
    attempt: int = 1
    lease_until: str = ""
    hold: str = ""
    due: str = ""
    approvals: tuple[Approval, ...] = ()
    gate: str = ""
    broke_glass: tuple[BrokeGlass, ...] = ()
    passes_alone: tuple[str, ...] = ()
    policy_digest: str = ""
    model: str = ""
    made_by: str = ""

    @property
    def run(self) -> tuple[str, int, str]:
        """Which run it is of, and which attempt of that."""
        return self.run_id, self.attempt, self.run_url


class Receipt(ReceiptDraft, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A draft that has its place in the chain: ``previous`` is the digest of the one before, or empty.

    ``number`` counts from 1; ``at`` is UTC, ISO 8601; ``digest`` is over everything else.
    """

    number: int
    at: str
    previous: str
    digest: str = ""

    def as_json(self) -> dict[str, JSON]:
        """All fields that say something; lists for tuples."""
        data: dict[str, JSON] = _said(msgspec.to_builtins(self))
        data["steps"] = [_said(step) for step in data["steps"]]
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


def _said(data: Mapping[str, JSON]) -> dict[str, JSON]:
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in data.items()
        if key not in _LATER or value != _LATER[key]
    }


def with_verdict(draft: ReceiptDraft, verdict: Verdict) -> ReceiptDraft:
    """The draft with what the gate said, and whom it rests on; of a reason, no secret and not too much."""
    from gitops.redact import redact

    return msgspec.structs.replace(
        draft,
        approvers=verdict.counted,
        approvals=tuple(
            Approval(login=one.login, at=one.at, commit=one.commit, rules=one.rules)
            for one in verdict.approvals
        ),
        gate=str(verdict.outcome),
        broke_glass=tuple(
            BrokeGlass(
                login=one.login, at=one.at, reason=clip(redact(one.reason), LONGEST_REASON), url=one.url
            )
            for one in verdict.broke_glass
        ),
        passes_alone=verdict.passes_alone,
        model=clip(verdict.model, LONGEST_NAME),
    )


def seal(draft: ReceiptDraft, *, number: int, at: str, previous: str) -> Receipt:
    """The receipt that a draft becomes at its place in the chain; texts that UTF-8 cannot write are mended.

    Where it would be too long, its steps stay, without what was found and wanted.
    """
    data = sayable(msgspec.to_builtins(draft)) | {"number": number, "at": at, "previous": previous}
    if len(canonical(data["steps"])) > MOST_BYTES:
        data["steps"] = [_bare(step) for step in data["steps"]]
    receipt = msgspec.convert(data, Receipt)
    return msgspec.structs.replace(receipt, digest=receipt.computed_digest())


def _bare(step: Mapping[str, JSON]) -> dict[str, JSON]:
    """The step without values, with the beginning of its sentences, and the first of its ids."""
    kept = {key: value for key, value in step.items() if key not in ("before", "wanted", "after")}
    error = clip(kept["error"], LONGEST_NAME) if kept["error"] else None
    differs = clip(kept["differs"], LONGEST_NAME)
    return kept | {"error": error, "differs": differs, "request_ids": kept["request_ids"][:5]}


def sayable(value: Any) -> Any:
    """The value with texts that UTF-8 can write: half a surrogate must not cost us the receipt."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {sayable(key): sayable(one) for key, one in value.items()}
    return [sayable(one) for one in value] if isinstance(value, tuple | list) else value


def parse_receipt(raw: bytes, file: str = FOLDER) -> Receipt:
    """The inverse of :meth:`Receipt.encode`. Whether it is the true one, :func:`verify` says.

    Raises:
        RemoteError: it is not a receipt; ``file`` is named in the sentence.
    """
    receipt, odd = _read(raw)
    if receipt is not None:
        return receipt
    raise RemoteError(
        "A receipt cannot be read.",
        why=f"Its file is not what Lakeport writes; somebody may have changed it. {odd}",
        fix=f"Look at the history of the branch {BRANCH}, and restore the file.",
        where=file,
    )


def oddity(raw: bytes) -> str:
    """Why these bytes are no receipt, with the field that is odd, as a sentence; empty when they are one."""
    return _read(raw)[1]


def _read(raw: bytes) -> tuple[Receipt | None, str]:
    if len(raw) > LONGEST:
        return None, "It is too long."
    try:
        return msgspec.json.decode(raw, type=Receipt), ""
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return None, _odd(error)


def _odd(error: Exception) -> str:
    from gitops.markup import visible

    if isinstance(error, msgspec.ValidationError):
        return f"{visible(clip(str(error), 200))}."
    return "It is nested too deeply." if isinstance(error, RecursionError) else "It is not JSON."


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
