"""What was done, kept for good: receipts on the branch ``receipts``, each with the digest of the one before.

One file ``receipts/<number>.json`` and one commit for each. The branch has no commit in common with the code
and is only ever appended to; one that was changed or left out breaks the chain, and
:func:`verify` says where.
"""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from gitops.clients import translate
from gitops.errors import RemoteError, RemoteUnavailable
from gitops.receipt import (
    BRANCH,
    Receipt,
    ReceiptDraft,
    Status,
    Step,
    StepOutcome,
    number_in,
    parse_receipt,
    path_of,
    seal,
    verify,
)

if TYPE_CHECKING:
    from github import Github
    from github.GitCommit import GitCommit
    from github.GitRef import GitRef

__all__ = [
    "BRANCH",
    "Receipt",
    "ReceiptDraft",
    "Receipts",
    "Status",
    "Step",
    "StepOutcome",
    "parse_receipt",
    "verify",
]

_TRIES = 6

Blobs = Callable[[Sequence[str]], Mapping[str, bytes]]
"""Git blob ids → the contents of those that are at hand."""


@dataclass(frozen=True)
class _Tip:
    """Where the branch was seen to be, and the chain up to there; no ``ref`` where there is no branch.

    What was just read or written need not be looked at again: the branch only moves on from where it was
    seen, and is looked at anew when somebody else moved it.
    """

    ref: GitRef | None = None
    chain: tuple[Receipt, ...] = ()
    commit: GitCommit | None = None


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
        self._tip: _Tip | None = None

    @translate("GitHub")
    def read_all(self) -> tuple[Receipt, ...]:
        """Every receipt, oldest first."""
        self._tip = self._look()
        return self._tip.chain

    def append(
        self, draft: ReceiptDraft, *, allow: Callable[[Sequence[Receipt]], None] = lambda chain: None
    ) -> Receipt:
        """Write the next receipt; when this run and attempt has it already, return that.

        Another run may append at the same moment: then the chain is read again and ours comes after.
        ``allow`` sees the very chain that ours is added to, and raises where it must not be.

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
                    receipt = self._try(draft, allow)
                if receipt is not None:
                    return receipt
            except RemoteUnavailable as error:
                failure = error
            self._tip = None
            self._sleep(0.2 * 2**attempt)
        raise failure or RemoteUnavailable(
            f"The receipt of {draft.request} could not be written.",
            why=f"The branch {BRANCH} changed each time before it could be appended to.",
            fix="Run apply again; it finds what was done and writes the receipt.",
            where="GitHub",
        )

    def run_is_over(self, run_id: str) -> bool:
        """Whether GitHub says that this run of a workflow has ended; ``False`` where it cannot be told."""
        if not (run_id.isascii() and run_id.isdecimal()):
            return False
        try:
            with translate("GitHub"):
                return self._repo.get_workflow_run(int(run_id)).status == "completed"
        except RemoteError:
            return False

    def _try(self, draft: ReceiptDraft, allow: Callable[[Sequence[Receipt]], None]) -> Receipt | None:
        """Append once; ``None`` when the branch has moved meanwhile."""
        from github import GithubException, InputGitTreeElement

        tip = self._tip or self._look()
        old = next((old for old in reversed(tip.chain) if _same_run(old, draft)), None)
        if old is not None and (old.status == "started") == (draft.status == "started"):
            return old
        allow(tip.chain)
        receipt = self._sealed(draft, tip.chain[-1] if tip.chain else None)
        repo = self._repo
        text = receipt.encode().decode()
        element = InputGitTreeElement(path_of(receipt.number), "100644", "blob", content=text)
        ref = tip.ref
        if ref is None:
            tree = repo.create_git_tree([element])
            commit = repo.create_git_commit(_message(receipt), tree, [])
        else:
            parent = tip.commit or repo.get_git_commit(ref.object.sha)
            tree = repo.create_git_tree([element], parent.tree)
            commit = repo.create_git_commit(_message(receipt), tree, [parent])
        try:
            if ref is None:
                ref = repo.create_git_ref(f"refs/heads/{BRANCH}", commit.sha)
            else:
                ref.edit(commit.sha, force=False)
        except GithubException as error:
            if error.status in (409, 422):  # Reference already exists, Update is not a fast forward
                return None
            raise
        self._tip = _Tip(ref, (*tip.chain, receipt), commit)
        return receipt

    def _sealed(self, draft: ReceiptDraft, last: Receipt | None) -> Receipt:
        return seal(
            draft,
            number=last.number + 1 if last else 1,
            at=self._now().astimezone(UTC).isoformat(timespec="seconds"),
            previous=last.digest if last else "",
        )

    def _look(self) -> _Tip:
        from github import GithubException

        try:
            ref = self._repo.get_git_ref(f"heads/{BRANCH}")
            head = ref.object.sha  # completes it: only then is its address the one that takes changes
        except GithubException as error:
            if error.status != 404:
                raise
            return _Tip()
        return _Tip(ref, self._chain(head))

    def _chain(self, head: str) -> tuple[Receipt, ...]:
        """All receipts in the tree of this commit; what was read before is not read again."""
        files = {number: sha for path, sha in self._listed(head) if (number := number_in(path))}
        lacking = [sha for sha in files.values() if sha not in self._read]
        at_hand = self._blobs(lacking) if self._blobs and lacking else {}
        for number, sha in files.items():
            if sha not in self._read:
                raw = at_hand.get(sha)
                self._read[sha] = parse_receipt(self._blob(sha) if raw is None else raw, path_of(number))
        return tuple(self._read[files[number]] for number in sorted(files))

    def _listed(self, head: str) -> Iterator[tuple[str, str]]:
        """Path and id of every file; folder by folder where GitHub does not list all at once (7 MB)."""
        tree = self._repo.get_git_tree(head, recursive=True)
        if not tree.raw_data.get("truncated"):
            yield from ((one.path, one.sha) for one in tree.tree if one.type == "blob")
            return
        waiting = [("", head)]
        while waiting:
            above, sha = waiting.pop()
            tree = self._repo.get_git_tree(sha)
            if tree.raw_data.get("truncated"):
                what = f"A folder of the branch {BRANCH} is longer than GitHub lists."
                raise RemoteError(what, where="GitHub")
            for one in tree.tree:
                path = f"{above}{one.path}"
                if one.type == "tree":
                    waiting.append((f"{path}/", one.sha))
                elif one.type == "blob":
                    yield path, one.sha

    def _blob(self, sha: str) -> bytes:
        return base64.b64decode(self._repo.get_git_blob(sha).content)


def _same_run(old: Receipt, draft: ReceiptDraft) -> bool:
    return (old.request, *old.run) == (draft.request, *draft.run)


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
