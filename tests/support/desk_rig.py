"""A desk with everything real but Slack and GitHub, which are in memory: hand it payloads, wait, and look."""

from __future__ import annotations

import atexit
import itertools
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from dbos import DBOS

from bot.assembly import Parts, Watch, assemble
from bot.desk import Desk, Pace
from bot.draft import Draft
from bot.envelope import Envelope, conversation_id, of_github, of_slack
from bot.linking import Flow
from bot.model import Extractor
from bot.reminders import Rhythm
from bot.slackclient import SlackClient
from bot.store import Conversation, Store
from bot.talk import draft_of
from handlers import registry
from tests.fakes.recent import FakeRecent
from tests.fakes.repository import FakeRepository
from tests.fakes.slack import FakeWebClient
from tests.support import slack_events as slack

CHANNEL, ROOT, LI, JANE = "C0REQUESTS", "1700000000.000100", "U024BE7LH", "U0JANEDOE"
COMPLETE = (
    "<@U0LAKEPORT> we need a repo and a small cluster. Name: churn-prediction. Environment: dev. "
    "Team: growth. "
    "Purpose: Predict which subscribers will leave next month. Business owner: jane.doe@acme.example. "
    "Data classification: internal. Expires: 2027-04-30."
)
PACE = Pace(poll=0.01, workers=8, tries=3, wait=0.01, drain=0)


