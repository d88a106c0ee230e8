"""What an owner decides about drift, as the next version of the file: adopt it, revert it, ignore it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from msgspec import Struct, json, structs

from gitops.beside import with_beside
from gitops.errors import Refused, UsageError
from gitops.fields import RESOURCES
from gitops.plan import RefusedChange
from gitops.recompose import said_of
from gitops.request import desired

if TYPE_CHECKING:
    from gitops.drawing import Clients
    from gitops.kind import AnyKind, Desired, Registry
    from gitops.plan import JSON
    from gitops.policy import Policy
    from gitops.request import Loaded

IGNORED = "metadata.drift_ignored"
REVISION = "metadata.revision"


class Stands(Struct, frozen=True, kw_only=True):
    """A resource of a request beside what stands of it; ``key`` is its key in :func:`said_of`."""

    key: str
    name: str
    kind: Any
    wanted: Any
    state: Any


class Adopted(Struct, frozen=True, kw_only=True):
    """Values by path that say what stands, and the resources they are of."""

    said: Mapping[str, JSON]
    looked: tuple[Stands, ...]


def adopt(
    loaded: Loaded,
    *,
    registry: Registry,
    policy: Policy,
    clients: Clients,
    every: Iterable[Loaded] = (),
    only: str = "",
) -> Adopted:
    """Look at what stands of a request, and say it in the fields of its file, as far as they can.

    ``every`` are all requests there are: what another one wants of the same thing is not adopted by this one.
    ``only`` is one resource of it (``schema/ml_dev.churn``).

    Raises:
        Refused: no field of the file says what drifted.
        RemoteError, ConfigurationError: a system could not be looked at.
    """
    others = tuple(one for request in every for one in desired(request, policy))
    wanted = with_beside(desired(loaded, policy), others, registry)
    keys = said_of(loaded, registry)[RESOURCES].value
    looked = tuple(_looked(dict(zip(keys, wanted, strict=True)), registry, clients, only))
    said: dict[str, JSON] = {}
    for one in looked:
        if one.kind.adopt is None or one.state is None:
            continue
        now = _plain(one.wanted.spec)
        for field, value in _adopted(one).items():
            plain = _plain(value)
            if plain != now.get(field):
                said[f"{RESOURCES}.{one.key}.{field}"] = plain
    if not said:
        raise Refused(
            f"Nothing that drifted of {loaded.id} can be said in its file.",
            why="What is gone, or was changed where no field speaks of it, cannot be adopted.",
            fix=f"Bring it back with `lakeport drift revert {loaded.id}`, or ignore it for a while.",
            where=loaded.path,
        )
    return Adopted(said=said, looked=looked)


def _plain(value: Any) -> JSON:
    """A value as a file has it: lists and mappings."""
    return json.decode(json.encode(value))


def _looked(
    wanted: Mapping[str, Desired[Any]], registry: Registry, clients: Clients, only: str
) -> Iterator[Stands]:
    for key, one in wanted.items():
        kind = registry[one.spec.kind]
        name = f"{kind.name}/{kind.identity(one.spec)}"
        if not only or name == only:
            state = kind.read(one, clients.of(kind))
            yield Stands(key=key, name=name, kind=kind, wanted=one, state=state)


def _adopted(one: Stands) -> Mapping[str, Any]:
    """What its kind says of it, if it drifted; nothing of what is refused: it may be another's by now."""
    try:
        drifted = bool(one.kind.plan(one.wanted, one.state))
        found: Mapping[str, Any] = one.kind.adopt(one.wanted, one.state) if drifted else {}
    except RefusedChange:
        return {}
    return found


def left(adopted: Adopted, after: Loaded, *, registry: Registry, policy: Policy) -> tuple[str, ...]:
    """What the next version of the file still does not say of what stands: its plan would bring that back."""
    names = {one.name: one for one in adopted.looked}
    found: list[str] = []
    for wanted in desired(after, policy):
        kind = registry[wanted.spec.kind]
        one = names.get(f"{kind.name}/{kind.identity(wanted.spec)}")
        if one is not None:
            found += _still(kind, structs.replace(wanted, beside=one.wanted.beside), one)
    return tuple(found)


def _still(kind: AnyKind, wanted: Desired[Any], one: Stands) -> Iterator[str]:
    try:
        for change in kind.plan(wanted, one.state):
            yield change.summary or change.key
    except RefusedChange as refused:
        yield refused.message


def revert(loaded: Loaded) -> dict[str, JSON]:
    """The file approved anew as it is: with that its plan, which brings back what drifted, is approved.

    What is ignored stays ignored: its entry is taken out of the file where that shall end.
    """
    return {REVISION: (loaded.request.metadata.revision or 1) + 1}


def ignore(
    loaded: Loaded, resources: tuple[str, ...], *, until: date, reason: str, registry: Registry, today: date
) -> dict[str, JSON]:
    """The file with an entry for each of these resources or parts of them; entries that are over go.

    Raises:
        UsageError: one is no part of the request, or the day is over already.
    """
    names = [f"{spec.kind}/{registry[spec.kind].identity(spec)}" for spec in loaded.request.resources]
    for one in resources:
        if not any(one == name or one.startswith(f"{name}/") for name in names):
            raise UsageError(
                f"{one} is nothing of the request {loaded.id}.",
                fix=f"Its resources are {', '.join(names)}; `lakeport drift` names parts of them.",
            )
    if until < today:
        raise UsageError(f"{until} is over already.", fix="Say a later day: --until year-month-day.")
    entries = {
        one.resource: _plain(one)
        for one in loaded.request.metadata.drift_ignored
        if one.until >= today and one.resource not in resources
    }
    entries |= {
        name: {"resource": name, "until": until.isoformat(), "reason": reason} for name in sorted(resources)
    }
    return {IGNORED: list(entries.values())}
