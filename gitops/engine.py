"""Carrying out approved plans: side by side what is independent, and always the truth at the end.

Drawing a plan (:func:`draw`, :class:`Clients`) is :mod:`gitops.drawing`, and can be imported from here.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gitops.drawing import Clients, draw, standing
from gitops.errors import LakeportError, Refused
from gitops.journal import Journal, now
from gitops.outputs import Outputs
from gitops.plan import Approved, Change, Plan, require_approved
from gitops.receipt import Step
from gitops.running import LIMITS, Running, sentence
from gitops.undoing import Undoing

if TYPE_CHECKING:
    from gitops.kind import Desired, Registry
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


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a plan: one step for each change, in the plan's order, then what stood already.

    ``outputs`` is read back from the live systems. ``interrupted`` is the Ctrl-C or the exit that ended the
    run early: it is given back, not raised, so that the receipt can be written first. ``hold`` says why
    nothing goes on by itself, ``broke`` why the run ended early.
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
        try:
            self._outputs = standing(self._wanted, self._registry, self._clients)
        except LakeportError as error:
            LOG.warning("What stands now could not be read back: %s", error.what)

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
            _step(key, outcome="already")
            for key in self._plan.outputs
            if tuple(key.split("/", 1)) not in changed
        ]
        return (*(self._step_of(change) for change in self._plan.changes), *already)

    def _step_of(self, change: Change) -> Step:
        run, key = self._run, change.key
        if key not in run.begun:
            return _step(key, change, outcome="not_run", error=self._why_not_run(change))
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
        return _step(
            key,
            change,
            outcome=outcome,
            error=error or self._undoing.undone.get(key) or self._undoing.stays.get(key),
            started_at=started_at,
            seconds=seconds,
            attempts=run.tries.get(key, 1),
        )

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


def _step(
    key: str,
    change: Change | None = None,
    *,
    outcome: StepOutcome,
    error: str | None = None,
    started_at: str = "",
    seconds: float = 0.0,
    attempts: int = 1,
) -> Step:
    return Step(
        key=key,
        digest=change.digest if change else "",
        verb=str(change.verb) if change else "",
        summary=change.summary if change else "",
        outcome=outcome,
        error=error,
        started_at=started_at,
        seconds=round(seconds, 3),
        attempts=attempts,
    )
