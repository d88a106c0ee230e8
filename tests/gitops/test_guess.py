"""One run says everything: what the policy has against a file that is not valid yet."""

from __future__ import annotations

from collections.abc import Iterator

from gitops.finding import Finding
from gitops.guess import guessed_findings
from gitops.policy import judge
from gitops.request import Loaded
from tests.support.language import REGISTRY, TODAY, policy, text

PATH = "requests/dev/growth/churn-prediction.yaml"
ACME = policy()


def guessed(raw: str, path: str = PATH) -> list[Finding]:
    return guessed_findings(raw.encode(), path, REGISTRY, judged)


def judged(loaded: Loaded) -> Iterator[Finding]:
    yield from judge(loaded, ACME, REGISTRY, today=TODAY)


def rules(findings: list[Finding]) -> list[str]:
    return sorted(finding.rule for finding in findings)


def test_a_wrong_size_hides_neither_the_unknown_team_nor_the_end_date() -> None:
    raw = text(team="sales", expires="2026-01-01", lifecycle="activ")
    assert {"team-known", "expiry-past"} <= set(rules(guessed(raw)))


def test_nothing_is_said_of_what_had_to_be_guessed() -> None:
    """Which environment is meant nobody knows, so what it allows is not said."""
    raw = text(environment="moon", resources="- {kind: compute, name: growth-x, size: xl}")
    assert "compute-size" not in rules(guessed(raw))
    meant = text(environment="dve", resources="- {kind: compute, name: growth-x, size: xl}")
    assert "compute-size" in rules(guessed(meant))


def test_what_was_meant_is_taken_as_said() -> None:
    raw = text(resources="- {kind: compte, name: growth-x, sise: xl}")
    assert [one.place.path for one in guessed(raw) if one.rule == "compute-size"] == ["resources[0].size"]


def test_a_slip_of_what_the_path_says_is_judged_as_the_path_says() -> None:
    """Neither is the team unknown, nor are the names of its resources those of another team."""
    assert guessed(text(team="grwoth")) == []
    assert guessed(text(environment="dve", name="churn-predicton")) == []
    too_large = text(team="grwoth", resources="- {kind: compute, name: growth-x, size: xl}")
    assert rules(guessed(too_large)) == ["compute-size"]
    assert "team-known" in rules(guessed(text(team="sales")))


def test_a_file_nobody_can_read_or_place_is_not_guessed_at() -> None:
    assert guessed("a: [") == []
    assert guessed(text(), "requests/x.yaml") == []
    assert guessed(text(resources="- {kind: spaceship}")) == []
    assert guessed(text(resources="- {name: x}")) == []


def test_a_valid_file_is_judged_as_it_is() -> None:
    raw = text(expires="2026-01-01")
    assert rules(guessed(raw)) == ["expiry-past"]
