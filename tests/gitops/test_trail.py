"""The plans a pull request had before, as its comment keeps them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.trail import KEPT, Past, after, past, read, tail

NOON = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)


def drawn(number: int, summary: str = "create 1, change 0, remove 0") -> Past:
    return past(
        f"{number:040x}", NOON + timedelta(hours=number), summary, f"sha256:{number:064x}" if number else ""
    )


def comment(*plans: Past) -> str:
    """The comment after these plans were drawn one after the other."""
    text = ""
    for one in plans:
        text = "<!-- lakeport:plan -->\n## Plan\n" + tail(after(text, one))
    return text


def test_the_first_plan_has_none_before_it() -> None:
    text = comment(drawn(1))
    assert "Earlier plans" not in text
    assert read(text) == (drawn(1),)


def test_what_stood_there_before_is_folded_newest_first() -> None:
    text = comment(drawn(0, "the plan could not be drawn"), drawn(1), drawn(2))
    assert "<details><summary>Earlier plans (2)</summary>" in text
    shown = [line for line in text.splitlines() if line.startswith("- ")]
    assert shown == [
        "- <code>000000000000</code>, 2026-11-21 13:00 UTC: create 1, change 0, remove 0, plan "
        "<code>000000000000</code>",
        "- <code>000000000000</code>, 2026-11-21 12:00 UTC: the plan could not be drawn",
    ]
    assert read(text) == (drawn(2), drawn(1), drawn(0, "the plan could not be drawn"))


def test_the_same_plan_drawn_again_changes_nothing() -> None:
    first = comment(drawn(1), drawn(2))
    later = past(drawn(2).sha, NOON + timedelta(days=2), drawn(2).summary, drawn(2).digest)
    assert tail(after(first, later)) == first.partition("## Plan\n")[2]


def test_another_plan_of_the_same_commit_is_another_plan() -> None:
    other = past(drawn(1).sha, NOON, drawn(1).summary, f"sha256:{'e' * 64}")
    assert len(read(comment(drawn(1), other))) == 2


def test_so_many_are_kept_and_the_end_is_never_long() -> None:
    text = comment(*(drawn(number, "\N{PILE OF POO}<-`" * 100) for number in range(1, 40)))
    assert len(read(text)) == KEPT + 1
    assert f"Earlier plans ({KEPT})" in text
    assert len(text) < 40_000


SOUND = [drawn(1).sha, drawn(1).at, drawn(1).summary, drawn(1).digest]


@pytest.mark.parametrize(
    "rows",
    [
        {}, "x", 1, None, [1], [[]], [SOUND[:3]], [[*SOUND, ""]], [["x", *SOUND[1:]]],
        [[SOUND[0], "yesterday", *SOUND[2:]]], [[*SOUND[:2], "x" * 500, SOUND[3]]],
        [[*SOUND[:2], "a\u202eb", SOUND[3]]], [[*SOUND[:3], "sha256:1"]], [[*SOUND[:3], None]],
        [SOUND] * (KEPT + 2),
    ],
)  # fmt: skip
def test_anything_odd_is_dropped(rows: object) -> None:
    text = f"<!-- lakeport:plans {json.dumps(rows)} -->"
    assert read(text) == ()
    assert after(text, drawn(3)) == (drawn(3),)


def test_two_of_them_are_none() -> None:
    text = comment(drawn(1))
    assert read(text + text) == ()


@given(st.text(max_size=200))
def test_what_it_came_to_does_nothing_there(summary: str) -> None:
    text = comment(drawn(1, summary), drawn(2, summary))
    assert len(re.findall("-->", text)) == len(re.findall("<!--", text)) == 2
    assert text.count("<details>") == text.count("</details>") == 1
    assert len(read(text)) == 2
