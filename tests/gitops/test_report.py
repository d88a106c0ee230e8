from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from gitops.amendment import Amendment
from gitops.approval import ApprovalRule
from gitops.cost import Money
from gitops.edited import Edit, Effect
from gitops.errors import UsageError
from gitops.finding import Finding, Place, Severity
from gitops.plan import Change, Plan, Reason, Refusal, Verb
from gitops.report import Entry, Report, dumps, loads

CHANGE = Change(
    kind="schema",
    identity="ml_dev.churn",
    action="grants",
    verb=Verb.UPDATE,
    before={"growth": ["SELECT"]},
    after={"growth": ["SELECT", "MODIFY"]},
    summary="Grant MODIFY to growth",
    removes=("SELECT of risk",),
)
PLAN = Plan(
    request="dev/growth/churn",
    file_digest="sha256:00",
    changes=(CHANGE,),
    needs={CHANGE.key: ()},
    notes=("A note.",),
    outputs={"schema/ml_dev.churn": {"url": "https://x.example"}},
)
FINDING = Finding("size-limit", Severity.ERROR, "Too large.", Place("f.yaml", 1, 2, 1, 4, "a.b"), "Less.")
RULE = ApprovalRule("environment-dev", 1, frozenset({"nadia-k"}), "The environment dev")
EDIT = Edit(
    sign="~",
    label="size",
    value="small → large",
    effect=Effect.RESTARTS,
    paths=("resources[compute/c].size",),
    at=("resources", 0, "size"),
    field="size",
    details=("a line",),
    before="small",
    after="large",
)
AMENDMENT = Amendment(
    request="dev/growth/churn",
    path="requests/dev/growth/churn.yaml",
    edits=(EDIT,),
    cost_before=Money(Decimal("1.20"), Decimal("1.50"), "EUR", ("a line",)),
    more=(RULE,),
)
ENTRY = Entry(
    request="dev/growth/churn",
    path="requests/dev/growth/churn.yaml",
    file_digest="sha256:00",
    plan=PLAN,
    cost=Money(Decimal("1.20"), Decimal("2.50"), "EUR", ("a line",)),
    rules=(RULE,),
    amendment=AMENDMENT,
)
REFUSAL = Refusal(kind="repo", identity="r", reason=Reason.NOT_OURS, message="Not ours.", fix="Rename.")
REFUSED = replace(ENTRY, plan=structs.replace(PLAN, refusals=(REFUSAL,)))
INVALID = replace(ENTRY, plan=None, findings=(FINDING,), cost=None, amendment=None)
BROKEN = ENTRY.without_plan("GitHub did not answer.", 4)


@pytest.mark.parametrize(
    "report",
    [
        Report(),
        Report(entries=(ENTRY,)),
        Report(entries=(ENTRY, REFUSED, INVALID, BROKEN), findings=(FINDING,)),
    ],
)
def test_reading_what_was_written(report: Report) -> None:
    assert loads(dumps(report)) == report


def test_exit_code_is_the_worst() -> None:
    assert Report(entries=(ENTRY,)).exit_code == 0
    assert Report(entries=(ENTRY, INVALID)).exit_code == 1
    assert Report(entries=(INVALID, REFUSED)).exit_code == 5
    assert Report(entries=(BROKEN,)).exit_code == 4
    assert Report(findings=(FINDING,)).exit_code == 1


@pytest.mark.parametrize("bad", [REFUSED, INVALID, BROKEN])
def test_one_bad_entry_approves_nothing(bad: Entry) -> None:
    assert [one.request for one in Report(entries=(ENTRY,)).approved()] == ["dev/growth/churn"]
    assert Report(entries=(ENTRY, bad)).approved() == []


def test_digests_and_exit_code_are_computed_never_taken() -> None:
    data = json.loads(dumps(Report(entries=(REFUSED,))))
    data["exit_code"] = 0
    data["entries"][0]["plan"]["digest"] = "sha256:forged"
    data["entries"][0]["plan"]["changes"][0]["digest"] = "sha256:forged"
    report = loads(json.dumps(data))
    assert report.exit_code == 5
    assert report == Report(entries=(REFUSED,))


def test_all_findings_are_sorted() -> None:
    other = structs.replace(FINDING, place=Place("a.yaml", 1))
    assert Report(entries=(INVALID,), findings=(other,)).all_findings == (other, FINDING)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 1}', "null", '{"version": 2, "entries": [{}]}', "[" * 9999]
)
def test_anything_else_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(UsageError):
        loads(text)


def test_what_an_older_lakeport_wrote_is_refused_by_its_version() -> None:
    with pytest.raises(UsageError, match="version 1; this Lakeport reads 3"):
        loads('{"version": 1, "entries": [], "findings": [], "impact": null}')


@pytest.mark.parametrize(
    ("field", "value"),
    [("sign", "| **x** |"), ("effect", "applied"), ("paths", None), ("before", ...), ("details", 1)],
)
def test_an_edit_is_what_an_edit_can_be(field: str, value: object) -> None:
    data = json.loads(dumps(Report(entries=(ENTRY,))))
    edit = data["entries"][0]["amendment"]["edits"][0]
    if value is ...:
        del edit[field]
    else:
        edit[field] = value
    with pytest.raises(UsageError):
        loads(json.dumps(data))


def test_what_an_edit_says_is_made_anew() -> None:
    data = json.loads(dumps(Report(entries=(ENTRY,))))
    data["entries"][0]["amendment"]["edits"][0] |= {"words": "nothing", "means": "nothing"}
    assert loads(json.dumps(data)) == Report(entries=(ENTRY,))


@given(st.text(max_size=300))
def test_loads_fails_in_no_other_way(text: str) -> None:
    with pytest.raises(UsageError):
        loads(text)
