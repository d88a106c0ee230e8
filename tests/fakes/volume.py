"""Unity Catalog volumes in memory, with the SDK's own objects; a call it does not know fails."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

from databricks.sdk.errors import NotFound
from databricks.sdk.errors.platform import BadRequest
from databricks.sdk.service.catalog import (
    CatalogInfo,
    GetPermissionsResponse,
    PermissionsChange,
    Privilege,
    PrivilegeAssignment,
    SchemaInfo,
    VolumeInfo,
    VolumeType,
)
from databricks.sdk.service.files import DirectoryEntry

CREATOR = "deployer"


class World:
    """Volumes with their grants and files; ``writes`` is the ledger of what was changed.

    ``hidden`` is for how many reads a volume that was made does not show; ``break_after`` is how many writes
    take effect until the connection breaks: the effect is there, and the answer is lost.
    """

    def __init__(self) -> None:
        self.schemas = {"ml_dev.churn", "ml_dev.other"}
        self.groups = {"growth": "Group", "risk": "Group", "locals": "WorkspaceGroup"}
        self.users = {"li.wei@acme.example"}
        self.volumes: dict[str, str] = {}
        self.grants: dict[str, dict[str, set[str]]] = {}
        self.files: dict[str, list[str]] = {}
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
        return copy.deepcopy((self.volumes, self.grants))

    def make(self, name: str, comment: str) -> None:
        self.volumes[name] = comment
        self.grants[name] = {CREATOR: {"MANAGE"}}
        self.files[name] = []

    def info(self, name: str) -> VolumeInfo:
        catalog, schema, last = name.split(".")
        return VolumeInfo(
            full_name=name,
            catalog_name=catalog,
            schema_name=schema,
            name=last,
            comment=self.volumes[name],
            volume_type=VolumeType.MANAGED,
            created_by=CREATOR,
            owner=CREATOR,
        )


class FakeWorkspace:
    def __init__(self, world: World) -> None:
        self._world = world
        self.config = SimpleNamespace(host="https://workspace.example")
        self.volumes = Volumes(world)
        self.grants = Grants(world)
        self.catalogs = SimpleNamespace(list=self._catalogs)
        self.schemas = SimpleNamespace(list=self._schemas)
        self.api_client = SimpleNamespace(do=self._directory)
        self.files = SimpleNamespace(list_directory_contents=self._contents)

    def _catalogs(self) -> Iterator[CatalogInfo]:
        self._world.calls += 1
        for name in sorted({one.partition(".")[0] for one in self._world.schemas}):
            yield CatalogInfo(name=name)

    def _schemas(self, catalog: str) -> Iterator[SchemaInfo]:
        self._world.calls += 1
        for name in sorted(self._world.schemas):
            if name.startswith(f"{catalog}."):
                yield SchemaInfo(name=name.partition(".")[2], catalog_name=catalog)

    def _directory(self, method: str, path: str, query: Mapping[str, Any]) -> Any:
        """Who is in the account, asked for by name."""
        self._world.calls += 1
        groups = {name for name, sort in self._world.groups.items() if sort == "Group"}
        names, attribute = {
            "GET /api/2.0/account/scim/v2/Groups": (groups, "displayName"),
            "GET /api/2.0/account/scim/v2/Users": (self._world.users, "userName"),
        }[f"{method} {path}"]
        asked = re.fullmatch(rf'{attribute} eq "([^"\\]*)"', query["filter"])
        assert asked, query["filter"]
        found = [{attribute: name} for name in names if name.casefold() == asked[1].casefold()]
        return {"totalResults": len(found), "Resources": found}

    def _contents(self, directory_path: str) -> Iterator[DirectoryEntry]:
        self._world.calls += 1
        name = directory_path.removeprefix("/Volumes/").replace("/", ".")
        if name not in self._world.files:
            raise NotFound(f"The directory {directory_path} does not exist")
        for file in self._world.files[name]:
            yield DirectoryEntry(name=file.rstrip("/"), is_directory=file.endswith("/"))


class Volumes:
    def __init__(self, world: World) -> None:
        self._world = world

    def read(self, name: str) -> VolumeInfo:
        self._world.calls += 1
        assert name == name.lower()
        hidden = self._world.hidden.get(name, 0)
        if hidden:
            self._world.hidden[name] = hidden - 1
        if name not in self._world.volumes or hidden:
            raise NotFound(f"Volume '{name}' does not exist")
        return self._world.info(name)

    def list(self, catalog_name: str, schema_name: str) -> Iterator[VolumeInfo]:
        self._world.calls += 1
        if f"{catalog_name}.{schema_name}" not in self._world.schemas:
            raise NotFound(f"Schema '{catalog_name}.{schema_name}' does not exist")
        for name in self._world.volumes:
            if name.startswith(f"{catalog_name}.{schema_name}."):
                yield self._world.info(name)

    def create(
        self, catalog_name: str, schema_name: str, name: str, volume_type: VolumeType, *, comment: str
    ) -> VolumeInfo:
        assert volume_type is VolumeType.MANAGED
        full_name = f"{catalog_name}.{schema_name}.{name}"
        if f"{catalog_name}.{schema_name}" not in self._world.schemas:
            raise NotFound(f"Schema '{catalog_name}.{schema_name}' does not exist")
        if full_name in self._world.volumes:
            raise BadRequest(f"Volume '{full_name}' already exists", error_code="VOLUME_ALREADY_EXISTS")
        self._world.make(full_name, comment)
        self._world.hidden.setdefault(full_name, 1)
        self._world.wrote(f"create {full_name}")
        return VolumeInfo()

    def update(self, name: str, *, comment: str) -> VolumeInfo:
        self._world.volumes[name] = comment
        self._world.wrote(f"update {name}")
        return VolumeInfo()

    def delete(self, name: str) -> None:
        """The real one deletes what is in it as well; so must nobody ask it to."""
        assert not self._world.files[name], "data was deleted"
        del self._world.volumes[name], self._world.grants[name], self._world.files[name]
        self._world.wrote(f"drop {name}")


class Grants:
    """Every list comes as an empty page first, as the real API may do. ``late`` reads lag behind."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.late = 0

    def get(
        self, securable_type: str, full_name: str, *, max_results: int, page_token: str | None
    ) -> GetPermissionsResponse:
        self._world.calls += 1
        assert securable_type == "volume"
        assert max_results == 0
        if full_name not in self._world.volumes:
            raise NotFound(f"{full_name} does not exist")
        if page_token is None:
            return GetPermissionsResponse(next_page_token="more")
        if self.late and self._world.writes:
            self.late -= 1
            return GetPermissionsResponse()
        return GetPermissionsResponse(
            privilege_assignments=[
                PrivilegeAssignment(principal=who, privileges=[Privilege(name) for name in sorted(names)])
                for who, names in self._world.grants[full_name].items()
            ]
        )

    def update(self, securable_type: str, full_name: str, *, changes: list[PermissionsChange]) -> None:
        assert securable_type == "volume"
        if full_name not in self._world.volumes:
            raise NotFound(f"{full_name} does not exist")
        held = self._world.grants[full_name]
        for change in changes:
            who = str(change.principal)
            if self._world.groups.get(who) != "Group" and who not in {*self._world.users, *held}:
                raise NotFound(f"Could not find principal {who}", error_code="PRINCIPAL_DOES_NOT_EXIST")
            names = held.get(who, set()) | {one.value for one in change.add or ()}
            held[who] = names - {one.value for one in change.remove or ()}
            if not held[who]:
                del held[who]
        self._world.wrote(f"grants on {full_name}")


# --- what the laws need --------------------------------------------------------------------------------


class Case:
    """A volume that one group writes and another reads."""

    spec: ClassVar[dict[str, Any]] = {
        "kind": "volume",
        "catalog": "ml_dev",
        "schema": "churn",
        "name": "landing",
        "comment": "Raw files.",
        "grants": [
            {"principal": "growth", "privileges": ["READ_VOLUME", "WRITE_VOLUME"]},
            {"principal": "risk", "privileges": ["READ_VOLUME"]},
        ],
    }

    needs: ClassVar[list[dict[str, Any]]] = [{"kind": "schema", "catalog": "ml_dev", "name": "churn"}]
    """What has to stand in a real workspace."""

    def __init__(self) -> None:
        self.world = World()
        self.client = FakeWorkspace(self.world)

    def make_foreign(self) -> None:
        """One of that name that nobody marked."""
        self.world.make("ml_dev.churn.landing", "old")

    def retired_with(self) -> None:
        """Nothing else has to go with it."""


CASES = {"managed": Case}
