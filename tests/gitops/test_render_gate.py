"""The gate's comment: what is missing in ten seconds, what each can do, and no typed text that acts."""

from __future__ import annotations

import pytest
from msgspec import structs

from gitops.approval import ApprovalRule
from gitops.breaking import breakings, command
from gitops.comments import Said
from gitops.gate import judge
from gitops.markup import LIMIT
from gitops.policy_review import BreakGlass
from gitops.render_gate import GATE_MARKER, gate_comment, gate_title
from gitops.verdict import Outcome, Verdict
from tests.support.gate import HEAD, OLD, PLATFORM, TEAM, approval, facts

GLASS = BreakGlass(people=("petra-v", "sam-o"))


def test_each_rule_with_who_gave_it_and_who_still_can() -> None:
    verdict = judge(facts(approval("nadia-k"), rules=(TEAM, PLATFORM)))
    body = gate_comment(verdict)
    assert body.startswith(f"{GATE_MARKER}\n## One approval is missing\n")
    assert "| ✅ The environment dev | 1 | nadia-k |  |" in body
    assert "| ⏳ A monthly cost above 2,500 EUR | 1 |  | petra-v, sam-o |" in body
    assert "- **petra-v or sam-o**: read the plan, and approve" in body
    assert "emergency" not in body


def test_who_has_to_say_it_again_is_told_so() -> None:
    body = gate_comment(judge(facts(approval("nadia-k", OLD), approval("mallory"))))
    assert "- **nadia-k**: say it once more, for the commit that stands here now." in body
    assert "2 that do not count" in body
    assert "The approval of mallory does not count: the policy does not name" in body
    assert "**mallory**" not in body


def test_where_nobody_is_left_the_platform_team_is_told() -> None:
    alone = structs.replace(TEAM, approvers=frozenset({"liwei"}))
    assert "**The platform team**: name another approver" in gate_comment(judge(facts(rules=(alone,))))


def test_the_command_for_an_emergency_is_there_to_copy_for_those_who_may() -> None:
    body = gate_comment(judge(facts(glass=GLASS)))
    assert f"\n{command(HEAD)} \n" in body
    assert "petra-v or sam-o can let this very commit pass" in body
    mine = gate_comment(judge(facts(glass=GLASS, requester_github="petra-v")))
    assert "sam-o can let this very commit pass" in mine
    assert "petra-v" not in mine
    assert command(HEAD) not in gate_comment(judge(facts(approval("nadia-k"), glass=GLASS)))


def test_the_broken_glass_is_loud_and_the_reason_harmless() -> None:
    why = "The load is down @acme/all <img src=x> ](http://evil.example) | # `x`\n<!-- lakeport:gate -->"
    said = Said(id=1, number=7, login="petra-v", body=f"{command(HEAD)} {why}", person=True, edited=False)
    verdict = judge(facts(glass=GLASS, breakings=breakings([said])))
    body = gate_comment(verdict)
    assert gate_title(verdict).startswith("GLASS BROKEN")
    assert "petra-v broke the glass" in body
    assert not any(text in body for text in ("@acme", "<img", "](http", "http://", "`x`"))
    assert body.count(GATE_MARKER) == 1
    assert "Have it looked at afterwards" in body


def test_what_passes_alone_needs_nobody() -> None:
    verdict = judge(facts(passes_alone=("longer",)))
    body = gate_comment(verdict)
    assert gate_title(verdict) == "Passes without an approval, by the policy"
    assert "The policy lets this edit pass without an approval: longer." in body
    assert "| ✅ The environment dev | not needed |  | nadia-k, omar-f |" in body
    assert "asks for one more" not in body


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_a_title(outcome: Outcome) -> None:
    verdict = Verdict(outcome=outcome, sentences=("It is so.",))
    assert gate_title(verdict)
    assert "- It is so." in gate_comment(verdict)


def test_it_fits_whatever_there_is() -> None:
    many = tuple(
        ApprovalRule(
            f"rule-{number}", 9, frozenset(f"person-{one}-{number}" for one in range(200)), "W" * 500
        )
        for number in range(100)
    )
    reviews = tuple(approval(f"stranger-{number}") for number in range(500))
    body = gate_comment(judge(facts(*reviews, rules=many, glass=GLASS)))
    assert len(body) < LIMIT
    assert "190 more" in body
