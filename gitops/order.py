"""The order of kinds within a request: what others stand on comes first."""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitops.kind import Registry


def in_order(registry: Registry) -> tuple[str, ...]:
    """The names of all kinds so that each stands after those in its ``after``; alphabetical where free.

    Raises:
        graphlib.CycleError: kinds stand after each other.
    """
    sorter = TopologicalSorter(
        {name: [other for other in kind.after if other in registry] for name, kind in registry.items()}
    )
    sorter.prepare()
    ordered: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered += ready
        sorter.done(*ready)
    return tuple(ordered)
