"""While people review: what they say is told in the thread, and what the requester answers reaches them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops.errors import RemoteDenied, RemoteUnavailable
from tests.fakes.repository import receipt
from tests.support.desk_rig import CHANNEL, JANE, ROOT, Rig
from tests.support.github_events import (
    RECEIPTS,
    check,
    comment,
    line_comment,
    merged,
    review,
    submitted,
)

ANSWER = "Because the data of a whole year goes through it every night."


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.stop()


def told(rig: Rig, words: str) -> list[dict[str, Any]]:
    return [one for one in rig.web.messages if words in one["text"]]


# --- what reviewers say ---


def test_everything_reviewers_say_is_told_once_with_who_and_where(rig: Rig) -> None:
    submitted(rig)
    said = [
        ("pull_request_review", review("commented", 1, "Looks fine to me so far.")),
        ("pull_request_review", review("changes_requested", 2, "Please name an owner.")),
        ("pull_request_review_comment", line_comment("Is that enough?", 3)),
        ("issue_comment", comment("Who pays for this?", 4)),
    ]
    for event, body in [*said, *reversed(said)]:
        rig.hook(event, body)
    words = {
        "Looks fine to me so far.": "nadia-k commented.",
        "Please name an owner.": "nadia-k asks for changes.",
        "Is that enough?": "nadia-k commented. On churn-prediction.yaml, line 14, “size: small”:",
        "Who pays for this?": "nadia-k commented.",
    }
    for text, who in words.items():
        (message,) = told(rig, text)
        assert message["text"].startswith(who)
        assert "https://github.example/7#" in str(message["blocks"])
    assert not rig.failures()


def test_the_comments_of_a_review_on_lines_are_told_and_the_empty_review_around_them_is_not(rig: Rig) -> None:
    submitted(rig)
    rig.hook("pull_request_review", review("commented", 1))
    rig.hook("pull_request_review_comment", line_comment("Is that enough?", 2))
    assert len(told(rig, "commented.")) == 1


def test_what_is_edited_or_deleted_later_stays_as_it_was_told(rig: Rig) -> None:
    submitted(rig)
    rig.hook("issue_comment", comment("Who pays for this?", 4))
    before = rig.texts()
    rig.hook("issue_comment", comment("Never mind.", 4, "edited"))
    rig.hook("issue_comment", comment("Never mind.", 4, "deleted"))
    rig.hook("pull_request_review_comment", line_comment("Never mind.", 5, "deleted"))
    assert rig.texts() == before


def test_machines_and_we_ourselves_are_not_told(rig: Rig) -> None:
    submitted(rig)
    before = rig.texts()
    bot = {"login": "github-actions[bot]", "type": "Bot"}
    rig.hook("issue_comment", comment("## Plan", 1, user=bot))
    rig.hook("issue_comment", comment("<!-- lakeport:said-1 -->\nLi Wei in Slack: hello", 2))
    assert rig.texts() == before


def test_what_a_reviewer_writes_can_do_nothing_in_slack(rig: Rig) -> None:
    submitted(rig)
    evil = "<!channel> <@U0JANEDOE> <https://evil.example|Confirm> *bold* `code`" + "x" * 9000
    rig.hook("issue_comment", comment(evil, 1))
    (message,) = told(rig, "bold")
    assert "<!channel>" not in message["text"]
    assert "&lt;!channel&gt;" in message["text"]
    sections = [one["text"] for one in message["blocks"] if one["type"] == "section"]
    assert [one["type"] for one in sections if "channel" in one["text"]] == ["plain_text"]
    assert all(len(one["text"]) <= 3000 for one in sections)


def test_a_question_after_the_merge_still_reaches_the_requester(rig: Rig) -> None:
    submitted(rig)
    rig.hook("pull_request", merged())
    rig.hook("issue_comment", comment("Can I use it already?", 9))
    assert len(told(rig, "Can I use it already?")) == 1


def test_a_merge_while_the_file_is_being_edited_is_told(rig: Rig) -> None:
    submitted(rig)
    rig.say("purpose: Something else entirely.")
    assert rig.found().state == "reviewing"
    rig.hook("pull_request", merged())
    assert rig.found().state == "merged"


def test_news_of_another_pull_request_on_the_same_branch_are_not_ours(rig: Rig) -> None:
    submitted(rig)
    other = check("failure", title="9 errors")
    other["check_run"]["pull_requests"] = [{"number": 99}]
    rig.hook("check_run", other)
    assert not told(rig, "9 errors")


# --- what the requester answers ---


def test_an_answer_becomes_a_comment_once(rig: Rig) -> None:
    submitted(rig)
    rig.say(ANSWER)
    ((number, marker),) = rig.github.comments
    body = rig.github.comments[number, marker]
    assert number == 7
    assert body.startswith("**Li Wei** in Slack (<https://acme.slack.example/archives/")
    assert f"> {ANSWER}" in body
    assert rig.texts()[-1] == "Passed on to the reviewers."
    assert rig.draft().state == "submitted"


def test_an_answer_delivered_again_is_passed_on_once(rig: Rig) -> None:
    submitted(rig)
    rig.github.fail["upsert_comment"] = [RemoteUnavailable("GitHub did not answer.")] * 2
    rig.say(ANSWER)
    rig.restart()
    rig.settle()
    assert len(rig.github.comments) == 1
    assert rig.texts().count("Passed on to the reviewers.") == 1


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("cc @nadia-k and @acme/admins", "@nadia-k"),
        ("see #1 and https://evil.example/x", "https://evil.example"),
        ("<https://evil.example/x|the docs> say so", "https://evil.example"),
        ("hello &lt;img src=x onerror=alert(1)&gt; &lt;!-- lakeport:plan --&gt;", "<"),
        ("```suggestion\nhello there\n```", "```"),
        ("[click](javascript:alert) ![x](y)", "[click]"),
        ("my token is ghp_0123456789abcdefghijklmnop, use it", "ghp_0123456789"),
    ],
)
def test_what_the_requester_writes_can_do_nothing_on_github(rig: Rig, text: str, never: str) -> None:
    submitted(rig)
    rig.say(text)
    (body,) = rig.github.comments.values()
    head, _, quoted = body.partition("\n\n")
    assert head.startswith("**Li Wei** in Slack")
    assert never not in quoted
    assert all(line.startswith(">") for line in quoted.strip().splitlines())


def test_mentions_become_names(rig: Rig) -> None:
    submitted(rig)
    rig.say(f"I asked <@{JANE}> and <@U0NOBODY1> about it.")
    (body,) = rig.github.comments.values()
    assert "I asked Jane Doe and somebody about it." in body


def test_a_change_is_a_change_and_no_comment(rig: Rig) -> None:
    submitted(rig)
    rig.say("purpose: Something else entirely.")
    assert rig.github.comments == {}
    assert rig.draft().state == "reviewing"
    rig.press("confirm")
    assert len(rig.github.submitted) == 2


def test_a_question_that_the_policy_answers_is_answered_here(rig: Rig) -> None:
    submitted(rig)
    rig.say("What sizes are there?")
    assert rig.github.comments == {}
    assert "small" in rig.texts()[-1]


def test_only_the_requester_is_passed_on(rig: Rig) -> None:
    submitted(rig)
    rig.say("I would make it bigger.", user=JANE)
    assert rig.github.comments == {}


def test_what_is_said_to_a_colleague_stays_in_the_thread(rig: Rig) -> None:
    submitted(rig)
    before = rig.texts()
    rig.say(f"<@{JANE}> do you remember why we did that?")
    assert (rig.github.comments, rig.texts()) == ({}, before)
    rig.say(f"<@U0LAKEPORT> {ANSWER}")
    assert len(rig.github.comments) == 1


def test_before_the_pull_request_nothing_is_passed_on(rig: Rig) -> None:
    rig.open()
    rig.say(ANSWER)
    assert rig.github.comments == {}
    assert "Passed on to the reviewers." not in rig.texts()


def test_what_could_not_be_passed_on_is_said_and_the_request_stands(rig: Rig) -> None:
    submitted(rig)
    rig.github.fail["upsert_comment"] = [RemoteDenied("GitHub does not let the bot comment.", fix="Let it.")]
    confirmed = rig.draft().confirmed_digest
    rig.say(ANSWER)
    assert rig.texts()[-1] == "GitHub does not let the bot comment. Let it."
    assert (rig.draft().state, rig.draft().confirmed_digest) == ("submitted", confirmed)


# --- taking it back ---


def test_it_can_be_withdrawn_while_it_is_edited_again(rig: Rig) -> None:
    submitted(rig)
    rig.say("purpose: Something else entirely.")
    rig.press("withdraw")
    assert [number for number, _ in rig.github.closed] == [7]
    assert rig.found().state == "withdrawn"


def test_after_the_merge_it_is_too_late_to_withdraw_also_when_the_apply_failed(rig: Rig) -> None:
    submitted(rig)
    old = rig.button("withdraw")
    rig.hook("pull_request", merged())
    rig.press("withdraw", value=old)
    assert "is merged" in rig.texts()[-1]
    rig.github.receipts.append(receipt(1, 7, "partial", error="Databricks did not answer."))
    rig.hook("push", RECEIPTS)
    rig.press("withdraw", value=old)
    assert rig.github.closed == []
    assert rig.found().state == "failed"
    assert not any("nothing was changed anywhere" in text for text in rig.texts())


def test_the_end_has_links_and_a_failure_says_what_to_do(rig: Rig) -> None:
    submitted(rig)
    rig.hook("pull_request", merged())
    rig.github.receipts.append(receipt(1, 7, "partial", error="Databricks did not answer."))
    rig.hook("push", RECEIPTS)
    failed = str(rig.web.in_thread(CHANNEL, ROOT)[-1]["blocks"])
    assert "Databricks did not answer." in failed
    assert "What to do:" in failed
    assert "/actions/runs/5|See the run>" in failed
    outputs = {
        "repo/acme/growth-churn": {"url": "https://github.example/acme/growth-churn"},
        "schema/ml_dev.churn": {"url": "https://lake.example/explore/data/ml_dev/churn", "id": "s1"},
        "compute/growth-churn-dev": {"url": "https://lake.example/compute/clusters/c1", "id": "c1"},
    }
    rig.github.receipts.append(receipt(2, 7, outputs=outputs))
    rig.hook("push", RECEIPTS)
    (message,) = (one for one in told(rig, "Done.") if one is not rig.card())
    for one in outputs.values():
        assert f"<{one['url']}|" in str(message["blocks"])
