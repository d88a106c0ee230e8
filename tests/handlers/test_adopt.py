"""Drift that is kept: the file then says what stands, and its plan has nothing more to do about it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from gitops.kind import Desired
from gitops.plan import Change
from handlers import compute, schema
from tests.fakes.compute import Case as Compute
from tests.fakes.compute import Warehouse
from tests.fakes.schema import Case as Schema
from tests.handlers.support import carry_out, desired, plan
from tests.handlers.test_laws import CASES, REGISTRY, Stage

SCHEMA, COMPUTE = schema.KIND, compute.KIND


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)


def adopted(kind: Any, wanted: Desired[Any], client: Any) -> dict[str, Any]:
    """What the kind says of the fields; with them, only what nobody can say is left of the drift."""
    state = kind.read(wanted, client)
    return dict(kind.adopt(wanted, state))


def with_values(kind: Any, wanted: Desired[Any], values: dict[str, Any]) -> Desired[Any]:
    spec = {"kind": kind.name} | msgspec.to_builtins(wanted.spec) | values
    return msgspec.structs.replace(wanted, spec=msgspec.convert(spec, kind.spec))


def planned(kind: Any, wanted: Desired[Any], values: dict[str, Any], client: Any) -> list[Change]:
    return list(plan(kind, with_values(kind, wanted, values), client))


# --- every kind

ADOPTING = [case for case in CASES if REGISTRY[case[0]].adopt is not None]


@pytest.mark.parametrize(("name", "case_name"), ADOPTING, ids=["-".join(case) for case in ADOPTING])
def test_without_drift_the_file_stays_as_it_is(name: str, case_name: str) -> None:
    stage = Stage(name, case_name)
    stage.apply(stage.plan())
    wanted = stage.wanted()
    values = json.loads(json.dumps(adopted(stage.kind, wanted, stage.client)))
    now = json.loads(msgspec.json.encode(wanted.spec))
    assert values == {field: now[field] for field in values}


# --- schema


class Catalog:
    """A schema as its request wants it, and what is granted on it."""

    def __init__(self, **spec: Any) -> None:
        self.case = Schema()
        self.wanted = desired(SCHEMA, Schema.spec | spec)
        carry_out(SCHEMA, plan(SCHEMA, self.wanted, self.case.client), self.case.client)
        self.held = self.case.world.grants["schema", "ml_dev.churn"]

    def adopted(self) -> dict[str, Any]:
        return adopted(SCHEMA, self.wanted, self.case.client)

    def left(self) -> list[Change]:
        return planned(SCHEMA, self.wanted, self.adopted(), self.case.client)


def entry(principal: str, *privileges: str) -> dict[str, Any]:
    return {"principal": principal, "privileges": list(privileges)}


def test_what_stands_as_it_should_gives_nothing() -> None:
    assert Catalog().adopted() == {}


def test_the_comment_follows() -> None:
    town = Catalog()
    town.case.world.schemas["ml_dev.churn"]["comment"] = "Scores and features."
    assert town.adopted() == {"comment": "Scores and features."}
    assert town.left() == []


def test_a_privilege_too_many_and_one_too_few_follow() -> None:
    town = Catalog()
    town.held["growth"] = {"USE_SCHEMA", "SELECT"}
    town.held["risk"] |= {"MODIFY"}
    assert town.adopted()["grants"] == [
        entry("growth", "USE_SCHEMA", "SELECT"),
        entry("risk", "USE_SCHEMA", "SELECT", "MODIFY"),
    ]
    assert town.left() == []


def test_who_holds_nothing_any_more_leaves_the_file() -> None:
    town = Catalog()
    del town.held["risk"]
    assert town.adopted()["grants"] == [entry("growth", "USE_SCHEMA", "SELECT", "MODIFY")]
    assert town.left() == []


def test_strangers_only_follow_where_the_file_speaks_for_everybody() -> None:
    for mode, names in (("named", None), ("authoritative", ["growth", "risk", "locals"])):
        town = Catalog(grants_mode=mode)
        town.held["locals"] = {"SELECT"}
        grants = town.adopted().get("grants")
        assert (grants and [one["principal"] for one in grants]) == names


def test_what_no_request_may_ask_for_is_not_adopted() -> None:
    town = Catalog()
    town.held["risk"] |= {"MANAGE"}
    assert town.adopted()["grants"] == list(Schema.spec["grants"])
    assert [change.removes for change in town.left()] == [("risk loses MANAGE",)]


def test_additive_gives_up_what_was_taken_and_no_more() -> None:
    town = Catalog(grants_mode="additive")
    town.held["growth"] = {"USE_SCHEMA", "EXECUTE"}
    assert town.adopted()["grants"][0] == entry("growth", "USE_SCHEMA")
    assert town.left() == []


def test_all_privileges_that_were_cut_down_are_said_one_by_one() -> None:
    town = Catalog(grants=[entry("growth", "ALL_PRIVILEGES")])
    town.held["growth"] = {"SELECT", "USE_SCHEMA"}
    assert town.adopted()["grants"] == [entry("growth", "SELECT", "USE_SCHEMA")]
    assert town.left() == []


def test_what_another_request_gives_does_not_come_into_this_file() -> None:
    town = Catalog(grants_mode="authoritative", shared_with=["risk"])
    town.held["locals"] = {"SELECT"}
    town.held["risk"] |= {"MODIFY"}
    added = {"grants": [entry("locals", "SELECT")], "belongs_to": town.wanted.origin.request}
    other = desired(SCHEMA, Schema.spec | added, request="dev/risk/other", team="risk")
    town.wanted = msgspec.structs.replace(town.wanted, beside=(other,))
    assert [one["principal"] for one in town.adopted()["grants"]] == ["growth", "risk"]
    assert town.left() == []


# --- compute


class Workspace:
    """Compute as its request wants it."""

    def __init__(self, case: Compute, **spec: Any) -> None:
        self.case = case
        self.wanted = desired(COMPUTE, case.spec | spec)
        carry_out(COMPUTE, plan(COMPUTE, self.wanted, case.client), case.client)

    @property
    def cluster(self) -> dict[str, Any]:
        (found,) = self.case.world.clusters.values()
        return found

    def adopted(self) -> dict[str, Any]:
        return adopted(COMPUTE, self.wanted, self.case.client)

    def left(self) -> list[Change]:
        return planned(COMPUTE, self.wanted, self.adopted(), self.case.client)


def test_compute_as_it_should_be_gives_nothing() -> None:
    assert Workspace(Compute()).adopted() == {}


def test_workers_and_auto_stop_follow() -> None:
    town = Workspace(Compute())
    town.cluster["autoscale"] = {"min_workers": 2, "max_workers": 9}
    town.cluster["autotermination_minutes"] = 60
    assert town.adopted() == {"min_workers": 2, "max_workers": 9, "auto_stop_minutes": 60}
    assert town.left() == []


def test_of_a_warehouse_too() -> None:
    case = Warehouse()
    town = Workspace(case)
    (found,) = case.world.warehouses.values()
    found["max_num_clusters"], found["auto_stop_mins"] = 5, 15
    assert town.adopted() == {"max_workers": 5, "auto_stop_minutes": 15}
    assert town.left() == []


def test_another_machine_is_told_and_brought_back() -> None:
    """Size and workload together decide on it; which of the two was meant, nobody can tell."""
    town = Workspace(Compute())
    town.cluster["node_type_id"] = "Standard_D64ds_v5"
    town.cluster["autotermination_minutes"] = 60
    assert town.adopted() == {"auto_stop_minutes": 60}
    assert [change.action for change in town.left()] == ["settings"]


def test_access_follows_for_the_groups_of_the_file() -> None:
    town = Workspace(Compute())
    (levels,) = town.case.world.levels.values()
    levels["group_name", "growth"] = "CAN_MANAGE"
    del levels["group_name", "risk"]
    levels["group_name", "strangers"] = "CAN_RESTART"
    assert town.adopted() == {"access": [{"principal": "growth", "level": "CAN_MANAGE"}]}
    assert town.left() == []


def test_libraries_follow_in_the_version_that_is_installed() -> None:
    town = Workspace(Compute())
    (libraries,) = town.case.world.libraries.values()
    status = libraries.pop("lightgbm==4.5.0")
    libraries |= {"lightgbm==4.6.0": status, "theirs": status}
    assert town.adopted() == {"libraries": ["lightgbm==4.6.0", "pandas>=2,<3"]}
    assert town.left() == []
