"""Two who want the same at the same time: one of each thing, and what was not approved is not done."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.battery import NAME, RECORD, REQUEST, Roads, Run, change, leaks, play, retire, writes_of
from tests.support.census import census, differences
from tests.support.stage import REPOSITORY, Stage

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(300)]


def at_once(town: Stage, *clones: Path) -> list[int]:
    """An apply in each clone, all at the same time; their exit codes."""
    with ThreadPoolExecutor(len(clones)) as pool:
        runs = [
            pool.submit(town.lakeport, ["apply"], clone, forker=number, run=str(100 + number))
            for number, clone in enumerate(clones)
        ]
        codes = [run.result() for run in runs]
    for proxy in town.proxies.values():
        proxy.wait_until_idle()
    return codes


@pytest.mark.parametrize("name", ["onboarding", "change", "retirement"])
def test_two_applies_of_one_request(roads: Roads, name: str) -> None:
    town = roads.town

    def disturbed() -> Run:
        codes = at_once(town, town.clone("main"), town.clone("main"))
        return min(codes), []

    assert play(town, roads[name], disturbed) == []


def test_apply_against_retire(roads: Roads) -> None:
    """An apply of a change runs into the one that takes everything away.

    Either that one is first, and all is gone; or the change is, and what was approved is not what would now
    have to be taken away: then it is refused, and nothing is.
    """
    town = roads.town
    town.back_to(roads["change"].kept)
    town.ready(NAME, lambda text: retire(change(text)))
    kept = town.keep()
    settle(town)
    gone = resources(town)
    for _ in range(2):
        town.back_to(kept)
        at_once(town, town.clone("main~1"), town.clone("main"))
        town.apply()
        stands = resources(town)
        code, calls = town.apply()
        status = town.receipts(REQUEST)[-1]["status"]
        assert (code, status) in {(0, "applied"), (5, "refused")}, town.log
        assert all(RECORD in write for write in writes_of(calls))
        assert differences(gone if code == 0 else stands, resources(town)) == []
        assert town.list_clusters().count(f"growth-{NAME}-dev") == (code != 0)
        assert leaks(town) == []


def test_two_requests_for_one_name(roads: Roads) -> None:
    town = roads.town

    def of_the_first(text: str) -> str:
        head, resources, rest = text.partition("resources:")
        return head + resources + rest.replace("churn-second", NAME).replace("churn_second", "churn_case")

    town.back_to(roads.start)
    numbers = [town.propose(NAME), town.propose("churn-second", of_the_first)]
    for number in numbers:
        town.plan(number)
        town.approve(number, "nadia-k")
    for number in numbers:
        town.merge(number)
    town.apply()
    stands = resources(town)
    statuses = {one["status"] for one in town.receipts(REQUEST)}
    others = {one["status"] for one in town.receipts("dev/growth/churn-second")}
    assert sorted(["applied" in statuses, "applied" in others]) == [False, True]
    assert town.list_repositories().count(f"growth-{NAME}") == 1
    assert town.list_clusters().count(f"growth-{NAME}-dev") == 1
    _, calls = town.apply()
    assert differences(stands, resources(town)) == []
    assert all(RECORD in write for write in writes_of(calls))


def test_changed_between_plan_and_apply(roads: Roads) -> None:
    """What was approved is not what would be done now: refused, and nothing is written but that."""
    town = roads.town
    town.back_to(roads["change"].kept)
    found = town.databricks_api("GET", "/api/2.1/clusters/list").json()["clusters"]
    cluster = next(one for one in found if one["cluster_name"] == f"growth-{NAME}-dev")
    edit = {key: one for key, one in cluster.items() if key in SETTINGS} | {"autotermination_minutes": 77}
    town.databricks_api("POST", "/api/2.1/clusters/edit", edit).raise_for_status()
    stands = resources(town)

    code, calls = town.apply()

    assert code == 5, town.log
    assert all(RECORD in write for write in writes_of(calls))
    assert differences(stands, resources(town)) == []
    receipt = town.receipts(REQUEST)[-1]
    assert receipt["status"] == "refused"
    assert not any(step["outcome"] == "done" for step in receipt["steps"])
    assert "77" in said_on(town)  # the plan as it would be now


SETTINGS = ("cluster_id", "cluster_name", "spark_version", "node_type_id", "autoscale", "custom_tags")


def settle(town: Stage) -> None:
    """Apply until there is nothing left to do, and see that it stays so."""
    for _ in range(2):
        code, calls = town.apply()
        assert code == 0, town.log
    assert writes_of(calls) == []


def resources(town: Stage) -> dict[str, Any]:
    """What stands, but for what was said on pull requests."""
    found = census(town)
    del found["GitHub"]["repositories"][REPOSITORY]["comments"]
    return found


def said_on(town: Stage) -> str:
    """The last comment of ours."""
    comments = town.github.state.data.repositories[REPOSITORY].comments
    return max(comments.values(), key=lambda one: (one.updated_at, one.id)).body
