from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from gitops import amendcheck
from gitops.finding import Finding, Severity
from tests.support import versions
from tests.support.versions import COMPUTE, PATH, REPO, SCAFFOLD, SCHEMA, data, loaded, resource, without


def findings(new: dict[str, Any], old: dict[str, Any] | None = None) -> list[Finding]:
    return amendcheck.findings(loaded(old), loaded(new), versions.registry(), versions.policy())


def one(new: dict[str, Any], old: dict[str, Any] | None = None) -> Finding:
    found = findings(new, old)
    assert len(found) == 1, found
    return found[0]


def line_of(finding: Finding, new: dict[str, Any]) -> str:
    return loaded(new).document.raw.decode().splitlines()[finding.place.line - 1]


GROWTH, RISK = versions.DATA["resources"][SCHEMA]["grants"]


@pytest.mark.parametrize(
    "change",
    [
        resource(COMPUTE, max_workers=8, size="medium"),
        resource(REPO, visibility="private", topics=["other"]),
        resource(SCHEMA, comment="Words.", catalog="ML_DEV"),
        resource(SCHEMA, grants=[GROWTH, {**RISK, "privileges": ["USE_SCHEMA"]}]),
        lambda found: found["metadata"].update(purpose="Another purpose.", members=[], expires="2027-05-15"),
        lambda found: found["resources"].append({"kind": "schema", "catalog": "ml_dev", "name": "more"}),
        lambda found: found["resources"].reverse(),
    ],
)
def test_nothing_stands_against_an_ordinary_edit(change: Callable[[dict[str, Any]], Any]) -> None:
    assert findings(data(change)) == []


# --- resources ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        resource(SCHEMA, name="other"),
        resource(SCHEMA, catalog="analytics_dev"),
        resource(SCAFFOLD, repo="growth-other"),
        resource(REPO, name="growth-other"),
        resource(COMPUTE, name="growth-other"),
    ],
)
def test_another_name_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    found = one(data(change))
    assert (found.rule, found.severity) == ("resource-renamed", Severity.ERROR)
    assert "would become" in found.message
    assert "new request under another name" in found.hint
    assert line_of(found, data(change)).startswith("- kind: ")


def test_a_resource_that_is_gone_is_refused() -> None:
    new = data(without(COMPUTE))
    found = one(new)
    assert (found.rule, found.severity) == ("resource-dropped", Severity.ERROR)
    assert found.message.startswith("The cluster growth-churn-dev is no longer in the file")
    assert line_of(found, new) == "resources:"
    assert "lifecycle: retiring" in found.hint


def test_what_never_changes() -> None:
    new = data(resource(COMPUTE, type="sql_warehouse", libraries=None, access=None))
    found = [finding for finding in findings(new) if finding.severity is Severity.ERROR]
    assert [finding.rule for finding in found] == ["field-immutable"]
    assert "Write `cluster` again." in found[0].hint
    assert line_of(found[0], new) == "  type: sql_warehouse"


def test_all_findings_at_once_in_the_order_of_the_file() -> None:
    new = data(
        resource(COMPUTE, type="job"),
        resource(SCHEMA, name="b"),
        without(SCAFFOLD),
        business_owner="a@acme.example",
    )
    found = findings(new)
    assert [finding.rule for finding in found] == [
        "owner-changed",
        "resource-dropped",
        "resource-renamed",
        "field-immutable",
    ]
    assert [finding.place.line for finding in found] == sorted(finding.place.line for finding in found)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (resource(SCHEMA, grants=[GROWTH], grants_mode="additive"), "  grants: "),
        (resource(SCHEMA, grants=None, grants_mode="additive"), "- kind: schema"),
        (
            lambda found: found["resources"][SCHEMA].update(
                grants=[{**GROWTH, "privileges": ["USE_SCHEMA"]}, RISK], grants_mode="additive"
            ),
            "  - {principal: growth, privileges: [USE_SCHEMA]}",
        ),
    ],
)
def test_access_that_leaves_the_file_and_stays(change: Callable[[dict[str, Any]], None], where: str) -> None:
    found = findings(data(change))
    assert {finding.rule for finding in found} == {"access-left-standing"}
    assert {finding.severity for finding in found} == {Severity.WARNING}
    assert all(finding.hint for finding in found)
    assert all(line_of(finding, data(change)).startswith(where) for finding in found)


def test_a_topic_and_a_library_that_stay_are_nobody_s_access() -> None:
    assert findings(data(resource(REPO, topics=[]), resource(COMPUTE, libraries=[]))) == []


def test_another_grants_mode() -> None:
    found = one(data(resource(SCHEMA, grants_mode="authoritative")))
    assert (found.rule, found.severity) == ("schema-grants-mode", Severity.WARNING)
    assert "Everybody whom the file does not name" in found.message
    additive = data(resource(SCHEMA, grants_mode="additive"))
    assert findings(additive) == []
    assert "The groups of the file lose" in one(data(), additive).message


