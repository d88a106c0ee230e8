"""Envelopes: one key for one thing that happened, one partition for one conversation, no secrets."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.envelope import THREAD_MARKER, Envelope, conversation_id, of_github, of_slack, thread_marker
from bot.facts import EVENTS, name_of
from gitops import render_lifecycle
from tests.support import slack_events as slack

REPOSITORY = "acme/lakeport"


def sure(envelope: Envelope | None) -> Envelope:
    assert envelope is not None
    return envelope


def test_a_mention_and_its_message_are_one_thing() -> None:
    mention = sure(of_slack(slack.said("<@U0LAKEPORT> hi", kind="app_mention", event_id="Ev1")))
    message = sure(of_slack(slack.said("<@U0LAKEPORT> hi", event_id="Ev2")))
    assert (mention.key, mention.partition) == (message.key, message.partition)


def test_keys_of_one_conversation_sort_by_slacks_time() -> None:
    first = sure(of_slack(slack.said("a", ts="1700000000.000200", thread_ts="1.1")))
    action = sure(
        of_slack(slack.pressed("x", "y", channel="C0REQUESTS", thread_ts="1.1", action_ts="1700000000.5"))
    )
    last = sure(of_slack(slack.said("b", ts="1700000000.900000", thread_ts="1.1")))
    assert first.key < action.key < last.key
    assert first.partition == action.partition == last.partition == "C0REQUESTS/1.1"


def test_all_of_a_direct_conversation_is_in_order() -> None:
    root = sure(of_slack(slack.said("a", ts="1.1", channel="D1")))
    reply = sure(of_slack(slack.said("b", ts="2.2", channel="D1", thread_ts="1.1")))
    assert root.partition == reply.partition == "D1"


@pytest.mark.parametrize(
    "body",
    [
        slack.said("talk in a channel"),
        slack.event(type="message", bot_id="B1", text="<@U0LAKEPORT>", ts="1.1", channel="C1"),
        slack.event(type="message", subtype="message_deleted", ts="1.1", channel="D1"),
        slack.event(type="message", subtype="channel_join", ts="1.1", channel="D1"),
        slack.event(type="reaction_added", user="U1"),
        slack.event(type="app_home_opened", user="U1", tab="messages"),
        slack.event(
            type="message", subtype="message_changed", channel="D1",
            message={"text": "a", "ts": "1"}, previous_message={"text": "a", "ts": "1"},
        ),
        {"type": "view_closed"},
        {"type": "event_callback"},
        {"type": ["event_callback"]},
        {"type": "block_actions", "actions": "none"},
        {},
    ],
)  # fmt: skip
def test_what_needs_nothing_is_dropped(body: dict[str, Any]) -> None:
    assert of_slack(body) is None


def test_secrets_are_not_stored() -> None:
    bodies = [
        slack.said("<@U0LAKEPORT> hi"),
        slack.pressed("a", "b", channel="C1", thread_ts="1.1"),
        slack.command("help"),
    ]
    for body in bodies:
        assert "canary" in json.dumps(body)
        assert "canary" not in json.dumps(sure(of_slack(body)).payload)


def test_an_edit_is_an_event_of_its_own() -> None:
    body = slack.event(
        "Ev9", type="message", subtype="message_changed", channel="C1", event_ts="3.3",
        message={"text": "new", "ts": "2.2", "thread_ts": "1.1"},
        previous_message={"text": "old", "ts": "2.2"},
    )  # fmt: skip
    envelope = sure(of_slack(body))
    assert envelope.partition == "C1/1.1"
    assert "Ev9" in envelope.key


def test_a_form_is_known_by_its_view_and_state() -> None:
    body = {"type": "view_submission", "user": {"id": "U1"}, "view": {"id": "V1", "hash": "170.abc"}}
    same, other = sure(of_slack(body)), sure(of_slack(body | {"view": {"id": "V1", "hash": "171.abc"}}))
    assert same.key != other.key


calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
words = st.text("abc/:.<@>", max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
odd = st.fixed_dictionaries(
    {},
    optional={
        name: json_values | st.sampled_from(["event_callback", "block_actions", "view_submission"])
        for name in (
            "type", "event", "view", "user", "actions", "container", "command", "repository", "pull_request",
            "check_run", "workflow_run", "ref", "review", "action",
        )
    },
)  # fmt: skip


@calm
@given(odd)
def test_whatever_slack_sends_is_read_or_dropped(body: dict[str, Any]) -> None:
    envelope = of_slack(body)
    assert envelope is None or envelope.key


@calm
@given(odd, st.sampled_from([*EVENTS, "ping"]))
def test_whatever_github_sends_is_read_or_dropped(body: dict[str, Any], event: str) -> None:
    body["repository"] = {"full_name": REPOSITORY, "default_branch": "main"}
    envelope = of_github(event, "guid", body, REPOSITORY)
    assert envelope is None or envelope.key == "github:guid"


# --- GitHub ---


def person(login: str = "nadia-k", kind: str = "User") -> dict[str, str]:
    return {"login": login, "type": kind}


def comment(**fields: Any) -> dict[str, Any]:
    return {
        "id": 5,
        "user": person(),
        "body": "Why so big?",
        "html_url": "https://github.example/7#5",
    } | fields


def test_what_people_say_on_a_pull_request_is_a_fact() -> None:
    issue = {"number": 7, "pull_request": {}}
    said = sure(github("issue_comment", action="created", issue=issue, comment=comment())).payload
    assert (said["fact"], said["pull"], said["login"], said["text"]) == (
        "commented",
        7,
        "nadia-k",
        "Why so big?",
    )
    hunk = "@@ -0,0 +1,3 @@\n+kind: compute\n+  size: xl"
    on_line = comment(id=6, path="requests/dev/growth/churn.yaml", line=14, diff_hunk=hunk)
    body = {"action": "created", "comment": on_line, "pull_request": pull()}
    told = sure(github("pull_request_review_comment", **body)).payload
    assert told["line"] == "churn.yaml, line 14, “size: xl”"
    assert name_of(said) != name_of(told)


@pytest.mark.parametrize(
    ("action", "changes"),
    [
        ("edited", {}),
        ("deleted", {}),
        ("created", {"user": person("lakeport[bot]", "Bot")}),
        ("created", {"user": person("dependabot[bot]")}),
        ("created", {"body": "<!-- lakeport:said-1 -->\nwritten with the token of a person"}),
        ("created", {"body": "  "}),
        ("created", {"body": "/lakeport plan"}),
        ("created", {"body": "/lakeport paln\r\nplease"}),
    ],
)
def test_edits_machines_orders_and_ourselves_are_not_told(action: str, changes: dict[str, Any]) -> None:
    issue = {"number": 7, "pull_request": {}}
    assert github("issue_comment", action=action, issue=issue, comment=comment(**changes)) is None
    body = {"action": action, "comment": comment(**changes), "pull_request": pull()}
    assert github("pull_request_review_comment", **body) is None


def ending(**changes: Any) -> dict[str, Any]:
    """What is said on the pull request of a request whose end date is near."""
    marker = render_lifecycle.expiry_marker("dev/growth/churn", date(2027, 4, 30), 7)
    text = render_lifecycle.ending_soon("dev/growth/churn", date(2027, 4, 30))
    ours = person("github-actions[bot]", "Bot")
    body = {"action": "created", "issue": {"number": 7, "pull_request": {}}, "sender": ours}
    return body | {"comment": comment(user=ours, body=f"{marker}\n{text}")} | changes


def test_the_warning_of_an_end_date_is_told_like_what_people_say() -> None:
    said = sure(github("issue_comment", **ending())).payload
    assert (said["fact"], said["pull"], said["where"]) == ("commented", 7, "conversation")
    assert said["text"].startswith("churn is needed until 2027-04-30")
    assert "<!--" not in said["text"]


def test_nobody_can_write_that_warning_for_us() -> None:
    for who in (person(), person("dependabot[bot]")):
        body = ending(sender=who)
        assert github("issue_comment", **body) is None
        body = ending(comment=ending()["comment"] | {"user": who})
        assert github("issue_comment", **body) is None
    assert github("issue_comment", **ending(action="edited")) is None


def test_a_comment_on_an_issue_is_none_on_a_request() -> None:
    assert github("issue_comment", action="created", issue={"number": 7}, comment=comment()) is None


def test_a_review_that_only_holds_comments_on_lines_is_not_told_besides() -> None:
    review = {"id": 1, "state": "commented", "user": person(), "body": ""}
    assert github("pull_request_review", action="submitted", review=review, pull_request=pull()) is None


def github(event: str, **body: Any) -> Envelope | None:
    repository = {"full_name": REPOSITORY, "default_branch": "main"}
    return of_github(event, "guid-1", {"repository": repository} | body, REPOSITORY)


def pull(branch: str = "request/dev/growth/churn", repo: str = REPOSITORY, **fields: Any) -> dict[str, Any]:
    return {
        "number": 7,
        "html_url": "https://github.example/7",
        "body": f"words\n{thread_marker('C0REQUESTS', '1700000000.000100')}",
        "head": {"ref": branch, "sha": "a" * 40, "repo": {"full_name": repo}},
        "merge_commit_sha": "b" * 40,
        "updated_at": "2026-11-21T00:00:00Z",
        "merged": False,
    } | fields


def test_a_pull_request_of_a_request_is_a_fact() -> None:
    opened = sure(github("pull_request", action="opened", pull_request=pull()))
    assert opened.partition == "github/request/dev/growth/churn"
    assert opened.payload["fact"] == "opened"
    assert opened.payload["thread"] == ["C0REQUESTS", "1700000000.000100"]
    merged = sure(github("pull_request", action="closed", pull_request=pull(merged=True)))
    assert (merged.payload["fact"], merged.payload["sha"]) == ("merged", "b" * 40)
    closed = sure(github("pull_request", action="closed", pull_request=pull(), sender={"login": "nadia-k"}))
    assert (closed.payload["fact"], closed.payload["login"]) == ("closed", "nadia-k")


def test_a_branch_of_a_fork_is_no_request_whatever_its_name() -> None:
    forked = pull(repo="eve/lakeport")
    for action in ("opened", "closed"):
        assert github("pull_request", action=action, pull_request=forked) is None
    review = {"id": 1, "state": "approved", "user": {"login": "eve"}}
    assert github("pull_request_review", action="submitted", review=review, pull_request=forked) is None


def test_checks_runs_and_pushes_that_matter() -> None:
    run = {
        "name": "lakeport/plan", "status": "completed", "conclusion": "success", "head_sha": "a" * 40,
        "check_suite": {"head_branch": "request/dev/growth/churn"}, "output": {"title": "3 changes"},
    }  # fmt: skip
    check = sure(github("check_run", action="completed", check_run=run))
    assert (check.payload["fact"], check.payload["title"]) == ("checked", "3 changes")
    apply = {"path": ".github/workflows/apply.yml", "id": 5, "run_attempt": 2, "head_sha": "b" * 40}
    ended = sure(github("workflow_run", action="completed", workflow_run=apply | {"conclusion": "failure"}))
    assert (ended.payload["fact"], ended.payload["run"]) == ("apply_ended", "5-2")
    receipts = sure(github("push", ref="refs/heads/receipts", after="c" * 40))
    assert receipts.payload == {"fact": "receipts", "sha": "c" * 40}
    assert receipts.partition == ended.partition, "both lead to the receipt, which is told once"
    assert sure(github("push", ref="refs/heads/main", after="d" * 40)).payload["fact"] == "pushed"


@pytest.mark.parametrize(
    ("event", "body"),
    [
        ("ping", {"zen": "x"}),
        ("pull_request", {"action": "opened", "pull_request": pull("feature/x")}),
        ("pull_request", {"action": "labeled", "pull_request": pull()}),
        ("check_run", {"action": "completed", "check_run": {"name": "lint", "status": "completed"}}),
        ("check_run", {"action": "created", "check_run": {"name": "lakeport/plan", "status": "queued"}}),
        ("workflow_run", {"action": "completed", "workflow_run": {"path": ".github/workflows/ci.yml"}}),
        ("push", {"ref": "refs/heads/other"}),
        ("issues", {"action": "opened"}),
    ],
)
def test_other_news_are_dropped(event: str, body: dict[str, Any]) -> None:
    assert github(event, **body) is None


def test_another_repository_is_not_ours() -> None:
    body = {"repository": {"full_name": "eve/lakeport"}, "ref": "refs/heads/receipts"}
    assert of_github("push", "g", body, REPOSITORY) is None


def test_the_thread_marker_is_found_again() -> None:
    found = THREAD_MARKER.search(f"body\n{thread_marker('C1', '1.2')}\n")
    assert found is not None
    assert (found[1], found[2]) == ("C1", "1.2")
    assert conversation_id("C1", "1.2") == conversation_id("C1", "1.2") != conversation_id("C1", "1.3")


def test_a_shortcut_is_worked_on_in_the_order_of_its_thread() -> None:
    found = of_slack(slack.pointed("we need a repo", ts="1.1"))
    assert found is not None
    assert (found.key, found.partition) == ("slack:1700000300.000100:shortcut:t.8", "C0REQUESTS/1.1")
    assert "response_url" not in found.payload
    within = of_slack(slack.pointed("we need a repo", ts="2.2", thread_ts="1.1"))
    assert within is not None
    assert within.partition == "C0REQUESTS/1.1"


def test_buttons_of_the_home_are_worked_on_one_after_the_other_for_each_person() -> None:
    found = of_slack(slack.home_pressed("home:change", "dev/growth/churn"))
    assert found is not None
    assert (found.key, found.partition) == ("slack:1700000100.000100:action:t.7", "home/U024BE7LH")


def test_an_assistant_thread_is_worked_on_with_its_messages() -> None:
    found = of_slack(slack.assistant_started())
    assert found is not None
    assert found.key == "slack:1700000000.000900:event:EvAssistant"
    assert found.partition == "D024BE7LH"
