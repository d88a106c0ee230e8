"""What `minilake` lacks around Unity Catalog: the account's own directory, and registered models."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from sandbox.databricks import rules as rules
from sandbox.databricks.front import LOCAL_GROUPS, Front, body_of
from sandbox.databricks.rules import ApiError

ACCOUNT = "/api/2.0/account/scim/v2"
WORKSPACE = "/api/2.0/preview/scim/v2"
UC = "/api/2.1/unity-catalog"
MODELS = "models"


def add_catalog(router: APIRouter, front: Front) -> None:
    """The calls, over the state of one front."""

    @router.get(ACCOUNT + "/{sort}")
    async def directory(request: Request, sort: str) -> Any:
        found = await front.ask("GET", f"{WORKSPACE}/{sort}", query=dict(request.query_params))
        if sort == "Groups":
            entries = found.get("Resources") or []
            found["Resources"] = [one for one in entries if one.get("displayName") not in LOCAL_GROUPS]
        return found

    @router.get(f"{UC}/{MODELS}")
    async def models(catalog_name: str = "", schema_name: str = "") -> Any:
        inside = f"{catalog_name}.{schema_name}".lower()
        await front.ask("GET", f"{UC}/schemas/{inside}")
        return {"registered_models": models_in(front, inside)}

    @router.post(f"{UC}/{MODELS}")
    async def register(request: Request) -> Any:
        spec = await body_of(request)
        inside = f"{spec.get('catalog_name')}.{spec.get('schema_name')}".lower()
        await front.ask("GET", f"{UC}/schemas/{inside}")
        name = rules.object_name(spec.get("name"), "Registered model")
        if any(one["name"] == name for one in models_in(front, inside)):
            raise ApiError(409, "RESOURCE_ALREADY_EXISTS", f"Registered model '{inside}.{name}' exists")
        catalog, _, schema = inside.partition(".")
        made = {"name": name, "catalog_name": catalog, "schema_name": schema, "full_name": f"{inside}.{name}"}
        front.extra[MODELS, f"{inside}.{name}"] = made
        return made

    @router.delete(f"{UC}/{MODELS}" + "/{name}")
    async def forget(name: str) -> Any:
        if front.extra.pop((MODELS, name.lower()), None) is None:
            raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"Registered model '{name}' does not exist.")
        return {}


def models_in(front: Front, schema: str) -> list[dict[str, Any]]:
    """The models that are registered in a schema."""
    return [
        model
        for (sort, name), model in front.extra.items()
        if sort == MODELS and name.rpartition(".")[0] == schema
    ]
