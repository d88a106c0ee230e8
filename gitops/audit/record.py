"""The record: the request files of the default branch, and the receipts, as a clone has them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from gitops.audit import index
from gitops.audit.facts import Version, Written
from gitops.checkout import is_request_file
from gitops.errors import ConfigurationError, InvalidRequest, UsageError
from gitops.history import RECEIPT_REFS, TRUNKS, split
from gitops.receipt import number_in
from gitops.request import request_id

if TYPE_CHECKING:
    from gitops.audit.index import Shelf
    from gitops.checkout import Checkout
    from gitops.kind import Registry

LONG = 2_000
"""From so many requests on, Git is slow without a commit graph."""


class File(Struct, frozen=True, gc=False):
    """A request file on the default branch; ``request`` is empty where none can be at its path."""

    path: str
    request: str
    blob: str
    version: Version


class Record:
    """What a clone knows. ``main`` is the commit that is looked at, ``branch`` the ref it was found by.

    Raises:
        UsageError: there is no default branch here.
        ConfigurationError: the clone is shallow, so that answers would be wrong.
    """

    def __init__(self, checkout: Checkout, registry: Registry) -> None:
        self.checkout = checkout
        self._registry = registry
        self._refs = _refs(checkout)
        for ref in TRUNKS:
            if ref in self._refs:
                self.branch, self.main = ref, self._refs[ref]
                break
        else:
            raise UsageError(
                "There is neither origin/main nor main here.", fix="Run it in a clone of the requests."
            )

    @property
    def has_receipts(self) -> bool:
        """Whether the branch of receipts is here; without it nobody can say what was applied."""
        return bool(self.receipts_head)

    @property
    def state(self) -> str:
        """What everything here follows from: the two commits, and the kinds that files are read with."""
        return f"{self.main} {self.receipts_head} {' '.join(self._registry)}"

    @property
    def receipts_head(self) -> str:
        """The commit that the branch of receipts is at; empty when it is not here."""
        return next((self._refs[ref] for ref in RECEIPT_REFS if ref in self._refs), "")

    @cached_property
    def versions(self) -> Shelf[Version]:
        """Versions of request files by Git id."""
        return index.versions(self.checkout, self._registry)

    @cached_property
    def _listing(self) -> bytes:
        """What Git says of the tree of requests; taken apart only by who needs all of it."""
        return _list(self.checkout, self.main, "requests/")

    @cached_property
    def blobs(self) -> Mapping[str, str]:
        """The Git id of each request file, by path."""
        return {path: blob for path, blob in _entries(self._listing) if is_request_file(path)}

    @cached_property
    def files(self) -> tuple[File, ...]:
        """Every request file, by path."""
        facts = self.versions.take(list(self.blobs.values()))
        return tuple(
            File(path, request_of(path), blob, facts[blob])
            for path, blob in self.blobs.items()
            if blob in facts
        )

    @cached_property
    def receipts(self) -> tuple[Written, ...]:
        """Every receipt that can be read, in the order of their files."""
        return tuple(one for _, one in self.receipt_files if one is not None)

    @cached_property
    def receipt_files(self) -> tuple[tuple[str, Written | None], ...]:
        """Each file of the branch with its receipt; ``None`` for one that cannot be read."""
        head = next((self._refs[ref] for ref in RECEIPT_REFS if ref in self._refs), "")
        if not head:
            return ()
        blobs = [(path, blob) for path, blob in _tree(self.checkout, head, "receipts/") if number_in(path)]
        facts = index.receipts(self.checkout).take([blob for _, blob in blobs])
        return tuple((path, facts.get(blob)) for path, blob in blobs)

    @cached_property
    def by_request(self) -> Mapping[str, tuple[Written, ...]]:
        """The receipts of each request, oldest first."""
        found: dict[str, list[Written]] = {}
        for one in self.receipts:
            found.setdefault(one.request, []).append(one)
        return {name: tuple(those) for name, those in found.items()}

    def receipts_of(self, request: str) -> tuple[Written, ...]:
        """The receipts of one request, oldest first, without reading those of all others."""
        if "by_request" in self.__dict__:
            return self.by_request.get(request, ())
        return index.of_one(self.checkout, self.receipts_head, request, lambda: self.by_request)

    def named(self, name: str) -> File:
        """The request of this id, path, or name within its team.

        Raises:
            UsageError: there is none, or there are several.
        """
        wanted = re.escape(os.fsencode(name.removeprefix("requests/").removesuffix(".yaml")))
        pattern = rb"(?:^|\0)(100\d{3} blob [0-9a-f]+\trequests/(?:[^\0]*/)?" + wanted + rb"\.yaml)(?=\0)"
        entries = b"\0".join(re.findall(pattern, self._listing))
        blobs = {path: blob for path, blob in _entries(entries) if is_request_file(path)}
        found = list(blobs)
        if len(found) == 1:
            ((path, blob),) = blobs.items()
            return File(path, request_of(path), blob, index.one_version(self.checkout, blob, self._registry))
        if not found:
            raise UsageError(
                f"There is no request {name} on the default branch.",
                fix="Run `lakeport audit list` to see them all.",
            )
        raise UsageError(
            f"There are {len(found)} requests called {name}.",
            fix=f"Write one of {', '.join(request_of(path) or path for path in found[:5])}.",
        )

    def at(self, places: Sequence[tuple[str, str]]) -> list[Version | None]:
        """The versions that files had: ``(commit, path)`` → version; ``None`` where Git has none."""
        asked = [
            f"{commit}:{path}"
            if re.fullmatch(r"[0-9a-f]{40,64}", commit) and "\n" not in path
            else "0000:none"
            for commit, path in places
        ]
        blobs = self.checkout.files_of(asked)
        facts = self.versions.take([blob for blob in blobs if blob])
        return [facts.get(blob) for blob in blobs]

    def quicken(self) -> None:
        """Let Git note which commit touched which file, once, where the history is long.

        The history of one file then takes a thirtieth of a second instead of a quarter (20,000 commits).
        """
        graph = index.folder(self.checkout).parent / "objects/info"
        if self._listing.count(b"\0") > LONG and not list(graph.glob("commit-graph*")):
            line = f"{self.main}\n".encode()
            self.checkout.run("commit-graph", "write", "--stdin-commits", "--changed-paths", stdin=line)

    def kept(self, name: str) -> str:
        """A commit that was kept within ``.git`` under this name; empty when none was."""
        try:
            text = (index.folder(self.checkout) / name).read_text().strip()
        except (OSError, ValueError):
            return ""
        return text if re.fullmatch(r"[0-9a-f]{40,64}", text) else ""

    def keep(self, name: str, commit: str) -> None:
        """Keep a commit for the next time; where nothing can be written it is not kept."""
        folder = index.folder(self.checkout)
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(f"{commit}\n")

    def require_history(self) -> None:
        """Refuse a clone without its history: who did what when is in there.

        Raises:
            ConfigurationError: the clone is shallow.
        """
        if (self.checkout.root / ".git/shallow").exists():
            raise ConfigurationError(
                "This clone has not the whole history.",
                why="It was made with --depth, so that commits are missing and the answer would be wrong.",
                fix="Run `git fetch --unshallow`.",
            )


def request_of(path: str) -> str:
    """The id of the request at a path; empty where none can be."""
    try:
        return request_id(path)
    except InvalidRequest:
        return ""


def _refs(checkout: Checkout) -> dict[str, str]:
    """The commits of the default branch and of the receipts, whichever are here; one call of Git."""
    out = checkout.git("for-each-ref", "--format=%(objectname) %(refname)", *TRUNKS, *RECEIPT_REFS)
    lines = (line.split(" ", 1) for line in out.decode("utf-8", "replace").splitlines())
    return {ref: commit for commit, ref in lines}


def _tree(checkout: Checkout, commit: str, folder: str) -> Iterator[tuple[str, str]]:
    """The regular files below a folder of a commit, with the ids of their contents, by path."""
    return _entries(_list(checkout, commit, folder))


def _list(checkout: Checkout, commit: str, folder: str) -> bytes:
    return checkout.git("ls-tree", "-r", "-z", "--full-tree", commit, "--", folder)


def _entries(listing: bytes) -> Iterator[tuple[str, str]]:
    for entry in split(listing):
        meta, _, path = entry.partition("\t")
        mode, _, blob = meta.split(" ")
        if mode.startswith("100"):
            yield path, blob