def test_a_template_and_its_inputs_make_the_first_commit_only() -> None:
    for change in (
        resource(SCAFFOLD, template="python-library"),
        resource(SCAFFOLD, inputs={"python": "3.12"}),
    ):
        found = one(data(change))
        assert (found.rule, found.severity) == ("scaffold-first-commit", Severity.WARNING)
        assert "first commit of growth-churn-prediction" in found.message


# --- people and data ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "requester",
    [
        {"slack": "U0JANEDOE", "github": "janed"},
        {"slack": "U0JANEDOE"},
        {"slack": "U024BE7LH", "github": "nadia-k"},
    ],
)
def test_who_asked_is_not_edited(requester: dict[str, str]) -> None:
    found = [one for one in findings(data(requested_by=requester)) if one.severity is Severity.ERROR]
    assert [one.rule for one in found] == ["requester-changed"]
    assert "`requested_by: {slack: U024BE7LH, github: liwei}`" in found[0].hint


def test_a_login_that_the_directory_knows_may_come_and_go() -> None:
    bare = data(requested_by={"slack": "U024BE7LH"})
    assert findings(bare) == []
    assert findings(data(), bare) == []
    assert findings(data(requested_by={"slack": "U024BE7LH", "github": "LiWei"})) == []


def test_a_login_of_somebody_unknown_may_not() -> None:
    stranger = data(requested_by={"slack": "U0STRANGER"})
    found = one(data(requested_by={"slack": "U0STRANGER", "github": "nadia-k"}), stranger)
    assert found.rule == "requester-changed"


@pytest.mark.parametrize("field", ["business_owner", "technical_owner"])
def test_another_owner_is_worth_a_look(field: str) -> None:
    found = one(data(**{field: "nadia.karim@acme.example"}))
    assert (found.rule, found.severity) == ("owner-changed", Severity.WARNING)
    assert found.place.path == f"metadata.{field}"


def test_an_owner_who_is_taken_out() -> None:
    found = one(data(technical_owner=None))
    assert found.message.endswith("is replaced by nobody by name.")
    assert findings(data(), data(technical_owner=None)) == []


def test_data_that_is_classified_lower_is_worth_a_look() -> None:
    found = one(data(data_classification="public"), data(data_classification="restricted"))
    assert (found.rule, found.severity) == ("classification-lowered", Severity.WARNING)
    assert findings(data(data_classification="restricted"), data(data_classification="public")) == []


# --- lifecycle ------------------------------------------------------------------------------------

RULES = {
    ("retiring", "active"): {"lifecycle-backward"},
    ("retired", "active"): {"lifecycle-backward"},
    ("retired", "retiring"): {"lifecycle-backward"},
    ("active", "retired"): {"lifecycle-skipped"},
}


@pytest.mark.parametrize(("was", "becomes"), list(itertools.product(amendcheck.STAGES, repeat=2)))
def test_a_lifecycle_goes_one_step_forward(was: str, becomes: str) -> None:
    found = findings(data(lifecycle=becomes), data(lifecycle=was))
    assert {finding.rule for finding in found} == RULES.get((was, becomes), set())
    assert {finding.severity for finding in found} <= {Severity.ERROR}


@pytest.mark.parametrize("was", ["active", "retiring"])
def test_what_retires_changes_nothing_else(was: str) -> None:
    new = data(resource(COMPUTE, max_workers=9), purpose="Another purpose.", lifecycle="retiring")
    found = [one for one in findings(new, data(lifecycle=was)) if one.rule == "lifecycle-with-changes"]
    assert len(found) == 1
    assert "max workers of the cluster growth-churn-dev: 4 → 9" in found[0].message
    assert "purpose: " in found[0].message


def test_of_many_other_edits_some_are_named() -> None:
    new = data(resource(COMPUTE, max_workers=9, size="xs", workload="etl", gpu=True), lifecycle="retiring")
    assert "and 1 more" in one(new).message


def test_what_retires_may_be_written_in_another_way() -> None:
    new = data(lambda found: found["resources"].reverse(), lifecycle="retiring")
    assert findings(new) == []
    assert findings(data(resource(COMPUTE, gpu=False), lifecycle="retiring")) == []


def test_a_new_request_is_active() -> None:
    registry, policy = versions.registry(), versions.policy()
    assert amendcheck.findings(None, loaded(), registry, policy) == []
    for lifecycle in ("retiring", "retired"):
        found = amendcheck.findings(None, loaded(data(lifecycle=lifecycle)), registry, policy)
        assert [finding.rule for finding in found] == ["lifecycle-start"]


def test_only_what_is_retired_may_be_deleted() -> None:
    assert list(amendcheck.deleted(loaded(data(lifecycle="retired")))) == []
    for lifecycle, way in (("active", "`lifecycle: retiring`"), ("retiring", "`lifecycle: retired`")):
        found = next(amendcheck.deleted(loaded(data(lifecycle=lifecycle))))
        assert (found.rule, found.place.file) == ("request-deleted", PATH)
        assert f"Put it back and set {way}" in found.hint
