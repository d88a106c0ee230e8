"""What Databricks really does with clusters, SQL warehouses and jobs: a test for each fact."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import msgspec
import pytest
from databricks.sdk import errors

from gitops.errors import RemoteDenied, RemoteError, RemoteUnavailable
from gitops.plan import OnFailure, Reason, Stage, Verb
from tests.fakes.compute import DEPLOYER, Case, Dedicated, JobCase, Warehouse
from tests.handlers.compute_support import KIND, apply, made, only, refusal, replanned, wanted
from tests.handlers.support import policy as policy_of

SORTS = pytest.mark.parametrize("sort", [Case, Warehouse, JobCase])
MEMBERS = {
    "members": ("li.wei@acme.example",),
    "member_access": {"compute": ("CAN_ATTACH_TO", "CAN_VIEW")},
}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)


def rest(case: Case) -> dict[tuple[str, str], str]:
    (held,) = case.world.levels.values()
    return held


# --- creating


def test_the_sdks_own_method_cannot_say_the_token() -> None:
    """clusters.create() of the Python SDK has no idempotency_token: it is sent in the raw body."""
    from databricks.sdk.service.compute import ClustersAPI

    assert "idempotency_token" not in inspect.signature(ClustersAPI.create).parameters
    assert len(replanned(Case())[0].after["body"]["idempotency_token"]) == 64


@SORTS
def test_a_creation_that_the_sdk_sends_twice_leaves_one_thing(sort: type[Case]) -> None:
    """The SDK sends a POST again after a reset or a 503, which the server may have done already.

    Names of clusters and jobs are not unique: of a cluster the token gives the first one back, a job that was
    made twice is told by its mark, and one of them goes. A second SQL warehouse of that name is refused.
    """
    case = sort()
    case.world.repeated = True
    changes = replanned(case)
    apply(case, changes)
    standing = {**case.world.clusters, **case.world.warehouses, **case.world.jobs}
    assert len(standing) == 1
    assert replanned(case) == []
    apply(case, changes)
    assert len({**case.world.clusters, **case.world.warehouses, **case.world.jobs}) == 1


def test_a_terminated_cluster_is_found_by_its_mark_and_kept() -> None:
    """The token only gives an active cluster back; a terminated one would be made a second time."""
    case = Case()
    changes = replanned(case)
    apply(case, changes)
    only(case.world.clusters)["state"] = "TERMINATED"
    apply(case, changes[:1])
    assert len(case.world.clusters) == 1


def test_a_cluster_that_vanished_is_made_again_and_the_plan_says_why() -> None:
    """Unpinned clusters vanish 30 days after they last ran; at most 100 can be pinned, so we pin none."""
    case = made(Case())
    case.world.clusters.clear()
    create, *_ = replanned(case, earlier={"max_workers": 2})
    assert create.summary.startswith("Create the cluster growth-churn-dev again: ")
    assert "30 days after it last ran" in create.details[0]
    apply(case, [create])
    assert len(case.world.clusters) == 1
    assert not replanned(Case())[0].summary.startswith("Create the cluster growth-churn-dev again")


@pytest.mark.parametrize("sort", [Case, Dedicated])
def test_a_cluster_always_stops_knows_unity_catalog_and_says_who_pays(sort: type[Case]) -> None:
    """Auto-termination of 0, or none, means never; an access mode that knows Unity Catalog; cost tags."""
    body = replanned(sort())[0].after["body"]
    assert 10 <= body["autotermination_minutes"] <= 10_000
    assert body["data_security_mode"] in ("USER_ISOLATION", "DATA_SECURITY_MODE_DEDICATED")
    assert {"lakeport-request", "team", "environment", "cost-center"} <= body["custom_tags"].keys()
    assert len(body["custom_tags"]) <= 45, "the most that a cluster has"
    for minutes in (0, 9, 10_001):
        with pytest.raises(ValueError, match="auto_stop_minutes"):
            wanted(sort(), auto_stop_minutes=minutes)


@SORTS
def test_what_costs_money_is_undone_when_the_rest_fails(sort: type[Case]) -> None:
    create = replanned(sort())[0]
    assert create.on_failure is (OnFailure.KEEP if sort is JobCase else OnFailure.UNDO)


@SORTS
def test_what_was_just_made_may_not_be_known_for_seconds(sort: type[Case]) -> None:
    """A new object is not visible everywhere for seconds: polled with a bound, never slept for."""
    case = sort()
    changes = replanned(case)
    apply(case, changes[:1])
    case.world.unseen = 5
    apply(case, changes[1:])
    assert replanned(case) == []


@SORTS
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TooManyRequests", RemoteUnavailable),
        ("TemporarilyUnavailable", RemoteUnavailable),
        ("InternalError", RemoteUnavailable),
        ("DeadlineExceeded", RemoteUnavailable),
        ("PermissionDenied", RemoteDenied),
        ("InvalidParameterValue", RemoteError),
    ],
)
def test_what_may_be_tried_again_is_told_from_what_may_not(
    sort: type[Case], name: str, expected: type[RemoteError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what is busy, late or broken inside is worth another try: never a denial, never a bad value."""
    case = sort()
    changes = replanned(case)

    def fail(method: str, path: str, body: Any) -> None:
        raise getattr(errors, name)("Something is wrong.")

    monkeypatch.setattr(case.client.api_client, "do", fail)
    with pytest.raises(RemoteError) as raised:
        apply(case, changes[:1])
    assert type(raised.value) is expected
    monkeypatch.undo()
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)
    apply(case, changes)
    assert replanned(case) == []


