"""The rehearsal world: everything starts, is seeded, and stops leaving nothing behind."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from gitops.errors import ConfigurationError, UsageError
from sandbox.children import Child, ChildError
from sandbox.project import KEPT_RUNS, PROJECT, fresh_home, snapshot
from sandbox.world import World

pytestmark = pytest.mark.e2e


def family() -> set[int]:
    return {one.pid for one in psutil.Process().children(recursive=True)}


def test_everything_starts_seeded_and_stops(tmp_path: Path) -> None:
    before = family()
    with World(tmp_path / "home") as world:
        assert {one.name for one in world.addresses()} == {"Slack", "GitHub", "Databricks", "Bot"}
        assert family() > before
        world.check()
        assert world.slack.people.keys() == world.tokens.keys()
        as_li = {"Authorization": f"Bearer {world.tokens['liwei']}"}
        lock = httpx.get(
            f"{world.github.url}/repos/acme/lakeport/contents/locks/runtime.txt",
            headers={**as_li, "Accept": "application/vnd.github.raw+json"},
        )
        assert lock.content == (PROJECT / "locks/runtime.txt").read_bytes()
        installed = world.home / "tool-cache/lakeport" / hashlib.sha256(lock.content).hexdigest()[:16]
        assert (installed / "bin/python").exists()
        databricks = {"Authorization": f"Bearer {world.databricks.token}"}
        found = httpx.get(f"{world.databricks.url}/api/2.1/unity-catalog/catalogs", headers=databricks).json()
        assert {one["name"] for one in found["catalogs"]} >= {"ml_dev", "analytics_stg", "risk_prod"}
        assert httpx.get(f"{world.bot_url}/healthz").is_success
        pages = [world.slack.url, f"{world.github.url}/acme/lakeport"]
        assert [httpx.get(page).status_code for page in pages] == [200, 200]
    assert family() == before
    for address in (world.bot_url, *pages):
        with pytest.raises(httpx.TransportError):
            httpx.get(address, timeout=1)


def test_a_failed_start_leaves_nothing_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = family()

    def fail(self: World) -> None:
        raise RuntimeError("no Slack today")

    monkeypatch.setattr(World, "_start_slack", fail)
    with pytest.raises(RuntimeError, match="no Slack today"):
        World(tmp_path / "home").__enter__()
    assert family() == before


@pytest.mark.parametrize("with_what", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_clean(tmp_path: Path, with_what: signal.Signals) -> None:
    home, said = tmp_path / "home", tmp_path / "said"
    with said.open("w") as out:
        process = psutil.Popen(
            [sys.executable, "-m", "sandbox", "up", "--home", str(home)],
            cwd=PROJECT,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "COLUMNS": "200"},
            start_new_session=True,
        )
    try:
        end = time.monotonic() + 60
        while "Ctrl-C" not in said.read_text():
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < end
            time.sleep(0.1)
        children = process.children(recursive=True)
        assert len(children) >= 2
        # A terminal sends Ctrl-C to everything in the foreground, children included.
        if with_what is signal.SIGINT:
            os.killpg(process.pid, with_what)
        else:
            process.send_signal(with_what)
        assert process.wait(30) == 130
    finally:
        if process.is_running():
            process.kill()
    text = said.read_text()
    assert "http://127.0.0.1:" in text
    assert "Everything is stopped." in text
    assert "Traceback" not in text
    assert not [one for one in children if one.is_running()]


if sys.platform == "linux":  # elsewhere nobody ends the children of a process that was killed

    def test_children_do_not_outlive_a_killed_parent(tmp_path: Path) -> None:
        program = (
            "import sys, time; from pathlib import Path; from sandbox.children import Child; "
            "here = Path(sys.argv[1]); "
            "child = Child('sleeper', ['sleep', '60'], env={}, cwd=here, log=here / 'log'); "
            "print(child.pid, flush=True); time.sleep(60)"
        )
        parent = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
        )
        assert parent.stdout is not None
        with parent.stdout as said:
            child = psutil.Process(int(said.readline()))
        end = time.monotonic() + 10
        while child.name() != "sleep":
            assert time.monotonic() < end
            time.sleep(0.01)
        parent.kill()
        parent.wait()
        psutil.wait_procs([child], timeout=10)
        assert not child.is_running()


def test_a_used_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "left").touch()
    with pytest.raises(UsageError, match="is not empty"):
        World(tmp_path).__enter__()


def test_only_a_checkout_can_be_rehearsed(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"holds no requests/policy\.yaml"):
        World(tmp_path / "home", project=tmp_path)


def test_a_child_that_dies_says_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "child.log"
    program = "import sys; print('the reason is this'); sys.exit(3)"
    child = Child("thing", [sys.executable, "-c", program], env={}, cwd=tmp_path, log=log)
    with pytest.raises(ChildError) as raised:
        child.wait_until(lambda: False, 10)
    for part in ("thing ended on its own with exit code 3", "the reason is this", str(log)):
        assert part in str(raised.value)
    child.stop()


def test_a_child_inherits_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_of_the_developer")
    log = tmp_path / "child.log"
    child = Child(
        "thing",
        [sys.executable, "-c", "import os; print(dict(os.environ))"],
        env={"A": "1"},
        cwd=tmp_path,
        log=log,
    )
    while child._process.poll() is None:
        time.sleep(0.01)
    child.stop()
    assert "'A': '1'" in log.read_text()
    assert "ghp_of_the_developer" not in log.read_text()


def test_the_snapshot_has_what_is_not_committed_yet(tmp_path: Path) -> None:
    def git(*args: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@t", *args],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )

    git("init", "-q")
    (tmp_path / "kept").write_text("old")
    (tmp_path / "gone").write_text("x")
    git("add", ".")
    git("commit", "-qm", "first")
    (tmp_path / "kept").write_text("new")
    (tmp_path / "gone").unlink()
    (tmp_path / "fresh").write_text("f")
    (tmp_path / ".gitignore").write_text("ignored\n")
    (tmp_path / "ignored").write_text("i")
    (tmp_path / "link").symlink_to("kept")
    assert snapshot(tmp_path) == {"kept": b"new", "fresh": b"f", ".gitignore": b"ignored\n"}


def test_old_runs_are_tidied_away(tmp_path: Path) -> None:
    root = tmp_path / ".lakeport" / "sandbox"
    for number in range(8):
        (root / f"run-2026010{number}-000000-1").mkdir(parents=True)
    (root / "mine").mkdir()
    home = fresh_home(tmp_path)
    assert not home.exists()
    assert len(list(root.glob("run-*"))) == KEPT_RUNS - 1
    assert (root / "mine").exists()
