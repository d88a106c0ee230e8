from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import handlers
from gitops import cli
from tests.support.gitrepo import GitRepo
from tests.support.language import POLICY, text

NAME = "requests/dev/growth/churn-prediction.yaml"
OLD = "requests/dev/growth/win-back.yaml"
FINE = text(resources="- {kind: repo, name: growth-x, visibility: internal}")
DRAFT = (
    text(name="win-back", resources="- {kind: repo, name: growth-y, visibility: internal}")
    .replace("lakeport/v1", "lakeport/v1alpha1")
    .replace("business_owner:", "owner:")
    .replace("data_classification: internal", "classification: internal  # for now")
    .replace("expires:", "expiry:")
)
STEP = (
    "lakeport/v1alpha1 → lakeport/v1: owner is business_owner, classification is data_classification, "
    "expiry is expires.\n"
)
REGISTRY = handlers.registry()
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepo:
    made = GitRepo.make(
        tmp_path,
        {"requests/policy.yaml": POLICY.read_bytes(), NAME: FINE.encode(), OLD: DRAFT.encode()},
    )
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("COLUMNS", "80")
    return made


@pytest.fixture
def run(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(REGISTRY, arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_the_check_points_to_it(run: Run) -> None:
    code, out, _ = run("check")
    assert code == 1
    assert "error[version-old]" in out
    assert f"lakeport migrate --write {OLD}" in out


def test_it_shows_before_it_writes(run: Run, repo: GitRepo) -> None:
    code, out, err = run("migrate")
    assert code == 0
    assert err == STEP + "1 file to upgrade. Nothing is written yet: `lakeport migrate --write` does.\n"
    assert "-  owner: jane.doe@acme.example\n" in out
    assert "+  business_owner: jane.doe@acme.example\n" in out
    assert "+  data_classification: internal  # for now\n" in out
    assert (repo.root / OLD).read_text() == DRAFT
    repo.git("apply", stdin=out.encode())
    assert run("check")[:1] == (0,)


def test_written_it_is_a_request(run: Run, repo: GitRepo) -> None:
    code, _, err = run("migrate", "--write")
    assert (code, err) == (0, STEP + "1 file upgraded.\n")
    assert (repo.root / NAME).read_text() == FINE
    assert run("check")[0] == 0
    assert run("fmt", "--check", OLD)[0] == 0
    assert run("migrate", "--write") == (0, "", "No file of an older version.\n")


def test_what_is_wrong_besides_is_said_with_its_new_line(run: Run, repo: GitRepo) -> None:
    repo.write({OLD: DRAFT.replace("growth-y", "growth$y").encode()})
    code, out, err = run("migrate", "--write", OLD)
    assert code == 1
    assert "+  business_owner" in out
    assert "name: growth$y" in err
    lines = (repo.root / OLD).read_text().splitlines()
    assert f"--> {OLD}:{lines.index('  name: growth$y') + 1}:" in err


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (DRAFT.replace("v1alpha1", "v3"), "version-future"),
        (DRAFT.replace("v1alpha1", "x"), "version-unknown"),
        (DRAFT.replace("owner:", "name:"), "yaml-duplicate"),
        ("apiVersion: lakeport/v1alpha1\nmetadata: 1\n", "schema"),
    ],
)
def test_what_cannot_be_upgraded_is_left_alone(run: Run, repo: GitRepo, content: str, rule: str) -> None:
    repo.write({OLD: content.encode()})
    code, out, err = run("migrate", "--write")
    assert (code, out) == (1, "")
    assert f"[{rule}]" in err
    assert (repo.root / OLD).read_text() == content


def test_links_are_not_followed(run: Run, repo: GitRepo, tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text(DRAFT)
    (repo.root / OLD).unlink()
    (repo.root / OLD).symlink_to(secret)
    code, _, err = run("migrate", "--write")
    assert (code, secret.read_text()) == (1, DRAFT)
    assert "symbolic link" in err


def test_as_json(run: Run, repo: GitRepo) -> None:
    code, out, err = run("migrate", "--json")
    data = json.loads(out)
    assert (code, err, data["ok"], data["written"], data["changed"]) == (0, "", True, False, [OLD])
    assert data["diff"].startswith(f"--- a/{OLD}\n")
    repo.write({OLD: DRAFT.replace("v1alpha1", "v3").encode()})
    code, out, _ = run("migrate", "--json", "--write")
    data = json.loads(out)
    assert (code, data["ok"], data["changed"]) == (1, False, [])
    assert [finding["rule"] for finding in data["findings"]] == ["version-future"]


def test_no_files(run: Run, repo: GitRepo) -> None:
    (repo.root / OLD).unlink()
    (repo.root / NAME).unlink()
    assert run("migrate") == (0, "", "There is no request file.\n")
