"""Every endpoint in use by every fault: whatever goes wrong with a call, the next run ends where it should.

On the later roads only what they do besides the onboarding is played: its reads and the record are the same.
All of it is more than a thousand cases. By default each endpoint that writes meets two faults and each that
reads one, dealt out so that every fault has its turn; the seed decides which meets which.
"""

from __future__ import annotations

import random

import pytest

from tests.support.battery import ALL, RECORD, ROADS, SEED, Roads, Run, play
from tests.support.faults import FAULTS, PATIENCE, Once
from tests.support.wire import Proxy, Rule

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(3000 if ALL else 300)]

OF_WRITES, OF_READS = 2, 1


def dealt(roads: Roads, name: str, fault: str) -> list[tuple[str, str]]:
    """The endpoints (system, endpoint) that meet this fault."""
    before = set() if name == ROADS[0] else set(roads[ROADS[0]].endpoints)
    faults = list(FAULTS)
    random.Random(f"{SEED} {name}").shuffle(faults)  # the same in every process
    found, turn = [], 0
    for system, endpoint in sorted(roads[name].endpoints):
        writes = not endpoint.startswith("GET ")
        if (system, endpoint) in before and (not writes or RECORD in endpoint):
            continue
        if ALL:
            found.append((system, endpoint))
            continue
        for _ in range(OF_WRITES if writes else OF_READS):
            if faults[turn % len(faults)] == fault:
                found.append((system, endpoint))
            turn += 1
    return found


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ROADS)
def test_a_fault_of_a_call_leaves_one_of_each_thing(roads: Roads, name: str, fault: str) -> None:
    road, town = roads[name], roads.town
    problems = []
    for system, endpoint in dealt(roads, name, fault):
        proxy = town.proxies[system]
        rule = Once(endpoint, FAULTS[fault], proxy)

        def disturbed(proxy: Proxy = proxy, rule: Rule = rule) -> Run:
            proxy.rules.append(rule)
            return town.apply(patience=PATIENCE) if "time-out" in fault else town.apply()

        wrong = play(town, road, disturbed)
        if not rule.played:
            wrong.append("the endpoint was not called")
        problems += [f"{endpoint}: {one}" for one in wrong]
    assert problems == []
