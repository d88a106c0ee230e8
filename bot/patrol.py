"""The patrol: looks at GitHub every few minutes and tells what a lost webhook would have told.

It hands on the same facts as the webhooks do, so what was told by one is not told by the other again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from bot.draft import Stage
from bot.envelope import Envelope, of_fact
from bot.facts import PLAN_CHECK, REQUEST_BRANCH, fact_of, name_of
from bot.ports import Recent, Steps
from bot.store import Conversation, Store
from gitops.errors import LakeportError, RemoteDenied
from gitops.recent import Raw, stamp

SOURCE = "patrol"
FIRST = timedelta(days=7)
"""How far back the first look after a start goes."""
OVERLAP = timedelta(minutes=10)
"""How far back every look goes beyond the one before: GitHub's lists and clocks lag a little."""
LATE = timedelta(minutes=30)
"""A look that waited this long is left to the next one."""
OPEN = (Stage.COLLECTING, Stage.REVIEWING, Stage.SUBMITTED)
UNDER_WAY = (*OPEN, Stage.MERGED, Stage.FAILED)
MOST = 500
"""Facts that one look hands on; the next one finds the others."""

Happened = tuple[str, dict[str, Any]]
"""When, as GitHub writes it, and the fact."""

log = structlog.get_logger(__name__)


