"""The conversation in Slack: what people say, press and fill in becomes a turn, and a turn is answered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import structlog

from bot import amending, conversation, dialogue, orders, views
from bot.adjusting import adjusted
from bot.draft import Draft, FieldUpdate
from bot.envelope import conversation_id, is_direct
from bot.following import EDITABLE, closed
from bot.known import KnownPolicy
from bot.linking import Linking
from bot.lookups import Lookups
from bot.model import Extraction
from bot.orders import Clerk
from bot.ports import Extractor, Slack, Steps
from bot.questions import question
from bot.store import Conflict, Conversation, Orders, Store
from bot.text import plain
from gitops.errors import LakeportError, RemoteUnavailable
from gitops.kind import Registry
from gitops.plan import digest
from gitops.request import branch_of, request_id

TRIES = 5
THINKING = "is reading …"
LATE = "Slack gave up waiting before I could open the form, so nothing happened. Press the button again."
NO_EDITS = (
    "I do not follow edits of messages, so nothing changed. Say in a new message what should be different."
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Talk:
    """The one way a conversation moves. Every method is called from a durable workflow, with its key."""

    slack: Slack
    store: Store
    policy: KnownPolicy
    registry: Registry
    extractor: Extractor
    clerk: Clerk
    steps: Steps
    linking: Linking
    lookups: Lookups
    today: Callable[[], date] = date.today

    def heard(
        self, key: str, *, user: str, channel: str, ts: str, thread_ts: str, text: str, mentioned: bool
    ) -> None:
        """Somebody wrote. In a channel only a mention starts a conversation; in one, everything is read."""
        thread = self.steps.run("find", lambda: self._thread(user, channel, ts, thread_ts, mentioned))
        if thread is not None:
            start = begun(user, channel, thread)
            self._think_aloud(start)
            self.begin(start, dialogue.Said(user, text, ts), key)

    def edited(self, key: str, *, channel: str, thread_ts: str) -> None:
        """Somebody changed a message; while the request is being made they are told what to do instead."""
        found = self.store.in_thread(channel, thread_ts)
        if found is not None and found.state in EDITABLE:
            self.clerk.carry_out(orders.note(NO_EDITS), found, key)

    def begin(self, start: Draft, event: dialogue.Event, key: str) -> None:
        """Something happened in a thread; where no conversation is in it yet, it begins with this draft."""
        self._turn(start.id, start, event, key)

    def happened(self, key: str, conversation_key: str, event: dialogue.Event) -> None:
        """Something happened to a conversation that exists: a button was pressed, or GitHub has news."""
        self._turn(conversation_key, None, event, key)

    def form_errors(self, conversation_key: str, state: Mapping[str, Any]) -> Mapping[str, str]:
        """What is wrong in a form that was sent, by block; pure but for the look into the store.

        Slack waits three seconds for this, so it asks nobody else; without a policy at hand nothing is wrong,
        and :meth:`filled` looks again.
        """
        found, policy = self.store.get(conversation_key), self.policy.last()
        if found is None or policy is None:
            return {}
        world = dialogue.World(self.registry, policy, self.today(), self._login_of())
        return views.read_form(state, draft_of(found), world).errors

    def filled(self, key: str, conversation_key: str, *, user: str, state: Mapping[str, Any]) -> None:
        """Somebody sent the form."""
        found = self.store.get(conversation_key)
        if found is None:
            return
        read = self.steps.run("form", lambda: vars(views.read_form(state, draft_of(found), self.world())))
        if read["errors"]:
            self.clerk.carry_out(orders.note(" ".join(read["errors"].values())), found, key)
        else:
            self._turn(conversation_key, None, dialogue.Filled(user, read["values"]), key)

    def keep(self, draft: Draft, key: str) -> None:
        """Save a draft that was made again from what GitHub knows."""
        self.store.save(_row(draft, None), key, [])

    def wants_form(self, conversation_key: str, *, user: str, trigger_id: str) -> None:
        """Somebody wants the form of their draft. Its trigger lives for three seconds: not tried again."""
        found = self.store.get(conversation_key)
        if found is None:
            return
        if found.requester != user:
            self.tell(user, found.channel, conversation.STRANGER, found.thread_ts)
            return
        draft = draft_of(found)
        if draft.state not in EDITABLE:
            self.tell(user, found.channel, closed(draft), found.thread_ts)
            return
        try:
            self.slack.open_form(trigger_id, views.form(draft, self.world()))
        except LakeportError as error:
            log.warning("form_not_opened", conversation=conversation_key, code=error.code, what=error.what)
            self.tell(user, found.channel, LATE, found.thread_ts)

    def tell(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> None:
        """Tell one person something that concerns nobody else, where they are."""
        self.steps.run("whisper", lambda: self.slack.whisper(channel, user, text, thread_ts))

    def _thread(self, user: str, channel: str, ts: str, thread_ts: str, mentioned: bool) -> str | None:
        """The thread that a message belongs to, ``None`` when it is not for us."""
        if thread_ts and self.store.in_thread(channel, thread_ts):
            return thread_ts
        if is_direct(channel):
            under_way = self.store.open_with(user, channel)
            return thread_ts or (under_way.thread_ts if under_way else ts)
        return (thread_ts or ts) if mentioned else None

    def _think_aloud(self, start: Draft) -> None:
        """In an assistant thread people see that we are at it; it is no harm where that does not work."""
        if not self.store.sent(assistant_key(start.channel, start.thread_ts)):
            return
        try:
            self.slack.thinking(start.channel, start.thread_ts, THINKING)
        except LakeportError as error:
            log.info("status_not_shown", code=error.code, what=error.what)

    # turns

    def _turn(self, conversation_key: str, start: Draft | None, event: dialogue.Event, key: str) -> None:
        """One event: think, save, then carry out what was saved; what comes of that is the next event."""
        try:
            ordered = self.steps.run("think", lambda: self._thought(conversation_key, start, event, key))
        except LakeportError as error:
            self._apologise(conversation_key, start, error, key)
            return
        found = self.store.get(conversation_key)
        if found is None:
            return
        for index, order in enumerate(ordered):
            after = self.clerk.carry_out(order, found, f"{key}/{index}")
            if after is not None:
                self._turn(conversation_key, None, after, f"{key}/{index}/then")

    def _thought(self, conversation_key: str, start: Draft | None, event: dialogue.Event, key: str) -> Orders:
        """Think; a defect of ours becomes a sentence for the person and a place in the log for us."""
        try:
            return self._think(conversation_key, start, event, key)
        except LakeportError:
            raise
        except Exception as error:
            reference = hashlib.sha256(key.encode()).hexdigest()[:8]
            log.exception("defect", key=key, reference=reference)
            raise LakeportError(
                "Something went wrong on my side, and nothing was changed.",
                fix=f"Say it in other words, or give the platform team this reference: {reference}.",
            ) from error

    def _think(self, conversation_key: str, start: Draft | None, event: dialogue.Event, key: str) -> Orders:
        before = self.store.ordered(key)
        if before is not None:
            return before
        world = self.world()
        updates: Sequence[FieldUpdate] | None = None
        read = Extraction()
        again: tuple[Draft, Sequence[FieldUpdate]] | None = None
        for _ in range(TRIES):
            found = self.store.get(conversation_key)
            draft = draft_of(found) if found else start
            if draft is None:
                log.info("unknown_conversation", conversation=conversation_key, event=type(event).__name__)
                return []
            if again is None and (over := self.lookups.reopened(draft, event, world)) is not None:
                meant, read = self._meant(over, event, world)
                again = (over, meant) if amending.concerns(over, event, meant, world) else None
            if again is not None and draft.state in amending.REOPENED:
                draft, updates = again
            if updates is None:
                meant, read = self._meant(draft, event, world)
                updates, event = self.lookups.with_like(meant, draft, event, world)
            moved, replies = conversation.step(draft, event, updates=updates, world=world)
            moved = moved.read_by(read.reader)
            said = (read.tell, self.lookups.taken(draft, moved, world))
            told = tuple(map(dialogue.Note, filter(None, said)))
            settled = _settled(draft, moved, replies, world)
            replies = (*settled, *told, *replies, *_fresh_card(draft, moved, replies, world))
            try:
                return self.store.save(_row(moved, found), key, orders.of_replies(replies))
            except Conflict:
                log.info("conflict", conversation=conversation_key)
        raise RemoteUnavailable("Too much happened at once in this conversation.", fix="Say it again.")

    def _meant(
        self, draft: Draft, event: dialogue.Event, world: dialogue.World
    ) -> tuple[Sequence[FieldUpdate], Extraction]:
        """What a message asks to change of this draft, and how it was read."""
        read = self._read(draft, event, world)
        text = plain(event.text) if isinstance(event, dialogue.Said) else ""
        return adjusted(read, draft, text), read

    def _read(self, draft: Draft, event: dialogue.Event, world: dialogue.World) -> Extraction:
        """What the extractor makes of a message. Only the requester's own words ever reach it."""
        if not isinstance(event, dialogue.Said) or event.user != draft.requester_slack:
            return Extraction()
        if draft.state not in EDITABLE:
            return Extraction()
        return self.extractor(
            world.catalogue,
            draft,
            draft.asked,
            event.text,
            policy=world.policy,
            requester=world.policy.person(slack=draft.requester_slack),
            today=world.today,
        )

    def _apologise(self, conversation_key: str, start: Draft | None, error: LakeportError, key: str) -> None:
        log.warning("turn_failed", key=key, code=error.code, what=error.what)
        found = self.store.get(conversation_key) or (_row(start, None) if start else None)
        if found is not None:
            self.clerk.carry_out(orders.sorry(error), found, f"{key}/sorry")

    def world(self) -> dialogue.World:
        """What a turn may know beside the draft, as it is now."""
        return dialogue.World(self.registry, self.policy.get(), self.today(), self._login_of())

    def _login_of(self) -> Callable[[str], str | None]:
        """The GitHub login that a Slack account has proved to be its own; looked up once a turn."""
        return cache(self.linking.links.login_of)