# --- changing


def test_a_cluster_between_two_states_is_waited_for() -> None:
    """A cluster can be edited only while it runs or is terminated: anything else is INVALID_STATE."""
    case = made(Case())
    cluster = only(case.world.clusters)
    cluster |= {"state": "PENDING", "looked": 0}
    apply(case, replanned(case, max_workers=8))
    assert cluster["autoscale"]["max_workers"] == 8


@pytest.mark.parametrize(
    ("before", "after", "form"),
    [
        (
            {},
            {"gpu": True},
            {"use_ml_runtime": True, "kind": "CLASSIC_PREVIEW", "single_user_name": "growth"},
        ),
        ({"gpu": True}, {}, {"use_ml_runtime": None, "kind": None, "single_user_name": None}),
        ({}, {"workload": "ml"}, {"use_ml_runtime": True, "single_user_name": "growth"}),
        ({"workload": "ml"}, {"workload": "analytics"}, {"use_ml_runtime": None, "single_user_name": None}),
    ],
)
def test_another_machine_for_other_work_comes_with_its_runtime(
    before: dict[str, Any], after: dict[str, Any], form: dict[str, Any]
) -> None:
    case = made(Case(), **before)
    (change,) = replanned(case, **after)
    assert "runtime" in change.summary
    assert "restarts" in change.summary
    apply(case, [change])
    cluster = only(case.world.clusters)
    assert {name: cluster.get(name) for name in form} == form
    assert len(case.world.writes) == 1
    assert replanned(case, **after) == []


def test_an_adopted_cluster_of_the_older_form_is_described_in_the_newer_one() -> None:
    """There the runtime is named without its flavour, which a second field says."""
    case = Case()
    case.make_foreign()
    cluster = only(case.world.clusters)
    cluster |= {"spark_version": "17.3.x-cpu-ml-scala2.13", "data_security_mode": "NONE"}
    apply(case, replanned(case, adopt=True, workload="ml"))
    form = ("spark_version", "use_ml_runtime", "kind", "data_security_mode", "single_user_name")
    assert [cluster[name] for name in form] == [
        "17.3.x-scala2.13",
        True,
        "CLASSIC_PREVIEW",
        "DATA_SECURITY_MODE_DEDICATED",
        "growth",
    ]
    assert replanned(case, adopt=True, workload="ml") == []


