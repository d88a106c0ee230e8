"""A Unity Catalog in memory, with the SDK's own objects; a call it does not know fails."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

from databricks.sdk.errors import NotFound
from databricks.sdk.errors.platform import BadRequest
from databricks.sdk.service.catalog import (
    CatalogInfo,
    EffectivePermissionsList,
    EffectivePrivilege,
    EffectivePrivilegeAssignment,
    GetPermissionsResponse,
    PermissionsChange,
    Privilege,
    PrivilegeAssignment,
    SchemaInfo,
    TableInfo,
)
from databricks.sdk.service.iam import Group, ResourceMeta

DEPLOYER = "deployer"


class World:
    """Catalogs, schemas, grants and groups; ``writes`` is the ledger of what was changed.

    ``break_after`` is how many writes take effect until the connection breaks: the effect is there, and
    the answer is lost.
    """

    def __init__(self) -> None:
        self.catalogs = {"ml_dev"}
        self.groups = {"growth": "Group", "risk": "Group", "locals": "WorkspaceGroup"}
        self.schemas: dict[str, dict[str, Any]] = {}
        self.grants: dict[tuple[str, str], dict[str, set[str]]] = {}
        self.tables: set[str] = set()
        self.volumes: set[str] = set()
        self.functions: set[str] = set()
        self.hidden: dict[str, int] = {}
        self.writes: list[str] = []
        self.calls = 0
        self.break_after = -1

    def wrote(self, what: str) -> None:
        self.writes.append(what)
        self.break_after -= 1
        if self.break_after == 0:
            raise ConnectionError("the answer was lost")

    def snapshot(self) -> Any:
        return copy.deepcopy((self.schemas, self.grants))


class FakeWorkspace:
    def __init__(self, world: World) -> None:
        self.config = SimpleNamespace(host="https://workspace.example")
        self.schemas = Schemas(world)
        self.catalogs = SimpleNamespace(get=lambda name: _catalog(world, name))
        self.grants = Grants(world)
        self.groups = SimpleNamespace(list=lambda **query: _groups(world, **query))
        self.current_user = SimpleNamespace(me=lambda: SimpleNamespace(user_name=DEPLOYER))
        self.tables = SimpleNamespace(
            list=lambda catalog, schema, omit_columns: _listed(world.tables, catalog, schema)
        )
        self.volumes = SimpleNamespace(list=lambda catalog, schema: _listed(world.volumes, catalog, schema))
        self.functions = SimpleNamespace(
            list=lambda catalog, schema: _listed(world.functions, catalog, schema)
        )


def _catalog(world: World, name: str) -> CatalogInfo:
    if name not in world.catalogs:
        raise NotFound(f"Catalog '{name}' does not exist")
    return CatalogInfo(name=name)


def _groups(world: World, *, filter: str, attributes: str) -> Iterator[Group]:  # noqa: A002 - the SDK's own name
    world.calls += 1
    found = re.fullmatch(r'displayName eq "([^"\\]*)"', filter)
    assert found, filter
    for name, kind in world.groups.items():
        if name.lower() == found[1].lower():
            yield Group(display_name=name, meta=ResourceMeta(resource_type=kind))


def _listed(names: set[str], catalog: str, schema: str) -> Iterator[TableInfo]:
    for name in sorted(names):
        if name.startswith(f"{catalog}.{schema}."):
            yield TableInfo(name=name.rpartition(".")[2])


class Schemas:
    def __init__(self, world: World) -> None:
        self._world = world

    def get(self, full_name: str) -> SchemaInfo:
        self._world.calls += 1
        assert full_name == full_name.lower()
        hidden = self._world.hidden.get(full_name, 0)
        if hidden:
            self._world.hidden[full_name] = hidden - 1
        if full_name not in self._world.schemas or hidden:
            raise NotFound(f"Schema '{full_name}' does not exist")
        return SchemaInfo.from_dict(copy.deepcopy(self._world.schemas[full_name]))

    def create(self, name: str, catalog_name: str, *, comment: str, properties: dict[str, str]) -> SchemaInfo:
        full_name = f"{catalog_name}.{name}"
        if full_name in self._world.schemas:
            raise BadRequest(f"Schema '{full_name}' already exists", error_code="SCHEMA_ALREADY_EXISTS")
        self._world.schemas[full_name] = {"name": name, "comment": comment, "properties": properties}
        self._world.grants[("schema", full_name)] = {DEPLOYER: {"MANAGE"}}
        self._world.hidden[full_name] = 1
        self._world.wrote(f"create {full_name}")
        return SchemaInfo()

    def update(self, full_name: str, **values: Any) -> SchemaInfo:
        assert set(values) <= {"comment", "properties"}
        self._world.schemas[full_name].update(values)
        self._world.wrote(f"update {full_name}")
        return SchemaInfo()

    def delete(self, full_name: str) -> None:
        held = self._world.tables | self._world.volumes | self._world.functions
        if any(name.startswith(full_name + ".") for name in held):
            raise BadRequest(f"Schema '{full_name}' is not empty", error_code="INVALID_STATE")
        del self._world.schemas[full_name]
        del self._world.grants[("schema", full_name)]
        self._world.wrote(f"drop {full_name}")


class Grants:
    """Every list comes as an empty page first, as the real API may do. Unset is ``None``, as in the SDK."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.late = 0

    def get(
        self, securable_type: str, full_name: str, *, max_results: int, page_token: str | None
    ) -> GetPermissionsResponse:
        held = self._page(securable_type, full_name, max_results, page_token)
        if held is None:
            return GetPermissionsResponse(next_page_token="more")
        return GetPermissionsResponse(
            privilege_assignments=[
                PrivilegeAssignment(principal=who, privileges=[Privilege(name) for name in sorted(names)])
                for who, names in held.items()
            ]
        )

    def get_effective(
        self, securable_type: str, full_name: str, *, max_results: int, page_token: str | None
    ) -> EffectivePermissionsList:
        held = self._page(securable_type, full_name, max_results, page_token)
        if held is None:
            return EffectivePermissionsList(next_page_token="more")
        return EffectivePermissionsList(
            privilege_assignments=[
                EffectivePrivilegeAssignment(
                    principal=who,
                    privileges=[EffectivePrivilege(privilege=Privilege(name)) for name in sorted(names)],
                )
                for who, names in held.items()
            ]
        )

    def _page(
        self, securable_type: str, full_name: str, max_results: int, page_token: str | None
    ) -> dict[str, set[str]] | None:
        self._world.calls += 1
        assert max_results == 0
        self._must_stand(securable_type, full_name)
        return None if page_token is None else self._world.grants.get((securable_type, full_name), {})

    def _must_stand(self, securable_type: str, full_name: str) -> None:
        assert securable_type in ("schema", "catalog")
        where = self._world.schemas if securable_type == "schema" else self._world.catalogs
        if full_name not in where:
            raise NotFound(f"{full_name} does not exist")

    def update(self, securable_type: str, full_name: str, *, changes: list[PermissionsChange]) -> None:
        self._must_stand(securable_type, full_name)
        held = self._world.grants.setdefault((securable_type, full_name), {})
        for change in changes:
            who = str(change.principal)
            if self._world.groups.get(who) != "Group" and who not in held:
                raise NotFound(f"Could not find principal {who}", error_code="PRINCIPAL_DOES_NOT_EXIST")
            names = held.get(who, set()) | {one.value for one in change.add or ()}
            held[who] = names - {one.value for one in change.remove or ()}
            if not held[who]:
                del held[who]
        self._world.wrote(f"grants on {full_name}")


