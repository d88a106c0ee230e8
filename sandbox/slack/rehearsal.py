"""The rehearsal Slack as a whole: a server, people who act, and a page in the browser to do it by hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TypeVar

from sandbox.slack.data import BOT_USER, Channel, Message, Person, SlackError, View
from sandbox.slack.delivery import ACK_SECONDS, RETRY_DELAYS, Attempt, UnacknowledgedError
from sandbox.slack.page import Page
from sandbox.slack.people import People, Submission
from sandbox.slack.server import SUBSCRIBED

T = TypeVar("T")

__all__ = [
    "Attempt",
    "Channel",
    "Message",
    "Person",
    "Slack",
    "SlackError",
    "Submission",
    "UnacknowledgedError",
    "View",
]


class Slack(People):
    """A workspace on a free loopback port with the app ``Lakeport`` in it; use it as a context manager.

    People act through the methods of :class:`sandbox.slack.people.People`, or on the page at :attr:`url`.
    """

    bot = BOT_USER
    mention = f"<@{BOT_USER}>"

    def __init__(
        self,
        port: int = 0,
        *,
        ack_seconds: float = ACK_SECONDS,
        retry_delays: Sequence[float] = RETRY_DELAYS,
        subscribed: Sequence[str] = SUBSCRIBED,
    ) -> None:
        super().__init__(port, ack_seconds=ack_seconds, retry_delays=retry_delays, subscribed=subscribed)
        self.page = Page(self)
        self.page.add_to(self.app)

    def __enter__(self) -> Slack:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def people(self) -> dict[str, Person]:
        """Everybody but the bot, by handle."""
        return {one.handle: one for one in self.state.people.values() if not one.is_bot}

    @property
    def attempts(self) -> list[Attempt]:
        """Every delivery that was tried, in order."""
        return self.delivery.attempts

    def add_person(self, identifier: str, handle: str, name: str, email: str) -> Person:
        """Let somebody join the workspace."""
        return self.state.add_person(Person(identifier, handle, name, email))

    def add_channel(self, name: str, *, with_bot: bool = True) -> Channel:
        """A public channel with everybody in it, and the bot unless told otherwise."""
        members = [person.id for person in self.people.values()]
        return self.state.add_channel(name, [*members, BOT_USER] if with_bot else members)

    def direct(self, who: str) -> Channel:
        """The conversation of that person with the bot."""
        return self.state.direct(self.state.person(who).id)

    def thread(self, where: str, ts: str, *, seen_by: str | None = None) -> list[Message]:
        """The messages of a thread, root first; with the ephemeral ones for ``seen_by``."""
        viewer = self.state.person(seen_by).id if seen_by else None
        with self.state.lock:
            everything = self.state.channel(where).messages
            return [m for m in everything if ts in {m.ts, m.thread_ts} and m.only_for in {None, viewer}]

    def messages(self, where: str) -> list[Message]:
        """Everything in a channel that all can see, oldest first."""
        with self.state.lock:
            return [m for m in self.state.channel(where).messages if m.only_for is None]

    def open_view(self, who: str) -> View | None:
        """The form in front of that person."""
        return self.state.top_view(self.state.person(who).id)

    def wait_for(
        self, predicate: Callable[[], T | None], timeout: float = 30.0, what: str = "what was waited for"
    ) -> T:
        """Return the first truthy answer of ``predicate``, asked again whenever something changes.

        Raises:
            TimeoutError: it did not come in ``timeout`` seconds.
        """
        end = time.monotonic() + timeout
        while True:
            version = self.state.version
            # Asked without the lock: it may take its time, and the bot's calls must go on meanwhile.
            found = predicate()
            if found:
                return found
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{what} did not come within {timeout:g} s")
            # What it looks at may lie outside this Slack, so it is asked twice a second anyway.
            self._await_change(version, min(left, 0.5))

    def _await_change(self, version: int, seconds: float) -> None:
        with self.state.changed:
            self.state.changed.wait_for(lambda: self.state.version != version, seconds)
