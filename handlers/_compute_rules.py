"""What the policy has to say about compute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops.kind import Complaint, Desired, Rule
from gitops.prices import Warehouse
from gitops.vocabulary import SIZES
from handlers import _compute_shape as shape
from handlers._compute_fields import LEVELS, NOUN, ComputeSpec, distribution

if TYPE_CHECKING:
    from gitops.policy import Policy


def _size(desired: Desired[ComputeSpec], policy: Policy) -> Iterator[Complaint]:
    largest = policy.effective_for(desired.origin).max_size
    if SIZES.index(desired.spec.size) > SIZES.index(largest.value):
        yield Complaint(
            path="size",
            message=f"The size {desired.spec.size} is larger than {largest.who} allows"
            f"{policy.said(largest)}.",
            hint=f"The largest is {largest.value}.",
        )


def _gpu(desired: Desired[ComputeSpec], policy: Policy) -> Iterator[Complaint]:
    spec, allowed = desired.spec, policy.effective_for(desired.origin).gpu
    if spec.gpu and spec.type == "sql_warehouse":
        yield Complaint(path="gpu", message="A SQL warehouse has no GPU.", hint="Leave the line out.")
    elif spec.gpu and not allowed.value:
        yield Complaint(
            path="gpu",
            message=f"No GPU is allowed for {allowed.who}{policy.said(allowed)}.",
            hint="Write `gpu: false`.",
        )


def _node(desired: Desired[ComputeSpec], policy: Policy) -> Iterator[Complaint]:
    """Whether the machines that were decided are of a family that is allowed; the workers' say enough."""
    made_of, holds = shape.decided(desired).made_of, policy.effective_for(desired.origin)
    if isinstance(made_of, Warehouse):
        return
    for what, node in (("workers", made_of.worker), ("driver", made_of.driver)):
        if refused := holds.node_refused(node.type):
            yield Complaint(
                path="size",
                message=f"The {what} would be {node.type}, a machine that is not allowed for "
                f"{refused.who}{policy.said(refused)}.",
                hint=f"Allowed are {', '.join(refused.value)}: take another size or workload, or no GPU.",
            )
            return


def _workers(desired: Desired[ComputeSpec], policy: Policy) -> Iterator[Complaint]:
    del policy
    spec = desired.spec
    if spec.min_workers > spec.max_workers:
        yield Complaint(
            path="max_workers",
            message=f"The maximum of workers ({spec.max_workers}) is below the minimum ({spec.min_workers}).",
            hint="Make max_workers at least min_workers.",
        )
    if spec.type == "sql_warehouse" and spec.max_workers > 40:
        yield Complaint(
            path="max_workers",
            message=f"A SQL warehouse has at most 40 clusters, not {spec.max_workers}.",
            hint="One cluster serves about ten queries at the same time.",
        )


def _libraries(desired: Desired[ComputeSpec], policy: Policy) -> Iterator[Complaint]:
    seen: dict[str, str] = {}
    holds = policy.effective_for(desired.origin)
    for index, library in enumerate(desired.spec.libraries):
        path = f"libraries[{index}]"
        name = distribution(library)
        if refused := holds.library_refused(name):
            yield Complaint(
                path=path,
                message=f"The library {name} is not allowed for {refused.who}{policy.said(refused)}.",
                hint="Leave it out, or ask the platform team.",
            )
        if name in seen:
            yield Complaint(
                path=path,
                message=f"The library {name} is there twice, first as {seen[name]}.",
                hint="Delete one of the two.",
            )
        seen.setdefault(name, library)
    if desired.spec.libraries and desired.spec.type == "sql_warehouse":
        yield Complaint(
            path="libraries",
            message="A SQL warehouse takes no Python libraries.",
            hint="Leave them out, or ask for a cluster.",
        )


def _access(desired: Desired[ComputeSpec], policy: Policy) -> Iterator[Complaint]:
    del policy
    spec = desired.spec
    seen: set[str] = set()
    for index, entry in enumerate(spec.access):
        if entry.level not in LEVELS[spec.type]:
            yield Complaint(
                path=f"access[{index}].level",
                message=f"A {NOUN[spec.type]} has no level {entry.level}.",
                hint=f"Levels of a {NOUN[spec.type]} are {', '.join(LEVELS[spec.type])}.",
            )
        if entry.principal.casefold() in seen:
            yield Complaint(
                path=f"access[{index}].principal",
                message=f"The group {entry.principal} is there twice.",
                hint="A group has one level: delete one of the two.",
            )
        if entry.principal.casefold() == "admins":
            yield Complaint(
                path=f"access[{index}].principal",
                message="The group admins manages everything in a workspace, whatever a list says.",
                hint="Leave it out.",
            )
        seen.add(entry.principal.casefold())


