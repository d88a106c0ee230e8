"""Scaffolds against the rehearsal GitHub, over HTTP with the real client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import handlers
from gitops.checkout import Checkout
from gitops.kind import Desired
from handlers import _scaffold_look as look
from handlers._scaffold_update import Outcome, Site, Update, update
from sandbox.github.rehearsal import GitHub
from tests.handlers.support import carry_out, desired, plan
from tests.support.gitrepo import GitRepo
from tests.support.templates import forget, template

pytestmark = pytest.mark.e2e
KIND = handlers.registry()["scaffold"]
FIRST = {"README.md": "one\ntwo\nthree\n", "src/00/a.txt": "a\n"}
SIXTY = FIRST | {f"src/{number:02}/a.txt": f"{number}\n" for number in range(59)}


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHub]:
    server = GitHub(tmp_path / "github")
    server.add_organisation("acme")
    server.add_team("acme", "growth", [])
    server.define_custom_property("acme", "lakeport-request")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(github: GitHub) -> Any:
    return KIND.connect({"GITHUB_API_URL": github.url, "LAKEPORT_GITHUB_TOKEN": github.add_app("lakeport")})


@pytest.fixture
def lakeport(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitRepo]:
    repo = GitRepo.make(tmp_path / "lakeport", {"requests/policy.yaml": b""})
    template(repo.root / "templates", "mine", FIRST, monkeypatch)
    repo.commit("1.0.0", {})
    yield repo
    forget()


def wanted(name: str) -> Desired[Any]:
    return desired(KIND, {"kind": "scaffold", "repo": name, "template": "mine"})


def make(client: Any, name: str) -> Any:
    organisation = client.get_organization("acme")
    repository = organisation.create_repo(
        name,
        description="x",
        visibility="internal",
        auto_init=True,
        custom_properties={"lakeport-request": "dev/growth/churn"},
    )
    organisation.get_team_by_slug("growth").update_team_repository(repository, "push")
    return repository


def test_sixty_files_are_three_writes(
    github: GitHub, client: Any, lakeport: GitRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(lakeport.root / "templates", "mine", SIXTY, monkeypatch)
    make(client, "growth-churn")
    changes = plan(KIND, wanted("growth-churn"), client)
    before = len(github.state.writes)
    carry_out(KIND, changes, client)
    done = github.state.writes[before:]
    assert [path.rpartition("/git/")[2] for _, path in done] == ["trees", "commits", "refs/heads/main"]
    tree = client.get_repo("acme/growth-churn").get_git_tree("main", recursive=True)
    assert (
        len([entry for entry in tree.tree if entry.type == "blob"]) == 62
    )  # the note, and who owns the files
    carry_out(KIND, changes, client)
    assert len(github.state.writes) == before + 3
    assert github.state.unknown_calls == []


def test_many_are_looked_at_as_each_is(github: GitHub, client: Any, lakeport: GitRepo) -> None:
    for name in ("r-new", "r-filled", "r-worked", "r-archived"):
        make(client, name)
    for name in ("r-filled", "r-worked", "r-archived"):
        carry_out(KIND, plan(KIND, wanted(name), client), client)
    client.get_repo("acme/r-worked").create_file("notes.md", "by hand", "x")
    client.get_repo("acme/r-archived").edit(archived=True)
    github.create_repository("acme", "r-foreign", {"main.py": "x"})
    names = ["r-new", "r-filled", "r-absent", "r-worked", "r-archived", "r-foreign", "r-absent-too"]
    for lifecycle in ("active", "retired"):
        spec = {"kind": "scaffold", "template": "mine"}
        asked = [desired(KIND, spec | {"repo": name}, lifecycle=lifecycle) for name in names]
        assert list(look.read_all(asked, client)) == [look.read(one, client) for one in asked]
    assert github.state.unknown_calls == []


def test_a_newer_template_is_merged_in_one_pull_request(
    github: GitHub, client: Any, lakeport: GitRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = make(client, "growth-churn")
    carry_out(KIND, plan(KIND, wanted("growth-churn"), client), client)
    content = repository.get_contents("README.md")
    repository.update_file("README.md", "by hand", "ONE\ntwo\nthree\n", content.sha)
    newer = FIRST | {"README.md": "one\ntwo\nTHREE\n", "new.txt": "new\n"}
    del newer["src/00/a.txt"]
    (lakeport.root / "templates/mine/{{cookiecutter.project}}/src/00/a.txt").unlink()
    template(lakeport.root / "templates", "mine", newer, monkeypatch, version="1.1.0")
    lakeport.commit("1.1.0", {})

    def again() -> Update:
        found = look.notes(["acme/growth-churn"], client)["acme/growth-churn"]
        return update(wanted("growth-churn"), found, Site(client=client, history=Checkout(lakeport.root)))

    before = len(github.state.writes)
    first = again()
    assert (first.outcome, first.conflicts, first.error) == (Outcome.OPENED, (), "")
    assert len(github.state.writes) == before + 4
    assert again().outcome is Outcome.UNCHANGED
    assert len(github.state.writes) == before + 4
    pull = repository.get_pull(int(first.pull.rpartition("/")[2]))
    changed = {file.filename: file.status for file in pull.get_files()}
    assert changed == {
        ".lakeport/scaffold.json": "modified",
        "README.md": "modified",
        "new.txt": "added",
        "src/00/a.txt": "removed",
    }
    assert repository.get_contents("README.md", pull.head.sha).decoded_content == b"ONE\ntwo\nTHREE\n"
    pull.merge(merge_method="squash")
    assert again().outcome is Outcome.CURRENT
    marker = json.loads(repository.get_contents(".lakeport/scaffold.json").decoded_content)
    assert marker["version"] == "1.1.0"
    assert not plan(KIND, wanted("growth-churn"), client)
    assert github.state.unknown_calls == []
