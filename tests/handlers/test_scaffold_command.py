"""`lakeport scaffold update`: which repositories, what is said of them, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

import handlers
from gitops import cli
from gitops.__main__ import FURTHER
from gitops.plan import digest
from gitops.receipts import Receipt
from handlers import scaffold
from handlers._scaffold_paths import MARKER
from tests.fakes.scaffold import PROPERTY, FakeGithub, Repo, World
from tests.handlers.support import carry_out, desired
from tests.support.gitrepo import GitRepo
from tests.support.templates import forget, render_once, template

ROOT = Path(__file__).resolve().parents[2]
POLICY = (ROOT / "requests/policy.yaml").read_bytes()
FILE = """\
apiVersion: lakeport/v1
kind: Onboarding
metadata:
  name: {name}
  team: growth
  environment: dev
  purpose: Predict which subscribers will leave next month.
  business_owner: jane.doe@acme.example
  data_classification: internal
  requested_by: {{slack: U024BE7LH, github: liwei}}
  lifecycle: {lifecycle}
resources:
- kind: scaffold
  repo: growth-{name}
  template: databricks-pipeline
"""


def receipt(name: str, path: str, raw: bytes, number: int, status: Any) -> bytes:
    one = Receipt(
        request=f"dev/growth/{name}",
        path=path,
        file_digest=digest(raw),
        commit="0" * 40,
        pull=number,
        requester={"slack": "U024BE7LH", "github": "liwei"},
        approvers=("nadia-k",),
        plan_digest=None,
        run_url="https://github.example/run",
        tool_version="0.1.0",
        status=status,
        number=number,
        at="2026-11-20T06:00:00+00:00",
        previous="",
    )
    return one.encode()


class Town:
    """A checkout with requests that were applied, and the repositories they filled."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.root = root
        self.git = GitRepo.make(root, {"requests/policy.yaml": POLICY})
        self.world = World()
        self.client = FakeGithub(self.world)
        self.connected = 0
        self.receipts: dict[str, bytes] = {}
        self.release("1.0.0", "one\n")
        monkeypatch.chdir(root)

    def release(self, version: str, text: str) -> None:
        made = {"a.txt": text, "b.txt": "b\n"}
        template(self.root / "templates", "databricks-pipeline", made, self._patch, version=version)
        self.git.commit(version, {})

    def request(
        self, name: str, status: str = "applied", lifecycle: str = "active", *, fill: bool = True
    ) -> Repo:
        raw = FILE.format(name=name, lifecycle=lifecycle).encode()
        path = f"requests/dev/growth/{name}.yaml"
        self.git.commit(name, {path: raw})
        number = len(self.receipts) + 1
        self.receipts[f"receipts/{number:08}.json"] = receipt(name, path, raw, number, status)
        self.git.orphan("receipts", self.receipts)
        repo = f"growth-{name}"
        found = self.world.add(repo, {"README.md": f"# {repo}"}, properties={PROPERTY: f"dev/growth/{name}"})
        if fill:
            spec = {"kind": "scaffold", "repo": repo, "template": "databricks-pipeline"}
            wanted = desired(scaffold.KIND, spec, request=f"dev/growth/{name}", name=name)
            carry_out(scaffold.KIND, scaffold.KIND.plan(wanted, None), self.client)
            self.world.writes.clear()
        return found

    def connect(self, env: Any) -> FakeGithub:
        del env
        self.connected += 1
        return self.client

    def run(self, *words: str) -> int:
        registry = dict(handlers.registry())
        registry["scaffold"] = structs.replace(registry["scaffold"], connect=self.connect)
        return cli.main(registry, ["scaffold", *words], FURTHER)


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    render_once(monkeypatch)
    yield Town(tmp_path / "repo", monkeypatch)
    forget()


def test_all_that_were_applied_get_a_pull_request(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = town.request("churn-one"), town.request("churn-two")
    town.release("1.1.0", "two\n")
    assert town.run("update", "--all") == 0
    assert [len(repo.pulls) for repo in (one, two)] == [1, 1]
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"acme/growth-churn-{name}: databricks-pipeline 1.0.0 → 1.1.0: pull request opened, "
        f"https://github.example/acme/growth-churn-{name}/pull/1"
        for name in ("one", "two")
    ]
    assert said.err.splitlines() == ["1 of 2: acme/growth-churn-one …", "2 of 2: acme/growth-churn-two …"]
    town.world.writes.clear()
    assert town.run("update", "--all") == 0
    assert town.world.writes == []
    assert "pull request is open" in capsys.readouterr().out


