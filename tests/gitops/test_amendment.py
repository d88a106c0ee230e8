from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops import yamlfile
from gitops.amendment import Amendment, approvals_of_change, compare
from gitops.approval import approvals
from gitops.edited import Edit, Effect
from gitops.leaves import leaves
from gitops.policy import load_policy
from gitops.request import Loaded, load_request
from handlers._compute_fields import distribution
from tests.support import versions
from tests.support.versions import COMPUTE, PATH, REPO, SCAFFOLD, SCHEMA, data, loaded, resource, without


def amendment(new: dict[str, Any], old: dict[str, Any] | None = None) -> Amendment:
    return compare(loaded(old), loaded(new), versions.registry(), versions.policy())


def one(
    *changes: Callable[[dict[str, Any]], Any], old: dict[str, Any] | None = None, **metadata: Any
) -> Edit:
    found = amendment(data(*changes, **metadata), old).edits
    assert len(found) == 1, [edit.sentence for edit in found]
    return found[0]


GROWTH = {"principal": "growth", "privileges": ["USE_SCHEMA", "SELECT", "MODIFY"]}
RISK = {"principal": "risk-analytics", "privileges": ["USE_SCHEMA", "SELECT"]}
CLUSTER = "the cluster growth-churn-dev"
SCHEMA_NAME = "the schema ml_dev.churn_prediction"


@pytest.mark.parametrize(
    ("change", "sentence", "effect"),
    [
        (resource(COMPUTE, max_workers=8), f"max workers of {CLUSTER}: 4 → 8", Effect.RESTARTS),
        (resource(COMPUTE, max_workers=None), f"max workers of {CLUSTER}: 4 → 1", Effect.RESTARTS),
        (resource(COMPUTE, gpu=False), f"GPU of {CLUSTER}: false", Effect.SAME),
        (
            resource(COMPUTE, libraries=["lightgbm==4.6.0", "pandas==2.2.0"]),
            f"libraries of {CLUSTER}: lightgbm==4.5.0 → lightgbm==4.6.0",
            Effect.IN_PLACE,
        ),
        (
            resource(COMPUTE, libraries=["lightgbm==4.5.0"]),
            f"libraries of {CLUSTER}: pandas==2.2.0",
            Effect.TAKEN,
        ),
        (
            resource(COMPUTE, access=[{"principal": "growth", "level": "CAN_MANAGE"}]),
            f"level for growth of {CLUSTER}: CAN_RESTART → CAN_MANAGE",
            Effect.IN_PLACE,
        ),
        (resource(COMPUTE, type="job"), f"type of {CLUSTER}: cluster → job", Effect.REFUSED),
        (
            resource(SCHEMA, grants=[{**GROWTH, "privileges": ["USE_SCHEMA", "SELECT"]}, RISK]),
            f"growth may no longer MODIFY on {SCHEMA_NAME}",
            Effect.TAKEN,
        ),
        (
            resource(SCHEMA, grants=[GROWTH]),
            f"risk-analytics may no longer USE_SCHEMA, SELECT on {SCHEMA_NAME}",
            Effect.TAKEN,
        ),
        (
            resource(SCHEMA, grants=[GROWTH, RISK, {"principal": "audit", "privileges": ["USE_SCHEMA"]}]),
            f"audit may USE_SCHEMA on {SCHEMA_NAME}",
            Effect.IN_PLACE,
        ),
        (
            resource(SCHEMA, grants_mode="authoritative"),
            f"grants mode of {SCHEMA_NAME}: named → authoritative",
            Effect.TAKEN,
        ),
        (resource(SCHEMA, grants_mode="named"), f"grants mode of {SCHEMA_NAME}: named", Effect.SAME),
        (resource(SCHEMA, catalog="ML_DEV"), f"catalog of {SCHEMA_NAME}: ml_dev → ML_DEV", Effect.SAME),
        (
            resource(REPO, visibility="private"),
            "visibility of the repository growth-churn-prediction: internal → private",
            Effect.IN_PLACE,
        ),
        (
            resource(REPO, topics=["ml", "churn", "python"]),
            "topics of the repository growth-churn-prediction: python",
            Effect.IN_PLACE,
        ),
        (
            resource(REPO, access=[{"team": "growth", "permission": "maintain"}]),
            "the team risk loses pull on the repository growth-churn-prediction",
            Effect.TAKEN,
        ),
        (
            resource(SCAFFOLD, template="python-library"),
            "template of the scaffold of growth-churn-prediction: databricks-pipeline → python-library",
            Effect.REFUSED,
        ),
    ],
)
def test_what_an_edit_of_a_resource_is_and_becomes(
    change: Callable[[dict[str, Any]], None], sentence: str, effect: Effect
) -> None:
    found = one(change)
    assert (found.sentence, found.effect) == (sentence, effect)


