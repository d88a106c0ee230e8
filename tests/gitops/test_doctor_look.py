"""What the doctor asks of GitHub, what it makes of the answers, and the rulesets that it sets."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import responses
from github import Auth, Github

from gitops import cli
from gitops.codeowners import section
from gitops.doctor import REQUIRED_CHECKS, judge
from gitops.doctor_look import Look
from gitops.doctor_rulesets import ruleset
from gitops.errors import ConfigurationError
from gitops.policy import load_policy

API = "https://api.github.com:443"
"""As PyGithub writes it."""

REPO = f"{API}/repos/acme/lakeport"
APP = 15368

RULES = [
    {"type": "deletion", "ruleset_source_type": "Repository", "ruleset_id": 1},
    {"type": "non_fast_forward", "ruleset_source_type": "Repository", "ruleset_id": 1},
    {
        "type": "pull_request",
        "ruleset_source_type": "Organization",
        "ruleset_id": 2,
        "parameters": {"require_code_owner_review": True},
    },
    {
        "type": "required_status_checks",
        "ruleset_source_type": "Repository",
        "ruleset_id": 1,
        "parameters": {
            "required_status_checks": [{"context": one, "integration_id": APP} for one in REQUIRED_CHECKS]
        },
    },
]


RAW = (Path(__file__).parents[2] / "requests/policy.yaml").read_bytes()
POLICY = load_policy(RAW)
PEOPLE = ("nadia-k", "petra-v", "sam-o", "omar-f", "tomas-b", "irene-w")
OWNERS = section(POLICY, "ml-platform")


def file(text: str) -> dict[str, str]:
    return {"encoding": "base64", "content": base64.b64encode(text.encode()).decode()}


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as found:
        yield found


@pytest.fixture
def answers(mock: responses.RequestsMock) -> Callable[..., None]:
    """A repository that is set up; what is given stands in for an answer, ``None`` for a 404."""

    def told(**instead: Any) -> None:
        usual: dict[str, Any] = {
            REPO: {"name": "lakeport", "full_name": "acme/lakeport", "default_branch": "main"},
            f"{REPO}/actions/permissions/workflow": {
                "default_workflow_permissions": "read",
                "can_approve_pull_request_reviews": False,
            },
            f"{API}/orgs/acme/properties/schema": [{"property_name": "lakeport-request"}],
            f"{REPO}/branches/main": {"name": "main"},
            f"{REPO}/branches/receipts": None,
            f"{REPO}/rules/branches/main": RULES,
            f"{REPO}/rulesets/1": {"bypass_actors": []},
            f"{API}/orgs/acme/rulesets/2": {
                "bypass_actors": [{"actor_type": "OrganizationAdmin", "actor_id": 1}]
            },
            f"{API}/apps/github-actions": {"id": APP},
            **{f"{API}/users/{one}": {"login": one} for one in PEOPLE},
            **{f"{REPO}/collaborators/{one}/permission": {"permission": "write"} for one in PEOPLE},
            f"{REPO}/contents/.github/CODEOWNERS": file(OWNERS),
            f"{REPO}/codeowners/errors": {"errors": []},
            f"{REPO}/environments": {
                "environments": [
                    {"name": "lakeport-plan", "deployment_branch_policy": None},
                    {
                        "name": "lakeport-apply",
                        "deployment_branch_policy": {
                            "protected_branches": False,
                            "custom_branch_policies": True,
                        },
                    },
                ]
            },
            f"{REPO}/environments/lakeport-apply/deployment-branch-policies": {
                "branch_policies": [{"name": "main"}]
            },
            f"{REPO}/rulesets": [{"name": "lakeport", "id": 1}],
        }
        for url, answer in {**usual, **instead}.items():
            if answer is None:
                mock.get(url, status=404, json={"message": "Not Found"})
            else:
                mock.get(url, json=answer)

    return told


def look() -> Look:
    hub = Github(auth=Auth.Token("t"), seconds_between_requests=0, seconds_between_writes=0)
    return Look(hub, "acme/lakeport", "github-actions")


def test_everything_is_looked_at(answers: Callable[..., None]) -> None:
    answers(**{f"{API}/users/irene-w": None})
    facts = look().facts(POLICY, ["Team 7"])
    assert facts.main.code_owners
    assert (facts.owners, facts.unknown_owners, facts.shared_app) == ((), (), True)
    assert facts.may_bypass == {"Team 7"}
    assert facts.main.pull_required
    assert facts.main.checks == dict.fromkeys(REQUIRED_CHECKS, APP)
    assert facts.main.bypass == ("owners of the organisation",)
    assert not facts.receipts.exists
    assert facts.writers == dict.fromkeys(sorted({*PEOPLE} - {"irene-w"}), True)
    assert facts.environments == {"lakeport-plan": None, "lakeport-apply": ("main",)}
    assert (facts.actions_approve, facts.token_writes, facts.mark_defined) == (False, False, True)


def test_what_may_not_be_seen_is_not_taken_for_fine(answers: Callable[..., None]) -> None:
    answers(
        **{
            f"{REPO}/actions/permissions/workflow": None,
            f"{API}/orgs/acme/properties/schema": None,
            f"{REPO}/environments": None,
            f"{REPO}/rulesets/1": {"name": "lakeport"},  # without bypass_actors: not for these eyes
        }
    )
    facts = look().facts(POLICY)
    assert facts.main.bypass is None
    assert (facts.environments, facts.actions_approve, facts.mark_defined) == (None, None, None)
    assert sum(one.level == "unseen" for one in judge(facts)) == 4


def test_the_code_owners_of_the_default_branch_are_looked_at(answers: Callable[..., None]) -> None:
    errors = [{"line": 4, "kind": "Unknown owner", "source": "* @acme/ml-platform"}]
    answers(
        **{
            f"{REPO}/contents/.github/CODEOWNERS": file("* @acme/growth\n"),
            f"{REPO}/codeowners/errors": {"errors": errors},
        }
    )
    facts = look().facts(POLICY)
    assert "no section of ours" in facts.owners[0].what
    assert facts.unknown_owners == ("line 4, Unknown owner (* @acme/ml-platform).",)


def test_without_the_file_nothing_is_owned(answers: Callable[..., None]) -> None:
    answers(**{f"{REPO}/contents/.github/CODEOWNERS": None, f"{REPO}/codeowners/errors": None})
    assert look().facts(POLICY).owners[0].open


def test_fixing_keeps_who_is_meant_to_bypass_and_takes_rights_from_workflows(
    answers: Callable[..., None], mock: responses.RequestsMock
) -> None:
    team = {"actor_type": "Team", "actor_id": 7, "bypass_mode": "always"}
    rights = {"default_workflow_permissions": "write", "can_approve_pull_request_reviews": True}
    answers(
        **{
            f"{REPO}/rulesets/1": {"bypass_actors": [team, {**team, "actor_id": 8}]},
            f"{REPO}/actions/permissions/workflow": rights,
        }
    )
    mock.put(f"{REPO}/rulesets/1", json={})
    mock.post(f"{REPO}/rulesets", json={}, status=201)
    mock.put(f"{REPO}/actions/permissions/workflow", status=204)
    found = look()
    said = found.fix(found.facts(POLICY, ["Team 7"]))
    assert said[-1].startswith("Workflows may only read")
    sent = [json.loads(call.request.body) for call in mock.calls if call.request.method == "PUT"]
    assert sent[0]["bypass_actors"] == [team]
    assert sent[1] == {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False}


def test_the_rulesets_are_set_and_brought_up_to_date(
    answers: Callable[..., None], mock: responses.RequestsMock
) -> None:
    answers()
    mock.put(f"{REPO}/rulesets/1", json={})
    mock.post(f"{REPO}/rulesets", json={}, status=201)
    found = look()
    said = found.fix(found.facts(POLICY))
    assert len(said) == 2
    sent = {call.request.method: json.loads(call.request.body) for call in mock.calls if call.request.body}
    assert sent["PUT"] == ruleset("main", APP)
    assert sent["POST"]["conditions"]["ref_name"]["include"] == ["refs/heads/receipts"]


def test_without_our_app_nothing_is_set(answers: Callable[..., None]) -> None:
    answers(**{f"{API}/apps/github-actions": None})
    found = look()
    with pytest.raises(ConfigurationError, match="knows no app"):
        found.fix(found.facts(POLICY))


def test_the_command(
    answers: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    (tmp_path / "requests").mkdir()
    (tmp_path / "requests/policy.yaml").write_bytes(RAW)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/lakeport")
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    answers()
    assert cli.main({}, ["doctor", "--github"]) == 1
    said = capsys.readouterr().out
    assert said.startswith(
        "A request could pass without the gate, in 1 way.\n\n✗ owners of the organisation may"
    )
    assert "✓ Every approver of the policy may write" in said
