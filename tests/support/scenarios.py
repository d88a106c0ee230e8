"""Plays a scenario (tests/data/scenarios) against the bot's mind: a simulated requester, a policy, and a
score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from bot import rules
from bot.conversation import composed_of, step
from bot.dialogue import Ask, Changed, Note, Said, World
from bot.draft import Draft, FieldUpdate
from bot.values import field_of
from gitops.compose import Composed
from gitops.kind import Registry
from gitops.policy import Policy

NO_IDEA = "no idea, whatever you usually do"
MAX_TURNS = 40
Extract = Callable[..., Sequence[FieldUpdate]]


@dataclass(frozen=True)
class Scenario:
    """One file: who says what, and what the request file must say in the end."""

    id: str
    requester: str
    today: date
    opening: str
    facts: Mapping[str, str]
    interjections: Sequence[Mapping[str, Any]]
    expect: Mapping[str, Any]
    expect_absent: Sequence[str]
    must_ask: Sequence[str]
    must_refuse: Sequence[str]
    max_questions: int


@dataclass
class Played:
    """What came of it: who said what, the fields right of those expected, and everything that was not as it
    should be.
    """

    scenario: Scenario
    draft: Draft
    composed: Composed
    asked: list[str]
    transcript: list[str]
    wrong: list[str] = field(default_factory=list)
    right: int = 0
    expected: int = 0
    present: list[str] = field(default_factory=list)
    not_asked: list[str] = field(default_factory=list)
    not_refused: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)

    @property
    def exact(self) -> bool:
        """Whether the file is exactly as expected, asked and refused as it must be."""
        return not (self.wrong or self.present or self.not_asked or self.not_refused or self.invented)


def load(folder: Path) -> list[Scenario]:
    """Every scenario of a folder, by name."""
    scenarios = []
    for path in sorted(folder.glob("*.yaml")):
        data = yaml.safe_load(path.read_text())
        if "opening" in data:
            scenarios.append(Scenario(**{key: value for key, value in data.items() if key != "about"}))
    return scenarios


def play(scenario: Scenario, registry: Registry, policy: Policy, extract: Extract = rules.extract) -> Played:
    """Let the person talk until nothing is asked any more, then compare."""
    world = World(registry, policy, scenario.today)
    draft = Draft(id="c1", requester_slack=scenario.requester, channel="C1", thread_ts="1.0")
    asked: list[str] = []
    transcript: list[str] = []
    answers, waiting = 0, list(scenario.interjections)
    text: str | None = scenario.opening
    for turn in range(MAX_TURNS):
        if text is None:
            break
        transcript.append(f"> {text}")
        draft, question = _turn(draft, text, turn, world, extract, transcript)
        draft = Draft.from_json(draft.to_json())
        if question and not question.again:
            asked.append(question.path)
        text = None
        if waiting and answers >= waiting[0]["after"]:
            text = waiting.pop(0)["says"]
        elif (
            draft.asked
            and asked.count(draft.asked) < 3
            and not (question and question.again and draft.asked in draft.skipped)
        ):
            text, answers = _fact(scenario, draft.asked), answers + 1
        elif waiting:
            text = waiting.pop(0)["says"]
    return _judge(Played(scenario, draft, composed_of(draft, world), asked, transcript), world)


def _turn(
    draft: Draft, text: str, turn: int, world: World, extract: Extract, transcript: list[str]
) -> tuple[Draft, Ask | None]:
    requester = world.policy.person(slack=draft.requester_slack)
    updates = extract(
        world.catalogue, draft, draft.asked, text, policy=world.policy, requester=requester, today=world.today
    )
    transcript += [f"    {update}" for update in updates]
    draft, replies = step(draft, Said(draft.requester_slack, text, f"{turn}.0"), updates=updates, world=world)
    for reply in replies:
        if isinstance(reply, Changed):
            transcript += [f"  ~ {line}" for line in reply.lines]
        elif isinstance(reply, Note):
            transcript.append(f"  ! {reply.text}")
        elif isinstance(reply, Ask):
            transcript.append(f"  ? {reply.path}: {reply.question} ({reply.why})")
    return draft, next((reply for reply in replies if isinstance(reply, Ask)), None)


def _fact(scenario: Scenario, path: str) -> str:
    kind = path.split("[")[0] + path.partition("]")[2] if "[" in path else path
    return scenario.facts.get(path) or scenario.facts.get(kind) or NO_IDEA


def _judge(played: Played, world: World) -> Played:
    values = {path: value.value for path, value in played.composed.values.items()}
    for path, wanted in played.scenario.expect.items():
        played.expected += 1
        got = _find(values, path)
        if same(got, wanted):
            played.right += 1
        else:
            played.wrong.append(f"{path}: {got!r}, expected {wanted!r}")
    for path in played.scenario.expect_absent:
        got = [key for key in values if key == path or key.startswith((f"{path}.", f"{path}["))]
        if any(values[key] not in (None, "", [], ()) for key in got) and any(
            _find(values, key) for key in got
        ):
            played.present.append(path)
    played.not_asked = [
        path
        for path in played.scenario.must_ask
        if not any(_same_path(path, asked) for asked in played.asked)
    ]
    findings = " ".join(
        f"{f.rule} {f.message} {f.hint} {f.place.path}" for f in played.composed.findings
    ).casefold()
    played.not_refused = [word for word in played.scenario.must_refuse if word.casefold() not in findings]
    played.invented = _invented(played, world)
    return played


def _same_path(path: str, asked: str) -> bool:
    return path == asked or path == asked.split("[")[0] + asked.partition("]")[2]


def _find(values: Mapping[str, Any], path: str) -> Any:
    """The value at a scenario's path: ``schema[raw]`` is the schema of that name, ``schema`` the only one."""
    if path in values:
        return values[path]
    if not path.startswith("resources."):
        return None
    _, key, name = path.split(".", 2)
    kind, _, label = key.partition("[")
    label = label.rstrip("]")
    for other in {p.split(".")[1] for p in values if p.startswith("resources.")}:
        if other.partition("[")[0] == kind and (not label or values.get(f"resources.{other}.name") == label):
            return values.get(f"resources.{other}.{name}")
    return None


def same(got: Any, wanted: Any) -> bool:
    """Equal as the scenarios mean it: lists as sets, days as text, ``False`` and nothing alike."""
    return _plain(got) == _plain(wanted)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return frozenset((key, _plain(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return frozenset(map(_plain, value))
    return None if value is False else value


def _invented(played: Played, world: World) -> list[str]:
    """Risky fields whose value is neither expected nor a default or look-up of the policy."""
    out = []
    for path, value in played.draft.said.items():
        asked = field_of(path, world)
        if asked is None or not asked.ask.risky or value.value in (None, [], False):
            continue
        expected = {**played.scenario.expect}
        if path in expected and not same(value.value, expected[path]):
            out.append(f"{path} = {value.value!r}")
        elif value.source == "inferred":
            out.append(f"{path} = {value.value!r} (inferred)")
        elif path in played.scenario.expect_absent:
            out.append(f"{path} = {value.value!r} (absent)")
    return out