def test_what_becomes_of_a_setting_depends_on_the_type() -> None:
    for kind, effect in (("job", Effect.NEXT_RUN), ("sql_warehouse", Effect.IN_PLACE)):
        old = data(resource(COMPUTE, type=kind, access=None, libraries=None))
        new = data(resource(COMPUTE, type=kind, access=None, libraries=None, max_workers=8))
        assert amendment(new, old).edits[0].effect is effect


@pytest.mark.parametrize("mode", ["named", "additive", "authoritative"])
def test_what_becomes_of_a_privilege_depends_on_the_mode(mode: str) -> None:
    def grants(*some: dict[str, Any]) -> dict[str, Any]:
        return data(resource(SCHEMA, grants=list(some), grants_mode=mode))

    fewer = amendment(grants({**GROWTH, "privileges": ["USE_SCHEMA"]}, RISK), grants(GROWTH, RISK)).edits[0]
    nobody = amendment(grants(GROWTH), grants(GROWTH, RISK)).edits[0]
    assert fewer.effect is (Effect.LEFT if mode == "additive" else Effect.TAKEN)
    assert nobody.effect is (Effect.LEFT if mode == "additive" else Effect.TAKEN)


@pytest.mark.parametrize(
    ("metadata", "effect"),
    [
        ({"purpose": "Predict who will leave."}, Effect.IN_PLACE),
        ({"technical_owner": None}, Effect.RECORDED),
        ({"expires": "2027-05-15"}, Effect.RECORDED),
        ({"cost_center": "CC-1"}, Effect.IN_PLACE),
        ({"lifecycle": "retiring"}, Effect.TAKEN),
        ({"lifecycle": None}, Effect.SAME),
    ],
)
def test_what_an_edit_of_the_metadata_becomes(metadata: dict[str, Any], effect: Effect) -> None:
    found = one(**metadata)
    assert (found.effect, found.field) == (effect, next(iter(metadata)))


def test_another_resource_is_new_with_all_that_is_in_it() -> None:
    more = {"kind": "schema", "catalog": "ml_dev", "name": "scores", "grants": [GROWTH]}
    found = one(lambda found: found["resources"].append(more))
    assert (found.sentence, found.effect) == ("the schema ml_dev.scores is new", Effect.MADE)
    assert found.details == (
        "+ catalog: ml_dev",
        "+ schema: scores",
        "+ growth may USE_SCHEMA, SELECT, MODIFY",
    )
    assert found.paths == ("resources[schema/ml_dev.scores]",)


def test_a_resource_that_is_gone() -> None:
    found = one(without(SCAFFOLD))
    assert found.sentence == "the scaffold of growth-churn-prediction is no longer in the file"
    assert (found.effect, found.rule) == (Effect.REFUSED, "resource-dropped")


