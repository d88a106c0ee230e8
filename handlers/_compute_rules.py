"""What the policy has to say about compute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops.kind import Complaint, Desired, Rule
from gitops.vocabulary import SIZES
from handlers._compute_fields import LEVELS, NOUN, ComputeSpec, distribution

if TYPE_CHECKING:
    from gitops.policy import Policy


def _size(desired: Desired[ComputeSpec], policy: Policy) -> Iterator[Complaint]:
    origin = desired.origin
    largest = policy.limits_of(origin.environment, origin.data_classification).max_size
    if SIZES.index(desired.spec.size) > SIZES.index(largest):
        yield Complaint(
            path="size",
            message=f"The size {desired.spec.size} is larger than {origin.environment} allows.",
            hint=f"The largest is {largest}.",
        )


def _gpu(desired: Desired[ComputeSpec], policy: Policy) -> Iterator[Complaint]:
    origin, spec = desired.origin, desired.spec
    if spec.gpu and spec.type == "sql_warehouse":
        yield Complaint(path="gpu", message="A SQL warehouse has no GPU.", hint="Leave the line out.")
    elif spec.gpu and not policy.limits_of(origin.environment, origin.data_classification).gpu:
        yield Complaint(
            path="gpu",
            message=f"No GPU is allowed for {origin.data_classification} data in {origin.environment}.",
            hint="Write `gpu: false`.",
        )


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
    for index, library in enumerate(desired.spec.libraries):
        path = f"libraries[{index}]"
        name = distribution(library)
        if policy.library_denied(name):
            yield Complaint(
                path=path,
                message=f"The library {name} may not be installed.",
                hint="The platform team keeps the list of denied libraries in the policy.",
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
        seen.add(entry.principal.casefold())


RULES = (
    Rule(id="compute-size", why="Large machines are for where they are needed.", check=_size),
    Rule(id="compute-gpu", why="GPU machines are dear, and their access mode isolates less.", check=_gpu),
    Rule(id="compute-workers", why="Databricks refuses a range that is upside down.", check=_workers),
    Rule(id="compute-library", why="Some libraries are known to do harm.", check=_libraries),
    Rule(id="compute-access", why="Databricks refuses a level that a thing does not have.", check=_access),
)
