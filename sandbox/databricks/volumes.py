"""Volumes of the rehearsal Databricks: `minilake` keeps them, here stands what the real API insists on."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from sandbox.databricks import rules as rules
from sandbox.databricks.front import DEPLOYER, Front, body_of
from sandbox.databricks.rules import ApiError

VOLUMES = "/api/2.1/unity-catalog/volumes"
FILES = "/api/2.0/fs/directories/Volumes"


def add_volumes(router: APIRouter, front: Front) -> None:
    """Names in lower case, no properties, the creator as owner, and a folder for the files of each."""

    @router.post(VOLUMES)
    async def create(request: Request) -> Any:
        spec = await body_of(request)
        for field, what in (("catalog_name", "Catalog"), ("schema_name", "Schema"), ("name", "Volume")):
            spec[field] = rules.object_name(spec.get(field), what)
        spec.pop("properties", None)
        schema = f"{spec['catalog_name']}.{spec['schema_name']}"
        await front.ask("GET", f"/api/2.1/unity-catalog/schemas/{schema}")
        try:
            made = await front.ask("POST", VOLUMES, body=spec)
        except ApiError as problem:
            if problem.status != 409:
                raise
            name = f"{schema}.{spec['name']}"
            raise ApiError(409, "VOLUME_ALREADY_EXISTS", f"Volume '{name}' already exists") from None
        await front.ask("PUT", _folder(made["full_name"]))
        return _shown(made)

    @router.get(VOLUMES)
    async def listed(catalog_name: str, schema_name: str) -> Any:
        catalog, schema = catalog_name.lower(), schema_name.lower()
        await front.ask("GET", f"/api/2.1/unity-catalog/schemas/{catalog}.{schema}")
        query = {"catalog_name": catalog, "schema_name": schema}
        found = await front.ask("GET", VOLUMES, query=query)
        return {"volumes": [_shown(one) for one in found.get("volumes") or ()]}

    @router.get(VOLUMES + "/{name}")
    async def read(name: str) -> Any:
        return _shown(await front.ask("GET", f"{VOLUMES}/{name.lower()}"))

    @router.patch(VOLUMES + "/{name}")
    async def update(request: Request, name: str) -> Any:
        return _shown(await front.ask("PATCH", f"{VOLUMES}/{name.lower()}", body=await body_of(request)))

    @router.delete(VOLUMES + "/{name}")
    async def delete(name: str) -> Any:
        full = name.lower()
        await front.ask("DELETE", f"{VOLUMES}/{full}")
        grants = f"/api/2.1/unity-catalog/permissions/VOLUME/{full}"
        held = (await front.ask("GET", grants))["privilege_assignments"]
        gone = [{"principal": one["principal"], "remove": one["privileges"]} for one in held]
        await front.ask("PATCH", grants, body={"changes": gone})
        return {}


def _folder(full_name: str) -> str:
    return f"{FILES}/{full_name.replace('.', '/')}"


def _shown(found: dict[str, Any]) -> dict[str, Any]:
    """As the real API answers: what is empty is left out, and there are no properties."""
    plain = {name: value for name, value in found.items() if value is not None and name != "properties"}
    return plain | {"owner": DEPLOYER, "created_by": DEPLOYER}
