"""The repository kind, beyond the laws."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from github import RateLimitExceededException

from gitops.errors import ConfigurationError, RemoteDenied, RemoteError, RemoteUnavailable, StalePlan
from gitops.plan import Change, Reason, RefusedChange, Stage, Verb
from handlers import _repo_api, _repo_apply, repo
from handlers._repo_fields import derive
from tests.fakes.repo import Case, Repo
from tests.handlers.support import carry_out, desired, origin, plan
from tests.handlers.support import policy as policy_of

KIND = repo.KIND


@pytest.fixture
def case() -> Case:
    return Case()


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr("gitops.patience.time.sleep", found.append)
    return found


def wanted(**spec: Any) -> Any:
    return desired(KIND, Case.spec | spec)


def made(case: Case) -> Repo:
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    return case.world.repos["growth-churn"]


def refusal(case: Case, **spec: Any) -> RefusedChange:
    with pytest.raises(RefusedChange) as refused:
        plan(KIND, wanted(**spec), case.client)
    return refused.value


def test_the_plan_is_create_topics_access(case: Case) -> None:
    changes = plan(KIND, wanted(), case.client)
    assert [change.action for change in changes] == ["repository", "topics", "access:growth", "access:risk"]
    assert changes[0].after == {
        "organisation": "acme",
        "name": "growth-churn",
        "visibility": "internal",
        "description": "Predict which subscribers will leave next month.",
        "mark": "dev/growth/churn",
    }


def test_what_is_made(case: Case, slept: list[float]) -> None:
    found = made(case)
    assert found.visibility == "internal"
    assert found.properties == {"lakeport-request": "dev/growth/churn"}
    assert found.topics == ["churn"]
    assert found.teams == {"growth": "maintain", "risk": "pull"}
    assert slept, "a new repository shows after a while: it was waited for"


def test_a_hostile_purpose_is_one_harmless_line(case: Case) -> None:
    changes = KIND.plan(desired(KIND, Case.spec, purpose="a\x00b\u2028c " + "x" * 500), None)
    text = changes[0].after["description"]
    assert len(text) <= 350
    assert "\x00" not in text
    assert "\u2028" not in text


def test_a_corrected_visibility_is_one_change(case: Case, slept: list[float]) -> None:
    found = made(case)
    found.visibility = "private"
    (change,) = plan(KIND, wanted(), case.client)
    assert (change.action, change.before) == ("settings", {"visibility": "private"})
    carry_out(KIND, [change], case.client)
    assert found.visibility == "internal"


def test_teams_and_topics_of_others_stay(case: Case, slept: list[float]) -> None:
    found = made(case)
    found.teams["strangers"] = "admin"
    found.topics += ["theirs"]
    assert not plan(KIND, wanted(), case.client)
    changes = plan(KIND, wanted(topics=["churn", "new"]), case.client)
    carry_out(KIND, changes, case.client)
    assert found.topics == ["churn", "new", "theirs"]
    assert found.teams["strangers"] == "admin"


def before(*earlier: dict[str, Any], **spec: Any) -> Any:
    """As wanted now, after earlier versions that differed in these fields."""
    versions = tuple(wanted(**version).spec for version in earlier)
    return msgspec.structs.replace(wanted(**spec), earlier=versions)


BOTH = {"access": Case.spec["access"], "topics": ["churn", "old"]}
ONE = {"access": [Case.spec["access"][0]], "topics": ["churn"]}


def test_a_team_that_an_earlier_version_named_is_taken_away(case: Case, slept: list[float]) -> None:
    found = made(case)
    (change,) = plan(KIND, before(BOTH, **ONE), case.client)
    assert (change.action, change.verb, change.before) == ("access:risk", Verb.REMOVE, {"permission": "pull"})
    assert change.removes == ("the team risk loses pull",)
    carry_out(KIND, [change, change], case.client)
    assert found.teams == {"growth": "maintain"}
    assert plan(KIND, before(BOTH, **ONE), case.client) == []


def test_a_topic_that_an_earlier_version_named_is_taken_away(case: Case, slept: list[float]) -> None:
    found = made(case)
    found.topics = ["churn", "old", "theirs"]
    (change,) = plan(KIND, before({"topics": ["old"]}, {"topics": ["older"]}), case.client)
    assert change.removes == ("the topic old",)
    carry_out(KIND, [change, change], case.client)
    assert found.topics == ["churn", "theirs"]
    assert plan(KIND, before({"topics": ["old"]}), case.client) == []


def test_what_no_version_named_is_left_alone(case: Case, slept: list[float]) -> None:
    found = made(case)
    found.teams["strangers"] = "admin"
    found.topics += ["theirs"]
    assert plan(KIND, before(BOTH), case.client) == []


def test_what_an_earlier_version_named_and_nobody_gave_needs_nothing(case: Case, slept: list[float]) -> None:
    made(case)
    assert plan(KIND, before({"access": [{"team": "audit", "permission": "pull"}]}), case.client) == []


def test_a_team_that_is_gone_does_not_stop_its_removal_from_the_file(case: Case, slept: list[float]) -> None:
    """Only teams that the file names must be there."""
    made(case).teams.pop("risk")
    case.world.teams.remove("risk")
    assert plan(KIND, before(BOTH, **ONE), case.client) == []


def test_retiring_takes_access_first_and_the_own_team_may_still_read(case: Case, slept: list[float]) -> None:
    found = made(case)
    found.teams["strangers"] = "admin"
    retiring = msgspec.structs.replace(before(BOTH, **ONE), origin=origin(lifecycle="retiring"))
    changes = KIND.retire(retiring, KIND.read(retiring, case.client))
    assert [(change.action, change.stage) for change in changes] == [
        ("access:growth", Stage.REVOKE),
        ("access:risk", Stage.REVOKE),
        ("repository", Stage.REMOVE),
    ]
    assert [change.removes for change in changes] == [
        ("the team growth loses maintain",),
        ("the team risk loses pull",),
        (),
    ]
    carry_out(KIND, changes, case.client)
    assert found.archived
    assert found.teams == {"growth": "pull", "strangers": "admin"}
    writes = list(case.world.writes)
    carry_out(KIND, changes, case.client)
    assert case.world.writes == writes, "an archived repository takes no change, and none is needed"


def test_a_denied_change_of_access_is_no_silent_success(case: Case, slept: list[float]) -> None:
    """GitHub refuses a team, and PyGithub's own method for it would only give back False."""
    changes = plan(KIND, wanted(), case.client)
    carry_out(KIND, changes[:2], case.client)
    case.world.faults.append(
        (r"PUT /orgs/acme/teams/growth/.*", 403, "Must have admin rights to Repository.")
    )
    with pytest.raises(RemoteDenied):
        carry_out(KIND, changes[2:3], case.client)


