"""Which groups and users there are in the account: only those can hold privileges in Unity Catalog.

The account is asked through the workspace (``/api/2.0/account/scim/v2``), as its administrators may. Where
the credential may not, the workspace's own directory is: it has the groups of the account that are assigned
to it, and says of each whether it is one of the workspace alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops.plan import Reason, RefusedChange

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

EVERYBODY = "account users"
"""The built-in group of everybody in the account; it is in no directory listing."""

DIRECTORIES = ("/api/2.0/account/scim/v2", "/api/2.0/preview/scim/v2")
FEW = 4
"""Up to so many names are asked for one by one; for more, everything is listed once."""
PAGE = 1000
UNQUOTABLE = frozenset('"\\')


def missing(client: WorkspaceClient, names: Collection[str]) -> frozenset[str]:
    """Those of the names, in lower case, that are no group and, with an ``@``, no user of the account."""
    wanted = {name.casefold() for name in names} - {EVERYBODY, ""}
    users = {name for name in wanted if "@" in name}
    return frozenset(users - _known(client, "Users", "userName", users)) | (
        (wanted - users) - _known(client, "Groups", "displayName", wanted - users)
    )


def require_known(unknown: Collection[str]) -> None:
    """Refuse to grant to principals that :func:`missing` found.

    Raises:
        RefusedChange: there are some.
    """
    if unknown:
        sorts = (f"user {one}" if "@" in one else f"group {one}" for one in unknown)
        raise RefusedChange(
            Reason.MISSING,
            f"The account has no {' and no '.join(sorts)}.",
            "Check the spelling. Privileges of Unity Catalog go to groups and users of the account; a group "
            "of the workspace alone, such as `users` or `admins`, can hold none.",
        )


def _known(client: WorkspaceClient, sort: str, attribute: str, names: Collection[str]) -> frozenset[str]:
    from databricks.sdk import errors

    askable = sorted(name for name in names if not UNQUOTABLE & set(name))
    if not askable:
        return frozenset()
    queries = [{"filter": f'{attribute} eq "{name}"'} for name in askable] if len(askable) <= FEW else [{}]
    for directory in DIRECTORIES:
        try:
            found = [entry for query in queries for entry in _pages(client, f"{directory}/{sort}", query)]
        except (errors.NotFound, errors.NotImplemented, errors.PermissionDenied):
            if directory == DIRECTORIES[-1]:
                raise
            continue
        return frozenset(
            str(entry.get(attribute, "")).casefold()
            for entry in found
            if (entry.get("meta") or {}).get("resourceType") != "WorkspaceGroup"
        )
    return frozenset()


def _pages(client: WorkspaceClient, path: str, query: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    attributes = "id,displayName,meta" if path.endswith("Groups") else "id,userName"
    start = 1
    while True:
        page = client.api_client.do(
            "GET", path, query={**query, "attributes": attributes, "startIndex": start, "count": PAGE}
        )
        entries = page.get("Resources") or () if isinstance(page, Mapping) else ()
        yield from entries
        start += len(entries)
        if not entries or start > int(page.get("totalResults") or 0):
            return
