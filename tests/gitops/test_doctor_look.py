"""What the doctor asks of GitHub, what it makes of the answers, and the rulesets that it sets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import responses
from github import Auth, Github

from gitops import cli
from gitops.doctor import REQUIRED_CHECKS, judge, ruleset
from gitops.doctor_look import Look
from gitops.errors import ConfigurationError

API = "https://api.github.com:443"
"""As PyGithub writes it."""

REPO = f"{API}/repos/acme/lakeport"
APP = 15368

RULES = [
    {"type": "deletion", "ruleset_source_type": "Repository", "ruleset_id": 1},
    {"type": "non_fast_forward", "ruleset_source_type": "Repository", "ruleset_id": 1},
    {"type": "pull_request", "ruleset_source_type": "Organization", "ruleset_id": 2, "parameters": {}},
    {
        "type": "required_status_checks",
        "ruleset_source_type": "Repository",
        "ruleset_id": 1,
        "parameters": {
            "required_status_checks": [{"context": one, "integration_id": APP} for one in REQUIRED_CHECKS]
        },
    },
]


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
            f"{API}/users/nadia-k": {"login": "nadia-k"},
            f"{API}/users/gone": None,
            f"{REPO}/collaborators/nadia-k/permission": {"permission": "write"},
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
    answers()
    facts = look().facts(["nadia-k", "gone"])
    assert facts.main.pull_required
    assert facts.main.checks == dict.fromkeys(REQUIRED_CHECKS, APP)
    assert facts.main.bypass == ("owners of the organisation",)
    assert not facts.receipts.exists
    assert facts.writers == {"nadia-k": True}
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
    facts = look().facts([])
    assert facts.main.bypass is None
    assert (facts.environments, facts.actions_approve, facts.mark_defined) == (None, None, None)
    assert sum(one.level == "unseen" for one in judge(facts)) == 4


def test_the_rulesets_are_set_and_brought_up_to_date(
    answers: Callable[..., None], mock: responses.RequestsMock
) -> None:
    answers()
    mock.put(f"{REPO}/rulesets/1", json={})
    mock.post(f"{REPO}/rulesets", json={}, status=201)
    found = look()
    said = found.fix(found.facts([]))
    assert len(said) == 2
    sent = {call.request.method: json.loads(call.request.body) for call in mock.calls if call.request.body}
    assert sent["PUT"] == ruleset("main", APP)
    assert sent["POST"]["conditions"]["ref_name"]["include"] == ["refs/heads/receipts"]


def test_without_our_app_nothing_is_set(answers: Callable[..., None]) -> None:
    answers(**{f"{API}/apps/github-actions": None})
    found = look()
    with pytest.raises(ConfigurationError, match="knows no app"):
        found.fix(found.facts([]))


def test_the_command(
    answers: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    (tmp_path / "requests").mkdir()
    policy = Path(__file__).parents[2] / "requests/policy.yaml"
    (tmp_path / "requests/policy.yaml").write_bytes(policy.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/lakeport")
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    names = ("petra-v", "sam-o", "omar-f", "tomas-b", "irene-w")
    answers(
        **{f"{API}/users/{one}": {"login": one} for one in names},
        **{f"{REPO}/collaborators/{one}/permission": {"permission": "admin"} for one in names},
    )
    assert cli.main({}, ["doctor", "--github"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("✗ owners of the organisation may bypass the rules of main")
    assert "✓ Every approver of the policy may write" in said
