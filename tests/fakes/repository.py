"""The requests repository and its receipts in memory, for the desk; see :class:`bot.ports.Repository`."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from msgspec import structs

from gitops.confirmation import UNWANTED, WANTED, Confirmed, Pushed, Word, in_words, last_word
from gitops.gate import Verdict
from gitops.plan import digest
from gitops.pulls import Pull
from gitops.receipts import Receipt, Step
from gitops.request import branch_of
from gitops.request import request_id as request_id_of
from gitops.submission import Submission

POLICY = Path(__file__).parents[2] / "requests" / "policy.yaml"
URL = "https://github.example/acme/lakeport"
APP = "lakeport[bot]"


class FakeRepository:
    """``submitted`` holds what :meth:`submit` was given; ``fail``: a method's errors at its next calls."""

    def __init__(self) -> None:
        self.policy: bytes | None = POLICY.read_bytes()
        self.submitted: list[dict[str, Any]] = []
        self.pulls: dict[str, Pull] = {}
        self._made = 0
        self.files: dict[tuple[str, str], bytes] = {}
        self.closed: list[tuple[int, str]] = []
        self.history: dict[int, list[Pushed]] = {}
        """The commits of each pull request with what is said on them, the newest first."""
        self.comments: dict[tuple[int, str], str] = {}
        self.verdict: Verdict | None = None
        self.receipts: list[Receipt] = []
        self.reads: list[tuple[str, str]] = []
        self.fail: dict[str, list[Exception]] = {}
        self.default_branch = "main"

    def _may_fail(self, method: str) -> None:
        planned = self.fail.get(method)
        if planned:
            raise planned.pop(0)

    def read_file(self, path: str, ref: str) -> bytes | None:
        self._may_fail("read_file")
        self.reads.append((path, ref))
        if path == "requests/policy.yaml":
            assert ref == "main", "the policy is only ever read from the default branch"
            return self.policy
        return self.files.get((path, ref))

    def request_files(self) -> dict[str, str]:
        self._may_fail("request_files")
        return {
            path: hashlib.sha1(raw, usedforsecurity=False).hexdigest()
            for (path, ref), raw in self.files.items()
            if ref == self.default_branch
        }

    def open_pull(self, request_id: str) -> Pull | None:
        self._may_fail("open_pull")
        found = self.pulls.get(branch_of(request_id))
        return found if found is not None and found.state == "open" else None

    def submit(self, submission: Submission) -> Pull:
        self._may_fail("submit")
        assert submission.app == APP
        path, raw = submission.path, submission.raw
        title, body, message = submission.title, submission.body, submission.message
        self.submitted.append({"path": path, "raw": raw, "title": title, "body": body, "message": message})
        branch = branch_of(submission.request_id)
        if branch not in self.pulls or self.pulls[branch].state != "open":
            number = 7 + self._made
            self._made += 1
            self.pulls[branch] = Pull(
                number=number, url=f"{URL}/pull/{number}", state="open", merged=False, head_sha="",
                base_sha="0" * 40, head_ref=branch, base_ref="main", merge_sha=None,
                author="lakeport[bot]", title=title, body=body,
            )  # fmt: skip
        pull = self.pulls[branch]
        if self.files.get((path, pull.head_sha)) != raw:
            pull = self.push(pull.number, path, raw, APP)
        self.confirm(pull, digest(raw), submission.confirmed_by, app=APP)
        return pull

    def push(self, number: int, path: str, raw: bytes | None, login: str) -> Pull:
        """Somebody commits this file to the branch of a pull request; ``None`` deletes it."""
        branch = next(branch for branch, pull in self.pulls.items() if pull.number == number)
        commits = self.history.setdefault(number, [])
        sha = "adef123456789"[len(commits)] * 40
        commits.insert(0, Pushed(sha=sha, logins=(login,)))
        if raw is not None:
            self.files[path, sha] = raw
        self.pulls[branch] = replace(self.pulls[branch], head_sha=sha)
        return self.pulls[branch]

    def pull(self, number: int) -> Pull:
        self._may_fail("pull")
        return next(pull for pull in self.pulls.values() if pull.number == number)

    def confirmed(self, pull: Pull, app: str) -> Confirmed:
        self._may_fail("confirmed")
        return last_word(self.history.get(pull.number, ()), app)

    def confirm(self, pull: Pull, file_digest: str, by: str, *, app: str, wanted: bool = True) -> None:
        self._may_fail("confirm")
        before = self.confirmed(pull, app)
        if wanted and before.digest not in ("", file_digest):
            self._say(pull.number, before.commit, UNWANTED, in_words(before.digest, by, wanted=False))
        words = in_words(file_digest, by, wanted=wanted)
        self._say(pull.number, pull.head_sha, WANTED if wanted else UNWANTED, words)

    def _say(self, number: int, sha: str, state: str, words: str) -> None:
        word, commits = Word(creator=APP, state=state, description=words), self.history[number]
        for index, one in enumerate(commits):
            if one.sha == sha and one.words[:1] != (word,):
                commits[index] = structs.replace(one, words=(word, *one.words))

    def merge(self, path: str) -> None:
        """What a reviewer does: the newest bytes for this path come to the default branch."""
        given = [one for one in self.submitted if one["path"] == path][-1]
        self.files[path, self.default_branch] = given["raw"]
        branch = branch_of(request_id_of(path))
        self.pulls[branch] = replace(self.pulls[branch], state="closed", merged=True, merge_sha="b" * 40)

    def pull_for_commit(self, sha: str) -> Pull | None:
        return next((pull for pull in self.pulls.values() if pull.merge_sha == sha), None)

    def merged(self, branch: str, sha: str) -> None:
        """The pull request of this branch is merged as this commit."""
        self.pulls[branch] = replace(self.pulls[branch], merge_sha=sha, merged=True, state="closed")

    def close(self, number: int, reason: str = "") -> None:
        self._may_fail("close")
        self.closed.append((number, reason))

    def upsert_comment(self, number: int, marker: str, body: str) -> None:
        self._may_fail("upsert_comment")
        self.comments[number, marker] = body

    def judged(self, number: int, sha: str, registry: object, policy: object) -> Verdict | None:
        self._may_fail("judged")
        return self.verdict

    def read_all(self) -> tuple[Receipt, ...]:
        return tuple(self.receipts)


def receipt(number: int, pull: int, status: str = "applied", **changes: Any) -> Receipt:
    """A receipt of a pull request."""
    step = Step(
        key="schema/ml_dev.churn/schema",
        digest="d",
        verb="create",
        summary="Create the schema",
        outcome="done",
    )
    given: dict[str, Any] = {
        "number": number, "request": "dev/growth/churn", "path": "requests/dev/growth/churn.yaml",
        "file_digest": "sha256:0", "commit": "b" * 40, "pull": pull, "requester": {"slack": "U024BE7LH"},
        "approvers": ("nadia-k",), "plan_digest": None, "run_url": f"{URL}/actions/runs/5",
        "tool_version": "0",
        "status": status, "steps": (step,), "outputs": {"repo/growth-churn": {"url": f"{URL}-churn"}},
        "at": "2026-11-21T00:00:00Z", "previous": "", "digest": "sha256:1",
    }  # fmt: skip
    return Receipt(**(given | changes))
