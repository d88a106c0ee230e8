"""Who may do what with a thing of a workspace, changing that, and which groups and users there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gitops.patience import until
from handlers._compute_fields import LEVELS
from handlers._compute_workspace import WHERE, patiently

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

OBJECTS = {"cluster": "clusters", "sql_warehouse": "warehouses", "job": "jobs"}
"""What the permissions API calls them."""

GROUP, USER = "group_name", "user_name"
SORTS = (GROUP, USER, "service_principal_name")

FEW = 4
"""Up to so many names are asked for one by one; for more, everything is listed once."""

Levels = Mapping[tuple[str, str], str]
"""Sort and name of who → level: ``("group_name", "growth")`` → ``CAN_RESTART``."""


def levels_of(kind: str, identifier: str, client: WorkspaceClient) -> dict[tuple[str, str], str]:
    """Who holds which level directly, not by inheritance; of several only the highest counts."""
    found: dict[tuple[str, str], str] = {}
    order = LEVELS[kind]
    answer = client.permissions.get(OBJECTS[kind], identifier).as_dict()
    for entry in answer.get("access_control_list") or ():
        direct = [
            one["permission_level"] for one in entry.get("all_permissions") or () if not one.get("inherited")
        ]
        for sort in SORTS:
            if entry.get(sort) and direct:  # a level that no file can give (IS_OWNER) is above all others
                found[sort, entry[sort]] = max(
                    direct, key=lambda level: order.index(level) if level in order else len(order)
                )
    return found


def among(held: Levels, sort: str, names: Iterable[str]) -> dict[str, str]:
    """What the named ones of a sort hold, in the spelling of the names; Databricks folds case."""
    levels = {name.casefold(): level for (each, name), level in held.items() if each == sort}
    return {name: levels[name.casefold()] for name in names if name.casefold() in levels}


def missing_groups(client: WorkspaceClient, names: Iterable[str]) -> frozenset[str]:
    """Those of the groups that the workspace does not have."""
    wanted = set(names)
    if len(wanted) > FEW:
        listed = client.groups.list(attributes="id,displayName")
        known = {(group.display_name or "").casefold() for group in listed}
    else:
        known = {
            (group.display_name or "").casefold()
            for name in sorted(wanted)
            for group in client.groups.list(filter=f'displayName eq "{name}"', attributes="id,displayName")
        }
    return frozenset(name for name in wanted if name.casefold() not in known)


def missing_users(client: WorkspaceClient, names: Iterable[str]) -> frozenset[str]:
    """Those of the users, by e-mail, that the workspace does not have."""
    wanted = set(names)
    if len(wanted) > FEW:
        known = {(user.user_name or "").casefold() for user in client.users.list(attributes="id,userName")}
    else:
        known = {
            (user.user_name or "").casefold()
            for name in sorted(wanted)
            for user in client.users.list(filter=f'userName eq "{name}"', attributes="id,userName")
        }
    return frozenset(name for name in wanted if name.casefold() not in known)


def change_access(
    kind: str, identifier: str, name: str, after: Mapping[str, Any], client: WorkspaceClient
) -> None:
    """Add to the list; where that is not enough, write the whole list, all others still in it."""
    wanted = {(GROUP, who): level for who, level in after.get("access", {}).items()}
    wanted |= {(USER, who): level for who, level in after.get("users", {}).items()}
    gone = {(GROUP, who.casefold()) for who in after.get("gone", {}).get("access", ())}
    gone |= {(USER, who.casefold()) for who in after.get("gone", {}).get("users", ())}
    path = f"/api/2.0/permissions/{OBJECTS[kind]}/{identifier}"
    if wanted and not gone:
        patiently(client, "PATCH", path, {"access_control_list": _entries(wanted)})
    held = levels_of(kind, identifier, client)
    if _is_so(held, wanted, gone):
        return
    kept = {key: level for key, level in held.items() if _folded(key) not in gone}
    spelt = {_folded(key) for key in wanted}
    merged = {key: level for key, level in kept.items() if _folded(key) not in spelt} | wanted
    client.api_client.do("PUT", path, body={"access_control_list": _entries(merged)})
    until(
        lambda: _is_so(levels_of(kind, identifier, client), wanted, gone) or None,
        what=f"The access to {name}",
        where=WHERE,
    )


def _entries(levels: Mapping[tuple[str, str], str]) -> list[dict[str, str]]:
    return [{sort: who, "permission_level": level} for (sort, who), level in levels.items()]


def _folded(key: tuple[str, str]) -> tuple[str, str]:
    return key[0], key[1].casefold()


def _is_so(
    held: Mapping[tuple[str, str], str],
    wanted: Mapping[tuple[str, str], str],
    gone: Iterable[tuple[str, str]],
) -> bool:
    levels = {_folded(key): level for key, level in held.items()}
    given = all(levels.get(_folded(key)) == level for key, level in wanted.items())
    return given and not levels.keys() & set(gone)