@pytest.mark.parametrize(
    ("change", "rule_path"),
    [
        (resource(SCHEMA, name="scores"), "schema/ml_dev.scores"),
        (
            resource(SCHEMA, catalog="analytics_dev", comment="Moved."),
            "schema/analytics_dev.churn_prediction",
        ),
        (resource(SCAFFOLD, repo="growth-other"), "scaffold/growth-other"),
        (resource(COMPUTE, name="growth-other"), "compute/growth-other"),
    ],
)
def test_another_name_is_one_edit_with_all_that_differs(
    change: Callable[[dict[str, Any]], None], rule_path: str
) -> None:
    found = one(change)
    assert (found.effect, found.rule) == (Effect.REFUSED, "resource-renamed")
    assert found.paths[1] == f"resources[{rule_path}]"
    assert any("→" in line for line in found.details)


def test_of_several_names_the_most_alike_go_together() -> None:
    def schema(name: str, comment: str) -> dict[str, Any]:
        return {"kind": "schema", "catalog": "ml_dev", "name": name, "comment": comment}

    def resources(*some: dict[str, Any]) -> dict[str, Any]:
        return data(lambda found: found.update(resources=list(some)))

    found = amendment(
        resources(schema("d", "Beta"), schema("c", "Alpha")),
        resources(schema("a", "Alpha"), schema("b", "Beta")),
    )
    assert {edit.paths for edit in found.edits} == {
        ("resources[schema/ml_dev.b]", "resources[schema/ml_dev.d]"),
        ("resources[schema/ml_dev.a]", "resources[schema/ml_dev.c]"),
    }


# --- cost and approvals ---------------------------------------------------------------------------


def test_a_cost_above_the_limit_asks_for_its_approvers_too() -> None:
    found = amendment(data(resource(COMPUTE, size="medium", max_workers=20)))
    assert found.cost_before is not None
    assert found.cost_after is not None
    assert found.cost_after.high > 2500 > found.cost_before.high
    assert [rule.id for rule in found.more] == ["cost"]
    assert "above 2,500 EUR" in found.more[0].why
    assert found.still == ()


def test_who_had_to_approve_before_still_has_to() -> None:
    before = data(data_classification="restricted")
    found = amendment(data(), before)
    assert [rule.id for rule in found.still] == ["classification-restricted"]
    asked = approvals_of_change(loaded(before), loaded(), versions.policy(), versions.registry())
    assert set(asked) >= set(approvals(loaded(before), versions.policy(), versions.registry()))
    assert set(asked) >= set(approvals(loaded(), versions.policy(), versions.registry()))
    assert len(set(asked)) == len(asked)


def test_the_approvals_of_a_file_that_comes_or_goes_are_its_own() -> None:
    policy, registry = versions.policy(), versions.registry()
    assert approvals_of_change(None, loaded(), policy, registry) == approvals(loaded(), policy, registry)
    assert approvals_of_change(loaded(), None, policy, registry) == approvals(loaded(), policy, registry)


@pytest.mark.parametrize(
    ("asked", "change"),
    [
        ("grants", resource(SCHEMA, grants=[GROWTH])),
        ("removal", resource(SCHEMA, grants=[{**GROWTH, "privileges": ["USE_SCHEMA"]}, RISK])),
        ("removal", lambda found: found["metadata"].update(lifecycle="retiring")),
        ("risky", resource(REPO, visibility="private")),
        (
            "addition",
            lambda found: found["resources"].append({"kind": "schema", "catalog": "a", "name": "b"}),
        ),
        ("members", lambda found: found["metadata"].update(members=[])),
    ],
)
def test_the_policy_asks_for_more_approvals_of_some_edits(
    asked: str, change: Callable[[dict[str, Any]], None]
) -> None:
    said = yamlfile.load(versions.POLICY_FILE.read_bytes(), "policy").data
    said["approvals_for_change"] = {asked: {"count": 1, "from": ["supply"]}}
    policy = load_policy(yamlfile.dump(said))
    before, after, registry = loaded(), loaded(data(change)), versions.registry()
    assert f"change-{asked}" in {rule.id for rule in compare(before, after, registry, policy).more}
    assert f"change-{asked}" in {rule.id for rule in approvals_of_change(before, after, policy, registry)}
    same = loaded(data(resource(COMPUTE, gpu=False)))
    assert not compare(before, same, registry, policy).more


