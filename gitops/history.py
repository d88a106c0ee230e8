"""What Git says of a repository: commits, files in them, and its settings.

The only place that starts ``git``, always with an argument list; a revision is checked to be one before use.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from gitops import yamltext
from gitops.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    import subprocess

RECEIPT_REFS = ("refs/remotes/origin/receipts", "refs/heads/receipts")
TRUNKS = ("refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/heads/main")
_TIMEOUT = 60.0
_SETTINGS = (
    "core.quotePath=false",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "diff.external=",
    "diff.orderFile=/dev/null",
    "i18n.logOutputEncoding=UTF-8",
    "log.follow=false",
    "log.showSignature=false",
    "trailer.separators=:",
)
"""What the settings of a clone must not decide: what we read, and which programs are started for it."""


class History(Struct, frozen=True):
    """The repository whose working tree is at ``root``; every path is relative to it, with ``/``."""

    root: Path

    def setting(self, name: str) -> str:
        """A value of Git's own settings, such as ``user.email``; empty where it is not set."""
        done = self.run("config", "--get", name)
        return "" if done.returncode else done.stdout.decode("utf-8", "replace").strip()

    def merge_base(self, revision: str) -> str:
        """The commit where this branch left ``revision``.

        Raises:
            UsageError: Git does not know it, or as far as is known here they have nothing in common.
        """
        done = self.run("merge-base", "--end-of-options", f"{revision}^{{commit}}", "HEAD")
        if not done.returncode:
            return done.stdout.decode().strip()
        self.commit(revision)  # asked only now: where all is well, it is one call of Git less
        if done.returncode != 1:  # 1: it looked, and found none
            raise failed("merge-base", done.stderr)
        raise UsageError(
            f"This branch and {revision} have no commit in common.",
            fix="Fetch the whole history (in a workflow: fetch-depth: 0).",
        )

    def commit(self, revision: str) -> str:
        """The full id of a commit.

        Raises:
            UsageError: Git does not know it.
        """
        done = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if done.stderr:  # not about the revision, of which --quiet says nothing
            raise failed("rev-parse", done.stderr)
        if done.returncode:
            raise UsageError(
                f"{revision} is not a commit of this repository.",
                fix="Fetch it first (in a workflow: fetch-depth: 0), or look at the spelling.",
            )
        return done.stdout.decode().strip()

    def read_at(self, revision: str, name: str) -> bytes:
        """The bytes of a file in a commit.

        Raises:
            UsageError: the commit or the file does not exist.
        """
        commit = self.commit(revision)
        found = self.read_tree(commit, [name])
        if name not in found:
            raise UsageError(f"{name} does not exist at {revision}.")
        return found[name]

    def tree(self, revision: str, folder: str) -> tuple[str, ...]:
        """The regular files below a folder in a commit; links and submodules are left out."""
        out = self.git("ls-tree", "-r", "-z", "--full-tree", self.commit(revision), "--", folder)
        entries = (entry.split("\t", 1) for entry in split(out))
        return tuple(name for meta, name in entries if meta.startswith("100"))

    def read_tree(self, revision: str, names: Sequence[str]) -> Mapping[str, bytes]:
        """The bytes of many files in a commit, read with one call; those that are not there are left out."""
        asked = [name for name in names if "\n" not in name]
        text = "".join(f"{revision}:{name}\n" for name in asked)
        out = self.git("cat-file", "--batch", stdin=os.fsencode(text))
        return _batch(asked, out)

    def blobs(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """Contents by their Git id, those that are here; read with one call."""
        asked = [one for one in ids if one.isalnum()]
        out = self.git("cat-file", "--batch", stdin="".join(f"{one}\n" for one in asked).encode())
        return _batch(asked, out)

    def merge_commit(self, name: str) -> str | None:
        """The commit that brought the file, as it is at HEAD, into this branch; ``None`` when none did.

        Raises:
            ConfigurationError: the history was not fetched, so that the answer would be wrong.
        """
        if self.git("rev-parse", "--is-shallow-repository").strip() == b"true":
            raise ConfigurationError(
                "The history of this checkout was not fetched.",
                why="Which pull request brought a file is read from the history.",
                fix="Set fetch-depth: 0 on the checkout step, or run git fetch --unshallow.",
            )
        out = self.git("log", "-1", "--first-parent", "--format=%H", "HEAD", "--", f":(literal){name}")
        return out.decode().strip() or None

    def trunk(self) -> str:
        """The revision that requests are merged into, as far as it is here: ``origin``'s, else ``main``.

        Raises:
            UsageError: there is none.
        """
        out = self.git("for-each-ref", "--format=%(refname)", *TRUNKS)
        found = out.decode("utf-8", "replace").split()
        for ref in TRUNKS:
            if ref in found:
                return ref
        raise UsageError(
            "There is neither origin/main nor main here.", fix="Say what to compare with: --base REV."
        )

    def receipts(self) -> Mapping[str, bytes]:
        """The receipt files that Git has here, by path; empty when the branch was not fetched."""
        for ref in RECEIPT_REFS:
            if not self.run("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").returncode:
                return self.read_tree(ref, self.tree(ref, "receipts/"))
        return {}

    def files_of(self, asked: Sequence[str]) -> list[str]:
        """The Git id of each ``commit:path``; empty for what is no file, or larger than any request."""
        out = self.git("cat-file", "--batch-check", stdin="".join(f"{one}\n" for one in asked).encode())
        found = []
        for line in out.decode("utf-8", "replace").splitlines():
            parts = line.split(" ")
            small = len(parts) == 3 and parts[1] == "blob" and int(parts[2]) <= yamltext.MAX_BYTES
            found.append(parts[0] if small else "")
        return found

    def git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What one call of Git prints; a call that fails is an error."""
        done = self.run(*arguments, stdin=stdin)
        if done.returncode:
            raise failed(arguments[0], done.stderr)
        return done.stdout

    def run(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """One call of Git, whatever it ends with."""
        import subprocess  # a check of named files starts nothing

        settings = (part for one in _SETTINGS for part in ("-c", one))
        command = ["git", "--no-pager", "-C", str(self.root), *settings, *arguments]
        try:
            return subprocess.run(
                command, input=stdin, capture_output=True, timeout=_TIMEOUT, check=False, env=_environment()
            )
        except FileNotFoundError as error:
            raise ConfigurationError("git is not installed.", fix="Install git.") from error
        except subprocess.TimeoutExpired as error:
            raise ConfigurationError(f"git {arguments[0]} did not end in {_TIMEOUT:.0f} s.") from error


def _environment() -> dict[str, str]:
    """Git's answers are read by us: in no language, compared byte by byte, and of the commits as they are.

    A replacement or a graft shows another history than the ids of the commits stand for.
    """
    return os.environ | {"LC_ALL": "C", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_GRAFT_FILE": f"{os.devnull}/none"}


def failed(command: str, stderr: bytes) -> ConfigurationError:
    """The error for a call of Git that failed, with the first line of what it said."""
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    return ConfigurationError(
        f"git {command} failed: {lines[0] if lines else 'no message'}",
        fix="Run lakeport in a checkout made by git, with its history.",
    )


def _batch(asked: Sequence[str], out: bytes) -> dict[str, bytes]:
    """What ``git cat-file --batch`` answered to each name; what is missing or no file is left out."""
    found, at = {}, 0
    for name in asked:
        end = out.index(b"\n", at)
        header = out[at:end].split(b" ")
        at = end + 1
        if header[-1] == b"missing":
            continue
        size = int(header[-1])
        if header[-2] == b"blob":
            found[name] = out[at : at + size]
        at += size + 1
    return found


def split(out: bytes) -> list[str]:
    """The names in an answer of Git with ``-z``."""
    return [name for name in out.decode("utf-8", "surrogateescape").split("\0") if name]
