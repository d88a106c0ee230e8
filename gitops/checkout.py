"""Reading a checkout of the requests repository: which files are requests, their bytes, which changed."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from gitops import yamltext
from gitops.errors import InvalidRequest, UsageError
from gitops.finding import Finding, Place, Severity
from gitops.history import History, failed, split

ROOT = "requests"
POLICY = "requests/policy.yaml"
SCHEMA = "requests/schema.json"
REQUEST_REFS = ("refs/heads/request/", "refs/remotes/origin/request/")
_SUFFIXES = (".yaml", ".yml", ".json")
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Without following a link and without waiting, should another process put one there meanwhile."""
_NO_FILES = ("120000", "160000")  # Git's modes of a symbolic link and of a submodule


class Proposal(Struct, frozen=True):
    """The file that the branch of an open request proposes; ``request`` is its id by the branch's name."""

    request: str
    branch: str
    path: str
    raw: bytes


class Changes(Struct, frozen=True):
    """Request files that a branch added or changed since ``base``, and those that it deleted or renamed."""

    base: str
    files: tuple[str, ...]
    deleted: tuple[str, ...]


class Checkout(History, frozen=True):
    """The working tree at ``root``, and the history it is of."""

    @classmethod
    def here(cls, folder: Path | None = None) -> Checkout:
        """The checkout whose top is this folder (the current one).

        Raises:
            UsageError: there is no ``requests`` folder in it; says why, as far as Git knows.
        """
        root = (folder or Path.cwd()).resolve()
        if not (root / ROOT).is_dir() or (root / ROOT).is_symlink():
            raise cls(root)._no_requests()
        return cls(root)

    def _no_requests(self) -> UsageError:
        """Why there is no folder of requests at the top, as far as Git knows, and what to do."""
        done = self.run("rev-parse", "--is-bare-repository", "--show-cdup")
        bare, _, above = done.stdout.decode("utf-8", "replace").strip().partition("\n")
        fix = "Run lakeport at the top of a clone of the requests repository."
        if bare == "true":
            why = "This clone is bare (--bare, --mirror): it has no files."
            fix = "Clone it without that, or make a folder with files: git worktree add ../record"
        elif done.returncode:
            why = "This is no Git repository."
        elif above:
            why, fix = "This is not the top of the clone.", f"Run: cd {above}"
        elif not self.run("cat-file", "-e", f"HEAD:{ROOT}").returncode:
            why = "Its files are not checked out (--no-checkout, or a sparse checkout)."
            fix = f"Run: git sparse-checkout disable && git checkout HEAD -- {ROOT}"
        else:
            why = "The commit that is checked out has none either."
        return UsageError(f"There is no folder {ROOT}/ here.", why=why, fix=fix)

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

    def mentioning(self, words: Sequence[str]) -> tuple[str, ...]:
        """Request files whose text has one of these ASCII words, in any case, or may spell one with escapes.

        Git looks through 20,000 files in a tenth of a second.
        """
        patterns = [part for word in (*words, "\\") for part in ("-e", word)]
        options = ["-l", "-z", "-i", "-F", "--untracked", "--no-color"]
        done = self.run("grep", *options, *patterns, "--", f"{ROOT}/")
        if done.returncode not in (0, 1):  # 1: there is none
            raise failed("grep", done.stderr)
        return tuple(name for name in split(done.stdout) if is_request_file(name))

    def changes_since(self, revision: str) -> Changes:
        """What this branch changed since it left ``revision``; two calls of Git.

        Raises:
            UsageError: Git does not know it.
        """
        base = self.merge_base(revision)
        out = self.git("diff", "--raw", "-z", "--no-renames", "--no-abbrev", base, "HEAD", "--", ROOT)
        parts = split(out)  # ":100644 120000 … M", a name: the modes before and after, and what was done
        files: list[str] = []
        deleted: list[str] = []
        for what, name in zip(parts[::2], parts[1::2], strict=True):
            if is_request_file(name) or what.split(" ", 2)[1] in _NO_FILES:
                (deleted if what.endswith("D") else files).append(name)
        return Changes(base, tuple(files), tuple(deleted))

    def differing(self, commit: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Request files of the working tree that are not as in a commit, and those that are gone from it."""
        out = split(self.git("diff", "--name-status", "-z", "--no-renames", commit, "--", f"{ROOT}/"))
        files = {name: status != "D" for status, name in zip(out[::2], out[1::2], strict=True)}
        new = self.git("ls-files", "--others", "--exclude-standard", "-z", "--", f"{ROOT}/")
        files |= dict.fromkeys(split(new), True)
        ours = sorted(name for name in files if is_request_file(name))
        return tuple(name for name in ours if files[name]), tuple(name for name in ours if not files[name])

    def open_requests(self, base: str) -> tuple[Proposal, ...]:
        """What the branches of requests propose that ``base`` (a commit) does not have like that.

        Branches that are merged into it are left out; of a branch here and the same one of ``origin``, that
        of ``origin`` counts. Three calls of Git, however many branches there are.
        """
        options = [f"--no-merged={base}", "--format=%(objectname) %(refname)"]
        out = self.git("for-each-ref", *options, *REQUEST_REFS).decode("ascii", "replace")
        commits: dict[str, str] = {}  # path → the commit that proposes it, that of origin last
        for line in out.splitlines():
            commit, _, ref = line.partition(" ")
            name = ref.partition("/request/")[2]
            if name.isascii() and name.count("/") == 2:
                commits[f"{ROOT}/{name}.yaml"] = commit
        if not commits:
            return ()
        found = self.files_of([f"{at}:{path}" for path, commit in commits.items() for at in (commit, base)])
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
