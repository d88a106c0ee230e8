"""Playing a scenario: a simulated requester talks to the mind of the bot until nothing is asked any more."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from bot.conversation import composed_of, step
from bot.dialogue import (
    Answered,
    Ask,
    Card,
    Changed,
    Confirmed,
    Event,
    Like,
    Note,
    Reply,
    Said,
    Submit,
    World,
)
from bot.draft import Draft, FieldUpdate
from bot.likeness import same_as
from bot.rehearsal.scenario import Scenario
from bot.text import plain
from bot.values import said_as
from gitops.compose import Composed
from gitops.kind import Registry
from gitops.plan import JSON
from gitops.policy import Policy

NO_IDEA = "no idea, whatever you usually do"
"""What the person says when asked for something the scenario does not tell."""

MAX_TURNS = 60
PATIENCE = 3
"""So often a person answers the same question; after that they wait for somebody to help."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What an extractor made of a message; ``tokens`` is what a model was sent and answered."""

    updates: Sequence[FieldUpdate]
    tokens: int = 0
    note: str = ""


Read = Callable[[World, Draft, str], Reading]
"""An extractor: reads a message in the light of the draft and of what was asked (``draft.asked``)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the talk."""

    who: Literal["person", "bot", "read"]
    text: str


@dataclass
class Talk:
    """A conversation as it went.

    ``questions`` are the paths that were asked for, one entry each time a question was put; ``pressed`` those
    the person answered with a button. ``submitted``: Confirm on the last card was taken.
    """

    draft: Draft
    composed: Composed
    questions: list[str] = field(default_factory=list)
    pressed: set[str] = field(default_factory=set)
    lines: list[Line] = field(default_factory=list)
    tokens: int = 0
    submitted: bool = False

    @property
    def words(self) -> str:
        """Everything the person wrote."""
        return "\n".join(line.text for line in self.lines if line.who == "person")


class Requester:
    """The person of a scenario: answers in their own words, and says some things unasked."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._waiting = list(scenario.interjections)
        self._said = self._answers = 0
        self._asked: dict[str, int] = {}
        self.answered = True
        """Whether the last thing said was an answer, not something said unasked."""

    def opens(self) -> Event:
        """The first message."""
        return self._say(self._scenario.opening)

    def next(self, ask: Ask | None) -> Event | None:
        """What the person does now that the bot waits for an answer to ``ask``; ``None``: nothing more."""
        if self._waiting and self._answers >= self._waiting[0].after:
            return self._interject()
        event = self._answer(ask) if ask is not None else None
        if event is None and self._waiting:
            return self._interject()
        return event

    def _interject(self) -> Event:
        self.answered = False
        return self._say(self._waiting.pop(0).says)

    def _answer(self, ask: Ask) -> Event | None:
        """The words for the field; the second time a button, where one says the same."""
        words = self._words(ask.path)
        before = self._asked.get(ask.path, 0)
        if before >= PATIENCE or (before and words == NO_IDEA):
            return None
        self._asked[ask.path] = before + 1
        self._answers += 1
        self.answered = True
        button = pressable(words, ask) if before else None
        if button is not None:
            return Answered(ask.path, button, self._scenario.requester, self._ts())
        return self._say(words)

    def _words(self, path: str) -> str:
        """The person's words for a field; those for its kind where there are none for this resource."""
        facts = self._scenario.facts
        found = facts.get(path, facts.get(without_label(path)))
        return NO_IDEA if found in (None, "") else said_as(found)

    def _say(self, text: str) -> Event:
        return Said(self._scenario.requester, text, self._ts())

    def _ts(self) -> str:
        self._said += 1
        return f"{self._said}.000000"


def pressable(words: str, ask: Ask) -> JSON:
    """The one button that the words name; ``None`` where they name none or several."""
    flat = words.casefold()
    named = [
        choice for choice in ask.choices if re.search(rf"(?<!\w){re.escape(choice.casefold())}(?!\w)", flat)
    ]
    return named[0] if len(named) == 1 else None


def without_label(path: str) -> str:
    """``resources.schema.grants`` for ``resources.schema[raw].grants``."""
    return re.sub(r"\[[^\]]*\]", "", path)


def world_of(registry: Registry, policy: Policy, today: date) -> World:
    """What the bot may know in a rehearsal; everybody in the directory has linked their GitHub account."""

    def login(slack: str) -> str | None:
        person = policy.person(slack=slack)
        return person.github if person else None

    return World(registry, policy, today, login)


def play(scenario: Scenario, world: World, read: Read) -> Talk:
    """Let the person talk until nothing is asked any more and nothing is left to say; then they confirm."""
    person = Requester(scenario)
    draft = Draft(id="rehearsal", requester_slack=scenario.requester, channel="C1", thread_ts="1.0")
    talk = Talk(draft, composed_of(draft, world))
    event: Event | None = person.opens()
    standing: Ask | None = None
    card: Card | None = None
    for _ in range(MAX_TURNS):
        if event is None:
            break
        replies = _turn(talk, event, world, read)
        asked = next((reply for reply in replies if isinstance(reply, Ask)), None)
        if asked is not None and (not asked.again or person.answered):
            talk.questions.append(asked.path)
        # A question stands until the draft does not wait for it any more, said again or not.
        standing = asked or (standing if standing and standing.path == talk.draft.asked else None)
        card = next((reply for reply in replies if isinstance(reply, Card)), card)
        event = person.next(standing)
    talk.composed = composed_of(talk.draft, world)
    if card is not None and card.digest is not None:
        _, last = step(talk.draft, Confirmed(scenario.requester, card.digest), world=world)
        talk.submitted = any(isinstance(reply, Submit) for reply in last)
    return talk


def _turn(talk: Talk, event: Event, world: World, read: Read) -> Sequence[Reply]:
    """One thing the person does, and what the bot says to it; the draft goes the way through a database."""
    updates: Sequence[FieldUpdate] = ()
    if isinstance(event, Said):
        talk.lines.append(Line("person", event.text))
        reading = read(world, talk.draft, event.text)
        updates, event = reading.updates, replace(event, like=_like(event.text))
        talk.tokens += reading.tokens
        if reading.note:
            talk.lines.append(Line("read", reading.note))
    elif isinstance(event, Answered):
        talk.pressed.add(event.path)
        talk.lines.append(Line("person", f"[{said_as(event.value)}]"))
    draft, replies = step(talk.draft, event, updates=updates, world=world)
    talk.draft = Draft.from_json(draft.to_json())
    talk.lines += [Line("bot", text) for reply in replies for text in _told(reply)]
    return replies


def _like(text: str) -> Like | None:
    """What "same as …" points to; in a rehearsal there are no requests that it could mean."""
    named = same_as(plain(text), ())
    return Like(named[0]) if named else None


def _told(reply: Reply) -> Sequence[str]:
    """What the person reads of a reply; the card is not shown again."""
    match reply:
        case Changed():
            return reply.lines
        case Note():
            return (reply.text,)
        case Ask():
            buttons = f" [{' | '.join(reply.choices)}]" if reply.choices else ""
            return (f"{reply.question} {reply.why}{buttons}",)
        case _:
            return ()
