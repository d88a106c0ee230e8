"""What the policy wants of every repository: set where it is said, left alone where it is not."""

from __future__ import annotations

from typing import Any

import pytest

from gitops.errors import ConfigurationError
from gitops.plan import Reason, RefusedChange, Verb
from gitops.policy_repositories import Merge, Repositories, Ruleset, Secrets
from handlers import repo
from handlers._repo_settings import ruleset_body, ruleset_of
from tests.fakes.repo import Case, Governed, Repo
from tests.handlers.support import carry_out, desired, plan

KIND = repo.KIND
RULES = Repositories(ruleset=Ruleset(approvals=2, checks=("ci",), bypass_apps=(7,)))


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)


@pytest.fixture
def case() -> Case:
    return Case()


def wanted(policy: Repositories | None, **more: Any) -> Any:
    return desired(KIND, Case.spec, repositories=policy, **more)


def made(case: Case, policy: Repositories | None, **more: Any) -> Repo:
    carry_out(KIND, plan(KIND, wanted(policy, **more), case.client), case.client)
    return case.world.repos["growth-churn"]


def test_everything_that_can_be_is_part_of_the_creation() -> None:
    """Writes that the API does not allow to be saved: topics, each team and person, and what follows."""
    case = Governed()
    now = desired(KIND, Case.spec, **Governed.origin)
    carry_out(KIND, plan(KIND, now, case.client), case.client)
    found = case.world.repos["growth-churn"]
    assert [write.split()[0] for write in case.world.writes] == [
        *("create", "topics", "team", "team", "person"),
        *("environment", "environment", "file", "ruleset"),
    ]
    assert found.properties == {
        "lakeport-request": "dev/growth/churn",
        "owning-team": "growth",
        "data": "internal",
    }
    assert found.merge["allow_merge_commit"] is False
    assert found.merge["allow_squash_merge"] is True, "nobody said anything about it"
    assert sorted(found.environments) == ["dev", "prod"]
    assert found.commits[-1][".github/CODEOWNERS"] == "* @acme/growth\n"
    assert plan(KIND, now, case.client) == []


def test_without_the_section_nothing_of_it_is_looked_at_or_drift(case: Case) -> None:
    found = made(case, None)
    calls = len(case.world.asked)
    found.merge["allow_squash_merge"] = False
    found.rulesets[1] = {"name": "lakeport", "enforcement": "disabled"}
    assert plan(KIND, wanted(None), case.client) == []
    assert case.world.asked[calls:] == ["GET /repos/acme/growth-churn", "GET /repos/acme/growth-churn/teams"]


# --- the ruleset


def test_the_ruleset_protects_the_default_branch(case: Case) -> None:
    (body,) = made(case, RULES).rulesets.values()
    assert (body["name"], body["target"], body["enforcement"]) == ("lakeport", "branch", "active")
    assert body["conditions"] == {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}
    assert body["bypass_actors"] == [{"actor_id": 7, "actor_type": "Integration", "bypass_mode": "always"}]
    by_type = {rule["type"]: rule.get("parameters") for rule in body["rules"]}
    assert by_type.keys() == {"deletion", "non_fast_forward", "pull_request", "required_status_checks"}
    assert by_type["pull_request"]["required_approving_review_count"] == 2


def test_the_ruleset_comes_last_so_that_nothing_of_ours_is_held_up(case: Case) -> None:
    changes = plan(KIND, desired(KIND, Case.spec, **Governed.origin), case.client)
    assert changes[-1].action == "ruleset"


@pytest.mark.parametrize(
    "edit",
    [
        {"enforcement": "disabled"},
        {"rules": [{"type": "deletion"}]},
        {"bypass_actors": []},
        {"conditions": {"ref_name": {"include": ["refs/heads/other"], "exclude": []}}},
    ],
    ids=lambda edit: next(iter(edit)),
)
def test_a_ruleset_that_somebody_weakened_is_corrected(case: Case, edit: dict[str, Any]) -> None:
    found = made(case, RULES)
    ((number, body),) = found.rulesets.items()
    found.rulesets[number] = body | edit
    (change,) = plan(KIND, wanted(RULES), case.client)
    assert (change.action, change.verb) == ("ruleset", Verb.UPDATE)
    carry_out(KIND, [change, change], case.client)
    assert found.rulesets == {number: body}
    assert plan(KIND, wanted(RULES), case.client) == []


