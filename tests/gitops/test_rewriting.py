"""A file gets other bytes whole or not at all, and the diff is one that Git takes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.errors import UsageError
from gitops.rewriting import Rewrite, show_diffs
from tests.support.gitrepo import GitRepo

NAME = "requests/dev/growth/churn.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / NAME).parent.mkdir(parents=True)
    (tmp_path / NAME).write_bytes(b"a: 1\n")
    return tmp_path


def test_new_bytes_and_the_old_mode(root: Path) -> None:
    (root / NAME).chmod(0o640)
    Rewrite(NAME, b"a: 1\n", b"a: 2\n").carry_out(root)
    assert (root / NAME).read_bytes() == b"a: 2\n"
    assert stat.S_IMODE((root / NAME).stat().st_mode) == 0o640
    assert [*(root / NAME).parent.iterdir()] == [root / NAME]


def test_a_failure_leaves_the_file_and_nothing_else(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="cannot be written: No space left on device"):
        Rewrite(NAME, b"a: 1\n", b"a: 2\n").carry_out(root)
    assert (root / NAME).read_bytes() == b"a: 1\n"
    assert [*(root / NAME).parent.iterdir()] == [root / NAME]


def test_a_link_that_was_put_there_meanwhile_is_replaced_not_followed(root: Path) -> None:
    (root / "secret").write_bytes(b"s")
    (root / NAME).unlink()
    (root / NAME).symlink_to(root / "secret")
    Rewrite(NAME, b"a: 1\n", b"a: 2\n").carry_out(root)
    assert (root / "secret").read_bytes() == b"s"
    assert not (root / NAME).is_symlink()


def test_a_file_that_is_gone(root: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written: No such file"):
        Rewrite("requests/no/such.yaml", b"", b"x").carry_out(root)


def test_whether_it_changes() -> None:
    assert Rewrite(NAME, b"a", b"b").changes
    assert not Rewrite(NAME, b"a", b"a").changes
    assert Rewrite(NAME, b"a", b"a").diff() == ""


def test_the_diff() -> None:
    assert Rewrite(NAME, b"a: 1\nb: 2", b"a: 1\nb: 3\n").diff() == (
        f"--- a/{NAME}\n+++ b/{NAME}\n@@ -1,2 +1,2 @@\n a: 1\n-b: 2\n\\ No newline at end of file\n+b: 3\n"
    )


def test_git_takes_the_diff(tmp_path: Path) -> None:
    before, after = "a: 1\u2028\x0b\nb: 2\r\nc: x".encode(), b"b: 2\r\nc: y\nd: z\n"
    repo = GitRepo.make(tmp_path, {NAME: before})
    repo.git("apply", stdin=Rewrite(NAME, before, after).diff().encode())
    assert (tmp_path / NAME).read_bytes() == after


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_any_bytes_have_a_diff(before: bytes, after: bytes) -> None:
    text = Rewrite(NAME, before, after).diff()
    assert not text or text.endswith("\n")


def test_diffs_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    one = Rewrite(NAME, b"a\n", b"b\n")
    show_diffs([one, Rewrite(NAME, b"a\n", b"a\n"), one])
    assert capsys.readouterr().out == one.diff() * 2


def test_on_a_terminal_nothing_hides(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    show_diffs([Rewrite(NAME, b"a\n", "b \x1b[31m\u202e[bold]\n".encode())])
    assert (
        capsys.readouterr().out.splitlines()[-1]
        == "+b \N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}[bold]"
    )
