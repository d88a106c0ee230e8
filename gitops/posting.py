"""What is said on a pull request about the plan and the gate: each a check run, and a comment kept true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from gitops import noted, trail
from gitops.annotations import beside_the_lines
from gitops.checks import GATE_CHECK, PLAN_CHECK, encode_approved
from gitops.errors import Refused
from gitops.markup import LIMIT, clip
from gitops.plan import digest
from gitops.plan_words import summary
from gitops.render_findings import findings_summary
from gitops.render_gate import GATE_MARKER, gate_comment, gate_title
from gitops.render_plan import PLAN_MARKER, plan_comment
from gitops.verdict import Outcome

if TYPE_CHECKING:
    from gitops.pulls import Pull
    from gitops.report import Report
    from gitops.verdict import Verdict


class Board(Protocol):
    """What posting needs of :class:`gitops.pulls.Repository`."""

    def pull(self, number: int) -> Pull:
        """The pull request."""

    def comment(self, number: int, marker: str) -> str:
        """The one comment with this marker; empty when there is none."""

    def upsert_comment(self, number: int, marker: str, body: str) -> None:
        """Write the one comment with this marker."""

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
        """Say how a check ended."""


def post_report(board: Board, report: Report, *, number: int, sha: str, now: datetime | None = None) -> str:
    """Put the plan on the commit as a check run, and on the pull request as a comment; return the conclusion.

    The check run carries the approved set, and only when everything is fine. The comment keeps the plans that
    stood there before (:mod:`gitops.trail`); it is left alone when the pull request has moved on to another
    commit: that commit's own run writes it. ``now`` is when the plan was drawn.
    """
    conclusion, title = "success" if report.exit_code == 0 else "failure", plan_title(report)
    text = ""
    if conclusion == "success":
        try:
            text = encode_approved(report.approved())
        except Refused as refused:
            conclusion, title = "failure", refused.what
    beside, left_out = beside_the_lines(report)
    drawn = trail.past(sha, now or datetime.now(UTC), title, _digest(report))
    end = trail.tail(trail.after(board.comment(number, PLAN_MARKER), drawn))
    note = f"\n{left_out}\n" if left_out else ""
    body = plan_comment(report, noted.read(board.pull(number).body), limit=LIMIT - max(len(end), len(note)))
    board.put_check(sha, PLAN_CHECK, conclusion, clip(title, 250), body + note, text, beside)
    if board.pull(number).head_sha == sha:
        board.upsert_comment(number, PLAN_MARKER, body + end)
    return conclusion


def _digest(report: Report) -> str:
    """The digest of the plan, or of all plans together; empty where there is none."""
    plans = [entry.plan.digest for entry in report.entries if entry.plan is not None]
    return plans[0] if len(plans) == 1 else digest(sorted(plans)) if plans else ""


def plan_title(report: Report) -> str:
    """One line for the whole report."""
    if not report.entries and report.impact is not None:
        from gitops.render_impact import impact_summary

        return impact_summary(report.impact)
    if not report.entries:
        return findings_summary(report.findings, 0) if report.findings else "No request file is changed"
    if len(report.entries) == 1 and not report.findings:
        return summary(report.entries[0])
    bad = sum(entry.exit_code != 0 for entry in report.entries)
    return f"{len(report.entries)} requests, {bad or 'none'} of them not fine"


def post_gate(board: Board, pull: Pull, verdict: Verdict) -> None:
    """Say the gate's verdict on the head commit, and in one comment where the pull request is a request."""
    body = gate_comment(verdict)
    board.put_check(pull.head_sha, GATE_CHECK, verdict.conclusion, gate_title(verdict), body)
    if verdict.outcome is not Outcome.NOT_A_REQUEST:
        board.upsert_comment(pull.number, GATE_MARKER, body)