def test_one_more_who_may_bypass_it_is_drift(case: Case) -> None:
    (body,) = made(case, RULES).rulesets.values()
    body["bypass_actors"].append({"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"})
    (change,) = plan(KIND, wanted(RULES), case.client)
    assert change.before["also_bypass"] == 1


def test_what_github_adds_to_a_ruleset_is_no_drift(case: Case) -> None:
    """Values that we do not set: parameters, the order of rules, links; and hidden bypass actors."""
    (body,) = made(case, RULES).rulesets.values()
    body |= {"rules": list(reversed(body["rules"])), "_links": {}, "source": "acme/growth-churn"}
    body["rules"][1]["parameters"]["allowed_merge_methods"] = ["squash"]
    del body["bypass_actors"]
    assert plan(KIND, wanted(RULES), case.client) == []


def test_rulesets_of_others_are_left_alone(case: Case) -> None:
    found = made(case, None)
    found.rulesets[99] = {"name": "theirs", "enforcement": "active"}
    made(case, RULES)
    assert sorted(one["name"] for one in found.rulesets.values()) == ["lakeport", "theirs"]


def test_a_ruleset_that_was_posted_twice_is_one(case: Case) -> None:
    """PyGithub repeats a POST whose answer was lost: the name is taken then, by what the first one made."""
    changes = plan(KIND, wanted(RULES), case.client)
    carry_out(KIND, changes, case.client)
    found = case.world.repos["growth-churn"]
    case.world.faults.append((r"GET /repos/acme/growth-churn/rulesets", 404, "Not Found"))  # not shown yet
    carry_out(KIND, changes[-1:], case.client)
    assert len(found.rulesets) == 1


@pytest.mark.parametrize("approvals", [0, 1, 10])
@pytest.mark.parametrize("checks", [(), ("b", "a")])
@pytest.mark.parametrize("flag", [False, True])
def test_a_ruleset_reads_back_as_it_was_written(approvals: int, checks: tuple[str, ...], flag: bool) -> None:
    rules = Ruleset(
        approvals=approvals, checks=checks, code_owners=flag, dismiss_stale=not flag, bypass_apps=(9, 7)
    )
    one = wanted(Repositories(ruleset=rules))
    normal = plan(KIND, one, Case().client)[-1].after["ruleset"]
    assert ruleset_of(ruleset_body(normal), []) == normal


# --- the others


def test_merge_settings_and_properties_that_somebody_changed_are_corrected() -> None:
    case = Governed()
    now = desired(KIND, Case.spec, **Governed.origin)
    carry_out(KIND, plan(KIND, now, case.client), case.client)
    found = case.world.repos["growth-churn"]
    found.merge["allow_merge_commit"] = True
    found.properties["data"] = "public"
    changes = plan(KIND, now, case.client)
    assert [(change.action, change.before) for change in changes] == [
        ("merge", {"allow_merge_commit": True}),
        ("properties", {"data": "public"}),
    ]
    carry_out(KIND, changes, case.client)
    assert plan(KIND, now, case.client) == []


def test_merge_settings_that_we_may_not_see_are_no_drift(case: Case) -> None:
    policy = Repositories(merge=Merge(squash=False))
    made(case, policy).merge.clear()
    assert plan(KIND, wanted(policy), case.client) == []


def test_a_property_that_the_organisation_does_not_define_is_named(case: Case) -> None:
    changes = plan(KIND, wanted(Repositories(properties={"cost_center": "cost-center"})), case.client)
    with pytest.raises(ConfigurationError, match="custom property cost-center"):
        carry_out(KIND, changes[:1], case.client)
    assert case.world.repos == {}


