"""What a change of the policy means for the requests there are: who would be refused, pass, or need others.

Every request is judged by both policies on the same day. A change of defaults changes no file that exists.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from gitops import policy as judging
from gitops import request
from gitops.approval import ApprovalRule, approvals
from gitops.checkout import POLICY
from gitops.errors import InvalidRequest, LakeportError, UsageError
from gitops.fanout import spread
from gitops.finding import Finding, Place, Severity
from gitops.policyfile import examine
from gitops.standing import Standing, judge_together, standing_of

if TYPE_CHECKING:
    from datetime import date

    from gitops.checkout import Checkout
    from gitops.kind import Registry
    from gitops.policyfile import Policy
    from gitops.request import Loaded

MOST = 200
"""So many requests are handed on with what changes for them; of further ones only how many they are."""


class Outcome(StrEnum):
    """What a policy change means for one request: a closed set, the worst first."""

    REFUSED = "refused"
    CHANGED = "changed"
    PASSES = "passes"


_ORDER = list(Outcome)


@dataclass(frozen=True, kw_only=True)
class Affected:
    """One request for which something changes.

    ``findings`` are those that only the new policy has, ``gone`` those that only the old one had; ``more``
    and ``fewer`` are approvals that the request would, and would no longer, need.
    """

    request: str
    path: str
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    gone: tuple[Finding, ...] = ()
    more: tuple[ApprovalRule, ...] = ()
    fewer: tuple[ApprovalRule, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """All fields."""
        return {
            "request": self.request,
            "path": self.path,
            "outcome": str(self.outcome),
            "findings": [finding.as_json() for finding in self.findings],
            "gone": [finding.as_json() for finding in self.gone],
            "more": [rule.as_json() for rule in self.more],
            "fewer": [rule.as_json() for rule in self.fewer],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Affected:
        """The inverse of :meth:`as_json`."""
        return cls(
            request=str(data["request"]),
            path=str(data["path"]),
            outcome=Outcome(data["outcome"]),
            findings=tuple(map(Finding.from_json, data["findings"])),
            gone=tuple(map(Finding.from_json, data["gone"])),
            more=tuple(map(ApprovalRule.from_json, data["more"])),
            fewer=tuple(map(ApprovalRule.from_json, data["fewer"])),
        )


@dataclass(frozen=True, kw_only=True)
class Impact:
    """What a policy change means for all requests; ``base`` is the commit it is compared with.

    ``judged`` requests were judged by both policies, retired ones not; ``invalid`` files are no requests.
    ``counts`` says how many requests have which outcome; ``affected`` are those, worst first, perhaps not all
    of them. ``findings`` are what is wrong with the new policy itself; with an error among them nothing is
    judged, nor where one of the two policies is not to be had: ``unusable`` says so in a sentence.
    """

    base: str
    judged: int = 0
    invalid: int = 0
    counts: Mapping[Outcome, int]
    affected: tuple[Affected, ...] = ()
    findings: tuple[Finding, ...] = ()
    unusable: str = ""

    @property
    def ok(self) -> bool:
        """Whether both policies can be used, and no request would newly be refused."""
        errors = any(finding.severity is Severity.ERROR for finding in self.findings)
        return not (errors or self.unusable or self.counts.get(Outcome.REFUSED))

    def shortened(self, most: int = MOST) -> Impact:
        """The same with at most so many of the affected requests."""
        return replace(self, affected=self.affected[:most])

    def as_json(self) -> dict[str, Any]:
        """All fields, and ``ok``."""
        return {
            "ok": self.ok,
            "base": self.base,
            "judged": self.judged,
            "invalid": self.invalid,
            "counts": {str(outcome): self.counts.get(outcome, 0) for outcome in Outcome},
            "affected": [one.as_json() for one in self.affected],
            "findings": [finding.as_json() for finding in self.findings],
            "unusable": self.unusable,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Impact:
        """The inverse of :meth:`as_json`; ``ok`` is worked out, never taken."""
        return cls(
            base=str(data["base"]),
            judged=int(data["judged"]),
            invalid=int(data["invalid"]),
            counts={Outcome(name): int(count) for name, count in data["counts"].items()},
            affected=tuple(map(Affected.from_json, data["affected"])),
            findings=tuple(map(Finding.from_json, data["findings"])),
            unusable=str(data["unusable"]),
        )


def of_branch(checkout: Checkout, revision: str, registry: Registry, day: date) -> Impact | None:
    """The impact of what this branch changed in the policy since it left a revision; ``None``: nothing."""
    commit = checkout.merge_base(revision)
    before = checkout.read_tree(commit, [POLICY]).get(POLICY)
    with suppress(LakeportError):  # said below
        if before == checkout.read(POLICY):
            return None
    return of_change(checkout, commit, registry, day)


def of_change(checkout: Checkout, commit: str, registry: Registry, day: date) -> Impact:
    """The impact of the working tree's policy on its requests, compared with the policy of a commit."""
    bare = Impact(base=commit, counts={})
    before = checkout.read_tree(commit, [POLICY]).get(POLICY)
    if before is None:
        return replace(bare, unusable="Before the change there was no policy.")
    try:
        new, findings = examine(checkout.read(POLICY), POLICY, registry)
    except InvalidRequest as invalid:
        return replace(bare, findings=invalid.findings)
    except UsageError:
        return replace(
            bare, unusable="The change takes the policy away, and without one nobody can be judged."
        )
    bare = replace(bare, findings=tuple(findings))
    old, wrong = examine(before, POLICY, registry)
    if old is None:
        return replace(bare, unusable=f"The policy before the change has {len(wrong)} findings.")
    return bare if new is None else _judge(bare, checkout, old, new, registry, day)


