"""The section `repositories` of the policy: what may stand in it, and what is wrong with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gitops.errors import InvalidRequest
from gitops.policy_repositories import Merge, Repositories, problems
from gitops.policyfile import load_policy
from gitops.request import desired
from gitops.yamlfile import load
from tests.support import versions

ROOT = Path(__file__).parents[2]
POLICY = (ROOT / "requests" / "policy.yaml").read_text("utf-8")


def section(text: str) -> Repositories | None:
    return load_policy((POLICY + text).encode()).repositories


def findings(text: str) -> list[str]:
    with pytest.raises(InvalidRequest) as invalid:
        section(text)
    return [f"{found.place.path}: {found.message}" for found in invalid.value.findings]


def test_the_examples_can_be_used_as_they_stand() -> None:
    """That of the sample policy, which only has to be uncommented, and those of its reference."""
    commented = re.search(r"(?m)^# (repositories:\n(?:#   .*\n)+)", POLICY)
    assert commented
    found = section(re.sub(r"(?m)^# ", "", commented[1]))
    assert found is not None
    assert found.workflow is not None
    assert found.workflow.timeout_minutes == 10
    page = (ROOT / "docs" / "policy.md").read_text("utf-8")
    blocks = re.findall(r"```yaml\n(repositories:\n.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        assert msgspec.convert(load(block.encode(), "x").data["repositories"], Repositories)


def test_without_the_section_there_is_none() -> None:
    assert section("") is None


def test_what_is_left_out_is_not_said() -> None:
    assert Repositories() == section("repositories: {}\n")
    assert Merge(squash=True, delete_branch=False).settings == {
        "allow_squash_merge": True,
        "delete_branch_on_merge": False,
    }


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            "{properties: {team: lakeport-request}}",
            "repositories.properties.team: The property lakeport-request",
        ),
        ("{properties: {team: x, environment: x}}", "The property x is filled twice."),
        (
            "{workflow: {repository: a/b, file: c.yml, inputs: {name: x, marker: x}}}",
            "repositories.workflow.inputs.name: The input x is given twice.",
        ),
        ("{ruleset: {approvals: 1}}", "bypass_apps"),
        ("{ruleset: {approvals: 11, bypass_apps: [1]}}", "repositories.ruleset.approvals"),
        ("{secrets: {names: [GITHUB_TOKEN], set_by: x}}", "repositories.secrets.names"),
        ("{workflow: {repository: a/b, file: c.yml, inputs: {name: x}}}", "marker"),
        ("{workflow: {repository: a/b, file: ../c.yml, inputs: {name: x, marker: y}}}", "workflow.file"),
        (
            "{workflow: {repository: a/../b, file: c.yml, inputs: {name: x, marker: y}}}",
            "workflow.repository",
        ),
        (
            "{workflow: {repository: a/b, file: c.yml, ref: '--x', inputs: {name: x, marker: y}}}",
            "workflow.ref",
        ),
        ("{environments: ['../x']}", "repositories.environments"),
        ("{invite: everybody}", "repositories.invite"),
        ("{colour: red}", "colour"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(value: str, said: str) -> None:
    assert any(said in one for one in findings(f"repositories: {value}\n")), findings(
        f"repositories: {value}\n"
    )


@pytest.mark.parametrize("name", ["ruleset", "merge", "environments", "secrets", "properties", "workflow"])
def test_every_key_is_in_the_reference(name: str) -> None:
    assert f"| `{name}` |" in (ROOT / "docs" / "policy.md").read_text("utf-8")
    assert name in Repositories.__struct_fields__


def test_a_right_section_has_no_problems() -> None:
    given: dict[str, Any] = {"properties": {"team": "a", "environment": "b"}}
    assert list(problems(msgspec.convert(given, Repositories))) == []


def test_a_resource_knows_who_was_a_member_and_what_else_is_asked_for() -> None:
    """By earlier versions of the request, with the logins of those who left; and what the policy wants."""
    policy = msgspec.structs.replace(
        versions.policy(), repositories=Repositories(codeowners=True), members={"repo": ("push",)}
    )
    jane, tomas, gone = "jane.doe@acme.example", "tomas.blanco@acme.example", "gone@acme.example"
    now = versions.loaded(versions.data(members=[jane]))
    earlier = [versions.loaded(versions.data(members=names)) for names in ([tomas, gone], [jane, tomas])]
    found = desired(now, policy, earlier, versions.registry())[0].origin
    assert found.members == (jane,)
    assert found.former_members == (tomas, gone)
    assert found.people[tomas] == "tomas-b"
    assert found.member_access == {"repo": ("push",)}
    assert found.kinds == ("repo", "scaffold", "schema", "compute")
    assert found.repositories == Repositories(codeowners=True)
