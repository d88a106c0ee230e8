from __future__ import annotations

from gitops.claims import claimed_open
from gitops.finding import Severity
from tests.support import versions
from tests.support.versions import SCHEMA, data, loaded, resource, without

OTHER = data(without(0, 1, 3), name="churn-scores", team="growth")
BRANCH = "request/dev/growth/churn-scores"


def test_what_another_open_request_asks_for_too() -> None:
    found = list(claimed_open([loaded()], [(BRANCH, loaded(OTHER))], versions.registry()))
    assert [finding.rule for finding in found] == ["resource-claimed-open"]
    assert found[0].severity is Severity.WARNING
    assert found[0].message == (
        "The schema ml_dev.churn_prediction is also asked for by the open request dev/growth/churn-scores "
        "(branch request/dev/growth/churn-scores)."
    )
    assert found[0].place.path == f"resources[{SCHEMA}]"
    assert "merged first" in found[0].hint


def test_names_compare_as_the_system_compares_them() -> None:
    other = data(without(0, 1, 3), resource(0, catalog="ML_DEV"), name="churn-scores")
    assert len(list(claimed_open([loaded()], [(BRANCH, loaded(other))], versions.registry()))) == 1


def test_its_own_branch_and_what_ends_claim_nothing() -> None:
    ending = data(without(0, 1, 3), name="churn-scores", lifecycle="retiring")
    others = [(BRANCH, loaded(ending)), ("request/dev/growth/churn-prediction", loaded())]
    assert list(claimed_open([loaded()], others, versions.registry())) == []
    mine = loaded(data(lifecycle="retiring"))
    assert list(claimed_open([mine], [(BRANCH, loaded(OTHER))], versions.registry())) == []


def test_several_are_all_named() -> None:
    third = ("request/dev/growth/third", loaded(data(without(0, 1, 3), name="third")))
    found = list(claimed_open([loaded()], [(BRANCH, loaded(OTHER)), third], versions.registry()))
    assert len(found) == 1
    assert "dev/growth/churn-scores (branch" in found[0].message
    assert "dev/growth/third (branch" in found[0].message
