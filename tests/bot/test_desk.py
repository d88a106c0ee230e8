"""The desk: every event once, in order, whatever dies when; what is confirmed is what is submitted."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.desk import Desk, DurableSteps, Pace
from bot.envelope import Envelope, of_slack, thread_marker
from bot.model import Extractor, prompt
from bot.store import Store
from gitops.errors import RemoteDenied, RemoteUnavailable
from gitops.plan import digest
from tests.fakes.repository import receipt
from tests.support import slack_events as slack
from tests.support.desk_rig import CHANNEL, COMPLETE, JANE, PACE, ROOT, Rig, prepared

HERE = Path(__file__).resolve().parents[2]
BRANCH = "request/dev/growth/churn-prediction"
PATH = "requests/dev/growth/churn-prediction.yaml"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.stop()


def submitted(rig: Rig) -> None:
    rig.open()
    rig.press("confirm")
    assert rig.draft().state == "submitted", rig.texts()


def pull(**changes: Any) -> dict[str, Any]:
    given = {
        "number": 7, "html_url": "https://github.example/7", "merged": False,
        "body": thread_marker(CHANNEL, ROOT),
        "head": {"ref": BRANCH, "sha": "a" * 40, "repo": {"full_name": "acme/lakeport"}},
        "merge_commit_sha": "b" * 40, "updated_at": "2026-11-21T00:00:00Z",
    }  # fmt: skip
    return given | changes


def check(
    conclusion: str = "success", name: str = "lakeport/plan", title: str = "2 changes"
) -> dict[str, Any]:
    run = {
        "name": name, "status": "completed", "conclusion": conclusion, "head_sha": "a" * 40,
        "check_suite": {"head_branch": BRANCH}, "output": {"title": title}, "html_url": "https://github.example/c",
    }  # fmt: skip
    return {"action": "completed", "check_run": run}


def review(state: str = "approved", number: int = 1) -> dict[str, Any]:
    given = {
        "id": number,
        "state": state,
        "body": "",
        "user": {"login": "nadia-k"},
        "html_url": "https://github.example/r",
    }
    return {"action": "submitted", "review": given, "pull_request": pull()}


MERGED = {"action": "closed", "pull_request": pull(merged=True)}
RECEIPTS = {"ref": "refs/heads/receipts", "after": "c" * 40}


# --- the talk, from the first word to the end ---


def test_a_request_goes_from_a_sentence_to_what_stands(rig: Rig) -> None:
    rig.open()
    assert rig.draft().state == "reviewing", rig.texts()
    shown = rig.button("confirm")
    rig.press("confirm")
    assert [one["path"] for one in rig.github.submitted] == [PATH]
    assert digest(rig.github.submitted[0]["raw"]) == shown == rig.draft().confirmed_digest
    assert (rig.found().pull_number, rig.found().branch, rig.found().state) == (7, BRANCH, "submitted")
    assert "confirm" not in rig.buttons()
    rig.hook("pull_request", {"action": "opened", "pull_request": pull()})
    rig.hook("check_run", check())
    rig.hook("pull_request_review", review())
    rig.hook("pull_request", MERGED)
    assert rig.found().state == "merged"
    rig.github.receipts.append(receipt(1, 7))
    rig.hook("push", RECEIPTS)
    assert rig.found().state == "applied"
    told = rig.texts()
    for words in ("pull request #7", "check is through", "nadia-k approved", "Merged", "Done"):
        assert sum(words in text for text in told) == 1, (words, told)
    assert "growth-churn" in str(rig.web.in_thread(CHANNEL, ROOT)[-1]) + str(rig.web.messages)
    assert not rig.failures()


def test_nothing_is_looked_up_that_was_not_lost(rig: Rig) -> None:
    submitted(rig)
    assert not [one for one in rig.web.calls if one.startswith("conversations.")]


def test_the_pull_request_says_who_and_where_from(rig: Rig) -> None:
    submitted(rig)
    sent = rig.github.submitted[0]
    assert "Li Wei" in sent["body"]
    assert "acme.slack.example" in sent["body"]
    assert thread_marker(CHANNEL, ROOT) in sent["body"]
    assert "Lakeport-Request: dev/growth/churn-prediction" in sent["message"]
    assert "Lakeport-Model" not in sent["message"], "only the rules read it"


def test_the_commit_says_which_model_read_the_words(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Extractor.__call__

    def by_a_model(*given: Any, **more: Any) -> Any:
        return replace(read(*given, **more), by="openai", model="good")

    monkeypatch.setattr(Extractor, "__call__", by_a_model)
    submitted(rig)
    said = rig.github.submitted[0]["message"].splitlines()
    assert f"Lakeport-Model: good; prompt {prompt.version()}" in said


def test_what_is_missing_is_asked_with_its_path_in_the_metadata(rig: Rig) -> None:
    rig.open("<@U0LAKEPORT> we need a repo")
    asked = [one["metadata"]["event_payload"].get("asks") for one in rig.web.in_thread(CHANNEL, ROOT)]
    assert rig.draft().asked in asked
    assert rig.draft().state == "collecting"


def test_an_answer_in_the_thread_needs_no_mention(rig: Rig) -> None:
    rig.open(COMPLETE.replace("Name: churn-prediction. ", ""))
    assert rig.draft().asked == "metadata.name"
    rig.say("churn-prediction")
    assert rig.draft().said["metadata.name"].value == "churn-prediction"
    assert rig.card()["updated"] >= 1


def test_talk_that_is_not_for_us_is_left_alone(rig: Rig) -> None:
    rig.say("we need a repo", thread="1600000000.000100")
    rig.say("<@U0SOMEBODY> we need a repo", thread="")
    assert rig.web.messages == []


def test_a_direct_message_needs_no_mention_and_goes_on_without_a_thread(rig: Rig) -> None:
    rig.say("we need a repo", channel="D1", thread="")
    first = rig.store.open_with("U024BE7LH", "D1")
    rig.say("name: churn-prediction", channel="D1", thread="")
    assert first is not None
    assert len(rig.store.all_of("U024BE7LH")) == 1
    assert {one["thread_ts"] for one in rig.web.messages} == {first.thread_ts}


def test_others_cannot_change_or_confirm(rig: Rig) -> None:
    rig.open()
    before = rig.draft().said
    rig.say("actually make it xl", user=JANE)
    rig.press("confirm", user=JANE)
    assert rig.draft().said == before
    assert rig.github.submitted == []


def test_an_old_card_confirms_nothing(rig: Rig) -> None:
    rig.open()
    old = rig.button("confirm")
    rig.say("purpose: Something else entirely.")
    body = slack.pressed(
        "confirm", old, channel=CHANNEL, thread_ts=ROOT, action_ts="1700000300.1", trigger="t.old"
    )
    rig.slack(body)
    assert rig.github.submitted == []
    assert any("has changed since" in text for text in rig.texts())


def test_what_was_not_confirmed_is_not_submitted(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest is checked right before the commit, over the bytes that would be committed."""
    rig.open()
    saved = Store.save

    def tampered(self: Store, conversation: Any, key: str, orders: Any) -> Any:
        changed = [one | {"raw": one["raw"] + "# more\n"} if one["do"] == "submit" else one for one in orders]
        return saved(self, conversation, key, changed)

    monkeypatch.setattr(Store, "save", tampered)
    rig.press("confirm")
    assert rig.github.submitted == []
    assert any("not the one that was confirmed" in text for text in rig.texts())


