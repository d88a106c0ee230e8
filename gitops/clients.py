"""How we sign in to GitHub and Databricks, and how patient we are with them.

The only place that builds a ``Github`` or a ``WorkspaceClient``. Both SDKs are slow to import, so they are
imported when a client is built and not before.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gitops import request_ids
from gitops.errors import ConfigurationError
from gitops.remote import plain, translate

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from github import Github
    from github.Auth import AppAuth, Auth

__all__ = [
    "api_url",
    "app_login",
    "databricks",
    "organisation_github",
    "owner_of_token",
    "repository_github",
    "translate",
]

GITHUB_API_URL = "https://api.github.com"
USER_AGENT = "lakeport"
TIMEOUT = 15
"""Seconds until an answer of GitHub must have begun."""

TRIES = 3
"""How often a request to GitHub is sent again after a reset, a 5xx or a rate limit."""

LONGEST_WAIT = 60
"""Seconds that one pause asked for by GitHub may last; a longer one is a failure, never a sleep."""

# WorkspaceClient reads ``retry_timeout_seconds or 300``, so 0 would mean five minutes.
DATABRICKS_RETRY = 60
DATABRICKS_PROBE = 10
DATABRICKS_TIMEOUT = 30
DATABRICKS_REQUEST_ID = "x-request-id"
_DESCRIBED = threading.Lock()
"""The SDK notes on its class what can be configured, which fails where two threads are the first to ask."""


def repository_github(env: Mapping[str, str]) -> Github:
    """GitHub as the requests repository is worked on: ``GITHUB_TOKEN``, else the app of ``LAKEPORT_APP_ID``.

    Raises:
        ConfigurationError: neither is set, or what is set cannot be used.
        RemoteError: the installation of the app could not be looked up.
    """
    if env.get("GITHUB_TOKEN"):
        return _token(env, "GITHUB_TOKEN")
    if env.get("LAKEPORT_APP_ID") or env.get("LAKEPORT_APP_PRIVATE_KEY"):
        return _app(env)
    raise ConfigurationError(
        "GITHUB_TOKEN is not set.",
        why="It is the credential for the repository that holds the requests.",
        fix="Set GITHUB_TOKEN, or LAKEPORT_APP_ID and LAKEPORT_APP_PRIVATE_KEY of a GitHub app.",
    )


def organisation_github(env: Mapping[str, str]) -> Github:
    """GitHub as repositories are made in the organisation: as an app, else with ``LAKEPORT_GITHUB_TOKEN``.

    Raises:
        ConfigurationError: neither is set, or what is set cannot be used.
        RemoteError: the installation of the app could not be looked up.
    """
    if env.get("LAKEPORT_APP_ID") or env.get("LAKEPORT_APP_PRIVATE_KEY"):
        return _app(env)
    if env.get("LAKEPORT_GITHUB_TOKEN"):
        return _token(env, "LAKEPORT_GITHUB_TOKEN")
    raise ConfigurationError(
        "LAKEPORT_APP_ID is not set.",
        why="Repositories of the organisation are made with the credential of a GitHub app.",
        fix="Set LAKEPORT_APP_ID and LAKEPORT_APP_PRIVATE_KEY, or LAKEPORT_GITHUB_TOKEN.",
    )


def owner_of_token(env: Mapping[str, str], token: str) -> tuple[str, int]:
    """The login and the id of the account that a token belongs to; the token is not kept.

    Raises:
        ConfigurationError: it is no token.
        RemoteError: GitHub does not take it, or did not answer.
    """
    hub = _token({**env, "TOKEN": token}, "TOKEN")
    try:
        with translate("GitHub"):
            account = hub.get_user()
            return account.login, account.id
    finally:
        hub.close()


def app_login(env: Mapping[str, str]) -> str | None:
    """The login of the app that :func:`repository_github` signs in as, ``None`` where it has a token.

    The token of an installation may not ask who it is; the app itself may.

    Raises:
        ConfigurationError: what is set cannot be used.
        RemoteError: GitHub does not know the app, or did not answer.
    """
    if env.get("GITHUB_TOKEN") or not env.get("LAKEPORT_APP_ID"):
        return None
    from github import GithubIntegration
    from github.Auth import AppAuth

    with translate("GitHub"):
        found = GithubIntegration(auth=AppAuth(_app_id(env), _private_key(env)), **_manners(env)).get_app()
        return f"{found.slug}[bot]"


def databricks(env: Mapping[str, str]) -> WorkspaceClient:
    """The workspace of ``DATABRICKS_HOST``, signed in the SDK's own way (``DATABRICKS_AUTH_TYPE`` …).

    Raises:
        ConfigurationError: there is no host, or the SDK cannot sign in with what is set.
    """
    if not env.get("DATABRICKS_HOST"):
        raise ConfigurationError(
            "DATABRICKS_HOST is not set.",
            why="It is the address of the workspace.",
            fix="Set DATABRICKS_HOST, and DATABRICKS_AUTH_TYPE with what that way of signing in needs.",
        )
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.core import Config

    with _DESCRIBED:
        attributes = list(Config.attributes())
    given: dict[str, Any] = {
        attribute.name: env[attribute.env]
        for attribute in attributes
        if attribute.env and env.get(attribute.env)
    }
    patience = int(given.pop("retry_timeout_seconds", DATABRICKS_RETRY))
    given.setdefault("http_timeout_seconds", str(DATABRICKS_TIMEOUT))
    # What the SDK warns about ends in an error of ours, in words.
    import logging

    logging.getLogger("databricks.sdk").addHandler(logging.NullHandler())
    try:
        # Config asks the host about itself and goes on without an answer: not for a minute.
        config = Config(
            product=USER_AGENT,
            product_version="0",
            retry_timeout_seconds=min(patience, DATABRICKS_PROBE),
            **given,
        )
        config.retry_timeout_seconds = patience
        return _noting(WorkspaceClient(config=config))
    except ValueError as error:
        raise ConfigurationError(
            "Databricks does not take the credentials that are set.",
            why=plain(error),
            fix="Check DATABRICKS_HOST, DATABRICKS_AUTH_TYPE and the variables of that way of signing in.",
        ) from None


def _noting(client: WorkspaceClient) -> WorkspaceClient:
    """The client, with the ids of its requests noted; the SDK itself shows them in no answer."""
    # There is no public way to the session; every answer passes it, those that are tried again as well.
    hooks = client.api_client._api_client._session.hooks
    hooks["response"].append(_note)
    return client


def _note(answer: Any, *rest: Any, **named: Any) -> None:
    """Hears of each answer, as a hook of the session does."""
    request_ids.note(answer.request.method or "", answer.headers.get(DATABRICKS_REQUEST_ID))


def api_url(env: Mapping[str, str]) -> str:
    """The address of GitHub's REST API: ``LAKEPORT_GITHUB_API_URL``, ``GITHUB_API_URL``, else github.com's.

    The first exists because a workflow cannot overwrite a ``GITHUB_…`` variable of its runner.
    """
    return (env.get("LAKEPORT_GITHUB_API_URL") or env.get("GITHUB_API_URL") or GITHUB_API_URL).rstrip("/")


def _token(env: Mapping[str, str], name: str) -> Github:
    from github.Auth import Token

    value = env[name].strip()
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise ConfigurationError(
            f"{name} is not a token.",
            why="It holds characters that no token has.",
            fix=f"Set {name} again, as a single line.",
        )
    return _github(env, Token(value))


def _github(env: Mapping[str, str], auth: Auth) -> Github:
    from github import Github

    return Github(auth=auth, **_manners(env))


def _manners(env: Mapping[str, str]) -> dict[str, Any]:
    """Address, time-out, pace and patience: what ``Github`` and ``GithubIntegration`` both take."""
    from github import GithubRetry

    from gitops import github_wire

    github_wire.install()
    return {
        "base_url": api_url(env),
        "user_agent": USER_AGENT,
        "timeout": TIMEOUT,
        "per_page": 100,
        "seconds_between_requests": 0,
        "seconds_between_writes": _write_interval(env),
        "retry": GithubRetry(
            total=TRIES,
            status_forcelist=[500, 502, 503, 504],
            backoff_factor=0.5,
            secondary_rate_wait=LONGEST_WAIT,
            max_rate_limit_wait=LONGEST_WAIT,
            retry_after_max=LONGEST_WAIT,
        ),
    }


def _write_interval(env: Mapping[str, str]) -> float:
    given = env.get("LAKEPORT_GITHUB_WRITE_INTERVAL", "")
    if not given:
        return 0.0
    if not re.fullmatch(r"\d{1,3}(\.\d+)?", given):
        raise ConfigurationError(
            "LAKEPORT_GITHUB_WRITE_INTERVAL is not a number of seconds.",
            fix="Set it to a number such as 1 or 0.5, or leave it out.",
        )
    return float(given)


def _app(env: Mapping[str, str]) -> Github:
    from github.Auth import AppAuth
    from jwt import PyJWTError

    auth = AppAuth(_app_id(env), _private_key(env))
    try:
        auth.create_jwt()
    except (ValueError, TypeError, PyJWTError):
        raise ConfigurationError(
            "LAKEPORT_APP_PRIVATE_KEY cannot be read.",
            fix="Set it to the whole contents of the .pem file that GitHub gave for the app.",
        ) from None
    return _github(env, auth.get_installation_auth(_installation(env, auth)))


def _app_id(env: Mapping[str, str]) -> str:
    given = env.get("LAKEPORT_APP_ID", "").strip()
    if not re.fullmatch(r"[A-Za-z0-9.]{1,64}", given):
        raise ConfigurationError(
            "LAKEPORT_APP_ID is not set, or not the id of an app.",
            fix="Set it to the app id or client id on the settings page of the GitHub app.",
        )
    return given


def _private_key(env: Mapping[str, str]) -> str:
    # Stores that hold single lines only keep a key with the two characters \n for each line break.
    key = env.get("LAKEPORT_APP_PRIVATE_KEY", "").replace("\\n", "\n").strip()
    if not key.startswith("-----BEGIN"):
        raise ConfigurationError(
            "LAKEPORT_APP_PRIVATE_KEY is not set, or not a private key in PEM form.",
            fix="Set it to the whole contents of the .pem file that GitHub gave for the app.",
        )
    return key


def _installation(env: Mapping[str, str], auth: AppAuth) -> int:
    """The installation named in the environment, else the one of the repository, else the app's only one."""
    given = env.get("LAKEPORT_APP_INSTALLATION_ID", "").strip()
    if given:
        if not re.fullmatch(r"[0-9]{1,18}", given):
            raise ConfigurationError("LAKEPORT_APP_INSTALLATION_ID is not a number.")
        return int(given)
    from github import GithubIntegration

    integration = GithubIntegration(auth=auth, **_manners(env))
    owner, _, name = (env.get("GITHUB_REPOSITORY") or env.get("LAKEPORT_REPOSITORY") or "").partition("/")
    with translate("GitHub"):
        if owner and name:
            return integration.get_repo_installation(owner, name).id
        found = [installation.id for installation in integration.get_installations()]
    if len(found) != 1:
        raise ConfigurationError(
            f"The GitHub app has {len(found)} installations, and none is named.",
            fix="Set LAKEPORT_APP_INSTALLATION_ID, or LAKEPORT_REPOSITORY to owner/name.",
        )
    return found[0]
