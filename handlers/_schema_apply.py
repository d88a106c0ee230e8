"""One change of a schema, carried out: the schema itself, its properties, its owner, and its grants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from gitops import grants
from gitops.clients import translate
from gitops.errors import Refused, RemoteDenied
from gitops.ownership import require_still_ours
from gitops.patience import until
from gitops.plan import Change, Verb
from handlers._schema_look import USE_CATALOG, content
from handlers._schema_wants import MARK, OURS
from handlers._unity import WHERE, drop, make
from handlers._unity_grants import differences, held, regrant, send

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
