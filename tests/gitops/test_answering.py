"""Orders in comments carried out: by whom they may be, once, and with an answer whatever becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as replaced

from gitops import lease
from gitops.answering import Answer, Desk, answer
from gitops.checkout import POLICY, Checkout
from gitops.comment_orders import CALL
from gitops.comments import Said
from gitops.errors import Refused, RemoteError, RemoteUnavailable
from gitops.landing import policy_of
from gitops.proposing import Answer as Proposal
from gitops.proposing import Proposed
from gitops.pulls import Pull
from gitops.receipt import ReceiptDraft
from gitops.request import Loaded
from gitops.unlocking import Run
from tests.support import toy
from tests.support.gitrepo import GitRepo
from tests.support.town import Town

REQUEST = "dev/growth/churn"


@dataclass
class GitHub:
    """Comments, pull requests and dispatches in memory, and who may write."""

    pulls: dict[int, Pull] = field(default_factory=dict)
    touched: dict[int, tuple[str, ...]] = field(default_factory=dict)
    comments: dict[int, Said] = field(default_factory=dict)
    answers: dict[tuple[int, str], str] = field(default_factory=dict)
    dispatched: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    writers: set[str] = field(default_factory=lambda: {"nadia-k", "omar-f", "liwei"})
    broken: bool = False
    default_branch: str = "main"

    def said(self, comment: int) -> Said | None:
        return self.comments.get(comment)

    def pull(self, number: int) -> Pull:
        return self.pulls[number]

    def files(self, pull: Pull) -> tuple[str, ...]:
        return self.touched[pull.number]

    def can_write(self, login: str) -> bool:
        return login in self.writers

    def dispatch(self, workflow: str, inputs: Mapping[str, str]) -> str:
        if self.broken:
            raise RemoteUnavailable("GitHub did not answer.")
        self.dispatched.append((workflow, dict(inputs)))
        return f"https://github.example/runs/{len(self.dispatched)}"

    def comment(self, number: int, marker: str) -> str:
        return self.answers.get((number, marker), "")

    def upsert_comment(self, number: int, marker: str, body: str) -> None:
        assert body.startswith(marker)
        self.answers[number, marker] = body


@dataclass
class Case:
    """A town with a merged request ``churn``, and the desk that answers for it."""

    town: Town
    github: GitHub
    proposed: list[str] = field(default_factory=list)
    refuses: str = ""

    def propose(self, loaded: Loaded) -> Proposed:
        if self.refuses:
            raise Refused(self.refuses, fix="Merge it first.")
        self.proposed.append(loaded.id)
        url = f"https://github.example/pull/{90 + len(self.proposed)}"
        return Proposed(request=loaded.id, answer=Proposal.OPENED, number=90 + len(self.proposed), url=url)

    def say(self, body: str, who: str = "nadia-k", *, number: int = 1, **more: Any) -> Answer | None:
        """Write a comment, and have it answered."""
        ident = len(self.github.comments) + 1
        given = {"id": ident, "number": number, "login": who, "body": body, "person": True, "edited": False}
        self.github.comments[ident] = Said(**(given | {"at": "", "url": ""} | more))
        return self.again(ident)

    def again(self, ident: int) -> Answer | None:
        checkout = Checkout(self.town.repo.root)
        desk = Desk(
            pulls=self.github,
            rules=policy_of(checkout),
            registry=toy.registry(self.town.world),
            checkout=checkout,
            ledger=lambda: self.town.ledger,
            propose=self.propose,
            run=lambda by: Run(by=by, run_id="77", attempt=1, run_url="https://r.example", tool_version="1"),
            clock=lambda: self.town.time,
        )
        return answer(desk, ident)

    def order(self, words: str, who: str = "nadia-k", **more: Any) -> Answer:
        found = self.say(f"{CALL} {words}", who, **more)
        assert found is not None
        return found


@pytest.fixture
def case(tmp_path: Path) -> Case:
    town = Town(GitRepo.make(tmp_path / "repo", {POLICY: toy.POLICY, "README.md": b"Requests.\n"}))
    merged = town.request("churn", "base b")
    github = GitHub(pulls={1: merged}, touched={1: (toy.path("churn"),)})
    github.pulls[2] = replace(merged, number=2, state="open", merged=False, merge_sha=None, merged_at=None)
    github.touched[2] = github.touched[1]
    return Case(town, github)


# --- what is answered


@pytest.mark.parametrize(
    "odd", [{"person": False}, {"body": "Fine."}, {"body": "> /lakeport apply"}, {"body": ""}]
)
def test_what_orders_nothing_is_not_answered(case: Case, odd: dict[str, Any]) -> None:
    assert case.say(**({"body": "/lakeport apply"} | odd)) is None
    assert (case.github.answers, case.github.dispatched) == ({}, [])
    assert case.again(99) is None, "it was deleted"


def test_an_order_is_carried_out_once(case: Case) -> None:
    assert case.order("apply").done
    assert case.again(1) is None
    assert len(case.github.dispatched) == len(case.github.answers) == 1


def test_an_order_that_was_changed_is_nobodys(case: Case) -> None:
    assert not case.order("apply", edited=True).done
    assert case.github.dispatched == []


def test_where_github_breaks_nothing_is_answered_so_that_it_can_be_tried_again(case: Case) -> None:
    case.github.broken = True
    with pytest.raises(RemoteError):
        case.order("apply")
    assert case.github.answers == {}
    case.github.broken = False
    assert case.again(1) is not None


def test_what_somebody_typed_is_not_said_again(case: Case) -> None:
    assert not case.order("<!-- @acme/everybody [x](https://evil.example) ${{ secrets.X }}").done
    (said,) = case.github.answers.values()
    assert "everybody" not in said
    assert "evil" not in said
    assert "secrets" not in said


def test_the_answer_mentions_nobody_and_names_the_order(case: Case) -> None:
    case.order("apply")
    (said,) = case.github.answers.values()
    assert said.startswith("<!-- lakeport:answer 1 -->\n")
    assert "**nadia-k**, <code>/lakeport apply</code>" in said
    assert "@" not in said
    assert "<https://github.example/runs/1>" in said


# --- who


@pytest.mark.parametrize("order", ["plan", "apply", "apply --resume", "unlock", "approve-again"])
def test_who_may_not_write_orders_nothing(case: Case, order: str) -> None:
    case.github.writers.clear()
    assert not case.order(order, number=2 if order == "plan" else 1).done
    assert (case.github.dispatched, case.proposed) == ([], [])


def test_who_asked_may_draw_plans_and_carries_nothing_out(case: Case) -> None:
    assert case.order("plan", "liwei", number=2).done
    assert case.order("approve-again", "liwei").done
    assert not case.order("apply", "liwei").done
    assert not case.order("unlock", "liwei").done
    assert not case.order("plan", "stranger", number=2).done


def test_a_further_account_is_the_same_person(case: Case) -> None:
    raw = toy.POLICY.replace(b"github: nadia-k,", b"github: nadia-k, also: [nadia-private],")
    case.town.repo.commit("Accounts", {POLICY: raw})
    case.github.writers.add("nadia-private")
    assert case.order("apply", "nadia-private").done


def test_help_is_for_everybody_and_names_what_the_policy_has(case: Case) -> None:
    case.github.writers.clear()
    assert "break-glass" not in " ".join(case.order("help", "stranger").sentences)
    raw = toy.POLICY + b"review: {break_glass: {people: [nadia-k]}}\n"
    case.town.repo.commit("Glass", {POLICY: raw})
    assert "break-glass" in " ".join(case.order("help", "stranger").sentences)


# --- the orders


def test_a_plan_is_drawn_by_its_workflow_from_numbers(case: Case) -> None:
    head = case.github.pulls[2].head_sha
    assert case.order("plan", number=2).done
    assert case.github.dispatched == [("check.yml", {"pull": "2", "head": head})]


def test_what_is_pending_is_applied_by_its_workflow(case: Case) -> None:
    case.github.touched[1] = (toy.path("churn"), toy.path("gone"))
    assert case.order("apply").done
    assert case.github.dispatched == [("apply.yml", {"only": REQUEST, "resume": "false"})]
    case.town.apply()
    found = case.order("apply")
    assert (found.done, len(case.github.dispatched)) == (False, 1)
    assert "applied as it is" in found.sentences[0]


def test_several_requests_are_applied_by_one_run(case: Case) -> None:
    case.town.request("sales", "base s")
    case.github.touched[1] = (toy.path("churn"), toy.path("sales"))
    assert case.order("apply").done
    assert [inputs["only"] for _, inputs in case.github.dispatched] == [f"{REQUEST},dev/growth/sales"]


def test_what_is_on_hold_is_only_resumed_by_name(case: Case) -> None:
    case.town.world.before_apply = _fail
    for _ in range(lease.TRIES):
        case.town.apply()
    found = case.order("apply")
    assert not found.done
    assert "on hold" in found.sentences[0]
    assert "/lakeport apply --resume" in found.sentences[-1]
    assert case.order("apply --resume").done
    assert case.github.dispatched == [("apply.yml", {"only": REQUEST, "resume": "true"})]


def _fail(key: str) -> None:
    raise RemoteError(f"{key} is closed.")


def test_a_fresh_approval_is_asked_for_what_is_not_applied(case: Case) -> None:
    found = case.order("approve-again")
    assert (found.done, case.proposed, found.links) == (True, [REQUEST], ("https://github.example/pull/91",))
    case.town.apply()
    assert not case.order("approve-again").done
    assert case.proposed == [REQUEST]


def test_why_no_pull_request_could_be_opened_is_said(case: Case) -> None:
    case.refuses = "The pull request 8 changes it already."
    found = case.order("approve-again")
    assert (found.done, found.sentences) == (False, (case.refuses, "Merge it first."))


# --- a dead run


def start(case: Case, run: str) -> None:
    """A run says that it starts, and is never heard of again."""
    draft = ReceiptDraft(
        request=REQUEST, path=toy.path("churn"), file_digest="sha256:" + "a" * 64, commit="c" * 40, pull=1,
        requester={"slack": "U024BE7LH", "github": "liwei"}, approvers=(), plan_digest=None, run_url="",
        run_id=run, attempt=1, tool_version="1", status="started", lease_until=lease.until(case.town.time),
    )  # fmt: skip
    case.town.ledger.append(draft)


def holder(case: Case) -> Any:
    return lease.holder(case.town.ledger.read_all(), REQUEST)


def test_what_a_dead_run_by_hand_holds_is_released_in_the_receipts(case: Case) -> None:
    start(case, "local-7")
    assert [one.exit_code for one in case.town.apply(run="5")] == [7]
    found = case.order("unlock")
    assert found.done
    assert "nadia-k said that local-7" in found.sentences[0]
    assert holder(case) is None
    assert [(one.status, one.run_id) for one in case.town.ledger.receipts[-2:]] == [
        ("started", "77"),
        ("failed", "77"),
    ]
    assert [one.exit_code for one in case.town.apply(run="5")] == [0]


def test_a_run_that_github_does_not_call_over_keeps_what_it_holds(case: Case) -> None:
    start(case, "5")
    before = len(case.town.ledger.receipts)
    found = case.order("unlock")
    assert not found.done
    assert "Cancel that run" in found.sentences[-1]
    assert len(case.town.ledger.receipts) == before


@pytest.mark.parametrize("why", ["nothing", "over by GitHub", "over by time", "ended"])
def test_where_nothing_is_held_nothing_is_written(case: Case, why: str) -> None:
    if why != "nothing":
        start(case, "5")
    if why == "over by GitHub":
        case.town.ledger.over.add("5")
    elif why == "over by time":
        case.town.time += lease.LEASE
    elif why == "ended":
        last = case.town.last
        names = ReceiptDraft.__struct_fields__
        ended = ReceiptDraft(**{name: getattr(last, name) for name in names} | {"status": "failed"})
        case.town.ledger.append(replaced(ended, lease_until=""))
    before = len(case.town.ledger.receipts)
    found = case.order("unlock")
    assert (found.done, len(case.town.ledger.receipts)) == (True, before)
    assert "Nothing holds" in found.sentences[0]