def test_a_job_that_gets_a_gpu_gets_its_runtime_too() -> None:
    case = made(JobCase())
    apply(case, replanned(case, gpu=True))
    cluster = only(case.world.jobs)["settings"]["job_clusters"][0]["new_cluster"]
    assert cluster["spark_version"] == "16.4.x-gpu-ml-scala2.12"
    assert cluster["data_security_mode"] == "SINGLE_USER"
    assert replanned(case, gpu=True) == []
    apply(case, replanned(case))
    cluster = only(case.world.jobs)["settings"]["job_clusters"][0]["new_cluster"]
    assert cluster["spark_version"] == "16.4.x-scala2.12"


def test_the_version_of_a_runtime_is_the_teams_and_only_its_flavour_ours() -> None:
    case = made(JobCase())
    cluster = only(case.world.jobs)["settings"]["job_clusters"][0]["new_cluster"]
    cluster["spark_version"] = "17.3.x-scala2.13"
    assert replanned(case) == []
    apply(case, replanned(case, workload="ml"))
    cluster = only(case.world.jobs)["settings"]["job_clusters"][0]["new_cluster"]
    assert cluster["spark_version"] == "17.3.x-cpu-ml-scala2.13"


def test_a_runtime_of_machine_learning_that_nobody_asked_for_is_left_to_the_team() -> None:
    case = made(Case())
    only(case.world.clusters)["spark_version"] = "16.4.x-cpu-ml-scala2.12"
    assert replanned(case) == []


def test_another_owner_of_the_request_changes_nothing_on_a_dedicated_cluster() -> None:
    """It is dedicated to the team's group, not to a person: nobody has to hand it over."""
    case = made(Dedicated())
    assert only(case.world.clusters)["single_user_name"] == "growth"
    assert (
        replanned(case, origin={"technical_owner": "nadia@acme.example", "business_owner": "x@acme.example"})
        == []
    )


def test_a_cluster_that_is_one_persons_alone_is_handed_to_the_group() -> None:
    case = made(Dedicated())
    only(case.world.clusters)["single_user_name"] = "li.wei@acme.example"
    (change,) = replanned(case)
    assert (
        change.summary
        == "growth-churn-dev: dedicated to li.wei@acme.example → growth; it restarts if it runs"
    )
    apply(case, [change])
    assert case.world.writes == ["update cluster single_user_name"]
    assert replanned(case) == []


# --- libraries


def test_on_a_cluster_that_stands_still_libraries_wait_for_its_start() -> None:
    """The install call works on a stopped cluster, but nothing happens until it runs: nobody waits for it."""
    case = made(Case(), libraries=[])
    only(case.world.clusters)["state"] = "TERMINATED"
    apply(case, replanned(case))
    assert set(only(case.world.libraries).values()) == {"PENDING"}
    assert replanned(case) == []


def test_on_a_cluster_that_runs_their_status_is_followed_to_the_end() -> None:
    case = made(Case())
    assert set(only(case.world.libraries).values()) == {"INSTALLED"}


def test_a_library_that_fails_is_said_with_its_reason_and_cleaned_up() -> None:
    """A library that failed would be tried at every start: it is taken out, and the step fails with why."""
    case = Case()
    case.world.broken = {"lightgbm==4.5.0": "No matching distribution found for lightgbm==4.5.0"}
    changes = replanned(case)
    apply(case, changes[:-1])
    with pytest.raises(RemoteError, match="No matching distribution found") as failed:
        apply(case, changes[-1:])
    assert "lightgbm==4.5.0" in failed.value.what
    assert "pandas" not in failed.value.what
    held = only(case.world.libraries)
    assert held == {"lightgbm==4.5.0": "UNINSTALL_ON_RESTART", "pandas>=2,<3": "INSTALLED"}
    (again,) = replanned(case)
    assert again.after["install"] == ["lightgbm==4.5.0"]


