"""What the tests of the kinds share: a request, its desired resources, and carrying out a plan."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from gitops.kind import AnyKind, Desired, Origin
from gitops.plan import Change
from gitops.policy import Policy, load_policy

ORIGIN = Origin(
    request="dev/growth/churn",
    name="churn",
    team="growth",
    environment="dev",
    organisation="acme",
    cloud="azure",
    region="westeurope",
    group="growth",
    github_team="growth",
    purpose="Predict which subscribers will leave next month.",
    business_owner="jane.doe@acme.example",
    technical_owner="li.wei@acme.example",
    data_classification="internal",
    cost_center="CC-1042",
)


def origin(**changes: Any) -> Origin:
    return msgspec.structs.replace(ORIGIN, **changes)


def desired(kind: AnyKind, spec: dict[str, Any], **changes: Any) -> Desired[Any]:
    """A resource as a request file gives it: through JSON, strictly."""
    return Desired(spec=msgspec.convert(spec, kind.spec), origin=origin(**changes))


def through_json(changes: Iterable[Change]) -> list[Change]:
    """The changes as they come back from a report."""
    return [Change.from_json(json.loads(json.dumps(change.as_json()))) for change in changes]


def plan(kind: AnyKind, wanted: Desired[Any], client: Any) -> Sequence[Change]:
    return kind.plan(wanted, kind.read(wanted, client))


def carry_out(kind: AnyKind, changes: Iterable[Change], client: Any) -> None:
    for change in through_json(changes):
        kind.apply(change, client)


@cache
def policy() -> Policy:
    """The sample organisation's."""
    return load_policy((Path(__file__).parents[2] / "requests/policy.yaml").read_bytes())