# --- what the laws need --------------------------------------------------------------------------------


class Case:
    """A schema with grants for two groups, neither of which can use the catalog yet."""

    spec: ClassVar[dict[str, Any]] = {
        "kind": "schema",
        "catalog": "ml_dev",
        "name": "churn",
        "comment": "Scores.",
        "grants": [
            {"principal": "growth", "privileges": ["USE_SCHEMA", "SELECT", "MODIFY"]},
            {"principal": "risk", "privileges": ["USE_SCHEMA", "SELECT"]},
        ],
        "grants_mode": "named",
    }

    def __init__(self) -> None:
        self.world = World()
        self.client = FakeWorkspace(self.world)

    def make_foreign(self) -> None:
        """One of that name that nobody marked."""
        self.world.schemas["ml_dev.churn"] = {"name": "churn", "comment": "old", "properties": {"a": "b"}}
        self.world.grants[("schema", "ml_dev.churn")] = {DEPLOYER: {"MANAGE"}}

    def retired_with(self) -> None:
        """Nothing else has to go with it."""


class Authoritative(Case):
    """The same, with nobody else holding anything."""

    spec = Case.spec | {"grants_mode": "authoritative"}


class Additive(Case):
    """The same, taking nothing away."""

    spec = Case.spec | {"grants_mode": "additive"}


CASES = {"named": Case, "authoritative": Authoritative, "additive": Additive}