def test_a_failed_submit_says_why_and_can_be_confirmed_again(rig: Rig) -> None:
    rig.open()
    rig.github.fail["submit"] = [
        RemoteDenied("GitHub does not let the bot push.", fix="Give it write access.")
    ]
    rig.press("confirm")
    assert any("does not let the bot push" in text for text in rig.texts())
    rig.press("confirm")
    assert rig.draft().state == "submitted"


def test_a_submit_is_tried_again_while_github_is_away(rig: Rig) -> None:
    rig.open()
    rig.github.fail["submit"] = [RemoteUnavailable("GitHub did not answer.")] * 2
    rig.press("confirm")
    assert rig.draft().state == "submitted"
    assert len(rig.github.submitted) == 1


def test_withdrawing_closes_the_pull_request(rig: Rig) -> None:
    submitted(rig)
    rig.press("withdraw")
    assert [number for number, _ in rig.github.closed] == [7]
    assert rig.found().state == "withdrawn"
    rig.hook(
        "pull_request", {"action": "closed", "pull_request": pull(), "sender": {"login": "lakeport[bot]"}}
    )
    assert not any("closed without being merged" in text for text in rig.texts())


def test_a_defect_of_ours_is_owned_up_to(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any, **_kwargs: Any) -> Any:
        raise ZeroDivisionError("canary")

    rig.open("<@U0LAKEPORT> we need a repo")
    monkeypatch.setattr("bot.conversation.step", broken)
    rig.say("name: churn-prediction")
    assert sum("went wrong on my side" in text for text in rig.texts()) == 1
    assert "canary" not in str(rig.texts())
    monkeypatch.undo()
    rig.say("name: churn-prediction")
    assert rig.draft().said["metadata.name"].value == "churn-prediction"


