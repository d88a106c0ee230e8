"""All problems at once: whatever the model refuses has a problem, and nothing else has one."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import handlers
from gitops.diagnosis import problem_of_value, problems
from gitops.envelope import Metadata, request_model
from gitops.policyfile import Policy
from gitops.yamlfile import load
from handlers._schema_fields import Privilege
from tests.support.language import POLICY
from tests.support.language import text as request_text

MODEL = request_model(handlers.registry())
REAL = load(
    (POLICY.parents[1] / "tests/data/requests/dev/growth/churn-prediction.yaml").read_bytes(), "f"
).data

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.sampled_from(["", "repo", "dev", "growth", "x\n", "2027-04-30", "2027-4-30", "a@b.example", "12.50"])
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "name", "team", "from", "1", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every path in some data."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, part in parts for found in places(part, (*path, key)))]


def put(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    """The data with one value replaced."""
    if not path:
        return new
    head, *rest = path
    if isinstance(value, dict):
        return {key: put(part, tuple(rest), new) if key == head else part for key, part in value.items()}
    return [put(part, tuple(rest), new) if index == head else part for index, part in enumerate(value)]


def refused(data: Any, model: Any) -> bool:
    try:
        msgspec.convert(data, model)
    except msgspec.ValidationError:
        return True
    return False


@given(st.data())
def test_a_request_has_problems_exactly_when_it_is_refused(data: st.DataObject) -> None:
    changed = REAL
    for _ in range(data.draw(st.integers(0, 3))):
        changed = put(changed, data.draw(st.sampled_from(places(changed))), data.draw(VALUES))
    assert bool(list(problems(changed, MODEL))) is refused(changed, MODEL)


@given(st.data())
def test_a_policy_has_problems_exactly_when_it_is_refused(data: st.DataObject) -> None:
    policy = load(POLICY.read_bytes(), "p").data
    changed = put(policy, data.draw(st.sampled_from(places(policy))), data.draw(VALUES))
    assert bool(list(problems(changed, Policy))) is refused(changed, Policy)


def test_every_problem_is_told_and_a_slip_is_told_once() -> None:
    raw = request_text(busines_owner="x@y.example", environment="pord", members="[1, li]", expires="soon")
    raw = raw.replace("  business_owner: jane.doe@acme.example\n", "")
    found = {problem.path[-1]: problem for problem in problems(load(raw.encode(), "f").data, MODEL)}
    assert {"busines_owner", "environment", 0, 1, "expires"} <= set(found)
    assert "business_owner" not in found  # it is the one that is spelt wrong
    assert found["busines_owner"].meant == "business_owner"
    assert found["environment"].hint == "Did you mean prod?"


def test_choices_are_in_the_order_of_the_language() -> None:
    raw = request_text(environment="moon", resources="- {kind: compute, name: x, size: huge}")
    raw = raw.replace("lifecycle: active", "lifecycle: gone")
    hints = {problem.path[-1]: problem.hint for problem in problems(load(raw.encode(), "f").data, MODEL)}
    assert hints["environment"] == "Use dev, staging or prod."
    assert hints["size"] == "Use xs, small, medium, large or xl."
    in_list = {"name": "x", "grants": [{"principal": "p", "privileges": ["all"]}]}
    data = load(request_text().encode(), "f").data | {"resources": [{"kind": "schema", **in_list}]}
    (privilege,) = [one for one in problems(data, MODEL) if "privileges" in one.path]
    assert privilege.hint.startswith(f"Use {', '.join(get_args(Privilege)[:3])}, ")
    wrong = problem_of_value("gone", Metadata, "lifecycle")
    assert wrong is not None
    assert wrong.hint == "Use active, retiring or retired."


@pytest.mark.parametrize(
    ("day", "hint"),
    [
        ("2027-02-30", "The month ends on 2027-02-28."),
        ("2028-02-30", "The month ends on 2028-02-29."),
        ("2027-13-01", "Write it as year-month-day, such as 2027-04-30."),
        ("0000-01-01", "Write it as year-month-day, such as 2027-04-30."),
        ("2027-04-00", "The month ends on 2027-04-30."),
    ],
)
def test_a_day_that_is_not_in_the_calendar(day: str, hint: str) -> None:
    wrong = problem_of_value(day, Metadata, "expires")
    assert wrong is not None
    assert (wrong.message, wrong.hint) == (f"The calendar has no {day}.", hint)


@pytest.mark.parametrize(
    ("key", "value", "wrong"),
    [("name", "churn", False), ("name", "Churn", True), ("expires", None, False), ("members", ["x"], True)],
)
def test_one_value_alone(key: str, value: Any, wrong: bool) -> None:
    assert bool(problem_of_value(value, Metadata, key)) is wrong
