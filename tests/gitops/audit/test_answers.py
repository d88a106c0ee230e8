"""How answers read: no proof of a row is lost on a narrow terminal or in a pipe, and no slip is an answer."""

from __future__ import annotations

import io
import json
import shlex
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

import handlers
from gitops import cli
from gitops.audit import drifts, ledger, merges, render
from gitops.audit.record import Record
from gitops.checkout import Checkout
from gitops.drift_record import Day, Drifting
from gitops.receipt import path_of
from tests.gitops.audit.test_audit import CHURN, ID, PATH, version
from tests.support.gitrepo import GitRepo
from tests.support.record import RecordMaker

REGISTRY = handlers.registry()
THREAD = "https://acme.slack.com/archives/C1/p1767600000000000"
LONG = "a-name-that-is-as-long-as-they-may-be-40"
BROKEN = b"a: &x [*x]\n"


def look(day: str, count: int = 0) -> Day:
    one = Drifting(request=ID, team="growth", owner="o", kind="schema", open=count, ignored=0)
    return Day(at=f"{day}T05:17:00+00:00", looked=2, unseen=0, drifting=(one,) if count else ())


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    """One through the bot, one by hand, one that nobody can read, one that was changed and not applied."""
    maker = RecordMaker(looks=[look("2026-01-06", 3), look("2026-01-07"), look("2026-01-09")])
    thread = f"Onboard (#7)\n\nLakeport-Thread: {THREAD}"
    maker.receipt(maker.merge(PATH, CHURN, thread), ID, pull=7, made_by="bot")
    path, raw = f"requests/dev/growth/{LONG}.yaml", CHURN.replace(b"churn-prediction", LONG.encode())
    maker.receipt(maker.merge(path, raw), f"dev/growth/{LONG}", pull=8, made_by="hand")
    maker.merge("requests/dev/growth/broken.yaml", BROKEN)
    maker.merge(PATH, version(purpose="Another one."))
    return maker.write(tmp_path / "clone")


Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(repo: GitRepo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    monkeypatch.chdir(repo.root)

    def answered(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(REGISTRY, ["audit", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return answered


# --- columns


def table(rows: list[ledger.Row], *, terminal: bool, width: int = 80) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=width, color_system=None)
    render.print_table(console, rows, render.ROWS, "None.")
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [72, 80, 120, 240])
def test_a_narrow_terminal_keeps_what_proves_a_row_and_names_what_it_left_out(
    repo: GitRepo, width: int
) -> None:
    rows = list(ledger.rows(Record(Checkout(repo.root), REGISTRY)))
    lines = table(rows, terminal=True, width=width)
    assert all(len(line) <= width for line in lines)
    text = "\n".join(lines)
    for head in ("Request", "Receipt", "Pull", "Commit", "Note", "by hand"):
        assert head in text
    assert all(row.commit[:12] in text for row in rows)
    assert all(row.applied[:10] in text for row in rows)
    gone = [name for name in ("Approved by", "Owner", "Data") if name not in lines[0]]
    assert ("Left out" in text) is bool(gone)
    assert bool(gone) is (width < 240)
    last = " ".join(lines).partition("Left out")[2]
    assert all(name in last for name in gone)


@pytest.mark.parametrize("width", [20, 40])
def test_on_the_narrowest_terminal_nothing_is_cut_off(repo: GitRepo, width: int) -> None:
    (row,) = (one for one in ledger.rows(Record(Checkout(repo.root), REGISTRY)) if one.request == ID)
    lines = table([row], terminal=True, width=width)
    signs = "".join(sorted("".join(lines[: next(at for at, one in enumerate(lines) if "Left" in one)])))
    for text in (row.request, row.commit[:12], row.applied[:10]):
        assert all(signs.count(sign) >= text.count(sign) for sign in text)


def test_a_pipe_gets_every_column_and_whole_lines(repo: GitRepo) -> None:
    rows = list(ledger.rows(Record(Checkout(repo.root), REGISTRY)))
    lines = table(rows, terminal=False)
    assert len(lines) == 1 + len(rows)
    assert all(column.head in lines[0] for column in render.ROWS)
    assert any(f"dev/growth/{LONG} " in line for line in lines)
    assert not any(line.endswith(" ") for line in lines)


# --- a clone that lacks something


def test_one_command_completes_a_shallow_clone(
    repo: GitRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.git("clone", "--quiet", "--depth=1", f"file://{repo.root}", str(tmp_path / "shallow"))
    clone = GitRepo(tmp_path / "shallow")
    monkeypatch.chdir(clone.root)
    assert cli.main(REGISTRY, ["receipts", "verify"]) == 3
    said = capsys.readouterr().err
    assert "not the whole history" in said
    clone.git(*shlex.split(said.partition("`git ")[2].partition("`")[0]))
    assert cli.main(REGISTRY, ["receipts", "verify"]) == 0
    assert cli.main(REGISTRY, ["audit", "list"]) == 0


# --- names


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (["list", "--environment", "production"], "Write one of dev, staging, prod."),
        (["list", "--lifecycle", "retird"], "Did you mean retired?"),
        (["list", "--classification", "secret"], "No request is of the classification secret."),
        (["list", "--team", "grwoth"], "Did you mean growth?"),
        (["list", "--approver", "nadia_l"], "was ever approved by nadia_l"),
        (["list", "--owner", "nobody@acme.example", "--json"], "was ever owned by nobody@acme.example"),
        (["access", "--object", "ml_dve"], "Did you mean ml_dev?"),
        (["access", "--object", "ml_dev.churn_predicton", "--csv"], "Did you mean ml_dev.churn_prediction?"),
        (["access", "--principal", "risk"], "No request on record ever named risk."),
    ],
)
def test_a_name_that_the_record_never_had_is_no_answer(ask: Ask, question: list[str], said: str) -> None:
    code, out, err = ask(*question)
    assert code == 2
    assert said in (json.loads(out)["error"]["what"] if "--json" in question else err)
    assert "--json" in question or out == ""


@pytest.mark.parametrize(
    "question",
    [
        ["list", "--environment", "prod"],
        ["list", "--team", "growth", "--classification", "restricted"],
        ["list", "--approver", "NADIA-K", "--state", "failed"],
        ["access", "--object", "ML_DEV", "--on", "2026-01-01"],
        ["access", "--principal", "Growth", "--on", "2026-01-01"],
    ],
)
def test_a_name_that_it_has_may_have_nothing(ask: Ask, question: list[str]) -> None:
    code, out, _ = ask(*question)
    assert code == 0
    assert out in ("No request is like that.\n", "By the record nobody had any on 2026-01-01.\n")


# --- what came without the bot, and what nothing confirms


def test_what_may_have_come_by_hand_is_told(ask: Ask) -> None:
    _, out, err = ask("list", "--by-hand", "--json")
    assert [row["request"] for row in json.loads(out)["rows"]] == [f"dev/growth/{LONG}"]
    assert "Of 1 more no receipt says how they came: lakeport audit list --origin-unknown" in err
    _, out, err = ask("list", "--origin-unknown", "--json")
    assert [row["request"] for row in json.loads(out)["rows"]] == ["dev/growth/broken"]
    assert err == ""
    assert ask("list", "--by-hand", "--origin-unknown")[0] == 2


def test_commits_that_no_receipt_names(ask: Ask) -> None:
    _, out, _ = ask("changes", "--json")
    rows = json.loads(out)["rows"]
    assert [(row["receipt"], row["pull"], row["note"]) for row in rows] == [
        (None, None, merges.UNNAMED),
        (None, None, merges.UNNAMED),
        (2, 8, ""),
        (1, 7, ""),
    ]
    _, out, _ = ask("changes", "--unnamed", "--json")
    assert json.loads(out)["rows"] == rows[:2]


def test_a_file_that_nobody_can_read_does_not_just_wait(ask: Ask) -> None:
    _, out, _ = ask("unapplied")
    (line,) = [line for line in out.splitlines() if line.startswith("dev/growth/broken")]
    assert "not applied: its file cannot be read" in line
    assert "anchor" in line


# --- a request's own story


def test_the_story_says_when_and_where_it_was_asked_for(ask: Ask) -> None:
    _, out, _ = ask("show", ID)
    assert "Asked            2026-01-05 08:00\n" in out
    assert f"Conversation     {THREAD}\n" in out
    _, machine, _ = ask("show", ID, "--json")
    assert THREAD in json.loads(machine)["events"][0]["details"]
    assert "Conversation" not in ask("show", LONG)[1]


def test_who_made_the_commit_is_not_said_to_have_merged_it(ask: Ask) -> None:
    _, out, _ = ask("show", ID)
    assert "The request was merged, commit by lakeport[bot]" in out
    assert "merged by" not in out


def test_what_a_receipt_that_was_changed_says_is_marked(ask: Ask, repo: GitRepo) -> None:
    repo.git("checkout", "--quiet", "receipts")
    raw = (repo.root / path_of(2)).read_bytes()
    repo.commit("Better", {path_of(2): raw.replace(b"nadia-k", b"mallory")})
    repo.git("checkout", "--quiet", "main")
    code, out, _ = ask("show", LONG)
    assert code == 1
    applied = out.partition("It was applied\n")[2].splitlines()
    assert applied[0].startswith("  ! This is no fact. Receipt 2 ")
    assert "nadia-k → mallory" in applied[0]
    assert "  It says: Approved by mallory." in applied
    marked = [line for line in ask("list")[1].splitlines() if line.endswith("by hand, not sure")]
    assert [line.split()[0] for line in marked] == [f"dev/growth/{LONG}"]


# --- drift


def test_what_was_brought_back_names_its_request(ask: Ask) -> None:
    _, out, _ = ask("drift")
    assert "Settled" not in out
    (line,) = [line for line in out.splitlines() if line.startswith("2026-01-07")]
    assert line.endswith(f"3: {ID}")
    _, out, _ = ask("drift", "--json")
    rows = json.loads(out)["rows"]
    assert [(row["file"], row["brought_back_in"]) for row in rows] == [
        ("drift/2026-01-09.json", []),
        ("drift/2026-01-07.json", [ID]),
        ("drift/2026-01-06.json", []),
    ]


def test_drift_of_a_period_says_on_which_days_nobody_looked(ask: Ask) -> None:
    _, out, _ = ask("drift", "--from", "2026-01-07", "--to", "2026-01-13")
    assert [line[:10] for line in out.splitlines()[1:3]] == ["2026-01-09", "2026-01-07"]
    assert out.splitlines()[3:] == [
        "The last look of all was on 2026-01-09.",
        "Nobody looked on 3 of 5 working days; "
        "the longest stretch is 2026-01-12 to 2026-01-13 (2 working days).",
    ]
    _, out, err = ask("drift", "--from", "2026-01-12", "--to", "2026-01-12", "--csv")
    assert len(out.splitlines()) == 1
    assert "Nobody looked on 1 of 1 working days" in err
    _, out, _ = ask("drift", "--from", "2026-01-12", "--to", "2026-01-12", "--json")
    assert json.loads(out)["missed"]["without"] == 1


def test_a_weekend_is_no_gap() -> None:
    found = drifts.gaps(["2026-01-09", "2026-01-12"], date(2026, 1, 9), date(2026, 1, 12))
    assert (found.working, found.without, found.longest, found.sentence) == (2, 0, None, "")
    assert drifts.gaps([], date(2026, 1, 9), date(2026, 1, 12)).longest == ("2026-01-09", "2026-01-12", 2)


# --- the site


def test_the_site_needs_no_policy(ask: Ask, repo: GitRepo, tmp_path: Path) -> None:
    assert not (repo.root / "requests/policy.yaml").exists()
    code, out, err = ask("site", "--out", str(tmp_path / "site"))
    assert code == 0
    assert "index.html" in out
    assert "There is no requests/policy.yaml here" in err
    assert (tmp_path / "site/people/nadia-k.html").exists()
