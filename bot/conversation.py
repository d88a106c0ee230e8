"""The mind of the bot: a draft and an event in, the next draft and replies out.
Pure; knows no Slack, no clock.

collecting ──complete──▶ reviewing ──Confirmed, Submitted──▶ submitted ──Merged──▶ merged ──Applied──▶ applied
▲                        │  ▲                                │                      └──Failed──▶ failed
└────something missing───┘  └──────────an edit───────────────┘      (Withdrawn ends every state before merged)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot import amending
from bot.answers import answers
from bot.asides import asides
from bot.asking import Replies, composed_of, reply_with
from bot.changes import Outcome, apply_updates, inferred_is_taken
from bot.dialogue import (
    Agreed,
    Answered,
    Applied,
    Ask,
    Began,
    Card,
    Changed,
    CheckDone,
    Closed,
    Confirmed,
    Declined,
    Event,
    Failed,
    Filled,
    Like,
    Merged,
    Moved,
    Note,
    Reply,
    Restored,
    Retired,
    Reviewed,
    Revised,
    Said,
    Status,
    Submit,
    Submitted,
    Undo,
    Withdraw,
    Withdrawn,
    World,
)
from bot.draft import Draft, FieldUpdate, Patch, Stage
from bot.following import EDITABLE, closed, confirmed, echoed, followed, passed_on, withdrawn
from bot.language import offer_of_form
from bot.likeness import copied
from bot.text import UNKNOWN, plain
from bot.values import field_of
from bot.wording import change_lines
from gitops.draft import Value
from gitops.finding import Severity
from gitops.request import path_of

__all__ = [
    "Answered", "Applied", "Ask", "Card", "Changed", "CheckDone", "Closed", "Confirmed", "Draft",
    "Event", "Failed", "FieldUpdate", "Filled", "Merged", "Note", "Patch", "Reply", "Reviewed",
    "Said", "Stage", "Status", "Submit", "Submitted", "Undo", "Value", "Withdraw", "Withdrawn",
    "World", "composed_of", "inferred_is_taken", "step",
]  # fmt: skip

STRANGER = (
    "Only the person who asked can change this request or confirm it. You are welcome to talk along; "
    "I do not take it up."
)
TEAM = "Who is of the team can say `/lakeport change` and its name."
IDENTITY = (
    "Name, team and environment cannot change once the request is submitted. "
    "Withdraw it and start a new one instead."
)
IDENTITY_MERGED = (
    "Name, team and environment of a request never change once it is merged, so I left them. For another "
    "one, start a new request in a new thread, and retire this one with `/lakeport retire`."
)
OWN_APPROVAL = "You approved your own request; that does not count. Somebody else has to approve it."
STALE_UNDO = "That button is from before your last change, so nothing was taken back. The card has a new one."
ALREADY = "That is how it is already."
ANSWERED = "That question is settled already, so nothing changed."
NOTHING_READ = (
    "I found nothing in that to change. Say it in other words, or use the form; when the card is right, "
    "press Confirm."
)
_UNDO = re.compile(r"^\W*(?:undo|undo that|take that back|revert that|rückgängig)\W*$", re.I)
_YES = re.compile(
    r"^\W*(?:confirm(?:ed)?|yes,? confirm|submit|ship it|lgtm|looks good|go ahead|passt|bestätig\w*)\W*$",
    re.I,
)


def step(
    draft: Draft, event: Event, *, updates: Sequence[FieldUpdate] = (), world: World
) -> tuple[Draft, Replies]:
    """What becomes of a draft, and what to say about it. ``updates`` are what an extractor read in a
    ``Said``.
    """
    user = getattr(event, "user", "")
    if user and user != draft.requester_slack:
        return _stranger(draft, user, event)
    match event:
        case Said():
            return _said(draft, event, updates, world)
        case Answered(value=None) if draft.state in EDITABLE:
            return _not_known(draft, event.path, world)
        case Answered():
            return _edited(
                draft, [FieldUpdate(event.path, "set", event.value)], event.ts, world, by_hand=True
            )
        case Filled():
            return _edited(draft, _of_form(draft, event, world), event.ts, world, by_hand=True)
        case Began():
            notes = (Note(event.note),) if event.note else ()
            return reply_with(draft, notes, world, show=draft.merged is not None)
        case Undo():
            return _undone(draft, event, world)
        case Retired() if draft.state in EDITABLE:
            return amending.retired(draft, event, world)
        case Retired():
            return draft, (Note(closed(draft)),)
        case Moved():
            return amending.moved(draft, event, world)
        case Confirmed():
            return confirmed(draft, event.digest, world)
        case Withdrawn():
            return withdrawn(draft, world)
        case Revised() | Restored() | Agreed() | Declined():
            return echoed(draft, event, world)
        case Reviewed(state="approved") if _is_requester(draft, event.login, world):
            return draft, (Note(OWN_APPROVAL),)
        case _:
            return followed(draft, event)


def _is_requester(draft: Draft, login: str, world: World) -> bool:
    person = world.policy.person(github=login)
    return person is not None and person.slack == draft.requester_slack


def _of_form(draft: Draft, event: Filled, world: World) -> list[FieldUpdate]:
    """The form's changes; a kind that policy brings along and that is not chosen any more is kept out."""
    updates = [
        FieldUpdate(path, "unset" if value is None else "set", value) for path, value in event.values.items()
    ]
    chosen = event.values.get("resources")
    if isinstance(chosen, list | tuple):
        shown = composed_of(draft, world).values.get("resources")
        gone = [key for key in (shown.value if shown else ()) if key not in chosen]
        updates += [FieldUpdate("resources", "remove", gone)] if gone else []
    return updates


