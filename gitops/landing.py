"""Landing: everything that is merged and not applied becomes applied, each with a receipt, whatever happens.

What to do is derived from Git and the receipts, never from the event that started the run: events get lost.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from gitops import beside, earlier, lease, live, policy, render, request, retirement, validity
from gitops.checkout import POLICY, Checkout
from gitops.confirmation import made_by
from gitops.drifted import without_ignored
from gitops.engine import Carrying, draw, require_ready, sentence
from gitops.errors import InvalidRequest, LakeportError, NotApproved, Refused, StalePlan, Waits
from gitops.gate import Outcome as GateOutcome
from gitops.pending import Pending, pending
from gitops.plan import unapproved
from gitops.receipt import ReceiptDraft, with_verdict
from gitops.site import Landed, Ledger, PullRequests, Site

if TYPE_CHECKING:
    from types import TracebackType

    from gitops.engine import Outcome
    from gitops.gate import Verdict
    from gitops.kind import Desired
    from gitops.plan import Approved, Change, Plan
    from gitops.policy import Policy
    from gitops.pulls import Pull
    from gitops.receipt import Receipt, Status, Step
    from gitops.request import Loaded
    from gitops.retirement import Due

__all__ = [
    "Landed",
    "Ledger",
    "Pending",
    "PullRequests",
    "Site",
    "apply_pending",
    "pending",
    "policy_of",
    "worst",
]

LOG = logging.getLogger("gitops.landing")
DEFECT = 70
"""Exit code of a defect of ours, also when it concerns one request only."""


def policy_of(checkout: Checkout) -> Policy:
    """The policy of the commit that is checked out, whatever lies in the working tree."""
    return policy.load_policy(checkout.read_at("HEAD", POLICY))


def worst(landed: Sequence[Landed]) -> int:
    """The exit code of them all: the highest; that something waits only where nothing is wrong."""
    codes = {one.exit_code for one in landed}
    return max(codes - {Waits.exit_code}, default=0) or (Waits.exit_code if codes & {Waits.exit_code} else 0)


def apply_pending(
    site: Site,
    *,
    only: Sequence[str] = (),
    resume: bool = False,
    tell: Callable[[Landed], None] = lambda landed: None,
) -> list[Landed]:
    """Land everything that is pending, one after the other; one that fails does not stop the next.

    With ``only``, what has one of these ids, paths or names. What is on hold is left, unless ``resume``.

    Raises:
        UsageError: there is no request of such a name.
        KeyboardInterrupt, SystemExit: after the receipt of the request that was under way.
    """
    done = []
    receipts = site.ledger.read_all()
    _finish_telling(site, receipts)
    for one in pending(site.checkout, receipts, only=only, today=site.clock().date().isoformat()):
        attempt = _Attempt(site, one, receipts, resume=resume)
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


def _finish_telling(site: Site, receipts: Sequence[Receipt]) -> None:
    """Say how the newest apply ended, where its run died between the receipt and saying so.

    Its request is not pending any more, and its pull request would tell for ever that things are being made.
    """
    newest = receipts[-1] if receipts else None
    if newest is None or newest.pull is None or newest.status == "started":
        return
    marker = render.result_marker(newest.request)
    try:
        if live.decode(site.pulls.comment(newest.pull, marker)) is not None:
            site.pulls.upsert_comment(newest.pull, marker, render.result_comment(newest))
    except LakeportError as error:
        LOG.warning("How receipt %d ended could not be said: %s", newest.number, error.what)


class _Attempt:
    """One request on its way to being applied; as a context it keeps the error for the receipt."""

    def __init__(self, site: Site, pending: Pending, receipts: Sequence[Receipt], *, resume: bool) -> None:
        self._site = site
        self._pending = pending
        self._receipts = receipts
        self._resume = resume
        self._loaded: Loaded | None = None
        self._commit = ""
        self._pull: Pull | None = None
        self._verdict: Verdict | None = None
        self._plan_digest = ""
        self._carrying: Carrying | None = None
        self._extra: tuple[Change, ...] = ()
        self._due: Due | None = None
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
        self._require_turn()
        self._loaded = loaded = request.load_request(one.raw, one.path, site.registry)
        self._commit = site.checkout.merge_commit(one.path) or ""
        self._pull = pull = self._require_pull()
        self._verdict = verdict = site.judge(pull)
        if not verdict.passed or verdict.outcome is GateOutcome.NOT_A_REQUEST:
            raise NotApproved(
                f"The approvals of pull request {pull.number} do not satisfy the policy.",
                why=" ".join(verdict.sentences),
                fix=validity.AGAIN,
            )
        approved = self._approved(pull, verdict)
        before = earlier.of_receipts([loaded], self._receipts, site.checkout, site.registry)[loaded.id]
        every = beside.neighbours([loaded], site.checkout, site.registry)
        plan = draw(
            loaded,
            registry=site.registry,
            policy=site.policy,
            clients=site.clients,
            earlier=before,
            every=every,
        )
        plan = without_ignored(plan, loaded, before, site.registry, site.policy)
        self._plan_digest = plan.digest
        self._require_ready(plan, approved)
        self._require_seen(plan, verdict)
        wanted = beside.with_beside(
            request.desired(loaded, site.policy, before, site.registry),
            [one for other in every for one in request.desired(other, site.policy)],
            site.registry,
        )
        today = site.clock().date()
        self._due = retirement.due(plan, self._receipts, site.policy.retirement, today)
        self._carry(self._due.now, wanted, pull)

    def _require_turn(self) -> None:
        """Raise when it is on hold, or another run is at it; nothing was asked of anybody yet."""
        site, one = self._site, self._pending
        if one.hold and not self._resume:
            name = one.request.rpartition("/")[2]
            raise Waits(
                f"{one.request} is on hold. {one.hold}",
                fix="When the cause is gone, run "
                f"`lakeport apply --only {name} --resume`, or the apply workflow with these inputs.",
            )
        lease.require_untouched(
            self._receipts,
            one.request,
            site.run_id,
            site.attempt,
            moment=site.clock(),
            is_over=site.ledger.run_is_over,
        )

    def _require_pull(self) -> Pull:
        one = self._pending
        pull = self._site.pulls.pull_for_commit(self._commit) if self._commit else None
        if pull is None:
            raise NotApproved(
                f"{one.path} did not come through a merged pull request.",
                why=f"Commit {self._commit[:12] or 'unknown'} brought it; no pull request was merged as it.",
                fix="Open a pull request that touches the file, and have its plan approved.",
            )
        return pull

    def _approved(self, pull: Pull, verdict: Verdict) -> Approved | None:
        site, merged = self._site, pull.merged_at
        planned = site.pulls.planned(pull.head_sha, self._pending.request, by=merged) if merged else None
        return validity.approved(pull, planned, verdict, days=site.policy.review.plan_valid_days)

    def _require_ready(self, plan: Plan, approved: Approved | None) -> None:
        try:
            require_ready(plan, approved)
        except (NotApproved, StalePlan) as error:
            if approved is not None:
                self._extra = unapproved(plan.changes, approved)
            raise type(error)(error.what, why=error.why, fix=validity.AGAIN) from None

    def _require_seen(self, plan: Plan, verdict: Verdict) -> None:
        try:
            validity.require_nobody_elses(plan, verdict)
        except NotApproved:
            self._extra = tuple(change for change in plan.changes if change.key in plan.drifted)
            raise

    def _carry(self, plan: Plan, wanted: Sequence[Desired[Any]], pull: Pull) -> None:
        """Say that we start, where there is something to do, and do it."""
        site, began = self._site, self._site.clock()
        if plan.changes:
            mine = [one.number for one in self._receipts if one.request == self._pending.request]
            started = self._draft("started")
            allow = partial(
                lease.require_free,
                draft=started,
                seen=max(mine, default=0),
                moment=site.clock(),
                is_over=site.ledger.run_is_over,
            )
            site.ledger.append(started, allow=allow)
        self._carrying = carrying = Carrying(
            plan,
            registry=site.registry,
            clients=site.clients,
            journal=site.journal,
            wanted=wanted,
            seconds=lease.WORKING - (site.clock() - began).total_seconds(),
        )
        with site.follow(pull, plan):
            carrying.go()
        self.stopped = carrying.outcome.interrupted

    def close(self) -> Landed:
        """Write the receipt and the comment, whatever happened, also on the way out of an interrupted run."""
        site, one = self._site, self._pending
        if not one.request or isinstance(self._error, Waits):  # nothing was done that a receipt could tell
            name = one.request or one.path
            return Landed(request=name, receipt=None, exit_code=self._exit_code(), error=self._sentence())
        try:
            receipt = site.ledger.append(self._draft(self._status()))
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
                site.pulls.upsert_comment(
                    self._pull.number, marker, render.result_comment(receipt, self._extra)
                )
            except LakeportError as error:
                error_text = f"The result could not be posted: {sentence(error)}"
        return Landed(request=one.request, receipt=receipt, exit_code=self._exit_code(), error=error_text)

    @property
    def _outcome(self) -> Outcome | None:
        return self._carrying.outcome if self._carrying else None

    def _steps(self) -> tuple[Step, ...]:
        outcome = self._outcome
        return outcome.steps if outcome else ()

    def _status(self) -> Status:
        outcome = self._outcome
        if outcome is not None:
            done = any(step.outcome == "done" for step in outcome.steps)
            if outcome.ok:
                return "waiting" if self._due and self._due.later else "applied"
            return "partial" if done else "failed"
        return "refused" if isinstance(self._error, Refused | InvalidRequest) else "failed"

    def _exit_code(self) -> int:
        outcome = self._outcome
        if outcome is not None:
            return 0 if outcome.ok else 6
        if isinstance(self._error, LakeportError):
            return self._error.exit_code
        return DEFECT

    def _sentence(self) -> str:
        if isinstance(self._error, InvalidRequest):
            places = [f"{finding.place}: {finding.message}" for finding in self._error.findings[:5]]
            return "The file is not valid. " + " ".join(places)
        if self._error is not None:
            return sentence(self._error)
        outcome = self._outcome
        if outcome is not None and outcome.interrupted is not None:
            return sentence(outcome.interrupted)
        return outcome.broke if outcome else ""

    def _hold(self, status: Status) -> str:
        """Why nothing goes on by itself after this attempt."""
        if status in ("started", "applied", "waiting"):
            return ""
        outcome, one = self._outcome, self._pending
        ours = [receipt for receipt in self._receipts if receipt.request == one.request]
        count = lease.tries(ours, one.file_digest) + 1
        return (outcome.hold if outcome else "") or lease.too_often(count)

    def _draft(self, status: Status) -> ReceiptDraft:
        site, one, outcome = self._site, self._pending, self._outcome
        started = status == "started"
        by = self._loaded.request.metadata.requested_by if self._loaded else None
        requester: Mapping[str, str | None] = (
            {"slack": by.slack, "github": by.github} if by else {"slack": None, "github": None}
        )
        draft = ReceiptDraft(
            request=one.request,
            path=one.path,
            file_digest=one.file_digest,
            commit=self._commit,
            pull=self._pull.number if self._pull else None,
            requester=requester,
            approvers=(),
            plan_digest=self._plan_digest or None,
            run_url=site.run_url,
            run_id=site.run_id,
            attempt=site.attempt,
            tool_version=site.tool_version,
            policy_digest=site.policy_digest,
            made_by=made_by(self._pull.author, site.policy.review.app) if self._pull else "",
            status=status,
            steps=outcome.steps if outcome else (),
            outputs=outcome.outputs if outcome else {},
            error=None if started else self._sentence() or None,
            lease_until=lease.until(site.clock()) if started else "",
            hold=self._hold(status),
            due=str(self._due.on) if status == "waiting" and self._due else "",
        )
        return with_verdict(draft, self._verdict) if self._verdict else draft
