"""How far an apply is: posted while it runs, not too often, and never in the way of it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.checkout import POLICY
from gitops.engine import Journal
from gitops.errors import RemoteUnavailable
from gitops.live import MOST, STATES, Live, Progress, decode, encode
from gitops.plan import Change, Plan, Verb
from gitops.pulls import Pull
from gitops.render import result_marker
from tests.support import toy
from tests.support.gitrepo import GitRepo
from tests.support.town import Town

WORDS = st.text(max_size=60)
STEPS = st.lists(st.tuples(st.sampled_from(STATES), WORDS), max_size=MOST).map(tuple)


def plan(*summaries: str) -> Plan:
    changes = [
        Change(
            kind="toy",
            identity=f"t{number}",
            action="",
            verb=Verb.CREATE,
            before=None,
            after={},
            summary=words,
        )
        for number, words in enumerate(summaries)
    ]
    return Plan(request="dev/growth/churn", file_digest="sha256:0", changes=tuple(changes), needs={})


class Board:
    """Takes posts; ``post`` can be made to wait or to fail."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.fail: list[Exception] = []
        self.posted = threading.Condition()

    def post(self, body: str) -> None:
        with self.posted:
            if self.fail:
                self.posted.notify_all()
                raise self.fail.pop(0)
            self.bodies.append(body)
            self.posted.notify_all()

    def wait(self, count: int) -> None:
        with self.posted:
            assert self.posted.wait_for(lambda: len(self.bodies) >= count, 20)

    def last(self) -> Progress:
        found = decode(self.bodies[-1])
        assert found is not None
        return found


def follow(board: Board, wanted: Plan, journal: Journal, pause: float = 0.0) -> Live:
    return Live(wanted, journal, board.post, run="17-1", pause=lambda elapsed: pause)


def test_every_step_is_told_from_waiting_to_its_end() -> None:
    board, journal, wanted = Board(), Journal(), plan("Create the schema", "Create the cluster")
    one, two = (change.key for change in wanted.changes)
    with follow(board, wanted, journal):
        board.wait(1)
        assert [state for state, _ in board.last().steps] == ["waiting", "waiting"]
        journal.event(one, "started")
        board.wait(2)
        assert board.last().steps[0] == ("running", "Create the schema")
        journal.event(one, "done")
        board.wait(3)
        assert (board.last().done, board.last().total) == (1, 2)
        journal.event(two, "failed")
        board.wait(4)
    assert board.last() == Progress(
        "17-1", 4, (("done", "Create the schema"), ("failed", "Create the cluster")), 1, 2
    )
    assert "1 of 2 steps are done" in board.bodies[-1]


def test_many_steps_at_once_are_one_post() -> None:
    board, journal = Board(), Journal()
    wanted = plan(*(f"Step {number}" for number in range(200)))
    with follow(board, wanted, journal, pause=60):
        board.wait(1)
        for change in wanted.changes:
            journal.event(change.key, "started")
            journal.event(change.key, "done")
    assert len(board.bodies) == 1
    assert len(board.last().steps) == MOST


def test_a_post_that_fails_is_no_failure_of_the_apply() -> None:
    board, journal, wanted = Board(), Journal(), plan("Create the schema")
    board.fail = [RemoteUnavailable("GitHub did not answer.")]
    with follow(board, wanted, journal):
        with board.posted:
            assert board.posted.wait_for(lambda: not board.fail, 20)
        journal.event(wanted.changes[0].key, "done")
    assert board.bodies == []


def test_nothing_is_posted_after_the_end() -> None:
    board, journal, wanted = Board(), Journal(), plan("Create the schema")
    with follow(board, wanted, journal):
        board.wait(1)
    journal.event(wanted.changes[0].key, "done")
    assert len(board.bodies) == 1


def test_without_changes_nothing_is_posted() -> None:
    board = Board()
    with follow(board, plan(), Journal()):
        pass
    assert board.bodies == []


@given(STEPS, st.integers(0, 999_999))
def test_what_is_written_is_read_and_hides_nothing_else(steps: Any, number: int) -> None:
    body = encode(Progress("1-1", number, steps, 0, len(steps)), "dev/growth/churn")
    hidden, _, shown = body.partition("\n## ")
    assert hidden.count("-->") == hidden.count("<!--") == 2
    assert "<!--" not in shown
    found = decode(body)
    assert found is not None
    assert (found.number, [state for state, _ in found.steps]) == (number, [state for state, _ in steps])


@pytest.mark.parametrize(
    "hidden",
    [
        "", "{}", "{", "[]", '{"run": "1-1", "number": -1, "steps": [], "done": 0, "total": 0}',
        '{"run": "../x", "number": 1, "steps": [], "done": 0, "total": 0}',
        '{"run": "1-1", "number": 1, "steps": [["hacked", "x"]], "done": 0, "total": 0}',
        '{"run": "1-1", "number": 1, "steps": [["done"]], "done": 0, "total": 0}',
        '{"run": 5, "number": 1, "steps": [], "done": 0, "total": 0}',
        '{"run": "1-1", "number": 1, "steps": 7, "done": 0, "total": 0}',
    ],
)  # fmt: skip
def test_anything_odd_is_not_read(hidden: str) -> None:
    assert decode(f"<!-- lakeport:result x -->\n<!-- lakeport:progress {hidden} -->\nwords") is None


# --- in an apply ---


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(GitRepo.make(tmp_path / "repo", {POLICY: toy.POLICY, "README.md": b"Requests.\n"}))


def following(town: Town, board: Board) -> None:
    """As ``lakeport apply`` does it, with a board that keeps every version of the comment."""

    def follow(pull: Pull, plan: Plan, journal: Journal) -> Live:
        def post(body: str) -> None:
            board.post(body)
            town.pulls.upsert_comment(pull.number, result_marker(plan.request), body)

        return Live(plan, journal, post, run="1-1", pause=lambda elapsed: 0.0)

    town.follow = follow


def test_the_result_takes_the_place_of_the_progress(town: Town) -> None:
    board = Board()
    following(town, board)
    town.world.before_apply = lambda key: board.wait(2)  # each step is told to be running before it ends
    town.request("churn", "base b red", "top t")
    town.apply()
    assert town.last.status == "applied"
    first = decode(board.bodies[0])
    assert first is not None
    assert {state for state, _ in first.steps} <= {"waiting", "running"}
    comments = town.pulls.comments
    assert list(comments) == [(1, "<!-- lakeport:result dev/growth/churn -->")]
    assert "## Applied" in comments[1, "<!-- lakeport:result dev/growth/churn -->"]


def test_an_apply_goes_on_when_its_progress_cannot_be_posted(town: Town) -> None:
    board = Board()
    board.fail = [RemoteUnavailable("GitHub did not answer.")] * 9
    following(town, board)
    town.request("churn", "base b red")
    town.apply()
    assert town.last.status == "applied"
