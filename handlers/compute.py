"""Something to compute on: a cluster, a SQL warehouse or a job.

The owner mark are two tags, for the request and for the resource in it: names are neither unique (clusters,
jobs) nor kept (anybody who manages one can rename it). What is created is sent as the very JSON that was
approved; for ``clusters/create`` there is no other way, since the SDK's own method cannot say the idempotency
token that keeps a repeated call from making a second, paid cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from gitops.clients import databricks, translate
from gitops.kind import Desired, Held, Kind
from gitops.plan import Change
from handlers._compute_adopt import adopt
from handlers._compute_end import retire
from handlers._compute_fields import LEVELS, NOUN, ComputeSpec, derive, estimate, identity, made_of
from handlers._compute_look import marked, read, read_all
from handlers._compute_plan import plan
from handlers._compute_rules import RULES
from handlers._compute_state import ComputeState
from handlers._compute_touch import carry_out
from handlers._compute_verify import verify

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient


def apply(change: Change, client: WorkspaceClient) -> None:
    """One change; what an interrupted run made is found by its mark and kept."""
    with translate("Databricks"):
        carry_out(change, client)


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