@dataclass
class Patrol:
    """Looks at the pull requests of the conversations under way, with few calls.

    ``accept`` makes an envelope durable. ``since`` is when the last look began.
    """

    store: Store
    recent: Recent
    accept: Callable[[Envelope], None]
    steps: Steps
    repository: str
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    since: datetime | None = None
    _updated: dict[int, str] = field(default_factory=dict)
    _settled: set[str] = field(default_factory=set)

    def look(self, payload: Mapping[str, Any], key: str) -> None:
        """Look once; ``payload`` has ``at``, when it was due."""
        began = self.clock()
        if began - datetime.fromisoformat(payload["at"]) > LATE:
            return
        try:
            found, wait = self.steps.run("look", lambda: self._look(began))
        except LakeportError as error:
            log.warning("not_looked", code=error.code, what=error.what)
            return
        for at, fact in found:
            self.accept(of_fact(f"patrol:{at}:{fact['pull']}:{name_of(fact)}", fact))
        if wait:
            self.accept(of_fact(f"{key}:receipts", {"fact": "receipts", "sha": ""}))
        if len(found) < MOST:
            self.since = began - OVERLAP

    def _look(self, began: datetime) -> tuple[list[Happened], bool]:
        """What is new, in the order in which it happened, and whether somebody waits for a receipt."""
        news = sorted(self._news(began), key=_order)[:MOST]
        return news, bool(self.store.waiting((Stage.MERGED, Stage.FAILED), limit=1))

    def _news(self, began: datetime) -> Iterator[Happened]:
        since = self.since or began - FIRST
        standing = {int(one["number"]): one for one in self.recent.open_pulls() if self._ours(one)}
        ended = {int(one["number"]): one for one in self.recent.closed_pulls(since) if self._ours(one)}
        pulls = ended | standing
        known = {
            number: found
            for number, pull in pulls.items()
            if (found := self.store.of_pull(number, _branch(pull))) and found.state in UNDER_WAY
        }
        yield from self._opened(standing.values())
        yield from self._ended(pull for number, pull in ended.items() if number in known)
        for number, found in known.items():
            yield from _after(self.store.known_since(found.id), self._reviewed(pulls[number], found))
        yield from self._said(pulls, since)
        yield from self._applied(since)
        self._updated = {number: str(pull.get("updated_at", "")) for number, pull in pulls.items()}

    def _ours(self, pull: Raw) -> bool:
        return _branch(pull).startswith(REQUEST_BRANCH)

    def _fact(self, event: str, at: object, **body: Any) -> Iterator[Happened]:
        """The fact that a webhook with this body is, if it is one."""
        fact = fact_of(event, {"repository": {"full_name": self.repository}, **body})
        if fact is not None and isinstance(at, str):
            yield at, fact

    def _opened(self, pulls: Iterable[Raw]) -> Iterator[Happened]:
        """Pull requests that no conversation knows of yet."""
        for pull in pulls:
            found = self.store.of_pull(pull["number"], _branch(pull))
            if found is None or found.pull_number is None:
                yield from self._fact(
                    "pull_request", pull.get("created_at"), action="opened", pull_request=pull
                )

    def _ended(self, pulls: Iterable[Raw]) -> Iterator[Happened]:
        for pull in pulls:
            whole = {**pull, "merged": bool(pull.get("merged_at"))}
            yield from self._fact("pull_request", pull.get("closed_at"), action="closed", pull_request=whole)

    def _reviewed(self, pull: Raw, found: Conversation) -> Iterator[Happened]:
        """Reviews and checks, asked for where something has happened since the last look."""
        sha = str(pull["head"]["sha"])
        moved = self._updated.get(pull["number"]) != pull.get("updated_at")
        if moved:
            yield from self._fact(
                "pull_request", pull.get("updated_at"), action="synchronize", pull_request=pull
            )
            for review in self.recent.reviews(pull["number"]):
                at = review.get("submitted_at")
                yield from self._fact(
                    "pull_request_review", at, action="submitted", review=review, pull_request=pull
                )
        if found.state not in OPEN or (sha in self._settled and not moved):
            return
        for run in self.recent.checks(sha):
            if run.get("name") == PLAN_CHECK and run.get("status") == "completed":
                self._settled.add(sha)
            whole = {**run, "check_suite": {"head_branch": _branch(pull)}, "pull_requests": [pull]}
            yield from self._fact("check_run", run.get("completed_at"), action="completed", check_run=whole)

    def _said(self, pulls: Mapping[int, Raw], since: datetime) -> Iterator[Happened]:
        """Comments, those after the end of the review included."""
        waiting = {one.pull_number: one for one in self.store.waiting(UNDER_WAY) if one.pull_number}
        if not waiting:
            return
        for comment in self.recent.comments(since):
            number = _number(comment.get("issue_url"))
            if number in waiting:
                about = {"number": number, "pull_request": {}}
                told = self._fact(
                    "issue_comment", comment.get("created_at"), action="created", comment=comment, issue=about
                )
                yield from _after(self.store.known_since(waiting[number].id), told)
        for comment in self.recent.line_comments(since):
            number = _number(comment.get("pull_request_url"))
            if number in waiting and number in pulls:
                told = self._fact(
                    "pull_request_review_comment",
                    comment.get("created_at"),
                    action="created",
                    comment=comment,
                    pull_request=pulls[number],
                )
                yield from _after(self.store.known_since(waiting[number].id), told)

    def _applied(self, since: datetime) -> Iterator[Happened]:
        """Runs of the apply workflow, which may have died without a receipt."""
        if not self.store.waiting((Stage.MERGED,), limit=1):
            return
        try:
            runs = self.recent.applies(since)
        except RemoteDenied as error:
            log.info("runs_not_seen", what=error.what)
            return
        for run in runs:
            for at, fact in self._fact(
                "workflow_run", run.get("created_at"), action="completed", workflow_run=run
            ):
                yield at, fact | {"pull": None}


def _branch(pull: Raw) -> str:
    return str(pull["head"]["ref"])


def _number(url: object) -> int:
    """The number at the end of an address of the API."""
    last = str(url).rpartition("/")[2]
    return int(last) if last.isdecimal() else 0


def _after(moment: datetime | None, told: Iterable[Happened]) -> Iterator[Happened]:
    """What happened after we came to know of the conversation; before, somebody else told it, or nobody."""
    begin = stamp(moment) if moment else ""
    return ((at, fact) for at, fact in told if at >= begin)


def _order(one: Happened) -> tuple[str, str]:
    return one[0], name_of(one[1])
