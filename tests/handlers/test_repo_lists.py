"""Looking at many repositories by lists: the same state as one by one, and few calls."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gitops.kind import Marked
from handlers import repo
from handlers._repo_look import MANY
from tests.fakes.repo import Case, Governed, Repo, problem
from tests.handlers.support import desired, origin

KIND = repo.KIND
MARK = {"lakeport-request": "dev/growth/churn"}
TEAMS: tuple[dict[str, str], ...] = (
    {},
    {"growth": "maintain", "risk": "pull"},
    {"growth": "admin", "strangers": "push"},
    {"risk": "pull"},
)


@pytest.fixture
def case() -> Governed:
    """Repositories of every sort, more than one page of a list holds."""
    found = Governed()
    found.world.per_page = 7
    for number in range(24):
        found.world.repos[f"r{number}"] = Repo(
            name=f"R{number}",
            visibility=("internal", "private", "public")[number % 3],
            description=("", "words")[number % 2],
            topics=["churn", "theirs"][: number % 3],
            properties=({}, MARK, MARK | {"data": "public"}, {"lakeport-request": "dev/risk/x"})[number % 4],
            archived=number % 5 == 4,
            teams=dict(TEAMS[number % 4]),
            people={"liwei": "push", "janed": "admin"} if number % 2 else {},
            rulesets={},
            commits=[{"CODEOWNERS": "*"} if number % 3 else {"README.md": ""}],
        )
    return found


def wanted(number: int, *, settled: bool = False, spec: Any = None, **more: Any) -> Any:
    one = desired(KIND, {**Case.spec, "name": f"R{number}", **(spec or {})}, **more)
    earlier = msgspec.structs.replace(one.spec, access=(), topics=("theirs",))
    return msgspec.structs.replace(one, earlier=(earlier,), settled=settled)


@pytest.mark.parametrize("lifecycle", ["active", "retiring", "retired"])
@pytest.mark.parametrize("governed", [False, True], ids=["plain", "governed"])
@pytest.mark.parametrize("in_list", [True, False], ids=["properties listed", "properties apart"])
def test_the_state_is_the_same_either_way(
    case: Governed, lifecycle: str, governed: bool, in_list: bool
) -> None:
    case.world.lists_properties = in_list
    more = Governed.origin if governed else {}
    every = [wanted(number, lifecycle=lifecycle, **more) for number in range(26)]  # two are not there
    every.append(wanted(3, spec={"access": [{"team": "nobody", "permission": "pull"}]}, lifecycle=lifecycle))
    assert KIND.read_all is not None
    by_lists = KIND.read_all(every, case.client)
    assert by_lists == [KIND.read(one, case.client) for one in every]
    assert len({repr(state) for state in by_lists}) > 8, "they differ among themselves"


def test_what_a_stale_list_does_not_show_is_asked_for(case: Governed) -> None:
    """A repository that was renamed, or is too new for the list."""
    moved = case.world.repos["r1"]
    moved.name = "elsewhere"
    case.world.repos["elsewhere"] = moved
    every = [wanted(number) for number in range(24)]
    assert KIND.read_all is not None
    states = KIND.read_all(every, case.client)
    assert states == [KIND.read(one, case.client) for one in every]
    assert states[1] is not None
    assert states[1].renamed_to == "acme/elsewhere"


def test_an_empty_page_is_not_the_end(case: Governed, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = case.client.requester._page

    def with_a_hole(answer: Any, query: dict[str, str]) -> Any:
        page = int(query.get("page", 1))
        if page == 2:
            return {"link": '<x?page=3>; rel="next"'}, []
        return whole(answer, query | ({"page": str(page - 1)} if page > 2 else {}))

    every = [wanted(number) for number in range(24)]
    assert KIND.read_all is not None
    expected = KIND.read_all(every, case.client)
    monkeypatch.setattr(case.client.requester, "_page", with_a_hole)
    assert KIND.read_all(every, case.client) == expected


def test_one_or_two_are_asked_for_by_themselves(case: Governed) -> None:
    assert KIND.read_all is not None
    KIND.read_all([wanted(1), wanted(5)], case.client)
    assert case.world.asked == [
        *("GET /repos/acme/R1", "GET /repos/acme/R1/teams"),
        *("GET /repos/acme/R5", "GET /repos/acme/R5/teams"),
    ]


def test_many_cost_pages_and_not_calls_for_each(case: Governed) -> None:
    case.world.per_page = 100
    assert KIND.read_all is not None
    KIND.read_all([wanted(number) for number in range(24)], case.client)
    assert case.world.asked == [
        "GET /orgs/acme/repos",
        "GET /orgs/acme/teams/growth/repos",
        "GET /orgs/acme/teams/risk/repos",
    ]


@pytest.mark.parametrize("count", [1, MANY, 24])
def test_what_is_settled_costs_lists_only(case: Governed, count: int) -> None:
    """And is as it should be wherever a list does not tell."""
    case.world.per_page = 100
    every = [wanted(number, settled=True, **Governed.origin) for number in range(count)]
    assert KIND.read_all is not None
    states = KIND.read_all(every, case.client)
    assert case.world.asked == (["GET /orgs/acme/repos"] if count >= MANY else ["GET /repos/acme/R0"])
    first = states[0]
    assert first is not None
    assert first.teams == {"growth": "maintain", "risk": "pull"}
    assert first.people == {"liwei": "push"}
    assert first.settings["ruleset"]["approvals"] == 2
    assert first.settings["properties"] == {"owning-team": None, "data": None}, "these a list does tell"


def test_a_thousand_that_are_settled_take_ten_calls() -> None:
    case = Governed()
    for number in range(1000):
        case.world.repos[f"r{number}"] = Repo(
            name=f"R{number}",
            visibility="internal",
            topics=["churn"],
            properties=MARK | {"owning-team": "growth", "data": "internal"},
            description="Predict which subscribers will leave next month.",
        )
    every = [wanted(number, settled=True, **Governed.origin) for number in range(1000)]
    assert KIND.read_all is not None
    states = KIND.read_all(every, case.client)
    assert case.world.calls == 10
    assert all(list(KIND.plan(one, state)) == [] for one, state in zip(every, states, strict=True))


def test_what_carries_our_mark_is_found_whichever_request_it_names(case: Governed) -> None:
    assert KIND.marked is not None
    found = list(KIND.marked(case.client))
    assert found[0] == Marked(
        kind="repo",
        identity="r1",
        request="dev/growth/churn",
        called="the repository R1",
        url="https://github.example/acme/R1",
    )
    kept = [one for one in case.world.repos.values() if one.properties and not one.archived]
    assert [one.identity for one in found] == [one.name.lower() for one in kept]
    assert {one.request for one in found} == {"dev/growth/churn", "dev/risk/x"}
    assert KIND.system == "GitHub"


def test_a_person_finds_it_in_their_organisations(case: Governed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only an app has an installation."""
    expected = list(KIND.marked(case.client)) if KIND.marked else []
    answer = case.client.requester.requestJsonAndCheck

    def of_a_person(verb: str, url: str, *rest: Any) -> Any:
        if url == "/installation/repositories":
            raise problem(403, "You must authenticate with an installation access token")
        return ({}, [{"login": "acme"}]) if url == "/user/orgs" else answer(verb, url, *rest)

    monkeypatch.setattr(case.client.requester, "requestJsonAndCheck", of_a_person)
    assert KIND.marked is not None
    assert list(KIND.marked(case.client)) == expected
    assert origin().organisation == "acme"
