"""What is known of compute that stands, and one change of it: what the parts of the plan share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Unpack

from gitops.kind import Desired
from gitops.plan import Change, Further, Verb
from handlers._compute_fields import ComputeSpec, identity
from handlers._compute_policy import ClusterPolicy


@dataclass(frozen=True, kw_only=True)
class ComputeState:
    """What stands, only what we manage.

    ``stands`` is false when there is none, but something to say of what it needs. ``type`` is what stands,
    which may be another than asked for. ``libraries`` is ``None`` where they are not ours to compare (a job
    whose team replaced our task). ``access`` maps groups that the request names or named to the level they
    hold directly, ``users`` the same for its members. ``missing`` are sort and name of what it needs and the
    workspace does not have. ``twins`` counts all of that name, or with our mark. ``runs``: it costs
    something. ``policy`` is the cluster policy it is to be made under, as it stands; ``pools`` are instance
    pools by the machine in them; ``violations`` is what is not as its policy says, by attribute.
    """

    stands: bool = True
    type: str = ""
    id: str = ""
    mark: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    libraries: frozenset[str] | None = frozenset()
    access: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[tuple[str, str], ...] = ()
    twins: int = 1
    url: str = ""
    runs: bool = False
    policy: ClusterPolicy | None = None
    pools: Mapping[str, str] = field(default_factory=dict)
    violations: Mapping[str, str] = field(default_factory=dict)


def change_of(
    desired: Desired[ComputeSpec],
    action: str,
    verb: Verb,
    *,
    after: Mapping[str, Any],
    summary: str,
    **further: Unpack[Further],
) -> Change:
    """One change of compute; ``after`` always says what it is, its name and whose."""
    found = {
        "type": desired.spec.type,
        "name": desired.spec.name,
        "mark": desired.origin.request,
        "resource": identity(desired.spec),
    }
    return Change(
        kind="compute",
        identity=identity(desired.spec),
        action=action,
        verb=verb,
        after={**found, **after},
        summary=summary,
        **further,
    )
