"""Every kind against the rehearsal GitHub and Databricks, over real HTTP with the real SDKs."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

import handlers
from gitops.errors import ConfigurationError
from gitops.plan import Reason, RefusedChange
from sandbox.databricks.rehearsal import Databricks
from sandbox.github.rehearsal import GitHub
from tests.handlers.support import carry_out, desired, plan

pytestmark = pytest.mark.e2e
REGISTRY = handlers.registry()
DATABRICKS = [
    (kind, name) for kind in ("schema", "compute") for name in import_module(f"tests.fakes.{kind}").CASES
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databricks]:
    with Databricks(tmp_path_factory.mktemp("databricks")) as running:
        running.seed(catalogs=["ml_dev"], groups=["growth", "risk"])
        yield running


@pytest.fixture
def databricks(workspace: Databricks) -> Any:
    return REGISTRY["schema"].connect({"DATABRICKS_HOST": workspace.url, "DATABRICKS_TOKEN": workspace.token})


@pytest.mark.parametrize(("name", "case_name"), DATABRICKS)
def test_databricks_there_and_back(databricks: Any, workspace: Databricks, name: str, case_name: str) -> None:
    kind = REGISTRY[name]
    spec = import_module(f"tests.fakes.{name}").CASES[case_name].spec
    wanted = desired(kind, spec)
    approved = [change.digest for change in plan(kind, wanted, databricks)]
    for done in range(len(approved)):
        rest = plan(kind, wanted, databricks)
        assert [change.digest for change in rest] == approved[done:]
        carry_out(kind, [rest[0], rest[0]], databricks)
    assert not plan(kind, wanted, databricks)
    outputs = kind.outputs(wanted, kind.read(wanted, databricks))
    assert outputs["url"].startswith(workspace.url)
    retiring = desired(kind, spec, lifecycle="retiring")
    carry_out(kind, kind.retire(retiring, kind.read(retiring, databricks)), databricks)
    assert kind.read(retiring, databricks) is None
    catalog = f"/api/2.1/unity-catalog/permissions/catalog/{spec.get('catalog')}"
    if name == "schema":  # stays behind, so that the next case starts from nothing
        gone = [{"principal": who, "remove": ["USE_CATALOG"]} for who in ("growth", "risk")]
        databricks.api_client.do("PATCH", catalog, body={"changes": gone})
    assert workspace.unknown_calls == []


def test_a_group_of_the_workspace_alone_is_refused(databricks: Any) -> None:
    kind = REGISTRY["schema"]
    spec = import_module("tests.fakes.schema").Case.spec
    grants = [{"principal": "users", "privileges": ["USE_SCHEMA"]}]
    with pytest.raises(RefusedChange) as refused:
        plan(kind, desired(kind, spec | {"grants": grants}), databricks)
    assert refused.value.reason is Reason.MISSING


def test_a_credential_that_may_only_read_draws_the_plan(workspace: Databricks) -> None:
    writes = list(workspace.writes)
    for name in ("schema", "compute"):
        kind = REGISTRY[name]
        client = kind.connect({"DATABRICKS_HOST": workspace.url, "DATABRICKS_TOKEN": workspace.read_token})
        spec = import_module(f"tests.fakes.{name}").Case.spec
        assert plan(kind, desired(kind, spec), client)
    assert workspace.writes == writes


@pytest.fixture
def github(tmp_path: Any) -> Iterator[tuple[GitHub, Any]]:
    server = GitHub(tmp_path / "github")
    server.add_organisation("acme")
    for team in ("growth", "risk"):
        server.add_team("acme", team, [])
    token = server.add_app("lakeport")
    server.define_custom_property("acme", "lakeport-request")
    server.start()
    try:
        yield (
            server,
            REGISTRY["repo"].connect({"GITHUB_API_URL": server.url, "LAKEPORT_GITHUB_TOKEN": token}),
        )
    finally:
        server.stop()


def test_github_there_and_back(github: tuple[GitHub, Any]) -> None:
    _, client = github
    kinds = [REGISTRY["repo"], REGISTRY["scaffold"]]
    specs = {name: import_module(f"tests.fakes.{name}").Case.spec for name in ("repo", "scaffold")}
    approved = [
        change.digest for kind in kinds for change in plan(kind, desired(kind, specs[kind.name]), client)
    ]
    done = 0
    for kind in kinds:
        wanted = desired(kind, specs[kind.name])
        while rest := plan(kind, wanted, client):
            assert rest[0].digest == approved[done]
            carry_out(kind, [rest[0], rest[0]], client)
            done += 1
    assert done == len(approved)
    assert len(list(client.get_repo("acme/growth-churn").get_commits())) == 2
    retiring = [desired(kind, specs[kind.name], lifecycle="retiring") for kind in kinds]
    for kind, wanted in zip(kinds, retiring, strict=True):
        carry_out(kind, kind.retire(wanted, kind.read(wanted, client)), client)
    assert [kind.read(wanted, client) for kind, wanted in zip(kinds, retiring, strict=True)] == [None, None]
    with pytest.raises(RefusedChange) as refused:
        plan(kinds[0], desired(kinds[0], specs["repo"]), client)
    assert refused.value.reason is Reason.IMMUTABLE


def test_a_property_that_is_not_defined_is_said_to_be(github: tuple[GitHub, Any]) -> None:
    server, client = github
    server.state.data.organisations["acme"].properties.clear()
    kind = REGISTRY["repo"]
    wanted = desired(kind, import_module("tests.fakes.repo").Case.spec)
    with pytest.raises(ConfigurationError, match="lakeport-request") as raised:
        carry_out(kind, plan(kind, wanted, client)[:1], client)
    assert "Custom properties" in raised.value.fix
