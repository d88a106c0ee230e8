"""A newer template over a repository that people work in: what is to be written, and what is left to them.

Each file is merged from three sides: the template as the repository was filled from it, the template as it is
now, and the file as it stands. What only one side changed is taken from that side.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from handlers._scaffold_files import MAX_BYTES, File
from handlers._scaffold_marker import blob_id
from handlers._scaffold_paths import folded

if TYPE_CHECKING:
    from gitops.history import History

_PLAIN = ("100644", "100755")
_FAILED = 128
"""``git merge-file`` ends with the number of conflicts, at most 127; from here on it is a failure."""


class Standing(Protocol):
    """A file as GitHub lists it; ``sha`` is the id that Git gives its content."""

    @property
    def mode(self) -> str:
        """Git's mode, in octal."""

    @property
    def sha(self) -> str:
        """Of the content."""


@dataclass(frozen=True, kw_only=True)
class Merge:
    """What came of it, all by path. ``writes`` are new contents, ``None`` for a file that goes.

    ``conflicts`` are among them, with Git's markers in the text. ``left`` is what the template changed and
    the repository keeps as it is, with the reason as the end of the sentence "this file …".
    """

    writes: dict[str, File | None] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The three sides.

    ``recorded`` maps the files that were written then to their Git ids; ``then`` renders them again, which is
    only asked for when a file was changed on both sides. ``now`` is the newer template by path. ``there`` is
    everything that stands in the repository, ``content`` reads one of it by its id. ``names`` are the two
    versions of the template, for the markers of a conflict.
    """

    recorded: Mapping[str, str]
    then: Callable[[], Mapping[str, File]]
    now: Mapping[str, File]
    there: Mapping[str, Standing]
    content: Callable[[str], bytes]
    names: tuple[str, str]
    history: History


def merge(sides: Sides) -> Merge:
    """Every file that the template has, or had."""
    found = Merge()
    blocked = _Blocked(sides.there)
    for path in sorted({*sides.recorded, *sides.now}):
        now, stands = sides.now.get(path), sides.there.get(path)
        if now is not None and blob_id(now.text) in (sides.recorded.get(path), stands and stands.sha):
            continue
        if stands is None:
            _absent(found, path, now, sides, blocked)
        elif stands.mode not in _PLAIN:
            found.left[path] = "is no plain file here"
        elif stands.sha == sides.recorded.get(path):
            (found.deleted if now is None else found.replaced).append(path)
            found.writes[path] = now
        elif now is None:
            found.left[path] = "was changed here, and the template has it no more"
        elif path not in sides.recorded:
            found.left[path] = "was here before the template had one"
        else:
            _both(found, sides, now, stands)
    return found


def _absent(found: Merge, path: str, now: File | None, sides: Sides, blocked: _Blocked) -> None:
    if now is None:
        return
    if path in sides.recorded:
        found.left[path] = "was deleted here"
    elif why := blocked.why(path):
        found.left[path] = why
    else:
        found.added.append(path)
        found.writes[path] = now


class _Blocked:
    """Which paths cannot be new in a repository, although nothing stands at them to the letter."""

    def __init__(self, there: Mapping[str, Standing]) -> None:
        self._files = {folded(path) for path in there}
        self._folders = {
            folded("/".join(parts[:depth]))
            for path in there
            for parts in [path.split("/")]
            for depth in range(1, len(parts))
        }

    def why(self, path: str) -> str:
        """As the end of the sentence "this file …"; empty where it can be."""
        same = folded(path)
        if same in self._files:
            return "is here in another spelling"
        if same in self._folders:
            return "is a folder here"
        parts = same.split("/")
        if any("/".join(parts[:depth]) in self._files for depth in range(1, len(parts))):
            return "would be in a folder that is a file or a link here"
        return ""


def _both(found: Merge, sides: Sides, now: File, stands: Standing) -> None:
    """Changed here and in the template: Git merges the two, or says where they do not go together."""
    path = now.path
    ours = sides.content(stands.sha)
    if len(ours) > MAX_BYTES or not _is_text(ours):
        found.left[path] = "is no text here that could be merged"
        return
    then = sides.then().get(path)
    text, conflicts = _three_way(sides, ours, then.text if then else "", now.text)
    if text.encode() == ours:
        return
    (found.conflicts if conflicts else found.merged).append(path)
    found.writes[path] = File(path, text, stands.mode == "100755")


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in raw


def _three_way(sides: Sides, ours: bytes, then: str, now: str) -> tuple[str, bool]:
    """The merged text, and whether there are conflicts in it."""
    from gitops.history import failed

    labels = ("this repository", *sides.names)
    with tempfile.TemporaryDirectory(prefix="lakeport-") as scratch:
        files = [Path(scratch) / name for name in ("ours", "then", "now")]
        for file, raw in zip(files, (ours, then.encode(), now.encode()), strict=True):
            file.write_bytes(raw)
        named = [part for label in labels for part in ("-L", label)]
        done = sides.history.run("merge-file", "-p", *named, *map(str, files))
    if done.returncode >= _FAILED or done.returncode < 0:
        raise failed("merge-file", done.stderr)
    return done.stdout.decode("utf-8"), done.returncode > 0
