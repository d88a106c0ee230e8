"""The layers of a policy: limits only narrow on the way down, the nearest default wins, the rest adds up."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.layers import Effective, Limit, distribution_name, matches
from gitops.policy import Policy
from gitops.vocabulary import CLASSIFICATIONS, ENVIRONMENTS, SIZES
from tests.support.language import changed_policy, policy

ACME = policy()
GROWTH = "    approvers: [nadia-k]\n"
DEV = "    max_size: medium\n"
RESTRICTED = "    visibility: private\n"


def said(policy: Policy, limit: Limit[Any] | None) -> tuple[str, str]:
    """Who says it, and the line of the file where it stands."""
    assert limit is not None
    line = policy.said(limit).strip(" ()").rpartition(":")[2]
    lines = policy.document.raw.decode().split("\n")
    return limit.who, lines[int(line) - 1].strip()


@pytest.mark.parametrize(
    ("environment", "classification", "expected"),
    [
        ("dev", "internal", ("medium", True, None)),
        ("prod", "public", ("xl", True, None)),
        ("prod", "restricted", ("xl", False, "private")),
        ("moon", "internal", ("xs", False, None)),
    ],
)
def test_what_holds(environment: str, classification: str, expected: tuple[str, bool, str | None]) -> None:
    found = ACME.effective("growth", environment, classification)
    assert (found.max_size.value, found.gpu.value, found.visibility.value) == expected


def test_every_limit_says_whose_it_is() -> None:
    found = ACME.effective("growth", "dev", "restricted")
    assert said(ACME, found.max_size) == ("dev", "max_size: medium")
    assert said(ACME, found.gpu) == ("restricted data", "gpu: false")
    assert said(ACME, found.required["expires"]) == ("dev", "required: [expires]")
    assert said(ACME, found.max_lifetime_days) == ("dev", "max_lifetime_days: 180")
    assert found.max_lifetime_days.value == 180
    assert said(ACME, found.library_refused("Insecure.Package"))[0] == "acme"
    nothing_said = ACME.effective("growth", "prod", "internal").max_lifetime_days
    assert (nothing_said.value, ACME.said(nothing_said)) == (None, "")


def test_the_nearer_layer_narrows() -> None:
    narrow = changed_policy(
        ("cloud: azure ", "max_lifetime_days: 400\nmax_size: large\ncloud: azure "),
        (
            GROWTH,
            f"{GROWTH}    max_size: small\n    max_lifetime_days: 30\n    templates: [python-library]\n",
        ),
    )
    found = narrow.effective("growth", "dev", "internal")
    assert said(narrow, found.max_size) == ("growth", "max_size: small")
    assert said(narrow, found.max_lifetime_days) == ("growth", "max_lifetime_days: 30")
    assert found.templates.value == ("python-library",)
    assert found.templates.who == "growth"
    other = narrow.effective("risk", "prod", "internal")
    assert said(narrow, other.max_size) == ("acme", "max_size: large")
    assert other.max_lifetime_days.value == 400
    assert other.templates.value == narrow.templates


def test_a_team_may_have_fewer_catalogs_and_so_may_a_classification() -> None:
    narrow = changed_policy(
        (
            "    approvers: [omar-f]\n",
            "    approvers: [omar-f]\n"
            "    catalogs: [analytics_dev, risk_dev, analytics_stg, analytics_prod]\n",
        ),
        (RESTRICTED, f"{RESTRICTED}    catalogs: [risk_dev, risk_prod]\n"),
    )
    assert narrow.catalogs_for("supply", "dev") == ("analytics_dev", "risk_dev")
    assert narrow.catalogs_for("supply", "dev", "restricted") == ("risk_dev",)
    assert narrow.catalogs_for("supply", "prod", "restricted") == ()
    assert narrow.catalogs_for("growth", "prod", "restricted") == ("risk_prod",)


def test_required_fields_add_up() -> None:
    more = changed_policy((RESTRICTED, f"{RESTRICTED}    required: [technical_owner, expires]\n"))
    found = more.effective("growth", "dev", "restricted").required
    assert {name: limit.who for name, limit in found.items()} == {
        "expires": "dev",
        "technical_owner": "restricted data",
    }


def test_the_nearest_default_wins_field_by_field() -> None:
    more = changed_policy(
        (DEV, f"{DEV}    defaults: {{fields: {{compute: {{size: xs, max_workers: 1}}}}}}\n"),
        (GROWTH, f"{GROWTH}    defaults: {{fields: {{compute: {{max_workers: 3}}}}}}\n"),
    )
    defaults = more.defaults_for("compute", {"team": "growth", "environment": "dev"})
    assert (defaults["size"], defaults["max_workers"], defaults["type"]) == ("xs", 3, "cluster")
    assert more.defaults_for("compute", {"team": "risk", "environment": "prod"})["size"] == "small"
    assert more.defaults_for("compute", {})["max_workers"] == 2


@pytest.mark.parametrize("name", ["pickle5", "Pickle5", "insecure_package", "Insecure.Package"])
def test_libraries_are_denied_in_any_spelling(name: str) -> None:
    holds = ACME.effective("growth", "dev", "internal")
    refused = holds.library_refused(name)
    assert refused is not None
    assert refused.value == distribution_name(name)
    assert holds.library_refused("pandas") is None


def test_where_libraries_are_allowed_there_are_no_others() -> None:
    strict = changed_policy((GROWTH, f"{GROWTH}    libraries: {{allowed: [Light_GBM], denied: [numpy]}}\n"))
    holds = strict.effective("growth", "dev", "internal")
    assert holds.library_refused("light-gbm") is None
    assert said(strict, holds.library_refused("pandas"))[0] == "growth"
    assert said(strict, holds.library_refused("numpy"))[0] == "growth"
    assert said(strict, holds.library_refused("pickle5"))[0] == "acme"
    assert strict.effective("risk", "dev", "internal").library_refused("pandas") is None


def test_machines_are_of_the_families_of_every_layer() -> None:
    strict = changed_policy(
        ("cloud: azure ", 'node_families: ["Standard_D*", "Standard_E*"]\ncloud: azure '),
        (GROWTH, f'{GROWTH}    node_families: ["*_v5"]\n'),
    )
    growth, risk = (strict.effective(team, "dev", "internal") for team in ("growth", "risk"))
    assert growth.node_refused("Standard_D8ds_v5") is None
    assert said(strict, growth.node_refused("Standard_D8ds_v4"))[0] == "growth"
    assert said(strict, growth.node_refused("Standard_NC8as_T4_v3"))[0] == "acme"
    assert risk.node_refused("Standard_D8ds_v4") is None
    assert ACME.effective("risk", "dev", "internal").node_refused("anything") is None


def test_it_is_worked_out_once() -> None:
    fresh = policy()
    assert fresh.effective("growth", "dev", "internal") is fresh.effective("growth", "dev", "internal")
    assert fresh.effective("a-team", "dev", "internal") is fresh.effective("another", "dev", "internal")


LAYERS = st.fixed_dictionaries(
    {},
    optional={
        "max_size": st.sampled_from(SIZES),
        "gpu": st.sampled_from(["true", "false"]),
        "visibility": st.sampled_from(["private", "internal"]),
        "max_lifetime_days": st.integers(1, 500),
        "templates": st.sampled_from(["[python-library]", "[databricks-pipeline]", "[]"]),
        "libraries": st.sampled_from(["{allowed: [pandas]}", "{denied: [pandas]}"]),
        "node_families": st.sampled_from(['["Standard_D*"]', '["Standard_*_v5"]']),
        "required": st.sampled_from(["[expires]", "[members]"]),
    },
)


def _lines(layer: dict[str, Any]) -> str:
    return "".join(f"    {key}: {value}\n" for key, value in layer.items())


def _allows(found: Effective) -> tuple[set[str], ...]:
    """Everything that is allowed, as sets that only get smaller."""
    days = found.max_lifetime_days.value
    return (
        set(SIZES[: SIZES.index(found.max_size.value) + 1]),
        {"gpu"} if found.gpu.value else set(),
        {"private", "internal"} if found.visibility.value is None else {found.visibility.value},
        {str(day) for day in (10, 100, 300) if days is None or day <= days},
        set(found.templates.value),
        {name for name in ("pandas", "numpy") if not found.library_refused(name)},
        {name for name in ("Standard_D4_v5", "Standard_E4_v4") if not found.node_refused(name)},
        {"expires", "members"} - set(found.required),
    )


@given(LAYERS, st.sampled_from(ENVIRONMENTS), st.sampled_from(CLASSIFICATIONS))
def test_a_layer_never_widens(layer: dict[str, Any], environment: str, classification: str) -> None:
    lines = _lines({"max_size": "xl", **layer})
    for before, after in (
        (GROWTH, GROWTH + _lines(layer)),
        ("  confidential:\n", f"  confidential:\n{lines}"),
    ):
        changed = changed_policy((before, after))
        wide = _allows(ACME.effective("growth", environment, classification))
        narrow = _allows(changed.effective("growth", environment, classification))
        assert all(less <= more for more, less in zip(wide, narrow, strict=True))


@given(st.text("ab-*?[]", max_size=8), st.text("ab-*?[]", max_size=8))
def test_a_pattern_means_what_it_means_to_fnmatch_but_for_brackets(name: str, pattern: str) -> None:
    assert matches(name, pattern) == fnmatchcase(name, pattern.replace("[", "[[]"))
