"""Permissions on clusters, warehouses and jobs: one list per object, of principals that exist, the highest
level each.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from sandbox.databricks import rules as rules
from sandbox.databricks.front import DEPLOYER, LOCAL_GROUPS, Front, body_of
from sandbox.databricks.rules import ApiError, invalid


def add_permissions(router: APIRouter, front: Front) -> None:
    """Add the permissions API, which `minilake` answers for anything and anybody."""
    path = "/api/2.0/permissions/{kind}/{identifier}"

    @router.get(path)
    async def get(kind: str, identifier: str) -> Any:
        await _object(front, kind, identifier)
        return _acl(front, kind, identifier)

    @router.put(path)
    async def put(request: Request, kind: str, identifier: str) -> Any:
        await _object(front, kind, identifier)
        wanted = await _entries(front, kind, await body_of(request))
        if kind == "jobs" and wanted and list(wanted.values()).count("IS_OWNER") != 1:
            raise invalid("The job must have exactly one owner.")
        front.acls[kind, identifier] = wanted
        return _acl(front, kind, identifier)

    @router.patch(path)
    async def patch(request: Request, kind: str, identifier: str) -> Any:
        await _object(front, kind, identifier)
        front.acls.setdefault((kind, identifier), {}).update(
            await _entries(front, kind, await body_of(request))
        )
        return _acl(front, kind, identifier)

    @router.get(path + "/permissionLevels")
    async def levels(kind: str, identifier: str) -> Any:
        known = rules.LIST_LEVELS.get(kind, ("CAN_MANAGE",))
        return {"permission_levels": [{"permission_level": one, "description": one} for one in known]}


async def _object(front: Front, kind: str, identifier: str) -> None:
    """Refuse an object that does not stand, or a kind of object that nobody here asks about."""
    try:
        if kind == "clusters":
            await front.cluster(identifier)
        elif kind == "warehouses":
            await front.ask("GET", f"/api/2.0/sql/warehouses/{identifier}")
        elif kind == "jobs":
            await front.ask("GET", "/api/2.2/jobs/get", query={"job_id": identifier})
        else:
            front.unknown_calls.append(("GET", f"/api/2.0/permissions/{kind}"))
            raise ApiError(404, "ENDPOINT_NOT_FOUND", f"No permissions are kept for {kind}")
    except ApiError as problem:
        if problem.code != "INVALID_PARAMETER_VALUE":
            raise
        raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", problem.message) from None


async def _entries(front: Front, kind: str, spec: dict[str, Any]) -> dict[tuple[str, str], str]:
    groups, users = await front.principals()
    found: dict[tuple[str, str], str] = {}
    for entry in spec.get("access_control_list") or ():
        name = next((n for n in ("group_name", "user_name", "service_principal_name") if entry.get(n)), "")
        if not name:
            raise invalid("Each entry must name a user, a group or a service principal.")
        who = str(entry[name])
        if who not in groups | LOCAL_GROUPS | users:
            label = {"group_name": "GroupName", "user_name": "UserName"}.get(name, "ServicePrincipalName")
            raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"Principal: {label}({who}) does not exist")
        level = rules.level(kind, entry.get("permission_level"))
        found[name, who] = rules.highest(kind, found.get((name, who), level), level)
    return found


def _acl(front: Front, kind: str, identifier: str) -> dict[str, Any]:
    direct = dict(front.acls.get((kind, identifier), {}))
    owner = "CAN_MANAGE" if kind == "clusters" else "IS_OWNER"
    if owner not in direct.values():
        direct.setdefault(("user_name", DEPLOYER), owner)
    entries = [
        {name: who, "all_permissions": [{"permission_level": level, "inherited": False}]}
        for (name, who), level in direct.items()
    ]
    folder = {"permission_level": "CAN_MANAGE", "inherited": True, "inherited_from_object": [f"/{kind}/"]}
    entries.append({"group_name": "admins", "all_permissions": [folder]})
    return {
        "object_id": f"/{kind}/{identifier}",
        "object_type": rules.OBJECT_TYPE.get(kind, kind),
        "access_control_list": entries,
    }
