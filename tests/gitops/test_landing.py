from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as replaced

from gitops import lease
from gitops.checkout import POLICY, Checkout
from gitops.errors import ConfigurationError, RemoteError, RemoteUnavailable, UsageError
from gitops.gate import Verdict
from gitops.landing import DEFECT, Landed, pending, worst
from gitops.live import Progress, encode
from gitops.plan import Change, Stage, Verb
from gitops.pulls import Pull
from gitops.receipts import verify
from gitops.verdict import CountedApproval, Outcome
from tests.support import toy
from tests.support.gitrepo import GitRepo
from tests.support.town import MISSING, OPEN, Town


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(GitRepo.make(tmp_path / "repo", {POLICY: toy.POLICY, "README.md": b"Requests.\n"}))


def fail_on(*keys: str) -> Callable[[str], None]:
    def before(key: str) -> None:
        if key in keys:
            raise RemoteError("The shop is closed.", fix="Come back.")

    return before


def test_merged_and_approved_becomes_applied(town: Town) -> None:
    pull = town.request("churn", "base b red", "top t")
    told: list[Landed] = []
    landed = town.apply(told.append)
    assert [one.exit_code for one in landed] == [0]
    assert told == landed
    receipt = town.last
    assert receipt.status == "applied"
    assert receipt.requester == {"slack": "U024BE7LH", "github": "liwei"}
    assert receipt.approvers == ("nadia-k",)
    assert (receipt.commit, receipt.pull, receipt.run_id, receipt.attempt) == (pull.merge_sha, 1, "1", 1)
    assert {step.outcome for step in receipt.steps} == {"done"}
    assert receipt.outputs["base/b"]["url"] == "https://toys.example/b"
    assert receipt.error is None
    assert "## Applied" in town.pulls.comments[1, "<!-- lakeport:result dev/growth/churn -->"]
    assert verify(town.ledger.receipts) == []


def test_a_receipt_says_who_approved_when_for_what_and_by_which_policy(town: Town) -> None:
    pull = town.request("churn", "base b red")
    given = CountedApproval(
        login="nadia-k", at="2026-11-21T05:30:00Z", commit=pull.head_sha, rules=("team-growth",)
    )
    town.pulls.verdicts[pull.number] = replace(OPEN, approvals=(given,))
    town.apply()
    for receipt in town.ledger.receipts:  # also that of the beginning
        (one,) = receipt.approvals
        assert (one.login, one.at, one.commit, one.rules) == (
            "nadia-k",
            "2026-11-21T05:30:00Z",
            pull.head_sha,
            ("team-growth",),
        )
        assert receipt.gate == "open"
        assert receipt.policy_digest == "sha256:policy"
    make, paint = town.last.steps
    assert (make.before, make.wanted) == (None, {"mark": "dev/growth/churn", "tags": []})
    assert (paint.before, paint.wanted, paint.read_back) == ([], ["red"], "as_wanted")


