from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

import handlers
from gitops import checking, cli
from gitops.request import load_request
from tests.support.gitrepo import IDENTITY, GitRepo
from tests.support.language import POLICY, TODAY

NAME = "requests/dev/growth/churn.yaml"
ALL = {
    "--name": "churn",
    "--purpose": "Find out who leaves.",
    "--business-owner": "janed",
    "--data-classification": "internal",
    "--expires": "2027-04-30",
    "--with": "repo,compute",
}
REGISTRY = handlers.registry()
Run = Callable[..., tuple[int, str, str]]


class Typed(io.StringIO):
    """Standard input, of a terminal or not."""

    terminal = False

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepo:
    made = GitRepo.make(tmp_path, {"requests/policy.yaml": POLICY.read_bytes()})
    made.git("config", "user.email", "li.wei@acme.example")
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(checking, "today", lambda: TODAY)
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def new(repo: GitRepo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str, typed: str | None = None, **changes: str | None) -> tuple[int, str, str]:
        given = {**ALL, **{f"--{name.replace('_', '-')}": value for name, value in changes.items()}}
        words = [word for name, value in given.items() if value is not None for word in (name, value)]
        stdin = Typed(typed or "")
        stdin.terminal = typed is not None
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        code = cli.main(REGISTRY, ["new", *(words if typed is None else ()), *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_options_alone_make_a_file(new: Run, repo: GitRepo) -> None:
    code, out, err = new("--set", "compute.size=medium", "--set", "repo.topics=a, b")
    assert (code, out) == (0, f"{NAME}\n")
    assert "  team: growth  # looked up\n" in err
    assert "  size: medium\n" in err
    assert f"  lakeport check {NAME}\n" in err
    assert "git switch -c request/dev/growth/churn && " in err
    raw = (repo.root / NAME).read_bytes()
    assert b"# default" not in raw
    request = load_request(raw, NAME, REGISTRY).request
    assert request.metadata.business_owner == "jane.doe@acme.example"
    assert request.metadata.expires == date(2027, 4, 30)
    assert [spec.kind for spec in request.resources] == ["repo", "scaffold", "compute"]
    assert request.resources[0].topics == ("a", "b")
    assert request.resources[2].size == "medium"
    assert cli.main(REGISTRY, ["check"]) == 0
    assert cli.main(REGISTRY, ["fmt", "--check"]) == 0


def test_what_comes_along_can_be_left_out(new: Run, repo: GitRepo) -> None:
    assert new("--without", "scaffold")[0] == 0
    assert b"scaffold" not in (repo.root / NAME).read_bytes()


def test_print_writes_nothing(new: Run, repo: GitRepo) -> None:
    code, out, err = new("--print")
    assert (code, err) == (0, "")
    assert load_request(out.encode(), NAME, REGISTRY).id == "dev/growth/churn"
    assert not (repo.root / NAME).exists()


def test_a_file_is_never_overwritten(new: Run, repo: GitRepo) -> None:
    repo.write({NAME: b"mine\n"})
    code, out, err = new()
    assert (code, out) == (5, "")
    assert err.startswith(f"{NAME} exists already, and is left as it is.\n")
    assert (repo.root / NAME).read_bytes() == b"mine\n"


def test_nothing_is_written_through_a_link(new: Run, repo: GitRepo, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (repo.root / "requests/dev").symlink_to(tmp_path / "elsewhere")
    code, _, err = new()
    assert code == 5
    assert "behind a symbolic link" in err
    assert list((tmp_path / "elsewhere").iterdir()) == []
    (repo.root / "requests/dev").unlink()
    (repo.root / "requests/dev/growth").mkdir(parents=True)
    (repo.root / NAME).symlink_to(tmp_path / "elsewhere/x.yaml")
    assert new()[0] == 5
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_everything_missing_is_said_at_once(new: Run, repo: GitRepo) -> None:
    code, out, err = new(**{name.removeprefix("--").replace("-", "_"): None for name in ALL})
    assert (code, out) == (2, "")
    for flag in ALL:
        assert err.count(f"\n  {flag}: ") == 1
    assert "--cost-center" not in err
    assert not (repo.root / "requests/dev").exists()


def test_everything_wrong_is_said_at_once_and_only_once(new: Run) -> None:
    code, _, err = new(
        "--set",
        "compute.sze=xs",
        "--set",
        "nonsense",
        "--without",
        "scafold",
        environment="prd",
        expires="soon",
        name=None,
    )
    assert code == 2
    assert "--environment: environment cannot be prd. Did you mean prod?\n" in err
    assert "--set compute.sze: There is no field compute.sze. Did you mean compute.size?\n" in err
    assert "--set nonsense: There is no field nonsense." in err
    assert "--without: There is no kind of resource called scafold. Did you mean scaffold?\n" in err
    assert err.count("--expires") == 1
    assert err.count("--name") == 1


def test_a_field_of_a_resource_that_is_not_wanted(new: Run) -> None:
    code, _, err = new("--set", "compute.size=xs", **{"with": "repo"})
    assert code == 2
    assert "--set compute.size: no compute is wanted. Add it to --with.\n" in err


def test_what_the_policy_refuses_is_not_written(new: Run, repo: GitRepo) -> None:
    code, out, err = new("--set", "compute.size=xl")
    assert (code, out) == (1, "")
    assert "[compute-size]" in err
    assert not (repo.root / NAME).exists()


@pytest.mark.parametrize("who", ["li.wei@acme.example", "liwei", "@LiWei", "U024BE7LH"])
def test_who_asks_by_any_name_the_policy_knows(new: Run, repo: GitRepo, who: str) -> None:
    repo.git("config", "--unset", "user.email")
    assert new(requested_by=who)[0] == 0
    assert b"requested_by: {slack: U024BE7LH, github: liwei}\n" in (repo.root / NAME).read_bytes()


def test_somebody_of_slack_alone_says_their_team(new: Run, repo: GitRepo) -> None:
    assert "--team" in new(requested_by="U0STRANGER")[2]
    assert new(requested_by="U0STRANGER", team="growth")[0] == 0
    assert b"requested_by: {slack: U0STRANGER}\n" in (repo.root / NAME).read_bytes()


def test_nobody_asks(new: Run, repo: GitRepo) -> None:
    repo.git("config", "user.email", "x@y.example")
    assert "Git's user.email is x@y.example, whom the policy does not know." in new()[2]
    assert "--requested-by is nobody, whom the policy does not know." in new(requested_by="nobody")[2]
    repo.git("config", "--unset", "user.email")
    code, _, err = new()
    assert code == 2
    assert "Git's user.email is not set." in err


def test_as_json(new: Run, repo: GitRepo) -> None:
    code, out, err = new("--json")
    data = json.loads(out)
    assert (code, err) == (0, "")
    assert (data["path"], data["written"], data["findings"]) == (NAME, True, [])
    assert data["text"].encode() == (repo.root / NAME).read_bytes()
    assert data["values"]["metadata.team"] == {"value": "growth", "source": "looked_up"}
    assert [rule["id"] for rule in data["approvals"]] == ["environment-dev"]
    code, out, _ = new("--json", name=None)
    assert (code, json.loads(out)["error"]["code"]) == (2, "usage")


def test_in_a_terminal_it_asks(new: Run, repo: GitRepo) -> None:
    answers = "repo\nchurn\nFind out who leaves.\njaned\ninternal\n2027-04-30\n\n"
    code, out, err = new(typed=answers)
    assert (code, out) == (0, f"{NAME}\n")
    assert "  repo      a GitHub repository\n" in err
    assert load_request((repo.root / NAME).read_bytes(), NAME, REGISTRY).id == "dev/growth/churn"


@pytest.mark.parametrize("typed", ["", "q\n", "repo\nchurn\n"])
def test_leaving_writes_nothing(new: Run, repo: GitRepo, typed: str) -> None:
    code, out, err = new(typed=typed)
    assert (code, out) == (1, "")
    assert err.endswith("Nothing is written.\n")
    assert not (repo.root / "requests/dev").exists()


def test_a_wrong_option_is_said_before_anything_is_asked(new: Run) -> None:
    code, _, err = new("--environment", "prd", typed="")
    assert code == 2
    assert "--environment: environment cannot be prd." in err


def test_the_whole_process(repo: GitRepo) -> None:
    words = [word for pair in ALL.items() for word in pair]
    done = subprocess.run(
        [sys.executable, "-m", "gitops", "new", *words, "--expires", "2099-01-01"],
        env=os.environ | {"PYTHONPATH": str(POLICY.parents[1])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "[lifetime]" in done.stderr
    assert "Traceback" not in done.stderr