def test_an_edit_of_a_message_is_ignored_politely(rig: Rig) -> None:
    rig.open("<@U0LAKEPORT> we need a repo")
    body = slack.event(
        "EvEdit", type="message", subtype="message_changed", channel=CHANNEL, event_ts="1700000400.1",
        message={"text": "we need a cluster", "ts": ROOT, "user": "U024BE7LH"},
        previous_message={"text": "we need a repo", "ts": ROOT},
    )  # fmt: skip
    before = rig.draft()
    rig.slack(body)
    rig.slack(body)
    assert rig.draft() == before
    assert sum("do not follow edits" in text for text in rig.texts()) == 1


# --- commands, the form, the home ---


def test_the_command_opens_a_thread(rig: Rig) -> None:
    rig.slack(slack.command("new we need a repo for churn-prediction"))
    root = rig.web.messages[0]
    assert "<@U024BE7LH>" in root["text"]
    assert {one.get("thread_ts") for one in rig.web.messages[1:]} == {root["ts"]}
    assert rig.store.in_thread(CHANNEL, root["ts"]) is not None


@pytest.mark.parametrize(
    ("text", "words"),
    [("help", "/lakeport new"), ("", "/lakeport new"), ("status", "asked for"), ("dance", "I know")],
)
def test_other_commands_answer_only_the_person(rig: Rig, text: str, words: str) -> None:
    rig.slack(slack.command(text))
    assert rig.web.messages == []
    assert [words in one["text"] for one in rig.web.whispers] == [True]


def test_where_we_may_not_speak_the_answer_comes_directly(rig: Rig) -> None:
    rig.web.fail["chat.postEphemeral"] = ["not_in_channel"]
    rig.slack(slack.command("help"))
    assert [one["channel"] for one in rig.web.messages] == ["U024BE7LH"]


def form(rig: Rig, **values: str) -> dict[str, Any]:
    view = rig.web.views[-1]["view"]
    state = {
        path.replace("__", "."): {"value": {"type": "plain_text_input", "value": value}}
        for path, value in values.items()
    }
    return {
        "type": "view_submission", "team": {"id": slack.TEAM}, "user": {"id": "U024BE7LH"},
        "view": view | {"id": "V1", "hash": "1700000500.abc", "state": {"values": state}},
    }  # fmt: skip


def test_the_form_is_opened_checked_in_line_and_taken(rig: Rig) -> None:
    rig.open()
    rig.press("edit")
    wrong = form(rig, metadata__name="Not A Name!")
    assert rig.inline(wrong) == {"response_action": "errors", "errors": rig.inline(wrong)["errors"]}  # type: ignore[index]
    right = form(rig, metadata__name="churn-model")
    assert rig.inline(right) is None
    rig.slack(right)
    rig.slack(right)
    assert rig.draft().said["metadata.name"].value == "churn-model"


def test_a_form_nobody_knows_is_nothing(rig: Rig) -> None:
    for view in (
        {},
        {"private_metadata": "{"},
        {"private_metadata": "{}"},
        {"private_metadata": '{"conversation": "c1"}', "state": {"values": {}}},
    ):
        assert rig.inline({"type": "view_submission", "view": view}) is None


