"""Calls to GitHub's REST API as this kind makes them: plain JSON through the requester of PyGithub.

The signing in, the pace and the patience are PyGithub's. Its objects are not used, since it has none for
rulesets, ``update_team_repository`` gives back ``False`` where GitHub refuses, and what an answer left out is
fetched unasked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from gitops.clients import TIMEOUT
from gitops.errors import RemoteUnavailable
from gitops.patience import until

if TYPE_CHECKING:
    from github import Github as Client

__all__ = ["Client", "absent", "ask", "fresh", "listed", "look", "path", "says", "text"]

T = TypeVar("T")
Json = Any

NEW = 45.0
"""Seconds in which a repository that was just made may still answer a write with 404 or 409."""


def path(*parts: object) -> str:
    """A path of the API; each part is one segment or more, and a value in it never more than its own."""
    return "".join(f"/{quote(str(part), safe='')}" for part in parts)


def ask(client: Client, method: str, where: str, body: Json = None, **parameters: str) -> Json:
    """The answer to one call; ``None`` where it has no body."""
    return _called(client, method, where, parameters, body)[1]


def _called(
    client: Client, method: str, where: str, parameters: Mapping[str, str], body: Json = None
) -> tuple[Mapping[str, Any], Json]:
    """Headers and body of an answer that can be read.

    Raises:
        RemoteUnavailable: it is cut off, or a page for people (which PyGithub gives as ``{"data": text}``).
    """
    try:
        headers, answer = client.requester.requestJsonAndCheck(method, where, dict(parameters), None, body)
    except ValueError:
        raise _unreadable() from None
    if isinstance(answer, dict) and isinstance(answer.get("data"), str) and answer.keys() <= {"data", "url"}:
        raise _unreadable()
    return headers, answer


def _unreadable() -> RemoteUnavailable:
    return RemoteUnavailable(
        "GitHub answered something that cannot be read.",
        why="It is cut off, or comes from something between us and GitHub.",
        fix="Try again in a few minutes: what was done is found and kept.",
        where="GitHub",
    )


def look(client: Client, where: str, **parameters: str) -> Json | None:
    """The answer to a GET; ``None`` where GitHub says: no such thing, or (409) nothing in it yet."""
    return absent(lambda: ask(client, "GET", where, **parameters))


def absent(call: Callable[[], T], *statuses: int) -> T | None:
    """What a call gives; ``None`` where it is answered with one of the statuses (by default 404 and 409)."""
    from github import GithubException

    try:
        return call()
    except GithubException as error:
        if error.status in (statuses or (404, 409)):
            return None
        raise


def says(status: int, words: str, error: Exception) -> bool:
    """Whether GitHub answered with this status, and these words (in lower case) are in the answer."""
    return getattr(error, "status", 0) == status and words in str(getattr(error, "data", "")).lower()


def listed(client: Client, where: str, key: str = "", **parameters: str) -> list[dict[str, Json]]:
    """All entries of a list, page by page, also past an empty one; ``key`` is what they stand under."""
    found: list[dict[str, Json]] = []
    page = 1
    while True:
        asked = {**parameters, "per_page": "100", "page": str(page)}
        headers, answer = _called(client, "GET", where, asked)
        found += answer[key] if key else answer
        if 'rel="next"' not in str(headers.get("link", "")):
            return found
        page += 1


def text(client: Client, where: str) -> str:
    """A text that GitHub gives, or (302) sends elsewhere for: there our credential is not sent along.

    Empty where it cannot be had.
    """
    status, headers, body = client.requester.requestJson("GET", where)
    if status != 302:
        return body if status == 200 else ""
    import urllib3

    address = str(headers.get("location", ""))
    if not address.startswith("https://"):
        return ""
    try:
        answer = urllib3.request("GET", address, timeout=TIMEOUT, preload_content=False)
        return str(answer.read(LONGEST, decode_content=True).decode("utf-8", "replace"))
    except (OSError, urllib3.exceptions.HTTPError):
        return ""


LONGEST = 10_000_000
"""Bytes of a log that are read at most."""


def fresh(write: Callable[[], T]) -> T:
    """Do a write, again where it is answered with 404 or 409: a new repository does so for seconds.

    When it goes on, the answer of GitHub is what is raised.
    """
    from github import GithubException

    last: list[GithubException] = []

    def attempt() -> tuple[T] | None:
        try:
            return (write(),)
        except GithubException as error:
            if error.status not in (404, 409):
                raise
            last[:] = [error]
            return None

    try:
        return until(attempt, what="It", where="GitHub", seconds=NEW)[0]
    except RemoteUnavailable:
        if last:
            raise last[0] from None
        raise
