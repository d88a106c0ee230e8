"""What the desk needs of Slack, GitHub and the extractor, as shapes; :mod:`bot.assembly` has the real."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from bot.draft import Draft
    from bot.model import Extraction
    from gitops.confirmation import Confirmed
    from gitops.fields import Field
    from gitops.gate import Verdict
    from gitops.kind import Registry
    from gitops.policy import Person, Policy
    from gitops.pulls import Pull
    from gitops.receipts import Receipt
    from gitops.recent import Raw
    from gitops.submission import Submission

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

    def whisper(self, channel: str, user: str, text: str, thread_ts: str | None = None) -> None:
        """Tell one person, where they are."""

    def direct(self, user: str) -> str:
        """The channel of the direct conversation with a person."""

    def suggest(self, channel: str, thread_ts: str, prompts: Mapping[str, str]) -> None:
        """Offer sentences to begin with in an assistant thread: what is shown → what is said."""

    def thinking(self, channel: str, thread_ts: str, status: str) -> None:
        """Say in an assistant thread that we are at it, until the next message."""

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

    def request_files(self) -> Mapping[str, str]:
        """The request files on the default branch: path → the id of what is in it."""

    def open_pull(self, request_id: str) -> Pull | None:
        """The open pull request of a request."""

    def pull(self, number: int) -> Pull:
        """The pull request with this number."""

    def submit(self, submission: Submission) -> Pull:
        """The pull request that brings this file, made or found; its commit has our word who confirmed it."""

    def confirmed(self, pull: Pull, app: str) -> Confirmed:
        """What was confirmed last on a pull request, as our app said it."""

    def confirm(self, pull: Pull, file_digest: str, by: str, *, app: str, wanted: bool = True) -> None:
        """Say on the head of a pull request whether its file is what the person wants."""

    def pull_for_commit(self, sha: str) -> Pull | None:
        """The merged pull request whose merge commit this is."""

    def close(self, number: int, reason: str = "") -> None:
        """Close a pull request without merging it."""

    def upsert_comment(self, number: int, marker: str, body: str) -> None:
        """Write the one comment with this marker, or make it say this."""

    def judged(self, number: int, sha: str, registry: Registry, policy: Policy) -> Verdict | None:
        """What the gate says to a pull request; ``None`` when it is not open at this commit any more."""


class Recent(Protocol):
    """:class:`gitops.recent.Recent`."""

    def open_pulls(self) -> Sequence[Raw]:
        """Every open pull request."""

    def closed_pulls(self, since: datetime) -> Sequence[Raw]:
        """The closed ones on which anything happened since then."""

    def comments(self, since: datetime) -> Sequence[Raw]:
        """The comments in conversations since then."""

    def line_comments(self, since: datetime) -> Sequence[Raw]:
        """The comments on lines since then."""

    def reviews(self, number: int) -> Sequence[Raw]:
        """The reviews of a pull request."""

    def checks(self, sha: str) -> Sequence[Raw]:
        """The newest check run of each name on a commit."""

    def applies(self, since: datetime) -> Sequence[Raw]:
        """The runs of the apply workflow that began since then and have ended."""


class Receipts(Protocol):
    """The part of :class:`gitops.receipts.Receipts` that is used."""

    def read_all(self) -> tuple[Receipt, ...]:
        """Every receipt, oldest first."""


class Extractor(Protocol):
    """:class:`bot.model.Extractor`."""

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
    ) -> Extraction:
        """What a message asks to change."""


class Steps(Protocol):
    """Carries out pieces of work so that what is done stays done when the process dies."""

    def run(self, name: str, do: Callable[[], Any]) -> Any:
        """Do it, again while it is ``RemoteUnavailable``, and remember the JSON it returns."""
