"""The rehearsal Databricks by the real SDK: what minilake does, what the front adds, what it corrects."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import (
    BadRequest,
    InvalidParameterValue,
    InvalidState,
    NotFound,
    PermissionDenied,
    ResourceDoesNotExist,
)
from databricks.sdk.service import catalog, compute, iam, jobs, sql

from sandbox.children import ChildError
from sandbox.databricks.rehearsal import DEPLOYER, Databricks, Member

pytestmark = pytest.mark.usefixtures("loopback")

SPEC: dict[str, Any] = {
    "spark_version": "15.4.x-scala2.12",
    "node_type_id": "Standard_D4ds_v5",
    "autoscale": {"min_workers": 1, "max_workers": 4},
    "autotermination_minutes": 30,
    "custom_tags": {"lakeport-request": "dev/growth/churn"},
    "data_security_mode": "USER_ISOLATION",
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databricks]:
    with Databricks(tmp_path_factory.mktemp("databricks"), cluster_seconds=0.1, install_seconds=0.1) as found:
        people = [Member("li.wei@acme.example", "Li Wei", ["growth"])]
        found.seed(catalogs=["ml_dev", "risk_prod"], groups=["growth", "risk-analytics"], members=people)
        yield found


@pytest.fixture
def w(workspace: Databricks) -> WorkspaceClient:
    return WorkspaceClient(host=workspace.url, token=workspace.token, auth_type="pat")


@pytest.fixture
def cluster(w: WorkspaceClient) -> str:
    made = w.api_client.do("POST", "/api/2.1/clusters/create", body={**SPEC, "cluster_name": "churn"})
    assert isinstance(made, dict)
    return str(made["cluster_id"])


def until(look: Callable[[], Any], seconds: float = 5.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def test_the_organisation_is_seeded(w: WorkspaceClient, workspace: Databricks) -> None:
    assert w.current_user.me().user_name == DEPLOYER
    assert {one.name for one in w.catalogs.list()} == {"ml_dev", "risk_prod"}
    kinds = {one.display_name: one.meta.resource_type for one in w.groups.list() if one.meta}
    assert kinds == {
        "growth": "Group",
        "risk-analytics": "Group",
        "admins": "WorkspaceGroup",
        "users": "WorkspaceGroup",
    }
    (growth,) = w.groups.list(filter='displayName eq "growth"')
    assert len(growth.members or []) == 1


def test_tokens_decide(workspace: Databricks) -> None:
    reader = WorkspaceClient(host=workspace.url, token=workspace.read_token, auth_type="pat")
    assert list(reader.catalogs.list())
    with pytest.raises(PermissionDenied, match="may only read"):
        reader.schemas.create("sneaky", "ml_dev")
    with pytest.raises(PermissionDenied, match="Invalid access token"):
        WorkspaceClient(host=workspace.url, token="dapi-other", auth_type="pat").current_user.me()
    assert httpx.get(f"{workspace.url}/api/2.1/unity-catalog/catalogs").status_code == 403


def test_schemas_are_case_insensitive_owned_and_kept_when_full(
    w: WorkspaceClient, workspace: Databricks
) -> None:
    made = w.schemas.create("Churn", "ml_dev", properties={"lakeport.request": "dev/growth/churn"})
    assert (made.full_name, made.owner) == ("ml_dev.churn", DEPLOYER)
    with pytest.raises(BadRequest, match="already exists"):
        w.schemas.create("CHURN", "ml_dev")
    assert w.schemas.update("ml_dev.Churn", owner="growth", comment="hello").owner == "growth"
    found = w.schemas.get("ML_DEV.churn")
    assert (found.owner, found.comment, found.properties) == (
        "growth",
        "hello",
        {"lakeport.request": "dev/growth/churn"},
    )
    assert {one.name for one in w.schemas.list("ml_dev")} >= {"churn"}
    table = {
        "catalog_name": "ml_dev",
        "schema_name": "churn",
        "name": "t",
        "table_type": "MANAGED",
        "data_source_format": "DELTA",
    }
    columns = [{"name": "a", "type_name": "INT", "type_text": "int", "position": 0}]
    w.api_client.do("POST", "/api/2.1/unity-catalog/tables", body={**table, "columns": columns})
    with pytest.raises(InvalidState, match="not empty"):
        w.schemas.delete("ml_dev.churn")
    w.schemas.delete("ml_dev.churn", force=True)
    with pytest.raises(NotFound, match="does not exist"):
        w.schemas.get("ml_dev.churn")


@pytest.mark.parametrize("name", ["a.b", "a b", "a/b", "x" * 256, ""])
def test_names_unity_catalog_does_not_take(w: WorkspaceClient, name: str) -> None:
    with pytest.raises(InvalidParameterValue):
        w.schemas.create(name, "ml_dev")


def test_grants_are_a_difference_on_principals_of_the_account(w: WorkspaceClient) -> None:
    w.schemas.create("granted", "ml_dev")
    add = [catalog.Privilege.USE_SCHEMA, catalog.Privilege.SELECT]
    w.grants.update(
        "schema", "ml_dev.granted", changes=[catalog.PermissionsChange(principal="growth", add=add)]
    )
    w.api_client.do(
        "PATCH",
        "/api/2.1/unity-catalog/permissions/schema/ml_dev.GRANTED",
        body={"changes": [{"principal": "growth", "add": ["create table"], "remove": ["SELECT"]}]},
    )
    (entry,) = w.grants.get("schema", "ml_dev.granted").privilege_assignments or []
    assert [one.value for one in entry.privileges or []] == ["CREATE_TABLE", "USE_SCHEMA"]
    use = [catalog.PermissionsChange(principal="growth", add=[catalog.Privilege.USE_CATALOG])]
    w.grants.update("catalog", "ml_dev", changes=use)
    (effective,) = w.grants.get_effective("schema", "ml_dev.granted").privilege_assignments or []
    inherited = [one.privilege for one in effective.privileges or [] if one.inherited_from_name == "ml_dev"]
    assert inherited == [catalog.Privilege.USE_CATALOG]
    with pytest.raises(InvalidParameterValue, match="not applicable"):
        w.grants.update("schema", "ml_dev.granted", changes=use)
    for stranger in ("nobody", "users", "admins"):
        change = [catalog.PermissionsChange(principal=stranger, add=add)]
        with pytest.raises(NotFound, match="Could not find principal"):
            w.grants.update("schema", "ml_dev.granted", changes=change)
    with pytest.raises(NotFound, match="does not exist"):
        w.grants.get("schema", "ml_dev.nowhere")


def test_a_page_of_grants_may_be_empty_and_not_the_last(w: WorkspaceClient) -> None:
    w.schemas.create("paged", "ml_dev")
    change = [catalog.PermissionsChange(principal="growth", add=[catalog.Privilege.SELECT])]
    w.grants.update("schema", "ml_dev.paged", changes=change)
    first = w.grants.get("schema", "ml_dev.paged", max_results=0)
    assert not first.privilege_assignments
    second = w.grants.get("schema", "ml_dev.paged", max_results=0, page_token=first.next_page_token)
    assert [one.principal for one in second.privilege_assignments or []] == ["growth"]
    with pytest.raises(InvalidParameterValue):
        w.grants.get("schema", "ml_dev.paged", max_results=10)


def test_a_cluster_is_made_once_for_a_token(w: WorkspaceClient) -> None:
    body = {**SPEC, "cluster_name": "once", "idempotency_token": "abc"}
    ids = {w.api_client.do("POST", "/api/2.1/clusters/create", body=body)["cluster_id"] for _ in range(2)}  # type: ignore[call-overload, index]
    assert len(ids) == 1
    (identifier,) = ids
    with pytest.raises(InvalidState):
        w.clusters.edit(identifier, spark_version="15.4.x-scala2.12", node_type_id="n", num_workers=1)
    found = w.clusters.wait_get_cluster_running(identifier)
    assert found.custom_tags == SPEC["custom_tags"]
    assert found.data_security_mode == compute.DataSecurityMode.USER_ISOLATION
    assert found.autoscale == compute.AutoScale(min_workers=1, max_workers=4)
    w.clusters.delete(identifier)
    again = w.api_client.do("POST", "/api/2.1/clusters/create", body=body)
    assert again["cluster_id"] != identifier  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"autotermination_minutes": 5}, "between 10 and 10000"),
        ({"custom_tags": {str(n): "x" for n in range(46)}}, "at most 45"),
        ({"autoscale": {"min_workers": 3, "max_workers": 2}}, "min_workers"),
        ({"autoscale": None}, "num_workers"),
        ({"idempotency_token": "x" * 65}, "64 characters"),
    ],
)
def test_clusters_databricks_does_not_make(w: WorkspaceClient, change: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidParameterValue, match=said):
        w.api_client.do("POST", "/api/2.1/clusters/create", body={**SPEC, **change})


def test_editing_a_running_cluster_restarts_it(w: WorkspaceClient, cluster: str) -> None:
    w.clusters.wait_get_cluster_running(cluster)
    w.clusters.edit(
        cluster, spark_version="15.4.x-scala2.12", node_type_id="n", num_workers=2, custom_tags={"a": "b"}
    )
    found = w.clusters.get(cluster)
    assert (found.state, found.custom_tags, found.num_workers) == (compute.State.RESTARTING, {"a": "b"}, 2)
    with pytest.raises(ResourceDoesNotExist):
        w.clusters.get("0000-000000-nowhere")


def test_libraries_install_on_a_running_cluster_and_leave_at_a_restart(
    w: WorkspaceClient, cluster: str
) -> None:
    library = compute.Library(pypi=compute.PythonPyPiLibrary(package="lightgbm==4.5.0"))

    def status() -> list[str]:
        return [one.status.value for one in w.libraries.cluster_status(cluster) if one.status]

    w.libraries.install(cluster, [library])
    w.libraries.install(cluster, [library])
    assert status() == ["PENDING"]
    w.clusters.wait_get_cluster_running(cluster)
    until(lambda: status() == ["INSTALLED"])
    assert cluster in {one.cluster_id for one in w.libraries.all_cluster_statuses()}
    absent = compute.Library(pypi=compute.PythonPyPiLibrary(package="numpy"))
    w.libraries.uninstall(cluster, [library, absent])
    assert status() == ["UNINSTALL_ON_RESTART"]
    w.clusters.restart(cluster)
    assert status() == []
    with pytest.raises(InvalidParameterValue):
        w.libraries.install(cluster, [compute.Library()])


def acl(found: iam.ObjectPermissions) -> dict[str, str]:
    return {
        str(entry.group_name or entry.user_name): str(level.permission_level.value)
        for entry in found.access_control_list or []
        for level in entry.all_permissions or []
        if level.permission_level
    }


def test_permissions_are_one_list(w: WorkspaceClient, cluster: str) -> None:
    always = {DEPLOYER: "CAN_MANAGE", "admins": "CAN_MANAGE"}
    assert acl(w.permissions.get("clusters", cluster)) == always
    level = iam.PermissionLevel

    def request(who: str, what: iam.PermissionLevel) -> list[iam.AccessControlRequest]:
        return [iam.AccessControlRequest(group_name=who, permission_level=what)]

    w.permissions.update("clusters", cluster, access_control_list=request("growth", level.CAN_RESTART))
    more = request("risk-analytics", level.CAN_ATTACH_TO)
    found = w.permissions.update("clusters", cluster, access_control_list=more)
    assert acl(found) == {**always, "growth": "CAN_RESTART", "risk-analytics": "CAN_ATTACH_TO"}
    found = w.permissions.set("clusters", cluster, access_control_list=more)
    assert acl(found) == {**always, "risk-analytics": "CAN_ATTACH_TO"}
    both = request("growth", level.CAN_RESTART) + request("growth", level.CAN_ATTACH_TO)
    assert acl(w.permissions.set("clusters", cluster, access_control_list=both))["growth"] == "CAN_RESTART"
    with pytest.raises(NotFound, match="nobody"):
        w.permissions.update("clusters", cluster, access_control_list=request("nobody", level.CAN_RESTART))
    with pytest.raises(InvalidParameterValue):
        w.permissions.update("clusters", cluster, access_control_list=request("growth", level.CAN_USE))
    with pytest.raises(NotFound):
        w.permissions.get("clusters", "nowhere")


def test_warehouses_are_named_once_tagged_and_edited(w: WorkspaceClient) -> None:
    tags = sql.EndpointTags(custom_tags=[sql.EndpointTagPair(key="lakeport-request", value="x")])
    made = w.warehouses.create_and_wait(
        name="w", cluster_size="Small", auto_stop_mins=30, max_num_clusters=2, tags=tags
    )
    assert made.tags == tags
    with pytest.raises(InvalidParameterValue, match="already exists"):
        w.warehouses.create(name="w", cluster_size="Small")
    w.warehouses.edit(str(made.id), name="w", cluster_size="Medium", auto_stop_mins=45, tags=tags)
    (found,) = w.warehouses.list()
    assert (found.cluster_size, found.auto_stop_mins, found.tags) == ("Medium", 45, tags)
    granted = w.permissions.get("warehouses", str(made.id))
    assert acl(granted) == {DEPLOYER: "IS_OWNER", "admins": "CAN_MANAGE"}
    w.warehouses.delete(str(made.id))
    with pytest.raises(NotFound):
        w.warehouses.get(str(made.id))


def test_jobs_are_found_by_name_and_keep_one_owner(w: WorkspaceClient) -> None:
    task = jobs.Task(task_key="t", notebook_task=jobs.NotebookTask(notebook_path="/x"))
    made = w.jobs.create(name="Nightly", tags={"lakeport-request": "x"}, tasks=[task])
    identifier = int(made.job_id or 0)
    assert [one.job_id for one in w.jobs.list(name="nightly")] == [identifier]
    assert w.jobs.get(identifier).settings.tags == {"lakeport-request": "x"}  # type: ignore[union-attr]
    viewer = iam.AccessControlRequest(group_name="growth", permission_level=iam.PermissionLevel.CAN_VIEW)
    with pytest.raises(InvalidParameterValue, match="owner"):
        w.permissions.set("jobs", str(identifier), access_control_list=[viewer])
    found = w.permissions.update("jobs", str(identifier), access_control_list=[viewer])
    assert acl(found) == {"growth": "CAN_VIEW", DEPLOYER: "IS_OWNER", "admins": "CAN_MANAGE"}
    with pytest.raises(ResourceDoesNotExist):
        w.jobs.get(99)


def test_writes_and_unknown_calls_are_noted(workspace: Databricks, w: WorkspaceClient) -> None:
    before = len(workspace.writes)
    w.schemas.create("noted", "ml_dev")
    w.schemas.get("ml_dev.noted")
    assert workspace.writes[before:] == [("POST", "/api/2.1/unity-catalog/schemas")]
    with pytest.raises(NotFound, match="No API found"):
        w.api_client.do("GET", "/api/2.0/genie/spaces")
    assert workspace.unknown_calls == [("GET", "/api/2.0/genie/spaces")]


def test_a_workspace_that_dies_says_so_in_plain_words(tmp_path: Path) -> None:
    dead = Databricks(tmp_path / "w")
    dead.start()
    try:
        dead.check()
        assert dead._child is not None
        dead._child._process.kill()
        dead._child._process.wait()
        with pytest.raises(ChildError, match=r"minilake.* ended on its own with exit code -9"):
            dead.check()
    finally:
        dead.stop()
    dead.stop()
