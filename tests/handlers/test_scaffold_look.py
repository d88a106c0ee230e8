"""Looking at many repositories: the same as looking at each, in a call for a hundred."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from github import GithubException
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops.errors import LakeportError, RemoteError
from gitops.kind import Desired
from handlers import _scaffold_look as look
from handlers import scaffold
from handlers._scaffold_marker import Marker
from handlers._scaffold_paths import MARKER
from tests.fakes.scaffold import PROPERTY, Case, FakeGithub, Repo, World
from tests.handlers.support import desired

KIND = scaffold.KIND
OURS = Marker(request="dev/growth/churn", template="databricks-pipeline", version="1.0.0").text()


def wanted(name: str, lifecycle: str = "active") -> Desired[Any]:
    return desired(KIND, Case.spec | {"repo": name}, lifecycle=lifecycle)


def add(world: World, name: str, files: dict[str, Any] | None, **more: Any) -> Repo:
    return world.add(name, files, properties={PROPERTY: "dev/growth/churn"}, **more)


STATES: dict[str, Callable[[World, str], object]] = {
    "absent": lambda world, name: None,
    "without a commit": lambda world, name: add(world, name, None),
    "new": lambda world, name: add(world, name, {"README.md": f"# {name}"}),
    "new, nobody's": lambda world, name: world.add(name, {"README.md": f"# {name}"}),
    "filled": lambda world, name: add(world, name, {MARKER: OURS}),
    "filled, executable": lambda world, name: add(world, name, {MARKER: ("100755", OURS)}),
    "filled, and worked in": lambda world, name: add(world, name, {MARKER: OURS, "a/b": "c"}),
    "filled and archived": lambda world, name: add(world, name, {MARKER: OURS}, archived=True),
    "new and archived": lambda world, name: add(world, name, {"README.md": f"# {name}"}, archived=True),
    "filled by others": lambda world, name: add(world, name, {MARKER: Marker(request="dev/x/y").text()}),
    "not empty": lambda world, name: add(world, name, {"main.py": ""}),
    "a note that is none": lambda world, name: add(world, name, {MARKER: "{"}),
    "a binary note": lambda world, name: add(world, name, {MARKER: b"\0\xff"}),
    "a note in Latin": lambda world, name: add(world, name, {MARKER: b'{"request": "\xe9"}'}),
    "a huge note": lambda world, name: add(world, name, {MARKER: OURS + " " * 600_000}),
    "an empty note": lambda world, name: add(world, name, {MARKER: ""}),
    "a link": lambda world, name: add(world, name, {MARKER: ("120000", OURS)}),
    "a folder": lambda world, name: add(world, name, {f"{MARKER}/x": OURS}),
    "something beside it": lambda world, name: add(world, name, {".lakeport/x": OURS}),
    "no folder": lambda world, name: add(world, name, {".lakeport": OURS}),
    "a linked folder": lambda world, name: add(world, name, {".lakeport": ("120000", "elsewhere")}),
}


def town(states: list[str]) -> tuple[World, FakeGithub]:
    world = World()
    for number, state in enumerate(states):
        STATES[state](world, f"r-{number}")
    return world, FakeGithub(world)


@pytest.mark.parametrize("lifecycle", ["active", "retiring", "retired"])
@pytest.mark.parametrize("state", STATES)
def test_looked_at_together_it_is_the_same(state: str, lifecycle: str) -> None:
    _, client = town([state, "filled", "absent", "filled"])
    asked = [wanted(f"r-{number}", lifecycle) for number in range(4)]
    assert look.read_all(asked, client) == [look.read(one, client) for one in asked]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(sorted(STATES)), max_size=12))
def test_whatever_there_is_it_is_the_same(states: list[str]) -> None:
    _, client = town(states)
    asked = [wanted(f"r-{number}") for number in range(len(states))]
    assert look.read_all(asked, client) == [look.read(one, client) for one in asked]


@pytest.mark.parametrize(("count", "calls"), [(3, 1), (100, 1), (101, 2), (1000, 10)])
def test_a_hundred_are_one_call(count: int, calls: int) -> None:
    world, client = town(["filled", "absent"] * (count // 2) + ["filled"] * (count % 2))
    look.read_all([wanted(f"r-{number}") for number in range(count)], client)
    assert (world.calls, world.questions) == (calls, calls)


@pytest.mark.parametrize("count", [1, 2])
def test_few_are_looked_at_one_by_one(count: int) -> None:
    world, client = town(["filled"] * count)
    look.read_all([wanted(f"r-{number}") for number in range(count)], client)
    assert (world.calls, world.questions) == (3 * count, 0)


def test_looking_writes_nothing() -> None:
    world, client = town(list(STATES))
    look.read_all([wanted(f"r-{number}") for number in range(len(STATES))], client)
    assert world.writes == []


def test_the_same_repository_twice_is_asked_for_once() -> None:
    world, client = town(["filled"])
    found = look.read_all([wanted("r-0")] * 3, client)
    assert found[0] == found[1] == found[2]
    assert world.calls == 1


def test_names_are_variables_and_never_part_of_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    _, client = town(["filled"] * 3)
    asked = []
    execute = client.requester.graphql_query
    monkeypatch.setattr(
        client.requester,
        "graphql_query",
        lambda query, variables: asked.append(query) or execute(query, variables),
    )
    look.read_all([wanted(f"r-{number}") for number in range(3)], client)
    assert len(asked) == 1
    assert "r-0" not in asked[0]
    assert "acme" not in asked[0]


@pytest.mark.parametrize(
    "answer",
    [
        {"errors": [{"type": "FORBIDDEN", "path": ["r0"], "message": "no"}], "data": {"r0": None}},
        {
            "errors": [
                {"type": "NOT_FOUND", "path": ["r0"]},
                {"type": "RATE_LIMITED", "message": "slow down"},
            ],
            "data": {"r0": None},
        },
        {"errors": [{"message": "Field 'x' doesn't exist"}]},
        {"errors": [{"type": "NOT_FOUND"}]},
        {"errors": [{"type": "NOT_FOUND"}], "data": None},
        {},
    ],
)
def test_an_error_is_no_absence(monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]) -> None:
    _, client = town(["filled"] * 3)

    def refuse(query: str, variables: dict[str, Any]) -> Any:
        raise GithubException(400, answer, {})

    monkeypatch.setattr(client.requester, "graphql_query", refuse)
    with pytest.raises(RemoteError):
        look.read_all([wanted(f"r-{number}") for number in range(3)], client)


def test_an_answer_without_data_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    _, client = town(["filled"] * 3)
    monkeypatch.setattr(client.requester, "graphql_query", lambda query, variables: ({}, {"data": None}))
    with pytest.raises(LakeportError, match="cannot be read"):
        look.read_all([wanted(f"r-{number}") for number in range(3)], client)
