from __future__ import annotations

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gitops.suggest import LONGEST, nearest

TEAMS = ("growth", "risk", "supply", "ml-platform")
PRIVILEGES = (
    "USE_SCHEMA",
    "SELECT",
    "MODIFY",
    "CREATE_TABLE",
    "CREATE_FUNCTION",
    "EXECUTE",
    "ALL_PRIVILEGES",
)
FIELDS = (
    "name",
    "team",
    "environment",
    "purpose",
    "business_owner",
    "technical_owner",
    "expires",
    "lifecycle",
)
CATALOGS = ("ml_dev", "analytics_dev", "risk_dev")
SIZES = ("xs", "small", "medium", "large", "xl")

words = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), min_size=6, max_size=20)


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("grwoth", TEAMS, "growth"),
        ("mlplatform", TEAMS, "ml-platform"),
        ("ml_platform", TEAMS, "ml-platform"),
        ("USE_SHCEMA", PRIVILEGES, "USE_SCHEMA"),
        ("use_schema", PRIVILEGES, "USE_SCHEMA"),
        ("USE SCHEMA", PRIVILEGES, "USE_SCHEMA"),
        ("SLECT", PRIVILEGES, "SELECT"),
        ("CREATE_TABEL", PRIVILEGES, "CREATE_TABLE"),
        ("databrics-pipeline", ("databricks-pipeline", "python-library"), "databricks-pipeline"),
        ("expiers", FIELDS, "expires"),
        ("enviroment", FIELDS, "environment"),
        ("busines_onwer", FIELDS, "business_owner"),
        ("businessOwner", FIELDS, "business_owner"),
        ("medum", SIZES, "medium"),
        ("dve", ("dev", "staging", "prod"), "dev"),
        ("rpod", ("dev", "staging", "prod"), "prod"),
        ("Dev", ("dev", "staging", "prod"), "dev"),
        ("analytic_dev", CATALOGS, "analytics_dev"),
        ("retirng", ("active", "retiring", "retired"), "retiring"),
    ],
)
def test_a_slip_is_recognised(word: str, known: tuple[str, ...], meant: str) -> None:
    assert nearest(word, known) == meant


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("prod", ("proof",)),
        ("proof", ("prod",)),
        ("test", ("dev", "staging", "prod")),
        ("uat", ("cat", "dat")),
        ("brod", ("prod",)),
        ("analytics_prod", CATALOGS),
        ("analytics_stg", CATALOGS),
        ("hr_dev", CATALOGS),
        ("xl", ("xs",)),
        ("lakeport/v2", ("lakeport/v1",)),
        ("CC-1043", ("CC-1042",)),
        ("push", ("pull",)),
        ("asdfgh", TEAMS),
        ("", TEAMS),
        ("-_-", TEAMS),
        ("growth", TEAMS),
        ("growth", ()),
        ("x" * 5000, ("x" * 4999,)),
    ],
)
def test_nothing_is_suggested_without_confidence(word: str, known: tuple[str, ...]) -> None:
    assert nearest(word, known) is None


def test_two_that_are_as_near_are_none() -> None:
    assert nearest("grawth", ("growth", "grewth")) is None
    assert nearest("grawth", ("growth", "growth")) == "growth"


@given(words, st.data())
def test_one_slip_in_a_long_word_is_found(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 2))
    slip = data.draw(st.sampled_from(("swap", "drop", "double", "wrong")))
    typed = {
        "swap": word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        "drop": word[:at] + word[at + 1 :],
        "double": word[:at] + word[at] + word[at:],
        "wrong": word[:at] + "q" + word[at + 1 :],
    }[slip]
    assume(typed != word)
    assert nearest(typed, [word]) == word
    assert nearest(typed.upper(), [word]) == word


@given(st.text(max_size=LONGEST * 2), st.lists(st.text(max_size=30), max_size=20))
def test_what_is_suggested_is_known_and_is_not_what_was_written(word: str, known: list[str]) -> None:
    found = nearest(word, known)
    assert found is None or (found in known and found != word and word not in known)
    assert nearest(word, list(reversed(known))) == found


@given(words, words)
def test_the_relation_is_symmetric(one: str, other: str) -> None:
    assert (nearest(one, [other]) is None) == (nearest(other, [one]) is None)


def test_thousands_of_known_words_cost_little() -> None:
    known = [
        f"person.{'abcdefghij'[n % 10]}{'klmnopqrst'[n // 10 % 10]}{n // 100:x}@acme.example"
        for n in range(10_000)
    ]
    start = time.perf_counter()
    assert nearest("persn.ak0@acme.example", known) == "person.ak0@acme.example"
    assert time.perf_counter() - start < 1.0
