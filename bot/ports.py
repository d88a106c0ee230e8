"""What the desk needs of Slack, GitHub and the extractor, as shapes; :mod:`bot.assembly` has the real."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from bot.draft import Draft, FieldUpdate
    from gitops.fields import Field
    from gitops.policy import Person, Policy
    from gitops.pulls import Pull
    from gitops.receipts import Receipt

Blocks = Sequence[Mapping[str, Any]]
"""Block Kit blocks."""


@dataclass(frozen=True)
class Identity:
    """Who we are in Slack: the ids of the workspace, the bot user and the bot."""

    team: str
    user: str
    bot: str


class Slack(Protocol):
    """The part of Slack's Web API that is used. Every method raises ``RemoteError`` and its kin."""

    def identity(self) -> Identity:
        """Who we are; asked once, then remembered."""

    def post(
        self, channel: str, thread_ts: str | None, text: str, blocks: Blocks, metadata: Mapping[str, Any]
    ) -> str:
        """Post a message and return its ts; ``metadata`` is the payload under the event type ``lakeport``."""

    def find(self, channel: str, thread_ts: str | None, key: str) -> str | None:
        """The ts of our message whose metadata has this ``key``, in the thread or new in the channel."""

    def update(self, channel: str, ts: str, text: str, blocks: Blocks) -> None:
        """Show something else in a message of ours."""

    def whisper(self, channel: str, user: str, text: str) -> None:
        """Tell one person, where they are."""

    def open_form(self, trigger_id: str, view: Mapping[str, Any]) -> None:
        """Open a modal."""

    def publish_home(self, user: str, view: Mapping[str, Any]) -> None:
        """Show the app's home to one person."""

    def permalink(self, channel: str, ts: str) -> str:
        """The address of a message."""


class Repository(Protocol):
    """The part of :class:`gitops.pulls.Repository` that is used."""

    @property
    def default_branch(self) -> str:
        """Its name, such as ``main``."""

    def read_file(self, path: str, ref: str) -> bytes | None:
        """A file's bytes at a ref."""

    def submit(self, *, request_id: str, path: str, raw: bytes, title: str, body: str, message: str) -> Pull:
        """The pull request that brings this file, made or found."""

    def pull_for_commit(self, sha: str) -> Pull | None:
        """The merged pull request whose merge commit this is."""

    def close(self, number: int, reason: str = "") -> None:
        """Close a pull request without merging it."""


class Receipts(Protocol):
    """The part of :class:`gitops.receipts.Receipts` that is used."""

    def read_all(self) -> tuple[Receipt, ...]:
        """Every receipt, oldest first."""


class Extractor(Protocol):
    """:func:`bot.rules.extract` or :class:`bot.llm.Extractor`."""

    def __call__(
        self,
        catalogue: Mapping[str, Field],
        draft: Draft,
        asked: str | None,
        message: str,
        *,
        policy: Policy,
        requester: Person | None,
        today: date,
    ) -> Sequence[FieldUpdate]:
        """What a message asks to change."""


class Steps(Protocol):
    """Carries out pieces of work so that what is done stays done when the process dies."""

    def run(self, name: str, do: Callable[[], Any]) -> Any:
        """Do it, again while it is ``RemoteUnavailable``, and remember the JSON it returns."""
