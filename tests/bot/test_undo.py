"""An undo brings back everything that stood before the turn: values, questions, marks, resources."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation import step
from bot.dialogue import Answered, Ask, Reply, Said, Undo
from bot.draft import Draft, FieldUpdate
from tests.support.organisation import LI_WEI, draft, world

WORLD = world()
OPENING = "a schema and a repo, please"
RESOURCES = [FieldUpdate("resources", "add", ["schema", "repo"], "a schema and a repo")]


def say(state: Draft, text: str, *read: FieldUpdate) -> tuple[Draft, list[Reply]]:
    moved, replies = step(state, Said(LI_WEI, text, "2.0"), updates=read, world=WORLD)
    return moved, list(replies)


def begun() -> Draft:
    return say(draft(), OPENING, *RESOURCES)[0]


def undo(state: Draft, turn: int | None = None) -> tuple[Draft, str]:
    moved, replies = step(state, Undo(LI_WEI, "3.0", turn), world=WORLD)
    said = (getattr(one, "text", "") or " ".join(getattr(one, "lines", ())) for one in replies)
    return moved, " ".join(said)


def everything(state: Draft) -> tuple[Any, ...]:
    return state.said, state.unclear, state.skipped, state.asked, state.state


def test_what_was_unclear_before_is_unclear_again() -> None:
    before = begun()
    vague, _ = say(before, "some team or other", FieldUpdate("metadata.team", "set", None, "", "Which one?"))
    assert vague.unclear == {"metadata.team": "Which one?"}
    clear, _ = say(vague, "team risk", FieldUpdate("metadata.team", "set", "risk", "team risk"))
    assert not clear.unclear
    back, _ = undo(clear)
    assert everything(back) == everything(vague)
    assert everything(undo(back)[0]) == everything(before)


def test_what_somebody_did_not_know_is_asked_again_after_an_undo() -> None:
    before = begun()
    assert before.asked == "metadata.name"
    skipped, _ = say(before, "no idea")
    assert skipped.skipped == ("metadata.name",)
    assert skipped.asked != "metadata.name"
    assert everything(undo(skipped)[0]) == everything(before)


def test_a_resource_comes_back_with_all_its_fields() -> None:
    state, _ = say(
        begun(), "comment raw files, private repo",
        FieldUpdate("resources.schema.comment", "set", "raw files", "raw files"),
        FieldUpdate("resources.repo.visibility", "set", "private", "private"),
    )  # fmt: skip
    state = replace(state, unclear={"resources.schema.catalog": "Which one?"})
    gone, _ = say(state, "no schema", FieldUpdate("resources", "remove", ["schema"], "no schema"))
    assert "resources.schema.comment" not in gone.said
    assert not gone.unclear
    assert everything(undo(gone)[0]) == everything(replace(state, asked=undo(gone)[0].asked))
    assert undo(gone)[0].said == state.said


def test_a_scaffold_that_was_kept_out_comes_along_again() -> None:
    before = begun()
    gone, _ = say(before, "no template", FieldUpdate("resources", "remove", ["scaffold"], "no template"))
    assert gone.said["resources.scaffold"].value is False
    assert undo(gone)[0].said == before.said


def test_a_button_of_an_earlier_card_takes_nothing_back() -> None:
    first = begun()
    second, _ = step(first, Answered("metadata.environment", "prod", LI_WEI, "2.1"), world=WORLD)
    back, _ = undo(second, second.undoable)
    assert back.said == first.said
    again, told = undo(back, second.undoable)
    assert again == back
    assert "from before your last change" in told


def test_an_undo_says_what_it_did_also_when_no_value_changes() -> None:
    skipped, _ = say(begun(), "no idea")
    _, replies = step(skipped, Undo(LI_WEI, "3.0"), world=WORLD)
    assert [one.path for one in replies if isinstance(one, Ask)] == ["metadata.name"]
    nothing, told = undo(draft())
    assert nothing == draft()
    assert told == "There is nothing to take back."


def test_what_an_earlier_release_saved_can_still_be_taken_back() -> None:
    """Its rows have a log and no marks."""
    old = replace(begun(), marks=())
    assert undo(old)[0].said == {}


UPDATES = st.sampled_from(
    [
        ("name: one-two", [FieldUpdate("metadata.name", "set", "one-two", "one-two")]),
        ("name: three-four", [FieldUpdate("metadata.name", "set", "three-four", "three-four")]),
        ("prod", [FieldUpdate("metadata.environment", "set", "prod", "prod")]),
        ("not sure about the team", [FieldUpdate("metadata.team", "set", None, "", "Which?")]),
        ("no idea", []),
        ("a cluster too", [FieldUpdate("resources", "add", ["compute"], "a cluster")]),
        ("a large one", [FieldUpdate("resources.compute.size", "set", "large", "large")]),
        ("no cluster", [FieldUpdate("resources", "remove", ["compute"], "no cluster")]),
        ("no schema", [FieldUpdate("resources", "remove", ["schema"], "no schema")]),
        ("no template", [FieldUpdate("resources", "remove", ["scaffold"], "no template")]),
    ]
)


@given(st.lists(UPDATES, max_size=8))
@settings(max_examples=25, deadline=None)
def test_any_number_of_turns_can_be_taken_back(turns: list[tuple[str, list[FieldUpdate]]]) -> None:
    state, history = begun(), []
    for text, read in turns:
        before = state
        state, _ = say(state, text, *read)
        state = Draft.from_json(state.to_json())
        if (state.said, state.unclear, state.skipped) != (before.said, before.unclear, before.skipped):
            history.append(before)
    while history:
        state, _ = undo(state)
        before = history.pop()
        assert (state.said, state.unclear, state.skipped) == (before.said, before.unclear, before.skipped)
        assert state.asked == before.asked
