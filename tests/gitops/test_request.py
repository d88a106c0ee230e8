"""Request files: the envelope, the path rule, findings at their places, canonical form, what is wanted."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops import yamlfile
from gitops.errors import InvalidRequest
from gitops.finding import Finding
from gitops.plan import digest
from gitops.request import (
    branch_of,
    desired,
    dump_request,
    json_schema,
    load_request,
    path_of,
    request_id,
    request_model,
)
from tests.support.language import REGISTRY, loaded, policy, text

PATH = "requests/dev/growth/churn-prediction.yaml"


def findings(raw: str, path: str = PATH) -> list[Finding]:
    with pytest.raises(InvalidRequest) as caught:
        load_request(raw.encode(), path, REGISTRY)
    return list(caught.value.findings)


def only(raw: str, path: str = PATH) -> Finding:
    (found,) = findings(raw, path)
    return found


def test_ids_paths_and_branches() -> None:
    assert request_id("requests/dev/growth/churn.yaml") == "dev/growth/churn"
    assert path_of("dev", "growth", "churn") == "requests/dev/growth/churn.yaml"
    assert branch_of("dev/growth/churn") == "request/dev/growth/churn"


@pytest.mark.parametrize(
    "path",
    [
        "requests/dev/growth/../x.yaml",
        "requests/dev/growth/churn.yml",
        "requests/dev/growth/churn.yaml\n",
        "requests/dev/growth/a/b.yaml",
        "requests/qa/growth/churn.yaml",
        "requests/dev/Growth/churn.yaml",
        "requests/dev/growth/churn-.yaml",
        "requests/dev/growth/.yaml",
        "/requests/dev/growth/churn.yaml",
        "./requests/dev/growth/churn.yaml",
        "requests/policy.yaml",
        "requests/dev/growth/chürn.yaml",
        "",
    ],
)
def test_other_paths_are_no_requests(path: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        request_id(path)
    assert [finding.rule for finding in caught.value.findings] == ["path"]


def test_a_valid_file() -> None:
    raw = text().encode()
    found = load_request(raw, PATH, REGISTRY)
    assert found.id == "dev/growth/churn-prediction"
    assert found.file_digest == digest(raw)
    assert str(found.request.metadata.expires) == "2027-04-30"
    assert [spec.kind for spec in found.request.resources] == ["repo", "compute"]


@pytest.mark.parametrize(
    ("field", "value", "rule", "words"),
    [
        ("name", "Churn", "schema", "not a valid name"),
        ("name", "ab", "schema", "at least 3 characters"),
        ("name", "a--b", "schema", "not a valid name"),
        ("name", "churn-", "schema", "not a valid name"),
        ("name", "x" * 41, "schema", "at most 40 characters"),
        ("name", "1churn", "schema", "not a valid name"),
        ("team", "Sales", "schema", "not a valid team"),
        ("environment", "devel", "schema", "cannot be devel"),
        ("purpose", "12", "schema", "must be text, and 12 is not"),
        ("purpose", "true", "schema", "must be text, and true is not"),
        ("purpose", "~", "schema", "is empty"),
        ("purpose", '"a\\nb c"', "schema", "not a valid purpose"),
        ("business_owner", "jane", "schema", "not a valid business_owner"),
        ("business_owner", "Jane <jane@x.example>", "schema", "not a valid"),
        ("business_owner", "jane@x.example,li@x.example", "schema", "not a valid"),
        ("business_owner", "jane..doe@x.example", "schema", "not a valid"),
        ("members", "[li@x.example, x]", "schema", "not a valid members[1]"),
        ("members", "li@x.example", "schema", "must be a list"),
        ("cost_center", "1042", "schema", "must be text, and 1042 is not"),
        ("data_classification", "secret", "schema", "cannot be secret"),
        ("expires", "30.04.2027", "schema", "must be a date"),
        ("expires", "2027-02-29", "schema", "The calendar has no 2027-02-29."),
        ("expires", "2027-04-30T10:00:00", "schema", "must be a date"),
        ("expires", "20270430", "schema", "must be a date"),
        ("lifecycle", "gone", "schema", "cannot be gone"),
        ("requested_by", "{slack: liwei}", "schema", "not a valid slack"),
        ("requested_by", "liwei", "schema", "must be a mapping"),
        ("requested_by", "{github: liwei}", "schema-missing", "slack is missing"),
        ("technical_ower", "li@x.example", "schema-unknown", "does not exist here"),
    ],
)
def test_a_wrong_value(field: str, value: str, rule: str, words: str) -> None:
    wrong = [item for item in findings(text(**{field: value})) if item.rule != "path-metadata"]
    assert [item.rule for item in wrong] == [rule]
    assert words in wrong[0].message
    assert wrong[0].hint
    assert wrong[0].place.path.startswith(f"metadata.{field}")
    line = text(**{field: value}).splitlines()[wrong[0].place.line - 1]
    assert line.startswith(f"  {field}:")


@pytest.mark.parametrize(
    "field", ["name", "team", "environment", "purpose", "business_owner", "requested_by"]
)
def test_a_missing_field(field: str) -> None:
    found = only(text(**{field: "None"}))
    assert (found.rule, found.place.path) == ("schema-missing", f"metadata.{field}")
    assert found.place.line == 3
    assert f"Add `{field}:`" in found.hint


def test_near_misses_are_named() -> None:
    assert only(text(busines_owner="x@y.example")).hint == "Did you mean business_owner?"
    assert "Did you mean staging?" in [found.hint for found in findings(text(environment="stagin"))]
    assert only(text(resources="- {kind: repos, name: x}")).hint.startswith("Did you mean repo? Kinds are")


@pytest.mark.parametrize(
    ("resources", "rule", "path"),
    [
        ("- {kind: bucket, name: x}", "schema-kind", "resources[0].kind"),
        ("- {name: x}", "schema-kind", "resources[0].kind"),
        ("- {kind: repo, nam: x, name: y}", "schema-unknown", "resources[0].nam"),
        ("- {kind: repo}", "schema-missing", "resources[0].name"),
        ("- {kind: repo, name: x, adopt: yes}", "schema", "resources[0].adopt"),
        ("- {kind: scaffold, template: t}", "schema-missing", "resources[0].repo"),
        ("- {kind: compute, name: x, size: small, max_workers: 0}", "schema", "resources[0].max_workers"),
        ("- {kind: compute, name: x, size: small, gpu: yes}", "schema", "resources[0].gpu"),
        (
            "- {kind: repo, name: x, access: [{team: t}]}",
            "schema-missing",
            "resources[0].access[0].permission",
        ),
        (
            "- {kind: repo, name: x, access: [{team: t, permission: all}]}",
            "schema",
            "resources[0].access[0].permission",
        ),
        ("- repo", "schema", "resources[0]"),
        ("  []", "schema", "resources"),
        ("  {}", "schema", "resources"),
    ],
)
def test_wrong_resources(resources: str, rule: str, path: str) -> None:
    found = only(text(resources=resources))
    assert (found.rule, found.place.path) == (rule, path)


def test_the_same_resource_twice() -> None:
    found = only(
        text(
            resources="- {kind: repo, name: x}\n- {kind: compute, name: x, size: xs}\n- {kind: repo, name: x}"
        )
    )
    assert (found.rule, found.place.path) == ("resource-twice", "resources[2]")
    (first,) = found.related
    assert (first.place.path, first.message) == ("resources[0]", "First here.")
    assert 0 < first.place.line < found.place.line


def test_all_findings_at_once_with_those_of_the_path() -> None:
    rules = [
        item.rule
        for item in findings(text(team="risk", expires="soon", nme="x"), "requests/dev/growth/x.yaml")
    ]
    assert rules == ["path-metadata", "path-metadata", "schema", "schema-unknown"]
    rules = [item.rule for item in findings(text(expires="soon"), "elsewhere/x.yaml")]
    assert rules == ["path", "schema"] or rules == ["schema", "path"]


def test_yaml_findings_come_with_the_path() -> None:
    rules = [item.rule for item in findings("a: 1\na: [\n", "elsewhere/x.yaml")]
    assert rules == ["path", "yaml-duplicate", "yaml-syntax"]


def test_what_could_be_read_is_checked_too() -> None:
    """One run says everything: a slip of the YAML does not hide the others, nor is it told twice."""
    raw = text(
        environment="devel", purpose="&p Predict", members="*p", name="churn-prediction\n  name: other"
    )
    assert [(item.rule, item.place.path) for item in findings(raw)] == [
        ("yaml-duplicate", "metadata.name"),
        ("path-metadata", "metadata.environment"),
        ("schema", "metadata.environment"),
        ("yaml-anchor", "metadata.purpose"),
        ("yaml-alias", "metadata.members"),
    ]


@pytest.mark.parametrize(
    ("field", "value", "meant"),
    [
        ("team", "grwoth", "growth"),
        ("team", "Growth", "growth"),
        ("environment", "dve", "dev"),
        ("name", "churn-predicton", "churn-prediction"),
    ],
)
def test_a_slip_of_what_the_path_says_is_told_once(field: str, value: str, meant: str) -> None:
    found = only(text(**{field: value}))
    assert (found.rule, found.place.path) == ("path-metadata", f"metadata.{field}")
    assert found.hint == f"Did you mean {meant}?"


def test_another_name_than_that_of_the_path_is_no_slip() -> None:
    found = only(text(name="churn-analysis"))
    assert found.hint.startswith("A request is not renamed")


@pytest.mark.parametrize(
    ("resource", "rest"),
    [("{<<: {size: xs}, name: x}", []), ("{<<: {}, kind: compute, size: xss}", ["resources[0].size"])],
)
def test_what_a_merge_key_should_bring_along_is_not_called_missing(resource: str, rest: list[str]) -> None:
    found = findings(text(resources=f"- {resource}"))
    assert [(item.rule, item.place.path) for item in found] == [
        ("yaml-merge", "resources[0].<<"),
        *(("schema", path) for path in rest),
    ]


def test_a_long_or_odd_value_is_shortened() -> None:
    assert len(only(text(data_classification="x" * 5000)).message) < 120


def test_canonical_form() -> None:
    data = {
        "resources": [{"name": "x", "kind": "repo", "topics": [], "access": None, "adopt": False}],
        "metadata": {"team": "growth", "name": "churn", "expires": None, "members": [], "zzz": 1},
    }
    assert dump_request(data).decode() == (
        "# yaml-language-server: $schema=../../schema.json\n"
        "apiVersion: lakeport/v1\n"
        "kind: Onboarding\n"
        "metadata:\n  name: churn\n  team: growth\n  zzz: 1\n"
        "resources:\n- kind: repo\n  name: x\n  adopt: false\n"
    )


@given(
    st.fixed_dictionaries(
        {"purpose": st.sampled_from(["Find out: who?", "a #b", "NO!", "1.10", "x" * 200, "'q' \"r\""])},
        optional={
            "members": st.lists(st.sampled_from(["li@x.example", "jo@x.example"]), max_size=4).map(tuple),
            "expires": st.dates().map(str),
            "cost_center": st.sampled_from(["1042", "CC-1"]),
        },
    )
)
def test_what_is_written_is_valid_and_canonical(metadata: dict[str, Any]) -> None:
    data = json.loads(json.dumps(loaded().document.data))
    data["metadata"] |= {
        key: list(value) if isinstance(value, tuple) else value for key, value in metadata.items()
    }
    raw = dump_request(data)
    again = load_request(raw, PATH, REGISTRY)
    assert dump_request(again.document.data) == raw


def test_what_is_wanted_knows_where_it_comes_from() -> None:
    repo, compute = desired(loaded(members="[petra.vos@acme.example, nobody@x.example]"), policy())
    assert repo.spec.name == "growth-churn-prediction"
    origin = compute.origin
    assert origin == repo.origin
    assert (origin.request, origin.group, origin.github_team) == (
        "dev/growth/churn-prediction",
        "growth",
        "growth",
    )
    assert (origin.technical_owner, origin.cost_center) == ("li.wei@acme.example", "CC-1042")
    assert origin.people == {
        "jane.doe@acme.example": "janed",
        "li.wei@acme.example": "liwei",
        "petra.vos@acme.example": "petra-v",
    }


def test_defaults_of_an_origin() -> None:
    (repo, _) = desired(loaded(team="risk", cost_center="None"), policy())
    assert (repo.origin.cost_center, repo.origin.group) == ("CC-2001", "risk-analytics")
    (repo, _) = desired(loaded(team="marketing", cost_center="None", requested_by="{slack: U9999}"), policy())
    assert (repo.origin.cost_center, repo.origin.group, repo.origin.github_team) == ("", "", "")
    assert repo.origin.technical_owner == "jane.doe@acme.example"


def test_the_model_is_made_once() -> None:
    assert request_model(REGISTRY) is request_model(dict(REGISTRY))


def test_one_kind_is_enough() -> None:
    alone = {"repo": REGISTRY["repo"]}
    raw = text(resources="- {kind: repo, name: x}").encode()
    assert load_request(raw, PATH, alone).request.resources[0].kind == "repo"
    with pytest.raises(InvalidRequest) as caught:
        load_request(text(resources="- {kind: repo, nme: x}").encode(), PATH, alone)
    assert {found.rule for found in caught.value.findings} == {"schema-unknown"}


def test_json_schema_agrees_with_the_loader() -> None:
    schema = json_schema(REGISTRY)
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    assert not list(validator.iter_errors(loaded().document.data))
    wrong = yamlfile.load(text(team="X", resources="- {kind: nope}").encode(), "f").data
    assert list(validator.iter_errors(wrong))
    owner = schema["$defs"]["Metadata"]["properties"]["business_owner"]
    assert owner["title"] == "Business owner"
    assert "by e-mail" in owner["description"]
    assert owner["examples"] == ["jane.doe@acme.example"]
    assert schema["properties"]["apiVersion"] == {"const": "lakeport/v1"}


def test_the_json_schema_speaks_as_the_file_does() -> None:
    schema = json_schema(REGISTRY)
    told = {part["title"]: part["description"] for part in schema["$defs"].values()}
    for kind in REGISTRY.values():
        assert told[kind.name].casefold() == f"{kind.summary}.".casefold()
        assert f"`{kind.name}`: {kind.summary}" in str(schema["properties"]["resources"]["items"])
    assert "Requested by" in told
    assert not [text for text in told.values() if "\n" in text or "``" in text]


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        ("{kind: repo, name: x, visibility: private, nme: y}", "('nme' was unexpected)"),
        ("{kind: repo, visibility: private}", "'name' is a required property"),
        ("{kind: nope, name: x}", "'nope' is not one of"),
        ("{name: x, visibility: private}", "'kind' is a required property"),
        ("repo", "'repo' is not of type 'object'"),
    ],
)
def test_the_json_schema_complains_about_the_one_kind_that_is_meant(resource: str, message: str) -> None:
    data = yamlfile.load(text(resources=f"- {resource}").encode(), "f").data
    (error,) = jsonschema.Draft202012Validator(json_schema(REGISTRY)).iter_errors(data)
    assert message in error.message
    assert not error.context


def test_importing_the_language_imports_no_sdk() -> None:
    code = (
        "import sys, gitops.request, gitops.policy, gitops.compose, gitops.fields;"
        "heavy = ('github', 'databricks', 'slack_sdk', 'openai', 'cookiecutter', 'requests', 'httpx');"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
