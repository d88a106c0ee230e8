"""The next version of a merged file: what was said is edited, and nothing else is."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gitops.compose import Composed
from gitops.draft import Value
from gitops.plan import JSON
from gitops.policy import load_policy
from gitops.recompose import chosen_of, recompose, said_of
from gitops.request import Loaded, load_request
from handlers import registry
from tests.fakes.repository import POLICY

KINDS = registry()
RULES = load_policy(POLICY.read_bytes())
TODAY = date(2026, 11, 21)
PATH = "requests/dev/growth/churn-prediction.yaml"
FILE = """\
# yaml-language-server: $schema=../../schema.json
# kept by the growth team
apiVersion: lakeport/v1
kind: Onboarding
metadata:
  name: churn-prediction
  team: growth
  environment: dev
  purpose: Predict which subscribers will leave next month.
  business_owner: jane.doe@acme.example
  members: [li.wei@acme.example]
  data_classification: internal
  expires: 2027-03-01  # agreed with finance
  requested_by: {slack: U024BE7LH, github: liwei}
  lifecycle: active
  exceptions:
  - {rule: lifetime, reason: The audit runs until spring., approver: petra-v, until: 2027-01-15}
resources:
- kind: schema
  catalog: ml_dev
  name: churn_prediction
  grants:
  - {principal: growth, privileges: [USE_SCHEMA, SELECT]}  # the team reads
  grants_mode: named
# landing zone
- kind: schema
  catalog: ml_dev
  name: churn_raw
  comment: Raw files
  grants_mode: named
- kind: compute
  name: growth-churn-prediction-dev
  type: sql_warehouse
  workload: analytics
  size: medium
  min_workers: 1
  max_workers: 1
  auto_stop_minutes: 30
