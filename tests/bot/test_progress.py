"""While it is being carried out: one message says how far it is, and the last word is the receipt's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bot.views.steps import steps_message
from gitops.live import Progress, encode
from gitops.receipts import Step, StepOutcome
from sandbox.slack.blocks import check_message
from tests.fakes.repository import receipt
from tests.support.desk_rig import Rig
from tests.support.github_events import PATH, RECEIPTS, comment, merged, person, pull, submitted

ACTIONS = person("github-actions[bot]", "Bot")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.stop()


def far(number: int, *states: str, run: str = "5-1", **more: Any) -> dict[str, Any]:
    """The comment of the apply, as a webhook tells that it was edited."""
    steps = tuple((state, f"Create part {index}") for index, state in enumerate(states, 1))
    body = encode(
        Progress(run, number, steps, states.count("done"), len(states)), "dev/growth/churn-prediction"
    )
    edited = comment(body, 77, "created" if number == 1 else "edited", user=ACTIONS)
    return edited | {"sender": ACTIONS} | more


def shown(rig: Rig) -> list[dict[str, Any]]:
    return [one for one in rig.web.messages if one["text"].startswith(("Carrying it out", "Carried out"))]


def lines(message: dict[str, Any]) -> list[str]:
    (plan,) = (one for one in message["blocks"] if one["type"] == "plan")
    return [f"{task['status']}: {task['title']}" for task in plan["tasks"]]


def done(number: int, outcome: StepOutcome = "done") -> Step:
    return Step(key=f"k{number}", digest="", verb="", summary=f"Create part {number}", outcome=outcome)


def test_one_message_follows_the_apply_to_its_end(rig: Rig) -> None:
    submitted(rig)
    rig.hook("pull_request", merged())
    rig.hook("issue_comment", far(1, "waiting", "waiting"))
    (message,) = shown(rig)
    assert message["text"] == "Carrying it out: 0 of 2 steps are done."
    rig.hook("issue_comment", far(2, "done", "running"))
    assert message["text"] == "Carrying it out: 1 of 2 steps is done. Running: Create part 2."
    assert lines(message) == ["complete: Create part 1", "in_progress: Create part 2"]
    steps = (done(1), done(2))
    rig.github.receipts.append(replace(receipt(1, 7), run_id="5", attempt=1, steps=steps))
    rig.hook("push", RECEIPTS)
    assert message["text"] == "Carried out: 2 of 2 steps are done."
    assert shown(rig) == [message]
    assert rig.texts()[-1].startswith("Done")


def test_that_a_run_starts_is_no_result(rig: Rig) -> None:
    submitted(rig)
    rig.hook("pull_request", merged())
    said = list(rig.texts())
    rig.github.receipts.append(receipt(1, 7, "started", steps=(), outputs={}))
    rig.hook("push", RECEIPTS)
    assert rig.texts() == said
    rig.github.receipts.append(receipt(2, 7, "failed", error="It broke.", hold="It was tried 3 times."))
    rig.hook("push", RECEIPTS)
    assert "It was tried 3 times." in str(rig.web.messages)
    assert "on hold" in str(rig.web.messages)


@pytest.mark.parametrize(
    ("lifecycle", "due", "told", "kept"),
    [
        ("active", "", "Done. Everything stands.", ""),
        ("retiring", "", "Done. Everything was taken away.", "Kept:"),
        (
            "retiring",
            "2026-12-21",
            "Done. Everything was taken away but what holds data: that is dropped on 2026-12-21 "
            "if it is empty by then, without another approval.",
            "Still there, to be read:",
        ),
        ("retired", "", "Done. The request is closed.", "Kept:"),
    ],
)
def test_the_last_word_says_what_is_true(rig: Rig, lifecycle: str, due: str, told: str, kept: str) -> None:
    submitted(rig)
    rig.hook("pull_request", merged())
    raw = rig.github.submitted[-1]["raw"].replace(b"lifecycle: active", f"lifecycle: {lifecycle}".encode())
    rig.github.files[PATH, "b" * 40] = raw
    status = "waiting" if due else "applied"
    rig.github.receipts.append(receipt(1, 7, status, path=PATH, due=due))
    rig.hook("push", RECEIPTS)
    assert rig.texts()[-1] == told
    assert kept in str(rig.web.messages[-1]["blocks"])
    assert "https://github.example/acme/lakeport-churn" in str(rig.web.messages[-1]["blocks"]), "its outputs"
    assert rig.found().state == "applied"


def test_twice_and_in_reverse_shows_the_newest(rig: Rig) -> None:
    submitted(rig)
    rig.hook("pull_request", merged())
    bodies = [far(1, "waiting"), far(2, "running"), far(3, "done")]
    for body in [*reversed(bodies), *bodies]:
        rig.hook("issue_comment", body)
    (message,) = shown(rig)
    assert lines(message) == ["complete: Create part 1"]
    assert message.get("updated", 0) == 0


def test_what_failed_and_what_was_not_run_are_said_in_the_end(rig: Rig) -> None:
    submitted(rig)
    rig.hook("pull_request", merged())
    rig.hook("issue_comment", far(1, "running", "waiting", "waiting"))
    steps = (done(1), done(2, "failed"), done(3, "not_run"))
    rig.github.receipts.append(replace(receipt(1, 7, "partial"), run_id="5", attempt=1, steps=steps))
    rig.hook("push", RECEIPTS)
    (message,) = shown(rig)
    assert lines(message) == [
        "complete: Create part 1",
        "error: Create part 2",
        "pending: Create part 3 (not run)",
    ]
    assert rig.found().state == "failed"


def test_a_second_run_has_a_message_of_its_own(rig: Rig) -> None:
    submitted(rig)
    rig.hook("pull_request", merged())
    rig.hook("issue_comment", far(1, "running"))
    rig.hook("issue_comment", far(1, "done", run="5-2"))
    assert len(shown(rig)) == 2


def test_without_progress_the_receipt_alone_is_told(rig: Rig) -> None:
    submitted(rig)
    rig.hook("pull_request", merged())
    rig.github.receipts.append(receipt(1, 7))
    rig.hook("push", RECEIPTS)
    assert shown(rig) == []
    assert rig.found().state == "applied"


def test_what_was_refused_and_is_approved_anew_is_told_to_its_end(rig: Rig) -> None:
    """Somebody ordered a fresh approval: another pull request, not the bot's own doing in the thread."""
    submitted(rig)
    rig.hook("pull_request", merged())
    rig.github.receipts.append(replace(receipt(1, 7, "refused"), error="The world moved on."))
    rig.hook("push", RECEIPTS)
    assert rig.found().state == "failed"
    assert any("The world moved on." in text for text in rig.texts())
    again = pull(number=8, html_url="https://github.example/8", body="")
    rig.hook("pull_request", {"action": "opened", "pull_request": again, "sender": person("lakeport[bot]")})
    assert rig.found().pull_number == 8
    rig.github.receipts.append(receipt(2, 8))
    rig.hook("push", RECEIPTS)
    assert rig.found().state == "applied"


