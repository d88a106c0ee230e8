"""What two open requests both ask for: pure, over the files that their branches propose."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gitops.finding import Finding, Severity

if TYPE_CHECKING:
    from gitops.kind import Registry
    from gitops.request import Loaded


def claimed_open(
    proposed: Iterable[Loaded], others: Iterable[tuple[str, Loaded]], registry: Registry
) -> Iterator[Finding]:
    """Resources of the proposed files that another open request asks for too; ``others`` with their branches.

    A warning: which of the two is merged first is for their reviewers to decide.
    """
    claims: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for branch, other in others:
        if other.request.metadata.lifecycle == "active":
            for spec in (one for one in other.request.resources if not one.guest_of):
                claims[spec.kind, registry[spec.kind].identity(spec)].append((other.id, branch))
    for loaded in proposed:
        for index, spec in enumerate(loaded.request.resources):
            identity = registry[spec.kind].identity(spec)
            also = [one for one in claims.get((spec.kind, identity), ()) if one[0] != loaded.id]
            if also and not spec.guest_of and loaded.request.metadata.lifecycle == "active":
                names = ", ".join(f"{name} (branch {branch})" for name, branch in also)
                yield Finding(
                    "resource-claimed-open",
                    Severity.WARNING,
                    f"The {spec.kind} {identity} is also asked for by the open request {names}.",
                    loaded.document.place(("resources", index)),
                    "Whoever is merged first gets it; agree on who that is, or give one another name.",
                )
