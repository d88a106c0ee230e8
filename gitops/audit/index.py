"""What was read of files and receipts, kept by Git id: contents of that id are the same for ever.

It lies within the ``.git`` of the clone, is made again when it is lost or of another version, and is left out
where it cannot be written. Reading is the cost of an audit, and not Git.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec
from msgspec import Struct

from gitops.audit.facts import FORMAT, Version, Written, version_of, written
from gitops.fanout import spread

if TYPE_CHECKING:
    from gitops.checkout import Checkout
    from gitops.kind import Registry

Fact = TypeVar("Fact")


class Kept(Struct, Generic[Fact], frozen=True, array_like=True):
    """A file of the index: ``of`` names the format and the kinds that it was made with."""

    of: str
    facts: dict[str, Fact]


class AsOf(Struct, Generic[Fact], frozen=True, array_like=True):
    """What was made of the record when it was in one state."""

    of: str
    value: Fact


class Shelf(Generic[Fact]):
    """Facts of one sort by Git id; what is not there yet is read from the blobs, and kept."""

    def __init__(
        self,
        checkout: Checkout,
        name: str,
        of: str,
        kept: type[Kept[Fact]],
        read: Callable[[Sequence[tuple[str, bytes]]], dict[str, Fact]],
        result: type[dict[str, Fact]],
    ) -> None:
        self._checkout = checkout
        self._path = folder(checkout) / f"{name}.msgpack"
        self._of = of
        self._kept = kept
        self._read = read
        self._result = result
        self._facts: dict[str, Fact] | None = None

    def take(self, ids: Sequence[str]) -> Mapping[str, Fact]:
        """The facts of these blobs; those that are not here or not readable are left out."""
        if self._facts is None:
            self._facts = self._load()
        lacking = [one for one in dict.fromkeys(ids) if one not in self._facts]
        if lacking:
            found = self._checkout.blobs(lacking)
            for part in spread(self._read, list(found.items()), self._result):
                self._facts |= part
            _put(self._path, msgspec.msgpack.encode(self._kept(self._of, self._facts)))
        return self._facts

    def _load(self) -> dict[str, Fact]:
        try:
            kept = msgspec.msgpack.decode(self._path.read_bytes(), type=self._kept)
        except (OSError, msgspec.MsgspecError, RecursionError):
            return {}
        return kept.facts if kept.of == self._of else {}


def versions(checkout: Checkout, registry: Registry) -> Shelf[Version]:
    """The shelf of request files."""

    def read(blobs: Sequence[tuple[str, bytes]]) -> dict[str, Version]:
        return {name: version_of(raw, registry) for name, raw in blobs}

    of = f"{FORMAT} {' '.join(registry)}"
    return Shelf(checkout, "versions", of, Kept[Version], read, dict[str, Version])


def receipts(checkout: Checkout) -> Shelf[Written]:
    """The shelf of receipts."""

    def read(blobs: Sequence[tuple[str, bytes]]) -> dict[str, Written]:
        return {name: one for name, raw in blobs if (one := written(raw))}

    return Shelf(checkout, "receipts", str(FORMAT), Kept[Written], read, dict[str, Written])


class OfOne(Struct, frozen=True, array_like=True):
    """The receipts by request as of one commit of their branch; those of one are read when asked for."""

    of: str
    requests: dict[str, msgspec.Raw]


def of_one(
    checkout: Checkout, head: str, request: str, everything: Callable[[], Mapping[str, tuple[Written, ...]]]
) -> tuple[Written, ...]:
    """The receipts of one request; ``everything`` gives those of all where the branch has moved since."""
    path, of = folder(checkout) / "receipts-by-request.msgpack", f"{FORMAT} {head}"
    try:
        kept = msgspec.msgpack.decode(path.read_bytes(), type=OfOne)
    except (OSError, msgspec.MsgspecError, RecursionError):
        kept = OfOne("", {})
    if kept.of == of:
        raw = kept.requests.get(request)
        return msgspec.msgpack.decode(raw, type=tuple[Written, ...]) if raw is not None else ()
    found = everything()
    encode = msgspec.msgpack.encode
    _put(path, encode(OfOne(of, {name: msgspec.Raw(encode(those)) for name, those in found.items()})))
    return found.get(request, ())


def made(checkout: Checkout, name: str, state: str, make: Callable[[], Fact], kept: type[AsOf[Fact]]) -> Fact:
    """What ``make`` makes of the record in this ``state``: the same every time, so that it is made once."""
    path, of = folder(checkout) / f"{name}.msgpack", f"{FORMAT} {state}"
    try:
        found = msgspec.msgpack.decode(path.read_bytes(), type=kept)
        if found.of == of:
            return found.value
    except (OSError, msgspec.MsgspecError, RecursionError):
        pass
    value = make()
    _put(path, msgspec.msgpack.encode(kept(of, value)))
    return value


def one_version(checkout: Checkout, blob: str, registry: Registry) -> Version:
    """What one blob says, without the shelf."""
    return version_of(checkout.blobs([blob]).get(blob, b""), registry)


def _put(path: Path, raw: bytes) -> None:
    """Written beside and put in place: two audits at once leave one whole file."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(raw)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)


def folder(checkout: Checkout) -> Path:
    """Where the index lies: in the folder that Git keeps for the repository."""
    git = checkout.root / ".git"
    if not git.is_dir():  # a worktree, or a folder below the top
        git = Path(os.fsdecode(checkout.git("rev-parse", "--absolute-git-dir").strip()))
    return git / "lakeport"
