"""Who gains and loses what, read off the changes of a plan, and how the comment says it."""

from __future__ import annotations

from typing import Any

import pytest

from gitops.effective_access import EVERYBODY, Shift, principals, shifts
from gitops.markup import Page
from gitops.plan import Change, Plan, Verb
from gitops.render_access import access_section
from gitops.report import Entry
from tests.support.organisation import policy


def change(action: str, before: Any, after: Any, **fields: Any) -> Change:
    values = {"kind": "schema", "identity": "ml_dev.churn", "verb": Verb.UPDATE} | fields
    return Change(action=action, before=before, after=after, **values)


GRANTS = change(
    "grants",
    {"grants": {"growth": [], "risk": ["SELECT"]}},
    {
        "grants": {"growth": ["SELECT"], "risk": []},
        "changes": [
            {"principal": "growth", "add": ["SELECT"], "remove": []},
            {"principal": "risk", "add": [], "remove": ["SELECT"]},
        ],
    },
    details=("risk can SELECT all the same, by a grant on the catalog ml_dev.",),
)
USE = change(
    "use-catalog:growth", None, {"catalog": "ml_dev", "principal": "growth", "schema": "ml_dev.churn"}
)
TEAM = change(
    "access:growth", {"permission": "pull"}, {"team": "growth", "permission": "maintain"},
    kind="repo", identity="growth-churn",
)  # fmt: skip
PERSON = change(
    "person:liwei", {"permission": "push"}, {"login": "liwei", "permission": None, "invite": None},
    kind="repo", identity="growth-churn", verb=Verb.REMOVE,
)  # fmt: skip
COMPUTE = change(
    "access",
    {"access": {"growth": "CAN_RESTART", "risk": "CAN_ATTACH_TO"}, "users": {"li.wei@acme.example": None}},
    {
        "access": {"growth": "CAN_MANAGE"},
        "users": {"li.wei@acme.example": "CAN_RESTART"},
        "gone": {"access": ["risk"]},
    },
    kind="compute",
    identity="growth-churn",
)
OWNER = change("owner", {"owner": "jane"}, {"owner": "growth", "schema": "ml_dev.churn"})


def told(*changes: Change) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    return [(one.principal, one.thing, one.gains, one.loses) for one in shifts(changes)]


def test_grants_are_a_difference_for_each_principal() -> None:
    assert told(GRANTS) == [
        ("growth", "ml_dev.churn", ("SELECT",), ()),
        ("risk", "ml_dev.churn", (), ("SELECT",)),
    ]


def test_what_is_given_above_is_what_it_is_reached_through() -> None:
    found = shifts([GRANTS, USE])
    assert [(one.principal, one.thing, one.through) for one in found] == [
        ("growth", "ml_dev", ()),
        ("growth", "ml_dev.churn", ("USE_CATALOG on ml_dev",)),
        ("risk", "ml_dev.churn", ()),
    ]


def test_a_team_and_a_person_of_a_repository() -> None:
    assert told(TEAM, PERSON) == [
        ("growth", "growth-churn", ("maintain",), ("pull",)),
        ("liwei", "growth-churn", (), ("push",)),
    ]


def test_groups_and_members_of_compute() -> None:
    assert told(COMPUTE) == [
        ("growth", "growth-churn", ("CAN_MANAGE",), ("CAN_RESTART",)),
        ("li.wei@acme.example", "growth-churn", ("CAN_RESTART",), ()),
        ("risk", "growth-churn", (), ("CAN_ATTACH_TO",)),
    ]


def test_an_owner_and_a_whole_organisation() -> None:
    opened = change("settings", {"visibility": "private"}, {"visibility": "internal"}, identity="r")
    closed = change("settings", {"visibility": "internal"}, {"visibility": "private"}, identity="s")
    assert told(OWNER, opened, closed) == [
        (EVERYBODY, "r", ("read",), ()),
        (EVERYBODY, "s", (), ("read",)),
        ("growth", "ml_dev.churn", ("ownership",), ()),
        ("jane", "ml_dev.churn", (), ("ownership",)),
    ]


@pytest.mark.parametrize(
    "after",
    [None, [], "x", 1, {"changes": 1}, {"changes": [1, {}]}, {"access": [1], "gone": 2}, {"visibility": 3},
     {"gone": {"access": 1}}, {"team": "", "permission": "pull"}],
)  # fmt: skip
def test_other_changes_are_of_nobodys_access(after: Any) -> None:
    assert shifts([change("settings", after, after)]) == []


def test_behind_a_name_stand_the_people_the_policy_knows() -> None:
    rules = policy()
    who = ("growth", "li.wei@acme.example", "liwei", "stranger@acme.example", "nobodys-group", EVERYBODY)
    found = principals(
        [Shift(principal=name, kind="schema", thing="x", gains=("SELECT",)) for name in who],
        rules,
        ["li.wei@acme.example"],
    )
    team = sorted(person.name for person in rules.people if person.team == "growth")
    assert found["growth"].startswith(f"the team growth: {', '.join(team[:5])}")
    assert found["li.wei@acme.example"] == "Li Wei, of the team growth, a member of this request"
    assert found["liwei"] == found["li.wei@acme.example"]
    assert found["stranger@acme.example"] == "nobody the policy knows"
    assert "nobodys-group" not in found


def section(plan: Plan, **fields: Any) -> str:
    entry = Entry(request=plan.request, path="p", file_digest="", plan=plan, **fields)
    page = Page("#")
    access_section(page, entry, plan, rank=0, room=10_000)
    return str(page)


def test_the_comment_says_who_gains_and_loses_and_who_keeps_it() -> None:
    plan = Plan(
        request="r", file_digest="", changes=(GRANTS, USE), stays=("analysts holds SELECT on ml_dev.churn.",)
    )
    text = section(plan, principals={"growth": "the team growth: Li Wei"})
    assert (
        "| <code>growth</code><br>the team growth: Li Wei | SELECT on <code>ml&#95;dev.churn</code>, with "
        "USE&#95;CATALOG on ml&#95;dev, given here too |  |\n"
    ) in text
    assert (
        "| <code>risk</code><br>no team of the policy |  | SELECT on <code>ml&#95;dev.churn</code> |\n"
    ) in text
    assert "- risk can SELECT all the same, by a grant on the catalog ml&#95;dev." in text
    stays = text[text.index("#### Access that no request gave") :]
    assert "- analysts holds SELECT on ml&#95;dev.churn." in stays


def test_a_level_in_the_place_of_another_is_one_line_and_one_principal_one_row() -> None:
    text = section(Plan(request="r", file_digest="", changes=(TEAM, COMPUTE, GRANTS)))
    assert (
        "| <code>growth</code><br>no team of the policy | CAN&#95;MANAGE instead of CAN&#95;RESTART on "
        "<code>growth-churn</code><br>maintain instead of pull on <code>growth-churn</code><br>SELECT on "
        "<code>ml&#95;dev.churn</code> |  |\n"
    ) in text


def test_without_a_change_of_access_nothing_is_said() -> None:
    make = Change(kind="schema", identity="x", action="schema", verb=Verb.CREATE, after={"comment": "x"})
    assert section(Plan(request="r", file_digest="", changes=(make,))) == "#\n"
