"""Landing: everything that is merged and not applied becomes applied, each with a receipt, whatever happens.

What to do is derived from Git and the receipts, never from the event that started the run: events get lost.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from gitops import earlier, policy, render, request
from gitops.checkout import POLICY, ROOT, Checkout, is_request_file
from gitops.engine import Clients, Journal, Outcome, carry_out, draw, sentence
from gitops.errors import InvalidRequest, LakeportError, NotApproved, Refused
from gitops.gate import Outcome as GateOutcome
from gitops.plan import digest
from gitops.receipts import ReceiptDraft

if TYPE_CHECKING:
    from types import TracebackType

    from gitops.gate import Verdict
    from gitops.kind import Registry
    from gitops.plan import Approved, Plan
    from gitops.policy import Policy
    from gitops.pulls import Pull
    from gitops.receipts import Receipt, Status, Step
    from gitops.request import Loaded

LOG = logging.getLogger("gitops.landing")
DEFECT = 70
"""Exit code of a defect of ours, also when it concerns one request only."""


class PullRequests(Protocol):
    """What landing needs of :class:`gitops.pulls.Repository`."""

    def pull_for_commit(self, sha: str) -> Pull | None:
        """The merged pull request whose merge commit this is."""

    def approved_set(self, sha: str, request: str) -> Approved | None:
        """What was approved for a request on this commit."""

    def upsert_comment(self, number: int, marker: str, body: str) -> None:
        """Write the one comment with this marker."""


class Ledger(Protocol):
    """What landing needs of :class:`gitops.receipts.Receipts`."""

    def read_all(self) -> tuple[Receipt, ...]:
        """All receipts, oldest first."""

    def append(self, draft: ReceiptDraft) -> Receipt:
        """Add one."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Everything a run works with. ``judge`` judges the gate again, on the pull request's head commit.

    ``follow`` is entered while a plan is carried out; it may tell people how far it is.
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


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A request file that is not applied as it is; ``request`` is empty when none can have this path."""

    request: str
    path: str
    raw: bytes
    file_digest: str


def pending(checkout: Checkout, receipts: Iterable[Receipt]) -> tuple[Pending, ...]:
    """The request files of HEAD whose latest receipt is not ``applied`` for these very bytes."""
    latest = {receipt.request: receipt for receipt in receipts}
    names = [name for name in checkout.tree("HEAD", f"{ROOT}/") if is_request_file(name)]
    found = []
    for name, raw in checkout.read_tree("HEAD", names).items():
        one = Pending(request=_id(name), path=name, raw=raw, file_digest=digest(raw))
        last = latest.get(one.request)
        if last is None or last.status != "applied" or last.file_digest != one.file_digest:
            found.append(one)
    return tuple(found)


def _id(path: str) -> str:
    try:
        return request.request_id(path)
    except InvalidRequest:
        return ""


def policy_of(checkout: Checkout) -> Policy:
    """The policy of the commit that is checked out, whatever lies in the working tree."""
    return policy.load_policy(checkout.read_at("HEAD", POLICY))


@dataclass(frozen=True, kw_only=True)
class Landed:
    """What became of one request; ``error`` is the failure that no receipt could carry."""

    request: str
    receipt: Receipt | None
    exit_code: int
    error: str = ""


def apply_pending(site: Site, *, tell: Callable[[Landed], None] = lambda landed: None) -> list[Landed]:
    """Land everything that is pending, one after the other; one that fails does not stop the next.

    Raises:
        KeyboardInterrupt, SystemExit: after the receipt of the request that was under way.
    """
    done = []
    receipts = site.ledger.read_all()
    for one in pending(site.checkout, receipts):
        attempt = _Attempt(site, one, receipts)
        try:
            with attempt:
                attempt.land()
        finally:
            landed = attempt.close()
        done.append(landed)
        tell(landed)
        if attempt.stopped is not None:
            raise attempt.stopped
    return done


class _Attempt:
    """One request on its way to being applied; as a context it keeps the error for the receipt."""

    def __init__(self, site: Site, pending: Pending, receipts: Sequence[Receipt]) -> None:
        self._site = site
        self._pending = pending
        self._receipts = receipts
        self._loaded: Loaded | None = None
        self._commit = ""
        self._pull: Pull | None = None
        self._verdict: Verdict | None = None
        self._plan_digest = ""
        self._outcome: Outcome | None = None
        self._error: BaseException | None = None
        self.stopped: BaseException | None = None

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._error = error
        if error is not None and not isinstance(error, LakeportError):
            LOG.debug("Landing %s failed", self._pending.path, exc_info=error)
        return isinstance(error, Exception)

    def land(self) -> None:
        """Load it, find its pull request, judge the gate and draw the plan again, and carry it out."""
        site, one = self._site, self._pending
        self._loaded = loaded = request.load_request(one.raw, one.path, site.registry)
        self._commit = site.checkout.merge_commit(one.path) or ""
        self._pull = pull = site.pulls.pull_for_commit(self._commit) if self._commit else None
        if pull is None:
            raise NotApproved(
                f"{one.path} did not come through a merged pull request.",
                why=f"Commit {self._commit[:12] or 'unknown'} brought it; no pull request was merged as it.",
                fix="Open a pull request that touches the file, and have its plan approved.",
            )
        self._verdict = verdict = site.judge(pull)
        if verdict.outcome is not GateOutcome.OPEN:
            raise NotApproved(
                f"The approvals of pull request {pull.number} do not satisfy the policy.",
                why=" ".join(verdict.sentences),
                fix="Open a pull request that touches the file, and have it approved by the right people.",
            )
        approved = site.pulls.approved_set(pull.head_sha, loaded.id)
        before = earlier.of_receipts([loaded], self._receipts, site.checkout, site.registry)[loaded.id]
        plan = draw(loaded, registry=site.registry, policy=site.policy, clients=site.clients, earlier=before)
        self._plan_digest = plan.digest
        with site.follow(pull, plan):
            self._outcome = carry_out(
                plan,
                approved,
                registry=site.registry,
                clients=site.clients,
                journal=site.journal,
                wanted=request.desired(loaded, site.policy, before, site.registry),
            )
        self.stopped = self._outcome.interrupted

    def close(self) -> Landed:
        """Write the receipt and the comment, whatever happened, also on the way out of an interrupted run."""
        site, one = self._site, self._pending
        if not one.request:  # no request can be named in a receipt
            return Landed(request=one.path, receipt=None, exit_code=self._exit_code(), error=self._sentence())
        try:
            receipt = site.ledger.append(self._draft())
        except LakeportError as error:
            what = f"The receipt could not be written: {sentence(error)}"
            steps = ", ".join(f"{step.key} {step.outcome}" for step in self._steps()) or "nothing was done"
            return Landed(
                request=one.request,
                receipt=None,
                exit_code=max(error.exit_code, self._exit_code()),
                error=f"{what} What was done: {steps}. {self._sentence()}".strip(),
            )
        error_text = ""
        if self._pull is not None:
            marker = render.result_marker(one.request)
            try:
                site.pulls.upsert_comment(self._pull.number, marker, render.result_comment(receipt))
            except LakeportError as error:
                error_text = f"The result could not be posted: {sentence(error)}"
        return Landed(request=one.request, receipt=receipt, exit_code=self._exit_code(), error=error_text)

    def _steps(self) -> tuple[Step, ...]:
        return self._outcome.steps if self._outcome else ()

    def _status(self) -> Status:
        if self._outcome is not None:
            done = any(step.outcome == "done" for step in self._outcome.steps)
            return "applied" if self._outcome.ok else "partial" if done else "failed"
        return "refused" if isinstance(self._error, Refused | InvalidRequest) else "failed"

    def _exit_code(self) -> int:
        if self._outcome is not None:
            return 0 if self._outcome.ok else 6
        if isinstance(self._error, LakeportError):
            return self._error.exit_code
        return DEFECT

    def _sentence(self) -> str:
        if isinstance(self._error, InvalidRequest):
            places = [f"{finding.place}: {finding.message}" for finding in self._error.findings[:5]]
            return "The file is not valid. " + " ".join(places)
        if self._error is not None:
            return sentence(self._error)
        stopped = self._outcome is not None and self._outcome.interrupted is not None
        return "The run was interrupted." if stopped else ""

    def _draft(self) -> ReceiptDraft:
        site, one = self._site, self._pending
        by = self._loaded.request.metadata.requested_by if self._loaded else None
        requester: Mapping[str, str | None] = (
            {"slack": by.slack, "github": by.github} if by else {"slack": None, "github": None}
        )
        return ReceiptDraft(
            request=one.request,
            path=one.path,
            file_digest=one.file_digest,
            commit=self._commit,
            pull=self._pull.number if self._pull else None,
            requester=requester,
            approvers=self._verdict.counted if self._verdict else (),
            plan_digest=self._plan_digest or None,
            run_url=site.run_url,
            run_id=site.run_id,
            attempt=site.attempt,
            tool_version=site.tool_version,
            status=self._status(),
            steps=self._steps(),
            outputs=self._outcome.outputs if self._outcome else {},
            error=self._sentence() or None,
        )
