"""Edits that pass without an approval: only what the policy names, and never what is risky."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from gitops.lowrisk import passes_alone
from gitops.policy_review import PassesAlone, ReviewRules
from gitops.policyfile import Policy
from tests.support.language import REGISTRY, loaded, policy

ACME = policy()
LATER = {"expires": "2027-06-30"}


def rule(**more: Any) -> PassesAlone:
    given = {
        "id": "longer",
        "changes": ("expires", "purpose", "size", "max_workers", "cost_center"),
        "environments": ("dev",),
        "classifications": ("public", "internal"),
    }
    return PassesAlone(**given | more)


def with_rules(*rules: PassesAlone) -> Policy:
    return replace(ACME, review=ReviewRules(passes_alone=rules))


def found(was: dict[str, str], becomes: dict[str, str], *rules: PassesAlone) -> str:
    return passes_alone(loaded(**was), loaded(**becomes), with_rules(*(rules or (rule(),))), REGISTRY)


def test_an_edit_of_what_the_policy_names() -> None:
    assert found({}, LATER) == "longer"
    assert found({}, {"purpose": "Predict who will stay."}) == "longer"
    assert found({}, LATER | {"purpose": "Predict who will stay."}) == "longer"
    assert found({"expires": "None"}, LATER) == "longer", "an end where there was none"


def test_the_first_rule_that_fits_is_named() -> None:
    assert found({}, LATER, rule(id="other", changes=("purpose",)), rule()) == "longer"


def test_without_a_rule_nothing_does() -> None:
    assert passes_alone(loaded(), loaded(**LATER), ACME, REGISTRY) == ""


COMPUTE = "- {kind: repo, name: growth-churn-prediction}\n- {kind: compute, name: growth-x, size: %s}"


@pytest.mark.parametrize(
    ("was", "becomes", "rules"),
    [
        ({}, {}, {}),
        ({}, {"expires": "None"}, {}),
        ({}, LATER, {"changes": ("purpose",)}),
        ({}, LATER | {"business_owner": "li.wei@acme.example"}, {}),
        ({}, {"members": "[li.wei@acme.example]"}, {"changes": ("members",)}),
        ({}, {"data_classification": "public"}, {"changes": ("data_classification",)}),
        ({}, {"lifecycle": "retiring"}, {"changes": ("lifecycle",)}),
        ({"lifecycle": "retiring"}, {"lifecycle": "active"}, {"changes": ("lifecycle",)}),
        ({"lifecycle": "retired"}, LATER | {"lifecycle": "retired"}, {}),
        ({}, {"requested_by": "{slack: U0JANEDOE, github: janed}"}, {"changes": ("requested_by",)}),
        ({"environment": "prod"}, LATER | {"environment": "prod"}, {}),
        ({"data_classification": "restricted"}, LATER | {"data_classification": "restricted"}, {}),
        ({}, {"resources": "- {kind: repo, name: growth-churn-prediction}"}, {}),
        ({}, {"resources": (COMPUTE % "small") + "\n- {kind: repo, name: growth-more}"}, {}),
        ({}, {"resources": (COMPUTE % "small").replace("growth-x", "growth-y")}, {"changes": ("name",)}),
        ({}, {"resources": COMPUTE % "medium"}, {}),
    ],
)
def test_nothing_else_does(was: dict[str, str], becomes: dict[str, str], rules: dict[str, Any]) -> None:
    assert found(was, becomes, rule(**rules)) == ""


def test_the_cost_does_not_rise_but_to_what_the_rule_says() -> None:
    small, medium = {"resources": COMPUTE % "small"}, {"resources": COMPUTE % "medium"}
    assert found(medium, small) == "longer"
    assert found(small, medium) == ""
    assert found(small, medium, rule(max_monthly_cost=2500)) == "longer"
    assert found(small, medium, rule(max_monthly_cost=1)) == ""
    assert found(medium, small, rule(max_monthly_cost=1)) == "", "it is still too dear to pass alone"


def test_what_somebody_agreed_to_is_not_carried_on_without_them() -> None:
    exception = "[{rule: lifetime, reason: It is old and has to last., approver: petra-v, until: 2027-01-01}]"
    assert found({"exceptions": exception}, LATER | {"exceptions": exception}) == ""
    assert found({"exceptions": exception}, LATER) == ""
    ignored = "[{resource: compute/growth-x, until: 2026-12-31, reason: It is larger for now.}]"
    assert found({"drift_ignored": ignored}, LATER | {"drift_ignored": ignored}) == ""
