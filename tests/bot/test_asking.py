"""What is known of a draft is put together once, and where its values come from reaches the pull request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.asking import composed_of
from gitops.draft import Value
from tests.support.desk_rig import Rig
from tests.support.organisation import draft, world


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.stop()


def test_the_same_draft_is_put_together_once() -> None:
    where = world()
    said = {"resources": Value(["schema"], "said")}
    first = composed_of(replace(draft(), said=said), where)
    assert composed_of(replace(draft(), said=dict(said), asked="metadata.name"), where) is first


def test_another_draft_is_put_together_anew() -> None:
    where = world()
    schema = composed_of(replace(draft(), said={"resources": Value(["schema"], "said")}), where)
    repo = composed_of(replace(draft(), said={"resources": Value(["repo"], "said")}), where)
    stranger = replace(draft("U0STRANGER"), said={"resources": Value(["schema"], "said")})
    assert "resources.schema.catalog" in schema.values
    assert "resources.schema.catalog" not in repo.values
    assert "metadata.team" in composed_of(stranger, where).missing


def test_only_so_many_are_remembered() -> None:
    where = world()
    for number in range(40):
        composed_of(replace(draft(), said={"metadata.name": Value(f"name-{number}", "said")}), where)
    assert len(where.recent) == where.recent.maxlen


def test_the_pull_request_says_where_the_values_come_from(rig: Rig) -> None:
    rig.open()
    rig.press("confirm")
    body = rig.github.submitted[0]["body"]
    assert "Where the values come from:" in body
    said = next(line for line in body.splitlines() if line.startswith("- Said by the person who asked"))
    assert "metadata.purpose" in said
    assert "requested" not in said
    assert "- Default of the policy or of a naming rule: " in body


def test_a_question_in_the_thread_is_answered_there_and_the_own_one_asked_again(rig: Rig) -> None:
    rig.open("<@U0LAKEPORT> we need a small cluster called churn-lab")
    rig.say("what sizes are there?")
    told = rig.texts()
    assert any("• medium: workers Standard_D16ds_v5" in text for text in told)
    assert rig.draft().asked is not None
    assert not rig.failures()
