"""What would change for compute to be as the request wants it: pure, over what was read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gitops.kind import Desired
from gitops.ownership import require_ours
from gitops.plan import Change, OnFailure, Reason, RefusedChange, Verb
from handlers import _compute_policy as policies
from handlers import _compute_shape as shape
from handlers._compute_fields import NOUN, ComputeSpec, identity
from handlers._compute_lists import access, libraries
from handlers._compute_settings import ATTRIBUTES, DECIDED, differences
from handlers._compute_state import ComputeState, change_of


def plan(desired: Desired[ComputeSpec], state: ComputeState | None) -> Sequence[Change]:
    """Create or correct, then access, then libraries, which wait for a start.

    What an earlier version of the request gave and this one names no more is taken away; what no version
    named is left alone.
    """
    current = state or ComputeState(stands=False)
    _refuse_where_wrong(desired, current)
    fields, supplied = _cluster_fields(desired, current)
    changes = list(_own_policy(desired, current, fields))
    if current.stands:
        changes += _corrections(desired, current, fields, supplied)
        changes += _compliance(desired, current)
    else:
        changes.append(_create(desired, fields, supplied))
    changes += access(desired, current)
    if desired.spec.type == "cluster" or (current.stands and current.libraries is not None):
        changes += libraries(desired, current.libraries or frozenset())
    return changes


def _refuse_where_wrong(desired: Desired[ComputeSpec], state: ComputeState) -> None:
    spec, noun = desired.spec, NOUN[desired.spec.type]
    if state.missing:
        sorts = dict.fromkeys(sort for sort, _ in state.missing)
        names = {sort: [name for each, name in state.missing if each == sort] for sort in sorts}
        raise RefusedChange(
            Reason.MISSING,
            " ".join(f"The workspace has no {sort} {', '.join(found)}." for sort, found in names.items()),
            "Check the spelling, or have it added to the workspace first.",
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


# --- the cluster policy it is made under ----------------------------------------------------------


def _cluster_fields(
    desired: Desired[ComputeSpec], state: ComputeState
) -> tuple[dict[str, Any], Mapping[str, tuple[Any, Any]]]:
    """The fields of the cluster that we say, and those that its policy says: (ours, the policy's)."""
    fields = shape.cluster_fields(desired, state.pools)
    if state.policy is None or policies.is_made(desired):
        return fields, {}
    supplied = policies.supplied(fields, state.policy.definition)
    fields = policies.without(fields, supplied)
    refused = tuple(policies.refused(fields, state.policy.definition))
    if refused:
        raise RefusedChange(
            Reason.DENIED,
            f"The cluster policy {state.policy.name} does not allow {desired.spec.name}: {' '.join(refused)}",
            "Ask for something that it allows, or have the platform team change it.",
        )
    return {**fields, "policy_id": state.policy.id}, supplied


def _words_supplied(state_policy: str, supplied: Mapping[str, tuple[Any, Any]]) -> tuple[str, ...]:
    return tuple(
        f"The cluster policy {state_policy} says {name} = {theirs}, so that holds and not {ours}."
        if theirs is not None
        else f"The cluster policy {state_policy} allows no {name}, so none is sent."
        for name, (ours, theirs) in supplied.items()
    )


def _own_policy(
    desired: Desired[ComputeSpec], state: ComputeState, fields: Mapping[str, Any]
) -> Iterator[Change]:
    """A cluster policy of its own, where the policy says so: made with it, and changed with it."""
    if not policies.is_made(desired):
        return
    name = policies.made_name(desired.origin.request, identity(desired.spec))
    wanted = policies.made_definition(desired, fields)
    live = state.policy.definition if state.policy else None
    if live == wanted:
        return
    changed = sorted(key for key in {*wanted, *(live or {})} if (live or {}).get(key) != wanted.get(key))
    yield change_of(
        desired,
        "policy",
        Verb.UPDATE if state.policy else Verb.CREATE,
        before={"definition": dict(live)} if live is not None else None,
        after={"policy": name, "definition": wanted},
        summary=f"Change the cluster policy {name}: {', '.join(changed)}"
        if state.policy
        else f"Create the cluster policy {name}: what was decided for it, and nothing larger",
    )


def _compliance(desired: Desired[ComputeSpec], state: ComputeState) -> Iterator[Change]:
    """An edit of a cluster policy does not reach what was made under it: that has to be asked for."""
    if not state.violations or state.policy is None:
        return
    words = "; ".join(f"{name}: {why}" for name, why in sorted(state.violations.items()))
    yield change_of(
        desired,
        "comply",
        Verb.UPDATE,
        before={"violations": sorted(state.violations)},
        after={"policy_id": state.policy.id},
        summary=f"{desired.spec.name}: follow the cluster policy {state.policy.name} as it is now ({words})"
        + ("; it restarts if it runs" if desired.spec.type == "cluster" else ""),
    )


# --- the thing itself -----------------------------------------------------------------------------


def _create(
    desired: Desired[ComputeSpec], fields: Mapping[str, Any], supplied: Mapping[str, tuple[Any, Any]]
) -> Change:
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
    again, why = _again(desired)
    after: dict[str, Any] = {"body": shape.creation(desired, fields)}
    if policies.is_made(desired):
        after["policy"] = policies.made_name(origin.request, identity(spec))
    policy = policies.asked(desired)
    return change_of(
        desired,
        spec.type,
        Verb.CREATE,
        after=after,
        summary=f"Create the {NOUN[spec.type]} {spec.name}{again}: {words}",
        details=(*why, *shape.reasons(desired), *_words_supplied(policy[1] if policy else "", supplied)),
        on_failure=OnFailure.KEEP if spec.type == "job" else OnFailure.UNDO,
    )


def _again(desired: Desired[ComputeSpec]) -> tuple[str, tuple[str, ...]]:
    """What to say of a thing that an applied or tried version of the request asked for, and that is gone."""
    if not (desired.earlier or desired.settled):
        return "", ()
    if desired.spec.type != "cluster":
        return " again", ("An earlier version of this request asked for it, and none stands now.",)
    why = "Databricks deletes a cluster for good 30 days after it last ran, unless somebody pinned it"
    return " again", (f"An earlier version of this request asked for it, and none stands now: {why}.",)


def _corrections(
    desired: Desired[ComputeSpec],
    state: ComputeState,
    fields: Mapping[str, Any],
    supplied: Mapping[str, tuple[Any, Any]],
) -> Iterator[Change]:
    spec = desired.spec
    wanted = _comparable(desired, state, supplied)
    if not state.mark:
        yield change_of(
            desired,
            "mark",
            Verb.UPDATE,
            before={"mark": ""},
            after={"tags": wanted["tags"]},
            summary=f"Adopt the {NOUN[spec.type]} {spec.name}",
        )
        wanted.pop("tags")
    live = {**state.settings, "policy": _policy_of(desired, state)}
    found = differences(wanted, live)
    if found:
        yield change_of(
            desired,
            "settings",
            Verb.UPDATE,
            before={name: live for name, (live, _) in found.items()},
            after={"settings": {name: want for name, (_, want) in found.items()}}
            | _besides(desired, fields, found.keys()),
            details=_why(desired, found.keys(), supplied),
            summary=f"{spec.name}: {', '.join(_words(found, state))}"
            + ("; it restarts if it runs" if spec.type == "cluster" and found.keys() - {"tags"} else ""),
        )


def _words(found: Mapping[str, tuple[Any, Any]], state: ComputeState) -> list[str]:
    called = {state.policy.id: state.policy.name} if state.policy is not None else {}
    words = [
        f"{name.replace('_', ' ')} {'none' if live == '' else live} → "
        f"{called.get(want, want) if name == 'policy' else want}"
        for name, (live, want) in found.items()
        if name != "tags" and not (name == "driver_type" and found.get("node_type") == (live, want))
    ]
    return words + (["tags"] if "tags" in found else [])


def _comparable(
    desired: Desired[ComputeSpec], state: ComputeState, supplied: Mapping[str, tuple[Any, Any]]
) -> dict[str, Any]:
    """What the file wants, but for what the cluster policy supplies: that is never drift."""
    wanted = shape.settings(desired)
    wanted["tags"] = {
        key: value for key, value in wanted["tags"].items() if f"custom_tags.{key}" not in supplied
    }
    wanted = {name: want for name, want in wanted.items() if ATTRIBUTES.get(name) not in supplied}
    if policies.is_made(desired):
        wanted["policy"] = policies.made_name(desired.origin.request, identity(desired.spec))
    elif state.policy is not None:
        wanted["policy"] = state.policy.id
    return wanted


def _policy_of(desired: Desired[ComputeSpec], state: ComputeState) -> str | None:
    """The policy it has now: one of ours by its name, since its id is not known before it stands."""
    live: str | None = state.settings.get("policy")
    if policies.is_made(desired) and state.policy is not None and live == state.policy.id:
        return state.policy.name
    return live


def _besides(
    desired: Desired[ComputeSpec], fields: Mapping[str, Any], changed: Iterable[str]
) -> dict[str, Any]:
    """What ``apply`` has to know besides: runtime and access mode in their form, pools, our policy."""
    names = set(changed)
    ours: dict[str, Any] = {}
    if names & {"runtime", "access_mode"}:
        ours |= {name: value for name, value in shape.attributes(desired).items() if name in fields}
    if names & {"node_type", "driver_type"}:
        ours |= {name: fields[name] for name in shape.POOLS if name in fields}
    found: dict[str, Any] = {"fields": ours} if ours else {}
    return found | ({"our_policy": True} if "policy" in names and policies.is_made(desired) else {})


def _why(
    desired: Desired[ComputeSpec], changed: Iterable[str], supplied: Mapping[str, tuple[Any, Any]]
) -> tuple[str, ...]:
    if not set(changed) & DECIDED:
        return ()
    policy = policies.asked(desired)
    return (*shape.reasons(desired), *_words_supplied(policy[1] if policy else "", supplied))
