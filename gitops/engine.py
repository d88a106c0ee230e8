"""Carrying out approved plans: side by side what is independent, and always the truth at the end.

Drawing a plan (:func:`draw`, :class:`Clients`) is :mod:`gitops.drawing`, and can be imported from here.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from gitops.drawing import Clients, draw, look_again
from gitops.errors import Refused
from gitops.journal import Journal, now
from gitops.markup import clip
from gitops.outputs import Outputs
from gitops.plan import JSON, Approved, Change, Plan, require_approved
from gitops.receipt import Step
from gitops.receipt_values import recorded
from gitops.running import LIMITS, Running, sentence
from gitops.undoing import Undoing

if TYPE_CHECKING:
    from gitops.kind import Desired, Registry
    from gitops.looking import Seen
    from gitops.receipt import StepOutcome

__all__ = [
    "Carrying",
    "Clients",
    "Journal",
    "Outcome",
    "carry_out",
    "draw",
    "now",
    "require_ready",
    "sentence",
]

LOG = logging.getLogger("gitops.engine")
LONGEST_SUMMARY = 500
LONGEST_ERROR = 2_000
"""Characters in a receipt; of a defect or of what a person typed there may be any number."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a plan: one step for each change, in the plan's order, then what stood already.

    What was done is read back: ``outputs``, and whether each step stands as wanted, are from the live
    systems. ``interrupted`` is the Ctrl-C or the exit that ended the run early: it is given back, not raised,
    so that the receipt can be written first. ``hold`` says why nothing goes on by itself, ``broke`` why the
    run ended early.
    """

    steps: tuple[Step, ...]
    outputs: Mapping[str, Mapping[str, str]]
    ok: bool
    interrupted: BaseException | None = None
    hold: str = ""
    broke: str = ""


def require_ready(plan: Plan, approved: Approved | None) -> None:
    """Raise unless all of the plan was approved, and it refuses nothing.

    Raises:
        NotApproved, StalePlan, Refused: it must not be carried out.
    """
    require_approved(plan, approved)
    if plan.refusals:
        raise Refused(
            f"The plan of {plan.request} refuses {len(plan.refusals)} thing(s): "
            + "; ".join(refusal.message for refusal in plan.refusals),
            fix="; ".join(refusal.fix for refusal in plan.refusals if refusal.fix),
        )


def carry_out(
    plan: Plan,
    approved: Approved | None,
    *,
    registry: Registry,
    clients: Clients,
    journal: Journal,
    limits: Mapping[str, int] = LIMITS,
    wanted: Sequence[Desired[Any]] = (),
) -> Outcome:
    """Do what the plan says, if all of it was approved; see :class:`Carrying`.

    Raises:
        NotApproved, StalePlan, Refused: nothing was done.
    """
    require_ready(plan, approved)
    carrying = Carrying(
        plan, registry=registry, clients=clients, journal=journal, limits=limits, wanted=wanted
    )
    carrying.go()
    return carrying.outcome


class Carrying:
    """One carrying out of a plan that :func:`require_ready` let pass.

    A change that fails stops only those that need it. Ctrl-C starts nothing new and waits for what is under
    way; pressed again, it does not wait. Either way ``outcome`` says what is known, at any time: also when
    an exception ended :meth:`go`.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        registry: Registry,
        clients: Clients,
        journal: Journal,
        limits: Mapping[str, int] = LIMITS,
        wanted: Sequence[Desired[Any]] = (),
        seconds: float = float("inf"),
    ) -> None:
        self._plan = plan
        self._registry = registry
        self._clients = clients
        self._wanted = wanted
        known = Outputs(plan.outputs, wanted, registry, clients)
        self._run = Running(
            plan=plan, registry=registry, clients=clients, journal=journal,
            fill=known.fill, limits=limits, seconds=seconds,
        )  # fmt: skip
        self._undoing = Undoing(self._run, wanted)
        self._outputs: Mapping[str, Mapping[str, str]] = MappingProxyType(plan.outputs)
        self._seen: Seen | None = None

    def go(self) -> None:
        """Do it; then undo what is to be undone, and read back what stands of ``wanted``.

        Raises:
            KeyboardInterrupt, SystemExit: only while what stands is read back, or something is undone.
        """
        self._run.go()
        if self._run.interrupted is not None or self._run.broke:
            return
        self._undoing.go()
        if self._plan.changes and self._wanted:
            self._read_back()

    def _read_back(self) -> None:
        """Where what stands cannot be looked at, what was done stays done."""
        self._seen = seen = look_again(self._wanted, self._registry, self._clients)
        kept = {key: found for key, found in self._outputs.items() if key in seen.unseen}
        self._outputs = {**kept, **seen.outputs}
        for key, why in seen.unseen.items():
            LOG.warning("What stands now of %s could not be read back: %s", key, why)

    @cached_property
    def _values(self) -> Mapping[str, tuple[JSON, JSON]]:
        """What was found and what is wanted of it, by key, as a receipt may hold them."""
        return {
            change.key: (recorded(change.before), recorded(change.after)) for change in self._plan.changes
        }

    @property
    def outcome(self) -> Outcome:
        """What is known of it now."""
        steps = self._steps()
        return Outcome(
            steps=steps,
            outputs=dict(self._outputs),
            ok=all(step.outcome in ("done", "already") for step in steps),
            interrupted=self._run.interrupted,
            hold=self._undoing.hold,
            broke=self._run.broke,
        )

    def _steps(self) -> tuple[Step, ...]:
        changed = {(change.kind, change.identity) for change in self._plan.changes}
        already = [
            Step(key=key, digest="", verb="", summary="", outcome="already")
            for key in self._plan.outputs
            if tuple(key.split("/", 1)) not in changed
        ]
        return (*(self._step_of(change) for change in self._plan.changes), *already)

    def _step_of(self, change: Change) -> Step:
        run, key = self._run, change.key
        before, wanted = self._values[key]
        step = Step(
            key=key,
            digest=change.digest,
            verb=str(change.verb),
            summary=clip(change.summary, LONGEST_SUMMARY),
            outcome="not_run",
            before=before,
            wanted=wanted,
        )
        if key not in run.begun:
            return replace(step, error=self._why_not_run(change))
        started_at, began = run.begun[key]
        seconds, error = run.ended.get(
            key,
            (
                run.clock() - began,
                "Interrupted while it was under way; it may have been done. The next run looks first.",
            ),
        )
        outcome: StepOutcome = "done" if error is None else "failed"
        if key in self._undoing.undone:
            outcome = "undone"
        error = error or self._undoing.undone.get(key) or self._undoing.stays.get(key)
        step = replace(
            step,
            outcome=outcome,
            error=clip(error, LONGEST_ERROR) if error else None,
            started_at=started_at,
            seconds=round(seconds, 3),
            attempts=run.tries.get(key, 1),
            request_ids=tuple(run.sent.get(key, ())),
        )
        return step if outcome == "undone" else self._as_read_back(step, change)

    def _as_read_back(self, step: Step, change: Change) -> Step:
        if self._seen is None:
            return step
        read_back, after, differs = self._seen.of(change)
        return replace(step, read_back=read_back, after=recorded(after), differs=clip(differs, LONGEST_ERROR))

    def _why_not_run(self, change: Change) -> str:
        run = self._run
        for need in self._plan.needs.get(change.key, ()):
            if not run.done(need):
                return f"It needs {need}, which was not done."
        if run.broke:
            return "The run broke off before."
        if run.interrupted is None and run.late:
            return "The time of this run was over; the next one goes on."
        return "The run was interrupted before."
