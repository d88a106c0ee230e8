"""What can happen to a draft (events) and what the bot does about it (replies): plain values, no Slack in
them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from gitops.fields import Field, catalogue
from gitops.plan import JSON

if TYPE_CHECKING:
    from bot.draft import Draft, Revision
    from gitops.compose import Composed
    from gitops.draft import Value
    from gitops.kind import Registry
    from gitops.policy import Policy


def _nobody(_slack: str) -> str | None:
    return None


@dataclass(frozen=True)
class World:
    """What a conversation may know beside the draft: the kinds, the policy, and what day it is.

    ``login_of`` gives the GitHub login that a Slack account has proved to be its own, ``None`` where it has
    proved none.
    """

    registry: Registry
    policy: Policy
    today: date
    login_of: Callable[[str], str | None] = _nobody

    @cached_property
    def catalogue(self) -> Mapping[str, Field]:
        """The closed list of fields, in the order of asking."""
        return catalogue(self.registry)

    @cached_property
    def recent(self) -> deque[tuple[Draft, Composed]]:
        """The last drafts that were put together, and what came of each."""
        return deque(maxlen=8)


# --- events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Like:
    """What "same as …" in a message points to: ``word`` as it was written, the ids of the merged requests
    that it can mean, and the values to copy where it can only mean one.
    """

    word: str
    found: tuple[str, ...] = ()
    values: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody wrote ``text`` (raw Slack text) in the thread at ``ts``."""

    user: str
    text: str
    ts: str
    like: Like | None = None


@dataclass(frozen=True, slots=True)
class Began:
    """A conversation begins without words of the requester; ``note`` is what we say first."""

    user: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Retired:
    """Somebody wants everything that a merged request made to be taken away."""

    user: str
    ts: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """The merged file that is being changed was changed by somebody else; ``text`` is what it says now."""

    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """Somebody pressed a button or chose from a menu: ``path`` is to be ``value``."""

    path: str
    value: JSON
    user: str
    ts: str = ""


@dataclass(frozen=True, slots=True)
class Filled:
    """Somebody sent the form; ``values`` holds only fields that differ, ``None`` where emptied."""

    user: str
    values: Mapping[str, JSON]
    ts: str = ""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Somebody pressed Confirm on the card that showed the file with this digest."""

    user: str
    digest: str


@dataclass(frozen=True, slots=True)
class Undo:
    """Take the last change back; ``turn`` is the one that the pressed button stood for."""

    user: str = ""
    ts: str = ""
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Somebody takes the request back; an open pull request is to be closed."""

    user: str


@dataclass(frozen=True, slots=True)
class Submitted:
    """The pull request stands."""

    pull_number: int
    url: str


@dataclass(frozen=True, slots=True)
class CheckDone:
    """The check of the pull request ended; ``summary`` is one paragraph of plain text."""

    ok: bool
    summary: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A reviewer spoke: ``state`` is approved, changes_requested or commented; ``body`` is theirs,
    untrusted.
    """

    login: str
    state: str
    body: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Revised:
    """Somebody else changed the file on the pull request; ``text`` is what it says at ``sha``.

    ``text`` is ``None`` where no file is there any more, ``before`` the text that was confirmed last.
    """

    login: str
    sha: str
    text: str | None
    before: str | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Restored:
    """The file on the pull request is the one with this digest again, which the person had confirmed."""

    login: str
    digest: str


@dataclass(frozen=True, slots=True)
class Agreed:
    """The requester confirms the change that somebody else made: the file with this digest."""

    user: str
    digest: str


@dataclass(frozen=True, slots=True)
class Declined:
    """The requester does not want the change that somebody else made: the file with this digest."""

    user: str
    digest: str


@dataclass(frozen=True, slots=True)
class Merged:
    """The pull request was merged; the apply follows."""

    sha: str = ""


@dataclass(frozen=True, slots=True)
class Closed:
    """The pull request was closed without a merge."""

    login: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """It was carried out; ``outputs`` maps ``kind/identity`` of what stands to links and ids.

    ``lifecycle`` is the file's: ``active``, ``retiring`` (everything was taken away) or ``retired``. ``due``
    is the day (ISO 8601) on which what holds data is dropped, empty where nothing waits for that.
    """

    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    receipt: str = ""
    lifecycle: str = "active"
    due: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """Something did not work after Confirm: ``reason`` says what, ``fix`` what to do, ``steps`` how far it
    got.
    """

    reason: str
    fix: str = ""
    steps: tuple[str, ...] = ()
    url: str = ""


Event = (
    Said
    | Began
    | Retired
    | Moved
    | Answered
    | Filled
    | Confirmed
    | Undo
    | Withdrawn
    | Submitted
    | CheckDone
    | Reviewed
    | Revised
    | Restored
    | Agreed
    | Declined
    | Merged
    | Closed
    | Applied
    | Failed
)


# --- replies ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ask:
    """One question; ``path`` goes into the message's metadata.
    ``again`` marks one that stands unanswered already.

    ``type`` is the field's (:class:`gitops.fields.Field`), for choosing how it can be answered by hand.
    ``meanings`` says what a choice is; ``later`` is the label of the button that leaves the question open,
    empty where that is no answer.
    """

    path: str
    question: str
    choices: tuple[str, ...] = ()
    why: str = ""
    again: bool = False
    type: str = "text"
    meanings: Mapping[str, str] = field(default_factory=dict)
    later: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """A question that stands no longer: what it can be answered with goes, its words stay."""

    path: str
    question: str


@dataclass(frozen=True, slots=True)
class Echo:
    """What somebody else changed on the pull request, in words; the requester is to confirm it.

    ``digest`` is of the file as it is now.
    """

    words: tuple[str, ...]
    digest: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the requester says to the file of a commit: it is ``wanted`` or not. To be said on GitHub.

    ``shown`` is what becomes of the message that asked, ``then`` what is said once GitHub knows.
    """

    pull_number: int
    revision: Revision
    wanted: bool
    shown: tuple[str, ...]
    then: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed, one line each: ``max workers 2 → 4``."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """The card of the thread is to be posted or updated; ``digest`` is of the file shown, ``None`` while
    incomplete.
    """

    draft: Draft
    composed: Composed
    digest: str | None


@dataclass(frozen=True, slots=True)
class Submit:
    """Commit exactly ``raw`` at ``path``; ``digest`` is what was confirmed, ``values`` where it comes from.

    ``merged`` is the text of the merged file that it changes.
    """

    raw: bytes
    path: str
    digest: str
    merged: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict, kw_only=True)


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Close the pull request, if there is one."""

    pull_number: int | None


@dataclass(frozen=True, slots=True)
class Relay:
    """Tell the reviewers what the requester said at ``ts``; ``text`` is raw Slack text."""

    pull_number: int
    text: str
    ts: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something to say; plain text, to be escaped by the view."""

    text: str


@dataclass(frozen=True, slots=True)
class Status:
    """A turn in the life of the request, told with the event it came from."""

    event: CheckDone | Reviewed | Merged | Closed | Applied | Failed | Submitted


Reply = Ask | Settled | Echo | Answer | Changed | Card | Submit | Withdraw | Relay | Note | Status
