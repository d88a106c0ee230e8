"""``/lakeport link``: a Slack account proves which GitHub account is its own, and that is remembered.

GitHub is asked whether the code was entered by one short piece of work after the other, each written down
before the one before it ends: a restart goes on where it was, and nobody waits in a thread of ours. What is
written down is the code, which is worthless once used or after a quarter of an hour, and never the token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec
import structlog

from bot.device import Account, Code, Unanswered, Wait
from bot.envelope import Envelope
from bot.known import KnownPolicy
from bot.links import Link, Links
from bot.ports import Slack, Steps
from gitops.errors import LakeportError, RemoteUnavailable
from gitops.policyfile import Policy
from gitops.vocabulary import GitHubLogin

SOURCE = "link"
"""Source of the envelopes that ask GitHub again."""

NO_APP = (
    "Linking is not set up here: the bot has no `GITHUB_OAUTH_CLIENT_ID`. You can ask for everything all the "
    "same; two people then have to approve it."
)
AGAIN = "Say `/lakeport link` for a new code."
OWN = "Sign in to GitHub with your own account and say `/lakeport link` again."
REMOVED = "Unlinked. What you ask for from now on needs two approvals."
NOT_LINKED = "There is nothing to unlink."

log = structlog.get_logger(__name__)


class Flow(Protocol):
    """:class:`bot.device.DeviceFlow`."""

    def begin(self) -> Code:
        """A fresh code."""

    def ask(self, device: str, interval: int) -> Account | Wait:
        """Whose code it has become."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Linking:
    """Links people. ``later`` works on an envelope after so many seconds, by :meth:`asked`."""

    flow: Flow | None
    links: Links
    policy: KnownPolicy
    slack: Slack
    steps: Steps
    later: Callable[[Envelope, float], None]
    now: Callable[[], datetime] = _now

    def commanded(self, key: str, *, user: str, channel: str, word: str, text: str) -> None:
        """``/lakeport link``, ``/lakeport link again`` or ``/lakeport unlink``."""
        if word.casefold() == "unlink":
            self.unlink(key, user=user, channel=channel)
        else:
            self.begin(key, user=user, channel=channel, text=text)

    def begin(self, key: str, *, user: str, channel: str, text: str = "") -> None:
        """``/lakeport link``: say what is linked, else give the person a code; always with ``again``."""
        again = text.strip().casefold() == "again"
        try:
            made = self.steps.run("link", lambda: self._begun(user, again=again))
        except LakeportError as error:
            log.warning("link_not_begun", key=key, code=error.code, what=error.what)
            made = {"say": _words(error)}
        self._whisper(channel, user, made["say"])
        if "device" in made:
            self._later({**made, "key": key, "user": user, "channel": channel}, 1)

    def unlink(self, key: str, *, user: str, channel: str) -> None:
        """``/lakeport unlink``."""
        removed = self.steps.run("unlink", lambda: self.links.remove(user))
        log.info("unlinked", key=key, user=user, removed=removed)
        self._whisper(channel, user, REMOVED if removed else NOT_LINKED)

    def asked(self, payload: dict[str, Any], key: str) -> None:
        """Ask GitHub once whether the code was entered, and later again while it was not."""
        user = payload["user"]
        try:
            found = self.steps.run("ask", lambda: self._answer(payload))
            if "account" in found:
                found = self.steps.run("keep", lambda: self._kept(user, Account(*found["account"])))
        except RemoteUnavailable as error:
            log.warning("link_not_asked", key=key, code=error.code, what=error.what)
            found = {"interval": payload["interval"]}
        except LakeportError as error:
            log.warning("link_given_up", key=key, code=error.code, what=error.what)
            found = {"say": f"Nothing was linked. {_words(error)}"}
        if "say" in found:
            self._whisper(payload["channel"], user, found["say"])
        elif "interval" in found:
            self._later({**payload, **found}, payload["turn"] + 1)

    def _whisper(self, channel: str, user: str, text: str) -> None:
        self.steps.run("whisper", lambda: self.slack.whisper(channel, user, text))

    def _later(self, payload: Mapping[str, Any], turn: int) -> None:
        kept = {
            name: payload[name] for name in ("key", "user", "channel", "device", "interval", "begun", "until")
        }
        key = f"{SOURCE}:{payload['key']}:{turn}"
        envelope = Envelope(SOURCE, key, f"{SOURCE}/{payload['user']}", {**kept, "turn": turn})
        self.later(envelope, payload["interval"])

    def _begun(self, user: str, *, again: bool) -> dict[str, Any]:
        """What to say, and the code where there is one."""
        person = self.policy.get().person(slack=user)
        if person is not None:
            return {
                "say": f"The directory says who you are on GitHub: {_shown(person.github)}. Nothing to link."
            }
        link = self.links.of(user)
        if link is not None and not again:
            return {"say": _linked(link)}
        if self.flow is None:
            return {"say": NO_APP}
        code = self.flow.begin()
        begun = self.now()
        until = begun + timedelta(seconds=code.seconds)
        return {
            "say": _invitation(code),
            "device": code.device,
            "interval": code.interval,
            "begun": begun.isoformat(),
            "until": until.isoformat(),
        }

    def _answer(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """What to say, how long to wait, or whose code it became; nothing when another code was used."""
        link = self.links.of(payload["user"])
        if link is not None and link.at > datetime.fromisoformat(payload["begun"]):
            return {}
        if self.flow is None or self.now() >= datetime.fromisoformat(payload["until"]):
            return {"say": f"The code was not entered in time, so nothing was linked. {AGAIN}"}
        self.policy.get()  # what is asked next spends the code, and by the policy its owner is judged
        try:
            answer = self.flow.ask(payload["device"], payload["interval"])
        except Unanswered as error:
            return {"say": f"{error.what} {AGAIN}"}
        if isinstance(answer, Wait):
            return {"interval": answer.seconds}
        return {"account": [answer.login, answer.id]}

    def _kept(self, user: str, account: Account) -> dict[str, Any]:
        """Link them, unless something is against it; what to say."""
        refusal = _refusal(user, account, self.policy.get(), self.links.holder(account))
        if refusal:
            log.warning("link_refused", user=user, github_id=account.id)
            return {"say": f"Nothing was linked. {refusal}"}
        self.links.put(Link(user, account, self.now()))
        log.info("linked", user=user, github_id=account.id)
        return {"say": _done(account)}


def _refusal(user: str, account: Account, policy: Policy, holder: Link | None) -> str:
    """Why these two cannot be linked; empty when they can."""
    shown = f"On GitHub you signed in as {_shown(account.login)}, "
    here, there = policy.person(slack=user), policy.person(github=account.login)
    if here is not None and here.github.casefold() != account.login.casefold():
        return f"{shown}and the directory says that you are {_shown(here.github)}. {OWN}"
    if there is not None and there.slack.casefold() != user.casefold():
        return f"{shown}and the directory says that this is somebody else. {OWN}"
    if holder is not None and holder.slack != user:
        return f"{shown}and another Slack account is linked to that. Say `/lakeport unlink` there first."
    try:
        msgspec.convert(account.login, GitHubLogin)
    except msgspec.ValidationError:
        return f"{shown}and a request cannot hold such a login. Ask the platform team."
    return ""


# --- words


def _shown(login: str) -> str:
    return f"`{login}`"


def _invitation(code: Code) -> str:
    minutes = max(1, code.seconds // 60)
    return (
        f"Open <{code.address}> within {minutes} minutes, sign in as yourself and enter *{code.user}*. "
        "That tells me who you are on GitHub; I get no access to anything. "
        "Nobody else may enter this code: you would be taken for them."
    )


def _linked(link: Link) -> str:
    return (
        f"You are linked to {_shown(link.account.login)} on GitHub since {link.at:%Y-%m-%d}. "
        "`/lakeport link again` links another account, `/lakeport unlink` removes it."
    )


def _done(account: Account) -> str:
    return (
        f"Done: on GitHub you are {_shown(account.login)}. What you confirm from now on says so, and the "
        "usual approvals are enough."
    )


def _words(error: LakeportError) -> str:
    return " ".join(part for part in (error.what, error.fix) if part)
