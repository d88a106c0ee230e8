"""What changed, told in one line each."""

from __future__ import annotations

from dataclasses import replace

from bot.asking import composed_of
from bot.draft import Draft, Patch
from bot.wording import change_lines
from gitops.draft import Source, Value
from gitops.plan import JSON
from tests.support.organisation import draft, world

WORLD = world()


def value(told: JSON, source: Source = "said") -> Value:
    return Value(told, source, "words")


def with_resources(*keys: str) -> Draft:
    return replace(draft(), said={"resources": value(list(keys))})


def lines(
    path: str, before: Value | None, after: Value | None, state: Draft | None = None
) -> tuple[str, ...]:
    state = state or with_resources("compute")
    return change_lines([Patch(path, before, after, "words", "1", 1)], composed_of(state, WORLD), WORLD)


def test_what_is_said_for_the_first_time_has_its_value() -> None:
    assert lines("metadata.team", None, value("growth")) == ("team: growth",)


def test_what_is_said_differently_has_both() -> None:
    path = "resources.compute.max_workers"
    assert lines(path, value(2), value(4)) == ("compute max workers 2 → 4",)


def test_what_was_concluded_is_marked() -> None:
    path = "resources.compute.workload"
    assert lines(path, None, value("ml", "inferred")) == ("compute workload: ml (my reading)",)


def test_what_is_taken_back_shows_what_holds_then() -> None:
    path = "resources.compute.size"
    assert lines(path, value("large"), None) == ("compute size large → small (default)",)


def test_of_several_of_a_kind_it_says_which_one() -> None:
    state = with_resources("schema[raw]", "schema[features]")
    path = "resources.schema[raw].comment"
    assert lines(path, None, value("Raw files."), state) == ("schema raw comment: Raw files.",)


def test_abbreviations_keep_their_letters() -> None:
    assert lines("resources.compute.gpu", None, value(True)) == ("compute GPU: yes",)


def test_nothing_is_said_where_nothing_changed() -> None:
    assert lines("metadata.team", value("growth"), value("growth", "inferred")) == ()
    assert lines("resources.scaffold", None, value(False)) == ()
