"""What the bot notes for reviewers in the text of a pull request: which values nobody said, of which file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops.noted import UNSAID, read
from gitops.plan import digest
from tests.support.desk_rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.stop()


def test_the_note_names_the_very_file_and_the_values_that_nobody_said(rig: Rig) -> None:
    rig.open()
    rig.press("confirm")
    (sent,) = rig.github.submitted
    found = read(sent["body"])
    assert found.file_digest == digest(sent["raw"])
    assert found.said > 0
    assert found.left == 0
    noted = {one.path: one.source for one in found.values}
    said = {path for path, value in rig.draft().said.items() if value.source == "said"}
    assert {"metadata.name", "metadata.environment"} <= said
    assert not said & noted.keys()
    assert noted["metadata.cost_center"] == "looked_up"
    assert noted["resources.repo.visibility"] == "default"
    assert set(noted.values()) <= set(UNSAID)


def test_a_conclusion_is_shown_with_the_words_it_was_drawn_from(rig: Rig) -> None:
    rig.open("We need a place for churn scoring: a repo and a schema.")
    name = rig.draft().said["metadata.name"]
    assert (name.value, name.source) == ("churn-scoring", "inferred")
    assert "a place for churn scoring" in name.quote
