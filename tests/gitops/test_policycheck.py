"""What is wrong with a policy file as a whole: each finding at its place, with what to do."""

from __future__ import annotations

import re

import pytest

from gitops.errors import InvalidRequest
from gitops.finding import Finding, Severity
from gitops.policyfile import examine, load_policy
from handlers import registry
from tests.support.language import POLICY, REGISTRY, changed_policy

TEXT = POLICY.read_text()
GROWTH = "    approvers: [nadia-k]\n"
DEV = "    max_size: medium\n"


def examined(*changes: tuple[str, str]) -> list[Finding]:
    """The findings of the sample policy with pieces of it replaced, each of which stands in it once."""
    text = TEXT
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return examine(text.encode(), registry=registry())[1]


def test_the_sample_policy_has_nothing_wrong() -> None:
    found, findings = examine(TEXT.encode(), registry=registry())
    assert found is not None
    assert findings == []


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ("approvers: [nadia-k]", "approvers: [nobody]", "teams.growth.approvers[0]"),
        ("{dev: analytics_dev, staging", "{dev: analytics_prod, staging", "default_catalog.supply.dev"),
        ("from: [team, ml-platform]", "from: [team, platform]", "environments.prod.approvals.from[1]"),
        ("approval_fallback: [ml-platform, risk]", "approval_fallback: [x-team]", "approval_fallback[0]"),
        ("  approvers: [ml-platform]\n", "  approvers: [team]\n", "exceptions.approvers[0]"),
        (
            "business_owner: {from: [ml-platform]}",
            "business_owner: {from: [mlplatform]}",
            "approvals_for_change.business_owner.from[0]",
        ),
        ('default: "{name_}"', 'default: "{nam}"', "naming.schema.default"),
        ("slack: U0JANEDOE", "slack: U024BE7LH", "people[1].slack"),
        ("github: omar-f, team: supply", "github: omar-f, team: supplies", "people[5].team"),
        (GROWTH, f"{GROWTH}    catalogs: [ml_dve, ml_dev, ml_stg, ml_prod]\n", "teams.growth.catalogs[0]"),
    ],
)
def test_what_a_policy_refers_to_exists(before: str, after: str, path: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        changed_policy((before, after))
    (found,) = caught.value.findings
    assert found.rule == "policy-reference"
    assert found.place.path == path
    assert found.place.line > 1
    assert found.hint


@pytest.mark.parametrize(
    ("before", "after", "path", "rule"),
    [
        ("  schema: {default", "  schemas: {default", "naming.schemas", "policy-reference"),
        ("    repo: [scaffold]", "    repo: [scafold]", "defaults.with.repo[0]", "policy-reference"),
        ("    repo: [scaffold]", "    repos: [scaffold]", "defaults.with.repos", "policy-reference"),
        ("    repo: {vis", "    rep: {vis", "defaults.fields.rep", "policy-reference"),
        (
            "    repo: {visibility",
            "    repo: {visiblity",
            "defaults.fields.repo.visiblity",
            "policy-reference",
        ),
        ("type: cluster", "type: clutser", "defaults.fields.compute.type", "policy-default"),
        ("max_workers: 2", "max_workers: 0", "defaults.fields.compute.max_workers", "policy-default"),
        (
            "data_classification: {from",
            "data_clasification: {from",
            "approvals_for_change.data_clasification",
            "policy-reference",
        ),
        ("never: [compute-library", "never: [compute-libary", "exceptions.never[0]", "policy-reference"),
    ],
)
def test_kinds_fields_and_rules_are_checked_by_a_registry(
    before: str, after: str, path: str, rule: str
) -> None:
    (found,) = examined((before, after))
    assert (found.rule, found.place.path) == (rule, path)
    assert found.severity is Severity.ERROR
    assert "Did you mean" in found.hint or "at least 1" in found.message


def test_without_a_registry_kinds_are_not_known() -> None:
    kinds = {**REGISTRY, "schema": REGISTRY["repo"]}
    text = re.sub(r"compute: \{type: .*\}", "compute: {size: small}", TEXT)
    text = text.replace("  schema: {default", "  schemas: {default")
    assert load_policy(text.encode()).naming["schemas"].default == "{name_}"
    findings = examine(text.encode(), registry=kinds)[1]
    assert "naming.schemas" in {found.place.path for found in findings}


def test_no_team_is_called_team() -> None:
    with pytest.raises(InvalidRequest) as caught:
        changed_policy(("  growth:\n    github_team", "  team:\n    github_team"))
    assert "teams.team" in {found.place.path for found in caught.value.findings}


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ("approvals_above: 2500", "approvals_above: 25000", "monthly_cost.approvals_above"),
        (
            "  denied: [pickle5, insecure-package]",
            "  denied: [pickle5]\n  allowed: [Pickle5]",
            "libraries.allowed[0]",
        ),
        (DEV, f"{DEV}    defaults: {{fields: {{compute: {{size: large}}}}}}\n", None),
        (
            "    gpu: false\n",
            "    gpu: false\n    defaults: {fields: {compute: {gpu: true}}}\n",
            "classification.restricted.defaults.fields.compute.gpu",
        ),
        (
            "template: databricks-pipeline",
            "template: databricks-notebook",
            "defaults.fields.scaffold.template",
        ),
    ],
)
def test_what_contradicts_itself(before: str, after: str, path: str | None) -> None:
    (found,) = examined((before, after))
    assert (found.rule, found.severity) == ("policy-contradiction", Severity.ERROR)
    assert found.place.path == (path or "environments.dev.defaults.fields.compute.size")


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        (
            [("cloud: azure ", "max_size: large\ncloud: azure ")],
            "environments.prod.max_size",
            "at most large",
        ),
        (
            [("cloud: azure ", "max_lifetime_days: 200\ncloud: azure ")],
            "environments.staging.max_lifetime_days",
            "at most 200",
        ),
        (
            [(GROWTH, f"{GROWTH}    templates: [python-libary]\n")],
            "teams.growth.templates[0]",
            "no environment does",
        ),
        (
            [
                ("cloud: azure ", 'node_families: ["Standard_D*"]\ncloud: azure '),
                (DEV, f'{DEV}    node_families: ["Standard_D*_v5", "Standard_E*"]\n'),
            ],
            "environments.dev.node_families[1]",
            "the organisation does not",
        ),
        (
            [(DEV, f"{DEV}    libraries: {{allowed: [pickle5]}}\n")],
            "environments.dev.libraries.allowed[0]",
            "the organisation does not",
        ),
    ],
)
def test_what_is_wider_than_above_has_no_effect(
    changes: list[tuple[str, str]], path: str, words: str
) -> None:
    (found,) = examined(*changes)
    assert (found.rule, found.severity, found.place.path) == ("policy-wider", Severity.WARNING, path)
    assert words in found.message
    assert found.message.endswith("it has no effect.")