@pytest.mark.parametrize("who", [{"user": person("eve")}, {"sender": person("eve")}])
def test_people_cannot_write_or_edit_progress(rig: Rig, who: dict[str, Any]) -> None:
    submitted(rig)
    rig.hook("pull_request", merged())
    body = far(1, "done", **({"sender": who["sender"]} if "sender" in who else {}))
    body["comment"] |= {"user": who["user"]} if "user" in who else {}
    rig.hook("issue_comment", body)
    assert shown(rig) == []


def test_progress_that_comes_after_the_end_changes_nothing(rig: Rig) -> None:
    submitted(rig)
    rig.hook("pull_request", merged())
    rig.github.receipts.append(receipt(1, 7))
    rig.hook("push", RECEIPTS)
    rig.hook("issue_comment", far(1, "running"))
    assert shown(rig) == []


def test_a_hundred_steps_fit_into_a_message(rig: Rig) -> None:
    submitted(rig)
    rig.hook("pull_request", merged())
    body = encode(Progress("5-1", 1, tuple(("waiting", "x" * 150) for _ in range(50)), 0, 100), "dev/x/y")
    rig.hook("issue_comment", comment(body, 77, user=ACTIONS) | {"sender": ACTIONS})
    (message,) = shown(rig)
    assert len(message["blocks"]) <= 50
    assert not rig.failures()


def test_a_hostile_plan_stays_within_what_slack_takes() -> None:
    many = [
        ("running", "<!channel> <https://x.example|y> & `" * 20),
        ("not_run", ""),
        *[("done", "é" * 400)] * 98,
    ]
    message = steps_message(many, done=98, total=100)
    assert check_message(message.text, list(message.blocks))
    assert "<!channel>" not in message.text
    assert len(message.blocks[0]["tasks"]) == 50