# --- judging --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """A request by one policy: what stands against it, who must approve, and what others see of it."""

    findings: tuple[Finding, ...]
    rules: tuple[ApprovalRule, ...]
    standing: Standing | None


@dataclass(frozen=True, kw_only=True)
class _Both:
    """A request by both policies."""

    request: str
    path: str
    old: _Seen
    new: _Seen


def _judge(
    bare: Impact, checkout: Checkout, old: Policy, new: Policy, registry: Registry, day: date
) -> Impact:
    files = checkout.all_files()

    def look(names: Sequence[str]) -> tuple[list[_Both], int]:
        return _look(names, checkout, old, new, registry, day)

    parts = spread(look, files, tuple[list[_Both], int])
    both = [one for part, _ in parts for one in part]
    old_together = _together([one.old for one in both], old, checkout)
    new_together = _together([one.new for one in both], new, checkout)
    affected = []
    for one in both:
        before = (*one.old.findings, *old_together.get(one.path, ()))
        after = (*one.new.findings, *new_together.get(one.path, ()))
        if (found := _compare(one, before, after)) is not None:
            affected.append(found)
    affected.sort(key=lambda one: (_ORDER.index(one.outcome), one.path))
    counts = {outcome: sum(one.outcome is outcome for one in affected) for outcome in Outcome}
    return replace(
        bare,
        judged=len(both),
        invalid=sum(invalid for _, invalid in parts),
        counts=counts,
        affected=tuple(affected),
    )


def _look(
    names: Iterable[str], checkout: Checkout, old: Policy, new: Policy, registry: Registry, day: date
) -> tuple[list[_Both], int]:
    """Requests by both policies, but those that are retired; and how many files are none."""
    both, invalid = [], 0
    for name in names:
        try:
            loaded = request.load_request(checkout.read(name), name, registry)
        except InvalidRequest:
            invalid += 1
            continue
        if loaded.request.metadata.lifecycle == "retired":
            continue
        before, after = (_seen(loaded, policy, registry, day) for policy in (old, new))
        both.append(_Both(request=loaded.id, path=name, old=before, new=after))
    return both, invalid


def _seen(loaded: Loaded, policy: Policy, registry: Registry, day: date) -> _Seen:
    findings, money = judging.judged(loaded, policy, registry, today=day)
    return _Seen(
        findings=tuple(findings),
        rules=approvals(loaded, policy, registry),
        standing=standing_of(loaded, registry, money),
    )


def _together(seen: Iterable[_Seen], policy: Policy, checkout: Checkout) -> Mapping[str, list[Finding]]:
    """What one policy says of the requests together, by file."""
    from gitops import yamlfile

    def where(name: str, path: tuple[str | int, ...]) -> Place:
        return yamlfile.load(checkout.read(name), name).place(path)

    standings = [one.standing for one in seen if one.standing is not None]
    by_file: dict[str, list[Finding]] = defaultdict(list)
    for finding in judge_together(standings, policy, where):
        by_file[finding.place.file].append(finding)
    return by_file


def _compare(one: _Both, before: Sequence[Finding], after: Sequence[Finding]) -> Affected | None:
    """What changes for a request; ``None`` where nothing does."""
    had, has = {_key(finding) for finding in before}, {_key(finding) for finding in after}
    findings = tuple(finding for finding in after if _key(finding) not in had)
    gone = tuple(finding for finding in before if _key(finding) not in has)
    more = _only(one.new.rules, one.old.rules)
    fewer = _only(one.old.rules, one.new.rules)
    if not (findings or gone or more or fewer):
        return None
    refused, was_refused = _refused(after), _refused(before)
    outcome = Outcome.CHANGED
    if refused != was_refused:
        outcome = Outcome.REFUSED if refused else Outcome.PASSES
    return Affected(
        request=one.request,
        path=one.path,
        outcome=outcome,
        findings=tuple(sorted(findings, key=lambda finding: finding.sort_key)),
        gone=tuple(sorted(gone, key=lambda finding: finding.sort_key)),
        more=more,
        fewer=fewer,
    )


def _only(rules: Sequence[ApprovalRule], others: Sequence[ApprovalRule]) -> tuple[ApprovalRule, ...]:
    """The rules that the others do not have, whatever they give as the reason."""
    there = {(rule.id, rule.count, rule.approvers) for rule in others}
    return tuple(rule for rule in rules if (rule.id, rule.count, rule.approvers) not in there)


def _key(finding: Finding) -> tuple[str, str, str]:
    """What makes two findings the same: not their sentences, which tell lines of the policy."""
    return finding.rule, str(finding.severity), finding.place.path


def _refused(findings: Iterable[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)
