"""The score of a talk: what counts as right, as invented, as asked and as refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from bot.rehearsal.player import Line, Talk, world_of
from bot.rehearsal.scenario import Scenario
from bot.rehearsal.score import Score, as_json, judge, same, totals
from gitops.compose import Composed
from gitops.draft import Source, Value
from gitops.finding import Finding, Place, Severity
from handlers import registry
from tests.support.organisation import JANE, TODAY, draft, policy

NAME = Value("churn", "said", "call it churn")
WORDS = "call it churn, four workers, Jane owns it, for the supply people"


def told(expect: Mapping[str, Any], **rest: Any) -> Scenario:
    said: dict[str, Any] = {
        "id": "one",
        "requester": JANE,
        "today": TODAY,
        "opening": WORDS,
        "expect": dict(expect),
        "max_questions": 1,
    }
    return Scenario(**said | rest)


def score_of(
    scenario: Scenario,
    values: Mapping[str, Value],
    *,
    missing: tuple[str, ...] = (),
    findings: tuple[Finding, ...] = (),
    questions: tuple[str, ...] = (),
    submitted: bool = True,
) -> Score:
    talk = Talk(
        draft(),
        Composed(None, None, values, missing, findings),
        questions=list(questions),
        lines=[Line("person", WORDS)],
        submitted=submitted,
    )
    return judge(scenario, talk, world_of(registry(), policy(), TODAY))


def value(of: Any, quote: str = "", source: Source = "said") -> Value:
    return Value(of, source, quote)


def test_a_file_as_it_was_meant_is_exact() -> None:
    score = score_of(told({"metadata.name": "churn"}), {"metadata.name": NAME})
    assert (score.right, score.expected, score.exact, score.good) == (1, 1, True, True)


def test_another_value_is_wrong_and_says_which() -> None:
    score = score_of(told({"metadata.name": "upsell", "metadata.team": "growth"}), {"metadata.name": NAME})
    assert score.wrong == ("metadata.name is churn, not upsell", "metadata.team is none, not growth")
    assert (score.right, score.exact) == (0, False)


@pytest.mark.parametrize(
    ("got", "wanted", "equal"),
    [
        (["a", "b"], ["b", "a"], True),
        (["a"], ["a", "b"], False),
        (
            [{"principal": "g", "privileges": ["X", "Y"]}],
            [{"privileges": ["Y", "X"], "principal": "g"}],
            True,
        ),
        ("2027-04-30", date(2027, 4, 30), True),
        (None, False, True),
        ([], None, True),
        (0, False, False),
        (None, 0, False),
        ("4", 4, False),
        (True, True, True),
    ],
)
def test_values_compare_as_scenarios_mean_them(got: object, wanted: object, equal: bool) -> None:
    assert same(got, wanted) is equal


SCHEMAS = {
    "resources.schema[raw].name": value("churn_raw", source="default"),
    "resources.schema[raw].catalog": value("ml_dev", source="default"),
    "resources.schema[marts].name": value("marts", source="default"),
    "resources.schema[marts].catalog": value("risk_dev", source="default"),
}


def test_a_resource_is_found_by_its_key_or_its_name() -> None:
    expect = {"resources.schema[churn_raw].catalog": "ml_dev", "resources.schema[marts].catalog": "risk_dev"}
    assert score_of(told(expect), SCHEMAS).good


def test_a_path_without_a_name_is_the_first_of_its_kind_and_the_other_nobody_wants() -> None:
    schemas = {"resources.schema.catalog": value("ml_dev", source="default"), **SCHEMAS}
    score = score_of(told({"resources.schema[marts].catalog": "risk_dev"}), schemas)
    assert [one.path for one in score.invented] == ["resources.schema", "resources.schema[raw]"]


def test_a_second_resource_of_a_kind_that_was_meant_once_is_unwanted() -> None:
    score = score_of(told({"resources.schema.catalog": "ml_dev"}), SCHEMAS)
    assert [one.path for one in score.invented] == ["resources.schema[marts]"]
    assert score_of(told({}, expect_absent=("resources.schema",)), SCHEMAS).invented == ()


def test_what_comes_along_by_policy_is_not_unwanted() -> None:
    along = {
        "resources.repo.name": value("growth-churn", source="default"),
        "resources.scaffold.repo": value("growth-churn", source="default"),
    }
    assert score_of(told({"resources.repo.name": "growth-churn"}), along).good


@pytest.mark.parametrize(
    ("absent", "present"),
    [
        ("resources.schema", True),
        ("resources.repo", False),
        ("resources.schema[marts].catalog", True),
        ("resources.schema[raw].grants", False),
        ("metadata.members", False),
    ],
)
def test_what_should_not_be_in_the_file_is_said(absent: str, present: bool) -> None:
    score = score_of(told({}, expect_absent=(absent,)), {**SCHEMAS, "metadata.members": value([])})
    assert (score.present == (absent,)) is present


INVENTIONS = {
    "a default": ({"resources.compute.size": value("small", source="default")}, 0, 0),
    "looked up": ({"metadata.cost_center": value("CC-1042", source="looked_up")}, 0, 0),
    "said along the way": ({"resources.compute.max_workers": value(4, "four workers")}, 0, 0),
    "a conclusion": ({"resources.compute.max_workers": value(4, source="inferred")}, 1, 0),
    "with words nobody wrote": ({"resources.compute.max_workers": value(9, "nine workers")}, 1, 0),
    "a risky field misread": ({"metadata.team": value("supply", "for the supply people")}, 1, 1),
    "a risky field concluded": ({"metadata.members": value(["a@b.example"], source="inferred")}, 1, 1),
    "nothing": ({"metadata.members": value([], "nobody")}, 0, 0),
}


@pytest.mark.parametrize(("values", "count", "risky"), INVENTIONS.values(), ids=INVENTIONS.keys())
def test_a_value_that_nothing_accounts_for_is_invented(
    values: Mapping[str, Value], count: int, risky: int
) -> None:
    score = score_of(told({"metadata.name": "churn"}), {"metadata.name": NAME, **values})
    assert (len(score.invented), sum(one.risky for one in score.invented)) == (count, risky)


def test_a_risky_value_other_than_the_one_meant_is_invented() -> None:
    owner = {"metadata.business_owner": value("jane.doe@acme.example", "Jane owns it")}
    score = score_of(told({"metadata.business_owner": "li.wei@acme.example"}), owner)
    assert [one.path for one in score.invented] == ["metadata.business_owner"]
    assert not score_of(told({"metadata.business_owner": "jane.doe@acme.example"}), owner).invented


def test_an_answer_that_the_scenario_only_has_as_a_fact_is_not_invented() -> None:
    owner = {"metadata.technical_owner": value("jane.doe@acme.example", "Jane owns it")}
    assert not score_of(told({}, facts={"metadata.technical_owner": "Jane"}), owner).invented


def test_a_risky_value_that_is_the_usual_one_does_no_harm() -> None:
    """As the environment ``dev`` that somebody says of the data, where everybody gets dev anyway."""
    usual = {"metadata.environment": value("dev", "for the supply people")}
    assert not score_of(told({}), usual).invented


def test_what_must_be_asked_is_looked_for_in_what_was_asked() -> None:
    must = told({}, must_ask=("metadata.expires", "resources.schema.grants"))
    assert score_of(must, {}).not_asked == ("metadata.expires", "resources.schema.grants")
    asked = ("metadata.expires", "resources.schema[raw].grants")
    assert score_of(must, {}, questions=asked).not_asked == ()


GPU = Finding("compute-gpu", Severity.ERROR, "There may be no GPU.", Place("", path="resources.compute.gpu"))


def test_what_must_be_refused_is_looked_for_in_what_stops_the_request() -> None:
    must = told({}, must_refuse=("GPU",))
    assert score_of(must, {}, findings=(GPU,), submitted=False).good
    assert score_of(must, {}, submitted=False).not_refused == ("GPU",)
    warning = Finding(GPU.rule, Severity.WARNING, GPU.message, GPU.place)
    assert score_of(must, {}, findings=(warning,), submitted=False).not_refused == ("GPU",)


def test_a_request_to_be_refused_must_not_be_confirmed() -> None:
    score = score_of(told({}, must_refuse=("GPU",)), {}, findings=(GPU,), submitted=True)
    assert score.problems == ("it could be confirmed",)


def test_any_other_request_must_be_confirmed() -> None:
    assert score_of(told({}), {}, findings=(GPU,), submitted=False).problems == (
        "it could not be confirmed: There may be no GPU.",
    )
    assert score_of(told({}), {}, missing=("metadata.expires",), submitted=False).problems == (
        "metadata.expires is missing",
    )


def test_more_questions_than_allowed_are_told() -> None:
    score = score_of(told({}), {}, questions=("metadata.name", "metadata.name"))
    assert score.over
    assert score.problems == ("2 questions, 1 allowed",)
    assert score.exact


def test_the_totals_are_sums_of_the_scores() -> None:
    good = score_of(told({"metadata.name": "churn"}), {"metadata.name": NAME})
    bad = score_of(
        told({"metadata.name": "upsell"}, must_ask=("metadata.expires",), must_refuse=("GPU",)),
        {"metadata.name": NAME, "metadata.team": value("supply", "supply")},
        questions=("metadata.name", "metadata.name"),
        submitted=False,
    )
    assert totals([good, bad]) == {
        "scenarios": 2,
        "fields_expected": 2,
        "fields_right": 1,
        "files_exact": 1,
        "invented": 1,
        "invented_risky": 1,
        "must_ask_missed": 1,
        "must_refuse_missed": 1,
        "questions_over": 1,
        "tokens": 0,
    }
    assert as_json(bad)["wrong"] == list(bad.problems)
    assert as_json(good) == {
        "id": "one",
        "fields_right": 1,
        "fields_expected": 1,
        "questions": 0,
        "max_questions": 1,
        "tokens": 0,
        "exact": True,
        "wrong": [],
    }