def _stranger(draft: Draft, user: str, event: Event) -> tuple[Draft, Replies]:
    if isinstance(event, Said) and user in draft.strangers:
        return draft, ()
    told = f"{STRANGER} {TEAM}" if draft.state in amending.REOPENED else STRANGER
    return replace(draft, strangers=tuple(dict.fromkeys((*draft.strangers, user)))), (Note(told),)


# --- talking ----------------------------------------------------------------------------------------


def _said(draft: Draft, event: Said, updates: Sequence[FieldUpdate], world: World) -> tuple[Draft, Replies]:
    draft = draft.hear(event.text)
    text = plain(event.text)
    if draft.state not in EDITABLE:
        return draft, tuple(map(Note, answers(event.text, draft, world, only=False) or (closed(draft),)))
    if _UNDO.match(text):
        return _undone(draft, Undo(event.user, event.ts), world)
    if draft.merged is not None and amending.RETIRE.match(text):
        return amending.retired(draft, Retired(event.user, event.ts), world)
    if _YES.match(text) and not updates:
        return draft, (
            Note("Press Confirm on the card, so that it is the very file you looked at that gets submitted."),
        )
    after = apply_updates(draft, updates, event.ts, world).draft if updates and asides(text) else draft
    reviewed = draft.pull_number is not None  # what cannot be answered here is for the reviewers
    told = answers(event.text, after, world, only=not updates and not reviewed)
    offer = () if reviewed else offer_of_form(draft.heard)
    notes = tuple(map(Note, (*offer, *told)))
    unknown = not updates and draft.asked is not None and bool(UNKNOWN.search(text)) and not told
    if unknown and draft.asked:
        return _left_open(draft, draft.asked, world)
    return _edited(draft, updates, event.ts, world, notes=notes, like=event.like)


def _not_known(draft: Draft, path: str, world: World) -> tuple[Draft, Replies]:
    """The button that leaves a question open was pressed; it may be of a question answered since."""
    return _left_open(draft, path, world) if path == draft.asked else (draft, (Note(ANSWERED),))


def _left_open(draft: Draft, path: str, world: World) -> tuple[Draft, Replies]:
    """The person does not know: go on with the next question, and come back at the end."""
    before = draft
    draft = replace(draft, skipped=tuple(dict.fromkeys((*draft.skipped, path))))
    unclear = {key: why for key, why in draft.unclear.items() if key != path}
    draft = replace(draft, unclear=unclear).marked(before)
    field = field_of(path, world)
    required = path in composed_of(draft, world).missing
    label = field.ask.label if field else path
    said = (
        f"{label}: I need that before I can submit, so please find out; meanwhile, the rest."
        if required
        else f"{label}: then I leave it as it is."
    )
    return reply_with(draft, (Note(said),), world, show=False)


