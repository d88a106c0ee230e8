"""The policy is monotone: whatever permission is taken away, no request passes that did not pass before."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import handlers
from gitops import yamlfile
from gitops.errors import InvalidRequest
from gitops.finding import Severity
from gitops.policy import Policy, judged, load_policy
from gitops.request import Loaded, load_request, path_of
from gitops.standing import judge_together, standing_of
from gitops.vocabulary import CLASSIFICATIONS, ENVIRONMENTS, SIZES
from tests.support.language import TODAY

Data = dict[str, Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]
Error = tuple[str, str, str]
"""File, rule, path."""

REGISTRY = handlers.registry()
POLICY = yamlfile.load((Path(__file__).resolve().parents[2] / "requests/policy.yaml").read_bytes(), "f").data
TEAMS = ("growth", "risk", "supply", "ml-platform")
DAYS = st.sampled_from([-5, 1, 5, 20, 60, 60, 150, 150, 170, 170, 300, 500]).map(
    lambda days: str(TODAY + timedelta(days=days))
)
LIBRARIES = st.lists(
    st.sampled_from([*["pandas==2.2.0", "LightGBM", "polars"] * 3, "insecure_package"]),
    unique=True,
    max_size=2,
)


def sample() -> Data:
    """The sample organisation's policy, without what is only for drafts and would stand in the way."""
    data = deepcopy(POLICY)
    data.pop("default_catalog")
    data["defaults"].pop("fields")
    return data


# --- requests of every sort that a policy may have something against


@st.composite
def resources(draw: Draw, index: int, team: str, environment: str) -> Data:
    stem = draw(st.sampled_from([*[team] * 9, "other"]))
    match draw(st.sampled_from(["compute", "compute", "schema", "schema", "repo", "scaffold"])):
        case "compute":
            found = {
                "kind": "compute",
                "name": f"{stem}-{index}-{environment}",
                "type": draw(st.sampled_from(["cluster", "job", "sql_warehouse"])),
                "workload": draw(st.sampled_from(["etl", "ml", "analytics"])),
                "size": draw(st.sampled_from([*SIZES[:3] * 3, *SIZES])),
                "max_workers": draw(st.sampled_from([1, 1, 1, 4, 4, 60])),
            }
            if found["type"] != "sql_warehouse":
                found |= {"gpu": draw(st.booleans()), "libraries": draw(LIBRARIES)}
            return found
        case "repo":
            visibility = draw(st.sampled_from(["private", "internal"]))
            return {"kind": "repo", "name": f"{stem}-{index}", "visibility": visibility}
        case "schema":
            catalogs = [*POLICY["catalogs"][environment] * 3, "ml_prod"]
            return {"kind": "schema", "catalog": draw(st.sampled_from(catalogs)), "name": f"s{index}"}
        case _:
            templates = [*["databricks-pipeline", "python-library"] * 3, "no-template"]
            return {
                "kind": "scaffold",
                "repo": f"{stem}-{index}",
                "template": draw(st.sampled_from(templates)),
            }


@st.composite
def requests(draw: Draw, number: int) -> Loaded:
    team, environment = draw(st.sampled_from([*TEAMS * 3, "nobody"])), draw(st.sampled_from(ENVIRONMENTS))
    person = draw(st.sampled_from(POLICY["people"]))
    optional = {
        "technical_owner": st.sampled_from(["li.wei@acme.example", "x@other.example"]),
        "members": st.lists(
            st.sampled_from(["li.wei@acme.example", "x@other.example"]), min_size=1, unique=True
        ),
        "lifecycle": st.sampled_from(["active", "active", "retiring"]),
        "exceptions": st.lists(exceptions(), min_size=1, max_size=2),
    }
    metadata = {
        "name": f"request-{number}",
        "team": team,
        "environment": environment,
        "purpose": "Look whether the policy is monotone.",
        "business_owner": "jane.doe@acme.example",
        "data_classification": draw(st.sampled_from(CLASSIFICATIONS)),
        "requested_by": {"slack": person["slack"], "github": person["github"]},
        **draw(st.sampled_from([*[{"expires": draw(DAYS), "cost_center": "CC-1042"}] * 6, {}])),
        **draw(st.fixed_dictionaries({}, optional=optional)),
    }
    count = draw(st.integers(1, 3))
    entries = [draw(resources(10 * number + index, team, environment)) for index in range(count)]
    data = {"apiVersion": "lakeport/v1", "kind": "Onboarding", "metadata": metadata, "resources": entries}
    return load_request(yamlfile.dump(data), path_of(environment, team, metadata["name"]), REGISTRY)


