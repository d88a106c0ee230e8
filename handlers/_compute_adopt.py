"""What the file would say of compute that was changed by hand, where its owner keeps it so: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gitops.kind import Desired
from handlers._compute_fields import ComputeSpec, distribution
from handlers._compute_plan import plan
from handlers._compute_state import ComputeState

PLAIN = ("min_workers", "max_workers", "auto_stop_minutes")
"""Settings that a field of the file says as they are; machines and runtime follow from several."""


def adopt(desired: Desired[ComputeSpec], state: ComputeState) -> Mapping[str, Any]:
    """Workers, when it stops, libraries and access; read off the plan that would bring them back.

    What a cluster policy supplies is not in that plan, and so never comes into the file.
    """
    found: dict[str, Any] = {}
    for change in plan(desired, state):
        if change.action == "settings":
            found |= {name: change.before[name] for name in PLAIN if name in change.before}
        elif change.action == "libraries":
            found["libraries"] = list(_libraries(desired.spec.libraries, state.libraries or frozenset()))
        elif change.action == "access" and "access" in change.before:
            found["access"] = list(_access(desired, change.before["access"]))
    return found


def _libraries(wanted: tuple[str, ...], live: frozenset[str]) -> Iterator[str]:
    """Those of the file that are installed, each in the version that is."""
    for one in wanted:
        if one in live:
            yield one
        else:
            yield from sorted(other for other in live if distribution(other) == distribution(one))


def _access(desired: Desired[ComputeSpec], held: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for entry in desired.spec.access:
        level = held.get(entry.principal, str(entry.level))
        if level:
            yield {"principal": entry.principal, "level": level}
