"""What a turn looks up among the merged requests before it is thought through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from bot import amending
from bot.asking import composed_of
from bot.dialogue import Event, Like, Retired, Said, World
from bot.draft import Draft, FieldUpdate
from bot.following import EDITABLE
from bot.likeness import besides, same_as, speaks_of_another
from bot.requests import Requests
from bot.store import Store
from bot.text import plain
from gitops.errors import LakeportError
from gitops.recompose import chosen_of
from gitops.request import branch_of, request_id

BRANCH = branch_of("")
ASKED = 100
"""How many of somebody's conversations are looked through for what they asked for."""

TAKEN = (
    "There is a request {name} already, and it is merged. To change that one, say `/lakeport change {name}`; "
    "for another one, say another name."
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Lookups:
    """Looks; changes nothing."""

    requests: Requests
    store: Store

    def reopened(self, draft: Draft, event: Event, world: World) -> Draft | None:
        """The draft of a change, in the thread of a request that is merged; ``None`` where none can begin.

        Raises:
            LakeportError: GitHub does not answer, or what is merged is not valid.
        """
        path = draft.merged.path if draft.merged else draft.submitted_path
        if draft.state not in amending.REOPENED or path is None:
            return None
        if not isinstance(event, Said | Retired) or event.user != draft.requester_slack:
            return None
        merged = self.requests.merged(request_id(path))
        if merged is None:
            return None
        loaded = amending.loaded_of(merged, world.registry)
        if not amending.may_change(loaded, event.user, world.policy):
            return None
        return amending.change_of(replace(draft, round=draft.round + 1), merged, world.registry)

    def with_like(
        self, updates: Sequence[FieldUpdate], draft: Draft, event: Event, world: World
    ) -> tuple[Sequence[FieldUpdate], Event]:
        """The updates and the event with what "same as …" points to, where the message says so."""
        if not isinstance(event, Said) or event.user != draft.requester_slack:
            return updates, event
        if draft.state not in EDITABLE or draft.merged is not None or not speaks_of_another(event.text):
            return updates, event
        try:
            like = self._like(plain(event.text), event.user, world)
        except LakeportError as error:
            log.warning("requests_not_read", code=error.code, what=error.what)
            return updates, event
        if like is None:
            return updates, event
        return besides(updates, like, plain(event.text), world), replace(event, like=like)

    def _like(self, text: str, user: str, world: World) -> Like | None:
        named = same_as(text, self.theirs(user, world))
        if named is None:
            return None
        word, found = named
        if len(found) != 1:
            return Like(word, found)
        source = self.requests.loaded(found[0])
        if source is None:
            return Like(word)
        return Like(word, found, chosen_of(source, world.registry, world.policy))

    def taken(self, before: Draft, after: Draft, world: World) -> str:
        """What to say where a new request has just got the name of one that is merged; empty otherwise."""
        if after.merged is not None or after.submitted_path is not None:
            return ""
        name = _identity(after, world)
        if not name or name == _identity(before, world):
            return ""
        try:
            return TAKEN.format(name=name) if name in self.requests.ids() else ""
        except LakeportError as error:
            log.warning("requests_not_listed", code=error.code, what=error.what)
            return ""  # it is looked at again before anything is submitted

    def theirs(self, user: str, world: World) -> tuple[str, ...]:
        """The merged requests of a person: those of their team, and those they asked for here.

        Raises:
            LakeportError: GitHub does not answer.
        """
        person = world.policy.person(slack=user)
        asked = {one.branch.removeprefix(BRANCH) for one in self.store.all_of(user, ASKED) if one.branch}
        team = person.team if person else ""
        return tuple(one for one in self.requests.ids() if one.split("/")[1] == team or one in asked)


def _identity(draft: Draft, world: World) -> str:
    """The id of the request that a draft is to become, as far as it is known."""
    if not draft.said:
        return ""
    values = composed_of(draft, world).values
    parts = [values.get(f"metadata.{key}") for key in ("environment", "team", "name")]
    return "/".join(str(part.value) for part in parts if part) if all(parts) else ""
