"""The schema kind, beyond the laws."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from databricks.sdk.errors import PermissionDenied

from gitops.errors import Refused, RemoteDenied, RemoteUnavailable
from gitops.plan import Reason, RefusedChange
from handlers import schema
from handlers._schema_fields import derive
from tests.fakes.schema import DEPLOYER, Case
from tests.handlers.support import carry_out, desired, plan
from tests.handlers.support import policy as policy_of

KIND = schema.KIND
NAME = "ml_dev.churn"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)


@pytest.fixture
def case() -> Case:
    return Case()


def wanted(**spec: Any) -> Any:
    return desired(KIND, Case.spec | spec)


def make(case: Case) -> dict[str, set[str]]:
    """Carry out the plan; gives the grants on the schema."""
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    case.world.writes.clear()
    return case.world.grants[("schema", NAME)]


def refusal(case: Case, **spec: Any) -> RefusedChange:
    with pytest.raises(RefusedChange) as refused:
        plan(KIND, wanted(**spec), case.client)
    return refused.value


def test_the_plan_says_everything(case: Case) -> None:
    changes = plan(KIND, wanted(), case.client)
    assert [change.summary for change in changes] == [
        "Create the schema ml_dev.churn",
        "Let growth use the catalog ml_dev, without which nothing in it can be used",
        "Let risk use the catalog ml_dev, without which nothing in it can be used",
        "ml_dev.churn: growth: grant MODIFY, SELECT, USE_SCHEMA; risk: grant SELECT, USE_SCHEMA",
    ]
    assert changes[3].before == {"grants": {"growth": [], "risk": []}}


def test_grants_are_one_call(case: Case) -> None:
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    assert case.world.writes.count("grants on ml_dev.churn") == 1


def test_a_catalog_that_everybody_can_use_needs_no_grant(case: Case) -> None:
    case.world.grants[("catalog", "ml_dev")] = {"account users": {"USE_CATALOG"}}
    assert [change.action for change in plan(KIND, wanted(), case.client)] == ["schema", "grants"]


def test_one_that_can_use_the_catalog_already_is_left_out(case: Case) -> None:
    case.world.grants[("catalog", "ml_dev")] = {"growth": {"ALL_PRIVILEGES"}}
    actions = [change.action for change in plan(KIND, wanted(), case.client)]
    assert actions == ["schema", "use-catalog:risk", "grants"]


def test_named_takes_what_is_too_much_and_leaves_strangers(case: Case) -> None:
    held = make(case)
    held["risk"] |= {"MODIFY"}
    held["strangers"] = {"SELECT"}
    (change,) = plan(KIND, wanted(), case.client)
    assert change.before == {"grants": {"risk": ["MODIFY", "SELECT", "USE_SCHEMA"]}}
    assert change.removes == ("risk loses MODIFY",)
    carry_out(KIND, [change], case.client)
    assert held["risk"] == {"SELECT", "USE_SCHEMA"}
    assert held["strangers"] == {"SELECT"}


def test_additive_takes_nothing(case: Case) -> None:
    make(case)["risk"] |= {"MODIFY"}
    assert not plan(KIND, wanted(grants_mode="additive"), case.client)


def test_authoritative_takes_from_strangers_but_not_from_the_deployer(case: Case) -> None:
    held = make(case)
    held["strangers"] = {"SELECT"}
    (change,) = plan(KIND, wanted(grants_mode="authoritative"), case.client)
    assert change.removes == ("strangers loses SELECT",)
    carry_out(KIND, [change], case.client)
    assert "strangers" not in held
    assert held[DEPLOYER] == {"MANAGE"}


def test_old_and_expanded_spellings_are_no_difference(case: Case) -> None:
    held = make(case)
    held["risk"] = {"SELECT", "USAGE"}
    assert not plan(KIND, wanted(), case.client)


def test_names_are_folded(case: Case) -> None:
    make(case)
    assert not plan(KIND, wanted(catalog="ML_DEV"), case.client)
    assert KIND.identity(wanted(catalog="ML_Dev").spec) == NAME


def test_a_comment_that_the_file_does_not_set_is_no_drift(case: Case) -> None:
    make(case)
    case.world.schemas[NAME]["comment"] = "Written by somebody"
    assert not plan(KIND, wanted(comment=""), case.client)
    (change,) = plan(KIND, wanted(), case.client)
    assert change.before == {"comment": "Written by somebody"}


def test_without_a_comment_the_purpose_is_the_first_one(case: Case) -> None:
    changes = plan(KIND, wanted(comment=""), case.client)
    assert changes[0].after["comment"] == "Predict which subscribers will leave next month."


def test_adopting_keeps_other_properties(case: Case) -> None:
    case.make_foreign()
    carry_out(KIND, plan(KIND, wanted(adopt=True), case.client), case.client)
    assert case.world.schemas[NAME]["properties"] == {"a": "b", "lakeport.request": "dev/growth/churn"}


def test_a_missing_group_is_refused_before_anything_stands(case: Case) -> None:
    grants = [{"principal": "nobody", "privileges": ["USE_SCHEMA"]}]
    refused = refusal(case, grants=grants)
    assert refused.reason is Reason.MISSING
    assert "nobody" in refused.message


def test_a_group_of_the_workspace_alone_is_refused(case: Case) -> None:
    grants = [{"principal": "locals", "privileges": ["USE_SCHEMA"]}]
    assert refusal(case, grants=grants).reason is Reason.MISSING


def test_a_missing_catalog_is_refused(case: Case) -> None:
    assert refusal(case, catalog="nowhere").reason is Reason.MISSING


def test_one_of_another_request_is_never_adopted(case: Case) -> None:
    make(case)
    case.world.schemas[NAME]["properties"]["lakeport.request"] = "dev/risk/other"
    assert refusal(case, adopt=True).reason is Reason.NOT_OURS


@pytest.mark.parametrize("sort", ["tables", "volumes", "functions"])
def test_what_is_not_empty_is_not_dropped(case: Case, sort: str) -> None:
    make(case)
    getattr(case.world, sort).add(f"{NAME}.kept")
    retiring = desired(KIND, Case.spec, lifecycle="retiring")
    with pytest.raises(RefusedChange) as refused:
        KIND.retire(retiring, KIND.read(retiring, case.client))
    assert refused.value.reason is Reason.NOT_EMPTY
    assert "kept" in refused.value.message


def test_what_came_in_after_the_plan_is_not_dropped(case: Case) -> None:
    make(case)
    retiring = desired(KIND, Case.spec, lifecycle="retiring")
    changes = KIND.retire(retiring, KIND.read(retiring, case.client))
    case.world.volumes.add(f"{NAME}.late")
    with pytest.raises(Refused, match="late"):
        carry_out(KIND, changes, case.client)
    assert NAME in case.world.schemas


def test_grants_that_never_show_end_the_wait(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = plan(KIND, wanted(), case.client)
    carry_out(KIND, changes[:-1], case.client)
    monkeypatch.setattr(case.client.grants, "update", lambda *args, **more: None)
    clock = iter(range(0, 10_000, 20))
    monkeypatch.setattr(
        "gitops.patience.until.__kwdefaults__", {"seconds": 60.0, "clock": lambda: next(clock)}
    )
    with pytest.raises(RemoteUnavailable, match=r"grants on ml_dev\.churn"):
        carry_out(KIND, changes[-1:], case.client)


def test_no_right_to_look_is_denied(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*args: Any, **more: Any) -> None:
        raise PermissionDenied("User does not have USE CATALOG")

    monkeypatch.setattr(case.client.schemas, "get", forbidden)
    with pytest.raises(RemoteDenied):
        KIND.read(wanted(), case.client)


@pytest.mark.parametrize(
    "spec",
    [
        {"name": "Has Space"},
        {"name": "a-b"},
        {"name": "a.b"},
        {"catalog": "a.b"},
        {"grants": [{"principal": 'a" or displayName sw "', "privileges": ["SELECT"]}]},
        {"grants": [{"principal": "a\\", "privileges": ["SELECT"]}]},
        {"grants": [{"principal": "growth", "privileges": []}]},
        {"grants": [{"principal": "growth", "privileges": ["MANAGE"]}]},
        {"grants": [{"principal": "growth", "privileges": ["OWN"]}]},
    ],
)
def test_what_no_file_may_say(spec: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        wanted(**spec)


def test_what_is_derived() -> None:
    origin = {"name": "churn-prediction", "team": "supply", "environment": "staging"}
    assert derive({}, origin, policy_of()) == {"catalog": "analytics_stg", "name": "churn_prediction"}
    assert derive({"catalog": "ml_dev", "name": "x"}, origin, policy_of()) == {}


def complaints(**spec: Any) -> list[str]:
    return [
        f"{rule.id} {complaint.path}"
        for rule in KIND.rules
        for complaint in rule.check(wanted(**spec), policy_of())
    ]


def test_rules() -> None:
    assert complaints() == []
    assert complaints(catalog="ML_DEV") == []
    assert complaints(catalog="ml_prod") == ["schema-catalog catalog"]
    twice = [{"principal": "growth", "privileges": ["USE_SCHEMA"]}] * 2
    assert complaints(grants=twice) == ["schema-grants-twice grants[1].principal"]
    bare = [{"principal": "growth", "privileges": ["SELECT"]}]
    assert complaints(grants=bare) == ["schema-use grants[0].privileges"]
