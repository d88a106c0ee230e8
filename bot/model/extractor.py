"""Who reads a message: the first model of the chain that gives a usable answer, else the rules.

The model sees the requester's own text, marked as data and without secrets, and a closed list of fields. It
gives updates and nothing else: no actions, no tools, no words that are shown to anybody. Only what the
requester's words bear out is handed on, and every value is checked later like any other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, Protocol, overload

import structlog

from bot import rules
from bot.dialogue import World
from bot.draft import Draft, FieldUpdate
from bot.evidence import Evidence
from bot.model import prompt
from bot.model.answer import updates_in
from bot.model.client import Cost, Model, Unusable
from bot.model.grounding import grounded
from bot.rules.context import kind_of
from bot.spoken import own_words
from bot.usage import Spent
from gitops.fields import RESOURCES, Field
from gitops.kind import Registry
from gitops.policy import Person, Policy
from gitops.redact import redact

SECONDS = 20.0
"""For one message, whatever is tried in it."""

SHARE = 0.6
"""Of the time that is left, what a model may take that has another one behind it."""

BUDGET = 200_000
"""Tokens per person and day, some eighty messages."""

USED_UP = (
    "You have used up today's share of the language model, so from now until tomorrow I read your messages "
    "by fixed rules. Short sentences help, and the form always works."
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Extraction(Sequence[FieldUpdate]):
    """The updates that were read, with who read them and what it cost.

    ``model`` is the name of the one that did; ``note`` says for the log why no model's answer was used, empty
    when one was or there is none. ``tell`` is one sentence for the person, empty nearly always.
    """

    updates: tuple[FieldUpdate, ...] = ()
    by: Literal["rules", "openai"] = "rules"
    note: str = ""
    tell: str = ""
    model: str = ""
    prompt_tokens: int = 0
    answer_tokens: int = 0

    @overload
    def __getitem__(self, index: int) -> FieldUpdate: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[FieldUpdate]: ...
    def __getitem__(self, index: int | slice) -> FieldUpdate | Sequence[FieldUpdate]:
        """An update, as of any sequence."""
        return self.updates[index]

    @property
    def reader(self) -> str:
        """The model with the version of the prompt that it was asked with; empty where the rules read."""
        return f"{self.model}; prompt {prompt.version()}" if self.model else ""

    def __len__(self) -> int:
        """How many updates there are."""
        return len(self.updates)

    def __iter__(self) -> Iterator[FieldUpdate]:
        """The updates in order."""
        return iter(self.updates)


class Counting(Protocol):
    """:class:`bot.usage.Usage`."""

    def spent(self, person: str) -> Spent:
        """What this person has spent today."""

    def add(self, person: str, prompt_tokens: int, answer_tokens: int) -> Spent:
        """Count one more message and return what this person has spent today with it."""


@dataclass(frozen=True)
class Extractor:
    """Reads messages; made once. Without ``models`` only the rules read, which is no failure.

    ``registry`` is needed where there are models, to check values. ``usage`` counts tokens per person; nobody
    is kept from anything without it. ``budget`` is what a person may spend of them in a day.
    """

    models: Sequence[Model] = ()
    registry: Registry | None = None
    usage: Counting | None = None
    budget: int = BUDGET
    seconds: float = SECONDS
    clock: Callable[[], float] = time.monotonic

    def __call__(
        self,
        catalogue: Mapping[str, Field],
        draft: Draft,
        asked: str | None,
        message: str,
        *,
        policy: Policy,
        requester: Person | None,
        today: date,
    ) -> Extraction:
        """What a message asks to change. Never raises for what a server or a model does."""
        own = redact(own_words(message))  # what is in the file is in Git for ever
        by_rules = tuple(
            rules.extract(catalogue, draft, asked, own, policy=policy, requester=requester, today=today)
        )
        if not self.models or self.registry is None or not own.strip():
            return Extraction(by_rules)
        if self.usage and self.usage.spent(draft.requester_slack).tokens >= self.budget:
            return Extraction(by_rules, note="the person's tokens of the day are used up")
        scene = prompt.Scene(catalogue, replace(draft, asked=asked), asked, policy, today)
        world = World(self.registry, policy, today)
        found = self._read(scene, message, by_rules, world)
        return replace(found, tell=self._count(draft.requester_slack, found))

    def _count(self, person: str, found: Extraction) -> str:
        """Add it up; a sentence for the person when this message was the one that used up the budget."""
        cost = found.prompt_tokens + found.answer_tokens
        if not self.usage or not cost:
            return ""
        now = self.usage.add(person, found.prompt_tokens, found.answer_tokens).tokens
        return USED_UP if now - cost < self.budget <= now else ""

    def _read(
        self, scene: prompt.Scene, message: str, by_rules: Sequence[FieldUpdate], world: World
    ) -> Extraction:
        """Ask one model after the other; what all of them cost together is counted."""
        deadline, cost, why = self.clock() + self.seconds, Cost(), "every model rests"
        for index, model in enumerate(self.models):
            left = deadline - self.clock()
            if left <= 0.5 or not model.breaker.lets_through():
                continue
            share = left if index == len(self.models) - 1 else left * SHARE
            try:
                updates, spent = _answered(model, scene, message, world, share, self.clock)
                cost += spent
                found = grounded(updates, by_rules, scene.draft, message, world)
            except Unusable as unusable:
                cost, why = cost + unusable.cost, str(unusable)
                log.warning("model_not_used", model=model.name, reason=why)
                continue
            return Extraction(found, "openai", "", "", model.name, cost.prompt_tokens, cost.answer_tokens)
        return Extraction(tuple(by_rules), "rules", why, "", "", cost.prompt_tokens, cost.answer_tokens)


def _answered(
    model: Model,
    scene: prompt.Scene,
    message: str,
    world: World,
    seconds: float,
    clock: Callable[[], float],
) -> tuple[tuple[FieldUpdate, ...], Cost]:
    """A model's updates. Asked a second time, once, when it sees kinds whose fields it was not shown."""
    deadline = clock() + seconds
    evidence = Evidence(scene.draft.hear(message), world)
    kinds = prompt.in_play(scene, filter(evidence.names_kind_now, scene.catalogue[RESOURCES].choices))
    text, cost = model.ask(prompt.question(scene, message, kinds), seconds)
    updates = _updates(text, scene, cost)
    more = prompt.in_play(scene, {*kinds, *_kinds_in(updates)})
    if len(more) > len(kinds) and clock() < deadline:
        try:
            text, second = model.ask(prompt.question(scene, message, more), deadline - clock())
        except Unusable as unusable:
            raise type(unusable)(str(unusable), cost + unusable.cost) from None
        cost += second
        updates = _updates(text, scene, cost)
    return updates, cost


def _updates(text: str, scene: prompt.Scene, cost: Cost) -> tuple[FieldUpdate, ...]:
    try:
        return updates_in(text, scene.catalogue)
    except Unusable as unusable:
        raise Unusable(str(unusable), cost) from None


def _kinds_in(updates: Sequence[FieldUpdate]) -> set[str]:
    """The kinds that these updates want."""
    return {
        kind_of(str(key))
        for update in updates
        if update.path == RESOURCES and update.op in ("set", "add") and isinstance(update.value, list | tuple)
        for key in update.value
    }
