"""What reaches the wire: each thread its own request, counted, and none when the time of a step is over."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import responses
from github import Github, GithubException
from github.Requester import HTTPSRequestsConnectionClass, Requester, RequestsResponse

from gitops import budget, github_wire
from gitops.clients import repository_github, translate
from gitops.errors import RemoteUnavailable
from gitops.patience import bounded
from gitops.request_ids import noted
from tests.fakes.github_rest import API

NAMES = [f"repo-{number}" for number in range(8)]


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for name in NAMES:
            url = f"https://github.test:443/api/v3/repos/acme/{name}"
            mock.get(url, json={"full_name": f"acme/{name}", "url": f"{API}/repos/acme/{name}"})
            mock.patch(url, json={"full_name": f"acme/{name}"})
        yield mock


@pytest.fixture
def hub(wire: responses.RequestsMock) -> Github:
    return repository_github({"GITHUB_TOKEN": "ghs_" + "x" * 20, "GITHUB_API_URL": API})


def test_two_threads_at_once_send_their_own_requests(hub: Github, monkeypatch: pytest.MonkeyPatch) -> None:
    """All threads have asked before the first one sends: on a connection that is shared the last one wins."""
    barrier = threading.Barrier(len(NAMES), timeout=10)
    send = HTTPSRequestsConnectionClass.getresponse

    def sent(self: HTTPSRequestsConnectionClass) -> RequestsResponse:
        barrier.wait()
        return send(self)

    monkeypatch.setattr(HTTPSRequestsConnectionClass, "getresponse", sent)
    with ThreadPoolExecutor(len(NAMES)) as pool:
        found = list(pool.map(lambda name: hub.get_repo(f"acme/{name}").full_name, NAMES))
    assert found == [f"acme/{name}" for name in NAMES]


@pytest.mark.parametrize("verb", ["get", "patch"])
def test_a_page_for_people_is_no_answer(hub: Github, wire: responses.RequestsMock, verb: str) -> None:
    url = "https://github.test:443/api/v3/repos/acme/repo-0"
    wire.replace(verb.upper(), url, body="<html>Unicorn!</html>", content_type="text/html; charset=utf-8")
    repo = hub.withLazy(True).get_repo("acme/repo-0")
    with pytest.raises(RemoteUnavailable, match="did not answer"), translate("GitHub"):
        _ = repo.description if verb == "get" else repo.edit(description="x")


def test_a_connection_is_kept_by_its_thread(hub: Github, monkeypatch: pytest.MonkeyPatch) -> None:
    """One for each call would cost a handshake each."""
    made: list[str] = []
    make = HTTPSRequestsConnectionClass.__init__

    def counted(self: Any, *given: Any, **named: Any) -> None:
        made.append("connection")
        make(self, *given, **named)

    monkeypatch.setattr(HTTPSRequestsConnectionClass, "__init__", counted)
    for name in NAMES:
        hub.get_repo(f"acme/{name}")
    assert made == ["connection"]


def test_what_makes_something_is_counted(hub: Github, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    monkeypatch.setattr(budget.GITHUB, "spend", counted.append)
    found = hub.get_repo("acme/repo-0")
    found.edit(description="x")
    hub.withLazy(True).get_repo("acme/repo-0").edit(description="x")
    assert counted == ["GET", "PATCH", "PATCH"]


def test_a_look_by_graphql_is_not_counted(hub: Github, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked by POST, and makes nothing."""
    spent: list[str] = []
    monkeypatch.setattr(budget.GITHUB, "spend", spent.append)
    with pytest.raises(RemoteUnavailable), translate("GitHub"):  # nobody answers there
        hub.requester.graphql_query("query { viewer { login } }", {})
    assert spent == []


def test_the_ids_of_writes_are_noted(wire: responses.RequestsMock, hub: Github) -> None:
    """Also of one that GitHub refuses; of a look none is."""
    url = "https://github.test:443/api/v3/repos/acme/other"
    wire.patch(url, status=422, json={"message": "no"}, headers={"X-GitHub-Request-Id": "C3A0:2F5B:2"})
    wire.get(url, json={"url": f"{API}/repos/acme/other"}, headers={"X-GitHub-Request-Id": "C3A0:2F5B:1"})
    ids: list[str] = []
    with noted(ids), pytest.raises(GithubException):
        hub.get_repo("acme/other").edit(description="x")
    assert ids == ["C3A0:2F5B:2"]


def test_a_client_without_encryption_is_counted_too() -> None:
    assert Requester._Requester__httpConnectionClass is github_wire._Plain
    assert github_wire._Plain("localhost", 80, timeout=1).protocol == "http"


def test_nothing_is_asked_when_the_time_of_the_step_is_over(
    hub: Github, wire: responses.RequestsMock
) -> None:
    with bounded(-1), pytest.raises(RemoteUnavailable, match="took too long"), translate("GitHub"):
        hub.get_repo("acme/repo-0")
    assert len(wire.calls) == 0
    hub.get_repo("acme/repo-0")
