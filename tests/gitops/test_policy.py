"""Judging a request by the policy."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.finding import Finding, Severity
from gitops.policy import Policy, judge, load_policy
from gitops.request import Loaded
from gitops.vocabulary import CLASSIFICATIONS, SIZES
from tests.support.language import POLICY, REGISTRY, TODAY, changed_policy, loaded, policy

ACME = policy()


def judged(loaded: Loaded, policy: Policy = ACME, today: date = TODAY) -> list[Finding]:
    return judge(loaded, policy, REGISTRY, today=today)


def errors(loaded: Loaded, policy: Policy = ACME, today: date = TODAY) -> list[str]:
    return [item.rule for item in judged(loaded, policy, today) if item.severity is Severity.ERROR]


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


def test_a_request_nobody_could_approve_is_a_finding() -> None:
    strict = changed_policy(("approval_fallback: [ml-platform, risk]", "approval_fallback: []"))
    assert errors(loaded(requested_by="{slack: U0NADIAKA, github: nadia-k}"), strict) == [
        "approvals-possible"
    ]
