"""The mind of the bot: a draft and an event in, the next draft and replies out. Pure; knows no Slack, no clock.

collecting ──complete──▶ reviewing ──Confirmed, Submitted──▶ submitted ──Merged──▶ merged ──Applied──▶ applied
▲                        │  ▲                                │                      └──Failed──▶ failed
└────something missing───┘  └──────────an edit───────────────┘      (Withdrawn ends every state before merged)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.changes import Outcome, apply_updates, inferred_is_taken
from bot.dialogue import (
    Answered,
    Applied,
    Ask,
    Card,
    Changed,
    CheckDone,
    Closed,
    Confirmed,
    Event,
    Failed,
    Filled,
    Merged,
    Note,
    Reply,
    Reviewed,
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
from bot.text import UNKNOWN, Message, plain
from bot.values import field_of
from bot.wording import change_lines, information, question
from gitops.compose import Composed, compose
from gitops.draft import Value
from gitops.finding import Severity
from gitops.plan import digest
from gitops.request import path_of

__all__ = [
    "Answered", "Applied", "Ask", "Card", "Changed", "CheckDone", "Closed", "Confirmed", "Draft", "Event", "Failed",
    "FieldUpdate", "Filled", "Merged", "Note", "Patch", "Reply", "Reviewed", "Said", "Stage", "Status", "Submit",
    "Submitted", "Undo", "Value", "Withdraw", "Withdrawn", "World", "composed_of", "inferred_is_taken", "step",
]  # fmt: skip

Replies = tuple[Reply, ...]

EDITABLE = (Stage.COLLECTING, Stage.REVIEWING, Stage.SUBMITTED)
STRANGER = (
    "Only the person who asked can change this request or confirm it. You are welcome to talk along; "
    "I do not take it up."
)
_UNDO = re.compile(r"^\W*(?:undo|undo that|take that back|revert that|rückgängig)\W*$", re.I)
_YES = re.compile(
    r"^\W*(?:confirm(?:ed)?|yes,? confirm|submit|ship it|lgtm|looks good|go ahead|passt|bestätig\w*)\W*$",
    re.I,
)


def composed_of(draft: Draft, world: World) -> Composed:
    """The file that follows from the draft, as far as it is known."""
    return compose(
        draft.said,
        registry=world.registry,
        policy=world.policy,
        requester=world.policy.person(slack=draft.requester_slack),
        requester_slack=draft.requester_slack,
        today=world.today,
    )


def step(
    draft: Draft, event: Event, *, updates: Sequence[FieldUpdate] = (), world: World
) -> tuple[Draft, Replies]:
    """What becomes of a draft, and what to say about it. ``updates`` are what an extractor read in a ``Said``."""
    user = getattr(event, "user", "")
    if user and user != draft.requester_slack:
        return _stranger(draft, user, event)
    match event:
        case Said():
            return _said(draft, event, updates, world)
        case Answered():
            return _edited(
                draft, [FieldUpdate(event.path, "set", event.value)], event.ts, world, by_hand=True
            )
        case Filled():
            return _edited(draft, _of_form(draft, event, world), event.ts, world, by_hand=True)
        case Undo():
            return _undone(draft, event.ts, world)
        case Confirmed():
            return _confirmed(draft, event.digest, world)
        case Withdrawn():
            return _withdrawn(draft, world)
        case _:
            return _followed(draft, event)


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
    return replace(draft, strangers=tuple(dict.fromkeys((*draft.strangers, user)))), (Note(STRANGER),)


# --- talking ----------------------------------------------------------------------------------------


def _said(draft: Draft, event: Said, updates: Sequence[FieldUpdate], world: World) -> tuple[Draft, Replies]:
    draft = draft.hear(event.text)
    text = plain(event.text)
    if draft.state not in EDITABLE:
        return draft, (Note(_closed(draft)),)
    if _UNDO.match(text):
        return _undone(draft, event.ts, world)
    if _YES.match(text) and not updates:
        return draft, (
            Note("Press Confirm on the card, so that it is the very file you looked at that gets submitted."),
        )
    told = [information(part.text, world) for part in Message(text).sentences if part.question]
    notes = tuple(Note(answer) for answer in told if answer)
    unknown = not updates and draft.asked is not None and bool(UNKNOWN.search(text)) and not told
    if unknown and draft.asked:
        return _left_open(draft, draft.asked, world)
    return _edited(draft, updates, event.ts, world, notes=notes)


def _closed(draft: Draft) -> str:
    if draft.state is Stage.WITHDRAWN:
        return "This request was withdrawn. Start a new one in a new thread."
    return "This request is merged already and cannot be changed in this thread. Start a new one for what "
        "should be different."


def _left_open(draft: Draft, path: str, world: World) -> tuple[Draft, Replies]:
    """The person does not know: go on with the next question, and come back at the end."""
    draft = replace(draft, skipped=tuple(dict.fromkeys((*draft.skipped, path))))
    unclear = {key: why for key, why in draft.unclear.items() if key != path}
    draft = replace(draft, unclear=unclear)
    field = field_of(path, world)
    required = path in composed_of(draft, world).missing
    label = field.ask.label if field else path
    said = (
        f"{label}: I need that before I can submit, so please find out; meanwhile, the rest."
        if required
        else f"{label}: then I leave it as it is."
    )
    return _reply(draft, (Note(said),), world, show=False)


def _edited(
    draft: Draft,
    updates: Sequence[FieldUpdate],
    ts: str,
    world: World,
    *,
    by_hand: bool = False,
    notes: tuple[Reply, ...] = (),
) -> tuple[Draft, Replies]:
    if draft.state not in EDITABLE:
        return draft, (Note(_closed(draft)),)
    before = draft
    outcome = apply_updates(draft, updates, ts, world, by_hand=by_hand)
    moved = _identity_moved(before, outcome.draft, world)
    if moved:
        return draft, (*notes, Note(moved))
    return _after_change(before, outcome, notes, world)


def _after_change(
    before: Draft, outcome: Outcome, notes: tuple[Reply, ...], world: World
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
        answered = {patch.path for patch in patches}
        draft = replace(
            draft,
            skipped=tuple(path for path in draft.skipped if path not in answered),
            confirmed_digest=None,
        )
    replies += [Note(sentence) for sentence in outcome.refusals]
    return _reply(draft, tuple(replies), world, show=bool(patches) or not before.log)


def _identity_moved(before: Draft, after: Draft, world: World) -> str:
    """A request under review keeps its name, team and environment: they are its path."""
    if before.submitted_path is None:
        return ""
    values = composed_of(after, world).values
    parts = [values.get(f"metadata.{key}") for key in ("environment", "team", "name")]
    if all(parts) and path_of(*(str(part.value) for part in parts if part)) == before.submitted_path:
        return ""
    return "Name, team and environment cannot change once the request is submitted. Withdraw it and start a "
        "new one instead."


def _undone(draft: Draft, ts: str, world: World) -> tuple[Draft, Replies]:
    patches = draft.inverse(ts)
    if not patches or draft.state not in EDITABLE:
        return draft, (Note("There is nothing to take back."),)
    outcome = Outcome(draft.changed(patches), ())
    moved = _identity_moved(draft, outcome.draft, world)
    return (draft, (Note(moved),)) if moved else _after_change(draft, outcome, (), world)


def _reply(draft: Draft, first: Replies, world: World, *, show: bool) -> tuple[Draft, Replies]:
    """The replies so far, the card when something changed, and the one most useful question."""
    composed = composed_of(draft, world)
    path = _next_question(draft, composed, world)
    complete = composed.raw is not None and not composed.missing and not draft.unclear
    if draft.state in (Stage.COLLECTING, Stage.REVIEWING):
        draft = replace(draft, state=Stage.REVIEWING if complete else Stage.COLLECTING)
    again = path is not None and path == draft.asked
    draft = replace(draft, asked=path)
    replies = [*first]
    if show or complete:
        replies.append(Card(draft, composed, digest(composed.raw) if composed.raw is not None else None))
    if path is not None:
        replies.append(question(path, composed, draft, world, again=again))
    return draft, tuple(replies)


def _next_question(draft: Draft, composed: Composed, world: World) -> str | None:
    """The most useful missing field: in the order of asking, unclear ones among them, what nobody knew last."""
    missing = list(composed.missing)
    for path in draft.unclear:
        if path not in missing:
            missing.append(path)
    order = list(world.catalogue)

    def rank(path: str) -> tuple[bool, int]:
        field = field_of(path, world)
        return (path in draft.skipped, order.index(field.path) if field else len(order))

    return min(missing, key=rank) if missing else None


# --- confirming and following -----------------------------------------------------------------------


def _confirmed(draft: Draft, pressed: str, world: World) -> tuple[Draft, Replies]:
    if draft.state not in EDITABLE:
        return draft, (Note(_closed(draft)),)
    composed = composed_of(draft, world)
    if composed.raw is None or composed.missing or draft.unclear:
        return _reply(
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
        words = " ".join(f"{finding.message} {finding.hint}".strip() for finding in errors[:5])
        return draft, (Note(f"This cannot be submitted as it stands. {words}"), card)
    if draft.state is Stage.SUBMITTED and draft.confirmed_digest == now:
        return draft, (Note("This very file is submitted already."),)
    if draft.confirmed_digest == now:
        return draft, ()
    values = composed.values
    path = path_of(*(str(values[f"metadata.{key}"].value) for key in ("environment", "team", "name")))
    draft = replace(draft, confirmed_digest=now, submitted_path=path, asked=None)
    return draft, (Submit(composed.raw, path, now),)


def _withdrawn(draft: Draft, world: World) -> tuple[Draft, Replies]:
    if draft.state not in (*EDITABLE, Stage.FAILED):
        return draft, (Note(_closed(draft)),)
    draft = replace(draft, state=Stage.WITHDRAWN, asked=None)
    composed = composed_of(draft, world)
    return draft, (
        Withdraw(draft.pull_number),
        Note("Withdrawn; nothing was changed anywhere."),
        Card(draft, composed, None),
    )


def _followed(draft: Draft, event: Event) -> tuple[Draft, Replies]:
    """News from GitHub and the apply: the state follows, and the thread is told."""
    match event:
        case Submitted():
            moved = replace(
                draft, state=Stage.SUBMITTED, pull_number=event.pull_number, pull_url=event.url, asked=None
            )
            return moved, (Status(event),)
        case CheckDone() | Reviewed():
            return draft, (Status(event),)
        case Merged():
            return replace(draft, state=Stage.MERGED), (Status(event),)
        case Closed() if draft.state is Stage.WITHDRAWN:
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
    """Submitting failed: the same card can be confirmed again; a path that never became a pull request is free."""
    path = draft.submitted_path if draft.pull_number is not None else None
    return replace(draft, confirmed_digest=None, submitted_path=path)
