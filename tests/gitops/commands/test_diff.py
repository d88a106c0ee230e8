from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitops import cli, yamlfile
from gitops.checkout import POLICY
from tests.support import versions
from tests.support.gitrepo import GitRepo
from tests.support.versions import COMPUTE, PATH, SCHEMA, data, resource, without

SCORES = "requests/dev/growth/churn-scores.yaml"
EDITED = data(resource(COMPUTE, max_workers=8))
REFUSED = data(resource(SCHEMA, name="scores"))
Run = Callable[..., int]
Out = pytest.CaptureFixture[str]


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepo:
    made = GitRepo.make(
        tmp_path / "repo",
        {POLICY: versions.POLICY_FILE.read_bytes(), PATH: yamlfile.dump(versions.DATA)},
    )
    monkeypatch.chdir(made.root)
    return made


def diff(*words: str) -> int:
    return cli.main(versions.registry(), ["diff", *words])


def put(repo: GitRepo, found: dict[str, Any], path: str = PATH) -> None:
    repo.write({path: yamlfile.dump(found)})


def test_nothing_differs(repo: GitRepo, capsys: Out) -> None:
    assert diff() == 0
    assert capsys.readouterr().out == "No difference.\n"


@pytest.mark.parametrize(
    "word", [None, PATH, "dev/growth/churn-prediction", "requests/dev", "requests/", "."]
)
def test_the_working_tree_against_the_default_branch(repo: GitRepo, word: str | None, capsys: Out) -> None:
    put(repo, EDITED)
    assert diff(*([word] if word else [])) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{PATH}: 1 edit\n  the cluster growth-churn-dev\n    ~ max workers: 4 → 8")


def test_against_where_the_branch_left(repo: GitRepo, capsys: Out) -> None:
    repo.git("switch", "--quiet", "-c", "work")
    repo.commit("Edit", {PATH: yamlfile.dump(EDITED)})
    repo.git("switch", "--quiet", "main")
    repo.commit("Main moves on", {SCORES: yamlfile.dump(data(name="churn-scores"))})
    repo.git("switch", "--quiet", "work")
    assert diff() == 0
    out = capsys.readouterr().out
    assert "max workers" in out
    assert SCORES not in out
    assert diff("--base", "work") == 0
    assert capsys.readouterr().out == "No difference.\n"


def test_an_edit_that_is_refused(repo: GitRepo, capsys: Out) -> None:
    put(repo, REFUSED)
    assert diff() == 1
    out = capsys.readouterr().out
    assert "(refused)" in out
    assert "error[resource-renamed]" in out
    assert "- kind: schema" in out
    assert out.endswith("1 error\n")


def test_a_new_a_deleted_and_another_file(repo: GitRepo, capsys: Out) -> None:
    put(repo, data(without(0, 1, 3), resource(0, name="scores"), name="churn-scores"), SCORES)
    (repo.root / PATH).unlink()
    assert diff() == 1
    out = capsys.readouterr().out
    assert f"{SCORES}: a new request\n" in out
    assert f"{PATH}: deleted\n" in out
    assert "error[request-deleted]" in out
    assert diff("dev/growth/churn-scores") == 0
    assert PATH not in capsys.readouterr().out
    assert diff("dev/growth/churn-prediction") == 1
    assert SCORES not in capsys.readouterr().out


def test_only_the_writing(repo: GitRepo, capsys: Out) -> None:
    put(repo, data(lambda found: found["resources"].reverse()))
    assert diff() == 0
    assert "Only the writing differs" in capsys.readouterr().out


def test_a_file_that_is_not_valid(repo: GitRepo, capsys: Out) -> None:
    repo.write({PATH: yamlfile.dump(EDITED).replace(b"team: growth", b"teem: growth")})
    assert diff() == 1
    assert "error[schema-unknown]" in capsys.readouterr().out


def test_what_is_merged_is_not_valid(repo: GitRepo, capsys: Out) -> None:
    repo.commit("By hand", {PATH: b"nothing: here\n"})
    put(repo, EDITED)
    assert diff("--base", "HEAD") == 0
    assert "nothing to compare with" in capsys.readouterr().out


def test_two_files(repo: GitRepo, tmp_path: Path, capsys: Out) -> None:
    old, new, other = (str(tmp_path / name) for name in ("old.yaml", "new.yaml", "other.yaml"))
    Path(old).write_bytes(yamlfile.dump(versions.DATA))
    Path(new).write_bytes(yamlfile.dump(REFUSED))
    Path(other).write_bytes(yamlfile.dump(data(name="churn-scores")))
    assert diff(old, new) == 1
    out = capsys.readouterr().out
    assert f"{old} → {new}: 1 edit\n" in out
    assert f"{new}:" in out
    assert diff(old, other) == 0  # two requests: nobody edits one into the other
    assert "name: churn-prediction → churn-scores" in capsys.readouterr().out


def test_two_files_of_which_one_is_not_valid(repo: GitRepo, tmp_path: Path, capsys: Out) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_bytes(b"metadata: [1]\n")
    assert diff(PATH, str(bad)) == 1
    out = capsys.readouterr().out
    assert f"{bad}:1:1" in out
    assert "requests/None" not in out


@pytest.mark.parametrize("word", ["nothing", "/etc/passwd", "..", "a\x00b", "a" * 5000, "dev/growth/nothing"])
def test_a_word_that_names_nothing(repo: GitRepo, word: str, capsys: Out) -> None:
    put(repo, EDITED)
    assert diff(word) == 2
    assert "There is no request" in capsys.readouterr().err


def test_a_base_that_is_none(repo: GitRepo, capsys: Out) -> None:
    assert diff("--base", "nowhere") == 2
    assert "nowhere is not a commit" in capsys.readouterr().err


def test_as_json(repo: GitRepo, capsys: Out) -> None:
    put(repo, REFUSED)
    assert diff("--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["changed"], found["deleted"]) == (False, True, [])
    assert found["files"][0]["path"] == PATH
    assert found["files"][0]["edits"][0]["rule"] == "resource-renamed"
    assert found["findings"][0]["rule"] == "resource-renamed"
    put(repo, versions.DATA)
    assert diff("--json") == 0
    assert json.loads(capsys.readouterr().out)["changed"] is False