@pytest.mark.parametrize("looks", range(11))
def test_a_new_repository_that_is_404_for_some_looks_is_made_whole(
    case: Case, slept: list[float], looks: int
) -> None:
    case.world.hide_new = looks
    found = made(case)
    assert found.teams == {"growth": "maintain", "risk": "pull"}
    assert [write for write in case.world.writes if write.startswith("create")] == ["create growth-churn"]
    assert plan(KIND, wanted(), case.client) == []


@pytest.mark.parametrize("status", [404, 409])
@pytest.mark.parametrize(
    "call",
    ["GET .*/topics", "PUT .*/topics", "PUT /orgs/acme/teams/growth/.*", "GET .*/git/ref/heads/main"],
)
def test_a_new_repository_that_answers_404_or_409_to_later_calls_is_made_whole(
    case: Case, slept: list[float], status: int, call: str
) -> None:
    case.world.faults += [(call, status, "Git Repository is empty.")] * 3
    assert made(case).topics == ["churn"]
    assert case.world.faults == []
    assert plan(KIND, wanted(), case.client) == []


def test_waiting_for_a_write_ends_with_what_github_says(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 20))
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)
    changes = plan(KIND, wanted(), case.client)
    carry_out(KIND, changes[:1], case.client)
    monkeypatch.setattr(_repo_api, "until", _until_with(lambda: float(next(clock))))
    case.world.faults += [("PUT .*/topics", 404, "Not Found")] * 10
    with pytest.raises(RemoteError, match="does not know what was asked for"):
        carry_out(KIND, changes[1:2], case.client)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_limit_or_a_fault_of_github_can_be_tried_again(case: Case, status: int) -> None:
    case.world.faults.append(("POST .*", status, "You have exceeded a secondary rate limit."))
    changes = plan(KIND, wanted(), case.client)
    with pytest.raises(RemoteUnavailable):
        carry_out(KIND, changes[:1], case.client)
    assert plan(KIND, wanted(), case.client) == changes


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("kind", ["a page for people", "cut off"])
def test_an_answer_that_cannot_be_read_is_a_failure_in_words(
    case: Case, slept: list[float], monkeypatch: pytest.MonkeyPatch, method: str, kind: str
) -> None:
    changes = plan(KIND, wanted(), case.client)
    answer = case.client.requester.requestJsonAndCheck

    def garbled(verb: str, *more: Any) -> Any:
        answered = answer(verb, *more)
        if verb != method:
            return answered
        if kind == "cut off":
            raise json.JSONDecodeError("Unterminated string", "{", 1)
        return {}, {"data": "<html>Sign in to the proxy</html>", "url": "x"}

    monkeypatch.setattr(case.client.requester, "requestJsonAndCheck", garbled)
    with pytest.raises(RemoteUnavailable, match="cannot be read"):
        KIND.apply(changes[0], case.client)
    monkeypatch.undo()
    monkeypatch.setattr("gitops.patience.time.sleep", slept.append)
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    assert case.world.writes.count("create growth-churn") == 1


