"""What came without the bot is told as such, by what the receipts say; and so is what drifted, day by day."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

import handlers
from gitops import cli, drift_record
from gitops.audit import chain, drifts, evidence, ledger
from gitops.audit.record import Record
from gitops.audit.website import Website, slug
from gitops.checkout import Checkout
from gitops.drift_record import Day, Drifting
from tests.gitops.audit.test_audit import CHURN, ID, PATH, version
from tests.support.gitrepo import GitRepo
from tests.support.record import BOT, RecordMaker

REGISTRY = handlers.registry()
LOOKS = [
    Day(at="2026-01-06T05:17:00+00:00", looked=2, unseen=0),
    Day(
        at="2026-01-07T05:17:00+00:00",
        looked=2,
        unseen=1,
        drifting=(Drifting(request=ID, team="growth", owner="o", kind="schema", open=2, ignored=1),),
    ),
]


def other(name: str) -> tuple[str, bytes]:
    return f"requests/dev/growth/{name}.yaml", CHURN.replace(b"churn-prediction", name.encode())


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    """One by the bot that a person changed by hand; one by the bot; one before receipts said how it came."""
    maker = RecordMaker(looks=LOOKS)
    maker.receipt(maker.merge(PATH, CHURN), ID, made_by="bot")
    maker.receipt(maker.merge(PATH, version(purpose="Other."), author=BOT), ID, made_by="hand")
    maker.receipt(maker.merge(PATH, CHURN), ID, made_by="bot")
    maker.receipt(maker.merge(*other("ours")), "dev/growth/ours", made_by="bot")
    maker.receipt(maker.merge(*other("old")), "dev/growth/old")
    return maker.write(tmp_path / "clone")


def made(repo: GitRepo) -> dict[str, str]:
    return {row.request: row.made_by for row in ledger.rows(Record(Checkout(repo.root), REGISTRY))}


def test_by_hand_is_what_one_of_its_receipts_says_whoever_the_commit_names(repo: GitRepo) -> None:
    """The author of a commit is words; who opened the pull request, GitHub told the apply."""
    assert made(repo) == {ID: "hand", "dev/growth/ours": "bot", "dev/growth/old": ""}


def test_the_list_can_be_of_those_alone(
    repo: GitRepo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repo.root)
    assert cli.main(REGISTRY, ["audit", "list", "--by-hand", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["request"], row["made_by"]) == (ID, "hand")
    assert cli.main(REGISTRY, ["audit", "show", "old"]) == 0
    assert "not known: no receipt says it" in capsys.readouterr().out
    assert cli.main(REGISTRY, ["audit", "show", ID]) == 0
    assert "by hand, without the bot" in capsys.readouterr().out


def test_the_site_marks_it_and_can_show_it_alone(repo: GitRepo) -> None:
    files = dict(Website(Record(Checkout(repo.root), REGISTRY), REGISTRY, None).build())
    index, page = files["index.html"].decode(), files[f"requests/{slug(ID)}.html"].decode()
    assert index.count("by hand</span>") == 1
    assert "<option>hand</option>" in index
    assert "by hand, without the bot" in page
    assert "by hand" not in files[f"requests/{slug('dev/growth/ours')}.html"].decode()


def test_the_pack_counts_it_and_holds_the_drift_of_the_period(repo: GitRepo) -> None:
    files = evidence.pack(Record(Checkout(repo.root), REGISTRY), date(2026, 1, 7), date(2026, 1, 31))
    assert b"Of them by hand, without the bot | 1 |" in files["README.md"]
    assert files["drift.csv"].decode().split() == [
        "day,looked,unseen,open,ignored,settled,brought_back,requests,settled_in,brought_back_in,file",
        f"2026-01-07,2,1,2,1,0,0,{ID},,,drift/2026-01-07.json",
    ]


def test_drift_is_told_day_by_day(
    repo: GitRepo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repo.root)
    assert cli.main(REGISTRY, ["audit", "drift", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(row["day"], row["open"], row["ignored"]) for row in rows] == [
        ("2026-01-07", 2, 1),
        ("2026-01-06", 0, 0),
    ]
    repo.git("checkout", "--quiet", "receipts")
    repo.commit("By hand", {"drift/2026-01-08.json": b"[]"})
    repo.git("checkout", "--quiet", "main")
    assert cli.main(REGISTRY, ["audit", "drift"]) == 1
    assert "drift/2026-01-08.json holds no look" in capsys.readouterr().err


def test_a_lead_time_takes_no_conversation_from_a_commit_made_by_hand(tmp_path: Path) -> None:
    """It says that it was asked for in 2020, and anybody can type that."""
    maker = RecordMaker()
    words = "Onboard (#1)\n\nLakeport-Thread: https://acme.slack.com/archives/C1/p1577836800000000"
    maker.receipt(maker.merge(PATH, CHURN, words), ID, made_by="hand")
    repo = maker.write(tmp_path / "forged")
    index = dict(Website(Record(Checkout(repo.root), REGISTRY), REGISTRY, None).build())[
        "index.html"
    ].decode()
    assert "0 of 1 from the first message in Slack, the others from the first commit" in index
    assert "<td>6 min</td>" in index


def look(day: int, **open_: int) -> Day:
    drifting = tuple(
        Drifting(request=f"dev/growth/{name}", team="growth", owner="o", kind="schema", open=count, ignored=0)
        for name, count in open_.items()
    )
    return Day(at=f"2026-01-{day:02}T05:17:00+00:00", looked=2, unseen=0, drifting=drifting)


def test_what_is_gone_was_settled_in_the_file_or_brought_back(tmp_path: Path) -> None:
    maker = RecordMaker(looks=[look(6, adopted=3, reverted=2), look(8, adopted=1, reverted=2), look(9)])
    for name in ("adopted", "reverted"):
        maker.receipt(maker.merge(*other(name)), f"dev/growth/{name}")
    maker.tick(48)  # 7 January: somebody adopts two of three
    path, raw = other("adopted")
    maker.receipt(maker.merge(path, raw.replace(b"small", b"medium")), "dev/growth/adopted")
    record = Record(Checkout(maker.write(tmp_path / "gone").root), REGISTRY)
    days, _ = drift_record.kept(record.checkout, record.receipts_head)
    found = [(one.day[-2:], one.open, one.settled, one.brought_back) for one in drifts.lines(record, days)]
    assert found == [("09", 0, 0, 3), ("08", 3, 2, 0), ("06", 5, 0, 0)]


def test_a_look_that_was_written_over_or_removed_is_named(repo: GitRepo) -> None:
    assert chain.problems(Record(Checkout(repo.root), REGISTRY)) == []
    repo.git("checkout", "--quiet", "receipts")
    repo.commit("Better numbers", {"drift/2026-01-07.json": LOOKS[0].encode()})
    repo.git("rm", "--quiet", "drift/2026-01-06.json")
    repo.git("commit", "--quiet", "--message", "Tidy up")
    repo.git("checkout", "--quiet", "main")
    said = [one.message for one in chain.problems(Record(Checkout(repo.root), REGISTRY))]
    assert [one.partition(" by commit")[0] for one in said] == [
        "The look for drift of 2026-01-06 is missing: it was removed",
        "The look for drift of 2026-01-07 was changed after it was written,",
    ]
