"""Pull requests that Lakeport opens by itself: once each, and never over somebody's work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from gitops.confirmation import LAKEPORT
from gitops.errors import Refused
from gitops.plan import digest
from gitops.proposing import Answer, Proposed, next_version, propose
from gitops.pulls import Repository, open_repository
from gitops.request import Loaded, load_request
from gitops.submission import Submission
from tests.fakes.github_rest import FULL_NAME, GitHubRest
from tests.support import toy

TODAY = date(2026, 11, 21)
KINDS = toy.registry(toy.World())
POLICY = toy.policy()
PATH = toy.path()
MERGED = toy.raw("base one red").replace(b"kind: Onboarding\n", b"kind: Onboarding  # kept\n")
BRANCH = "request/dev/growth/churn"
REPO = f"/repos/{FULL_NAME}"


@pytest.fixture
def github() -> GitHubRest:
    made = GitHubRest()
    made.push("main", PATH, MERGED)
    return made


@pytest.fixture
def repo(github: GitHubRest) -> Iterator[Repository]:
    with github.serve() as client:
        yield open_repository(client, FULL_NAME, login=github.login, sleep=lambda seconds: None)


def loaded(raw: bytes = MERGED) -> Loaded:
    return load_request(raw, PATH, KINDS)


def ask(
    repo: Repository, merged: Loaded | None = None, *, insist: bool = True, revision: int = 2
) -> Proposed:
    merged = merged or loaded()
    said = {"metadata.revision": revision}
    composed = next_version(merged, said, registry=KINDS, policy=POLICY, today=TODAY)
    return propose(repo, merged, composed, verb="Revert", why="Because.", app="lakeport[bot]", insist=insist)


def on_branch(github: GitHubRest) -> bytes:
    return github.files(github.refs[f"refs/heads/{BRANCH}"])[PATH]


def test_it_brings_the_next_version_and_says_why(github: GitHubRest, repo: Repository) -> None:
    made = ask(repo)
    assert (made.request, made.answer) == ("dev/growth/churn", Answer.OPENED)
    assert b"revision: 2" in on_branch(github)
    assert b"# kept" in on_branch(github), "comments stay"
    pull = github.pulls[made.number]
    assert pull["title"] == "Revert churn (growth, dev)"
    assert pull["body"].startswith("Because.\n")
    assert "revision" in pull["body"]
    assert len(github.writes) == 4


def test_what_our_app_writes_has_its_word_and_what_a_person_proposes_has_theirs(
    github: GitHubRest, repo: Repository
) -> None:
    made = repo.pull(ask(repo).number)
    said = repo.confirmed(made, "lakeport[bot]")
    assert (said.digest, said.by) == (digest(on_branch(github)), LAKEPORT)
    message = github.commits[made.head_sha]["message"]
    assert f"Lakeport-Confirmed: {said.digest}\nLakeport-Confirmed-By: lakeport\n" in message
    github.close(made.number)
    with github.serve() as client:
        theirs = open_repository(client, FULL_NAME, login="janed", sleep=lambda seconds: None)
        before = sum(map(len, github.statuses.values()))
        ask(theirs, revision=3)
    assert sum(map(len, github.statuses.values())) == before


def test_asked_again_it_is_found_and_nothing_is_written(github: GitHubRest, repo: Repository) -> None:
    first = ask(repo)
    github.calls.clear()
    again = ask(repo)
    assert (again.number, again.url, again.answer) == (first.number, first.url, Answer.OPEN)
    assert github.writes == []


def test_what_a_person_has_under_review_is_left_alone(github: GitHubRest, repo: Repository) -> None:
    theirs = repo.submit(
        Submission(
            request_id="dev/growth/churn", path=PATH, raw=b"theirs\n", title="Mine", body="", message="m"
        )
    )
    github.calls.clear()
    with pytest.raises(Refused) as caught:
        ask(repo)
    assert f"pull request {theirs.number}" in caught.value.what
    assert github.writes == []
    assert on_branch(github) == b"theirs\n"


def test_what_a_person_closed_is_not_opened_again_unless_somebody_insists(
    github: GitHubRest, repo: Repository
) -> None:
    first = ask(repo)
    github.close(first.number)
    github.calls.clear()
    declined = ask(repo, insist=False)
    assert (declined.answer, declined.number) == (Answer.DECLINED, first.number)
    assert github.writes == []
    assert ask(repo, revision=3, insist=False).answer is Answer.OPENED, "another change is another question"
    github.close(max(github.pulls))
    assert ask(repo).answer is Answer.OPENED


def test_what_was_merged_since_is_never_undone(github: GitHubRest, repo: Repository) -> None:
    github.push("main", PATH, toy.raw("base one green"))
    with pytest.raises(Refused) as caught:
        ask(repo)
    assert "another file on GitHub" in caught.value.what
    assert github.writes == []


def test_after_a_merge_the_next_one_is_another_pull_request(github: GitHubRest, repo: Repository) -> None:
    first = ask(repo)
    github.merge(first.number)
    now = loaded(github.files(github.refs["refs/heads/main"])[PATH])
    second = ask(repo, now, revision=3)
    assert (second.answer, second.number != first.number) == (Answer.OPENED, True)


def test_what_its_check_would_refuse_is_not_proposed() -> None:
    with pytest.raises(Refused) as caught:
        next_version(loaded(), {"metadata.lifecycle": "retired"}, registry=KINDS, policy=POLICY, today=TODAY)
    assert "would not pass its check" in caught.value.what
    assert "retiring" in caught.value.why


def test_a_file_that_says_it_already_is_not_proposed() -> None:
    with pytest.raises(Refused) as caught:
        next_version(loaded(), {"metadata.lifecycle": "active"}, registry=KINDS, policy=POLICY, today=TODAY)
    assert "Nothing in the file" in caught.value.what
