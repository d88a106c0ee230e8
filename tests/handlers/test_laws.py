"""The laws of a kind, over every kind in the registry; a kind without a fake in tests/fakes fails here."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

import handlers
from gitops.errors import LakeportError, StalePlan
from gitops.kind import AnyKind, Desired
from gitops.plan import Approved, Change, Plan, Reason, RefusedChange, Verb, require_approved
from tests.handlers.support import carry_out, desired, plan, through_json

REGISTRY = handlers.registry()


def fake_of(kind: str) -> ModuleType:
    return import_module(f"tests.fakes.{kind}")


CASES = [(kind, name) for kind in REGISTRY for name in fake_of(kind).CASES]
every_kind = pytest.mark.parametrize(("name", "case_name"), CASES, ids=["-".join(case) for case in CASES])


class Stage:
    """One case on a fresh world."""

    def __init__(self, name: str, case_name: str) -> None:
        self.kind: AnyKind = REGISTRY[name]
        self.case = fake_of(name).CASES[case_name]()
        self.client = self.case.client
        self.world = self.case.world

    def wanted(self, lifecycle: str = "active", **spec: Any) -> Desired[Any]:
        more = getattr(self.case, "origin", {})
        return desired(self.kind, {**self.case.spec, **spec}, **{**more, "lifecycle": lifecycle})

    def read(self, lifecycle: str = "active") -> Any:
        return self.kind.read(self.wanted(lifecycle), self.client)

    def plan(self, **spec: Any) -> list[Change]:
        return list(plan(self.kind, self.wanted(**spec), self.client))

    def apply(self, changes: list[Change]) -> None:
        carry_out(self.kind, changes, self.client)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)


@every_kind
def test_absent_creates(name: str, case_name: str) -> None:
    stage = Stage(name, case_name)
    assert stage.read() is None
    changes = stage.plan()
    assert changes[0].verb is Verb.CREATE
    assert {change.kind for change in changes} == {name}
    assert {change.identity for change in changes} == {stage.kind.identity(stage.wanted().spec)}
    assert len({change.key for change in changes}) == len(changes)
    assert all(change.summary and "\n" not in change.summary for change in changes)
    assert not any(change.removes for change in changes), "what is new takes nothing away"


@every_kind
def test_applied_then_planned_is_empty(name: str, case_name: str) -> None:
    stage = Stage(name, case_name)
    stage.apply(stage.plan())
    assert stage.plan() == []
    assert stage.read() is not None
    outputs = stage.kind.outputs(stage.wanted(), stage.read())
    assert outputs
    assert all(isinstance(value, str) for value in outputs.values())


@every_kind
def test_applied_twice_is_applied_once(name: str, case_name: str) -> None:
    stage = Stage(name, case_name)
    changes = stage.plan()
    for change in changes:
        stage.apply([change])
        once = stage.world.snapshot()
        stage.apply([change])
        assert stage.world.snapshot() == once, change.key


@every_kind
def test_killed_between_two_changes_the_rest_is_what_was_approved(name: str, case_name: str) -> None:
    whole = Stage(name, case_name)
    approved = whole.plan()
    whole.apply(approved)
    for done in range(len(approved) + 1):
        stage = Stage(name, case_name)
        changes = stage.plan()
        assert [change.digest for change in changes] == [change.digest for change in approved]
        stage.apply(changes[:done])
        rest = stage.plan()
        assert [change.digest for change in rest] == [change.digest for change in approved[done:]]
        stage.apply(rest)
        assert stage.world.snapshot() == whole.world.snapshot()


@every_kind
def test_an_interrupted_write_is_adopted_and_not_repeated(name: str, case_name: str) -> None:
    """The connection breaks after the n-th write had its effect, whichever it is."""
    whole = Stage(name, case_name)
    approved = {change.digest for change in whole.plan()}
    whole.apply(whole.plan())
    for writes in range(1, len(whole.world.writes) + 1):
        stage = Stage(name, case_name)
        stage.world.break_after = writes
        with pytest.raises((LakeportError, ConnectionError)):
            stage.apply(stage.plan())
        rest = stage.plan()
        assert {change.digest for change in rest} <= approved
        stage.apply(rest)
        assert stage.plan() == []
        creations = [write for write in stage.world.writes if write.startswith("create ")]
        assert len(creations) == len(set(creations))


@every_kind
def test_retired_then_read_is_none(name: str, case_name: str) -> None:
    """A scaffold has nothing of its own to take away: it goes with its repository, then reads as absent."""
    stage = Stage(name, case_name)
    stage.apply(stage.plan())
    state = stage.read("retiring")
    changes = list(stage.kind.retire(stage.wanted("retiring"), state))
    assert all(change.verb is Verb.REMOVE for change in changes)
    stage.apply(changes)
    stage.case.retired_with()
    assert stage.read("retiring") is None
    assert stage.read("retired") is None
    once = stage.world.snapshot()
    stage.apply(changes)
    assert stage.world.snapshot() == once


@every_kind
def test_what_is_not_ours_is_not_touched_unless_adopted(name: str, case_name: str) -> None:
    stage = Stage(name, case_name)
    stage.case.make_foreign()
    before = stage.world.snapshot()
    with pytest.raises(RefusedChange) as refused:
        stage.plan()
    assert refused.value.reason is Reason.NOT_OURS
    assert refused.value.fix
    assert stage.world.snapshot() == before
    assert stage.world.writes == []
    stage.apply(stage.plan(adopt=True))
    assert stage.plan(adopt=True) == []
    assert stage.plan() == [], "once it carries our mark, it is ours"


@every_kind
def test_what_came_in_between_is_not_overwritten(name: str, case_name: str) -> None:
    """Approved as a creation; then somebody else makes one of that name."""
    stage = Stage(name, case_name)
    changes = stage.plan()
    stage.case.make_foreign()
    before = stage.world.snapshot()
    with pytest.raises(StalePlan):
        stage.apply(changes[:1])
    assert stage.world.snapshot() == before


@every_kind
def test_what_is_not_ours_is_not_retired(name: str, case_name: str) -> None:
    stage = Stage(name, case_name)
    stage.case.make_foreign()
    state = stage.read("retiring")
    assert state is not None
    if name == "scaffold":  # never takes anything away
        assert list(stage.kind.retire(stage.wanted("retiring"), state)) == []
        return
    with pytest.raises(RefusedChange) as refused:
        stage.kind.retire(stage.wanted("retiring"), state)
    assert refused.value.reason is Reason.NOT_OURS


@every_kind
def test_plan_and_retire_talk_to_nobody(name: str, case_name: str) -> None:
    """They get no client; and what they are given is left as it was."""
    stage = Stage(name, case_name)
    stage.apply(stage.plan())
    state, calls = stage.read(), stage.world.calls
    before = repr(state)
    stage.kind.plan(stage.wanted(), state)
    stage.kind.plan(stage.wanted(), None)
    stage.kind.retire(stage.wanted("retiring"), state)
    assert stage.world.calls == calls
    assert repr(state) == before


@every_kind
def test_read_changes_nothing(name: str, case_name: str) -> None:
    stage = Stage(name, case_name)
    stage.read()
    stage.read("retiring")
    assert stage.world.writes == []
    stage.apply(stage.plan())
    writes = list(stage.world.writes)
    stage.read()
    stage.read("retiring")
    assert stage.world.writes == writes


@every_kind
def test_changes_survive_json_and_carry_no_secret_word(name: str, case_name: str) -> None:
    stage = Stage(name, case_name)
    changes = stage.plan()
    assert [change.digest for change in through_json(changes)] == [change.digest for change in changes]
    text = json.dumps([change.as_json() for change in changes]).lower()
    assert "password" not in text
    assert "secret" not in text


@every_kind
def test_a_changed_plan_is_refused(name: str, case_name: str) -> None:
    stage = Stage(name, case_name)
    drawn = Plan(request="dev/growth/churn", file_digest="sha256:1", changes=tuple(stage.plan()))
    approved = Approved.of(drawn)
    for field in ("before", "after"):
        first = drawn.changes[0].as_json() | {field: {"another": "value"}}
        other = Plan(
            request=drawn.request,
            file_digest=drawn.file_digest,
            changes=(Change.from_json(first), *drawn.changes[1:]),
        )
        with pytest.raises(StalePlan):
            require_approved(other, approved)


@every_kind
def test_every_change_names_the_request(name: str, case_name: str) -> None:
    """What creates must carry the owner mark, so that ``apply`` can put it on."""
    stage = Stage(name, case_name)
    assert stage.plan()[0].after
    assert "dev/growth/churn" in json.dumps(stage.plan()[0].after)


@every_kind
def test_reading_many_at_once_reads_the_same(name: str, case_name: str) -> None:
    stage = Stage(name, case_name)
    stage.apply(stage.plan())
    if stage.kind.read_all is not None:
        assert list(stage.kind.read_all([stage.wanted()], stage.client)) == [stage.read()]


def test_importing_the_kinds_imports_no_sdk() -> None:
    code = (
        "import sys, handlers; handlers.registry(); "
        "sdks = ('github', 'databricks', 'cookiecutter', 'requests'); "
        "print([name for name in sdks if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