@st.composite
def exceptions(draw: Draw) -> Data:
    return {
        "rule": draw(
            st.sampled_from(["lifetime", "required-field", "naming", "compute-size", "monthly-cost"])
        ),
        "reason": "The audit needs it.",
        "approver": draw(st.sampled_from(["petra-v", "sam-o", "nadia-k"])),
        "until": draw(DAYS),
    }


OPEN = st.integers(1, 4).flatmap(lambda count: st.tuples(*(requests(number) for number in range(count))))


def errors(loadeds: tuple[Loaded, ...], policy: Policy) -> set[Error]:
    """What keeps requests from passing, each by itself and all of them together."""
    judgements = [(one, *judged(one, policy, REGISTRY, today=TODAY)) for one in loadeds]
    found = [finding for _, findings, _ in judgements for finding in findings]
    standings = [kept for one, _, money in judgements if (kept := standing_of(one, REGISTRY, money))]
    places = {one.path: one.document for one in loadeds}
    found += judge_together(standings, policy, lambda path, where: places[path].place(where))
    return {(one.place.file, one.rule, one.place.path) for one in found if one.severity is Severity.ERROR}


# --- taking permissions away


def a_layer(data: Data, draw: Draw) -> Data:
    """The organisation's, an environment's, a classification's or a team's."""
    sections = ("environments", "classification", "teams")
    layers = [data, *(layer for name in sections for layer in data[name].values())]
    found: Data = layers[draw(st.integers(0, len(layers) - 1))]
    return found


def some(now: list[str] | None, every: list[str], draw: Draw) -> list[str]:
    """A part of what is allowed now, which is all of it where there is no list."""
    allowed = every if now is None else now
    keep = draw(st.sets(st.sampled_from(allowed))) if allowed else ()
    return [name for name in allowed if name in keep]


def smaller_sizes(data: Data, draw: Draw) -> None:
    layer = a_layer(data, draw)
    layer["max_size"] = draw(st.sampled_from(SIZES[: SIZES.index(layer.get("max_size", "xl")) + 1]))


def no_gpu(data: Data, draw: Draw) -> None:
    a_layer(data, draw)["gpu"] = False


def only_private(data: Data, draw: Draw) -> None:
    a_layer(data, draw)["visibility"] = "private"


def shorter_lives(data: Data, draw: Draw) -> None:
    layer = a_layer(data, draw)
    layer["max_lifetime_days"] = draw(st.integers(1, layer.get("max_lifetime_days", 400)))


def more_required(data: Data, draw: Draw) -> None:
    layer = a_layer(data, draw)
    name = draw(st.sampled_from(["technical_owner", "members", "cost_center", "expires"]))
    layer["required"] = sorted({*layer.get("required", ()), name})


def fewer_templates(data: Data, draw: Draw) -> None:
    layer = a_layer(data, draw)
    layer["templates"] = some(layer.get("templates"), ["python-library", "databricks-pipeline"], draw)


def more_denied_libraries(data: Data, draw: Draw) -> None:
    layer = a_layer(data, draw)
    libraries = layer.setdefault("libraries", {})
    libraries["denied"] = [
        *libraries.get("denied", ()),
        draw(st.sampled_from(["Pandas", "polars", "lightgbm"])),
    ]


def only_these_libraries(data: Data, draw: Draw) -> None:
    libraries = a_layer(data, draw).setdefault("libraries", {})
    libraries["allowed"] = some(libraries.get("allowed"), ["pandas", "polars", "torch"], draw)


def fewer_machines(data: Data, draw: Draw) -> None:
    layer = a_layer(data, draw)
    families = ["Standard_D*", "Standard_E*", "Standard_N*", "none"]
    layer["node_families"] = some(layer.get("node_families"), families, draw)


def fewer_catalogs(data: Data, draw: Draw) -> None:
    names = data["catalogs"][draw(st.sampled_from(ENVIRONMENTS))]
    del names[draw(st.integers(0, len(names))) :]


def own_catalogs_only(data: Data, draw: Draw) -> None:
    team = data["teams"][draw(st.sampled_from(TEAMS))]
    every = [name for names in data["catalogs"].values() for name in names]
    team["catalogs"] = some(team.get("catalogs"), every, draw)


