from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from gitops.annotations import annotation
from gitops.approval import ApprovalRule
from gitops.checks import GATE_CHECK, PLAN_CHECK, Planned, decode_approved
from gitops.comments import Said
from gitops.confirmation import LAKEPORT, Confirmed
from gitops.finding import Finding, Place, Severity
from gitops.gate import Discount, Facts, Outcome, Review, Verdict
from gitops.gating import COMMITS_LISTED, FILES_LISTED, gather, judge_pull
from gitops.plan import Approved, Change, Plan, Verb, digest
from gitops.policy import load_policy
from gitops.posting import gate_comment, plan_title, post_gate, post_report
from gitops.pullrequest import Authors, FileChange, Pull
from gitops.report import Entry, Report
from tests.support import toy

HEAD, BASE = "a" * 40, "b" * 40
PULL = Pull(
    number=12,
    url="https://github.example/acme/requests/pull/12",
    state="open",
    merged=False,
    head_sha=HEAD,
    base_sha=BASE,
    head_ref="request/dev/growth/churn",
    base_ref="main",
    merge_sha=None,
    author="lakeport[bot]",
    title="Onboard churn",
)


BY_THE_BOT = Authors(frozenset({"lakeport[bot]"}), False, ("Onboard churn",))


@dataclass
class Repo:
    """One pull request and what is said on it."""

    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    changed: tuple[FileChange, ...] = (FileChange(path=toy.path(), status="added"),)
    authors: Authors = BY_THE_BOT
    reviewed: tuple[Review, ...] = ()
    writers: frozenset[str] = frozenset({"nadia-k", "omar-f"})
    said: tuple[Said, ...] = ()
    word: Confirmed | None = None
    now: Pull = PULL
    plan: Planned | None = None
    checks: list[tuple[str, str, str, str, str, int]] = field(default_factory=list)
    comments: dict[str, str] = field(default_factory=dict)

    def read_file(self, path: str, ref: str) -> bytes | None:
        return self.files.get((path, ref))

    def changes(self, pull: Pull) -> tuple[FileChange, ...]:
        return self.changed

    def commit_authors(self, pull: Pull) -> Authors:
        return self.authors

    def reviews(self, pull: Pull) -> tuple[Review, ...]:
        return self.reviewed

    def can_write(self, login: str) -> bool:
        return login in self.writers

    def confirmed(self, pull: Pull, app: str) -> Confirmed:
        """By default the very file at the head was confirmed."""
        assert app == "lakeport[bot]"
        if self.word is not None:
            return self.word
        raw = self.files.get((toy.path(), pull.head_sha), b"")
        return Confirmed(digest=digest(raw), by="U024BE7LH", commit=pull.head_sha)

    def planned(self, sha: str, request: str, *, by: datetime) -> Planned | None:
        assert sha == self.now.head_sha
        return self.plan if request == "dev/growth/churn" else None

    def conversation(self, pull: Pull) -> tuple[Said, ...]:
        return self.said

    def pull(self, number: int) -> Pull:
        assert number == self.now.number
        return self.now

    def comment(self, number: int, marker: str) -> str:
        assert number == self.now.number
        return self.comments.get(marker, "")

    def upsert_comment(self, number: int, marker: str, body: str) -> None:
        assert body.startswith(marker)
        self.comments[marker] = body

    def put_check(
        self,
        sha: str,
        name: str,
        conclusion: str,
        title: str,
        summary: str,
        text: str = "",
        annotations: object = (),
    ) -> None:
        self.checks.append((sha, name, conclusion, title, text, len(list(annotations))))  # type: ignore[call-overload]


def gathered(repo: Repo) -> Facts:
    return gather(repo, PULL, registry=toy.registry(toy.World()), rules=toy.policy())


def outcome(repo: Repo) -> Outcome:
    return judge_pull(repo, PULL, registry=toy.registry(toy.World()), rules=toy.policy()).outcome


def approved_by(*logins: str) -> tuple[Review, ...]:
    return tuple(
        Review(login=login, state="APPROVED", commit_sha=HEAD, submitted_at="2026-11-21T06:00:00+00:00")
        for login in logins
    )


@pytest.fixture
def repo() -> Repo:
    return Repo(files={(toy.path(), HEAD): toy.raw()})


