"""The life of a request on a terminal: narrow or wide, with colours or without, whatever somebody typed."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.audit.deeds import Deed
from gitops.audit.life import Event
from gitops.audit.story import Paper, story
from gitops.markup import visible

ADDRESS = "https://github.test/acme/lakeport/actions/runs/1"
EVENT = Event(
    at="2026-01-05T10:48:00+00:00",
    what="It was applied",
    who="nadia-k",
    details=("4 of 4 steps were done, and this sentence goes on until it has to be folded.",),
    cites=("commit " + "a" * 40, "pull 7", ADDRESS),
    doubt="It came through no pull request.",
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_file_gets_whole_lines_without_colours() -> None:
    assert story({"Request": "dev/x/y", "Ends": ""}, [EVENT], Paper.of(io.StringIO())) == (
        "Request  dev/x/y\n"
        "\n"
        "2026-01-05 10:48  It was applied, commit by nadia-k\n"
        "  ! It came through no pull request.\n"
        "  4 of 4 steps were done, and this sentence goes on until it has to be folded.\n"
        "  commit aaaaaaaaaaaa; pull 7\n"
        f"  {ADDRESS}\n"
    )


def test_on_a_narrow_terminal_lines_are_folded_and_addresses_are_not() -> None:
    lines = story({"Request": "word " * 20}, [EVENT], Paper(width=36)).splitlines()
    assert [line for line in lines if len(line) > 36] == [f"  {ADDRESS}"]
    assert lines[1].startswith(" " * 9 + "word")


@pytest.mark.parametrize(
    ("name", "value", "colours"), [("X", "", True), ("NO_COLOR", "1", False), ("TERM", "dumb", False)]
)
def test_colours_are_for_terminals_that_want_them(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, colours: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(name, value)
    assert Paper.of(Terminal()).colours is colours
    assert ("\x1b[33m  ! It came" in story({}, [EVENT], Paper.of(Terminal()))) is colours


@given(st.text(max_size=80), st.integers(0, 60))
def test_a_typed_text_is_in_it_and_does_nothing(text: str, width: int) -> None:
    event = Event(at=text, what=text, who=text, details=(text,), cites=(text,), doubt=text)
    said = story({"Purpose": text}, [event], Paper(width=width))
    assert [visible(line) for line in said.split("\n")] == said.split("\n")
    assert not width or re.sub(r"\s", "", visible(text)) in re.sub(r"\s", "", said)


@pytest.mark.parametrize("made", [True, False])
def test_the_values_of_what_was_made_are_counted_and_those_of_a_change_are_shown(made: bool) -> None:
    values = tuple(f"tags[{number}]: none → {number}" for number in range(5))
    deed = Deed(what="Create x.", outcome="done", values=values, made=made)
    said = story({}, [Event(at="2026-01-05", what="It was applied", deeds=(deed,))], Paper())
    assert ("5 values, all of them new (--json)" in said) is made
    assert (values[0] in said) is not made
