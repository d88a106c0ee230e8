"""Looking at the live systems and drawing the plan: what would change, in what order, and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from gitops.beside import with_beside
from gitops.errors import LakeportError, RemoteDenied
from gitops.leaves import leaves
from gitops.plan import STAGES, Change, Plan, Reason, Refusal, RefusedChange
from gitops.request import desired

if TYPE_CHECKING:
    from gitops.earlier import Earlier
    from gitops.kind import AnyKind, Desired, Registry
    from gitops.policy import Policy
    from gitops.request import Loaded

READERS = 8
"""How many resources are looked at side by side."""

QUICK = "It is applied as it is; only what lists tell was looked at. `lakeport drift` looks at everything."


class Clients:
    """The client of each kind: made by its ``connect`` when it is first needed, once, from any thread."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._made: dict[str, Any] = {}

    def of(self, kind: AnyKind) -> Any:
        """The client; raises ``ConfigurationError`` when a variable it needs is missing."""
        with self._lock:
            lock = self._locks.setdefault(kind.name, threading.Lock())
        with lock:  # one lock for each kind: signing in to one system does not wait for another
            if kind.name not in self._made:
                self._made[kind.name] = kind.connect(self._env)
            return self._made[kind.name]


@dataclass(frozen=True, kw_only=True)
class _Resource:
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
        return f"{self.kind.name}/{self.identity}"

    def refuse(self, reason: Reason, message: str, fix: str = "") -> Refusal:
        return Refusal(kind=self.kind.name, identity=self.identity, reason=reason, message=message, fix=fix)


def draw(
    loaded: Loaded,
    *,
    registry: Registry,
    policy: Policy,
    clients: Clients,
    earlier: Sequence[Loaded] = (),
    every: Sequence[Loaded] = (),
) -> Plan:
    """Look at everything a request names, and say what would change, in an order that works.

    ``earlier`` are its versions that were applied or tried (:mod:`gitops.earlier`). What is ``retiring`` is
    taken away in the reverse order; what is ``retired`` changes nothing, and is refused while there is
    still something to take away. All refusals are on the plan; a plan with refusals is never carried out.

    Raises:
        ConfigurationError, RemoteUnavailable, RemoteError: a system could not be looked at.
    """
    found = draw_all(
        [loaded],
        registry=registry,
        policy=policy,
        clients=clients,
        earlier={loaded.id: tuple(earlier)},
        every=every,
    )[0]
    if isinstance(found, LakeportError):
        raise found
    return found


def draw_all(
    requests: Sequence[Loaded],
    *,
    registry: Registry,
    policy: Policy,
    clients: Clients,
    earlier: Earlier | None = None,
    settled: Collection[str] = (),
    every: Sequence[Loaded] = (),
) -> list[Plan | LakeportError]:
    """The plans of many requests in one look; what a kind can list is listed once for all of them.

    Of the requests that are ``settled`` only what lists tell is looked at (:class:`~gitops.kind.Desired`),
    which the plan then notes. ``every`` are other requests that may want something of the same resources
    (:mod:`gitops.beside`).

    A system that cannot be looked at costs only those requests their plan that need it.
    """
    before = earlier or {}
    wanted = [
        desired(one, policy, before.get(one.id, ()), registry, settled=one.id in settled) for one in requests
    ]
    alone = [one for of_request in wanted for one in of_request]
    others = [one for request in every for one in desired(request, policy)]
    together = iter(with_beside(alone, [*others, *alone], registry))
    named = [_resources([next(together) for _ in of_request], registry) for of_request in wanted]
    looked = iter(_look([resource for resources in named for resource in resources], clients))
    return [
        _plan(one, [next(looked) for _ in resources], policy, (QUICK,) if one.id in settled else ())
        for one, resources in zip(requests, named, strict=True)
    ]


def _plan(
    loaded: Loaded, resources: Sequence[_Resource], policy: Policy, noted: Sequence[str]
) -> Plan | LakeportError:
    unseen = next((resource.unseen for resource in resources if resource.unseen), None)
    if unseen is not None:
        return unseen
    lifecycle = str(loaded.request.metadata.lifecycle)
    changes: dict[str, tuple[Change, ...]] = {}
    refusals: list[Refusal] = []
    notes: list[str] = [*noted]
    for resource in resources:
        try:
            changes[resource.key] = tuple(_think(resource, lifecycle, notes))
        except RefusedChange as refused:
            refusals.append(resource.refuse(refused.reason, refused.message, refused.fix))
        if resource.refusal:
            refusals.append(resource.refusal)
    ordered, needs = _order(resources, changes, backwards=lifecycle == "retiring")
    if lifecycle == "active":
        refusals += _too_much(loaded.id, ordered, policy)
    return Plan(
        request=loaded.id,
        file_digest=loaded.file_digest,
        changes=ordered,
        refusals=tuple(refusals),
        needs=needs,
        notes=tuple(notes),
        outputs=_outputs(resources),
    )


