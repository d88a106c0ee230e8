"""What the policy says of review: its bounds, and whom and what it may name."""

from __future__ import annotations

import pytest

from gitops.errors import InvalidRequest
from gitops.policy_review import BreakGlass, PassesAlone, ReviewRules, harmless
from gitops.policyfile import Policy, examine, load_policy
from handlers import registry
from tests.support.language import POLICY

REGISTRY = registry()
SAMPLE = POLICY.read_text("utf-8")
ALONE = "{id: longer, changes: [expires], environments: [dev], classifications: [internal]}"


def with_review(text: str, sample: str = SAMPLE) -> Policy:
    return load_policy(f"{sample}review:\n  {text}\n".encode(), registry=REGISTRY)


def said(text: str, sample: str = SAMPLE) -> list[tuple[str, str]]:
    raw = f"{sample}review:\n  {text}\n".encode()
    return [(one.place.path, one.message) for one in examine(raw, registry=REGISTRY)[1]]


def test_without_the_section() -> None:
    assert load_policy(SAMPLE.encode()).review == ReviewRules()
    assert ReviewRules().plan_valid_days == 7
    assert ReviewRules().break_glass is None


def test_a_whole_section() -> None:
    glass = "break_glass: {people: [petra-v], alert: C024BE7LR}"
    found = with_review(f"plan_valid_days: 3\n  {glass}\n  passes_alone: [{ALONE}]").review
    assert found.plan_valid_days == 3
    assert found.break_glass is not None
    assert (found.break_glass.people, found.break_glass.alert, found.break_glass.count) == (
        ("petra-v",),
        "C024BE7LR",
        1,
    )
    assert found.passes_alone[0].changes == ("expires",)


@pytest.mark.parametrize(
    "text",
    [
        "plan_valid_days: 0",
        "plan_valid_days: 91",
        "break_glass: {people: []}",
        "break_glass: {people: [petra-v], alert: '#alerts'}",
        "break_glass: {people: [petra-v], count: 0}",
        "break_glass: {people: ['petra-v[bot]']}",
        "passes_alone: [{id: longer, changes: [], environments: [dev], classifications: [internal]}]",
        "passes_alone: [{id: longer, changes: [expires], environments: [], classifications: [internal]}]",
        "passes_alone: [{id: longer, changes: [expires], environments: [dev], classifications: []}]",
        "passes_alone: [{changes: [expires], environments: [dev], classifications: [internal]}]",
    ],
)
def test_what_is_no_such_section(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        with_review(text)
    assert all(one.place.path.startswith("review.") for one in caught.value.findings)


def test_who_breaks_the_glass_is_known_and_they_are_enough() -> None:
    assert said("break_glass: {people: [petra-v, petra-w]}") == [
        ("review.break_glass.people[1]", "petra-w may break the glass and is not among the people.")
    ]
    assert said("break_glass: {people: [petra-v], count: 2}")[0][0] == "review.break_glass.count"
    assert said("break_glass: {people: [petra-v, sam-o], count: 2}") == []


@pytest.mark.parametrize(
    "name",
    ["members", "technical_owner", "grants", "name", "team", "requested_by", "lifecycle", "topics"],
)
def test_nothing_risky_passes_alone(name: str) -> None:
    text = ALONE.replace("expires", name)
    assert said(f"passes_alone: [{text}]") == [
        ("review.passes_alone[0].changes[0]", f"An edit of {name} cannot pass without an approval.")
    ]


def test_rules_that_let_pass_do_not_contradict_the_rest() -> None:
    twice = said(f"passes_alone: [{ALONE}, {ALONE}]")
    assert twice == [("review.passes_alone[1].id", "Two rules are called longer.")]
    dear = ALONE.replace("}", ", max_monthly_cost: 2501}")
    assert said(f"passes_alone: [{dear}]")[0][0] == "review.passes_alone[0].max_monthly_cost"
    assert said(f"passes_alone: [{dear.replace('2501', '2500')}]") == []
    asks = SAMPLE.replace("approvals_for_change:\n", "approvals_for_change:\n  expires: {from: [team]}\n")
    assert asks != SAMPLE
    assert said(f"passes_alone: [{ALONE}]", asks) == [
        (
            "review.passes_alone[0].changes[0]",
            "approvals_for_change asks for approvals of an edit of expires.",
        )
    ]


def test_of_the_real_kinds_only_single_values_that_give_nobody_anything() -> None:
    found = set(harmless(REGISTRY))
    assert {"expires", "purpose", "cost_center", "auto_stop_minutes", "size", "comment"} <= found
    assert not found & {"grants", "access", "members", "catalog", "schema", "visibility", "libraries", "tags"}
    assert not found & {"name", "team", "environment", "kind", "technical_owner", "business_owner"}
    assert "revision" not in found, "it is there to have a plan approved anew"


# --- people with several accounts

ROW = "slack: U0PETRAVO, github: petra-v, team: ml-platform}"


def with_also(also: str) -> str:
    assert SAMPLE.count(ROW) == 1
    return SAMPLE.replace(ROW, ROW.replace("}", f", also: {also}}}"))


def test_every_login_leads_to_the_same_person() -> None:
    policy = load_policy(with_also("[petra-priv, pv-admin]").encode())
    petra = policy.person(github="petra-v")
    assert petra is not None
    assert petra.logins == ("petra-v", "petra-priv", "pv-admin")
    assert policy.person(github="Petra-Priv") is petra


@pytest.mark.parametrize("also", ["[sam-o]", "[petra-v]", "[Petra-V]", "[x-y, LiWei]"])
def test_an_account_belongs_to_one_person(also: str) -> None:
    (found,) = examine(with_also(also).encode())[1]
    assert found.place.path.startswith("people[6].also[")
    assert "is listed twice" in found.message


def test_two_people_do_not_share_a_further_account() -> None:
    raw = with_also("[both]").replace(
        "slack: U0SAMOKAF, github: sam-o,", "also: [both], slack: U0SAMOKAF, github: sam-o,"
    )
    assert [one.place.path for one in examine(raw.encode())[1]] == ["people[6].also[0]"]


# --- the page about it


def test_the_section_on_the_page_works() -> None:
    page = (POLICY.parents[1] / "docs" / "policy.md").read_text("utf-8")
    (block,) = [part.split("```")[0] for part in page.split("```yaml\n")[1:] if part.startswith("review:")]
    assert [one.message for one in examine(f"{SAMPLE}{block}".encode(), registry=REGISTRY)[1]] == []
    fields = {*ReviewRules.__struct_fields__, *BreakGlass.__struct_fields__, *PassesAlone.__struct_fields__}
    assert {name for name in fields if f"`{name}`" not in page and f"{name}:" not in page} == set()
