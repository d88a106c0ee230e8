"""What stands and is from elsewhere: values that a plan writes over, access that it leaves alone. Pure.

Every earlier version is planned against the same live state. What all of them would bring back is nothing
that one of them gave: somebody else did. A value that one version gave and the next one changes is an edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from gitops.leaves import differences
from gitops.plan import Change, RefusedChange
from gitops.request import desired

if TYPE_CHECKING:
    from gitops.kind import AnyKind, Desired, Registry
    from gitops.looking import Resource
    from gitops.policyfile import Policy
    from gitops.request import Loaded

Versions = Mapping[str, Sequence["Desired[Any]"]]
"""A resource as each earlier version wanted it, by ``kind/identity``."""


def versions_of(earlier: Iterable[Loaded], policy: Policy, registry: Registry) -> Versions:
    """The resources of the versions that were applied or tried, each with the metadata it had then."""
    found: dict[str, list[Desired[Any]]] = {}
    for version in earlier:
        for one in desired(version, policy):
            key = f"{one.spec.kind}/{registry[one.spec.kind].identity(one.spec)}"
            found.setdefault(key, []).append(one)
    return found


def from_elsewhere(
    resources: Iterable[Resource], changes: Mapping[str, Sequence[Change]], versions: Versions
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """The paths of the values that are written over, by change, and a sentence on each access that stays.

    ``changes`` are those of a resource by its key.
    """
    drifted: dict[str, tuple[str, ...]] = {}
    stays: list[str] = []
    for one in resources:
        earlier = versions.get(one.key, ())
        drifted |= overwritten(one.kind, one.wanted, one.state, changes.get(one.key, ()), earlier)
        if one.state is not None and one.key in changes:
            for held in one.kind.stays(one.wanted, one.state):
                stays.append(f"{held.principal} holds {', '.join(held.levels)} on {held.thing}.")
    return drifted, tuple(stays)


def overwritten(
    kind: AnyKind,
    wanted: Desired[Any],
    state: Any,
    changes: Iterable[Change],
    versions: Sequence[Desired[Any]],
) -> dict[str, tuple[str, ...]]:
    """The paths of such values by the key of the change that writes over them; none without a version."""
    standing = {change.key: _standing(change) for change in changes}
    if not any(standing.values()):
        return {}
    corrected = [
        found
        for version in versions
        if (found := _corrected(kind, replace(version, beside=wanted.beside), state)) is not None
    ]
    if not corrected:
        return {}
    found = {
        key: tuple(path for path in paths if all(path in one.get(key, ()) for one in corrected))
        for key, paths in standing.items()
    }
    return {key: paths for key, paths in found.items() if paths}


def _corrected(kind: AnyKind, version: Desired[Any], state: Any) -> dict[str, tuple[str, ...]] | None:
    """What a version would bring back, by change; ``None`` where it would be refused today."""
    try:
        return {change.key: _standing(change) for change in kind.plan(version, state)}
    except RefusedChange:
        return None


def _standing(change: Change) -> tuple[str, ...]:
    """The paths of the values that stand and would not stay."""
    return tuple(path for path, old, _ in differences(change.before, change.after) if old is not None)
