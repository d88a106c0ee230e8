"""A Unity Catalog in memory, with the SDK's own objects; a call it does not know fails.

It is strict where the real one is: who makes a schema owns it, and only an owner or who holds ``MANAGE`` may
change it or grant on it; privileges belong to a principal's id, so a group that is made again under its old
name holds nothing; what is granted on a catalog holds in its schemas, and is not listed there.
"""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

from databricks.sdk.errors import NotFound
from databricks.sdk.errors.platform import BadRequest, PermissionDenied
from databricks.sdk.service.catalog import (
    CatalogInfo,
    CatalogType,
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

from gitops.grants import ALL, COVERED

DEPLOYER = "deployer"
ACCOUNT, WORKSPACE = "/api/2.0/account/scim/v2", "/api/2.0/preview/scim/v2"


class World:
    """Catalogs, schemas, grants, groups and users; ``writes`` is the ledger of what was changed.

    ``groups`` says of each whether it is of the account (``Group``) or of the workspace alone
    (``WorkspaceGroup``); ``ids`` are those of groups that were made again. ``hidden`` is how many reads of a
    schema still find nothing, ``late`` the same for principals in a grant. ``stale`` is how many reads of
    grants still show what was before. ``expands``: ``ALL_PRIVILEGES`` reads back one by one. ``account`` says
    whether the credential may ask the account, ``granting`` on which catalogs it may grant. ``signed_in`` is
    who it is. ``break_after`` is how many writes take effect until the connection breaks: the effect is
    there, and the answer is lost.
    """

    def __init__(self) -> None:
        self.catalogs = {"ml_dev"}
        self.groups = {"growth": "Group", "risk": "Group", "locals": "WorkspaceGroup"}
        self.users = {"li.wei@acme.example", "jane.doe@acme.example"}
        self.ids: dict[str, str] = {}
        self.schemas: dict[str, dict[str, Any]] = {}
        self.grants: dict[tuple[str, str], dict[str, set[str]]] = {}
        self.tables: set[str] = set()
        self.volumes: set[str] = set()
        self.functions: set[str] = set()
        self.models: set[str] = set()
        self.hidden: dict[str, int] = {}
        self.late: dict[str, int] = {}
        self.stale = 0
        self.shows: dict[tuple[str, str], dict[str, set[str]]] = {}
        self.expands = False
        self.account = True
        self.granting = {"ml_dev"}
        self.seeing = True
        self.signed_in = DEPLOYER
        self.writes: list[str] = []
        self.reads: list[str] = []
        self.break_after = -1
        self._lock = threading.Lock()

    @property
    def calls(self) -> int:
        return len(self.reads)

    def looked(self, what: str) -> None:
        with self._lock:
            self.reads.append(what)

    def wrote(self, what: str) -> None:
        self.writes.append(what)
        self.break_after -= 1
        if self.break_after == 0:
            raise ConnectionError("the answer was lost")

    def snapshot(self) -> Any:
        return copy.deepcopy((self.schemas, self.grants))

    def knows(self, principal: str) -> bool:
        """Whether privileges can be granted to it."""
        folded = principal.casefold()
        groups = {name.casefold() for name, sort in self.groups.items() if sort == "Group"}
        return folded in groups | {user.casefold() for user in self.users} | {"account users", DEPLOYER}

    def id_of(self, principal: str) -> str:
        folded = principal.casefold()
        name = next((one for one in (*self.groups, *self.users) if one.casefold() == folded), principal)
        return self.ids.get(name, name)

    def make_again(self, group: str) -> None:
        """Delete a group and make one of the same name: another id."""
        self.ids[group] = f"{self.id_of(group)}'"

    def names(self, held: Mapping[str, set[str]]) -> dict[str, set[str]]:
        """Grants by name; whose principal is gone are not listed."""
        name_of = {self.id_of(name): name for name in (*self.groups, *self.users, "account users", DEPLOYER)}
        gone = {name for name in self.ids if name not in name_of}
        return {name_of.get(one, one): names for one, names in held.items() if one not in gone}


class FakeWorkspace:
    def __init__(self, world: World) -> None:
        self._world = world
        self.config = SimpleNamespace(host="https://workspace.example")
        self.schemas = Schemas(world)
        self.catalogs = SimpleNamespace(get=lambda name: _catalog(world, name), list=lambda: _catalogs(world))
        self.grants = Grants(world)
        self.api_client = SimpleNamespace(do=lambda method, path, query: _scim(world, method, path, query))
        self.current_user = SimpleNamespace(me=lambda: SimpleNamespace(user_name=world.signed_in))
        self.tables = SimpleNamespace(
            list=lambda catalog, schema, omit_columns: _listed(world.tables, catalog, schema)
        )
        self.volumes = SimpleNamespace(list=lambda catalog, schema: _listed(world.volumes, catalog, schema))
        self.functions = SimpleNamespace(
            list=lambda catalog, schema: _listed(world.functions, catalog, schema)
        )
        self.registered_models = SimpleNamespace(
            list=lambda catalog_name, schema_name: _listed(world.models, catalog_name, schema_name)
        )


def _catalog(world: World, name: str) -> CatalogInfo:
    world.looked(f"catalog {name}")
    if name not in world.catalogs:
        raise NotFound(f"Catalog '{name}' does not exist")
    return CatalogInfo(name=name)


def _catalogs(world: World) -> Iterator[CatalogInfo]:
    world.looked("catalogs")
    yield CatalogInfo(name="system", catalog_type=CatalogType.SYSTEM_CATALOG)
    for name in sorted(world.catalogs):
        yield CatalogInfo(name=name, catalog_type=CatalogType.MANAGED_CATALOG)


def _scim(world: World, method: str, path: str, query: Mapping[str, Any]) -> Any:
    """The directory, two entries a page."""
    world.looked(path)
    root, _, sort = path.rpartition("/")
    assert method == "GET"
    assert root in (ACCOUNT, WORKSPACE)
    assert set(query) <= {"filter", "attributes", "startIndex", "count"}
    if root == ACCOUNT and not world.account:
        raise PermissionDenied("Only account admins or workspace admins can do that")
    names: Mapping[str, str] = world.groups if sort == "Groups" else dict.fromkeys(sorted(world.users), "")
    assert sort in ("Groups", "Users")
    attribute = "displayName" if sort == "Groups" else "userName"
    found = [
        {attribute: name, **({"meta": {"resourceType": kind}} if kind else {})}
        for name, kind in names.items()
        if not (root == ACCOUNT and kind == "WorkspaceGroup")
    ]
    if "filter" in query:
        asked = re.fullmatch(rf'{attribute} eq "([^"\\]*)"', query["filter"])
        assert asked, query["filter"]
        found = [one for one in found if one[attribute].casefold() == asked[1].casefold()]
    first = query["startIndex"] - 1
    return {"totalResults": len(found), "Resources": found[first : first + min(2, query["count"])]}


def _listed(names: set[str], catalog: str, schema: str) -> Iterator[TableInfo]:
    for name in sorted(names):
        if name.startswith(f"{catalog}.{schema}."):
            yield TableInfo(name=name.rpartition(".")[2])


class Schemas:
    def __init__(self, world: World) -> None:
        self._world = world

    def get(self, full_name: str) -> SchemaInfo:
        self._world.looked(f"schema {full_name}")
        assert full_name == full_name.lower()
        hidden = self._world.hidden.get(full_name, 0)
        if hidden:
            self._world.hidden[full_name] = hidden - 1
        if full_name not in self._world.schemas or hidden:
            raise NotFound(f"Schema '{full_name}' does not exist")
        return self._info(full_name)

    def list(self, catalog_name: str) -> Iterator[SchemaInfo]:
        self._world.looked(f"schemas of {catalog_name}")
        if catalog_name not in self._world.catalogs:
            raise NotFound(f"Catalog '{catalog_name}' does not exist")
        for full_name in sorted(self._world.schemas):
            if full_name.startswith(f"{catalog_name}."):
                yield self._info(full_name)

    def _info(self, full_name: str) -> SchemaInfo:
        return SchemaInfo.from_dict(copy.deepcopy(self._world.schemas[full_name]))

    def create(
        self,
        name: str,
        catalog_name: str,
        *,
        comment: str,
        properties: dict[str, str],
        storage_root: str | None,
    ) -> SchemaInfo:
        assert (name, catalog_name) == (name.lower(), catalog_name.lower())
        full_name = f"{catalog_name}.{name}"
        if full_name in self._world.schemas:
            raise BadRequest(f"Schema '{full_name}' already exists", error_code="SCHEMA_ALREADY_EXISTS")
        self._world.schemas[full_name] = {
            "name": name,
            "comment": comment,
            "properties": dict(properties),
            "owner": self._world.signed_in,
            "created_by": self._world.signed_in,
            **({"storage_root": storage_root} if storage_root else {}),
        }
        self._world.grants[("schema", full_name)] = {}
        self._world.hidden[full_name] = 1
        self._world.wrote(f"create {full_name}")
        return SchemaInfo()

    def update(self, full_name: str, **values: Any) -> SchemaInfo:
        assert set(values) <= {"comment", "properties", "owner"}
        assert "owner" not in values or set(values) == {"owner"}, "the owner in its own call"
        must_manage(self._world, full_name)
        if "owner" in values and not self._world.knows(values["owner"]):
            raise NotFound(f"{values['owner']} does not exist", error_code="PRINCIPAL_DOES_NOT_EXIST")
        self._world.schemas[full_name].update(copy.deepcopy(values))
        self._world.wrote(f"update {full_name}: {', '.join(values)}")
        return SchemaInfo()

    def delete(self, full_name: str) -> None:
        must_manage(self._world, full_name)
        held = self._world.tables | self._world.volumes | self._world.functions | self._world.models
        if any(name.startswith(full_name + ".") for name in held):
            raise BadRequest(f"Schema '{full_name}' is not empty", error_code="INVALID_STATE")
        del self._world.schemas[full_name]
        del self._world.grants[("schema", full_name)]
        self._world.wrote(f"drop {full_name}")


def must_manage(world: World, schema: str) -> None:
    """Only its owner, and who holds ``MANAGE`` on it, may change a schema or grant on it."""
    if schema not in world.schemas:
        raise NotFound(f"Schema '{schema}' does not exist")
    held = world.grants.get(("schema", schema), {}).get(world.id_of(world.signed_in), set())
    if world.schemas[schema].get("owner", world.signed_in) != world.signed_in and "MANAGE" not in held:
        raise PermissionDenied(f"User does not own Schema '{schema}' and does not have MANAGE on it")


class Grants:
    """Every list comes as an empty page first, as the real API may do. Unset is ``None``, as in the SDK."""

    def __init__(self, world: World) -> None:
        self._world = world

    def get(
        self, securable_type: str, full_name: str, *, max_results: int, page_token: str | None
    ) -> GetPermissionsResponse:
        self._world.looked(f"grants on {full_name}")
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
        self._world.looked(f"effective grants on {full_name}")
        if not self._world.seeing:
            raise PermissionDenied("User does not have MANAGE on the catalog")
        held = self._page(securable_type, full_name, max_results, page_token)
        if held is None:
            return EffectivePermissionsList(next_page_token="more")
        above = self._world.grants.get(("catalog", full_name.partition(".")[0]), {})
        both = {who: held.get(who, set()) | names for who, names in self._world.names(above).items()}
        return EffectivePermissionsList(
            privilege_assignments=[
                EffectivePrivilegeAssignment(
                    principal=who,
                    privileges=[EffectivePrivilege(privilege=Privilege(name)) for name in sorted(names)],
                )
                for who, names in {**held, **both}.items()
            ]
        )

    def _page(
        self, securable_type: str, full_name: str, max_results: int, page_token: str | None
    ) -> dict[str, set[str]] | None:
        assert max_results == 0
        key = (securable_type, full_name)
        self._must_stand(securable_type, full_name)
        if page_token is None:
            return None
        held = self._world.grants.get(key, {})
        if self._world.stale:
            self._world.stale -= 1
            held = self._world.shows.get(key, {})
        if self._world.expands:
            held = {who: names - {ALL} | COVERED if ALL in names else names for who, names in held.items()}
        return self._world.names(held)

    def _must_stand(self, securable_type: str, full_name: str) -> None:
        assert securable_type in ("schema", "catalog")
        where = self._world.schemas if securable_type == "schema" else self._world.catalogs
        if full_name not in where:
            raise NotFound(f"{full_name} does not exist")

    def update(self, securable_type: str, full_name: str, *, changes: list[PermissionsChange]) -> None:
        world, key = self._world, (securable_type, full_name)
        self._must_stand(securable_type, full_name)
        if securable_type == "schema":
            must_manage(world, full_name)
        elif full_name not in world.granting:
            raise PermissionDenied(f"User does not own Catalog '{full_name}'")
        held = world.grants.setdefault(key, {})
        for change in changes:
            who = str(change.principal)
            late = world.late.get(who, 0)
            world.late[who] = late - 1
            if late > 0 or not (world.knows(who) or who in held):
                raise NotFound(f"Could not find principal {who}", error_code="PRINCIPAL_DOES_NOT_EXIST")
        world.shows[key] = copy.deepcopy(held)
        for change in changes:
            one = world.id_of(str(change.principal))
            add, remove = ({each.value for each in some or ()} for some in (change.add, change.remove))
            if world.expands and ALL in held.get(one, set()) and remove:
                held[one] |= COVERED
                held[one] -= {ALL}
            held[one] = (held.get(one, set()) | add) - remove
            if not held[one]:
                del held[one]
        world.wrote(f"grants on {full_name}")


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
        """One of that name that nobody marked; who deploys may manage it."""
        self.world.schemas["ml_dev.churn"] = {
            "name": "churn",
            "comment": "old",
            "properties": {"a": "b"},
            "owner": "jane.doe@acme.example",
            "created_by": "jane.doe@acme.example",
        }
        self.world.grants[("schema", "ml_dev.churn")] = {DEPLOYER: {"MANAGE"}}

    def retired_with(self) -> None:
        """Nothing else has to go with it."""


class Authoritative(Case):
    """The same, with nobody else holding anything."""

    spec = Case.spec | {"grants_mode": "authoritative"}


class Additive(Case):
    """The same, taking nothing away."""

    spec = Case.spec | {"grants_mode": "additive"}


class Located(Case):
    """The same with its files in a location of its own, and all privileges for one group."""

    spec = Case.spec | {
        "storage_root": "abfss://data@acme.dfs.core.windows.net/churn",
        "grants": [{"principal": "growth", "privileges": ["ALL_PRIVILEGES"]}, Case.spec["grants"][1]],
    }

    def make_foreign(self) -> None:
        """In the same place."""
        super().make_foreign()
        self.world.schemas["ml_dev.churn"]["storage_root"] = self.spec["storage_root"]


CASES = {"named": Case, "authoritative": Authoritative, "additive": Additive, "located": Located}
