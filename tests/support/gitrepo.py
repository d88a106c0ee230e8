"""A real Git repository in a temporary folder, shaped like the requests repository."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@acme.example",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@acme.example",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


@dataclass(frozen=True)
class GitRepo:
    root: Path

    @classmethod
    def make(cls, root: Path, files: dict[str, bytes]) -> GitRepo:
        root.mkdir(parents=True, exist_ok=True)
        repo = cls(root)
        repo.git("init", "--quiet", "--initial-branch=main")
        repo.commit("Begin", files)
        return repo

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments],
            input=stdin,
            capture_output=True,
            check=True,
            env=os.environ | IDENTITY,
        )
        return done.stdout.decode().strip()

    def write(self, files: dict[str, bytes]) -> None:
        for name, raw in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)

    def commit(self, message: str, files: dict[str, bytes], *, delete: tuple[str, ...] = ()) -> str:
        self.write(files)
        for name in delete:
            (self.root / name).unlink()
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def merge(self, branch: str, files: dict[str, bytes], *, delete: tuple[str, ...] = ()) -> tuple[str, str]:
        """Commit on a branch and merge it into main; the head commit and the merge commit."""
        self.git("switch", "--quiet", "-c", branch)
        head = self.commit(f"Work on {branch}", files, delete=delete)
        self.git("switch", "--quiet", "main")
        self.git("merge", "--quiet", "--no-ff", "-m", f"Merge {branch}", branch)
        return head, self.git("rev-parse", "HEAD")

    def orphan(self, branch: str, files: dict[str, bytes]) -> None:
        """A branch of its own with these files, without touching the working tree."""
        tree: dict[str, list[str]] = {}
        for name, raw in files.items():
            folder, _, base = name.rpartition("/")
            blob = self.git("hash-object", "-w", "--stdin", stdin=raw)
            tree.setdefault(folder, []).append(f"100644 blob {blob}\t{base}")
        entries = []
        for folder, lines in tree.items():
            made = self.git("mktree", stdin=("\n".join(lines) + "\n").encode())
            entries.append(f"040000 tree {made}\t{folder}")
        root = self.git("mktree", stdin=("\n".join(entries) + "\n").encode())
        commit = self.git("commit-tree", root, "-m", "Receipts")
        self.git("update-ref", f"refs/heads/{branch}", commit)