@pytest.mark.parametrize("sort", [Case, JobCase])
def test_a_library_that_the_file_names_no_more_goes(sort: type[Case]) -> None:
    """Libraries are uninstalled only at a restart, which is said; what others installed stays."""
    case = made(sort())
    if sort is Case:
        only(case.world.libraries)["numpy==2.0"] = "INSTALLED"
    (change,) = replanned(case, earlier={}, libraries=["pandas>=2,<3"])
    assert change.removes == ("the library lightgbm==4.5.0",)
    assert ("at its next restart" if sort is Case else "from its next run on") in change.summary
    apply(case, [change])
    assert replanned(case, earlier={}, libraries=["pandas>=2,<3"]) == []
    assert replanned(case, earlier={}, libraries=["pandas>=2,<3"], settled=True) == []
    if sort is Case:
        held = only(case.world.libraries)
        assert (held["lightgbm==4.5.0"], held["numpy==2.0"]) == ("UNINSTALL_ON_RESTART", "INSTALLED")


def test_uninstalling_what_is_not_there_is_no_failure() -> None:
    case = made(Case())
    (change,) = replanned(case, earlier={}, libraries=["pandas>=2,<3"])
    only(case.world.libraries).pop("lightgbm==4.5.0")
    apply(case, [change])


# --- access


@SORTS
def test_permissions_are_one_list_in_which_others_stay(sort: type[Case]) -> None:
    """Object permissions are one authoritative list, which a second writer silently wipes: we merge."""
    case = made(sort())
    rest(case)["group_name", "users"] = "CAN_MANAGE"
    level = "CAN_MANAGE"
    (change,) = replanned(case, access=[{"principal": "growth", "level": level}])
    assert change.removes == ()
    apply(case, [change])
    assert rest(case)["group_name", "growth"] == level
    assert rest(case)["group_name", "users"] == "CAN_MANAGE"


@SORTS
def test_a_group_that_the_file_names_no_more_loses_what_it_was_given(sort: type[Case]) -> None:
    case = made(sort())
    rest(case)["group_name", "users"] = "CAN_MANAGE"
    level = case.spec["access"][0]["level"]
    kept = case.spec["access"][1:]
    (change,) = replanned(case, earlier={}, access=kept)
    assert change.removes == (f"growth loses {level}",)
    apply(case, [change])
    assert ("group_name", "growth") not in rest(case)
    assert rest(case)["group_name", "users"] == "CAN_MANAGE"
    owner = "CAN_MANAGE" if sort is Case else "IS_OWNER"
    assert rest(case)["user_name", DEPLOYER] == owner, "the list that is written has its owner"
    assert replanned(case, earlier={}, access=kept) == []
    apply(case, [change])
    assert ("group_name", "growth") not in rest(case)


def test_a_group_that_no_version_named_is_left_alone() -> None:
    case = made(Case())
    rest(case)["group_name", "users"] = "CAN_MANAGE"
    assert replanned(case, earlier={"max_workers": 9}) == []


def test_of_several_levels_only_the_highest_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """For one identity several levels may be listed; what it may do is the highest of them."""
    from databricks.sdk.service.iam import ObjectPermissions

    case = made(Case())
    levels = [{"permission_level": level, "inherited": False} for level in ("CAN_ATTACH_TO", "CAN_RESTART")]
    entries = [
        {"group_name": "growth", "all_permissions": levels},
        {"group_name": "risk", "all_permissions": levels[:1]},
    ]
    answer = ObjectPermissions.from_dict({"access_control_list": entries})
    monkeypatch.setattr(case.client.permissions, "get", lambda sort, key: answer)
    assert replanned(case) == []


@pytest.mark.parametrize("sort", [Warehouse, JobCase])
def test_whoever_owns_it_has_that_from_no_file_and_keeps_it(sort: type[Case]) -> None:
    """A SQL warehouse and a job have exactly one owner: a list without one is refused."""
    case = made(sort())
    case.world.users.add("li.wei@acme.example")
    gone = {"former_members": MEMBERS["members"], "member_access": MEMBERS["member_access"]}
    rest(case)["user_name", DEPLOYER] = "CAN_MANAGE"
    rest(case)["user_name", "li.wei@acme.example"] = "IS_OWNER"
    assert replanned(case, origin=gone) == []
    assert replanned(case, origin=MEMBERS) == []
    retiring = wanted(case, origin=MEMBERS | {"lifecycle": "retiring"})
    changes = list(KIND.retire(retiring, KIND.read(retiring, case.client)))
    assert not any("li.wei" in change.summary for change in changes)
    apply(case, changes)


