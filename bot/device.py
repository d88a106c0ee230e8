"""GitHub's device flow: a code a person enters in the browser, and who that person then is.

The token that GitHub gives for it is used for one question, who its owner is, and never leaves this module.
No scope is asked for, and no client secret is needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import requests

from bot.settings import Settings
from gitops.clients import owner_of_token
from gitops.errors import ConfigurationError, LakeportError, RemoteError, RemoteUnavailable
from gitops.remote import translate

TIMEOUT_SECONDS = 15
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
LONGEST_SECONDS = 1800
SHORTEST_INTERVAL, LONGEST_INTERVAL = 1, 60
SLOWER_SECONDS = 5
"""What GitHub adds to the interval when it says slow_down (docs.github.com, authorizing OAuth apps)."""

_USER_CODE = re.compile(r"[A-Z0-9]{2,12}(-[A-Z0-9]{2,12})?")
_DEVICE_CODE = re.compile(r"[A-Za-z0-9_.-]{8,200}")
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}")


class Unanswered(LakeportError):
    """The person did not agree, or not in time; a new code is needed."""

    code = "unanswered"


@dataclass(frozen=True)
class Code:
    """What a person enters at ``address``; ``device`` is what we ask with, every ``interval`` seconds.

    It is good for ``seconds``.
    """

    user: str
    address: str
    device: str = field(repr=False)
    interval: int
    seconds: int


@dataclass(frozen=True)
class Account:
    """An account of GitHub: the login may be changed by its owner, the id never."""

    login: str
    id: int


@dataclass(frozen=True)
class Wait:
    """Nobody has entered the code yet: ask again after this many seconds, no sooner."""

    seconds: int


@dataclass(frozen=True)
class DeviceFlow:
    """The flow for the app of ``client_id``; ``server`` is GitHub's web address, ``api`` its REST API's."""

    client_id: str
    server: str
    api: str

    def begin(self) -> Code:
        """A fresh code.

        Raises:
            ConfigurationError: GitHub does not know the app, or it may not use the device flow.
            RemoteError: GitHub did not answer, or not as documented.
        """
        said = self._post("/login/device/code", {"client_id": self.client_id})
        if "error" in said:
            raise _refused(said)
        user, device = _text(said, "user_code", _USER_CODE), _text(said, "device_code", _DEVICE_CODE)
        return Code(
            user=user,
            # Where to enter it follows from the settings: an answer does not send people anywhere.
            address=f"{self.server}/login/device",
            device=device,
            interval=_seconds(said, "interval", 5, SHORTEST_INTERVAL, LONGEST_INTERVAL),
            seconds=_seconds(said, "expires_in", 900, SHORTEST_INTERVAL, LONGEST_SECONDS),
        )

    def ask(self, device: str, interval: int) -> Account | Wait:
        """Whose code it has become.

        Raises:
            Unanswered: the person refused, or the code is no longer good.
            ConfigurationError: GitHub does not know the app, or it may not use the device flow.
            RemoteError: GitHub did not answer, or not as documented.
        """
        asks = {"client_id": self.client_id, "device_code": device, "grant_type": GRANT}
        said = self._post("/login/oauth/access_token", asks)
        match said.get("error"):
            case None:
                return self._owner(str(said.get("access_token", "")))
            case "authorization_pending":
                return Wait(interval)
            case "slow_down":
                slower = interval + SLOWER_SECONDS
                return Wait(_seconds(said, "interval", slower, SHORTEST_INTERVAL, LONGEST_INTERVAL))
            case "access_denied":
                raise Unanswered("You said no on GitHub, so nothing was linked.")
            case "expired_token" | "token_expired" | "incorrect_device_code":
                raise Unanswered("The code is no longer good, so nothing was linked.")
            case _:
                raise _refused(said)

    def _owner(self, token: str) -> Account:
        login, number = owner_of_token({"GITHUB_API_URL": self.api}, token)
        if not _LOGIN.fullmatch(login):
            raise _unreadable()
        return Account(login, number)

    def _post(self, path: str, values: Mapping[str, str]) -> Mapping[str, Any]:
        with translate("GitHub"):
            answer = requests.post(
                f"{self.server}{path}",
                data=values,
                headers={"Accept": "application/json", "User-Agent": "lakeport"},
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
                auth=_nobody,
            )
            if answer.status_code == 429 or answer.status_code >= 500:
                raise RemoteUnavailable(
                    f"GitHub could not answer now ({answer.status_code}).",
                    fix="Try again in a few minutes.",
                    where="GitHub",
                )
            if answer.status_code == 404:
                raise _refused({"error": "incorrect_client_credentials"})
            said = answer.json()
        if not isinstance(said, dict):
            raise _unreadable()
        return cast("Mapping[str, Any]", said)


def of_settings(settings: Settings) -> DeviceFlow | None:
    """The device flow of the app in the settings; ``None`` where there is none."""
    if not settings.github_oauth_client_id:
        return None
    server = settings.github_server_url.rstrip("/")
    return DeviceFlow(settings.github_oauth_client_id, server, settings.github_api_url)


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Sign in as nobody; without it, requests would look for a password in ``~/.netrc``."""
    return request


def _refused(said: Mapping[str, Any]) -> LakeportError:
    """What GitHub has against the app; its word is one of a documented list, or not repeated."""
    if said.get("error") == "device_flow_disabled":
        return ConfigurationError(
            "The GitHub app may not use the device flow.",
            fix="Ask the platform team to enable the device flow in the settings of the app.",
            where="GitHub",
        )
    if said.get("error") == "incorrect_client_credentials":
        return ConfigurationError(
            "GitHub does not know the app.",
            fix="Ask the platform team to check GITHUB_OAUTH_CLIENT_ID.",
            where="GitHub",
        )
    return _unreadable()


def _unreadable() -> RemoteError:
    return RemoteError(
        "GitHub answered something that cannot be read.", fix="Try again in a few minutes.", where="GitHub"
    )


def _text(said: Mapping[str, Any], name: str, spelling: re.Pattern[str]) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not spelling.fullmatch(value):
        raise _unreadable()
    return value


def _seconds(said: Mapping[str, Any], name: str, otherwise: int, least: int, most: int) -> int:
    value = said.get(name, otherwise)
    seconds = value if isinstance(value, int) else otherwise
    return max(least, min(seconds, most))
