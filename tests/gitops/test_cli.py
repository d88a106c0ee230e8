from __future__ import annotations

import dataclasses
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gitops import cli
from gitops.checkout import POLICY, SCHEMA
from gitops.commands import shared
from gitops.errors import RemoteUnavailable
from gitops.gate import Verdict
from gitops.plan import digest
from tests.support import toy
from tests.support.gitrepo import GitRepo
from tests.support.town import MISSING, OPEN, Town

ROOT = Path(__file__).resolve().parents[2]
CHURN, OLD = toy.path("churn"), toy.path("old")
Run = Callable[..., int]


@pytest.fixture
def world() -> toy.World:
    return toy.World()


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepo:
    made = GitRepo.make(
        tmp_path / "repo",
        {POLICY: toy.POLICY, CHURN: toy.raw("base b red"), OLD: toy.raw("side s", name="old")},
    )
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("COLUMNS", "80")
    return made


@pytest.fixture
def run(world: toy.World, repo: GitRepo) -> Run:
    return lambda *arguments: cli.main(toy.registry(world), arguments)


def test_check_is_quiet_when_all_is_well(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check") == 0
    assert capsys.readouterr().out == "2 files checked, nothing found\n"


def test_check_shows_every_finding_with_its_line(
    run: Run, repo: GitRepo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.write(
        {CHURN: toy.raw("base b").replace(b"team: growth", b"team: sales").replace(b"dev", b"nowhere")}
    )
    assert run("check", CHURN) == 1
    out = capsys.readouterr().out
    assert f"--> {CHURN}:5:9\n" in out
    assert f"--> {CHURN}:6:16\n" in out
    assert "5 |   team: sales\n" in out
    assert "1 file" in out


@pytest.mark.parametrize("option", [["--json"], ["--format", "json"]])
def test_check_as_json(
    run: Run, repo: GitRepo, option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    repo.write({CHURN: b"a: 1\n"})
    assert run("check", CHURN, *option) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["ok"] is False
    assert {finding["file"] for finding in data["findings"]} == {CHURN}


def test_check_as_annotations(run: Run, repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.write({CHURN: b"a: 1\n"})
    assert run("check", "--format", "github") == 1
    out = capsys.readouterr().out
    assert f"::error file={CHURN},line=1," in out
    assert f"\n --> {CHURN}:1:1\n" in out  # GitHub shows no place beside an annotation in the log
    assert "\n1 | a: 1\n" in out
    assert out.endswith(" in 1 of 2 files\n")


def test_what_is_more_than_github_shows_is_in_the_log(
    run: Run, repo: GitRepo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.write({CHURN: "".join(f"a{number}x: 1\n" for number in range(20)).encode()})
    assert run("check", CHURN, "--format", "github") == 1
    out = capsys.readouterr().out
    for line in range(1, 21):
        assert f"--> {CHURN}:{line}:1\n" in out
    assert out.splitlines()[-2].startswith("GitHub shows 10 of 24 errors as annotations")


def test_check_as_sarif(run: Run, repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.write({CHURN: b"a: 1\n"})
    assert run("check", "--format", "sarif") == 1
    (found,) = json.loads(capsys.readouterr().out)["runs"]
    assert found["tool"]["driver"]["semanticVersion"] == shared.version()
    assert {result["ruleId"] for result in found["results"]} == {"schema-missing", "schema-unknown"}
    assert all("help" in rule for rule in found["tool"]["driver"]["rules"])


def test_two_requests_for_one_thing(run: Run, repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.git("switch", "--quiet", "-c", "work")
    repo.commit("Claim", {toy.path("thief"): toy.raw("base b", name="thief")})
    assert run("check", "--changed-since", "main") == 1
    out = capsys.readouterr().out
    assert "also belongs to dev/growth/churn" in out
    assert f" --> {CHURN}:" not in out
    assert f" = see: {CHURN}:13:3: Also here.\n" in out


def test_a_deleted_file_is_a_finding_unless_retired(
    run: Run, repo: GitRepo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.git("switch", "--quiet", "-c", "work")
    repo.commit("Delete", {}, delete=(OLD,))
    assert run("check", "--changed-since", "main") == 1
    out = capsys.readouterr().out
    assert "error[request-deleted]: The file of a request that is not retired was deleted" in out
    assert f"--> {OLD}\n" in out
    repo.git("switch", "--quiet", "main")
    repo.commit("Retired", {OLD: toy.raw("side s", name="old", lifecycle="retired")})
    repo.git("switch", "--quiet", "-c", "later")
    repo.commit("Delete", {}, delete=(OLD,))
    assert run("check", "--changed-since", "main") == 0


def test_a_pull_request_is_not_judged_by_its_own_policy(run: Run, repo: GitRepo) -> None:
    repo.git("switch", "--quiet", "-c", "work")
    other = toy.POLICY.replace(b"  growth: {", b"  other: {").replace(b"team: growth", b"team: other")
    repo.commit(
        "Weaken", {POLICY: other.replace(b"from: [growth]", b"from: [other]"), CHURN: toy.raw("base b")}
    )
    assert run("check", "--changed-since", "main") == 1
    assert run("check", "--changed-since", "main", "--policy-from", "main") == 0


def test_a_broken_policy_is_shown_with_its_lines(
    run: Run, repo: GitRepo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.commit("Break", {POLICY: b"organisation: acme\n"})
    repo.write({POLICY: b"# mended\n" + toy.POLICY})
    assert run("check") == 0
    capsys.readouterr()
    assert run("check", "--policy-from", "HEAD") == 1
    captured = capsys.readouterr()
    assert f"--> {POLICY}:1:1\n" in captured.err
    assert "1 | organisation: acme\n" in captured.err
    assert captured.err.endswith("; lakeport stopped there.\n")
    assert captured.out == ""
    assert run("check", "--policy-from", "HEAD", "--format", "github") == 1
    assert f"::error file={POLICY}" in capsys.readouterr().out
    assert run("check", "--policy-from", "HEAD", "--format", "sarif") == 1
    results = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    files = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results]
    assert set(files) == {POLICY}


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "README.md"],
        ["check", "/etc/passwd"],
        ["check", "requests/dev/growth/nobody.yaml"],
        ["check", CHURN, "--all"],
        ["check", "--changed-since", "nowhere"],
        ["check", "--policy-from", "nowhere"],
        ["check", "--format", "xml"],
        ["check", "--nonsense"],
        ["nonsense"],
        ["report", "--plan", "nothing.json", "--pull", "1", "--sha", "a" * 40],
        ["report", "--plan", CHURN, "--pull", "1", "--sha", "a" * 40],
        ["gate"],
        ["gate", "--pull", "zero"],
        ["gate", "--pull", "0"],
        ["status", "nobody"],
    ],
)
def test_usage_errors(run: Run, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err
    assert "Traceback" not in captured.err


def test_outside_a_checkout(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("check") == 2


def test_plan_and_what_it_writes(
    run: Run, world: toy.World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "plan.json"
    assert run("plan", "--out", str(out)) == 0
    text = capsys.readouterr().out
    assert "dev/growth/churn: create 1, change 1, remove 0, no running cost" in text
    data = json.loads(out.read_text())
    assert [entry["request"] for entry in data["entries"]] == ["dev/growth/churn", "dev/growth/old"]
    assert world.applied == []
    assert run("plan", "--json") == 0
    assert json.loads(capsys.readouterr().out) == data


def test_plan_exit_codes(run: Run, world: toy.World, repo: GitRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    world.things["base/b"] = {"mark": "dev/risk/other", "tags": []}
    assert run("plan", CHURN) == 5
    repo.write({OLD: b"a: 1\n"})
    assert run("plan", OLD) == 1

    def silent(requests: Sequence[object], **rest: object) -> list[RemoteUnavailable]:
        return [RemoteUnavailable("GitHub did not answer.") for _ in requests]

    monkeypatch.setattr("gitops.drawing.draw_all", silent)
    assert run("plan", CHURN) == 4


def test_what_is_not_valid_is_not_planned(run: Run, world: toy.World, repo: GitRepo) -> None:
    repo.write({CHURN: toy.raw("base b").replace(b"team: growth", b"team: sales")})
    assert run("plan", CHURN) == 1
    assert world.calls == []


@pytest.mark.parametrize("command", [["gate", "--pull", "1"], ["apply"]])
def test_missing_credentials(run: Run, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*command) == 3
    assert "GITHUB_REPOSITORY is not set." in capsys.readouterr().err
    assert run(*command, "--json") == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "configuration"


def test_status(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status") == 0
    assert "dev/growth/churn  not applied yet" in capsys.readouterr().out
    assert run("status", "churn", "--json") == 0
    assert [row["state"] for row in json.loads(capsys.readouterr().out)["requests"]] == ["waiting"]


def test_schema(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("schema", "--check") == 1
    assert "lakeport schema --out" in capsys.readouterr().err
    assert run("schema", "--out", SCHEMA) == 0
    assert run("schema", "--check") == 0
    capsys.readouterr()
    assert run("schema", "--check", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"current": True}
    assert run("schema") == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Lakeport request"


@pytest.mark.parametrize("option", ["--json", "--format=json"])
def test_an_error_as_json(run: Run, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "--changed-since", "nowhere", option) == 2
    captured = capsys.readouterr()
    assert json.loads(captured.out)["error"]["code"] == "usage"
    assert captured.err == ""


# --- help and what is not understood


def test_version(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"lakeport {shared.version()}\n"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"], ["help", "--help"]])
def test_the_overview_has_every_command_in_a_line(
    run: Run, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Usage: lakeport COMMAND ")
    for name, says in cli.COMMANDS.items():
        assert [line.split(maxsplit=1) for line in lines].count([name, says]) == 1
    assert max(map(len, lines)) <= 80


def test_every_module_of_a_command_is_in_the_table() -> None:
    modules = {path.stem for path in (ROOT / "gitops/commands").glob("[a-z]*.py")} - {"shared"}
    assert modules == set(cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_help_of_a_command(run: Run, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(name, "--help") == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"Usage: lakeport {name} [-h]")
    assert f"\n\n{cli.COMMANDS[name]}\n\n" in shown
    assert [line for line in shown.splitlines() if len(line) > 80] == []
    assert run("help", name) == 0
    assert capsys.readouterr().out == shown
    assert run("-h", name) == 0


def examples() -> list[str]:
    """Every call in the help of a command, as it would be typed."""
    epilogs = [cli.parser_of(name, cli.load(name)).epilog or "" for name in cli.COMMANDS]
    lines = "\n".join(epilogs).replace("\\\n", "").splitlines()
    return [line.strip() for line in lines if line.startswith("  lakeport ")]


@pytest.mark.parametrize("example", examples())
def test_every_example_of_the_help_is_taken(example: str) -> None:
    command, *words = shlex.split(example)[1:]
    assert cli.parser_of(command, cli.load(command)).parse(words)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["chekc"], "There is no command chekc. Did you mean check?"),
        (["help", "paln"], "There is no command paln. Did you mean plan?"),
        (["nonsense"], "There is no command nonsense."),
        ([""], "There is no command ''."),
        (["--json", "check"], "There is no command before --json."),
        (["check", "--chnged-since", "main"], "Did you mean --changed-since?"),
        (["check", "--change", "main"], "Did you mean --changed-since?"),
        (["check", "--format", "jsno"], "Did you mean json?"),
    ],
)
def test_what_was_meant(
    run: Run, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    if "--json" in arguments:
        assert json.loads(captured.out)["error"]["what"] == sentence
    else:
        assert captured.err.splitlines()[0].endswith(sentence)


def test_options_stand_before_between_and_after_files(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for arguments in ([CHURN, OLD, "--json"], [CHURN, "--json", OLD], ["--json", CHURN, OLD]):
        assert run("check", *arguments) == 0
        shown.append(json.loads(capsys.readouterr().out)["files"])
    assert shown == [[CHURN, OLD]] * 3


def break_it(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def broken() -> None:
        raise error

    monkeypatch.setattr(shared, "checkout_here", broken)


def test_a_defect_is_a_sentence_unless_one_asks(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    break_it(monkeypatch, KeyError("ghp_secret"))
    assert run("status") == 70
    err = capsys.readouterr().err
    assert "KeyError" in err
    assert "LAKEPORT_DEBUG=1" in err
    assert "ghp_secret" not in err
    monkeypatch.setenv("LAKEPORT_DEBUG", "1")
    assert run("status", "--json") == 70
    captured = capsys.readouterr()
    assert "Traceback" in captured.err
    assert json.loads(captured.out)["error"]["code"] == "defect"


def test_ctrl_c(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    break_it(monkeypatch, KeyboardInterrupt())
    assert run("status") == 130
    break_it(monkeypatch, SystemExit(143))
    assert run("status") == 143


def test_errors_cannot_write_to_the_terminal(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status", "\x1b[31mred") == 2
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize("evil", ["##[error]x", "words\n::error::x"])
def test_errors_are_no_commands_to_the_runner(
    run: Run, evil: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(evil) == 2
    err = capsys.readouterr().err
    assert "error" in err
    assert "##[" not in err
    assert not [line for line in err.splitlines() if line.lstrip().startswith("::")]


@pytest.mark.parametrize("command", [["status", "x\nAll is well."], ["help", "x\nAll is well."]])
def test_a_typed_line_feed_fakes_no_line(
    run: Run, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*command) == 2
    err = capsys.readouterr().err
    assert "x All is well." in err
    assert "\nAll is well." not in err


# --- what needs GitHub


@pytest.fixture
def town(repo: GitRepo, world: toy.World, monkeypatch: pytest.MonkeyPatch) -> Town:
    repo.commit("Empty", {}, delete=(CHURN, OLD))
    (repo.root / "requests").mkdir(exist_ok=True)
    made = Town(repo, world)
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/requests")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.example")
    monkeypatch.setenv("GITHUB_RUN_ID", "77")
    monkeypatch.setenv("GITHUB_RUN_ATTEMPT", "2")
    monkeypatch.setattr("gitops.clients.repository_github", lambda env: "gh")
    monkeypatch.setattr("gitops.pulls.open_repository", lambda gh, name: made.pulls)
    monkeypatch.setattr("gitops.receipts.Receipts", lambda gh, name, blobs: made.ledger)
    monkeypatch.setattr("gitops.gating.judge_pull", lambda repo, pull, **rest: made.pulls.judge(pull))
    return made


def test_apply(run: Run, town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("apply") == 0
    assert capsys.readouterr().out == "Everything that is merged is applied.\n"
    town.request("churn", "base b", "top t")
    assert run("apply", "--journal", str(tmp_path / "journal.jsonl")) == 0
    captured = capsys.readouterr()
    assert "dev/growth/churn: Applied" in captured.out
    assert "done     base/b/make" in captured.err
    assert len((tmp_path / "journal.jsonl").read_text().splitlines()) == 4
    assert (town.last.run_id, town.last.attempt) == ("77", 2)
    assert town.last.run_url == "https://github.example/acme/requests/actions/runs/77"
    assert town.last.tool_version == shared.version()


def test_apply_one_and_what_is_on_hold(run: Run, town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.request("churn", "base b")
    town.request("sales", "base s")
    assert run("apply", "--only", "sales") == 0
    assert set(town.world.things) == {"base/s"}
    assert run("apply", "--only", "sales") == 0
    assert capsys.readouterr().out.endswith("It is applied.\n")
    assert run("apply", "--only", "shurn") == 2
    town.ledger.receipts.append(replace(town.last, request="dev/growth/churn", status="failed", hold="So."))
    held = town.ledger.receipts[-1]
    raw = (town.repo.root / toy.path("churn")).read_bytes()
    town.ledger.receipts[-1] = replace(held, file_digest=digest(raw))
    capsys.readouterr()
    assert run("apply", "--only", "") == 7
    assert "dev/growth/churn is on hold. So." in capsys.readouterr().err
    assert run("apply", "--json") == 7
    assert [one["exit_code"] for one in json.loads(capsys.readouterr().out)["requests"]] == [7]
    assert run("apply", "--only", "churn", "--resume") == 0
    assert set(town.world.things) == {"base/s", "base/b"}


def test_apply_as_json_ends_with_the_worst(run: Run, town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.request("churn", "base b")
    town.request("sales", "base s", approve=False)
    assert run("apply", "--json") == 5
    data = json.loads(capsys.readouterr().out)
    found = {one["request"]: (one["exit_code"], one["receipt"]["status"]) for one in data["requests"]}
    assert found == {"dev/growth/churn": (0, "applied"), "dev/growth/sales": (5, "refused")}


def test_sigterm_ends_in_a_receipt(run: Run, town: Town) -> None:
    before = signal.getsignal(signal.SIGTERM)
    town.request("churn", "base b")
    town.world.after_apply = lambda key: signal.pthread_kill(
        threading.main_thread().ident or 0, signal.SIGTERM
    )
    try:
        assert run("apply") == 143
    finally:
        signal.signal(signal.SIGTERM, before)
    assert town.last.error == "The run was interrupted."
    assert [step.outcome for step in town.last.steps] == ["done"]


@pytest.mark.parametrize(("verdict", "code"), [(OPEN, 0), (MISSING, 5)])
def test_gate(
    run: Run,
    town: Town,
    verdict: Verdict,
    code: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pull = town.request("churn", "base b")
    town.pulls.verdicts[pull.number] = verdict
    posted: list[Verdict] = []
    monkeypatch.setattr("gitops.posting.post_gate", lambda board, pull, verdict: posted.append(verdict))
    monkeypatch.setattr(town.pulls, "default_branch", "main", raising=False)
    monkeypatch.setattr(town.pulls, "pull", lambda number: dataclasses.replace(pull, state="open"))
    assert run("gate", "--pull", "1") == code
    assert capsys.readouterr().out == verdict.sentences[0] + "\n"
    assert posted == [verdict]
    assert run("gate", "--pull", "1", "--json") == code
    assert json.loads(capsys.readouterr().out)["passed"] is (code == 0)


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ({"base_ref": "release"}, "Pull request 1 goes into release; only those into main are judged.\n"),
        ({"from_fork": True}, "Pull request 1 comes from a fork; those are not judged.\n"),
        ({"state": "closed", "merged": True}, "Pull request 1 is merged.\n"),
        ({"state": "closed", "merged": False}, "Pull request 1 is closed.\n"),
    ],
)
def test_of_some_pull_requests_the_gate_says_nothing(
    run: Run,
    town: Town,
    odd: dict[str, Any],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A commit can be the head of two of them, and a check run on it is taken for either."""
    pull = dataclasses.replace(town.request("churn", "base b"), **{"state": "open", **odd})
    monkeypatch.setattr("gitops.posting.post_gate", lambda *given: pytest.fail("nothing to say"))
    monkeypatch.setattr(town.pulls, "default_branch", "main", raising=False)
    monkeypatch.setattr(town.pulls, "pull", lambda number: pull)
    assert run("gate", "--pull", "1") == 5
    assert capsys.readouterr().out == words


def test_report(
    run: Run, town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    town.request("churn", "base b")
    out = str(tmp_path / "plan.json")
    assert run("plan", "--out", out) == 0
    capsys.readouterr()
    posted: list[object] = []
    monkeypatch.setattr(town.pulls, "put_check", lambda *parts: posted.append(parts[:3]), raising=False)
    assert run("report", "--plan", out, "--pull", "1", "--sha", "short") == 2
    assert run("report", "--plan", out, "--pull", "1", "--sha", "a" * 40) == 0
    assert posted == [("a" * 40, "lakeport/plan", "success")]
    assert "create 1, change 0, remove 0" in capsys.readouterr().out


# --- what is loaded

SLOW = {
    "alembic",
    "cookiecutter",
    "databricks",
    "dbos",
    "fastapi",
    "github",
    "openai",
    "pydantic_settings",
    "requests",
    "rich",
    "slack_bolt",
    "slack_sdk",
    "sqlalchemy",
    "urllib3",
}
SHOW_MODULES = """
import sys
from gitops.__main__ import main
try:
    main()
finally:
    print("\\n".join({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


REAL = b"""\
apiVersion: lakeport/v1
kind: Onboarding
metadata:
  name: churn-prediction
  team: growth
  environment: dev
  purpose: Predict which subscribers will leave next month.
  business_owner: jane.doe@acme.example
  data_classification: internal
  expires: 2999-01-01
  requested_by: {slack: U024BE7LH, github: liwei}
  lifecycle: retiring
resources:
- {kind: schema, catalog: ml_dev, name: churn_prediction, grants: [{principal: growth, privileges: [SELECT]}]}
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["plan", "--help"], ["check", toy.path("churn-prediction")]]
)
def test_no_sdk_is_loaded_to_help_or_to_check(arguments: list[str], tmp_path: Path) -> None:
    file = tmp_path / toy.path("churn-prediction")
    file.parent.mkdir(parents=True)
    file.write_bytes(REAL)
    (tmp_path / POLICY).write_bytes((ROOT / POLICY).read_bytes())
    done = subprocess.run(
        [sys.executable, "-P", "-c", SHOW_MODULES, *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    loaded = set(done.stderr.split())
    assert "gitops" in loaded
    assert not loaded & SLOW


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["--version"]])
def test_nobody_reads_it(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "gitops", *arguments],
            cwd=ROOT,
            stdout=closed,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (141, b"")


def test_what_cannot_be_written_is_escaped() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gitops", "status", b"\xff", "--json"],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "\udcff" in json.loads(done.stdout)["error"]["what"]
