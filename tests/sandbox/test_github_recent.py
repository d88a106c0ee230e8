"""What lists say on the rehearsal GitHub is the very fact that its webhooks tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.facts import fact_of, name_of
from gitops.clients import repository_github
from gitops.recent import Recent
from sandbox.github.state import Event
from tests.support.rehearsal_github import REPO, World, world

pytestmark = pytest.mark.usefixtures("loopback")
FILE = "requests/churn.yaml"


def spoken_on(acme: World) -> int:
    """A pull request on which people said something in every way."""
    number = int(acme.propose(text="a: 1\nb: 2\n")["number"])
    line = {"body": "Why two?", "path": FILE, "line": 2, "side": "RIGHT", "commit_id": "head"}
    acme["nadia-k"].ok("POST", f"{REPO}/pulls/{number}/comments", line)
    acme["nadia-k"].ok("POST", f"{REPO}/issues/{number}/comments", {"body": "Who pays?"})
    asked = {"event": "REQUEST_CHANGES", "body": "Name an owner."}
    acme["nadia-k"].ok("POST", f"{REPO}/pulls/{number}/reviews", asked)
    return number


def test_lists_and_webhooks_tell_the_same_facts(tmp_path: Path) -> None:
    told: list[Event] = []
    with world(tmp_path) as acme:
        acme.github.state.listeners.append(told.append)
        number = spoken_on(acme)
        acme["nadia-k"].ok("PUT", f"{REPO}/pulls/{number}/merge", {})
        hub = repository_github({"GITHUB_TOKEN": acme.tokens["lakeport"], "GITHUB_API_URL": acme.github.url})
        recent = Recent(hub.requester.requestJsonAndCheck, "acme/lakeport")
        since = datetime.now(UTC) - timedelta(hours=1)
        (pull,) = recent.closed_pulls(since)
        (comment,), (on_line,) = recent.comments(since), recent.line_comments(since)
        (review,) = recent.reviews(number)
    here: dict[str, Any] = {"repository": {"full_name": "acme/lakeport"}}
    looked_up = [
        fact_of("pull_request", here | {"action": "closed", "pull_request": {**pull, "merged": True}}),
        fact_of(
            "issue_comment",
            here | {"action": "created", "comment": comment, "issue": {"number": number, "pull_request": {}}},
        ),
        fact_of(
            "pull_request_review_comment",
            here | {"action": "created", "comment": on_line, "pull_request": pull},
        ),
        fact_of(
            "pull_request_review", here | {"action": "submitted", "review": review, "pull_request": pull}
        ),
    ]
    heard = {name_of(fact): fact for one in told if (fact := fact_of(one.name, one.payload))}
    for fact in looked_up:
        assert fact is not None
        known = heard[name_of(fact)]
        same = [key for key in fact if key not in ("login",) or fact["fact"] != "merged"]
        assert {key: fact[key] for key in same} == {key: known[key] for key in same}
    assert looked_up[2] is not None
    assert looked_up[2]["line"] == "churn.yaml, line 2, “b: 2”"


def test_a_line_outside_of_the_difference_takes_no_comment(tmp_path: Path) -> None:
    with world(tmp_path) as acme:
        number = acme.propose()["number"]
        for wrong in ({"path": "README.md", "line": 1}, {"path": FILE, "line": 9}, {"path": FILE}):
            said = {"body": "Why?", "commit_id": "head", **wrong}
            assert acme["nadia-k"]("POST", f"{REPO}/pulls/{number}/comments", said).status_code == 422
