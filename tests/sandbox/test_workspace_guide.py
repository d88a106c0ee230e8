"""The next useful thing: from every state of a request there is a sentence, and it sends the right person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sandbox.workspace.guide import Facts, next_step
from sandbox.workspace.hub import GATE, PLAN, Check, PullSeen, RunSeen

NAMES = {"liwei": "Li Wei", "nadia-k": "Nadia Karim"}
HERE = Facts(viewer="liwei", names=NAMES)
TALK = replace(HERE, requester="liwei")


def pull(state: str = "open", *, plan: str = "", gate: str = "", awaited: tuple[str, ...] = ()) -> PullSeen:
    checks = [Check(name, was, "", "") for name, was in ((PLAN, plan), (GATE, gate)) if was]
    merged = "5e1f" if state == "merged" else ""
    return PullSeen(7, "Onboard", "", state, "bot", "", "b", tuple(checks), (), (), "", awaited, merged)


def run(state: str) -> RunSeen:
    return RunSeen(9, "apply", "Onboard", state, "push", "5e1f", (), "", "")


WAITING = pull(plan="success", gate="failure", awaited=("nadia-k",))


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (HERE, "take one of the examples"),
        (replace(HERE, unheard=True), "begin with @lakeport"),
        (replace(HERE, at_home=True), "Your requests stand here"),
        (replace(HERE, going_on="1.5"), "Go on in your thread"),
        (replace(HERE, waiting=(7,)), "#7 waits for your review"),
        (TALK, "is reading this"),
        (replace(TALK, answered=True), "Answer in the thread"),
        (replace(TALK, asked=True), "press an answer"),
        (replace(TALK, asked=True, confirmable=True), "Confirm submits it"),
        (replace(TALK, viewer="nadia-k", asked=True), "Li Wei is asked"),
        (replace(TALK, viewer="nadia-k", confirmable=True), "Li Wei can confirm"),
        (replace(TALK, pull=pull()), "draws the plan"),
        (replace(TALK, pull=pull(plan="in_progress")), "draws the plan"),
        (replace(TALK, pull=pull(plan="failure")), "found problems"),
        (replace(TALK, pull=WAITING), "Nadia Karim can review this now"),
        (replace(TALK, viewer="nadia-k", pull=WAITING), "Then approve it"),
        (replace(TALK, pull=pull(plan="success", gate="failure")), "judges the reviews"),
        (replace(TALK, pull=pull(plan="success", gate="success")), "can be merged now"),
        (replace(TALK, pull=pull("closed")), "was closed"),
        (replace(TALK, pull=pull("merged")), "carries it out"),
        (replace(TALK, pull=pull("merged"), apply=run("in_progress")), "carries it out"),
        (replace(TALK, pull=pull("merged"), apply=run("failure")), "did not work"),
        (replace(TALK, pull=pull("merged"), apply=run("success")), "Everything stands"),
        (
            replace(TALK, pull=replace(pull("merged"), title="Retire churn"), apply=run("success")),
            "what was taken away",
        ),
    ],
)
def test_each_state_has_its_sentence(facts: Facts, words: str) -> None:
    assert words in next_step(facts).words


def test_the_person_who_can_go_on_is_offered() -> None:
    assert next_step(replace(TALK, pull=WAITING)).act_as == "nadia-k"
    assert next_step(replace(TALK, viewer="nadia-k", confirmable=True)).act_as == "liwei"
    assert next_step(replace(TALK, viewer="nadia-k", pull=WAITING)).act_as == ""


def test_what_is_under_way_is_watched_where_it_runs() -> None:
    for facts in (replace(TALK, pull=pull()), replace(TALK, pull=pull("merged"))):
        step = next_step(facts)
        assert (step.busy, step.place) == (True, "runs")
    assert next_step(replace(TALK, pull=pull("merged"), apply=run("failure"))).place == "run-9"


def test_a_thread_is_about_its_own_pull_request_only() -> None:
    """Who looks at the channel is told what waits for them, not what became of some request."""
    assert "#7" in next_step(replace(HERE, pull=WAITING, waiting=(7,))).words
    assert "examples" in next_step(replace(HERE, pull=pull("merged"), apply=run("success"))).words
