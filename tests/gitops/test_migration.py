"""Versions of the format: what is read, what is refused with a sentence, and how an old file is upgraded."""

from __future__ import annotations

import pytest

from gitops.envelope import API_VERSION
from gitops.errors import InvalidRequest
from gitops.finding import Finding
from gitops.migration import STEPS, Step, migrate, version_finding, way
from gitops.request import load_request
from gitops.yamlfile import Document, load
from tests.support.language import REGISTRY, text

PATH = "requests/dev/growth/churn-prediction.yaml"
DRAFT = (
    text()
    .replace("lakeport/v1", "lakeport/v1alpha1")
    .replace("  business_owner:", "  # answers for it\n  owner:")
    .replace("data_classification: internal", "classification: internal  # for now")
    .replace("expires:", "expiry:")
)

FIRST = Step(
    source="lakeport/v1alpha1", target="lakeport/v1alpha2", summary="a is b", renamed={("a",): ("b",)}
)
SECOND = Step(source="lakeport/v1alpha2", target=API_VERSION, summary="b is c", renamed={("b",): ("m", "c")})


def document(content: str) -> Document:
    return load(content.encode(), PATH)


def of_version(version: str) -> list[Finding]:
    with pytest.raises(InvalidRequest) as caught:
        load_request(text().replace("lakeport/v1", version).encode(), PATH, REGISTRY)
    return list(caught.value.findings)


@pytest.mark.parametrize(
    ("version", "rule", "message", "hint"),
    [
        (
            "lakeport/v2",
            "version-future",
            "This file is written for lakeport/v2; this Lakeport reads lakeport/v1.",
            "Upgrade Lakeport.",
        ),
        ("lakeport/v2alpha1", "version-future", None, "Upgrade Lakeport."),
        ("lakeport/v123456789", "version-future", None, "Upgrade Lakeport."),
        (
            "lakeport/v1alpha1",
            "version-old",
            "This file is written for lakeport/v1alpha1; this Lakeport reads lakeport/v1.",
            f"Run `lakeport migrate --write {PATH}`: it upgrades the file and keeps its comments.",
        ),
        (
            "lakeport/v1beta1",
            "version-unknown",
            "There is no version lakeport/v1beta1 of the request format.",
            "Write lakeport/v1.",
        ),
        ("lakeport/v0", "version-unknown", None, None),
        ("lakeport/v1.0", "version-unknown", None, None),
        ("v1", "version-unknown", None, None),
        ("1", "version-unknown", "There is no version 1 of the request format.", None),
        ("[lakeport/v1]", "version-unknown", None, None),
        ("{}", "version-unknown", None, None),
        ('"lakeport/v2\\n"', "version-unknown", None, None),
        ("lakeport/v" + "9" * 5000, "version-unknown", None, None),
        ("lakeport/v²", "version-unknown", None, None),
    ],
)
def test_another_version_is_one_finding(
    version: str, rule: str, message: str | None, hint: str | None
) -> None:
    [finding] = of_version(version)
    assert (finding.rule, finding.place.line, finding.place.path) == (rule, 1, "apiVersion")
    assert len(finding.message) < 130
    assert message in (None, finding.message)
    assert hint in (None, finding.hint)


@pytest.mark.parametrize("version", ["null", '""'])
def test_no_version_is_a_matter_of_the_fields(version: str) -> None:
    assert {finding.place.path for finding in of_version(version)} == {"apiVersion"}


def test_what_else_is_wrong_is_not_told_of_another_version_but_of_none() -> None:
    def rules(version: str) -> list[str]:
        content = text(team="Sales", nonsense="1").replace("lakeport/v1", version)
        with pytest.raises(InvalidRequest) as caught:
            load_request(content.encode(), PATH, REGISTRY)
        return [finding.rule for finding in caught.value.findings]

    assert rules("lakeport/v2") == ["version-future"]
    assert rules("lakeport/v1alpha1") == ["version-old"]
    assert set(rules("lakeprot/v1")) == {"version-unknown", "path-metadata", "schema", "schema-unknown"}


