"""Reading a checkout of the requests repository: request files, the policy, and what Git says about them.

The only place that starts ``git``, always with an argument list; a revision is checked to be one before use.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gitops import yamltext
from gitops.errors import ConfigurationError, InvalidRequest, UsageError
from gitops.finding import Finding, Place, Severity

if TYPE_CHECKING:
    import subprocess

ROOT = "requests"
POLICY = "requests/policy.yaml"
SCHEMA = "requests/schema.json"
RECEIPT_REFS = ("refs/remotes/origin/receipts", "refs/heads/receipts")
TRUNKS = ("refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/heads/main")
REQUEST_REFS = ("refs/heads/request/", "refs/remotes/origin/request/")
_SUFFIXES = (".yaml", ".yml", ".json")
_TIMEOUT = 60.0
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Without following a link and without waiting, should another process put one there meanwhile."""
_NO_FILES = ("120000", "160000")  # Git's modes of a symbolic link and of a submodule


@dataclass(frozen=True)
class Proposal:
    """The file that the branch of an open request proposes; ``request`` is its id by the branch's name."""

    request: str
    branch: str
    path: str
    raw: bytes


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
        if not (root / ROOT).is_dir() or (root / ROOT).is_symlink():
            raise UsageError(
                f"There is no folder {ROOT}/ here.",
                fix="Run lakeport at the top of a checkout of the requests repository.",
            )
        return cls(root)

    # --- files of the working tree

    def all_files(self) -> tuple[str, ...]:
        """Every request file: all files below ``requests/`` but the policy and the schema, sorted.

        Links, pipes and devices are there too, wherever they are and whatever they are called, so that
        :meth:`read` can refuse them; nothing behind a link is.

        Raises:
            UsageError: a folder cannot be read.
        """
        return tuple(sorted(self._below(ROOT)))

    def _below(self, folder: str) -> Iterator[str]:
        waiting = [folder]
        while waiting:
            here = waiting.pop()
            try:
                with os.scandir(self.root / here) as entries:
                    for entry in entries:
                        name = f"{here}/{entry.name}"
                        if entry.is_file(follow_symlinks=False):
                            if is_request_file(name):
                                yield name
                        elif entry.is_dir(follow_symlinks=False):
                            waiting.append(name)
                        else:
                            yield name
            except OSError as error:
                raise UsageError(f"{here}/ cannot be read: {error.strerror}.") from error

    def named(self, paths: Iterable[Path]) -> tuple[str, ...]:
        """The request files a person named; a folder stands for all that is in it.

        Raises:
            UsageError: one does not exist, or is not below ``requests/``.
        """
        found: dict[str, None] = {}
        for path in paths:
            try:
                full = path if path.is_absolute() else Path.cwd() / path
                full = full.parent.resolve() / full.name  # a link is looked at, not what it points to
                mode = full.lstat().st_mode if full.is_relative_to(self.root / ROOT) else None
            except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links that go round
                raise UsageError(
                    f"{path} does not exist.", fix="Look at the spelling of the path."
                ) from error
            if mode is None:
                raise UsageError(
                    f"{path} is not below {ROOT}/.",
                    fix=f"Request files are {ROOT}/<environment>/<team>/<name>.yaml.",
                )
            name = full.relative_to(self.root).as_posix()
            found.update(dict.fromkeys(sorted(self._below(name)) if stat.S_ISDIR(mode) else [name]))
        return tuple(found)

    def read(self, name: str) -> bytes:
        """The bytes of a file of the working tree; a link is never followed, a pipe never waited for.

        Raises:
            InvalidRequest: it is no regular file, or is larger than any request.
            UsageError: it cannot be read.
        """
        path = f"{self.root}/{name}"
        try:
            found = os.lstat(path)
            if not stat.S_ISREG(found.st_mode):
                raise InvalidRequest([_no_file(name, found.st_mode)])
            if found.st_size > yamltext.MAX_BYTES:
                raise InvalidRequest([yamltext.too_large(name, found.st_size)])
            file = os.open(path, _READ)
            try:
                return os.read(file, found.st_size + 1)
            finally:
                os.close(file)
        except OSError as error:
            raise UsageError(f"{name} cannot be read: {error.strerror}.") from error

    def of_teams(self, teams: Iterable[str]) -> tuple[str, ...]:
        """The files in the folders of these teams, in all environments, sorted."""
        folders = [f"{ROOT}/{place.name}/{team}" for place in os.scandir(self.root / ROOT) for team in teams]
        return tuple(
            sorted(
                name for folder in folders if (self.root / folder).is_dir() for name in self._below(folder)
            )
        )

    # --- what Git says

    def setting(self, name: str) -> str:
        """A value of Git's own settings, such as ``user.email``; empty where it is not set."""
        done = self._run("config", "--get", name)
        return "" if done.returncode else done.stdout.decode("utf-8", "replace").strip()

    def mentioning(self, words: Sequence[str]) -> tuple[str, ...]:
        """Request files whose text has one of these ASCII words, in any case, or may spell one with escapes.

        Git looks through 20,000 files in a tenth of a second.
        """
        patterns = [part for word in (*words, "\\") for part in ("-e", word)]
        options = ["-l", "-z", "-i", "-F", "--untracked", "--no-color"]
        done = self._run("grep", *options, *patterns, "--", f"{ROOT}/")
        if done.returncode not in (0, 1):  # 1: there is none
            raise _failed("grep", done.stderr)
        return tuple(name for name in _split(done.stdout) if is_request_file(name))

    def changed_since(self, revision: str) -> tuple[str, ...]:
        """Request files added or changed on this branch since it left ``revision``."""
        return self._diff(revision, "ACMRT")

    def deleted_since(self, revision: str) -> tuple[str, ...]:
        """Request files that are gone on this branch since it left ``revision``, also by a new name."""
        return self._diff(revision, "D")

    def _diff(self, revision: str, kinds: str) -> tuple[str, ...]:
        base = self.commit(revision)
        options = ["--raw", "-z", "--no-renames", "--no-abbrev", f"--diff-filter={kinds}"]
        parts = _split(self._git("diff", *options, f"{base}...HEAD", "--", ROOT))
        modes = (what.split(" ", 2)[1] for what in parts[::2])  # ":old new …": 100644, 100755, 120000, 160000
        changes = zip(parts[1::2], modes, strict=True)
        return tuple(name for name, mode in changes if is_request_file(name) or mode in _NO_FILES)

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
        out = self._git("cat-file", "--batch", stdin=os.fsencode(text))
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

    def trunk(self) -> str:
        """The revision that requests are merged into, as far as it is here: ``origin``'s, else ``main``.

        Raises:
            UsageError: there is none.
        """
        out = self._git("for-each-ref", "--format=%(refname)", *TRUNKS)
        found = out.decode("utf-8", "replace").split()
        for ref in TRUNKS:
            if ref in found:
                return ref
        raise UsageError(
            "There is neither origin/main nor main here.", fix="Say what to compare with: --base REV."
        )

    def differing(self, commit: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Request files of the working tree that are not as in a commit, and those that are gone from it."""
        out = _split(self._git("diff", "--name-status", "-z", "--no-renames", commit, "--", f"{ROOT}/"))
        files = {name: status != "D" for status, name in zip(out[::2], out[1::2], strict=True)}
        new = self._git("ls-files", "--others", "--exclude-standard", "-z", "--", f"{ROOT}/")
        files |= dict.fromkeys(_split(new), True)
        ours = sorted(name for name in files if is_request_file(name))
        return tuple(name for name in ours if files[name]), tuple(name for name in ours if not files[name])

    def open_requests(self, base: str) -> tuple[Proposal, ...]:
        """What the branches of requests propose that ``base`` (a commit) does not have like that.

        Branches that are merged into it are left out; of a branch here and the same one of ``origin``, that
        of ``origin`` counts. Three calls of Git, however many branches there are.
        """
        options = [f"--no-merged={base}", "--format=%(objectname) %(refname)"]
        out = self._git("for-each-ref", *options, *REQUEST_REFS).decode("ascii", "replace")
        commits: dict[str, str] = {}  # path → the commit that proposes it, that of origin last
        for line in out.splitlines():
            commit, _, ref = line.partition(" ")
            name = ref.partition("/request/")[2]
            if name.isascii() and name.count("/") == 2:
                commits[f"{ROOT}/{name}.yaml"] = commit
        if not commits:
            return ()
        found = self._files([f"{at}:{path}" for path, commit in commits.items() for at in (commit, base)])
        differs = {
            path: theirs
            for path, theirs, ours in zip(commits, found[::2], found[1::2], strict=True)
            if theirs and theirs != ours
        }
        raws = self.blobs(list(differs.values()))
        names = {path: path.removeprefix(f"{ROOT}/").removesuffix(".yaml") for path in differs}
        return tuple(
            Proposal(name, f"request/{name}", path, raws[differs[path]]) for path, name in names.items()
        )

    def _files(self, asked: Sequence[str]) -> list[str]:
        """The Git id of each ``commit:path``; empty for what is no file, or larger than any request."""
        out = self._git("cat-file", "--batch-check", stdin="".join(f"{one}\n" for one in asked).encode())
        found = []
        for line in out.decode("utf-8", "replace").splitlines():
            parts = line.split(" ")
            small = len(parts) == 3 and parts[1] == "blob" and int(parts[2]) <= yamltext.MAX_BYTES
            found.append(parts[0] if small else "")
        return found

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
        import subprocess  # a check of named files starts nothing

        command = ["git", "-C", str(self.root), "-c", "core.quotePath=false", *arguments]
        try:
            return subprocess.run(
                command, input=stdin, capture_output=True, timeout=_TIMEOUT, check=False, env=_environment()
            )
        except FileNotFoundError as error:
            raise ConfigurationError("git is not installed.", fix="Install git.") from error
        except subprocess.TimeoutExpired as error:
            raise ConfigurationError(f"git {arguments[0]} did not end in {_TIMEOUT:.0f} s.") from error


def _environment() -> dict[str, str]:
    """Git's answers are read by us: in no language, and compared byte by byte."""
    return os.environ | {"LC_ALL": "C"}


def is_request_file(name: str) -> bool:
    """Whether this is the place of a request file; whether it follows the path rule, loading finds out."""
    if not name.startswith("requests/"):
        return False
    return name.count("/") == 3 or (name.lower().endswith(_SUFFIXES) and name not in (POLICY, SCHEMA))


def clashes(names: Iterable[str]) -> Iterator[Finding]:
    """Files that some file systems take for one: names that differ by case, or by how an accent is made.

    There (macOS, Windows) a checkout keeps one of them, and nobody knows which.
    """
    same: dict[str, list[str]] = defaultdict(list)
    for name in names:
        same[name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()].append(name)
    for group in same.values():
        for name in group if len(group) > 1 else ():
            others = ", ".join(other for other in group if other != name)
            yield Finding(
                "path-clash",
                Severity.ERROR,
                f"Some computers cannot tell this file from {others}.",
                Place(name),
                "Keep one of them; names of requests are lower-case.",
            )


def _no_file(name: str, mode: int) -> Finding:
    """What is said of something below ``requests/`` that is no file."""
    if stat.S_ISLNK(mode):
        message = "This is a symbolic link, not a request file."
        return Finding("path-link", Severity.ERROR, message, Place(name), "Put the file itself there.")
    kinds = {stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket", stat.S_IFDIR: "folder"}
    message = f"This is a {kinds.get(stat.S_IFMT(mode), 'device')}, not a request file."
    return Finding("path-file", Severity.ERROR, message, Place(name), "Delete it, and put a file there.")


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
