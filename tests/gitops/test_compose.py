"""From what was said to a whole file: what is derived, what is asked, and what is never made up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.compose import Composed, Value, compose
from gitops.fields import catalogue
from gitops.request import load_request
from tests.support.language import REGISTRY, TODAY, policy

ACME = policy()
LI = ACME.person(slack="U024BE7LH")

COMPLETE: dict[str, Any] = {
    "resources": ["repo", "compute"],
    "metadata.name": "churn-prediction",
    "metadata.purpose": "Find out who leaves.",
    "metadata.business_owner": "jane.doe@acme.example",
    "metadata.data_classification": "internal",
    "metadata.expires": "2027-04-30",
}


def composed(said: dict[str, Any], **more: Any) -> Composed:
    requester = more.pop("requester", LI)
    assert not more
    return compose(
        {path: Value(value, "said", str(value)) for path, value in said.items()},
        registry=REGISTRY,
        policy=ACME,
        requester=requester,
        requester_slack=requester.slack if requester else "U0UNKNOWN",
        today=TODAY,
    )


def told(said: dict[str, Any]) -> dict[str, tuple[Any, str]]:
    return {path: (value.value, value.source) for path, value in composed(said).values.items()}


def test_nothing_said() -> None:
    found = composed({})
    assert found.document is None
    assert found.raw is None
    assert found.missing == (
        "resources",
        "metadata.name",
        "metadata.purpose",
        "metadata.business_owner",
        "metadata.data_classification",
        "metadata.expires",
    )
    assert found.findings == ()


def test_everything_said() -> None:
    found = composed(COMPLETE)
    assert found.missing == ()
    assert found.findings == ()
    assert found.raw is not None
    assert found.raw.decode() == (
        "# yaml-language-server: $schema=../../schema.json\n"
        "apiVersion: lakeport/v1\n"
        "kind: Onboarding\n"
        "metadata:\n"
        "  name: churn-prediction\n"
        "  team: growth\n"
        "  environment: dev\n"
        "  purpose: Find out who leaves.\n"
        "  business_owner: jane.doe@acme.example\n"
        "  cost_center: CC-1042\n"
        "  data_classification: internal\n"
        "  expires: 2027-04-30\n"
        "  requested_by: {slack: U024BE7LH, github: liwei}\n"
        "  lifecycle: active\n"
        "resources:\n"
        "- kind: repo\n"
        "  name: growth-churn-prediction\n"
        "  visibility: internal\n"
        "- kind: scaffold\n"
        "  repo: growth-churn-prediction\n"
        "  template: databricks-pipeline\n"
        "- kind: compute\n"
        "  name: growth-churn-prediction-dev\n"
        "  size: small\n"
        "  max_workers: 2\n"
    )
    assert found.cost is not None
    assert [rule.id for rule in found.approvals] == ["environment-dev"]
    load_request(found.raw, "requests/dev/growth/churn-prediction.yaml", REGISTRY)


def test_where_values_come_from() -> None:
    values = told(COMPLETE)
    assert values["resources"] == (["repo", "scaffold", "compute"], "said")
    assert values["metadata.name"] == ("churn-prediction", "said")
    assert values["metadata.team"] == ("growth", "looked_up")
    assert values["metadata.environment"] == ("dev", "default")
    assert values["metadata.cost_center"] == ("CC-1042", "looked_up")
    assert values["metadata.requested_by.github"] == ("liwei", "looked_up")
    assert values["resources.repo.name"] == ("growth-churn-prediction", "default")
    assert values["resources.scaffold.repo"] == ("growth-churn-prediction", "default")


def test_derived_names_follow_what_they_are_derived_from() -> None:
    values = told(
        COMPLETE | {"metadata.name": "win-back", "metadata.environment": "staging", "metadata.team": "risk"}
    )
    assert values["resources.repo.name"][0] == "risk-win-back"
    assert values["resources.scaffold.repo"][0] == "risk-win-back"
    assert values["resources.compute.name"][0] == "risk-win-back-staging"
    assert values["metadata.cost_center"][0] == "CC-2001"
    assert values["metadata.requested_by.github"][0] == "liwei"


def test_a_name_that_was_said_is_used_by_what_stands_on_it() -> None:
    values = told(COMPLETE | {"resources.repo.name": "growth-other"})
    assert values["resources.scaffold.repo"] == ("growth-other", "default")


def test_names_are_not_shown_before_they_are_known() -> None:
    values = told({"resources": ["repo", "compute"]})
    assert "resources.repo.name" not in values
    assert "resources.scaffold.repo" not in values
    assert values["resources.repo.visibility"] == ("internal", "default")
    assert values["resources.compute.size"] == ("small", "default")


def test_the_owner_the_classification_and_the_end_are_never_made_up() -> None:
    for path in ("metadata.business_owner", "metadata.data_classification", "metadata.expires"):
        found = composed({key: value for key, value in COMPLETE.items() if key != path})
        assert found.missing == (path,)
        assert path not in found.values
        assert found.document is None


def test_what_is_not_required_is_not_asked() -> None:
    found = composed(
        {key: value for key, value in COMPLETE.items() if key != "metadata.expires"}
        | {"metadata.environment": "prod"}
    )
    assert found.missing == ()
    assert found.document is not None
    assert "expires" not in found.document["metadata"]


def test_said_to_be_none() -> None:
    assert composed(COMPLETE | {"metadata.expires": None}).missing == ("metadata.expires",)
    production = composed(COMPLETE | {"metadata.expires": None, "metadata.environment": "prod"})
    assert production.missing == ()
    assert (
        "resources.compute.max_workers"
        not in composed(COMPLETE | {"resources.compute.max_workers": None}).values
    )
    assert composed(COMPLETE | {"resources.compute.size": None}).missing == ("resources.compute.size",)


def test_what_comes_along_can_be_kept_out() -> None:
    assert told(COMPLETE | {"resources.scaffold": False})["resources"][0] == ["repo", "compute"]
    assert told(COMPLETE | {"resources": ["compute"]})["resources"][0] == ["compute"]
    assert told(COMPLETE | {"resources": ["scaffold", "repo"]})["resources"][0] == ["scaffold", "repo"]


def test_several_of_a_kind() -> None:
    said = COMPLETE | {
        "resources": ["compute", "compute[big]"],
        "resources.compute.size": "xs",
        "resources.compute[big].size": "medium",
    }
    found = composed(said)
    assert found.document is not None
    assert [(item["name"], item["size"]) for item in found.document["resources"]] == [
        ("growth-churn-prediction-dev", "xs"),
        ("growth-churn-prediction-big-dev", "medium"),
    ]


def test_one_of_a_kind_is_addressed_by_its_kind_too() -> None:
    values = told(COMPLETE | {"resources": ["compute[big]"], "resources.compute.size": "xs"})
    assert values["resources.compute[big].size"] == ("xs", "said")
    assert values["resources.compute[big].name"] == ("growth-churn-prediction-dev", "default")


def test_an_unknown_kind_is_a_finding() -> None:
    found = composed(COMPLETE | {"resources": ["bucket", "repo"]})
    assert [item.rule for item in found.findings] == ["resource-kind"]
    assert found.values["resources"].value == ["repo", "scaffold"]


def test_a_value_policy_refuses_stays_beside_its_finding() -> None:
    found = composed(COMPLETE | {"resources.compute.size": "xl", "metadata.expires": "2027-05-23"})
    assert {item.rule for item in found.findings} == {"compute-size", "lifetime"}
    assert {item.place.path for item in found.findings} == {"resources.compute.size", "metadata.expires"}
    assert found.values["resources.compute.size"].value == "xl"
    assert found.raw is not None


def test_problems_are_told_before_the_last_question() -> None:
    found = composed(
        {"resources": ["repo", "compute"], "resources.compute.size": "xl", "metadata.team": "marketing"}
    )
    assert found.document is None
    assert {(item.rule, item.place.path, item.place.line) for item in found.findings} == {
        ("team-known", "metadata.team", 0),
        ("compute-size", "resources.compute.size", 0),
    }
    assert found.cost is not None


def test_nothing_made_up_shows() -> None:
    found = composed({"resources": ["compute"]})
    assert found.findings == ()
    assert "not-said" not in str(found.values)
    assert all("NONE" not in str(value.value) for value in found.values.values())


def test_an_unknown_requester_is_asked_for_the_team() -> None:
    found = composed(COMPLETE, requester=None)
    assert found.missing == ("metadata.team",)
    assert "metadata.requested_by.github" not in found.values
    done = composed(COMPLETE | {"metadata.team": "growth"}, requester=None)
    assert done.missing == ()
    assert [item.rule for item in done.findings] == ["requester-known"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "Not A Name"),
        ("metadata.name", "../../x"),
        ("metadata.name", 17),
        ("metadata.team", ["x"]),
        ("metadata.environment", "qa"),
        ("metadata.purpose", "a\u202eb"),
        ("metadata.purpose", "two\nlines"),
        ("metadata.expires", 3.5),
        ("metadata.nonsense", "x"),
        ("resources.compute.max_workers", "four"),
        ("resources.compute.nonsense", 1),
    ],
)
def test_a_wrong_value_is_a_finding_and_no_crash(path: str, value: object) -> None:
    found = composed(COMPLETE | {path: value})
    assert found.findings
    assert any(item.place.path.startswith(path) or item.rule in ("path", "schema") for item in found.findings)


PATHS = [path for path in catalogue(REGISTRY) if path != "resources"]
JUNK = (
    st.none()
    | st.booleans()
    | st.integers(-5, 10**20)
    | st.text(max_size=12)
    | st.lists(st.text(max_size=5), max_size=2)
)


@given(
    st.dictionaries(st.sampled_from(PATHS), JUNK, max_size=4),
    st.lists(st.sampled_from(["repo", "scaffold", "compute", "compute[a]", "x"]), max_size=4),
    st.sets(st.sampled_from(sorted(COMPLETE))),
)
def test_whatever_is_said(junk: dict[str, Any], resources: list[str], left_out: set[str]) -> None:
    said = (
        {key: value for key, value in COMPLETE.items() if key not in left_out}
        | junk
        | {"resources": resources}
    )
    found = composed(said)
    assert (found.document is None) == bool(found.missing)
    assert not set(found.missing) & set(found.values)
    for path in ("metadata.business_owner", "metadata.data_classification", "metadata.expires"):
        assert path not in found.values or found.values[path].source == "said"
    if found.raw is not None and not any(item.severity == "error" for item in found.findings):
        assert found.document is not None
        metadata = found.document["metadata"]
        path = f"requests/{metadata['environment']}/{metadata['team']}/{metadata['name']}.yaml"
        assert load_request(found.raw, path, REGISTRY).document.data["metadata"]["name"] == metadata["name"]
