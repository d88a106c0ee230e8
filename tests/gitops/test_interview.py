"""Asking in a terminal: questions until they have a good answer, the file before it is written, a way out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from msgspec import structs

from gitops.compose import Composed, compose
from gitops.draft import Value
from gitops.errors import Refused
from gitops.fields import catalogue
from gitops.finding import Severity
from gitops.interview import Interview, Left, annotated, errors, summary
from tests.support.language import REGISTRY, TODAY, policy

ACME = policy()
LI = ACME.person(slack="U024BE7LH")
ANSWERS = ["repo, compute", "churn", "Find out who leaves.", "janed", "internal", "2027-04-30"]


def composed(said: Mapping[str, Value]) -> Composed:
    return compose(
        said, registry=REGISTRY, policy=ACME, requester=LI, requester_slack="U024BE7LH", today=TODAY
    )


class Talk:
    """An interview with a person who gives these answers; ``told`` is what they saw."""

    def __init__(self, *answers: str, fields: Mapping[str, Value] | None = None) -> None:
        self.answers: Iterator[str] = iter(answers)
        self.told: list[str] = []
        self.finished: list[Composed] = []
        self.said = dict(fields or {})

    def hear(self, prompt: str) -> str:
        self.told.append(prompt)
        try:
            return next(self.answers) + "\n"
        except StopIteration:
            raise EOFError from None

    def run(self) -> Composed:
        asking = Interview(
            catalogue(REGISTRY), REGISTRY, ACME, composed, hear=self.hear, tell=self.told.append, width=60
        )
        return asking.run(self.said, self.finished.append)

    def count(self, part: str) -> int:
        return sum(part in line for line in self.told)


def test_from_the_first_question_to_the_file() -> None:
    talk = Talk(*ANSWERS, "")
    found = talk.run()
    assert talk.finished == [found]
    assert found.document is not None
    assert found.document["metadata"]["name"] == "churn"
    assert [entry["kind"] for entry in found.document["resources"]] == ["repo", "scaffold", "compute"]
    assert talk.count("  team: growth  # looked up") == 1
    assert talk.count("  size: small  # default") == 1
    assert talk.count("It costs €") == 1
    assert talk.count("nadia-k") == 1
    assert all(len(line) <= 80 for line in talk.told)


def test_what_was_said_is_not_asked() -> None:
    said = {"metadata.name": Value("churn", "said"), "resources": Value(["repo"], "said")}
    talk = Talk(*ANSWERS[2:], "", fields=said)
    assert talk.run().document is not None
    assert talk.count("(name)") == 0


def test_a_question_is_asked_until_the_answer_is_good() -> None:
    talk = Talk(
        "bucket",
        "repo",
        "",
        "Churn!",
        *ANSWERS[1:3],
        "jane",
        *ANSWERS[3:5],
        "soon",
        "2029-01-01",
        "2027-04-30",
        "",
    )
    talk.run()
    assert talk.count("There is no kind of resource called bucket.") == 1
    assert talk.count("This one has to be said") == 1
    assert talk.count("Churn! is not a valid name.") == 1
    assert talk.count("jane is not a valid business_owner.") == 1
    assert talk.count("expires must be a date, not soon.") == 1
    assert talk.count("dev allows 180") == 1


def test_what_the_policy_refuses_is_said_at_once() -> None:
    said = {"metadata.team": Value("nobody", "said"), "resources": Value(["repo"], "said")}
    talk = Talk(*ANSWERS[1:], "", "team=growth", "", fields=said)
    talk.run()
    assert talk.count("It has errors: correct them first.") == 1


def test_a_change_at_the_end() -> None:
    talk = Talk(
        *ANSWERS, "compute.size=xl", "compute.size = medium", "nonsense", "no.field=1", "purpose=Other.", ""
    )
    found = talk.run()
    assert found.document is not None
    assert found.document["metadata"]["purpose"] == "Other."
    assert found.document["resources"][2]["size"] == "medium"
    assert talk.count("The size xl is more than medium.") == 1
    assert talk.count("nonsense is no FIELD=VALUE.") == 1
    assert talk.count("There is no field no.field.") == 1
    assert talk.count("apiVersion") == 3  # at first, and after each change that was taken


def test_what_is_taken_back_is_asked_again_or_derived() -> None:
    talk = Talk(*ANSWERS, "compute.size=medium", "compute.size=", "expires=", "2027-05-01", "")
    found = talk.run()
    assert found.document is not None
    assert found.document["metadata"]["expires"] == "2027-05-01"
    assert found.document["resources"][2]["size"] == "small"


@pytest.mark.parametrize("answers", [[], ["q"], ["repo", "quit"], [*ANSWERS, "q"], [*ANSWERS, "exit"]])
def test_leaving(answers: list[str]) -> None:
    talk = Talk(*answers)
    with pytest.raises(Left):
        talk.run()
    assert talk.finished == []


def test_a_name_that_is_taken_can_be_changed() -> None:
    talk = Talk(*ANSWERS, "", "name=win-back", "")

    def finish(found: Composed) -> None:
        assert found.document is not None
        if found.document["metadata"]["name"] == "churn":
            raise Refused("The file exists.", fix="Choose another name.")

    asking = Interview(catalogue(REGISTRY), REGISTRY, ACME, composed, hear=talk.hear, tell=talk.told.append)
    found = asking.run({}, finish)
    assert found.document is not None
    assert found.document["metadata"]["name"] == "win-back"
    assert talk.count("The file exists.") == 1
    assert talk.count("Choose another name.") == 1


def test_the_team_is_asked_with_those_there_are() -> None:
    def nobody(said: Mapping[str, Value]) -> Composed:
        return compose(
            said, registry=REGISTRY, policy=ACME, requester=None, requester_slack="U1A", today=TODAY
        )

    talk = Talk("repo", "churn", "growth")
    asking = Interview(catalogue(REGISTRY), REGISTRY, ACME, nobody, hear=talk.hear, tell=talk.told.append)
    with pytest.raises(Left):
        asking.run({}, talk.finished.append)
    assert talk.count("One of growth, risk, supply, ml-platform.") == 1


def test_every_value_nobody_said_is_marked() -> None:
    said = {
        "resources": Value(["compute[a]", "compute[b]"], "said"),
        "metadata.name": Value("churn", "said"),
        "metadata.purpose": Value("Say it.", "said"),
        "metadata.business_owner": Value("jane.doe@acme.example", "said"),
        "metadata.data_classification": Value("internal", "said"),
        "metadata.expires": Value("2027-04-30", "said"),
        "resources.compute[b].size": Value("xs", "said"),
    }
    found = composed(said)
    lines = annotated(found).splitlines()
    assert "  name: churn" in lines
    assert "  requested_by: {slack: U024BE7LH, github: liwei}  # looked up" in lines
    assert "  lifecycle: active  # default" in lines
    assert lines[-8:] == [
        "- kind: compute",
        "  name: growth-churn-a-dev  # default",
        "  size: small  # default",
        "  max_workers: 2  # default",
        "- kind: compute",
        "  name: growth-churn-b-dev  # default",
        "  size: xs",
        "  max_workers: 2  # default",
    ]


def test_findings_are_in_the_summary() -> None:
    said = {
        path: Value(value, "said")
        for path, value in zip(
            (
                "resources",
                "metadata.name",
                "metadata.purpose",
                "metadata.business_owner",
                "metadata.data_classification",
                "metadata.expires",
            ),
            (["compute"], "churn", "Say it.", "jane.doe@acme.example", "internal", "2027-04-30"),
            strict=True,
        )
    } | {"resources.compute.size": Value("xl", "said")}
    found = composed(said)
    assert [finding.rule for finding in errors(found)] == ["compute-size"]
    assert any(line.startswith("error: The size xl is more than medium.") for line in summary(found))
    excepted = "Excepted until 2027-03-01 by petra-v: one load test."
    (size,) = errors(found)
    other = replace(found, findings=(structs.replace(size, severity=Severity.INFO, excepted=excepted),))
    assert f"info: {size.message} {excepted}" in list(summary(other))
