"""The gate: what counts, what does not and why, and laws that hold whatever the reviews are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from gitops.approval import UNLINKED, ApprovalRule
from gitops.gate import UNKNOWN_AUTHOR, Discount, Facts, Outcome, Review, judge, request_files, standing

HEAD = "a" * 40
OLD = "b" * 40
PATH = "requests/dev/growth/churn.yaml"
TEAM = ApprovalRule("environment-dev", 1, frozenset({"nadia-k", "omar-f"}), "The environment dev")
PLATFORM = ApprovalRule("cost", 1, frozenset({"petra-v", "sam-o"}), "A monthly cost above 2,500 EUR")


def approval(login: str, commit: str = HEAD, state: str = "APPROVED") -> Review:
    return Review(login=login, state=state, commit_sha=commit, submitted_at="2026-11-21T06:00:00+00:00")


def facts(*reviews: Review, **more: Any) -> Facts:
    given = {
        "requester_github": "liwei",
        "author": "lakeport[bot]",
        "head_sha": HEAD,
        "rules": (TEAM,),
        "reviews": reviews,
        "writers": frozenset({"nadia-k", "omar-f", "petra-v", "sam-o", "liwei"}),
        "files_touched": (PATH,),
        "bot_logins": frozenset({"lakeport[bot]"}),
        "commit_authors": frozenset({"lakeport[bot]"}),
    }
    return Facts(**given | more)


def test_one_right_approval_on_the_head_opens_it() -> None:
    verdict = judge(facts(approval("nadia-k")))
    assert (verdict.outcome, verdict.passed, verdict.conclusion) == (Outcome.OPEN, True, "success")
    assert verdict.counted == ("nadia-k",)
    assert verdict.sentences == ("Approved by nadia-k.",)


def test_without_one_it_says_who_and_why() -> None:
    verdict = judge(facts())
    assert (verdict.outcome, verdict.passed, verdict.conclusion) == (
        Outcome.MISSING_APPROVALS,
        False,
        "failure",
    )
    assert verdict.sentences == ("The environment dev asks for one more approval, from nadia-k or omar-f.",)
    assert [(one.rule, one.count, one.who) for one in verdict.missing] == [
        ("environment-dev", 1, ("nadia-k", "omar-f"))
    ]


@pytest.mark.parametrize(
    ("login", "more", "reason"),
    [
        ("liwei", {"rules": (structs.replace(TEAM, approvers=frozenset({"liwei"})),)}, Discount.OWN_REQUEST),
        ("LiWei", {"rules": (structs.replace(TEAM, approvers=frozenset({"liwei"})),)}, Discount.OWN_REQUEST),
        ("nadia-k", {"requester_github": "Nadia-K"}, Discount.OWN_REQUEST),
        ("nadia-k", {"author": "NADIA-K"}, Discount.AUTHOR),
        ("nadia-k", {"commit_authors": frozenset({"Nadia-k"})}, Discount.COMMITTER),
        ("renovate[bot]", {}, Discount.BOT),
        ("nadia-k", {"bot_logins": frozenset({"Nadia-K"})}, Discount.BOT),
        ("mallory", {}, Discount.NOT_AN_APPROVER),
        ("petra-v", {}, Discount.NOT_AN_APPROVER),
        ("nadia-k", {"writers": frozenset()}, Discount.NO_WRITE_ACCESS),
    ],
)
def test_an_approval_that_does_not_count_is_named_with_its_reason(
    login: str, more: dict[str, Any], reason: Discount
) -> None:
    verdict = judge(facts(approval(login), **more))
    assert verdict.outcome is Outcome.MISSING_APPROVALS
    assert [(one.login, one.reason) for one in verdict.ignored] == [(login, reason)]
    assert verdict.sentences[-1].startswith(f"The approval of {login} does not count: ")


def test_an_approval_of_another_commit_does_not_count() -> None:
    verdict = judge(facts(approval("nadia-k", OLD)))
    assert verdict.outcome is Outcome.MISSING_APPROVALS
    assert verdict.ignored[0].reason is Discount.OTHER_COMMIT


def test_an_unknown_head_is_never_approved() -> None:
    assert judge(facts(approval("nadia-k", ""), head_sha="")).outcome is Outcome.MISSING_APPROVALS


def test_logins_are_compared_without_case() -> None:
    verdict = judge(facts(approval("NADIA-K"), writers=frozenset({"Nadia-K"})))
    assert (verdict.outcome, verdict.counted) == (Outcome.OPEN, ("NADIA-K",))


def test_every_rule_has_to_be_satisfied_and_one_person_counts_for_each() -> None:
    rules = (TEAM, PLATFORM)
    assert judge(facts(approval("nadia-k"), rules=rules)).missing[0].rule == "cost"
    assert judge(facts(approval("nadia-k"), approval("petra-v"), rules=rules)).outcome is Outcome.OPEN
    both = (TEAM, structs.replace(PLATFORM, approvers=frozenset({"nadia-k"})))
    assert judge(facts(approval("nadia-k"), rules=both)).outcome is Outcome.OPEN


def test_one_person_is_never_two() -> None:
    two = (structs.replace(TEAM, count=2),)
    verdict = judge(facts(approval("nadia-k"), approval("Nadia-K"), rules=two))
    assert verdict.missing[0].count == 1
    assert verdict.missing[0].who == ("omar-f",)


def test_too_few_people_is_said() -> None:
    rules = (structs.replace(TEAM, count=2, approvers=frozenset({"nadia-k", "liwei"})),)
    sentence = judge(facts(rules=rules)).sentences[0]
    assert sentence.startswith("The environment dev asks for 2 more approvals, from nadia-k.")
    assert "the policy has to name another approver" in sentence


@pytest.mark.parametrize(
    ("more", "rule"),
    [({"requester_github": None}, UNLINKED), ({"unknown_authors": True}, UNKNOWN_AUTHOR)],
)
def test_an_unknown_person_behind_it_asks_for_two(more: dict[str, Any], rule: str) -> None:
    verdict = judge(facts(approval("nadia-k"), **more))
    assert verdict.outcome is Outcome.MISSING_APPROVALS
    assert [(one.rule, one.count, one.who) for one in verdict.missing] == [(rule, 1, ("omar-f",))]
    assert judge(facts(approval("nadia-k"), approval("omar-f"), **more)).outcome is Outcome.OPEN


def test_the_rule_of_the_policy_for_an_unknown_requester_is_not_asked_for_twice() -> None:
    both = structs.replace(PLATFORM, id=UNLINKED, count=2, approvers=TEAM.approvers | PLATFORM.approvers)
    verdict = judge(facts(approval("nadia-k"), rules=(TEAM, both), requester_github=None))
    assert [(one.rule, one.count) for one in verdict.missing] == [(UNLINKED, 1)]
    open_ = judge(facts(approval("nadia-k"), approval("petra-v"), rules=(TEAM, both), requester_github=None))
    assert open_.outcome is Outcome.OPEN


def test_an_unknown_requester_leaves_stricter_rules_as_they_are() -> None:
    three = (structs.replace(TEAM, count=3, approvers=TEAM.approvers | PLATFORM.approvers),)
    verdict = judge(facts(approval("nadia-k"), approval("omar-f"), rules=three, requester_github=None))
    assert [one.rule for one in verdict.missing] == ["environment-dev"]


def test_a_request_for_changes_of_an_approver_closes_it() -> None:
    rules = (TEAM, PLATFORM)
    reviews = (approval("nadia-k"), approval("petra-v"), approval("omar-f", OLD, "CHANGES_REQUESTED"))
    verdict = judge(facts(*reviews, rules=rules))
    assert (verdict.outcome, verdict.conclusion) == (Outcome.CHANGES_REQUESTED, "failure")
    assert verdict.sentences[0].startswith("omar-f asked for changes")


@pytest.mark.parametrize("login", ["mallory", "liwei"])
def test_a_request_for_changes_of_anyone_else_does_not(login: str) -> None:
    reviews = (approval("nadia-k"), approval(login, HEAD, "CHANGES_REQUESTED"))
    assert judge(facts(*reviews)).outcome is Outcome.OPEN


@pytest.mark.parametrize(
    "paths",
    [("gitops/gate.py",), ("requests/policy.yaml",), ("requests/schema.json", "README.md")],
)
def test_code_and_policy_are_none_of_its_business(paths: tuple[str, ...]) -> None:
    verdict = judge(facts(files_touched=paths, rules=()))
    assert (verdict.outcome, verdict.passed, verdict.conclusion) == (Outcome.NOT_A_REQUEST, True, "neutral")


@pytest.mark.parametrize(
    "other",
    ["gitops/gate.py", "requests/policy.yaml", ".github/workflows/apply.yml", "requests/dev/x/y/notes.txt"],
)
def test_a_request_that_touches_anything_else_is_closed_whoever_approves(other: str) -> None:
    verdict = judge(facts(approval("nadia-k"), files_touched=(PATH, other)))
    assert (verdict.outcome, verdict.passed) == (Outcome.TOUCHES_MORE, False)
    assert other in verdict.sentences[1]


def test_of_many_other_files_some_are_named() -> None:
    others = tuple(f"file-{number:03d}" for number in range(500))
    assert "490 more" in judge(facts(files_touched=(PATH, *others))).sentences[1]


@pytest.mark.parametrize(
    "path",
    [
        "requests/Dev/growth/churn.yaml",
        "requests/dev/growth/churn.yml",
        "requests/growth/churn.yaml",
        "requests/churn.yaml",
        "requests/dev/growth/../../../x.yaml",
        "requests/dev/growth/CHURN.yaml",
    ],
)
def test_a_request_in_the_wrong_place_is_invalid(path: str) -> None:
    for paths in ((path,), (PATH, path)):
        verdict = judge(facts(approval("nadia-k"), files_touched=paths))
        assert verdict.outcome is Outcome.INVALID
        assert path in verdict.sentences[0]


@pytest.mark.parametrize(
    "more", [{"problems": ("The file is not valid.",)}, {"rules": ()}, {"files_touched": ()}]
)
def test_what_cannot_be_judged_is_closed(more: dict[str, Any]) -> None:
    verdict = judge(facts(approval("nadia-k"), **more))
    assert (verdict.outcome, verdict.passed, verdict.conclusion) == (Outcome.INVALID, False, "failure")
    assert verdict.sentences


def test_a_list_of_files_that_is_cut_short_is_not_taken_for_code() -> None:
    verdict = judge(facts(files_touched=("gitops/gate.py",), problems=("GitHub names no more files.",)))
    assert verdict.outcome is Outcome.INVALID


def test_request_files_are_those_that_follow_the_path_rule() -> None:
    assert request_files([PATH, "requests/policy.yaml", PATH, "requests/dev/growth/a.yml"]) == (PATH,)


@pytest.mark.parametrize(
    ("states", "stands"),
    [
        (["APPROVED"], "APPROVED"),
        (["APPROVED", "COMMENTED"], "APPROVED"),
        (["APPROVED", "CHANGES_REQUESTED"], "CHANGES_REQUESTED"),
        (["CHANGES_REQUESTED", "APPROVED"], "APPROVED"),
        (["APPROVED", "DISMISSED"], "DISMISSED"),
        (["DISMISSED", "COMMENTED"], "DISMISSED"),
        (["APPROVED", "PENDING"], "APPROVED"),
        (["APPROVED", "SOMETHING_NEW"], "APPROVED"),
    ],
)
def test_the_review_that_stands(states: list[str], stands: str) -> None:
    assert [review.state for review in standing(approval("nadia-k", HEAD, state) for state in states)] == [
        stands
    ]


def test_comments_alone_do_not_stand() -> None:
    assert standing([approval("nadia-k", HEAD, "COMMENTED")]) == ()


# --- laws

LOGINS = ["nadia-k", "omar-f", "petra-v", "sam-o", "liwei", "mallory", "lakeport[bot]"]
reviews = st.lists(
    st.builds(
        approval,
        st.sampled_from(LOGINS),
        st.sampled_from([HEAD, OLD]),
        st.sampled_from(["APPROVED", "CHANGES_REQUESTED", "DISMISSED"]),
    ),
    unique_by=lambda review: review.login,
)
rules = st.lists(
    st.builds(
        ApprovalRule,
        st.sampled_from(["a", "b"]),
        st.integers(1, 3),
        st.frozensets(st.sampled_from(LOGINS)),
        st.just("The policy"),
    ),
    min_size=1,
    max_size=3,
)
worlds = st.builds(
    lambda found, asked, who, writers, unknown: facts(
        *found,
        rules=tuple(asked),
        requester_github=who,
        writers=writers,
        unknown_authors=unknown,
    ),
    reviews,
    rules,
    st.none() | st.sampled_from(LOGINS),
    st.frozensets(st.sampled_from(LOGINS)),
    st.booleans(),
)


@given(worlds)
def test_it_opens_only_by_enough_people_who_may(world: Facts) -> None:
    verdict = judge(world)
    barred = {world.requester_github, world.author, *world.commit_authors}
    good = {
        review.login
        for review in world.reviews
        if review.state == "APPROVED" and review.commit_sha == HEAD and review.login in world.writers
    } - barred
    if verdict.passed:
        assert all(len(good & rule.approvers) >= rule.count for rule in world.rules)
        assert len(good) >= (2 if world.requester_github is None or world.unknown_authors else 1)
    assert set(verdict.counted) <= good


@given(worlds, st.sampled_from(LOGINS))
def test_taking_an_approval_away_never_opens_it(world: Facts, login: str) -> None:
    fewer = replace(
        world,
        reviews=tuple(
            review for review in world.reviews if review.login != login or review.state != "APPROVED"
        ),
    )
    assert judge(world).passed or not judge(fewer).passed


@given(worlds, rules)
def test_another_rule_never_opens_it(world: Facts, more: list[ApprovalRule]) -> None:
    assert judge(world).passed or not judge(replace(world, rules=(*world.rules, *more))).passed


@given(worlds)
def test_a_closed_gate_always_says_why(world: Facts) -> None:
    verdict = judge(world)
    assert verdict.sentences
    assert all(sentence.endswith(".") for sentence in verdict.sentences)


@given(worlds, st.randoms())
def test_the_order_of_reviews_and_rules_does_not_matter(world: Facts, random: Any) -> None:
    found, asked = list(world.reviews), list(world.rules)
    random.shuffle(found)
    random.shuffle(asked)
    other = judge(replace(world, reviews=tuple(found), rules=tuple(asked)))
    assert (other.outcome, other.counted) == (judge(world).outcome, judge(world).counted)
