from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import handlers
from gitops import cli, fanout
from tests.support.gitrepo import GitRepo
from tests.support.language import POLICY, text

NAME = "requests/dev/growth/churn-prediction.yaml"
OTHER = "requests/dev/growth/win-back.yaml"
UGLY = text(
    purpose="'Say it.'   # why", resources="- kind: repo   # code\n  name: growth-x\n  visibility: internal\n"
)
FINE = "# yaml-language-server: $schema=../../schema.json\n" + text(
    purpose="Say it.  # why", resources="- kind: repo  # code\n  name: growth-x\n  visibility: internal"
)
REGISTRY = handlers.registry()
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepo:
    made = GitRepo.make(tmp_path, {"requests/policy.yaml": POLICY.read_bytes(), NAME: UGLY.encode()})
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("COLUMNS", "80")
    return made


@pytest.fixture
def fmt(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(REGISTRY, ["fmt", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_files_are_written_once(fmt: Run, repo: GitRepo) -> None:
    (repo.root / NAME).chmod(0o600)
    assert fmt() == (0, f"{NAME}: formatted\n", "1 file formatted.\n")
    assert (repo.root / NAME).read_text() == FINE
    assert (repo.root / NAME).stat().st_mode & 0o777 == 0o600
    assert fmt() == (0, "", "1 file as it should be.\n")


def test_check_writes_nothing(fmt: Run, repo: GitRepo) -> None:
    repo.write({OTHER: FINE.replace("churn-prediction", "win-back").encode()})
    assert fmt("--check") == (1, f"{NAME}: would change\n", "1 file would change, 1 file as it should be.\n")
    assert (repo.root / NAME).read_text() == UGLY
    assert fmt("--check", OTHER) == (0, "", "1 file as it should be.\n")


def test_diff_is_a_patch(fmt: Run, repo: GitRepo) -> None:
    code, out, err = fmt("--diff")
    assert (code, err) == (1, "1 file would change.\n")
    assert (repo.root / NAME).read_text() == UGLY
    repo.git("apply", stdin=out.encode())
    assert (repo.root / NAME).read_text() == FINE
    assert fmt("--diff") == (0, "", "1 file as it should be.\n")


def test_a_file_with_errors_is_left_as_it_is(fmt: Run, repo: GitRepo) -> None:
    wrong = UGLY.replace("churn-prediction", "win-back").replace("team: growth", "team: Growth").encode()
    repo.write({OTHER: wrong})
    code, out, err = fmt()
    assert (code, out) == (1, f"{NAME}: formatted\n")
    assert f"--> {OTHER}:5:9\n" in err
    assert err.endswith("1 file formatted, 1 file with errors left as it is.\n")
    assert (repo.root / OTHER).read_bytes() == wrong
    code, out, err = fmt("--diff", OTHER)
    assert (code, out) == (1, "")
    assert "Growth is not" in err or "team" in err


def test_links_are_refused_and_not_followed(fmt: Run, repo: GitRepo, tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text(UGLY)
    (repo.root / OTHER).symlink_to(secret)
    code, _, err = fmt(OTHER)
    assert code == 1
    assert "This is a symbolic link, not a request file." in err
    assert secret.read_text() == UGLY
    assert (repo.root / OTHER).is_symlink()


def test_as_json(fmt: Run, repo: GitRepo) -> None:
    code, out, err = fmt("--json", "--diff")
    data = json.loads(out)
    assert (code, err) == (1, "")
    assert (data["ok"], data["written"], data["changed"], data["findings"]) == (True, False, [NAME], [])
    assert data["diff"].startswith(f"--- a/{NAME}\n")
    repo.write({OTHER: b"a: 1\n"})
    code, out, _ = fmt("--json")
    data = json.loads(out)
    assert (code, data["ok"], data["written"], data["changed"]) == (1, False, True, [NAME])
    assert {finding["file"] for finding in data["findings"]} == {OTHER}
    assert "diff" not in data


def test_only_what_a_branch_changed(fmt: Run, repo: GitRepo) -> None:
    repo.git("switch", "--quiet", "-c", "work")
    repo.commit("Another", {OTHER: UGLY.replace("churn-prediction", "win-back").encode()})
    assert fmt("--changed-since", "main", "--check")[:2] == (1, f"{OTHER}: would change\n")


def test_many_files_are_formatted_by_several_processes(
    fmt: Run, repo: GitRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "_cores", lambda: 2)
    monkeypatch.setattr(fanout, "WORTH_IT", 2)
    repo.write({OTHER: b"a: 1\n"})
    code, out, err = fmt()
    assert (code, out) == (1, f"{NAME}: formatted\n")
    assert f"--> {OTHER}" in err
    assert (repo.root / NAME).read_text() == FINE


def test_nothing_to_format(fmt: Run, repo: GitRepo) -> None:
    (repo.root / NAME).unlink()
    assert fmt() == (0, "", "There is no request file.\n")


def test_what_cannot_be_written(fmt: Run, repo: GitRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert fmt() == (2, "", f"{NAME} cannot be written: No space left on device.\n")
    assert (repo.root / NAME).read_text() == UGLY


class TestStandardInput:
    @pytest.fixture
    def typed(self, fmt: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
        def run(content: bytes, *arguments: str) -> tuple[int, str, str]:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
            return fmt("--stdin-filename", *arguments)

        return run

    def test_a_text_goes_through(self, typed: Run, repo: GitRepo) -> None:
        assert typed(UGLY.encode(), NAME) == (0, FINE, "")
        assert typed(UGLY.encode(), str(repo.root / NAME)) == (0, FINE, "")
        assert (repo.root / NAME).read_text() == UGLY

    @pytest.mark.parametrize(
        "content", [b"", b"a: 1\n", b"\xff", b"x" * 300_000, UGLY.replace("dev", "prod").encode()]
    )
    def test_with_errors_nothing_comes_out(self, typed: Run, content: bytes) -> None:
        code, out, err = typed(content, NAME)
        assert (code, out) == (1, "")
        assert f"--> {NAME}" in err

    @pytest.mark.parametrize("more", ["--check", "--diff", "--json", "--all", NAME])
    def test_it_goes_with_nothing_else(self, typed: Run, more: str) -> None:
        code, out, err = typed(b"", NAME, more)
        assert code == 2
        assert "--stdin-filename goes with nothing else." in out + err
