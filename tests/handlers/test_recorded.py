"""What receipts say of the changes of every kind: all that they carry, and that they read back as done."""

from __future__ import annotations

import pytest

from gitops.plan import STAGES
from gitops.receipt_values import recorded
from tests.handlers.support import through_json
from tests.handlers.test_laws import Stage, every_kind


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)


@every_kind
def test_a_receipt_keeps_all_that_a_change_carries(name: str, case_name: str) -> None:
    """None of it is taken for a secret, or is too long."""
    stage = Stage(name, case_name)
    changes = stage.plan()
    stage.apply(changes)
    changes += stage.kind.retire(stage.wanted("retiring"), stage.read("retiring"))
    for change in through_json(changes):
        assert recorded(change.before) == change.before, change.key
        assert recorded(change.after) == change.after, change.key


@every_kind
def test_what_was_taken_away_is_in_no_plan_any_more_and_nothing_refuses_to_say_so(
    name: str, case_name: str
) -> None:
    """By that a step of a retirement is known to be done, also where the rest has to wait for its day."""
    stage = Stage(name, case_name)
    stage.apply(stage.plan())
    wanted = stage.wanted("retiring")
    changes = sorted(
        stage.kind.retire(wanted, stage.read("retiring")), key=lambda one: STAGES.index(one.stage)
    )
    done: set[str] = set()
    for change in changes:
        stage.apply([change])
        done.add(change.key)
        state = stage.read("retiring")
        left = stage.kind.retire(wanted, state) if state is not None else ()
        assert not done & {one.key for one in left}
