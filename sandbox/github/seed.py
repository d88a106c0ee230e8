"""Fills a bare repository with a first commit, from a folder or from a mapping of paths to contents."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from sandbox.github.git import Bare, Signature

LEFT_OUT = {".git", ".venv", "venv", "node_modules", "__pycache__", ".lakeport", "build", "dist"}
LEFT_OUT_ENDINGS = ("_cache", ".egg-info")


def seed(git: Bare, branch: str, files: Path | Mapping[str, bytes | str], by: Signature) -> str:
    """Commit ``files`` to a branch, on top of what it holds when that differs; returns its newest commit."""
    ref = f"refs/heads/{branch}"
    before = git.resolve(ref)
    if isinstance(files, Path):
        tree = _folder(git, files)
    else:
        blobs = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
        tree = git.add_tree(None, [(path, _mode(raw), git.add_blob(raw)) for path, raw in blobs.items()])
    if before and git.commit(before).tree == tree:
        return before
    message = "Update the files" if before else "Initial commit"
    sha = git.add_commit(tree, [before] if before else [], message, by, by)
    git.set_ref(ref, sha)
    return sha


def _mode(raw: bytes) -> str:
    """A script stays executable."""
    return "100755" if raw.startswith(b"#!") else "100644"


def _folder(git: Bare, folder: Path) -> str:
    """The tree of a folder as a developer would commit it: nothing installed, built or cached, no links."""
    names = sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and not _left_out(path.relative_to(folder))
    )
    with tempfile.TemporaryDirectory() as scratch:
        env = {"GIT_INDEX_FILE": str(Path(scratch) / "index"), "GIT_WORK_TREE": str(folder)}
        paths = "\0".join([*names, ""]).encode()
        git.run("update-index", "--add", "-z", "--stdin", stdin=paths, env=env, cwd=folder)
        return git.text("write-tree", env=env)


def _left_out(path: Path) -> bool:
    return any(part in LEFT_OUT or part.endswith(LEFT_OUT_ENDINGS) for part in path.parts)
