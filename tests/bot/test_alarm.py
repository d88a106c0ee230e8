"""A broken glass is told where the policy says: once, with who and why, whatever else is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops.errors import RemoteUnavailable
from gitops.render_gate import GLASS_BROKEN
from gitops.verdict import BrokeGlass, Outcome, Verdict
from tests.support.desk_rig import Rig
from tests.support.github_events import check, submitted

CHANNEL = "C0ALERTS"
BROKEN = Verdict(
    outcome=Outcome.BROKEN_GLASS,
    sentences=("petra-v broke the glass.",),
    broke_glass=(
        BrokeGlass(login="petra-v", reason="The load is down <!channel> & nobody answers.", at="2026-11-21"),
    ),
)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.github.policy += b"review: {break_glass: {people: [petra-v], alert: C0ALERTS}}\n"
    yield made
    made.stop()


def broken(**named: Any) -> dict[str, Any]:
    return check(**{"name": "lakeport/gate", "title": GLASS_BROKEN, **named})


def alarms(rig: Rig) -> list[dict[str, Any]]:
    return [one for one in rig.web.messages if one["channel"] == CHANNEL]


def test_it_says_who_and_why_once(rig: Rig) -> None:
    submitted(rig)
    rig.github.verdict = BROKEN
    rig.hook("check_run", broken())
    (told,) = alarms(rig)
    assert "pull request #7" in told["text"]
    assert "> petra-v: The load is down &lt;!channel&gt; &amp; nobody answers." in told["text"]
    assert any("GLASS BROKEN" in text for text in rig.texts()), "and so does the thread"
    rig.hook("check_run", broken())
    rig.restart()
    rig.hook("check_run", broken())
    assert len(alarms(rig)) == 1


def test_also_where_no_conversation_is_known_and_the_judgement_is_over(rig: Rig) -> None:
    rig.hook("check_run", broken())
    (told,) = alarms(rig)
    assert "*The glass was broken:*" in told["text"]


@pytest.mark.parametrize(
    "named",
    [
        {"conclusion": "failure"},
        {"name": "lakeport/plan"},
        {"title": "Approved"},
    ],
)
def test_nothing_else_sounds_it(rig: Rig, named: dict[str, Any]) -> None:
    submitted(rig)
    rig.hook("check_run", broken(**named))
    assert alarms(rig) == []


def test_a_judgement_that_is_not_to_be_had_does_not_keep_it_silent(rig: Rig) -> None:
    submitted(rig)
    rig.github.fail["judged"] = [RemoteUnavailable("GitHub did not answer.")]
    rig.hook("check_run", broken())
    assert len(alarms(rig)) == 1
    assert rig.failures() == []