def test_a_freeze_at_the_top_names_every_line_it_overrules() -> None:
    found = examined(("cloud: azure ", "gpu: false\nvisibility: private\ncloud: azure "))
    wider = [item.place.path for item in found if item.rule == "policy-wider"]
    assert wider == ["environments.dev.gpu", "environments.staging.gpu", "environments.prod.gpu"]
    assert [item.place.path for item in found if item.rule == "policy-contradiction"] == [
        "defaults.fields.repo.visibility"
    ]


def test_a_team_is_wider_only_than_all_environments() -> None:
    assert examined((GROWTH, f"{GROWTH}    max_size: xl\n")) == []
    (found,) = examined(
        (GROWTH, f"{GROWTH}    max_size: xl\n"),
        ("    max_size: xl\n    gpu: true\n    req", "    max_size: large\n    gpu: true\n    req"),
    )
    assert (
        found.message
        == "growth allows the size xl, but every environment allows at most large: it has no effect."
    )


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ("[tomas-b, irene-w]", "[tomas-b, irene-w, Tomas-B]", "teams.risk.approvers[2]"),
        ("dev: [ml_dev, a", "dev: [ml_dev, ml_dev, a", "catalogs.dev[1]"),
        (
            "templates: [databricks-pipeline, ",
            "templates: [python-library, databricks-pipeline, ",
            "templates[2]",
        ),
    ],
)
def test_what_is_in_a_list_twice(before: str, after: str, path: str) -> None:
    (found,) = examined((before, after))
    assert (found.rule, found.severity, found.place.path) == ("policy-twice", Severity.WARNING, path)


def test_a_catalog_of_two_environments() -> None:
    (found,) = examined(("staging: [ml_stg,", "staging: [ml_stg, ml_dev,"))
    assert (found.rule, found.place.path) == ("policy-shared-catalog", "catalogs.staging[1]")
    assert found.message == "The catalog ml_dev is also in dev."


def test_approvals_that_nobody_could_give() -> None:
    changes = (
        ("approval_fallback: [ml-platform, risk]", "approval_fallback: []"),
        (
            "approvals: {count: 2, from: [team, ml-platform]}",
            "approvals: {count: 4, from: [team, ml-platform]}",
        ),
    )
    (found,) = examined(*changes)
    assert (found.rule, found.place.path) == ("policy-approvals", "environments.prod.approvals.count")
    assert found.message == "4 people have to approve, and when growth asks there are only 3."
    (one,) = examined(
        changes[0], ("data_classification: {from: [risk]}", "data_classification: {count: 3, from: [risk]}")
    )
    assert one.message == "3 people have to approve, and there are only 2."


def test_warnings_do_not_keep_a_policy_from_being_used() -> None:
    text = TEXT.replace("dev: [ml_dev, a", "dev: [ml_dev, ml_dev, a")
    assert load_policy(text.encode()).catalogs_for("growth", "dev")[0] == "ml_dev"


def test_all_of_it_is_said_at_once_in_the_order_of_the_file() -> None:
    found = examined(
        ("approvers: [nadia-k]", "approvers: [nadia-q]"),
        ("dev: [ml_dev, a", "dev: [ml_dev, ml_dev, a"),
        ("approvals_above: 2500", "approvals_above: 25000"),
        ("    repo: [scaffold]", "    repo: [scafold]"),
    )
    assert [item.rule for item in found] == [
        "policy-reference",
        "policy-twice",
        "policy-contradiction",
        "policy-reference",
    ]
    assert [item.place.line for item in found] == sorted(item.place.line for item in found)


@pytest.mark.parametrize(
    "raw", [b"", b"\x00", b"- a\n", b"teams: {" * 9, b"people: [1, x, {}]\n", b"rules: 3\n"]
)
def test_rubbish_is_findings(raw: bytes) -> None:
    found, findings = examine(raw, registry=registry())
    assert found is None
    assert findings
    assert all(item.message and item.hint for item in findings)
