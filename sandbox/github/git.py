"""One bare Git repository, read and written through ``git`` plumbing, without the machine's own config."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
ZERO = "0" * 40


_WORDS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "T": "changed"}


class GitError(Exception):
    """Git refused; the message is its own last line."""


@dataclass(frozen=True)
class Signature:
    """Who wrote a commit and when (ISO 8601 with offset, or UTC ``Z``)."""

    name: str
    email: str
    date: str


@dataclass(frozen=True)
class Commit:
    """A commit as Git has it."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True)
class Entry:
    """One entry of a tree; ``size`` is None for anything but a blob."""

    mode: str
    type: str
    sha: str
    size: int | None
    path: str


@dataclass(frozen=True)
class FileChange:
    """One file between two commits; ``status`` is GitHub's word (added, removed, modified, renamed)."""

    path: str
    status: str
    sha: str
    additions: int
    deletions: int
    patch: str
    previous: str = ""


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What ``git`` sees: the search path and nothing of the machine's own configuration."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
        **(extra or {}),
    }


class Bare:
    """A bare repository at ``path``; shas are 40 hex digits, refs are full (``refs/heads/main``)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(
        self,
        *args: str,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> bytes:
        """Standard output of a Git command; :class:`GitError` when it fails."""
        done = subprocess.run(
            ["git", f"--git-dir={self.path.absolute()}", "-c", "core.quotePath=false", *args],
            input=stdin,
            capture_output=True,
            env=environment(env),
            cwd=cwd,
            check=False,
        )
        if done.returncode:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["git failed"]
            raise GitError(lines[-1])
        return done.stdout

    def text(self, *args: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None) -> str:
        """The same as text, without the last line ending."""
        return self.run(*args, stdin=stdin, env=env).decode("utf-8", "replace").rstrip("\n")

    def create(self, default_branch: str) -> None:
        """Make the repository, empty; its default branch does not exist until something is pushed."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["git", "init", "-q", "--bare", f"--initial-branch={default_branch}", str(self.path)],
            check=True,
            env=environment(),
        )

    def remove(self) -> None:
        """Take it away."""
        shutil.rmtree(self.path, ignore_errors=True)

    # -- refs ---------------------------------------------------------------------------------------

    def resolve(self, name: str) -> str | None:
        """The commit behind a sha, branch, tag or full ref; None when there is none."""
        for candidate in (name, f"refs/heads/{name}", f"refs/tags/{name}"):
            if candidate.startswith("-") or ".." in candidate or "^" in candidate or "@{" in candidate:
                continue
            if not candidate.startswith("refs/") and not _is_sha(candidate):
                continue
            try:
                return self.text("rev-parse", "--verify", "-q", "--end-of-options", candidate + "^{commit}")
            except GitError:
                continue
        return None

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        """Full ref name → sha, of every ref that begins with ``prefix``, sorted by name."""
        lines = self.text("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines)
        return {name: sha for name, sha in pairs if name.startswith(prefix)}

    def set_ref(self, ref: str, sha: str, before: str | None = None) -> None:
        """Point ``ref`` at ``sha``; with ``before`` (:data:`ZERO`: absent) only if it stands there now."""
        self.run("update-ref", ref, sha, *([before] if before is not None else []))

    def delete_ref(self, ref: str) -> None:
        """Take a ref away."""
        self.run("update-ref", "-d", ref)

    def valid_ref(self, ref: str) -> bool:
        """Whether Git takes that name."""
        try:
            self.run("check-ref-format", ref)
        except GitError:
            return False
        return True

    # -- objects ------------------------------------------------------------------------------------

    def kind(self, sha: str) -> str | None:
        """``commit`` | ``tree`` | ``blob`` | ``tag``, or None when there is no such object."""
        if not _is_sha(sha):
            return None
        try:
            return self.text("cat-file", "-t", sha)
        except GitError:
            return None

    def blob(self, sha: str) -> bytes:
        """The bytes of a blob."""
        return self.run("cat-file", "blob", sha)

    def add_blob(self, content: bytes) -> str:
        """Store bytes; returns their sha."""
        return self.text("hash-object", "-w", "--stdin", stdin=content)

    def entries(self, tree: str, path: str = "", *, recursive: bool = False) -> list[Entry]:
        """What a tree (or commit) holds, below the folder ``path``."""
        args = ["ls-tree", "-l", "-z", "--full-tree", *(["-r", "-t"] if recursive else []), tree]
        if path:
            args[-1] = f"{tree}:{path}"
        entries = []
        for line in self.run(*args).decode("utf-8", "replace").split("\0"):
            if line:
                meta, name = line.split("\t", 1)
                mode, kind, sha, size = meta.split()
                full = f"{path}/{name}" if path else name
                entries.append(Entry(mode, kind, sha, int(size) if size != "-" else None, full))
        return entries

    def entry(self, tree: str, path: str) -> Entry | None:
        """The file or folder at ``path``, or None."""
        parent, _, _ = path.rpartition("/")
        try:
            return next((entry for entry in self.entries(tree, parent) if entry.path == path), None)
        except GitError:
            return None

    def add_tree(self, base: str | None, changes: Sequence[tuple[str, str, str | None]]) -> str:
        """A tree like ``base`` (None: empty) with ``(path, mode, sha)`` put in; sha None: taken out."""
        with tempfile.TemporaryDirectory() as folder:
            env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            if base:
                self.run("read-tree", base, env=env)
            lines = []
            for path, mode, sha in changes:
                if mode == "040000" and sha:
                    self.run("read-tree", f"--prefix={path}/", sha, env=env)
                elif sha is None:
                    gone = self.run("ls-files", "-z", "--", path, env=env).decode().split("\0")
                    lines += [f"0 {ZERO}\t{name}" for name in gone if name]
                else:
                    lines.append(f"{mode} {sha}\t{path}")
            self.run("update-index", "-z", "--index-info", stdin="\0".join([*lines, ""]).encode(), env=env)
            return self.text("write-tree", env=env)

    def add_commit(
        self, tree: str, parents: Sequence[str], message: str, author: Signature, committer: Signature
    ) -> str:
        """Store a commit; returns its sha."""
        env = {
            "GIT_AUTHOR_NAME": author.name,
            "GIT_AUTHOR_EMAIL": author.email,
            "GIT_AUTHOR_DATE": author.date,
            "GIT_COMMITTER_NAME": committer.name,
            "GIT_COMMITTER_EMAIL": committer.email,
            "GIT_COMMITTER_DATE": committer.date,
        }
        arguments = [part for parent in parents for part in ("-p", parent)]
        return self.text("commit-tree", tree, *arguments, "-F", "-", stdin=message.encode(), env=env)

    def commit(self, sha: str) -> Commit:
        """A commit; :class:`GitError` when there is none."""
        return self.log(sha, limit=1)[0]

    def log(self, *revisions: str, limit: int = 250, path: str = "") -> list[Commit]:
        """Commits reachable from ``revisions`` (``a..b``, ``--not``) that touch ``path``, newest first."""
        fields = "%H%n%T%n%P%n%an%n%ae%n%at%n%cn%n%ce%n%ct%n%B"
        where = ["--", path] if path else ["--"]
        raw = self.run("log", "-z", f"--max-count={limit}", f"--format={fields}", *revisions, *where)
        commits = []
        for record in raw.decode("utf-8", "replace").split("\0"):
            if record:
                sha, tree, parents, an, ae, at, cn, ce, ct, message = record.split("\n", 9)
                author, committer = Signature(an, ae, _iso(at)), Signature(cn, ce, _iso(ct))
                parts = tuple(parents.split())
                commits.append(Commit(sha, tree, parts, author, committer, message.rstrip("\n")))
        return commits

    # -- comparing and merging ----------------------------------------------------------------------

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor."""
        try:
            return self.text("merge-base", one, other)
        except GitError:
            return None

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether ``new`` contains ``old``."""
        return self.merge_base(old, new) == old

    def merge_tree(self, base: str, head: str) -> str | None:
        """The tree of a merge of two commits; None when they conflict."""
        try:
            return self.text("merge-tree", "--write-tree", base, head).splitlines()[0]
        except GitError:
            return None

    def rebased(self, commit: Commit, onto: str, committer: Signature) -> str | None:
        """``commit`` on top of ``onto``; None when they conflict (Git 2.39 has no ``--merge-base`` there)."""
        parent = commit.parents[0] if commit.parents else EMPTY_TREE
        shadow = self.add_commit(self.commit(onto).tree, [parent], "onto", committer, committer)
        tree = self.merge_tree(shadow, commit.sha)
        return tree and self.add_commit(tree, [onto], commit.message, commit.author, committer)

    def names(self, old: str, new: str) -> list[tuple[str, str]]:
        """``(path, status)`` of every file that differs, without a look into them."""
        raw = self.text("diff-tree", "-r", "-z", "--name-status", old, new)
        parts = raw.rstrip("\0").split("\0")
        return [(path, _WORDS[letter[0]]) for letter, path in zip(parts[::2], parts[1::2], strict=False)]

    def paths(self, old: str, new: str) -> list[str]:
        """Every path that differs."""
        return [path for path, _ in self.names(old, new)]

    def changes(self, old: str, new: str) -> list[FileChange]:
        """Every file that differs between two commits or trees."""
        raw = self.run("diff-tree", "-r", "-z", "-M", "--raw", "--abbrev=40", old, new).decode(
            "utf-8", "replace"
        )
        parts = iter(raw.split("\0"))
        found = []
        for head in parts:
            if not head.startswith(":"):
                continue
            _, _, old_sha, new_sha, letter = head.split(" ")
            previous = next(parts)
            path = next(parts) if letter[0] in "RC" else previous
            patch = self.text("diff-tree", "-p", "-M", "--no-prefix", old, new, "--", previous, path)
            _, mark, hunks = patch.partition("\n@@")
            lines = hunks.splitlines()
            found.append(
                FileChange(
                    path,
                    _WORDS[letter[0]],
                    old_sha if letter[0] == "D" else new_sha,
                    sum(line.startswith("+") for line in lines),
                    sum(line.startswith("-") for line in lines),
                    ("@@" + hunks) if mark else "",
                    previous if path != previous else "",
                )
            )
        return found


def _is_sha(text: str) -> bool:
    return 4 <= len(text) <= 40 and all(letter in "0123456789abcdef" for letter in text)


def _iso(seconds: str) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
