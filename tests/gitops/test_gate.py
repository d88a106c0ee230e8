"""The gate: what counts, what does not and why, and laws that hold whatever the reviews are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from gitops.approval import UNLINKED, ApprovalRule
from gitops.gate import UNKNOWN_AUTHOR, Discount, Facts, Outcome, judge, request_files, standing
from tests.support.gate import HEAD, OLD, PATH, PLATFORM, TEAM, approval, facts


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


@pytest.mark.parametrize(("seconds", "outcome"), [(1, Outcome.MISSING_APPROVALS), (0, Outcome.OPEN)])
def test_an_approval_before_the_plan_is_there_to_be_read_does_not_count(
    seconds: int, outcome: Outcome
) -> None:
    given = approval("nadia-k")
    since = datetime.fromisoformat(given.submitted_at) + timedelta(seconds=seconds)
    verdict = judge(facts(given, plan_since=since))
    assert verdict.outcome is outcome
    assert [one.reason for one in verdict.ignored] == [Discount.BEFORE_PLAN] * seconds


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


def test_two_accounts_of_one_person_are_one() -> None:
    two = (structs.replace(TEAM, count=2),)
    accounts = {"omar-f": "nadia-k", "nadia-k": "nadia-k"}
    verdict = judge(facts(approval("nadia-k"), approval("omar-f"), rules=two, accounts=accounts))
    assert [(one.rule, one.count, one.who) for one in verdict.missing] == [("environment-dev", 1, ())]
    assert verdict.counted == ("nadia-k",)
    assert [(one.login, one.reason) for one in verdict.ignored] == [("omar-f", Discount.SAME_PERSON)]
    unknown = facts(approval("nadia-k"), approval("omar-f"), requester_github=None, accounts=accounts)
    assert judge(unknown).outcome is Outcome.MISSING_APPROVALS, "one of the two could be the one who asked"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"requester_github": "Nadia-Private"}, Discount.OWN_REQUEST),
        ({"author": "nadia-private"}, Discount.AUTHOR),
        ({"commit_authors": frozenset({"nadia-private"})}, Discount.COMMITTER),
    ],
)
def test_a_second_account_of_who_may_not_approve_may_not_either(
    more: dict[str, Any], reason: Discount
) -> None:
    accounts = {"nadia-private": "nadia-k", "nadia-k": "nadia-k"}
    verdict = judge(facts(approval("nadia-k"), accounts=accounts, **more))
    assert [one.reason for one in verdict.ignored] == [reason]
    assert verdict.missing[0].who == ("omar-f",)


def test_what_each_approval_counts_for() -> None:
    rules = (TEAM, PLATFORM, structs.replace(PLATFORM, id="change-size"))
    verdict = judge(facts(approval("nadia-k"), approval("petra-v"), approval("mallory"), rules=rules))
    assert [(one.login, one.rules, one.commit) for one in verdict.approvals] == [
        ("nadia-k", ("environment-dev",), HEAD),
        ("petra-v", ("cost", "change-size"), HEAD),
    ]
    assert {one.at for one in verdict.approvals} == {"2026-11-21T06:00:00+00:00"}
    assert [(one.rule, one.by, one.lacks) for one in verdict.weighed] == [
        ("environment-dev", ("nadia-k",), 0),
        ("cost", ("petra-v",), 0),
        ("change-size", ("petra-v",), 0),
    ]


def test_a_review_of_a_deleted_account_counts_for_nothing_and_is_named() -> None:
    rules = (structs.replace(TEAM, approvers=frozenset({"ghost"})),)
    verdict = judge(facts(approval("ghost"), rules=rules, writers=frozenset({"ghost"})))
    assert verdict.outcome is Outcome.MISSING_APPROVALS
    assert [one.reason for one in verdict.ignored] == [Discount.DELETED_ACCOUNT]
    assert verdict.missing[0].who == ()


def test_a_pull_request_of_a_deleted_account_may_be_anybodys() -> None:
    assert not judge(facts(approval("nadia-k"), author="ghost")).passed
    assert judge(facts(approval("nadia-k"), approval("omar-f"), author="ghost")).passed


def test_a_dismissed_approval_is_none() -> None:
    assert judge(facts(approval("nadia-k", HEAD, "DISMISSED"))).outcome is Outcome.MISSING_APPROVALS


def test_the_gate_closes_when_the_branch_is_moved_and_opens_when_it_is_moved_back() -> None:
    """An approval is of one commit; what is pushed over it, by force or not, is another."""
    approved = facts(approval("nadia-k"))
    assert judge(approved).passed
    moved = judge(replace(approved, head_sha=OLD))
    assert not moved.passed
    assert moved.ignored[0].reason is Discount.OTHER_COMMIT
    assert judge(replace(approved, head_sha=HEAD)).passed


@pytest.mark.parametrize("at", ["1999-01-01T00:00:00+00:00", "2999-01-01T00:00:00+00:00", ""])
def test_no_clock_opens_or_closes_it(at: str) -> None:
    review = replace(approval("nadia-k"), submitted_at=at)
    assert judge(facts(review)).outcome is Outcome.OPEN
    assert judge(facts(replace(review, commit_sha=OLD))).outcome is Outcome.MISSING_APPROVALS


# --- what passes without an approval


def test_an_edit_that_the_policy_lets_pass() -> None:
    verdict = judge(facts(passes_alone=("longer",)))
    assert (verdict.outcome, verdict.passed, verdict.conclusion) == (Outcome.PASSES_ALONE, True, "success")
    assert verdict.passes_alone == ("longer",)
    assert verdict.sentences == ("The policy lets this edit pass without an approval: longer.",)


def test_one_that_is_approved_is_approved() -> None:
    verdict = judge(facts(approval("nadia-k"), passes_alone=("longer",)))
    assert (verdict.outcome, verdict.passes_alone) == (Outcome.OPEN, ())


@pytest.mark.parametrize(
    "more",
    [
        {"requester_github": None},
        {"unknown_authors": True},
        {"author": "ghost"},
        {"problems": ("The file is not valid.",)},
        {"unconfirmed": ("It waits.",)},
        {"files_touched": (PATH, "gitops/gate.py")},
        {"reviews": (approval("nadia-k", HEAD, "CHANGES_REQUESTED"),)},
    ],
)
def test_nothing_passes_alone_where_something_is_odd(more: dict[str, Any]) -> None:
    assert not judge(facts(**{"passes_alone": ("longer",), **more})).passed


@pytest.mark.parametrize("approvers", [(), ("nadia-k",)])
def test_what_the_person_has_not_confirmed_waits_whoever_approved(approvers: tuple[str, ...]) -> None:
    approved = tuple(map(approval, approvers))
    verdict = judge(facts(*approved, unconfirmed=("It waits for Li Wei.",)))
    assert (verdict.outcome, verdict.conclusion) == (Outcome.NOT_CONFIRMED, "failure")
    assert verdict.sentences[0] == "It waits for Li Wei."
    assert len(verdict.missing) == 1 - len(approvers)
    against = approval("omar-f", HEAD, "CHANGES_REQUESTED")
    assert judge(facts(*approved, against, unconfirmed=("It waits.",))).outcome is Outcome.CHANGES_REQUESTED


def test_what_a_reviewer_should_know_is_said_at_the_end() -> None:
    assert judge(facts(approval("nadia-k"), notes=("It is odd.",))).sentences[-1] == "It is odd."


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


@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        (("APPROVED", "07"), ("CHANGES_REQUESTED", "06"), "CHANGES_REQUESTED"),
        (("CHANGES_REQUESTED", "07"), ("APPROVED", "06"), "CHANGES_REQUESTED"),
        (("DISMISSED", "07"), ("APPROVED", "06"), "DISMISSED"),
        (("APPROVED", "07"), ("DISMISSED", "06"), "DISMISSED"),
        (("CHANGES_REQUESTED", "06"), ("APPROVED", "07"), "APPROVED"),
        (("CHANGES_REQUESTED", "06"), ("APPROVED", "06"), "APPROVED"),
    ],
)
def test_no_clock_makes_an_approval_the_later_one(
    first: tuple[str, str], second: tuple[str, str], stands: str
) -> None:
    given = [
        replace(
            approval("nadia-k", HEAD, state), number=number, submitted_at=f"2026-11-21T{hour}:00:00+00:00"
        )
        for number, (state, hour) in enumerate((first, second), 1)
    ]
    for order in (given, given[::-1]):
        assert [review.state for review in standing(order)] == [stands]


def test_reviews_of_deleted_accounts_are_not_one_persons() -> None:
    both = [approval("ghost", HEAD, "CHANGES_REQUESTED"), approval("ghost"), approval("nadia-k")]
    assert sorted(review.login for review in standing(both)) == ["ghost", "ghost", "nadia-k"]


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
