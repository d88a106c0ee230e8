"""The simulated requester: what it answers, when it speaks up, and what counts as a question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bot.dialogue import Answered, Ask, Said, World
from bot.draft import Draft, FieldUpdate
from bot.rehearsal.player import NO_IDEA, PATIENCE, Reading, Requester, Talk, play, pressable, world_of
from bot.rehearsal.scenario import Interjection, Scenario
from handlers import registry
from tests.support.organisation import JANE, TODAY, policy

FACTS = {
    "resources": "schema",
    "metadata.name": "churn",
    "metadata.purpose": "see who leaves",
    "metadata.business_owner": "Li Wei",
    "metadata.data_classification": "internal",
    "metadata.expires": "2027-04-30",
}


def scenario(**changed: Any) -> Scenario:
    said: dict[str, Any] = {
        "id": "one",
        "requester": JANE,
        "today": TODAY,
        "opening": "hello",
        "facts": FACTS,
        "expect": {},
        "max_questions": 9,
    }
    return Scenario(**said | changed)


def literal(_world: World, draft: Draft, text: str) -> Reading:
    """An extractor that takes every answer word by word, and nothing else."""
    if draft.asked is None or text == NO_IDEA:
        return Reading((), 1)
    value = text.split() if draft.asked == "resources" else text
    return Reading((FieldUpdate(draft.asked, "set", value, text),), 10)


def played(one: Scenario, read: Any = literal) -> Talk:
    return play(one, world_of(registry(), policy(), TODAY), read)


def said(talk: Talk) -> list[str]:
    return [line.text for line in talk.lines if line.who == "person"]


def test_questions_are_answered_with_the_facts_until_the_request_is_complete() -> None:
    talk = played(scenario())
    assert said(talk) == ["hello", *FACTS.values()]
    assert talk.questions == [*FACTS]
    assert talk.composed.missing == ()
    assert talk.submitted
    assert talk.tokens == 1 + 10 * len(FACTS)


def test_what_the_person_does_not_know_they_say_once() -> None:
    facts = {path: words for path, words in FACTS.items() if path != "metadata.purpose"}
    talk = played(scenario(facts=facts))
    assert said(talk).count(NO_IDEA) == 1
    assert talk.composed.missing == ("metadata.purpose",)
    assert not talk.submitted
    assert talk.questions.count("metadata.purpose") == 2  # put off, and asked again at the end


def test_the_person_speaks_up_after_the_answers_they_gave() -> None:
    interjections = (Interjection(1, "one"), Interjection(1, "two"), Interjection(99, "at the end"))
    talk = played(scenario(interjections=interjections))
    assert said(talk)[:4] == ["hello", "schema", "one", "two"]
    assert said(talk)[-1] == "at the end"


def test_a_question_that_stands_through_an_interjection_is_asked_once() -> None:
    quiet = played(scenario())

    def deaf_to_asides(world: World, draft: Draft, text: str) -> Reading:
        return Reading(()) if text == "by the way" else literal(world, draft, text)

    aside = played(scenario(interjections=(Interjection(1, "by the way"),)), deaf_to_asides)
    assert aside.questions == quiet.questions
    assert aside.submitted


def test_a_question_is_counted_again_when_its_answer_was_not_understood() -> None:
    facts = {"resources": "what the others have"}
    talk = played(scenario(facts=facts), lambda _world, _draft, _text: Reading(()))
    assert talk.questions == ["resources"] * (PATIENCE + 1)
    assert not talk.submitted


CHOICE = Ask("metadata.data_classification", "How?", ("public", "internal"))


def answers(facts: Mapping[str, Any], ask: Ask, times: int = 1) -> list[Any]:
    person = Requester(scenario(facts=facts))
    events = [person.next(ask) for _ in range(times)]
    return [
        event.text if isinstance(event, Said) else event.value if isinstance(event, Answered) else event
        for event in events
    ]


def test_the_second_time_the_person_presses_the_button_that_says_the_same() -> None:
    facts = {CHOICE.path: "well, internal I think"}
    assert answers(facts, CHOICE, 2) == ["well, internal I think", "internal"]


def test_a_pressed_button_reaches_the_draft() -> None:
    def deaf(world: World, draft: Draft, text: str) -> Reading:
        return Reading(()) if draft.asked == CHOICE.path else literal(world, draft, text)

    talk = played(scenario(), deaf)
    assert talk.pressed == {CHOICE.path}
    assert talk.submitted


@pytest.mark.parametrize(
    ("words", "choice"),
    [("Internal.", "internal"), ("public or internal", None), ("internally", None), ("no idea", None)],
)
def test_only_one_button_named_by_a_word_of_its_own_is_pressed(words: str, choice: str | None) -> None:
    assert pressable(words, CHOICE) == choice


def test_a_fact_of_a_kind_answers_for_each_resource_of_it() -> None:
    ask = Ask("resources.schema[raw].grants", "Who?")
    assert answers({"resources.schema.grants": "nobody"}, ask) == ["nobody"]
    both = {"resources.schema.grants": "nobody", "resources.schema[raw].grants": "growth"}
    assert answers(both, ask) == ["growth"]


def test_facts_that_are_no_text_are_said_as_people_do() -> None:
    ask = Ask("resources.compute.gpu", "A GPU?")
    assert answers({ask.path: True}, ask) == ["yes"]
    assert answers({ask.path: 5}, ask) == ["5"]


def test_there_are_no_other_requests_that_one_could_be_like() -> None:
    talk = played(scenario(opening="the same as churn please"))
    assert any("churn" in line.text for line in talk.lines if line.who == "bot")
    assert talk.submitted


def test_every_message_has_a_later_time() -> None:
    person = Requester(scenario(interjections=(Interjection(1, "oh"),)))
    events = [person.opens(), person.next(CHOICE), person.next(CHOICE), person.next(CHOICE)]
    times = [float(event.ts) for event in events if isinstance(event, Said | Answered)]
    assert times == sorted(set(times))
    assert len(times) == len(events)


def test_everybody_in_the_directory_has_linked_their_account() -> None:
    world = world_of(registry(), policy(), TODAY)
    assert world.login_of(JANE) == "janed"
    assert world.login_of("U0NOBODY") is None
    assert played(scenario()).composed.values["metadata.requested_by.github"].value == "janed"
