"""What the people of the scenarios said, field by field, through the real kinds, and the file it becomes."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops import yamlfile
from gitops.compose import Composed, Value, compose
from gitops.formatting import canonical
from gitops.policy import load_policy
from handlers import registry

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = sorted((ROOT / "tests" / "data" / "scenarios").glob("*.yaml"))
POLICY = load_policy((ROOT / "requests" / "policy.yaml").read_bytes(), registry=registry())


def read(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(path.read_text())
    return data


def kinds_of(expect: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(path.split(".")[1] for path in expect if path.startswith("resources.")))


def nobody_says(path: str, value: Any, scenario: dict[str, Any]) -> bool:
    """Whether the value has to follow from the others: names, catalogs, the requester and their team."""
    person = POLICY.person(slack=scenario["requester"])
    assert person is not None
    team = scenario["expect"].get("metadata.team", "")
    environment = scenario["expect"]["metadata.environment"]
    usual = {
        "metadata.team": person.team,
        "metadata.environment": "dev",
        "metadata.cost_center": POLICY.teams[team].cost_center if team else None,
        "resources.schema.catalog": POLICY.default_catalog_for(team, environment),
    }
    if path.startswith("metadata.requested_by") or path == "resources.scaffold.repo":
        return True
    if path.startswith("resources.") and path.endswith(".name"):
        return True
    return path in usual and usual[path] == value


def played(scenario: dict[str, Any]) -> Composed:
    expect = scenario["expect"]
    said = {
        path: Value(str(value) if isinstance(value, date) else value, "said")
        for path, value in expect.items()
        if not nobody_says(path, value, scenario)
    }
    if "metadata.team" not in expect:
        said["metadata.team"] = Value("marketing", "said")
    said.setdefault("metadata.purpose", Value("What it is for.", "said"))
    said["resources"] = Value(kinds_of(expect), "said")
    person = POLICY.person(slack=scenario["requester"])
    return compose(
        said,
        registry=registry(),
        policy=POLICY,
        requester=person,
        requester_slack=scenario["requester"],
        today=scenario["today"],
    )


def plain(value: Any) -> Any:
    return str(value) if isinstance(value, date) else value


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_file_comes_out_as_expected(path: Path) -> None:
    scenario = read(path)
    found = played(scenario)
    assert found.missing == ()
    assert found.raw is not None
    values = {name: value.value for name, value in found.values.items()}
    wrong = {
        name: (values.get(name), plain(value))
        for name, value in scenario["expect"].items()
        if values.get(name, False if value is False else None) != plain(value)
    }
    assert wrong == {}
    along = {"resources.scaffold"} if "resources.repo" not in scenario["expect_absent"] else set()
    for absent in set(scenario["expect_absent"]) - along:
        assert not [
            name for name in values if name == absent or name.startswith(f"{absent}.") if values[name]
        ]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_file_is_as_fmt_would_write_it(path: Path) -> None:
    raw = played(read(path)).raw
    assert raw is not None
    assert canonical(yamlfile.load(raw, "f").data, (), registry()) == raw


def test_fields_within_fields_are_in_order_however_they_were_said() -> None:
    scenario = read(SCENARIOS[0])
    resources = {"resources.repo.visibility": "private"}
    resources["resources.repo.access"] = [{"permission": "maintain", "team": "growth"}]
    metadata = {key: value for key, value in scenario["expect"].items() if key.startswith("metadata.")}
    found = played(scenario | {"expect": metadata | resources})
    assert found.raw is not None
    assert b"access: [{team: growth, permission: maintain}]" in found.raw
    assert canonical(yamlfile.load(found.raw, "f").data, (), registry()) == found.raw


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_policy_refuses_what_it_has_to_and_nothing_else(path: Path) -> None:
    scenario = read(path)
    problems = [item for item in played(scenario).findings if item.severity == "error"]
    told = " ".join(f"{item.rule} {item.message} {item.place.path}" for item in problems).lower()
    assert [word for word in scenario["must_refuse"] if word.lower() not in told] == []
    assert bool(problems) == bool(scenario["must_refuse"]), told
