"""What a person has asked for and what their team has, with where each stands: for the list and App Home."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog

from bot import views
from bot.draft import Draft, Stage
from bot.known import KnownPolicy
from bot.ports import Receipts, Slack, Steps
from bot.requests import Requests, meant
from bot.store import Store
from bot.talk import draft_of
from bot.views.home import Detail, Item
from gitops.errors import LakeportError
from gitops.request import Loaded, request_id

OPEN = (Stage.REVIEWING, Stage.COLLECTING, Stage.SUBMITTED, Stage.FAILED, Stage.MERGED)
"""States of a conversation that still needs somebody, the requester's own turn first."""
CONVERSATIONS, FILES, LINKS = 100, 60, 25
"""How many conversations and merged files are looked at, and how many threads are linked."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Overview:
    """Reads the store, the default branch and, for one request, the receipts; changes nothing."""

    slack: Slack
    store: Store
    requests: Requests
    policy: KnownPolicy
    receipts: Receipts
    steps: Steps
    tell: Callable[[str, str, str], None]

    def listed(self, key: str, *, user: str, channel: str, word: str = "", text: str = "") -> None:
        """``/lakeport list``: all of theirs; ``/lakeport status NAME``: one in detail."""
        del key, word
        name = text.partition(" ")[0]
        said = self.steps.run(
            "list", lambda: self._detail(user, name) if name else views.listing(self.of(user))
        )
        self.tell(user, channel, said)

    def at_home(self, user: str) -> None:
        """Somebody opened the app's home."""
        self.steps.run("home", lambda: self.slack.publish_home(user, views.home(self.of(user))))

    def of(self, user: str) -> tuple[Item, ...]:
        """What a person sees: what is under way first, then what is merged, theirs before their team's."""
        drafts = [draft_of(one) for one in self.store.all_of(user, CONVERSATIONS)]
        linked = {draft.id: self._link(draft) for draft in drafts[:LINKS]}
        merged = [*self._merged(user, drafts)]
        return items(drafts, merged, user, linked)

    def _merged(self, user: str, drafts: Iterable[Draft]) -> list[Loaded]:
        """The merged requests of a person and their team; without them while GitHub is away."""
        try:
            person = self.policy.get().person(slack=user)
            asked = {path_of(draft) for draft in drafts}
            team = person.team if person else ""
            wanted = [one for one in self.requests.ids() if one in asked or one.split("/")[1] == team]
            wanted.sort(key=lambda one: one not in asked)
            found = [self.requests.loaded(one) for one in wanted[:FILES]]
        except LakeportError as error:
            log.warning("merged_not_listed", code=error.code, what=error.what)
            return []
        return [one for one in found if one is not None]

    def _link(self, draft: Draft) -> str:
        try:
            return self.slack.permalink(draft.channel, draft.thread_ts)
        except LakeportError as error:
            log.info("thread_not_linked", code=error.code, what=error.what)
            return ""

    def _detail(self, user: str, name: str) -> str:
        shown = {one.name: one for one in self.of(user)}
        try:
            known = tuple(dict.fromkeys((*shown, *self.requests.ids())))
            which = meant(name, known)
            loaded = self.requests.loaded(which[0]) if len(which) == 1 and "/" in which[0] else None
            receipt = self._receipt(which[0]) if loaded else ""
        except LakeportError as error:
            return f"I cannot look it up right now. {error.what}"
        if len(which) != 1:
            return views.ambiguous(name, which)
        item = shown.get(which[0]) or (_of_file(loaded, user) if loaded else None)
        return (
            views.ambiguous(name, ())
            if item is None
            else views.detail(Detail(item, *_facts(loaded), receipt))
        )

    def _receipt(self, name: str) -> str:
        """What the newest receipt of a request says."""
        found = [one for one in self.receipts.read_all() if one.request == name]
        if not found:
            return "nothing was set up for it yet"
        newest = found[-1]
        status = "being applied" if newest.status == "started" else newest.status
        return f"{status} on {newest.at[:10]}, receipt {newest.number}"


def _facts(loaded: Loaded | None) -> tuple[tuple[str, ...], str, str]:
    """Kinds and names of the resources, who owns it, and its last day."""
    if loaded is None:
        return (), "", ""
    metadata = loaded.request.metadata
    named = tuple(f"{spec.kind} {getattr(spec, 'name', '')}".strip() for spec in loaded.request.resources)
    return named, metadata.business_owner, metadata.expires.isoformat() if metadata.expires else ""


def path_of(draft: Draft) -> str:
    """The id of the request that a draft is of, as far as it is known; empty before it is submitted."""
    path = draft.merged.path if draft.merged else draft.submitted_path
    return request_id(path) if path else ""


def items(
    drafts: Iterable[Draft], merged: Iterable[Loaded], user: str, linked: Mapping[str, str]
) -> tuple[Item, ...]:
    """The rows of an overview: conversations under way, then what is merged, each request once."""
    drafts, merged = list(drafts), list(merged)
    under_way = [draft for draft in drafts if draft.state in OPEN]
    under_way.sort(key=lambda draft: OPEN.index(draft.state))
    threads = {path_of(draft): linked.get(draft.id, "") for draft in reversed(drafts)}
    rows = [_of_draft(draft, linked.get(draft.id, "")) for draft in under_way]
    busy = {path_of(draft) for draft in under_way if draft.state in (Stage.SUBMITTED, Stage.MERGED)}
    files = [_of_file(one, user, threads.get(one.id, ""), busy=one.id in busy) for one in merged]
    files.sort(key=lambda item: (not item.mine, item.name))
    return (*rows, *files)


def _of_draft(draft: Draft, thread: str) -> Item:
    said = draft.said.get("metadata.name")
    name = path_of(draft) or (str(said.value) if said and said.value else "")
    change = "a change: " if draft.merged else ""
    words = views.STATES[draft.state]
    return Item(
        name=name or "not named yet",
        state=f"{change}{words}",
        mine=True,
        thread=thread,
        pull=draft.pull_url or "",
        pull_number=draft.pull_number,
        conversation=draft.id if draft.state in (Stage.COLLECTING, Stage.REVIEWING, Stage.SUBMITTED) else "",
    )


def _of_file(loaded: Loaded, user: str, thread: str = "", *, busy: bool = False) -> Item:
    metadata = loaded.request.metadata
    words = {"active": "Stands.", "retiring": "Being taken away.", "retired": "Retired."}
    until = (
        f" Until {metadata.expires.isoformat()}."
        if metadata.expires and metadata.lifecycle == "active"
        else ""
    )
    return Item(
        name=loaded.id,
        state=f"{words[metadata.lifecycle]}{until}",
        mine=metadata.requested_by.slack == user,
        thread=thread,
        changeable=metadata.lifecycle == "active" and not busy,
    )