def test_a_new_request() -> None:
    found = compare(None, loaded(), versions.registry(), versions.policy())
    assert found.new
    assert found.cost_before is None
    assert {edit.effect for edit in found.edits if edit.thing} == {Effect.MADE}
    assert {edit.effect for edit in found.edits if not edit.thing} == {Effect.RECORDED}
    assert set(found.more) == set(approvals(loaded(), versions.policy(), versions.registry()))


def test_what_is_taken_away_is_listed() -> None:
    found = amendment(data(resource(SCHEMA, grants=[{**GROWTH, "privileges": ["USE_SCHEMA"]}, RISK])))
    assert found.removes == (f"growth may no longer SELECT, MODIFY on {SCHEMA_NAME}",)


def test_through_json() -> None:
    found = amendment(
        data(resource(COMPUTE, max_workers=50), without(SCAFFOLD), data_classification="restricted")
    )
    again = Amendment.from_json(json.loads(json.dumps(found.as_json())))
    assert again.as_json() == found.as_json()
    assert (again.edits, again.more, again.still) == (found.edits, found.more, found.still)


# --- laws -----------------------------------------------------------------------------------------

PEOPLE = ["li.wei@acme.example", "jane.doe@acme.example", "nadia.karim@acme.example"]
PRIVILEGES = ["USE_SCHEMA", "SELECT", "MODIFY", "CREATE_TABLE"]


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def entries(key: str, names: list[str], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    entry = st.fixed_dictionaries({key: st.sampled_from(names), **fields})
    return st.lists(entry, max_size=3, unique_by=lambda one: one[key])


def subset(words: list[str], least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(words), unique=True, min_size=least)


def of_kind(
    kind: str, fields: dict[str, st.SearchStrategy[Any]], more: st.SearchStrategy[dict[str, Any]]
) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda one, two: {"kind": kind} | one | two, st.fixed_dictionaries(fields), more)


RESOURCES = st.one_of(
    of_kind(
        "repo",
        {
            "name": st.sampled_from(["growth-a", "growth-b"]),
            "visibility": st.sampled_from(["private", "internal"]),
        },
        optional(
            access=entries("team", ["growth", "risk"], permission=st.sampled_from(["pull", "push"])),
            topics=subset(["a", "b", "c"]),
            adopt=st.booleans(),
        ),
    ),
    of_kind(
        "scaffold",
        {"repo": st.sampled_from(["growth-a", "growth-b"]), "template": st.sampled_from(["python-library"])},
        optional(inputs=optional(python=st.sampled_from(["3.11", "3.12"]), x=st.just("y"))),
    ),
    of_kind(
        "schema",
        {"catalog": st.sampled_from(["ml_dev", "ML_DEV", "other"]), "name": st.sampled_from(["one", "two"])},
        optional(
            grants=entries("principal", ["growth", "Growth B", "risk"], privileges=subset(PRIVILEGES, 1)),
            grants_mode=st.sampled_from(["named", "additive", "authoritative"]),
            comment=st.sampled_from(["", "Words."]),
        ),
    ),
    of_kind(
        "compute",
        {
            "name": st.sampled_from(["growth-a", "growth-b", "growth-c"]),
            "type": st.sampled_from(["cluster", "job", "sql_warehouse"]),
            "workload": st.sampled_from(["etl", "ml"]),
            "size": st.sampled_from(["xs", "small"]),
        },
        optional(
            gpu=st.booleans(),
            max_workers=st.integers(1, 3),
            libraries=st.lists(
                st.sampled_from(["pandas", "pandas==2.0", "x[y]>=1", "polars"]), unique_by=distribution
            ),
            access=entries("principal", ["growth", "risk"], level=st.sampled_from(["CAN_USE", "CAN_MANAGE"])),
        ),
    ),
)


