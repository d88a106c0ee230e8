"""What a run that applies works with, and what it says of each request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from gitops.journal import Journal

if TYPE_CHECKING:
    from gitops.checkout import Checkout
    from gitops.checks import Planned
    from gitops.drawing import Clients
    from gitops.gate import Verdict
    from gitops.kind import Registry
    from gitops.plan import Plan
    from gitops.policy import Policy
    from gitops.pulls import Pull
    from gitops.receipt import Receipt, ReceiptDraft


class PullRequests(Protocol):
    """What landing needs of :class:`gitops.pulls.Repository`."""

    def pull_for_commit(self, sha: str) -> Pull | None:
        """The merged pull request whose merge commit this is."""

    def planned(self, sha: str, request: str, *, by: datetime) -> Planned | None:
        """What the plans on this commit let pass for a request by this time."""

    def comment(self, number: int, marker: str) -> str:
        """The one comment with this marker; empty when there is none."""

    def upsert_comment(self, number: int, marker: str, body: str) -> None:
        """Write the one comment with this marker."""


class Ledger(Protocol):
    """What landing needs of :class:`gitops.receipts.Receipts`."""

    def read_all(self) -> tuple[Receipt, ...]:
        """All receipts, oldest first."""

    def append(
        self, draft: ReceiptDraft, *, allow: Callable[[Sequence[Receipt]], None] = lambda chain: None
    ) -> Receipt:
        """Add one, unless ``allow`` raises at the sight of the chain that it would be added to."""

    def run_is_over(self, run_id: str) -> bool:
        """Whether this run of a workflow is known to have ended."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Everything a run works with. ``judge`` judges the gate again, on the pull request's head commit.

    ``follow`` is entered while a plan is carried out; it may tell people how far it is. ``run_id`` is no
    other run's. ``clock`` gives the time in UTC.
    """

    checkout: Checkout
    registry: Registry
    policy: Policy
    pulls: PullRequests
    ledger: Ledger
    clients: Clients
    judge: Callable[[Pull], Verdict]
    journal: Journal = field(default_factory=Journal)
    follow: Callable[[Pull, Plan], AbstractContextManager[object]] = lambda pull, plan: nullcontext()
    run_url: str = ""
    run_id: str = ""
    attempt: int = 1
    tool_version: str = ""
    policy_digest: str = ""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Landed:
    """What became of one request; ``error`` is what no receipt could carry: a failure, or why it waits."""

    request: str
    receipt: Receipt | None
    exit_code: int
    error: str = ""
