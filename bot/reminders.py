"""Reminders to approvers: when one is due, whom it mentions, and how often it was given.

Working hours are Monday to Friday, nine to five, in the zone of the settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import IntegrityError

from bot import orders
from bot.draft import Stage
from bot.facts import PLAN_CHECK
from bot.orders import Clerk
from bot.patrol import LATE
from bot.ports import Recent, Repository, Steps
from bot.store import Store
from bot.tables import NUDGES
from gitops import render_talk
from gitops.errors import LakeportError
from gitops.gate import Missing, Outcome
from gitops.plan import JSON
from gitops.recent import Raw

SOURCE = "remind"
MORNING, EVENING = time(9), time(17)
FRIDAY = 4

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Rhythm:
    """After how many working hours the first reminder is due; each next one takes twice as long.

    ``first`` of zero means none at all, ``most`` is how many there are for one commit.
    """

    first: timedelta = timedelta(hours=4)
    most: int = 3
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))


def due(since: datetime, count: int, now: datetime, rhythm: Rhythm) -> bool:
    """Whether the next reminder is due ``now``; ``count`` were given, the last (or the begin) at ``since``.

    Never outside of working hours.
    """
    if not rhythm.first or count >= rhythm.most or not _working(now, rhythm.zone):
        return False
    return worked(since, now, rhythm.zone) >= rhythm.first * (1 << count)


def worked(since: datetime, until: datetime, zone: ZoneInfo) -> timedelta:
    """The working time between two moments, as clocks on the wall of the zone show it."""
    total = timedelta()
    for begin, end in _days(since, until, zone):
        total += max(min(end, until) - max(begin, since), timedelta())
    return total


def _days(since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """The working days that two moments lie in or between: their begin and end, in UTC.

    Subtracting two times of one zone ignores that the clock was changed between them; in UTC it counts.
    """
    day = since.astimezone(zone).date()
    while day <= until.astimezone(zone).date():
        if day.weekday() <= FRIDAY:
            hours = (datetime.combine(day, hour, zone).astimezone(UTC) for hour in (MORNING, EVENING))
            yield next(hours), next(hours)
        day += timedelta(days=1)


def _working(now: datetime, zone: ZoneInfo) -> bool:
    here = now.astimezone(zone)
    return here.weekday() <= FRIDAY and MORNING <= here.time() < EVENING


class Nudges:
    """How often approvers were reminded of a commit, in the database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def begin(self, conversation_id: str, commit: str, now: datetime) -> tuple[int, datetime]:
        """How many there were, and since when the next is waited for; the first look begins at ``now``."""
        row = {"conversation_id": conversation_id, "commit": commit, "count": 0, "last_at": now}
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.insert(NUDGES).values(**row))
        except IntegrityError:
            with self._engine.connect() as connection:
                wanted = sa.select(NUDGES.c.count, NUDGES.c.last_at).where(_of(conversation_id, commit))
                count, last = connection.execute(wanted).one()
            # SQLite gives moments back without their zone, which is UTC.
            return int(count), last if last.tzinfo else last.replace(tzinfo=UTC)
        return 0, now

    def given(self, conversation_id: str, commit: str, count: int, now: datetime) -> None:
        """The reminder of this number was given."""
        here = _of(conversation_id, commit)
        with self._engine.begin() as connection:
            connection.execute(sa.update(NUDGES).where(here).values(count=count, last_at=now))


def _of(conversation_id: str, commit: str) -> sa.ColumnElement[bool]:
    return (NUDGES.c.conversation_id == conversation_id) & (NUDGES.c.commit == commit)


@dataclass(frozen=True)
class Reminders:
    """Reminds the approvers of requests that wait for them, and says so in the thread."""

    store: Store
    nudges: Nudges
    repository: Repository
    recent: Recent
    clerk: Clerk
    steps: Steps
    rhythm: Rhythm
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def remind(self, payload: Mapping[str, Any], _key: str) -> None:
        """Give every reminder that is due; ``payload`` has ``at``, when this look was due."""
        now = self.clock()
        if now - datetime.fromisoformat(payload["at"]) > LATE:
            return
        try:
            found = self.steps.run("due", lambda: list(self._due(now)))
        except LakeportError as error:
            log.warning("not_reminded", code=error.code, what=error.what)
            return
        for one in found:
            self._give(one, now)

    def _due(self, now: datetime) -> Iterator[Mapping[str, JSON]]:
        waiting = {one.pull_number: one for one in self.store.waiting((Stage.SUBMITTED,)) if one.pull_number}
        if not waiting:
            return
        for pull in self.recent.open_pulls():
            found = waiting.get(pull["number"])
            if found is None:
                continue
            sha = str(pull["head"]["sha"])
            count, since = self.nudges.begin(found.id, sha, now)
            if due(since, count, now, self.rhythm) and self._planned(sha):
                yield {"conversation": found.id, "pull": found.pull_number, "sha": sha, "number": count + 1}

    def _planned(self, sha: str) -> bool:
        """Whether there is a plan to approve."""
        runs: list[Raw] = [one for one in self.recent.checks(sha) if one.get("name") == PLAN_CHECK]
        return any(one.get("conclusion") == "success" for one in runs)

    def _give(self, one: Mapping[str, Any], now: datetime) -> None:
        found = self.store.get(one["conversation"])
        if found is None:
            return
        try:
            logins = self.steps.run("remind", lambda: list(self._comment(one)))
        except LakeportError as error:
            log.warning("not_reminded", pull=one["pull"], code=error.code, what=error.what)
            return
        if logins:
            words = orders.note(
                f"This waits for an approval. I reminded {_listed(logins)} on the pull request."
            )
            self.clerk.carry_out(words, found, f"{found.id}:nudge:{one['sha']}:{one['number']}")
            self.steps.run("count", lambda: self.nudges.given(found.id, one["sha"], one["number"], now))

    def _comment(self, one: Mapping[str, Any]) -> tuple[str, ...]:
        """Mention those who can approve, unless nothing is missing; returns whom."""
        missing = self._missing(one["pull"], one["sha"])
        logins = render_talk.reminded(missing)
        if logins:
            words = render_talk.reminder(missing, number=one["number"], most=self.rhythm.most)
            self.repository.upsert_comment(one["pull"], f"nudge-{one['sha']}-{one['number']}", words)
        return logins

    def _missing(self, number: int, sha: str) -> tuple[Missing, ...]:
        """The approvals that the gate misses on this commit, as the policy says."""
        verdict = self.repository.judged(number, sha, self.clerk.registry, self.clerk.policy.get())
        waits = verdict is not None and verdict.outcome is Outcome.MISSING_APPROVALS
        return verdict.missing if verdict is not None and waits else ()


def _listed(logins: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(logins[:-1]), logins[-1])))