def test_a_secondary_limit_with_403_is_no_lack_of_rights(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def limited(*_: Any) -> None:
        raise RateLimitExceededException(403, {"message": "You have exceeded a secondary rate limit."}, {})

    monkeypatch.setattr(case.client.requester, "requestJsonAndCheck", limited)
    with pytest.raises(RemoteUnavailable, match="limits how often"):
        KIND.read(wanted(), case.client)


def test_a_second_apply_makes_no_write(case: Case, slept: list[float]) -> None:
    changes = plan(KIND, wanted(), case.client)
    carry_out(KIND, changes, case.client)
    assert case.world.writes == [
        "create growth-churn",
        "topics ['churn']",
        "team growth maintain",
        "team risk pull",
    ], "as few as the API allows"
    assert plan(KIND, wanted(), case.client) == []


def test_drift_that_is_kept_becomes_what_the_file_would_say(case: Case, slept: list[float]) -> None:
    found = made(case)
    found.visibility, found.teams, found.topics = "private", {"growth": "admin"}, ["theirs"]
    assert KIND.adopt is not None
    values = KIND.adopt(wanted(), KIND.read(wanted(), case.client))
    assert values == {
        "visibility": "private",
        "access": [{"team": "growth", "permission": "admin"}],
        "topics": [],
    }
    assert plan(KIND, wanted(**values), case.client) == []


def test_a_lowered_permission_shows_both(case: Case, slept: list[float]) -> None:
    made(case).teams["risk"] = "admin"
    (change,) = plan(KIND, wanted(), case.client)
    assert (change.verb, change.before) == (Verb.UPDATE, {"permission": "admin"})
    assert "instead of admin" in change.summary


def test_a_missing_team_is_refused_before_anything_stands(case: Case) -> None:
    refused = refusal(case, access=[{"team": "nobody", "permission": "pull"}])
    assert refused.reason is Reason.MISSING
    assert "nobody" in refused.message


def test_a_repository_of_another_request_is_never_adopted(case: Case) -> None:
    case.world.repos["growth-churn"] = Repo("growth-churn", properties={"lakeport-request": "dev/risk/x"})
    assert refusal(case, adopt=True).reason is Reason.NOT_OURS


def test_an_archived_one_is_not_brought_back(case: Case, slept: list[float]) -> None:
    made(case).archived = True
    assert refusal(case).reason is Reason.IMMUTABLE


def test_a_renamed_one_is_refused(case: Case, slept: list[float]) -> None:
    """GitHub redirects the old name."""
    found = case.world.repos["renamed"] = made(case)
    found.name = "renamed"
    assert refusal(case).reason is Reason.IMMUTABLE


def test_case_does_not_make_another_repository() -> None:
    assert KIND.identity(wanted(name="Growth-Churn").spec) == "growth-churn"


def test_an_undefined_property_is_said_to_be(case: Case) -> None:
    case.world.properties.clear()
    with pytest.raises(ConfigurationError, match="custom property lakeport-request") as raised:
        carry_out(KIND, plan(KIND, wanted(), case.client)[:1], case.client)
    assert "Custom properties" in raised.value.fix
    assert case.world.repos == {}


def test_a_repository_that_never_shows_ends_the_wait(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 20))
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)
    monkeypatch.setattr(_repo_apply, "until", _until_with(lambda: float(next(clock))))
    case.world.hide_new = 1000
    with pytest.raises(RemoteUnavailable, match="acme/growth-churn did not show in time"):
        carry_out(KIND, plan(KIND, wanted(), case.client)[:1], case.client)
    case.world.repos["growth-churn"].hidden = 0
    rest = plan(KIND, wanted(), case.client)
    assert [change.action for change in rest] == ["topics", "access:growth", "access:risk"]


def _until_with(clock: Any) -> Any:
    from gitops.patience import until

    return lambda look, **more: until(look, clock=clock, **more)