RULES = (
    Rule(
        id="compute-size",
        title="The size is too large for here",
        why="Large machines are for where they are needed: every environment, and every classification of "
        "data, has a largest size.",
        fix="Take a smaller size. If the work needs more, ask the platform team for an exception.",
        wrong="""\
resources:
- kind: compute
  name: growth-churn-dev
  type: cluster
  workload: ml
  size: xl
""",
        right="""\
resources:
- kind: compute
  name: growth-churn-dev
  type: cluster
  workload: ml
  size: medium
""",
        check=_size,
        exceptable=True,
    ),
    Rule(
        id="compute-gpu",
        title="A GPU where there may be none",
        why="GPU machines are dear, a cluster with one isolates its users less from each other, and a SQL "
        "warehouse has none.",
        fix="Write `gpu: false` or leave the line out; where a GPU is needed, use data of a classification "
        "that allows it.",
        wrong="""\
metadata:
  data_classification: restricted
resources:
- kind: compute
  name: growth-churn-dev
  type: cluster
  workload: ml
  size: small
  gpu: true
""",
        right="""\
metadata:
  data_classification: restricted
resources:
- kind: compute
  name: growth-churn-dev
  type: cluster
  workload: ml
  size: small
  gpu: false
""",
        check=_gpu,
        exceptable=True,
    ),
    Rule(
        id="compute-node",
        title="A machine that may not be used here",
        why="Where the policy says `node_families`, only machines of these are used, such as those that were "
        "paid for in advance. Which machine it is follows from workload, size, GPU and environment.",
        fix="Take another size or workload, or leave the GPU out, until workers and driver are machines that "
        "are allowed.",
        wrong="""\
# requests/policy.yaml
node_families: [Standard_D*]
# requests/dev/growth/churn-prediction.yaml
resources:
- kind: compute
  name: growth-churn-dev
  type: cluster
  workload: ml
  size: small
""",
        right="""\
# requests/policy.yaml
node_families: [Standard_D*]
# requests/dev/growth/churn-prediction.yaml
resources:
- kind: compute
  name: growth-churn-dev
  type: cluster
  workload: etl
  size: small
""",
        check=_node,
        exceptable=True,
    ),
    Rule(
        id="compute-workers",
        title="A range of workers that cannot be",
        why="Databricks refuses a range whose least is above its most, and a SQL warehouse with more than 40 "
        "clusters.",
        fix="Make `max_workers` at least `min_workers`, and at most 40 for a SQL warehouse.",
        wrong="""\
resources:
- kind: compute
  name: growth-churn-dev
  type: cluster
  workload: ml
  size: small
  min_workers: 4
  max_workers: 2
""",
        right="""\
resources:
- kind: compute
  name: growth-churn-dev
  type: cluster
  workload: ml
  size: small
  min_workers: 2
  max_workers: 4
""",
        check=_workers,
    ),
    Rule(
        id="compute-library",
        title="A library that may not or cannot be installed",
        why="Some libraries are known to do harm and are denied by the policy; of a library that is listed "
        "twice, which version is meant would be chance; and a SQL warehouse installs none.",
        fix="Leave the library out, list it once, or ask for a cluster.",
        wrong="""\
resources:
- kind: compute
  name: growth-churn-dev
  type: cluster
  workload: ml
  size: small
  libraries: [pickle5==0.0.12]
""",
        right="""\
resources:
- kind: compute
  name: growth-churn-dev
  type: cluster
  workload: ml
  size: small
  libraries: [lightgbm==4.5.0]
""",
        check=_libraries,
        exceptable=True,
    ),
    Rule(
        id="compute-access",
        title="An access that Databricks does not know",
        why="Clusters, SQL warehouses and jobs each have their own levels, and each group has one of them; "
        "Databricks refuses anything else. What the group admins may do cannot be changed.",
        fix="Use a level that this type of compute has, and one entry for each group.",
        wrong="""\
resources:
- kind: compute
  name: growth-churn-dev
  type: cluster
  workload: ml
  size: small
  access:
  - {principal: growth, level: CAN_USE}
""",
        right="""\
resources:
- kind: compute
  name: growth-churn-dev
  type: cluster
  workload: ml
  size: small
  access:
  - {principal: growth, level: CAN_RESTART}
""",
        check=_access,
    ),
)
