"""What stands in the live systems of the resources that a request names: one look for many, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gitops.errors import LakeportError, RemoteDenied
from gitops.plan import JSON, Change, Reason, Refusal

if TYPE_CHECKING:
    from gitops.drawing import Clients
    from gitops.kind import AnyKind, Desired, Registry
    from gitops.receipt import ReadBack

READERS = 8
"""How many resources are looked at side by side."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One entry of ``resources`` with what stands of it.

    ``refusal`` says that we may not even look, ``unseen`` that its system could not be asked.
    """

    kind: AnyKind
    wanted: Desired[Any]
    identity: str
    state: Any = None
    refusal: Refusal | None = None
    unseen: LakeportError | None = None

    @property
    def key(self) -> str:
        """``kind/identity``."""
        return f"{self.kind.name}/{self.identity}"

    def refuse(self, reason: Reason, message: str, fix: str = "") -> Refusal:
        """A refusal of this resource."""
        return Refusal(kind=self.kind.name, identity=self.identity, reason=reason, message=message, fix=fix)


def resources_of(wanted: Iterable[Desired[Any]], registry: Registry) -> list[Resource]:
    """The same with their kinds; nobody has looked yet."""
    found = []
    for one in wanted:
        kind = registry[one.spec.kind]
        found.append(Resource(kind=kind, wanted=one, identity=kind.identity(one.spec)))
    return found


def look(resources: Sequence[Resource], clients: Clients) -> list[Resource]:
    """The resources with their states; many of a kind are listed at once where the kind can."""
    batches: list[list[int]] = []
    lists: dict[str, list[int]] = {}
    for index, resource in enumerate(resources):
        name = resource.kind.name
        if resource.kind.read_all is not None and name in lists:
            lists[name].append(index)
        else:
            batches.append([index])
            lists[name] = batches[-1]
    pool = ThreadPoolExecutor(max_workers=READERS, thread_name_prefix="lakeport-read")
    try:
        futures = [pool.submit(_read, [resources[index] for index in batch], clients) for batch in batches]
        seen = {
            index: one
            for batch, future in zip(batches, futures, strict=True)
            for index, one in zip(batch, future.result(), strict=True)
        }
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return [seen[index] for index in range(len(resources))]


def _read(batch: Sequence[Resource], clients: Clients) -> list[Resource]:
    kind = batch[0].kind
    wanted = [resource.wanted for resource in batch]
    try:
        client = clients.of(kind)
        if kind.read_all is not None:
            states = kind.read_all(wanted, client)
        else:
            states = [kind.read(one, client) for one in wanted]
    except RemoteDenied as denied:
        return [
            replace(resource, refusal=resource.refuse(Reason.DENIED, denied.what, denied.fix or denied.why))
            for resource in batch
        ]
    except LakeportError as error:
        return [replace(resource, unseen=error) for resource in batch]
    return [replace(resource, state=state) for resource, state in zip(batch, states, strict=True)]


def outputs_of(resources: Iterable[Resource]) -> dict[str, dict[str, str]]:
    """Links and ids by ``kind/identity`` for what stands; a thing without any has an empty entry."""
    return {
        resource.key: dict(resource.kind.outputs(resource.wanted, resource.state))
        for resource in resources
        if resource.state is not None
    }


def standing(
    wanted: Iterable[Desired[Any]], registry: Registry, clients: Clients
) -> dict[str, dict[str, str]]:
    """What stands now of these resources: links and ids by ``kind/identity``."""
    looked = look(resources_of(wanted, registry), clients)
    for resource in looked:
        if resource.unseen is not None:
            raise resource.unseen
    return outputs_of(looked)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What stands of a request when a run looks again.

    ``outputs`` is as :func:`standing` gives it. ``left`` are the changes by key that a plan would still make;
    ``refused`` and ``unseen`` say by ``kind/identity`` what is refused now, and where nobody could look.
    """

    outputs: Mapping[str, Mapping[str, str]]
    left: Mapping[str, Change]
    refused: Mapping[str, str]
    unseen: Mapping[str, str]

    def of(self, change: Change) -> tuple[ReadBack, JSON, str]:
        """How a change that was carried out reads back: what stands where it is otherwise, and why."""
        resource = f"{change.kind}/{change.identity}"
        if resource in self.unseen:
            return "unseen", None, self.unseen[resource]
        if resource in self.refused:
            return "differs", None, self.refused[resource]
        again = self.left.get(change.key)
        if again is None:
            return "as_wanted", None, ""
        return "differs", again.before, f"It does not stand as wanted: {again.summary or again.key}."
