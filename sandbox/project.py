"""The checkout that is rehearsed: its files as they are now, and the folders its rehearsals leave."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
HTML = Path(__file__).with_name("pages")
NOT_SEEDED = (".github/workflows/ci.yml",)
"""The project's own tests are no part of what is rehearsed, and would run at every pull request."""
KEPT_RUNS = 5


def fresh_home(project: Path = PROJECT) -> Path:
    """A new folder for one run below ``.lakeport/sandbox``; all but the newest few former ones go away."""
    root = project / ".lakeport" / "sandbox"
    former = sorted(root.glob("run-*"))
    for old in former[: max(0, len(former) - KEPT_RUNS + 1)]:
        shutil.rmtree(old, ignore_errors=True)
    return root / f"run-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"


def snapshot(project: Path) -> Mapping[str, bytes] | Path:
    """The project's files as they are now, uncommitted ones included and ignored ones not.

    Outside a Git checkout it is the folder itself.
    """
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"],
            cwd=project,
            capture_output=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return project
    names = sorted({os.fsdecode(name) for name in listed.split(b"\0") if name} - set(NOT_SEEDED))
    found: dict[str, bytes] = {}
    for name in names:
        path = project / name
        # A file that is listed but deleted, or a link, is no part of the snapshot.
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):
            if not path.is_symlink():
                found[name] = path.read_bytes()
    return found