def test_a_member_in_another_case_is_the_same_member() -> None:
    case = Case()
    case.world.users.add("li.wei@acme.example")
    apply(case, replanned(case, origin=MEMBERS))
    again = MEMBERS | {"members": ("Li.Wei@acme.example",), "former_members": MEMBERS["members"]}
    assert replanned(case, origin=again) == []


def test_admins_cannot_be_lowered_so_nobody_can_ask_for_it() -> None:
    """The group admins manages everything in a workspace, and no list changes that."""
    one = wanted(Case(), access=[{"principal": "Admins", "level": "CAN_RESTART"}])
    found = [f"{rule.id} {said.path}" for rule in KIND.rules for said in rule.check(one, policy_of())]
    assert found == ["compute-access access[0].principal"]


@SORTS
def test_members_get_the_highest_of_what_the_policy_gives_that_the_type_knows(sort: type[Case]) -> None:
    case = sort()
    case.world.users.add("li.wei@acme.example")
    changes = replanned(case, origin=MEMBERS)
    apply(case, changes)
    level = "CAN_ATTACH_TO" if sort is Case else "CAN_VIEW"
    assert f"li.wei@acme.example {level}" in next(one.summary for one in changes if one.action == "access")
    assert rest(case)["user_name", "li.wei@acme.example"] == level
    assert replanned(case, origin=MEMBERS) == []
    gone = {"former_members": MEMBERS["members"], "member_access": MEMBERS["member_access"]}
    (change,) = replanned(case, origin=gone)
    assert change.removes == (f"li.wei@acme.example loses {level}",)
    apply(case, [change])
    assert ("user_name", "li.wei@acme.example") not in rest(case)
    assert replanned(case, origin=gone) == []


def test_who_is_missing_is_a_finding_at_review_all_at_once() -> None:
    """A missing group or user is found when the request is reviewed, not when it is applied."""
    access = [{"principal": name, "level": "CAN_RESTART"} for name in ("nobody", "growth", "noone")]
    refused = refusal(Case(), access=access, origin=MEMBERS)
    assert refused.reason is Reason.MISSING
    assert refused.message == (
        "The workspace has no group nobody, noone. The workspace has no user li.wei@acme.example."
    )


# --- looking


def others(sort: type[Case], count: int) -> tuple[Case, list[Any]]:
    case = sort()
    wants = [
        wanted(case, name=f"growth-{number}-dev", origin={"request": f"dev/growth/r{number}"})
        for number in range(count)
    ]
    for one in wants:
        apply(case, list(KIND.plan(one, KIND.read(one, case.client))))
    case.world.asked.clear()
    case.world.writes.clear()
    return case, wants


@SORTS
def test_many_that_are_settled_take_lists_and_nothing_else(sort: type[Case]) -> None:
    case, wants = others(sort, 30)
    assert KIND.read_all is not None
    settled = [msgspec.structs.replace(one, settled=True) for one in wants]
    states = KIND.read_all(settled, case.client)
    assert len(case.world.asked) == 1, case.world.asked
    assert [list(KIND.plan(one, state)) for one, state in zip(settled, states, strict=True)] == [[]] * 30
    case.world.asked.clear()
    alone = [KIND.read(one, case.client) for one in settled]
    assert alone == list(states)


@SORTS
def test_many_at_once_read_the_same_as_each_alone_and_groups_are_listed_once(sort: type[Case]) -> None:
    case, wants = others(sort, 5)
    assert KIND.read_all is not None
    for number in range(5):
        case.world.groups.add(f"g{number}")
    wants = [
        wanted(
            case,
            name=f"growth-{n}-dev",
            access=[{"principal": f"g{n}", "level": "CAN_MANAGE"}],
            origin={"request": f"dev/growth/r{n}"},
        )
        for n in range(5)
    ]
    together = list(KIND.read_all(wants, case.client))
    assert case.world.asked.count("groups") == 1
    assert not [call for call in case.world.asked if call.startswith("job ")], "a list has the tasks, too"
    assert together == [KIND.read(one, case.client) for one in wants]


