"""The compute kind, beyond the laws."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gitops.plan import Change, Reason, RefusedChange
from gitops.policy import load_policy
from handlers import _compute_shape as shape
from handlers import compute
from handlers._compute_fields import derive
from tests.fakes.compute import DEPLOYER, Case, JobCase, Warehouse
from tests.handlers.support import carry_out, desired, plan
from tests.handlers.support import policy as policy_of

KIND = compute.KIND
MARKED = {"lakeport-request": "dev/growth/churn", "lakeport-resource": "growth-churn-dev"}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)


def wanted(case: Case, **spec: Any) -> Any:
    return desired(KIND, case.spec | spec)


def made(case: Case) -> Case:
    carry_out(KIND, plan(KIND, wanted(case), case.client), case.client)
    case.world.writes.clear()
    return case


def replanned(case: Case, **spec: Any) -> list[Change]:
    return list(plan(KIND, wanted(case, **spec), case.client))


def refusal(case: Case, **spec: Any) -> RefusedChange:
    with pytest.raises(RefusedChange) as refused:
        replanned(case, **spec)
    return refused.value


def created(one: Any) -> dict[str, Any]:
    """The body of the call that creates it."""
    found: dict[str, Any] = next(change for change in KIND.plan(one, None) if "body" in change.after).after[
        "body"
    ]
    return found


def only(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    (one,) = found.values()
    return one


def test_a_cluster_always_stops_isolates_and_says_who_pays() -> None:
    case = made(Case())
    cluster = only(case.world.clusters)
    assert cluster["autotermination_minutes"] == 30
    assert cluster["data_security_mode"] == "USER_ISOLATION"
    assert cluster["custom_tags"] == {
        **MARKED,
        "team": "growth",
        "environment": "dev",
        "cost-center": "CC-1042",
    }
    assert cluster["spark_version"] == "16.4.x-scala2.12"
    assert cluster["autoscale"] == {"min_workers": 1, "max_workers": 4}


@pytest.mark.parametrize("spec", [{"workload": "ml"}, {"workload": "etl", "gpu": True}])
def test_machine_learning_and_gpu_are_the_teams_alone(spec: dict[str, Any]) -> None:
    """In the newer form of the API, which knows groups, the runtime is named without its flavour."""
    body = created(wanted(Case(), **spec))
    assert body["kind"] == "CLASSIC_PREVIEW"
    assert body["data_security_mode"] == "DATA_SECURITY_MODE_DEDICATED"
    assert body["single_user_name"] == "growth"
    assert body["spark_version"] == "16.4.x-scala2.12"
    assert body["use_ml_runtime"] is True


def test_a_job_of_machine_learning_names_its_runtime_whole() -> None:
    (cluster,) = created(wanted(JobCase(), workload="ml", gpu=True))["job_clusters"]
    assert cluster["new_cluster"]["spark_version"] == "16.4.x-gpu-ml-scala2.12"
    assert cluster["new_cluster"]["data_security_mode"] == "SINGLE_USER"
    assert "kind" not in cluster["new_cluster"]


def in_prod(case: Case, **spec: Any) -> Any:
    return desired(KIND, case.spec | spec, environment="prod")


def test_in_production_the_driver_is_larger_and_stays_so() -> None:
    case = Case()
    carry_out(KIND, plan(KIND, in_prod(case), case.client), case.client)
    cluster = only(case.world.clusters)
    assert cluster["node_type_id"] == "Standard_D8ds_v5"
    assert cluster["driver_node_type_id"] == "Standard_D16ds_v5"
    assert list(plan(KIND, in_prod(case), case.client)) == []
    cluster["driver_node_type_id"] = "Standard_D4ds_v5"
    (change,) = plan(KIND, in_prod(case), case.client)
    assert change.before == {"driver_type": "Standard_D4ds_v5"}
    case.world.writes.clear()
    carry_out(KIND, [change], case.client)
    assert case.world.writes == ["update cluster driver_node_type_id"]
    assert list(plan(KIND, in_prod(case), case.client)) == []


def test_a_larger_size_moves_workers_and_driver_and_says_so_once() -> None:
    case = made(Case())
    (change,) = replanned(case, size="medium")
    assert "node type Standard_D8ds_v5 → Standard_D16ds_v5; it restarts" in change.summary
    carry_out(KIND, [change], case.client)
    assert only(case.world.clusters)["driver_node_type_id"] == "Standard_D16ds_v5"
    assert replanned(case, size="medium") == []


def test_a_jobs_driver_is_larger_in_production_too() -> None:
    case = JobCase()
    carry_out(KIND, plan(KIND, in_prod(case), case.client), case.client)
    cluster = only(case.world.jobs)["settings"]["job_clusters"][0]["new_cluster"]
    assert cluster["driver_node_type_id"] == "Standard_D16ds_v5"
    del cluster["driver_node_type_id"]  # which means: as the workers
    (change,) = plan(KIND, in_prod(case), case.client)
    carry_out(KIND, [change], case.client)
    cluster = only(case.world.jobs)["settings"]["job_clusters"][0]["new_cluster"]
    assert cluster["driver_node_type_id"] == "Standard_D16ds_v5"


def test_the_plan_says_what_was_decided_and_why() -> None:
    change, *_ = plan(KIND, in_prod(Case()), Case().client)
    assert change.details[0].startswith("Workers are Standard_D8ds_v5 (8 vCPU, 32 GiB): the size is small")
    assert "in production it is larger" in change.details[1]
    assert change.details[-1] == (
        'A cluster policy for it must allow: node_type_id = "Standard_D8ds_v5"; '
        'driver_node_type_id = "Standard_D16ds_v5"; spark_version = "16.4.x-scala2.12"; '
        'data_security_mode = "USER_ISOLATION"; autoscale.min_workers 1 to 1; autoscale.max_workers 1 to 4; '
        'autotermination_minutes 10 to 30; custom_tags.lakeport-request = "dev/growth/churn"; '
        'custom_tags.lakeport-resource = "growth-churn-dev"; custom_tags.team = "growth"; '
        'custom_tags.environment = "prod"; custom_tags.cost-center = "CC-1042".'
    )
    assert len(shape.reasons(wanted(Warehouse()))) == 3


def test_reasons_come_with_what_was_decided_and_not_with_a_new_limit() -> None:
    case = made(Case())
    assert replanned(case, size="medium")[0].details
    assert not replanned(case, max_workers=9)[0].details


def test_the_token_names_the_resource_and_fits() -> None:
    token = created(wanted(Case()))["idempotency_token"]
    assert len(token) == 64
    assert token == created(wanted(Case(), size="medium"))["idempotency_token"]
    assert token != created(wanted(Case(), name="other-name"))["idempotency_token"]


def test_values_from_a_policy_and_unset_values_are_no_drift() -> None:
    case = made(Case())
    cluster = only(case.world.clusters)
    cluster |= {"policy_id": "p", "spark_version": "17.3.x-scala2.13", "spark_conf": {"a": "b"}}
    cluster["custom_tags"]["added-by"] = "a policy"
    del cluster["data_security_mode"], cluster["autotermination_minutes"]
    case.world.libraries[cluster["cluster_id"]]["numpy==1"] = "INSTALLED"
    assert replanned(case) == []


def test_the_other_name_of_an_access_mode_is_no_drift() -> None:
    case = made(Case())
    only(case.world.clusters)["data_security_mode"] = "DATA_SECURITY_MODE_STANDARD"
    assert replanned(case) == []


def test_drift_is_one_change_of_what_drifted() -> None:
    case = made(Case())
    cluster = only(case.world.clusters)
    cluster["autotermination_minutes"] = 0
    cluster["data_security_mode"] = "NONE"
    cluster["custom_tags"]["added-by"] = "hand"
    (change,) = replanned(case)
    assert change.before == {"auto_stop_minutes": 0, "access_mode": "NONE"}
    assert "restarts if it runs" in change.summary
    carry_out(KIND, [change], case.client)
    assert case.world.writes == ["update cluster autotermination_minutes,data_security_mode"]
    assert cluster["custom_tags"]["added-by"] == "hand"
    assert replanned(case) == []


def test_a_renamed_cluster_is_found_by_its_mark() -> None:
    case = made(Case())
    only(case.world.clusters)["cluster_name"] = "renamed by hand"
    (change,) = replanned(case)
    assert change.before == {"name": "renamed by hand"}
    carry_out(KIND, [change], case.client)
    assert len(case.world.clusters) == 1
    assert replanned(case) == []


def test_a_jobs_own_clusters_are_not_taken_for_it() -> None:
    case = Case()
    case.world.clusters["9"] = {
        "cluster_id": "9",
        "cluster_name": "job-1-run-1",
        "state": "RUNNING",
        "cluster_source": "JOB",
        "custom_tags": dict(MARKED),
    }
    assert KIND.read(wanted(case), case.client) is None


def test_two_of_one_request_are_told_apart() -> None:
    case = made(Case())
    assert replanned(case, name="growth-other-dev")[0].action == "cluster"


def test_a_new_version_makes_room() -> None:
    case = made(Case())
    (change,) = replanned(case, libraries=["LightGBM==4.6.0", "pandas>=2,<3"])
    assert change.removes == ("the library lightgbm==4.5.0",)
    assert "next restart" in change.summary
    carry_out(KIND, [change], case.client)
    assert only(case.world.libraries)["lightgbm==4.5.0"] == "UNINSTALL_ON_RESTART"
    assert replanned(case, libraries=["LightGBM==4.6.0", "pandas>=2,<3"]) == []


def test_a_library_that_failed_is_installed_again() -> None:
    case = made(Case())
    only(case.world.libraries)["lightgbm==4.5.0"] = "FAILED"
    (change,) = replanned(case)
    assert change.after["install"] == ["lightgbm==4.5.0"]


@pytest.mark.parametrize("patch_lowers", [True, False])
@pytest.mark.parametrize("sort", [Case, JobCase, Warehouse])
def test_a_level_is_lowered_and_others_stay(sort: type[Case], patch_lowers: bool) -> None:
    case = made(sort())
    case.world.patch_lowers = patch_lowers
    (held,) = case.world.levels.values()
    held["group_name", "growth"] = "CAN_MANAGE"
    held["group_name", "users"] = "CAN_MANAGE"
    (change,) = replanned(case)
    assert change.before == {"access": {"growth": "CAN_MANAGE"}}
    carry_out(KIND, [change], case.client)
    assert held["group_name", "growth"] == case.spec["access"][0]["level"]
    assert held["group_name", "users"] == "CAN_MANAGE"
    assert ("user_name", DEPLOYER) in held or patch_lowers
    assert replanned(case) == []


def test_a_missing_group_is_refused_before_anything_stands() -> None:
    access = [{"principal": "nobody", "level": "CAN_RESTART"}]
    assert refusal(Case(), access=access).reason is Reason.MISSING


def test_another_type_is_refused() -> None:
    refused = refusal(made(Case()), type="job", access=[])
    assert refused.reason is Reason.IMMUTABLE
    assert "is a cluster" in refused.message


def test_several_of_that_name_cannot_be_adopted() -> None:
    case = Case()
    case.make_foreign()
    case.world.clusters["78"] = case.world.clusters["77"] | {"cluster_id": "78"}
    refused = refusal(case, adopt=True)
    assert refused.reason is Reason.NOT_OURS
    assert "2 of that name" in refused.message


def test_one_of_another_request_is_never_adopted() -> None:
    case = made(Case())
    only(case.world.clusters)["custom_tags"]["lakeport-request"] = "dev/risk/other"
    assert refusal(case, adopt=True).reason is Reason.NOT_OURS


def test_a_warehouse_scales_in_clusters() -> None:
    case = made(Warehouse())
    warehouse = only(case.world.warehouses)
    assert (warehouse["min_num_clusters"], warehouse["max_num_clusters"]) == (1, 4)
    assert warehouse["enable_serverless_compute"] is True
    changes = replanned(case, auto_stop_minutes=10, size="medium")
    carry_out(KIND, changes, case.client)
    assert (warehouse["auto_stop_mins"], warehouse["max_num_clusters"]) == (10, 4)
    assert replanned(case, auto_stop_minutes=10, size="medium") == []


def test_a_job_says_which_code_it_waits_for() -> None:
    case = JobCase()
    change = replanned(case)[0]
    assert "runs the notebook /Workspace/Shared/growth/churn/main, which growth puts there" in change.summary
    made(case)
    settings = only(case.world.jobs)["settings"]
    assert settings["tasks"][0]["libraries"][0] == {"pypi": {"package": "lightgbm==4.5.0"}}
    assert "schedule" not in settings


def test_a_job_whose_team_put_its_own_tasks_is_left_alone() -> None:
    case = made(JobCase())
    settings = only(case.world.jobs)["settings"]
    settings["tasks"] = [{"task_key": "own", "notebook_task": {"notebook_path": "/x"}}]
    settings["schedule"] = {"quartz_cron_expression": "0 0 0 * * ?", "timezone_id": "UTC"}
    assert replanned(case) == []


def test_a_jobs_machines_and_libraries_change_in_place() -> None:
    case = made(JobCase())
    changes = replanned(case, size="medium", libraries=["lightgbm==4.6.0"])
    assert [change.action for change in changes] == ["settings", "libraries"]
    carry_out(KIND, changes, case.client)
    settings = only(case.world.jobs)["settings"]
    assert settings["job_clusters"][0]["new_cluster"]["node_type_id"] == "Standard_D16ds_v5"
    assert {"pypi": {"package": "lightgbm==4.6.0"}} in settings["tasks"][0]["libraries"]
    assert {"pypi": {"package": "lightgbm==4.5.0"}} not in settings["tasks"][0]["libraries"]
    assert replanned(case, size="medium", libraries=["lightgbm==4.6.0"]) == []


@pytest.mark.parametrize(
    "library", ["a b", "--index-url=x", "git+https://x/y", "./x.whl", "a==1; x", "a\n", "$(x)"]
)
def test_libraries_are_requirements_and_nothing_else(library: str) -> None:
    with pytest.raises(ValueError, match="libraries"):
        wanted(Case(), libraries=[library])


@pytest.mark.parametrize("case", [Case, Warehouse, JobCase])
def test_everything_costs_something(case: type[Case]) -> None:
    money = KIND.estimate(wanted(case()))
    assert money is not None
    assert Decimal(0) < money.low <= money.high
    assert money.lines


def derived(team: str = "growth", **values: Any) -> dict[str, Any]:
    origin = {"name": "churn", "team": team, "environment": "dev"}
    return dict(derive(values, origin, policy_of()))


def test_what_is_derived() -> None:
    assert derived() == {
        "name": "growth-churn-dev",
        "type": "cluster",
        "workload": "etl",
        "size": "small",
        "min_workers": 1,
        "max_workers": 2,
        "auto_stop_minutes": 30,
        "access": [{"principal": "growth", "level": "CAN_RESTART"}],
    }
    assert derived(min_workers=5)["max_workers"] == 5
    assert "auto_stop_minutes" not in derived(type="job")
    warehouse = derived("risk", type="sql_warehouse")
    assert "max_workers" not in warehouse
    assert warehouse["access"] == [{"principal": "risk-analytics", "level": "CAN_USE"}]


def complaints(case: Case, **spec: Any) -> list[str]:
    one = wanted(case, **spec)
    return [
        f"{rule.id} {complaint.path}" for rule in KIND.rules for complaint in rule.check(one, policy_of())
    ]


def test_rules() -> None:
    assert [complaints(case()) for case in (Case, Warehouse, JobCase)] == [[], [], []]
    assert complaints(Case(), size="xl") == ["compute-size size"]
    assert complaints(Case(), min_workers=5) == ["compute-workers max_workers"]
    assert complaints(Case(), libraries=["Pickle5==0.0.12"]) == ["compute-library libraries[0]"]
    assert complaints(Case(), libraries=["a==1", "A==2"]) == ["compute-library libraries[1]"]
    assert complaints(Warehouse(), libraries=["a==1"]) == ["compute-library libraries"]
    assert complaints(Warehouse(), gpu=True) == ["compute-gpu gpu"]
    assert complaints(Warehouse(), max_workers=41) == ["compute-workers max_workers"]
    wrong = [{"principal": "growth", "level": "CAN_USE"}]
    assert complaints(Case(), access=wrong) == ["compute-access access[0].level"]
    assert complaints(Warehouse(), access=wrong * 2) == ["compute-access access[1].principal"]


def test_no_gpu_for_restricted_data() -> None:
    one = desired(KIND, Case.spec | {"gpu": True}, data_classification="restricted")
    found = [complaint.path for rule in KIND.rules for complaint in rule.check(one, policy_of())]
    assert found == ["gpu"]


@pytest.mark.parametrize(
    ("families", "environment", "spec", "said"),
    [
        ("Standard_D*", "dev", {}, ""),
        ("Standard_D*", "dev", {"workload": "ml"}, "workers would be Standard_E8ds_v5"),
        ("Standard_D*", "dev", {"type": "sql_warehouse", "workload": "ml"}, ""),
        ("Standard_D8*", "dev", {}, ""),
        ("Standard_D8*", "prod", {}, "driver would be Standard_D16ds_v5"),
    ],
)
def test_machines_of_other_families(families: str, environment: str, spec: dict[str, Any], said: str) -> None:
    text = (Path(__file__).parents[2] / "requests/policy.yaml").read_text()
    policy = load_policy(f"node_families: [{families}]\n{text}".encode())
    one = desired(KIND, Case.spec | spec, environment=environment)
    (rule,) = (rule for rule in KIND.rules if rule.id == "compute-node")
    found = list(rule.check(one, policy))
    assert [complaint.path for complaint in found] == (["size"] if said else [])
    assert all(said in complaint.message and families in complaint.hint for complaint in found)