def draft_of(found: Conversation) -> Draft:
    """The draft that a row holds."""
    return Draft.from_json(json.dumps(found.draft))


def _fresh_card(
    before: Draft, after: Draft, replies: Sequence[dialogue.Reply], world: dialogue.World
) -> tuple[dialogue.Card, ...]:
    """The card again where the state moved and nobody shows it: its buttons say what can be done now."""
    shown = any(isinstance(reply, dialogue.Card) for reply in replies)
    if shown or before.state == after.state or not after.said:
        return ()
    composed = conversation.composed_of(after, world)
    return (dialogue.Card(after, composed, digest(composed.raw) if composed.raw is not None else None),)


def _settled(
    before: Draft, after: Draft, replies: Sequence[dialogue.Reply], world: dialogue.World
) -> tuple[dialogue.Settled, ...]:
    """The question that stood, where it is answered or asked anew: two that stand would both be pressed."""
    anew = any(isinstance(reply, dialogue.Ask) for reply in replies)
    if before.asked is None or (before.asked == after.asked and not anew):
        return ()
    asked = question(before.asked, conversation.composed_of(before, world), before, world)
    return (dialogue.Settled(asked.path, asked.question),)


def assistant_key(channel: str, thread_ts: str) -> str:
    """The key under which it is remembered that a thread is one of Slack's assistant."""
    return f"assistant:{channel}/{thread_ts}"


def begun(user: str, channel: str, thread_ts: str) -> Draft:
    """An empty draft in this thread."""
    key = conversation_id(channel, thread_ts)
    return Draft(id=key, requester_slack=user, channel=channel, thread_ts=thread_ts)


def _row(draft: Draft, found: Conversation | None) -> Conversation:
    data: Mapping[str, Any] = json.loads(draft.to_json())
    return Conversation(
        id=draft.id,
        requester=draft.requester_slack,
        channel=draft.channel,
        thread_ts=draft.thread_ts,
        state=str(draft.state),
        draft=dict(data),
        pull_number=draft.pull_number,
        branch=branch_of(request_id(draft.submitted_path)) if draft.submitted_path else None,
        version=found.version if found else 0,
    )