def test_a_draft_becomes_a_request_and_keeps_its_comments() -> None:
    migrated = migrate(document(DRAFT), REGISTRY)
    assert migrated is not None
    assert migrated.steps == STEPS
    found = load_request(migrated.raw, PATH, REGISTRY)
    assert found.request == load_request(text().encode(), PATH, REGISTRY).request
    lines = migrated.raw.decode().splitlines()
    assert lines[lines.index("  # answers for it") + 1] == "  business_owner: jane.doe@acme.example"
    assert "  data_classification: internal  # for now" in lines
    assert migrate(document(migrated.raw.decode()), REGISTRY) is None


def test_every_step_leads_to_the_version_that_is_read() -> None:
    for step in STEPS:
        assert way(step.source)[-1].target == API_VERSION
        assert step.summary


def test_steps_are_taken_one_after_another() -> None:
    assert way("lakeport/v1alpha1", [SECOND, FIRST]) == (FIRST, SECOND)
    assert way("lakeport/v1alpha2", [SECOND, FIRST]) == (SECOND,)
    assert way("lakeport/v1alpha1", [FIRST]) == ()
    assert way("lakeport/v3", [FIRST, SECOND]) == ()
    back = Step(source="lakeport/v1alpha2", target="lakeport/v1alpha1", summary="", renamed={})
    assert way("lakeport/v1alpha1", [FIRST, back]) == ()


def test_comments_go_all_the_way() -> None:
    steps = [
        Step(
            source="lakeport/v1alpha1",
            target="lakeport/v1alpha2",
            summary="who is boss",
            renamed={("metadata", "who"): ("metadata", "boss")},
        ),
        Step(
            source="lakeport/v1alpha2",
            target=API_VERSION,
            summary="boss is business_owner",
            renamed={("metadata", "boss"): ("metadata", "business_owner")},
        ),
    ]
    content = text().replace("lakeport/v1", "lakeport/v1alpha1").replace("business_owner:", "who:")
    migrated = migrate(
        document(content.replace("jane.doe@acme.example", "jane.doe@acme.example # her")), REGISTRY, steps
    )
    assert migrated is not None
    assert b"\n  business_owner: jane.doe@acme.example  # her\n" in migrated.raw
    assert migrated.steps == tuple(steps)


def test_an_upgrade_changes_nothing_but_names_and_not_its_input() -> None:
    data = {"apiVersion": FIRST.source, "a": {"x": [1]}, "m": {"c": 0}}
    after = FIRST.upgrade(data)
    assert after == {"apiVersion": FIRST.target, "b": {"x": [1]}, "m": {"c": 0}}
    after["b"]["x"].append(2)
    assert data == {"apiVersion": FIRST.source, "a": {"x": [1]}, "m": {"c": 0}}
    assert SECOND.upgrade({"b": 1, "m": {"c": 0}}) == {"apiVersion": API_VERSION, "b": 1, "m": {"c": 0}}
    assert SECOND.upgrade({"b": 1, "m": []}) == {"apiVersion": API_VERSION, "b": 1, "m": []}
    assert SECOND.upgrade({"m": {}}) == {"apiVersion": API_VERSION, "m": {}}


def test_other_mistakes_of_a_draft_stay_for_the_check() -> None:
    migrated = migrate(
        document(DRAFT.replace("growth\n", "grwoth\n").replace("kind: Onboarding", "kind: X")), REGISTRY
    )
    assert migrated is not None
    with pytest.raises(InvalidRequest) as caught:
        load_request(migrated.raw, PATH, REGISTRY)
    assert {finding.rule for finding in caught.value.findings} == {"path-metadata", "schema"}


@pytest.mark.parametrize(
    ("content", "paths"),
    [
        ("a: 1\n", {""}),
        ("metadata: []\nresources: {}\n", {"metadata", "resources"}),
        ("metadata:\nresources: [1, {kind: repo}, [x]]\n", {"metadata", "resources[0]", "resources[2]"}),
    ],
)
def test_what_has_not_the_shape_of_a_request_is_not_upgraded(content: str, paths: set[str]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        migrate(document("apiVersion: lakeport/v1alpha1\n" + content), REGISTRY)
    told = {finding.place.path for finding in caught.value.findings}
    assert told == paths or paths == {""}


@pytest.mark.parametrize("version", ["lakeport/v2", "lakeport/v7alpha1", "nonsense"])
def test_what_has_no_way_is_not_upgraded(version: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        migrate(document(text().replace("lakeport/v1", version)), REGISTRY)
    assert [found.rule for found in caught.value.findings] == [
        version_finding(document(f"apiVersion: {version}\n")).rule
    ]
