"""What the bot notes of where values come from, hidden in the text of a pull request."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.markup import LIMIT, Page
from gitops.noted import LIMIT as ROOM
from gitops.noted import Noted, Origin, note, read
from gitops.render import pull_body
from gitops.render_sources import ALL_SAID, BY_HAND, unsaid
from tests.gitops.test_render_sources import DOCUMENT, NASTY, ORIGINS

FILE = f"sha256:{'a' * 64}"


def on_github(noted: Noted, file_digest: str = FILE) -> str:
    page = Page("#")
    unsaid(page, noted, file_digest, rank=0, room=6_000)
    return str(page)


def test_what_nobody_said_is_noted_and_read_back() -> None:
    found = read(f"A text.\n\n{note(FILE, ORIGINS)}\n<!-- lakeport:thread x -->\n")
    assert found == Noted(file_digest=FILE, said=1, values=(ORIGINS[3], ORIGINS[1], ORIGINS[2]))


def test_it_stands_in_the_text_of_the_pull_request() -> None:
    body = pull_body(DOCUMENT, origins=ORIGINS, file_digest=FILE)
    assert read(body).file_digest == FILE
    assert read(body.replace("\n", "\r\n")).file_digest == FILE, "as GitHub gives it back"
    assert read(pull_body(DOCUMENT, origins=ORIGINS)) == Noted()


def test_of_a_thousand_values_those_that_were_concluded_are_noted_first() -> None:
    many = [Origin(f"a.b{number}", "default", NASTY * 9, NASTY * 9) for number in range(1000)]
    body = pull_body(DOCUMENT, origins=[*many, ORIGINS[3]], file_digest=FILE)
    assert len(body) < LIMIT - 500
    found = read(body)
    assert found.values[0] == ORIGINS[3]
    assert found.left + len(found.values) == 1001
    assert f"*And {found.left} more that nobody said.*" in on_github(found)


def test_what_was_concluded_stands_in_plain_sight_and_the_rest_folded() -> None:
    text = on_github(read(note(FILE, ORIGINS)))
    open_, _, folded = text.partition("<details>")
    assert "#### Concluded by the bot, not said" in open_
    assert (
        "| <code>resources.compute.workload</code> | <code>ml</code> | **concluded** | “we train models” |"
    ) in open_
    assert folded.startswith(
        "<summary>Not said by anybody: 1 looked up, 1 default (1 said or merged before)</summary>"
    )
    assert "| <code>metadata.team</code> | <code>growth</code> | looked up |  |" in folded
    assert "metadata.name" not in text


def test_of_a_file_in_which_all_was_said_that_is_said() -> None:
    body = pull_body(DOCUMENT, origins=[Origin("metadata.name", "said", "churn")], file_digest=FILE)
    assert on_github(read(body)) == f"#\n\n{ALL_SAID}\n"


def test_without_a_note_the_file_was_written_by_hand() -> None:
    assert BY_HAND in on_github(read("Please merge this."))


def test_a_note_on_another_file_says_nothing_of_this_one() -> None:
    text = on_github(read(note(FILE, ORIGINS)), f"sha256:{'b' * 64}")
    assert "another than the one" in text
    assert "we train models" not in text


def altered(**fields: object) -> str:
    data = {"file": FILE, "said": 1, "left": 0, "values": [["a", "default", "b", ""]], **fields}
    return f"<!-- lakeport:origins {json.dumps(data)} -->"


def test_a_sound_note_of_somebody_else_is_read() -> None:
    assert read(altered()).values == (Origin("a", "default", "b"),)


@pytest.mark.parametrize(
    "fields",
    [
        {"file": "x"}, {"file": 1}, {"said": -1}, {"said": True}, {"left": 10**9}, {"values": None},
        {"values": [1]}, {"values": [["a", "said", "b", ""]]}, {"values": [["a", "default", 1, ""]]},
        {"values": [["a", "default", "b" * 999, ""]]}, {"values": [["a" * 999, "default", "", ""]]},
        {"more": 1},
    ],
)  # fmt: skip
def test_an_odd_note_is_none(fields: dict[str, object]) -> None:
    assert read(altered(**fields)) == Noted()


def test_two_notes_are_none() -> None:
    assert read(altered() + "\n" + altered()) == Noted()
    assert read(f"<!-- lakeport:origins {'[' * 9000} -->") == Noted()
    assert read(altered(values=[["a", "default", "b", "c"]] * 9000)) == Noted()


@given(st.text(max_size=150), st.text(max_size=150))
def test_no_words_end_the_note_or_stand_outside_it(value: str, quote: str) -> None:
    line = note(FILE, [Origin("a.b", "inferred", value, quote)])
    assert line.isascii()
    assert line.isprintable()
    assert len(line) < ROOM
    inner = line.removeprefix("<!-- ").removesuffix(" -->")
    assert not set(inner) & set("<>&@#`-")
    assert read(line).values == (Origin("a.b", "inferred", value, quote),)
