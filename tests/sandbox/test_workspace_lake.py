"""What the workspace shows of Databricks is what its API says, looked at with a token that may only read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.service import catalog

from sandbox.databricks.rehearsal import Databricks
from sandbox.workspace.lake import Grant, Lake

pytestmark = pytest.mark.usefixtures("loopback")
MARK = {"lakeport-request": "dev/growth/churn"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databricks]:
    with Databricks(tmp_path_factory.mktemp("databricks"), cluster_seconds=0.1, install_seconds=0.1) as found:
        found.seed(catalogs=["ml_dev", "risk_prod"], groups=["growth"])
        yield found


@pytest.fixture
def lake(workspace: Databricks) -> Iterator[Lake]:
    found = Lake(workspace.url, workspace.read_token, lambda: len(workspace.writes))
    yield found
    found.close()


def test_what_is_made_shows_at_the_next_look(workspace: Databricks, lake: Lake) -> None:
    w = WorkspaceClient(host=workspace.url, token=workspace.token, auth_type="pat")
    assert lake.look().empty
    assert [one.name for one in lake.look().catalogs] == ["ml_dev", "risk_prod"]
    before = lake.version()
    assert lake.version() == before

    w.schemas.create(
        "churn",
        "ml_dev",
        comment="Who leaves",
        properties={"lakeport.request": "dev/growth/churn", "cost_center": "CC-1042"},
    )
    w.schemas.update("ml_dev.churn", owner="growth")
    change = catalog.PermissionsChange(
        principal="growth", add=[catalog.Privilege.SELECT, catalog.Privilege.MODIFY]
    )
    w.grants.update("schema", "ml_dev.churn", changes=[change])
    spec = {
        "cluster_name": "churn",
        "spark_version": "15.4.x-scala2.12",
        "node_type_id": "Standard_D4ds_v5",
        "autoscale": {"min_workers": 1, "max_workers": 4},
        "autotermination_minutes": 30,
        "custom_tags": MARK,
        "data_security_mode": "USER_ISOLATION",
    }
    w.api_client.do("POST", "/api/2.1/clusters/create", body=spec)
    w.warehouses.create(name="ask", cluster_size="Small", max_num_clusters=1, auto_stop_mins=20)

    assert lake.version() != before
    seen = lake.look()
    assert seen.trouble == ""
    (schema,) = seen.catalogs[0].schemas
    assert (schema.name, schema.comment, schema.request) == ("ml_dev.churn", "Who leaves", "dev/growth/churn")
    assert schema.facts == ("owned by growth", "cost_center: CC-1042")
    assert schema.grants == (Grant("growth", "MODIFY, SELECT"),)
    assert schema.volumes == ()
    assert seen.bounds == ()
    assert seen.catalogs[1].schemas == ()
    shown = {one.kind: one for one in seen.compute}
    assert shown["cluster"].request == "dev/growth/churn"
    assert shown["cluster"].facts[:3] == ("1 to 4 workers", "Standard_D4ds_v5", "stops after 30 min")
    assert (shown["SQL warehouse"].name, shown["SQL warehouse"].facts[0]) == ("ask", "Small")


def test_volumes_cluster_policies_and_pools_show_where_there_are_any(
    workspace: Databricks, lake: Lake
) -> None:
    w = WorkspaceClient(host=workspace.url, token=workspace.token, auth_type="pat")
    w.schemas.create("landing", "risk_prod")
    comment = "Raw files\nlakeport-request: dev/growth/churn"
    w.volumes.create("risk_prod", "landing", "raw", catalog.VolumeType.MANAGED, comment=comment)
    w.volumes.create("risk_prod", "landing", "other", catalog.VolumeType.MANAGED)
    change = catalog.PermissionsChange(principal="growth", add=[catalog.Privilege.READ_VOLUME])
    w.grants.update("volume", "risk_prod.landing.raw", changes=[change])
    definition = '{"spark_version": {"type": "fixed", "value": "16.4.x-scala2.12"}}'
    w.cluster_policies.create(name="lakeport dev/growth/churn churn-dev", definition=definition)
    w.instance_pools.create("general", "Standard_D4ds_v5", min_idle_instances=2)

    seen = lake.look()
    assert seen.trouble == ""
    (schema,) = seen.catalogs[1].schemas
    found = {one.name: one for one in schema.volumes}
    raw, other = found["risk_prod.landing.raw"], found["risk_prod.landing.other"]
    assert (raw.comment, raw.request) == ("Raw files", "dev/growth/churn")
    assert raw.facts[0] == "managed"
    assert raw.facts[1].startswith("owned by ")
    assert raw.grants == (Grant("growth", "READ_VOLUME"),)
    assert (other.comment, other.request, other.grants) == ("", "", ())
    policy, pool = seen.bounds
    assert (policy.kind, policy.request, policy.state) == ("cluster policy", "dev/growth/churn", "")
    assert policy.facts == ("decides 1 setting",)
    assert (pool.name, pool.request, pool.state) == ("general", "", "ACTIVE")
    assert pool.facts == ("Standard_D4ds_v5", "2 kept idle")


def test_looking_is_no_write_and_no_unknown_call(workspace: Databricks, lake: Lake) -> None:
    writes = len(workspace.writes)
    lake.look()
    assert len(workspace.writes) == writes
    assert workspace.unknown_calls == []


def test_what_does_not_answer_is_said_and_not_raised() -> None:
    lake = Lake("http://127.0.0.1:9", "", lambda: 0)
    assert "does not answer" in lake.look().trouble
    lake.close()
