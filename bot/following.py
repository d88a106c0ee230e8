"""From Confirm to the end: what a confirmation binds to, and how the draft follows what happens on GitHub."""

from __future__ import annotations

from dataclasses import replace

from bot import amending, echo
from bot.asking import Replies, composed_of, reply_with
from bot.dialogue import (
    Agreed,
    Applied,
    Card,
    CheckDone,
    Closed,
    Declined,
    Event,
    Failed,
    Merged,
    Note,
    Relay,
    Restored,
    Reviewed,
    Revised,
    Status,
    Submit,
    Submitted,
    Withdraw,
    World,
)
from bot.draft import Draft, Stage
from bot.people import MENTION
from gitops.finding import Severity
from gitops.plan import digest
from gitops.request import path_of

EDITABLE = (Stage.COLLECTING, Stage.REVIEWING, Stage.SUBMITTED)
TOO_LATE = (
    "This request is merged already, so it cannot be withdrawn any more. "
    "`/lakeport retire` takes away what it made."
)


def closed(draft: Draft) -> str:
    """Why a draft takes no more changes."""
    if draft.state is Stage.WITHDRAWN:
        return "This request was withdrawn. Start a new one in a new thread."
    if draft.state is Stage.MERGED:
        return "This request is merged, and is being carried out right now. Say it again when that is done."
    return (
        "I read nothing in that to change about what is merged. Say it in other words, or `/lakeport change`."
    )


def confirmed(draft: Draft, pressed: str, world: World) -> tuple[Draft, Replies]:
    """Confirm was pressed on the card with this digest: it counts only for the very file that stands now."""
    if draft.state not in EDITABLE:
        return draft, (Note(closed(draft)),)
    composed = composed_of(draft, world)
    if composed.amendment is not None and not composed.amendment.edits and not draft.unclear:
        return draft, (Note(amending.UNCHANGED),)
    if composed.raw is None or composed.missing or draft.unclear:
        return reply_with(
            draft,
            (Note("Something is still missing, so there is no file to confirm yet."),),
            world,
            show=True,
        )
    now = digest(composed.raw)
    card = Card(draft, composed, now)
    if pressed != now:
        return draft, (Note("The file has changed since that card. Look at this one and confirm it."), card)
    errors = [finding for finding in composed.findings if finding.severity is Severity.ERROR]
    if errors:
        words = " ".join(finding.words for finding in errors[:5])
        return draft, (Note(f"This cannot be submitted as it stands. {words}"), card)
    if own := amending.approves_own(draft, world):
        return draft, (Note(own), card)
    if draft.state is Stage.SUBMITTED and draft.confirmed_digest == now:
        return draft, (Note("This very file is submitted already."),)
    if draft.confirmed_digest == now:
        return draft, ()
    values = composed.values
    path = path_of(*(str(values[f"metadata.{key}"].value) for key in ("environment", "team", "name")))
    settled = echo.outdated(draft, echo.OVERWRITTEN)
    draft = replace(draft, confirmed_digest=now, submitted_path=path, asked=None, revision=None)
    merged = draft.merged.text if draft.merged else None
    return draft, (*settled, Submit(composed.raw, path, now, merged, values=composed.values))


def withdrawn(draft: Draft, world: World) -> tuple[Draft, Replies]:
    """The request is taken back, and its pull request with it."""
    if draft.state not in EDITABLE:
        return draft, (Note(closed(draft) if draft.state is Stage.WITHDRAWN else TOO_LATE),)
    draft = replace(draft, state=Stage.WITHDRAWN, asked=None)
    composed = composed_of(draft, world)
    return draft, (
        Withdraw(draft.pull_number),
        Note(amending.WITHDRAWN if draft.merged else "Withdrawn; nothing was changed anywhere."),
        Card(draft, composed, None),
    )


def passed_on(draft: Draft, ts: str, world: World) -> Relay | None:
    """What was just said, for the reviewers: it changes nothing, answers no question, and they are at it.

    What begins with the name of a colleague is said to them.
    """
    if draft.pull_number is None or draft.state not in (Stage.REVIEWING, Stage.SUBMITTED) or draft.asked:
        return None
    text = draft.heard[-1] if draft.heard else ""
    to = MENTION.match(text.strip())
    if not text.strip() or (to and world.policy.person(slack=to[1])):
        return None
    return Relay(draft.pull_number, text, ts)


def echoed(
    draft: Draft, event: Revised | Restored | Agreed | Declined, world: World
) -> tuple[Draft, Replies]:
    """Somebody else changed the file on the pull request, or the requester says what they think of that."""
    if draft.state not in EDITABLE:
        return draft, (Note(closed(draft)),) if isinstance(event, Agreed | Declined) else ()
    match event:
        case Revised():
            return echo.revised(draft, event, world)
        case Restored():
            return echo.restored(draft, event, world)
        case Agreed():
            return echo.agreed(draft, event, world)
        case Declined():
            return echo.declined(draft, event, world)


def followed(draft: Draft, event: Event) -> tuple[Draft, Replies]:
    """News from GitHub and the apply: the state follows, and the thread is told."""
    match event:
        case Submitted() if draft.state is Stage.SUBMITTED and draft.pull_number == event.pull_number:
            return draft, ()  # GitHub tells what we did ourselves
        case Submitted():
            known = replace(draft, pull_number=event.pull_number, pull_url=event.url)
            # Edited while it was being submitted: what stands in the draft is still to be confirmed.
            as_submitted = draft.state in EDITABLE and draft.confirmed_digest is not None
            return (replace(known, state=Stage.SUBMITTED, asked=None) if as_submitted else known), (
                Status(event),
            )
        case CheckDone() | Reviewed():
            return draft, (Status(event),)
        case Merged() if draft.state in (Stage.APPLIED, Stage.FAILED):
            return draft, ()  # old news: deliveries come in any order
        case Merged():
            return replace(draft, state=Stage.MERGED), (Status(event),)
        case Closed() if draft.state not in EDITABLE:
            return draft, ()
        case Closed():
            return replace(draft, state=Stage.WITHDRAWN), (Status(event),)
        case Applied():
            return replace(draft, state=Stage.APPLIED), (Status(event),)
        case Failed() if draft.pull_number is None or draft.state in EDITABLE:
            return _not_submitted(draft), (Status(event),)
        case Failed():
            return replace(draft, state=Stage.FAILED), (Status(event),)
        case _:
            raise TypeError(f"not an event of a conversation: {type(event).__name__}")


def _not_submitted(draft: Draft) -> Draft:
    """Submitting failed: the same card can be confirmed again; a path that never became a pull request is
    free.
    """
    path = draft.submitted_path if draft.pull_number is not None else None
    return replace(draft, confirmed_digest=None, submitted_path=path)