def test_the_usual_facts(repo: Repo) -> None:
    repo.reviewed = approved_by("nadia-k", "liwei")
    facts = gathered(repo)
    assert facts.requester_github == "liwei"
    assert [(rule.count, rule.approvers) for rule in facts.rules] == [(1, frozenset({"nadia-k", "omar-f"}))]
    assert facts.writers == {"nadia-k"}
    assert facts.files_touched == (toy.path(),)
    assert facts.problems == ()
    assert outcome(repo) is Outcome.OPEN


def test_an_approval_counts_for_the_plan_that_could_be_read(repo: Repo) -> None:
    """On the same commit a plan can be drawn again, and come out different; after the merge apply asks."""
    repo.reviewed = approved_by("nadia-k")
    at = datetime(2026, 11, 21, 6, tzinfo=UTC)
    same = Approved(request="dev/growth/churn", file_digest="f", plan_digest="p", changes=frozenset())
    repo.plan = Planned(approved=same, drawn=at + timedelta(days=1), since=at)
    assert outcome(repo) is Outcome.OPEN
    repo.plan = Planned(approved=same, drawn=at + timedelta(days=1), since=at + timedelta(seconds=1))
    assert outcome(repo) is Outcome.MISSING_APPROVALS
    merged = replace(PULL, state="closed", merged=True)
    verdict = judge_pull(repo, merged, registry=toy.registry(toy.World()), rules=toy.policy())
    assert verdict.outcome is Outcome.OPEN


def test_never_the_human_who_asked(repo: Repo) -> None:
    raw = toy.raw().replace(b"{slack: U024BE7LH, github: liwei}", b"{slack: U0NADIAKA, github: nadia-k}")
    repo.files[toy.path(), HEAD] = raw
    repo.reviewed = approved_by("nadia-k")
    assert outcome(repo) is Outcome.MISSING_APPROVALS
    repo.reviewed = approved_by("nadia-k", "omar-f")
    assert outcome(repo) is Outcome.OPEN


def test_somebody_whom_the_directory_does_not_know_needs_two(repo: Repo) -> None:
    raw = toy.raw().replace(b"{slack: U024BE7LH, github: liwei}", b"{slack: U0STRANGER, github: omar-f}")
    repo.files[toy.path(), HEAD] = raw
    facts = gathered(repo)
    assert facts.requester_github is None
    assert "omar-f" in facts.commit_authors
    repo.reviewed = approved_by("nadia-k", "omar-f")
    assert outcome(repo) is Outcome.MISSING_APPROVALS


STRANGER, PROVED = b"{slack: U0STRANGER}", b"{slack: U0STRANGER, github: stranger}"


def stranger(repo: Repo, by: bytes) -> None:
    repo.files[toy.path(), HEAD] = toy.raw().replace(b"{slack: U024BE7LH, github: liwei}", by)


def test_whom_nobody_knows_on_github_needs_two_and_it_is_said_once(repo: Repo) -> None:
    stranger(repo, STRANGER)
    repo.reviewed = approved_by("nadia-k")
    verdict = judge_pull(repo, PULL, registry=toy.registry(toy.World()), rules=toy.policy())
    assert verdict.sentences == (
        "A requester without a known GitHub account asks for one more approval, from omar-f.",
    )
    repo.reviewed = approved_by("nadia-k", "omar-f")
    assert outcome(repo) is Outcome.OPEN


def test_a_login_that_the_bot_wrote_is_proved_and_one_approval_is_enough(repo: Repo) -> None:
    stranger(repo, PROVED)
    assert gathered(repo).requester_github == "stranger"
    repo.reviewed = approved_by("nadia-k")
    assert outcome(repo) is Outcome.OPEN


@pytest.mark.parametrize(
    "authors",
    [
        Authors(frozenset({"lakeport[bot]", "omar-f"})),
        Authors(frozenset({"lakeport[bot]"}), True),
        Authors(frozenset({"lakeport[bot]"}), False, ("",) * COMMITS_LISTED),
    ],
)
def test_a_login_in_the_file_proves_nothing_once_somebody_added_a_commit(
    repo: Repo, authors: Authors
) -> None:
    stranger(repo, PROVED)
    repo.authors = authors
    facts = gathered(repo)
    assert facts.requester_github is None
    assert "stranger" in facts.commit_authors
    repo.reviewed = approved_by("nadia-k")
    assert outcome(repo) is Outcome.MISSING_APPROVALS


