"""A run killed at any write and started again ends where an undisturbed one does: one of each thing."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.stage import Stage, stage

pytestmark = pytest.mark.e2e

Write = tuple[str, str]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    # Module-wide fixtures come before the one that allows sockets on the loopback.
    import pytest_socket

    pytest_socket.enable_socket()
    with stage(tmp_path_factory.mktemp("stage")) as town:
        yield town


def made(town: Stage, name: str) -> dict[str, int]:
    """How many of each thing there are for a request."""
    return {
        "clusters": town.list_clusters().count(f"growth-{name}-dev"),
        "repositories": town.list_repositories().count(f"growth-{name}"),
    }


def assert_stands(town: Stage, name: str) -> None:
    rows = town.rows(name)
    assert [row for row in rows if not row.ok] == []
    assert made(town, name) == {"clusters": 1, "repositories": 1}


@pytest.mark.timeout(400)
def test_killed_at_any_write_and_run_again(town: Stage) -> None:
    # The first request also makes what all share: the branch of receipts, the team's access to the catalog.
    for name in ("churn-first", "churn-undisturbed"):
        town.ready(name)
        code, undisturbed = town.apply()
        assert code == 0, town.log
        assert_stands(town, name)

    assert len(undisturbed) > 10
    for at in range(1, len(undisturbed) + 1):
        name = f"churn-{at}"
        number = town.ready(name)
        code, before = town.apply(kill_at=at)
        assert code == -9, f"kill {at}: ended with {code} after {before}\n{town.log}"

        code, after = town.apply()
        assert code == 0, f"after a kill at {at}, {before[-1]}:\n{town.log}"
        assert_stands(town, name)
        receipts = town.receipts(f"dev/growth/{name}")
        assert [one["status"] for one in receipts].count("applied") == 1
        assert receipts[-1]["pull"] == number
        assert done_twice(before, after) <= {before[-1]}

    assert town.apply() == (0, []), town.log
    clone = town.clone("main")
    assert town.lakeport(["plan", "--all", "--out", "plan.json"], clone) == 0, town.log
    entries = json.loads((clone / "plan.json").read_text())["entries"]
    assert len(entries) == len(undisturbed) + 2
    assert [entry["plan"]["changes"] for entry in entries if entry["plan"]["changes"]] == []


def done_twice(before: list[Write], after: list[Write]) -> set[Write]:
    """The writes of the killed run that the next one made again; only the one in flight may be among them.

    Git objects and the comment with the result do not count: writing them again leaves the same thing.
    """
    same = ("/git/trees", "/git/commits", "/git/blobs", "/comments", "/git/refs/heads/receipts")
    return {write for write in before if write in after and not write[1].endswith(same)}
