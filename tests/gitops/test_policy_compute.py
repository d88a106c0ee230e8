from __future__ import annotations

from pathlib import Path

import pytest

from gitops.errors import InvalidRequest
from gitops.policy import load_policy

POLICY = (Path(__file__).parents[2] / "requests/policy.yaml").read_text("utf-8")


@pytest.mark.parametrize("given", ["{}", "{name: a, make: true}", "{name: a, id: b}", "{make: false}"])
def test_a_cluster_policy_is_given_in_one_way(given: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        load_policy(f"{POLICY}compute:\n  cluster_policy: {given}\n".encode())
    (found,) = caught.value.findings
    assert found.place.path == "compute.cluster_policy"
    assert "exactly one" in found.hint


@pytest.mark.parametrize("given", ["{name: a}", "{id: b}", "{make: true}"])
def test_each_way_by_itself_is_right(given: str) -> None:
    found = load_policy(f"{POLICY}compute:\n  cluster_policy: {given}\n".encode())
    assert found.compute is not None


def test_a_name_knows_team_and_environment() -> None:
    found = load_policy(
        f"{POLICY}compute:\n  cluster_policy: {{name: '{{team}}-{{environment}}'}}\n".encode()
    )
    assert found.compute is not None
    assert found.compute.policy_name(team="growth", environment="dev") == "growth-dev"