def _edited(
    draft: Draft,
    updates: Sequence[FieldUpdate],
    ts: str,
    world: World,
    *,
    by_hand: bool = False,
    notes: tuple[Reply, ...] = (),
    like: Like | None = None,
) -> tuple[Draft, Replies]:
    if draft.state not in EDITABLE:
        return draft, (Note(closed(draft)),)
    before = draft
    turn = draft.turn + 1
    draft, more = copied(draft, like, ts, turn)
    outcome = apply_updates(draft, updates, ts, world, by_hand=by_hand, turn=turn)
    if _differs(before, outcome.draft):
        outcome = Outcome(outcome.draft.marked(before), outcome.refusals)
    notes = (*notes, *more)
    moved = _identity_moved(before, outcome.draft, world)
    if moved:
        return before, (*notes, Note(moved))
    unchanged = len(outcome.draft.log) == len(before.log) and not outcome.refusals and not notes
    if unchanged and not by_hand and (relay := passed_on(draft, ts, world)):
        return draft, (relay,)
    if unchanged and updates:
        notes = (Note(ALREADY),)
    elif unchanged and (draft.state is Stage.REVIEWING or (draft.merged and draft.asked is None)):
        notes = (Note(NOTHING_READ),)
    return _after_change(before, outcome, notes, world)


def _after_change(
    before: Draft,
    outcome: Outcome,
    notes: tuple[Reply, ...],
    world: World,
    *,
    taken_back: bool = False,
) -> tuple[Draft, Replies]:
    draft = outcome.draft
    patches = draft.log[len(before.log) :]
    replies = list(notes)
    if patches:
        lines = change_lines(patches, composed_of(draft, world), world)
        replies += [Changed(lines)] if lines else []
        if draft.state is Stage.SUBMITTED:
            draft = replace(draft, state=Stage.REVIEWING, confirmed_digest=None)
            replies.append(
                Note("This differs from what was submitted. Confirm it again, and I update the pull request.")
            )
        answered = set() if taken_back else {patch.path for patch in patches}
        draft = replace(
            draft,
            skipped=tuple(path for path in draft.skipped if path not in answered),
            confirmed_digest=None,
        )
    replies += [Note(sentence) for sentence in (*outcome.refusals, *_new_errors(before, draft, world))]
    return reply_with(draft, tuple(replies), world, show=bool(patches) or not before.log)


def _new_errors(before: Draft, after: Draft, world: World) -> list[str]:
    """What stands in the way since this change; the card that shows it may be far up."""
    known = {(one.rule, one.place.path) for one in composed_of(before, world).findings}
    return [
        finding.words
        for finding in composed_of(after, world).findings
        if finding.severity is Severity.ERROR and (finding.rule, finding.place.path) not in known
    ]


def _identity_moved(before: Draft, after: Draft, world: World) -> str:
    """A request under review keeps its name, team and environment: they are its path."""
    path = before.merged.path if before.merged else before.submitted_path
    if path is None:
        return ""
    values = composed_of(after, world).values
    parts = [values.get(f"metadata.{key}") for key in ("environment", "team", "name")]
    if all(parts) and path_of(*(str(part.value) for part in parts if part)) == path:
        return ""
    return IDENTITY_MERGED if before.merged else IDENTITY


def _differs(before: Draft, after: Draft) -> bool:
    """Whether a turn left something that an undo has to bring back."""
    return (before.said, before.unclear, before.skipped) != (after.said, after.unclear, after.skipped)


def _undone(draft: Draft, event: Undo, world: World) -> tuple[Draft, Replies]:
    if draft.state not in EDITABLE:
        return draft, (Note(closed(draft)),)
    if event.turn is not None and event.turn != draft.undoable:
        return draft, (Note(STALE_UNDO),)
    undone = draft.undone(event.ts)
    if undone is None:
        return draft, (Note("There is nothing to take back."),)
    moved = _identity_moved(draft, undone, world)
    if moved:
        return draft, (Note(moved),)
    after, replies = _after_change(draft, Outcome(undone, ()), (), world, taken_back=True)
    return after, replies or (Note("Taken back."),)
