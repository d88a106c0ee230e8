"""The calls of the Databricks API that the front answers itself or corrects on the way."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from sandbox.databricks import rules as rules
from sandbox.databricks.catalog import add_catalog, models_in
from sandbox.databricks.compute import add_compute
from sandbox.databricks.front import DEPLOYER, Front, body_of
from sandbox.databricks.permissions import add_permissions
from sandbox.databricks.rules import ApiError, invalid
from sandbox.databricks.volumes import add_volumes

UC = "/api/2.1/unity-catalog"
MIN_PAGE = 150
"""Grants answer ``max_results`` 0 (the server's own page) or at least this."""


def routes(front: Front) -> APIRouter:
    """All of them, over the state of one front."""
    router = APIRouter()
    add_compute(router, front)
    _compute(router, front)
    _catalog(router, front)
    add_permissions(router, front)
    add_catalog(router, front)
    add_volumes(router, front)
    scim = "/api/2.0/preview/scim/v2/Groups"
    router.get(scim)(front.groups)
    router.get(scim + "/{identifier}")(front.groups)
    return router


def _compute(router: APIRouter, front: Front) -> None:
    clusters, libraries, warehouses = "/api/2.1/clusters", "/api/2.0/libraries", "/api/2.0/sql/warehouses"

    @router.post(clusters + "/edit")
    async def edit(request: Request) -> Any:
        return await front.edit_cluster(await body_of(request))

    @router.get(clusters + "/get")
    async def get(cluster_id: str = "") -> Any:
        return await front.cluster(cluster_id)

    @router.get(clusters + "/list")
    async def listed(request: Request) -> Any:
        found = await front.ask("GET", clusters + "/list")
        return {"clusters": [front.whole("clusters", one["cluster_id"], one) for one in found["clusters"]]}

    @router.post(clusters + "/{verb}")
    async def other(request: Request, verb: str) -> Response:
        spec = await body_of(request)
        answer = await front.pass_on(request)
        if verb in {"restart", "start"}:
            front.restarted(str(spec.get("cluster_id")))
        elif verb == "permanent-delete":
            front.libraries.pop(str(spec.get("cluster_id")), None)
        return answer

    @router.post(libraries + "/install")
    async def install(request: Request) -> Any:
        spec = await body_of(request)
        await front.install(str(spec.get("cluster_id", "")), list(spec.get("libraries") or ()))
        return {}

    @router.post(libraries + "/uninstall")
    async def uninstall(request: Request) -> Any:
        spec = await body_of(request)
        await front.uninstall(str(spec.get("cluster_id", "")), list(spec.get("libraries") or ()))
        return {}

    @router.get(libraries + "/cluster-status")
    async def status(cluster_id: str = "") -> Any:
        return await front.library_status(cluster_id)

    @router.get(libraries + "/all-cluster-statuses")
    async def statuses() -> Any:
        return {"statuses": [await front.library_status(one) for one in list(front.libraries)]}

    @router.post(warehouses)
    async def create_warehouse(request: Request) -> Any:
        spec = await body_of(request)
        existing = (await front.ask("GET", warehouses))["warehouses"]
        if any(one["name"] == spec.get("name") for one in existing):
            raise invalid(f"SQL warehouse with name `{spec['name']}` already exists")
        made = await front.ask("POST", warehouses, body=spec)
        front.extra["warehouses", made["id"]] = spec
        return made

    @router.post(warehouses + "/{identifier}/edit")
    async def edit_warehouse(request: Request, identifier: str) -> Any:
        await front.ask("GET", f"{warehouses}/{identifier}")
        front.extra.setdefault(("warehouses", identifier), {}).update(await body_of(request))
        return {}

    @router.get(warehouses)
    async def list_warehouses() -> Any:
        found = await front.ask("GET", warehouses)
        return {"warehouses": [_warehouse(front, one) for one in found["warehouses"]]}

    @router.get(warehouses + "/{identifier}")
    async def get_warehouse(identifier: str) -> Any:
        return _warehouse(front, await front.ask("GET", f"{warehouses}/{identifier}"))

    @router.get("/api/2.2/jobs/list")
    async def jobs(name: str = "") -> Any:
        found = await front.ask("GET", "/api/2.2/jobs/list")
        if name:
            found["jobs"] = [one for one in found["jobs"] if one["settings"]["name"].lower() == name.lower()]
        return found


def _warehouse(front: Front, found: dict[str, Any]) -> dict[str, Any]:
    # What was last asked for wins: minilake cannot edit a warehouse, so it only knows the first version.
    return front.whole("warehouses", found["id"], found) | front.extra.get(("warehouses", found["id"]), {})


def _catalog(router: APIRouter, front: Front) -> None:
    @router.post(UC + "/schemas")
    async def create(request: Request) -> Any:
        spec = await body_of(request)
        spec["name"] = rules.object_name(spec.get("name"), "Schema")
        spec["catalog_name"] = rules.object_name(spec.get("catalog_name"), "Catalog")
        await front.ask("GET", f"{UC}/catalogs/{spec['catalog_name']}")
        try:
            made = await front.ask("POST", f"{UC}/schemas", body=spec)
            kept = {key: spec[key] for key in ("storage_root",) if spec.get(key)}
            front.extra["schemas", made["full_name"]] = kept
            return _owned(front, made)
        except ApiError as problem:
            if problem.status != 409:
                raise
            raise ApiError(400, "SCHEMA_ALREADY_EXISTS", f"Schema '{spec['name']}' already exists") from None

    @router.get(UC + "/schemas")
    async def listed(catalog_name: str) -> Any:
        await front.ask("GET", f"{UC}/catalogs/{catalog_name.lower()}")
        found = await front.ask("GET", f"{UC}/schemas", query={"catalog_name": catalog_name.lower()})
        return {"schemas": [_owned(front, one) for one in found["schemas"]]}

    @router.get(UC + "/schemas/{name}")
    async def get(name: str) -> Any:
        return _owned(front, await front.ask("GET", f"{UC}/schemas/{name.lower()}"))

    @router.patch(UC + "/schemas/{name}")
    async def update(request: Request, name: str) -> Any:
        spec = await body_of(request)
        if spec.get("owner"):
            await front.must_be_account_level(spec["owner"])
            front.extra.setdefault(("schemas", name.lower()), {})["owner"] = spec["owner"]
        return _owned(front, await front.ask("PATCH", f"{UC}/schemas/{name.lower()}", body=spec))

    @router.delete(UC + "/schemas/{name}")
    async def delete(name: str, force: bool = False) -> Any:
        full = name.lower()
        found = await front.ask("GET", f"{UC}/schemas/{full}")
        tables = await front.ask(
            "GET", f"{UC}/tables", query={"catalog_name": found["catalog_name"], "schema_name": found["name"]}
        )
        count, models = len(tables.get("tables") or ()), len(models_in(front, full))
        if (count or models) and not force:
            raise ApiError(
                400,
                "INVALID_STATE",
                f"Schema '{full}' is not empty. The schema has {count} table(s), {models} model(s).",
            )
        await front.ask("DELETE", f"{UC}/schemas/{full}")
        held = await front.ask("GET", f"{UC}/permissions/SCHEMA/{full}")
        gone = [
            {"principal": g["principal"], "remove": g["privileges"]} for g in held["privilege_assignments"]
        ]
        await front.ask("PATCH", f"{UC}/permissions/SCHEMA/{full}", body={"changes": gone})
        front.extra.pop(("schemas", full), None)
        return {}

    @router.get(UC + "/permissions/{kind}/{name}")
    async def grants(request: Request, kind: str, name: str) -> Any:
        return await _grants(front, request, kind, name, "permissions")

    @router.get(UC + "/effective-permissions/{kind}/{name}")
    async def effective(request: Request, kind: str, name: str) -> Any:
        return await _grants(front, request, kind, name, "effective-permissions")

    @router.patch(UC + "/permissions/{kind}/{name}")
    async def change(request: Request, kind: str, name: str) -> Any:
        securable = await _securable(front, kind, name)
        spec = await body_of(request)
        for entry in spec.get("changes") or ():
            await front.must_be_account_level(str(entry.get("principal")))
            for verb in ("add", "remove"):
                if entry.get(verb):
                    entry[verb] = sorted({rules.privilege(str(one), securable) for one in entry[verb]})
        return await front.ask("PATCH", f"{UC}/permissions/{securable.upper()}/{name.lower()}", body=spec)


def _owned(front: Front, found: dict[str, Any]) -> dict[str, Any]:
    kept = front.extra.get(("schemas", found.get("full_name", "")), {})
    plain = {name: value for name, value in found.items() if value is not None}
    return {"catalog_type": "MANAGED_CATALOG", "created_by": DEPLOYER, **plain, **kept}


async def _securable(front: Front, kind: str, name: str) -> str:
    """``schema`` or another type in small letters; refuses one that does not stand."""
    securable = kind.rsplit(".", 1)[-1].lower()
    if securable in {"schema", "catalog", "volume"}:
        await front.ask("GET", f"{UC}/{securable}s/{name.lower()}")
    return securable


async def _grants(front: Front, request: Request, kind: str, name: str, what: str) -> Any:
    securable = await _securable(front, kind, name)
    query = dict(request.query_params)
    size, token = query.pop("max_results", None), query.pop("page_token", None)
    if size is not None and 0 < int(size) < MIN_PAGE:
        raise invalid(f"max_results must be 0 or at least {MIN_PAGE}")
    if size is not None and token is None:
        # The real API may answer an empty page that has a next one; clients must not stop there.
        return {"privilege_assignments": [], "next_page_token": "page-2"}
    found = await front.ask("GET", f"{UC}/{what}/{securable.upper()}/{name.lower()}", query=query)
    return {"privilege_assignments": found["privilege_assignments"]}
