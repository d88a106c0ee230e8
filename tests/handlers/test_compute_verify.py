"""Trying compute as its users would: started, looked at, and left as it was."""

from __future__ import annotations

import pytest

from gitops.errors import RemoteUnavailable
from tests.fakes.compute import Case, JobCase, Warehouse
from tests.handlers.compute_support import KIND, made, only, wanted


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)


def verify(case: Case) -> tuple[list[str], list[str]]:
    """What is wrong, and what was said meanwhile."""
    told: list[str] = []
    assert KIND.verify is not None
    return list(KIND.verify(wanted(case), case.client, told.append)), told


def test_a_cluster_that_stands_still_is_started_tried_and_stopped() -> None:
    case = made(Case())
    only(case.world.clusters)["state"] = "TERMINATED"
    problems, told = verify(case)
    assert problems == []
    assert told == [
        "Starting the cluster growth-churn-dev.",
        "growth-churn-dev is pending.",
        "growth-churn-dev is running.",
        "Waiting for 2 libraries on growth-churn-dev.",
        "Stopping the cluster growth-churn-dev again, as it was.",
    ]
    assert only(case.world.clusters)["state"] == "TERMINATED"
    assert set(only(case.world.libraries).values()) == {"INSTALLED"}


def test_one_that_runs_is_left_running() -> None:
    case = made(Case())
    only(case.world.clusters)["state"] = "RUNNING"
    assert verify(case)[0] == []
    assert case.world.writes == []


def test_a_library_that_fails_at_the_start_is_said_in_words_and_it_is_stopped_again() -> None:
    case = made(Case())
    only(case.world.clusters)["state"] = "TERMINATED"
    case.world.broken = {"lightgbm==4.5.0": "No matching distribution found"}
    problems, _ = verify(case)
    assert problems == [
        "On growth-churn-dev these libraries could not be installed: "
        "lightgbm==4.5.0: No matching distribution found."
    ]
    assert only(case.world.clusters)["state"] == "TERMINATED"


def test_a_library_that_somebody_took_out_is_missed() -> None:
    case = made(Case())
    only(case.world.clusters)["state"] = "RUNNING"
    only(case.world.libraries).pop("pandas>=2,<3")
    assert verify(case)[0] == ["On growth-churn-dev these libraries are not installed: pandas>=2,<3."]


def test_a_cluster_that_does_not_start_is_said_with_its_reason() -> None:
    case = made(Case())
    only(case.world.clusters)["state"] = "TERMINATED"
    case.world.start_fails = "CLOUD_PROVIDER_LAUNCH_FAILURE"
    assert verify(case)[0] == ["The cluster growth-churn-dev does not start: CLOUD_PROVIDER_LAUNCH_FAILURE."]


def test_a_warehouse_is_started_and_stopped() -> None:
    case = made(Warehouse())
    only(case.world.warehouses)["state"] = "STOPPED"
    assert verify(case)[0] == []
    assert [write.split()[0] for write in case.world.writes] == ["running", "stopped"]


def test_a_job_is_not_run_but_its_notebook_is_looked_for() -> None:
    case = made(JobCase())
    path = "/Workspace/Shared/growth/churn/main"
    assert verify(case)[0] == [
        f"The job growth-churn-dev runs the notebook {path}, which does not exist. Its team puts it there."
    ]
    case.world.notebooks.add(path)
    assert verify(case)[0] == []
    task = only(case.world.jobs)["settings"]["tasks"][0]
    task["notebook_task"] = {"notebook_path": "src/main", "source": "GIT"}
    assert verify(case)[0] == []
    only(case.world.jobs)["settings"]["tasks"] = []
    assert verify(case)[0] == ["The job growth-churn-dev has no task."]
    assert case.world.writes == []


@pytest.mark.parametrize("sort", [Case, Warehouse, JobCase])
def test_what_is_not_there_or_not_ours_does_not_work(sort: type[Case]) -> None:
    case = sort()
    case.make_foreign()
    problems, _ = verify(case)
    assert len(problems) == 1
    assert problems[0].endswith("growth-churn-dev of dev/growth/churn.")
    assert case.world.writes == []


def test_a_start_that_breaks_off_still_ends_in_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    case = made(Case())
    only(case.world.clusters)["state"] = "TERMINATED"

    def lost(key: str) -> None:
        raise ConnectionError(key)

    monkeypatch.setattr(case.client.clusters, "get", lost)
    with pytest.raises(RemoteUnavailable):
        verify(case)
    case = made(Case())
    only(case.world.clusters)["state"] = "TERMINATED"
    monkeypatch.setattr(case.client.libraries, "cluster_status", lost)
    with pytest.raises(RemoteUnavailable):
        verify(case)
    assert only(case.world.clusters)["state"] == "TERMINATED"
