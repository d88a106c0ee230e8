"""What a receipt keeps of a value: no secret, nothing too long, and JSON whatever it was given."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.plan import canonical, digest
from gitops.receipt_values import LARGEST, LONGEST_TEXT, recorded
from gitops.redact import REMOVED
from tests.bot.test_redact import SECRETS

CANARY = "correct-horse-battery"
NAMES = [
    "password",
    "spark.hadoop.javax.jdo.option.ConnectionPassword",
    "DB_PASSWORD",
    "apiToken",
    "clientSecret",
    "client_secret",
    "secret-value",
    "fs.azure.account.key.acme.dfs.core.windows.net",
    "aws_secret_access_key",
    "privateKey",
    "sas",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", ["text", "list", "mapping", "pair", "number"])
def test_what_stands_under_the_name_of_a_secret_is_removed(name: str, shape: str) -> None:
    value: Any = {
        "text": {"spark_conf": {name: CANARY}},
        "list": {name: ["x", CANARY]},
        "mapping": {name: {"of": {"growth": CANARY}}},
        "pair": {"tags": [{"key": name, "value": CANARY}]},
        "number": {name: 987654321},
    }[shape]
    said = json.dumps(recorded(value))
    assert CANARY not in said
    assert "987654321" not in said
    assert REMOVED in said


@pytest.mark.parametrize("name", ["spark_env_vars", "env", "environment_variables", "initEnv"])
def test_no_environment_variable_is_kept(name: str) -> None:
    assert recorded({name: {"PLAIN": CANARY}}) == {name: {"PLAIN": REMOVED}}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_what_looks_like_a_secret_is_removed_wherever_it_stands(secret: str) -> None:
    said = json.dumps(recorded({"comment": f"see {secret} there", "list": [secret], secret: "as a name"}))
    assert secret not in said


ORDINARY: list[Any] = [
    {"mark": "dev/growth/churn", "tags": ["a", "b"], "autotermination_minutes": 30, "gpu": False, "x": None},
    {"secret_scanning": "enabled", "environment": "dev", "environments": ["production"]},
    {"spark_conf": {"spark.password": "{{secrets/growth/db-password}}"}},
    {"grants": {"growth": ["SELECT", "MODIFY"], "data-engineers@acme.example": ["ALL_PRIVILEGES"]}},
    {"id": "$output", "url": "https://adb-1.2.azuredatabricks.net/#setting/clusters/1121-061500-abc/x"},
    {"digest": "sha256:" + "a" * 64, "commit": "c" * 40, "number": 1.5},
    [],
    "growth",
]


@pytest.mark.parametrize("value", ORDINARY)
def test_what_is_no_secret_stays_as_it_is(value: Any) -> None:
    assert recorded(value) == value


def test_a_long_text_is_told_by_its_digest() -> None:
    text = "é" * (LONGEST_TEXT + 1)
    told = recorded({"content": text, "path": "CODEOWNERS"})
    assert told == {
        "content": {"$digest": digest(text), "bytes": len(canonical(text))},
        "path": "CODEOWNERS",
    }


def test_of_a_long_value_the_longest_parts_go_first() -> None:
    told = recorded({"many": [f"member-{number}" for number in range(1000)], "mark": "dev/growth/churn"})
    assert set(told["many"]) == {"$digest", "bytes"}
    assert told["mark"] == "dev/growth/churn"


TEXT = st.text(st.characters(), max_size=40) | st.sampled_from(["\ud83d", "x" * 5000, "{{7*7}}", "\x00"])
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
VALUE = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(TEXT, inner, max_size=30),
    max_leaves=60,
)


@given(VALUE)
def test_whatever_it_is_it_can_be_written_and_read_again(value: Any) -> None:
    told = recorded(value)
    raw = canonical(told)
    assert len(raw) <= LARGEST
    assert msgspec.json.decode(raw) == told
    assert recorded(told) == told or "$digest" in str(told)


def test_a_value_of_any_depth_is_kept_short() -> None:
    deep: Any = "x"
    for _ in range(5_000):
        deep = [deep]
    assert len(canonical(recorded(deep))) < 100


def test_what_is_no_json_is_told_as_text() -> None:
    assert recorded({"at": 10**400, "of": {1, 2}.__class__}) == {
        "at": str(10**400),
        "of": "<class 'set'>",
    }
