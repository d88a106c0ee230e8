"""Submitting, reviews, comments and check runs, against a strict GitHub in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from gitops.checks import TEXT_LIMIT, decode_approved, encode_approved
from gitops.errors import Refused, RemoteDenied, RemoteError, RemoteUnavailable
from gitops.plan import Approved, Change, Plan, Verb, digest
from gitops.pulls import GATE_CHECK, PLAN_CHECK, Author, Repository, open_repository
from gitops.submission import Submission
from tests.fakes.github_rest import FULL_NAME, MERGED, GitHubRest

REQUEST = "dev/growth/churn"
PATH = "requests/dev/growth/churn.yaml"
BRANCH = "request/dev/growth/churn"
REPO = f"/repos/{FULL_NAME}"
ONE, TWO = b"one\n", b"two\n"


@pytest.fixture
def github() -> GitHubRest:
    return GitHubRest()


@pytest.fixture
def repo(github: GitHubRest) -> Iterator[Repository]:
    with github.serve() as client:
        yield open_repository(client, FULL_NAME, sleep=lambda seconds: None)


def submit(repo: Repository, raw: bytes = b"one\n", **more: Any) -> Any:
    given = {"request_id": REQUEST, "path": PATH, "title": "Title", "body": "Body", "message": "Message"}
    return repo.submit(Submission(raw=raw, **given | more))


def branch_files(github: GitHubRest) -> dict[str, bytes]:
    return github.files(github.refs[f"refs/heads/{BRANCH}"])


# --- what was confirmed

APP, LI = "lakeport[bot]", "U024BE7LH"


def statuses(github: GitHubRest, sha: str) -> list[tuple[str, str, str]]:
    return [(one["context"], one["state"], one["description"]) for one in github.statuses.get(sha, [])]


def test_the_word_stands_on_the_commit_before_it_is_proposed(github: GitHubRest, repo: Repository) -> None:
    pull = submit(repo, confirmed_by=LI, app=APP)
    assert [call.split("/")[-1 if "pulls" in call else -2] for call in github.writes[-2:]] == [
        "statuses",
        "pulls",
    ]
    assert statuses(github, pull.head_sha) == [
        ("lakeport/confirmed", "success", f"{digest(ONE)} confirmed by {LI}")
    ]
    found = repo.confirmed(pull, APP)
    assert (found.digest, found.by, found.commit) == (digest(b"one\n"), LI, pull.head_sha)
    assert submit(repo, confirmed_by=LI, app=APP) == pull
    assert len(statuses(github, pull.head_sha)) == 1, "it is said once"


@pytest.mark.parametrize("effect", ["before", "after"])
def test_a_submit_that_died_before_its_word_gives_it_the_next_time(
    github: GitHubRest, repo: Repository, effect: str
) -> None:
    fault = github.after if effect == "after" else github.instead
    for raw in (b"one\n", b"two\n"):
        fault(r"POST .*/statuses/.*", (403, {"message": "Resource not accessible by integration"}))
        with pytest.raises(RemoteDenied):
            submit(repo, raw, confirmed_by=LI, app=APP)
        pull = submit(repo, raw, confirmed_by=LI, app=APP)
        assert repo.confirmed(pull, APP).digest == digest(raw)
        assert len(statuses(github, pull.head_sha)) == 1
    assert len(github.pulls) == 1


def test_a_commit_of_somebody_else_is_not_confirmed_by_what_they_say(
    github: GitHubRest, repo: Repository
) -> None:
    pull = submit(repo, confirmed_by=LI, app=APP)
    sha = github.push(BRANCH, PATH, b"two\n", login="nadia-k")
    forged = {"context": "lakeport/confirmed", "description": f"{digest(TWO)} confirmed by {LI}"}
    github.add_status(sha, login="nadia-k", state="success", **forged)
    found = repo.confirmed(repo.pull(pull.number), APP)
    assert (found.digest, found.since) == (digest(b"one\n"), ("nadia-k",))
    repo.confirm(repo.pull(pull.number), digest(b"two\n"), LI, app=APP)
    assert repo.confirmed(repo.pull(pull.number), APP).commit == sha


def test_a_branch_that_is_set_back_to_an_earlier_version_is_not_what_was_confirmed(
    github: GitHubRest, repo: Repository
) -> None:
    first = submit(repo, confirmed_by=LI, app=APP)
    second = submit(repo, b"two\n", confirmed_by=LI, app=APP)
    assert repo.confirmed(second, APP).digest == digest(b"two\n")
    github.refs[f"refs/heads/{BRANCH}"] = first.head_sha
    back = repo.confirmed(repo.pull(first.number), APP)
    assert (back.digest, back.unwanted) == ("", frozenset({digest(b"one\n")}))
    assert [state for _, state, _ in statuses(github, first.head_sha)] == ["success", "failure"]


def test_what_was_merged_stays_confirmed_for_the_apply_that_follows(
    github: GitHubRest, repo: Repository
) -> None:
    first = submit(repo, confirmed_by=LI, app=APP)
    github.merge(first.number)
    submit(repo, b"two\n", confirmed_by=LI, app=APP)
    assert repo.confirmed(repo.pull(first.number), APP).digest == digest(b"one\n")
    given_up = repo.open_pull(REQUEST)
    assert given_up is not None
    github.close(given_up.number)
    submit(repo, b"three\n", confirmed_by=LI, app=APP)
    assert repo.confirmed(repo.pull(given_up.number), APP).digest == ""


def test_other_statuses_of_ours_say_nothing_of_it(github: GitHubRest, repo: Repository) -> None:
    pull = submit(repo)
    words = f"{digest(ONE)} confirmed by {LI}"
    github.add_status(pull.head_sha, context="ci", state="success", description=words)
    github.add_status(pull.head_sha, context="lakeport/confirmed", state="pending", description=words)
    github.add_status(pull.head_sha, context="lakeport/confirmed", state="success", description=None)
    assert repo.confirmed(pull, APP).digest == ""


def test_a_head_that_is_not_listed_yet_is_looked_at(github: GitHubRest, repo: Repository) -> None:
    pull = submit(repo, confirmed_by=LI, app=APP)
    sha = github.commit({PATH: b"two\n"}, [])
    repo.confirm(replace(pull, head_sha=sha), digest(b"two\n"), LI, app=APP)
    assert repo.confirmed(replace(pull, head_sha=sha), APP).digest == digest(b"two\n")


# --- closing


def test_closing_says_why_and_happens_once(github: GitHubRest, repo: Repository) -> None:
    pull = submit(repo)
    repo.close(pull.number, "Withdrawn by the requester.")
    assert repo.pull(pull.number).state == "closed"
    before = len(github.writes)
    repo.close(pull.number, "Withdrawn by the requester.")
    assert len(github.writes) == before
    assert github.writes.count(f"POST {REPO}/issues/{pull.number}/comments") == 1


# --- what stands


def test_the_request_files_of_the_default_branch_are_listed(github: GitHubRest, repo: Repository) -> None:
    assert repo.request_files() == {}
    pull = submit(repo)
    assert repo.request_files() == {}, "a branch is not what stands"
    github.merge(pull.number)
    first = repo.request_files()
    assert list(first) == [PATH]
    again = submit(repo, b"two\n")
    github.merge(again.number)
    assert repo.request_files()[PATH] != first[PATH], "the id is of the content"


def test_the_open_pull_request_of_a_request_is_found(github: GitHubRest, repo: Repository) -> None:
    assert repo.open_pull(REQUEST) is None
    pull = submit(repo, body="Body <!-- mark -->")
    found = repo.open_pull(REQUEST)
    assert found is not None
    assert (found.number, found.body) == (pull.number, "Body <!-- mark -->")
    assert repo.open_pull("dev/growth/other") is None
    github.merge(pull.number)
    assert repo.open_pull(REQUEST) is None


# --- submitting


def test_a_new_request_takes_three_writes(github: GitHubRest, repo: Repository) -> None:
    pull = submit(repo)
    assert github.writes == [f"POST {REPO}/git/refs", f"PUT {REPO}/contents/{PATH}", f"POST {REPO}/pulls"]
    assert (pull.state, pull.merged, pull.head_ref, pull.base_ref) == ("open", False, BRANCH, "main")
    assert pull.head_sha == github.refs[f"refs/heads/{BRANCH}"]
    assert pull.merge_sha is None
    assert github.commits[pull.head_sha]["parents"] == [github.refs["refs/heads/main"]]
    assert branch_files(github) == {"README.md": b"hello", PATH: b"one\n"}
    assert repo.files(pull) == (PATH,)


def test_the_same_again_finds_the_pull_request_and_writes_nothing(
    github: GitHubRest, repo: Repository
) -> None:
    first = submit(repo)
    github.calls.clear()
    assert submit(repo) == first
    assert github.writes == []


def test_new_bytes_add_one_commit(github: GitHubRest, repo: Repository) -> None:
    first = submit(repo)
    github.calls.clear()
    second = submit(repo, b"two\n", title="New title")
    assert github.writes == [f"PUT {REPO}/contents/{PATH}", f"PATCH {REPO}/pulls/{first.number}"]
    assert second.number == first.number
    assert github.commits[second.head_sha]["parents"] == [first.head_sha]
    assert second.head_sha == github.refs[f"refs/heads/{BRANCH}"]
    assert github.pulls[first.number]["title"] == "New title"


def test_the_author_of_the_commit_can_be_named(github: GitHubRest, repo: Repository) -> None:
    pull = submit(repo, author=Author(name="Li Wei", email="li.wei@acme.example"))
    assert github.commits[pull.head_sha]["by"] == {"name": "Li Wei", "email": "li.wei@acme.example"}
    made = repo.commit_authors(pull)
    assert (made.logins, made.unknown, len(made.messages)) == (frozenset({"lakeport[bot]"}), False, 1)


@pytest.mark.parametrize("call", [r"POST .*/git/refs", r"PUT .*/contents/.*", r"POST .*/pulls"])
@pytest.mark.parametrize("raws", [(b"one\n",), (b"one\n", b"two\n")])
def test_an_answer_that_got_lost_after_the_effect_is_adopted(
    github: GitHubRest, repo: Repository, call: str, raws: tuple[bytes, ...]
) -> None:
    for raw in raws:
        github.after(call, (502, {"message": "Bad gateway"}))
        pull = submit(repo, raw)
        assert branch_files(github)[PATH] == raw
        assert pull.head_sha == github.refs[f"refs/heads/{BRANCH}"]
    assert len(github.pulls) == 1
    assert len(repo.changes(pull)) == 1


@pytest.mark.parametrize("dies_at", [r"POST .*/git/refs", r"PUT .*/contents/.*", r"POST .*/pulls"])
@pytest.mark.parametrize("effect", ["before", "after"])
def test_a_submit_that_died_is_finished_by_the_next(
    github: GitHubRest, repo: Repository, dies_at: str, effect: str
) -> None:
    def dead() -> Any:
        raise KeyboardInterrupt

    if effect == "before":
        github.instead(dies_at, dead)
        with pytest.raises(KeyboardInterrupt):
            submit(repo)
    else:
        for _ in range(4):  # until PyGithub gives up
            github.after(dies_at, (503, {"message": "Unavailable"}))
        with pytest.raises(RemoteUnavailable):
            submit(repo)
        github._faults.clear()
    pull = submit(repo)
    assert len(github.pulls) == 1
    assert len(github.commits) == 2, "main's and one of ours"
    assert branch_files(github)[PATH] == b"one\n"
    assert pull.state == "open"


@pytest.mark.parametrize("how", ["merge", "close"])
def test_a_branch_left_behind_is_made_anew(github: GitHubRest, repo: Repository, how: str) -> None:
    first = submit(repo)
    getattr(github, how)(first.number)
    second = submit(repo, b"two\n")
    assert second.number != first.number
    assert github.commits[second.head_sha]["parents"] == [github.refs["refs/heads/main"]]
    assert repo.files(second) == (PATH,)


def test_a_branch_that_went_on_after_the_merge_is_taken_as_it_is(
    github: GitHubRest, repo: Repository
) -> None:
    first = submit(repo)
    github.merge(first.number)
    moved = github.push(BRANCH, "notes.txt", b"a person's work")
    second = submit(repo, b"two\n")
    assert github.commits[second.head_sha]["parents"] == [moved]
    assert not [call for call in github.writes if call.startswith("DELETE")]


def test_the_very_bytes_that_were_merged_find_the_merged_pull_request(
    github: GitHubRest, repo: Repository
) -> None:
    first = submit(repo)
    merged = github.merge(first.number)
    github.calls.clear()
    again = submit(repo)
    assert (again.number, again.merged, again.merge_sha) == (first.number, True, merged)
    assert github.writes == []


def test_what_main_has_without_us_is_refused(github: GitHubRest, repo: Repository) -> None:
    github.push("main", PATH, b"one\n")
    with pytest.raises(Refused, match="has this very content already"):
        submit(repo)
    assert github.writes == []


def test_a_change_of_an_applied_request_starts_from_main(github: GitHubRest, repo: Repository) -> None:
    github.push("main", PATH, b"one\n")
    pull = submit(repo, b"two\n")
    assert repo.changes(pull)[0].status == "modified"
    assert repo.read_file(PATH, repo.default_branch) == b"one\n"
    assert repo.read_file(PATH, pull.head_sha) == b"two\n"


def test_a_pull_request_of_a_fork_with_our_branch_name_is_not_ours(
    github: GitHubRest, repo: Repository
) -> None:
    pull = submit(repo)
    github.pulls[pull.number]["fork"] = True
    assert repo.pull(pull.number).from_fork
    assert submit(repo).number != pull.number


def test_a_pull_request_that_another_run_opened_meanwhile_is_adopted(
    github: GitHubRest, repo: Repository
) -> None:
    github.refs[f"refs/heads/{BRANCH}"] = github.refs["refs/heads/main"]
    opened: list[int] = []

    def too_late() -> tuple[int, Any]:
        opened.append(github.open_pull(BRANCH))
        return 422, {
            "message": "Validation Failed",
            "errors": [{"message": "A pull request already exists for acme:x."}],
        }

    github.instead(r"POST .*/pulls", too_late)
    assert submit(repo).number == opened[0]


def test_a_file_that_another_run_wrote_meanwhile_is_read_again(github: GitHubRest, repo: Repository) -> None:
    first = submit(repo)

    def conflict() -> tuple[int, Any]:
        github.push(BRANCH, PATH, b"of somebody else\n")
        return 409, {"message": f"{PATH} does not match"}

    github.instead(r"PUT .*", conflict)
    second = submit(repo, b"two\n")
    assert second.number == first.number
    assert branch_files(github)[PATH] == b"two\n"


def test_a_file_that_never_holds_still_is_a_failure_in_words(github: GitHubRest, repo: Repository) -> None:
    submit(repo)
    for _ in range(9):
        github.instead(r"PUT .*", (409, {"message": "is at other but expected this"}))
    with pytest.raises(RemoteError, match=r"GitHub refused the request \(409\)"):
        submit(repo, b"two\n")


def test_a_refusal_of_github_is_passed_on_in_words(github: GitHubRest, repo: Repository) -> None:
    github.instead(r"POST .*/git/refs", (403, {"message": "Resource not accessible by integration"}))
    with pytest.raises(RemoteDenied) as caught:
        submit(repo)
    assert "Resource not accessible" in caught.value.why
    assert "ghs_" not in str(caught.value)


# --- looking


def test_a_missing_file_is_none_and_a_folder_too(github: GitHubRest, repo: Repository) -> None:
    github.push("main", PATH, b"one\n")
    assert repo.read_file("requests/dev/growth/other.yaml", "main") is None
    assert repo.read_file("requests/dev", "main") is None


def test_a_file_too_large_to_read_is_said(github: GitHubRest, repo: Repository) -> None:
    github.push("main", PATH, b"x" * 1_000_001)
    with pytest.raises(RemoteError, match="too large"):
        repo.read_file(PATH, "main")


def test_an_unknown_pull_request_is_said(repo: Repository) -> None:
    with pytest.raises(RemoteError, match="GitHub does not know"):
        repo.pull(99)


def test_a_pull_request_of_a_deleted_account_has_an_author_nobody_is(
    github: GitHubRest, repo: Repository
) -> None:
    pull = submit(repo)
    github.pulls[pull.number]["user"] = None
    assert repo.pull(pull.number).author == "ghost"


def test_the_pull_request_of_a_merge_commit(github: GitHubRest, repo: Repository) -> None:
    pull = submit(repo)
    assert repo.pull_for_commit(pull.head_sha) is None, "not merged yet"
    merged = github.merge(pull.number)
    found = repo.pull_for_commit(merged)
    assert found is not None
    assert (found.number, found.head_sha, found.merge_sha) == (pull.number, pull.head_sha, merged)
    assert repo.pull_for_commit(pull.head_sha) == found, "a merge commit keeps the head"
    assert repo.pull_for_commit(github.commits[merged]["parents"][0]) is None


def test_renamed_files_are_touched_twice(github: GitHubRest, repo: Repository) -> None:
    pull = submit(repo)
    github.extra_files[pull.number] = [
        {"filename": "b.yaml", "status": "renamed", "previous_filename": "a.yaml"}
    ]
    assert repo.files(pull) == ("a.yaml", "b.yaml", PATH)


def test_reviews_are_read_to_the_last_page(github: GitHubRest, repo: Repository) -> None:
    pull = submit(repo)
    for number in range(230):
        github.review(
            pull.number, f"person-{number}", "APPROVED", pull.head_sha, f"2026-11-21T06:{number % 60:02d}:00Z"
        )
    assert len(repo.reviews(pull)) == 230


def test_the_review_that_stands(github: GitHubRest, repo: Repository) -> None:
    pull = submit(repo)
    github.review(pull.number, "nadia-k", "APPROVED", pull.head_sha, "2026-11-21T06:00:00Z")
    github.review(pull.number, "Nadia-K", "COMMENTED", "0" * 40, "2026-11-21T07:00:00Z")
    github.review(pull.number, "omar-f", "CHANGES_REQUESTED", pull.head_sha, "2026-11-21T08:00:00Z")
    github.review(pull.number, "omar-f", "APPROVED", pull.head_sha, "2026-11-21T06:00:00Z")
    github.reviews[pull.number].append(
        {"user": None, "state": "APPROVED", "commit_id": pull.head_sha, "submitted_at": None}
    )
    found = {review.login: (review.state, review.commit_sha) for review in repo.reviews(pull)}
    assert found == {
        "nadia-k": ("APPROVED", pull.head_sha),
        "omar-f": ("CHANGES_REQUESTED", pull.head_sha),
        "ghost": ("APPROVED", pull.head_sha),
    }


@pytest.mark.parametrize(
    ("permission", "may"), [("admin", True), ("write", True), ("read", False), ("none", False), (None, False)]
)
def test_who_may_write(github: GitHubRest, repo: Repository, permission: str | None, may: bool) -> None:
    if permission:
        github.permissions["nadia-k"] = permission
    assert repo.can_write("nadia-k") is may


def test_a_commit_of_nobody_known_is_said(github: GitHubRest, repo: Repository) -> None:
    pull = submit(repo)
    github.push(BRANCH, PATH, b"two\n", login="liwei")
    made = repo.commit_authors(pull)
    assert (made.logins, made.unknown, len(made.messages)) == (
        frozenset({"lakeport[bot]", "liwei"}),
        False,
        2,
    )
    assert not made.unsigned
    github.push(BRANCH, PATH, b"three\n", login=None)
    assert repo.commit_authors(pull).unknown


def test_a_commit_that_only_names_our_app_is_not_by_it(github: GitHubRest, repo: Repository) -> None:
    """Whoever pushes chooses the name and the address in a commit; GitHub signs what an app makes."""
    pull = submit(repo)
    assert not repo.commit_authors(pull).unsigned
    github.push(BRANCH, PATH, b"two\n", login="lakeport[bot]")
    made = repo.commit_authors(pull)
    assert (made.logins, made.unsigned) == (frozenset({"lakeport[bot]"}), True)


def test_reading_commits_and_comments_asks_once_for_each_list(github: GitHubRest, repo: Repository) -> None:
    pull = submit(repo)
    github.push(BRANCH, PATH, b"two\n", login="liwei")
    for login in ("petra-v", "lakeport[bot]"):
        github.add_comment(pull.number, login, "Hello.")
    github.calls.clear()
    repo.commit_authors(pull)
    said = repo.conversation(pull)
    assert [(one.login, one.person, one.edited) for one in said] == [
        ("petra-v", True, False),
        ("lakeport[bot]", False, False),
    ]
    assert len(github.calls) == 2


# --- comments


def test_one_comment_is_kept_and_updated(github: GitHubRest, repo: Repository) -> None:
    repo.upsert_comment(7, "plan", "one")
    repo.upsert_comment(7, "plan", "one")
    assert [comment["body"] for comment in github.comments[7]] == ["<!-- lakeport:plan -->\none"]
    repo.upsert_comment(7, "<!-- lakeport:plan -->", "<!-- lakeport:plan -->\ntwo")
    repo.upsert_comment(7, "result", "three")
    assert [comment["body"] for comment in github.comments[7]] == [
        "<!-- lakeport:plan -->\ntwo",
        "<!-- lakeport:result -->\nthree",
    ]
    assert len(github.writes) == 3


def test_a_strangers_comment_with_our_marker_is_left_alone(github: GitHubRest, repo: Repository) -> None:
    github.add_comment(7, "mallory", "<!-- lakeport:plan -->\nAll is well.")
    repo.upsert_comment(7, "plan", "ours")
    assert [comment["user"]["login"] for comment in github.comments[7]] == ["mallory", "github-actions[bot]"]


def test_a_comment_that_was_posted_twice_is_one_again(github: GitHubRest, repo: Repository) -> None:
    github.after(r"POST .*/comments", (502, {"message": "Bad gateway"}))
    repo.upsert_comment(7, "plan", "one")
    assert len(github.comments[7]) == 2
    repo.upsert_comment(7, "plan", "two")
    assert [comment["body"] for comment in github.comments[7]] == ["<!-- lakeport:plan -->\ntwo"]


def test_a_token_that_may_ask_knows_who_it_is(github: GitHubRest) -> None:
    github.may_ask_who, github.login = True, "petra-v"
    with github.serve() as client:
        repo = open_repository(client, FULL_NAME)
        for body in ("one", "two"):
            repo.upsert_comment(7, "plan", body)
    assert [comment["user"]["login"] for comment in github.comments[7]] == ["petra-v"]


@pytest.fixture(autouse=True)
def _actions_account(request: pytest.FixtureRequest, github: GitHubRest) -> None:
    """What posts comments in these tests is the token of a workflow."""
    if "comment" in request.node.name:
        github.login = "github-actions[bot]"


# --- check runs


def plan(count: int = 2, request: str = REQUEST) -> Plan:
    changes = tuple(
        Change(kind="repo", identity=f"churn-{number}", action="repo", verb=Verb.CREATE, after={"n": number})
        for number in range(count)
    )
    return Plan(request=request, file_digest="sha256:" + "a" * 64, changes=changes)


APPROVED = Approved.of(plan())


def put(repo: Repository, sha: str, text: str, conclusion: str = "success", **more: Any) -> None:
    repo.put_check(sha, PLAN_CHECK, conclusion, "Title", "Summary", text, **more)


def approved(repo: Repository, sha: str, request: str = REQUEST, by: str = MERGED) -> Approved | None:
    found = repo.planned(sha, request, by=datetime.fromisoformat(by))
    return found.approved if found else None


def test_what_was_approved_comes_back(github: GitHubRest, repo: Repository) -> None:
    sha = submit(repo).head_sha
    put(repo, sha, encode_approved([APPROVED]))
    assert approved(repo, sha) == APPROVED
    assert approved(repo, sha, "dev/growth/other") is None
    assert approved(repo, github.refs["refs/heads/main"]) is None


def test_each_of_several_requests_has_its_own(repo: Repository) -> None:
    other = Approved.of(plan(1, "dev/growth/other"))
    put(repo, "a" * 40, encode_approved([APPROVED, other]))
    assert approved(repo, "a" * 40) == APPROVED
    assert approved(repo, "a" * 40, "dev/growth/other") == other


def test_the_newest_run_of_our_app_decides(github: GitHubRest, repo: Repository) -> None:
    text = encode_approved([APPROVED])
    said = {"name": PLAN_CHECK, "head_sha": "a" * 40, "output": {"text": text}}
    github.add_run(app="mallory", conclusion="success", **said)
    assert approved(repo, "a" * 40) is None, "another app's word"
    github.add_run(conclusion="success", **said)
    assert approved(repo, "a" * 40) == APPROVED
    github.add_run(conclusion="failure", **said)
    assert approved(repo, "a" * 40) is None, "a later run failed"


@pytest.mark.parametrize("odd", [{"status": "in_progress"}, {"conclusion": "neutral"}, {"conclusion": None}])
def test_only_a_finished_success_counts(github: GitHubRest, repo: Repository, odd: dict[str, Any]) -> None:
    said = {"name": PLAN_CHECK, "head_sha": "a" * 40, "output": {"text": encode_approved([APPROVED])}}
    github.add_run(**{"conclusion": "success", **said, **odd})
    assert approved(repo, "a" * 40) is None


def test_another_app_can_be_trusted(
    github: GitHubRest, repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"name": PLAN_CHECK, "head_sha": "a" * 40, "output": {"text": encode_approved([APPROVED])}}
    github.add_run(app="lakeport", conclusion="success", **said)
    assert approved(repo, "a" * 40) is None
    monkeypatch.setenv("LAKEPORT_CHECK_APP", "lakeport")
    with github.serve() as client:
        assert approved(open_repository(client, FULL_NAME), "a" * 40) == APPROVED


def test_what_was_planned_after_the_merge_was_before_nobody(github: GitHubRest, repo: Repository) -> None:
    def drawn(at: str, sets: Approved, conclusion: str = "success") -> None:
        said = {"name": PLAN_CHECK, "head_sha": "a" * 40, "output": {"text": encode_approved([sets])}}
        github.add_run(conclusion=conclusion, completed_at=at, **said)

    other = Approved.of(plan(1))
    drawn("2026-11-21T05:00:01Z", other)
    assert approved(repo, "a" * 40) is None
    drawn("2026-11-21T04:00:00Z", APPROVED)
    assert approved(repo, "a" * 40) == APPROVED
    assert approved(repo, "a" * 40, by="2026-11-21T03:59:59Z") is None
    drawn("2026-11-21T04:30:00Z", other, "failure")
    assert approved(repo, "a" * 40) is None, "the newest of those that were over by then"


def test_since_when_these_very_changes_could_be_read(github: GitHubRest, repo: Repository) -> None:
    other = Approved.of(plan(1))
    for hour, sets in enumerate([APPROVED, other, APPROVED, APPROVED]):
        said = {"name": PLAN_CHECK, "head_sha": "a" * 40, "output": {"text": encode_approved([sets])}}
        github.add_run(conclusion="success", completed_at=f"2026-11-21T0{hour}:00:00Z", **said)
    found = repo.planned("a" * 40, REQUEST, by=datetime.fromisoformat(MERGED))
    assert found is not None
    assert (found.since.hour, found.drawn.hour) == (2, 3)


def test_every_plan_is_a_run_of_its_own(github: GitHubRest, repo: Repository) -> None:
    """GitHub gives each the time at which it ended; of one that is edited nobody knows which time that is."""
    for _ in range(2):
        put(repo, "a" * 40, encode_approved([APPROVED]))
    assert [run["name"] for run in github.runs] == [PLAN_CHECK, PLAN_CHECK]
    assert not any("completed_at" in call for call in github.calls)


def test_a_comment_is_read_by_its_id(github: GitHubRest, repo: Repository) -> None:
    number = submit(repo).number
    made = github.add_comment(number, "nadia-k", "/lakeport plan")
    found = repo.said(made["id"])
    assert found is not None
    assert (found.login, found.body, found.person, found.edited) == ("nadia-k", "/lakeport plan", True, False)
    assert found.number == number
    for odd, wanted in (
        ({"updated_at": "2026-11-21T06:00:01Z"}, ("nadia-k", True, True)),
        ({"performed_via_github_app": {"slug": "helper"}}, ("nadia-k", False, True)),
        ({"user": None}, ("", False, True)),
    ):
        made |= odd
        found = repo.said(made["id"])
        assert found is not None
        assert (found.login, found.person, found.edited) == wanted
    assert repo.said(made["id"] + 1) is None


def test_a_workflow_of_the_default_branch_is_started(github: GitHubRest, repo: Repository) -> None:
    url = repo.dispatch("check.yml", {"pull": "1"})
    assert github.dispatched == [("check.yml", "main", {"pull": "1"})]
    assert url.startswith("https://github.test/acme/lakeport/actions/runs/")
    github.instead(f"POST {REPO}/actions/workflows/check.yml/dispatches", (403, {"message": "No."}))
    with pytest.raises(RemoteDenied):
        repo.dispatch("check.yml", {"pull": "1"})


def broken_texts() -> dict[str, str]:
    text = encode_approved([APPROVED])
    block = text[text.index("```") :]
    data = json.loads(block.splitlines()[1])
    one = data["approved"][0]

    def fenced(value: Any) -> str:
        return f"```json lakeport-approved\n{json.dumps(value)}\n```"

    return {
        "nothing": "",
        "no block": "All is well.",
        "two blocks": f"{text}\n{block}",
        "a second fence that is never closed": f"{text}\n```json lakeport-approved",
        "not JSON": "```json lakeport-approved\n{\n```",
        "too deep": "```json lakeport-approved\n" + "[" * 100_000 + "\n```",
        "a list": fenced([one]),
        "another version": fenced(data | {"version": 2}),
        "a key more": fenced(data | {"all": True}),
        "no list": fenced(data | {"approved": {"request": REQUEST}}),
        "a request twice": fenced(data | {"approved": [one, one]}),
        "no changes key": fenced(data | {"approved": [{key: one[key] for key in one if key != "changes"}]}),
        "changes that are a string": fenced(data | {"approved": [one | {"changes": one["changes"][0]}]}),
        "a change that is no digest": fenced(data | {"approved": [one | {"changes": ["*"]}]}),
        "a change more than the plan": fenced(
            data | {"approved": [one | {"changes": [*one["changes"], "sha256:" + "f" * 64]}]}
        ),
        "another file": fenced(data | {"approved": [one | {"file_digest": "sha256:" + "f" * 64}]}),
        "another request": fenced(data | {"approved": [one | {"request": "prod/risk/all"}]}),
    }


@pytest.mark.parametrize("name", broken_texts())
def test_anything_odd_means_nothing_is_approved(github: GitHubRest, repo: Repository, name: str) -> None:
    text = broken_texts()[name]
    assert decode_approved(text) is None
    said = {"name": PLAN_CHECK, "head_sha": "a" * 40, "output": {"text": text}}
    github.add_run(conclusion="success", **said)
    assert approved(repo, "a" * 40) is None


def test_a_plan_too_long_for_a_check_run_is_refused_and_not_cut() -> None:
    assert len(encode_approved([Approved.of(plan(850))])) <= TEXT_LIMIT
    with pytest.raises(Refused, match="1200 changes"):
        encode_approved([Approved.of(plan(1200))])


def test_no_change_at_all_can_be_approved() -> None:
    empty = Approved.of(plan(0))
    assert decode_approved(encode_approved([empty])) == (empty,)
    assert decode_approved(encode_approved([])) == ()


def test_a_check_is_updated_in_place(github: GitHubRest, repo: Repository) -> None:
    for conclusion in ("failure", "success"):
        repo.put_check("a" * 40, GATE_CHECK, conclusion, "Title", "Summary")
    assert [run["conclusion"] for run in github.runs] == ["success"]


def test_a_check_never_keeps_what_an_earlier_one_said(github: GitHubRest, repo: Repository) -> None:
    found = [{"path": PATH, "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": "no"}]
    put(repo, "a" * 40, "", "failure", annotations=found)
    put(repo, "a" * 40, encode_approved([APPROVED]))
    assert [run["output"]["annotations_count"] for run in github.runs] == [1, 0]
    put(repo, "a" * 40, "", "failure")
    assert github.runs[-1]["output"]["text"] is None
    assert approved(repo, "a" * 40) is None


def test_many_annotations_are_sent_in_batches(github: GitHubRest, repo: Repository) -> None:
    found = [
        {"path": PATH, "start_line": line, "end_line": line, "annotation_level": "failure", "message": "no"}
        for line in range(1, 121)
    ]
    put(repo, "a" * 40, "", "failure", annotations=found)
    assert [run["output"]["annotations_count"] for run in github.runs] == [120]


def test_a_check_that_would_be_cut_is_refused(github: GitHubRest, repo: Repository) -> None:
    with pytest.raises(Refused):
        put(repo, "a" * 40, "x" * (TEXT_LIMIT + 1))
    assert github.writes == []