def test_one_alone_takes_few_calls() -> None:
    case = made(Case())
    replanned(case)
    (key,) = case.world.clusters
    assert case.world.asked == [
        "groups",
        "groups",
        "clusters",
        f"permissions of clusters {key}",
        f"libraries of {key}",
    ]


def test_everything_with_our_mark_is_found_whatever_request_it_names() -> None:
    case, _ = others(Case, 2)
    case.make_foreign()
    case.world.policies["P1"] = {"policy_id": "P1", "name": "lakeport dev/risk/old risk-old-dev"}
    case.world.policies["P2"] = {"policy_id": "P2", "name": "lakeport"}
    assert KIND.marked is not None
    found = [(one.request, one.identity, one.called) for one in KIND.marked(case.client)]
    assert found == [
        ("dev/growth/r0", "growth-0-dev", "the cluster growth-0-dev"),
        ("dev/growth/r1", "growth-1-dev", "the cluster growth-1-dev"),
        ("dev/risk/old", "risk-old-dev", "the cluster policy lakeport dev/risk/old risk-old-dev"),
    ]


# --- the end


@SORTS
def test_it_is_stopped_then_taken_away_from_people_then_deleted(sort: type[Case]) -> None:
    """What deletes a cluster only stops it; what permanently deletes it is another call."""
    case = made(sort())
    if sort is JobCase:
        schedule = {"quartz_cron_expression": "0 0 0 * * ?", "timezone_id": "UTC"}
        only(case.world.jobs)["settings"]["schedule"] = schedule
    retiring = wanted(case, origin={"lifecycle": "retiring"})
    changes = list(KIND.retire(retiring, KIND.read(retiring, case.client)))
    assert [change.stage for change in changes] == [Stage.FREEZE, Stage.REVOKE, Stage.REMOVE]
    assert all(change.verb is Verb.REMOVE for change in changes)
    for done in range(3):
        apply(case, [changes[done], changes[done]])
        again = KIND.read(retiring, case.client)
        left = list(KIND.retire(retiring, again)) if again else []
        assert [change.digest for change in left] == [change.digest for change in changes[done + 1 :]]
        if done == 0:
            first = only({**case.world.clusters, **case.world.warehouses, **case.world.jobs})
            paused = (first.get("settings") or {}).get("schedule", {}).get("pause_status")
            assert first.get("state", paused) in ("TERMINATED", "STOPPED", "PAUSED")
        if done == 1:
            assert ("group_name", "growth") not in rest(case)
    apply(case, changes)
    assert {**case.world.clusters, **case.world.warehouses, **case.world.jobs} == {}


def test_a_clone_that_somebody_made_is_not_taken_for_it() -> None:
    """Whoever clones a job or a cluster in the workspace clones its tags, our mark among them."""
    case = made(JobCase())
    (key,) = case.world.jobs
    clone = copy.deepcopy(case.world.jobs[key])
    clone["settings"] |= {"name": "Copy of growth-churn-dev", "max_concurrent_runs": 7}
    case.world.jobs["0"] = clone | {"job_id": 0}
    before = copy.deepcopy(clone)
    assert replanned(case) == []
    apply(case, replanned(case, size="medium"))
    retiring = wanted(case, origin={"lifecycle": "retiring"})
    apply(case, list(KIND.retire(retiring, KIND.read(retiring, case.client))))
    assert case.world.jobs == {"0": before | {"job_id": 0}}


def test_whatever_a_repeated_call_left_besides_goes_with_it() -> None:
    case = made(JobCase())
    case.world.jobs["99"] = only(case.world.jobs) | {"job_id": 99}
    retiring = wanted(case, origin={"lifecycle": "retiring"})
    apply(case, list(KIND.retire(retiring, KIND.read(retiring, case.client))))
    assert case.world.jobs == {}
