"""What receipts say was done, as an auditor reads it: who let it pass, when, and each step with values."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import handlers
from gitops import cli
from gitops.audit import deeds, evidence
from gitops.audit.life import life
from gitops.audit.record import Record
from gitops.checkout import Checkout
from gitops.receipt import Approval, BrokeGlass, Receipt, Step
from tests.support.gitrepo import GitRepo
from tests.support.record import RecordMaker

REGISTRY = handlers.registry()
PATH = "requests/dev/growth/churn-prediction.yaml"
ID = "dev/growth/churn-prediction"
CHURN = (Path(__file__).parents[2] / "data" / PATH).read_bytes()
HOSTILE = "=cmd|' /C calc'!A0 \x1b[31m\u202eevil </script><!-- @here ::error::"

STEP = Step(
    key="schema/ml_dev.churn/grants",
    digest="",
    verb="update",
    summary="Grant growth access to ml_dev.churn",
    outcome="done",
    before={"grants": {"growth": ["SELECT"], "interns": ["SELECT"]}, "comment": None},
    wanted={"grants": {"growth": ["MODIFY", "SELECT"]}, "comment": "Churn", "rows": 5},
    after={"grants": {"growth": ["SELECT"]}},
    read_back="differs",
    differs="It does not stand as wanted: Grant growth access to ml_dev.churn.",
    request_ids=("0b2c7f1e-1", "0b2c7f1e-2"),
)
SAID: dict[str, Any] = {
    "approvals": (
        Approval(login="nadia-k", at="2026-01-05T09:12:44Z", commit="c" * 40, rules=("team-growth", "cost")),
    ),
    "approvers": ("nadia-k",),
    "gate": "open",
    "policy_digest": "sha256:" + "d" * 64,
    "tool_version": "0.1.0",
    "model": "gpt-5-mini; prompt sha256:0123456789ab",
    "steps": (STEP,),
}


@pytest.fixture
def town(tmp_path: Path) -> GitRepo:
    return made(tmp_path, SAID)


def made(tmp_path: Path, *said: dict[str, Any]) -> GitRepo:
    maker = RecordMaker()
    merge = maker.merge(PATH, CHURN, "Onboard churn-prediction (growth, dev) (#7)")
    for one in said:
        maker.receipt(merge, ID, pull=7, **one)
    return maker.write(tmp_path / "clone")


def record(repo: GitRepo) -> Record:
    return Record(Checkout(repo.root), REGISTRY)


def test_a_life_says_who_approved_when_for_what_and_each_step(town: GitRepo) -> None:
    here = record(town)
    event = life(here, here.named(ID), REGISTRY)[-1]
    assert (
        "Approved by nadia-k on 2026-01-05 09:12, on commit cccccccccccc for team-growth, cost."
        in event.details
    )
    assert any("policy sha256:dddd" in one and "gpt-5-mini" in one for one in event.details)
    (deed,) = event.deeds
    assert deed.values == (
        "grants.interns[SELECT]: SELECT → none",
        "comment: none → Churn",
        "grants.growth[MODIFY]: none → MODIFY",
        "rows: none → 5",
        'found after: {"grants": {"growth": ["SELECT"]}}',
    )
    assert deed.request_ids == ("0b2c7f1e-1", "0b2c7f1e-2")
    assert deed.doubt.startswith("It does not stand as wanted")


def test_show_prints_it_and_gives_it_to_machines(
    town: GitRepo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(town.root)
    monkeypatch.setenv("COLUMNS", "200")
    assert cli.main(REGISTRY, ["audit", "show", "churn-prediction"]) == 0
    said = capsys.readouterr().out
    for words in ("2026-01-05 09:12", "done     Grant growth access", "grants.growth[MODIFY]: none → MODIFY"):
        assert words in said
    assert "request 0b2c7f1e-1, 0b2c7f1e-2" in said
    assert "! It does not stand as wanted" in said
    assert cli.main(REGISTRY, ["audit", "show", ID, "--json"]) == 0
    machine = json.loads(capsys.readouterr().out)
    assert machine["events"][-1]["deeds"][0]["request_ids"] == ["0b2c7f1e-1", "0b2c7f1e-2"]


def test_who_opened_the_gate_in_an_emergency_is_said_with_the_reason(tmp_path: Path) -> None:
    broke = BrokeGlass(login="liwei", at="2026-01-05T09:12:44Z", reason="Prod is down.")
    repo = made(tmp_path, {"broke_glass": (broke,), "approvers": (), "gate": "broken_glass"})
    here = record(repo)
    details = life(here, here.named(ID), REGISTRY)[-1].details
    assert "liwei opened the gate in an emergency on 2026-01-05 09:12: Prod is down." in details


def test_a_receipt_of_an_earlier_version_says_what_it_can(tmp_path: Path) -> None:
    repo = made(tmp_path, {"steps": (Step(key="k/x/y", digest="", verb="", summary="", outcome="already"),)})
    here = record(repo)
    event = life(here, here.named(ID), REGISTRY)[-1]
    assert "Approved by nadia-k." in event.details
    assert [(one.what, one.values, one.doubt) for one in event.deeds] == [("k/x/y", (), "")]


def test_what_was_forged_after_the_list_was_made_is_not_told_for_it(tmp_path: Path) -> None:
    """A card of the index may be older than the branch: only the very receipt is read for it."""
    repo = made(tmp_path, SAID)
    here = record(repo)
    (written,) = here.receipts
    assert list(deeds.whole(here, [written])) == [1]
    assert deeds.whole(here, [replace(written, digest="sha256:other")]) == {}
    assert deeds.whole(here, [replace(written, number=99)]) == {}
    assert deeds.whole(here, []) == {}


def rows(raw: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw.decode())))


def test_the_pack_has_who_let_it_pass_and_every_step(town: GitRepo) -> None:
    files = evidence.pack(record(town), date(2026, 1, 1), date(2026, 3, 31))
    (run,) = rows(files["applies.csv"])
    assert run["gate"] == "open"
    approvals = [
        (one["login"], one["at"], one["commit"], one["rule"]) for one in rows(files["approvals.csv"])
    ]
    whole = ("nadia-k", "2026-01-05T09:12:44Z", "c" * 40)
    assert approvals == [(*whole, "team-growth"), (*whole, "cost")]
    assert (run["doubts"], run["tool_version"]) == ("1", "0.1.0")
    (step,) = rows(files["steps.csv"])
    assert json.loads(step["wanted"]) == STEP.wanted
    assert json.loads(step["before"]) == STEP.before
    assert step["request_ids"] == "0b2c7f1e-1 0b2c7f1e-2"
    readme = files["README.md"].decode()
    assert "| Steps after which a look did not find what was wanted | 1 |" in readme
    assert "`steps.csv`" in readme


def hostile() -> Sequence[dict[str, Any]]:
    step = replace(
        STEP,
        key=HOSTILE,
        summary=HOSTILE,
        error=HOSTILE,
        before={HOSTILE: HOSTILE},
        wanted=[HOSTILE],
        differs=HOSTILE,
        request_ids=(HOSTILE,),
    )
    approval = Approval(login=HOSTILE, at=HOSTILE, commit=HOSTILE, rules=(HOSTILE,))
    broke = BrokeGlass(login=HOSTILE, at=HOSTILE, reason=HOSTILE)
    approved = {"approvers": (HOSTILE,), "approvals": (approval,)}
    return [{"steps": (step,), **approved, "broke_glass": (broke,), "model": HOSTILE}]


def test_hostile_values_stay_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = made(tmp_path, *hostile())
    monkeypatch.chdir(repo.root)
    assert cli.main(REGISTRY, ["audit", "show", ID]) == 1, "an approval at no time is no fact"
    said = capsys.readouterr().out
    assert "evil" in said
    assert not {"\x1b", "\u202e"} & set(said)
    files = evidence.pack(record(repo), date(2026, 1, 1), date(2026, 3, 31))
    for name in ("applies.csv", "approvals.csv", "emergencies.csv", "steps.csv"):
        for row in rows(files[name]):
            assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
            assert not [cell for cell in row.values() if {"\x1b", "\u202e"} & set(cell)]


def test_sealed_by_the_maker(town: GitRepo) -> None:
    """The record of these tests is as sound as one that was written by an apply."""
    (written,) = record(town).receipts
    assert written.sound
    assert isinstance(deeds.whole(record(town), [written])[1], Receipt)
