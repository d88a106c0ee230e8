"""Over every kind and every edit: what an edit changes is never taken for what somebody did by hand."""

from __future__ import annotations

import msgspec
import pytest

from gitops.overwritten import overwritten
from gitops.plan import RefusedChange
from tests.fakes.schema import Case as SchemaCase
from tests.handlers.support import carry_out, desired, plan
from tests.handlers.test_edits import EVERY, know_audit, specs
from tests.handlers.test_laws import REGISTRY, Stage


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)


@pytest.mark.parametrize(("kind", "case", "name"), EVERY, ids=["-".join(one) for one in EVERY])
def test_an_edit_of_what_stands_as_it_was_left_writes_over_nothing(kind: str, case: str, name: str) -> None:
    stage = Stage(kind, case)
    know_audit(stage.world)
    stage.apply(stage.plan())
    was = stage.wanted()
    stage.case.spec = specs(kind, case, name)[1]
    edited = msgspec.structs.replace(stage.wanted(), earlier=(was.spec,))
    state = stage.kind.read(edited, stage.client)
    try:
        changes = stage.kind.plan(edited, state)
    except RefusedChange:
        return  # then nothing is done at all
    assert overwritten(stage.kind, edited, state, changes, [was]) == {}


def test_what_somebody_did_by_hand_to_a_schema_is_found_beside_an_edit() -> None:
    case, kind = SchemaCase(), REGISTRY["schema"]
    was = desired(kind, case.spec)
    carry_out(kind, plan(kind, was, case.client), case.client)
    case.world.grants["schema", "ml_dev.churn"]["growth"].add("CREATE_VOLUME")
    less = {**case.spec["grants"][0], "privileges": ["USE_SCHEMA"]}
    spec = case.spec | {"grants": [less, *case.spec["grants"][1:]]}
    edited = msgspec.structs.replace(desired(kind, spec), earlier=(was.spec,))
    state = kind.read(edited, case.client)
    changes = kind.plan(edited, state)
    found = overwritten(kind, edited, state, changes, [was])
    assert found == {"schema/ml_dev.churn/grants": ("grants.growth[CREATE_VOLUME]",)}