def test_the_look_at_the_end_knows_what_other_requests_want_as_the_plan_did(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what it gives to them would be read back as too much."""
    town.request("other", "base b")
    town.request("churn", "base b")
    beside: list[int] = []
    toys = toy.registry

    def registry(world: toy.World) -> Any:
        base = toys(world)["base"]

        def plan(wanted: Any, state: Any) -> Any:
            beside.append(len(wanted.beside))
            return base.plan(wanted, state)

        return {**toys(world), "base": replaced(base, plan=plan)}

    monkeypatch.setattr(toy, "registry", registry)
    town.apply(only=["churn"])
    assert beside == [1, 1]


def test_nothing_is_said_when_nothing_is_pending(town: Town) -> None:
    town.request("churn")
    town.apply()
    calls, receipts = list(town.world.calls), list(town.ledger.receipts)
    town.pulls.comments.clear()
    assert town.apply() == []
    assert town.ledger.receipts == receipts
    assert town.pulls.comments == {}
    assert town.world.calls == calls


def test_a_run_that_died_before_it_could_say_how_it_ended(town: Town) -> None:
    """The receipt is written, and the comment still says that things are being made: the next run ends it."""
    town.request("churn", "base b")
    town.apply()
    at = 1, "<!-- lakeport:result dev/growth/churn -->"
    said = town.pulls.comments[at]
    running = Progress(run="1-1", number=1, steps=(("running", "Make b"),), done=0, total=1)
    town.pulls.comments[at] = encode(running, "dev/growth/churn")
    assert town.apply() == []
    assert town.pulls.comments[at] == said
    town.pulls.broken = True
    town.pulls.comments[at] = encode(running, "dev/growth/churn")
    assert town.apply() == [], "that it cannot be said now is no failure of anything"


def test_a_failed_run_is_taken_up_without_a_new_pull_request(town: Town) -> None:
    town.request("churn", "base b", "side s", "top t")
    town.world.before_apply = fail_on("side/s/make")
    assert [one.exit_code for one in town.apply()] == [6]
    assert town.last.status == "partial"
    assert [step.outcome for step in town.last.steps] == ["done", "failed", "not_run"]
    town.world.before_apply = lambda key: None
    assert [one.exit_code for one in town.apply()] == [0]
    assert town.last.status == "applied"
    assert {step.key: step.outcome for step in town.last.steps} == {
        "side/s/make": "done",
        "top/t/make": "done",
        "base/b": "already",
    }


def test_what_stands_already_is_applied_with_a_receipt(town: Town) -> None:
    town.request("churn", "base b")
    town.world.things["base/b"] = {"mark": "dev/growth/churn", "tags": []}
    assert [one.exit_code for one in town.apply()] == [0]
    assert [step.outcome for step in town.last.steps] == ["already"]


def test_nothing_done_is_failed_not_partial(town: Town) -> None:
    town.request("churn", "base b")
    town.world.before_apply = fail_on("base/b/make")
    assert [one.exit_code for one in town.apply()] == [6]
    assert town.last.status == "failed"


@pytest.mark.parametrize("why", ["gate", "no plan", "world moved", "no pull request", "not ours"])
def test_refused_with_a_reason_and_nothing_done(town: Town, why: str) -> None:
    pull = town.request("churn", "base b", approve=why != "no plan")
    if why == "gate":
        town.pulls.verdicts[pull.number] = MISSING
    elif why == "world moved":
        town.world.things["base/b"] = {"mark": "dev/growth/churn", "tags": ["painted"]}
    elif why == "no pull request":
        town.pulls.merged.clear()
    elif why == "not ours":
        town.world.things["base/b"] = {"mark": "dev/risk/other", "tags": []}
    assert [one.exit_code for one in town.apply()] == [5]
    assert town.last.status == "refused"
    assert town.last.steps == ()
    assert town.last.error
    assert town.world.applied == []
    assert bool(town.pulls.comments) == (why != "no pull request")


def test_one_bad_request_does_not_stop_the_next(town: Town) -> None:
    town.request("aaa", "base a", approve=False)
    town.request("bbb", "base b")
    town.request("ccc", "base c")
    town.repo.commit("Straight to main", {toy.path("zzz"): b"apiVersion: lakeport/v1\n"})

    def broken(key: str) -> None:
        if key == "base/b/make":
            raise KeyError("ghp_secret")

    town.world.before_apply = broken
    landed = town.apply()
    assert {one.request: one.exit_code for one in landed} == {
        "dev/growth/aaa": 5,
        "dev/growth/bbb": 6,
        "dev/growth/ccc": 0,
        "dev/growth/zzz": 1,
    }
    assert town.last.status == "refused"
    assert "The file is not valid." in (town.last.error or "")
    assert "ghp_secret" not in str(town.ledger.receipts)


def test_a_defect_while_landing_is_one_request_s_failure(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.request("aaa", "base a")
    town.request("bbb", "base b")
    judge = town.pulls.judge

    def broken(pull: Pull) -> Verdict:
        if pull.number == 1:
            raise KeyError("ghp_secret")
        return judge(pull)

    monkeypatch.setattr(town.pulls, "judge", broken)
    assert [one.exit_code for one in town.apply()] == [DEFECT, 0]
    assert [receipt.status for receipt in town.ledger.ended] == ["failed", "applied"]
    assert town.ledger.ended[0].error == "An unexpected error (KeyError); LAKEPORT_DEBUG=1 shows where."


def test_a_system_that_does_not_answer(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.request("churn", "base b")

    def silent(sha: str) -> None:
        raise RemoteUnavailable("GitHub did not answer.")

    monkeypatch.setattr(town.pulls, "pull_for_commit", silent)
    assert [one.exit_code for one in town.apply()] == [4]
    assert town.last.status == "failed"
    assert town.last.error == "GitHub did not answer."


def test_a_receipt_that_cannot_be_written_is_told_with_what_was_done(town: Town) -> None:
    town.request("churn", "base b")

    def breaks(key: str) -> None:
        town.ledger.broken = True

    town.world.after_apply = breaks
    landed = town.apply()[0]
    assert landed.receipt is None
    assert landed.exit_code == 4
    assert "base/b/make done" in landed.error


def test_a_comment_that_cannot_be_posted_does_not_change_what_was_done(town: Town) -> None:
    town.request("churn", "base b")
    town.pulls.broken = True
    landed = town.apply()[0]
    assert landed.exit_code == 0
    assert "could not be posted" in landed.error
    assert town.last.status == "applied"


def test_ctrl_c_leaves_a_receipt_with_the_truth(town: Town) -> None:
    town.request("aaa", "base a", "side s")
    town.request("bbb", "base b")

    def press(key: str) -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    town.world.after_apply = press
    with pytest.raises(KeyboardInterrupt):
        town.apply()
    assert [receipt.request for receipt in town.ledger.ended] == ["dev/growth/aaa"]
    assert town.last.status == "partial"
    assert [step.outcome for step in town.last.steps] == ["done", "not_run"]
    assert town.last.error == "The run was interrupted."


def test_ctrl_c_before_anything_is_done_leaves_a_receipt_too(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.request("churn", "base b")

    def press(pull: Pull) -> Verdict:
        raise KeyboardInterrupt

    monkeypatch.setattr(town.pulls, "judge", press)
    with pytest.raises(KeyboardInterrupt):
        town.apply()
    assert town.last.status == "failed"


def test_retiring_takes_away_and_retired_does_nothing(town: Town) -> None:
    town.request("churn", "base b", "top t")
    town.apply()
    town.request("churn", "base b", "top t", lifecycle="retiring")
    assert [one.exit_code for one in town.apply()] == [0]
    assert town.world.things == {}
    assert [step.key for step in town.last.steps] == ["top/t/drop", "base/b/drop"]
    applied = list(town.world.applied)
    town.request("churn", "base b", "top t", lifecycle="retired")
    assert [one.exit_code for one in town.apply()] == [0]
    assert town.world.applied == applied
    assert town.apply() == []


def test_what_is_applied_is_what_is_committed_not_what_lies_around(town: Town) -> None:
    town.request("churn", "base b")
    town.repo.write({toy.path("churn"): toy.raw("base evil"), toy.path("other"): toy.raw("base evil")})
    town.repo.write({POLICY: b"organisation: evil\n"})
    assert [one.exit_code for one in town.apply()] == [0]
    assert list(town.world.things) == ["base/b"]


def test_a_later_commit_to_the_file_needs_its_own_pull_request(town: Town) -> None:
    town.request("churn", "base b")
    town.apply()
    town.repo.commit("Straight to main", {toy.path("churn"): toy.raw("base b sneaky")})
    assert [one.exit_code for one in town.apply()] == [5]
    assert town.world.things["base/b"]["tags"] == []


def test_a_file_where_no_request_can_be(town: Town) -> None:
    town.repo.commit("Lost", {"requests/dev/Growth/x.yaml": toy.raw()})
    landed = town.apply()[0]
    assert landed.receipt is None
    assert landed.exit_code == 1
    assert "A request cannot be at this path." in landed.error


def test_pending_is_what_the_latest_receipt_does_not_cover(town: Town) -> None:
    town.request("churn", "base b")
    checkout = Checkout(town.repo.root)
    assert [one.request for one in pending(checkout, ())] == ["dev/growth/churn"]
    town.apply()
    assert pending(checkout, town.ledger.receipts) == ()
    failed = replaced(town.last, status="failed")
    assert [one.request for one in pending(checkout, [*town.ledger.receipts, failed])] == ["dev/growth/churn"]
    older = replaced(town.last, file_digest="sha256:other")
    assert len(pending(checkout, [*town.ledger.receipts, older])) == 1


def test_a_shallow_checkout_cannot_say_who_merged_what(town: Town, tmp_path: Path) -> None:
    town.request("churn", "base b")
    town.repo.git("clone", "--quiet", "--depth=1", f"file://{town.repo.root}", str(tmp_path / "shallow"))
    with pytest.raises(ConfigurationError, match="history"):
        Checkout(tmp_path / "shallow").merge_commit(toy.path("churn"))


# --- one run at a time


def started(town: Town, name: str, run: str, *, attempt: int = 1, made: str = "") -> None:
    """What a run leaves that dies after it said that it starts; ``made`` is what it had done by then."""
    before = len(town.ledger.receipts)
    town.world.before_apply = fail_on()
    kept = {key: dict(value) for key, value in town.world.things.items()}
    attempts, town.attempt = town.attempt, attempt - 1
    town.apply(run=run, only=[name])
    town.attempt = attempts
    del town.ledger.receipts[before + 1 :]
    town.world.things.clear()
    town.world.things.update(kept | ({made: {"mark": f"dev/growth/{name}", "tags": []}} if made else {}))
    town.world.calls.clear()
    assert town.last.status == "started"


def test_who_starts_says_so_before_anything_is_done(town: Town) -> None:
    town.request("churn", "base b")
    seen: list[tuple[str, str]] = []
    town.world.before_apply = lambda key: seen.append((town.last.status, town.last.lease_until))
    assert [one.exit_code for one in town.apply()] == [0]
    assert seen == [("started", "2026-11-21T07:00:00+00:00")]
    assert [one.status for one in town.ledger.receipts] == ["started", "applied"]
    first, last = town.ledger.receipts
    assert first.run == last.run
    assert (first.steps, first.error, first.plan_digest) == ((), None, last.plan_digest)


@pytest.mark.parametrize("why", ["nothing to do", "refused"])
def test_where_nothing_is_written_nobody_starts(town: Town, why: str) -> None:
    town.request("churn", "base b", approve=why != "refused")
    if why == "nothing to do":
        town.world.things["base/b"] = {"mark": "dev/growth/churn", "tags": []}
    town.apply()
    assert [one.status for one in town.ledger.receipts] == ["refused" if why == "refused" else "applied"]


def test_where_nobody_can_say_that_he_starts_nothing_is_done(town: Town) -> None:
    town.request("churn", "base b")
    town.ledger.broken = True
    landed = town.apply()[0]
    assert (landed.exit_code, landed.receipt) == (4, None)
    assert town.world.applied == []


def test_while_one_run_is_at_it_another_leaves_it_alone(town: Town) -> None:
    pull = town.request("churn", "base b")
    town.request("other", "base o")
    theirs: list[Landed] = []

    def meanwhile(key: str) -> None:
        if key == "base/b/make":
            theirs.extend(town.apply(run="2", only=["churn"]))

    town.world.before_apply = meanwhile
    assert [one.exit_code for one in town.apply()] == [0, 0]
    (waited,) = theirs
    assert (waited.exit_code, waited.receipt) == (7, None)
    assert waited.error.startswith(
        "dev/growth/churn is being applied by run 1 (attempt 1) since 2026-11-21T06:00:00+00:00."
    )
    assert town.world.applied.count("base/b/make") == 1
    assert "## Applied" in town.pulls.comments[pull.number, "<!-- lakeport:result dev/growth/churn -->"]


def test_many_runs_at_once_do_everything_once(town: Town) -> None:
    """All have drawn their plan before the first one starts."""
    town.request("churn", "base b", "side s", "top t")
    runs = [str(number) for number in range(1, 5)]
    drawn = threading.Barrier(len(runs), timeout=10)
    planned = town.pulls.planned

    def together(sha: str, request: str, *, by: datetime) -> Any:
        drawn.wait()
        return planned(sha, request, by=by)

    town.pulls.planned = together  # type: ignore[method-assign]
    with ThreadPoolExecutor(len(runs)) as pool:
        landed = [one for [one] in pool.map(lambda run: town.apply(run=run), runs)]
    assert sorted(one.exit_code for one in landed) in ([0, 7, 7, 7], [0, 0, 7, 7], [0, 0, 0, 7], [0, 0, 0, 0])
    assert sorted(town.world.applied) == ["base/b/make", "side/s/make", "top/t/make"]
    assert [one.status for one in town.ledger.receipts].count("started") == 1


def test_what_another_run_did_meanwhile_is_not_done_again(town: Town) -> None:
    """The plan was drawn, then another run came and went: it would be done twice, or refused by its kind."""
    town.request("churn", "base b")
    judge = town.pulls.judge
    went: list[Landed] = []

    def meanwhile(pull: Pull) -> Verdict:
        town.pulls.judge = judge  # type: ignore[method-assign]
        town.world.after_read = lambda: went.extend(town.apply(run="2"))
        return judge(pull)

    town.pulls.judge = meanwhile  # type: ignore[method-assign]
    landed = town.apply()[0]
    assert [one.exit_code for one in went] == [0]
    assert landed.exit_code == 7
    assert "worked on dev/growth/churn while this one looked at it" in landed.error
    assert town.world.applied == ["base/b/make"]


@pytest.mark.parametrize("made", ["", "base/b"])
@pytest.mark.parametrize("how", ["next attempt", "lease is over", "GitHub says so"])
def test_a_run_that_died_is_taken_over(town: Town, how: str, made: str) -> None:
    town.request("churn", "base b", "top t")
    started(town, "churn", "5", made=made)
    assert [one.exit_code for one in town.apply(run="6")] == [7]
    assert town.world.calls == [], "nothing was even looked at"
    run = "6"
    if how == "next attempt":
        run, town.attempt = "5", 1
    elif how == "lease is over":
        town.time += lease.LEASE
    else:
        town.ledger.over.add("5")
    assert [one.exit_code for one in town.apply(run=run)] == [0]
    assert town.last.status == "applied"
    assert set(town.world.things) == {"base/b", "top/t"}
    assert town.world.applied.count("base/b/make") == (0 if made else 1)
    assert verify(town.ledger.receipts) == []


def test_one_that_is_being_applied_does_not_hide_that_another_failed(town: Town) -> None:
    town.request("churn", "base b")
    started(town, "churn", "5")
    town.request("sales", "base s", approve=False)
    landed = town.apply(run="6")
    assert [one.exit_code for one in landed] == [7, 5]
    assert worst(landed) == 5
    assert worst(landed[:1]) == 7
    assert worst([]) == 0


# --- on hold, and one alone


def test_what_failed_three_times_is_on_hold_until_it_is_resumed(town: Town) -> None:
    town.request("churn", "base b")
    town.world.before_apply = fail_on("base/b/make")
    assert [[one.exit_code for one in town.apply()] for _ in range(3)] == [[6], [6], [6]]
    assert town.last.hold == "It was tried 3 times as it is, and not applied."
    comment = town.pulls.comments[1, "<!-- lakeport:result dev/growth/churn -->"]
    assert "**On hold.** It was tried 3 times as it is, and not applied." in comment
    receipts, calls = list(town.ledger.receipts), list(town.world.calls)
    town.world.before_apply = lambda key: None
    (left,) = town.apply()
    assert (left.exit_code, left.receipt) == (7, None)
    assert "lakeport apply --only churn --resume" in left.error
    assert (town.ledger.receipts, town.world.calls) == (receipts, calls), "nothing was looked at or written"
    assert [one.exit_code for one in town.apply(resume=True)] == [0]
    assert town.last.hold == ""
    assert town.apply() == []


def test_another_version_of_the_file_is_not_on_hold(town: Town) -> None:
    town.request("churn", "base b")
    town.world.before_apply = fail_on("base/b/make")
    for _ in range(3):
        town.apply()
    town.world.before_apply = lambda key: None
    town.request("churn", "base b red")
    assert [one.exit_code for one in town.apply()] == [0]


def test_a_run_that_dies_every_time_is_on_hold_too(town: Town) -> None:
    town.request("churn", "base b")
    for run in ("1", "2", "3"):
        started(town, "churn", run)
        town.ledger.over.add(run)
    assert [one.exit_code for one in town.apply(run="4")] == [7]
    assert [one.exit_code for one in town.apply(run="4", resume=True)] == [0]


def test_one_alone(town: Town) -> None:
    town.request("churn", "base b")
    town.request("sales", "base s")
    assert [one.request for one in town.apply(only=["sales"])] == ["dev/growth/sales"]
    assert set(town.world.things) == {"base/s"}
    assert town.apply(only=["dev/growth/sales"]) == []
    assert [one.request for one in town.apply(only=[toy.path("churn")])] == ["dev/growth/churn"]
    with pytest.raises(UsageError, match="There is no request shurn"):
        town.apply(only=["churn", "shurn"])


# --- stale


def test_what_changed_since_it_was_planned_is_refused_with_the_new_plan(town: Town) -> None:
    town.request("churn", "base b red", "top t")
    town.world.things["base/b"] = {"mark": "dev/growth/churn", "tags": ["green"]}
    assert [one.exit_code for one in town.apply()] == [5]
    assert (town.last.status, town.world.applied) == ("refused", [])
    comment = town.pulls.comments[1, "<!-- lakeport:result dev/growth/churn -->"]
    assert "#### What would be done now, and was not approved" in comment
    new_plan = comment.split("#### What would be done now")[1]
    assert "Paint b" in new_plan
    assert "the tag green" in new_plan
    assert "Make t" not in new_plan, "that was approved"


def test_an_edit_that_passes_alone_writes_nothing_over_that_is_somebody_elses(town: Town) -> None:
    """The edit is small and nobody approved it: what it would bring back besides, nobody agreed to."""
    town.request("churn", "base b red")
    town.apply()
    town.world.things["base/b"]["tags"] = ["green", "red"]
    edit = town.request("churn", "base b red blue")
    town.pulls.verdicts[edit.number] = Verdict(outcome=Outcome.PASSES_ALONE, sentences=())
    assert [one.exit_code for one in town.apply()] == [5]
    assert (town.last.status, town.world.things["base/b"]["tags"]) == ("refused", ["green", "red"])
    assert "were set by somebody else" in str(town.last.error)
    assert "Paint b" in town.pulls.comments[edit.number, "<!-- lakeport:result dev/growth/churn -->"]
    town.pulls.verdicts.clear()
    assert [one.exit_code for one in town.apply(resume=True)] == [0], "with an approval it is done"


def test_an_edit_that_passes_alone_is_carried_out(town: Town) -> None:
    town.request("churn", "base b red")
    town.apply()
    edit = town.request("churn", "base b red blue")
    town.pulls.verdicts[edit.number] = Verdict(outcome=Outcome.PASSES_ALONE, sentences=())
    assert [one.exit_code for one in town.apply()] == [0]
    assert town.world.things["base/b"]["tags"] == ["red", "blue"]


def test_data_is_dropped_only_when_its_hold_is_over(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def staged(wanted: Any, state: Any) -> list[Change]:
        drop = Change(kind="base", identity="b", action="drop", verb=Verb.REMOVE, stage=Stage.DROP)
        empty = Change(kind="base", identity="b", action="paint", verb=Verb.UPDATE, before=["red"], after=[])
        return [*([empty] if state["tags"] else []), drop]

    toys = toy.registry
    monkeypatch.setattr(
        toy, "registry", lambda world: {**toys(world), "base": replaced(toys(world)["base"], retire=staged)}
    )
    town.request("churn", "base b red")
    town.apply()
    town.request("churn", "base b red", lifecycle="retiring")
    assert [one.exit_code for one in town.apply()] == [0]
    assert (town.last.status, town.last.due) == ("waiting", "2026-12-21")
    assert town.world.things["base/b"]["tags"] == []
    assert town.apply() == []
    town.time += timedelta(days=29)
    assert town.apply() == []
    town.time += timedelta(days=1)
    assert [one.exit_code for one in town.apply()] == [0]
    assert (town.last.status, town.world.things) == ("applied", {})


@pytest.mark.parametrize(
    ("author", "made_by"), [("LakePort[bot]", "bot"), ("liwei", "hand"), ("x[bot]", "hand")]
)
def test_the_receipt_says_whether_our_app_opened_the_pull_request(
    town: Town, author: str, made_by: str
) -> None:
    pull = town.request("churn", "base b red")
    town.pulls.merged[pull.merge_sha or ""] = replace(pull, author=author)
    town.apply()
    assert town.last.made_by == made_by
    assert verify(town.ledger.receipts) == []
