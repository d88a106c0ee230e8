"""What would change for compute to be as the request wants it: pure, over what was read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gitops.kind import Desired, require_ours
from gitops.plan import Change, Reason, RefusedChange, Verb
from handlers import _compute_shape as shape
from handlers._compute_fields import NOUN, ComputeSpec, distribution, identity


@dataclass(frozen=True, kw_only=True)
class ComputeState:
    """What stands, only what we manage.

    ``stands`` is false when there is none, but something to say of what it needs. ``type`` is what stands,
    which may be another than asked for. ``libraries`` is ``None`` where they are not ours to compare (a job
    whose team replaced our task). ``access`` maps groups of the file to the level they hold directly.
    ``twins`` counts all of that name, or with our mark.
    """

    stands: bool = True
    type: str = ""
    id: str = ""
    mark: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    libraries: frozenset[str] | None = frozenset()
    access: Mapping[str, str] = field(default_factory=dict)
    missing_groups: tuple[str, ...] = ()
    twins: int = 1
    url: str = ""


def plan(desired: Desired[ComputeSpec], state: ComputeState | None) -> Sequence[Change]:
    """Create or correct, then libraries, then access; groups and libraries not in the file are left alone."""
    if state is not None:
        _refuse_where_wrong(desired, state)
    current = state or ComputeState(stands=False)
    changes = list(_corrections(desired, current)) if current.stands else [_create(desired)]
    if desired.spec.type == "cluster" or (current.stands and current.libraries is not None):
        changes += _libraries(desired, current.libraries or frozenset())
    changes += _access(desired, current)
    return changes


def _refuse_where_wrong(desired: Desired[ComputeSpec], state: ComputeState) -> None:
    spec, noun = desired.spec, NOUN[desired.spec.type]
    if state.missing_groups:
        raise RefusedChange(
            Reason.MISSING,
            f"The workspace has no group {', '.join(state.missing_groups)}.",
            "Check the spelling, or have the group added to the workspace first.",
        )
    if not state.stands:
        return
    require_ours(desired, f"the {noun} {spec.name}", state.mark, of_that_name=state.twins)
    if state.type != spec.type:
        raise RefusedChange(
            Reason.IMMUTABLE,
            f"{spec.name} is a {NOUN[state.type]} and cannot become a {noun}.",
            "Write its type as it was, or ask for a new one under another name.",
        )


def _create(desired: Desired[ComputeSpec]) -> Change:
    spec, origin = desired.spec, desired.origin
    wanted = shape.settings(desired)
    if spec.type == "sql_warehouse":
        words = f"{wanted['size']}, {spec.min_workers} to {spec.max_workers} cluster(s)"
    else:
        words = f"{wanted['node_type']}, {spec.min_workers} to {spec.max_workers} worker(s)"
    if spec.type == "job":
        words += f"; it runs the notebook {shape.notebook(desired)}, which {origin.team} puts there"
        words += f"; libraries {', '.join(spec.libraries)}" if spec.libraries else ""
    else:
        words += f", stops after {spec.auto_stop_minutes} minutes"
    return _change(
        desired,
        spec.type,
        Verb.CREATE,
        after={"body": shape.creation(desired)},
        summary=f"Create the {NOUN[spec.type]} {spec.name}: {words}",
        details=shape.reasons(desired),
    )


def _corrections(desired: Desired[ComputeSpec], state: ComputeState) -> Iterator[Change]:
    spec = desired.spec
    wanted = shape.settings(desired)
    if not state.mark:
        yield _change(
            desired,
            "mark",
            Verb.UPDATE,
            before={"mark": ""},
            after={"tags": wanted["tags"]},
            summary=f"Adopt the {NOUN[spec.type]} {spec.name}",
        )
        wanted.pop("tags")
    found = shape.differences(wanted, state.settings)
    if found:
        words = [
            f"{name.replace('_', ' ')} {live} → {want}"
            for name, (live, want) in found.items()
            if name != "tags" and not (name == "driver_type" and found.get("node_type") == (live, want))
        ]
        words += ["tags"] if "tags" in found else []
        yield _change(
            desired,
            "settings",
            Verb.UPDATE,
            before={name: live for name, (live, _) in found.items()},
            after={"settings": {name: want for name, (_, want) in found.items()}},
            details=shape.reasons(desired) if found.keys() & shape.DECIDED else (),
            summary=f"{spec.name}: {', '.join(words)}"
            + ("; it restarts if it runs" if spec.type == "cluster" and found.keys() - {"tags"} else ""),
        )


def _libraries(desired: Desired[ComputeSpec], live: frozenset[str]) -> Iterator[Change]:
    """Install what is missing; another version of a library of the file makes room for it."""
    wanted = set(desired.spec.libraries)
    install = sorted(wanted - live)
    if not install:
        return
    names = {distribution(one) for one in wanted}
    managed = {one for one in live if distribution(one) in names}
    uninstall = sorted(managed - wanted)
    summary = f"{desired.spec.name}: install {', '.join(install)}"
    if uninstall:
        summary += f"; take out {', '.join(uninstall)} at its next restart"
    yield _change(
        desired,
        "libraries",
        Verb.UPDATE,
        before={"libraries": sorted(managed)},
        after={"libraries": sorted(wanted), "install": install, "uninstall": uninstall},
        summary=summary,
        removes=tuple(f"the library {one}" for one in uninstall),
    )


def _access(desired: Desired[ComputeSpec], state: ComputeState) -> Iterator[Change]:
    wanted = {entry.principal: entry.level for entry in desired.spec.access}
    changed = {who: level for who, level in sorted(wanted.items()) if state.access.get(who) != level}
    if not changed:
        return
    words = [
        f"{who} {level}" + (f" instead of {state.access[who]}" if who in state.access else "")
        for who, level in changed.items()
    ]
    yield _change(
        desired,
        "access",
        Verb.UPDATE,
        before={"access": {who: state.access.get(who) for who in changed}},
        after={"access": changed},
        summary=f"{desired.spec.name}: let {', '.join(words)}",
    )


def _change(
    desired: Desired[ComputeSpec],
    action: str,
    verb: Verb,
    *,
    before: Any = None,
    after: Mapping[str, Any],
    summary: str,
    details: Iterable[str] = (),
    removes: Iterable[str] = (),
) -> Change:
    found = {
        "type": desired.spec.type,
        "name": desired.spec.name,
        "mark": desired.origin.request,
        "resource": identity(desired.spec),
    }
    return Change(
        kind="compute",
        identity=identity(desired.spec),
        action=action,
        verb=verb,
        before=before,
        after={**found, **after},
        summary=summary,
        details=tuple(details),
        removes=tuple(removes),
    )


def retire(desired: Desired[ComputeSpec], state: ComputeState) -> Sequence[Change]:
    """Delete it for good; what it computed stays where it was written."""
    if not state.stands:
        return ()
    spec = desired.spec
    if state.mark != desired.origin.request:
        raise RefusedChange(
            Reason.NOT_OURS,
            f"The {NOUN[state.type]} {spec.name} does not belong to this request and is left alone.",
            "Nothing needs to be done: set `lifecycle: retired` once the rest is gone.",
        )
    return (
        _change(
            desired,
            state.type,
            Verb.REMOVE,
            before={"mark": state.mark},
            after={"type": state.type},
            summary=f"Delete the {NOUN[state.type]} {spec.name}",
        ),
    )
