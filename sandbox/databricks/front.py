"""The front of the rehearsal Databricks: passes calls on to `minilake`, adds what it lacks, corrects what
it gets wrong.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from sandbox.databricks import rules as rules
from sandbox.databricks.rules import ApiError, invalid
from sandbox.request_ids import DATABRICKS, RequestIds

DEPLOYER = "lakeport-deployer@acme.example"
"""Who every call is attributed to, owner and creator of what is made."""
LOCAL_GROUPS = frozenset({"admins", "users"})
"""Groups of the workspace only: they cannot be granted anything in Unity Catalog."""
MAX_BODY = 4 * 1024 * 1024
READING_POSTS = ("/api/2.1/clusters/events",)
LIMITS = httpx.Limits(keepalive_expiry=2.0)
"""`minilake` closes a connection that was idle for five seconds: we must be the first to give it up."""


class Front:
    """The state that `minilake` does not keep, and the calls that need it.

    ``writes`` and ``unknown_calls`` list ``(method, path)`` of every call that was not a read and of every
    call nothing here could answer. A call with the read token that would write is refused, as it would be
    for a principal without the right.
    """

    def __init__(self, upstream: str, *, token: str, read_token: str, install_seconds: float = 0.5) -> None:
        self._tokens = {token: True, read_token: False}
        self._http = httpx.AsyncClient(base_url=upstream, timeout=30.0, trust_env=False, limits=LIMITS)
        self._install_seconds = install_seconds
        self.writes: list[tuple[str, str]] = []
        self.unknown_calls: list[tuple[str, str]] = []
        self.extra: dict[tuple[str, str], dict[str, Any]] = {}
        self.libraries: dict[str, dict[str, dict[str, Any]]] = {}
        self.acls: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
        self.created_with: dict[str, str] = {}

    async def close(self) -> None:
        """Close the connections to `minilake`."""
        await self._http.aclose()

    def admit(self, method: str, path: str, authorization: str) -> None:
        """Check the token, note the write."""
        if path.startswith("/.well-known/"):
            # The SDK asks here, without a token, how to sign in; absent means: as it was told.
            raise ApiError(404, "ENDPOINT_NOT_FOUND", f"No API found for '{method} {path}'")
        scheme, _, token = authorization.partition(" ")
        may_write = self._tokens.get(token) if scheme.lower() == "bearer" else None
        if may_write is None:
            raise ApiError(403, "PERMISSION_DENIED", "Invalid access token.")
        if method in {"GET", "HEAD"} or path in READING_POSTS:
            return
        if not may_write:
            raise ApiError(
                403, "PERMISSION_DENIED", f"This credential may only read: {method} {path} is denied."
            )
        self.writes.append((method, path))

    async def ask(
        self, method: str, path: str, *, body: Any = None, query: Mapping[str, Any] | None = None
    ) -> Any:
        """One call to `minilake`, its answer as JSON; what it refuses comes back as the real API would say
        it.
        """
        answer = await self._http.request(method, path, json=body, params=query or None)
        found = _json(answer)
        if answer.status_code >= 400:
            raise self._as_real(answer.status_code, found, method, path)
        return found

    async def pass_on(self, request: Request) -> Response:
        """Everything this front has no opinion about."""
        body = await request.body()
        if len(body) > MAX_BODY:
            raise ApiError(400, "MAX_REQUEST_SIZE_EXCEEDED", "The request is too large.")
        answer = await self._http.request(
            request.method,
            request.url.path,
            content=body,
            params=request.url.query,
            headers={"content-type": request.headers.get("content-type", "application/json")},
        )
        if answer.status_code >= 400:
            raise self._as_real(answer.status_code, _json(answer), request.method, request.url.path)
        kind = answer.headers.get("content-type", "application/json")
        return Response(_renamed(answer.content), answer.status_code, media_type=kind)

    def _as_real(self, status: int, found: Any, method: str, path: str) -> ApiError:
        code, message = str(found.get("error_code", "")), str(found.get("message", "The call failed."))
        if status == 501:
            self.unknown_calls.append((method, path))
            return ApiError(404, "ENDPOINT_NOT_FOUND", f"No API found for '{method} {path}'")
        if status == 404 and path.startswith("/api/2.1/unity-catalog/"):
            what = path.split("/")[4].rstrip("s").upper()
            return ApiError(404, f"{what}_DOES_NOT_EXIST", message.replace("not found", "does not exist"))
        if (status == 404 and "/clusters/" in path) or ("/jobs/" in path and status == 404):
            return invalid(message.replace("not found", "does not exist").replace("'", ""))
        return ApiError(status, code, message)

    # ---- groups, users -------------------------------------------------------------------------------------

    async def principals(self) -> tuple[set[str], set[str]]:
        """Names of the account's groups, and names of its users."""
        groups = await self.ask("GET", "/api/2.0/preview/scim/v2/Groups")
        users = await self.ask("GET", "/api/2.0/preview/scim/v2/Users")
        names = {entry["displayName"] for entry in groups.get("Resources", ())}
        return names, {entry["userName"] for entry in users.get("Resources", ())}

    async def must_be_account_level(self, principal: str) -> None:
        """Only groups and users of the account can hold privileges or own something in Unity Catalog."""
        groups, users = await self.principals()
        if principal not in (groups - LOCAL_GROUPS) | users | {"account users"}:
            raise ApiError(404, "PRINCIPAL_DOES_NOT_EXIST", f"Could not find principal with name {principal}")

    async def groups(self, request: Request) -> Any:
        """SCIM groups with ``meta.resourceType``: ``Group`` of the account, ``WorkspaceGroup`` of the
        workspace.
        """
        found = await self.ask("GET", request.url.path, query=dict(request.query_params))
        for entry in found.get("Resources", [found]):
            local = entry.get("displayName") in LOCAL_GROUPS
            entry["meta"] = {"resourceType": "WorkspaceGroup" if local else "Group"}
        return found

    # ---- libraries -----------------------------------------------------------------------------------------

    async def install(self, cluster_id: str, libraries: list[dict[str, Any]]) -> None:
        """Note the libraries; they install while the cluster runs, and what is there already stays as it
        is.
        """
        await self.cluster(cluster_id)
        held = self.libraries.setdefault(cluster_id, {})
        for library in libraries:
            key = _library_key(library)
            if held.get(key, {}).get("status") not in {"PENDING", "INSTALLED"}:
                held[key] = {"library": library, "status": "PENDING", "at": time.time()}

    async def uninstall(self, cluster_id: str, libraries: list[dict[str, Any]]) -> None:
        """Mark them to go at the next restart; one that is not there is ignored."""
        await self.cluster(cluster_id)
        held = self.libraries.get(cluster_id, {})
        for library in libraries:
            if (found := held.get(_library_key(library))) is not None:
                found["status"] = "UNINSTALL_ON_RESTART"

    async def library_status(self, cluster_id: str) -> dict[str, Any]:
        """State of each library; ``PENDING`` becomes ``INSTALLED`` only on a running cluster."""
        cluster = await self.cluster(cluster_id)
        statuses = []
        for held in self.libraries.get(cluster_id, {}).values():
            since = max(held["at"], cluster.get("start_time", 0) / 1000)
            ready = cluster["state"] == "RUNNING" and time.time() - since >= self._install_seconds
            if held["status"] == "PENDING" and ready:
                held["status"] = "INSTALLED"
            statuses.append(
                {"library": held["library"], "status": held["status"], "is_library_for_all_clusters": False}
            )
        return {"cluster_id": cluster_id, "library_statuses": statuses}

    def restarted(self, cluster_id: str) -> None:
        """A restart takes out what was marked and installs the rest again."""
        held = self.libraries.get(cluster_id, {})
        for key in [key for key, entry in held.items() if entry["status"] == "UNINSTALL_ON_RESTART"]:
            del held[key]
        for entry in held.values():
            entry |= {"status": "PENDING", "at": time.time()}

    # ---- clusters ------------------------------------------------------------------------------------------

    async def cluster(self, cluster_id: str) -> dict[str, Any]:
        """A cluster with the fields that `minilake` drops."""
        if not cluster_id:
            raise invalid("Missing required field: cluster_id")
        found = await self.ask("GET", "/api/2.1/clusters/get", query={"cluster_id": cluster_id})
        return self.whole("clusters", cluster_id, found)

    def whole(self, kind: str, key: str, found: dict[str, Any]) -> dict[str, Any]:
        """What `minilake` kept over what it dropped; nothing is sent as null."""
        kept = {name: value for name, value in found.items() if value is not None}
        return {**self.extra.get((kind, key), {}), **kept}

    async def create_cluster(self, spec: dict[str, Any]) -> dict[str, Any]:
        """A new cluster, or the active one that was made with the same ``idempotency_token``."""
        rules.cluster(spec)
        token = str(spec.pop("idempotency_token", "") or "")
        if len(token) > 64:
            raise invalid("idempotency_token must have at most 64 characters")
        if token and (known := self.created_with.get(token)):
            try:
                found = await self.cluster(known)
            except ApiError:
                found = {"state": "TERMINATED"}
            if found["state"] not in {"TERMINATED", "TERMINATING"}:
                return {"cluster_id": known}
        made: dict[str, Any] = await self.ask("POST", "/api/2.1/clusters/create", body=spec)
        identifier = made["cluster_id"]
        self.extra["clusters", identifier] = spec
        if token:
            self.created_with[token] = identifier
        return {"cluster_id": identifier}

    async def edit_cluster(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Change a cluster; one that runs restarts, one in between states refuses."""
        identifier = str(spec.get("cluster_id", ""))
        state = (await self.cluster(identifier))["state"]
        if state not in {"RUNNING", "TERMINATED"}:
            raise ApiError(
                400, "INVALID_STATE", f"Cluster {identifier} is in unexpected state {state.title()}."
            )
        rules.cluster(spec)
        await self.ask("POST", "/api/2.1/clusters/edit", body=spec)
        self.extra["clusters", identifier] = {k: v for k, v in spec.items() if k != "cluster_id"}
        if state == "RUNNING":
            await self.ask("POST", "/api/2.1/clusters/restart", body={"cluster_id": identifier})
            self.restarted(identifier)
        return {}


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request."""
    try:
        found = json.loads(await request.body() or b"{}")
    except ValueError:
        raise ApiError(400, "MALFORMED_REQUEST", "Invalid JSON given in the body of the request") from None
    if not isinstance(found, dict):
        raise ApiError(400, "MALFORMED_REQUEST", "The body of the request must be an object")
    return found


def _library_key(library: dict[str, Any]) -> str:
    kinds = [
        name for name in ("pypi", "maven", "cran", "jar", "egg", "whl", "requirements") if name in library
    ]
    if len(kinds) != 1:
        raise invalid("A library must have exactly one of pypi, maven, cran, jar, egg, whl, requirements.")
    value = library[kinds[0]]
    if kinds[0] == "pypi" and not (isinstance(value, dict) and value.get("package")):
        raise invalid("Missing required field: pypi.package")
    return f"{kinds[0]}:{value.get('package', value) if isinstance(value, dict) else value}"


def _renamed(raw: bytes) -> bytes:
    return raw.replace(b'"minilake-user"', b'"' + DEPLOYER.encode() + b'"')


def _json(answer: httpx.Response) -> Any:
    try:
        return httpx.Response(200, content=_renamed(answer.content)).json() if answer.content else {}
    except ValueError:
        return {"message": answer.text[:500]}


def build(front: Front) -> FastAPI:
    """The application: the special calls of :mod:`sandbox.databricks.calls` first, then everything else
    passed on.
    """
    from sandbox.databricks.calls import routes

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_middleware(RequestIds, **DATABRICKS)

    @app.exception_handler(ApiError)
    async def refuse(request: Request, problem: ApiError) -> JSONResponse:
        return JSONResponse(problem.body(), problem.status)

    @app.middleware("http")
    async def admit(request: Request, call_next: Any) -> Response:
        try:
            front.admit(request.method, request.url.path, request.headers.get("authorization", ""))
        except ApiError as problem:
            return JSONResponse(problem.body(), problem.status)
        answer: Response = await call_next(request)
        return answer

    app.include_router(routes(front))
    app.add_api_route(
        "/{path:path}", front.pass_on, methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    )
    return app
