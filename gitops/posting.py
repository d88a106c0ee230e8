"""What is said on a pull request about the plan and the gate: each a check run, and a comment kept true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from gitops.checks import GATE_CHECK, PLAN_CHECK, encode_approved
from gitops.errors import Refused
from gitops.finding import Finding, Severity
from gitops.gate import Outcome
from gitops.markup import clip, escape, visible
from gitops.render_findings import findings_summary
from gitops.render_plan import PLAN_MARKER, plan_comment, summary

if TYPE_CHECKING:
    from gitops.gate import Verdict
    from gitops.pulls import Pull
    from gitops.report import Report

GATE_MARKER = "<!-- lakeport:gate -->"
ANNOTATIONS = 200
"""So many findings are shown beside the lines; all of them are in the comment."""

_LEVELS = {Severity.ERROR: "failure", Severity.WARNING: "warning", Severity.INFO: "notice"}
_GATE_TITLES = {
    Outcome.OPEN: "Approved",
    Outcome.NOT_A_REQUEST: "No request file is touched",
    Outcome.TOUCHES_MORE: "A request and something else",
    Outcome.INVALID: "Cannot be judged",
    Outcome.CHANGES_REQUESTED: "Changes are asked for",
    Outcome.MISSING_APPROVALS: "Approvals are missing",
}


class Board(Protocol):
    """What posting needs of :class:`gitops.pulls.Repository`."""

    def pull(self, number: int) -> Pull:
        """The pull request."""

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


def post_report(board: Board, report: Report, *, number: int, sha: str) -> str:
    """Put the plan on the commit as a check run, and on the pull request as a comment; return the conclusion.

    The check run carries the approved set, and only when everything is fine. The comment is left alone when
    the pull request has moved on to another commit: that commit's own run writes it.
    """
    conclusion, title = "success" if report.exit_code == 0 else "failure", plan_title(report)
    text = ""
    if conclusion == "success":
        try:
            text = encode_approved(report.approved())
        except Refused as refused:
            conclusion, title = "failure", refused.what
    body = plan_comment(report)
    annotations = [annotation(found) for found in report.all_findings[:ANNOTATIONS] if found.place.file]
    board.put_check(sha, PLAN_CHECK, conclusion, clip(title, 250), body, text, annotations)
    if board.pull(number).head_sha == sha:
        board.upsert_comment(number, PLAN_MARKER, body)
    return conclusion


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


def annotation(found: Finding) -> dict[str, Any]:
    """A finding as GitHub shows it beside the line; one without a line stands at the first."""
    place = found.place
    line = max(place.line, 1)
    end_line = max(place.end_line, line)
    shown: dict[str, Any] = {
        "path": place.file,
        "start_line": line,
        "end_line": end_line,
        "annotation_level": _LEVELS[found.severity],
        "title": clip(visible(found.rule), 250),
        "message": clip(visible(found.words), 2000),
    }
    if place.column and end_line == line:  # GitHub takes columns within one line only
        shown |= {"start_column": place.column, "end_column": max(place.end_column, place.column)}
    return shown


def post_gate(board: Board, pull: Pull, verdict: Verdict) -> None:
    """Say the gate's verdict on the head commit, and in one comment where the pull request is a request."""
    body = gate_comment(verdict)
    board.put_check(pull.head_sha, GATE_CHECK, verdict.conclusion, _GATE_TITLES[verdict.outcome], body)
    if verdict.outcome is not Outcome.NOT_A_REQUEST:
        board.upsert_comment(pull.number, GATE_MARKER, body)


def gate_comment(verdict: Verdict) -> str:
    """The verdict in words, as markdown."""
    lines = [f"- {escape(sentence)}" for sentence in verdict.sentences[:50]]
    return "\n".join([GATE_MARKER, f"## {_GATE_TITLES[verdict.outcome]}", "", *lines]) + "\n"
