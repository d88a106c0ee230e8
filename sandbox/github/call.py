"""How a call of the rehearsal GitHub is taken: who asks, for what, and whether they may."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.github.answers import ApiError, invalid, not_found
from sandbox.github.data import OF_PERMISSION, Account, App, Organisation, Pull, Repository, Token, now
from sandbox.github.events import Actor
from sandbox.github.git import Bare, Signature
from sandbox.github.state import GitHubState

LEVELS = ("none", "read", "write", "admin")


@dataclass
class Call:
    """One call: the state (whose lock is held), who asks, and what was sent."""

    state: GitHubState
    token: Token | None
    method: str
    path: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    body: dict[str, Any] = field(default_factory=dict)
    authorization: str = field(default="", repr=False)
    accept: str = ""

    # -- who -----------------------------------------------------------------------------------------

    @property
    def caller(self) -> Account:
        """The account of the token; 401 when there is none."""
        found = self.state.account(self.token.login) if self.token else None
        if found is None:
            raise ApiError(401, "Requires authentication")
        return found

    @property
    def app(self) -> App | None:
        """The app whose token this is, or None for a person's."""
        return self.state.data.apps.get(self.token.app) if self.token and self.token.app else None

    @property
    def actor(self) -> Actor:
        """The caller, for what follows from the call."""
        return Actor(self.state, self.caller.login, quiet=bool(self.token and self.token.run_id))

    def signature(self, given: Any = None) -> Signature:
        """Author or committer: what was given, filled up with the caller's own name and address."""
        person = given if isinstance(given, dict) else {}
        name = person.get("name") or self.caller.name or self.caller.login
        email = person.get("email") or self.state.email(self.caller)
        return Signature(str(name), str(email), str(person.get("date") or now()))

    def sign(self, sha: str) -> None:
        """Sign a commit that was made just now, if GitHub does: for an app that names nobody else in it."""
        if self.app is not None and not (self.body.get("author") or self.body.get("committer")):
            self.repository.signed.add(sha)

    # -- what ----------------------------------------------------------------------------------------

    def text(self, name: str, *, required: bool = False, resource: str = "Resource") -> str:
        """A string of the body; 422 when it is required and missing, or not a string."""
        value = self.body.get(name)
        if value is None and not required:
            return ""
        if not isinstance(value, str) or (required and not value):
            raise invalid(resource, name, "missing_field" if value in (None, "") else "invalid")
        return value

    @property
    def repository(self) -> Repository:
        """The repository of the path; 404 when the caller cannot see it."""
        found = self.state.repository(f"{self.parameters['owner']}/{self.parameters['repo']}")
        if found is None or self.level(found) == "none":
            raise not_found()
        return found

    @property
    def git(self) -> Bare:
        """Git data of that repository."""
        return self.state.git(self.repository)

    @property
    def organisation(self) -> Organisation:
        """The organisation of the path."""
        found = self.state.data.organisations.get(self.parameters["org"].lower())
        if found is None:
            raise not_found()
        return found

    @property
    def pull(self) -> Pull:
        """The pull request of the path."""
        found = self.repository.pulls.get(self.number("pull_number"))
        if found is None:
            raise not_found()
        return found

    def number(self, name: str) -> int:
        """A number in the path; 404 when it is not one."""
        text = self.parameters[name]
        if not text.isdecimal():
            raise not_found()
        return int(text)

    # -- whether -------------------------------------------------------------------------------------

    def level(self, repository: Repository) -> str:
        """``none`` | ``read`` | ``write`` | ``admin`` of the caller on a repository as a whole."""
        if self.token is None:
            return "read" if repository.visibility == "public" else "none"
        if self.app is None:
            return OF_PERMISSION[self.state.permission(repository, self.token.login)]
        if self.token.repository not in ("", repository.full_name):
            return "read" if repository.visibility == "public" else "none"
        return "admin"

    def require(self, needs: str) -> None:
        """``scope:level`` of the route, such as ``contents:write``; 401, 403 or 404 when it is not held.

        ``user`` asks for any token, ``organisation:write`` for an owner (or an app that may).
        """
        scope, _, level = needs.partition(":")
        if scope == "public":
            return
        caller = self.caller
        if scope == "organisation":
            self._require_organisation(level, caller)
        elif scope != "user":
            self._require_repository(scope, level)

    def _require_organisation(self, level: str, caller: Account) -> None:
        if self.app is not None and self.token is not None:
            granted = self.token.permissions
            if granted is not None and not _covers(granted, "administration", level):
                raise ApiError(403, "Resource not accessible by integration")
            return
        role = self.state.role(self.organisation.login, caller.login)
        if level == "write" and role != "admin":
            raise ApiError(403, "Must be an organization owner.") if role else not_found()

    def _require_repository(self, scope: str, level: str) -> None:
        repository = self.repository
        if self.app is not None and self.token is not None:
            granted = self.token.permissions
            if granted is not None and scope != "metadata" and not _covers(granted, scope, level):
                raise ApiError(403, "Resource not accessible by integration")
        elif scope == "checks" and level == "write":
            raise ApiError(403, "You must authenticate via a GitHub App.")
        elif LEVELS.index(self.level(repository)) < LEVELS.index(_needed(scope, level)):
            raise ApiError(403, "Must have admin rights to Repository.")
        if repository.archived and level != "read" and scope != "administration":
            raise ApiError(403, "Repository was archived so is read-only.")


def _needed(scope: str, level: str) -> str:
    """What a person must hold on the repository: anybody who can read may talk, owners administer."""
    if level == "read" or scope in ("reviews", "conversation"):
        return "read"
    return "admin" if scope == "administration" else "write"


def _covers(granted: Mapping[str, str], scope: str, level: str) -> bool:
    """Conversation (issue comments, labels) on a pull request is open to either permission, as on GitHub."""
    scopes = {"conversation": ("issues", "pull_requests"), "reviews": ("pull_requests",)}.get(scope, (scope,))
    return any(LEVELS.index(granted.get(each, "none")) >= LEVELS.index(level) for each in scopes)


Handler = Callable[[Call], Any]


@dataclass(frozen=True)
class Route:
    """One operation: GitHub's path (``{ref:path}`` where a parameter holds slashes) and what it needs."""

    method: str
    path: str
    needs: str
    handler: Handler


class Routes:
    """The operations of one module, collected by decorator: ``@routes("GET", "/user", "user")``."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def __call__(self, method: str, path: str, needs: str) -> Callable[[Handler], Handler]:
        """Add the decorated function."""

        def add(handler: Handler) -> Handler:
            self.all.append(Route(method, path, needs, handler))
            return handler

        return add
