"""The id that a rehearsal server gives to each request, in a header of every answer, as the real ones do."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class RequestIds:
    """The application, with one more header: its name, and what makes an id."""

    def __init__(self, app: ASGIApp, header: str, make: Callable[[], str]) -> None:
        self._app = app
        self._header = header
        self._make = make

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the header on what begins the answer."""

        async def with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[self._header] = self._make()
            await send(message)

        await self._app(scope, receive, with_id if scope["type"] == "http" else send)


GITHUB: dict[str, Any] = {
    "header": "X-GitHub-Request-Id",
    "make": lambda: ":".join(secrets.token_hex(size).upper() for size in (2, 3, 4, 4, 4)),
}
"""GitHub's look like ``C3A0:2F5B:1A2B3C4D:…``."""
DATABRICKS: dict[str, Any] = {"header": "x-request-id", "make": lambda: str(uuid.uuid4())}
