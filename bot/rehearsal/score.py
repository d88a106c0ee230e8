"""What came of a played scenario, compared with what the person meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from bot.conversation import composed_of
from bot.dialogue import World
from bot.rehearsal.player import Talk, without_label
from bot.rehearsal.scenario import Scenario
from bot.text import squeeze
from bot.values import field_of, said_as
from gitops.draft import kind_of
from gitops.fields import RESOURCES
from gitops.finding import Severity


@dataclass(frozen=True, slots=True)
class Invented:
    """A value in the file that neither the words, a rule of the policy nor a default accounts for."""

    path: str
    value: str
    risky: bool


@dataclass(frozen=True, kw_only=True)
class Score:
    """How one scenario ended. All sequences are empty where everything is as it should be.

    ``wrong`` are sentences on expected values that are others, ``present`` paths that should not be in the
    file, ``missing`` what the file still lacks, ``not_asked`` and ``not_refused`` what the bot should have
    asked and policy refused, ``unsubmitted`` why Confirm did not do what it should.
    """

    id: str
    right: int
    expected: int
    questions: int
    max_questions: int
    tokens: int
    wrong: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    invented: tuple[Invented, ...] = ()
    not_asked: tuple[str, ...] = ()
    not_refused: tuple[str, ...] = ()
    unsubmitted: str = ""

    @property
    def exact(self) -> bool:
        """Whether the file says exactly what the person meant."""
        return not (self.wrong or self.present or self.missing or self.invented)

    @property
    def over(self) -> bool:
        """Whether more was asked than may be."""
        return self.questions > self.max_questions

    @property
    def good(self) -> bool:
        """Whether nothing at all went wrong."""
        return not self.problems

    @property
    def problems(self) -> tuple[str, ...]:
        """What went wrong, in words."""
        made_up = tuple(f"{one.path} is invented: {one.value}" for one in self.invented)
        asked = f"{self.questions} questions, {self.max_questions} allowed"
        return (
            *self.wrong,
            *(f"{path} is in the file" for path in self.present),
            *(f"{path} is missing" for path in self.missing),
            *made_up,
            *(f"{path} was not asked" for path in self.not_asked),
            *(f"no finding says {word}" for word in self.not_refused),
            *((self.unsubmitted,) if self.unsubmitted else ()),
            *((asked,) if self.over else ()),
        )


def judge(scenario: Scenario, talk: Talk, world: World) -> Score:
    """Compare the file of a talk with what the scenario expects."""
    values = {path: value.value for path, value in talk.composed.values.items()}
    wrong = [
        f"{path} is {said_as(_find(values, path))}, not {said_as(_json(wanted))}"
        for path, wanted in scenario.expect.items()
        if not same(_find(values, path), wanted)
    ]
    asked = {without_label(path) for path in talk.questions} | set(talk.questions)
    not_refused = tuple(_not_refused(scenario, talk))
    return Score(
        id=scenario.id,
        right=len(scenario.expect) - len(wrong),
        expected=len(scenario.expect),
        questions=len(talk.questions),
        max_questions=scenario.max_questions,
        tokens=talk.tokens,
        wrong=tuple(wrong),
        present=tuple(path for path in scenario.expect_absent if any(_below(values, path))),
        missing=tuple(talk.composed.missing),
        invented=tuple(_invented(scenario, talk, world)),
        not_asked=tuple(path for path in scenario.must_ask if path not in asked),
        not_refused=not_refused,
        unsubmitted=_unsubmitted(scenario, talk),
    )


def _not_refused(scenario: Scenario, talk: Talk) -> Iterator[str]:
    """The words that no finding has which stops the request."""
    told = " ".join(
        f"{finding.rule} {finding.message} {finding.place.path}"
        for finding in talk.composed.findings
        if finding.severity is Severity.ERROR
    ).casefold()
    return (str(word) for word in scenario.must_refuse if str(word).casefold() not in told)


def _unsubmitted(scenario: Scenario, talk: Talk) -> str:
    """What is wrong about whether the request could be confirmed; an incomplete one is said as such."""
    if scenario.must_refuse:
        return "it could be confirmed" if talk.submitted else ""
    if talk.submitted or talk.composed.missing:
        return ""
    stops = [finding.message for finding in talk.composed.findings if finding.severity is Severity.ERROR]
    return " ".join(["it could not be confirmed:", *(stops or ["the bot still waits for an answer"])])


# --- values


def same(got: Any, wanted: Any) -> bool:
    """Equal as scenarios mean it: lists as sets, days as text, ``False`` and nothing alike."""
    return bool(_plain(got) == _plain(wanted))


def _plain(value: Any) -> Any:
    match value:
        case None | False | "":
            return None
        case date():
            return value.isoformat()
        case Mapping():
            return frozenset((key, _plain(item)) for key, item in value.items())
        case list() | tuple():
            return frozenset(map(_plain, value)) or None
        case _:
            return value


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _find(values: Mapping[str, Any], path: str) -> Any:
    """The value at a scenario's path: ``schema[raw]`` is the schema of that name, ``schema`` the first."""
    if path in values or not path.startswith(f"{RESOURCES}."):
        return values.get(path)
    _, key, *rest = path.split(".", 2)
    for other in _keys(values):
        if rest and _means(key, other, values):
            return values.get(f"{RESOURCES}.{other}.{rest[0]}")
    return None


