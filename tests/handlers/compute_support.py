"""What the tests of compute share: a workspace in memory, a plan that is carried out, and planned again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gitops.kind import Desired
from gitops.plan import Change, RefusedChange
from gitops.policy_compute import ComputeRules
from handlers import compute
from tests.fakes.compute import Case
from tests.handlers.support import carry_out, desired

KIND = compute.KIND


def wanted(case: Case, earlier: dict[str, Any] | None = None, **spec: Any) -> Desired[Any]:
    """The resource of a case with other fields, or with another origin: ``origin={"members": …}``.

    ``earlier`` are fields that a version before it had.
    """
    origin = spec.pop("origin", {})
    settled = spec.pop("settled", False)
    one = desired(KIND, case.spec | spec, **origin)
    before = () if earlier is None else (desired(KIND, case.spec | earlier).spec,)
    return msgspec.structs.replace(one, earlier=before, settled=settled)


def replanned(case: Case, earlier: dict[str, Any] | None = None, **spec: Any) -> list[Change]:
    one = wanted(case, earlier, **spec)
    return list(KIND.plan(one, KIND.read(one, case.client)))


def made(case: Case, **spec: Any) -> Case:
    carry_out(KIND, replanned(case, **spec), case.client)
    case.world.writes.clear()
    case.world.asked.clear()
    return case


def apply(case: Case, changes: list[Change]) -> None:
    carry_out(KIND, changes, case.client)


def refusal(case: Case, **spec: Any) -> RefusedChange:
    with pytest.raises(RefusedChange) as refused:
        replanned(case, **spec)
    return refused.value


def only(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    (one,) = found.values()
    return one


def rules(**section: Any) -> dict[str, Any]:
    """An origin whose policy has this section ``compute``."""
    return {"compute": msgspec.convert(section, ComputeRules)}
