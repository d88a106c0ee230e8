"""The patrol: what no webhook told is told all the same, once, with few calls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gitops.errors import RemoteDenied, RemoteUnavailable
from tests.fakes.repository import receipt
from tests.support.desk_rig import Rig
from tests.support.github_events import (
    BRANCH,
    HEAD,
    MERGE,
    PATH,
    RECEIPTS,
    check,
    check_run,
    comment,
    comment_of,
    line_comment,
    line_comment_of,
    merged,
    now,
    pull,
    review,
    review_of,
    submitted,
)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.stop()


def reviewed(rig: Rig) -> None:
    """What stands on GitHub once everybody has said something and nothing is merged yet."""
    rig.recent.open = [pull(created_at=now())]
    rig.recent.runs[HEAD] = [check_run(), check_run("failure", "lakeport/gate", "Approvals are missing")]
    rig.recent.given[7] = [review_of("CHANGES_REQUESTED", 1, "Name an owner."), review_of("APPROVED", 2)]
    rig.recent.said = [comment_of("Who pays?", 3)]
    rig.recent.said_on_lines = [line_comment_of("Is that enough?", 4)]


def closed(**changes: Any) -> dict[str, Any]:
    """As GitHub lists it: a list does not say ``merged``."""
    given = pull(state="closed", closed_at=now(), **changes)
    del given["merged"]
    return given


TOLD = ("check is through", "Name an owner.", "nadia-k approved", "Who pays?", "Is that enough?")


def counts(rig: Rig, *words: str) -> list[int]:
    return [sum(word in text for text in rig.texts()) for word in words]


def test_without_any_webhook_everything_is_told_once(rig: Rig) -> None:
    submitted(rig)
    reviewed(rig)
    for _ in range(3):
        rig.tick("patrol")
    assert counts(rig, *TOLD) == [1] * len(TOLD)
    rig.recent.open, rig.recent.closed = [], [closed(merged_at=now())]
    rig.github.receipts.append(receipt(1, 7))
    for _ in range(3):
        rig.tick("patrol")
    assert rig.found().state == "applied"
    assert counts(rig, *TOLD, "Merged.", "Done.") == [1] * (len(TOLD) + 2)
    assert not rig.failures()


def test_what_webhooks_told_the_patrol_does_not_tell_again(rig: Rig) -> None:
    submitted(rig)
    reviewed(rig)
    hooks = [
        ("check_run", check()),
        ("pull_request_review", review("changes_requested", 1, "Name an owner.")),
        ("pull_request_review", review("approved", 2)),
        ("issue_comment", comment("Who pays?", 3)),
        ("pull_request_review_comment", line_comment("Is that enough?", 4)),
    ]
    for event, body in hooks[:3]:
        rig.hook(event, body)
    rig.tick("patrol")
    for event, body in reversed(hooks):
        rig.hook(event, body)
    rig.tick("patrol")
    assert counts(rig, *TOLD) == [1] * len(TOLD)


def test_a_webhook_that_comes_after_the_patrol_tells_nothing_again(rig: Rig) -> None:
    submitted(rig)
    rig.recent.closed = [closed(merged_at=now())]
    rig.tick("patrol")
    rig.github.receipts.append(receipt(1, 7))
    rig.tick("patrol")
    rig.hook("pull_request", merged())
    rig.hook("push", RECEIPTS)
    assert counts(rig, "Merged.", "Done.") == [1, 1]


def test_a_quiet_look_costs_four_calls(rig: Rig) -> None:
    submitted(rig)
    reviewed(rig)
    rig.tick("patrol")
    rig.recent.calls.clear()
    rig.tick("patrol")
    assert sorted(rig.recent.calls) == ["closed_pulls", "comments", "line_comments", "open_pulls"]


def test_a_pull_request_closed_by_hand_is_told(rig: Rig) -> None:
    submitted(rig)
    rig.recent.closed = [closed()]
    rig.tick("patrol")
    rig.hook("pull_request", {"action": "closed", "pull_request": rig.recent.closed[0]})
    assert rig.found().state == "withdrawn"
    assert counts(rig, "closed without being merged") == [1]


def test_a_run_that_died_without_a_receipt_is_told(rig: Rig) -> None:
    submitted(rig)
    rig.hook("pull_request", merged())
    rig.github.merged(BRANCH, MERGE)
    run = {
        "path": ".github/workflows/apply.yml", "id": 5, "run_attempt": 1, "head_sha": MERGE,
        "conclusion": "failure", "html_url": "https://github.example/5", "created_at": now(),
    }  # fmt: skip
    rig.recent.applied = [run]
    rig.tick("patrol")
    rig.tick("patrol")
    assert rig.found().state == "failed"
    assert counts(rig, "This did not work.") == [1]


def test_without_the_right_to_see_runs_the_rest_is_told(rig: Rig) -> None:
    submitted(rig)
    rig.hook("pull_request", merged())
    rig.recent.fail["applies"] = [RemoteDenied("GitHub does not let the bot see runs.")]
    rig.github.receipts.append(receipt(1, 7))
    rig.tick("patrol")
    assert rig.found().state == "applied"


def test_while_github_is_away_nothing_is_lost(rig: Rig) -> None:
    submitted(rig)
    reviewed(rig)
    rig.recent.fail["comments"] = [RemoteUnavailable("GitHub did not answer.")] * 9
    rig.tick("patrol")
    assert counts(rig, "Who pays?") == [0]
    rig.recent.fail.clear()
    rig.tick("patrol")
    assert counts(rig, *TOLD) == [1] * len(TOLD)
    assert not rig.failures()


def test_a_lost_conversation_comes_back_and_old_news_are_not_told_again(rig: Rig) -> None:
    submitted(rig)
    raw = rig.github.submitted[0]["raw"]
    rig.stop()
    for file in rig.folder.glob("bot.db*"):
        file.unlink()
    rig.start()
    rig.web.messages.clear()
    rig.github.files[PATH, HEAD] = raw
    reviewed(rig)
    old = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    rig.recent.said = [comment_of("Said before.", 3, created_at=old)]
    rig.recent.given = {7: [review_of("APPROVED", 2) | {"submitted_at": old}]}
    rig.recent.said_on_lines, rig.recent.runs = [], {}
    rig.tick("patrol")
    assert (rig.found().state, rig.found().pull_number) == ("submitted", 7)
    rig.tick("patrol")
    assert rig.texts() == []
    rig.recent.said.append(comment_of("Said after.", 5))
    rig.tick("patrol")
    assert counts(rig, "Said before.", "Said after.") == [0, 1]


def test_a_look_that_waited_too_long_is_left_to_the_next(rig: Rig) -> None:
    submitted(rig)
    rig.tick("patrol", datetime.now(UTC) - timedelta(hours=2))
    assert rig.recent.calls == []


def test_pull_requests_that_are_no_requests_are_left_alone(rig: Rig) -> None:
    submitted(rig)
    head = {"sha": "d" * 40, "repo": {"full_name": "acme/lakeport"}}
    rig.recent.open = [
        pull(number=8, head=head | {"ref": "feature/x"}, created_at=now()),
        pull(number=9, head=head | {"ref": BRANCH, "repo": None}, created_at=now()),
    ]
    rig.recent.said = [comment_of("Elsewhere.", 3, issue_url="https://api.github.example/issues/8")]
    before = rig.texts()
    rig.tick("patrol")
    assert rig.texts() == before
    assert rig.found().pull_number == 7
