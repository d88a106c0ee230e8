"""A repository as it should be, and each way in which a request could pass without the gate."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from gitops.doctor import REQUIRED_CHECKS, Branch, Facts, Level, judge, ruleset

APP = 15368
GOOD = Facts(
    default_branch="main",
    main=Branch(
        pull_required=True, checks=dict.fromkeys(REQUIRED_CHECKS, APP), no_force_push=True, no_deletion=True
    ),
    receipts=Branch(no_force_push=True, no_deletion=True),
    check_app=APP,
    writers={"nadia-k": True},
    environments={"lakeport-plan": None, "lakeport-apply": ("main",)},
    actions_approve=False,
    token_writes=False,
    mark_defined=True,
)


def worst(facts: Facts) -> list[str]:
    return [f"{one.level}: {one.what}" for one in judge(facts) if one.level is not Level.FINE]


def main(**changes: Any) -> Facts:
    return replace(GOOD, main=replace(GOOD.main, **changes))


def test_as_it_should_be() -> None:
    assert worst(GOOD) == []
    assert len(judge(GOOD)) == 3


@pytest.mark.parametrize(
    ("facts", "level", "words"),
    [
        (main(pull_required=False), Level.OPEN, "without a pull request"),
        (main(checks={"lakeport/plan": APP}), Level.OPEN, "without the check lakeport/gate"),
        (main(checks=dict.fromkeys(REQUIRED_CHECKS)), Level.OPEN, "Any app that may write checks"),
        (main(checks=dict.fromkeys(REQUIRED_CHECKS, 7)), Level.OPEN, "is asked of the app 7"),
        (main(no_force_push=False), Level.WEAK, "force-push"),
        (main(bypass=("owners of the organisation",)), Level.OPEN, "may bypass the rules of main"),
        (main(bypass=None), Level.UNSEEN, "cannot be seen"),
        (replace(GOOD, receipts=Branch(no_deletion=True)), Level.WEAK, "can be rewritten"),
        (replace(GOOD, writers={"nadia-k": True, "sam-o": False}), Level.WEAK, "sam-o may approve"),
        (replace(GOOD, environments={"lakeport-plan": None}), Level.WEAK, "no environment lakeport-apply"),
        (
            replace(GOOD, environments={"lakeport-plan": None, "lakeport-apply": None}),
            Level.OPEN,
            "A workflow of any branch",
        ),
        (
            replace(GOOD, environments={"lakeport-plan": None, "lakeport-apply": ("main", "dev*")}),
            Level.OPEN,
            "dev*, main",
        ),
        (replace(GOOD, environments=None), Level.UNSEEN, "environments cannot be seen"),
        (replace(GOOD, actions_approve=True), Level.WEAK, "Actions may approve"),
        (replace(GOOD, token_writes=True), Level.WEAK, "token that may write"),
        (replace(GOOD, token_writes=None), Level.UNSEEN, "settings of GitHub Actions"),
        (replace(GOOD, mark_defined=False), Level.WEAK, "lakeport-request"),
        (replace(GOOD, mark_defined=None), Level.UNSEEN, "custom properties"),
    ],
)
def test_what_could_happen_is_said(facts: Facts, level: Level, words: str) -> None:
    found = worst(facts)
    assert any(one.startswith(f"{level}: ") and words in one for one in found), found


def test_no_receipts_yet_is_no_fault() -> None:
    assert worst(replace(GOOD, receipts=Branch(exists=False))) == []


def test_the_worst_comes_first() -> None:
    levels = [one.level for one in judge(main(pull_required=False, bypass=None, no_force_push=False))]
    assert levels == sorted(levels, key=list(Level).index)


def test_the_ruleset_lets_nobody_by() -> None:
    sent = ruleset("main", APP)
    assert sent["bypass_actors"] == []
    assert sent["enforcement"] == "active"
    checks = sent["rules"][-1]["parameters"]["required_status_checks"]
    assert {one["context"] for one in checks} == set(REQUIRED_CHECKS)
    assert {one["integration_id"] for one in checks} == {APP}
