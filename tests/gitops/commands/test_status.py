from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitops import cli
from gitops.checkout import POLICY
from gitops.plan import digest
from gitops.receipt import Approval, BrokeGlass, Receipt, Step
from tests.support import toy
from tests.support.gitrepo import GitRepo

CHURN = toy.path("churn")
BYTES = toy.raw("base b red", "side s", purpose="Predict who will leave, and say so before they do.").replace(
    b"  requested_by", b"  expires: 2027-04-30\n  requested_by"
)
RUN = "https://github.com/acme/requests/actions/runs/17"
Run = Callable[..., int]
Out = pytest.CaptureFixture[str]

STEPS = (
    Step(
        key="base/b/make",
        digest="sha256:1",
        verb="create",
        summary="Make b",
        outcome="done",
        seconds=1.5,
        read_back="differs",
        differs="It does not stand as wanted: Make b.",
    ),
    Step(key="base/b/paint", digest="sha256:2", verb="update", summary="", outcome="failed", error="No red."),
    Step(key="side/s/make", digest="sha256:3", verb="create", summary="Make s", outcome="not_run"),
)


def receipt(number: int, status: Any = "partial", **fields: Any) -> Receipt:
    given: dict[str, Any] = {
        "request": "dev/growth/churn",
        "path": CHURN,
        "file_digest": digest(BYTES),
        "commit": "c" * 40,
        "pull": 12,
        "requester": {"slack": "U024BE7LH", "github": "liwei"},
        "approvers": ("raj", "ana"),
        "plan_digest": "sha256:" + "a" * 64,
        "run_url": f"{RUN}/{number}",
        "tool_version": "1.0",
        "status": status,
        "steps": STEPS,
        "outputs": {"base/b": {"url": "https://toys.example/b"}},
        "run_id": str(number),
        "at": f"2026-11-21T06:0{number}:00+00:00",
        "previous": "",
    }
    return Receipt(number=number, **given | fields)


def stored(*receipts: Receipt) -> dict[str, bytes]:
    return {f"receipts/{one.number:08d}.json": one.encode() for one in receipts}


@pytest.fixture
def world() -> toy.World:
    return toy.World()


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepo:
    made = GitRepo.make(tmp_path / "repo", {POLICY: toy.POLICY, CHURN: BYTES})
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("COLUMNS", "80")
    return made


@pytest.fixture
def run(world: toy.World, repo: GitRepo) -> Run:
    return lambda *words: cli.main(toy.registry(world), ["status", *words])


def test_when_each_approved_and_who_broke_the_glass_is_said(run: Run, repo: GitRepo, capsys: Out) -> None:
    given = Approval(login="raj", at="2026-11-20T09:12:44Z", commit="c" * 40, rules=("team",))
    broke = BrokeGlass(login="ana", at="2026-11-20T09:13:00Z", reason="It burns.")
    repo.orphan("receipts", stored(receipt(1, approvals=(given,), broke_glass=(broke,))))
    assert run("churn") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "pull request #12 by raj (2026-11-20 09:12), opened in an emergency by ana, plan" in said


def test_a_request_from_the_question_to_the_receipts(run: Run, repo: GitRepo, capsys: Out) -> None:
    """Who asked, who approved which plan, what each run did and where; nobody is asked for it but Git."""
    repo.orphan("receipts", stored(receipt(1, "failed", error="The shop was closed."), receipt(2)))
    assert run("churn") == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "dev/growth/churn  partly applied; the next run takes up the rest"
    assert "For       Predict who will leave, and say so before they do." in lines
    assert "Asked by  Slack U024BE7LH, GitHub liwei" in lines
    merged = repo.git("show", "-s", "--format=%h", "--abbrev=12", "HEAD")
    assert any(line.startswith("Merged") and line.endswith(f"as {merged}: Begin") for line in lines)
    assert "Approved  pull request #12 by raj, ana, plan sha256:aaaaaaaaaaaa…" in lines
    assert "the base b  1 done, 1 failed" in lines
    assert "base/b    url   https://toys.example/b" in lines
    assert lines[lines.index("Receipts") + 1 : -4] == [
        "1  2026-11-21 06:01  failed: 1 done, 1 failed, 1 not run",
        "   The shop was closed.",
        "   failed        base/b/paint: No red.",
        f"   {RUN}/1",
        "2  2026-11-21 06:02  partial: 1 done, 1 failed, 1 not run",
        "   done          base/b/make: Make b  1.5 s",
        "                 ! It does not stand as wanted: Make b.",
        "   failed        base/b/paint: No red.",
        "   not run       side/s/make: Make s",
        f"   {RUN}/2",
    ]
    assert "The next apply takes up what is not done." in lines


