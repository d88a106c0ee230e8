"""Every kind against the rehearsal GitHub and Databricks, over real HTTP with the real SDKs."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import msgspec
import pytest

import handlers
from gitops.errors import ConfigurationError, Refused
from gitops.plan import Reason, RefusedChange
from gitops.policy_compute import ComputeRules
from gitops.policy_schemas import SchemaRules
from sandbox.databricks.rehearsal import Databricks
from sandbox.github.rehearsal import GitHub
from tests.handlers.support import carry_out, desired, plan

pytestmark = pytest.mark.e2e
REGISTRY = handlers.registry()
DATABRICKS = [
    (kind.name, case)
    for kind in REGISTRY.values()
    if kind.system == "Databricks"
    for case in import_module(f"tests.fakes.{kind.name}").CASES
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databricks]:
    with Databricks(tmp_path_factory.mktemp("databricks")) as running:
        running.seed(catalogs=["ml_dev"], groups=["growth", "risk"])
        yield running


@pytest.fixture
def databricks(workspace: Databricks) -> Any:
    return REGISTRY["schema"].connect({"DATABRICKS_HOST": workspace.url, "DATABRICKS_TOKEN": workspace.token})


@contextmanager
def standing(specs: list[dict[str, Any]], client: Any) -> Iterator[None]:
    """Makes what a case stands in, and takes it away again."""
    wanted = [(REGISTRY[spec["kind"]], spec) for spec in specs]
    for kind, spec in wanted:
        carry_out(kind, plan(kind, desired(kind, spec), client), client)
    yield
    for kind, spec in reversed(wanted):
        retiring = desired(kind, spec, lifecycle="retiring")
        carry_out(kind, kind.retire(retiring, kind.read(retiring, client)), client)


@pytest.mark.parametrize(("name", "case_name"), DATABRICKS)
def test_databricks_there_and_back(databricks: Any, workspace: Databricks, name: str, case_name: str) -> None:
    case = import_module(f"tests.fakes.{name}").CASES[case_name]
    with standing(getattr(case, "needs", []), databricks):
        _there_and_back(databricks, workspace, name, case_name)


def test_a_volume_with_a_file_in_it_is_not_dropped(databricks: Any) -> None:
    kind, case = REGISTRY["volume"], import_module("tests.fakes.volume").Case
    with standing([*case.needs, case.spec], databricks):
        path = "/Volumes/ml_dev/churn/landing/part-0.csv"
        databricks.files.upload(path, io.BytesIO(b"a,b"))
        retiring = desired(kind, case.spec, lifecycle="retiring")
        drop = kind.retire(retiring, kind.read(retiring, databricks))[-1]
        with pytest.raises(Refused, match=r"it holds the file part-0\.csv"):
            carry_out(kind, [drop], databricks)
        databricks.files.delete(path)


def _there_and_back(databricks: Any, workspace: Databricks, name: str, case_name: str) -> None:
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


def test_a_schema_is_handed_over_and_holds_a_model(databricks: Any) -> None:
    kind = REGISTRY["schema"]
    spec = import_module("tests.fakes.schema").Case.spec | {"name": "owned"}
    owned = desired(kind, spec, schemas=SchemaRules(owner="team"))
    carry_out(kind, plan(kind, owned, databricks), databricks)
    assert databricks.schemas.get("ml_dev.owned").owner == "growth"
    assert not plan(kind, owned, databricks)
    assert list(kind.verify(owned, databricks, lambda said: None)) == []
    assert [one.identity for one in kind.marked(databricks)] == ["ml_dev.owned"]
    several = [owned, desired(kind, spec | {"name": "b"}), desired(kind, spec | {"name": "c"})]
    assert list(kind.read_all(several, databricks)) == [kind.read(one, databricks) for one in several]
    databricks.registered_models.create(catalog_name="ml_dev", schema_name="owned", name="scores")
    retiring = desired(kind, spec, lifecycle="retiring")
    with pytest.raises(Refused, match="the model scores"):
        carry_out(kind, kind.retire(retiring, kind.read(retiring, databricks)), databricks)
    databricks.registered_models.delete("ml_dev.owned.scores")
    carry_out(kind, kind.retire(retiring, kind.read(retiring, databricks)), databricks)
    assert kind.read(retiring, databricks) is None


def test_a_credential_that_may_only_read_draws_the_plan(workspace: Databricks) -> None:
    writes = list(workspace.writes)
    for name in ("schema", "compute"):
        kind = REGISTRY[name]
        client = kind.connect({"DATABRICKS_HOST": workspace.url, "DATABRICKS_TOKEN": workspace.read_token})
        spec = import_module(f"tests.fakes.{name}").Case.spec
        assert plan(kind, desired(kind, spec), client)
    assert workspace.writes == writes


def verified(databricks: Any, wanted: Any) -> list[str]:
    told: list[str] = []
    kind = REGISTRY["compute"]
    assert kind.verify is not None
    return [*kind.verify(wanted, databricks, told.append)]


@pytest.mark.parametrize("case_name", ["cluster", "sql_warehouse", "job"])
def test_compute_is_tried_and_left_as_it_was(databricks: Any, case_name: str) -> None:
    kind = REGISTRY["compute"]
    wanted = desired(kind, import_module("tests.fakes.compute").CASES[case_name].spec)
    carry_out(kind, plan(kind, wanted, databricks), databricks)
    found = kind.read(wanted, databricks)
    if case_name == "cluster":
        databricks.clusters.delete_and_wait(found.id)
    elif case_name == "sql_warehouse":
        databricks.warehouses.stop(found.id)
    problems = verified(databricks, wanted)
    assert [problem for problem in problems if "notebook" not in problem] == []
    assert len(problems) == (1 if case_name == "job" else 0)
    assert kind.read(wanted, databricks).runs is False
    assert not plan(kind, wanted, databricks)
    retiring = desired(kind, import_module("tests.fakes.compute").CASES[case_name].spec, lifecycle="retiring")
    carry_out(kind, kind.retire(retiring, kind.read(retiring, databricks)), databricks)


@pytest.mark.parametrize("section", [{"name": "{team}-{environment}"}, {"make": True}])
def test_a_cluster_lives_and_changes_under_its_policy(
    databricks: Any, workspace: Databricks, section: dict[str, Any]
) -> None:
    """Values that the policy fixes are supplied by it; an edit of it reaches the cluster when asked to."""
    kind = REGISTRY["compute"]
    spec = import_module("tests.fakes.compute").Case.spec | {"libraries": [], "access": []}
    rules = msgspec.convert({"cluster_policy": section, "instance_pools": ["general"]}, ComputeRules)
    pool = databricks.instance_pools.create("general", "Standard_D8ds_v5").instance_pool_id
    definition = {"autotermination_minutes": {"type": "fixed", "value": 60}}
    given = databricks.cluster_policies.create(name="growth-dev", definition=json.dumps(definition)).policy_id
    wanted = desired(kind, spec, compute=rules)
    approved = plan(kind, wanted, databricks)
    for change in approved:
        carry_out(kind, [change, change], databricks)
    assert not plan(kind, wanted, databricks)
    cluster = databricks.clusters.get(kind.read(wanted, databricks).id)
    assert cluster.instance_pool_id == pool
    assert cluster.autotermination_minutes == (30 if "make" in section else 60)
    larger = desired(kind, spec | {"size": "medium", "max_workers": 8}, compute=rules)
    carry_out(kind, plan(kind, larger, databricks), databricks)
    assert not plan(kind, larger, databricks)
    assert databricks.clusters.get(cluster.cluster_id).instance_pool_id is None
    if "make" not in section:
        definition["autotermination_minutes"]["value"] = 20
        databricks.cluster_policies.edit(given, name="growth-dev", definition=json.dumps(definition))
        (change,) = plan(kind, larger, databricks)
        assert change.action == "comply"
        carry_out(kind, [change], databricks)
        assert databricks.clusters.get(cluster.cluster_id).autotermination_minutes == 20
        assert not plan(kind, larger, databricks)
    retiring = desired(kind, spec, compute=rules, lifecycle="retiring")
    carry_out(kind, kind.retire(retiring, kind.read(retiring, databricks)), databricks)
    assert kind.read(retiring, databricks) is None or "make" not in section
    databricks.cluster_policies.delete(given)
    databricks.instance_pools.delete(pool)
    assert not list(databricks.cluster_policies.list())
    assert workspace.unknown_calls == []


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
