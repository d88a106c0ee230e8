"""Where everything comes together: what was accepted is worked on in order, and survives the process.

The only module that knows DBOS. An accepted envelope is a workflow on a queue that is partitioned by
conversation; the pieces of work inside are steps, done once or done again until they are recorded.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import structlog
from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID, error
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from bot.envelope import Envelope
from bot.store import Store
from gitops.errors import LakeportError, RemoteUnavailable

QUEUE = "lakeport"
WORKFLOW = "lakeport.handle"
CLOCK = "lakeport.clock"
# Fixed, so that what an older release accepted is worked on by a newer one.
APPLICATION_VERSION = "1"
KEEP = timedelta(days=30)
PRUNE, EVERY_NIGHT = "prune", "17 3 * * *"
FORGET = 500
"""So many workflows are forgotten at a time."""

Handle = Callable[[dict[str, Any], str], None]
"""Works on an envelope's payload; the second argument is its key."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Pace:
    """How fast: ``poll`` seconds between looks at the queue, ``workers`` tasks at a time.

    A step is tried ``tries`` times, the first pause is ``wait`` seconds and each is twice the one before.
    ``drain`` is how many seconds work under way gets when stopping.
    """

    poll: float = 0.05
    workers: int = 16
    tries: int = 8
    wait: float = 1.0
    drain: int = 5


class DurableSteps:
    """Steps of the running workflow; outside of one (in a test) the work is just done."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def run(self, name: str, do: Callable[[], Any]) -> Any:
        """Do it, again while it is ``RemoteUnavailable``, and record the JSON it returns.

        Raises:
            LakeportError: what the work raised, the last one when trying again did not help.
        """
        try:
            return DBOS.run_step(
                {
                    "name": name,
                    "retries_allowed": True,
                    "max_attempts": self._pace.tries,
                    "interval_seconds": self._pace.wait,
                    "backoff_rate": 2.0,
                    "should_retry": lambda problem: isinstance(problem, RemoteUnavailable),
                },
                do,
            )
        except error.DBOSMaxStepRetriesExceeded as exceeded:
            raise exceeded.errors[-1] from exceeded


class Desk:
    """Accepts envelopes and works on them; there is one in a process, since DBOS is one for a process.

    ``handle`` says by an envelope's source what works on it. ``check`` names what else is not ready.
    ``schedules`` says by the source when there is work without anybody sending any, in cron's notation (UTC):
    its payload is ``at``, when it was due.
    """

    def __init__(
        self,
        store: Store,
        handle: Mapping[str, Handle],
        *,
        pace: Pace,
        check: Callable[[], Mapping[str, str]] = dict,
        schedules: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._store = store
        self._handle = {PRUNE: self._prune, **handle}
        self._pace = pace
        self._check = check
        self._schedules = {PRUNE: EVERY_NIGHT, **schedules}
        self._running = threading.Event()

    def start(self) -> None:
        """Bring the schema up to date, take up what an earlier process left, and begin to work."""
        self._store.upgrade()
        self._store.prune(datetime.now(UTC) - KEEP)
        DBOS(config=self._config())

        @DBOS.workflow(name=WORKFLOW)
        def handle(source: str, key: str, payload: dict[str, Any]) -> None:
            self._work(source, key, payload)

        @DBOS.workflow(name=CLOCK)
        def strike(at: datetime, source: str) -> None:
            due = at.astimezone(UTC).isoformat(timespec="seconds")
            self.accept(Envelope(source, f"{source}:{due}", source, {"at": due}))

        self._workflow = handle
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            partition_concurrency=1,
            worker_concurrency=self._pace.workers,
            polling_interval_sec=self._pace.poll,
            on_conflict="always_update",
        )
        for known in DBOS.list_schedules():
            if known["schedule_name"] not in self._schedules:
                DBOS.delete_schedule(known["schedule_name"])
        DBOS.apply_schedules(
            [
                {"schedule_name": name, "workflow_fn": strike, "schedule": cron, "context": name}
                for name, cron in self._schedules.items()
            ]
        )
        self._running.set()

    def stop(self) -> None:
        """Take nothing new up, give work under way some time, and leave the rest to the next process."""
        self._running.clear()
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=self._pace.drain)
        self._store.close()

    def accept(self, envelope: Envelope, *, after: float | None = None) -> None:
        """Write an envelope down for :meth:`start`'s workers; one of a key that is known changes nothing.

        It is worked on ``after`` so many seconds, or a second later (DBOS looks once a second).

        Raises:
            RemoteUnavailable: it could not be written, and must not be acknowledged.
        """
        started = time.perf_counter()
        try:
            with SetWorkflowID(envelope.key), _options(envelope, after):
                DBOS.enqueue_workflow(QUEUE, self._workflow, envelope.source, envelope.key, envelope.payload)
        except (SQLAlchemyError, error.DBOSException) as problem:
            raise RemoteUnavailable("The event could not be written down.", where="database") from problem
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        log.info("accepted", source=envelope.source, key=envelope.key, milliseconds=milliseconds)

    def problems(self) -> Mapping[str, str]:
        """What is not ready: ``database``, ``queue``, and what ``check`` names."""
        found = {}
        if not self._running.is_set():
            found["queue"] = "The workers are not running."
        if not self._store.ready():
            found["database"] = "The database does not answer, or its schema is not the current one."
        return found | dict(self._check())

    def _work(self, source: str, key: str, payload: dict[str, Any]) -> None:
        started = time.perf_counter()
        try:
            self._handle[source](payload, key)
        except LakeportError as problem:
            log.warning("given_up", source=source, key=key, code=problem.code, what=problem.what)
            raise
        finally:
            seconds = round(time.perf_counter() - started, 3)
            log.info("worked", source=source, key=key, seconds=seconds)

    def _prune(self, _payload: dict[str, Any], _key: str) -> None:
        """Forget what was worked on long ago; Slack and GitHub send nothing again that is so old."""
        before = datetime.now(UTC) - KEEP
        self._store.prune(before)
        while DBOS.run_step({"name": "prune"}, lambda: _forget(before)):
            continue

    def _config(self) -> DBOSConfig:
        url = self._store.engine.url
        return {
            "name": "lakeport",
            "system_database_url": url.render_as_string(hide_password=False),
            "application_version": APPLICATION_VERSION,
            "log_level": "WARNING",
            "enable_otlp": False,
            # For messages between workflows, which we do not use; but stopping waits for one round of it.
            "notification_listener_polling_interval_sec": min(1.0, self._pace.poll * 20),
            "max_executor_threads": self._pace.workers + 4,
            "sys_db_pool_size": 20 if make_url(url).get_backend_name() == "sqlite" else 10,
        }


def _options(envelope: Envelope, after: float | None) -> SetEnqueueOptions:
    return SetEnqueueOptions(queue_partition_key=envelope.partition, delay_seconds=after)


def _forget(before: datetime) -> int:
    """Delete some of the workflows that ended before, with all that DBOS keeps of them; how many."""
    ended = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
    found = DBOS.list_workflows(
        status=ended,
        completed_before=before.isoformat(),
        limit=FORGET,
        load_input=False,
        load_output=False,
    )
    if found:
        DBOS.delete_workflows([one.workflow_id for one in found])
    return len(found)
