"""The application that answers: which operation, who asks, whether they may, and what was written."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from sandbox.github import (
    checks,
    commits,
    contents,
    governing,
    line_comments,
    objects,
    orgs,
    pages,
    people,
    pulls,
    repos,
    talk,
)
from sandbox.github.answers import ApiError, answer, parse_body
from sandbox.github.call import Call, Route
from sandbox.github.clone import add_clone
from sandbox.github.data import Token
from sandbox.github.device import add_signing_in
from sandbox.github.graphql import add_graphql
from sandbox.github.review import add_reviewing
from sandbox.github.state import GitHubState
from sandbox.request_ids import GITHUB, RequestIds

OPERATIONS: tuple[Route, ...] = tuple(
    route
    for module in (
        orgs,
        people,
        repos,
        governing,
        contents,
        objects,
        commits,
        pulls,
        talk,
        line_comments,
        checks,
    )
    for route in module.routes.all
)
"""Everything that is served, as GitHub's own description names it."""
API = re.compile(
    r"/(user|users|orgs|repos|app|installation|rate_limit|search|graphql|teams|organizations)(/|$)"
)
LIMITS = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "5000", "X-RateLimit-Used": "0"}


def _order(route: Route) -> tuple[bool, int, bool, str]:
    """The most particular path first: one that takes any number of segments comes last."""
    greedy, literal = route.path.endswith(":path}"), route.path.count("/")
    return (greedy, -literal, "{" in route.path.rpartition("/")[2], route.path)


def create_app(state: GitHubState) -> FastAPI:
    """Every operation under its own path, pages for people beside them, and a recorded 404 for the rest."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_middleware(RequestIds, **GITHUB)
    for route in sorted(OPERATIONS, key=_order):
        app.add_api_route(route.path, _endpoint(state, route), methods=[route.method])
    add_clone(app, state)
    add_graphql(app, state, _token)
    add_reviewing(app, state)
    app.state.devices = add_signing_in(app, state)
    for page in pages.PAGES:
        app.add_api_route(page.path, _page(state, page.render), methods=["GET"])
    app.add_api_route("/{path:path}", _unknown(state), methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    return app


def _token(state: GitHubState, request: Request) -> Token | None:
    """Whose token was sent; None for none, or for a JSON Web Token (three parts); 401 for any other."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if not scheme or value.count(".") == 2:
        return None
    found = state.data.tokens.get(value.strip())
    if found is None or scheme.lower() not in ("bearer", "token"):
        raise ApiError(401, "Bad credentials")
    return found


def _endpoint(state: GitHubState, route: Route) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        return await run_in_threadpool(_handle, state, route, request, raw)

    return endpoint


def _handle(state: GitHubState, route: Route, request: Request, raw: bytes) -> Response:
    with state.lock:
        try:
            call = Call(
                state,
                _token(state, request),
                route.method,
                request.url.path,
                dict(request.path_params),
                dict(request.query_params),
                parse_body(raw),
                request.headers.get("authorization", ""),
                request.headers.get("accept", ""),
            )
            call.require(route.needs)
            response = answer(route.handler(call), f"{state.url}{call.path}", call.query)
        except ApiError as error:
            response = error.response()
        if route.method != "GET" and response.status_code < 400:
            state.writes.append((route.method, request.url.path))
            state.save()
    response.headers.update(LIMITS)
    return response


def _page(state: GitHubState, render: Callable[..., Response]) -> Callable[[Request], Awaitable[Response]]:
    def locked(parameters: dict[str, Any]) -> Response:
        with state.lock:
            return render(state, **parameters)

    async def endpoint(request: Request) -> Response:
        if API.match(request.url.path) or state.repository(_name(request)) is None:
            return _refuse(state, request)
        return await run_in_threadpool(locked, dict(request.path_params))

    return endpoint


def _name(request: Request) -> str:
    return f"{request.path_params['owner']}/{request.path_params['repo']}"


def _unknown(state: GitHubState) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return _refuse(state, request)

    return endpoint


def _refuse(state: GitHubState, request: Request) -> Response:
    state.unknown_calls.append((request.method, request.url.path))
    return ApiError(404, "Not Found").response()