"""


def merged(text: str = FILE) -> Loaded:
    return load_request(text.encode(), PATH, KINDS)


def changed(**changes: JSON) -> Composed:
    """The next version with these values said; ``__`` stands for a dot, ``_at_raw`` for the label."""
    loaded = merged()
    said = said_of(loaded, KINDS)
    for name, value in changes.items():
        path = name.replace("_at_raw", "[churn_raw]").replace("_at_first", "[churn_prediction]")
        said[path.replace("__", ".")] = Value(value, "said", "so they said")
    return recompose(said, loaded, registry=KINDS, policy=RULES, today=TODAY)


def differing(raw: bytes | None) -> set[str]:
    assert raw is not None
    return set(raw.decode().splitlines()) ^ set(FILE.splitlines())


def test_keys_of_several_resources_of_a_kind_carry_their_names() -> None:
    said = said_of(merged(), KINDS)
    assert said["resources"].value == ["schema[churn_prediction]", "schema[churn_raw]", "compute"]
    assert said["resources.schema[churn_raw].comment"] == Value("Raw files", "merged")
    assert {value.source for value in said.values()} == {"merged"}
    for hidden in ("lifecycle", "exceptions", "requested_by"):
        assert f"metadata.{hidden}" not in said


def test_without_a_word_there_is_nothing_to_confirm() -> None:
    composed = changed()
    assert (composed.raw, composed.document, composed.missing) == (None, None, ())
    assert composed.amendment is not None
    assert composed.amendment.edits == ()
    assert composed.values["metadata.purpose"].source == "merged"


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"resources__compute__size": "small"}, {"  size: medium", "  size: small"}),
        (
            {"metadata__expires": "2027-04-01"},
            {"  expires: 2027-03-01  # agreed with finance", "  expires: 2027-04-01  # agreed with finance"},
        ),
        ({"metadata__members": None}, {"  members: [li.wei@acme.example]"}),
        ({"metadata__members": []}, {"  members: [li.wei@acme.example]"}),
        ({"resources__schema_at_raw__comment": "Landing"}, {"  comment: Raw files", "  comment: Landing"}),
        # By the kind alone the first of them is meant.
        ({"resources__schema__comment": "Tables"}, {"  comment: Tables"}),
        ({"metadata__cost_center": "CC-1042"}, {"  cost_center: CC-1042"}),
    ],
)
def test_only_what_was_said_differs(changes: dict[str, Any], lines: set[str]) -> None:
    composed = changed(**changes)
    assert differing(composed.raw) == lines
    assert composed.amendment is not None
    assert len(composed.amendment.edits) == 1
    path = next(iter(changes)).replace("__", ".")
    if changes[next(iter(changes))] and "schema" not in path:
        assert composed.values[path].source == "said"


def test_a_new_resource_stands_behind_the_others_and_is_complete() -> None:
    keys = ["schema[churn_prediction]", "schema[churn_raw]", "compute", "repo"]
    composed = changed(resources=keys)
    assert composed.document is not None
    assert [one["kind"] for one in composed.document["resources"]] == [
        "schema", "schema", "compute", "repo", "scaffold",
    ]  # fmt: skip
    assert composed.document["resources"][3]["name"] == "growth-churn-prediction"
    assert composed.values["resources.repo.visibility"].source == "default"
    assert composed.document["resources"][:3] == merged().document.data["resources"]


def test_a_resource_that_is_left_out_is_refused() -> None:
    composed = changed(resources=["schema[churn_prediction]", "compute"])
    assert "resource-dropped" in {finding.rule for finding in composed.findings}


def test_what_the_policy_asks_for_by_now_is_asked() -> None:
    text = FILE.replace("  expires: 2027-03-01  # agreed with finance\n", "")
    loaded = merged(text)
    said = said_of(loaded, KINDS) | {"resources.compute.size": Value("small", "said")}
    composed = recompose(said, loaded, registry=KINDS, policy=RULES, today=TODAY)
    assert composed.missing == ("metadata.expires",)
    assert composed.raw is None
    retiring = said_of(loaded, KINDS) | {"metadata.lifecycle": Value("retiring", "said")}
    composed = recompose(retiring, loaded, registry=KINDS, policy=RULES, today=TODAY)
    assert composed.missing == ()
    assert composed.raw is not None


def test_who_approved_what_was_has_to_approve_what_becomes() -> None:
    composed = changed(metadata__data_classification="public")
    assert {finding.rule for finding in composed.findings} >= {"classification-lowered"}
    assert any("tomas-b" in rule.approvers for rule in composed.approvals)


def test_a_value_that_no_file_holds_is_a_finding() -> None:
    composed = changed(resources__schema_at_raw__comment=object())
    assert composed.raw is None
    assert composed.findings


@pytest.mark.parametrize("value", ["UPPER", "../etc", "a" * 500, 7])
def test_a_value_of_no_sense_is_a_finding_and_no_file(value: JSON) -> None:
    composed = changed(resources__compute__size=value)
    assert composed.findings
    assert composed.raw is None or any(finding.rule for finding in composed.findings)


# --- the same again ---


def test_what_somebody_chose_is_copied_and_what_follows_from_the_request_is_not() -> None:
    chosen = chosen_of(merged(), KINDS, RULES)
    assert chosen["resources"] == ["schema[churn_prediction]", "schema[churn_raw]", "compute"]
    assert chosen["resources.compute.type"] == "sql_warehouse"
    assert chosen["resources.compute.size"] == "medium"
    assert chosen["resources.schema[churn_raw].comment"] == "Raw files"
    names = {path.rpartition(".")[2] for path in chosen}
    assert not names & {"name", "catalog", "repo"}
    assert not any(path.startswith("metadata.") for path in chosen)


def test_a_kind_that_was_kept_out_is_kept_out_again() -> None:
    text = FILE.replace(
        "- kind: compute\n", "- {kind: repo, name: growth-x, visibility: internal}\n- kind: compute\n"
    )
    assert chosen_of(merged(text), KINDS, RULES)["resources.scaffold"] is False
