"""A run that is killed anywhere and started again ends where an undisturbed one does: one of each thing."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial

import pytest

from tests.support.battery import ALL, RECORD, ROADS, SEED, Road, Roads, Run, play, writes_of
from tests.support.faults import Kill

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(3000 if ALL else 300)]

PARTS = 4
SOMETIMES = "/issues/comments/{number}"
"""How far it is, is told anew when a run takes long: there may be more of these."""
DOUBLE = 200 if ALL else 20


def points(road: Road, *, record: bool) -> list[tuple[str, int]]:
    """Each write of a road: its endpoint, and the how many-th of that it is; with or without the record."""
    seen: Counter[str] = Counter()
    found = []
    for endpoint in writes_of(road.calls):
        seen[endpoint] += 1
        if record or RECORD not in endpoint:
            found.append((endpoint, seen[endpoint]))
    return [one for one in found if not one[0].endswith(SOMETIMES) or one[1] == 1]


@pytest.mark.parametrize("after", [False, True], ids=["before-the-effect", "after-the-effect"])
@pytest.mark.parametrize("name", ROADS)
def test_killed_at_any_write(roads: Roads, name: str, after: bool) -> None:
    road = roads[name]
    problems = []
    for endpoint, number in points(road, record=ALL or name == ROADS[0]):
        wrong = play(roads.town, road, partial(killed, roads, number, after, endpoint))
        problems += [f"{endpoint} ({number}): {one}" for one in wrong]
    assert problems == []


@pytest.mark.parametrize("name", ROADS)
def test_killed_after_any_line_of_the_journal(roads: Roads, name: str) -> None:
    road = roads[name]
    problems = []
    for steps in range(1, len(road.keys) + 1):

        def disturbed(steps: int = steps) -> Run:
            code, calls = roads.town.apply(die_after=steps)
            assert code == -9, roads.town.log
            return code, calls

        problems += [f"after {steps} steps: {one}" for one in play(roads.town, road, disturbed)]
    assert problems == []


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_twice(roads: Roads, part: int) -> None:
    problems = []
    for seed in range(part, DOUBLE, PARTS):
        chance = random.Random(f"{SEED} {seed}")
        name = chance.choice(ROADS)
        road = roads[name]
        first = (chance.randint(1, road.number_of_writes), chance.random() < 0.5)
        second = (chance.randint(1, 6), chance.random() < 0.5)

        def disturbed(first: tuple[int, bool] = first, second: tuple[int, bool] = second) -> Run:
            _, calls = killed(roads, *first)
            roads.town.calm()
            code, more = killed(roads, *second, must=False)
            return code, [*calls, *more]

        wrong = play(roads.town, road, disturbed)
        problems += [f"{name}, killed at {first} and {second}: {one}" for one in wrong]
    assert problems == []


def killed(roads: Roads, number: int, after: bool, endpoint: str = "", *, must: bool = True) -> Run:
    """An apply that is killed at its ``number``-th write, of all or of an endpoint."""
    town = roads.town
    rule = Kill(number, after, town.forkers[0].kill, endpoint)
    for proxy in town.proxies.values():
        proxy.rules.append(rule)
    code, calls = town.apply()
    assert code == -9 or not must, town.log
    return code, calls
