"""A requests repository with merged pull requests, receipts, and the toy world: what landing needs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gitops.checkout import Checkout
from gitops.checks import Planned
from gitops.drawing import draw
from gitops.engine import Clients, Journal
from gitops.errors import RemoteUnavailable
from gitops.gate import Outcome, Verdict
from gitops.landing import Landed, Site, apply_pending, policy_of
from gitops.plan import Approved, Plan
from gitops.pulls import Pull
from gitops.receipt import Receipt, ReceiptDraft, seal
from gitops.request import load_request
from tests.support import toy
from tests.support.gitrepo import GitRepo

MERGED = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
OPEN = Verdict(outcome=Outcome.OPEN, sentences=("Approved by nadia-k.",), counted=("nadia-k",))
MISSING = Verdict(outcome=Outcome.MISSING_APPROVALS, sentences=("One more approval is asked for.",))


@dataclass
class Pulls:
    """Merged pull requests by merge commit, approved sets by head commit and request."""

    merged: dict[str, Pull] = field(default_factory=dict)
    approved: dict[tuple[str, str], Approved] = field(default_factory=dict)
    drawn: dict[str, datetime] = field(default_factory=dict)
    since: dict[str, datetime] = field(default_factory=dict)
    comments: dict[tuple[int, str], str] = field(default_factory=dict)
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    broken: bool = False

    def pull_for_commit(self, sha: str) -> Pull | None:
        return self.merged.get(sha)

    def pull(self, number: int) -> Pull:
        return next(pull for pull in self.merged.values() if pull.number == number)

    def planned(self, sha: str, request: str, *, by: datetime) -> Planned | None:
        approved = self.approved.get((sha, request))
        drawn = self.drawn.get(sha, MERGED)
        if approved is None or drawn > by:
            return None
        return Planned(approved=approved, drawn=drawn, since=self.since.get(sha, drawn))

    def comment(self, number: int, marker: str) -> str:
        return self.comments.get((number, marker), "")

    def upsert_comment(self, number: int, marker: str, body: str) -> None:
        if self.broken:
            raise RemoteUnavailable("GitHub did not answer.")
        assert body.startswith(marker)
        self.comments[number, marker] = body

    def judge(self, pull: Pull) -> Verdict:
        return self.verdicts.get(pull.number, OPEN)


@dataclass
class Ledger:
    receipts: list[Receipt] = field(default_factory=list)
    broken: bool = False
    over: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run_is_over(self, run_id: str) -> bool:
        return run_id in self.over

    def read_all(self) -> tuple[Receipt, ...]:
        return tuple(self.receipts)

    def append(
        self, draft: ReceiptDraft, *, allow: Callable[[Sequence[Receipt]], None] = lambda chain: None
    ) -> Receipt:
        if self.broken:
            raise RemoteUnavailable("GitHub did not answer.")
        with self.lock:  # as a branch is: whoever comes second sees what the first one wrote
            return self._append(draft, allow)

    def _append(self, draft: ReceiptDraft, allow: Callable[[Sequence[Receipt]], None]) -> Receipt:
        allow(self.receipts)
        last = self.receipts[-1].digest if self.receipts else ""
        number = len(self.receipts) + 1
        self.receipts.append(seal(draft, number=number, at="2026-11-21T06:00:00+00:00", previous=last))
        return self.receipts[-1]

    @property
    def ended(self) -> list[Receipt]:
        """The receipts that tell an end."""
        return [one for one in self.receipts if one.status != "started"]


@dataclass
class Town:
    """A requests repository, its pull requests and receipts, and the toy world."""

    repo: GitRepo
    world: toy.World = field(default_factory=toy.World)
    pulls: Pulls = field(default_factory=Pulls)
    ledger: Ledger = field(default_factory=Ledger)
    attempt: int = 0
    time: datetime = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
    follow: Callable[[Pull, Plan, Journal], AbstractContextManager[object]] = lambda *given: nullcontext()

    def request(self, name: str, *resources: str, lifecycle: str = "active", approve: bool = True) -> Pull:
        """Open, plan, approve and merge a request."""
        raw = toy.raw(*resources, name=name, lifecycle=lifecycle)
        number = len(self.pulls.merged) + 1
        head, merge = self.repo.merge(f"request/{name}-{number}", {toy.path(name): raw})
        pull = Pull(
            number=number,
            url=f"https://github.example/acme/requests/pull/{number}",
            state="closed",
            merged=True,
            head_sha=head,
            base_sha="0" * 40,
            head_ref=f"request/dev/growth/{name}",
            base_ref="main",
            merge_sha=merge,
            author="lakeport[bot]",
            title=name,
            merged_at=MERGED,
        )
        self.pulls.merged[merge] = pull
        if approve:
            loaded = load_request(raw, toy.path(name), toy.registry(self.world))
            plan = draw(loaded, registry=toy.registry(self.world), policy=toy.policy(), clients=Clients({}))
            self.pulls.approved[head, loaded.id] = Approved.of(plan)
        return pull

    def apply(
        self, tell: Callable[[Landed], None] = lambda landed: None, *, run: str = "1", **more: Any
    ) -> list[Landed]:
        self.attempt += 1
        checkout = Checkout(self.repo.root)
        journal = Journal()
        site = Site(
            checkout=checkout,
            registry=toy.registry(self.world),
            policy=policy_of(checkout),
            pulls=self.pulls,
            ledger=self.ledger,
            clients=Clients({}),
            judge=self.pulls.judge,
            journal=journal,
            follow=lambda pull, plan: self.follow(pull, plan, journal),
            run_url="https://github.example/run",
            run_id=run,
            attempt=self.attempt,
            tool_version="0.1.0",
            policy_digest="sha256:policy",
            clock=lambda: self.time,
        )
        return apply_pending(site, tell=tell, **more)

    @property
    def last(self) -> Receipt:
        return self.ledger.receipts[-1]
