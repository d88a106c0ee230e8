"""Recorded exceptions: what they cover, who may give them, and that none of them is silent."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from gitops.annotations import annotation
from gitops.errors import InvalidRequest
from gitops.exceptions import exceptable
from gitops.finding import Finding, Severity
from gitops.policy import Policy, judge
from gitops.render_plan import plan_comment
from gitops.report import Entry, Report
from gitops.request import Loaded, dump_request, load_request
from handlers import registry
from tests.support.language import REGISTRY, TODAY, changed_policy, loaded, policy

ACME = policy()
LONG = str(TODAY + timedelta(days=300))


def entry(**more: str) -> str:
    given = {"rule": "lifetime", "reason": "The audit runs on.", "approver": "petra-v", "until": "2027-01-31"}
    return f"{{{', '.join(f'{key}: {value}' for key, value in (given | more).items())}}}"


def request(*entries: str, **changes: str) -> Loaded:
    return loaded(**({"expires": LONG} | changes), exceptions=f"[{', '.join(entries)}]")


def judged(found: Loaded, policy: Policy = ACME, today: date = TODAY) -> list[Finding]:
    return judge(found, policy, REGISTRY, today=today)


def test_an_excepted_finding_stays_in_sight() -> None:
    (found,) = judged(request(entry()))
    assert (found.rule, found.severity, found.place.path) == ("lifetime", Severity.INFO, "metadata.expires")
    assert found.excepted == "Excepted until 2027-01-31 by petra-v: The audit runs on."
    (without,) = judged(loaded(expires=LONG))
    assert without.severity is Severity.ERROR
    assert (without.message, without.place.path) == (found.message, found.place.path)


def test_a_reason_ends_as_a_sentence() -> None:
    (found,) = judged(request(entry(reason="The audit runs on")))
    assert found.excepted.endswith("The audit runs on.")


def test_it_covers_one_rule_only() -> None:
    found = judged(request(entry(), resources="- {kind: repo, name: risk-x}"))
    assert [(item.rule, item.severity) for item in found] == [
        ("lifetime", Severity.INFO),
        ("naming", Severity.ERROR),
    ]


def test_it_may_be_narrowed_to_a_field() -> None:
    two = "- {kind: repo, name: risk-x}\n- {kind: repo, name: risk-y}"
    found = judged(request(entry(rule="naming", field='"resources[1]"'), expires="2027-01-01", resources=two))
    assert [(item.place.path, item.severity) for item in found] == [
        ("resources[0].name", Severity.ERROR),
        ("resources[1].name", Severity.INFO),
    ]
    found = judged(
        request(entry(rule="naming", field='"resources[1].nam"'), expires="2027-01-01", resources=two)
    )
    assert [item.rule for item in found] == ["exception-unused", "naming", "naming"]


@pytest.mark.parametrize("days", [0, 1])
def test_it_holds_up_to_its_last_day(days: int) -> None:
    today = date(2027, 1, 31) + timedelta(days=days)
    found = judged(request(entry(), expires=str(today + timedelta(days=200))), today=today)
    if days:
        assert [(item.rule, item.severity) for item in found] == [
            ("lifetime", Severity.ERROR),
            ("exception-expired", Severity.WARNING),
        ]
        assert found[1].message == "The exception to lifetime ended on 2027-01-31."
    else:
        assert [(item.rule, item.severity) for item in found] == [("lifetime", Severity.INFO)]


@pytest.mark.parametrize(
    ("more", "rule", "path", "words"),
    [
        ({"rule": "liftime"}, "exception-unknown", "rule", "Did you mean lifetime?"),
        ({"rule": "team-known"}, "exception-refused", "rule", "lakeport explain team-known"),
        ({"rule": "schema-missing"}, "exception-refused", "rule", "lakeport explain schema-missing"),
        ({"rule": "resource-claimed"}, "exception-refused", "rule", "lakeport explain"),
        ({"rule": "exception-unused"}, "exception-refused", "rule", "lakeport explain"),
        ({"approver": "nadia-k"}, "exception-approver", "approver", "Ask petra-v or sam-o."),
        ({"approver": "mallory"}, "exception-approver", "approver", "Ask petra-v or sam-o."),
        ({"approver": "liwei"}, "exception-approver", "approver", "Ask petra-v or sam-o."),
        ({"until": "2027-02-22"}, "exception-until", "until", "The latest day from today is 2027-02-21."),
    ],
)
def test_what_is_no_exception_covers_nothing(more: dict[str, str], rule: str, path: str, words: str) -> None:
    found = judged(request(entry(**more)))
    (wrong,) = [item for item in found if item.rule == rule]
    assert wrong.severity is Severity.ERROR
    assert wrong.place.path == f"metadata.exceptions[0].{path}"
    assert words in wrong.hint
    assert ("lifetime", Severity.ERROR) in [(item.rule, item.severity) for item in found]


def test_nobody_excepts_their_own_request() -> None:
    own = request(
        entry(),
        team="ml-platform",
        requested_by="{slack: U0PETRAVO, github: petra-v}",
        resources="- {kind: repo, name: ml-platform-x}",
    )
    (wrong,) = [item for item in judged(own) if item.rule == "exception-approver"]
    assert wrong.message == "Nobody excepts their own request from a rule."
    assert wrong.hint == "Ask sam-o."


def test_an_exception_that_excepts_nothing_is_a_warning() -> None:
    (found,) = judged(request(entry(), expires="2027-01-01"))
    assert (found.rule, found.severity) == ("exception-unused", Severity.WARNING)
    twice = judged(request(entry(), entry(reason="Another reason.")))
    assert sorted(item.rule for item in twice) == ["exception-unused", "lifetime"]


def test_warnings_and_own_rules_can_be_excepted() -> None:
    gpu = "- {kind: compute, name: growth-x, size: small, gpu: true}"
    found = judged(
        request(
            entry(rule="acme-gpu-end-date"),
            entry(rule="person-known"),
            environment="staging",
            expires="None",
            members="[x@acme.example]",
            resources=gpu,
        )
    )
    assert {item.rule: bool(item.excepted) for item in found} == {
        "acme-gpu-end-date": True,
        "person-known": True,
    }


def test_the_policy_names_rules_without_exceptions() -> None:
    strict = changed_policy(("never: [compute-library, ", "never: [lifetime, compute-library, "))
    found = judged(request(entry()), strict)
    assert {"exception-refused", "lifetime"} == {item.rule for item in found}
    assert all(item.severity is Severity.ERROR for item in found)


def test_without_a_section_there_are_none() -> None:
    none = changed_policy(
        (
            "exceptions:\n  approvers: [ml-platform]\n  max_days: 90\n"
            "  never: [compute-library, schema-catalog]\n",
            "",
        )
    )
    found = judged(request(entry()), none)
    assert {item.rule: item.severity for item in found} == {
        "exception-refused": Severity.ERROR,
        "lifetime": Severity.ERROR,
    }
    assert exceptable(none, REGISTRY) == frozenset()


def test_which_rules_can_be_excepted() -> None:
    may = exceptable(ACME, registry())
    assert {"lifetime", "naming", "compute-size", "repo-visibility", "acme-gpu-end-date"} <= may
    assert not may & {
        "compute-workers",
        "schema-use",
        "compute-access",
        "requester-one-person",
        "expiry-past",
    }
    assert not may & {"compute-library", "schema-catalog"}  # by the policy


@pytest.mark.parametrize(
    "text", ["[{rule: lifetime}]", "[lifetime]", "{}", "[{rule: 3, reason: x, approver: '', until: soon}]"]
)
def test_one_that_is_not_well_formed(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        loaded(exceptions=text)
    assert all(item.place.path.startswith("metadata.exceptions") for item in caught.value.findings)


def test_reviewers_see_it_where_the_rule_would_have_been() -> None:
    found = request(entry(reason="Ask @everyone."))
    findings = tuple(judged(found))
    shown = Entry(request=found.id, path=found.path, file_digest=found.file_digest, findings=findings)
    page = plan_comment(Report(entries=(shown,)))
    assert "| excepted | <code>requests/dev/growth/churn" in page
    assert "Excepted until 2027-01-31 by petra-v: Ask" in page
    assert "@everyone" not in page
    assert shown.exit_code == 0
    beside = annotation(findings[0])
    assert beside["annotation_level"] == "notice"
    assert beside["message"].endswith("Excepted until 2027-01-31 by petra-v: Ask @everyone.")


def test_what_retires_needs_no_exception() -> None:
    assert judged(request(entry(until="2020-01-01"), lifecycle="retiring")) == []


def test_the_file_keeps_its_exceptions() -> None:
    found = request(entry(field="metadata.expires"))
    raw = dump_request(found.document.data)
    assert load_request(raw, found.path, REGISTRY).request == found.request
