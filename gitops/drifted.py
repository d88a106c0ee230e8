"""Drift that a file says to leave as it is: what of a plan it covers, and the plan without it.

An entry of ``metadata.drift_ignored`` holds in the report of the drift up to its last day, and comes back
after it. A plan leaves alone what an entry names for as long as the entry stands in the file: it must not
depend on the day it is drawn, or what was approved on one day would be another thing on the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from gitops.finding import Finding, Severity
from gitops.plan import Change, Plan, Reason, Refusal, Verb
from gitops.request import desired

if TYPE_CHECKING:
    from gitops.kind import Origin, Registry
    from gitops.policy import Policy
    from gitops.recorded import IgnoredDrift
    from gitops.request import Loaded


class Ignored(Struct, frozen=True, kw_only=True):
    """Something that drifted and is left so: ``key`` is the change's or the resource's, ``words`` a line."""

    key: str
    words: str
    until: date
    reason: str

    def as_json(self) -> dict[str, Any]:
        """All fields; ``until`` as year-month-day."""
        return {
            "key": self.key,
            "words": self.words,
            "until": self.until.isoformat(),
            "reason": self.reason,
        }


def covering(key: str, entries: Iterable[IgnoredDrift]) -> IgnoredDrift | None:
    """The entry that names this change or resource, or what it is a part of; the one that holds longest."""
    found = [one for one in entries if key == one.resource or key.startswith(f"{one.resource}/")]
    return max(found, key=lambda one: one.until, default=None)


def key_of(refusal: Refusal) -> str:
    """The resource that is refused: ``schema/ml_dev.churn``."""
    return f"{refusal.kind}/{refusal.identity}"


def divided(
    plan: Plan, entries: Sequence[IgnoredDrift], today: date
) -> tuple[tuple[Change, ...], tuple[Refusal, ...], tuple[Ignored, ...]]:
    """What drifted, what keeps it from being brought back, and what of both is ignored on this day."""
    held = [one for one in entries if one.until >= today]
    ignored: list[Ignored] = []

    def counts(key: str, words: str) -> bool:
        entry = covering(key, held)
        if entry is not None:
            ignored.append(Ignored(key=key, words=words, until=entry.until, reason=entry.reason))
        return entry is None

    changes = tuple(one for one in plan.changes if counts(one.key, one.summary or one.key))
    refusals = tuple(one for one in plan.refusals if counts(key_of(one), one.message))
    return changes, _standing(refusals, changes), tuple(ignored)


def _standing(refusals: Iterable[Refusal], changes: Sequence[Change]) -> tuple[Refusal, ...]:
    """The refusals that still hold: where no change is left, nothing too much would be taken away."""
    return tuple(one for one in refusals if changes or one.reason is not Reason.TOO_MUCH)


def without_ignored(
    plan: Plan, loaded: Loaded, earlier: Sequence[Loaded], registry: Registry, policy: Policy
) -> Plan:
    """The plan without what the file says to leave as it is; each is noted for the reviewer.

    That holds for a resource that ``earlier`` (the versions that were applied or tried) wanted just as this
    version does: there a change can only be drift. What an edit asks for is always carried out.
    """
    entries = loaded.request.metadata.drift_ignored
    if not entries or not earlier or loaded.request.metadata.lifecycle != "active":
        return plan
    same = _unedited(loaded, earlier, registry, policy)
    held: dict[str, str] = {}  # key → what is said of it
    gone: set[str] = set()  # keys of what is not made, and of what cannot be done without it
    for change in plan.changes:
        entry = covering(change.key, entries) if f"{change.kind}/{change.identity}" in same else None
        if entry is not None:
            held[change.key] = f"{change.key} is left as it stands until {entry.until}: {entry.reason}"
        elif gone & set(plan.needs.get(change.key, ())):
            held[change.key] = f"{change.key} is left out: what it needs is gone, and left so."
        if change.key in held and (change.verb is Verb.CREATE or entry is None):
            gone.add(change.key)
    refused = [one for one in plan.refusals if key_of(one) in same and covering(key_of(one), entries)]
    if not held and not refused:
        return plan
    changes = tuple(change for change in plan.changes if change.key not in held)
    return replace(
        plan,
        changes=changes,
        refusals=_standing((one for one in plan.refusals if one not in refused), changes),
        needs={
            change.key: tuple(key for key in plan.needs.get(change.key, ()) if key not in held)
            for change in changes
        },
        notes=(
            *plan.notes,
            *held.values(),
            *(f"{key_of(one)} is left as it is: {one.message}" for one in refused),
        ),
    )


def findings(loaded: Loaded, registry: Registry, today: date) -> Iterator[Finding]:
    """What is wrong with the entries of a file; nothing that stands against it."""
    names = [f"{spec.kind}/{registry[spec.kind].identity(spec)}" for spec in loaded.request.resources]
    for index, one in enumerate(loaded.request.metadata.drift_ignored):
        place = loaded.document.place(("metadata", "drift_ignored", index))
        if not any(one.resource == name or one.resource.startswith(f"{name}/") for name in names):
            yield Finding(
                "drift-ignored-unknown",
                Severity.WARNING,
                f"The request names no {one.resource}, so nothing of it is ignored.",
                place,
                f"Its resources are {', '.join(names)}.",
            )
        elif one.until < today:
            yield Finding(
                "drift-ignored-over",
                Severity.WARNING,
                f"The drift of {one.resource} was ignored until {one.until}, and is reported again.",
                place,
                "Delete the entry, so that the next plan brings it back; or give it a later day.",
            )


def _unedited(
    loaded: Loaded, earlier: Sequence[Loaded], registry: Registry, policy: Policy
) -> frozenset[str]:
    """The resources, as ``kind/identity``, that every version wanted in the same way and for the same."""

    def alone(origin: Origin) -> Origin:
        return replace(origin, kinds=())  # another resource in the file is no edit of this one

    def wanted(version: Loaded) -> dict[str, Any]:
        return {
            f"{one.spec.kind}/{registry[one.spec.kind].identity(one.spec)}": (one.spec, alone(one.origin))
            for one in desired(version, policy)
        }

    now, before = wanted(loaded), [wanted(version) for version in earlier]
    return frozenset(key for key, one in now.items() if all(was.get(key) == one for was in before))
