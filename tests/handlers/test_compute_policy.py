"""Compute under cluster policies, and in instance pools: made, found or given; and what a policy supplies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gitops.plan import Change, Reason, Verb
from tests.fakes.compute import Case, Dedicated, JobCase, Warehouse
from tests.handlers.compute_support import KIND, apply, made, only, refusal, replanned, rules, wanted
from tests.handlers.support import policy as policy_of

GIVEN = rules(cluster_policy={"name": "{team}-{environment}"})
MAKE = rules(cluster_policy={"make": True})
OURS = "lakeport dev/growth/churn growth-churn-dev"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)


def under(definition: dict[str, Any], case: Case | None = None, **policy: Any) -> Case:
    """A workspace where the platform team has made the cluster policy growth-dev."""
    found = case or Case()
    found.world.policies["P1"] = {
        "policy_id": "P1",
        "name": "growth-dev",
        "definition": json.dumps(definition),
        **policy,
    }
    return found


def fixed(value: Any) -> dict[str, Any]:
    return {"type": "fixed", "value": value}


def said(changes: list[Change]) -> str:
    return "\n".join(line for change in changes for line in (change.summary, *change.details))


# --- given


@pytest.mark.parametrize("section", [{"name": "{team}-{environment}"}, {"name": "growth-dev"}, {"id": "P1"}])
def test_a_given_policy_is_found_by_name_or_id_and_used(section: dict[str, Any]) -> None:
    origin = rules(cluster_policy=section)
    case = made(under({}), origin=origin)
    assert only(case.world.clusters)["policy_id"] == "P1"
    assert replanned(case, origin=origin) == []


def test_a_given_policy_that_is_missing_is_refused_at_review() -> None:
    refused = refusal(Case(), origin=GIVEN)
    assert refused.reason is Reason.MISSING
    assert refused.message == "The workspace has no cluster policy growth-dev."


def test_what_a_policy_fixes_is_neither_sent_nor_drift() -> None:
    """Cluster values supplied by the policy are not drift, and our defaults are not sent over them.

    Under a policy that fixes when it stops, the file's 30 minutes are left out, and the plan says so.
    """
    case = under(
        {
            "autotermination_minutes": fixed(60),
            "spark_version": fixed("17.3.x-scala2.13"),
            "custom_tags.team": fixed("platform"),
        }
    )
    changes = replanned(case, origin=GIVEN)
    body = changes[0].after["body"]
    assert "autotermination_minutes" not in body
    assert "spark_version" not in body
    assert "team" not in body["custom_tags"]
    assert (
        "The cluster policy growth-dev says autotermination_minutes = 60, so that holds and not 30."
        in said(changes)
    )
    apply(case, changes)
    cluster = only(case.world.clusters)
    assert (cluster["autotermination_minutes"], cluster["spark_version"]) == (60, "17.3.x-scala2.13")
    cluster["custom_tags"]["team"] = "platform"
    assert replanned(case, origin=GIVEN) == []


def test_a_change_under_a_policy_sends_nothing_that_it_fixes() -> None:
    case = made(under({"autotermination_minutes": fixed(60)}), origin=GIVEN)
    apply(case, replanned(case, origin=GIVEN, max_workers=8, auto_stop_minutes=90))
    assert case.world.writes == ["update cluster autoscale"]
    assert only(case.world.clusters)["autotermination_minutes"] == 60


def test_an_access_mode_is_fixed_under_either_of_its_names() -> None:
    case = made(under({"data_security_mode": fixed("DATA_SECURITY_MODE_STANDARD")}), origin=GIVEN)
    assert only(case.world.clusters)["data_security_mode"] == "USER_ISOLATION", "the same, by its other name"
    assert replanned(case, origin=GIVEN) == []


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        (
            {"node_type_id": {"type": "allowlist", "values": ["Standard_D4ds_v5"]}},
            'node_type_id is "Standard_D8ds_v5", and only Standard_D4ds_v5 is allowed.',
        ),
        (
            {"autoscale.max_workers": {"type": "range", "maxValue": 2}},
            "autoscale.max_workers is 4, and it must be at most 2.",
        ),
        (
            {"autotermination_minutes": {"type": "range", "minValue": 60}},
            "autotermination_minutes is 30, and it must be at least 60.",
        ),
        (
            {"custom_tags.team": {"type": "regex", "pattern": "team-.*"}},
            'custom_tags.team is "growth", and it must look like team-.*.',
        ),
        (
            {"data_security_mode": {"type": "blocklist", "values": ["DATA_SECURITY_MODE_STANDARD"]}},
            'data_security_mode is "USER_ISOLATION", and that is not allowed.',
        ),
        (
            {"autotermination_minutes": fixed(0)},
            "autotermination_minutes is fixed to 0: a cluster under it would never stop.",
        ),
    ],
)
def test_what_the_policy_would_refuse_is_refused_at_review(definition: dict[str, Any], words: str) -> None:
    refused = refusal(under(definition), origin=GIVEN)
    assert refused.reason is Reason.DENIED
    assert words in refused.message


def test_an_attribute_that_a_policy_forbids_is_not_sent() -> None:
    case = under({"driver_node_type_id": {"type": "forbidden", "hidden": True}})
    changes = replanned(case, origin=GIVEN)
    assert "driver_node_type_id" not in changes[0].after["body"]
    assert "allows no driver_node_type_id, so none is sent" in said(changes)


def test_a_standing_cluster_moves_under_the_policy_and_the_plan_says_so() -> None:
    case = made(under({}))
    (change,) = replanned(case, origin=GIVEN)
    assert change.summary == "growth-churn-dev: policy none → growth-dev; it restarts if it runs"
    apply(case, [change])
    assert case.world.writes == ["update cluster policy_id"]
    assert replanned(case, origin=GIVEN) == []


def test_libraries_that_the_policy_installs_are_not_installed_once_more() -> None:
    """Libraries are best in the policy: what it installs counts as installed, whether it is listed or not."""
    libraries = [{"pypi": {"package": name}} for name in Case.spec["libraries"]]
    case = under({}, libraries=libraries)
    apply(case, [change for change in replanned(case, origin=GIVEN) if change.action == "cluster"])
    assert [change.action for change in replanned(case, origin=GIVEN)] == ["access"]


# --- compliance


@pytest.mark.parametrize("sort", [Case, JobCase])
def test_an_edited_policy_reaches_what_stands_only_when_it_is_asked_to(sort: type[Case]) -> None:
    """Policy edits do not update running clusters: compliance is listed, shown as a change, and enforced."""
    case = made(under({}, sort()), origin=GIVEN)
    (key,) = case.world.clusters or case.world.jobs
    assert replanned(case, origin=GIVEN) == []
    case.world.violations[key] = {"autotermination_minutes": "the value must be 20"}
    (change,) = replanned(case, origin=GIVEN)
    assert "follow the cluster policy growth-dev as it is now" in change.summary
    assert "autotermination_minutes: the value must be 20" in change.summary
    assert ("restarts if it runs" in change.summary) is (sort is Case)
    apply(case, [change])
    assert len(case.world.writes) == 1
    assert case.world.writes[0].startswith("enforce the policy of ")
    assert replanned(case, origin=GIVEN) == []


# --- made


@pytest.mark.parametrize("sort", [Case, Dedicated, JobCase])
def test_a_policy_is_made_from_what_was_decided(sort: type[Case]) -> None:
    case = sort()
    changes = replanned(case, origin=MAKE)
    assert (changes[0].action, changes[0].verb) == ("policy", Verb.CREATE)
    assert changes[1].after["policy"] == OURS
    apply(case, changes)
    (made_policy,) = case.world.policies.values()
    definition = json.loads(made_policy["definition"])
    assert definition["autoscale.max_workers"] == {"type": "range", "minValue": 1, "maxValue": 4}
    assert definition["custom_tags.lakeport-request"] == fixed("dev/growth/churn")
    assert "spark_version" not in definition, "which runtime it is in detail is the team's to choose"
    things = case.world.clusters or case.world.jobs
    assert made_policy["policy_id"] in json.dumps(things)
    assert replanned(case, origin=MAKE) == []


def test_a_policy_of_ours_changes_with_what_it_is_for_and_before_it() -> None:
    case = made(Case(), origin=MAKE)
    changes = replanned(case, origin=MAKE, size="medium", max_workers=8)
    assert [change.action for change in changes] == ["policy", "settings"]
    assert changes[0].summary == (
        f"Change the cluster policy {OURS}: autoscale.max_workers, driver_node_type_id, node_type_id"
    )
    apply(case, changes)
    assert replanned(case, origin=MAKE, size="medium", max_workers=8) == []


def test_a_policy_of_ours_that_an_interrupted_run_made_is_adopted() -> None:
    case = Case()
    approved = replanned(case, origin=MAKE)
    apply(case, approved[:1])
    rest = replanned(case, origin=MAKE)
    assert [change.digest for change in rest] == [change.digest for change in approved[1:]]
    apply(case, [approved[0], *rest])
    assert len(case.world.policies) == 1
    assert replanned(case, origin=MAKE) == []


def test_a_policy_of_ours_goes_with_what_it_was_for() -> None:
    case = made(Case(), origin=MAKE)
    retiring = wanted(case, origin=MAKE | {"lifecycle": "retiring"})
    changes = list(KIND.retire(retiring, KIND.read(retiring, case.client)))
    assert [change.action for change in changes] == ["freeze", "access", "cluster", "policy"]
    apply(case, changes[:3])
    rest = list(KIND.retire(retiring, KIND.read(retiring, case.client)))
    assert [change.digest for change in rest] == [changes[3].digest]
    apply(case, [*rest, *rest])
    assert KIND.read(retiring, case.client) is None
    assert case.world.policies == {}


def test_a_warehouse_has_no_cluster_policy() -> None:
    case = made(Warehouse(), origin=GIVEN)
    assert replanned(case, origin=GIVEN) == []
    assert "policies" not in case.world.asked


# --- instance pools

POOLED = rules(instance_pools=["general", "large"])


def with_pools(case: Case) -> Case:
    for key, name, node in (("i1", "general", "Standard_D8ds_v5"), ("i2", "large", "Standard_D16ds_v5")):
        case.world.pools[key] = {"instance_pool_id": key, "instance_pool_name": name, "node_type_id": node}
    return case


def test_a_cluster_is_made_in_the_pool_whose_machines_were_decided() -> None:
    case = made(with_pools(Case()), origin=POOLED)
    cluster = only(case.world.clusters)
    assert (cluster["instance_pool_id"], cluster["driver_instance_pool_id"]) == ("i1", "i1")
    assert replanned(case, origin=POOLED) == []
    apply(case, replanned(case, origin=POOLED, size="medium"))
    cluster["node_type_id"] = cluster["driver_node_type_id"] = "Standard_D16ds_v5"  # as the pool has it
    assert cluster["instance_pool_id"] == "i2"
    assert replanned(case, origin=POOLED, size="medium") == []


def test_a_cluster_leaves_its_pool_where_none_has_the_new_machine() -> None:
    case = made(with_pools(Case()), origin=POOLED)
    apply(case, replanned(case, origin=POOLED, size="large"))
    cluster = only(case.world.clusters)
    assert "instance_pool_id" not in cluster
    assert cluster["node_type_id"].startswith("Standard_D")
    assert replanned(case, origin=POOLED, size="large") == []


def test_without_a_pool_for_the_driver_no_pool_is_used() -> None:
    case = with_pools(Case())
    del case.world.pools["i2"]
    origin = rules(instance_pools=["general"]) | {"environment": "prod"}
    body = replanned(case, origin=origin)[0].after["body"]
    assert "instance_pool_id" not in body
    assert body["driver_node_type_id"] == "Standard_D16ds_v5"


def test_a_pool_that_is_missing_is_refused() -> None:
    assert refusal(Case(), origin=rules(instance_pools=["nowhere"])).message == (
        "The workspace has no instance pool nowhere."
    )


def test_a_policy_that_fixes_a_pool_supplies_the_machines() -> None:
    case = under({"instance_pool_id": fixed("i1")}, with_pools(Case()))
    body = replanned(case, origin=GIVEN)[0].after["body"]
    assert not {"node_type_id", "driver_node_type_id"} & body.keys()


# --- the section


def test_init_scripts_are_for_policies_alone() -> None:
    """There is no field for them: what runs as root at every start is the platform team's to give."""
    with pytest.raises(ValueError, match="init_scripts"):
        wanted(Case(), init_scripts=["/Volumes/x/y.sh"])


def test_the_sample_policy_says_nothing_of_it() -> None:
    assert policy_of().compute is None
