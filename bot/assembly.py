"""Which part gets which: the desk with everything it joins, built from the settings alone."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from bot import listeners, llm, web
from bot.desk import Desk, DurableSteps, Pace
from bot.known import KnownPolicy
from bot.orders import Clerk
from bot.ports import Extractor, Receipts, Repository, Slack
from bot.progress import Progress
from bot.settings import Settings
from bot.store import Store
from bot.talk import Talk
from gitops import clients, pulls
from gitops.errors import LakeportError
from gitops.kind import Registry
from gitops.pulls import Pull
from gitops.receipts import Receipt
from gitops.receipts import Receipts as Ledger
from handlers import registry


@dataclass(frozen=True)
class Parts:
    """What the desk joins; a test puts its fakes here."""

    store: Store
    slack: listeners.SlackClient
    repository: Repository
    receipts: Receipts
    extractor: Extractor
    registry: Registry


def parts(settings: Settings) -> Parts:
    """The real parts. Nothing is asked of anybody yet.

    Raises:
        ConfigurationError: a credential cannot be used.
    """
    hub = GitHub(settings)
    return Parts(
        store=Store(settings.database),
        slack=listeners.connect(settings),
        repository=hub,
        receipts=hub,
        extractor=extractor(settings),
        registry=registry(),
    )


def assemble(given: Parts, pace: Pace) -> tuple[Desk, web.Inline]:
    """The desk, and what answers Slack in line."""
    steps = DurableSteps(pace)
    policy = KnownPolicy(given.repository)
    clerk = Clerk(given.slack, given.repository, given.store, policy, given.registry, steps)
    talk = Talk(
        slack=given.slack,
        store=given.store,
        policy=policy,
        registry=given.registry,
        extractor=given.extractor,
        clerk=clerk,
        steps=steps,
    )
    progress = Progress(talk, given.store, policy, given.repository, given.receipts)
    handle = {"slack": listeners.build(given.slack, talk), "github": progress.happened}
    desk = Desk(given.store, handle, pace=pace, check=lambda: reachable(given.slack, policy))
    return desk, listeners.inline(talk)


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


def extractor(settings: Settings) -> Extractor:
    """The extractor for these settings: a model where one is set, else the rules."""
    azure = settings.azure_openai_endpoint
    key = settings.azure_openai_api_key if azure else settings.openai_api_key
    if key is None and settings.openai_base_url:
        key = SecretStr("none")  # a server of one's own often wants no key, and the SDK wants one
    return llm.build(
        api_key=key.get_secret_value() if key else None,
        model=settings.model or "",
        base_url=settings.openai_base_url,
        azure_endpoint=azure,
        api_version=settings.azure_openai_api_version,
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

    def _here(self) -> pulls.Repository:
        if not hasattr(self._local, "repository"):
            self._local.repository = pulls.open_repository(self._hub(), self._settings.repository)
        repository: pulls.Repository = self._local.repository
        return repository

    @property
    def default_branch(self) -> str:
        """Its name, such as ``main``."""
        return self._here().default_branch

    def read_file(self, path: str, ref: str) -> bytes | None:
        """A file's bytes at a ref."""
        return self._here().read_file(path, ref)

    def submit(self, *, request_id: str, path: str, raw: bytes, title: str, body: str, message: str) -> Pull:
        """The pull request that brings this file, made or found."""
        return self._here().submit(
            request_id=request_id, path=path, raw=raw, title=title, body=body, message=message
        )

    def pull_for_commit(self, sha: str) -> Pull | None:
        """The merged pull request whose merge commit this is."""
        return self._here().pull_for_commit(sha)

    def close(self, number: int, reason: str = "") -> None:
        """Close a pull request without merging it, saying why; nothing when it is closed already."""
        self._here().close(number, reason)

    def read_all(self) -> tuple[Receipt, ...]:
        """Every receipt, oldest first."""
        if not hasattr(self._local, "receipts"):
            self._local.receipts = Ledger(self._hub(), self._settings.repository)
        receipts: Ledger = self._local.receipts
        return receipts.read_all()