def key_of(one: dict[str, Any]) -> str:
    name = one.get("repo") or one["name"]
    return f"{one['kind']}/{one['catalog']}.{name}".lower() if "catalog" in one else f"{one['kind']}/{name}"


METADATA = optional(
    technical_owner=st.sampled_from([None, *PEOPLE]),
    members=subset(PEOPLE),
    cost_center=st.sampled_from(["CC-1", "CC-2"]),
    expires=st.sampled_from(["2027-04-30", "2027-05-30"]),
    data_classification=st.sampled_from(["public", "internal", "restricted"]),
    lifecycle=st.sampled_from(["active", "retiring", "retired"]),
    requested_by=st.sampled_from([{"slack": "U024BE7LH"}, {"slack": "U024BE7LH", "github": "liwei"}]),
)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    metadata = copy.deepcopy(versions.DATA["metadata"]) | draw(METADATA)
    resources = draw(st.lists(RESOURCES, min_size=1, max_size=5, unique_by=key_of))
    return {"apiVersion": "lakeport/v1", "kind": "Onboarding", "metadata": metadata, "resources": resources}


def keyed(found: dict[str, Any]) -> dict[str, Any]:
    """The single values of a request by what their entries are, the way edits say their paths."""
    flat: dict[str, Any] = {key: value for key, value in found.items() if key != "resources"}
    for one in found["resources"]:
        fields = dict(one)
        for listed, key in (("grants", "principal"), ("access", "team"), ("access", "principal")):
            for entry in fields.get(listed, ()):
                if key in entry:
                    fields[f"{listed}[{entry[key].lower()}]"] = entry
        fields.pop("grants", None)
        fields.pop("access", None)
        for library in fields.pop("libraries", ()):
            fields[f"libraries[{distribution(library)}]"] = library
        flat[f"resources[{key_of(one)}]"] = fields
    return leaves(flat)


def shuffled(value: Any, draw: st.DrawFn) -> Any:
    """The same, all lists and all mappings in another order."""
    if isinstance(value, dict):
        return {key: shuffled(value[key], draw) for key in draw(st.permutations(list(value)))}
    return draw(st.permutations([shuffled(one, draw) for one in value])) if isinstance(value, list) else value


def load(found: dict[str, Any], comment: str = "") -> Loaded:
    raw = f"# {comment}\n".encode() + yamlfile.dump(found)
    return load_request(raw, PATH, versions.registry())


def covers(path: str, leaf: str) -> bool:
    return leaf == path or leaf.startswith((f"{path}.", f"{path}["))


@given(requests(), requests())
def test_every_value_that_differs_is_in_exactly_one_edit(old: dict[str, Any], new: dict[str, Any]) -> None:
    found = compare(load(old), load(new), versions.registry(), versions.policy()).edits
    before, after = keyed(old), keyed(new)
    differing = {leaf for leaf in (*before, *after) if before.get(leaf) != after.get(leaf)}
    for leaf in differing:
        assert sum(any(covers(path, leaf) for path in edit.paths) for edit in found) == 1, leaf
    for edit in found:
        for path in edit.paths:
            assert any(covers(path, leaf) for leaf in differing), edit


@given(requests(), st.data())
def test_an_order_a_comment_and_the_writing_are_no_edit(found: dict[str, Any], draw: st.DataObject) -> None:
    same = load(found)
    nothing = compare(same, same, versions.registry(), versions.policy())
    assert nothing.edits == ()
    assert not nothing.formatting
    other = compare(
        same, load(shuffled(found, draw.draw), "By hand."), versions.registry(), versions.policy()
    )
    assert other.edits == ()
    assert other.formatting
    assert (other.more, other.still) == ((), ())


@given(requests(), requests())
def test_what_is_said_is_said_in_words(old: dict[str, Any], new: dict[str, Any]) -> None:
    for edit in compare(load(old), load(new), versions.registry(), versions.policy()).edits:
        assert edit.words.strip()
        assert edit.means
        assert edit.sign in ("+", "~", "-")
