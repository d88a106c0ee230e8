"""A repository as it should be, and each way in which a request could pass without the gate."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from gitops.codeowners import Problem
from gitops.doctor import REQUIRED_CHECKS, Branch, Facts, Level, judge, verdict
from gitops.doctor_rulesets import ruleset, ruleset_of_receipts

APP = 15368
WITH = {"lakeport-plan": None, "lakeport-expire": ("main",)}
GOOD = Facts(
    default_branch="main",
    main=Branch(
        pull_required=True,
        code_owners=True,
        checks=dict.fromkeys(REQUIRED_CHECKS, APP),
        no_force_push=True,
        no_deletion=True,
    ),
    receipts=Branch(no_force_push=True, no_deletion=True),
    check_app=APP,
    writers={"nadia-k": True},
    environments=WITH | {"lakeport-apply": ("main",)},
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
    assert len(judge(GOOD)) == 4
    assert verdict(judge(GOOD)) == "No request passes without the gate."


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
        (main(no_deletion=False), Level.WEAK, "main can be deleted"),
        (main(code_owners=False), Level.OPEN, "changes the policy, a workflow or the code of the gate"),
        (replace(GOOD, owners=(Problem(open=True, what="No owner."),)), Level.OPEN, "No owner."),
        (replace(GOOD, owners=(Problem(open=False, what="Two.", line=3),)), Level.WEAK, "Two."),
        (replace(GOOD, unknown_owners=("line 3, Unknown owner.",)), Level.OPEN, "ignores a line"),
        (replace(GOOD, shared_app=True), Level.WEAK, "can have a workflow of theirs write our checks"),
        (replace(GOOD, environments=WITH), Level.WEAK, "no environment lakeport-apply"),
        (
            replace(GOOD, environments=WITH | {"lakeport-apply": ("main",), "lakeport-expire": None}),
            Level.OPEN,
            "credentials of lakeport-expire",
        ),
        (
            replace(GOOD, environments=WITH | {"lakeport-apply": None}),
            Level.OPEN,
            "A workflow of any branch",
        ),
        (
            replace(GOOD, environments=WITH | {"lakeport-apply": ("main", "dev*")}),
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


def test_who_is_meant_to_bypass_is_named_and_no_more() -> None:
    facts = replace(main(bypass=("Team 7", "Team 8")), may_bypass=frozenset({"Team 7"}))
    assert worst(facts)[0].startswith("open: Team 8 may bypass the rules of main")
    assert any(one.what == "Team 7 may bypass the rules, as you named them." for one in judge(facts))


def test_the_verdict_is_one_sentence() -> None:
    assert verdict(judge(main(pull_required=False, code_owners=False))) == (
        "A request could pass without the gate, in 2 ways."
    )
    assert "not everything could be seen" in verdict(judge(main(bypass=None)))


def test_the_branch_of_receipts_only_grows() -> None:
    assert {one["type"] for one in ruleset_of_receipts()["rules"]} == {"deletion", "non_fast_forward"}


def test_what_judges_requests_needs_its_owner_and_a_request_nobody_but_the_gate() -> None:
    """No approval is counted by GitHub itself: the policy may let a request pass without one."""
    pulls = next(one for one in ruleset("main", APP)["rules"] if one["type"] == "pull_request")["parameters"]
    assert pulls["require_code_owner_review"]
    assert pulls["required_approving_review_count"] == 0


def test_the_ruleset_lets_nobody_by() -> None:
    sent = ruleset("main", APP)
    assert sent["bypass_actors"] == []
    assert sent["enforcement"] == "active"
    checks = sent["rules"][-1]["parameters"]["required_status_checks"]
    assert {one["context"] for one in checks} == set(REQUIRED_CHECKS)
    assert {one["integration_id"] for one in checks} == {APP}