@pytest.mark.parametrize(
    "line",
    [
        "Lakeport-Changed-By: U0NADIAKA",
        "lakeport-changed-by:   U0NADIAKA",
        "Co-authored-by: Nadia <nadia.karim@acme.example>",
        "Co-Authored-By: Nadia <4711+nadia-k@users.noreply.github.com>",
        "Co-authored-by: Nadia <NADIA-K@users.noreply.github.com>",
    ],
)
def test_who_asked_for_a_change_or_wrote_part_of_it_does_not_approve_it(repo: Repo, line: str) -> None:
    """The file says who asked first; that somebody else asked for this change stands in its commit."""
    repo.authors = Authors(repo.authors.logins, False, (f"Change churn\n\n{line}\n",))
    repo.reviewed = approved_by("nadia-k")
    assert outcome(repo) is Outcome.MISSING_APPROVALS
    repo.reviewed = approved_by("omar-f")
    assert {"nadia-k"} <= {login.casefold() for login in gathered(repo).commit_authors}


@pytest.mark.parametrize(
    "line", ["Lakeport-Changed-By: U0NOBODY", "Co-authored-by: Somebody <who@elsewhere.example>"]
)
def test_somebody_unknown_behind_a_change_needs_two(repo: Repo, line: str) -> None:
    repo.authors = Authors(repo.authors.logins, False, (f"Change churn\n\n{line}",))
    repo.reviewed = approved_by("nadia-k")
    assert outcome(repo) is Outcome.MISSING_APPROVALS
    repo.reviewed = approved_by("nadia-k", "omar-f")
    assert outcome(repo) is Outcome.OPEN


def test_who_asked_is_who_asked_for_the_change(repo: Repo) -> None:
    repo.authors = Authors(repo.authors.logins, False, ("Change\n\nLakeport-Changed-By: U024BE7LH\n",))
    repo.reviewed = approved_by("nadia-k")
    assert outcome(repo) is Outcome.OPEN


def test_an_edit_needs_those_whom_the_policy_names_for_it(repo: Repo) -> None:
    asks = b"approvals_for_change: {purpose: {count: 2, from: [growth]}}\n"
    rules = load_policy(toy.POLICY + asks)
    repo.files[toy.path(), BASE] = toy.raw()
    repo.files[toy.path(), HEAD] = toy.raw(purpose="Find other things out.")
    facts = gather(repo, PULL, registry=toy.registry(toy.World()), rules=rules)
    assert [(rule.id, rule.count) for rule in facts.rules] == [
        ("environment-dev", 1),
        ("change-purpose", 2),
    ]
    repo.files[toy.path(), HEAD] = toy.raw("base one blue")
    facts = gather(repo, PULL, registry=toy.registry(toy.World()), rules=rules)
    assert [rule.id for rule in facts.rules] == ["environment-dev"]


def test_writing_a_name_into_an_exception_is_no_approval(repo: Repo) -> None:
    rules = load_policy(toy.POLICY + b"exceptions: {approvers: [growth]}\n")
    entry = b"  exceptions: [{rule: naming, reason: It is old., approver: omar-f, until: 2027-01-01}]\n"
    repo.files[toy.path(), HEAD] = toy.raw().replace(b"  lifecycle", entry + b"  lifecycle")
    repo.reviewed = approved_by("nadia-k")
    verdict = judge_pull(repo, PULL, registry=toy.registry(toy.World()), rules=rules)
    assert verdict.outcome is Outcome.MISSING_APPROVALS
    assert verdict.sentences == ("The exception to naming asks for one more approval, from omar-f.",)
    repo.reviewed = approved_by("nadia-k", "omar-f")
    assert judge_pull(repo, PULL, registry=toy.registry(toy.World()), rules=rules).passed


