"""End dates: warned of ahead, once each; after them one pull request that asks to take all away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from gitops import expiry
from gitops.expiry import Outcome, Step, endings, pulls_in
from gitops.pulls import Repository, open_repository
from gitops.request import Loaded, load_request
from gitops.retirement import Retirement
from gitops.submission import Submission
from tests.fakes.github_rest import FULL_NAME, GitHubRest
from tests.support import toy

KINDS = toy.registry(toy.World())
POLICY = toy.policy()
RULES = Retirement()
END = date(2027, 4, 30)
BRANCH = "request/dev/growth/churn"


def raw(name: str = "churn", expires: date | None = END, lifecycle: str = "active") -> bytes:
    line = f"  expires: {expires}\n".encode() if expires else b""
    return toy.raw("base one red", name=name, lifecycle=lifecycle).replace(
        b"  requested_by:", line + b"  requested_by:"
    )


def loaded(name: str = "churn", expires: date | None = END, lifecycle: str = "active") -> Loaded:
    return load_request(raw(name, expires, lifecycle), toy.path(name), KINDS)


@pytest.fixture
def github() -> GitHubRest:
    """The request stands, and pull request 1 brought it."""
    made = GitHubRest()
    with made.serve() as client:
        pull = open_repository(client, FULL_NAME).submit(
            Submission(
                request_id="dev/growth/churn", path=toy.path(), raw=raw(), title="t", body="b", message="m"
            )
        )
    made.merge(pull.number)
    made.calls.clear()
    return made


@pytest.fixture
def repo(github: GitHubRest) -> Iterator[Repository]:
    with github.serve() as client:
        yield open_repository(client, FULL_NAME, login="lakeport[bot]", sleep=lambda seconds: None)


def first(github: GitHubRest) -> int:
    return min(github.pulls)


def run(
    repo: Repository, github: GitHubRest, today: date, *requests: Loaded, known: bool = True
) -> list[Outcome]:
    near = endings(requests or (loaded(),), RULES, today)
    pulls = {"dev/growth/churn": first(github)} if known else {}
    return list(expiry.carry_out(near, pulls, repo, repo, registry=KINDS, policy=POLICY, today=today))


def said(github: GitHubRest) -> list[str]:
    return [one["body"] for one in github.comments.get(first(github), [])]


# --- which day is for what


@pytest.mark.parametrize(
    ("left", "due"),
    [(31, None), (30, 30), (29, 30), (8, 30), (7, 7), (2, 7), (1, 1), (0, 1)],
)
def test_the_warning_that_is_due_is_the_nearest_one(left: int, due: int | None) -> None:
    """A day on which the workflow did not run costs no warning."""
    found = list(endings([loaded()], RULES, END - timedelta(days=left)))
    assert [(one.step, one.ahead) for one in found] == ([] if due is None else [(Step.WARN, due)])


def test_the_end_date_is_the_last_day_it_is_needed() -> None:
    assert [one.step for one in endings([loaded()], RULES, END)] == [Step.WARN]
    assert [one.step for one in endings([loaded()], RULES, END + timedelta(days=1))] == [Step.END]


@pytest.mark.parametrize(
    "one", [loaded(expires=None), loaded(lifecycle="retiring"), loaded(lifecycle="retired")]
)
def test_what_has_no_end_or_ends_already_is_left_alone(one: Loaded) -> None:
    assert list(endings([one], RULES, END + timedelta(days=400))) == []


def test_without_warnings_in_the_policy_only_the_end_counts() -> None:
    rules = Retirement(warn_days=())
    assert list(endings([loaded()], rules, END)) == []
    assert len(list(endings([loaded()], rules, END + timedelta(days=1)))) == 1


# --- warnings


def test_each_warning_is_said_once_however_often_it_runs(github: GitHubRest, repo: Repository) -> None:
    for left in range(31, -1, -1):
        run(repo, github, END - timedelta(days=left))
        run(repo, github, END - timedelta(days=left))
    assert [text.splitlines()[0] for text in said(github)] == [
        f"<!-- lakeport:expiry dev/growth/churn 2027-04-30 {ahead} -->" for ahead in (30, 7, 1)
    ]
    assert len(github.writes) == 3
    assert "/lakeport change churn" in said(github)[0]


def test_an_extended_end_is_warned_of_again(github: GitHubRest, repo: Repository) -> None:
    run(repo, github, END - timedelta(days=1))
    later = loaded(expires=END + timedelta(days=60))
    assert run(repo, github, END, later) == []
    run(repo, github, END + timedelta(days=30), later)
    assert [text.splitlines()[0].split()[3:5] for text in said(github)] == [
        ["2027-04-30", "1"],
        ["2027-06-29", "30"],
    ]


def test_without_a_receipt_the_pull_request_that_brought_it_is_found(
    github: GitHubRest, repo: Repository
) -> None:
    (one,) = run(repo, github, END, known=False)
    assert one.number == first(github)
    assert len(said(github)) == 1


def test_where_nobody_can_be_told_it_says_so(github: GitHubRest, repo: Repository) -> None:
    (one,) = run(repo, github, END, loaded("leads"), known=False)
    assert (one.waits, one.number) == (True, 0)
    assert github.writes == []


# --- the end


def test_what_is_over_gets_one_pull_request_and_the_thread_is_told(
    github: GitHubRest, repo: Repository
) -> None:
    day = END + timedelta(days=1)
    (one,) = run(repo, github, day)
    pull = github.pulls[one.number]
    assert pull["title"] == "Retire churn (growth, dev)"
    assert "needed until 2027-04-30" in pull["body"]
    text = github.files(github.refs[f"refs/heads/{BRANCH}"])[toy.path()].decode()
    assert "lifecycle: retiring" in text
    assert "expires: 2027-04-30" in text
    assert one.url in said(github)[-1]
    writes = len(github.writes)
    for days in range(1, 4):
        (again,) = run(repo, github, day + timedelta(days=days))
        assert again.number == one.number
    assert len(github.writes) == writes, "the second run writes nothing"


def test_what_was_closed_by_hand_is_not_opened_again_and_waits_for_a_person(
    github: GitHubRest, repo: Repository
) -> None:
    day = END + timedelta(days=1)
    (one,) = run(repo, github, day)
    github.close(one.number)
    writes = len(github.writes)
    (again,) = run(repo, github, day + timedelta(days=1))
    assert (again.waits, again.number, again.exit_code) == (True, one.number, 0)
    assert len(github.writes) == writes


def test_once_it_is_merged_there_is_nothing_more_to_do(github: GitHubRest, repo: Repository) -> None:
    day = END + timedelta(days=1)
    (one,) = run(repo, github, day)
    github.merge(one.number)
    merged = github.files(github.refs["refs/heads/main"])[toy.path()]
    assert run(repo, github, day, load_request(merged, toy.path(), KINDS)) == []


def test_a_change_under_review_is_not_trampled_and_the_next_request_goes_on(
    github: GitHubRest, repo: Repository
) -> None:
    github.push("main", toy.path("leads"), raw("leads"))
    later = raw(expires=END + timedelta(days=90))
    repo.submit(
        Submission(
            request_id="dev/growth/churn", path=toy.path(), raw=later, title="t", body="b", message="m"
        )
    )
    one, other = run(repo, github, END + timedelta(days=1), loaded(), loaded("leads"))
    assert one.exit_code == 5
    assert "changes dev/growth/churn already" in one.words
    assert (other.exit_code, other.request) == (0, "dev/growth/leads")
    assert github.files(github.refs[f"refs/heads/{BRANCH}"])[toy.path()] == later


# --- receipts


def test_the_newest_pull_request_of_each_request_is_taken_from_the_receipts() -> None:
    files = {
        "receipts/00000001.json": b'{"request": "dev/growth/churn", "pull": 4, "number": 1}',
        "receipts/00000002.json": b'{"request": "dev/growth/churn", "pull": 9, "number": 2}',
        "receipts/00000003.json": b'{"request": "dev/growth/churn", "pull": null}',
        "receipts/00000004.json": b"\xff no receipt",
        "receipts/00000005.json": b'{"request": "dev/growth/leads", "pull": 5}',
    }
    assert pulls_in(files) == {"dev/growth/churn": 9, "dev/growth/leads": 5}
