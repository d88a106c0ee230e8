"""What a comment orders, and who may: only exact words, and only the right people."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gitops.comment_orders import BREAK_GLASS, CALL, LONGEST, Order, Speaker, Subject, Unclear, read, refusal

FORMS = {f"{CALL} {order}": order for order in Order} | {CALL: Order.HELP}
SPOKEN = "I cannot see why this fails.\n"
NOBODY = Speaker(login="mallory", writes=False, known=False, approves=False)
APPROVER = Speaker(login="nadia-k", writes=True, known=True, approves=True)
OPEN = Subject(
    open=True, merged=False, from_fork=False, into_main=True, requests=("dev/growth/churn-prediction",)
)
MERGED = Subject(open=False, merged=True, from_fork=False, into_main=True, requests=OPEN.requests)


@pytest.mark.parametrize(("text", "order"), [*FORMS.items()])
@pytest.mark.parametrize("rest", ["", " ", "\r\n", "\nPlease, it is late.", "\r\n> /lakeport unlock"])
def test_the_first_line_is_the_order(text: str, order: Order, rest: str) -> None:
    assert read(text + rest) is order


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\n/lakeport plan",
        " /lakeport plan",
        "    /lakeport plan",
        "> /lakeport plan",
        "```\n/lakeport plan\n```",
        "`/lakeport plan`",
        "<!-- x -->/lakeport plan",
        "- /lakeport plan",
        SPOKEN + "/lakeport plan",
        "Say /lakeport plan",
        "/lakeportplan",
        "/lakeport: plan",
        "/Lakeport plan",
        "/lakeport\u00a0plan",
        "/lakeport\u2028plan",
        f"{CALL} {BREAK_GLASS} {'a' * 40} Nobody of risk is awake, and the load stands still.",
        f"{CALL}   {BREAK_GLASS}",
    ],
)
def test_what_orders_nothing(body: str) -> None:
    assert read(body) is None


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("paln", "plan"),
        ("Plan", "plan"),
        ("aply", "apply"),
        ("apply --resmue", "apply --resume"),
        ("unlok", "unlock"),
        ("aprove-again", "approve-again"),
        ("plan please", ""),
        ("plan; rm -rf /", ""),
        ("plan $(id)", ""),
        ("plan --resume", ""),
        ("apply --only prod/risk/all", ""),
        ("apply --resume --resume", ""),
        ("unlock\u202e", ""),
        ("pl\u0430n", ""),
        ("x" * LONGEST, ""),
    ],
)
def test_other_words_are_no_order_and_near_ones_are_named(said: str, meant: str) -> None:
    found = read(f"{CALL} {said}")
    assert isinstance(found, Unclear)
    assert found.sentence.endswith(f"Did you mean {CALL} {meant}?") == bool(meant)
    assert "rm -rf" not in found.sentence, "what somebody typed is not said again"


@given(st.text())
def test_no_text_raises_and_only_exact_forms_order(text: str) -> None:
    for body in (text, f"{CALL}{text}", f"{CALL} {text}", f"{CALL} plan{text}"):
        found = read(body)
        if isinstance(found, Order):
            line = body.partition("\n")[0]
            assert line.isascii()
            assert " ".join(line.split()) in FORMS


ALLOWED = {
    ("nobody known", Order.HELP),
    *(("known", order) for order in (Order.HELP, Order.PLAN, Order.APPROVE_AGAIN)),
    *(("approver", order) for order in Order),
    *(("may not write", order) for order in (Order.HELP,)),
}
PEOPLE = {
    "nobody known": Speaker(login="a", writes=True, known=False, approves=False),
    "known": Speaker(login="b", writes=True, known=True, approves=False),
    "approver": APPROVER,
    "may not write": Speaker(login="d", writes=False, known=True, approves=True),
}


@pytest.mark.parametrize(("who", "order"), [*itertools.product(PEOPLE, Order)])
def test_who_may_order_what(who: str, order: Order) -> None:
    said = refusal(order, PEOPLE[who], OPEN if order is Order.PLAN else MERGED)
    assert (not said) == ((who, order) in ALLOWED), said


def test_whoever_may_not_is_not_told_how_things_stand() -> None:
    assert refusal(Order.UNLOCK, NOBODY, OPEN) == refusal(Order.UNLOCK, NOBODY, MERGED)


@pytest.mark.parametrize("order", [one for one in Order if one is not Order.HELP])
def test_an_order_is_for_a_request_of_this_repository(order: Order) -> None:
    right = OPEN if order is Order.PLAN else MERGED
    assert refusal(order, APPROVER, right) == ""
    for odd in ({"requests": ()}, {"from_fork": True}, {"into_main": False}):
        wrong = replace(right, **odd)
        assert refusal(order, APPROVER, wrong)


def test_each_order_has_its_time() -> None:
    assert "/lakeport approve-again" in refusal(Order.PLAN, APPROVER, MERGED)
    closed = Subject(open=False, merged=False, from_fork=False, into_main=True, requests=OPEN.requests)
    for order in (Order.PLAN, Order.APPROVE_AGAIN, Order.APPLY, Order.RESUME, Order.UNLOCK):
        assert refusal(order, APPROVER, closed)
    for order in (Order.APPROVE_AGAIN, Order.APPLY, Order.RESUME, Order.UNLOCK):
        assert "not merged" in refusal(order, APPROVER, OPEN)
