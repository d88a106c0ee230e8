"""What was read of files, receipts and commits, kept by Git id: what has that id is the same for ever.

It lies within the ``.git`` of the clone, is made again when it is lost, spoilt or of another version, and is
left out where it cannot be written. Reading is the cost of an audit, and not Git. It is as trustworthy as the
rest of ``.git``; what has to rest on Git alone is asked without it (``fresh``).
"""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from gitops.audit.facts import FORMAT, Version, Written, version_of, written

if TYPE_CHECKING:
    from gitops.checkout import Checkout
    from gitops.kind import Registry

Fact = TypeVar("Fact")

DRAWERS = 512
"""So many parts has a file of which one value is read without the others."""
LONG = 2_000
"""Reading so many takes long enough that somebody who waits wants to know."""

_CHECK = 4
_SIZE = 16


class Kept(Struct, Generic[Fact], frozen=True, array_like=True):
    """A file of the index: ``of`` names the format and the state of the record that it was made of."""

    of: str
    value: Fact


class Index:
    """The files of the index of one clone. ``fresh``: nothing is read of it, and all of it is made anew."""

    def __init__(self, checkout: Checkout, *, fresh: bool = False) -> None:
        self.checkout = checkout
        self._folder = folder(checkout)
        self._fresh = fresh
        self._made: dict[str, Mapping[str, bytes]] = {}
        self._asked: dict[str, Kept[Any]] = {}

    def take(self, name: str, kept: type[Kept[Fact]], of: str = "") -> Kept[Fact] | None:
        """A file of the index as it was put there; ``None`` where it is not, or ``of`` something else."""
        if self._fresh:
            return None
        try:
            found = msgspec.msgpack.decode(_whole((self._folder / f"{name}.msgpack").read_bytes()), type=kept)
        except (OSError, ValueError, RecursionError):
            return None
        return found if not of or found.of == of else None

    def put(self, name: str, value: Kept[Fact]) -> None:
        """Keep a file for the next time."""
        _put(self._folder / f"{name}.msgpack", [_checked(msgspec.msgpack.encode(value))])

    def made(self, name: str, of: str, make: Callable[[], Fact], kept: type[Kept[Fact]]) -> Fact:
        """What ``make`` makes in this state: the same every time, so that it is made once."""
        state = f"{FORMAT} {of}"
        if name in self._asked and self._asked[name].of == state:
            value: Fact = self._asked[name].value
            return value
        found = self.take(name, kept, state)
        if found is None:
            found = Kept(state, make())
            self.put(name, found)
        self._asked[name] = found
        return found.value

    def one(self, name: str, of: str, key: str, make: Callable[[], Mapping[str, bytes]]) -> bytes | None:
        """One of the many values that ``make`` makes in this state, read without the others."""
        path, state = self._folder / f"{name}.drawers", f"{FORMAT} {of}"
        if name not in self._made:
            try:
                if not self._fresh:
                    return _drawn(path, state, key)
            except (OSError, ValueError, RecursionError):
                pass
            self._made[name] = make()
            parts: list[dict[str, bytes]] = [{} for _ in range(DRAWERS)]
            for each, value in self._made[name].items():
                parts[_drawer(each)][each] = value
            raws = [_checked(msgspec.msgpack.encode(part)) for part in parts]
            head = _checked(msgspec.msgpack.encode((state, [len(raw) for raw in raws])))
            _put(path, [b"%*d" % (_SIZE, len(head)), head, *raws])
        return self._made[name].get(key)


class Shelf(Generic[Fact]):
    """Facts of one sort by Git id; what is not there yet is read from the blobs, and kept."""

    def __init__(
        self,
        index: Index,
        name: str,
        of: str,
        kept: type[Kept[dict[str, Fact]]],
        read: Callable[[Sequence[tuple[str, bytes]]], dict[str, Fact]],
        result: type[dict[str, Fact]],
    ) -> None:
        self._index = index
        self._name = name
        self._of = of
        self._kept = kept
        self._read = read
        self._result = result
        self._facts: dict[str, Fact] | None = None

    def take(self, ids: Sequence[str]) -> Mapping[str, Fact]:
        """The facts of these blobs; those that are not here or not readable are left out."""
        from gitops.fanout import spread

        if self._facts is None:
            kept = self._index.take(self._name, self._kept, self._of)
            self._facts = kept.value if kept else {}
        lacking = [one for one in dict.fromkeys(ids) if one and one not in self._facts]
        if lacking:
            waiting(len(lacking), self._name)
            found = self._index.checkout.blobs(lacking)
            for part in spread(self._read, list(found.items()), self._result):
                self._facts |= part
            self._index.put(self._name, Kept(self._of, self._facts))
        return self._facts


def versions(index: Index, registry: Registry) -> Shelf[Version]:
    """The shelf of request files."""

    def read(blobs: Sequence[tuple[str, bytes]]) -> dict[str, Version]:
        return {name: version_of(raw, registry) for name, raw in blobs}

    of = f"{FORMAT} {' '.join(registry)}"
    return Shelf(index, "versions", of, Kept[dict[str, Version]], read, dict[str, Version])


def receipts(index: Index) -> Shelf[Written]:
    """The shelf of receipts."""

    def read(blobs: Sequence[tuple[str, bytes]]) -> dict[str, Written]:
        return {name: one for name, raw in blobs if (one := written(raw))}

    return Shelf(index, "receipts", str(FORMAT), Kept[dict[str, Written]], read, dict[str, Written])


def waiting(count: int, of: str) -> None:
    """Tell somebody who looks at a terminal what takes long, and that it does so once."""
    if count > LONG and sys.stderr.isatty():
        from gitops.terminal import note

        note(f"Reading {count:,} {of} for the first time; what is read is kept for the next question …")


def folder(checkout: Checkout) -> Path:
    """Where the index lies: in the folder that Git keeps for the repository."""
    git = checkout.root / ".git"
    if not git.is_dir():  # a worktree
        options = ["--path-format=absolute", "--git-common-dir"]
        git = Path(os.fsdecode(checkout.git("rev-parse", *options).strip()))
    return git / "lakeport"


def _drawn(path: Path, of: str, key: str) -> bytes | None:
    """What a file of drawers has for a key.

    Raises:
        OSError: it is not there.
        ValueError: it is spoilt, or of another state.
    """
    number = _drawer(key)
    with path.open("rb") as file:
        size = int(file.read(_SIZE))
        state, lengths = msgspec.msgpack.decode(_whole(file.read(size)), type=tuple[str, list[int]])
        if state != of or len(lengths) != DRAWERS:
            raise ValueError("The index is of another state.")
        file.seek(_SIZE + size + sum(lengths[:number]))
        raw = _whole(file.read(lengths[number]))
    return msgspec.msgpack.decode(raw, type=dict[str, bytes]).get(key)


def _drawer(key: str) -> int:
    return zlib.crc32(key.encode("utf-8", "replace")) % DRAWERS


def _checked(raw: bytes) -> bytes:
    """The bytes after their checksum: a disk that spoils one must not change an answer."""
    return zlib.crc32(raw).to_bytes(_CHECK, "big") + raw


def _whole(raw: bytes) -> bytes:
    """The inverse.

    Raises:
        ValueError: they are not what was written.
    """
    check, rest = raw[:_CHECK], memoryview(raw)[_CHECK:]
    if zlib.crc32(rest).to_bytes(_CHECK, "big") != check:
        raise ValueError("The index is spoilt.")
    return bytes(rest)


def _put(path: Path, raws: Sequence[bytes]) -> None:
    """Written beside and put in place: two audits at once leave one whole file."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.writelines(raws)
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()
