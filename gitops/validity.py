"""Whether what was approved holds: its plan was good at the merge, and there when people approved."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gitops.errors import NotApproved, StalePlan
from gitops.gate_facts import before
from gitops.verdict import Outcome

if TYPE_CHECKING:
    from gitops.checks import Planned
    from gitops.plan import Approved, Plan
    from gitops.pulls import Pull
    from gitops.verdict import Verdict

AGAIN = (
    "Comment /lakeport approve-again on the pull request: that opens a small one, where what would be done "
    "now is approved."
)
"""What to do about an approval that does not hold any more."""


def require_nobody_elses(plan: Plan, verdict: Verdict) -> None:
    """Raise where nobody approved an edit, and its plan would write over what somebody else set.

    Raises:
        NotApproved: the edit passed by the policy's leave, which is for what it says and for nothing besides.
    """
    if verdict.outcome is Outcome.PASSES_ALONE and plan.drifted:
        raise NotApproved(
            "The edit passes without an approval, and carrying it out would change more than it says.",
            why=f"Values were set by somebody else, and would be written over: {', '.join(plan.drifted)}.",
            fix=AGAIN,
        )


def approved(pull: Pull, planned: Planned | None, verdict: Verdict, *, days: int) -> Approved | None:
    """What those approved whose approvals the gate counted; ``None``: no plan was there at the merge.

    The merge is the moment at which a plan has to be good, no more than ``days`` old: a run that comes days
    after a merge that was in time carries out what was approved. All times are GitHub's.

    Raises:
        StalePlan: the plan was too old by then.
        NotApproved: somebody approved before it was there to be read.
    """
    if pull.merged_at is None or planned is None:
        return None
    if pull.merged_at - planned.drawn > timedelta(days=days):
        raise StalePlan(
            f"The plan of pull request {pull.number} was from {planned.drawn:%Y-%m-%d} and merged on "
            f"{pull.merged_at:%Y-%m-%d}.",
            why=f"A plan is good for {days} days: what stands may have changed since it was drawn.",
            fix=AGAIN,
        )
    times = [(one.login, one.at) for one in verdict.approvals]
    times += [(one.login, one.at) for one in verdict.broke_glass]
    early = sorted(login for login, at in times if before(at, planned.since))
    if early:
        raise NotApproved(
            f"{', '.join(early)} approved pull request {pull.number} before its plan was drawn as it is now.",
            why="Nobody approves what they could not read yet.",
            fix=AGAIN,
        )
    return planned.approved
