"""What a check of files leaves alone: what looks, plans and touches, and all that takes long to import.

`lakeport check` is called on every save and by every pull request, and imports are most of what it costs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import handlers
from tests.support.gitrepo import GitRepo

ROOT = Path(__file__).resolve().parents[2]
REQUEST = "requests/dev/growth/churn-prediction.yaml"
CHECKED = ("fields", "rules", "shape", "files", "paths")
"""Parts of a kind (`_compute_rules.py`) that say what a file may be; all others deal with what stands."""

SLOW = {"concurrent", "cookiecutter", "databricks", "dbos", "github", "pygal", "requests", "rich", "urllib3"}
LIVE = {"drawing", "engine", "gate", "landing", "live", "pulls", "receipts", "render", "report", "running"}
PROGRAM = """
import sys
from gitops.__main__ import main
try:
    main()
finally:
    sys.stderr.write("\\n".join(sys.modules))
"""


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    files = {
        REQUEST: (ROOT / "tests/data" / REQUEST).read_bytes(),
        "requests/policy.yaml": (ROOT / "requests/policy.yaml").read_bytes(),
    }
    repo = GitRepo.make(tmp_path / "repo", files)
    repo.git("switch", "--quiet", "-c", "work")
    repo.commit("Edit", {REQUEST: files[REQUEST].replace(b"purpose: ", b"purpose: Once more. ")})
    return repo


def loaded(repo: GitRepo, *arguments: str) -> set[str]:
    """The modules that a check has loaded when it is done, and found nothing."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "check", *arguments],
        cwd=repo.root,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "1 file checked, nothing found\n"), done.stderr
    return set(done.stderr.splitlines())


def live(module: str) -> bool:
    """Whether a module is of the other half: of a kind, or of what is done with the kinds."""
    package, _, name = module.partition(".")
    if package == "handlers":
        kind, _, part = name.removeprefix("_").partition("_")
        return kind in handlers.names() and part not in ("", *CHECKED)
    return package in ("bot", "sandbox") or (package == "gitops" and name.partition(".")[0] in LIVE)


@pytest.mark.parametrize("arguments", [[REQUEST], ["--all"], ["--changed-since", "main"]], ids=lambda a: a[0])
def test_a_check_imports_neither_the_live_half_of_a_kind_nor_an_sdk(
    repo: GitRepo, arguments: list[str]
) -> None:
    found = loaded(repo, *arguments)
    assert {f"handlers.{name}" for name in handlers.names()} <= found
    assert sorted(module for module in found if live(module)) == []
    assert sorted(SLOW & {module.partition(".")[0] for module in found}) == []


def test_a_check_of_one_file_makes_no_dataclass_and_starts_no_process(repo: GitRepo) -> None:
    """A frozen dataclass takes fifty times as long to make as a struct, and each module 1 to 4 ms."""
    assert sorted({"dataclasses", "json", "subprocess"} & loaded(repo, REQUEST)) == []


def test_what_is_live_is_told_by_its_name() -> None:
    parts = {f"handlers.{path.stem}" for path in (ROOT / "handlers").glob("*.py")}
    assert {"handlers._compute_look", "handlers._repo_apply", "handlers._schema_plan"} <= {
        *filter(live, parts)
    }
    assert not any(map(live, ("handlers.volume", "handlers._compute_fields", "handlers._unity_grants")))
    assert all((ROOT / f"gitops/{name}.py").is_file() for name in LIVE)
