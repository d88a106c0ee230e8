"""Reading a checkout of the requests repository: request files, the policy, and what Git says about them.

The only place that starts ``git``, always with an argument list; a revision is checked to be one before use.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gitops.errors import ConfigurationError, InvalidRequest, UsageError
from gitops.finding import Finding, Place, Severity

ROOT = "requests"
POLICY = "requests/policy.yaml"
SCHEMA = "requests/schema.json"
RECEIPT_REFS = ("refs/remotes/origin/receipts", "refs/heads/receipts")
_TIMEOUT = 60.0


@dataclass(frozen=True)
class Checkout:
    """The working tree at ``root``; every path is relative to it, with ``/``."""

    root: Path

    @classmethod
    def here(cls, folder: Path | None = None) -> Checkout:
        """The checkout whose top is this folder (the current one).

        Raises:
            UsageError: there is no ``requests`` folder in it.
        """
        root = (folder or Path.cwd()).resolve()
        if not (root / ROOT).is_dir():
            raise UsageError(
                f"There is no folder {ROOT}/ here.",
                fix="Run lakeport at the top of a checkout of the requests repository.",
            )
        return cls(root)

    # --- files of the working tree

    def all_files(self) -> tuple[str, ...]:
        """Every request file: all files below ``requests/`` but the policy and the schema, sorted."""
        found = (path for path in (self.root / ROOT).rglob("*") if path.is_file() or path.is_symlink())
        names = sorted(path.relative_to(self.root).as_posix() for path in found)
        return tuple(name for name in names if is_request_file(name))

    def named(self, paths: Iterable[Path]) -> tuple[str, ...]:
        """The request files a person named; a folder stands for all that is in it.

        Raises:
            UsageError: one does not exist, or is not below ``requests/``.
        """
        found: dict[str, None] = {}
        for path in paths:
            full = path if path.is_absolute() else Path.cwd() / path
            full = full.parent.resolve() / full.name  # a link itself is looked at, not what it points to
            if not full.is_relative_to(self.root / ROOT):
                raise UsageError(
                    f"{path} is not below {ROOT}/.",
                    fix=f"Request files are {ROOT}/<environment>/<team>/<name>.yaml.",
                )
            name = full.relative_to(self.root).as_posix()
            if full.is_dir():
                found.update(dict.fromkeys(file for file in self.all_files() if file.startswith(name + "/")))
            elif full.is_file():
                found[name] = None
            else:
                raise UsageError(f"{path} does not exist.", fix="Look at the spelling of the path.")
        return tuple(found)

    def read(self, name: str) -> bytes:
        """The bytes of a file of the working tree; a link is never followed.

        Raises:
            InvalidRequest: it is a link.
            UsageError: it cannot be read.
        """
        path = self.root / PurePosixPath(name)
        if path.is_symlink():
            message = "This is a symbolic link, not a request file."
            raise InvalidRequest(
                [Finding("path-link", Severity.ERROR, message, Place(name), "Put the file itself there.")]
            )
        try:
            return path.read_bytes()
        except OSError as error:
            raise UsageError(f"{name} cannot be read: {error.strerror}.") from error

    # --- what Git says

    def changed_since(self, revision: str) -> tuple[str, ...]:
        """Request files added or changed on this branch since it left ``revision``."""
        return self._diff(revision, "ACMRT")

    def deleted_since(self, revision: str) -> tuple[str, ...]:
        """Request files that are gone on this branch since it left ``revision``, also by a new name."""
        return self._diff(revision, "D")

    def _diff(self, revision: str, kinds: str) -> tuple[str, ...]:
        base = self.commit(revision)
        options = ["--name-only", "-z", "--no-renames", f"--diff-filter={kinds}"]
        out = self._git("diff", *options, f"{base}...HEAD", "--", f"{ROOT}/")
        return tuple(name for name in _split(out) if is_request_file(name))

    def merge_base(self, revision: str) -> str:
        """The commit where this branch left ``revision``."""
        return self._git("merge-base", self.commit(revision), "HEAD").decode().strip()

    def commit(self, revision: str) -> str:
        """The full id of a commit.

        Raises:
            UsageError: Git does not know it.
        """
        done = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if done.stderr:  # not about the revision, of which --quiet says nothing
            raise _failed("rev-parse", done.stderr)
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
        out = self._git("ls-tree", "-r", "-z", "--full-tree", self.commit(revision), "--", folder)
        entries = (entry.split("\t", 1) for entry in _split(out))
        return tuple(name for meta, name in entries if meta.startswith("100"))

    def read_tree(self, revision: str, names: Sequence[str]) -> Mapping[str, bytes]:
        """The bytes of many files in a commit, read with one call; those that are not there are left out."""
        asked = [name for name in names if "\n" not in name]
        text = "".join(f"{revision}:{name}\n" for name in asked)
        out = self._git("cat-file", "--batch", stdin=text.encode())
        return _batch(asked, out)

    def blobs(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """Contents by their Git id, those that are here; read with one call."""
        asked = [one for one in ids if one.isalnum()]
        out = self._git("cat-file", "--batch", stdin="".join(f"{one}\n" for one in asked).encode())
        return _batch(asked, out)

    def merge_commit(self, name: str) -> str | None:
        """The commit that brought the file, as it is at HEAD, into this branch; ``None`` when none did.

        Raises:
            ConfigurationError: the history was not fetched, so that the answer would be wrong.
        """
        if self._git("rev-parse", "--is-shallow-repository").strip() == b"true":
            raise ConfigurationError(
                "The history of this checkout was not fetched.",
                why="Which pull request brought a file is read from the history.",
                fix="Set fetch-depth: 0 on the checkout step, or run git fetch --unshallow.",
            )
        out = self._git("log", "-1", "--first-parent", "--format=%H", "HEAD", "--", f":(literal){name}")
        return out.decode().strip() or None

    def receipts(self) -> Mapping[str, bytes]:
        """The receipt files that Git has here, by path; empty when the branch was not fetched."""
        for ref in RECEIPT_REFS:
            if not self._run("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").returncode:
                return self.read_tree(ref, self.tree(ref, "receipts/"))
        return {}

    def _git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        done = self._run(*arguments, stdin=stdin)
        if done.returncode:
            raise _failed(arguments[0], done.stderr)
        return done.stdout

    def _run(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = ["git", "-C", str(self.root), "-c", "core.quotePath=false", *arguments]
        try:
            return subprocess.run(command, input=stdin, capture_output=True, timeout=_TIMEOUT, check=False)
        except FileNotFoundError as error:
            raise ConfigurationError("git is not installed.", fix="Install git.") from error
        except subprocess.TimeoutExpired as error:
            raise ConfigurationError(f"git {arguments[0]} did not end in {_TIMEOUT:.0f} s.") from error


def is_request_file(name: str) -> bool:
    """Whether this is the place of a request file; whether it follows the path rule, loading finds out."""
    parts = PurePosixPath(name).parts
    if len(parts) < 2 or parts[0] != ROOT or name in (POLICY, SCHEMA):
        return False
    return PurePosixPath(name).suffix in (".yaml", ".yml", ".json") or len(parts) == 4


def _failed(command: str, stderr: bytes) -> ConfigurationError:
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


def _split(out: bytes) -> list[str]:
    return [name for name in out.decode("utf-8", "surrogateescape").split("\0") if name]
