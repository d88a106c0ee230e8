"""A Unity Catalog schema and who holds which privileges on it.

The owner mark is the schema property ``lakeport.request``. Grants are a difference for each principal, sent
in one call and read back until they show. ``USE_CATALOG`` on the catalog, without which nothing in the schema
can be used, is granted where a principal lacks it and never taken away: other schemas may need it. Who made
the schema stays its owner unless the policy names another, and keeps what it needs to go on with it.

Sources: the schemas, grants and SCIM APIs of Databricks. A schema keeps its name, its catalog and its managed
location for ever; names are stored in lower case; who makes a schema owns it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from gitops import grants
from gitops.clients import databricks, translate
from gitops.errors import Refused, RemoteDenied
from gitops.kind import Desired, Held, Kind, Tell
from gitops.ownership import require_still_ours
from gitops.patience import until
from gitops.plan import Change, Verb
from handlers._schema_adopt import adopt
from handlers._schema_fields import MEMBER_LEVELS, SchemaSpec, derive, full_name
from handlers._schema_look import USE_CATALOG, content, marked, read, read_all
from handlers._schema_plan import plan
from handlers._schema_retire import retire
from handlers._schema_rules import EDITS, RULES
from handlers._schema_state import SchemaState
from handlers._schema_wants import MARK, OURS
from handlers._unity import WHERE, drop, make
from handlers._unity_grants import access_of, differences, effective, held, regrant, send, wanted_of

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient


def apply(change: Change, client: WorkspaceClient) -> None:
    """One change; a schema that an interrupted run made is found and kept."""
    after = change.after
    name = after["schema"]
    with translate(WHERE):
        if change.action == "schema" and change.verb is Verb.CREATE:
            _make(after, client)
        elif change.action == "schema":
            _drop(after, client)
        elif change.action in ("mark", "properties"):
            _note(after, client)
        elif change.action == "settings":
            client.schemas.update(name, comment=after["comment"])
        elif change.action == "owner":
            _hand_over(name, after["owner"], client)
        elif "changes" in after:
            found = differences(after["changes"])
            _require_no_lockout(name, found, client)
            regrant(client, "schema", name, found, going=change.verb is Verb.REMOVE)
        else:
            _let_use(after["catalog"], after["principal"], client)


# --- the schema itself ------------------------------------------------------------------------------------


def _make(after: Mapping[str, Any], client: WorkspaceClient) -> None:
    name = after["schema"]
    create = partial(
        client.schemas.create,
        after["name"],
        after["catalog"],
        comment=after["comment"],
        properties=after["properties"],
        storage_root=after.get("storage_root"),
    )
    make(f"the schema {name}", require_ours=partial(_require_ours, after, client), create=create)


def _note(after: Mapping[str, Any], client: WorkspaceClient) -> None:
    """Our properties as they are to be; those of others stay as they are."""
    name = after["schema"]
    found = dict(client.schemas.get(name).properties or {})
    if found.get(MARK):
        require_still_ours(f"the schema {name}", found[MARK], after["mark"])
    others = {key: value for key, value in found.items() if key not in OURS}
    client.schemas.update(name, properties=others | after["properties"])


def _hand_over(name: str, owner: str, client: WorkspaceClient) -> None:
    """Give the schema to its owner, once we can go on without being it.

    Who hands a schema over and holds no ``MANAGE`` on it is locked out: the next plan could not be applied.
    """
    ourselves = client.current_user.me().user_name or ""
    keep = grants.Difference(ourselves, (grants.MANAGE,))
    if ourselves and not grants.shown([keep], held(client, "schema", name)):
        regrant(client, "schema", name, [keep], going=False)
    client.schemas.update(name, owner=owner)

    def look() -> bool | None:
        return True if (client.schemas.get(name).owner or "").casefold() == owner.casefold() else None

    until(look, what=f"The owner of {name}", where=WHERE)


def _drop(after: Mapping[str, Any], client: WorkspaceClient) -> None:
    name = after["schema"]
    drop(
        f"the schema {name}",
        require_ours=partial(_require_ours, after, client),
        content=content(client, name),
        delete=partial(client.schemas.delete, name),
    )


def _require_ours(after: Mapping[str, Any], client: WorkspaceClient) -> None:
    mark = (client.schemas.get(after["schema"]).properties or {}).get(MARK, "")
    require_still_ours(f"the schema {after['schema']}", mark, after["mark"])


# --- grants -----------------------------------------------------------------------------------------------


def _require_no_lockout(name: str, found: Iterable[grants.Difference], client: WorkspaceClient) -> None:
    """Never take our own ``MANAGE``: whoever draws the plan may not know who applies it."""
    losing = {one.principal.casefold() for one in found if grants.MANAGE in one.remove}
    if losing and (client.current_user.me().user_name or "").casefold() in losing:
        raise Refused(
            f"This would take Lakeport's own MANAGE on {name} away.",
            why="Without it, nothing about the schema could be changed or taken back any more.",
            fix="Name what Lakeport signs in as under `schemas: {untouched: […]}` in the policy.",
        )


def _let_use(catalog: str, principal: str, client: WorkspaceClient) -> None:
    from databricks.sdk.errors import PermissionDenied

    try:
        send(client, "catalog", catalog, [grants.Difference(principal, (USE_CATALOG,))])
    except PermissionDenied:
        raise RemoteDenied(
            f"Lakeport may not grant USE_CATALOG on {catalog}, which {principal} needs.",
            why="Only the owner of a catalog, and who holds MANAGE on it, can.",
            fix=f"Give Lakeport MANAGE on {catalog}; or write `schemas: {{use_catalog: reported}}` in the "
            "policy, and have its owner grant it.",
            where=WHERE,
        ) from None


# --- what else there is to know of it ---------------------------------------------------------------------


def verify(desired: Desired[SchemaSpec], client: WorkspaceClient, tell: Tell) -> Iterator[str]:
    """What keeps those whom the file names from using the schema: by name, not by groups they are in."""
    from databricks.sdk.errors import NotFound

    name, catalog = full_name(desired.spec), desired.spec.catalog.lower()
    with translate(WHERE):
        tell(f"Looking at who can use {name}")
        try:
            here = grants.folded(effective(client, "schema", name))
            above = grants.folded(effective(client, "catalog", catalog))
        except NotFound:
            yield f"The schema {name} does not stand."
            return
        for principal, wanted in sorted(wanted_of(desired).items()):
            yield from _lacks(principal, wanted, here, name)
            yield from _lacks(principal, frozenset({USE_CATALOG}), above, f"the catalog {catalog}")


def _lacks(principal: str, wanted: frozenset[str], by_name: grants.Grants, where: str) -> Iterator[str]:
    everybody = by_name.get("account users", frozenset())
    has = by_name.get(principal.casefold(), frozenset()) | everybody
    implied = grants.COVERED | {USE_CATALOG} if grants.ALL in has else frozenset[str]()
    if has >= grants.COVERED:
        implied |= {grants.ALL}
    if lacking := wanted - has - implied:
        yield f"{principal} does not hold {', '.join(sorted(lacking))} on {where}."


def outputs(desired: Desired[SchemaSpec], state: SchemaState) -> Mapping[str, str]:
    """``name`` in queries, and ``url`` of its page."""
    return {"name": full_name(desired.spec), "url": state.url} if state.stands else {}


def access(spec: SchemaSpec) -> Iterator[Held]:
    """Who is given what on the schema."""
    return access_of(spec, full_name(spec))


KIND: Kind[SchemaSpec, SchemaState, WorkspaceClient] = Kind(
    name="schema",
    spec=SchemaSpec,
    summary="a Unity Catalog schema for tables",
    aliases=("database", "unity catalog schema", "uc schema", "namespace"),
    identity=full_name,
    called=lambda spec: f"the schema {full_name(spec)}",
    connect=databricks,
    read=read,
    read_all=read_all,
    plan=plan,
    retire=retire,
    adopt=adopt,
    apply=apply,
    outputs=outputs,
    derive=derive,
    rules=RULES,
    edits=EDITS,
    marked=marked,
    verify=verify,
    access=access,
    system=WHERE,
    member_levels=MEMBER_LEVELS,
)
