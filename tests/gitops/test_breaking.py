"""Breaking the glass: what a comment must be, who may, and that nothing else opens the gate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.approval import ApprovalRule
from gitops.breaking import MOST_REASON, Breaking, breakings, command
from gitops.comments import Said
from gitops.gate import judge
from gitops.gate_facts import Facts, Review
from gitops.policy_review import BreakGlass
from gitops.verdict import Discount, Outcome

HEAD, OLD = "a1" * 20, "b2" * 20
PATH = "requests/dev/growth/churn.yaml"
WHY = "The nightly load stands still, and nobody of risk is awake."
AT = "2026-11-21T06:00:00+00:00"
RULES = (
    ApprovalRule("environment-dev", 1, frozenset({"nadia-k"}), "The environment dev"),
    ApprovalRule("classification-restricted", 1, frozenset({"tomas-b"}), "Restricted data"),
)
GLASS = BreakGlass(people=("petra-v", "sam-o"))


def said(body: str, login: str = "petra-v", **more: Any) -> Said:
    return Said(
        **{"id": 1, "number": 7, "login": login, "body": body, "person": True, "edited": False, **more}
    )


def order(login: str = "petra-v", commit: str = HEAD, why: str = WHY, **more: Any) -> tuple[Breaking, ...]:
    return breakings([said(f"{command(commit)} {why}", login, at=AT, **more)])


def facts(*broke: Breaking, **more: Any) -> Facts:
    given = {
        "requester_github": "liwei",
        "author": "lakeport[bot]",
        "head_sha": HEAD,
        "rules": RULES,
        "reviews": (),
        "writers": frozenset({"petra-v", "sam-o", "nadia-k"}),
        "files_touched": (PATH,),
        "commit_authors": frozenset({"lakeport[bot]"}),
        "breakings": broke,
        "glass": GLASS,
    }
    return Facts(**given | more)


# --- what a comment is


def test_the_comment_says_the_commit_and_the_reason() -> None:
    (found,) = order()
    assert (found.login, found.at, found.commit, found.reason) == ("petra-v", AT, HEAD, WHY)
    assert found.person
    assert not found.edited


def test_a_reason_over_several_lines_is_one_line() -> None:
    (found,) = breakings(
        [said(f"/lakeport  break-glass\t{HEAD}\r\nThe nightly load\n\nstands\x1b[31m still.\r\n")]
    )
    assert found.reason == "The nightly load stands�[31m still."
    (long,) = order(why="why " * 1000)
    assert len(long.reason) <= MOST_REASON


@pytest.mark.parametrize(
    "body",
    [
        "",
        "Shall we?",
        f"> /lakeport break-glass {HEAD} {WHY}",
        f"```\n/lakeport break-glass {HEAD} {WHY}\n```",
        f" /lakeport break-glass {HEAD} {WHY}",
        f"\n/lakeport break-glass {HEAD} {WHY}",
        f"I say /lakeport break-glass {HEAD} {WHY}",
        f"/lakeport break-glassy {HEAD} {WHY}",
        f"/lakeport plan {HEAD} {WHY}",
        f"<!-- x -->\n/lakeport break-glass {HEAD} {WHY}",
    ],
)
def test_anything_else_is_no_such_comment(body: str) -> None:
    assert breakings([said(body)]) == ()


@pytest.mark.parametrize("commit", ["", HEAD[:7], HEAD[:39], HEAD + "a", HEAD.upper(), f"{HEAD}{WHY}"])
def test_the_commit_is_named_in_full(commit: str) -> None:
    """Of a commit that begins like another one, a second is made in seconds."""
    (found,) = order(commit=commit)
    assert found.commit == ""
    assert [one.reason for one in judge(facts(found)).ignored] == [Discount.NO_COMMIT]


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    for body in (text, f"/lakeport break-glass {text}", f"/lakeport break-glass {HEAD} {text}"):
        for found in breakings([said(body)]):
            assert found.commit in ("", HEAD)
            assert "\n" not in found.reason


def test_a_deleted_account_broke_nothing() -> None:
    assert breakings([said(f"{command(HEAD)} {WHY}", login="")]) == ()


# --- who may


def test_it_opens_for_this_commit_and_says_so() -> None:
    verdict = judge(facts(*order()))
    assert (verdict.outcome, verdict.passed, verdict.conclusion) == (Outcome.BROKEN_GLASS, True, "success")
    assert [(one.login, one.reason, one.at) for one in verdict.broke_glass] == [("petra-v", WHY, AT)]
    assert verdict.sentences[0] == f"petra-v broke the glass: “{WHY}”."
    assert [one.rule for one in verdict.missing] == ["environment-dev", "classification-restricted"]
    assert verdict.counted == ()


@pytest.mark.parametrize(
    ("broke", "more", "reason"),
    [
        (order("nadia-k"), {}, Discount.NOT_NAMED),
        (order(), {"glass": None}, Discount.NOT_NAMED),
        (order(edited=True), {}, Discount.EDITED),
        (order(person=False), {}, Discount.BOT),
        (order(commit=OLD), {}, Discount.OTHER_COMMIT),
        (order(why="It is urgent."), {}, Discount.NO_REASON),
        (order(why=" " * 50), {}, Discount.NO_REASON),
        (order(), {"writers": frozenset({"nadia-k"})}, Discount.NO_WRITE_ACCESS),
        (order(), {"requester_github": "Petra-V"}, Discount.OWN_REQUEST),
        (order(), {"author": "petra-v"}, Discount.AUTHOR),
        (order(), {"commit_authors": frozenset({"petra-v"})}, Discount.COMMITTER),
        (order(), {"requester_github": "pv", "accounts": {"pv": "petra-v"}}, Discount.OWN_REQUEST),
        (order("sam-o"), {"bot_logins": frozenset({"sam-o"})}, Discount.BOT),
    ],
)
def test_nobody_else_and_nothing_else_does(
    broke: tuple[Breaking, ...], more: dict[str, Any], reason: Discount
) -> None:
    verdict = judge(facts(*broke, **more))
    assert verdict.outcome is Outcome.MISSING_APPROVALS
    assert verdict.broke_glass == ()
    assert [(one.login, one.reason) for one in verdict.ignored] == [(broke[0].login, reason)]
    assert verdict.ignored[0].sentence in verdict.sentences


def test_it_passes_without_what_the_person_would_have_to_confirm_and_says_so() -> None:
    verdict = judge(facts(*order(), unconfirmed=("It waits for Li Wei.",)))
    assert verdict.outcome is Outcome.BROKEN_GLASS
    assert "It waits for Li Wei." in verdict.sentences
    assert judge(facts(unconfirmed=("It waits for Li Wei.",))).glass == ("petra-v", "sam-o")


def test_of_several_attempts_the_good_one_counts_and_else_the_last_is_answered() -> None:
    short, old, good = order(why="No."), order(commit=OLD), order()
    assert judge(facts(*short, *good, *old)).outcome is Outcome.BROKEN_GLASS
    assert judge(facts(*short, *good, *old)).ignored == ()
    assert [one.reason for one in judge(facts(*short, *old)).ignored] == [Discount.OTHER_COMMIT]


def test_where_two_have_to_one_is_not_enough() -> None:
    two = BreakGlass(people=("petra-v", "sam-o"), count=2)
    verdict = judge(facts(*order(), *order(), glass=two))
    assert verdict.outcome is Outcome.MISSING_APPROVALS
    assert "That takes 2 people together." in verdict.sentences
    assert verdict.glass == ("sam-o",)
    assert judge(facts(*order(), *order("sam-o"), glass=two)).outcome is Outcome.BROKEN_GLASS
    same = facts(*order(), *order("sam-o"), glass=two, accounts={"sam-o": "petra-v", "petra-v": "petra-v"})
    assert judge(same).outcome is Outcome.MISSING_APPROVALS


def test_approvals_that_are_enough_need_no_glass() -> None:
    reviews = tuple(
        Review(login=login, state="APPROVED", commit_sha=HEAD, submitted_at=AT)
        for login in ("nadia-k", "tomas-b")
    )
    writers = frozenset({"petra-v", "nadia-k", "tomas-b"})
    verdict = judge(facts(*order(), reviews=reviews, writers=writers))
    assert verdict.outcome is Outcome.OPEN
    assert [one.login for one in verdict.broke_glass] == ["petra-v"], "it stays in the record"


def test_an_objection_stays_closed_and_so_does_what_cannot_be_judged() -> None:
    no = Review(login="nadia-k", state="CHANGES_REQUESTED", commit_sha=HEAD, submitted_at=AT)
    assert judge(facts(*order(), reviews=(no,))).outcome is Outcome.CHANGES_REQUESTED
    assert judge(facts(*order(), problems=("The file is not valid.",))).outcome is Outcome.INVALID
    assert judge(facts(*order(), files_touched=(PATH, "x.py"))).outcome is Outcome.TOUCHES_MORE


def test_a_push_closes_it_again() -> None:
    assert judge(facts(*order())).passed
    assert not judge(replace(facts(*order()), head_sha=OLD)).passed
    assert not judge(replace(facts(*order(commit="")), head_sha="")).passed


ORDERS = st.lists(
    st.builds(
        Breaking,
        login=st.sampled_from(["petra-v", "Sam-O", "nadia-k", "liwei", "mallory", "lakeport[bot]", "ghost"]),
        at=st.just(AT),
        commit=st.sampled_from([HEAD, OLD, ""]),
        reason=st.sampled_from(["", "Short.", WHY]),
        edited=st.booleans(),
        person=st.booleans(),
    ),
    max_size=5,
)


@given(
    ORDERS,
    st.none() | st.builds(BreakGlass, people=st.just(("petra-v", "sam-o", "liwei")), count=st.integers(1, 3)),
    st.frozensets(st.sampled_from(["petra-v", "sam-o", "liwei", "nadia-k"])),
)
def test_it_only_ever_opens_by_enough_named_people_who_may(
    broke: list[Breaking], glass: BreakGlass | None, writers: frozenset[str]
) -> None:
    verdict = judge(facts(*broke, glass=glass, writers=writers))
    good = {
        one.login.casefold()
        for one in broke
        if one.commit == HEAD and one.reason == WHY and one.person and not one.edited
    } & ({"petra-v", "sam-o"} & writers)
    if verdict.passed:
        assert glass is not None
        assert len(good) >= glass.count
    assert {one.login.casefold() for one in verdict.broke_glass} <= good
    assert all(sentence.endswith(".") for sentence in verdict.sentences)
