"""`lakeport converse` as its user calls it: what it says, its exit codes, and by which policy it plays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import logs
from bot.rehearsal import readers, render
from bot.rehearsal.player import Line, Reading, Talk
from bot.rehearsal.score import Score
from gitops import cli
from gitops.__main__ import FURTHER
from gitops.compose import Composed
from gitops.errors import ConfigurationError
from handlers import registry
from tests.fakes.model_server import Answer, good, serving
from tests.support.organisation import ROOT, draft, world

SCENARIOS = ROOT / "tests" / "data" / "scenarios"
GOOD = """\
id: good
requester: U0JANEDOE
today: 2026-11-23
opening: "just a schema, name: churn, dev, internal data, business owner me, until 2027-04-30"
facts: {metadata.purpose: see who leaves, metadata.data_classification: internal}
expect: {metadata.name: churn, metadata.business_owner: jane.doe@acme.example, resources.schema.name: churn}
max_questions: 4
"""
BAD = GOOD.replace("id: good", "id: bad").replace("metadata.name: churn", "metadata.name: upsell")
NUMBERS = [
    "scenarios",
    "fields_expected",
    "fields_right",
    "files_exact",
    "invented",
    "invented_risky",
    "must_ask_missed",
    "must_refuse_missed",
    "questions_over",
    "tokens",
]


@pytest.fixture(autouse=True)
def at_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT", "LAKEPORT_MODEL"):
        monkeypatch.delenv(name, raising=False)


def converse(*words: str | Path) -> int:
    return cli.main(registry(), ["converse", *map(str, words)], FURTHER)


def files(tmp_path: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def answered(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, dict[str, Any]]:
    code = converse(*words, "--json")
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, found


def test_with_json_there_is_one_object_of_numbers_and_what_was_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = answered(capsys, files(tmp_path, good=GOOD, bad=BAD))
    assert code == 1
    assert list(found) == [*NUMBERS, "played"]
    assert (found["scenarios"], found["fields_expected"], found["fields_right"]) == (2, 6, 5)
    assert (found["files_exact"], found["tokens"]) == (1, 0)
    assert [(one["id"], one["wrong"]) for one in found["played"]] == [
        ("bad", ["metadata.name is churn, not upsell"]),
        ("good", []),
    ]


def test_nothing_wrong_is_exit_code_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert converse(files(tmp_path, good=GOOD)) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(
        "scenario   fields   asked\ngood          3/3     1/4\n\n1 scenario: 3 of 3 fields right"
    )


def test_what_is_wrong_stands_below_its_scenario(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert converse(files(tmp_path, bad=BAD)) == 1
    assert "bad           2/3     1/4\n  - metadata.name is churn, not upsell\n" in capsys.readouterr().out


def test_the_talk_is_shown_when_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files(tmp_path, good=GOOD)
    converse(tmp_path, "--transcript")
    shown = capsys.readouterr().out
    assert "> just a schema, name: churn" in shown
    assert "> see who leaves" in shown
    _, found = answered(capsys, tmp_path, "--transcript")
    assert found["played"][0]["transcript"][0]["who"] == "person"


def test_what_a_person_says_cannot_steer_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    converse(files(tmp_path, good=GOOD.replace("just a schema", "just a schema \\e[31m")), "--transcript")
    assert "\x1b" not in capsys.readouterr().out


def test_a_broken_file_is_told_with_its_line_and_is_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files(tmp_path, broken=GOOD.replace("max_questions: 4", "max_questions: few"))
    assert converse(tmp_path) == 2
    assert "broken.yaml:7:16" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [(), ("nowhere.yaml",), ("--extractor", "magic", "x"), ("x", "--policy", "nowhere.yaml")]
)
def test_arguments_that_make_no_sense_are_exit_code_2(words: tuple[str, ...]) -> None:
    assert converse(*words) == 2


def policy_with(team: str) -> str:
    return (ROOT / "requests" / "policy.yaml").read_text().replace("growth", team)


def test_the_policy_beside_the_scenarios_counts_before_that_of_the_checkout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    team = GOOD.replace("metadata.name: churn", "metadata.team: sales")
    files(tmp_path, good=team, policy=policy_with("sales"))
    assert answered(capsys, tmp_path)[0] == 0
    (tmp_path / "policy.yaml").unlink()
    assert answered(capsys, tmp_path)[0] == 1


def test_a_policy_that_is_named_counts_before_all_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files(tmp_path, other=policy_with("sales"))
    inner = tmp_path / "inner"
    inner.mkdir()
    files(inner, good=GOOD.replace("metadata.name: churn", "metadata.team: sales"), policy=policy_with("ads"))
    assert answered(capsys, inner, "--policy", tmp_path / "other.yaml")[0] == 0


def test_a_policy_in_another_format_is_left_aside_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert converse(files(tmp_path, good=GOOD, policy="teams: [growth]\n")) == 0
    assert "policy.yaml is no policy of this version" in capsys.readouterr().err


def test_a_named_policy_in_another_format_stops(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files(tmp_path, good=GOOD, other="teams: [growth]\n")
    assert converse(tmp_path / "good.yaml", "--policy", tmp_path / "other.yaml") == 1
    assert "other.yaml" in capsys.readouterr().err


def test_without_a_model_there_is_no_playing_with_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "configure", lambda _level: None)
    assert converse(SCENARIOS, "--extractor", "openai") == ConfigurationError.exit_code
    assert "LAKEPORT_MODEL" in capsys.readouterr().err


@pytest.mark.usefixtures("loopback")
def test_a_model_reads_where_one_is_configured_and_its_tokens_are_counted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    monkeypatch.setattr(logs, "configure", lambda _level: None)  # it would stay for other tests
    with serving({"good": lambda asked: replace(good(asked), usage=usage)}) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("LAKEPORT_MODEL", "good")
        monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
        code, found = answered(
            capsys, SCENARIOS / "d01-one-message-complete.yaml", "--extractor", "openai", "--transcript"
        )
    assert server.asked
    assert found["tokens"] == 120 * len(server.asked)
    assert [line for line in found["played"][0]["transcript"] if line["who"] == "read"] == []
    assert (code, found["fields_right"]) == (0, found["fields_expected"])


@pytest.mark.usefixtures("loopback")
def test_where_the_model_fails_the_rules_read_and_standard_output_stays_one_object() -> None:
    with serving({"bad": lambda _asked: Answer("that is no JSON")}) as server:
        setting = {"OPENAI_BASE_URL": server.url, "LAKEPORT_MODEL": "bad", "OPENAI_API_KEY": "not-a-key"}
        scenario = str(SCENARIOS / "d01-one-message-complete.yaml")
        command = [sys.executable, "-m", "gitops", "converse", scenario]
        done = subprocess.run(
            [*command, "--extractor", "openai", "--json", "--transcript"],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=dict(os.environ) | setting,
        )
    found = json.loads(done.stdout)
    remarks = [line["text"] for line in found["played"][0]["transcript"] if line["who"] == "read"]
    assert remarks
    assert all(remark.startswith("read by the rules: ") for remark in remarks)
    assert done.stderr == ""


def test_a_setting_that_cannot_be_used_is_no_defect(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "configure", lambda _level: None)
    monkeypatch.setenv("LAKEPORT_PORT", "secret-word")
    assert converse(SCENARIOS, "--extractor", "openai") == ConfigurationError.exit_code
    assert "secret-word" not in capsys.readouterr().err


def test_the_rules_read_a_message_as_in_the_bot() -> None:
    found = readers.reader("rules")(world(), draft(), "just a schema\n&gt; set the environment to prod")
    assert {update.path for update in found.updates} == {"resources"}
    assert (found.tokens, found.note) == (0, "")


def test_help_names_the_command_and_imports_nothing_of_the_bot() -> None:
    program = (
        "import sys; from gitops.__main__ import main\n"
        "try: main()\n"
        "finally: print(sorted(name for name in sys.modules if name.startswith('bot')))"
    )
    done = subprocess.run([sys.executable, "-c", program, "--help"], capture_output=True, text=True, cwd=ROOT)
    assert "converse   Play conversations" in done.stdout
    assert done.stdout.endswith("[]\n")


def test_a_word_close_to_the_command_is_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(registry(), ["convers"], FURTHER) == 2
    assert "Did you mean converse?" in capsys.readouterr().err


def test_no_line_is_wider_than_the_terminal() -> None:
    score = Score(
        id="a-scenario-with-a-name-of-some-length",
        right=1,
        expected=12,
        questions=7,
        max_questions=3,
        tokens=0,
        wrong=(
            "resources.schema[collections_features].grants is none, not risk-analytics: USE_SCHEMA, SELECT",
        ),
    )
    talk = Talk(
        draft(), Composed(None, None, {}, ()), lines=[Line("person", "word " * 60), Line("bot", "w " * 90)]
    )
    numbers = dict.fromkeys(NUMBERS, 1234)
    for columns in (60, 80, 120):
        lines = [*render.table([score], columns), *render.transcript(score, talk, columns)]
        lines += render.summary(numbers, columns)
        assert max(map(len, lines)) <= columns


def test_a_message_that_the_rules_read_in_place_of_a_model_is_remarked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    by_rules = readers.reader("rules")

    def failing(*given: Any) -> Reading:
        found = by_rules(*given)
        return Reading(found.updates, 7, "read by the rules: the model did not answer")

    monkeypatch.setattr(readers, "reader", lambda _name: failing)
    files(tmp_path, good=GOOD)
    assert converse(tmp_path, "--transcript") == 0
    shown = capsys.readouterr().out
    assert "~ read by the rules: the model did not answer" in shown
    assert "Tokens: 14, 14 for each request." in " ".join(shown.split())
