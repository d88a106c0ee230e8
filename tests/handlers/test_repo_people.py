"""Members of a request on its repository: who gets what, who is invited, and who loses it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gitops.plan import Change, Reason, RefusedChange, Stage, Verb
from gitops.policy_repositories import Repositories
from handlers import repo
from tests.fakes.repo import Case, Repo
from tests.handlers.support import carry_out, desired, origin, plan

KIND = repo.KIND
LIWEI, JANE, NEW, BOSS = (f"{name}@acme.example" for name in ("li.wei", "jane", "new", "boss"))
PEOPLE = {LIWEI: "LiWei", JANE: "janed", NEW: "stranger", BOSS: "owner"}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)


@pytest.fixture
def case() -> Case:
    return Case()


def wanted(*members: str, **more: Any) -> Any:
    given = {"members": members, "people": PEOPLE, "member_access": {"repo": ("push",)}}
    return desired(KIND, Case.spec, **{**given, **more})


def made(case: Case, *members: str, **more: Any) -> Repo:
    carry_out(KIND, plan(KIND, wanted(*members, **more), case.client), case.client)
    return case.world.repos["growth-churn"]


def refusal(case: Case, *members: str, **more: Any) -> RefusedChange:
    with pytest.raises(RefusedChange) as refused:
        plan(KIND, wanted(*members, **more), case.client)
    return refused.value


def of_people(changes: Any) -> list[Change]:
    return [change for change in changes if change.action.startswith("person:")]


INVITE = {
    "organisation": Repositories(invite="organisation"),
    "repository": Repositories(invite="repository"),
}


def test_members_get_what_the_policy_gives_by_their_login(case: Case) -> None:
    changes = of_people(plan(KIND, wanted(LIWEI, JANE), case.client))
    assert [change.action for change in changes] == ["person:janed", "person:liwei"]
    found = made(case, LIWEI, JANE)
    assert found.people == {"liwei": "push", "janed": "push"}
    assert plan(KIND, wanted(LIWEI, JANE), case.client) == []


def test_of_several_levels_the_highest_holds(case: Case) -> None:
    assert made(case, LIWEI, member_access={"repo": ("triage", "maintain", "pull")}).people == {
        "liwei": "maintain"
    }


def test_without_a_word_of_the_policy_nobody_is_looked_at(case: Case) -> None:
    assert made(case, LIWEI, "nobody@acme.example", member_access={"schema": ("SELECT",)}).people == {}
    assert not any("collaborators" in call for call in case.world.asked)


def test_a_member_without_a_login_is_refused_at_review(case: Case) -> None:
    refused = refusal(case, LIWEI, "nobody@acme.example")
    assert refused.reason is Reason.MISSING
    assert "nobody@acme.example" in refused.message
    assert "people" in refused.fix


def test_a_member_outside_of_the_organisation_is_refused_at_review(case: Case) -> None:
    refused = refusal(case, LIWEI, NEW)
    assert refused.reason is Reason.MISSING
    assert "stranger is not in the organisation acme" in refused.message
    made(case, LIWEI)
    assert refusal(case, LIWEI, NEW).reason is Reason.MISSING
    assert case.world.invited == set()


def test_where_the_policy_allows_it_they_are_invited_to_the_organisation(case: Case) -> None:
    (change,) = of_people(plan(KIND, wanted(NEW, repositories=INVITE["organisation"]), case.client))
    assert change.details == ("stranger is not in the organisation and is invited to the organisation.",)
    found = made(case, NEW, repositories=INVITE["organisation"])
    assert case.world.invited == {"stranger"}
    assert found.invitations == {"stranger": "push"}


def test_or_to_the_repository_alone(case: Case) -> None:
    found = made(case, NEW, repositories=INVITE["repository"])
    assert case.world.invited == set()
    assert found.invitations == {"stranger": "push"}


@pytest.mark.parametrize("kind", ["organisation", "repository"])
def test_an_open_invitation_counts_as_given(case: Case, kind: str) -> None:
    made(case, NEW, repositories=INVITE[kind])
    writes = list(case.world.writes)
    assert plan(KIND, wanted(NEW, repositories=INVITE[kind]), case.client) == []
    assert plan(KIND, wanted(NEW), case.client) == [], "also where nobody would be invited today"
    assert case.world.writes == writes


def test_an_invitation_that_expired_is_sent_again(case: Case) -> None:
    found = made(case, NEW, repositories=INVITE["repository"])
    found.invitations["stranger"] += "!"
    made(case, NEW, repositories=INVITE["repository"])
    assert found.invitations == {"stranger": "push"}


@pytest.mark.parametrize("kind", ["organisation", "repository"])
def test_an_interrupted_invitation_is_finished_and_not_repeated(kind: str) -> None:
    whole = Case()
    approved = {change.digest for change in plan(KIND, wanted(NEW, repositories=INVITE[kind]), whole.client)}
    made(whole, NEW, repositories=INVITE[kind])
    for writes in range(1, len(whole.world.writes) + 1):
        case = Case()
        case.world.break_after = writes
        with pytest.raises(Exception, match="did not answer"):
            made(case, NEW, repositories=INVITE[kind])
        rest = plan(KIND, wanted(NEW, repositories=INVITE[kind]), case.client)
        assert {change.digest for change in rest} <= approved
        carry_out(KIND, rest, case.client)
        assert case.world.writes.count("membership stranger") <= 1
        assert case.world.snapshot() == whole.world.snapshot()


def test_a_former_member_loses_what_they_hold(case: Case) -> None:
    found = made(case, LIWEI, JANE)
    now = wanted(LIWEI, former_members=(JANE, "forgotten@acme.example"))
    (change,) = plan(KIND, now, case.client)
    assert (change.action, change.verb) == ("person:janed", Verb.REMOVE)
    assert change.removes == ("janed loses push",)
    carry_out(KIND, [change, change], case.client)
    assert found.people == {"liwei": "push"}
    assert plan(KIND, now, case.client) == []


def test_a_former_member_who_never_accepted_loses_the_invitation(case: Case) -> None:
    found = made(case, LIWEI, NEW, repositories=INVITE["repository"])
    carry_out(KIND, plan(KIND, wanted(LIWEI, former_members=(NEW,)), case.client), case.client)
    assert found.invitations == {}
    assert found.people == {"liwei": "push"}


def test_people_of_others_are_left_alone(case: Case) -> None:
    found = made(case, LIWEI)
    found.people["janed"] = "admin"
    assert plan(KIND, wanted(LIWEI), case.client) == []
    assert plan(KIND, wanted(former_members=(LIWEI,)), case.client)[0].removes == ("liwei loses push",)


def test_somebody_who_was_given_more_is_brought_back(case: Case) -> None:
    made(case, LIWEI).people["liwei"] = "admin"
    (change,) = plan(KIND, wanted(LIWEI), case.client)
    assert (change.verb, change.before) == (Verb.UPDATE, {"permission": "admin"})


def test_an_owner_of_the_organisation_needs_nothing_and_loses_nothing(case: Case) -> None:
    """They hold everything whatever is written down, and it would be drift for ever."""
    assert of_people(plan(KIND, wanted(BOSS), case.client)) == []
    made(case, BOSS).people["owner"] = "admin"
    assert plan(KIND, wanted(BOSS), case.client) == []
    assert plan(KIND, wanted(former_members=(BOSS,)), case.client) == []


def test_retiring_takes_what_members_hold_before_the_archive(case: Case) -> None:
    found = made(case, LIWEI, NEW, repositories=INVITE["repository"])
    found.people["janed"] = "admin"
    retiring = msgspec.structs.replace(
        wanted(), origin=msgspec.structs.replace(wanted(LIWEI, NEW).origin, lifecycle="retiring")
    )
    changes = KIND.retire(retiring, KIND.read(retiring, case.client))
    assert [(change.action, change.stage) for change in of_people(changes)] == [
        ("person:liwei", Stage.REVOKE),
        ("person:stranger", Stage.REVOKE),
    ]
    carry_out(KIND, changes, case.client)
    assert (found.people, found.invitations, found.archived) == ({"janed": "admin"}, {}, True)


def test_the_levels_are_those_of_github() -> None:
    assert KIND.member_levels == ("pull", "triage", "push", "maintain", "admin")
    assert origin().member_access == {}