@pytest.mark.parametrize("columns", [80, 120])
def test_only_addresses_are_wider_than_the_terminal(
    run: Run, repo: GitRepo, columns: int, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    long = f"{RUN}/{'1' * 100}"
    wide = Step(key=f"base/{'b' * 90}/make", digest="", verb="create", summary="x " * 90, outcome="done")
    repo.orphan(
        "receipts", stored(receipt(1, run_url=long, steps=(wide,), outputs={"base/b": {"url": long}}))
    )
    assert run("churn", "--live") == 0
    out = capsys.readouterr().out
    assert f"   {long}\n" in out, "an address that is cut cannot be followed"
    head = out.partition("\nReceipts\n")[0]
    assert all(len(line.rstrip()) <= columns for line in head.splitlines())


def test_without_a_live_look_no_system_is_asked(run: Run, world: toy.World, capsys: Out) -> None:
    assert run("churn") == 0
    assert world.calls == world.connected == []
    assert "--live looks" in " ".join(capsys.readouterr().out.split())


def test_a_live_look_says_what_stands_and_what_would_be_done(
    run: Run, repo: GitRepo, world: toy.World, capsys: Out
) -> None:
    repo.orphan("receipts", stored(receipt(1)))
    world.things["base/b"] = {"mark": "dev/growth/churn", "tags": ["red"]}
    world.things["side/s"] = {"mark": "dev/growth/other", "tags": []}
    assert run("churn", "--live") == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "Resource Receipt 1 Stands now Next apply" in lines
    assert "the base b 1 done, 1 failed yes nothing" in lines
    assert "the side s 1 not run yes refused: s belongs to somebody else." in lines
    assert world.applied == []


def test_a_system_that_says_no_is_named(run: Run, world: toy.World, capsys: Out) -> None:
    world.denied.add("base/b")
    assert run("churn", "--live") == 0
    assert "refused: The toy shop says no." in " ".join(capsys.readouterr().out.split())


def test_all_of_it_for_a_machine(run: Run, repo: GitRepo, world: toy.World, capsys: Out) -> None:
    repo.orphan("receipts", stored(receipt(1), receipt(2, "applied")))
    assert run("churn", "--json") == 0
    (found,) = json.loads(capsys.readouterr().out)["requests"]
    assert (found["state"], found["asked"]["expires"]) == ("applied", "2027-04-30")
    assert [one["number"] for one in found["receipts"]] == [1, 2]
    assert [one["key"] for one in found["resources"]] == ["base/b", "side/s"]
    assert (found["live"], world.calls) == (None, [])
    assert run("churn", "--json", "--live") == 0
    (found,) = json.loads(capsys.readouterr().out)["requests"]
    changes = found["live"]["plan"]["changes"]
    assert [(one["identity"], one["action"]) for one in changes] == [
        ("b", "make"),
        ("b", "paint"),
        ("s", "make"),
    ]


def test_a_file_that_is_not_valid_says_so_and_keeps_its_past(run: Run, repo: GitRepo, capsys: Out) -> None:
    repo.orphan("receipts", stored(receipt(1)))
    repo.write({CHURN: b"a: 1\n"})
    assert run("churn") == 0
    out = capsys.readouterr().out
    assert out.startswith("dev/growth/churn  not applied yet")
    assert f"File      {CHURN}: " in out
    assert "1  2026-11-21 06:01  partial" in out


def test_nothing_that_somebody_typed_reaches_the_terminal(run: Run, repo: GitRepo, capsys: Out) -> None:
    nasty = "red \x1b[31m and \x07 bell\nand a line"
    repo.orphan("receipts", stored(receipt(1, error=nasty, approvers=("\x1b[0m",), run_url="\x1b]8;;x")))
    assert run("churn") == 0
    assert not set(capsys.readouterr().out) & set("\x1b\x07")


def test_a_live_look_is_at_one_request(run: Run, capsys: Out) -> None:
    assert run("--live") == 2
    assert "lakeport status NAME --live" in capsys.readouterr().err
