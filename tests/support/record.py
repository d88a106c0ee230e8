"""A requests repository with its history and its receipts, written in one go: for tests and for measuring."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from gitops.drift_record import Day
from gitops.drift_record import path_of as day_path
from gitops.plan import digest
from gitops.receipt import Receipt, Step, path_of
from tests.support.gitrepo import IDENTITY, GitRepo

BEGIN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_STEPS = {
    "applied": (("repo/x/repository", "done"),),
    "waiting": (("repo/x/repository", "done"),),
    "partial": (("repo/x/repository", "done"), ("repo/x/rules", "failed")),
    "failed": (("repo/x/repository", "failed"),),
}
"""What became of the steps of a run that ended so; one that was refused, or has only begun, has none."""
BOT = "lakeport[bot] <lakeport@acme.example>"


@dataclass
class Commit:
    """One commit of a branch; ``files`` that are ``None`` go."""

    at: datetime
    author: str
    message: str
    files: dict[str, bytes | None]


@dataclass
class RecordMaker:
    """Merges and receipts in the order in which they happen, an hour apart unless said otherwise."""

    clock: datetime = BEGIN
    main: list[Commit] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    looks: list[Day] = field(default_factory=list)
    _commits: dict[int, int] = field(default_factory=dict)

    def tick(self, hours: float = 1) -> datetime:
        """Let time pass."""
        self.clock += timedelta(hours=hours)
        return self.clock

    def merge(self, path: str, raw: bytes | None, message: str = "Onboard (#1)", author: str = BOT) -> int:
        """A file comes into the default branch; returns a handle for :meth:`receipt`."""
        self.main.append(Commit(self.tick(), author, message, {path: raw}))
        return len(self.main) - 1

    def receipt(self, merge: int | None, request: str, status: str = "applied", **given: Any) -> Receipt:
        """A receipt of what a merge brought; its commit is put in when the record is written."""
        commit = self.main[merge] if merge is not None else None
        path, raw = next(iter(commit.files.items())) if commit else (f"requests/{request}.yaml", b"")
        facts: dict[str, Any] = {
            "request": request,
            "path": path,
            "file_digest": digest(raw or b""),
            "commit": "",
            "pull": 1,
            "requester": _asked(raw or b""),
            "approvers": ("nadia-k",),
            "plan_digest": digest(b"plan"),
            "run_url": "https://github.test/acme/lakeport/actions/runs/1",
            "tool_version": "0",
            "status": status,
            "steps": tuple(
                Step(key=key, digest="", verb="create", summary="", outcome=outcome)
                for key, outcome in _STEPS.get(status, ())
            ),
            "run_id": str(len(self.receipts) + 1),
        }
        receipt = Receipt(
            **(facts | given), number=len(self.receipts) + 1, at=self.tick(0.1).isoformat(), previous=""
        )
        if merge is not None:
            self._commits[len(self.receipts)] = merge
        self.receipts.append(receipt)
        return receipt

    def write(self, root: Path, *, files: bool = True) -> GitRepo:
        """The repository with ``main``, its ``files`` checked out, and the branch ``receipts`` beside it."""
        root.mkdir(parents=True)
        repo = GitRepo(root)
        repo.git("init", "--quiet", "--initial-branch=main")
        shas = self._import(root, "main", self.main)
        chain, before = [], ""
        for index, receipt in enumerate(self.receipts):
            commit = shas[self._commits[index]] if index in self._commits else receipt.commit
            whole = replace(receipt, commit=commit, previous=before)
            whole = replace(whole, digest=whole.computed_digest())
            before = whole.digest
            chain.append(whole)
        self.receipts = chain
        commits = [
            Commit(
                datetime.fromisoformat(one.at),
                "github-actions[bot] <actions@acme.example>",
                f"Receipt {one.number}: {one.request} {one.status}",
                {path_of(one.number): one.encode()},
            )
            for one in chain
        ]
        actions = "github-actions[bot] <actions@acme.example>"
        commits += [
            Commit(
                datetime.fromisoformat(one.at),
                actions,
                f"Drift of {one.day}",
                {day_path(one.day): one.encode()},
            )
            for one in self.looks
        ]
        if commits:
            self._import(root, "receipts", commits)
        if files:
            repo.git("reset", "--quiet", "--hard", "main")
        return repo

    def _import(self, root: Path, branch: str, commits: list[Commit]) -> list[str]:
        """Commits on a new branch by ``git fast-import``; their ids."""
        marks = root / f".git/marks-{branch}"
        command = ["git", "-C", str(root), "fast-import", "--quiet", "--done", f"--export-marks={marks}"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, env=os.environ | IDENTITY) as process:
            assert process.stdin is not None
            process.stdin.writelines(_stream(branch, commits))
            process.stdin.close()
            assert process.wait() == 0
        lines = (line.split() for line in marks.read_text().splitlines())
        return [sha for _, sha in sorted((int(mark[1:]), sha) for mark, sha in lines)]


def _asked(raw: bytes) -> dict[str, str | None]:
    """Who asks by the file; somebody where that is no request."""
    found = re.search(rb"requested_by: \{slack: (\w+), github: ([\w-]+)\}", raw)
    slack, github = (one.decode() for one in found.groups()) if found else ("U024BE7LH", "liwei")
    return {"slack": slack, "github": github}


def _stream(branch: str, commits: list[Commit]) -> Iterator[bytes]:
    """What ``git fast-import`` reads, commit by commit."""
    yield f"feature done\nreset refs/heads/{branch}\n".encode()
    for number, commit in enumerate(commits, 1):
        when = f"{int(commit.at.timestamp())} +0000"
        message = commit.message.encode()
        yield (
            f"commit refs/heads/{branch}\nmark :{number}\nauthor {commit.author} {when}\n"
            f"committer GitHub <noreply@github.test> {when}\ndata {len(message)}\n"
        ).encode() + message
        for path, raw in commit.files.items():
            if raw is None:
                yield f"\nD {path}".encode()
            else:
                yield f"\nM 100644 inline {path}\ndata {len(raw)}\n".encode() + raw
        yield b"\n"
    yield b"done\n"


def many(root: Path, count: int, raw: bytes) -> GitRepo:
    """A record of so many requests, each merged and applied once; ``raw`` is what they are like.

    Fifty of each team: Git writes the whole list of a folder again for each commit, so that one long folder
    would take hours. Of the files none is checked out, but their folder.
    """
    maker = RecordMaker(clock=BEGIN - timedelta(hours=count / 10))  # all of it is over
    for number in range(count):
        team, name = f"team-{number // 50}", f"p-{number}"
        own = raw.replace(b"churn-prediction", name.encode())
        own = own.replace(b"churn_prediction", name.replace("-", "_").encode())
        own = own.replace(b"team: growth", f"team: {team}".encode())
        path = f"requests/dev/{team}/{name}.yaml"
        merge = maker.merge(path, own, f"Onboard {name} ({team}, dev) (#{number + 1})")
        maker.receipt(merge, f"dev/{team}/{name}", pull=number + 1)
        maker.clock -= timedelta(hours=1)
    repo = maker.write(root, files=False)
    (root / "requests").mkdir()
    return repo
