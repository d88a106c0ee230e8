"""Looking at the live systems and drawing the plan: what would change, in what order, and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from gitops.beside import with_beside
from gitops.errors import LakeportError
from gitops.leaves import leaves
from gitops.looking import Resource, Seen, look, outputs_of, resources_of
from gitops.overwritten import from_elsewhere, versions_of
from gitops.plan import STAGES, Change, Plan, Reason, Refusal, RefusedChange
from gitops.request import desired

if TYPE_CHECKING:
    from gitops.earlier import Earlier
    from gitops.kind import AnyKind, Desired, Registry
    from gitops.overwritten import Versions
    from gitops.policy import Policy
    from gitops.request import Loaded

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
    named = [resources_of([next(together) for _ in of_request], registry) for of_request in wanted]
    looked = iter(look([resource for resources in named for resource in resources], clients))
    return [
        _plan(
            one,
            [next(looked) for _ in resources],
            policy,
            (QUICK,) if one.id in settled else (),
            versions_of(before.get(one.id, ()), policy, registry),
        )
        for one, resources in zip(requests, named, strict=True)
    ]


def _plan(
    loaded: Loaded, resources: Sequence[Resource], policy: Policy, noted: Sequence[str], versions: Versions
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
    drifted: dict[str, tuple[str, ...]] = {}
    stays: tuple[str, ...] = ()
    if lifecycle == "active":
        refusals += _too_much(loaded.id, ordered, policy)
        drifted, stays = from_elsewhere(resources, changes, versions)
    return Plan(
        request=loaded.id,
        file_digest=loaded.file_digest,
        changes=ordered,
        refusals=tuple(refusals),
        needs=needs,
        notes=tuple(notes),
        outputs=outputs_of(resources),
        drifted=drifted,
        stays=stays,
    )


def _think(resource: Resource, lifecycle: str, notes: list[str]) -> Sequence[Change]:
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


def _require_gone(resource: Resource, notes: list[str]) -> None:
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
    resources: Sequence[Resource], changes: Mapping[str, tuple[Change, ...]], *, backwards: bool
) -> tuple[tuple[Change, ...], dict[str, tuple[str, ...]]]:
    """All changes in dependency order, and for each what must be done before it.

    A resource comes after every resource whose kind its own kind names in ``after`` (the other way round when
    things are taken away); within a resource the kind's order holds, and a stage begins when the one before
    it is done with all of them. Ties follow the file.
    """

    def before(one: Resource, other: Resource) -> bool:
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


def look_again(wanted: Sequence[Desired[Any]], registry: Registry, clients: Clients) -> Seen:
    """What stands now of the resources of one request, and what is not as wanted: one look, as for a plan."""
    looked = look(resources_of(wanted, registry), clients)
    left: dict[str, Change] = {}
    refused: dict[str, str] = {}
    unseen: dict[str, str] = {}
    for resource in looked:
        blind = resource.unseen.what if resource.unseen else resource.refusal and resource.refusal.message
        if blind:
            unseen[resource.key] = blind
            continue
        try:
            changes = _think(resource, str(resource.wanted.origin.lifecycle), [])
        except RefusedChange as error:
            refused[resource.key] = error.message
        else:
            left |= {change.key: change for change in changes}
    return Seen(outputs=outputs_of(looked), left=left, refused=refused, unseen=unseen)
