"""Something to compute on: a cluster, a SQL warehouse or a job.

The owner mark are two tags, for the request and for the resource in it: names are neither unique (clusters,
jobs) nor kept (anybody who manages one can rename it). What is created is sent as the very JSON that was
approved; for ``clusters/create`` there is no other way, since the SDK's own method cannot say the idempotency
token that keeps a repeated call from making a second, paid cluster.

What looks, plans and touches is imported by the function that needs it: a check of files needs none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gitops.clients import databricks, translate
from gitops.kind import Desired, Held, Kind
from handlers._compute_fields import LEVELS, NOUN, ComputeSpec, derive, estimate, identity, made_of
from handlers._compute_rules import RULES

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

    from gitops.kind import Marked, Tell
    from gitops.plan import Change
    from handlers._compute_state import ComputeState


def read(desired: Desired[ComputeSpec], client: WorkspaceClient) -> ComputeState | None:
    """What stands of one; see :mod:`handlers._compute_look`."""
    from handlers import _compute_look

    return _compute_look.read(desired, client)


def read_all(
    wanted: Sequence[Desired[ComputeSpec]], client: WorkspaceClient
) -> Sequence[ComputeState | None]:
    """What stands of many; see :func:`handlers._compute_look.read_all`."""
    from handlers import _compute_look

    return _compute_look.read_all(wanted, client)


def marked(client: WorkspaceClient) -> Iterable[Marked]:
    """Everything that carries our mark; see :func:`handlers._compute_look.marked`."""
    from handlers import _compute_look

    return _compute_look.marked(client)


def plan(desired: Desired[ComputeSpec], state: ComputeState | None) -> Sequence[Change]:
    """Create or correct; see :func:`handlers._compute_plan.plan`."""
    from handlers import _compute_plan

    return _compute_plan.plan(desired, state)


def retire(desired: Desired[ComputeSpec], state: ComputeState) -> Sequence[Change]:
    """Stop, revoke, delete; see :func:`handlers._compute_end.retire`."""
    from handlers import _compute_end

    return _compute_end.retire(desired, state)


def apply(change: Change, client: WorkspaceClient) -> None:
    """One change; what an interrupted run made is found by its mark and kept."""
    from handlers import _compute_touch

    with translate("Databricks"):
        _compute_touch.carry_out(change, client)


def verify(desired: Desired[ComputeSpec], client: WorkspaceClient, tell: Tell) -> Iterable[str]:
    """Start it, look, stop it again; see :func:`handlers._compute_verify.verify`."""
    from handlers import _compute_verify

    return _compute_verify.verify(desired, client, tell)


def adopt(desired: Desired[ComputeSpec], state: ComputeState) -> Mapping[str, Any]:
    """What the file would say for what stands; see :func:`handlers._compute_adopt.adopt`."""
    from handlers import _compute_adopt

    return _compute_adopt.adopt(desired, state)


def outputs(desired: Desired[ComputeSpec], state: ComputeState) -> Mapping[str, str]:
    """``type``, ``id`` and ``url``."""
    del desired
    return {"type": NOUN[state.type], "id": state.id, "url": state.url} if state.stands else {}


def access(spec: ComputeSpec) -> Iterator[Held]:
    """What the file gives whom."""
    for one in spec.access:
        yield Held(principal=one.principal, levels=(one.level,), thing=spec.name)


KIND: Kind[ComputeSpec, ComputeState, WorkspaceClient] = Kind(
    name="compute",
    spec=ComputeSpec,
    summary="a cluster, a SQL warehouse or a job",
    aliases=("cluster", "sql warehouse", "warehouse", "job", "compute", "spark cluster", "job cluster"),
    identity=identity,
    called=lambda spec: f"the {NOUN[spec.type]} {spec.name}",
    access=access,
    connect=databricks,
    read=read,
    plan=plan,
    retire=retire,
    adopt=adopt,
    apply=apply,
    outputs=outputs,
    derive=derive,
    estimate=estimate,
    made_of=made_of,
    rules=RULES,
    read_all=read_all,
    marked=marked,
    verify=verify,
    system="Databricks",
    member_levels=tuple(dict.fromkeys(level for known in LEVELS.values() for level in known)),
)
