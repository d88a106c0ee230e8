"""Orphans: what carries our mark in a live system and is named by no request that stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gitops import request
from gitops.errors import InvalidRequest, LakeportError

if TYPE_CHECKING:
    from gitops.checkout import Checkout
    from gitops.drawing import Clients
    from gitops.kind import AnyKind, Marked, Registry


class Why(StrEnum):
    """Why something belongs to nobody: a closed set."""

    NO_REQUEST = "no_request"
    RETIRED = "retired"
    NOT_NAMED = "not_named"


WORDS = {
    Why.NO_REQUEST: "there is no request of that name",
    Why.RETIRED: "the request is retired",
    Why.NOT_NAMED: "the request does not name it any more",
}


class Orphan(Struct, frozen=True, kw_only=True):
    """Something marked as ours; ``request`` is what its mark says, ``system`` where it is."""

    system: str
    kind: str
    identity: str
    request: str
    called: str
    url: str
    why: Why

    def as_json(self) -> dict[str, Any]:
        """All fields."""
        return {name: str(getattr(self, name)) for name in self.__struct_fields__}


class Orphans(Struct, frozen=True, kw_only=True):
    """What a look found; ``skipped`` are kinds that cannot list, ``unseen`` maps kinds to why they were not
    looked at.
    """

    looked: int
    orphans: tuple[Orphan, ...]
    skipped: tuple[str, ...] = ()
    unseen: Mapping[str, str] = {}
    unseen_code: int = 0

    @property
    def exit_code(self) -> int:
        """0 without orphans, 1 with, 3 or 4 when a system could not be looked at."""
        return self.unseen_code or (1 if self.orphans else 0)

    def as_json(self) -> dict[str, Any]:
        """All fields."""
        return {
            "looked": self.looked,
            "orphans": [one.as_json() for one in self.orphans],
            "skipped": list(self.skipped),
            "unseen": dict(self.unseen),
        }


class _Requests:
    """What the request files say: which things each names; ``None`` for a file that is not valid."""

    def __init__(self, checkout: Checkout, registry: Registry) -> None:
        self._named: dict[str, frozenset[tuple[str, str]] | None] = {}
        self._retired: set[str] = set()
        for path in checkout.all_files():
            try:
                name = request.request_id(path)
            except InvalidRequest:
                continue
            try:
                loaded = request.load_request(checkout.read(path), path, registry)
            except InvalidRequest:
                self._named[name] = None
                continue
            resources = loaded.request.resources
            self._named[name] = frozenset((one.kind, registry[one.kind].identity(one)) for one in resources)
            if loaded.request.metadata.lifecycle == "retired":
                self._retired.add(name)

    def against(self, one: Marked) -> Why | None:
        """Why a marked thing belongs to no request; ``None`` where it does, or nobody can tell."""
        if one.request not in self._named:
            return Why.NO_REQUEST
        if one.request in self._retired:
            return Why.RETIRED
        named = self._named[one.request]
        return Why.NOT_NAMED if named is not None and (one.kind, one.identity) not in named else None


def look(checkout: Checkout, *, registry: Registry, clients: Clients) -> Orphans:
    """List everything that carries our mark, read-only, and hold it against the request files.

    A system that cannot be looked at does not hide the others.
    """
    requests = _Requests(checkout, registry)
    found: list[Orphan] = []
    looked = code = 0
    unseen: dict[str, str] = {}
    for kind in registry.values():
        try:
            marked = _marked(kind, clients)
        except LakeportError as error:
            unseen[kind.name] = " ".join(filter(None, (error.what, error.why, error.fix)))
            code = max(code, error.exit_code)
            continue
        looked += len(marked)
        found += (_orphan(one, kind, why) for one in marked if (why := requests.against(one)))
    return Orphans(
        looked=looked,
        orphans=tuple(sorted(found, key=lambda one: (one.system, one.request, one.kind, one.identity))),
        skipped=tuple(kind.name for kind in registry.values() if kind.marked is None),
        unseen=unseen,
        unseen_code=code,
    )


def _marked(kind: AnyKind, clients: Clients) -> tuple[Marked, ...]:
    listed: Iterable[Marked] = kind.marked(clients.of(kind)) if kind.marked is not None else ()
    return tuple(listed)


def _orphan(one: Marked, kind: AnyKind, why: Why) -> Orphan:
    return Orphan(
        system=kind.system or kind.name,
        kind=one.kind,
        identity=one.identity,
        request=one.request,
        called=one.called,
        url=one.url,
        why=why,
    )
