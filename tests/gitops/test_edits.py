from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
import pytest

from gitops.edited import WORDS, Edit, Edited, Effect
from gitops.edits import edits_of
from gitops.kind import Ask
from gitops.vocabulary import Part


class Entry(Part):
    who: Annotated[str, Edited(immutable=True)]
    may: tuple[str, ...] = ()
    level: int = 1


def _by_size(thing: Thing) -> Effect:
    return Effect.RESTARTS if thing.size > 5 else Effect.NEXT_RUN


class Thing(Part):
    name: Annotated[str, Edited(immutable=True)] = "one"
    size: Annotated[int, Ask(label="Size", help="A number."), Edited(changed=_by_size)] = 3
    gpu: Annotated[bool, Ask(label="GPU", help="Yes or no.")] = False
    comment: str = ""
    owner: Annotated[str | None, Ask(label="Owner", help="A name.", risky=True)] = None
    words: Annotated[tuple[str, ...], Edited(gone=Effect.LEFT, note="soon")] = ()
    inputs: Mapping[str, str] = {}
    entries: Annotated[
        tuple[Entry, ...],
        Edited(
            same=lambda entry: str(entry["who"]),
            added="{who} may {may}",
            dropped="{who} may no longer {may}",
        ),
    ] = ()
    loose: tuple[Entry, ...] = ()


def edits(old: dict[str, Any], new: dict[str, Any]) -> list[Edit]:
    was, wanted = (msgspec.convert(one, Thing) for one in (old, new))
    return list(edits_of(Thing, old, new, was=was, wanted=wanted, path="thing", at=("thing",), thing="the x"))


def one(old: dict[str, Any], new: dict[str, Any]) -> Edit:
    found = edits(old, new)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("old", "new", "sign", "sentence"),
    [
        ({"size": 4}, {"size": 8}, "~", "size of the x: 4 → 8"),
        ({}, {"size": 8}, "~", "size of the x: 3 → 8"),
        ({"size": 8}, {}, "~", "size of the x: 8 → 3"),
        ({}, {"gpu": True}, "~", "GPU of the x: false → true"),
        ({}, {"owner": "li"}, "+", "owner of the x: li"),
        ({"owner": "li"}, {"owner": None}, "-", "owner of the x: li"),
        ({}, {"comment": "hello"}, "+", "comment of the x: hello"),
        ({"words": ["a"]}, {"words": ["a", "b", "c"]}, "+", "words of the x: b, c"),
        ({"words": ["a", "b"]}, {"words": ["b"]}, "-", "words of the x: a, no longer in the file"),
        ({}, {"inputs": {"python": "3.12"}}, "+", "inputs python of the x: 3.12"),
        ({"entries": []}, {"entries": [{"who": "li", "may": ["read"]}]}, "+", "li may read on the x"),
        ({"entries": [{"who": "li", "may": ["read"]}]}, {}, "-", "li may no longer read on the x"),
        (
            {"entries": [{"who": "li"}]},
            {"entries": [{"who": "li", "level": 2}]},
            "+",
            "level for li of the x: 2",
        ),
        ({}, {"loose": [{"who": "li"}]}, "+", 'loose of the x: {"who": "li"}'),
    ],
)
def test_an_edit_in_words(old: dict[str, Any], new: dict[str, Any], sign: str, sentence: str) -> None:
    found = one(old, new)
    assert (found.sign, found.sentence) == (sign, sentence)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"words": ["a", "b"]}, {"words": ["b", "a", "a"]}),
        ({"words": []}, {}),
        ({"owner": None}, {}),
        ({"inputs": {}}, {}),
        ({"size": 4, "gpu": True}, {"gpu": True, "size": 4}),
        (
            {"entries": [{"who": "li", "may": ["a", "b"]}, {"who": "jo"}]},
            {"entries": [{"who": "jo"}, {"may": ["b", "a"], "who": "li"}]},
        ),
        ({"loose": [{"who": "li"}, {"who": "jo"}]}, {"loose": [{"who": "jo"}, {"who": "li"}]}),
    ],
)
def test_what_is_only_written_in_another_way_is_no_edit(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert edits(old, new) == []


@pytest.mark.parametrize(("old", "new"), [({}, {"gpu": False}), ({"size": 3}, {}), ({"comment": ""}, {})])
def test_a_default_that_is_written_out_makes_no_difference(old: dict[str, Any], new: dict[str, Any]) -> None:
    found = one(old, new)
    assert found.effect is Effect.SAME
    assert found.means == "no difference"


def test_what_becomes_of_it_can_depend_on_what_is_proposed() -> None:
    assert one({}, {"size": 4}).effect is Effect.NEXT_RUN
    assert one({}, {"size": 8}).means == WORDS[Effect.RESTARTS]
    assert one({"words": ["a"]}, {}).effect is Effect.LEFT
    assert one({}, {"words": ["a"]}).means == "changed in place; soon"


def test_an_immutable_field_is_refused_unless_only_its_case_differs() -> None:
    refused = one({"name": "one"}, {"name": "two"})
    assert (refused.effect, refused.rule) == (Effect.REFUSED, "field-immutable")
    same = one({"name": "one"}, {"name": "ONE"})
    assert (same.effect, same.rule) == (Effect.SAME, "")


def test_entries_are_told_apart_by_what_they_are() -> None:
    old = {"entries": [{"who": "li", "may": ["a"]}, {"who": "jo", "may": ["a"]}]}
    new = {"entries": [{"who": "JO", "may": ["a", "b"]}, {"who": "li", "may": ["a"]}]}
    found = {edit.paths: edit for edit in edits(old, new)}
    assert set(found) == {("thing.entries[jo].who",), ("thing.entries[jo].may[b]",)}
    assert found["thing.entries[jo].who",].effect is Effect.SAME
    assert found["thing.entries[jo].may[b]",].at == ("thing", "entries", 0, "may")
    assert found["thing.entries[jo].may[b]",].label == "may for JO"


def test_two_entries_of_one_name_are_both_seen() -> None:
    old = {"entries": [{"who": "li", "may": ["a"]}, {"who": "li", "may": ["b"]}]}
    found = edits(old, {"entries": [{"who": "li", "may": ["a"]}, {"who": "li", "may": ["c"]}]})
    assert [edit.paths for edit in found] == [
        ("thing.entries[li#2].may[b]",),
        ("thing.entries[li#2].may[c]",),
    ]


def test_what_a_model_does_not_know_is_not_silent() -> None:
    found = list(edits_of(None, {"odd_one": [1]}, {"odd_one": {"a": 2}}, was=Thing(), wanted=Thing()))
    assert [(edit.sentence, edit.paths) for edit in found] == [('odd one: 1 → {"a": 2}', ("odd_one",))]


def test_of_something_new_nothing_is_an_edit_in_place() -> None:
    new = {"name": "two", "words": ["a"]}
    found = edits_of(Thing, {}, new, was=None, wanted=msgspec.convert(new, Thing))
    assert {edit.effect for edit in found} == {Effect.RECORDED}


def test_risky_fields_are_marked() -> None:
    assert one({}, {"owner": "li"}).risky
    assert not one({}, {"gpu": True}).risky


def test_words_of_a_person_are_no_pattern() -> None:
    found = one({}, {"entries": [{"who": "{may.__class__}", "may": ["{who}"]}]})
    assert found.value == "{may.__class__} may {who}"


def test_through_json() -> None:
    for edit in edits({"words": ["a"]}, {"size": 9, "entries": [{"who": "li", "may": ["a"]}]}):
        assert Edit.from_json(msgspec.json.decode(msgspec.json.encode(edit.as_json()))) == edit
