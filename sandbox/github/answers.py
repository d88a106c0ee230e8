"""How answers and errors of the rehearsal GitHub look: bodies, pages and their ``Link`` header."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.responses import JSONResponse, Response

DOCUMENTATION = "https://docs.github.com/rest"


class ApiError(Exception):
    """An answer other than success; GitHub's body is ``{message, documentation_url, status[, errors]}``."""

    def __init__(self, status: int, message: str, errors: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = tuple(errors)

    def response(self) -> Response:
        """The answer itself."""
        body: dict[str, Any] = {"message": self.message, "documentation_url": DOCUMENTATION}
        if self.errors:
            body["errors"] = list(self.errors)
        return JSONResponse(body | {"status": str(self.status)}, self.status)


def invalid(resource: str, name: str, code: str = "invalid", message: str = "") -> ApiError:
    """A 422 about one field of the body."""
    more = {"message": message} if message else {}
    return ApiError(422, "Validation Failed", [{"resource": resource, "field": name, "code": code, **more}])


def not_found() -> ApiError:
    """What GitHub answers both for what is not there and for what the caller may not know of."""
    return ApiError(404, "Not Found")


@dataclass(frozen=True)
class Page:
    """A list to be cut into pages; with ``key`` it stands in an object beside ``total_count``."""

    items: Sequence[Any]
    key: str = ""


@dataclass(frozen=True)
class Answer:
    """A body and a status other than 200; body None: no content."""

    body: Any
    status: int


def parse_body(raw: bytes) -> dict[str, Any]:
    """The JSON object sent, or an empty one; 400 for anything else."""
    if not raw.strip():
        return {}
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise ApiError(400, "Problems parsing JSON") from None
    if isinstance(body, list):  # labels may be sent as a bare list
        return {"labels": body}
    if not isinstance(body, dict):
        raise ApiError(400, "Body should be a JSON object")
    return body


def answer(result: Any, url: str, query: Mapping[str, str]) -> Response:
    """The HTTP answer of what a handler returned: a value, an :class:`Answer`, a :class:`Page` …

    ``url`` is that of the call, without its query.
    """
    if isinstance(result, Response):
        return result
    if isinstance(result, Answer):
        return Response(status_code=204) if result.body is None else JSONResponse(result.body, result.status)
    if isinstance(result, Page):
        return _page(result, url, query)
    return JSONResponse(result)


def _page(page: Page, url: str, query: Mapping[str, str]) -> Response:
    """One page of a list and, in ``Link``, where the others are."""
    size = max(1, min(100, _integer(query.get("per_page"), 30)))
    here = max(1, _integer(query.get("page"), 1))
    last = max(1, -(-len(page.items) // size))
    items = list(page.items[(here - 1) * size : here * size])
    body: Any = {"total_count": len(page.items), page.key: items} if page.key else items
    places = {"prev": here - 1, "next": here + 1, "last": last, "first": 1}
    if here >= last:
        del places["next"], places["last"]
    if here == 1:
        del places["prev"], places["first"]
    links = []
    for relation, number in places.items():
        parameters = urlencode({**query, "page": number})
        links.append(f'<{url}?{parameters}>; rel="{relation}"')
    return JSONResponse(body, headers={"Link": ", ".join(links)} if links else {})


def _integer(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdecimal() else otherwise