@cache
def _template() -> Path:
    """A database that a desk has run on: DBOS notices a queue that is new to it only after a second."""
    folder = Path(tempfile.mkdtemp(prefix="lakeport-desk-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    desk = Desk(Store(f"sqlite:///{folder}/bot.db"), {}, pace=PACE)
    desk.start()
    desk.stop()
    return folder


def prepared(folder: Path) -> Store:
    """The store of a database in this folder that a desk has run on before."""
    shutil.copytree(_template(), folder, dirs_exist_ok=True)
    return Store(f"sqlite:///{folder}/bot.db")


class Rig:
    """A running desk; :meth:`restart` is a new process on the same database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        prepared(folder).close()
        self.web = FakeWebClient()
        self.github = FakeRepository()
        self.recent = FakeRecent()
        self.rhythm = Rhythm()
        self.now: datetime | None = None
        self.flow: Flow | None = None
        self._deliveries = itertools.count(1)
        self._stamps = itertools.count(1)
        self.start()

    def start(self) -> None:
        self.store = Store(f"sqlite:///{self.folder}/bot.db")
        given = Parts(
            self.store,
            SlackClient(self.web),
            self.github,
            self.github,
            Extractor(),
            registry(),  # type: ignore[arg-type]
            self.flow,
            watch=Watch(self.recent, "acme/lakeport", 0, self.rhythm, self.clock),
        )
        self.desk, self.inline = assemble(given, PACE)
        self.desk.start()

    def stop(self) -> None:
        self.desk.stop()

    def restart(self) -> None:
        self.stop()
        self.start()

    def settle(self, seconds: float = 20.0) -> None:
        """Wait until nothing is queued or under way."""
        deadline = time.monotonic() + seconds
        while DBOS.list_workflows(status=["ENQUEUED", "PENDING"], load_input=False):
            assert time.monotonic() < deadline, "the desk does not come to rest"
            time.sleep(0.01)

    def failures(self) -> Sequence[str]:
        """The keys of what ended in an error."""
        return [one.workflow_id for one in DBOS.list_workflows(status=["ERROR"], load_input=False)]

    # what arrives

    def slack(self, body: Mapping[str, Any], *, settle: bool = True) -> None:
        envelope = of_slack(body)
        if envelope is not None:
            self.desk.accept(envelope)
        if settle:
            self.settle()

    def say(
        self, text: str, *, user: str = LI, channel: str = CHANNEL, thread: str = ROOT, **more: Any
    ) -> str:
        """Somebody writes in the thread; returns the message's ts."""
        ts = f"17000001{next(self._stamps):02}.000100"
        self.slack(
            slack.said(text, ts=ts, user=user, channel=channel, thread_ts=thread, event_id=f"Ev{ts}"), **more
        )
        return ts

    def open(self, text: str = COMPLETE) -> None:
        """Li Wei mentions the bot in the channel: the thread of :data:`ROOT` begins."""
        self.slack(slack.said(text, ts=ROOT, kind="app_mention"))

    def press(
        self,
        action: str,
        *,
        user: str = LI,
        trigger: str = "",
        value: str | None = None,
        channel: str = CHANNEL,
        root: str = ROOT,
        **more: Any,
    ) -> None:
        """Somebody presses a button of the card as it stands, or the one of this ``value`` that they see."""
        stamp = next(self._stamps)
        value = self.button(action, channel, root) if value is None else value
        body = slack.pressed(
            action, value, channel=channel, thread_ts=root, user=user,
            action_ts=f"17000002{stamp:02}.000100", trigger=trigger or f"t.{stamp}",
        )  # fmt: skip
        self.slack(body, **more)

    def hook(self, event: str, body: Mapping[str, Any], *, settle: bool = True) -> None:
        repository = {"full_name": "acme/lakeport", "default_branch": "main"}
        delivery = f"guid-{next(self._deliveries)}"
        envelope = of_github(event, delivery, {"repository": repository, **body}, "acme/lakeport")
        if envelope is not None:
            self.desk.accept(envelope)
        if settle:
            self.settle()

    def clock(self) -> datetime:
        """What the desk takes for the present moment where it reminds and looks around."""
        return self.now or datetime.now(UTC)

    def tick(self, source: str, at: datetime | None = None) -> None:
        """The clock strikes for ``patrol`` or ``remind``."""
        due = (at or self.clock()).isoformat()
        self.desk.accept(Envelope(source, f"{source}:{next(self._deliveries)}", source, {"at": due}))
        self.settle()

    # what came of it

    def found(self, channel: str = CHANNEL, root: str = ROOT) -> Conversation:
        found = self.store.get(conversation_id(channel, root))
        assert found is not None
        return found

    def draft(self, channel: str = CHANNEL, root: str = ROOT) -> Draft:
        return draft_of(self.found(channel, root))

    def texts(self, channel: str = CHANNEL, root: str = ROOT) -> list[str]:
        """What was said in the thread, without the card."""
        said = self.web.in_thread(channel, root)
        return [str(one["text"]) for one in said if not str(_key(one)).startswith("card:")]

    def questions(self, channel: str = CHANNEL, root: str = ROOT) -> list[dict[str, Any]]:
        """The messages of the thread that ask for a field, oldest first."""
        said = self.web.in_thread(channel, root)
        return [one for one in said if "asks" in one["metadata"]["event_payload"]]

    def cards(self, channel: str = CHANNEL, root: str = ROOT) -> list[dict[str, Any]]:
        """The cards of the thread, oldest first: one, and one more for each change that began in it."""
        said = self.web.in_thread(channel, root)
        return [one for one in said if str(_key(one)).startswith("card:")]

    def card(self, channel: str = CHANNEL, root: str = ROOT) -> dict[str, Any]:
        cards = self.cards(channel, root)
        rounds = self.draft(channel, root).round + 1
        assert 1 <= len(cards) <= rounds, "there is one card for each time the request was begun"
        return cards[-1]

    def buttons(self, channel: str = CHANNEL, root: str = ROOT) -> dict[str, str]:
        blocks = [block for block in self.card(channel, root)["blocks"] if block["type"] == "actions"]
        return {one["action_id"]: one["value"] for block in blocks for one in block["elements"]}

    def button(self, action: str, channel: str = CHANNEL, root: str = ROOT) -> str:
        return self.buttons(channel, root)[action]

    def roots(self) -> list[dict[str, Any]]:
        """The bot's own messages at the top of a channel, oldest first."""
        return [one for one in self.web.messages if not one.get("thread_ts")]

    def whispers(self) -> list[str]:
        """What only one person was told."""
        return [str(one["text"]) for one in self.web.whispers]


def _key(message: Mapping[str, Any]) -> object:
    return message["metadata"]["event_payload"]["key"]
