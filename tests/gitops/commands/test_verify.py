"""`lakeport verify`: which request, what is said, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gitops import cli
from gitops.checkout import POLICY
from gitops.errors import RemoteUnavailable
from gitops.kind import Registry
from tests.support import toy
from tests.support.gitrepo import GitRepo

Run = Callable[..., int]
Out = pytest.CaptureFixture[str]
CHURN = toy.raw("base b red", "side s")


@pytest.fixture
def problems() -> dict[str, Any]:
    """What is wrong with things by name; an exception is raised."""
    return {}


@pytest.fixture
def registry(problems: dict[str, Any]) -> Registry:
    def verify(desired: Any, client: Any, tell: Callable[[str], None]) -> Iterable[str]:
        tell(f"Trying {desired.spec.name}.")
        found = problems.get(desired.spec.name, [])
        if isinstance(found, Exception):
            raise found
        return list(found)

    kinds = toy.registry(toy.World())
    return {name: replace(kind, verify=verify if name == "base" else None) for name, kind in kinds.items()}


@pytest.fixture
def run(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    made = GitRepo.make(tmp_path / "repo", {POLICY: toy.POLICY, toy.path("churn"): CHURN})
    monkeypatch.chdir(made.root)
    return lambda *words: cli.main(registry, ["verify", *words])


def test_what_works_and_what_there_is_nothing_to_try_of(run: Run, capsys: Out) -> None:
    assert run("churn") == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == ["the base b: works", "the side s: there is nothing to try"]
    assert said.err == "Trying b.\n"


def test_what_does_not_work_is_exit_code_1(run: Run, problems: dict[str, Any], capsys: Out) -> None:
    problems["b"] = ["It is blue\x1b[2J."]
    assert run("dev/growth/churn") == 1
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "the base b:"
    assert "It is blue" in out
    assert "\x1b" not in out


def test_a_system_that_cannot_be_asked_is_exit_code_4(
    run: Run, problems: dict[str, Any], capsys: Out
) -> None:
    problems["b"] = RemoteUnavailable("The shop is closed.", fix="Come again.")
    assert run("churn", "--json") == 4
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    assert found["resources"][0]["problems"] == ["The shop is closed. Come again."]
    assert found["resources"][1]["tried"] is False


def test_a_request_that_does_not_exist(run: Run, capsys: Out) -> None:
    assert run("nothing") == 2
    assert "There is no request nothing." in capsys.readouterr().err


def test_nothing_of_a_request_that_retires_needs_to_work(run: Run, capsys: Out) -> None:
    path = Path(toy.path("churn"))
    path.write_bytes(CHURN.replace(b"lifecycle: active", b"lifecycle: retiring"))
    assert run("churn") == 2
    assert "is retiring" in capsys.readouterr().err
