"""One run says everything: ten mistakes and one more, mended in one round by doing what the hints say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

import handlers
from gitops import cli
from gitops.checkout import POLICY
from tests.support.gitrepo import GitRepo
from tests.support.language import TODAY

ROOT = Path(__file__).resolve().parents[2]
FILE = "requests/dev/growth/churn-prediction.yaml"
RAW = """\
# yaml-language-server: $schema=../../schema.json
apiVersion: lakeport/v1
kind: Onboarding
metadata:
  name: churn-prediction
  team: grwoth
  environment: dev
  busines_owner: jane.doe@acme.example
  data_classification: confidental
  cost_center: CC-1042
  cost_center: CC-1042
  expires: 2027-02-30
  requested_by: {slack: U024BE7LH, github: liwei}
  lifecycle: active
resources:
- kind: repo
  name: growth-churn-prediction
  visibility: internal
  access: [{team: growth, permission: maintain, role: admin}]
- kind: scaffold
  repo: growth-churn-prediction
  template: databricks-pipline
- kind: schema
  catalog: ml_dev
  name: churn_prediction
  grants:
  - {principal: growth, privileges: [USE_SHCEMA, SELECT, MODIFY, CREATE_TABLE]}
  grants_mode: named
- kind: compute
  name: growth-churn-prediction-dev
  type: cluster
  workload: ml
  size: xl
  gpu: false
  min_workers: 1
  max_workers: 4
  auto_stop_minutes: 30
  libraries: [lightgbm==4.5.0, pickle5==0.0.12]
  access: [{principal: growth, level: CAN_RESTART}]
"""


class Mistake(NamedTuple):
    """What is marked in which line, the hint, and what a reader of the hint writes instead of what."""

    rule: str
    line: int
    marked: str
    hint: str
    old: str
    new: str


PURPOSE = "Predict which subscribers will leave next month."
MISTAKES = {
    "metadata.purpose": Mistake(
        "schema-missing",
        4,
        "metadata",
        f"Add `purpose:`. One sentence on what it is for, such as `{PURPOSE}`",
        "metadata:",
        f"metadata:\n  purpose: {PURPOSE}",
    ),
    "metadata.team": Mistake("path-metadata", 6, "grwoth", "Did you mean growth?", "grwoth", "growth"),
    "metadata.busines_owner": Mistake(
        "schema-unknown",
        8,
        "busines_owner",
        "Did you mean business_owner?",
        "busines_owner",
        "business_owner",
    ),
    "metadata.data_classification": Mistake(
        "schema", 9, "confidental", "Did you mean confidential?", "confidental", "confidential"
    ),
    "metadata.cost_center": Mistake(
        "yaml-duplicate", 11, "cost_center", "Delete one of the two.", "  cost_center: CC-1042\n", ""
    ),
    "metadata.expires": Mistake(
        "schema", 12, "2027-02-30", "The month ends on 2027-02-28.", "2027-02-30", "2027-02-28"
    ),
    "resources[0].access[0].role": Mistake(
        "schema-unknown", 19, "role", "Fields here are team and permission.", ", role: admin", ""
    ),
    "resources[1].template": Mistake(
        "scaffold-template",
        22,
        "databricks-pipline",
        "Did you mean databricks-pipeline?",
        "databricks-pipline",
        "databricks-pipeline",
    ),
    "resources[2].grants[0].privileges[0]": Mistake(
        "schema", 27, "USE_SHCEMA", "Did you mean USE_SCHEMA?", "USE_SHCEMA", "USE_SCHEMA"
    ),
    "resources[3].size": Mistake("compute-size", 33, "xl", "The largest is medium.", "xl", "medium"),
    "resources[3].libraries[1]": Mistake(
        "compute-library",
        38,
        "pickle5==0.0.12",
        "Leave it out, or ask the platform team.",
        ", pickle5==0.0.12",
        "",
    ),
}


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepo:
    policy = (ROOT / POLICY).read_bytes()
    made = GitRepo.make(tmp_path / "repo", {POLICY: policy, FILE: RAW.encode()})
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("gitops.checking.today", lambda: TODAY)
    return made


def mended() -> str:
    """The file after one round: every edit in the line that its finding names."""
    lines = RAW.splitlines(keepends=True)
    for mistake in MISTAKES.values():
        assert mistake.old in lines[mistake.line - 1]
        lines[mistake.line - 1] = lines[mistake.line - 1].replace(mistake.old, mistake.new)
    return "".join(lines)


def test_one_run_names_all_of_them_each_at_its_place(
    repo: GitRepo, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(handlers.registry(), ("check", FILE, "--json")) == 1
    lines = RAW.splitlines()
    found = {
        one["path"]: (
            one["rule"],
            one["line"],
            lines[one["line"] - 1][one["column"] - 1 : one["end_column"] - 1],
            one["hint"],
        )
        for one in json.loads(capsys.readouterr().out)["findings"]
    }
    assert found == {path: mistake[:4] for path, mistake in MISTAKES.items()}


def test_people_see_the_same(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(handlers.registry(), ("check", FILE)) == 1
    out = capsys.readouterr().out
    assert out.count("error[") == len(MISTAKES)
    for mistake in MISTAKES.values():
        column = RAW.splitlines()[mistake.line - 1].index(mistake.marked) + 1
        assert f"--> {FILE}:{mistake.line}:{column}\n" in out
        assert f" = help: {mistake.hint}\n" in out


def test_doing_what_the_hints_say_is_enough(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.write({FILE: mended().encode()})
    assert cli.main(handlers.registry(), ("check", FILE)) == 0
    assert capsys.readouterr().out == "1 file checked, nothing found\n"
