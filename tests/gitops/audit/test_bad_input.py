"""A record that was tampered with, or lacks something: a refusal or a marked line, never silence."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

import handlers
from gitops import cli
from gitops.audit import evidence, ledger, merges, reach
from gitops.audit.chain import problems
from gitops.audit.clocks import contradicted
from gitops.audit.facts import FORMAT
from gitops.audit.index import Kept
from gitops.audit.life import life
from gitops.audit.record import Record
from gitops.audit.website import Website, slug
from gitops.checkout import Checkout
from gitops.errors import ConfigurationError
from gitops.receipts import Step, parse_receipt
from tests.gitops.audit.test_audit import CHURN, ID, PATH, version
from tests.support.gitrepo import IDENTITY, GitRepo
from tests.support.record import RecordMaker

REGISTRY = handlers.registry()
OTHER = "requests/dev/growth/other.yaml"


def record(repo: GitRepo) -> Record:
    return Record(Checkout(repo.root), REGISTRY)


def states(repo: GitRepo) -> dict[str, str]:
    return {row.request: row.state for row in ledger.rows(record(repo))}


def doubts(repo: GitRepo, name: str = "churn-prediction") -> list[str]:
    known = record(repo)
    return [event.doubt for event in life(known, known.named(name), REGISTRY)]


def wrong(repo: GitRepo) -> list[str]:
    return [one.message for one in problems(record(repo))]


def applied() -> RecordMaker:
    maker = RecordMaker()
    maker.receipt(maker.merge(PATH, CHURN, "Onboard (#7)"), ID, pull=7)
    return maker


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return applied().write(tmp_path / "clone")


Answer = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Answer:
    """The exit code, standard output and standard error of `lakeport audit …` in a clone."""

    def answered(repo: GitRepo, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.chdir(repo.root)
        monkeypatch.setattr("gitops.checking.today", lambda: date(2027, 1, 1))
        code = cli.main(REGISTRY, arguments if arguments[0] == "receipts" else ["audit", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return answered


# --- a file that was deleted, renamed or edited after the merge


def test_a_file_that_was_deleted_is_a_line_and_keeps_its_history(repo: GitRepo, ask: Answer) -> None:
    repo.commit("Tidy up", {"requests/README": b"x"}, delete=(PATH,))
    assert states(repo) == {ID: "removed"}
    code, said, _ = ask(repo, "show", ID)
    assert code == 0
    assert "The file was removed" in said
    assert "what was made may still stand" in " ".join(said.split())
    assert "No receipt names this commit" in doubts(repo)[-1]
    assert ID in ask(repo, "unapplied")[1]


def test_what_was_retired_before_its_file_went_is_over(tmp_path: Path) -> None:
    maker = applied()
    maker.receipt(maker.merge(PATH, version(lifecycle="retired")), ID)
    maker.merge(PATH, None, "Tidy up")
    repo = maker.write(tmp_path / "clone")
    assert states(repo) == {ID: "ended"}
    assert list(ledger.unapplied(record(repo))) == []


def test_a_file_that_was_renamed_is_two_lines(repo: GitRepo) -> None:
    repo.commit("Rename", {OTHER: CHURN}, delete=(PATH,))
    assert states(repo) == {ID: "removed", "dev/growth/other": "waiting"}
    assert "No receipt names this commit" in doubts(repo, "other")[0]


def test_a_file_that_was_edited_after_the_merge_is_marked(repo: GitRepo) -> None:
    repo.commit("Just a small thing (#7)", {PATH: version(purpose="Another one.")})
    assert states(repo) == {ID: "changed"}
    assert doubts(repo)[-1].endswith("Its message names pull request 7; no receipt confirms that.")


def test_access_goes_on_after_the_file_was_deleted(repo: GitRepo) -> None:
    repo.commit("Tidy up", {}, delete=(PATH,))
    (held,) = reach.reach(record(repo), date(2026, 3, 1), thing="ml_dev.churn_prediction", principal="growth")
    assert held.receipt == 1


@pytest.mark.parametrize("way", ["merge", "squash", "rebase"])
def test_every_way_of_merging_is_read(repo: GitRepo, way: str) -> None:
    repo.git("switch", "--quiet", "-c", "work")
    for number in range(2):
        repo.commit(f"Step {number}", {PATH: version(purpose=f"Number {number}.")})
    repo.git("switch", "--quiet", "main")
    if way == "squash":
        repo.git("merge", "--quiet", "--squash", "work")
        repo.git("commit", "--quiet", "-m", "Change it (#8)")
    else:
        repo.git(
            "merge",
            "--quiet",
            *(["--no-ff", "-m", "Merge pull request #8 from x"] if way == "merge" else ["--ff-only"]),
            "work",
        )
    came = list(merges.merges(record(repo), PATH))
    assert len(came) == (3 if way == "rebase" else 2)
    assert came[0].sha == repo.git("rev-parse", "main")
    assert came[0].pull == (None if way == "rebase" else 8)


def test_a_file_that_was_deleted_has_its_page(repo: GitRepo) -> None:
    repo.commit("Tidy up", {}, delete=(PATH,))
    files = dict(Website(record(repo), REGISTRY, None).build())
    page = files[f"requests/{slug(ID)}.html"].decode()
    assert "what was made may still stand" in " ".join(page.split())
    assert "The file was removed" in page


# --- forged words, commits and receipts


def test_a_forged_trailer_proves_nothing(tmp_path: Path) -> None:
    maker = applied()
    forged = (
        "Change\n\nApproved-by: petra-v\nLakeport-Request: x\nLakeport-Receipt: 2\nLakeport-Status: applied"
    )
    maker.merge(PATH, version(purpose="Mine."), forged, author="Mallory <m@acme.example>")
    repo = maker.write(tmp_path / "clone")
    (row,) = ledger.rows(record(repo))
    assert (row.state, row.receipt, row.approvers) == ("changed", 1, ("nadia-k",))
    assert "No receipt names this commit" in doubts(repo)[-1]


def test_a_receipt_on_the_default_branch_is_none(repo: GitRepo) -> None:
    forged = repo.git("show", "receipts:receipts/00000/00000001.json").replace("nadia-k", "mallory")
    repo.commit("Forge", {"receipts/00000/00000002.json": forged.encode(), PATH: version(purpose="Mine.")})
    (row,) = ledger.rows(record(repo))
    assert (row.state, row.receipt) == ("changed", 1)


def test_a_receipt_of_another_file_is_named(tmp_path: Path, ask: Answer) -> None:
    """Its chain is right, and so is its digest: what it says of the file is not what Git has."""
    maker = applied()
    maker.receipt(0, ID, file_digest="sha256:" + "0" * 64)
    maker.receipt(None, ID, commit="a" * 40)
    repo = maker.write(tmp_path / "clone")
    assert any("Receipt 2 is of another file" in one for one in wrong(repo))
    assert any(
        "Receipt 3 names commit aaaaaaaaaaaa, which is not on the default" in one for one in wrong(repo)
    )
    assert ask(repo, "receipts", "verify")[0] == 1


@pytest.mark.parametrize(
    "question", [["list"], ["show", ID], ["access", "--principal", "growth"], ["changes"]]
)
def test_every_question_says_that_the_receipts_are_odd(
    repo: GitRepo, ask: Answer, question: list[str]
) -> None:
    assert ask(repo, *question)[2] == ""
    head = repo.git("rev-parse", "receipts")
    repo.git("switch", "--quiet", "receipts")
    file = repo.root / "receipts/00000/00000001.json"
    file.write_text(file.read_text().replace("nadia-k", "mallory"))
    repo.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    repo.git("switch", "--quiet", "main")
    assert repo.git("rev-parse", "receipts") != head
    code, _, said = ask(repo, *question)
    assert code == 1
    assert "2 problem(s) with the receipts" in said, "one was changed, and the branch rewritten"
    assert f"receipt 1 ({ID}, pull request 7)" in said


def test_what_was_applied_and_is_not_here_is_a_line(tmp_path: Path) -> None:
    maker = RecordMaker()
    maker.merge(OTHER, CHURN)
    maker.receipt(None, ID, commit="a" * 40)
    (held,) = reach.reach(record(maker.write(tmp_path / "clone")), date(2026, 3, 1), principal="growth")
    assert (held.principal, held.request, held.sure) == (reach.NOBODY_KNOWS, ID, False)


def test_a_state_that_there_is_not_is_refused(repo: GitRepo, ask: Answer) -> None:
    code, out, said = ask(repo, "list", "--state", "aplied")
    assert (code, out) == (2, "")
    assert "removed" in said


# --- clocks


def test_a_commit_from_the_past_or_the_future_is_marked_and_found_where_it_came(tmp_path: Path) -> None:
    maker = RecordMaker()
    for number, claimed in enumerate(("", "2019-01-01", "", "2031-01-01", "")):
        maker.merge(f"requests/dev/growth/p-{number}.yaml", CHURN, f"Number {number}")
        if claimed:
            maker.main[-1].at = datetime.fromisoformat(claimed).replace(tzinfo=UTC)
    known = record(maker.write(tmp_path / "clone"))
    said = {
        line.path[-8:-5]: line.note
        for line in merges.lines(known, merges.merges(known, since="2026-01-05", until="2026-01-05"))
    }
    assert list(said) == ["p-4", "p-3", "p-2", "p-1", "p-0"]
    assert said["p-1"].startswith("Its clock says 2019-01-01, which cannot be")
    assert said["p-3"].startswith("Its clock says 2031-01-01, which cannot be")
    assert not any(said[name] for name in ("p-0", "p-2", "p-4"))
    assert list(merges.merges(known, since="2019-01-01", until="2019-12-31")) == []


def test_the_newest_commit_cannot_come_from_the_future(tmp_path: Path) -> None:
    maker = applied()
    maker.merge(OTHER, CHURN)
    maker.main[-1].at = datetime(2999, 1, 1, tzinfo=UTC)
    repo = maker.write(tmp_path / "clone")
    known = record(repo)
    (line,) = merges.lines(known, merges.merges(known, since="2026-01-06", until="2026-12-31"))
    assert (line.path, line.day[:4]) == (OTHER, "2999")
    assert "2999-01-01, which cannot be" in line.note
    assert "2999-01-01, which cannot be" in doubts(repo, "other")[0]


def test_a_merge_after_its_own_receipt_is_doubted(tmp_path: Path) -> None:
    maker = applied()
    maker.main[0].at = datetime(2026, 3, 1, tzinfo=UTC)
    assert any("after the receipt that names it" in one for one in doubts(maker.write(tmp_path / "clone")))


def test_a_day_is_one_of_utc(tmp_path: Path) -> None:
    """Half past midnight in Berlin is the day before."""
    repo = GitRepo.make(tmp_path / "clone", {"README.md": b""})
    repo.write({PATH: CHURN})
    repo.git("add", "--all")
    moment = "2026-04-01T00:30:00+02:00"
    subprocess.run(
        ["git", "-C", str(repo.root), "commit", "--quiet", "-m", "Onboard", f"--date={moment}"],
        check=True,
        env=os.environ | IDENTITY | {"GIT_COMMITTER_DATE": moment},
    )
    assert [one.at for one in merges.merges(record(repo), until="2026-03-31")] == [
        "2026-03-31T22:30:00+00:00"
    ]


@pytest.mark.parametrize("odd", ["2019-01-01T00:00:00+00:00", "2999-01-01T00:00:00+00:00"])
def test_a_receipt_with_a_wrong_clock_is_named_and_hides_nothing(tmp_path: Path, odd: str) -> None:
    maker = applied()
    merge = maker.merge(OTHER, CHURN.replace(b"churn-prediction", b"other"))
    maker.receipt(merge, "dev/growth/other")
    maker.receipts[-1] = replace(maker.receipts[-1], at=odd)
    maker.receipt(maker.merge(PATH, version(purpose="Another one.")), ID)
    repo = maker.write(tmp_path / "clone")
    assert any(f"Receipt 2 says it was written at {odd}" in one for one in wrong(repo))
    held = {one.request for one in reach.reach(record(repo), date(2026, 1, 5), principal="growth")}
    assert held == {ID, "dev/growth/other"}
    assert not list(reach.reach(record(repo), date(2026, 1, 4), principal="growth"))


def test_a_receipt_without_a_time_is_named_and_hides_nothing(repo: GitRepo) -> None:
    """Somebody wrote the whole receipt, digest and all."""
    ((file, raw),) = Checkout(repo.root).receipts().items()
    receipt = replace(parse_receipt(raw), at="soon")
    repo.git("switch", "--quiet", "receipts")
    repo.write({file: replace(receipt, digest=receipt.computed_digest()).encode()})
    repo.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    repo.git("switch", "--quiet", "main")
    assert wrong(repo) == ["Receipt 1 says it was written at soon: by its place that cannot be."]
    assert [
        one.receipt for one in reach.reach(record(repo), date(2026, 3, 1), thing="ml_dev.churn_prediction")
    ]


@pytest.mark.parametrize(
    ("moments", "odd"),
    [
        ([], {}),
        ([5], {}),
        ([1e4, 2e4, 3e4], {}),
        ([1e4, 9e9, 2e4], {1: (1e4, 2e4)}),
        ([1e4, 0, 2e4], {1: (1e4, 2e4)}),
        ([9e9, 1e4, 2e4], {0: (None, 1e4)}),
        ([1e4, 2e4, 0], {2: (2e4, None)}),
        ([1e4, 1e4 - 60, 2e4], {}),
    ],
)
def test_the_fewest_clocks_are_wrong(moments: list[float], odd: dict[int, object]) -> None:
    assert contradicted(moments) == odd


# --- clones that lack something


def clone_of(repo: GitRepo, root: Path, *options: str) -> GitRepo:
    repo.git("config", "uploadpack.allowFilter", "true")
    GitRepo(root.parent).git("clone", "--quiet", *options, f"file://{repo.root}", str(root))
    return GitRepo(root)


@pytest.mark.parametrize(
    "question", [["list"], ["show", ID], ["access", "--principal", "growth"], ["changes"]]
)
def test_a_shallow_clone_answers_nothing(
    repo: GitRepo, tmp_path: Path, ask: Answer, question: list[str]
) -> None:
    repo.commit("Second", {OTHER: CHURN})
    code, out, said = ask(clone_of(repo, tmp_path / "shallow", "--depth=1"), *question)
    assert (code, out) == (3, "")
    assert "git fetch --unshallow" in said


def test_a_shallow_clone_is_known_in_a_worktree_too(repo: GitRepo, tmp_path: Path) -> None:
    repo.commit("Second", {OTHER: CHURN})
    clone = clone_of(repo, tmp_path / "shallow", "--depth=1")
    clone.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "beside"))
    with pytest.raises(ConfigurationError, match="whole history"):
        record(GitRepo(tmp_path / "beside")).require_history()


def test_a_clone_without_contents_is_refused_until_it_has_them(
    repo: GitRepo, tmp_path: Path, ask: Answer
) -> None:
    clone = clone_of(repo, tmp_path / "partial", "--filter=blob:none", "--no-checkout")
    (clone.root / "requests").mkdir()
    code, out, said = ask(clone, "list")
    assert (code, out) == (3, "")
    command = re.search(r"`(git fetch [^`]*)`", said)
    assert command is not None
    clone.git(*command[1].split()[1:])
    code, out, _ = ask(clone, "list", "--csv")
    assert code == 0
    assert ID in out


def test_a_clone_of_one_branch_says_how_to_get_the_receipts(
    repo: GitRepo, tmp_path: Path, ask: Answer
) -> None:
    clone = clone_of(repo, tmp_path / "single", "--single-branch", "--branch=main")
    code, out, said = ask(clone, "list", "--csv")
    assert code == 0
    assert ",unknown," in out
    command = re.search(r"Run: (git fetch .*)", said)
    assert command is not None
    clone.git(*command[1].split()[1:])
    code, out, said = ask(clone, "list", "--csv")
    assert (",applied," in out, said) == (True, "")


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (["access", "--object", "ml_dev"], 3),
        (["list", "--approver", "nadia-k"], 3),
        (["list", "--state", "applied"], 3),
        (["list", "--by-hand"], 3),
        (["unapplied"], 3),
        (["exceptions"], 3),
        (["emergencies"], 3),
        (["drift"], 3),
        (["evidence", "--from", "2026-01-01", "--to", "2026-01-31", "--out", "pack"], 3),
        (["list"], 0),
        (["show", ID], 0),
        (["changes"], 0),
        (["expired"], 0),
    ],
)
def test_without_receipts_only_what_files_tell_is_answered(
    repo: GitRepo, ask: Answer, question: list[str], code: int
) -> None:
    repo.git("branch", "-D", "receipts")
    found, out, said = ask(repo, *question)
    assert found == code
    assert bool(out) == (code == 0)
    assert "The branch of receipts is not in this clone" in said
    assert not (repo.root / "pack").exists()


def test_a_request_whose_receipts_are_sound_carries_no_warning(tmp_path: Path, ask: Answer) -> None:
    maker = applied()
    maker.receipt(maker.merge(OTHER, CHURN), "dev/growth/other", requester={"slack": "U1", "github": "x"})
    repo = maker.write(tmp_path / "clone")
    code, _, said = ask(repo, "show", ID)
    assert (code, said) == (0, "")
    code, _, said = ask(repo, "show", "dev/growth/other")
    assert (code, "receipt 2 (dev/growth/other, pull request 1)" in said) == (1, True)
    rows = json.loads(ask(repo, "list", "--json")[1])["rows"]
    assert {row["request"]: row["sound"] for row in rows} == {ID: True, "dev/growth/other": False}


# --- a clone that lies, or wants to start programs


def test_a_replaced_commit_or_file_changes_no_answer(tmp_path: Path) -> None:
    maker = applied()
    maker.merge(PATH, version(purpose="Mine."), "By hand", author="Mallory <m@acme.example>")
    repo = maker.write(tmp_path / "clone")
    before = (states(repo), doubts(repo))
    innocent = repo.git("commit-tree", "HEAD~1^{tree}", "-p", "HEAD~1", "-m", "Nothing to see (#8)")
    repo.git("replace", "HEAD", innocent)
    blobs = [repo.git("rev-parse", f"receipts:receipts/00000/{name}") for name in ("00000001.json",)]
    forged = repo.git("cat-file", "blob", blobs[0]).replace("nadia-k", "mallory")
    repo.git("replace", blobs[0], repo.git("hash-object", "-w", "--stdin", stdin=forged.encode()))
    (repo.root / ".git/info/grafts").write_text(f"{repo.git('rev-parse', 'HEAD')}\n")
    shutil.rmtree(repo.root / ".git/lakeport")
    assert (states(repo), doubts(repo)) == before
    assert wrong(repo) == []


def test_settings_of_a_clone_start_no_program_and_change_no_answer(
    repo: GitRepo, tmp_path: Path, ask: Answer
) -> None:
    before = ask(repo, "changes", "--csv"), ask(repo, "show", ID, "--json")
    trap, sprung = tmp_path / "trap", tmp_path / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\nexit 1\n")
    trap.chmod(0o755)
    for name in ("post-checkout", "reference-transaction", "fsmonitor-watchman"):
        hook = repo.root / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        shutil.copy(trap, hook)
    (repo.root / ".git/info").mkdir(exist_ok=True)
    (repo.root / ".git/info/attributes").write_text("* diff=trap filter=trap\n")
    for setting, value in {
        "core.fsmonitor": str(trap),
        "core.pager": str(trap),
        "pager.log": str(trap),
        "diff.external": str(trap),
        "diff.trap.textconv": str(trap),
        "diff.trap.command": str(trap),
        "filter.trap.clean": str(trap),
        "filter.trap.smudge": str(trap),
        "gpg.program": str(trap),
        "log.showSignature": "true",
        "log.follow": "true",
        "diff.renames": "copies",
        "merge.renames": "true",
        "alias.log": f"!{trap}",
        "alias.ls-tree": f"!{trap}",
        "format.pretty": "%an lies",
        "color.ui": "always",
        "core.quotePath": "true",
        "i18n.logOutputEncoding": "UTF-16",
        "log.date": "relative",
        "trailer.separators": "#",
        "diff.orderFile": "none",
    }.items():
        repo.git("config", setting, value)
    shutil.rmtree(repo.root / ".git/lakeport")
    assert (ask(repo, "changes", "--csv"), ask(repo, "show", ID, "--json")) == before
    assert wrong(repo) == []
    assert not sprung.exists()


# --- what was kept for the next question


@pytest.mark.parametrize("at", [0.0, 0.3, 0.6, 0.99])
def test_an_index_that_is_spoilt_anywhere_changes_no_answer(repo: GitRepo, ask: Answer, at: float) -> None:
    questions = (["list", "--json"], ["show", ID, "--json"], ["changes", "--csv"])
    before = [ask(repo, *question) for question in questions]
    kept = [file for file in (repo.root / ".git/lakeport").iterdir() if file.suffix]
    assert len(kept) == 6
    for file in kept:
        raw = bytearray(file.read_bytes())
        raw[int(at * len(raw))] ^= 0x01
        file.write_bytes(bytes(raw))
    assert [ask(repo, *question) for question in questions] == before


def test_what_is_filed_rests_on_git_alone(repo: GitRepo, tmp_path: Path, ask: Answer) -> None:
    """Even an index that is whole, and lies, has no part in it."""
    ask(repo, "list")
    lying = record(repo)
    empty: Kept[list[ledger.Row]] = Kept(f"{FORMAT} {lying.state}", [])
    lying.index.put("rows", empty)
    assert ask(repo, "list", "--csv")[1].count("\n") == 1, "this is what such an index does"
    assert (
        ask(repo, "evidence", "--from", "2026-01-01", "--to", "2026-12-31", "--out", str(tmp_path / "pack"))[
            0
        ]
        == 0
    )
    assert ID in (tmp_path / "pack/requests.csv").read_text()


def test_new_commits_are_added_to_what_is_kept(repo: GitRepo) -> None:
    list(merges.merges(record(repo)))
    sha = repo.commit("Second", {OTHER: CHURN})
    assert next(one.sha for one in merges.merges(record(repo))) == sha
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    rewritten = repo.commit("Another second", {OTHER: CHURN + b"\n"})
    found = [one.sha for one in merges.merges(record(repo))]
    assert (found[0], len(found)) == (rewritten, 2)


# --- hostile values

HOSTILE = (
    "\x1b[2J\x1b]0;title\x07",
    "\N{RIGHT-TO-LEFT OVERRIDE}evil\N{POP DIRECTIONAL FORMATTING}",
    "a\nb\r\nc\td\x00e",
    '=HYPERLINK("http://x")',
    "+1",
    "-1+cmd|' /C calc'!A0",
    "@SUM(1)",
    "\t=1+1",
    "\uff1d1+1",
    "</script><img src=x onerror=alert(1)>",
    "| a | b |\n|---|---|\n# head <!-- ",
    "\x9b31m C1",
    "\N{ZERO WIDTH SPACE}\N{HANGUL FILLER}",
    "::error::x",
    "\ud800 half",
    "x" * 10_000,
)


def hostile(tmp_path: Path) -> GitRepo:
    """A record with each text wherever somebody can put one."""
    maker = RecordMaker()
    for number, text in enumerate(HOSTILE):
        plain = text.replace("\x00", "").replace("\ud800", "?")
        author = re.sub(r"[<>\n\r]", "", plain)[:200] or "nobody"
        purpose = f"purpose: {json.dumps(plain)}".encode()
        raw = CHURN.replace(b"purpose: Predict which subscribers will leave next month.", purpose)
        assert raw != CHURN
        path, name = f"requests/dev/growth/p-{number}.yaml", f"dev/growth/p-{number}"
        merge = maker.merge(path, raw, f"{plain} (#7)", author=f"{author} <m@acme.example>")
        step = Step(key=plain, digest="", verb="create", summary=plain, outcome="failed", error=plain)
        maker.receipt(
            merge,
            name,
            "failed",
            error=plain,
            approvers=(plain,),
            requester={"slack": plain, "github": plain},
            run_url=plain,
            tool_version=plain,
            steps=(step,),
        )
        maker.receipt(merge, plain, plain, path=plain)
    return maker.write(tmp_path / "clone")


def shows(text: str) -> bool:
    """Whether every character but the line feed can be seen, and none turns the others."""
    hidden = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return not [
        char for char in text if char not in "\n\N{ZERO WIDTH SPACE}" and unicodedata.category(char) in hidden
    ]


def test_no_answer_does_what_a_typed_text_says(tmp_path: Path, ask: Answer) -> None:
    repo = hostile(tmp_path)
    lists = (
        ["list"],
        ["changes"],
        ["unapplied"],
        ["access", "--object", "ml_dev"],
        ["exceptions"],
        ["expired"],
    )
    for question in (*lists, *(["show", f"p-{number}"] for number in range(len(HOSTILE)))):
        code, said, errors = ask(repo, *question)
        assert code <= 1, errors  # the receipts name others than the files do
        assert shows(said), question
        assert shows(errors), question
        _, machine, _ = ask(repo, *question, "--json")
        assert machine.isascii()
        assert json.loads(machine)
    for question in lists:
        _, table, _ = ask(repo, *question, "--csv")
        assert shows(table.replace("\r\n", "\n"))
        cells = [cell for row in csv.reader(io.StringIO(table)) for cell in row]
        assert not [cell for cell in cells if cell.strip()[:1] in ("=", "+", "-", "@", "\uff1d")]
    pack = evidence.pack(record(repo), date(2026, 1, 1), date(2026, 12, 31))
    assert shows(pack["README.md"].decode())
    assert set(pack) >= {"README.md", "manifest.json", "requests.csv"}


def test_a_path_that_is_no_text_is_a_marked_line(repo: GitRepo, ask: Answer) -> None:
    blob = repo.git("hash-object", "-w", "--stdin", stdin=CHURN)
    tree = repo.git("ls-tree", "-z", "HEAD:requests/dev/growth").encode()
    entry = f"100644 blob {blob}\t".encode() + b"\xff\x1b[2J.yaml\0"
    folder = repo.git("mktree", "-z", stdin=tree + entry)
    for above in ("growth", "dev", "requests"):
        folder = repo.git("mktree", stdin=f"040000 tree {folder}\t{above}\n".encode())
    repo.git("reset", "--quiet", "--soft", repo.git("commit-tree", folder, "-p", "HEAD", "-m", "Odd"))
    code, said, _ = ask(repo, "list")
    assert code == 0
    assert "misplaced" in said
    assert shows(said)
    assert ask(repo, "list", "--json")[0] == 0
    assert "added" in ask(repo, "changes")[1]


def test_ten_thousand_steps_are_told(tmp_path: Path, ask: Answer) -> None:
    maker = RecordMaker()
    steps = tuple(
        Step(key=f"repo/x/{number}", digest="", verb="create", summary=f"Number {number}", outcome="done")
        for number in range(10_000)
    )
    maker.receipt(maker.merge(PATH, CHURN), ID, steps=steps)
    repo = maker.write(tmp_path / "clone")
    code, said, errors = ask(repo, "show", ID, "--json")
    assert (code, errors) == (0, "")
    assert "10000 of 10000 steps were done" in said.replace(",", "")


# --- the same bytes


def test_the_pack_is_the_same_elsewhere(
    repo: GitRepo, tmp_path: Path, ask: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another clone, another zone and language, and after Git has put its files in order."""

    def pack(where: GitRepo, name: str) -> dict[str, bytes]:
        out = tmp_path / name
        assert ask(where, "evidence", "--from", "2026-01-01", "--to", "2026-12-31", "--out", str(out))[0] == 0
        return {
            path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()
        }

    first = pack(repo, "one")
    clone = clone_of(repo, tmp_path / "elsewhere")
    assert pack(clone, "two") == first
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    monkeypatch.setenv("LANG", "tr_TR.UTF-8")
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    clone.git("gc", "--quiet", "--prune=now")
    assert pack(clone, "three") == first