def test_the_name_was_taken_between_the_look_and_the_call(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """422 "already exists" after a repeated POST is looked up: ours is kept, another is not."""
    changes = plan(KIND, wanted(), case.client)
    for mark, fails in (("dev/growth/churn", False), ("dev/risk/x", True)):
        case.world.repos.clear()
        monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)
        taken = Repo("growth-churn", properties={"lakeport-request": mark}, commits=[{}], hidden=1)
        case.world.repos["growth-churn"] = taken
        if fails:
            with pytest.raises(StalePlan):
                carry_out(KIND, changes[:1], case.client)
        else:
            carry_out(KIND, changes[:1], case.client)
        assert case.world.repos == {"growth-churn": taken}


def test_no_right_to_look_is_denied(case: Case) -> None:
    case.world.faults.append((r"GET /repos/acme/growth-churn", 403, "Resource not accessible by integration"))
    with pytest.raises(RemoteDenied):
        KIND.read(wanted(), case.client)


REFUSED_NAMES = [
    *(
        "",
        ".",
        "..",
        "...",
        "a/b",
        "a\\b",
        "a b",
        " a",
        "a ",
        "a\t",
        "a\nb",
        "a\n",
        "\na",
        "a\r",
        "a\0",
        "a\x7f",
    ),
    *("a--b", "-a", "a-", "_a", "a_", ".a", "a.", "a..b", "a.-b", "a-.b", "a__b", "a_.b", ".git", ".github"),
    *(
        "a.git",
        "a.GIT",
        "a.Git",
        "a.wiki",
        "a.WIKI",
        "a-b.git",
        "../a",
        "a/..",
        "/a",
        "~a",
        "$a",
        "a$b",
        "%2e%2e",
    ),
    *(
        "a%20b",
        "a?b",
        "a#b",
        "a&b",
        "a=b",
        "a+b",
        "a@b",
        "a:b",
        "a;b",
        "a,b",
        "a!b",
        "a*b",
        "a|b",
        "a<b",
        "a>b",
    ),
    *("a'b", 'a"b', "a`b", "a(b", "a)b", "a[b", "a]b", "a{b", "a}b", "{{a}}", "${a}", "${{a}}", "$(a)", "^a"),
    *(
        "ä",
        "a\u0301",
        "\u0430b",
        "\uff41\uff42",
        "a\u200bb",
        "a\u202eb",
        "\ufeffa",
        "a\u2028b",
        "a\u00a0b",
        "a\u00adb",
        "a😀",
    ),
    *(
        "\u017f",
        "ß",
        "İ",
        "\u0131",
        "①",
        "a\u2024b",
        "a\uff0eb",
        "a\u2215b",
        "x" * 101,
        "x" * 255,
        "a" * 100 + "é",
    ),
]
TAKEN_NAMES = [
    "a",
    "A",
    "0",
    "a.b",
    "a_b",
    "a-b",
    "growth-churn",
    "Growth.Churn_2",
    "git",
    "wiki",
    "a.gitx",
    "x" * 100,
]


@pytest.mark.parametrize("name", TAKEN_NAMES)
def test_names_github_takes(name: str) -> None:
    assert wanted(name=name).spec.name == name


@pytest.mark.parametrize("name", REFUSED_NAMES, ids=ascii)
def test_names_github_would_not_take(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        wanted(name=name)


def test_what_is_derived() -> None:
    origin = {"name": "churn", "team": "growth", "environment": "dev"}
    assert derive({}, origin, policy_of()) == {
        "name": "growth-churn",
        "visibility": "internal",
        "access": [{"team": "growth", "permission": "maintain"}],
    }
    assert "name" not in derive({"name": "x"}, origin, policy_of())
    restricted = derive({}, origin | {"data_classification": "restricted"}, policy_of())
    assert restricted["visibility"] == "private"


def complaints(classification: str = "internal", **spec: Any) -> list[str]:
    one = desired(KIND, Case.spec | spec, data_classification=classification)
    return [
        f"{rule.id} {complaint.path}" for rule in KIND.rules for complaint in rule.check(one, policy_of())
    ]


def test_rules() -> None:
    assert complaints() == []
    assert complaints("restricted") == ["repo-visibility visibility"]
    assert complaints("restricted", visibility="private") == []
    twice = [{"team": "growth", "permission": "pull"}, {"team": "growth", "permission": "admin"}]
    assert complaints(access=twice) == ["repo-access-twice access[1].team"]


def test_apply_does_nothing_it_does_not_know(case: Case, slept: list[float]) -> None:
    made(case)
    change = Change(
        kind="repo", identity="x", action="access:x", verb=Verb.CREATE, after={"name": "growth-churn"}
    )
    with pytest.raises(KeyError):
        KIND.apply(change, case.client)
