"""What reviewers are told that an edit becomes is what the plan of the kind then does."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gitops.edited import Effect
from gitops.edits import edits_of
from gitops.plan import RefusedChange
from tests.handlers.test_laws import CASES, Stage, fake_of

Spec = dict[str, Any]


def setting(**fields: Any) -> Callable[[Spec], None]:
    return lambda spec: spec.update(fields)


def entry(listed: str, index: int, **fields: Any) -> Callable[[Spec], None]:
    return lambda spec: spec[listed][index].update(fields)


def more(listed: str, value: Any) -> Callable[[Spec], None]:
    return lambda spec: spec.update({listed: [*spec.get(listed, ()), value]})


def fewer(listed: str) -> Callable[[Spec], None]:
    return lambda spec: spec.update({listed: spec[listed][:-1]})


EDITS: dict[str, dict[str, Callable[[Spec], None]]] = {
    "repo": {
        "visibility": setting(visibility="private"),
        "another team": more("access", {"team": "audit", "permission": "admin"}),
        "a team less": fewer("access"),
        "another permission": entry("access", 0, permission="push"),
        "a topic": more("topics", "python"),
        "a topic less": fewer("topics"),
        "adopt": setting(adopt=True),
    },
    "scaffold": {
        "template": setting(template="python-library"),
        "inputs": setting(inputs={"python": "3.12"}),
        "adopt": setting(adopt=True),
    },
    "schema": {
        "comment": setting(comment="Other words."),
        "no comment": setting(comment=""),
        "a comment less": lambda spec: spec.pop("comment"),
        "another group": more("grants", {"principal": "audit", "privileges": ["USE_SCHEMA"]}),
        "a group less": fewer("grants"),
        "a privilege": entry("grants", 1, privileges=["USE_SCHEMA", "SELECT", "EXECUTE"]),
        "a privilege less": entry("grants", 0, privileges=["USE_SCHEMA", "SELECT"]),
        "the case of the catalog": setting(catalog="ML_DEV"),
        "a managed location": setting(storage_root="abfss://data@acme.dfs.core.windows.net/elsewhere"),
        "shared": setting(shared_with=["risk"]),
        "belongs to": setting(belongs_to="dev/risk/report"),
        "adopt": setting(adopt=True),
    },
    "compute": {
        "size": setting(size="large"),
        "more workers": setting(max_workers=9),
        "more at least": setting(min_workers=2),
        "idle": setting(auto_stop_minutes=90),
        "a library": more("libraries", "polars==1.0"),
        "a library less": lambda spec: spec.update(libraries=spec["libraries"][:-1]),
        "a version": lambda spec: spec.update(libraries=[f"{one},!=0" for one in spec["libraries"]]),
        "another group": more("access", {"principal": "audit", "level": "CAN_MANAGE"}),
        "a group less": fewer("access"),
        "another level": entry("access", 0, level="CAN_MANAGE"),
        "a default": setting(gpu=False),
        "adopt": setting(adopt=True),
    },
    "volume": {
        "comment": setting(comment="Other words."),
        "no comment": setting(comment=""),
        "another group": more("grants", {"principal": "audit", "privileges": ["READ_VOLUME"]}),
        "a group less": fewer("grants"),
        "a privilege": entry("grants", 1, privileges=["READ_VOLUME", "WRITE_VOLUME"]),
        "a privilege less": entry("grants", 0, privileges=["READ_VOLUME"]),
        "the case of the catalog": setting(catalog="ML_DEV"),
        "adopt": setting(adopt=True),
    },
}
QUIET = {Effect.SAME, Effect.RECORDED, Effect.LEFT}
"""Effects of which a plan shows nothing."""


def specs(kind: str, case: str, name: str) -> tuple[Spec, Spec]:
    """As merged, and as proposed."""
    old = fake_of(kind).CASES[case].spec
    new = copy.deepcopy(old)
    EDITS[kind][name](new)
    return old, new


def possible(kind: str, case: str, name: str) -> bool:
    """A SQL warehouse has no libraries, and what a case already says is no edit."""
    old, new = specs(kind, case, name)
    return new != old and not (new.get("type") == "sql_warehouse" and new["libraries"])


EVERY = [(kind, case, name) for kind, case in CASES for name in EDITS[kind] if possible(kind, case, name)]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)


def know_audit(world: Any) -> None:
    """There is a group, or a team, that nobody mentioned before."""
    if hasattr(world, "teams"):
        world.teams.add("audit")
    elif isinstance(world.groups, dict):
        world.groups["audit"] = "Group"
    else:
        world.groups.add("audit")


@pytest.mark.parametrize(("kind", "case", "name"), EVERY, ids=["-".join(one) for one in EVERY])
def test_the_plan_does_what_the_edit_is_said_to_become(kind: str, case: str, name: str) -> None:
    stage = Stage(kind, case)
    know_audit(stage.world)
    stage.apply(stage.plan())
    old, new = specs(kind, case, name)
    was, stage.case.spec = stage.wanted().spec, new
    wanted = stage.wanted().spec
    found = {edit.effect for edit in edits_of(stage.kind.spec, old, new, was=was, wanted=wanted)}
    assert found, "an edit is never silent"
    edited = msgspec.structs.replace(stage.wanted(), earlier=(was,))
    state = stage.kind.read(edited, stage.client)
    if Effect.REFUSED in found:
        with pytest.raises(RefusedChange):
            stage.kind.plan(edited, state)
        return
    changes = stage.kind.plan(edited, state)
    assert bool(changes) is bool(found - QUIET), [change.summary for change in changes]
    assert any(change.removes for change in changes) >= (Effect.TAKEN in found)
    assert any("restarts" in change.summary for change in changes) is (Effect.RESTARTS in found)
