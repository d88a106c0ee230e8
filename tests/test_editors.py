"""The page for editors and other tools says what is so, and the hooks take the files they are for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from gitops.cli import COMMANDS
from gitops.request import HEADER

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/editors.md").read_text("utf-8")
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_bytes())}


def test_the_page_names_commands_and_options_that_exist() -> None:
    called = set(re.findall(r"(?:^ {4}|`)lakeport ([a-z]+)", PAGE, re.MULTILINE))
    assert {"new", "check", "fmt", "explain", "migrate", "schema"} == called
    assert called <= set(COMMANDS)
    assert f"# {HEADER}\n" in PAGE


def test_the_page_names_every_hook() -> None:
    assert re.findall(r"- id: ([a-z-]+)", PAGE) == list(HOOKS)


def test_hooks_call_the_installed_command() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    for hook in HOOKS.values():
        program, command, *_ = hook["entry"].split()
        assert program in scripts
        assert command in COMMANDS
        assert hook["language"] == "python"


@pytest.mark.parametrize(
    ("file", "hooks"),
    [
        ("requests/dev/growth/churn.yaml", {"lakeport-fmt", "lakeport-check"}),
        ("requests/dev/churn.yml", {"lakeport-fmt", "lakeport-check"}),
        ("requests/policy.yaml", {"lakeport-policy"}),
        ("requests/schema.json", set()),
        ("docs/requests/dev/growth/churn.yaml", set()),
        ("README.md", set()),
    ],
)
def test_which_files_a_hook_takes(file: str, hooks: set[str]) -> None:
    assert {name for name, hook in HOOKS.items() if re.search(hook["files"], file)} == hooks
