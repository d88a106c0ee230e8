"""A GitHub for one machine: the part of the REST API in use, over real bare Git repositories.

``GitHub(home)`` serves it on a free loopback port. PyGithub and plain REST clients use it unchanged, by base
URL alone. Whoever prepares the world adds people, teams, apps and repositories with the methods here; what
happens afterwards happens over HTTP, with a token, as on GitHub.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from sandbox.github.app import create_app
from sandbox.github.data import App, Hook, Organisation, Permission, Repository, Team, Visibility
from sandbox.github.device import Devices, client_id
from sandbox.github.git import Signature
from sandbox.github.orgs import private_key
from sandbox.github.seed import seed
from sandbox.github.state import Event, GitHubState
from sandbox.github.webhooks import Webhooks
from sandbox.serving import Serving

__all__ = ["Event", "GitHub", "GitHubState", "create_app"]

EVENTS = (
    "push", "pull_request", "pull_request_review", "pull_request_review_comment", "issue_comment",
    "check_run", "workflow_run",
)  # fmt: skip


class GitHub:
    """The server, and the hand that prepares its world; everything it keeps lies under ``home``."""

    def __init__(self, home: Path, port: int = 0) -> None:
        """Take the port (0: any free one); nothing answers before :meth:`start`."""
        self.state = GitHubState(home)
        app = create_app(self.state)
        self.devices: Devices = app.state.devices
        self._serving = Serving(app, name="github", port=port)
        self.state.url = self._serving.url
        self.webhooks = Webhooks(self.state)
        self.state.listeners.append(self.webhooks)
        self._runner: Callable[[Event], None] | None = None

    @property
    def url(self) -> str:
        """Base address of the API; pages for people stand below it as well."""
        return self.state.url

    def start(self) -> None:
        """Return when it answers."""
        self._serving.start()

    def stop(self) -> None:
        """Stop the runner, the webhooks and the server, in this order, and write everything down."""
        stop = getattr(self._runner, "stop", None)
        if stop is not None:
            stop()
        self.webhooks.stop()
        self._serving.stop()
        self.state.save()

    # -- preparing the world ------------------------------------------------------------------------

    def add_organisation(self, login: str, name: str = "") -> None:
        """Make an organisation."""
        with self.state.lock:
            self.state.add_account(login, "Organization", name=name or login)
            self.state.data.organisations.setdefault(login.lower(), Organisation(login))
            self.state.save()

    def add_user(
        self, login: str, name: str, email: str, *, role: Literal["admin", "member"] = "member"
    ) -> str:
        """Make a person, in every organisation there is, and return their token; ``admin``: an owner."""
        with self.state.lock:
            self.state.add_account(login, "User", name=name, email=email)
            for organisation in self.state.data.organisations.values():
                organisation.members.setdefault(login.lower(), role)
            return self._token(login, "ghp")

    def _token(self, login: str, prefix: str, **more: Any) -> str:
        """The token of an account that has one already, or a fresh one."""
        known = self.state.data.tokens.values()
        found = next((t for t in known if t.login == login and not t.run_id), None)
        token = found or self.state.issue_token(login, prefix, **more)
        self.state.save()
        return token.value

    def add_team(self, org: str, slug: str, members: Sequence[str], *, name: str = "") -> None:
        """Make a team, or set who is in it."""
        with self.state.lock:
            key = f"{org}/{slug}".lower()
            team = self.state.data.teams.get(key) or Team(self.state.new_id(), org, slug, name or slug)
            team.members = [login.lower() for login in members]
            self.state.data.teams[key] = team
            self.state.save()

    def grant(
        self, org: str, repository: str, permission: Permission, *, team: str = "", user: str = ""
    ) -> None:
        """Give a team or a person a permission (pull, triage, push, maintain, admin) on a repository."""
        with self.state.lock:
            found = self._repository(org, repository)
            if team:
                self.state.data.teams[f"{org}/{team}".lower()].repositories[found.full_name.lower()] = (
                    permission
                )
            if user:
                found.collaborators[user.lower()] = permission
            self.state.save()

    def add_app(self, slug: str, *, permissions: Mapping[str, str] | None = None, org: str = "") -> str:
        """Make a GitHub App installed everywhere, with every permission or those given; returns a token."""
        with self.state.lock:
            owner = org or next((each.login for each in self.state.data.organisations.values()), "github")
            granted = dict(permissions) if permissions is not None else None
            app = self.state.add_app(slug, owner, granted)
            return self._token(app.login, "ghs", app=app.slug, permissions=app.permissions)

    def app_credentials(self, slug: str) -> dict[str, str]:
        """``{"app_id", "installation_id", "private_key"}`` for signing in as an app, not by token."""
        with self.state.lock:
            app: App = self.state.data.apps[slug]
            found = {"app_id": str(app.id), "installation_id": str(app.id), "private_key": private_key(app)}
            self.state.save()
            return found

    def client_id(self, slug: str) -> str:
        """The client id of an app, with which it asks people who they are."""
        with self.state.lock:
            return client_id(self.state.data.apps[slug])

    def define_custom_property(self, org: str, name: str, *, allowed_values: Sequence[str] = ()) -> None:
        """Let repositories of an organisation carry a property of text, or of one of the values given."""
        with self.state.lock:
            kind = "single_select" if allowed_values else "string"
            about: dict[str, Any] = {"property_name": name, "value_type": kind, "required": False}
            about |= {"default_value": None, "description": None, "values_editable_by": "org_actors"}
            about["allowed_values"] = list(allowed_values) or None
            about["url"] = f"{self.url}/orgs/{org}/properties/schema/{name}"
            about["source_type"] = "organization"
            self.state.data.organisations[org.lower()].properties[name] = about
            self.state.save()

    def create_repository(
        self,
        org: str,
        name: str,
        files: Path | Mapping[str, bytes | str] | None = None,
        required_checks: Sequence[str] = (),
        *,
        visibility: Visibility = "internal",
        default_branch: str = "main",
    ) -> str:
        """Make a repository whose default branch holds ``files`` (a folder or path → content).

        ``required_checks`` are the names a pull request needs at success before it can be merged. Returns
        the first commit. No event is told and no workflow started.
        """
        with self.state.lock:
            found = self.state.repository(f"{org}/{name}")
            if found is None:
                found = self.state.add_repository(org, name, visibility=visibility, branch=default_branch)
            found.required_checks = list(required_checks)
            git = self.state.git(found)
            owner = self.state.account(org)
            by = Signature(owner.name if owner else org, f"{org}@users.noreply.github.com", found.created_at)
            sha = seed(git, default_branch, files if files is not None else {"README.md": f"# {name}\n"}, by)
            self.state.save()
            return sha

    def add_webhook(self, url: str, secret: str, events: Sequence[str] = EVENTS) -> int:
        """Deliver events (``*``: all) of every repository to an address, signed with ``secret``."""
        with self.state.lock:
            hook = Hook(self.state.new_id(), url, secret, list(events))
            self.state.data.hooks.append(hook)
            self.webhooks.watch(hook)
            self.state.save()
            return hook.id

    def set_runner(self, runner: Callable[[Event], None]) -> None:
        """Tell ``runner`` of every event (see :class:`sandbox.actions.Actions`); it must not block."""
        if self._runner is not None:
            self.state.listeners.remove(self._runner)
        self._runner = runner
        self.state.listeners.append(runner)

    def _repository(self, org: str, name: str) -> Repository:
        found = self.state.repository(f"{org}/{name}")
        if found is None:
            raise KeyError(f"{org}/{name}")
        return found
