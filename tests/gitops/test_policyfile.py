"""The policy file as a value: what it says, and what is refused about its shape."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import get_args

import pytest

from gitops import request, yamlfile
from gitops.envelope import Metadata
from gitops.errors import InvalidRequest
from gitops.model import fields_of
from gitops.policy import judge, load_policy
from gitops.policyfile import (
    BlastRadius,
    EnvironmentRules,
    ExceptionRules,
    MonthlyCost,
    OwnRule,
    Policy,
    Team,
)
from gitops.vocabulary import OptionalField
from tests.support.language import POLICY, REGISTRY, changed_policy, loaded, policy

ACME = policy()


def test_the_sample_policy() -> None:
    assert ACME.organisation == "acme"
    assert list(ACME.teams) == ["growth", "risk", "supply", "ml-platform"]
    assert len(ACME.people) == 8
    person = ACME.person(slack="U024BE7LH")
    assert person is not None
    assert person == ACME.person(github="LiWei") == ACME.person(email="LI.WEI@acme.example")
    assert ACME.person(slack="U0NOBODY") is None


def test_catalogs_and_names() -> None:
    assert ACME.catalogs_for("growth", "dev") == ("ml_dev", "analytics_dev", "risk_dev")
    assert ACME.catalogs_for("marketing", "dev") == ("ml_dev", "analytics_dev", "risk_dev")
    assert ACME.catalogs_for("growth", "moon") == ()
    assert ACME.default_catalog_for("supply", "staging") == "analytics_stg"
    assert ACME.default_catalog_for("marketing", "dev") is None
    names = {"team": "growth", "name": "win-back", "environment": "dev"}
    assert ACME.default_name("repo", **names) == "growth-win-back"
    assert ACME.default_name("schema", **names) == "win_back"
    assert ACME.default_name("compute", **names) == "growth-win-back-dev"
    assert ACME.default_name("bucket", **names) is None
    assert ACME.name_pattern("repo", **names) == "growth-*"
    assert ACME.name_pattern("schema", **names) is None
    assert ACME.defaults_for("repo", names) == {"visibility": "internal"}
    assert ACME.defaults_for("bucket", names) == {}


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("max_size: medium", "max_sizes: medium", "policy-schema-unknown"),
        ("cloud: azure", "cloud: azzure", "policy-schema"),
        ("count: 2", "count: 0", "policy-schema"),
        ("required: [cost_center]", "required: [cost_centre]", "policy-schema"),
        ("currency: EUR\n", "currency: XXX\n", "policy-schema"),
        ("refuse_above: 20000", "refuse_above: lots", "policy-schema"),
        ("email: li.wei@acme.example", "email: li.wei", "policy-schema"),
        ("  prod: [ml_prod", "  production: [ml_prod", "policy-schema"),
        ("- id: acme-gpu-end-date", "- id: GPU end date", "policy-schema"),
        ("  max_days: 90", "  max_days: for ever", "policy-schema"),
    ],
)
def test_a_policy_that_is_not_well_formed(before: str, after: str, rule: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        changed_policy((before, after))
    assert rule in {found.rule for found in caught.value.findings}
    assert all(found.place.line for found in caught.value.findings)


def test_a_slip_is_suggested() -> None:
    with pytest.raises(InvalidRequest) as caught:
        changed_policy(("    max_size: medium", "    max_szie: medium"))
    (found,) = caught.value.findings
    assert found.hint == "Did you mean max_size?"
    assert found.place.column == 5


def test_what_may_be_required_is_what_is_optional() -> None:
    optional = {name for name, info in fields_of(Metadata).items() if not info.required}
    assert optional - {"lifecycle", "exceptions", "drift_ignored", "revision"} == set(get_args(OptionalField))


def test_a_policy_with_a_section_missing() -> None:
    with pytest.raises(InvalidRequest) as caught:
        load_policy(b"organisation: acme\n")
    assert {found.rule for found in caught.value.findings} == {"policy-schema-missing"}


def test_an_organisation_may_bring_its_own_prices() -> None:
    own = 'prices: {source: Our contract, date: 2026-01-01, dbu_rates: {jobs: "0.11"}}\n'
    found = changed_policy(("naming:\n", f"{own}naming:\n"))
    assert ACME.price_book.rate("jobs").value != Decimal("0.11")
    assert found.price_book.rate("jobs").value == Decimal("0.11")
    (desired, *_) = request.desired(loaded(), found)
    assert desired.origin.prices is found.price_book
    with pytest.raises(InvalidRequest) as caught:
        changed_policy(("naming:\n", own.replace("0.11", "-3") + "naming:\n"))
    (wrong,) = caught.value.findings
    assert (wrong.rule, wrong.place.path) == ("policy-prices", "prices.dbu_rates.jobs")


# --- the page about it

PAGE = (POLICY.parents[1] / "docs" / "policy.md").read_text("utf-8")


def test_the_page_knows_every_key() -> None:
    models = (Policy, Team, EnvironmentRules, ExceptionRules, OwnRule, BlastRadius, MonthlyCost)
    keys = {key for model in models for key in model.__struct_encode_fields__}
    missing = {key for key in keys if f"`{key}" not in PAGE and f"{key}:" not in PAGE}
    assert not missing


def test_its_own_rule_and_its_exceptions_work() -> None:
    blocks = [block.split("```")[0] for block in PAGE.split("```yaml\n")[1:]]
    (rules,) = [block for block in blocks if block.startswith("rules:")]
    (who,) = [block for block in blocks if block.startswith("exceptions:")]
    (recorded,) = [block for block in blocks if block.startswith("metadata:")]
    text = POLICY.read_text()
    text = text[: text.index("rules:\n- id: acme")] + rules + text[text.index("# --- People ---") :]
    text = text[: text.index("exceptions:\n  app")] + who + text[text.index("# --- Who stands in ---") :]
    found = load_policy(text.encode())
    assert found.rules[0].id == "acme-gpu-end-date"
    assert found.exceptions is not None
    assert found.exceptions.never == ("compute-library",)
    entry = yamlfile.load(recorded.encode(), "page").data["metadata"]["exceptions"]
    request_ = loaded(expires="2027-12-31", exceptions=json.dumps(entry))
    (finding,) = judge(request_, found, REGISTRY, today=date(2026, 12, 15))
    assert finding.excepted == "Excepted until 2027-03-01 by petra-v: The audit runs until December."
