"""What one person sees of the rehearsal Slack: the facts, and the filters that put them into HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, select_autoescape

from sandbox.project import HTML
from sandbox.slack.data import BOT_USER, Channel, Message, Person, View
from sandbox.slack.markup import markdown, mrkdwn, plain
from sandbox.slack.people import SHORTCUTS
from sandbox.slack.server import SlackServer

COLOURS = 8
EXAMPLES = (
    "We need a place for churn prediction",
    "We need a repository, a schema and a small ML cluster for churn prediction, for growth in dev",
    "A small SQL warehouse for fraud analytics in staging, for the risk team",
)
"""What a newcomer may say first, with one click."""
PARTS = ("places", "messages", "thread", "home", "form")


@dataclass(frozen=True)
class Seen:
    """What one person looks at; ``thread_ts`` is empty when no thread is open."""

    viewer: Person
    people: list[Person]
    channel: Channel
    messages: list[Message]
    thread: list[Message]
    thread_ts: str
    form: View | None
    at_home: bool
    bot_listens: bool

    @property
    def address(self) -> Callable[..., str]:
        """The address of what is seen, but for what is said: ``address(thread="…")``."""

        def address(**changes: str) -> str:
            here = {"as": self.viewer.handle, "channel": self.channel.id}
            if self.at_home:
                here["home"] = "1"
            parts = here | changes
            return "/?" + urlencode({name: value for name, value in parts.items() if value}, quote_via=quote)

        return address


class Showing:
    """Looks for one person, and renders the templates of ``sandbox/pages``."""

    about: Callable[[Person], str]
    """A person's part in the organisation, in few words."""

    def __init__(self, slack: SlackServer) -> None:
        self._slack = slack
        self.about = lambda person: ""
        self._html = Environment(
            loader=FileSystemLoader(HTML),
            autoescape=select_autoescape(),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._html.filters |= {
            "mrkdwn": lambda text: mrkdwn(str(text), self._name),
            "plain": lambda text: plain(str(text)),
            "markdown": lambda text: markdown(str(text)),
            "clock": lambda ts: datetime.fromtimestamp(float(ts)).astimezone().strftime("%H:%M"),
            "moment": lambda ts: (
                datetime.fromtimestamp(float(ts)).astimezone().strftime("%A %d %B, %H:%M:%S")
            ),
            "colour": lambda identifier: list(slack.state.people).index(identifier) % COLOURS,
            "initials": lambda name: "".join(word[0] for word in str(name).split()[:2]).upper() or "?",
            "emoji": lambda name: plain(f":{name}:"),
        }

    def look(self, query: Mapping[str, str]) -> Seen | None:
        """What the person ``as`` sees in ``channel`` and ``thread``; ``None`` while nobody has joined."""
        state = self._slack.state
        with state.lock:
            people = [one for one in state.people.values() if not one.is_bot]
            if not people:
                return None
            viewer = next((one for one in people if one.handle == query.get("as")), people[0])
            channel = self._channel(query.get("channel", ""), viewer)
            ts, seen = query.get("thread", ""), _visible(channel, viewer)
            return Seen(
                viewer,
                people,
                channel,
                [m for m in seen if m.thread_ts in {None, m.ts}],
                [m for m in seen if ts and ts in {m.ts, m.thread_ts}],
                ts,
                state.top_view(viewer.id),
                bool(query.get("home")),
                BOT_USER in channel.members,
            )

    def page(self, seen: Seen | None, **more: Any) -> str:
        """The whole page."""
        return self._html.get_template("page.html").render(self._context(seen), **more)

    def parts(self, seen: Seen) -> dict[str, str]:
        """The parts of the page that change, by the id of where they stand."""
        with self._slack.state.lock:
            return self.macros("parts.html", PARTS, self._context(seen))

    def macros(self, template: str, names: Sequence[str], context: Mapping[str, Any]) -> dict[str, str]:
        """What the macros ``show_…`` of a template make of a context, as HTML, by their names."""
        module = self._html.get_template(template).make_module(dict(context))
        return {name: getattr(module, f"show_{name}")() for name in names}

    def _context(self, seen: Seen | None) -> dict[str, Any]:
        if seen is None:
            return {"viewer": None}
        state, viewer = self._slack.state, seen.viewer
        home = state.homes.get(viewer.id)
        return {
            **vars(seen),
            "address": seen.address,
            "everybody": state.people,
            "about": self.about,
            "examples": EXAMPLES,
            "shortcuts": SHORTCUTS if seen.bot_listens else {},
            "channels": [one for one in state.channels.values() if not one.is_im],
            "direct": state.direct(viewer.id),
            "bot": state.people[BOT_USER],
            "replies": _replies(_visible(seen.channel, viewer)),
            "status": state.statuses.get((seen.channel.id, seen.thread_ts), ""),
            "held": lambda message: self._slack.held(message, viewer),
            "view": seen.form.as_json() if seen.form else None,
            "home_view": home.as_json() if home else None,
        }

    def _name(self, identifier: str) -> str:
        state = self._slack.state
        if identifier in state.people:
            return state.people[identifier].name
        return state.channels[identifier].name if identifier in state.channels else identifier

    def _channel(self, wanted: str, viewer: Person) -> Channel:
        state = self._slack.state
        found = state.channels.get(wanted)
        if found is not None and (not found.is_im or viewer.id in found.members):
            return found
        first = next((one for one in state.channels.values() if not one.is_im), None)
        return first or state.direct(viewer.id)


def _visible(channel: Channel, viewer: Person) -> list[Message]:
    return [m for m in channel.messages if m.only_for in {None, viewer.id}]


def _replies(messages: list[Message]) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = {}
    for message in messages:
        if message.thread_ts and message.thread_ts != message.ts:
            found.setdefault(message.thread_ts, []).append(message)
    return found
