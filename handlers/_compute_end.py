"""How compute goes: stopped, taken away from those it was given to, and deleted. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitops.kind import Desired
from gitops.ownership import require_ours_to_retire
from gitops.plan import Change, Stage, Verb
from handlers import _compute_policy as policies
from handlers._compute_fields import NOUN, ComputeSpec
from handlers._compute_lists import ACCESS, USERS, given_of, said
from handlers._compute_state import ComputeState, change_of


def retire(desired: Desired[ComputeSpec], state: ComputeState) -> Sequence[Change]:
    """Stop it, take away whom it was given to, delete it; what it computed stays where it was written."""
    if state.stands:
        require_ours_to_retire(desired, f"the {NOUN[state.type]} {desired.spec.name}", state.mark)
    return (*_staged(desired, state), *_policy_goes(desired, state))


def _staged(desired: Desired[ComputeSpec], state: ComputeState) -> Iterator[Change]:
    if not state.stands:
        return
    what, after = f"the {NOUN[state.type]} {desired.spec.name}", {"type": state.type}
    if state.runs:
        yield change_of(
            desired,
            "freeze",
            Verb.REMOVE,
            before={"runs": True},
            after=after,
            summary=f"Pause {what}: it starts no more by itself" if state.type == "job" else f"Stop {what}",
            stage=Stage.FREEZE,
        )
    held = said({ACCESS: given_of(state.access), USERS: given_of(state.users)})
    if held:
        loses = [f"{who} loses {level}" for each in held.values() for who, level in each.items()]
        yield change_of(
            desired,
            "access",
            Verb.REMOVE,
            before=held,
            after={**after, "gone": {sort: sorted(each) for sort, each in held.items()}},
            summary=f"{desired.spec.name}: {'; '.join(loses)}",
            removes=tuple(loses),
            stage=Stage.REVOKE,
        )
    yield change_of(
        desired,
        state.type,
        Verb.REMOVE,
        before={"mark": state.mark},
        after=after,
        summary=f"Delete {what}",
        stage=Stage.REMOVE,
    )


def _policy_goes(desired: Desired[ComputeSpec], state: ComputeState) -> Iterator[Change]:
    if state.policy is not None and policies.is_made(desired):
        yield change_of(
            desired,
            "policy",
            Verb.REMOVE,
            before={"policy": state.policy.name},
            after={"policy": state.policy.name},
            summary=f"Delete the cluster policy {state.policy.name}",
            stage=Stage.REMOVE,
        )
