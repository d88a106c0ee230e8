"""``/lakeport``: its words, their other words, and what was meant by a slip of one."""

from __future__ import annotations

from typing import Any

import pytest

from bot.commands import Command, Commands


class Calls(list[Any]):
    def take(self, key: str, *, user: str, channel: str, word: str, text: str) -> None:
        self.append((word, text))

    def whisper(self, user: str, channel: str, text: str) -> None:
        self.append(text)


def commands() -> tuple[Commands, Calls]:
    calls = Calls()
    table = {
        "change": Command("change NAME …", "changes one", calls.take, ("edit",)),
        "retire": Command("retire NAME", "takes it away", calls.take),
    }
    return Commands(table, calls.whisper), calls


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("change churn  make it large", ("change", "churn  make it large")),
        ("  CHANGE churn", ("change", "churn")),
        ("edit churn", ("edit", "churn")),
        ("retire", ("retire", "")),
    ],
)
def test_a_word_goes_to_who_takes_it_up(text: str, call: tuple[str, str]) -> None:
    found, calls = commands()
    found.commanded("k", user="U1", channel="C1", text=text)
    assert calls == [call]


@pytest.mark.parametrize("text", ["", "help", "HELP", "?"])
def test_help_says_every_word(text: str) -> None:
    found, calls = commands()
    found.commanded("k", user="U1", channel="C1", text=text)
    (said,) = calls
    assert "/lakeport change NAME" in said
    assert "/lakeport retire NAME" in said
    assert "no such command" not in said


@pytest.mark.parametrize(("text", "close"), [("chnage churn", "change"), ("retier", "retire"), ("dance", "")])
def test_a_slip_of_a_word_gets_a_suggestion(text: str, close: str) -> None:
    found, calls = commands()
    found.commanded("k", user="U1", channel="C1", text=text)
    (said,) = calls
    assert said.startswith("I know no such command.")
    assert ("Did you mean" in said) is bool(close)
    assert close in said
