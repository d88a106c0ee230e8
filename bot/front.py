"""What Slack's listeners hand things to, in one place: the talk, its beginnings, commands and App Home."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from bot import dialogue
from bot.commands import Command, Commands, Handler
from bot.openings import Openings
from bot.overview import Overview
from bot.talk import Talk
from bot.views.home import CHANGE, NEW, OPEN, RETIRE, WITHDRAW

GONE = (
    "I do not know this request any more, so nothing happened. Say `/lakeport list` to see what there is, or "
    "start again with `/lakeport new`."
)


@dataclass(frozen=True)
class Front:
    """What a listener needs. ``link`` takes ``/lakeport link`` up."""

    talk: Talk
    openings: Openings
    overview: Overview
    link: Handler

    @cached_property
    def commands(self) -> Commands:
        """What ``/lakeport`` knows."""
        table = {
            "new": Command("new …", "starts a request with what you say after it", self.openings.new),
            "list": Command(
                "list",
                "shows what you asked for and what your team has",
                self.overview.listed,
                ("ls", "mine"),
            ),
            "status": Command("status NAME", "shows one in detail", self.overview.listed, ("show",)),
            "change": Command(
                "change NAME …",
                "changes one that is merged, with what you say after it",
                self.openings.change,
                ("edit", "update"),
            ),
            "retire": Command(
                "retire NAME",
                "takes everything away that one made",
                self.openings.retire,
                ("delete", "remove", "decommission"),
            ),
            "link": Command(
                "link",
                "tells me which GitHub account is yours; `unlink` takes it back",
                self.link,
                ("unlink",),
            ),
        }
        return Commands(table, self.talk.tell)

    def pressed(self, key: str, conversation: str, event: dialogue.Event, *, user: str, channel: str) -> None:
        """Somebody pressed a button in a thread."""
        if self.talk.store.get(conversation) is None:
            self.talk.tell(user, channel, GONE)
        else:
            self.talk.happened(key, conversation, event)

    def home_pressed(self, key: str, action: str, value: str, *, user: str) -> None:
        """Somebody pressed a button on App Home: what it begins, begins in a direct message."""
        begins: dict[str, Callable[[str], None]] = {
            NEW: lambda where: self.openings.new(key, user=user, channel=where),
            CHANGE: lambda where: self.openings.change(key, user=user, channel=where, text=value),
            RETIRE: lambda where: self.openings.retire(key, user=user, channel=where, text=value),
        }
        if action in begins:
            slack = self.talk.slack
            begins[action](self.talk.steps.run("direct", lambda: slack.direct(user)))
        elif action == WITHDRAW and self.talk.store.get(value) is not None:
            self.talk.happened(key, value, dialogue.Withdrawn(user))
        if action != OPEN:
            self.overview.at_home(user)
