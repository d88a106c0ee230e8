"""`lakeport drift …`, `lakeport expire` and `lakeport orphans`, as they are called."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from github import Github
from msgspec import structs

from gitops import checking, cli, clients
from gitops.checkout import POLICY
from gitops.commands import shared
from gitops.kind import Marked, Registry
from gitops.plan import digest
from gitops.pulls import open_repository
from gitops.receipts import Receipt
from gitops.request import load_request
from tests.fakes.github_rest import FULL_NAME, GitHubRest
from tests.support import toy
from tests.support.gitrepo import GitRepo

TODAY = date(2026, 11, 21)
END = date(2026, 12, 1)
PATH = toy.path()
BRANCH = "request/dev/growth/churn"


@dataclass
class Town:
    """A checkout with one applied request, the same on GitHub, and the toy world."""

    repo: GitRepo
    github: GitHubRest
    world: toy.World

    @property
    def registry(self) -> Registry:
        def marked(world: toy.World) -> Iterator[Marked]:
            for key, thing in world.things.items():
                kind, _, name = key.partition("/")
                if kind == "base":
                    yield Marked(kind=kind, identity=name, request=thing["mark"], called=f"the toy {name}")

        kinds = dict(toy.registry(self.world))
        kinds["base"] = structs.replace(
            kinds["base"], adopt=lambda desired, state: {"tags": state["tags"]}, marked=marked
        )
        return kinds

    def run(self, *words: str) -> int:
        return cli.main(self.registry, list(words))

    @property
    def proposed(self) -> Any:
        raw = self.github.files(self.github.refs[f"refs/heads/{BRANCH}"])[PATH]
        return load_request(raw, PATH, self.registry).document.data


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    raw = toy.raw("base one red", "side two").replace(
        b"  requested_by:", f"  expires: {END}\n  requested_by:".encode()
    )
    repo = GitRepo.make(tmp_path / "repo", {POLICY: toy.POLICY, PATH: raw})
    given: dict[str, Any] = {
        "request": "dev/growth/churn", "path": PATH, "file_digest": digest(raw), "commit": "0" * 40,
        "pull": 1, "requester": {}, "approvers": (), "plan_digest": None, "run_url": "",
        "tool_version": "0", "status": "applied", "number": 1, "at": "2026-11-20T06:00:00+00:00",
        "previous": "",
    }  # fmt: skip
    repo.orphan("receipts", {"receipts/00000001.json": Receipt(**given).encode()})
    github = GitHubRest("lakeport-app[bot]")
    github.push("main", PATH, raw)
    made = Town(repo, github, toy.World())
    for key, tags in (("base/one", ["red"]), ("side/two", [])):
        made.world.things[key] = {"mark": "dev/growth/churn", "tags": tags}
    monkeypatch.chdir(repo.root)
    monkeypatch.setenv("GITHUB_REPOSITORY", FULL_NAME)
    monkeypatch.setattr(checking, "today", lambda: TODAY)
    with github.serve() as client:
        sign_in(monkeypatch, client)
        yield made


def sign_in(monkeypatch: pytest.MonkeyPatch, client: Github) -> None:
    """Both ways of signing in lead to the one GitHub of the test."""

    def repository() -> Any:
        return open_repository(client, FULL_NAME, login="lakeport-app[bot]", sleep=lambda seconds: None)

    monkeypatch.setattr(shared, "repository", repository)
    monkeypatch.setattr(clients, "organisation_github", lambda env: client)


def drifted(town: Town) -> None:
    town.world.things["base/one"]["tags"] = ["blue"]


# --- drift


def test_the_report_is_what_it_is_without_a_command(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    assert town.run("drift") == 0
    drifted(town)
    assert town.run("drift", "--team", "growth", "--json") == 1
    data = json.loads(capsys.readouterr().out.partition("\n")[2])
    assert data["drifted"][0]["changes"][0]["action"] == "paint"
    assert town.github.calls == []


def test_adopt_opens_a_pull_request_with_what_stands(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    drifted(town)
    del town.world.things["side/two"]
    assert town.run("drift", "adopt", "churn", "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert data["answer"] == "opened"
    assert data["left"] == ["Not adopted, and brought back when it is merged: Make two"]
    assert town.proposed["resources"][0]["tags"] == ["blue"]
    assert "Make two" in town.github.pulls[data["number"]]["body"]
    assert town.world.applied == []


def test_revert_opens_a_pull_request_that_changes_nothing_but_its_count(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    drifted(town)
    assert town.run("drift", "revert", "dev/growth/churn") == 0
    assert town.proposed["metadata"]["revision"] == 2
    assert town.proposed["resources"][0]["tags"] == ["red"]
    assert "is opened" in capsys.readouterr().out
    writes = len(town.github.writes)
    assert town.run("drift", "revert", "dev/growth/churn") == 0
    assert "is open:" in capsys.readouterr().out
    assert len(town.github.writes) == writes, "asked again, nothing is written"


def test_ignore_keeps_a_reason_for_all_that_drifted(town: Town) -> None:
    drifted(town)
    assert town.run("drift", "ignore", "churn", "--until", "2026-12-24", "--reason", "The fair.") == 0
    assert [
        (one["resource"], str(one["until"]), one["reason"])
        for one in town.proposed["metadata"]["drift_ignored"]
    ] == [("base/one/paint", "2026-12-24", "The fair.")]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["adopt", "nobody"], 2),
        (["adopt"], 2),
        (["adopt", "churn"], 5),  # nothing drifted
        (["ignore", "churn", "--until", "2026-12-24", "--reason", "The fair."], 5),
        (["ignore", "churn", "--until", "tomorrow", "--reason", "The fair."], 2),
        (["ignore", "churn", "--until", "2026-11-20", "--reason", "Hm.", "--resource", "base/one"], 2),
        (["ignore", "churn", "--until", "2026-12-24", "--reason", "The fair.", "--resource", "base/two"], 2),
        (["ignore", "churn", "--reason", "The fair."], 2),
        (["forget", "churn"], 2),
    ],
)
def test_what_makes_no_sense_is_refused_and_writes_nothing(town: Town, words: list[str], code: int) -> None:
    assert town.run("drift", *words) == code
    assert town.github.writes == []


def test_what_waits_to_be_applied_has_not_drifted(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    raw = (town.repo.root / PATH).read_bytes()
    town.repo.commit("Edit", {PATH: raw.replace(b"red", b"green")})
    assert town.run("drift", "revert", "churn") == 5
    assert "the file was changed since" in capsys.readouterr().err


# --- end dates and orphans


def test_expire_warns_once_and_then_asks_once(
    town: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert town.run("expire") == 0
    assert [one["body"].splitlines()[0] for one in town.github.comments[1]] == [
        "<!-- lakeport:expiry dev/growth/churn 2026-12-01 30 -->"
    ]
    monkeypatch.setattr(checking, "today", lambda: END + timedelta(days=1))
    for _ in range(2):
        assert town.run("expire", "--json") == 0
    assert town.proposed["metadata"]["lifecycle"] == "retiring"
    assert len(town.github.pulls) == 1
    assert len(town.github.writes) == 1 + 4 + 1, "a warning, a confirmed pull request, and a word on it"


def test_expire_with_nothing_near_asks_nobody(
    town: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checking, "today", lambda: date(2026, 6, 1))
    assert town.run("expire") == 0
    assert capsys.readouterr().out == "No request ends soon.\n"
    assert town.github.calls == []


def test_orphans_are_told_with_exit_code_1(
    town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert town.run("orphans") == 0
    town.world.things["base/left"] = {"mark": "dev/growth/gone", "tags": []}
    page = tmp_path / "orphans.md"
    assert town.run("orphans", "--markdown", str(page)) == 1
    assert "the toy left, marked as dev/growth/gone" in capsys.readouterr().out
    assert page.read_text().startswith("## Orphans")
    assert town.run("orphans", "--json") == 1
    assert json.loads(capsys.readouterr().out)["orphans"][0]["why"] == "no_request"
