"""Looking at schemas: many of a catalog by one list, what needs a call for each side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from gitops import grants
from gitops.clients import translate
from gitops.kind import Desired, Marked
from gitops.remote import plain
from handlers._comments import without_mark
from handlers._schema_fields import SchemaSpec, full_name
from handlers._schema_state import ABSENT, SchemaState
from handlers._schema_wants import MARK, OURS, owner_of
from handlers._unity import all_schemas
from handlers._unity_grants import effective, held, wanted_of
from handlers._unity_people import EVERYBODY, missing

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.catalog import SchemaInfo

USE_CATALOG = "USE_CATALOG"
READERS = 8
FEW = 2
"""Up to so many schemas of a catalog are asked for one by one; for more, they are listed."""


def read(desired: Desired[SchemaSpec], client: WorkspaceClient) -> SchemaState | None:
    """The schema with its grants, and whether the principals and the catalog that it needs are there."""
    return read_all([desired], client)[0]


def read_all(wanted: Sequence[Desired[SchemaSpec]], client: WorkspaceClient) -> Sequence[SchemaState | None]:
    """The same of many: a list for each catalog, the directory once, and the grants of each side by side.

    What is settled is only looked up in the lists.
    """
    with translate("Databricks"):
        look = _Look(client, wanted)
        pool = ThreadPoolExecutor(max_workers=READERS, thread_name_prefix="lakeport-schemas")
        try:
            return list(pool.map(look.at, wanted)) if len(wanted) > 1 else [look.at(one) for one in wanted]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True, kw_only=True)
class _Catalog:
    """A catalog: ``users`` can use it, ``held`` are privileges on it that hold in its schemas too.

    ``users`` is ``None`` where the credential may not see who holds what.
    """

    stands: bool = True
    users: frozenset[str] | None = frozenset()
    held: Mapping[str, frozenset[str]] = field(default_factory=dict)


UNLISTED: Mapping[str, SchemaInfo] = {}
"""In place of the list of a catalog that may not be listed."""


class _Look:
    """What is looked up once for all."""

    def __init__(self, client: WorkspaceClient, wanted: Sequence[Desired[SchemaSpec]]) -> None:
        self._client = client
        whole = [one for one in wanted if _wholly(one)]
        self._missing = missing(
            client, {name for one in whole for name in (*wanted_of(one), owner_of(one)) if name}
        )
        needed = Counter(one.spec.catalog.lower() for one in wanted)
        self._listed = {name: _listed(client, name) for name, count in needed.items() if count > FEW}
        self._alone = len(wanted) == 1
        self._catalogs = {
            name: _catalog(client, name) for name in sorted({one.spec.catalog.lower() for one in whole})
        }
        self._planner = ""
        if any(one.spec.grants_mode == "authoritative" for one in whole):
            self._planner = client.current_user.me().user_name or ""

    def at(self, desired: Desired[SchemaSpec]) -> SchemaState | None:
        """The state; among several, one that may not be looked at costs the others nothing."""
        from databricks.sdk.errors import PermissionDenied

        try:
            return self._at(desired)
        except PermissionDenied as denied:
            if self._alone:
                raise
            return replace(ABSENT, denied=plain(denied))

    def _at(self, desired: Desired[SchemaSpec]) -> SchemaState | None:
        name, catalog = full_name(desired.spec), desired.spec.catalog.lower()
        needs = self._needs(desired) if _wholly(desired) else ABSENT
        found = self._schema(catalog, name)
        if found is None:
            listed = self._listed.get(catalog, {})
            state = replace(needs, missing_catalog=needs.missing_catalog or listed is None)
            return None if state == ABSENT or desired.origin.lifecycle != "active" else state
        whole = _wholly(desired) or desired.origin.lifecycle != "active"
        authoritative = desired.spec.grants_mode == "authoritative"
        return replace(
            needs,
            stands=True,
            properties={key: value for key, value in (found.properties or {}).items() if key in OURS},
            comment=found.comment or "",
            owner=found.owner or "",
            made_by=found.created_by or "",
            storage_root=found.storage_root or "",
            held=held(self._client, "schema", name) if whole else None,
            planner=self._planner if authoritative and whole else "",
            content=()
            if desired.origin.lifecycle == "active"
            else tuple(content(self._client, name, desired.origin.request)),
            url=_page_of(self._client, name),
        )

    def _needs(self, desired: Desired[SchemaSpec]) -> SchemaState:
        principals, catalog = wanted_of(desired), self._catalogs[desired.spec.catalog.lower()]
        named = sorted({*principals, owner_of(desired)} - {""})
        users = catalog.users
        return SchemaState(
            stands=False,
            missing=tuple(one for one in named if one.casefold() in self._missing),
            missing_catalog=not catalog.stands,
            inherited=catalog.held,
            catalog_users=None
            if users is None
            else frozenset(one for one in principals if {one.casefold(), EVERYBODY} & users),
        )

    def _schema(self, catalog: str, name: str) -> SchemaInfo | None:
        from databricks.sdk.errors import NotFound

        if self._listed.get(catalog, UNLISTED) is not UNLISTED:
            found = (self._listed[catalog] or {}).get(name)
            if found is None or not found.browse_only:
                return found
        try:
            return self._client.schemas.get(name)
        except NotFound:
            return None


def _wholly(desired: Desired[SchemaSpec]) -> bool:
    """Whether what it needs is looked at too: not of what goes, nor where a quick look is enough."""
    return desired.origin.lifecycle == "active" and not desired.settled


def _listed(client: WorkspaceClient, catalog: str) -> Mapping[str, SchemaInfo] | None:
    """The schemas of a catalog by full name; ``None``: there is no such catalog."""
    from databricks.sdk.errors import NotFound, PermissionDenied

    try:
        return {f"{catalog}.{one.name}".lower(): one for one in client.schemas.list(catalog)}
    except NotFound:
        return None
    except PermissionDenied:  # what may be looked at is found by its name
        return UNLISTED


def _catalog(client: WorkspaceClient, name: str) -> _Catalog:
    """Who can use a catalog, by a grant on it or on what is above it; both hold for what is in it."""
    from databricks.sdk.errors import NotFound, PermissionDenied

    try:
        found = effective(client, "catalog", name)
    except NotFound:
        return _Catalog(stands=False)
    except PermissionDenied:
        return _Catalog(stands=_stands(client, name), users=None)
    users = {who.casefold() for who, names in found.items() if names & {USE_CATALOG, grants.ALL}}
    above = {who: names & (grants.COVERED | {grants.ALL}) for who, names in found.items()}
    return _Catalog(users=frozenset(users), held={who: names for who, names in above.items() if names})


def _stands(client: WorkspaceClient, catalog: str) -> bool:
    from databricks.sdk.errors import NotFound

    try:
        client.catalogs.get(catalog)
    except NotFound:
        return False
    return True


def content(client: WorkspaceClient, name: str, retiring: str = "") -> Iterator[str]:
    """One of each sort of thing that stands in the schema, in words.

    Volumes of the request that is ``retiring`` are passed over: they go before the schema does.
    """
    catalog, _, schema = name.partition(".")
    for table in islice(client.tables.list(catalog, schema, omit_columns=True), 1):
        yield f"the table {table.name}"
    for volume in client.volumes.list(catalog, schema):
        if not retiring or without_mark(volume.comment)[1] != retiring:
            yield f"the volume {volume.name}"
            break
    for function in islice(client.functions.list(catalog, schema), 1):
        yield f"the function {function.name}"
    for model in islice(client.registered_models.list(catalog_name=catalog, schema_name=schema), 1):
        yield f"the model {model.name}"


def marked(client: WorkspaceClient) -> Iterator[Marked]:
    """The schemas of all catalogs that carry our mark; Databricks' own catalogs have none."""
    with translate("Databricks"):
        for catalog, schema in all_schemas(client):
            name = f"{catalog}.{schema.name}".lower()
            if request := (schema.properties or {}).get(MARK, ""):
                called, url = f"the schema {name}", _page_of(client, name)
                yield Marked(kind="schema", identity=name, request=request, called=called, url=url)


def _page_of(client: WorkspaceClient, name: str) -> str:
    return f"{client.config.host}/explore/data/{name.replace('.', '/')}"
