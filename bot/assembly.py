"""Which part gets which: the desk with everything it joins, built from the settings alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import SecretStr

from bot import device, linking, listeners, model, patrol, reminders, slackclient, web
from bot.desk import Desk, DurableSteps, Pace
from bot.front import Front
from bot.known import KnownPolicy
from bot.links import Links
from bot.lookups import Lookups
from bot.openings import Openings
from bot.orders import Clerk
from bot.overview import Overview
from bot.ports import Extractor, Receipts, Recent, Repository, Slack
from bot.progress import Progress
from bot.reminders import Nudges, Reminders, Rhythm
from bot.requests import Requests
from bot.settings import Settings
from bot.slackclient import SlackClient
from bot.store import Store
from bot.talk import Talk
from bot.usage import Usage
from gitops import clients, pulls, recent
from gitops.confirmation import Confirmed
from gitops.errors import LakeportError
from gitops.gate import Verdict
from gitops.gating import judge_pull
from gitops.kind import Registry
from gitops.policy import Policy
from gitops.pulls import Pull
from gitops.receipts import Receipt
from gitops.receipts import Receipts as Ledger
from gitops.submission import Submission
from handlers import registry


@dataclass(frozen=True)
class Watch:
    """How the bot looks at GitHub by itself: every so many ``minutes`` (0: never), and when it reminds."""

    recent: Recent
    repository: str
    minutes: int
    rhythm: Rhythm
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def schedules(self) -> Mapping[str, str]:
        """When what is due, in the notation of cron (UTC)."""
        looks = {patrol.SOURCE: f"*/{self.minutes} * * * *"} if self.minutes else {}
        reminds = {reminders.SOURCE: "*/10 * * * *"} if self.minutes and self.rhythm.first else {}
        return looks | reminds


@dataclass(frozen=True)
class Parts:
    """What the desk joins; a test puts its fakes here."""

    store: Store
    slack: SlackClient
    repository: Repository
    receipts: Receipts
    extractor: Extractor
    registry: Registry
    flow: linking.Flow | None = None
    watch: Watch | None = None


def parts(settings: Settings) -> Parts:
    """The real parts. Nothing is asked of anybody yet.

    Raises:
        ConfigurationError: a credential cannot be used.
    """
    hub, store = GitHub(settings), Store(settings.database)
    return Parts(
        store=store,
        slack=slackclient.connect(settings),
        repository=hub,
        receipts=hub,
        watch=Watch(hub.recent(), settings.repository, settings.patrol_minutes, rhythm(settings)),
        extractor=extractor(settings, store.engine),
        registry=registry(),
        flow=device.of_settings(settings),
    )


def assemble(given: Parts, pace: Pace) -> tuple[Desk, web.Inline]:
    """The desk, and what answers Slack in line."""
    steps = DurableSteps(pace)
    policy = KnownPolicy(given.repository)
    requests = Requests(given.repository, given.registry)
    clerk = Clerk(given.slack, given.repository, given.store, policy, given.registry, steps)
    links = Links(given.store.engine)
    linker = linking.Linking(
        flow=given.flow,
        links=links,
        policy=policy,
        slack=given.slack,
        steps=steps,
        later=lambda envelope, seconds: desk.accept(envelope, after=seconds),
    )
    talk = Talk(
        slack=given.slack,
        store=given.store,
        policy=policy,
        registry=given.registry,
        extractor=given.extractor,
        clerk=clerk,
        steps=steps,
        linking=linker,
        lookups=Lookups(requests, given.store),
    )
    progress = Progress(talk, given.store, policy, given.repository, given.receipts)
    handle = {
        "slack": listeners.build(given.slack, _front(given, talk)),
        "github": progress.happened,
        linking.SOURCE: linker.asked,
    }
    schedules: Mapping[str, str] = {}
    if given.watch is not None:
        watch, schedules = given.watch, given.watch.schedules()
        looks = patrol.Patrol(
            given.store,
            watch.recent,
            lambda envelope: desk.accept(envelope),
            steps,
            watch.repository,
            watch.clock,
        )
        nudges = Nudges(given.store.engine)
        reminds = Reminders(
            given.store, nudges, given.repository, watch.recent, clerk, steps, watch.rhythm, watch.clock
        )
        handle |= {patrol.SOURCE: looks.look, reminders.SOURCE: reminds.remind}
    desk = Desk(
        given.store, handle, pace=pace, check=lambda: reachable(given.slack, policy), schedules=schedules
    )
    return desk, listeners.inline(talk)


def _front(given: Parts, talk: Talk) -> Front:
    """What the listeners hand things to."""
    openings = Openings(
        desk=talk,
        slack=given.slack,
        store=given.store,
        lookups=talk.lookups,
        repository=given.repository,
        registry=given.registry,
        steps=talk.steps,
        world=talk.world,
    )
    overview = Overview(
        slack=given.slack,
        store=given.store,
        requests=talk.lookups.requests,
        policy=talk.policy,
        receipts=given.receipts,
        steps=talk.steps,
        tell=talk.tell,
    )
    return Front(talk, openings, overview, talk.linking.commanded)


def reachable(slack: Slack, policy: KnownPolicy) -> Mapping[str, str]:
    """What of the outside is not ready: ``slack`` when our token is not taken, ``policy`` when there is none.

    A policy that could be read once is enough: a talk goes on while GitHub is away.
    """
    found = {}
    for name, ask in (("slack", slack.identity), ("policy", lambda: policy.last() or policy.get())):
        try:
            ask()
        except LakeportError as error:
            found[name] = error.what
    return found


def rhythm(settings: Settings) -> Rhythm:
    """When approvers are reminded."""
    first = timedelta(hours=settings.remind_after_hours)
    return Rhythm(first, settings.reminders, ZoneInfo(settings.timezone))


def extractor(settings: Settings, engine: sa.Engine | None = None) -> model.Extractor:
    """The extractor for these settings: the models where some are set, then the rules.

    ``engine`` is of the database in which a person's tokens are counted.
    """
    azure = settings.azure_openai_endpoint
    key = settings.azure_openai_api_key if azure else settings.openai_api_key
    if key is None and settings.openai_base_url:
        key = SecretStr("none")  # a server of one's own often wants no key, and the SDK wants one
    if key is None or not settings.models:
        return model.Extractor()
    models = model.connect(
        api_key=key.get_secret_value(),
        models=settings.models,
        base_url=settings.openai_base_url,
        azure_endpoint=azure,
        api_version=settings.azure_openai_api_version,
    )
    return model.Extractor(
        models,
        registry=registry(),
        usage=Usage(engine) if engine is not None else None,
        budget=settings.tokens_per_person_and_day,
    )


class GitHub:
    """The requests repository and its receipts; each thread has a client of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._local = threading.local()

    def _hub(self) -> Any:
        if not hasattr(self._local, "hub"):
            self._local.hub = clients.repository_github(self._settings.github_environment())
        return self._local.hub

    @cached_property
    def _login(self) -> str | None:
        return clients.app_login(self._settings.github_environment())

    def _here(self) -> pulls.Repository:
        if not hasattr(self._local, "repository"):
            self._local.repository = pulls.open_repository(
                self._hub(), self._settings.repository, login=self._login
            )
        repository: pulls.Repository = self._local.repository
        return repository

    @property
    def default_branch(self) -> str:
        """Its name, such as ``main``."""
        return self._here().default_branch

    def read_file(self, path: str, ref: str) -> bytes | None:
        """A file's bytes at a ref."""
        return self._here().read_file(path, ref)

    def request_files(self) -> Mapping[str, str]:
        """The request files on the default branch: path → the id of what is in it."""
        return self._here().request_files()

    def open_pull(self, request_id: str) -> Pull | None:
        """The open pull request of a request."""
        return self._here().open_pull(request_id)

    def pull(self, number: int) -> Pull:
        """The pull request with this number."""
        return self._here().pull(number)

    def submit(self, submission: Submission) -> Pull:
        """The pull request that brings this file, made or found; its commit has our word who confirmed it."""
        return self._here().submit(submission)

    def confirmed(self, pull: Pull, app: str) -> Confirmed:
        """What was confirmed last on a pull request, as our app said it."""
        return self._here().confirmed(pull, app)

    def confirm(self, pull: Pull, file_digest: str, by: str, *, app: str, wanted: bool = True) -> None:
        """Say on the head of a pull request whether its file is what the person wants."""
        self._here().confirm(pull, file_digest, by, app=app, wanted=wanted)

    def pull_for_commit(self, sha: str) -> Pull | None:
        """The merged pull request whose merge commit this is."""
        return self._here().pull_for_commit(sha)

    def close(self, number: int, reason: str = "") -> None:
        """Close a pull request without merging it, saying why; nothing when it is closed already."""
        self._here().close(number, reason)

    def upsert_comment(self, number: int, marker: str, body: str) -> None:
        """Write the one comment with this marker, or make it say this."""
        self._here().upsert_comment(number, marker, body)

    def judged(self, number: int, sha: str, registry: Registry, policy: Policy) -> Verdict | None:
        """What the gate says to a pull request; ``None`` when it is not open at this commit any more."""
        pull = self._here().pull(number)
        if pull.state != "open" or pull.head_sha != sha:
            return None
        return judge_pull(self._here(), pull, registry=registry, rules=policy)

    def recent(self) -> recent.Recent:
        """What stands and was lately said; one for all threads, since it remembers."""
        return recent.Recent(
            lambda *given, **named: self._hub().requester.requestJsonAndCheck(*given, **named),
            self._settings.repository,
        )

    def read_all(self) -> tuple[Receipt, ...]:
        """Every receipt, oldest first."""
        if not hasattr(self._local, "receipts"):
            self._local.receipts = Ledger(self._hub(), self._settings.repository)
        receipts: Ledger = self._local.receipts
        return receipts.read_all()
