"""Whose approval a request needs: by its layers, its cost, what is edited, and the exceptions it records."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.amendment import approvals_of_change
from gitops.approval import (
    ADDITION,
    REMOVAL,
    RISKY,
    UNLINKED,
    ApprovalRule,
    approvals,
    changes,
    rules_for_changes,
)
from gitops.policy import Policy, judge
from gitops.policyfile import Person
from gitops.request import Loaded
from gitops.vocabulary import CLASSIFICATIONS
from tests.support.language import REGISTRY, changed_policy, loaded, policy

ACME = policy()


def rules(loaded: Loaded, policy: Policy = ACME) -> dict[str, tuple[int, set[str]]]:
    return {rule.id: (rule.count, set(rule.approvers)) for rule in approvals(loaded, policy, REGISTRY)}


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


@pytest.mark.parametrize("github", ["nadia-k", "nadia-private", "NADIA-PRIVATE"])
def test_nor_with_a_second_account(github: str) -> None:
    """The file names either account, or only the Slack id: all of the person's accounts are out."""
    row = "slack: U0NADIAKA, github: nadia-k, team: growth}"
    also = changed_policy(
        (row, row.replace("}", ", also: [nadia-private]}")),
        ("approvers: [nadia-k]", "approvers: [nadia-private, omar-f]"),
    )
    for by in (
        f"{{slack: U0NADIAKA, github: {github}}}",
        "{slack: U0NADIAKA}",
        f"{{slack: U0STRANGE, github: {github}}}",
    ):
        assert rules(loaded(requested_by=by), also)["environment-dev"] == (1, {"omar-f"})
    by = "{slack: U024BE7LH, github: liwei}"
    assert rules(loaded(requested_by=by), also)["environment-dev"] == (1, {"nadia-private", "omar-f"})


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


def test_two_people_where_nobody_knows_the_requester_on_github() -> None:
    found = rules(loaded(requested_by="{slack: U0STRANGER}"))
    assert found == {
        "environment-dev": (1, {"nadia-k"}),
        UNLINKED: (2, {"nadia-k", "petra-v", "sam-o", "tomas-b", "irene-w"}),
    }
    assert UNLINKED not in rules(loaded(requested_by="{slack: U0STRANGER, github: stranger}"))
    assert UNLINKED not in rules(loaded(requested_by="{slack: U024BE7LH}"))


def test_any_two_who_approve_will_do_for_an_unknown_requester() -> None:
    alone = changed_policy(("approval_fallback: [ml-platform, risk]", "approval_fallback: [ml-platform]"))
    request = loaded(requested_by="{slack: U0STRANGER}", data_classification="restricted")
    found = rules(request, alone)
    assert found[UNLINKED] == (2, {"nadia-k", "petra-v", "sam-o", "tomas-b", "irene-w"})


def test_too_few_people_for_an_unknown_requester_is_a_finding() -> None:
    lonely = changed_policy(("approval_fallback: [ml-platform, risk]", "approval_fallback: []"))
    findings = judge(loaded(requested_by="{slack: U0STRANGER}"), lonely, REGISTRY, today=date(2026, 11, 21))
    assert [one.message for one in findings if one.rule == "approvals-possible"] == [
        "A requester without a known GitHub account needs 2 others to approve; the policy has 1."
    ]


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


@given(
    st.sampled_from(["dev", "staging", "prod"]),
    st.sampled_from(CLASSIFICATIONS),
    st.sampled_from(ACME.people),
)
def test_the_requester_is_never_an_approver(environment: str, classification: str, person: Person) -> None:
    by = f"{{slack: {person.slack}, github: {person.github}}}"
    asked = "[{rule: lifetime, reason: A test., approver: petra-v, until: 2027-01-01}]"
    request = loaded(
        environment=environment,
        data_classification=classification,
        requested_by=by,
        team=person.team,
        exceptions=asked,
    )
    edited = rules_for_changes(("business_owner", "data_classification"), request.request.metadata, ACME)
    for rule in (*approvals(request, ACME, REGISTRY), *edited):
        assert person.github not in rule.approvers
        assert len(rule.approvers) >= rule.count