def test_one_is_named(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = town.request("churn-one"), town.request("churn-two")
    town.release("1.1.0", "two\n")
    assert town.run("update", "dev/growth/churn-two") == 0
    assert [len(repo.pulls) for repo in (one, two)] == [0, 1]
    assert town.run("update", "churn-one") == 0
    assert [len(repo.pulls) for repo in (one, two)] == [1, 1]


def test_a_dry_run_writes_nothing(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.request("churn-one")
    town.release("1.1.0", "two\n")
    assert town.run("update", "--all", "--dry-run") == 0
    assert town.world.writes == []
    assert "a pull request would be opened" in capsys.readouterr().out


def test_as_json(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.request("churn-one").push({"a.txt": "theirs\n", "b.txt": None})
    town.release("1.1.0", "two\n")
    assert town.run("update", "--all", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is True
    assert found["scaffolds"] == [
        {
            "request": "dev/growth/churn-one",
            "repository": "acme/growth-churn-one",
            "template": "databricks-pipeline",
            "outcome": "opened",
            "before": "1.0.0",
            "after": "1.1.0",
            "pull": "https://github.example/acme/growth-churn-one/pull/1",
            "writes": 1,
            "conflicts": ["a.txt"],
            "left": {},
            "error": "",
            "exit_code": 0,
        }
    ]


def test_conflicts_and_what_is_left_are_said(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.request("churn-one").push({"a.txt": "theirs\n"})
    town.release("1.1.0", "two\n")
    town.run("update", "--all", "--dry-run")
    assert "  conflict: a.txt\n" in capsys.readouterr().out
    town.world.repos["growth-churn-one"].push({"a.txt": None})
    town.run("update", "--all", "--dry-run")
    assert "  left: a.txt was deleted here\n" in capsys.readouterr().out


def test_one_that_fails_does_not_stop_the_others(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    broken, fine = town.request("churn-one"), town.request("churn-two")
    broken.push({MARKER: "{}"})
    town.release("1.1.0", "two\n")
    assert town.run("update", "--all") == 1
    assert len(fine.pulls) == 1
    assert "was not filled from databricks-pipeline by this request" in capsys.readouterr().out


def test_when_github_does_not_answer_the_code_says_so(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.request("churn-one")
    town.release("1.1.0", "two\n")
    town.world.break_after = 1
    assert town.run("update", "--all") == 4
    assert "GitHub did not answer." in capsys.readouterr().out


@pytest.mark.parametrize(("status", "lifecycle"), [("failed", "active"), ("applied", "retiring")])
def test_what_is_not_applied_or_going_is_passed_over(
    town: Town, capsys: pytest.CaptureFixture[str], status: str, lifecycle: str
) -> None:
    town.request("churn-one", status, lifecycle)
    town.release("1.1.0", "two\n")
    assert town.run("update", "--all") == 0
    assert (town.world.writes, town.connected) == ([], 0)
    assert capsys.readouterr().out == "No scaffold was applied.\n"


def test_what_was_edited_since_it_was_applied_is_still_brought_up_to_date(town: Town) -> None:
    repo = town.request("churn-one")
    path = "requests/dev/growth/churn-one.yaml"
    raw = (town.root / path).read_bytes()
    town.git.commit("Edit", {path: raw.replace(b"next month", b"this year")})
    town.release("1.1.0", "two\n")
    assert town.run("update", "churn-one") == 0
    assert len(repo.pulls) == 1


def test_a_file_that_is_not_valid_any_more_is_passed_over_and_said(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    fine = town.request("churn-two")
    town.request("churn-one")
    town.git.commit("Break", {"requests/dev/growth/churn-one.yaml": b"nothing: x\n"})
    town.release("1.1.0", "two\n")
    assert town.run("update", "--all") == 0
    assert len(fine.pulls) == 1
    assert "churn-one.yaml is not valid any more" in capsys.readouterr().err
    assert town.run("update", "churn-one") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "needs"),
        (("update",), "Which requests is not clear"),
        (("update", "x", "--all"), "Which requests is not clear"),
        (("update", "nothing"), "There is no request nothing"),
        (("update", "churn-one"), "is not applied yet"),
        (("update", "--everything"), "has no option --everything"),
        (("upgrade",), "There is no command scaffold upgrade"),
    ],
)
def test_what_it_does_not_take(
    town: Town, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    town.request("churn-one", "failed", fill=False)
    assert town.run(*words) == 2
    assert said in capsys.readouterr().err
    assert town.connected == 0


def test_names_from_github_do_nothing_to_the_terminal_or_the_pull_request(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = town.request("churn-one")
    evil = "`@all` [x](y) ##[x] $(id).txt"
    note = repo.texts()[MARKER].replace('"files": {', f'"files": {{"{evil}": "{"0" * 40}", ')
    repo.push({MARKER: note, evil: "theirs"})
    town.release("1.1.0", "two\n")
    assert town.run("update", "--all") == 0
    said = capsys.readouterr().out
    assert "the template has it no more" in said
    assert "##[x]" not in said
    body = repo.pulls[0].body
    assert "the template has it no more" in body
    assert not any(sign in body for sign in ("@all", "](", "`"))
