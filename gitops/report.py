"""What ``lakeport plan`` found out about a set of request files: written by one job, posted by another.

The job that draws plans reads the live systems and cannot write; the job that posts writes and reads nothing.
This file is all that passes between them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import InvalidOperation
from typing import TYPE_CHECKING, Any

from gitops.edited import CHANGED, GIVEN, GONE
from gitops.errors import UsageError
from gitops.finding import Finding, Place, Severity
from gitops.plan import Approved, Plan

if TYPE_CHECKING:
    from gitops.amendment import Amendment
    from gitops.approval import ApprovalRule
    from gitops.cost import Money
    from gitops.impact import Impact

VERSION = 3


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One request file. ``plan`` is ``None`` when the file is not valid, or when ``error`` says why not.

    ``error`` is a sentence and ``error_code`` its exit code (gitops/errors.py). ``amendment`` is what changed
    since the merged file; ``None`` for a ``new`` request, and where there is nothing to compare it with.
    ``places`` is where the resources of which the plan has something to say stand in the file, by
    ``kind/identity``; ``principals`` says who is behind the names that gain or lose access, as far as known.
    """

    request: str
    path: str
    file_digest: str
    plan: Plan | None = None
    findings: tuple[Finding, ...] = ()
    cost: Money | None = None
    rules: tuple[ApprovalRule, ...] = ()
    amendment: Amendment | None = None
    new: bool = False
    places: Mapping[str, Place] = field(default_factory=dict)
    principals: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    error_code: int = 0

    @property
    def exit_code(self) -> int:
        """0, 1 with errors among the findings, 5 with refusals, 3 or 4 when a system could not be asked."""
        if self.error:
            return self.error_code
        if _errors(self.findings):
            return 1
        return 5 if self.plan is not None and self.plan.refusals else 0

    def with_plan(self, plan: Plan, *, places: Mapping[str, Place], principals: Mapping[str, str]) -> Entry:
        """The same with its plan, and what there is to know of what is in it."""
        return replace(self, plan=plan, places=places, principals=principals)

    def without_plan(self, error: str, error_code: int) -> Entry:
        """The same with the reason why no plan could be drawn."""
        return replace(self, error=error, error_code=error_code)

    def as_json(self) -> dict[str, Any]:
        """All fields."""
        return {
            "request": self.request,
            "path": self.path,
            "file_digest": self.file_digest,
            "plan": self.plan.as_json() if self.plan else None,
            "findings": [finding.as_json() for finding in self.findings],
            "cost": self.cost.as_json() if self.cost else None,
            "rules": [rule.as_json() for rule in self.rules],
            "amendment": self.amendment.as_json() if self.amendment else None,
            "new": self.new,
            "places": {key: place.as_json() for key, place in self.places.items()},
            "principals": dict(self.principals),
            "error": self.error,
            "error_code": self.error_code,
        }


@dataclass(frozen=True, kw_only=True)
class Report:
    """All files of one run; ``findings`` are those that belong to no request file (policy, deleted files).

    ``impact`` is what a change of the policy means for the requests; ``None``: the policy does not change.
    """

    entries: tuple[Entry, ...] = ()
    findings: tuple[Finding, ...] = ()
    impact: Impact | None = None

    def with_impact(self, impact: Impact | None) -> Report:
        """The same with what a change of the policy means, and what is wrong with the new policy."""
        if impact is None:
            return self
        return replace(self, impact=impact.shortened(), findings=(*self.findings, *impact.findings))

    @property
    def exit_code(self) -> int:
        """The worst of all entries; 1 for a change of the policy after which it could not be used."""
        unusable = self.impact is not None and bool(self.impact.unusable)
        own = 1 if unusable or _errors(self.findings) else 0
        return max([own, *(entry.exit_code for entry in self.entries)])

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Those of the report and of its entries, by place."""
        found = [*self.findings, *(finding for entry in self.entries for finding in entry.findings)]
        return tuple(sorted(found, key=lambda finding: finding.sort_key))

    def approved(self) -> list[Approved]:
        """What the reviewers of this report approve; nothing at all unless all of it is fine."""
        if self.exit_code:
            return []
        return [Approved.of(entry.plan) for entry in self.entries if entry.plan is not None]

    def as_json(self) -> dict[str, Any]:
        """All fields; the form of :func:`loads`."""
        return {
            "version": VERSION,
            "exit_code": self.exit_code,
            "entries": [entry.as_json() for entry in self.entries],
            "findings": [finding.as_json() for finding in self.findings],
            "impact": self.impact.as_json() if self.impact is not None else None,
        }


def dumps(report: Report) -> str:
    """The report as JSON for :func:`loads`."""
    return json.dumps(report.as_json(), indent=2, ensure_ascii=False) + "\n"


def loads(text: str | bytes, *, file: str = "the report") -> Report:
    """The inverse of :func:`dumps`; digests and the exit code are computed, never taken.

    Raises:
        UsageError: it is not such a file, or of another version.
    """
    try:
        data = json.loads(text)
        if data["version"] != VERSION:
            raise UsageError(f"{file} has version {data['version']!r}; this Lakeport reads {VERSION}.")
        return Report(
            entries=tuple(_entry(entry) for entry in data["entries"]),
            findings=tuple(Finding.from_json(finding) for finding in data["findings"]),
            impact=_impact(data["impact"]) if data["impact"] is not None else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation, RecursionError) as error:
        raise UsageError(
            f"{file} is not what `lakeport plan --out` writes.", why=f"({type(error).__name__})"
        ) from error


def _impact(data: Mapping[str, Any]) -> Impact:
    from gitops.impact import Impact

    return Impact.from_json(data)


def _entry(data: Mapping[str, Any]) -> Entry:
    from gitops.approval import ApprovalRule
    from gitops.cost import Money

    return Entry(
        request=str(data["request"]),
        path=str(data["path"]),
        file_digest=str(data["file_digest"]),
        plan=Plan.from_json(data["plan"]) if data["plan"] is not None else None,
        findings=tuple(Finding.from_json(finding) for finding in data["findings"]),
        cost=Money.from_json(data["cost"]) if data["cost"] is not None else None,
        rules=tuple(ApprovalRule.from_json(rule) for rule in data["rules"]),
        amendment=_amendment(data["amendment"]) if data["amendment"] is not None else None,
        new=bool(data["new"]),
        places={str(key): Place.from_json(place) for key, place in data["places"].items()},
        principals={str(name): str(words) for name, words in data["principals"].items()},
        error=str(data["error"]),
        error_code=int(data["error_code"]),
    )


def _amendment(data: Mapping[str, Any]) -> Amendment:
    from gitops.amendment import Amendment

    found = Amendment.from_json(data)
    if any(edit.sign not in (GIVEN, CHANGED, GONE) for edit in found.edits):
        raise ValueError("an edit with another sign")  # signs are shown as they are
    return found


def _errors(findings: Sequence[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)