def _keys(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The resources of a file by their keys, ``schema`` and ``schema[raw]``."""
    paths = (path.split(".") for path in values if path.startswith(f"{RESOURCES}."))
    return tuple(dict.fromkeys(parts[1] for parts in paths))


def _means(key: str, other: str, values: Mapping[str, Any]) -> bool:
    """Whether a key of a scenario can mean this resource of the file."""
    kind, _, label = key.partition("[")
    name = label.rstrip("]")
    return kind == kind_of(other) and (
        not name or key == other or name == values.get(f"{RESOURCES}.{other}.name")
    )


def _below(values: Mapping[str, Any], path: str) -> Iterator[bool]:
    """Whether something is in the file, at each path that a path of ``expect_absent`` stands for."""
    if not path.startswith(f"{RESOURCES}."):
        yield _plain(values.get(path)) is not None
        return
    _, key, *rest = path.split(".", 2)
    for other in _keys(values):
        if _means(key, other, values):
            yield not rest or _plain(values.get(f"{RESOURCES}.{other}.{rest[0]}")) is not None


# --- what nobody said


def _invented(scenario: Scenario, talk: Talk, world: World) -> Iterator[Invented]:
    """Every value in the file that nothing accounts for, and every resource that nobody wants."""
    values = {path: value.value for path, value in talk.composed.values.items()}
    yield from (
        Invented(f"{RESOURCES}.{key}", "a resource", risky=True) for key in _unwanted(scenario, values, world)
    )
    for path, value in talk.composed.values.items():
        field = field_of(path, world)
        if field is None or path == RESOURCES or _plain(value.value) is None:
            continue
        if value.source in ("looked_up", "default"):
            continue  # the policy says so, or a kind derives it
        if not _accounted(path, scenario, talk, world, risky=field.ask.risky):
            yield Invented(path, said_as(value.value), field.ask.risky)


def _accounted(path: str, scenario: Scenario, talk: Talk, world: World, *, risky: bool) -> bool:
    """Whether the person meant a value that is not the policy's, as far as the scenario tells.

    What it tells nothing of may be what they said along the way, but for a risky field that is not enough: a
    misread word is as bad there as a made-up one. The same value as without it does no harm.
    """
    value = talk.composed.values[path]
    values = {key: item.value for key, item in talk.composed.values.items()}
    wanted = [item for key, item in scenario.expect.items() if _same_place(key, path, values)]
    if any(same(value.value, item) for item in wanted) or path in talk.pressed:
        return True
    spoken = value.source == "said" and squeeze(value.quote) in squeeze(talk.words) and bool(value.quote)
    absent = any(_same_place(key, path, values) for key in scenario.expect_absent)
    if wanted or absent:
        return spoken and not risky
    if path in scenario.facts or without_label(path) in scenario.facts:
        return True
    return (spoken and not risky) or same(value.value, _otherwise(path, talk, world))


def _same_place(key: str, path: str, values: Mapping[str, Any]) -> bool:
    """Whether a scenario's path and one of the file are the same field."""
    if key == path or not path.startswith(f"{RESOURCES}."):
        return key == path
    wanted, here = key.split(".", 2), path.split(".", 2)
    return len(wanted) == len(here) == 3 and wanted[2] == here[2] and _means(wanted[1], here[1], values)


def _otherwise(path: str, talk: Talk, world: World) -> Any:
    """What the file would say had this value not been taken."""
    said = {key: value for key, value in talk.draft.said.items() if key != path}
    found = composed_of(replace(talk.draft, said=said), world).values.get(path)
    return found.value if found else None


def _unwanted(scenario: Scenario, values: Mapping[str, Any], world: World) -> Iterator[str]:
    """Resources of the file that the scenario does not speak of, but for those that policy brings along."""
    wanted = {path.split(".")[1] for path in scenario.expect if path.startswith(f"{RESOURCES}.")}
    unwelcome = {path.split(".")[1] for path in scenario.expect_absent if path.count(".") == 1}
    along = {kind for kinds in world.policy.defaults.together.values() for kind in kinds}
    keys = _keys(values)
    meant = {next((key for key in keys if _means(one, key, values)), None) for one in wanted}
    for key in keys if wanted else ():
        said = key in meant or any(_means(one, key, values) for one in unwelcome)
        if not said and kind_of(key) not in along:
            yield key


# --- all of them


def totals(scores: Iterable[Score]) -> dict[str, int]:
    """The numbers over all scenarios, as ``lakeport converse --json`` gives them."""
    every = list(scores)
    return {
        "scenarios": len(every),
        "fields_expected": sum(one.expected for one in every),
        "fields_right": sum(one.right for one in every),
        "files_exact": sum(one.exact for one in every),
        "invented": sum(len(one.invented) for one in every),
        "invented_risky": sum(item.risky for one in every for item in one.invented),
        "must_ask_missed": sum(len(one.not_asked) for one in every),
        "must_refuse_missed": sum(len(one.not_refused) for one in every),
        "questions_over": sum(one.over for one in every),
        "tokens": sum(one.tokens for one in every),
    }


def as_json(score: Score) -> dict[str, Any]:
    """One scenario of the list ``played``."""
    return {
        "id": score.id,
        "fields_right": score.right,
        "fields_expected": score.expected,
        "questions": score.questions,
        "max_questions": score.max_questions,
        "tokens": score.tokens,
        "exact": score.exact,
        "wrong": list(score.problems),
    }
