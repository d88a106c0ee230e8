"""The next useful thing: from what stands, a sentence for who looks, and where or as whom to do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.workspace.hub import GATE, PLAN, PullSeen, RunSeen


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the advice rests on. People are named by handle; ``names`` has everybody's full name.

    ``requester`` is who opened the thread that is looked at, empty when none is. ``asked``: the bot's last
    word is a question. ``unheard``: the viewer wrote into a channel without naming the bot. ``waiting`` are
    pull requests that wait for this viewer's approval; ``going_on`` is the newest thread that the viewer
    began.
    """

    viewer: str
    names: Mapping[str, str]
    requester: str = ""
    confirmable: bool = False
    asked: bool = False
    answered: bool = False
    unheard: bool = False
    at_home: bool = False
    going_on: str = ""
    pull: PullSeen | None = None
    apply: RunSeen | None = None
    waiting: tuple[int, ...] = ()


@dataclass(frozen=True)
class Step:
    """A sentence; ``act_as`` is who could do it, ``place`` the id of where it is done, ``link`` its label.

    ``thread`` is the thread to open. ``busy``: something is under way and there is nothing to do but watch.
    """

    words: str
    act_as: str = ""
    place: str = ""
    link: str = ""
    busy: bool = False
    thread: str = ""


def next_step(facts: Facts) -> Step:
    """What the viewer could do now."""
    if facts.pull is not None and facts.requester:
        return _of_pull(facts, facts.pull)
    if facts.requester:
        return _of_talk(facts)
    if facts.waiting:
        number = facts.waiting[0]
        return Step(f"Pull request #{number} waits for your review.", place=f"pull-{number}", link="Show it")
    if facts.unheard:
        return Step("In a channel Lakeport only hears what names it: begin with @lakeport.", place="composer")
    if facts.going_on:
        words = "Go on in your thread, or ask for something else."
        return Step(words, link="Open it", thread=facts.going_on)
    if facts.at_home:
        return Step("Your requests stand here. A new one begins in a channel or a direct message.")
    return Step("Say in your own words what you need, or take one of the examples.", place="composer")


def _of_talk(facts: Facts) -> Step:
    mine = facts.viewer == facts.requester
    name = facts.names.get(facts.requester, facts.requester)
    if facts.confirmable:
        if mine:
            return Step(
                "Everything is there. Read the card; Confirm submits it.", place="confirm", link="Show it"
            )
        return Step(f"{name} can confirm this now.", act_as=facts.requester)
    if facts.asked:
        if mine:
            return Step("Lakeport asks for something: press an answer, or write one.", place="reply")
        return Step(f"{name} is asked for something.", act_as=facts.requester)
    if facts.answered:
        return Step("Answer in the thread, or say what to change.", place="reply")
    return Step("Lakeport is reading this …", busy=True)


def _of_pull(facts: Facts, pull: PullSeen) -> Step:
    if pull.state == "merged":
        return _of_apply(facts)
    place = f"pull-{pull.number}"
    if pull.state == "closed":
        return Step(
            f"Pull request #{pull.number} was closed; nothing is set up.", place=place, link="Show it"
        )
    plan, gate = pull.check(PLAN), pull.check(GATE)
    if plan is not None and plan.state == "failure":
        return Step("The check found problems. The thread says which.", place=place, link="Show the check")
    if plan is None or plan.state != "success" or gate is None:
        return Step(
            "The workflow draws the plan against the live systems …", place="runs", link="Watch", busy=True
        )
    if pull.passed:
        return Step(
            f"Pull request #{pull.number} is approved. It can be merged now.", place=place, link="Show it"
        )
    if facts.viewer in pull.awaited:
        return Step("Read the plan. Then approve it, or ask for changes.", place=place, link="Show the plan")
    if pull.awaited:
        first = pull.awaited[0]
        return Step(f"{facts.names.get(first, first)} can review this now.", act_as=first, place=place)
    return Step("The gate judges the reviews …", place="runs", link="Watch", busy=True)


def _of_apply(facts: Facts) -> Step:
    run = facts.apply
    if run is None or run.live:
        return Step("Merged. The workflow carries it out …", place="runs", link="Watch", busy=True)
    if run.state == "success":
        if facts.pull and facts.pull.title.startswith(("Retire ", "Close ")):
            return Step("Done. The thread says what was taken away.", place="databricks", link="Look")
        return Step("Done. Everything stands.", place="databricks", link="See it in Databricks")
    return Step("The apply did not work. Its log says why.", place=f"run-{run.id}", link="Show the log")
