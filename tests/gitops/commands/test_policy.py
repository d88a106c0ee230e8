"""`lakeport policy`, and where else the policy file is checked: `lakeport check` and `lakeport plan`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gitops import cli, report
from gitops.checkout import POLICY
from tests.support import toy
from tests.support.gitrepo import GitRepo

CHURN = toy.path("churn")
Out = pytest.CaptureFixture[str]
Run = Callable[..., int]
SMALLER = toy.POLICY.replace(
    b"gpu: true, approvals: {count: 1", b"gpu: true, required: [expires], approvals: {count: 2"
)
BROKEN = toy.POLICY.replace(b"from: [team]", b"from: [taem]")
TWICE = toy.POLICY.replace(b"[ml_dev]", b"[ml_dev, ml_dev]")


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepo:
    made = GitRepo.make(tmp_path / "repo", {POLICY: toy.POLICY, CHURN: toy.raw("base b red")})
    monkeypatch.chdir(made.root)
    return made


@pytest.fixture
def run(repo: GitRepo) -> Run:
    return lambda *arguments: cli.main(toy.registry(toy.World()), arguments)


def test_a_policy_with_nothing_wrong(run: Run, capsys: Out) -> None:
    assert run("policy", "check") == 0
    assert capsys.readouterr().out == "1 file checked, nothing found\n"


def test_everything_wrong_with_a_policy(run: Run, repo: GitRepo, capsys: Out) -> None:
    repo.write({POLICY: BROKEN})
    assert run("policy", "check") == 1
    out = capsys.readouterr().out
    assert out.startswith("error[policy-reference]: Approvals are asked from taem, which is no team.\n")
    assert "^^^^" in out


def test_a_warning_alone_is_no_failure(run: Run, repo: GitRepo, capsys: Out) -> None:
    repo.write({POLICY: TWICE})
    assert run("policy", "check", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is True
    assert [item["rule"] for item in found["findings"]] == ["policy-twice"]


@pytest.mark.parametrize(
    ("format_", "start"), [("github", "::error file=requests/policy.yaml,line="), ("sarif", "{\n")]
)
def test_other_forms(run: Run, repo: GitRepo, capsys: Out, format_: str, start: str) -> None:
    repo.write({POLICY: BROKEN})
    assert run("policy", "check", "--format", format_) == 1
    assert capsys.readouterr().out.startswith(start)


def test_a_check_of_all_files_checks_the_policy_too(run: Run, repo: GitRepo, capsys: Out) -> None:
    repo.write({POLICY: TWICE})
    assert run("check", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [item["rule"] for item in found["findings"]] == ["policy-twice"]
    assert run("check", CHURN, "--json") == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []


def test_impact_of_a_change(run: Run, repo: GitRepo, capsys: Out) -> None:
    repo.write({POLICY: SMALLER})
    assert run("policy", "impact") == 1
    out = capsys.readouterr().out
    assert out.startswith("dev/growth/churn would newly be refused\n  + error: For dev, expires is required")
    assert "  + approval: 2 of nadia-k, omar-f: The environment dev\n" in out
    assert out.endswith("\nOf 1 request, 1 would newly be refused.\n")


def test_without_a_change_there_is_no_impact(run: Run, capsys: Out) -> None:
    assert run("policy", "impact", "--base", "HEAD") == 0
    assert capsys.readouterr().out == "Of 1 request, none would change.\n"


@pytest.mark.parametrize("option", [["--json"], ["--format", "json"]])
def test_impact_as_json(run: Run, repo: GitRepo, capsys: Out, option: list[str]) -> None:
    repo.write({POLICY: SMALLER})
    assert run("policy", "impact", *option) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["counts"] == {"refused": 1, "changed": 0, "passes": 0}
    assert found["affected"][0]["request"] == "dev/growth/churn"
    assert found["base"] == repo.git("rev-parse", "main")


def test_impact_as_annotations_and_as_markdown(run: Run, repo: GitRepo, capsys: Out) -> None:
    repo.write({POLICY: SMALLER})
    assert run("policy", "impact", "--format", "github") == 1
    assert capsys.readouterr().out.startswith(f"::error file={CHURN},line=")
    assert run("policy", "impact", "--format", "markdown") == 1
    assert "#### 1 would newly be refused" in capsys.readouterr().out


def test_impact_of_a_policy_with_errors(run: Run, repo: GitRepo, capsys: Out) -> None:
    repo.write({POLICY: BROKEN})
    assert run("policy", "impact") == 1
    out = capsys.readouterr().out
    assert "which is no team" in out
    assert out.endswith("The policy has errors, so no request can be judged by it.\n")


@pytest.mark.parametrize("words", [[], ["impat"], ["check", "x"], ["impact", "--base", "nowhere"]])
def test_words_it_does_not_take(run: Run, capsys: Out, words: list[str]) -> None:
    assert run("policy", *words) == 2
    assert capsys.readouterr().out == ""


def test_the_plan_of_a_branch_carries_the_impact(run: Run, repo: GitRepo) -> None:
    repo.git("switch", "--quiet", "-c", "work")
    repo.commit("Be stricter", {POLICY: SMALLER})
    assert run("plan", "--changed-since", "main", "--policy-from", "main", "--out", "plan.json") == 0
    found = report.loads((repo.root / "plan.json").read_bytes())
    assert found.impact is not None
    assert [str(one.outcome) for one in found.impact.affected] == ["refused"]
    repo.commit("Break it", {POLICY: BROKEN})
    assert run("plan", "--changed-since", "main", "--policy-from", "main", "--out", "plan.json") == 1
    found = report.loads((repo.root / "plan.json").read_bytes())
    assert [finding.rule for finding in found.findings] == ["policy-reference"]


def test_the_plan_of_a_branch_that_leaves_the_policy_alone(run: Run, repo: GitRepo) -> None:
    repo.git("switch", "--quiet", "-c", "work")
    repo.commit("Another", {toy.path("other"): toy.raw("base c", name="other")})
    assert run("plan", "--changed-since", "main", "--policy-from", "main", "--out", "plan.json") == 0
    assert report.loads((repo.root / "plan.json").read_bytes()).impact is None


def test_without_a_policy(run: Run, repo: GitRepo, capsys: Out) -> None:
    (repo.root / POLICY).unlink()
    assert run("policy", "check") == 2
    assert run("policy", "impact") == 1
    assert "The change takes the policy away" in capsys.readouterr().out
    (repo.root / POLICY).symlink_to("/etc/passwd")
    assert run("policy", "check") == 1
    assert run("policy", "impact") == 1
    assert "error[path-link]" in capsys.readouterr().out
    (repo.root / POLICY).unlink()
    repo.write({POLICY: b""})
    assert run("policy", "check") == 1
    assert "help: Start with `organisation:`" in capsys.readouterr().out
