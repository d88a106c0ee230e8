"""The section that follows from the policy, what stays around it, and what would take it back."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

import handlers
from gitops import cli
from gitops.codeowners import FILE, problems, section, team_of, written
from gitops.errors import UsageError
from gitops.policy import load_policy

RAW = (Path(__file__).parents[2] / "requests/policy.yaml").read_bytes()
POLICY = load_policy(RAW)
SECTION = section(POLICY, "ml-platform")


def test_what_judges_has_an_owner_and_requests_have_none() -> None:
    rules = dict(
        [*line.split(), ""][:2] for line in SECTION.splitlines() if line and not line.startswith("#")
    )
    assert rules == {
        "*": "@acme/ml-platform",
        "/.github/": "@acme/ml-platform",
        "/requests/policy.yaml": "@acme/ml-platform",
        "/requests/dev/": "",
        "/requests/prod/": "",
        "/requests/staging/": "",
    }
    assert next(iter(rules)) == "*", "of all lines that fit the last one counts"


def test_what_people_wrote_stays_and_writing_twice_is_writing_once() -> None:
    mine = "# mine\n/docs/ @acme/writers\n"
    once = written(mine, SECTION)
    assert once.endswith(mine)
    assert written(once, SECTION) == once
    moved = section(POLICY, "growth")
    assert written(once, moved) == once.replace(SECTION, moved)
    assert written("", SECTION) == SECTION
    assert team_of(once) == "ml-platform"
    assert team_of(mine) == ""


@pytest.mark.parametrize("text", [SECTION * 2, SECTION.replace("# END lakeport codeowners", "")])
def test_marks_that_are_no_pair_are_not_guessed_at(text: str) -> None:
    with pytest.raises(UsageError, match="not one pair"):
        written(text, SECTION)
    assert problems(text, POLICY)[0].open


@pytest.mark.parametrize(
    ("below", "open_", "words"),
    [
        ("/gitops/", True, "takes the owner away from '/gitops/'"),
        ("*", True, "takes the owner away"),
        ("/requests/policy.yaml", True, "takes the owner away"),
        ("*.py not-an-owner", True, "takes the owner away"),
        ("* @acme/growth", False, "request files an owner"),
        ("/requests/*/growth/ @acme/growth", False, "request files an owner"),
        ("requests/ @acme/growth", False, "request files an owner"),
        ("*.yaml @nadia-k", False, "request files an owner"),
    ],
)
def test_a_line_below_that_takes_back_is_named(below: str, open_: bool, words: str) -> None:
    (found,) = problems(f"{SECTION}\n# mine\n{below}  # why\n", POLICY)
    assert (found.open, found.line) == (open_, SECTION.count("\n") + 3)
    assert words in found.what


@pytest.mark.parametrize(
    "below", ["/docs/ @acme/writers", "/requests/dev/growth/", "# * @x", "/bot @b@acme.example"]
)
def test_a_line_below_that_takes_nothing_back_is_fine(below: str) -> None:
    assert problems(f"{SECTION}{below}\n", POLICY) == ()


def test_a_section_of_another_policy_is_named() -> None:
    changed = replace(POLICY.teams["ml-platform"], github_team="platform")
    policy = replace(POLICY, teams={**POLICY.teams, "ml-platform": changed})
    assert "not what the policy says" in problems(SECTION, policy)[0].what
    without = replace(POLICY, teams={"growth": POLICY.teams["growth"]})
    assert "no team ml-platform" in problems(SECTION, without)[0].what
    assert "no section of ours" in problems("* @acme/ml-platform\n", POLICY)[0].what


@pytest.mark.parametrize("name", ["a b", "x\n/gitops/", "@acme/x", ""])
def test_a_name_that_is_none_writes_no_line(name: str) -> None:
    team = replace(POLICY.teams["growth"], github_team=name)
    with pytest.raises(UsageError, match="not a team of GitHub"):
        section(replace(POLICY, teams={"growth": team}), "growth")


def test_the_command_writes_and_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = handlers.registry()
    (tmp_path / "requests").mkdir()
    (tmp_path / "requests/policy.yaml").write_bytes(RAW)
    monkeypatch.chdir(tmp_path)
    assert cli.main(registry, ["codeowners", "--check"]) == 1
    assert cli.main(registry, ["codeowners"]) == 2, "nobody said which team"
    assert not (tmp_path / FILE).exists()
    assert cli.main(registry, ["codeowners", "--team", "ml-platform"]) == 0
    assert (tmp_path / FILE).read_text() == SECTION
    assert cli.main(registry, ["codeowners", "--json"]) == 0
    assert '"changed": false' in capsys.readouterr().out
    assert cli.main(registry, ["codeowners", "--check"]) == 0
    (tmp_path / FILE).write_bytes(b"\xff")
    assert cli.main(registry, ["codeowners", "--check"]) == 2


def test_the_file_of_this_repository_is_current() -> None:
    assert problems((Path(__file__).parents[2] / FILE).read_text(), POLICY) == ()
