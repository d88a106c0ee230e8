"""The whole rehearsal world on one machine: GitHub with its runner, Databricks, Slack and the bot; starts
and stops it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import httpx

from gitops.errors import ConfigurationError, UsageError
from gitops.policy import POLICY_FILE, Policy, load_policy
from gitops.policyfile import Person
from sandbox.actions import Actions
from sandbox.children import Child
from sandbox.databricks.rehearsal import Databricks, Member
from sandbox.github.rehearsal import GitHub
from sandbox.project import PROJECT, snapshot
from sandbox.serving import HOST
from sandbox.slack.rehearsal import Slack
from sandbox.workspace.beside import Workspace
from sandbox.workspace.lake import Lake

REPOSITORY = "lakeport"
CHANNELS = ("data-platform", "random")
REQUIRED_CHECKS = ("lakeport/plan", "lakeport/gate")
PROPERTY = "lakeport-request"
APP, READER = "lakeport", "lakeport-reader"
READS = {"metadata": "read", "contents": "read", "administration": "read", "members": "read"}
"""What the app may do that draws plans: look, and nothing else."""
ADMIN = "acme-admin"
NEWCOMER = Person(
    name="Mika Sol", email="mika.sol@acme.example", slack="U0MIKASOL", github="mika-sol", team="growth"
)
"""Somebody whom the directory of the policy does not know yet, and who can link the two accounts."""
BOT_SECONDS = 60.0
LOCK = "locks/runtime.txt"
MODEL = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "LAKEPORT_MODEL", "LAKEPORT_MODELS")
"""Handed to the bot when ``OPENAI_BASE_URL`` is set; without it the bot works by its rules."""


@dataclass(frozen=True)
class Address:
    """Where a part is, for the person at the terminal."""

    name: str
    url: str
    note: str = ""


class World:
    """Use it as a context manager: everything runs inside, and nothing is left running afterwards.

    ``home`` is the one folder all data goes into (absent or empty when it starts). ``tokens`` are the
    GitHub tokens of the people by login, ``admin_token`` that of an owner of the organisation. Secrets are
    made for this run.
    """

    def __init__(self, home: Path, *, project: Path = PROJECT, with_bot: bool = True) -> None:
        self.home = home.absolute()
        self.project = project
        self.logs = self.home / "logs"
        self.policy = _policy(project)
        self.organisation = self.policy.organisation
        self.repository = f"{self.organisation}/{REPOSITORY}"
        self.tokens: dict[str, str] = {}
        self.admin_token = ""
        self.bot_url = ""
        self._with_bot = with_bot
        self._bot: Child | None = None
        self._stop = contextlib.ExitStack()

    # ---- life ----------------------------------------------------------------------------------------------

    def __enter__(self) -> World:
        if self.home.exists() and any(self.home.iterdir()):
            raise UsageError(
                f"{self.home} is not empty.",
                why="A rehearsal starts from nothing, so nothing of an earlier one is taken for its own.",
                fix="Give another folder, or remove this one.",
            )
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop everything, last started first; a second Ctrl-C does not keep it from finishing."""
        with _undisturbed():
            self._stop.close()

    def check(self) -> None:
        """Raise :class:`sandbox.children.ChildError` when a part has ended on its own."""
        self.databricks.check()
        if self._bot is not None:
            self._bot.check()

    def _start(self) -> None:
        self.databricks = Databricks(self.home / "databricks", log=self.logs / "databricks.log")
        self.github = GitHub(self.home / "github")
        self.slack = Slack()
        with ThreadPoolExecutor(1) as pool:
            # minilake takes a second to start; the others are filled in meanwhile.
            starting = pool.submit(self._start_databricks)
            try:
                self._start_github()
                self._start_slack()
            finally:
                starting.exception()
            starting.result()
        self._start_runner()
        self._open_workspace()
        if self._with_bot:
            self._start_bot()

    # ---- the parts -----------------------------------------------------------------------------------------

    def _start_databricks(self) -> None:
        self._stop.callback(self.databricks.stop)
        self.databricks.start()
        teams = self.policy.teams
        self.databricks.seed(
            catalogs=[one for names in self.policy.catalogs.values() for one in names],
            groups=[team.databricks_group for team in teams.values()],
            members=[
                Member(one.email, one.name, [teams[one.team].databricks_group]) for one in self.policy.people
            ],
        )

    def _start_github(self) -> None:
        self._stop.callback(self.github.stop)
        self.github.start()
        org = self.organisation
        self.github.add_organisation(org, org.title())
        self.admin_token = self.github.add_user(ADMIN, "Acme Admin", f"{ADMIN}@acme.example", role="admin")
        for person in (*self.policy.people, NEWCOMER):
            self.tokens[person.github] = self.github.add_user(person.github, person.name, person.email)
        self.github.define_custom_property(org, PROPERTY)
        self.github.create_repository(
            org, REPOSITORY, snapshot(self.project), required_checks=REQUIRED_CHECKS
        )
        for name, team in self.policy.teams.items():
            inside = [person.github for person in self.policy.people if person.team == name]
            self.github.add_team(org, team.github_team, inside)
            self.github.grant(org, REPOSITORY, "push", team=team.github_team)
        self.github.add_app(APP)
        self.github.add_app(READER, permissions=READS)

    def _start_runner(self) -> None:
        self.actions = Actions(
            self.github.state,
            self.home / "runner",
            environments={
                "lakeport-plan": self._secrets(READER, self.databricks.read_token),
                "lakeport-apply": self._secrets(APP, self.databricks.token),
                "lakeport-expire": self._secrets(APP, ""),
            },
            variables={
                "LAKEPORT_GITHUB_API_URL": self.github.url,
                "DATABRICKS_HOST": self.databricks.url,
                "DATABRICKS_AUTH_TYPE": "pat",
            },
            env={"LAKEPORT_PYTHON": sys.executable},
            tool_cache=self._tool_cache(),
        )
        self.github.set_runner(self.actions)

    def _secrets(self, app: str, databricks_token: str) -> dict[str, str]:
        """What a job may know that works as this app."""
        credentials = self.github.app_credentials(app)
        return {
            "LAKEPORT_APP_ID": credentials["app_id"],
            "LAKEPORT_APP_PRIVATE_KEY": credentials["private_key"],
            "DATABRICKS_TOKEN": databricks_token,
        }

    def _start_slack(self) -> None:
        self._stop.callback(self.slack.stop)
        self.slack.start()
        for person in (*self.policy.people, NEWCOMER):
            self.slack.add_person(person.slack, person.github, person.name, person.email)
        for name in CHANNELS:
            self.slack.add_channel(name, with_bot=name == CHANNELS[0])

    def _open_workspace(self) -> None:
        """Show GitHub and Databricks beside the conversation, on the page of Slack."""
        databricks = self.databricks
        lake = Lake(databricks.url, databricks.read_token, lambda: len(databricks.writes))
        self._stop.callback(lake.close)
        self.slack.page.put_beside(Workspace(self.github.state, self.repository, lake, self.policy))

    def _start_bot(self) -> None:
        port, secret = _free_port(), secrets.token_hex(20)
        self.bot_url = f"http://{HOST}:{port}"
        folder = self.home / "bot"
        folder.mkdir()
        self._bot = Child(
            "bot",
            [sys.executable, "-m", "bot"],
            env=self._bot_environment(port, secret, folder),
            cwd=folder,
            log=self.logs / "bot.log",
        )
        self._stop.callback(self._bot.stop)
        self._bot.wait_until(self._bot_ready, BOT_SECONDS)
        self.slack.connect(self.bot_url)
        self.github.add_webhook(f"{self.bot_url}/github/webhooks", secret)

    def _bot_environment(self, port: int, webhook_secret: str, folder: Path) -> dict[str, str]:
        app = self.github.app_credentials(APP)
        model = {name: os.environ[name] for name in MODEL if os.environ.get(name)}
        return {
            "PYTHONPATH": str(self.project),
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_SIGNING_SECRET": self.slack.signing_secret,
            "SLACK_API_URL": self.slack.api_url,
            "LAKEPORT_APP_ID": app["app_id"],
            "LAKEPORT_APP_PRIVATE_KEY": app["private_key"],
            "GITHUB_API_URL": self.github.url,
            "GITHUB_SERVER_URL": self.github.url,
            "GITHUB_OAUTH_CLIENT_ID": self.github.client_id(APP),
            "GITHUB_WEBHOOK_SECRET": webhook_secret,
            "LAKEPORT_REPOSITORY": self.repository,
            "LAKEPORT_HOME": str(folder),
            "LAKEPORT_HOST": HOST,
            "LAKEPORT_PORT": str(port),
            **(model if "OPENAI_BASE_URL" in model else {}),
        }

    def _bot_ready(self) -> bool:
        try:
            return httpx.get(f"{self.bot_url}/readyz", timeout=2.0, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def _tool_cache(self) -> Path:
        """Where the workflows look for the environment of :data:`LOCK`: a link to the one this runs in."""
        digest = hashlib.sha256((self.project / LOCK).read_bytes()).hexdigest()[:16]
        cache = self.home / "tool-cache"
        (cache / "lakeport").mkdir(parents=True)
        (cache / "lakeport" / digest).symlink_to(sys.prefix, target_is_directory=True)
        return cache

    # ---- what can be seen ----------------------------------------------------------------------------------

    def addresses(self) -> list[Address]:
        """Every part with its address."""
        found = [
            Address("Slack", self.slack.url, "the workspace; its page has GitHub and Databricks beside it"),
            Address(
                "GitHub", f"{self.github.url}/{self.repository}", "pull requests, reviews, workflow runs"
            ),
            Address("Databricks", self.databricks.url, "the API; the databricks-sdk works against it"),
        ]
        if self.bot_url:
            found.append(Address("Bot", f"{self.bot_url}/readyz", "whether the bot is ready"))
        return found


def _policy(project: Path) -> Policy:
    try:
        raw = (project / POLICY_FILE).read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{project} holds no {POLICY_FILE}.",
            why="The sandbox rehearses a checkout of the project: its policy, its workflows, its code.",
            fix="Start it from a checkout of the project.",
        ) from error
    return load_policy(raw, POLICY_FILE)


def _free_port() -> int:
    # The bot opens its port itself, so between this and its start the port could be lost; it would say so.
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {one: signal.signal(one, signal.SIG_IGN) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in former.items():
            signal.signal(one, handler)