# --- layers


def test_every_layer_may_ask_for_more() -> None:
    more = changed_policy(
        ("cloud: azure ", "approvals: {from: [ml-platform]}\ncloud: azure "),
        ("    approvers: [nadia-k]\n", "    approvers: [nadia-k]\n    approvals: {from: [risk]}\n"),
    )
    assert rules(loaded(), more) == {
        "organisation": (1, {"petra-v", "sam-o"}),
        "environment-dev": (1, {"nadia-k"}),
        "team-growth": (1, {"tomas-b", "irene-w"}),
    }
    assert "team-growth" not in rules(loaded(team="supply"), more)


# --- edits


def test_an_edit_asks_those_whom_the_policy_names() -> None:
    metadata = loaded().request.metadata
    (rule,) = rules_for_changes(("data_classification", "purpose"), metadata, ACME)
    assert rule == ApprovalRule(
        "change-data_classification",
        1,
        frozenset({"tomas-b", "irene-w"}),
        "An edit of data classification",
    )
    assert rules_for_changes(("purpose", REMOVAL), metadata, ACME) == ()


@pytest.mark.parametrize(("before", "after"), [("restricted", "internal"), ("internal", "restricted")])
def test_another_classification_needs_the_approvers_of_both(before: str, after: str) -> None:
    both = approvals_of_change(
        loaded(data_classification=before), loaded(data_classification=after), ACME, REGISTRY
    )
    assert {rule.id for rule in both} == {
        "environment-dev",
        "classification-restricted",
        "change-data_classification",
    }


def test_sorts_of_edits() -> None:
    sorts = changed_policy(
        (
            "approvals_for_change:\n",
            "approvals_for_change:\n  removal: {count: 2, from: [team, risk]}\n  addition: {from: [team]}\n"
            "  risky: {from: [ml-platform]}\n",
        )
    )
    metadata = loaded().request.metadata
    found = {rule.id: rule.count for rule in rules_for_changes((REMOVAL,), metadata, sorts)}
    assert found == {"change-removal-growth": 1, "change-removal-risk": 1, "change-removal": 2}
    assert [rule.why for rule in rules_for_changes((ADDITION, RISKY), metadata, sorts)] == [
        "A further resource",
        "An edit of who may, where or how visible",
    ]


def test_what_a_policy_can_name_are_the_fields_of_requests() -> None:
    known = changes(REGISTRY)
    assert known[:3] == (REMOVAL, ADDITION, RISKY)
    assert {"business_owner", "members", "access", "size", "visibility"} <= set(known)


# --- exceptions


def _excepted(**more: str) -> str:
    entry = {"rule": "lifetime", "reason": "A test.", "approver": "petra-v", "until": "2027-01-01"} | more
    return f"[{{{', '.join(f'{key}: {value}' for key, value in entry.items())}}}]"


def test_the_person_an_exception_names_has_to_approve() -> None:
    found = approvals(loaded(exceptions=_excepted()), ACME, REGISTRY)
    assert found[-1] == ApprovalRule(
        "exception-lifetime", 1, frozenset({"petra-v"}), "The exception to lifetime"
    )


@pytest.mark.parametrize("approver", ["nadia-k", "mallory", "liwei"])
def test_naming_somebody_else_asks_all_who_may(approver: str) -> None:
    found = rules(loaded(exceptions=_excepted(approver=approver)))
    assert found["exception-lifetime"] == (1, {"petra-v", "sam-o"})


def test_a_rule_survives_json() -> None:
    for rule in approvals(loaded(environment="prod", exceptions=_excepted()), ACME, REGISTRY):
        assert ApprovalRule.from_json(rule.as_json()) == rule
