"""What people type for a field: taken where it is plain, else refused with the reason and what to do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import handlers
from gitops.answers import field_at, value_of
from gitops.errors import UsageError
from gitops.fields import catalogue
from gitops.plan import JSON
from tests.support.language import policy

REGISTRY = handlers.registry()
FIELDS = catalogue(REGISTRY)
ACME = policy()


def value(path: str, text: str) -> JSON:
    _, field = field_at(path, FIELDS)
    return value_of(field, text, REGISTRY, ACME)


@pytest.mark.parametrize(
    ("path", "full", "name"),
    [
        ("name", "metadata.name", "metadata.name"),
        ("metadata.name", "metadata.name", "metadata.name"),
        ("resources", "resources", "resources"),
        ("compute.size", "resources.compute.size", "resources.compute.size"),
        ("resources.compute.size", "resources.compute.size", "resources.compute.size"),
        ("schema[raw].grants", "resources.schema[raw].grants", "resources.schema.grants"),
        ("resources.schema[raw].grants", "resources.schema[raw].grants", "resources.schema.grants"),
    ],
)
def test_which_field_is_meant(path: str, full: str, name: str) -> None:
    found, field = field_at(path, FIELDS)
    assert (found, field.path) == (full, name)


@pytest.mark.parametrize(
    ("path", "fix"),
    [
        ("expire", "Did you mean expires?"),
        ("metadata.expire", "Did you mean expires?"),
        ("compute.sise", "Did you mean compute.size?"),
        ("scaffold.zzz", "Fields are scaffold.repo, scaffold.template, scaffold.inputs."),
        ("zzz", None),
        ("", None),
        ("resources.", None),
        ("compute[].size", None),
        ("compute[a.b].size", None),
        ("kind.size", None),
        ("\x1b[31m", None),
    ],
)
def test_a_field_that_does_not_exist(path: str, fix: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        field_at(path, FIELDS)
    assert caught.value.what == f"There is no field {path}."
    assert fix in (None, caught.value.fix)
    assert caught.value.fix


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("purpose", " Find out who leaves: now. ", "Find out who leaves: now."),
        ("purpose", "true", "true"),
        ("environment", "Production", "prod"),
        ("environment", "dev", "dev"),
        ("expires", "2027-04-30", "2027-04-30"),
        ("business_owner", "janed", "jane.doe@acme.example"),
        ("business_owner", "@janed", "jane.doe@acme.example"),
        ("business_owner", "U0JANEDOE", "jane.doe@acme.example"),
        ("business_owner", "x@y.example", "x@y.example"),
        ("members", "janed, x@y.example", ["jane.doe@acme.example", "x@y.example"]),
        ("members", "[janed]", ["jane.doe@acme.example"]),
        ("compute.gpu", "yes", True),
        ("compute.gpu", "False", False),
        ("compute.max_workers", "4", 4),
        ("compute.libraries", "a==1.0, b", ["a==1.0", "b"]),
        ("compute.libraries", "[a==1.0, b]", ["a==1.0", "b"]),
        ("compute.size", "LARGE", "large"),
        (
            "schema.grants",
            "{principal: g, privileges: [SELECT]}",
            [{"principal": "g", "privileges": ["SELECT"]}],
        ),
        (
            "schema.grants",
            "[{principal: g, privileges: [SELECT]}]",
            [{"principal": "g", "privileges": ["SELECT"]}],
        ),
        ("scaffold.inputs", "{a: b}", {"a": "b"}),
        ("resources", "repo, warehouse,repo", ["repo", "compute"]),
        ("resources", "schema[raw],schema", ["schema[raw]", "schema"]),
        ("resources", "", []),
    ],
)
def test_what_is_taken(path: str, text: str, expected: JSON) -> None:
    assert value(path, text) == expected


@pytest.mark.parametrize(
    ("path", "text", "message", "fix"),
    [
        ("environment", "prd", "environment cannot be prd.", "Did you mean prod?"),
        (
            "expires",
            "soon",
            "expires must be a date, not soon.",
            "Write it as year-month-day, such as 2027-04-30.",
        ),
        ("name", "Churn", "Churn is not a valid name.", None),
        ("business_owner", "nobody", "nobody is not a valid business_owner.", None),
        ("compute.max_workers", "four", "max_workers must be a whole number, not four.", None),
        ("compute.max_workers", "9" * 30, None, None),
        ("compute.gpu", "maybe", "gpu must be true or false, not maybe.", None),
        ("schema.grants", "[{principal: g", None, None),
        ("schema.grants", "!!python/name:os.system", None, None),
        ("schema.grants", "&a [*a]", None, None),
        ("schema.grants", "", "grants must be a list, not null.", None),
        ("schema.grants", "[{principal: g, privileges: [SELEKT]}]", None, "Did you mean SELECT?"),
        ("scaffold.inputs", "x", None, None),
        ("resources", "bucket", "There is no kind of resource called bucket.", None),
        ("resources", "shcema", "There is no kind of resource called shcema.", "Did you mean schema?"),
        ("resources", "repo[", None, None),
        ("resources", "repo[a.b]", None, None),
    ],
)
def test_what_is_refused(path: str, text: str, message: str | None, fix: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        value(path, text)
    assert message in (None, caught.value.what)
    assert fix in (None, caught.value.fix)


@given(st.sampled_from(sorted(FIELDS)), st.text(max_size=30))
def test_anything_typed_is_a_value_or_a_sentence(path: str, text: str) -> None:
    sentence = ""
    try:
        taken = value(path, text)
    except UsageError as error:
        sentence = error.what
    assert sentence.endswith(".") or taken is not None
