"""Of every kind, who gains and who loses access can be read off its changes; and who else keeps some."""

from __future__ import annotations

from typing import Any

import pytest

from gitops.effective_access import Shift, shifts
from gitops.kind import AnyKind, Held
from gitops.plan import Stage as When
from tests.fakes.schema import Case as SchemaCase
from tests.fakes.volume import Case as VolumeCase
from tests.handlers.support import carry_out, desired, plan
from tests.handlers.test_laws import REGISTRY, Stage, every_kind


def gains(found: list[Shift], held: Held) -> set[str]:
    return {
        level
        for one in found
        if (one.principal.casefold(), one.thing) == (held.principal.casefold(), held.thing)
        for level in one.gains
    }


def loses(found: list[Shift], held: Held) -> set[str]:
    return {
        level
        for one in found
        if (one.principal.casefold(), one.thing) == (held.principal.casefold(), held.thing)
        for level in one.loses
    }


@every_kind
def test_whoever_the_file_names_gains_it_by_the_plan_of_a_new_thing(name: str, case_name: str) -> None:
    stage = Stage(name, case_name)
    found = shifts(stage.plan())
    for held in stage.kind.access(stage.wanted().spec):
        assert gains(found, held) >= set(held.levels), held


@every_kind
def test_whoever_gained_it_loses_it_by_the_plan_of_a_retirement(
    name: str, case_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)
    stage = Stage(name, case_name)
    stage.apply(stage.plan())
    going = stage.kind.retire(stage.wanted("retiring"), stage.read("retiring"))
    found = shifts(one for one in going if one.stage in (When.FREEZE, When.REVOKE))
    for held in stage.kind.access(stage.wanted().spec):
        assert loses(found, held) >= set(held.levels), held


def test_what_is_granted_on_the_catalog_is_what_a_schema_is_reached_through() -> None:
    case = SchemaCase()
    case.world.grants["catalog", "ml_dev"] = {}
    wanted = desired(REGISTRY["schema"], case.spec)
    found = shifts(plan(REGISTRY["schema"], wanted, case.client))
    named = {grant["principal"] for grant in case.spec["grants"]}
    on_schema = [one for one in found if one.thing != "ml_dev" and one.principal in named]
    assert on_schema
    assert all(one.through == ("USE_CATALOG on ml_dev",) for one in on_schema)


def test_who_can_use_the_catalog_already_is_said_of_those_who_gain_something() -> None:
    case = SchemaCase()
    case.world.grants["catalog", "ml_dev"] = {"growth": {"USE_CATALOG"}}
    changes = plan(SCHEMA, desired(SCHEMA, case.spec), case.client)
    details = [words for change in changes if change.action == "grants" for words in change.details]
    assert details == ["growth can use the catalog ml_dev already."]
    through = {one.principal: one.through for one in shifts(changes) if one.thing == "ml_dev.churn"}
    assert through == {"growth": (), "risk": ("USE_CATALOG on ml_dev",)}


SCHEMA, VOLUME = REGISTRY["schema"], REGISTRY["volume"]


def stays(kind: AnyKind, case: SchemaCase | VolumeCase, **spec: Any) -> list[Held]:
    wanted = desired(kind, case.spec | spec)
    return list(kind.stays(wanted, kind.read(wanted, case.client)))


def stand(kind: AnyKind, case: SchemaCase | VolumeCase) -> None:
    carry_out(kind, plan(kind, desired(kind, case.spec), case.client), case.client)


def test_what_somebody_granted_by_hand_on_a_schema_stays_and_is_said() -> None:
    case = SchemaCase()
    stand(SCHEMA, case)
    assert stays(SCHEMA, case) == []
    held = case.world.grants["schema", "ml_dev.churn"]
    held["analysts"] = {"SELECT"}
    held["growth"].add("CREATE_VOLUME")
    analysts = Held(principal="analysts", levels=("SELECT",), thing="ml_dev.churn")
    growth = Held(principal="growth", levels=("CREATE_VOLUME",), thing="ml_dev.churn")
    assert stays(SCHEMA, case) == [analysts], "what a group of the file holds besides is taken away"
    assert stays(SCHEMA, case, grants_mode="additive") == [analysts, growth]
    assert stays(SCHEMA, case, grants_mode="authoritative") == []


def test_what_somebody_granted_by_hand_on_a_volume_stays_and_is_said() -> None:
    case = VolumeCase()
    stand(VOLUME, case)
    assert stays(VOLUME, case) == []
    case.world.grants["ml_dev.churn.landing"]["analysts"] = {"READ_VOLUME"}
    name = "ml_dev.churn.landing"
    assert stays(VOLUME, case) == [Held(principal="analysts", levels=("READ_VOLUME",), thing=name)]
