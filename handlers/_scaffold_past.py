"""Templates as they were: found in the history of this repository by the digest that a note recorded."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gitops.errors import LakeportError
from gitops.history import split
from handlers._scaffold_files import digest_of, digest_of_files, render_folder

if TYPE_CHECKING:
    from gitops.history import History
    from handlers._scaffold_files import File
    from handlers._scaffold_marker import Marker

Entry = tuple[str, str, str]
"""Mode, Git's id of the content, path within the template."""


def rendered_then(history: History, marker: Marker) -> Mapping[str, File]:
    """What the template of a note gave when the repository was filled, by path.

    Raises:
        LakeportError: no commit of this repository has the template with that digest.
    """
    files = _files(history, marker.template, marker.digest)
    if files is None:
        shallow = history.git("rev-parse", "--is-shallow-repository").strip() == b"true"
        raise LakeportError(
            f"The history here does not have the template {marker.template} that the repository is from.",
            why="What people have changed since is told by comparing with it.",
            fix="Fetch the whole history (in a workflow: fetch-depth: 0)."
            if shallow
            else "Bring over what is new in the template by hand.",
            where=f"templates/{marker.template}",
        )
    with tempfile.TemporaryDirectory(prefix="lakeport-") as scratch:
        for (mode, _, path), raw in files:
            target = Path(scratch) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(raw)
            target.chmod(0o755 if mode == "100755" else 0o644)
        found = render_folder(Path(scratch), marker.template, marker.context.as_json())
    return {file.path: file for file in found}


def require_committed(history: History, template: str) -> None:
    """Refuse a template that is not as some commit of this repository has it.

    Raises:
        LakeportError: nobody could ever compare with what it gives.
    """
    if _files(history, template, digest_of(template)) is None:
        raise LakeportError(
            f"The template {template} is not as it was committed.",
            why="Repositories only get what was reviewed.",
            fix="Commit it, or run lakeport at the top of the checkout that it is from.",
            where=f"templates/{template}",
        )


def _files(history: History, template: str, digest: str) -> list[tuple[Entry, bytes]] | None:
    """The files of the template in the newest commit that has it with this digest."""
    folder = f"templates/{template}"
    commits = history.git("log", "--format=%H", "HEAD", "--", f":(literal){folder}").decode().split()
    seen: set[tuple[Entry, ...]] = set()
    for commit in commits:
        entries = tuple(_entries(history, commit, folder))
        if entries in seen:
            continue
        seen.add(entries)
        raws = history.blobs([sha for _, sha, _ in entries])
        files = [(entry, raws[entry[1]]) for entry in entries if entry[1] in raws]
        if digest_of_files((path, mode == "100755", raw) for (mode, _, path), raw in files) == digest:
            return files
    return None


def _entries(history: History, commit: str, folder: str) -> list[Entry]:
    out = history.git("ls-tree", "-r", "-z", "--full-tree", commit, "--", f"{folder}/")
    found = []
    for line in split(out):
        about, _, path = line.partition("\t")
        mode, _, sha = about.split(" ")
        found.append((mode, sha, path.removeprefix(f"{folder}/")))
    return found
