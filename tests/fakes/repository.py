"""The requests repository and its receipts in memory, for the desk; see :class:`bot.ports.Repository`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gitops.pulls import Pull
from gitops.receipts import Receipt, Step
from gitops.request import branch_of

POLICY = Path(__file__).parents[2] / "requests" / "policy.yaml"
URL = "https://github.example/acme/lakeport"


class FakeRepository:
    """``submitted`` holds what :meth:`submit` was given; ``fail``: a method's errors at its next calls."""

    def __init__(self) -> None:
        self.policy: bytes | None = POLICY.read_bytes()
        self.submitted: list[dict[str, Any]] = []
        self.pulls: dict[str, Pull] = {}
        self.files: dict[tuple[str, str], bytes] = {}
        self.closed: list[tuple[int, str]] = []
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
        return self.files[path, ref]

    def submit(self, *, request_id: str, path: str, raw: bytes, title: str, body: str, message: str) -> Pull:
        self._may_fail("submit")
        self.submitted.append({"path": path, "raw": raw, "title": title, "body": body, "message": message})
        branch = branch_of(request_id)
        if branch not in self.pulls:
            number = 7 + len(self.pulls)
            self.pulls[branch] = Pull(
                number=number, url=f"{URL}/pull/{number}", state="open", merged=False, head_sha="a" * 40,
                base_sha="0" * 40, head_ref=branch, base_ref="main", merge_sha=None,
                author="lakeport[bot]", title=title,
            )  # fmt: skip
        return self.pulls[branch]

    def pull_for_commit(self, sha: str) -> Pull | None:
        return next((pull for pull in self.pulls.values() if pull.merge_sha == sha), None)

    def close(self, number: int, reason: str = "") -> None:
        self._may_fail("close")
        self.closed.append((number, reason))

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
