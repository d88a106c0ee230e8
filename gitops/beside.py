"""Who else wants something of a resource: several requests may give access to what one of them owns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from gitops.errors import InvalidRequest
from gitops.request import load_request

if TYPE_CHECKING:
    from gitops.checkout import Checkout
    from gitops.kind import Desired, Registry
    from gitops.request import Loaded

FEW = 20
"""Of more requests than this, every file is read instead of sought."""


def with_beside(
    wanted: Iterable[Desired[Any]], all_wanted: Iterable[Desired[Any]], registry: Registry
) -> list[Desired[Any]]:
    """The same resources, each with what other active requests want of it (``Desired.beside``).

    ``all_wanted`` are the resources of every request there is. A request is never beside itself: where it is
    among them, as merged or as proposed, it is passed over.
    """
    by_resource: dict[tuple[str, str], list[Desired[Any]]] = defaultdict(list)
    for one in all_wanted:
        if one.origin.lifecycle == "active":
            by_resource[_key(one, registry)].append(one)
    return [
        replace(one, beside=tuple(_others(one, by_resource.get(_key(one, registry), ())))) for one in wanted
    ]


def neighbours(requests: Sequence[Loaded], checkout: Checkout, registry: Registry) -> list[Loaded]:
    """The other valid requests of a checkout that may name a resource of one of these.

    Git looks for the names, so that the cost follows these requests and not the repository.
    """
    own = {one.path for one in requests}
    words = {
        max(registry[spec.kind].identity(spec).split("."), key=len)
        for one in requests
        for spec in one.request.resources
    }
    if not words:
        return []
    names = checkout.mentioning(sorted(words)) if len(requests) <= FEW else checkout.all_files()
    found = []
    for name in names:
        if name in own:
            continue
        try:
            found.append(load_request(checkout.read(name), name, registry))
        except InvalidRequest:
            continue
    return found


def _key(one: Desired[Any], registry: Registry) -> tuple[str, str]:
    return one.spec.kind, registry[one.spec.kind].identity(one.spec)


def _others(one: Desired[Any], found: Sequence[Desired[Any]]) -> list[Desired[Any]]:
    others = {other.origin.request: other for other in found if other.origin.request != one.origin.request}
    return [others[name] for name in sorted(others)]
