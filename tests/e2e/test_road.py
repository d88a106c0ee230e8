"""The whole road, as ``make demo`` plays it: from a sentence in Slack to what the live systems say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.e2e


@pytest.mark.timeout(300)
def test_the_demo_verifies_every_row_and_leaves_nothing_behind(tmp_path: Path) -> None:
    home = tmp_path / "world"
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "demo", "--home", str(home)],
        cwd=ROOT,
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "Traceback" not in said
    assert "Every row was read back and agrees." in said
    for step in (
        "Li, who asked, approves: that does not count",
        "compute max workers 2 → 4",
        "a second apply",
        "0 writes, success",
        "told, 0 writes, failure",
    ):
        assert step in said, said

    left = [process.cmdline() for process in psutil.process_iter() if _belongs(process, home)]
    assert left == []

    check_the_record(home, tmp_path)


def _belongs(process: psutil.Process, home: Path) -> bool:
    try:
        return any(str(home) in part for part in process.cmdline())
    except psutil.Error:
        return False


def check_the_record(home: Path, tmp_path: Path) -> None:
    """A clone answers, offline, what stands where; the file in it passes the check."""
    clone = tmp_path / "clone"
    bare = home / "github/git/acme/lakeport.git"
    subprocess.run(["git", "clone", "--quiet", str(bare), str(clone)], check=True, capture_output=True)
    for command, wanted in (
        (["status"], "applied"),
        (["check", "--all"], "nothing found"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "gitops", *command],
            cwd=clone,
            env=os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert wanted in done.stdout
    messages = subprocess.run(
        ["git", "-C", str(clone), "log", "--format=%s", "main", "origin/receipts"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "Onboard churn-prediction (growth, dev)" in messages
