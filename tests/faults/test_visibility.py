"""What was just made does not show at once: it is waited for or found later, and never made again."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.support.battery import ALL, Roads, Run, play
from tests.support.faults import EmptyFirstPage, Hidden, Late, not_there, without
from tests.support.wire import Rule

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(3000 if ALL else 300)]

READS = range(11) if ALL else (1, 4, 10)
CATALOG = "/api/2.1/unity-catalog"
SCHEMA = f"{CATALOG}/schemas/ml_dev.churn_case"
GRANTS = f"{CATALOG}/permissions/schema/ml_dev.churn_case"
REPOSITORY = "/repos/acme/growth-churn-case"


@dataclass(frozen=True)
class Shy:
    """``made`` by one endpoint, not seen by another at first; ``waited``: the run itself waits for it."""

    made: str
    read: str
    empty: str = ""
    waited: bool = False


SHY = {
    "repository": Shy("POST /orgs/acme/repos", f"GET {REPOSITORY}", waited=True),
    "first commit": Shy("POST /orgs/acme/repos", f"GET {REPOSITORY}/git/ref/heads/main", waited=True),
    "files": Shy(f"PATCH {REPOSITORY}/git/refs/heads/main", f"GET {REPOSITORY}/git/trees/main"),
    "schema": Shy(f"POST {CATALOG}/schemas", f"GET {SCHEMA}", waited=True),
    "grants": Shy(f"PATCH {GRANTS}", f"GET {GRANTS}", empty="privilege_assignments", waited=True),
    "list of clusters": Shy("POST /api/2.1/clusters/create", "GET /api/2.1/clusters/list", empty="clusters"),
    "permissions": Shy("POST /api/2.1/clusters/create", "GET /api/2.0/permissions/clusters/{id}"),
    "libraries": Shy(
        "POST /api/2.0/libraries/install", "GET /api/2.0/libraries/cluster-status", empty="library_statuses"
    ),
}


def disturbed_by(roads: Roads, *rules: Rule) -> Run:
    for proxy in roads.town.proxies.values():
        proxy.rules.extend(rules)
    return roads.town.apply()


@pytest.mark.parametrize("what", SHY)
def test_what_was_made_cannot_be_read_at_first(roads: Roads, what: str) -> None:
    road, shy = roads["onboarding"], SHY[what]
    problems = []
    for reads in READS:
        rule = Hidden(shy.made, shy.read, reads, without(shy.empty) if shy.empty else not_there)
        codes = []

        def disturbed(rule: Rule = rule, codes: list[int] = codes) -> Run:
            code, calls = disturbed_by(roads, rule)
            codes.append(code)
            return code, calls

        wrong = play(roads.town, road, disturbed)
        if shy.waited and codes != [0]:
            wrong.append("it was not waited for")
        if not rule.stands:
            wrong.append(f"nothing was made by {shy.made}")
        problems += [f"not seen {reads} times: {one}" for one in wrong]
    assert problems == []


@pytest.mark.parametrize(
    ("road", "read", "key"),
    [
        ("onboarding", "GET /api/2.1/clusters/list", "clusters"),
        ("change", "GET /api/2.1/clusters/list", "clusters"),
        ("onboarding", "GET /api/2.2/jobs/list", "jobs"),
    ],
)
def test_a_list_begins_with_an_empty_page(roads: Roads, road: str, read: str, key: str) -> None:
    rule = EmptyFirstPage(read, key)
    assert play(roads.town, roads[road], lambda: disturbed_by(roads, rule)) == []
    assert rule.seen


@pytest.mark.parametrize(
    "endpoint",
    [
        f"PATCH {GRANTS}",
        "PATCH /api/2.0/permissions/clusters/{id}",
        "PUT /orgs/acme/teams/growth/repos/acme/growth-churn-case",
    ],
)
@pytest.mark.parametrize("times", [1, 3])
def test_a_principal_is_not_known_at_first(roads: Roads, endpoint: str, times: int) -> None:
    rule = Late(endpoint, times)
    assert play(roads.town, roads["onboarding"], lambda: disturbed_by(roads, rule)) == []
    assert rule.times < times
