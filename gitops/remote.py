"""How the failures of the systems we talk to read: from an SDK's exception to a sentence for a person."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from gitops.errors import RemoteDenied, RemoteError, RemoteUnavailable

_SECRETS = re.compile(
    r"gh[a-z]_[A-Za-z0-9_]{8,}|github_pat_[A-Za-z0-9_]{8,}|dapi[a-f0-9]{8,}(?:-\d+)?|dkea[a-f0-9]{8,}"
    r"|eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*|(?i:bearer|token|basic)\s+[A-Za-z0-9._~+/=-]{16,}"
    r"|(?<=://)[^/@\s]+@"
)


@contextmanager
def translate(system: str) -> Iterator[None]:
    """Turn what an SDK raises inside into a :class:`RemoteError`; ``system`` is its name in the sentence.

    Our own errors and programming errors pass through.

    Raises:
        RemoteUnavailable: no answer, a time-out, a rate limit or a 5xx: later may help.
        RemoteDenied: the credential is wrong or may not do that.
        RemoteError: anything else that the system answered.
    """
    try:
        yield
    except Exception as error:
        known = _translated(system, error)
        if known is None:
            raise
        raise known from None


def plain(error: object, limit: int = 300) -> str:
    """What a system says, as one line of at most ``limit`` characters, without what looks like a secret."""
    return _SECRETS.sub("[hidden]", " ".join(str(error).split()))[:limit]


def _translated(system: str, error: Exception) -> RemoteError | None:
    """Known by the module its class comes from: an SDK that raised something has been imported already."""
    roots = {cls.__module__.partition(".")[0] for cls in type(error).__mro__}
    if "github" in roots:
        return _of_github(system, error)
    if "databricks" in roots:
        return _of_databricks(system, error)
    # PyGithub lets an answer that is not whole JSON pass as what the parser says of it.
    if roots & {"requests", "urllib3", "json"} or isinstance(error, TimeoutError | ConnectionError):
        return silent(system)
    return None


def _of_github(system: str, error: Exception) -> RemoteError:
    status = getattr(error, "status", 0)
    if "RateLimit" in type(error).__name__ or status == 429:
        return RemoteUnavailable(
            f"{system} limits how often it may be asked.",
            why="The limit is per hour or per minute and goes away by itself.",
            fix="Try again in a few minutes.",
            where=system,
        )
    return _by_status(system, status, _message(getattr(error, "data", None)))


def _message(data: object) -> str:
    """GitHub's own words: ``message``, and those of its ``errors``."""
    if not isinstance(data, Mapping):
        return ""
    errors = data.get("errors")
    more = [
        one if isinstance(one, str) else str(one.get("message") or one.get("code") or "")
        for one in (errors if isinstance(errors, list) else [])
        if isinstance(one, str | Mapping)
    ]
    return plain(": ".join(part for part in (str(data.get("message") or ""), *more) if part))


def _of_databricks(system: str, error: Exception) -> RemoteError:
    statuses = {
        "Unauthenticated": 401,
        "PermissionDenied": 403,
        "NotFound": 404,
        "TooManyRequests": 429,
        "InternalError": 500,
        "TemporarilyUnavailable": 503,
        "DeadlineExceeded": 504,
    }
    status = next((statuses[cls.__name__] for cls in type(error).__mro__ if cls.__name__ in statuses), 400)
    return _by_status(system, status, plain(error))


def _by_status(system: str, status: int, words: str) -> RemoteError:
    why = f"It says: {words}" if words else ""
    if status < 400:
        return RemoteError(f"{system} answered something that cannot be read.", why=why, where=system)
    if status == 401:
        return RemoteDenied(
            f"{system} does not accept the credential.",
            why=why,
            fix="Renew it, then try again.",
            where=system,
        )
    if status == 403:
        return RemoteDenied(
            f"{system} does not allow that with this credential.",
            why=why,
            fix="Give the credential the permission it lacks, or use another one.",
            where=system,
        )
    if status == 404:
        return RemoteError(
            f"{system} does not know what was asked for.",
            why=why,
            fix="Check that it exists and that the credential may see it.",
            where=system,
        )
    if status == 429 or status >= 500:
        return RemoteUnavailable(
            f"{system} could not answer now ({status}).",
            why=why,
            fix="Try again in a few minutes.",
            where=system,
        )
    return RemoteError(f"{system} refused the request ({status}).", why=why, where=system)


def silent(system: str) -> RemoteUnavailable:
    """What is raised where no answer came that can be read."""
    return RemoteUnavailable(
        f"{system} did not answer.",
        why="The connection failed, or the answer did not come in time or could not be read.",
        fix="Check that it can be reached from here, then try again.",
        where=system,
    )
