"""Repositories on the rehearsal GitHub, over real HTTP and with the real PyGithub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gitops.errors import RemoteError
from handlers import repo
from sandbox.actions import Actions
from sandbox.github.rehearsal import GitHub
from tests.fakes.repo import WORKFLOW, Case, Dispatched, Governed
from tests.handlers.support import carry_out, desired, plan

pytestmark = pytest.mark.e2e
KIND = repo.KIND
UTILITY = """
name: repository
run-name: "Repository ${{ inputs.repo_name }} (${{ inputs.correlation }})"
on:
  workflow_dispatch:
    inputs: {repo_name: {}, correlation: {}, who: {}, topics: {}}
permissions: {}
jobs:
  create:
    runs-on: ubuntu-latest
    steps:
    - env:
        NAME: ${{ inputs.repo_name }}
        TOKEN: ${{ secrets.ORG_TOKEN }}
      run: |
        test -n "$TOKEN" || { echo "no budget for $NAME"; exit 1; }
        curl -sf -o /dev/null -H "Authorization: Bearer $TOKEN" "$GITHUB_API_URL/orgs/acme/repos" \\
          -d "{\\"name\\":\\"$NAME\\",\\"visibility\\":\\"private\\",\\"auto_init\\":true}"
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHub]:
    found = GitHub(tmp_path / "github")
    found.add_organisation("acme")
    found.add_user("LiWei", "Li Wei", "li.wei@acme.example")
    for team in ("growth", "risk"):
        found.add_team("acme", team, [])
    for name in ("lakeport-request", "owning-team", "data"):
        found.define_custom_property("acme", name)
    found.state.add_account("stranger", "User")
    found.start()
    try:
        yield found
    finally:
        found.stop()


@pytest.fixture
def client(server: GitHub) -> Any:
    token = server.add_app("lakeport")
    return KIND.connect({"GITHUB_API_URL": server.url, "LAKEPORT_GITHUB_TOKEN": token})


def test_a_governed_repository_there_and_back(server: GitHub, client: Any) -> None:
    policy = msgspec.structs.replace(Governed.origin["repositories"], invite="organisation")
    more = Governed.origin | {
        "repositories": policy,
        "members": ("li.wei@acme.example", "new@acme.example"),
        "people": {"li.wei@acme.example": "LiWei", "new@acme.example": "stranger"},
    }
    wanted = desired(KIND, Case.spec, **more)
    approved = [change.digest for change in plan(KIND, wanted, client)]
    for done in (0, 4, 8):
        rest = plan(KIND, wanted, client)
        assert [change.digest for change in rest] == approved[done:]
        carry_out(KIND, [change for change in rest[:4] for _ in range(2)], client)
    writes = list(server.state.writes)
    assert plan(KIND, wanted, client) == []
    kept = server.state.data.repositories["acme/growth-churn"]
    assert kept.collaborators == {"liwei": "push"}
    assert [(one.login, one.permission) for one in kept.invitations.values()] == [("stranger", "push")]
    assert server.state.data.organisations["acme"].invited == {"stranger": "member"}
    assert [each["name"] for each in kept.rulesets.values()] == ["lakeport"]
    assert sorted(kept.environments) == ["dev", "prod"]
    assert KIND.verify is not None
    assert list(KIND.verify(wanted, client, print)) == []

    assert KIND.read_all is not None
    many = KIND.read_all([wanted] * 12, client)
    assert many == [KIND.read(wanted, client)] * 12, "lists say the same"
    assert KIND.marked is not None
    assert [one.request for one in KIND.marked(client)] == ["dev/growth/churn"]

    less = msgspec.structs.replace(
        wanted,
        spec=msgspec.structs.replace(wanted.spec, access=wanted.spec.access[:1], topics=("new",)),
        origin=msgspec.structs.replace(
            wanted.origin, members=("li.wei@acme.example",), former_members=("new@acme.example",)
        ),
        earlier=(wanted.spec,),
    )
    assert server.state.writes == writes, "nobody wrote meanwhile"
    changes = plan(KIND, less, client)
    assert [removed for change in changes for removed in change.removes] == [
        "the topic churn",
        "the team risk loses pull",
        "stranger loses push",
    ]
    carry_out(KIND, [*changes, *changes], client)
    assert plan(KIND, less, client) == []
    assert (kept.topics, kept.invitations) == (["new"], {})

    retiring = msgspec.structs.replace(
        less, origin=msgspec.structs.replace(less.origin, lifecycle="retiring")
    )
    changes = list(KIND.retire(retiring, KIND.read(retiring, client)))
    assert [change.action for change in changes] == ["access:growth", "person:liwei", "repository"]
    carry_out(KIND, [*changes, *changes], client)
    assert KIND.read(retiring, client) is None
    assert kept.collaborators == {}
    assert list(KIND.marked(client)) == [], "it is archived"
    assert server.state.unknown_calls == []


@pytest.mark.parametrize("allowed", [True, False], ids=["success", "failure"])
def test_the_organisations_own_workflow_makes_the_repository(
    server: GitHub, client: Any, tmp_path: Path, allowed: bool
) -> None:
    server.create_repository("acme", "platform", {f".github/workflows/{WORKFLOW.file}": UTILITY})
    secrets = {"ORG_TOKEN": server.add_app("platform")} if allowed else {}
    actions = Actions(server.state, tmp_path / "actions", secrets=secrets)
    server.set_runner(actions)
    wanted = desired(KIND, Dispatched.spec, **Dispatched.origin)
    try:
        if not allowed:
            with pytest.raises(RemoteError, match="ended with failure") as raised:
                carry_out(KIND, plan(KIND, wanted, client)[:1], client)
            assert "no budget for growth-churn" in raised.value.why
            return
        carry_out(KIND, plan(KIND, wanted, client), client)
        assert plan(KIND, wanted, client) == []
        (run,) = server.state.data.repositories["acme/platform"].runs.values()
        assert run.title == "Repository growth-churn (dev/growth/churn/growth-churn)"
        assert server.state.data.repositories["acme/growth-churn"].visibility == "internal"
        assert server.state.unknown_calls == []
    finally:
        actions.stop()
