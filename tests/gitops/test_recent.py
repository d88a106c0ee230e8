"""The lists of what stands and was lately said: paged, conditional, and bounded in time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from gitops.clients import repository_github
from gitops.errors import RemoteDenied
from gitops.recent import Recent, stamp

API = "https://github.test/api/v3"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Lists:
    """GitHub that serves lists in pages with an ETag, and counts what was answered in full."""

    def __init__(self) -> None:
        self.items: dict[str, list[Any]] = {}
        self.queries: list[dict[str, str]] = []
        self.full = 0
        self.unchanged = 0

    def answer(self, request: Any) -> tuple[int, dict[str, str], str]:
        url = urlsplit(request.url)
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        self.queries.append(query)
        found = self.items.get(url.path.removeprefix("/api/v3/repos/acme/lakeport"))
        if found is None:
            return 403, {}, json.dumps({"message": "Resource not accessible by integration"})
        size, page = int(query["per_page"]), int(query["page"])
        shown: Any = found[(page - 1) * size : page * size]
        if "check-runs" in url.path:
            shown = {"total_count": len(found), "check_runs": shown}
        body = json.dumps(shown)
        tag = f'W/"{hash(body)}"'
        if request.headers.get("If-None-Match") == tag:
            self.unchanged += 1
            return 304, {"ETag": tag}, ""
        self.full += 1
        return 200, {"ETag": tag, "Content-Type": "application/json"}, body


@pytest.fixture
def lists() -> Lists:
    return Lists()


@pytest.fixture
def recent(lists: Lists) -> Iterator[Recent]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback("GET", re.compile(r".*"), lists.answer)
        hub = repository_github({"GITHUB_TOKEN": "ghs_" + "x" * 20, "GITHUB_API_URL": API})
        yield Recent(hub.requester.requestJsonAndCheck, "acme/lakeport")


def pull(number: int, updated: datetime = NOON) -> dict[str, Any]:
    return {"number": number, "updated_at": stamp(updated)}


def test_a_list_that_has_not_changed_is_not_sent_again(lists: Lists, recent: Recent) -> None:
    lists.items["/pulls"] = [pull(1)]
    for _ in range(3):
        assert [one["number"] for one in recent.open_pulls()] == [1]
    assert (lists.full, lists.unchanged) == (1, 2)
    lists.items["/pulls"].append(pull(2))
    assert [one["number"] for one in recent.open_pulls()] == [1, 2]


def test_a_long_list_comes_in_pages(lists: Lists, recent: Recent) -> None:
    lists.items["/pulls"] = [pull(number) for number in range(250)]
    assert len(recent.open_pulls()) == 250
    assert [query["page"] for query in lists.queries] == ["1", "2", "3"]


def test_what_closed_long_ago_is_not_read(lists: Lists, recent: Recent) -> None:
    lists.items["/pulls"] = [pull(number, NOON - timedelta(hours=number)) for number in range(400)]
    assert len(recent.closed_pulls(NOON - timedelta(hours=5))) == 6
    assert len(lists.queries) == 1


def test_comments_are_asked_for_since_a_moment(lists: Lists, recent: Recent) -> None:
    lists.items |= {"/issues/comments": [{"id": 1}], "/pulls/comments": [{"id": 2}]}
    assert recent.comments(NOON) == [{"id": 1}]
    assert recent.line_comments(NOON) == [{"id": 2}]
    assert {query["since"] for query in lists.queries} == {"2026-11-21T12:00:00Z"}


def test_checks_are_the_newest_of_each_name(lists: Lists, recent: Recent) -> None:
    lists.items["/commits/abc/check-runs"] = [{"name": "lakeport/plan"}]
    assert recent.checks("abc") == [{"name": "lakeport/plan"}]
    assert lists.queries[0]["filter"] == "latest"


def test_what_we_may_not_see_is_said(recent: Recent) -> None:
    with pytest.raises(RemoteDenied):
        recent.applies(NOON)