def _resources(wanted: Iterable[Desired[Any]], registry: Registry) -> list[_Resource]:
    found = []
    for one in wanted:
        kind = registry[one.spec.kind]
        found.append(_Resource(kind=kind, wanted=one, identity=kind.identity(one.spec)))
    return found


def _look(resources: Sequence[_Resource], clients: Clients) -> list[_Resource]:
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


def _read(batch: Sequence[_Resource], clients: Clients) -> list[_Resource]:
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


def _think(resource: _Resource, lifecycle: str, notes: list[str]) -> Sequence[Change]:
    kind, wanted, state = resource.kind, resource.wanted, resource.state
    if resource.refusal is not None:
        return ()
    if lifecycle == "active":
        return kind.plan(wanted, state)
    if state is None:
        return ()
    if lifecycle == "retiring":
        return kind.retire(wanted, state)
    _require_gone(resource, notes)
    return ()


def _require_gone(resource: _Resource, notes: list[str]) -> None:
    """Refuse what stands of a retired request: nothing would ever take it away.

    What retiring would leave alone may stand; that somebody else has it now is noted for the reviewer.
    """
    try:
        left = bool(resource.kind.retire(resource.wanted, resource.state))
    except RefusedChange as refused:
        left = refused.reason is not Reason.NOT_OURS
        if not left:
            notes.append(refused.message)
    if left:
        raise RefusedChange(
            Reason.STANDS,
            "It still stands: a request is retired once everything is gone.",
            "Leave it `lifecycle: retiring` until that is applied. If `retired` is merged already, delete "
            "the file; when that is merged, ask for it again under the same name, and retire that.",
        )


def _order(
    resources: Sequence[_Resource], changes: Mapping[str, tuple[Change, ...]], *, backwards: bool
) -> tuple[tuple[Change, ...], dict[str, tuple[str, ...]]]:
    """All changes in dependency order, and for each what must be done before it.

    A resource comes after every resource whose kind its own kind names in ``after`` (the other way round when
    things are taken away); within a resource the kind's order holds, and a stage begins when the one before
    it is done with all of them. Ties follow the file.
    """

    def before(one: _Resource, other: _Resource) -> bool:
        first, second = (other, one) if backwards else (one, other)
        return first.kind.name in second.kind.after

    graph = {
        index: [i for i, other in enumerate(resources) if before(other, resource)]
        for index, resource in enumerate(resources)
    }
    ordered: list[Change] = []
    needs: dict[str, tuple[str, ...]] = {}
    done: set[str] = set()  # the last keys of the stages so far
    for stage in STAGES:
        of_stage = [
            [change for change in changes.get(resource.key, ()) if change.stage is stage]
            for resource in resources
        ]
        done = _order_stage(graph, of_stage, done, ordered, needs)
    return tuple(ordered), needs


def _order_stage(
    graph: Mapping[int, Sequence[int]],
    changes: Sequence[Sequence[Change]],
    before: set[str],
    ordered: list[Change],
    needs: dict[str, tuple[str, ...]],
) -> set[str]:
    """Order the changes of one stage, all of which come after ``before``; gives what is last now."""
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    ends: dict[int, set[str]] = {}  # the last keys of a resource; of those before it where it has none itself
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        for index in ready:
            last = {key for earlier in graph[index] for key in ends[earlier]} or set(before)
            for change in changes[index]:
                if change.key in needs:
                    raise ValueError(f"two changes of one plan have the key {change.key}")
                needs[change.key] = tuple(sorted(last))
                ordered.append(change)
                last = {change.key}
            ends[index] = last
        sorter.done(*ready)
    return before.union(*ends.values()) if any(changes) else before


def _too_much(request: str, changes: Iterable[Change], policy: Policy) -> list[Refusal]:
    """A refusal when more is taken away than the policy's blast-radius limit allows."""
    standing = removed = 0
    for change in changes:
        before, after = leaves(change.before), leaves(change.after)
        # `removes` says in words what may be in `before` as well: the larger of the two, not their sum
        standing += max(len(before), len(change.removes))
        removed += max(len(before.keys() - after.keys()), len(change.removes))
    limits = policy.limits
    if standing < limits.at_least or removed * 100 <= standing * limits.removed_percent:
        return []
    return [
        Refusal(
            kind="request",
            identity=request,
            reason=Reason.TOO_MUCH,
            message=f"{removed} of {standing} things that stand would be taken away; "
            f"the policy allows {limits.removed_percent} percent at once.",
            fix="Take away less in one pull request, or raise limits.removed_percent in the policy first.",
        )
    ]


def _outputs(resources: Iterable[_Resource]) -> dict[str, dict[str, str]]:
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
    looked = _look(_resources(wanted, registry), clients)
    for resource in looked:
        if resource.unseen is not None:
            raise resource.unseen
    return _outputs(looked)
