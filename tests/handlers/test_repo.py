"""The repository kind, beyond the laws."""

from __future__ import annotations

from typing import Any

import pytest
from github import GithubException

from gitops.errors import ConfigurationError, RemoteDenied, RemoteUnavailable, StalePlan
from gitops.plan import Change, Reason, RefusedChange, Verb
from handlers import repo
from handlers._repo_fields import derive
from tests.fakes.repo import Case, Repo
from tests.handlers.support import carry_out, desired, plan
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
    made(case).name = "renamed"
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
    monkeypatch.setattr(repo, "until", _until_with(lambda: float(next(clock))))
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


def test_no_right_to_look_is_denied(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(full_name: str) -> None:
        raise GithubException(403, {"message": "Resource not accessible by integration"}, {})

    monkeypatch.setattr(case.client, "get_repo", forbidden)
    with pytest.raises(RemoteDenied):
        KIND.read(wanted(), case.client)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "a--b", "-a", "a.git", "a\nb", "ä", "x" * 101])
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
