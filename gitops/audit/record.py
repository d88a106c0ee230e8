"""The record: the request files of the default branch, and the receipts, as a clone has them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from gitops.audit import clone, index, merges
from gitops.audit.facts import FORMAT, Version, Written
from gitops.audit.index import Index, Kept
from gitops.audit.merges import Merge
from gitops.checkout import is_request_file
from gitops.errors import InvalidRequest, UsageError
from gitops.history import RECEIPT_REFS, TRUNKS

if TYPE_CHECKING:
    from gitops.audit.index import Shelf
    from gitops.checkout import Checkout
    from gitops.kind import Registry


class File(Struct, frozen=True, array_like=True, gc=False):
    """A request file of the default branch; ``request`` is empty where none can be at its path.

    ``blob`` is empty for one that was removed: then ``version`` is the last that is known.
    """

    path: str
    request: str
    blob: str
    version: Version


class Card(Struct, frozen=True, array_like=True, gc=False):
    """All that is known of one path: the file, what came in (newest first), its receipts (oldest first)."""

    file: File
    merges: tuple[Merge, ...]
    receipts: tuple[Written, ...]


class Record:
    """What a clone knows. ``main`` is the commit that is looked at, ``branch`` the ref it was found by.

    ``fresh``: everything is read from Git, and nothing of what an earlier question kept.

    Raises:
        UsageError: there is no default branch here.
        ConfigurationError: contents are missing in this clone.
    """

    def __init__(self, checkout: Checkout, registry: Registry, *, fresh: bool = False) -> None:
        self.checkout = checkout
        self.index = Index(checkout, fresh=fresh)
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
        clone.require_contents(checkout, [self.main, *filter(None, [self.receipts_head])])

    @property
    def has_receipts(self) -> bool:
        """Whether the branch of receipts is here; without it nobody can say what was applied."""
        return bool(self.receipts_head)

    @property
    def kinds(self) -> str:
        """The names of the kinds that files are read with."""
        return " ".join(self._registry)

    @property
    def state(self) -> str:
        """What everything here follows from."""
        return f"{self.main} {self.receipts_head} {self.kinds}"

    @property
    def receipts_head(self) -> str:
        """The commit that the branch of receipts is at; empty when it is not here."""
        return next((self._refs[ref] for ref in RECEIPT_REFS if ref in self._refs), "")

    @cached_property
    def versions(self) -> Shelf[Version]:
        """Versions of request files by Git id."""
        return index.versions(self.index, self._registry)

    @cached_property
    def blobs(self) -> Mapping[str, str]:
        """The Git id of each request file, by path."""
        found = _tree(self.checkout, self.main, "requests/")
        return {path: blob for path, blob in found if is_request_file(path)}

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
    def removed(self) -> tuple[File, ...]:
        """What has receipts and is on the branch no more, by path, as the latest receipt found it."""
        latest = {
            path: those[-1]
            for request, those in sorted(self.by_request.items())
            if (path := f"requests/{request}.yaml") not in self.blobs
        }
        found = self.at([(one.commit, one.path) for one in latest.values()])
        nothing = Version(digest="", unreadable="Git has no file at the commit that its receipt names.")
        return tuple(
            File(path, one.request, "", version or nothing)
            for (path, one), version in zip(latest.items(), found, strict=True)
        )

    @cached_property
    def every(self) -> tuple[File, ...]:
        """Every request that is there, or has receipts, by path."""
        return tuple(sorted((*self.files, *self.removed), key=lambda file: file.path))

    @cached_property
    def merges(self) -> tuple[Merge, ...]:
        """The commits of the default branch that touched requests, newest first; new ones are added."""
        kept = self.index.take("commits", Kept[tuple[str, tuple[Merge, ...]]], str(FORMAT))
        before, known = kept.value if kept else ("", ())
        if before != self.main:
            if not before or not merges.follows(self.checkout, before, self.main):
                before, known = "", ()
                index.waiting(len(self.blobs), "commits")
            came = merges.read(self.checkout, f"{before}..{self.main}" if before else self.main)
            known = merges.placed([*came, *known])
            self.index.put("commits", Kept(str(FORMAT), (self.main, known)))
        return known

    @cached_property
    def receipts(self) -> tuple[Written, ...]:
        """Every receipt that can be read, in the order of their files."""
        return tuple(one for _, one in self.receipt_files if one is not None)

    @cached_property
    def receipt_files(self) -> tuple[tuple[str, Written | None], ...]:
        """Each file of the branch with its receipt; ``None`` for one that cannot be read."""
        from gitops.receipt import number_in

        head = self.receipts_head
        if not head:
            return ()
        blobs = [(path, blob) for path, blob in _tree(self.checkout, head, "receipts/") if number_in(path)]
        facts = index.receipts(self.index).take([blob for _, blob in blobs])
        return tuple((path, facts.get(blob)) for path, blob in blobs)

    @cached_property
    def by_request(self) -> Mapping[str, tuple[Written, ...]]:
        """The receipts of each request, oldest first."""
        found: dict[str, list[Written]] = {}
        for one in self.receipts:
            found.setdefault(one.request, []).append(one)
        return {name: tuple(those) for name, those in found.items()}

    @cached_property
    def unsound(self) -> frozenset[int]:
        """The numbers of the receipts of which something is wrong, so that what they say is no fact."""
        from gitops.audit import chain

        return frozenset(one.receipt for one in chain.known(self) if one.shakes and one.receipt is not None)

    def sound(self, receipt: Written | int) -> bool:
        """Whether a receipt, or that of a number, may be taken for a fact: nothing is wrong with it."""
        return (receipt if isinstance(receipt, int) else receipt.number) not in self.unsound

    def receipts_of(self, request: str) -> tuple[Written, ...]:
        """The receipts of one request, oldest first, without reading those of all others."""
        if "by_request" in self.__dict__:
            return self.by_request.get(request, ())
        card = self.card(f"requests/{request}.yaml")
        return tuple(one for one in card.receipts if one.request == request)

    def card(self, path: str) -> Card:
        """All that is known of one path, without reading what is known of all others."""
        raw = self.index.one("requests", self.state, path, self._cards)
        if raw is None:
            return Card(File(path, request_of(path), "", Version(digest="")), (), ())
        return msgspec.msgpack.decode(raw, type=Card)

    def _cards(self) -> Mapping[str, bytes]:
        """A card for each path; and by the last part of each, after a NUL, the paths that end in it."""
        came: dict[str, list[Merge]] = {}
        for merge in self.merges:
            for path in dict.fromkeys(change.path for change in merge.changes):
                came.setdefault(path, []).append(merge)
        files = {file.path: file for file in self.every}
        lost = {path: those[0] for path, those in came.items() if path not in files}
        last = {path: _last(merge, path) for path, merge in lost.items()}
        facts = self.versions.take(list(last.values()))
        for path, blob in last.items():
            files[path] = File(path, request_of(path), "", facts.get(blob, Version(digest="")))
        names: dict[str, list[str]] = {}
        encode = msgspec.msgpack.encode
        found = {}
        for path, file in files.items():
            mine = self.by_request.get(file.request, ()) if file.request else ()
            found[path] = encode(Card(file, tuple(came.get(path, ())), mine))
            names.setdefault(_name(path), []).append(path)
        return found | {f"\0{name}": encode(paths) for name, paths in names.items()}

    def named(self, name: str) -> File:
        """The request of this id, path, or name within its team; those that are there before removed ones.

        Raises:
            UsageError: there is none, or there are several.
        """
        wanted = name.removeprefix("requests/").removesuffix(".yaml")
        raw = self.index.one("requests", self.state, f"\0{_name(wanted)}", self._cards)
        paths = msgspec.msgpack.decode(raw, type=list[str]) if raw is not None else []
        ends = (f"/{wanted}", f"/{wanted}.yaml")
        files = [self.card(path).file for path in paths if path == name or path.endswith(ends)]
        found = [file for file in files if file.blob] or files
        if len(found) == 1:
            return found[0]
        if not found:
            raise UsageError(
                f"There is no request {name} on the default branch, and there never was.",
                fix="Run `lakeport audit list` to see them all.",
            )
        raise UsageError(
            f"There are {len(found)} requests called {name}.",
            fix=f"Write one of {', '.join(file.request or file.path for file in found[:5])}.",
        )

    def at(self, places: Sequence[tuple[str, str]]) -> list[Version | None]:
        """The versions that files had: ``(commit, path)`` → version; ``None`` where Git has none."""
        blobs = self.blobs_at(places)
        facts = self.versions.take([blob for blob in blobs if blob])
        return [facts.get(blob) for blob in blobs]

    def blobs_at(self, places: Sequence[tuple[str, str]]) -> list[str]:
        """The Git ids that files had: ``(commit, path)`` → id; empty where Git has none."""
        asked = [
            f"{commit}:{path}"
            if re.fullmatch(r"[0-9a-f]{40,64}", commit) and "\n" not in path
            else "0000:none"
            for commit, path in places
        ]
        return self.checkout.files_of(asked)

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
        clone.require_history(self.checkout)


def _last(merge: Merge, path: str) -> str:
    """The Git id of what was at a path before this commit removed it, or since."""
    change = next(one for one in merge.changes if one.path == path)
    return change.after or change.before


def _name(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".yaml")


def request_of(path: str) -> str:
    """The id of the request at a path; empty where none can be."""
    from gitops.request import request_id  # what was read before knows it already

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
    out = checkout.git("ls-tree", "-r", "-z", "--full-tree", commit, "--", folder)
    for entry in out.decode("utf-8", "backslashreplace").split("\0"):
        meta, _, path = entry.partition("\t")
        if meta.startswith("100"):
            yield path, meta.rpartition(" ")[2]
