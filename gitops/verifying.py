"""Trying what a request set up as its users would: every resource whose kind knows how, one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from gitops import request
from gitops.errors import LakeportError, UsageError

if TYPE_CHECKING:
    from gitops.drawing import Clients
    from gitops.kind import Desired, Registry, Tell
    from gitops.policy import Policy
    from gitops.request import Loaded


class Tried(Struct, frozen=True, kw_only=True):
    """One resource: ``called`` is how it is spoken of, ``problems`` are sentences; without any it works.

    ``tried`` is false where its kind has nothing to try. ``unseen`` is the exit code of an error that kept
    us from trying it, which is then its only problem.
    """

    kind: str
    identity: str
    called: str
    tried: bool = True
    problems: tuple[str, ...] = ()
    unseen: int = 0

    @property
    def words(self) -> str:
        """A line, and one more for each problem."""
        if not self.tried:
            return f"{self.called}: there is nothing to try"
        if not self.problems:
            return f"{self.called}: works"
        return "\n".join((f"{self.called}:", *(f"  {problem}" for problem in self.problems)))

    def as_json(self) -> dict[str, Any]:
        """Keys ``kind, identity, called, tried, ok, problems``."""
        return {
            "kind": self.kind,
            "identity": self.identity,
            "called": self.called,
            "tried": self.tried,
            "ok": not self.problems,
            "problems": list(self.problems),
        }


class Verified(Struct, frozen=True, kw_only=True):
    """What came of trying a request's resources, in the order of its file."""

    request: str
    resources: tuple[Tried, ...]

    @property
    def exit_code(self) -> int:
        """0 where all of it works, 1 where something does not, 3 or 4 where a system could not be asked."""
        unseen = max((one.unseen for one in self.resources), default=0)
        return unseen or int(any(one.problems for one in self.resources))

    def as_json(self) -> dict[str, Any]:
        """Keys ``request, ok, resources``."""
        return {
            "request": self.request,
            "ok": not self.exit_code,
            "resources": [one.as_json() for one in self.resources],
        }


def verify(loaded: Loaded, *, registry: Registry, policy: Policy, clients: Clients, tell: Tell) -> Verified:
    """Try everything of a request; one thing that cannot be tried does not keep us from the others.

    Raises:
        UsageError: it is retiring or retired, so nothing of it needs to work.
    """
    lifecycle = loaded.request.metadata.lifecycle
    if lifecycle != "active":
        raise UsageError(f"{loaded.id} is {lifecycle}: nothing of it needs to work any more.")
    tried = (_try(wanted, registry, clients, tell) for wanted in request.desired(loaded, policy))
    return Verified(request=loaded.id, resources=tuple(tried))


def _try(wanted: Desired[Any], registry: Registry, clients: Clients, tell: Tell) -> Tried:
    kind = registry[wanted.spec.kind]
    one = Tried(kind=kind.name, identity=kind.identity(wanted.spec), called=kind.called(wanted.spec))
    if kind.verify is None:
        return replace(one, tried=False)
    try:
        return replace(one, problems=tuple(kind.verify(wanted, clients.of(kind), tell)))
    except LakeportError as error:
        words = " ".join(part for part in (error.what, error.why, error.fix) if part)
        return replace(one, problems=(words,), unseen=error.exit_code)