def test_two_requests_of_two_people_bar_both(repo: Repo) -> None:
    other = toy.raw(name="sales").replace(
        b"{slack: U024BE7LH, github: liwei}", b"{slack: U0OMARFAR, github: omar-f}"
    )
    repo.files[toy.path("sales"), HEAD] = other
    repo.changed = (*repo.changed, FileChange(path=toy.path("sales"), status="added"))
    facts = gathered(repo)
    assert {facts.requester_github} | facts.commit_authors >= {"liwei", "omar-f"}


def test_what_it_was_counts_too(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    was = ApprovalRule("classification-restricted", 1, frozenset({"omar-f"}), "Restricted data")
    becomes = ApprovalRule("environment-dev", 1, frozenset({"nadia-k"}), "The environment dev")
    monkeypatch.setattr(
        "gitops.amendment.approvals",
        lambda loaded, policy, registry: (was if b"restricted" in loaded.document.raw else becomes,),
    )
    repo.files[toy.path(), BASE] = toy.raw().replace(b"internal", b"restricted")
    assert gathered(repo).rules == (was, becomes)


def test_an_invalid_file_is_a_problem(repo: Repo) -> None:
    repo.files[toy.path(), HEAD] = b"a: 1\n"
    assert "is not valid" in gathered(repo).problems[0]
    assert outcome(repo) is Outcome.INVALID


@pytest.mark.parametrize(("lifecycle", "problem"), [("active", True), ("retired", False)])
def test_a_deleted_file_must_be_retired(repo: Repo, lifecycle: str, problem: bool) -> None:
    repo.files = {(toy.path(), BASE): toy.raw(lifecycle=lifecycle)}
    repo.changed = (FileChange(path=toy.path(), status="removed"),)
    facts = gathered(repo)
    assert bool(facts.problems) is problem
    assert facts.rules
    assert facts.requester_github == "liwei"


def test_lists_that_github_cuts_short(repo: Repo) -> None:
    repo.authors = Authors(frozenset({"x"}), False, ("",) * COMMITS_LISTED)
    assert gathered(repo).unknown_authors
    repo.changed = tuple(FileChange(path=f"x/{number}", status="added") for number in range(FILES_LISTED))
    assert "names no more" in gathered(repo).problems[0]


def test_code_is_none_of_its_business(repo: Repo) -> None:
    repo.changed = (FileChange(path="docs/x.md", status="modified"),)
    assert outcome(repo) is Outcome.NOT_A_REQUEST


# --- the glass, and what passes alone

GLASS = b"review: {break_glass: {people: [omar-f]}}\n"
ALONE = (
    b"review:\n  passes_alone:\n"
    b"  - {id: words, changes: [purpose], environments: [dev], classifications: [internal]}\n"
)


def broke(login: str, why: str = "The nightly load stands still since midnight.", **more: Any) -> Said:
    body = f"/lakeport break-glass {HEAD} {why}"
    return Said(
        **{"id": 1, "number": 12, "login": login, "body": body, "person": True, "edited": False, **more}
    )


def judged(repo: Repo, more: bytes = b"", pull: Pull = PULL, policy: bytes = toy.POLICY) -> Verdict:
    rules = load_policy(policy + more)
    return judge_pull(repo, pull, registry=toy.registry(toy.World()), rules=rules)


def test_a_comment_breaks_the_glass(repo: Repo) -> None:
    repo.said = (broke("omar-f"),)
    assert judged(repo, GLASS).outcome is Outcome.BROKEN_GLASS
    assert judged(repo).outcome is Outcome.MISSING_APPROVALS
    repo.writers = frozenset()
    assert judged(repo, GLASS).outcome is Outcome.MISSING_APPROVALS


def test_of_whoever_else_comments_nobody_is_asked(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(repo, "can_write", lambda login: asked.append(login) or True)
    repo.said = (broke("mallory"), broke("Omar-F"), broke("omar-f"), broke("liwei"))
    repo.reviewed = (replace(approved_by("nadia-k")[0], login="ghost"),)
    judged(repo, GLASS)
    assert sorted(asked) == ["Omar-F", "omar-f"]


def test_the_one_who_asked_does_not_break_it_with_another_account(repo: Repo) -> None:
    also = toy.POLICY.replace(b"github: liwei, team: growth", b"github: liwei, team: growth, also: [lw]")
    glass = b"review: {break_glass: {people: [lw]}}\n"
    repo.said, repo.writers = (broke("lw"),), frozenset({"lw"})
    verdict = judged(repo, glass, policy=also)
    assert verdict.outcome is Outcome.MISSING_APPROVALS
    assert [one.reason for one in verdict.ignored] == [Discount.OWN_REQUEST]


def edited(repo: Repo) -> None:
    repo.files[toy.path(), BASE] = toy.raw()
    repo.files[toy.path(), HEAD] = toy.raw(purpose="Find other things out.")


def test_a_small_edit_by_the_bot_passes_alone(repo: Repo) -> None:
    edited(repo)
    verdict = judged(repo, ALONE)
    assert (verdict.outcome, verdict.passes_alone) == (Outcome.PASSES_ALONE, ("words",))
    assert judged(repo).outcome is Outcome.MISSING_APPROVALS
    repo.files.pop((toy.path(), BASE))
    assert judged(repo, ALONE).outcome is Outcome.MISSING_APPROVALS, "a new request never does"


@pytest.mark.parametrize(
    "authors",
    [
        Authors(frozenset({"lakeport[bot]", "liwei"})),
        Authors(frozenset({"lakeport[bot]"}), unsigned=True),
        Authors(frozenset({"lakeport[bot]"}), unknown=True),
        Authors(frozenset({"lakeport[bot]"}), messages=("Change\n\nLakeport-Changed-By: U0NOBODY\n",)),
    ],
)
def test_one_that_anybody_else_had_a_hand_in_does_not(repo: Repo, authors: Authors) -> None:
    edited(repo)
    repo.authors = authors
    assert judged(repo, ALONE).outcome is Outcome.MISSING_APPROVALS


def test_one_of_another_app_or_a_person_does_not(repo: Repo) -> None:
    edited(repo)
    for author in ("renovate[bot]", "liwei"):
        repo.authors = Authors(frozenset({author}))
        assert not judged(repo, ALONE, replace(PULL, author=author)).passed


def test_every_file_has_to_pass(repo: Repo) -> None:
    edited(repo)
    repo.files[toy.path("sales"), HEAD] = toy.raw(name="sales")
    repo.changed = (*repo.changed, FileChange(path=toy.path("sales"), status="added"))
    verdict = judged(repo, ALONE)
    assert verdict.outcome is Outcome.NOT_CONFIRMED, "one file alone was confirmed"
    assert [one.count for one in verdict.missing] == [1]


# --- commits that say they are ours


SAYS = "Onboard churn\n\nLakeport-Request: dev/growth/churn\nLakeport-Model: gpt-5-mini; prompt sha256:0123\n"


def test_what_read_the_words_is_taken_from_a_commit_of_our_own(repo: Repo) -> None:
    repo.authors = Authors(frozenset({"lakeport[bot]"}), False, (SAYS, "Change churn"))
    assert judged(repo).model == "gpt-5-mini; prompt sha256:0123"
    repo.authors = BY_THE_BOT
    assert judged(repo).model == ""


@pytest.mark.parametrize(
    "authors",
    [
        Authors(frozenset({"mallory"}), False, (SAYS,)),
        Authors(frozenset({"lakeport[bot]", "mallory"}), False, (SAYS,)),
        Authors(frozenset({"lakeport[bot]"}), True, (SAYS,)),
        Authors(frozenset({"lakeport[bot]"}), unsigned=True, messages=(SAYS,)),
    ],
)
def test_from_a_commit_that_anybody_else_may_have_made_it_is_not(repo: Repo, authors: Authors) -> None:
    repo.authors = authors
    assert judged(repo).model == ""


def test_a_commit_that_only_says_it_is_ours_asks_for_two_and_is_marked(repo: Repo) -> None:
    """Whoever may push can write the app's name into a commit, and would then approve their own."""
    repo.authors = Authors(frozenset({"lakeport[bot]"}), unsigned=True)
    repo.reviewed = approved_by("nadia-k")
    verdict = judged(repo)
    assert verdict.outcome is Outcome.MISSING_APPROVALS
    assert verdict.sentences[-1].startswith("A commit names an app as its author without GitHub's signature")
    repo.reviewed = approved_by("nadia-k", "omar-f")
    assert judged(repo).outcome is Outcome.OPEN


def test_accounts_of_one_person_are_told_from_the_policy(repo: Repo) -> None:
    two = toy.POLICY.replace(b"count: 1, from: [team]", b"count: 2, from: [team]")
    repo.reviewed = approved_by("nadia-k", "omar-f")
    assert judged(repo, policy=two).passed
    start = two.index(b"- {name: Omar Faruk")
    one = two[:start].replace(
        b"github: nadia-k, team: growth", b"github: nadia-k, team: growth, also: [omar-f]"
    )
    verdict = judged(repo, policy=one)
    assert verdict.outcome is Outcome.MISSING_APPROVALS
    assert [ignored.reason for ignored in verdict.ignored] == [Discount.SAME_PERSON]


# --- posting

CHANGE = Change(kind="base", identity="one", action="make", verb=Verb.CREATE, after={}, summary="Make one")
PLAN = Plan(request="dev/growth/churn", file_digest="sha256:" + "0" * 64, changes=(CHANGE,))
ENTRY = Entry(request=PLAN.request, path=toy.path(), file_digest=PLAN.file_digest, plan=PLAN)
FINDING = Finding("size-limit", Severity.ERROR, "Too large.", Place(toy.path(), 3, 5, 3, 7), "Less.")


def test_a_good_plan_carries_the_approved_set(repo: Repo) -> None:
    assert post_report(repo, Report(entries=(ENTRY,)), number=12, sha=HEAD) == "success"
    sha, name, conclusion, title, text, _ = repo.checks[0]
    assert (sha, name, conclusion) == (HEAD, PLAN_CHECK, "success")
    assert title == "create 1, change 0, remove 0, no running cost"
    assert [one.changes for one in decode_approved(text) or ()] == [frozenset({CHANGE.digest})]
    assert "<!-- lakeport:plan -->" in repo.comments


def test_a_bad_plan_carries_none(repo: Repo) -> None:
    bad = replace(ENTRY, findings=(FINDING,))
    assert post_report(repo, Report(entries=(ENTRY, bad)), number=12, sha=HEAD) == "failure"
    assert repo.checks[0][2:] == ("failure", "2 requests, 1 of them not fine", "", 1)


def test_a_pull_request_that_moved_on_keeps_its_newer_comment(repo: Repo) -> None:
    repo.now = replace(PULL, head_sha="c" * 40)
    post_report(repo, Report(entries=(ENTRY,)), number=12, sha=HEAD)
    assert len(repo.checks) == 1
    assert repo.comments == {}


def test_a_plan_too_large_to_approve_fails(repo: Repo) -> None:
    many = tuple(structs.replace(CHANGE, identity=f"n{number}") for number in range(1200))
    report = Report(entries=(replace(ENTRY, plan=structs.replace(PLAN, changes=many)),))
    assert post_report(repo, report, number=12, sha=HEAD) == "failure"
    assert repo.checks[0][4] == ""


def test_annotations() -> None:
    assert annotation(FINDING) == {
        "path": toy.path(),
        "start_line": 3,
        "end_line": 3,
        "start_column": 5,
        "end_column": 7,
        "annotation_level": "failure",
        "title": "size-limit",
        "message": "Too large. Less.",
    }
    whole = annotation(structs.replace(FINDING, place=Place(toy.path())))
    assert (whole["start_line"], whole["end_line"], "start_column" in whole) == (1, 1, False)


def test_titles() -> None:
    assert plan_title(Report()) == "No request file is changed"
    assert plan_title(Report(findings=(FINDING,))) == "1 error"
    assert plan_title(Report(entries=(ENTRY, ENTRY))) == "2 requests, none of them not fine"


def test_the_gate_in_words(repo: Repo) -> None:
    verdict = Verdict(outcome=Outcome.MISSING_APPROVALS, sentences=("Ask @nadia-k.",))
    post_gate(repo, PULL, verdict)
    assert repo.checks[0][:4] == (HEAD, GATE_CHECK, "failure", "Approvals are missing")
    assert "@nadia" not in repo.comments["<!-- lakeport:gate -->"]
    assert gate_comment(verdict).count("\n- ") == 1, "no rule was weighed, so all there is are the sentences"


def test_the_gate_is_silent_on_code(repo: Repo) -> None:
    post_gate(repo, PULL, Verdict(outcome=Outcome.NOT_A_REQUEST, sentences=("Nothing.",)))
    assert repo.checks[0][2] == "neutral"
    assert repo.comments == {}


# --- what was confirmed


def verdict_of(repo: Repo, author: str = PULL.author) -> Verdict:
    pull = replace(PULL, author=author)
    return judge_pull(repo, pull, registry=toy.registry(toy.World()), rules=toy.policy())


CONFIRMED = Confirmed(digest=digest(toy.raw()), by="U024BE7LH", commit=BASE)


def test_one_byte_more_than_was_confirmed_closes_the_gate_whoever_approved(repo: Repo) -> None:
    repo.word = structs.replace(CONFIRMED, since=("janed",))
    repo.files[toy.path(), HEAD] = toy.raw() + b"\n"
    repo.reviewed = approved_by("nadia-k", "omar-f")
    verdict = verdict_of(repo)
    assert (verdict.outcome, verdict.passed, verdict.conclusion) == (Outcome.NOT_CONFIRMED, False, "failure")
    assert verdict.sentences[0] == "It waits for Li Wei to confirm the change by janed in Slack."
    repo.files[toy.path(), HEAD] = toy.raw()
    assert verdict_of(repo).outcome is Outcome.OPEN, "what was confirmed was put back"


def test_the_approvals_that_are_missing_are_said_as_well(repo: Repo) -> None:
    repo.word = Confirmed(since=("lakeport[bot]",))
    verdict = verdict_of(repo)
    assert verdict.outcome is Outcome.NOT_CONFIRMED
    assert verdict.sentences == (
        "It waits for Li Wei to confirm the change by lakeport[bot] in Slack.",
        "The environment dev asks for one more approval, from nadia-k or omar-f.",
    )
    assert gate_comment(verdict).startswith("<!-- lakeport:gate -->\n## Not what was confirmed in Slack")


def test_whoever_is_waited_for_is_who_confirmed_and_not_whom_the_file_names(repo: Repo) -> None:
    repo.word = structs.replace(CONFIRMED, since=("janed",))
    mine = b"{slack: U0NADIAKA, github: nadia-k}"
    repo.files[toy.path(), HEAD] = toy.raw().replace(b"{slack: U024BE7LH, github: liwei}", mine)
    assert verdict_of(repo).sentences[0].startswith("It waits for Li Wei")
    repo.word = Confirmed(digest="sha256:0", by="U0STRANGER")
    assert verdict_of(repo).sentences[0].startswith("It waits for U0STRANGER")


def test_what_lakeport_wrote_by_itself_passes_as_it_wrote_it(repo: Repo) -> None:
    repo.word = structs.replace(CONFIRMED, by=LAKEPORT)
    repo.reviewed = approved_by("nadia-k")
    assert verdict_of(repo).outcome is Outcome.OPEN
    repo.files[toy.path(), HEAD] = toy.raw("base two")
    assert verdict_of(repo).sentences[0].startswith("Lakeport wrote this")


def test_what_is_written_by_hand_is_said_to_be_and_asks_for_nobodys_word(repo: Repo) -> None:
    repo.word = Confirmed()
    repo.authors = Authors(frozenset({"janed"}), False, ("Onboard churn",))
    repo.reviewed = approved_by("nadia-k")
    verdict = verdict_of(repo, author="janed")
    assert verdict.outcome is Outcome.OPEN
    assert verdict.sentences[-1] == (
        "Written by hand: janed opened this pull request, and nobody confirmed it in Slack."
    )
    repo.authors = Authors(frozenset({"janed", "lakeport[bot]"}), False, ("Onboard churn",))
    assert verdict_of(repo, author="janed").outcome is Outcome.NOT_CONFIRMED, "a commit of ours is in it"
    assert verdict_of(repo, author="dependabot[bot]").outcome is Outcome.NOT_CONFIRMED


def test_what_touches_no_request_is_asked_about_no_word() -> None:
    code = Repo(changed=(FileChange(path="README.md", status="modified"),), word=Confirmed())
    assert verdict_of(code).outcome is Outcome.NOT_A_REQUEST
