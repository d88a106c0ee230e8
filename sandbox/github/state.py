"""What the rehearsal GitHub remembers, found by its natural key, and whom it tells when something happens.

Everything lives in the records of :mod:`sandbox.github.data`, is guarded by one lock, and is written to
``<home>/github.json`` after each change; Git objects live in bare repositories under ``<home>/git``
(:mod:`sandbox.github.git`).
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from sandbox.github.data import PERMISSIONS, Account, App, Data, Permission, Repository, Token, Visibility
from sandbox.github.git import Bare

DATA = TypeAdapter(Data)


@dataclass(frozen=True)
class Event:
    """Something happened: what webhooks are told, and what may start workflows.

    ``name`` is GitHub's (``push``, ``pull_request`` …). ``sha`` and full ``ref`` are what a workflow would
    run on, empty where nothing can run; ``head_sha`` and ``head_branch`` are what the run is listed under.
    ``quiet``: a workflow's own token caused it. ``workflow``: only this file (``workflow_dispatch``).
    """

    name: str
    repository: str
    payload: Mapping[str, Any]
    actor: str
    sha: str = ""
    ref: str = ""
    head_sha: str = ""
    head_branch: str = ""
    quiet: bool = False
    workflow: str = ""


class GitHubState:
    """The whole rehearsal GitHub under one folder; every reader and writer holds :attr:`lock`."""

    def __init__(self, home: Path, url: str = "http://127.0.0.1") -> None:
        """``url`` is the address of the API, which is also that of the pages for people."""
        self.home = home
        self.url = url
        self.lock = threading.RLock()
        self.unknown_calls: list[tuple[str, str]] = []
        self.writes: list[tuple[str, str]] = []
        self.listeners: list[Callable[[Event], None]] = []
        self._file = home / "github.json"
        home.mkdir(parents=True, exist_ok=True)
        self.data = DATA.validate_json(self._file.read_bytes()) if self._file.exists() else Data()

    def save(self) -> None:
        """Write everything down; a crash leaves the former file whole."""
        with self.lock:
            raw = DATA.dump_json(self.data)
            fresh = self._file.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_bytes(raw)
            fresh.replace(self._file)

    def new_id(self) -> int:
        """A number nothing else has."""
        with self.lock:
            self.data.next_id += 1
            return self.data.next_id

    def account(self, login: str) -> Account | None:
        """The account of that login, in any case."""
        return self.data.accounts.get(login.lower())

    def account_of_email(self, email: str) -> Account | None:
        """Whose commits carry that address."""
        return next((a for a in self.data.accounts.values() if email and self.email(a) == email), None)

    def email(self, account: Account) -> str:
        """The address an account's commits carry."""
        return account.email or f"{account.id}+{account.login}@users.noreply.github.com"

    def add_account(self, login: str, kind: Literal["User", "Organization", "Bot"], **more: str) -> Account:
        """Make an account, or find the one of that login."""
        found = self.account(login)
        if found is None:
            found = Account(id=self.new_id(), login=login, type=kind, **more)
            self.data.accounts[login.lower()] = found
        return found

    def add_app(self, slug: str, organisation: str, permissions: dict[str, str] | None = None) -> App:
        """Make an app and the account its work is done by, or find the one of that slug."""
        found = self.data.apps.get(slug)
        if found is None:
            found = App(self.new_id(), slug, organisation, permissions)
            self.data.apps[slug] = found
            self.add_account(found.login, "Bot", name=found.login)
        return found

    def issue_token(self, login: str, prefix: str, **more: Any) -> Token:
        """A fresh token; ``more`` narrows it (see :class:`Token`)."""
        token = Token(value=f"{prefix}_{secrets.token_hex(18)}", login=login, **more)
        self.data.tokens[token.value] = token
        return token

    def repository(self, full_name: str) -> Repository | None:
        """The repository ``owner/name``, in any case."""
        return self.data.repositories.get(full_name.lower())

    def add_repository(
        self, owner: str, name: str, *, visibility: Visibility = "private", branch: str = "main"
    ) -> Repository:
        """Make an empty repository, with Git data and all."""
        made = Repository(self.new_id(), owner, name, visibility, default_branch=branch)
        self.git(made).create(branch)
        self.data.repositories[made.full_name.lower()] = made
        return made

    def git(self, repository: Repository) -> Bare:
        """Its Git data."""
        return Bare(self.home / "git" / repository.owner / f"{repository.name}.git")

    def log_file(self, run_id: int) -> Path:
        """Where the log of a workflow run is kept."""
        return self.home / "logs" / f"{run_id}.txt"

    def role(self, organisation: str, login: str) -> str | None:
        """``admin`` | ``member`` | None."""
        found = self.data.organisations.get(organisation.lower())
        return found.members.get(login.lower()) if found else None

    def permission(self, repository: Repository, login: str) -> Permission:
        """The most a person may do there: as owner, collaborator, by team, or because anybody may read."""
        role = self.role(repository.owner, login)
        if role == "admin":
            return "admin"
        held: list[Permission] = ["none", repository.collaborators.get(login.lower(), "none")]
        if repository.visibility == "public" or (role and repository.visibility == "internal"):
            held.append("pull")
        for team in self.data.teams.values():
            if login.lower() in team.members:
                held.append(team.repositories.get(repository.full_name.lower(), "none"))
        return max(held, key=PERMISSIONS.index)

    def emit(self, event: Event) -> None:
        """Tell the webhooks and the runner; each takes it away to its own thread."""
        for listener in self.listeners:
            listener(event)
