"""Values that are only known once another resource of the request stands, put in when they are needed."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from gitops.errors import LakeportError, RemoteUnavailable
from gitops.looking import standing
from gitops.plan import JSON, OUTPUT, Change

if TYPE_CHECKING:
    from gitops.drawing import Clients
    from gitops.kind import AnyKind, Desired, Registry


class Outputs:
    """What the resources of a request are: known from the plan, or read back, each once.

    ``known`` is what stood when the plan was drawn, by ``kind/identity``; ``wanted`` are all resources.
    """

    def __init__(
        self,
        known: Mapping[str, Mapping[str, str]],
        wanted: Sequence[Desired[Any]],
        registry: Registry,
        clients: Clients,
    ) -> None:
        self._known = dict(known)
        self._wanted = {resource_key(one, registry): one for one in wanted}
        self._registry = registry
        self._clients = clients
        self._lock = threading.Lock()

    def fill(self, change: Change) -> Change:
        """The change with every :func:`~gitops.plan.output_of` in ``after`` replaced by its value.

        Raises:
            RemoteUnavailable: the resource does not show yet.
            LakeportError: nothing of that name comes of it.
        """
        filled = self._filled(change.after)
        return change if filled is change.after else replace(change, after=filled)

    def _filled(self, value: JSON) -> JSON:
        """The value itself where nothing is to be put in."""
        if isinstance(value, dict):
            if value.keys() == {OUTPUT}:
                key, name = value[OUTPUT]
                return self._value(key, name)
            found: JSON = {one: self._filled(inner) for one, inner in value.items()}
            return found if any(found[one] is not value[one] for one in value) else value
        if isinstance(value, list | tuple):
            listed = [self._filled(inner) for inner in value]
            return listed if any(a is not b for a, b in zip(listed, value, strict=True)) else value
        return value

    def _value(self, key: str, name: str) -> str:
        with self._lock:  # two steps that need the same look once
            found = self._known.get(key) or self._read(key)
        if not found.get(name):
            raise LakeportError(
                f"The {name} of {key} is not known.",
                why="It stands, and does not say it."
                if found
                else "No resource of the request is called so.",
                fix="This is a mistake of the kind of resource that needs it, not of the request.",
            )
        return found[name]

    def _read(self, key: str) -> Mapping[str, str]:
        one = self._wanted.get(key)
        if one is None:
            return {}
        found = standing([one], self._registry, self._clients)
        if key not in found:
            raise RemoteUnavailable(
                f"{key} does not show yet.",
                fix="Run again in a few minutes: what was done is found and kept.",
                where=kind_of(one, self._registry).system,
            )
        self._known[key] = found[key]
        return found[key]


def kind_of(one: Desired[Any], registry: Registry) -> AnyKind:
    """The kind of a resource."""
    return registry[one.spec.kind]


def resource_key(one: Desired[Any], registry: Registry) -> str:
    """``kind/identity``, which :func:`~gitops.plan.output_of` names it by."""
    kind = kind_of(one, registry)
    return f"{kind.name}/{kind.identity(one.spec)}"
