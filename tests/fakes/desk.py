"""A desk that only remembers what it accepted; for tests of the way in."""

from __future__ import annotations

from collections.abc import Mapping

from bot.envelope import Envelope
from gitops.errors import RemoteUnavailable


class FakeDesk:
    """:class:`bot.web.Accepting`: ``accepted`` holds the envelopes; ``broken`` makes it unable to write."""

    def __init__(self) -> None:
        self.accepted: list[Envelope] = []
        self.broken = False
        self.started = self.stopped = 0
        self.found: dict[str, str] = {}

    def accept(self, envelope: Envelope) -> None:
        if self.broken:
            raise RemoteUnavailable("The event could not be written down.")
        self.accepted.append(envelope)

    def problems(self) -> Mapping[str, str]:
        return self.found

    def start(self) -> None:
        self.started += 1

    def stop(self) -> None:
        self.stopped += 1
