"""People talking in the rehearsal Slack: what they type, change and take back, as Slack's client would send
it.
"""

from __future__ import annotations

import html
import re
import uuid
from typing import Any

from sandbox.slack.chat import changed_event, deleted_event, message_event
from sandbox.slack.data import (
    APP_ID,
    BOT_USER,
    TEAM_DOMAIN,
    TEAM_ID,
    Channel,
    Message,
    Person,
    SlackError,
    View,
)
from sandbox.slack.inputs import elements, initial
from sandbox.slack.methods import user_json
from sandbox.slack.server import SlackServer

CONTROL = re.compile(r"<[@#!][A-Z0-9a-z^|_.-]+>")
TYPED_MENTION = re.compile(r"(?<![\w&;/.])@([a-z0-9][a-z0-9._-]*)", re.IGNORECASE)
LINK = re.compile(r"https?://[^\s<>]+[^\s<>.,;:!?)]")
ADDRESS = re.compile(r"(?<![\w.+@/-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


class Talk(SlackServer):
    """The voices of people; ``who`` is an id, handle, e-mail or name, ``where`` a channel's id or name."""

    # ---- talking -------------------------------------------------------------------------------------------

    def say(self, who: str, where: str, text: str, thread_ts: str | None = None) -> Message:
        """Type a message as Slack's client would send it: markup escaped, ``@handle`` and links made.

        Returns at once; the bot is told afterwards (``message``, and ``app_mention`` as well when it is
        named in a channel it is a member of).
        """
        person, channel = self.state.person(who), self.state.channel(where)
        if channel.is_im and person.id not in channel.members:
            raise SlackError("not_in_channel")
        with self.state.lock:
            if person.id not in channel.members:
                channel.members.append(person.id)
        message = Message(
            self.state.new_ts(),
            channel.id,
            person.id,
            self.typed(text),
            thread_ts,
            client_msg_id=str(uuid.uuid4()),
        )
        self.state.post(message)
        if BOT_USER in channel.members:
            event = message_event(channel, message)
            if f"<@{BOT_USER}>" in message.text and not channel.is_im:
                dropped = {"channel_type"}
                self.emit({k: v for k, v in event.items() if k not in dropped} | {"type": "app_mention"})
            self.emit(event)
        return message

    def direct_message(self, who: str, text: str, thread_ts: str | None = None) -> Message:
        """Write to the bot alone."""
        person = self.state.person(who)
        return self.say(person.id, self.state.direct(person.id).id, text, thread_ts)

    def edit(self, who: str, where: str, ts: str, text: str) -> Message:
        """Change an own message."""
        person, channel = self.state.person(who), self.state.channel(where)
        message = self.state.message(channel.id, ts)
        if message.user != person.id:
            raise SlackError("cant_update_message")
        former = message.as_json()
        with self.state.lock:
            message.text, message.edited = self.typed(text), self.state.new_ts()
        self.state.touch()
        self.emit(changed_event(channel, message, former))
        return message

    def delete(self, who: str, where: str, ts: str) -> None:
        """Delete an own message."""
        person, channel = self.state.person(who), self.state.channel(where)
        message = self.state.message(channel.id, ts)
        if message.user != person.id:
            raise SlackError("cant_delete_message")
        channel.messages.remove(message)
        self.state.touch()
        self.emit(deleted_event(channel, message, self.state.new_ts()))

    def typed(self, text: str) -> str:
        """What is stored for what was typed. ``<@U…>`` of somebody who exists stays a mention."""
        parts, last = [], 0
        for found in CONTROL.finditer(text):
            who = found.group()[2:-1]
            if who in self.state.people or who in self.state.channels:
                parts += [self._marked_up(text[last : found.start()]), found.group()]
                last = found.end()
        return "".join([*parts, self._marked_up(text[last:])])

    def _marked_up(self, text: str) -> str:
        escaped = html.escape(text, quote=False)
        handles = {person.handle: person.id for person in self.state.people.values()}

        def mention(found: re.Match[str]) -> str:
            who = handles.get(found.group(1)) or handles.get(found.group(1).rstrip(".-_"))
            return f"<@{who}>" if who else found.group()

        escaped = LINK.sub(lambda found: f"<{found.group()}>", escaped)
        escaped = ADDRESS.sub(lambda found: f"<mailto:{found.group()}|{found.group()}>", escaped)
        return TYPED_MENTION.sub(mention, escaped)

    # ---- parts of payloads ---------------------------------------------------------------------------------

    def _who(self, person: Person) -> dict[str, Any]:
        user = {"id": person.id, "username": person.handle, "name": person.handle, "team_id": TEAM_ID}
        return {
            "user": user,
            "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
            "api_app_id": APP_ID,
            "token": "verification-token-is-deprecated",
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _where(self, where: Message | View, person: Person) -> dict[str, Any]:
        if isinstance(where, View):
            return {"container": {"type": "view", "view_id": where.id}, "view": where.as_json()}
        channel = self.state.channels[where.channel]
        key = self.state.new_response_url(channel.id, person.id, where.ts, where.thread_ts)
        container: dict[str, Any] = {"type": "message", "message_ts": where.ts, "channel_id": channel.id}
        container["is_ephemeral"] = where.only_for is not None
        if where.thread_ts:
            container["thread_ts"] = where.thread_ts
        return {
            "container": container,
            "channel": {"id": channel.id, "name": "directmessage" if channel.is_im else channel.name},
            "message": where.as_json(metadata=True),
            "state": {"values": self._values(where, person)},
            "response_url": f"{self.url}/response/{key}",
        }

    def _values(self, where: Message, person: Person) -> dict[str, Any]:
        held = self.held(where, person)
        values: dict[str, dict[str, Any]] = {}
        for block, element in elements(where.blocks):
            if element["type"] not in {"button", "image", "overflow"}:
                found = held.get(block["block_id"], {}).get(element["action_id"]) or initial(element)
                values.setdefault(block["block_id"], {})[element["action_id"]] = found
        return values

    def profile(self, who: str) -> dict[str, Any]:
        """A person as ``users.info`` shows it."""
        return user_json(self.state.person(who))

    def channel_of(self, where: str) -> Channel:
        """A channel by id or name."""
        return self.state.channel(where)
