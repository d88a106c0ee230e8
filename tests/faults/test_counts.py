"""How many calls it takes: no more writes than the APIs allow, and reads that do not grow with requests."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.support.battery import ALL, REQUEST, Roads, done_of, writes_of
from tests.support.many import multiply

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(900)]

PROJECT = "/repos/acme/growth-churn-case"
RECORD = "/repos/acme/lakeport"
CATALOG = "/api/2.1/unity-catalog"
TOLD = f"PATCH {RECORD}/issues/comments/{{number}}"
MINIMUM = {
    "POST /orgs/acme/repos": (1, "makes it, with description, visibility and mark"),
    f"PUT {PROJECT}/topics": (1, "topics cannot be said when it is made"),
    f"PUT /orgs/acme/teams/growth{PROJECT}": (1, "nor who may do what"),
    f"POST {PROJECT}/git/trees": (1, "all files at once"),
    f"POST {PROJECT}/git/commits": (1, "one commit"),
    f"PATCH {PROJECT}/git/refs/heads/main": (1, "which becomes the branch"),
    f"POST {CATALOG}/schemas": (1, "makes it, with comment and mark"),
    f"PATCH {CATALOG}/permissions/schema/ml_dev.churn_case": (1, "all grants at once"),
    "POST /api/2.1/clusters/create": (1, "makes it, with tags"),
    "PATCH /api/2.0/permissions/clusters/{id}": (1, "permissions are an object of their own"),
    "POST /api/2.0/libraries/install": (1, "libraries too"),
    f"POST {RECORD}/issues/{{number}}/comments": (1, "what is being done, while it is"),
    TOLD: (1, "and what came of it"),
    f"POST {RECORD}/git/trees": (2, "the receipt that it began, which keeps others off, and the last one:"),
    f"POST {RECORD}/git/commits": (2, "each is a file in a commit of its own"),
    f"PATCH {RECORD}/git/refs/heads/receipts": (2, "on the branch of receipts"),
}
"""The writes of one onboarding: how often, and why that is the least the APIs allow."""

MANY = 1000 if ALL else 200
OVERHEAD, FOR_A_PAGE, PAGE = 20, 4, 100
"""Calls whatever there is, and for each page of a hundred: at most 60 for 1,000 requests."""


def test_an_onboarding_writes_no_more_than_the_apis_ask_for(roads: Roads) -> None:
    counted = Counter(writes_of(roads["onboarding"].calls))
    counted[TOLD] = min(counted[TOLD], 1)  # told anew where a run takes long
    assert counted == {endpoint: often for endpoint, (often, _) in MINIMUM.items()}


def test_a_scaffold_is_three_writes_whatever_it_holds(roads: Roads) -> None:
    road = roads["onboarding"]
    writes = [one for one in writes_of(road.calls) if f"{PROJECT}/git/" in one]
    tree = next(one.call for one in road.calls if one.call.endpoint == f"POST {PROJECT}/git/trees")
    assert len(json.loads(tree.body)["tree"]) > len(writes) == 3


def test_each_step_says_by_which_ids_it_was_asked_and_reads_back_as_wanted(roads: Roads) -> None:
    """With no call more for it: what stands is looked at for the links and ids of the receipt anyway."""
    town = roads.town
    town.back_to(roads["onboarding"].kept)

    code, heard = town.apply()

    assert code == 0, town.log
    receipt = town.receipts(REQUEST)[-1]
    steps = done_of(receipt)
    assert {step["read_back"] for step in steps} == {"as_wanted"}
    told = [one for step in steps for one in step["request_ids"]]
    assert all(step["request_ids"] for step in steps)
    record = sum(one.startswith((f"POST {RECORD}", f"PATCH {RECORD}")) for one in writes_of(heard))
    assert len(set(told)) == len(told) == len(writes_of(heard)) - record
    assert [one["login"] for one in receipt["approvals"]] == receipt["approvers"]
    assert all(one["rules"] and one["commit"] and one["at"] for one in receipt["approvals"])
    assert (receipt["gate"], receipt["made_by"]) == ("open", "bot")
    assert receipt["policy_digest"].startswith("sha256:")


def test_looking_at_many_applied_requests_takes_few_calls(roads: Roads) -> None:
    """Lists and their pages: a call for each object and each grant would be four for each request."""
    town = roads.town
    town.back_to(roads.start)
    multiply(town, MANY)
    clone = town.clone("main")

    code, heard = town.run(["plan", "--all", "--out", "plan.json"], clone)

    assert code == 0, town.log
    calls = [one.call for one in heard]
    entries = json.loads((clone / "plan.json").read_text())["entries"]
    assert len(entries) == MANY + 1
    assert [one for one in entries if one["plan"]["changes"] or one["plan"]["refusals"]] == []
    assert [call.endpoint for call in calls if call.is_write] == []
    assert len(calls) <= OVERHEAD + MANY // PAGE * FOR_A_PAGE, Counter(call.endpoint for call in calls)
