"""Questions of an auditor, asked of a record with its history and receipts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import handlers
from gitops import cli
from gitops.audit import evidence, ledger, merges, reach
from gitops.audit.life import life
from gitops.audit.record import Record
from gitops.checkout import Checkout
from gitops.errors import ConfigurationError, UsageError
from tests.support.gitrepo import GitRepo
from tests.support.record import RecordMaker

REGISTRY = handlers.registry()
PATH = "requests/dev/growth/churn-prediction.yaml"
ID = "dev/growth/churn-prediction"
CHURN = (Path(__file__).parents[2] / "data" / PATH).read_bytes()


def version(**changes: str) -> bytes:
    """The example with texts replaced, such as ``privileges="[SELECT]"``."""
    raw = CHURN.decode()
    for key, value in changes.items():
        lines = [f"  {key}: {value}" if line.startswith(f"  {key}:") else line for line in raw.splitlines()]
        raw = "\n".join(lines) + "\n"
    return raw.encode()


@pytest.fixture
def lived(tmp_path: Path) -> tuple[Record, GitRepo]:
    """Asked for, applied; changed and applied; another one that waits; one that was removed by hand."""
    maker = RecordMaker()
    first = maker.merge(PATH, CHURN, "Onboard churn-prediction (growth, dev) (#7)")
    maker.receipt(first, ID, pull=7)
    second = maker.merge(PATH, version(purpose="Predict who stays."), "Change churn-prediction (#9)")
    maker.receipt(second, ID, "failed", pull=9, error="GitHub did not answer.")
    maker.receipt(second, ID, pull=9, approvers=("petra-v", "nadia-k"))
    maker.merge("requests/dev/growth/later.yaml", CHURN.replace(b"churn-prediction", b"later"), "Later (#10)")
    maker.merge("requests/dev/growth/gone.yaml", CHURN.replace(b"churn-prediction", b"gone"), "By hand")
    maker.merge("requests/dev/growth/gone.yaml", None, "Tidy up", author="Mallory <m@acme.example>")
    repo = maker.write(tmp_path / "clone")
    return Record(Checkout(repo.root), REGISTRY), repo


def test_the_list(lived: tuple[Record, GitRepo]) -> None:
    record, _ = lived
    later, churn = sorted(ledger.rows(record), key=lambda row: row.state, reverse=True)
    assert (churn.request, churn.state, churn.pull, churn.receipt) == (ID, "applied", 9, 3)
    assert churn.approvers == ("petra-v", "nadia-k")
    assert (later.request, later.state, later.receipt) == ("dev/growth/later", "waiting", None)
    assert [row.request for row in ledger.unapplied(record)] == ["dev/growth/later"]


@pytest.mark.parametrize(
    ("which", "found"),
    [
        ({"team": "growth"}, 2),
        ({"team": "risk"}, 0),
        ({"state": "waiting"}, 1),
        ({"owner": "JANE.DOE@acme.example"}, 2),
        ({"approver": "Petra-V"}, 1),
        ({"text": "LATER"}, 1),
        ({"classification": "restricted"}, 0),
    ],
)
def test_the_list_is_narrowed(lived: tuple[Record, GitRepo], which: dict[str, str], found: int) -> None:
    assert len(list(ledger.rows(lived[0], ledger.Filter(**which)))) == found


def test_the_life_of_a_request(lived: tuple[Record, GitRepo]) -> None:
    record, _ = lived
    events = life(record, record.named("churn-prediction"), REGISTRY)
    assert [event.what for event in events] == [
        "The request was merged",
        "It was applied",
        "A change was merged",
        "It failed",
        "It was applied",
    ]
    assert any("purpose" in detail.lower() for detail in events[2].details)
    assert "GitHub did not answer." in events[3].details
    assert "pull 9" in events[4].cites
    assert "receipt 3" in events[4].cites
    assert [event.doubt for event in events] == [""] * 5


def test_what_only_a_message_says_is_doubted(lived: tuple[Record, GitRepo]) -> None:
    record, _ = lived
    (event,) = life(record, record.named("later"), REGISTRY)
    assert event.doubt == "Its message names pull request 10; no receipt confirms that."
    assert event.cites[1:] == ()


def test_what_came_in_between_two_days(lived: tuple[Record, GitRepo]) -> None:
    record, _ = lived
    found = list(merges.merges(record))
    assert [line.what for line in merges.lines(record, found)] == [
        "removed",
        "added",
        "added",
        "changed",
        "added",
    ]
    assert found[0].author == "Mallory"
    assert list(merges.merges(record, since="2026-01-06")) == []
    assert len(list(merges.merges(record, since="2026-01-05", until="2026-01-05"))) == 5


def test_a_message_with_control_characters_is_one_message(tmp_path: Path) -> None:
    """Separators that a person can type do not make a second commit, nor another author."""
    maker = RecordMaker()
    forged = "Change\x1e" + "a" * 40 + "\x1f2020-01-01\x1fnadia-k\n\nApproved-by: nadia-k"
    maker.merge(PATH, CHURN, forged, author="Mallory <m@acme.example>")
    record = Record(Checkout(maker.write(tmp_path / "clone").root), REGISTRY)
    (merge,) = merges.merges(record)
    assert merge.author == "Mallory"
    assert [change.path for change in merge.changes] == [PATH]


def test_without_the_receipts_nothing_is_claimed(lived: tuple[Record, GitRepo]) -> None:
    _, repo = lived
    repo.git("branch", "-D", "receipts")
    record = Record(Checkout(repo.root), REGISTRY)
    assert {row.state for row in ledger.rows(record)} == {"unknown"}


def test_a_shallow_clone_is_refused(lived: tuple[Record, GitRepo], tmp_path: Path) -> None:
    _, repo = lived
    clone = GitRepo(tmp_path / "shallow")
    GitRepo(tmp_path).git("clone", "--quiet", "--depth=1", f"file://{repo.root}", str(clone.root))
    record = Record(Checkout(clone.root), REGISTRY)
    with pytest.raises(ConfigurationError, match="whole history"):
        life(record, record.named("churn-prediction"), REGISTRY)


def test_a_name_that_is_none_or_many(lived: tuple[Record, GitRepo]) -> None:
    with pytest.raises(UsageError, match="no request nobody"):
        lived[0].named("nobody")


def test_a_file_that_nobody_can_read_is_a_marked_line(tmp_path: Path) -> None:
    maker = RecordMaker()
    maker.merge(PATH, b"a: &x [*x]\n")
    maker.receipt(None, ID)
    record = Record(Checkout(maker.write(tmp_path / "clone").root), REGISTRY)
    (row,) = ledger.rows(record)
    assert row.state == "changed"
    assert row.error


def test_the_index_is_made_again_when_it_is_spoilt(lived: tuple[Record, GitRepo]) -> None:
    record, repo = lived
    before = list(ledger.rows(record))
    for kept in (repo.root / ".git/lakeport").glob("*.msgpack"):
        kept.write_bytes(b"\x93\x01")
    assert list(ledger.rows(Record(Checkout(repo.root), REGISTRY))) == before
    (repo.root / ".git/lakeport").joinpath("versions.msgpack").unlink()
    assert list(ledger.rows(Record(Checkout(repo.root), REGISTRY))) == before


EXCEPTION = """\
  exceptions:
  - {rule: lifetime, reason: The audit runs on., approver: petra-v, until: 2027-03-01}