def test_the_home_shows_what_a_person_asked_for(rig: Rig) -> None:
    rig.open()
    rig.slack(slack.event("EvHome", type="app_home_opened", user="U024BE7LH", tab="home", event_ts="1.1"))
    assert "churn-prediction" in str(rig.web.homes[0]["view"])


# --- once ---


def test_an_event_delivered_again_is_handled_once(rig: Rig) -> None:
    for _ in range(3):
        rig.open()
    rig.slack(slack.said(COMPLETE, ts=ROOT, event_id="EvOther"))
    assert len(rig.draft().heard) == 1
    assert rig.found().version == 1


def test_an_event_delivered_again_after_a_restart_is_handled_once(rig: Rig) -> None:
    rig.open()
    said = rig.texts()
    rig.restart()
    rig.open()
    assert rig.texts() == said


def test_ten_deliveries_at_once_are_handled_once(rig: Rig) -> None:
    envelope = of_slack(slack.said(COMPLETE, ts=ROOT, kind="app_mention"))
    assert envelope is not None
    threads = [threading.Thread(target=rig.desk.accept, args=(envelope,)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rig.settle()
    assert rig.found().version == 1
    assert len(rig.texts()) == len(set(rig.texts()))


def test_pressing_confirm_many_times_submits_once(rig: Rig) -> None:
    rig.open()
    shown = rig.button("confirm")  # all twenty on the card as it was: the first may be done before the last
    for _ in range(20):
        rig.press("confirm", value=shown, settle=False)
    rig.settle()
    assert len(rig.github.submitted) == 1
    assert sum("Submitted as pull request" in text for text in rig.texts()) == 1


def test_a_message_whose_answer_was_lost_is_not_sent_again(rig: Rig) -> None:
    """Slack took it and the connection broke: the next try finds it by the key in its metadata."""
    rig.web.fail["chat.postMessage"] = [("after", ConnectionResetError()), None, ("after", TimeoutError())]
    rig.open()
    assert len(rig.texts()) == len(set(rig.texts()))
    assert "conversations.replies" in rig.web.calls
    assert not rig.failures()


def test_a_message_that_never_left_is_sent(rig: Rig) -> None:
    rig.web.fail["chat.postMessage"] = [ConnectionRefusedError(), "internal_error"]
    rig.open()
    assert rig.card()


def test_dying_between_sending_and_remembering_sends_nothing_twice(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the process was killed there: the record is never written, then a new process comes."""
    died = threading.Event()
    finish = Store.finish

    def die(self: Store, key: str, ref: str | None) -> None:
        if not died.is_set():
            died.set()
            raise SystemExit
        finish(self, key, ref)

    monkeypatch.setattr(Store, "finish", die)
    rig.slack(slack.said(COMPLETE, ts=ROOT, kind="app_mention"), settle=False)
    assert died.wait(10)
    said = len(rig.texts())
    rig.restart()
    rig.settle()
    assert said >= 1
    assert len(rig.texts()) == len(set(rig.texts()))
    assert rig.card()


def test_while_slack_is_away_nothing_is_lost(rig: Rig) -> None:
    rig.web.fail["auth.test"] = [ConnectionRefusedError()] * 2
    rig.open()
    assert rig.draft().state == "reviewing"


# --- order ---


def test_messages_of_one_thread_are_worked_on_in_order(rig: Rig) -> None:
    rig.open("<@U0LAKEPORT> we need a repo")
    said = [f"purpose: Purpose number {number} of this." for number in range(12)]
    for text in said:
        rig.say(text, settle=False)
    rig.settle()
    assert list(rig.draft().heard[1:]) == said


def test_a_long_talk_does_not_hold_up_another(tmp_path: Path) -> None:
    release, order = threading.Event(), []

    def handle(payload: dict[str, Any], _key: str) -> None:
        if payload["slow"]:
            release.wait(10)
        order.append(payload["slow"])

    desk = Desk(prepared(tmp_path), {"slack": handle}, pace=PACE)
    desk.start()
    try:
        desk.accept(Envelope("slack", "a", "C1/1", {"slow": True}))
        desk.accept(Envelope("slack", "b", "C1/2", {"slow": False}))
        _wait(lambda: order == [False])
        release.set()
        _wait(lambda: order == [False, True])
    finally:
        release.set()
        desk.stop()


def test_one_thing_that_breaks_does_not_stop_the_next(tmp_path: Path) -> None:
    done: list[str] = []

    def handle(payload: dict[str, Any], key: str) -> None:
        if payload["bad"]:
            raise ZeroDivisionError
        done.append(key)

    desk = Desk(prepared(tmp_path), {"slack": handle}, pace=PACE)
    desk.start()
    try:
        desk.accept(Envelope("slack", "a", "C1/1", {"bad": True}))
        desk.accept(Envelope("slack", "b", "C1/1", {"bad": False}))
        _wait(lambda: done == ["b"])
    finally:
        desk.stop()


def _wait(condition: Any, seconds: float = 10.0) -> None:
    limit = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        limit.wait(0.02)
    raise AssertionError("did not happen in time")


def test_a_step_gives_the_last_error_when_trying_again_does_not_help(tmp_path: Path) -> None:
    tried: list[int] = []
    seen: list[str] = []

    def broken() -> None:
        tried.append(1)
        raise RemoteUnavailable(f"No answer, try {len(tried)}.")

    steps = DurableSteps(Pace(tries=3, wait=0.01))

    def handle(_payload: dict[str, Any], _key: str) -> None:
        try:
            steps.run("broken", broken)
        except RemoteUnavailable as error:
            seen.append(error.what)

    desk = Desk(prepared(tmp_path), {"slack": handle}, pace=PACE)
    desk.start()
    try:
        desk.accept(Envelope("slack", "a", "C1/1", {}))
        _wait(lambda: seen == ["No answer, try 3."])
    finally:
        desk.stop()


# --- durable before acknowledged: real processes that die ---


def run(folder: Path, *task: str) -> int:
    command = [sys.executable, str(HERE / "tests/support/crash_desk.py"), str(folder), *task]
    environment = os.environ | {"PYTHONPATH": str(HERE)}
    return subprocess.run(command, env=environment, capture_output=True, timeout=60).returncode


def test_what_was_accepted_survives_the_process(tmp_path: Path) -> None:
    assert run(tmp_path, "accept") == 9
    assert not (tmp_path / "diary").exists()
    assert run(tmp_path, "work") == 0
    assert (tmp_path / "diary").read_text().split("\n") == ["first e1", "second e1", "end e1", ""]


def test_what_was_done_before_dying_is_not_done_again(tmp_path: Path) -> None:
    assert run(tmp_path, "accept") == 9
    assert run(tmp_path, "work", "before") == 9
    assert run(tmp_path, "work", "inside") == 9
    assert run(tmp_path, "work") == 0
    lines = (tmp_path / "diary").read_text().split("\n")
    assert lines == ["first e1", "second e1", "second e1", "end e1", ""]


def test_a_database_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    desk = Desk(Store(f"sqlite:///{tmp_path}/bot.db"), {}, pace=PACE)
    assert "queue" in desk.problems()
    desk.start()
    assert desk.problems() == {}
    desk.stop()
    assert "queue" in desk.problems()


# --- GitHub ---


def test_news_told_twice_are_told_once(rig: Rig) -> None:
    submitted(rig)
    for _ in range(3):
        rig.hook("pull_request", {"action": "opened", "pull_request": pull()})
        rig.hook("check_run", check())
        rig.hook("pull_request_review", review())
        rig.hook("pull_request", MERGED)
    rig.github.receipts.append(receipt(1, 7))
    for _ in range(3):
        rig.hook("push", RECEIPTS)
    assert len(rig.texts()) == len(set(rig.texts()))


def test_news_out_of_order_do_no_harm(rig: Rig) -> None:
    submitted(rig)
    rig.github.receipts.append(receipt(1, 7))
    rig.hook("push", RECEIPTS)
    rig.hook("pull_request", MERGED)
    rig.hook("pull_request_review", review())
    rig.hook("check_run", check())
    rig.hook("pull_request", {"action": "opened", "pull_request": pull()})
    assert rig.found().state == "applied"
    assert rig.texts()[-1].startswith("Done")


def test_a_check_that_fails_is_told_and_a_closed_gate_is_not(rig: Rig) -> None:
    submitted(rig)
    rig.hook("check_run", check("failure", name="lakeport/gate", title="1 approval is missing"))
    rig.hook("check_run", check("failure", title="1 error"))
    assert sum("1 error" in text for text in rig.texts()) == 1
    assert not any("approval is missing" in text for text in rig.texts())


def test_a_failed_apply_says_what_to_do(rig: Rig) -> None:
    submitted(rig)
    rig.hook("pull_request", MERGED)
    rig.github.receipts.append(receipt(1, 7, "partial", error="Databricks did not answer."))
    rig.hook("push", RECEIPTS)
    assert rig.found().state == "failed"
    last = rig.web.in_thread(CHANNEL, ROOT)[-1]
    assert "Databricks did not answer" in str(last)
    assert "What to do" in str(last)
    rig.github.receipts.append(receipt(2, 7))
    rig.hook("push", RECEIPTS)
    assert rig.found().state == "applied"


def test_an_older_receipt_of_the_same_request_is_not_ours(rig: Rig) -> None:
    rig.github.receipts.append(receipt(1, 3))
    submitted(rig)
    rig.hook("push", RECEIPTS)
    assert rig.found().state == "submitted"


def test_a_run_that_dies_without_a_receipt_is_told(rig: Rig) -> None:
    submitted(rig)
    rig.hook("pull_request", MERGED)
    rig.github.pulls[BRANCH] = replace(rig.github.pulls[BRANCH], merge_sha="b" * 40, merged=True)
    run_ = {
        "path": ".github/workflows/apply.yml",
        "id": 5,
        "head_sha": "b" * 40,
        "conclusion": "failure",
        "html_url": "https://github.example/5",
    }
    rig.hook("workflow_run", {"action": "completed", "workflow_run": run_})
    assert rig.found().state == "failed"
    rig.github.receipts.append(receipt(1, 7))
    rig.hook("push", RECEIPTS)
    assert rig.found().state == "applied"


def test_a_lost_database_is_rebuilt_from_the_pull_request(rig: Rig) -> None:
    submitted(rig)
    raw = rig.github.submitted[0]["raw"]
    rig.stop()
    for file in rig.folder.glob("bot.db*"):
        file.unlink()
    rig.start()
    rig.github.files[PATH, "b" * 40] = raw
    rig.hook("pull_request", MERGED)
    assert (rig.found().state, rig.found().requester, rig.found().pull_number) == ("merged", "U024BE7LH", 7)
    rig.github.receipts.append(receipt(1, 7))
    rig.hook("push", RECEIPTS)
    assert rig.found().state == "applied"
    assert not rig.failures()


def test_the_policy_is_read_again_when_the_default_branch_moves(rig: Rig) -> None:
    rig.open("<@U0LAKEPORT> we need a repo")
    rig.say("name: churn-prediction")
    assert len(rig.github.reads) == 1
    rig.hook("push", {"ref": "refs/heads/main", "after": "d" * 40})
    rig.say("purpose: Predict which subscribers will leave.")
    assert len(rig.github.reads) == 2
    rig.github.fail["read_file"] = [RemoteUnavailable("GitHub did not answer.")] * 9
    rig.hook("push", {"ref": "refs/heads/main", "after": "e" * 40})
    rig.say("team growth")
    assert rig.draft().said["metadata.team"].value == "growth"


def test_without_a_policy_the_person_is_told(rig: Rig) -> None:
    rig.github.policy = None
    rig.open()
    assert any("requests/policy.yaml" in text for text in rig.texts())
    assert "policy" in rig.desk.problems()
    assert not rig.failures()


def test_a_question_that_was_answered_has_no_buttons_any_more(rig: Rig) -> None:
    rig.open("<@U0LAKEPORT> we need a repo called churn-prediction in dev for team growth")
    first = rig.questions()[-1]
    rig.say("to predict who leaves")
    rig.say("jane.doe@acme.example is the business owner")
    asked = rig.questions()
    assert first["ts"] != asked[-1]["ts"]
    assert "actions" in {block["type"] for block in asked[-1]["blocks"]}
    for former in asked[:-1]:
        assert former["text"]
        assert "actions" not in {block["type"] for block in former["blocks"]}
