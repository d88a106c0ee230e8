"""End dates and drift against the rehearsal GitHub, over real HTTP, each signed in as in its workflow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from github import Auth, Github

from gitops import adoption, expiry, proposing
from gitops.pulls import Repository, open_repository
from gitops.request import Loaded, load_request
from gitops.retirement import Retirement
from tests.support import toy
from tests.support.rehearsal_github import World, world

pytestmark = pytest.mark.usefixtures("loopback")
END = date(2026, 12, 1)
KINDS = toy.registry(toy.World())
RAW = toy.raw("base one red").replace(b"  requested_by:", f"  expires: {END}\n  requested_by:".encode())


@pytest.fixture
def acme(tmp_path: Path, loopback: None) -> Iterator[World]:
    files = {"requests/policy.yaml": toy.POLICY.decode(), toy.path(): RAW.decode()}
    with world(tmp_path, files) as made:
        made.tokens["github-actions"] = made.github.add_app("github-actions")
        yield made


def signed_in(acme: World, who: str) -> Repository:
    auth = Auth.Token(acme.tokens[who])
    hub = Github(base_url=acme.github.url, auth=auth, seconds_between_requests=0, seconds_between_writes=0)
    return open_repository(hub, "acme/lakeport")


def merged(acme: World) -> Loaded:
    raw = signed_in(acme, "lakeport").read_file(toy.path(), "main")
    assert raw is not None
    return load_request(raw, toy.path(), KINDS)


def writes(acme: World) -> int:
    return len(acme.github.state.writes)


def expire(acme: World, today: date, known: int) -> list[expiry.Outcome]:
    near = expiry.endings([merged(acme)], Retirement(), today)
    pulls, comments = signed_in(acme, "lakeport"), signed_in(acme, "github-actions")
    names = {"dev/growth/churn": known}
    found = expiry.carry_out(near, names, pulls, comments, registry=KINDS, policy=toy.policy(), today=today)
    return list(found)


def test_a_warning_and_the_pull_request_after_the_end_are_there_once(acme: World) -> None:
    brought = acme.propose("request/dev/growth/first")["number"]
    said = f"/repos/acme/lakeport/issues/{brought}/comments"
    expire(acme, END, brought)
    before = writes(acme)
    expire(acme, END, brought)
    assert writes(acme) == before, "our own comment is known again"
    assert [one["user"]["login"] for one in acme["owner"].ok("GET", said)] == ["github-actions[bot]"]

    (one,) = expire(acme, END + timedelta(days=1), brought)
    before = writes(acme)
    (again,) = expire(acme, END + timedelta(days=2), brought)
    assert (again.number, writes(acme)) == (one.number, before)
    pull = acme["owner"].ok("GET", f"/repos/acme/lakeport/pulls/{one.number}")
    assert (pull["user"]["login"], pull["title"]) == ("lakeport[bot]", "Retire churn (growth, dev)")
    assert one.url in acme["owner"].ok("GET", said)[-1]["body"]
    assert acme.github.state.unknown_calls == []


def test_drift_is_reverted_by_a_pull_request_that_is_there_once(acme: World) -> None:
    repo, loaded = signed_in(acme, "lakeport"), merged(acme)

    def ask() -> proposing.Proposed:
        composed = proposing.next_version(
            loaded,
            adoption.revert(loaded),
            registry=KINDS,
            policy=toy.policy(),
            today=END - timedelta(days=9),
        )
        return proposing.propose(
            repo, loaded, composed, verb="Revert the drift of", why="It drifted.", app="lakeport[bot]"
        )

    first = ask()
    said = repo.confirmed(repo.pull(first.number), "lakeport[bot]")
    assert (said.by, said.commit) == ("lakeport", repo.pull(first.number).head_sha)
    before = writes(acme)
    second = ask()
    assert (second.number, second.answer, writes(acme)) == (first.number, proposing.Answer.OPEN, before)
    repo.close(first.number, "Not now.")
    assert ask().number != first.number