"""


def test_exceptions_and_who_shows_their_approval(tmp_path: Path) -> None:
    raw = CHURN.replace(b"  requested_by:", EXCEPTION.encode() + b"  requested_by:")
    maker = RecordMaker()
    maker.receipt(maker.merge(PATH, raw), ID, approvers=("Petra-V",))
    maker.merge("requests/dev/growth/other.yaml", raw.replace(b"churn-prediction", b"other"))
    record = Record(Checkout(maker.write(tmp_path / "clone").root), REGISTRY)
    found = {one.request: one for one in ledger.exceptions(record, date(2026, 2, 1))}
    assert found[ID].approved == 1
    assert found["dev/growth/other"].approved is None
    assert all(one.holds for one in found.values())
    assert not any(one.holds for one in ledger.exceptions(record, date(2027, 3, 2)))
    assert all(one.holds for one in ledger.exceptions(record, date(2027, 3, 1)))


def test_what_is_over_its_end(lived: tuple[Record, GitRepo]) -> None:
    record, _ = lived
    assert list(ledger.expired(record, date(2027, 4, 30))) == []
    assert len(list(ledger.expired(record, date(2027, 5, 1)))) == 2


def test_who_could_reach_what_on_a_day(tmp_path: Path) -> None:
    maker = RecordMaker()
    maker.receipt(maker.merge(PATH, CHURN), ID, pull=7)
    maker.tick(48)
    maker.receipt(maker.merge(PATH, version(purpose="Another one.")), ID, pull=8)
    maker.tick(48)
    maker.receipt(maker.merge(PATH, version(lifecycle="retiring")), ID, pull=9)
    record = Record(Checkout(maker.write(tmp_path / "clone").root), REGISTRY)

    def held(day: str, **of: str) -> list[reach.Reach]:
        return list(reach.reach(record, date.fromisoformat(day), **of))

    assert held("2026-01-04", principal="growth") == []
    on_schema = held("2026-01-06", thing="ml_dev.churn_prediction")
    assert {one.principal for one in on_schema} == {"growth"}
    assert on_schema[0].pull == 7
    after_change = held("2026-01-08", thing="ML_DEV")
    assert [(one.pull, one.since) for one in after_change] == [(7, on_schema[0].since)]
    assert held("2026-01-08", principal="GROWTH")
    assert held("2026-01-10", thing="ml_dev") == [], "it is retired"


# --- the command


@pytest.fixture
def ask(
    lived: tuple[Record, GitRepo], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    monkeypatch.chdir(lived[1].root)
    monkeypatch.setattr("gitops.checking.today", lambda: date(2026, 6, 1))

    def answered(*arguments: str) -> tuple[int, str]:
        code = cli.main(REGISTRY, ["audit", *arguments])
        return code, capsys.readouterr().out

    return answered


Ask = Callable[..., tuple[int, str]]


@pytest.mark.parametrize("question", ["list", "unapplied", "exceptions", "emergencies", "expired", "changes"])
def test_every_question_answers_people_and_machines(ask: Ask, question: str) -> None:
    for form in ([], ["--json"], ["--csv"]):
        code, said = ask(question, *form)
        assert code == 0
        assert said
        if form == ["--json"]:
            assert isinstance(json.loads(said)["rows"], list)
        if form == ["--csv"]:
            assert "," in said.splitlines()[0]


def test_show_reads_like_a_story(ask: Ask) -> None:
    code, said = ask("show", "churn-prediction")
    assert code == 0
    for words in ("It was applied", "Approved by petra-v, nadia-k.", "receipt 3", "A change was merged"):
        assert words in said
    _, machine = ask("show", ID, "--json")
    found: dict[str, Any] = json.loads(machine)
    assert found["request"]["request"] == ID
    assert len(found["events"]) == 5


def test_access_wants_to_know_of_what(ask: Ask) -> None:
    assert ask("access")[0] == 2
    code, said = ask("access", "--principal", "growth", "--on", "2026-01-06")
    assert code == 0
    assert "growth" in said
    assert ask("access", "--object", "ml_dev", "--on", "2026-13-01")[0] == 2


def test_a_cell_is_no_formula(tmp_path: Path) -> None:
    from gitops.audit.render import as_csv

    row = ledger.Excepted(
        request=ID,
        rule="r",
        field="",
        reason="=1+1",
        approver="-x",
        until="2027-01-01",
        holds=True,
        approved=None,
    )
    line = as_csv([row], ("reason", "approver")).splitlines()[1]
    assert line == "'=1+1,'-x"


# --- the pack


def test_the_pack_is_the_same_every_time(lived: tuple[Record, GitRepo], tmp_path: Path) -> None:
    _, repo = lived
    packs = []
    for _ in range(2):
        record = Record(Checkout(repo.root), REGISTRY)
        packs.append(evidence.pack(record, date(2026, 1, 1), date(2026, 3, 31)))
    assert packs[0] == packs[1]
    manifest = json.loads(packs[0]["manifest.json"])
    assert {*manifest["files"], "manifest.json"} == set(packs[0])
    assert "receipts/00000/00000003.json" in packs[0]
    for name, digest in manifest["files"].items():
        assert digest == f"sha256:{hashlib.sha256(packs[0][name]).hexdigest()}"


def test_the_pack_holds_the_period_alone(lived: tuple[Record, GitRepo]) -> None:
    record, _ = lived
    files = evidence.pack(record, date(2026, 2, 1), date(2026, 3, 31))
    for name in ("changes.csv", "applies.csv", "approvals.csv", "steps.csv"):
        assert len(files[name].splitlines()) == 1
    assert len(files["requests.csv"].splitlines()) == 3


@pytest.mark.parametrize(
    ("status", "state"),
    [("started", "started"), ("waiting", "due"), ("partial", "partial"), ("refused", "refused")],
)
def test_the_latest_receipt_says_where_it_stands(tmp_path: Path, status: str, state: str) -> None:
    maker = RecordMaker()
    maker.receipt(maker.merge(PATH, CHURN), ID, status)
    record = Record(Checkout(maker.write(tmp_path / "clone").root), REGISTRY)
    (row,) = ledger.rows(record)
    assert row.state == state
    assert ledger.WORDS[state]
    assert list(ledger.unapplied(record)) == [row]


def test_that_a_run_began_is_no_second_run(tmp_path: Path) -> None:
    maker = RecordMaker()
    merge = maker.merge(PATH, CHURN)
    maker.receipt(merge, ID, "started", run_id="7")
    maker.receipt(merge, ID, run_id="7")
    record = Record(Checkout(maker.write(tmp_path / "clone").root), REGISTRY)
    files = evidence.pack(record, date(2026, 1, 1), date(2026, 3, 31))
    assert "| Runs that applied something, or tried | 1 |" in files["README.md"].decode()
    assert len(files["applies.csv"].splitlines()) == 2
    assert [row.state for row in ledger.rows(record)] == ["applied"]


def test_the_pack_overwrites_nothing(ask: Ask, tmp_path: Path) -> None:
    out = tmp_path / "pack"
    arguments = ["evidence", "--from", "2026-01-01", "--to", "2026-03-31", "--out", str(out)]
    code, said = ask(*arguments)
    assert code == 0
    assert hashlib.sha256((out / "manifest.json").read_bytes()).hexdigest() in said
    assert "Evidence from 2026-01-01" in (out / "README.md").read_text()
    assert ask(*arguments)[0] == 2
