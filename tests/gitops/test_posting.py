"""What a plan leaves on a pull request: its comment with the plans before it, and notes beside the lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import structs

from gitops.annotations import LIMIT as BESIDE
from gitops.annotations import beside_the_lines
from gitops.finding import Finding, Place, Severity
from gitops.markup import LIMIT
from gitops.noted import Origin, note
from gitops.plan import Change, Plan, Reason, Refusal, Verb
from gitops.posting import post_report
from gitops.pullrequest import Pull
from gitops.render_plan import PLAN_MARKER
from gitops.render_sources import BY_HAND
from gitops.report import Entry, Report

FILE = "requests/dev/growth/churn.yaml"
DIGEST = f"sha256:{'f' * 64}"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PULL = Pull(
    number=12,
    url="https://github.example/acme/requests/pull/12",
    state="open",
    merged=False,
    head_sha="a" * 40,
    base_sha="b" * 40,
    head_ref="request/dev/growth/churn",
    base_ref="main",
    merge_sha=None,
    author="lakeport[bot]",
    title="Onboard churn",
)
MAKE = Change(
    kind="schema",
    identity="ml_dev.churn",
    action="schema",
    verb=Verb.CREATE,
    after={"c": 1},
    summary="Create it",
)
TAKE = Change(
    kind="schema", identity="ml_dev.churn", action="grants", verb=Verb.UPDATE, before={"a": "x", "b": 1},
    after={"a": "y"}, removes=("risk loses SELECT", "risk loses MODIFY"),
)  # fmt: skip
REFUSAL = Refusal(
    kind="schema", identity="ml_dev.churn", reason=Reason.NOT_OURS, message="Not ours.", fix="Rename it."
)
AT = Place(FILE, 20, 3, 28, 1, "resources[0]")


@dataclass
class Board:
    """One pull request, and what is said on it."""

    now: Pull = PULL
    body: str = ""
    checks: list[dict[str, Any]] = field(default_factory=list)

    def pull(self, number: int) -> Pull:
        assert number == self.now.number
        return self.now

    def comment(self, number: int, marker: str) -> str:
        assert (number, marker) == (self.now.number, PLAN_MARKER)
        return self.body

    def upsert_comment(self, number: int, marker: str, body: str) -> None:
        assert (number, marker) == (self.now.number, PLAN_MARKER)
        self.body = body

    def put_check(
        self,
        sha: str,
        name: str,
        conclusion: str,
        title: str,
        summary: str,
        text: str = "",
        annotations: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.checks.append({"sha": sha, "summary": summary, "beside": list(annotations)})


def report(*changes: Change, **fields: Any) -> Report:
    plan = Plan(request="dev/growth/churn", file_digest=DIGEST, changes=changes)
    entry = Entry(request=plan.request, path=FILE, file_digest=DIGEST, plan=plan)
    return Report(entries=(replace(entry, **fields),))


def post(board: Board, found: Report, *, hours: int = 0) -> None:
    post_report(board, found, number=12, sha=board.now.head_sha, now=NOW + timedelta(hours=hours))


def test_the_plan_that_stood_there_before_is_folded_beneath() -> None:
    board = Board()
    post(board, report(MAKE))
    assert "Earlier plans" not in board.body
    first = board.body
    post(board, report(MAKE), hours=1)
    assert board.body == first, "the same plan again is no other one"
    board.now = replace(PULL, head_sha="c" * 40)
    post(board, report(MAKE, TAKE), hours=2)
    shown, _, earlier = board.body.partition("<details><summary>Earlier plans (1)</summary>")
    assert "**create 1, change 1, remove 2, no running cost**" in shown
    assert "- <code>aaaaaaaaaaaa</code>, 2026-11-21 12:00 UTC: create 1, change 0, remove 0" in earlier
    assert "Earlier plans" not in board.checks[-1]["summary"], "a check run is of one commit"


def test_what_the_bot_noted_is_shown_for_the_file_it_is_of() -> None:
    noted = note(DIGEST, [Origin("metadata.name", "inferred", "churn", "the churn thing")])
    board = Board(now=replace(PULL, body=f"Please.\n\n{noted}\n"))
    post(board, report(MAKE))
    assert "“the churn thing”" in board.body
    board = Board()
    post(board, report(MAKE))
    assert BY_HAND in board.body


def test_beside_the_resource_stands_what_is_refused_taken_away_and_written_over() -> None:
    found = report(MAKE, TAKE, places={"schema/ml_dev.churn": AT})
    plan = found.entries[0].plan
    assert plan is not None
    plan = structs.replace(plan, refusals=(REFUSAL,), drifted={TAKE.key: ("b",)})
    beside, left = beside_the_lines(Report(entries=(replace(found.entries[0], plan=plan),)))
    assert left == ""
    assert [(one["annotation_level"], one["title"], one["message"]) for one in beside] == [
        ("failure", "Refused", "Not ours. Rename it."),
        ("warning", "Taken away", "risk loses SELECT; risk loses MODIFY"),
        ("warning", "Set by somebody else, and written over", "b: 1 → gone"),
    ]
    assert {(one["path"], one["start_line"], one["end_line"]) for one in beside} == {(FILE, 20, 20)}
    assert not any("start_column" in one for one in beside)


def test_what_has_no_place_stands_at_the_first_line() -> None:
    ((one,), _) = beside_the_lines(report(TAKE))
    assert (one["path"], one["start_line"]) == (FILE, 1)


def test_errors_come_before_the_limit_and_what_is_left_out_is_said() -> None:
    warnings = tuple(Finding("w", Severity.WARNING, "W.", Place(FILE, line)) for line in range(1, 300))
    errors = tuple(Finding("e", Severity.ERROR, "E.", Place(FILE, line)) for line in range(400, 420))
    board = Board()
    post(board, report(MAKE, findings=(*warnings, *errors)))
    beside = board.checks[0]["beside"]
    assert len(beside) == BESIDE
    assert [one["annotation_level"] for one in beside[:21]] == ["failure"] * 20 + ["warning"]
    said = "**200 of 319 notes stand beside the lines of the file, errors first; 20 are errors.**"
    assert board.checks[0]["summary"].endswith(f"\n{said}\n")
    assert said not in board.body


def test_a_finding_without_a_file_has_no_line_to_stand_beside() -> None:
    found = Finding("e", Severity.ERROR, "E.", Place(""))
    assert beside_the_lines(Report(findings=(found,))) == ([], "")


def test_the_comment_fits_whatever_it_was_and_becomes() -> None:
    board = Board()
    long = tuple(structs.replace(MAKE, identity=f"ml_dev.{'x' * 200}{number}") for number in range(800))
    for number in range(14):
        board.now = replace(PULL, head_sha=f"{number:040x}")
        post(board, report(*(long if number == 13 else ()), TAKE), hours=number)
    assert len(board.body) <= LIMIT
    assert "Earlier plans (10)" in board.body
    assert len(board.checks[-1]["summary"]) <= LIMIT