def smaller_quotas(data: Data, draw: Draw) -> None:
    team = data["teams"][draw(st.sampled_from(TEAMS))]
    key = draw(st.sampled_from(["open_requests", "monthly_cost"]))
    quota = team.setdefault("quota", {})
    quota[key] = draw(st.integers(1, quota.get(key, 20)))


def less_money(data: Data, draw: Draw) -> None:
    limit = data["monthly_cost"]
    limit |= {"refuse_above": draw(st.integers(0, limit["refuse_above"])), "approvals_above": 0}


def names_of_one_form(data: Data, draw: Draw) -> None:
    assume("pattern" not in data["naming"]["schema"])
    data["naming"]["schema"]["pattern"] = draw(st.sampled_from(["s*", "{team}_*"]))


def more_own_rules(data: Data, draw: Draw) -> None:
    check = draw(st.sampled_from(["resource.kind != 'repo'", "metadata.team == 'growth'", "1 / 0 == 1"]))
    data["rules"].append({"id": "one-more", "check": check, "message": "No."})


def fewer_exceptions(data: Data, draw: Draw) -> None:
    rule = draw(st.sampled_from(["lifetime", "required-field", "naming", "compute-size"]))
    data["exceptions"] |= {"never": sorted({*data["exceptions"]["never"], rule}), "max_days": 10}


def more_approvals(data: Data, draw: Draw) -> None:
    asked = a_layer(data, draw).setdefault("approvals", {"from": ["ml-platform"]})
    asked["count"] = asked.get("count", 1) + 1


def no_stand_ins(data: Data, draw: Draw) -> None:
    data["approval_fallback"] = some(data["approval_fallback"], [], draw)


NARROWER = [
    *(
        smaller_sizes,
        no_gpu,
        only_private,
        shorter_lives,
        more_required,
        fewer_templates,
        more_denied_libraries,
    ),
    *(only_these_libraries, fewer_machines, fewer_catalogs, own_catalogs_only, smaller_quotas, less_money),
    *(names_of_one_form, more_own_rules, fewer_exceptions, more_approvals, no_stand_ins),
]


def no_exceptions(data: Data, draw: Draw) -> None:
    del data["exceptions"]


def no_such_environment(data: Data, draw: Draw) -> None:
    gone = draw(st.sampled_from(ENVIRONMENTS))
    del data["environments"][gone], data["catalogs"][gone]


def no_such_team(data: Data, draw: Draw) -> None:
    gone = "supply"  # nobody else's approval hangs on it
    del data["teams"][gone]
    data["people"] = [person for person in data["people"] if person["team"] != gone]


REMOVED = [no_exceptions, no_such_environment, no_such_team]


def read(data: Data) -> Policy:
    """The policy, if it is one: what is taken away may contradict what stays."""
    try:
        return load_policy(yamlfile.dump(data), registry=REGISTRY)
    except InvalidRequest:
        assume(False)
        raise


@pytest.mark.parametrize("narrow", NARROWER, ids=lambda change: change.__name__)
@given(OPEN, st.data())
@settings(max_examples=25, deadline=None)
def test_taking_a_permission_away_only_adds_errors(
    narrow: Callable[[Data, Draw], None], loadeds: tuple[Loaded, ...], data: st.DataObject
) -> None:
    wide = sample()
    for more in data.draw(st.lists(st.sampled_from(NARROWER), max_size=2)):
        more(wide, data.draw)
    narrower = deepcopy(wide)
    narrow(narrower, data.draw)
    assert errors(loadeds, read(wide)) <= errors(loadeds, read(narrower))


@pytest.mark.parametrize("remove", REMOVED, ids=lambda change: change.__name__)
@given(OPEN, st.data())
@settings(max_examples=25, deadline=None)
def test_what_failed_before_something_was_removed_fails_after_it(
    remove: Callable[[Data, Draw], None], loadeds: tuple[Loaded, ...], data: st.DataObject
) -> None:
    """Other rules may fail a file than before, but the same files fail."""
    whole = sample()
    without = deepcopy(whole)
    remove(without, data.draw)
    before = {file for file, _, _ in errors(loadeds, read(whole))}
    assert before <= {file for file, _, _ in errors(loadeds, read(without))}
