"""What GitHub shows beside the lines of a file: findings, refusals, what is taken away or written over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gitops.finding import Finding, Place, Severity
from gitops.markup import clip, visible
from gitops.plan_words import overwritten, taken

if TYPE_CHECKING:
    from gitops.report import Entry, Report

LIMIT = 200
"""So many notes are shown beside the lines: a page with more of them loads slowly, and nobody reads it."""

_LEVELS = {Severity.ERROR: "failure", Severity.WARNING: "warning", Severity.INFO: "notice"}
_RANKS = {"failure": 0, "warning": 1, "notice": 2}


def beside_the_lines(report: Report) -> tuple[list[dict[str, Any]], str]:
    """The notes as GitHub takes them, errors first; and a sentence on those that are left out, if any."""
    found = [annotation(one) for one in report.all_findings if one.place.file]
    found += [note for entry in report.entries for note in _of_plan(entry)]
    found.sort(key=lambda note: _RANKS[note["annotation_level"]])
    if len(found) <= LIMIT:
        return found, ""
    errors = sum(note["annotation_level"] == "failure" for note in found)
    left = f"**{LIMIT} of {len(found):,} notes stand beside the lines of the file, errors first"
    return found[:LIMIT], f"{left}; {errors:,} are errors.**"


def annotation(found: Finding) -> dict[str, Any]:
    """A finding as GitHub shows it beside the line; one without a line stands at the first."""
    place = found.place
    shown = _note(place, found.severity, found.rule, found.words)
    end_line = max(place.end_line, shown["start_line"])
    shown["end_line"] = end_line
    if place.column and end_line == place.line:  # GitHub takes columns within one line only
        shown |= {"start_column": place.column, "end_column": max(place.end_column, place.column)}
    return shown


def _of_plan(entry: Entry) -> Iterator[dict[str, Any]]:
    """What the plan says of resources, each at the first line of the resource it is about."""
    if entry.plan is None:
        return
    file = Place(entry.path)
    for refusal in entry.plan.refusals:
        place = entry.places.get(f"{refusal.kind}/{refusal.identity}", file)
        yield _note(place, Severity.ERROR, "Refused", f"{refusal.message} {refusal.fix}".rstrip())
    for change in entry.plan.changes:
        if gone := taken(change):
            place = entry.places.get(f"{change.kind}/{change.identity}", file)
            yield _note(place, Severity.WARNING, "Taken away", "; ".join(gone))
    for change, words in overwritten(entry.plan):
        place = entry.places.get(f"{change.kind}/{change.identity}", file)
        yield _note(place, Severity.WARNING, "Set by somebody else, and written over", words)


def _note(place: Place, severity: Severity, title: str, message: str) -> dict[str, Any]:
    line = max(place.line, 1)
    return {
        "path": place.file,
        "start_line": line,
        "end_line": line,
        "annotation_level": _LEVELS[severity],
        "title": clip(visible(title), 250),
        "message": clip(visible(message), 2000),
    }
