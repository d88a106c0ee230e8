"""What was done, kept for good: receipts on the branch ``receipts``, each with the digest of the one before.

One file ``receipts/<number>.json`` and one commit for each. The branch has no commit in common with the code
and is only ever appended to; one that was changed or left out breaks the chain, and
:func:`verify` says where.
"""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from gitops.clients import translate
from gitops.errors import RemoteError, RemoteUnavailable
from gitops.plan import JSON, digest

if TYPE_CHECKING:
    from github import Github

BRANCH = "receipts"
FOLDER = "receipts"
_NAME = re.compile(rf"{FOLDER}/(\d{{8}})\.json")
_TRIES = 6

StepOutcome = Literal["done", "failed", "not_run", "already"]
Status = Literal["applied", "partial", "refused", "failed"]
Blobs = Callable[[Sequence[str]], Mapping[str, bytes]]
"""Git blob ids → the contents of those that are at hand."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One change of the plan and what became of it; ``already`` stood as wanted and was not touched.

    ``started_at`` is UTC, ISO 8601, empty when it did not start; ``seconds`` is how long it took.
    """

    key: str
    digest: str
    verb: str
    summary: str
    outcome: StepOutcome
    error: str | None = None
    started_at: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ReceiptDraft:
    """Everything a run knows about what it did for one request.

    ``file_digest`` and ``commit`` say which file; ``requester`` has ``slack`` and ``github``; ``approvers``
    are logins. ``run_id`` and ``attempt`` say which run of the workflow: each has one receipt for a request.
    ``outputs`` maps ``kind/identity`` to links and ids.
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
        """All fields; lists for tuples."""
        data = asdict(self)
        data["approvers"] = list(self.approvers)
        data["steps"] = [asdict(step) for step in self.steps]
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


class Receipts:
    """The chain in one repository on GitHub. Methods raise ``RemoteError`` and its kin.

    ``blobs`` may have contents at hand (a checkout that fetched the branch); what it lacks is asked of
    GitHub, one call each. Git names contents by their digest, so they are the same.
    """

    def __init__(
        self,
        gh: Github,
        full_name: str,
        *,
        blobs: Blobs | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._repo = gh.withLazy(True).get_repo(full_name)
        self._blobs = blobs
        self._now = now
        self._sleep = sleep
        self._read: dict[str, Receipt] = {}

    @translate("GitHub")
    def read_all(self) -> tuple[Receipt, ...]:
        """Every receipt, oldest first."""
        head = self._head()
        return self._chain(head) if head else ()

    def append(self, draft: ReceiptDraft) -> Receipt:
        """Write the next receipt; when this run and attempt have one for the request already, return that.

        Another run may append at the same moment: then the chain is read again and ours comes after.

        Raises:
            RemoteUnavailable: GitHub did not answer, or the branch never held still.
        """
        if not draft.run_id and not draft.run_url:
            # Without a run to go by, an append of which the answer got lost must still be recognised.
            draft = replace(draft, run_id=f"local-{uuid.uuid4().hex}")
        failure: RemoteUnavailable | None = None
        for attempt in range(_TRIES):
            try:
                with translate("GitHub"):
                    receipt = self._try(draft)
                if receipt is not None:
                    return receipt
            except RemoteUnavailable as error:
                failure = error
            self._sleep(0.2 * 2**attempt)
        raise failure or RemoteUnavailable(
            f"The receipt of {draft.request} could not be written.",
            why=f"The branch {BRANCH} changed each time before it could be appended to.",
            fix="Run apply again; it finds what was done and writes the receipt.",
            where="GitHub",
        )

    def _try(self, draft: ReceiptDraft) -> Receipt | None:
        """Append once; ``None`` when the branch has moved meanwhile."""
        from github import GithubException, InputGitTreeElement

        head = self._head()
        chain = self._chain(head) if head else ()
        for old in reversed(chain):
            if _same_run(old, draft):
                return old
        receipt = self._sealed(draft, chain[-1] if chain else None)
        repo = self._repo
        path = f"{FOLDER}/{receipt.number:08d}.json"
        element = InputGitTreeElement(path, "100644", "blob", content=receipt.encode().decode())
        if head is None:
            tree = repo.create_git_tree([element])
            commit = repo.create_git_commit(_message(receipt), tree, [])
        else:
            parent = repo.get_git_commit(head)
            tree = repo.create_git_tree([element], parent.tree)
            commit = repo.create_git_commit(_message(receipt), tree, [parent])
        try:
            if head is None:
                repo.create_git_ref(f"refs/heads/{BRANCH}", commit.sha)
            else:
                ref = repo.get_git_ref(f"heads/{BRANCH}")
                _ = ref.object  # completes it: only then is its address the one that takes changes
                ref.edit(commit.sha, force=False)
        except GithubException as error:
            if error.status in (409, 422):  # Reference already exists, Update is not a fast forward
                return None
            raise
        return receipt

    def _sealed(self, draft: ReceiptDraft, last: Receipt | None) -> Receipt:
        given = {one.name: _sayable(getattr(draft, one.name)) for one in fields(ReceiptDraft)}
        receipt = Receipt(
            **given,
            number=last.number + 1 if last else 1,
            at=self._now().astimezone(UTC).isoformat(timespec="seconds"),
            previous=last.digest if last else "",
        )
        return replace(receipt, digest=receipt.computed_digest())

    def _head(self) -> str | None:
        from github import GithubException

        try:
            return self._repo.get_git_ref(f"heads/{BRANCH}").object.sha
        except GithubException as error:
            if error.status != 404:
                raise
            return None

    def _chain(self, head: str) -> tuple[Receipt, ...]:
        """All receipts in the tree of this commit; what was read before is not read again."""
        tree = self._repo.get_git_tree(head, recursive=True)
        if tree.raw_data.get("truncated"):
            raise RemoteError(f"The branch {BRANCH} has more files than GitHub lists.", where="GitHub")
        files = {one.path: one.sha for one in tree.tree if one.type == "blob" and _NAME.fullmatch(one.path)}
        lacking = [sha for sha in files.values() if sha not in self._read]
        at_hand = self._blobs(lacking) if self._blobs and lacking else {}
        for path, sha in files.items():
            if sha not in self._read:
                raw = at_hand.get(sha)
                self._read[sha] = parse_receipt(self._blob(sha) if raw is None else raw, path)
        return tuple(self._read[files[path]] for path in sorted(files))

    def _blob(self, sha: str) -> bytes:
        return base64.b64decode(self._repo.get_git_blob(sha).content)


def _sayable(value: Any) -> Any:
    """The value with texts that UTF-8 can write: half a surrogate must not cost us the receipt."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Step):
        return Step(**{key: _sayable(one) for key, one in asdict(value).items()})
    if isinstance(value, Mapping):
        return {_sayable(key): _sayable(one) for key, one in value.items()}
    return tuple(map(_sayable, value)) if isinstance(value, tuple) else value


def _same_run(old: Receipt, draft: ReceiptDraft) -> bool:
    return (old.request, old.run_id, old.attempt, old.run_url) == (
        draft.request,
        draft.run_id,
        draft.attempt,
        draft.run_url,
    )


def _message(receipt: Receipt) -> str:
    """A commit message with trailers; every part of it comes from us."""
    lines: Iterable[Any] = (
        f"Receipt {receipt.number}: {receipt.request} {receipt.status}",
        "",
        f"Lakeport-Request: {receipt.request}",
        f"Lakeport-Status: {receipt.status}",
        f"Lakeport-Digest: {receipt.digest}",
    )
    return "\n".join(lines)
