"""What the rehearsal Slack remembers, under one lock, and who waits for a change of it."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

from sandbox.slack.data import (
    BOT_USER,
    MAX_VIEWS,
    TRIGGER_SECONDS,
    Channel,
    Message,
    Person,
    ResponseUrl,
    SlackError,
    Trigger,
    View,
)


class SlackState:
    """Everything, under :attr:`lock`; whoever waits for a change waits on :attr:`changed`."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.version = 0
        self.people: dict[str, Person] = {}
        self.channels: dict[str, Channel] = {}
        self.views: dict[str, View] = {}
        self.stacks: dict[str, list[str]] = {}
        self.homes: dict[str, View] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.statuses: dict[tuple[str, str], str] = {}
        self._last_ts = 0
        self.add_person(Person(BOT_USER, "lakeport", "Lakeport", is_bot=True))

    def touch(self) -> None:
        """Something changed: wake everybody who waits."""
        with self.changed:
            self.version += 1
            self.changed.notify_all()

    def new_ts(self) -> str:
        """A timestamp no other message has, in order of being asked for."""
        with self.lock:
            self._last_ts = max(int(self.clock() * 1_000_000), self._last_ts + 1)
            return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def new_id(self, prefix: str) -> str:
        """An id such as ``V0A1B2C3D4``."""
        return prefix + secrets.token_hex(5).upper()

    # ---- people and channels -------------------------------------------------------------------------------

    def add_person(self, person: Person) -> Person:
        """Add a member; handles and addresses are unique."""
        with self.lock:
            self.people[person.id] = person
        self.touch()
        return person

    def person(self, who: str) -> Person:
        """By id, handle (with or without ``@``), e-mail or name."""
        plain = who.removeprefix("@")
        for person in self.people.values():
            if plain in {person.id, person.handle, person.name} or (person.email and plain == person.email):
                return person
        raise SlackError("user_not_found", f"nobody is called {who!r}")

    def add_channel(self, name: str, members: list[str]) -> Channel:
        """A public channel with those members (ids)."""
        channel = Channel(self.new_id("C"), name, list(members))
        with self.lock:
            self.channels[channel.id] = channel
        self.touch()
        return channel

    def channel(self, which: str) -> Channel:
        """By id or name (with or without ``#``)."""
        plain = which.removeprefix("#")
        for channel in self.channels.values():
            if which == channel.id or (plain == channel.name and not channel.is_im):
                return channel
        raise SlackError("channel_not_found", f"there is no channel {which!r}")

    def direct(self, user: str) -> Channel:
        """The conversation of that person with the bot; made when it is first asked for."""
        with self.lock:
            for channel in self.channels.values():
                if channel.is_im and user in channel.members:
                    return channel
            channel = Channel(self.new_id("D"), "", [user, BOT_USER], is_im=True)
            self.channels[channel.id] = channel
        self.touch()
        return channel

    # ---- messages ------------------------------------------------------------------------------------------

    def post(self, message: Message) -> Message:
        """Append it to its channel."""
        with self.lock:
            self.channels[message.channel].messages.append(message)
        self.touch()
        return message

    def message(self, channel: str, ts: str) -> Message:
        """The message of that timestamp; ephemeral ones are not found, as in Slack."""
        for message in self.channel(channel).messages:
            if message.ts == ts and message.only_for is None:
                return message
        raise SlackError("message_not_found")

    def thread(self, channel: str, ts: str) -> list[Message]:
        """The root and its replies, oldest first, without ephemeral ones."""
        found = [
            m for m in self.channel(channel).messages if m.only_for is None and ts in {m.ts, m.thread_ts}
        ]
        if not found:
            raise SlackError("thread_not_found")
        return found

    # ---- triggers, views, response urls --------------------------------------------------------------------

    def new_trigger(self, user: str, view: str | None = None) -> str:
        """A trigger id for that person."""
        identifier = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        with self.lock:
            self.triggers[identifier] = Trigger(user, time.monotonic(), view)
        return identifier

    def use_trigger(self, identifier: Any) -> Trigger:
        """Exchange it; it works once, for three seconds."""
        with self.lock:
            trigger = self.triggers.get(str(identifier))
            if trigger is None:
                raise SlackError("invalid_trigger_id")
            if trigger.used:
                raise SlackError("exchanged_trigger_id")
            if time.monotonic() - trigger.at > TRIGGER_SECONDS:
                raise SlackError("expired_trigger_id")
            trigger.used = True
            return trigger

    def open_view(self, user: str, content: dict[str, Any], *, push: bool) -> View:
        """Put a form in front of that person, on top of the stack or instead of it."""
        with self.lock:
            stack = self.stacks.setdefault(user, [])
            if push and not stack:
                raise SlackError("not_found")
            if push and len(stack) >= MAX_VIEWS:
                raise SlackError("push_limit_reached")
            external = content.get("external_id")
            if external and any(view.content.get("external_id") == external for view in self.views.values()):
                raise SlackError("duplicate_external_id")
            if not push:
                self.close_views(user)
                stack = self.stacks.setdefault(user, [])
            identifier = self.new_id("V")
            view = View(
                identifier,
                user,
                stack[0] if stack else identifier,
                stack[-1] if stack else None,
                content,
                self._hash(),
            )
            stack.append(identifier)
            self.views[identifier] = view
        self.touch()
        return view

    def change_view(self, view: View, content: dict[str, Any]) -> View:
        """Put other content into an open form."""
        with self.lock:
            view.content, view.hash = content, self._hash()
        self.touch()
        return view

    def view(self, identifier: str) -> View:
        """An open view by its id or ``external_id``."""
        for view in self.views.values():
            if identifier and identifier in {view.id, view.content.get("external_id")}:
                return view
        raise SlackError("not_found")

    def close_views(self, user: str, top_only: bool = False) -> None:
        """Take the topmost form away, or all of them."""
        with self.lock:
            stack = self.stacks.get(user, [])
            for identifier in stack[-1:] if top_only else list(stack):
                stack.remove(identifier)
                self.views.pop(identifier, None)
        self.touch()

    def top_view(self, user: str) -> View | None:
        """The form that person sees."""
        with self.lock:
            stack = self.stacks.get(user)
            return self.views[stack[-1]] if stack else None

    def new_response_url(self, channel: str, user: str, message_ts: str | None, thread_ts: str | None) -> str:
        """The secret last part of a response address."""
        key = secrets.token_hex(16)
        with self.lock:
            self.response_urls[key] = ResponseUrl(channel, user, message_ts, thread_ts, time.monotonic())
        return key

    def _hash(self) -> str:
        return f"{int(self.clock())}.{secrets.token_hex(4)}"
