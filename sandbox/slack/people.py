"""What people do in the rehearsal Slack: talk, press, choose, fill in forms; each as Slack would tell the
bot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.data import (
    APP_ID,
    TEAM_DOMAIN,
    TEAM_ID,
    Message,
    Person,
    SlackError,
    View,
)
from sandbox.slack.delivery import UnacknowledgedError
from sandbox.slack.inputs import elements, fill, state_of
from sandbox.slack.talk import Talk

SHORTCUTS = {"make_request": "Make a request of this"}
"""The shortcuts on a message that the app has (its manifest): callback id and label."""


@dataclass(frozen=True)
class Submission:
    """What became of a form that was submitted: ``errors`` by ``block_id``, ``view`` what the person sees
    now.
    """

    errors: Mapping[str, str] = field(default_factory=dict)
    view: View | None = None

    @property
    def accepted(self) -> bool:
        """Whether neither Slack's client nor the bot objected."""
        return not self.errors


class People(Talk):
    """The hands of people; ``who`` is an id, handle, e-mail or name, ``where`` a channel's id or name."""

    # ---- buttons and selects -------------------------------------------------------------------------------

    def press(self, who: str, where: str, ts: str, action_id: str, value: str | None = None) -> None:
        """Press a button of a message; ``value`` tells buttons with the same ``action_id`` apart.

        Raises:
            UnacknowledgedError: the bot did not answer in three seconds.
        """
        self._act(self.state.person(who), self._visible(who, where, ts), action_id, value, button=True)

    def choose(self, who: str, where: str, ts: str, action_id: str, value: Any) -> None:
        """Choose in a select or picker of a message: an option's value or text, a person, a date, a list of
        them.
        """
        self._act(self.state.person(who), self._visible(who, where, ts), action_id, value, button=False)

    def press_in_view(self, who: str, view_id: str, action_id: str, value: str | None = None) -> None:
        """Press a button inside a form or on the Home tab."""
        self._act(self.state.person(who), self._view(who, view_id), action_id, value, button=True)

    def choose_in_view(self, who: str, view_id: str, action_id: str, value: Any) -> None:
        """Choose inside a form; the bot is told at once unless it is a plain input."""
        self._act(self.state.person(who), self._view(who, view_id), action_id, value, button=False)

    def _act(
        self, person: Person, where: Message | View, action_id: str, value: Any, *, button: bool
    ) -> None:
        block, element = self._element(where, action_id, value, button=button)
        stamp = self.state.new_ts()
        action = {
            "action_id": action_id,
            "block_id": block["block_id"],
            "type": element["type"],
            "action_ts": stamp,
        }
        if button:
            action |= {"text": element.get("text"), "value": element.get("value")}
            action = {key: found for key, found in action.items() if found is not None}
            if element.get("url"):
                action["url"] = element["url"]
        else:
            found = state_of(element, value)
            action |= found
            self.held(where, person).setdefault(block["block_id"], {})[action_id] = found
            self.state.touch()
            if block["type"] == "input" and not block.get("dispatch_action"):
                return
        payload = (
            self._who(person) | {"type": "block_actions", "actions": [action]} | self._where(where, person)
        )
        payload["trigger_id"] = self.state.new_trigger(
            person.id, where.id if isinstance(where, View) else None
        )
        self.run(self.delivery.interaction(payload))

    def _element(
        self, where: Message | View, action_id: str, value: Any, *, button: bool
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        blocks = where.content["blocks"] if isinstance(where, View) else where.blocks
        named = [(b, e) for b, e in elements(blocks) if e["action_id"] == action_id]
        fitting = [(b, e) for b, e in named if (e["type"] == "button") == button]
        if button and value is not None:
            fitting = [(b, e) for b, e in fitting if e.get("value") == value]
        if not fitting:
            there = ", ".join(sorted({e["action_id"] for _, e in elements(blocks)})) or "nothing to act on"
            raise SlackError("invalid_action", f"there is no {action_id!r} here, only {there}")
        return fitting[0]

    def _visible(self, who: str, where: str, ts: str) -> Message:
        person, channel = self.state.person(who), self.state.channel(where)
        for message in channel.messages:
            if message.ts == ts and message.only_for in {None, person.id}:
                return message
        raise SlackError("message_not_found")

    def _view(self, who: str, view_id: str) -> View:
        person = self.state.person(who)
        home = self.state.homes.get(person.id)
        view = home if home is not None and home.id == view_id else self.state.view(view_id)
        if view.user != person.id:
            raise SlackError("not_found")
        return view

    # ---- forms, commands, shortcuts ------------------------------------------------------------------------

    def submit_view(self, who: str, view_id: str, values: Mapping[str, Any] | None = None) -> Submission:
        """Fill in a form (by ``action_id`` or ``block_id``) and press its submit button.

        What Slack's client itself refuses never reaches the bot. Raises UnacknowledgedError as
        :meth:`press` does.
        """
        person, view = self.state.person(who), self._view(who, view_id)
        state, errors = fill(view.content["blocks"], values or {}, view.values)
        if errors:
            return Submission(errors, view)
        with self.state.lock:
            view.values = state
        payload = self._who(person) | {
            "type": "view_submission",
            "trigger_id": self.state.new_trigger(person.id, view.id),
            "view": view.as_json(),
            "response_urls": [],
        }
        answer = self.run(self.delivery.interaction(payload)) or {}
        return self._after_submit(person, view, answer if isinstance(answer, dict) else {})

    def _after_submit(self, person: Person, view: View, answer: dict[str, Any]) -> Submission:
        action = answer.get("response_action")
        if action == "errors":
            known = {block.get("block_id") for block in view.content["blocks"] if block["type"] == "input"}
            errors = {str(block): str(said) for block, said in (answer.get("errors") or {}).items()}
            if not errors or not set(errors) <= known:
                raise UnacknowledgedError("errors name blocks that are no inputs of the form")
            return Submission(errors, view)
        if action in {"update", "push"}:
            shown = self.checked_view(answer.get("view"))
            if action == "update":
                return Submission(view=self.state.change_view(view, shown))
            return Submission(view=self.state.open_view(person.id, shown, push=True))
        self.state.close_views(person.id, top_only=action != "clear")
        return Submission(view=self.state.top_view(person.id))

    def close_view(self, who: str, view_id: str) -> None:
        """Close a form without submitting it; the bot is told only when the form asks for that."""
        person, view = self.state.person(who), self._view(who, view_id)
        self.state.close_views(person.id, top_only=True)
        if view.content.get("notify_on_close"):
            payload = {"type": "view_closed", "view": view.as_json(), "is_cleared": False}
            self.run(self.delivery.interaction(self._who(person) | payload))

    def command(self, who: str, where: str, name: str, text: str = "") -> Message | None:
        """Type a slash command; returns what the bot answers at once, ``None`` when that is nothing."""
        person, channel = self.state.person(who), self.state.channel(where)
        key = self.state.new_response_url(channel.id, person.id, None, None)
        form = {
            "token": "verification-token-is-deprecated",
            "team_id": TEAM_ID,
            "team_domain": TEAM_DOMAIN,
            "channel_id": channel.id,
            "channel_name": "directmessage" if channel.is_im else channel.name,
            "user_id": person.id,
            "user_name": person.handle,
            "command": name,
            "text": text,
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": f"{self.url}/response/{key}",
            "trigger_id": self.state.new_trigger(person.id),
        }
        answer = self.run(self.delivery.command(form))
        if not answer:
            return None
        args = answer if isinstance(answer, dict) else {"text": str(answer)}
        return self.respond(channel, person.id, args)

    def open_home(self, who: str) -> None:
        """Open the app's Home tab; the bot is told, and publishes it."""
        person = self.state.person(who)
        home = self.state.homes.get(person.id)
        event: dict[str, Any] = {"type": "app_home_opened", "user": person.id, "tab": "home"}
        event |= {"channel": self.state.direct(person.id).id, "event_ts": self.state.new_ts()}
        self.emit(event | ({"view": home.as_json()} if home is not None else {}))

    def message_shortcut(self, who: str, where: str, ts: str, callback_id: str) -> None:
        """Use a shortcut on a message; raises UnacknowledgedError as :meth:`press` does."""
        person, message = self.state.person(who), self._visible(who, where, ts)
        stamp = self.state.new_ts()
        payload = self._who(person) | self._where(message, person)
        for part in ("container", "state"):
            payload.pop(part)
        payload |= {"type": "message_action", "callback_id": callback_id, "message_ts": ts}
        payload |= {"action_ts": stamp, "trigger_id": self.state.new_trigger(person.id)}
        self.run(self.delivery.interaction(payload))

    def shortcut(self, who: str, callback_id: str) -> None:
        """Use a global shortcut."""
        person = self.state.person(who)
        payload = {"type": "shortcut", "callback_id": callback_id, "action_ts": self.state.new_ts()}
        payload["trigger_id"] = self.state.new_trigger(person.id)
        self.run(self.delivery.interaction(self._who(person) | payload))
