"""The policy: reading it, judging requests by it, and whose approval they need."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.envelope import Metadata
from gitops.errors import InvalidRequest
from gitops.finding import Finding, Severity
from gitops.policy import Policy, approvals, judge, judge_all, load_policy
from gitops.request import Loaded
from gitops.vocabulary import CLASSIFICATIONS, ENVIRONMENTS, SIZES, OptionalField
from tests.support.language import POLICY, REGISTRY, TODAY, changed_policy, loaded, policy

ACME = policy()


def judged(loaded: Loaded, policy: Policy = ACME, today: date = TODAY) -> list[Finding]:
    return judge(loaded, policy, REGISTRY, today=today)


def errors(loaded: Loaded, policy: Policy = ACME, today: date = TODAY) -> list[str]:
    return [item.rule for item in judged(loaded, policy, today) if item.severity is Severity.ERROR]


def rules(loaded: Loaded, policy: Policy = ACME) -> dict[str, tuple[int, set[str]]]:
    return {rule.id: (rule.count, set(rule.approvers)) for rule in approvals(loaded, policy, REGISTRY)}


# --- the file


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
    assert ACME.defaults_for("repo") == {"visibility": "internal"}
    assert ACME.defaults_for("bucket") == {}


def test_a_team_may_have_fewer_catalogs() -> None:
    narrow = changed_policy(
        (
            "    approvers: [omar-f]\n",
            "    approvers: [omar-f]\n    catalogs: [analytics_dev, analytics_stg, analytics_prod]\n",
        )
    )
    assert narrow.catalogs_for("supply", "dev") == ("analytics_dev",)


@pytest.mark.parametrize(
    ("environment", "classification", "expected"),
    [
        ("dev", "internal", ("medium", True, None)),
        ("prod", "public", ("xl", True, None)),
        ("prod", "restricted", ("xl", False, "private")),
        ("moon", "internal", ("xs", False, None)),
    ],
)
def test_bounds(environment: str, classification: str, expected: tuple[str, bool, str | None]) -> None:
    found = ACME.limits_of(environment, classification)
    assert (found.max_size, found.gpu, found.visibility) == expected


@given(st.sampled_from(ENVIRONMENTS), st.sampled_from(CLASSIFICATIONS))
def test_a_classification_never_widens(environment: str, classification: str) -> None:
    open_, strict = ACME.limits_of(environment, "public"), ACME.limits_of(environment, classification)
    assert SIZES.index(strict.max_size) <= SIZES.index(open_.max_size)
    assert strict.gpu <= open_.gpu


@pytest.mark.parametrize("name", ["pickle5", "Pickle5", "insecure_package", "Insecure.Package"])
def test_libraries_are_denied_in_any_spelling(name: str) -> None:
    assert ACME.library_denied(name)
    assert not ACME.library_denied("pandas")


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ("approvers: [nadia-k]", "approvers: [nobody]", "teams.growth.approvers[0]"),
        ("{dev: analytics_dev, staging", "{dev: analytics_prod, staging", "default_catalog.supply.dev"),
        ("from: [team, ml-platform]", "from: [team, platform]", "environments.prod.approvals.from[1]"),
        ("approval_fallback: [ml-platform, risk]", "approval_fallback: [x-team]", "approval_fallback[0]"),
        ('default: "{name_}"', 'default: "{nam}"', "naming.schema.default"),
        ("approvals_above: 2500", "approvals_above: 25000", "monthly_cost.approvals_above"),
        ("slack: U0JANEDOE", "slack: U024BE7LH", "people[1].slack"),
        ("github: omar-f, team: supply", "github: omar-f, team: supplies", "people[5].team"),
    ],
)
def test_what_a_policy_refers_to_exists(before: str, after: str, path: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        changed_policy((before, after))
    (found,) = caught.value.findings
    assert found.rule == "policy-reference"
    assert found.place.path == path
    assert found.place.line > 1
    assert found.hint


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
    ],
)
def test_a_policy_that_is_not_well_formed(before: str, after: str, rule: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        changed_policy((before, after))
    assert rule in {found.rule for found in caught.value.findings}
    assert all(found.place.line for found in caught.value.findings)


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ("  schema: {default", "  schemas: {default", "naming.schemas"),
        ("    repo: [scaffold]", "    repo: [scafold]", "defaults.with.repo[0]"),
        ("    repo: [scaffold]", "    repos: [scaffold]", "defaults.with.repos"),
        ("    repo: {visibility: internal}", "    rep: {visibility: internal}", "defaults.fields.rep"),
        ("    repo: {visibility: internal}", "    repo: {visible: internal}", "defaults.fields.repo.visible"),
    ],
)
def test_kinds_are_checked_by_a_registry(before: str, after: str, path: str) -> None:
    kinds = {**REGISTRY, "schema": REGISTRY["repo"]}
    text = re.sub(r"compute: \{type: .*\}", "compute: {size: small}", POLICY.read_text())
    load_policy(text.encode(), registry=kinds)
    assert text.count(before) == 1
    with pytest.raises(InvalidRequest) as caught:
        load_policy(text.replace(before, after).encode(), registry=kinds)
    (found,) = caught.value.findings
    assert (found.rule, found.place.path) == ("policy-reference", path)


def test_no_team_is_called_team() -> None:
    with pytest.raises(InvalidRequest) as caught:
        changed_policy(("  growth:\n    github_team", "  team:\n    github_team"))
    assert "teams.team" in {found.place.path for found in caught.value.findings}


def test_what_may_be_required_is_what_is_optional() -> None:
    optional = {name for name, info in Metadata.model_fields.items() if not info.is_required()}
    assert optional - {"lifecycle"} == set(get_args(OptionalField))


def test_a_policy_with_a_section_missing() -> None:
    with pytest.raises(InvalidRequest) as caught:
        load_policy(b"organisation: acme\n")
    assert {found.rule for found in caught.value.findings} == {"policy-schema-missing"}


# --- judging


def test_a_good_request_has_no_findings() -> None:
    assert judged(loaded()) == []


@pytest.mark.parametrize(
    ("changes", "rule", "path"),
    [
        (
            {"team": "marketing", "resources": "- {kind: repo, name: marketing-x}"},
            "team-known",
            "metadata.team",
        ),
        ({"expires": "None"}, "required-field", "metadata.expires"),
        ({"environment": "prod", "cost_center": "None"}, "required-field", "metadata.cost_center"),
        ({"expires": "2026-11-23"}, "expiry-past", "metadata.expires"),
        ({"expires": "2027-05-23"}, "lifetime", "metadata.expires"),
        (
            {"requested_by": "{slack: U024BE7LH, github: janed}"},
            "requester-one-person",
            "metadata.requested_by",
        ),
        (
            {"requested_by": "{slack: U024BE7LH}"},
            "requester-one-person",
            "metadata.requested_by",
        ),
        (
            {"requested_by": "{slack: U0MALLORY, github: janed}"},
            "requester-one-person",
            "metadata.requested_by",
        ),
        ({"resources": "- {kind: repo, name: risk-x}"}, "naming", "resources[0].name"),
        ({"resources": "- {kind: compute, name: growth-x, size: xl}"}, "compute-size", "resources[0].size"),
        (
            {
                "data_classification": "restricted",
                "resources": "- {kind: compute, name: growth-x, size: xs, gpu: true}",
            },
            "compute-size",
            "resources[0].gpu",
        ),
        (
            {
                "environment": "prod",
                "resources": "- {kind: compute, name: growth-x, size: xl, gpu: true, max_workers: 50}",
            },
            "monthly-cost",
            "resources",
        ),
    ],
)
def test_what_policy_refuses(changes: dict[str, str], rule: str, path: str) -> None:
    found = [item for item in judged(loaded(**changes)) if item.severity is Severity.ERROR]
    assert [(item.rule, item.place.path) for item in found] == [(rule, path)]
    assert found[0].place.line > 0


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"business_owner": "somebody@acme.example"}, "person-known"),
        ({"members": "[somebody@acme.example]"}, "person-known"),
        ({"requested_by": "{slack: U0UNKNOWN}"}, "requester-known"),
        ({"cost_center": "CC-9000"}, "cost-center"),
    ],
)
def test_what_policy_only_warns_of(changes: dict[str, str], rule: str) -> None:
    (found,) = judged(loaded(**changes))
    assert (found.rule, found.severity) == (rule, Severity.WARNING)


def test_the_last_day_that_is_allowed() -> None:
    assert errors(loaded(expires=str(TODAY + timedelta(days=180)))) == []
    assert errors(loaded(expires=str(TODAY + timedelta(days=181)))) == ["lifetime"]
    assert errors(loaded(expires=str(TODAY + timedelta(days=1)))) == []


def test_no_lifetime_in_production() -> None:
    assert errors(loaded(environment="prod", expires="2099-01-01")) == []


def test_an_environment_that_the_policy_lacks() -> None:
    text = POLICY.read_text()
    start, end = text.index("  staging:\n    max_size"), text.index("  prod:\n    max_size")
    without = load_policy((text[:start] + text[end:]).encode())
    assert "environment-known" in errors(loaded(environment="staging"), without)


def test_retiring_is_never_refused_for_what_it_was() -> None:
    assert (
        judged(loaded(lifecycle="retiring", expires="2020-01-01", resources="- {kind: repo, name: zzz}"))
        == []
    )
    assert errors(loaded(lifecycle="retiring", team="gone")) == ["team-known"]


def test_all_findings_at_once_in_the_order_of_the_file() -> None:
    found = judged(loaded(team="marketing", expires="None", business_owner="x@y.example"))
    assert [item.rule for item in found] == [
        "required-field",
        "team-known",
        "person-known",
        "naming",
        "naming",
    ]


@given(
    st.sampled_from(["dev", "staging", "prod"]),
    st.sampled_from(CLASSIFICATIONS),
    st.sampled_from(SIZES),
    st.booleans(),
    st.sampled_from(["growth", "risk", "ml-platform", "marketing"]),
    st.dates(date(2020, 1, 1), date(2040, 1, 1)),
)
def test_judging_never_raises_and_adding_never_widens(
    environment: str, classification: str, size: str, gpu: bool, team: str, expires: date
) -> None:
    common = {
        "environment": environment,
        "data_classification": classification,
        "team": team,
        "expires": str(expires),
    }
    one = f"- {{kind: compute, name: {team}-x, size: {size}, gpu: {str(gpu).lower()}}}"
    less = errors(loaded(**common, resources=one))
    more = errors(
        loaded(**common, resources=f"{one}\n- {{kind: repo, name: {team}-y}}", members="[x@y.example]")
    )
    assert set(less) <= set(more)


# --- approvals


def test_one_of_the_team_in_dev() -> None:
    assert rules(loaded()) == {"environment-dev": (1, {"nadia-k"})}


def test_two_in_production_with_every_group_represented() -> None:
    assert rules(loaded(environment="prod", resources="- {kind: repo, name: growth-x}")) == {
        "environment-prod-growth": (1, {"nadia-k"}),
        "environment-prod-ml-platform": (1, {"petra-v", "sam-o"}),
        "environment-prod": (2, {"nadia-k", "petra-v", "sam-o"}),
    }


@pytest.mark.parametrize("classification", ["confidential", "restricted"])
def test_classified_data_asks_the_risk_team(classification: str) -> None:
    found = rules(loaded(data_classification=classification))
    assert found[f"classification-{classification}"] == (1, {"tomas-b", "irene-w"})


def test_what_is_expensive_asks_the_platform_team() -> None:
    found = rules(loaded(resources="- {kind: compute, name: growth-x, size: medium, max_workers: 10}"))
    assert found["cost"] == (1, {"petra-v", "sam-o"})


def test_nobody_approves_their_own_request() -> None:
    found = rules(
        loaded(
            team="risk", requested_by="{slack: U0TOMASBL, github: TOMAS-B}", data_classification="restricted"
        )
    )
    assert found == {"environment-dev": (1, {"irene-w"}), "classification-restricted": (1, {"irene-w"})}


def test_leaving_the_login_out_makes_nobody_their_own_approver() -> None:
    found = rules(loaded(team="risk", requested_by="{slack: U0TOMASBL}"))
    assert found == {"environment-dev": (1, {"irene-w"})}


def test_others_stand_in_where_the_requester_is_the_only_approver() -> None:
    found = rules(loaded(requested_by="{slack: U0NADIAKA, github: nadia-k}"))
    assert found == {"environment-dev": (1, {"petra-v", "sam-o"})}


def test_one_team_asked_twice_is_one_rule() -> None:
    found = rules(
        loaded(
            team="ml-platform",
            environment="prod",
            requested_by="{slack: U0SAMOKAF, github: sam-o}",
            resources="- {kind: repo, name: ml-platform-x}",
        )
    )
    assert found == {"environment-prod": (2, {"petra-v", "tomas-b", "irene-w"})}


def test_an_unknown_team_has_no_approvers() -> None:
    assert rules(loaded(team="marketing"))["environment-dev"] == (1, set())


def test_a_request_nobody_could_approve_is_a_finding() -> None:
    strict = changed_policy(("approval_fallback: [ml-platform, risk]", "approval_fallback: []"))
    assert errors(loaded(requested_by="{slack: U0NADIAKA, github: nadia-k}"), strict) == [
        "approvals-possible"
    ]


@given(
    st.sampled_from(["dev", "staging", "prod"]),
    st.sampled_from(CLASSIFICATIONS),
    st.sampled_from(ACME.people),
)
def test_the_requester_is_never_an_approver(environment: str, classification: str, person: object) -> None:
    by = f"{{slack: {person.slack}, github: {person.github}}}"  # type: ignore[attr-defined]
    request = loaded(
        environment=environment, data_classification=classification, requested_by=by, team=person.team
    )  # type: ignore[attr-defined]
    for rule in approvals(request, ACME, REGISTRY):
        assert person.github not in rule.approvers  # type: ignore[attr-defined]
        assert len(rule.approvers) >= rule.count


# --- all requests together


def test_a_resource_belongs_to_one_request() -> None:
    mine, other = loaded(), loaded(name="other")
    found = judge_all([mine, other], ACME, REGISTRY, today=TODAY)
    claims = [item for item in found if item.rule == "resource-claimed"]
    assert len(claims) == 4
    assert "dev/growth/other" in claims[0].message
    assert judge_all([mine, loaded(name="other", lifecycle="retired")], ACME, REGISTRY, today=TODAY) == []


def test_quotas() -> None:
    small = changed_policy(
        (
            "    approvers: [nadia-k]\n",
            "    approvers: [nadia-k]\n    quota: {open_requests: 1, monthly_cost: 10}\n",
        )
    )
    requests = [loaded(), loaded(name="other", resources="- {kind: repo, name: growth-other}")]
    found = judge_all(requests, small, REGISTRY, today=TODAY)
    assert [item.rule for item in found] == ["quota-cost", "quota-requests"]
    assert small.teams["growth"].quota.monthly_cost == Decimal(10)
    assert judge_all(requests, ACME, REGISTRY, today=TODAY) == []
