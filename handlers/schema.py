"""A Unity Catalog schema and who holds which privileges on it.

The owner mark is the schema property ``lakeport.request``. Grants are a difference for each principal, sent
in one call and read back until they show. ``USE_CATALOG`` on the catalog, without which nothing in the schema
can be used, is granted where a principal lacks it and never taken away: other schemas may need it. Who made
the schema stays its owner, and keeps what it holds on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from gitops import grants
from gitops.clients import databricks, translate
from gitops.errors import Refused, StalePlan
from gitops.kind import Desired, Held, Kind
from gitops.patience import until
from gitops.plan import Change, Verb
from handlers._schema_fields import SchemaSpec, derive, full_name
from handlers._schema_plan import SchemaState, plan, retire
from handlers._schema_rules import EDITS, RULES

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

MARK = "lakeport.request"
EVERYBODY = "account users"
"""The built-in group of everybody in the account; it is in no directory listing."""

USE_CATALOG = "USE_CATALOG"


def read(desired: Desired[SchemaSpec], client: WorkspaceClient) -> SchemaState | None:
    """The schema with its grants, and whether the groups and the catalog it needs are there."""
    from databricks.sdk.errors import NotFound

    spec, active = desired.spec, desired.origin.lifecycle == "active"
    name = full_name(spec)
    principals = [grant.principal for grant in spec.grants] if active else []
    with translate("Databricks"):
        needs = SchemaState(
            stands=False,
            missing_groups=tuple(one for one in principals if not _is_account_group(client, one)),
            catalog_users=_catalog_users(client, spec.catalog.lower(), principals),
        )
        try:
            found = client.schemas.get(name)
        except NotFound:
            missing = active and not _catalog_stands(client, spec.catalog.lower())
            needs = replace(needs, missing_catalog=missing)
            return None if needs == SchemaState(stands=False) else needs
        authoritative = active and spec.grants_mode == "authoritative"
        return replace(
            needs,
            stands=True,
            mark=(found.properties or {}).get(MARK, ""),
            comment=found.comment or "",
            held=_held(client, "schema", name) if active else {},
            deployer=(client.current_user.me().user_name or "") if authoritative else "",
            content=() if active else tuple(_content(client, name)),
            url=f"{client.config.host}/explore/data/{name.replace('.', '/')}",
        )


def _is_account_group(client: WorkspaceClient, name: str) -> bool:
    """Whether privileges can be granted to it; groups of one workspace alone cannot hold any."""
    if name.casefold() == EVERYBODY:
        return True
    found = client.groups.list(filter=f'displayName eq "{name}"', attributes="id,displayName,meta")
    return any(
        (group.display_name or "").casefold() == name.casefold()
        and (group.meta is None or group.meta.resource_type != "WorkspaceGroup")
        for group in found
    )


def _catalog_stands(client: WorkspaceClient, catalog: str) -> bool:
    from databricks.sdk.errors import NotFound

    try:
        client.catalogs.get(catalog)
    except NotFound:
        return False
    return True


def _catalog_users(client: WorkspaceClient, catalog: str, principals: Sequence[str]) -> frozenset[str]:
    """Those of the principals that can use the catalog, by a grant on it or on what is above it."""
    from databricks.sdk.errors import NotFound

    if not principals:
        return frozenset()
    users: set[str] = set()
    token: str | None = None
    try:
        while True:
            page = client.grants.get_effective("catalog", catalog, max_results=0, page_token=token)
            for entry in page.privilege_assignments or ():
                names = {one.privilege.value for one in entry.privileges or () if one.privilege}
                if names & {USE_CATALOG, grants.ALL}:
                    users.add((entry.principal or "").casefold())
            token = page.next_page_token
            if not token:  # a page may be empty and still have a next one
                break
    except NotFound:
        return frozenset()
    return frozenset(one for one in principals if {one.casefold(), EVERYBODY} & users)


def _held(client: WorkspaceClient, securable: str, name: str) -> dict[str, frozenset[str]]:
    """What is granted directly on a securable, by principal."""
    held: dict[str, frozenset[str]] = {}
    token: str | None = None
    while True:
        page = client.grants.get(securable, name, max_results=0, page_token=token)
        for entry in page.privilege_assignments or ():
            found = grants.privileges(one.value for one in entry.privileges or ())
            held[entry.principal or ""] = held.get(entry.principal or "", frozenset()) | found
        token = page.next_page_token
        if not token:
            return held


def _content(client: WorkspaceClient, name: str) -> Iterator[str]:
    """One of each sort of thing that stands in the schema, in words."""
    catalog, _, schema = name.partition(".")
    for table in islice(client.tables.list(catalog, schema, omit_columns=True), 1):
        yield f"the table {table.name}"
    for volume in islice(client.volumes.list(catalog, schema), 1):
        yield f"the volume {volume.name}"
    for function in islice(client.functions.list(catalog, schema), 1):
        yield f"the function {function.name}"


def apply(change: Change, client: WorkspaceClient) -> None:
    """One change; a schema that an interrupted run made is found and kept."""
    after = change.after
    name = after["schema"]
    with translate("Databricks"):
        if change.action == "schema" and change.verb is Verb.CREATE:
            _make(after, client)
        elif change.action == "schema":
            _drop(after, client)
        elif change.action == "mark":
            properties = dict(client.schemas.get(name).properties or {})
            client.schemas.update(name, properties=properties | {MARK: after["mark"]})
        elif change.action == "settings":
            client.schemas.update(name, comment=after["comment"])
        elif change.action == "grants":
            _grant("schema", name, after["changes"], client)
            mode: grants.Mode = "additive" if after["additive"] else "named"
            wanted = {who: frozenset(held) for who, held in after["grants"].items()}
            until(
                lambda: None if grants.difference(wanted, _held(client, "schema", name), mode) else True,
                what=f"The grants on {name}",
                where="Databricks",
            )
        else:
            more = [{"principal": after["principal"], "add": [USE_CATALOG], "remove": []}]
            _grant("catalog", after["catalog"], more, client)


def _make(after: Mapping[str, Any], client: WorkspaceClient) -> None:
    """Create unless it stands; then wait until it shows."""
    from databricks.sdk.errors import NotFound
    from databricks.sdk.errors.base import DatabricksError

    name = after["schema"]

    def look() -> bool | None:
        try:
            found = client.schemas.get(name)
        except NotFound:
            return None
        _require_ours(name, found.properties, after["mark"])
        return True

    if look():
        return
    try:
        client.schemas.create(
            after["name"], after["catalog"], comment=after["comment"], properties={MARK: after["mark"]}
        )
    except DatabricksError as error:
        # The SDK repeats the call after a lost answer: what it made the first time is ours.
        if not str(error.error_code or "").endswith("ALREADY_EXISTS"):
            raise
    until(look, what=f"The schema {name}", where="Databricks")


def _drop(after: Mapping[str, Any], client: WorkspaceClient) -> None:
    from databricks.sdk.errors import NotFound

    name = after["schema"]
    try:
        found = client.schemas.get(name)
        _require_ours(name, found.properties, after["mark"])
        for thing in _content(client, name):
            raise Refused(
                f"The schema {name} is not empty any more: it holds {thing}.",
                fix="Move or drop what is in it first; Lakeport never deletes data.",
            )
        client.schemas.delete(name)
    except NotFound:
        return


def _require_ours(name: str, properties: Mapping[str, str] | None, mark: str) -> None:
    if (properties or {}).get(MARK, "") != mark:
        raise StalePlan(
            f"The schema {name} exists and does not belong to {mark}.",
            why="Somebody made it, or changed its owner mark, after the plan was approved.",
            fix="Look at the new plan of the pull request.",
        )


def _grant(securable: str, name: str, changes: Iterable[Mapping[str, Any]], client: WorkspaceClient) -> None:
    """All differences in one call; a securable that was just made may be unknown for seconds."""
    from databricks.sdk.errors import NotFound
    from databricks.sdk.service.catalog import PermissionsChange, Privilege

    body = [
        PermissionsChange(
            principal=one["principal"],
            add=[Privilege(name) for name in one["add"]],
            remove=[Privilege(name) for name in one["remove"]],
        )
        for one in changes
    ]

    def attempt() -> bool | None:
        try:
            client.grants.update(securable, name, changes=body)
        except NotFound as error:
            if str(error.error_code or "").startswith("PRINCIPAL"):
                raise
            return None
        return True

    until(attempt, what=f"The {securable} {name}", where="Databricks")


def outputs(desired: Desired[SchemaSpec], state: SchemaState) -> Mapping[str, str]:
    """``name`` in queries, and ``url`` of its page."""
    return {"name": full_name(desired.spec), "url": state.url} if state.stands else {}


def access(spec: SchemaSpec) -> Iterator[Held]:
    """What the file gives whom."""
    for one in spec.grants:
        yield Held(principal=one.principal, levels=tuple(one.privileges), thing=full_name(spec))


KIND: Kind[SchemaSpec, SchemaState, WorkspaceClient] = Kind(
    name="schema",
    spec=SchemaSpec,
    summary="a Unity Catalog schema for tables",
    aliases=("database", "unity catalog schema", "uc schema", "namespace"),
    identity=full_name,
    called=lambda spec: f"the schema {full_name(spec)}",
    access=access,
    connect=databricks,
    read=read,
    plan=plan,
    retire=retire,
    apply=apply,
    outputs=outputs,
    derive=derive,
    rules=RULES,
    edits=EDITS,
)
