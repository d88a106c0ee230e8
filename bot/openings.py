"""How a conversation begins: a command, a button, a message that somebody points at, an assistant thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from bot import amending, dialogue, orders
from bot.draft import Draft, Merged
from bot.envelope import THREAD_MARKER
from bot.lookups import Lookups
from bot.ports import Repository, Slack, Steps
from bot.requests import meant
from bot.store import Store
from bot.talk import assistant_key, begun
from bot.text import plain
from bot.views.blocks import code, link
from gitops.errors import InvalidRequest, LakeportError, RemoteDenied
from gitops.kind import Registry
from gitops.request import ROOT, request_id

NEW = "asked for something new. Let's set it up here, in the thread."
EMPTY = "Tell me what your team needs, in your own words, and I set it up with you here."
THERE_ALREADY = "There is a request in this thread already. Say there what should be different."
QUOTED = (
    "This was written by somebody else, so I do not take it for your words:\n“{text}”\n"
    "Say in your own words what of it you need."
)
GREETING = (
    "Hello! Tell me what your team needs on Databricks, in your own words. I ask for what is missing, show "
    "you the request with its cost, and bring it to review."
)
PROMPTS = {
    "A new project": "We need a repository and a small cluster for churn prediction in dev.",
    "A place for data": "We need a schema in dev that our team can read and write.",
    "A SQL warehouse": "We need a small SQL warehouse for our dashboards.",
}
QUOTED_CHARS = 1500

log = structlog.get_logger(__name__)


class Desk(Protocol):
    """The part of :class:`bot.talk.Talk` that is used."""

    def begin(self, start: Draft, event: dialogue.Event, key: str) -> None:
        """Something happened in a thread; where no conversation is in it yet, it begins with this draft."""

    def tell(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> None:
        """Tell one person something, where they are."""


@dataclass(frozen=True)
class Openings:
    """Begins conversations. Every method is called from a durable workflow, with its key."""

    desk: Desk
    slack: Slack
    store: Store
    lookups: Lookups
    repository: Repository
    registry: Registry
    steps: Steps
    world: Callable[[], dialogue.World]

    # --- commands and buttons

    def new(self, key: str, *, user: str, channel: str, word: str = "", text: str = "") -> None:
        """``/lakeport new …``: a thread for something new."""
        del word
        where = self._post(key, user, channel, f"<@{user}> {NEW}")
        if where is not None:
            start = begun(user, *where)
            event = dialogue.Said(user, text, where[1]) if text else dialogue.Began(user, EMPTY)
            self.desk.begin(start, event, f"{key}/said")

    def change(self, key: str, *, user: str, channel: str, word: str = "", text: str = "") -> None:
        """``/lakeport change NAME …``: a thread in which a merged request is changed."""
        del word
        self._amend(key, user, channel, text, retire=False)

    def retire(self, key: str, *, user: str, channel: str, word: str = "", text: str = "") -> None:
        """``/lakeport retire NAME``: a thread in which everything of a merged request is given up."""
        del word
        self._amend(key, user, channel, text, retire=True)

    def _amend(self, key: str, user: str, channel: str, text: str, *, retire: bool) -> None:
        name, _, rest = text.strip().partition(" ")
        try:
            found = self.steps.run("look up", lambda: self._looked_up(user, name, retire=retire))
        except LakeportError as error:
            found = {"say": orders.in_words(error)}
        if "say" in found:
            self.desk.tell(user, channel, found["say"])
            return
        merged = Merged(found["path"], found["text"])
        shown = code(amending.name_of(merged))
        verb = "give up" if retire else "change"
        where = self._post(
            key, user, channel, f"<@{user}> wants to {verb} {shown}. Let's do it in the thread."
        )
        if where is None:
            return
        start = amending.change_of(begun(user, *where), merged, self.registry)
        event: dialogue.Event = dialogue.Began(user, amending.WHAT.format(name=amending.name_of(merged)))
        if retire:
            event = dialogue.Retired(user, where[1])
        elif rest.strip():
            event = dialogue.Said(user, rest.strip(), where[1])
        self.desk.begin(start, event, f"{key}/said")

    def _looked_up(self, user: str, name: str, *, retire: bool) -> Mapping[str, Any]:
        """The merged file that somebody names and may change, else what to tell them."""
        word = "retire" if retire else "change"
        ids = self.lookups.requests.ids()
        world = self.world()
        which = meant(name, ids) or _exact(name)
        if not which:
            first = f"There is no merged request called {code(name)}. " if name else ""
            return {"say": f"{first}{_offer(self.lookups.theirs(user, world), word)}"}
        if len(which) > 1:
            theirs = self.lookups.theirs(user, world)
            which = tuple(one for one in which if one in theirs) or which
        if len(which) > 1:
            return {"say": f"Which one do you mean? {_offer(which, word)}"}
        merged = self.lookups.requests.merged(which[0])
        if merged is None:
            return {"say": f"{code(which[0])} does not stand on the default branch."}
        against = self._against(merged, user, world)
        return {"say": against} if against else {"path": merged.path, "text": merged.text}

    def _against(self, merged: Merged, user: str, world: dialogue.World) -> str:
        """Why this person cannot change it now, empty when they can."""
        loaded = amending.loaded_of(merged, self.registry)
        metadata = loaded.request.metadata
        if not amending.may_change(loaded, user, world.policy):
            return amending.NOT_THEIRS.format(name=code(loaded.id), team=code(metadata.team))
        if metadata.lifecycle != "active":
            return amending.RETIRED_ALREADY.format(name=code(loaded.id), lifecycle=metadata.lifecycle)
        pull = self.repository.open_pull(loaded.id)
        if pull is not None:
            marker = THREAD_MARKER.search(pull.body)
            where = (
                f", and {link(self.slack.permalink(marker[1], marker[2]), 'its thread')}" if marker else ""
            )
            shown = link(pull.url, f"pull request #{pull.number}")
            return (
                f"{code(loaded.id)} is being changed already: see {shown}{where}. Say there what should be "
                "different, or wait until it is merged or closed."
            )
        draft = amending.change_of(begun(user, "", ""), merged, self.registry)
        return amending.approves_own(draft, world)

    # --- in Slack

    def from_message(
        self, key: str, *, user: str, channel: str, ts: str, thread_ts: str, author: str, text: str
    ) -> None:
        """Somebody pointed at a message: a request begins below it.

        Only a person's own words are taken for theirs; those of another are shown, and asked about.
        """
        thread = thread_ts or ts
        if self.store.in_thread(channel, thread):
            self.desk.tell(user, channel, THERE_ALREADY, thread)
            return
        try:
            self.steps.run("look", lambda: self.slack.find(channel, thread, key))
        except LakeportError as error:  # most often: we are not in that channel
            self.desk.tell(user, channel, f"I cannot begin a request there. {orders.in_words(error)}")
            return
        event: dialogue.Event = dialogue.Said(user, text, ts)
        if author != user or not text.strip():
            shown = " ".join(plain(text).split())[:QUOTED_CHARS]
            event = dialogue.Began(user, QUOTED.format(text=shown) if shown else EMPTY)
        self.desk.begin(begun(user, channel, thread), event, key)

    def assistant_started(self, key: str, *, channel: str, thread_ts: str) -> None:
        """Somebody opened an assistant thread: greet them, and offer sentences to begin with."""

        def greet() -> None:
            known = self.store.begin(f"{key}/greeting", "message")
            if not known.done:
                found = self.slack.find(channel, thread_ts, key) if known.again else None
                ts = found or self.slack.post(channel, thread_ts, GREETING, [], {"key": key})
                self.store.finish(f"{key}/greeting", ts)

        def offer() -> None:
            mark = assistant_key(channel, thread_ts)
            self.store.begin(mark, "assistant")
            self.store.finish(mark, None)
            self.slack.suggest(channel, thread_ts, PROMPTS)

        for name, do in (("greet", greet), ("offer", offer)):
            try:
                self.steps.run(name, do)
            except LakeportError as error:
                log.warning("assistant_not_greeted", step=name, code=error.code, what=error.what)

    def _post(self, key: str, user: str, channel: str, text: str) -> tuple[str, str] | None:
        """A message of ours at the top: its channel and ts. Where we may not speak, it is a direct one."""

        def post_in(where: str) -> list[str]:
            known = self.store.begin(f"{key}:{where}", "opening")
            ts = known.ref or (self.slack.find(where, None, key) if known.again else None)
            ts = ts or self.slack.post(where, None, text, [], {"key": key})
            self.store.finish(f"{key}:{where}", ts)
            return [where, ts]

        def post() -> list[str]:
            try:
                return post_in(channel)
            except RemoteDenied:
                return post_in(self.slack.direct(user))

        try:
            where, ts = self.steps.run("open", post)
        except LakeportError as error:
            log.warning("not_opened", key=key, code=error.code, what=error.what)
            self.desk.tell(user, channel, orders.in_words(error))
            return None
        return where, ts


def _exact(name: str) -> tuple[str, ...]:
    """The full name of a request, also of one that the list does not have yet."""
    try:
        return (request_id(f"{ROOT}/{name}.yaml"),)
    except InvalidRequest:
        return ()


def _offer(names: tuple[str, ...], word: str) -> str:
    if not names:
        return f"You have none that is merged, so there is nothing to {word}. See `/lakeport list`."
    return f"Say `/lakeport {word}` and one of: {', '.join(map(code, names[:15]))}."
