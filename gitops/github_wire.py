"""How each single request to GitHub is sent: safely from several threads, within our budget, in time, noted.

PyGithub keeps what is asked on the connection, between asking and sending, and has one connection for all
threads: two at once could send the request of one of them twice, and that of the other never. Here each
thread has its own.
"""

from __future__ import annotations

import threading
from functools import cache

from github.Requester import (
    HTTPRequestsConnectionClass,
    HTTPSRequestsConnectionClass,
    Requester,
    RequestsResponse,
)

from gitops import budget, request_ids
from gitops.patience import require_time
from gitops.remote import silent

REQUEST_ID = "X-GitHub-Request-Id"
LOOKING = "/graphql"
"""Asked by POST and makes nothing: we send no mutations there."""

_KEEPS_CONNECTIONS = "_Requester__persist"
"""What PyGithub switches off when it is given connections; there is no public switch."""


class _Plain(threading.local, HTTPRequestsConnectionClass):
    """A connection without encryption: GitHub is on this machine."""

    def getresponse(self) -> RequestsResponse:
        """Send it, when there is time and budget for it."""
        _admit(self.verb, self.url)
        return _noted(self.verb, self.url, super().getresponse())


class _Encrypted(threading.local, HTTPSRequestsConnectionClass):
    """A connection with encryption."""

    def getresponse(self) -> RequestsResponse:
        """Send it, when there is time and budget for it."""
        _admit(self.verb, self.url)
        return _noted(self.verb, self.url, super().getresponse())


def _admit(verb: str, url: str) -> None:
    require_time("GitHub")
    if not url.endswith(LOOKING):
        budget.GITHUB.spend(verb)


def _noted(verb: str, url: str, answer: RequestsResponse) -> RequestsResponse:
    if not url.endswith(LOOKING):
        request_ids.note(verb, answer.headers.get(REQUEST_ID))
    # A proxy on the way, or GitHub in trouble. PyGithub would take the page for a value, and trip over it.
    if answer.status < 300 and answer.headers.get("Content-Type", "").startswith("text/html"):
        raise silent("GitHub")
    return answer


@cache
def install() -> None:
    """Let every client of PyGithub in this process send its requests like this, from its next one on."""
    Requester.injectConnectionClasses(_Plain, _Encrypted)
    setattr(Requester, _KEEPS_CONNECTIONS, True)
