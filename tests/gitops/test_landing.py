from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gitops.checkout import POLICY, Checkout
from gitops.errors import ConfigurationError, RemoteError, RemoteUnavailable
from gitops.gate import Verdict
from gitops.landing import DEFECT, Landed, pending
from gitops.pulls import Pull
from gitops.receipts import verify
from tests.support import toy
from tests.support.gitrepo import GitRepo
from tests.support.town import MISSING, Town


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


def test_nothing_is_said_when_nothing_is_pending(town: Town) -> None:
    town.request("churn")
    town.apply()
    calls = list(town.world.calls)
    town.pulls.comments.clear()
    assert town.apply() == []
    assert len(town.ledger.receipts) == 1
    assert town.pulls.comments == {}
    assert town.world.calls == calls


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
    assert [receipt.status for receipt in town.ledger.receipts] == ["failed", "applied"]
    assert town.ledger.receipts[0].error == "An unexpected error (KeyError); LAKEPORT_DEBUG=1 shows where."


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
    town.ledger.broken = True
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
    assert [receipt.request for receipt in town.ledger.receipts] == ["dev/growth/aaa"]
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
    failed = replace(town.last, status="failed")
    assert [one.request for one in pending(checkout, [*town.ledger.receipts, failed])] == ["dev/growth/churn"]
    older = replace(town.last, file_digest="sha256:other")
    assert len(pending(checkout, [*town.ledger.receipts, older])) == 1


def test_a_shallow_checkout_cannot_say_who_merged_what(town: Town, tmp_path: Path) -> None:
    town.request("churn", "base b")
    town.repo.git("clone", "--quiet", "--depth=1", f"file://{town.repo.root}", str(tmp_path / "shallow"))
    with pytest.raises(ConfigurationError, match="history"):
        Checkout(tmp_path / "shallow").merge_commit(toy.path("churn"))
