"""What can happen to a draft (events) and what the bot does about it (replies): plain values, no Slack in
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from gitops.fields import Field, catalogue
from gitops.plan import JSON

if TYPE_CHECKING:
    from bot.draft import Draft
    from gitops.compose import Composed
    from gitops.kind import Registry
    from gitops.policy import Policy


@dataclass(frozen=True)
class World:
    """What a conversation may know beside the draft: the kinds, the policy, and what day it is."""

    registry: Registry
    policy: Policy
    today: date

    @cached_property
    def catalogue(self) -> Mapping[str, Field]:
        """The closed list of fields, in the order of asking."""
        return catalogue(self.registry)


# --- events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody wrote ``text`` (raw Slack text) in the thread at ``ts``."""

    user: str
    text: str
    ts: str


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
    """Take the last change back."""

    user: str = ""
    ts: str = ""


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
class Merged:
    """The pull request was merged; the apply follows."""

    sha: str = ""


@dataclass(frozen=True, slots=True)
class Closed:
    """The pull request was closed without a merge."""

    login: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """Everything stands; ``outputs`` maps ``kind/identity`` to its outputs (``url``, ``id`` …)."""

    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    receipt: str = ""


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
    | Answered
    | Filled
    | Confirmed
    | Undo
    | Withdrawn
    | Submitted
    | CheckDone
    | Reviewed
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
    """

    path: str
    question: str
    choices: tuple[str, ...] = ()
    why: str = ""
    again: bool = False
    type: str = "text"


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
    """Commit exactly ``raw`` at ``path``; ``digest`` is what was confirmed."""

    raw: bytes
    path: str
    digest: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Close the pull request, if there is one."""

    pull_number: int | None


@dataclass(frozen=True, slots=True)
class Note:
    """Something to say; plain text, to be escaped by the view."""

    text: str


@dataclass(frozen=True, slots=True)
class Status:
    """A turn in the life of the request, told with the event it came from."""

    event: CheckDone | Reviewed | Merged | Closed | Applied | Failed | Submitted


Reply = Ask | Changed | Card | Submit | Withdraw | Note | Status
