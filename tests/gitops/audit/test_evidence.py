"""The pack for a period: as of its end, with every citation in it, and every column explained."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import handlers
from gitops import cli
from gitops.audit import dictionary, evidence, ledger
from gitops.audit.past import Past
from gitops.audit.record import Record
from gitops.checkout import Checkout
from gitops.errors import UsageError
from gitops.receipt import Approval, BrokeGlass, Step
from tests.gitops.audit.test_audit import CHURN, ID, PATH, version
from tests.support.gitrepo import GitRepo
from tests.support.record import RecordMaker

REGISTRY = handlers.registry()
OTHER = "requests/dev/growth/other.yaml"
OTHER_ID = "dev/growth/other"
EXCEPTION = (
    b"  exceptions:\n  - {rule: lifetime, reason: It runs on., approver: petra-v, until: 2027-03-01}\n"
)
SINCE, UNTIL = date(2026, 4, 1), date(2026, 6, 30)
BROKE = BrokeGlass(login="liwei", at="2026-05-05T09:12:44Z", reason="Prod is down.", url="https://x.test/1")


DONE = Step(key="repo/x/repository", digest="", verb="update", summary="", outcome="done")
FAILED = Step(
    key="repo/x/access",
    digest="",
    verb="update",
    summary="",
    outcome="failed",
    read_back="differs",
    differs="It stands otherwise.",
)


@pytest.fixture
def town(tmp_path: Path) -> GitRepo:
    """Applied in January; broken open and left in part in May; changed, and another by hand, in September."""
    maker = RecordMaker()
    approval = Approval(
        login="liwei", at=maker.clock.isoformat(), commit="c" * 40, rules=("team-growth", "cost")
    )
    maker.receipt(maker.merge(PATH, CHURN), ID, approvers=("liwei",), approvals=(approval,), made_by="bot")
    maker.tick(24 * 120)
    second = maker.merge(PATH, version(purpose="Who stays."))
    maker.receipt(second, ID, "started", approvers=(), broke_glass=(BROKE,), made_by="bot")
    maker.receipt(
        second,
        ID,
        "partial",
        approvers=("nadia-k",),
        broke_glass=(BROKE,),
        passes_alone=("chores",),
        steps=(DONE, FAILED),
        made_by="bot",
    )
    maker.tick(24 * 120)
    third = maker.merge(PATH, CHURN.replace(b"  requested_by:", EXCEPTION + b"  requested_by:"))
    maker.receipt(third, ID, approvers=("petra-v",), made_by="bot")
    maker.receipt(maker.merge(OTHER, CHURN.replace(b"churn-prediction", b"other")), OTHER_ID, made_by="hand")
    return maker.write(tmp_path / "clone")


def record(repo: GitRepo) -> Record:
    return Record(Checkout(repo.root), REGISTRY, fresh=True)


def packed(repo: GitRepo, since: date = SINCE, until: date = UNTIL) -> dict[str, bytes]:
    return evidence.pack(record(repo), since, until)


def rows(files: Mapping[str, bytes], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files[f"{name}.csv"].decode())))


def counts(files: Mapping[str, bytes]) -> dict[str, str]:
    lines = [line.split("|") for line in files["README.md"].decode().splitlines() if line.startswith("| ")]
    return {cells[1].strip(): cells[2].strip() for cells in lines}


def test_the_pack_is_of_the_end_of_the_period(town: GitRepo) -> None:
    files = packed(town)
    (row,) = rows(files, "requests")
    assert (row["request"], row["state"], row["receipt"], row["made_by"]) == (ID, "partial", "3", "bot")
    assert rows(files, "exceptions") == []
    said = counts(files)
    assert said["Requests on the default branch at the end"] == "1"
    assert said["Of them by hand, without the bot"] == "0"
    later = packed(town, until=date(2026, 9, 30))
    assert {row["request"] for row in rows(later, "requests")} == {ID, OTHER_ID}
    assert counts(later)["Of them by hand, without the bot"] == "1"
    assert [row["approved"] for row in rows(later, "exceptions")] == ["4"]


def test_what_was_removed_later_was_there_then(town: GitRepo) -> None:
    town.commit("Tidy up", {}, delete=(PATH,))
    now, past = record(town), Past(record(town), UNTIL)
    assert {row.request: row.state for row in ledger.rows(now)}[ID] == "removed"
    assert [ledger.row_of(past, file).state for file in past.every] == ["partial"]


def test_the_past_is_not_kept_for_the_present(town: GitRepo) -> None:
    kept = Record(Checkout(town.root), REGISTRY)
    before = list(ledger.rows(kept))
    assert list(ledger.rows(Past(kept, UNTIL))) != before
    assert list(ledger.rows(Record(Checkout(town.root), REGISTRY))) == before


def test_every_receipt_that_a_row_cites_is_in_the_pack(town: GitRepo) -> None:
    for until in (UNTIL, date(2026, 9, 30)):
        files = packed(town, until=until)
        cited = {
            row[column]
            for name in files
            if name.endswith(".csv")
            for row in rows(files, name.removesuffix(".csv"))
            for column in ("receipt", "approved")
            if row.get(column)
        }
        assert cited
        assert {f"receipts/00000/{int(number):08}.json" for number in cited} <= set(files)
        assert {*json.loads(files["manifest.json"])["files"], "manifest.json"} == set(files)
    assert "receipts/00000/00000001.json" in packed(town), "it is of January, and shows who may what in June"


def test_the_numbers_are_those_of_the_tables(town: GitRepo) -> None:
    files = packed(town)
    steps = [(step["outcome"], step["read_back"]) for step in rows(files, "steps")]
    assert steps == [("done", ""), ("failed", "differs")]
    said = counts(files)
    assert said["Steps that failed, or were left or undone"] == "1"
    assert said["Steps after which a look did not find what was wanted"] == "1"
    (run,) = rows(files, "applies")
    assert (run["undated"], run["doubts"], run["not_done"]) == ("nadia-k", "0", "1")
    assert said["Of them with an approver and no word of when"] == "1"
    assert said["Of them opened in an emergency"] == "1"
    assert said["Of them let pass alone by the policy"] == "1"


def test_approvals_and_emergencies_have_a_row_each(town: GitRepo) -> None:
    files = packed(town)
    assert [(one["login"], one["at"], one["rule"]) for one in rows(files, "approvals")] == [
        ("nadia-k", "", "")
    ]
    found = [(one["way"], one["login"], one["reason"], one["receipt"]) for one in rows(files, "emergencies")]
    assert found == [("broke_glass", "liwei", "Prod is down.", "3"), ("passes_alone", "", "chores", "3")]
    first = packed(town, date(2026, 1, 1), date(2026, 3, 31))
    approvals = rows(first, "approvals")
    assert [(one["rule"], one["commit"]) for one in approvals] == [
        ("team-growth", "c" * 40),
        ("cost", "c" * 40),
    ]
    assert {one["asker"] for one in approvals} == {"True"}
    assert counts(first)["Of them approved by nobody but who asked"] == "1"
    assert rows(first, "emergencies") == []


def test_every_column_is_explained_and_no_other(town: GitRepo) -> None:
    files = packed(town)
    heads = {
        head
        for name, raw in files.items()
        if name.endswith(".csv")
        for head in next(csv.reader(io.StringIO(raw.decode())))
    }
    assert heads == set(dictionary.COLUMNS)
    readme = files["README.md"].decode()
    assert all(f"| `{head}` | " in readme for head in heads)


def test_a_receipt_that_was_changed_marks_its_rows(town: GitRepo) -> None:
    town.git("switch", "--quiet", "receipts")
    file = town.root / "receipts/00000/00000003.json"
    file.write_text(file.read_text().replace("nadia-k", "mallory"))
    town.git("commit", "--quiet", "--all", "-m", "Fix typo")
    town.git("switch", "--quiet", "main")
    files = packed(town)
    for name in ("applies", "approvals", "steps", "emergencies", "requests"):
        assert {row["sound"] for row in rows(files, name)} == {"False"}, name
    assert rows(files, "problems")


def test_a_period_that_ends_before_it_begins_is_refused(town: GitRepo) -> None:
    with pytest.raises(UsageError, match="before it begins"):
        packed(town, UNTIL, SINCE)


# --- the commands

Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(town: GitRepo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    monkeypatch.chdir(town.root)
    monkeypatch.setattr("gitops.checking.today", lambda: date(2026, 10, 1))

    def answered(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(REGISTRY, ["audit", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return answered


def test_emergencies_are_a_question(ask: Ask) -> None:
    _, said, _ = ask("emergencies")
    assert "opened in an emergency" in said
    assert "Prod is down." in said
    assert "passes alone by the policy" in said
    found: list[dict[str, Any]] = json.loads(ask("emergencies", "--json")[1])["rows"]
    assert [(one["way"], one["receipt"], one["sound"]) for one in found] == [
        ("broke_glass", 3, True),
        ("passes_alone", 3, True),
    ]
    assert len(ask("emergencies", "--csv")[1].splitlines()) == 3
    assert "nothing passed the gate" in ask("emergencies", "--to", "2026-05-01")[1]
    assert "lakeport audit emergencies" in ask("exceptions")[2]


def test_what_only_who_asked_approved_is_found_and_marked(tmp_path: Path, ask: Ask) -> None:
    assert "No request is like that" in ask("list", "--self-approved")[1]
    maker = RecordMaker()
    maker.receipt(maker.merge(PATH, CHURN), ID, approvers=("LiWei",))
    found = list(ledger.rows(record(maker.write(tmp_path / "mine"))))
    assert [ledger.self_approved(row) for row in found] == [True]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["changes", "--from", "2026-06-30", "--to", "2026-04-01"], "before it begins"),
        (["emergencies", "--from", "2026-06-30", "--to", "2026-04-01"], "before it begins"),
        (["evidence", "--from", "2026-06-30", "--to", "2026-04-01", "--out", "p"], "before it begins"),
        (["evidence", "--from", "2026-06-30", "--to", "2026-12-31", "--out", "p"], "yet to come"),
        (["access", "--object", "ml_dev", "--on", "2026-10-02"], "yet to come"),
    ],
)
def test_days_of_which_nobody_can_tell_are_refused(
    town: GitRepo, ask: Ask, arguments: list[str], word: str
) -> None:
    code, said, error = ask(*arguments)
    assert (code, said) == (2, "")
    assert word in error
    assert not (town.root / "p").exists()