def test_an_environment_that_stands_keeps_its_protection(case: Case) -> None:
    """A PUT to it, even of nothing, would take its reviewers away."""
    found = made(case, None)
    found.environments["prod"] = "protected"
    policy = Repositories(environments=("prod", "dev"))
    changes = plan(KIND, wanted(policy), case.client)
    assert [change.action for change in changes] == ["environment:dev"]
    carry_out(KIND, plan(KIND, wanted(policy), Case().client)[-1:], case.client)  # as if it had been absent
    carry_out(KIND, changes, case.client)
    assert found.environments == {"prod": "protected", "dev": "open"}


@pytest.mark.parametrize("path", ["CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS"])
def test_a_codeowners_that_is_there_is_never_overwritten(case: Case, path: str) -> None:
    policy = Repositories(codeowners=True)
    found = made(case, None)
    changes = plan(KIND, wanted(policy), case.client)
    assert [change.action for change in changes] == ["codeowners"]
    found.commits.append({path: "* @acme/theirs\n"})
    assert plan(KIND, wanted(policy), case.client) == []
    carry_out(KIND, changes, case.client)
    assert found.commits[-1] == {path: "* @acme/theirs\n"}


def test_a_codeowners_that_was_put_twice_is_one(case: Case) -> None:
    """PyGithub repeats a PUT whose answer was lost: GitHub then asks for the sha of what stands."""
    changes = plan(KIND, wanted(Repositories(codeowners=True)), case.client)
    carry_out(KIND, changes, case.client)
    case.world.faults.append((r"GET .*/codeowners/errors", 404, "Not Found"))
    carry_out(KIND, changes[-1:], case.client)
    assert case.world.writes.count("file .github/CODEOWNERS") == 1


def test_with_a_scaffold_the_file_comes_from_there(case: Case) -> None:
    found = made(case, Repositories(codeowners=True), kinds=("repo", "scaffold"))
    assert found.commits == [{"README.md": "# growth-churn"}]


@pytest.mark.parametrize("team", ["pull", "triage", None])
def test_a_team_without_write_access_is_never_made_a_code_owner(case: Case, team: str | None) -> None:
    """GitHub ignores it in CODEOWNERS without a word."""
    spec = Case.spec | {"access": [{"team": "growth", "permission": team}] if team else []}
    with pytest.raises(RefusedChange, match="may not write it") as refused:
        plan(KIND, desired(KIND, spec, repositories=Repositories(codeowners=True)), case.client)
    assert refused.value.reason is Reason.MISSING


SECRETS = Repositories(secrets=Secrets(names=("DEPLOY_KEY", "TOKEN"), set_by="ml-platform"))


def test_secrets_that_somebody_has_to_set_are_told_at_review_and_when_it_is_tried(case: Case) -> None:
    note = "ml-platform sets the Actions secrets that are missing: DEPLOY_KEY, TOKEN."
    assert plan(KIND, wanted(SECRETS), case.client)[0].details == (note,)
    found = made(case, SECRETS)
    assert plan(KIND, wanted(SECRETS), case.client) == [], "a note is no change"
    assert KIND.verify is not None
    assert list(KIND.verify(wanted(SECRETS), case.client, print)) == [note]
    found.secrets = {"TOKEN"}
    case.world.secrets = {"DEPLOY_KEY"}
    assert list(KIND.verify(wanted(SECRETS), case.client, print)) == []
    assert "secret" not in "".join(case.world.writes).lower()


def test_code_owners_that_github_ignores_are_told_when_it_is_tried(case: Case) -> None:
    found = made(case, None)
    assert KIND.verify is not None
    assert list(KIND.verify(wanted(None), case.client, print)) == []
    found.commits.append({"CODEOWNERS": "* @acme/nobody\n"})
    assert list(KIND.verify(wanted(None), case.client, print)) == [
        "CODEOWNERS of acme/growth-churn, line 1: Unknown owner. GitHub ignores that line."
    ]
    case.world.repos.clear()
    assert list(KIND.verify(wanted(None), case.client, print)) == [
        "The repository acme/growth-churn does not stand."
    ]
