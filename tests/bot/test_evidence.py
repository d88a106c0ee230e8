"""A quote has to speak of the value: by the type of the field, in the words that people use."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.draft import FieldUpdate
from bot.evidence import Evidence
from bot.values import field_of
from tests.support.organisation import draft, world

READ = [{"principal": "risk-analytics", "privileges": ["USE_SCHEMA", "SELECT"]}]
WRITE = [{"principal": "risk-analytics", "privileges": ["USE_SCHEMA", "SELECT", "MODIFY"]}]


def borne_out(
    text: str, path: str, value: Any, quote: str, op: Any = "set", asked: str | None = None
) -> bool:
    place, state = world(), replace(draft(), asked=asked).hear(text)
    field = field_of(path, place)
    assert field is not None
    return Evidence(state, place).bears_out(FieldUpdate(path, op, value, quote), field)


@pytest.mark.parametrize(
    ("text", "path", "value", "quote"),
    [
        ("in staging please", "metadata.environment", "staging", "staging"),
        ("in produciton please", "metadata.environment", "prod", "produciton"),
        ("en producción", "metadata.environment", "prod", "producción"),
        ("本番でお願いします", "metadata.environment", "prod", "本番でお願いします"),
        ("strictly confidential data", "metadata.data_classification", "restricted", "strictly confidential"),
        ("Jane owns it", "metadata.business_owner", "jane.doe@acme.example", "Jane"),
        ("<@U0JANEDOE> is responsible", "metadata.business_owner", "jane.doe@acme.example", "<@U0JANEDOE>"),
        ("I am the owner", "metadata.business_owner", "li.wei@acme.example", "I"),
        ("until 30 April 2027", "metadata.expires", "2027-04-30", "30 April 2027"),
        ("at most four workers", "resources.compute.max_workers", 4, "at most four workers"),
        ("stop after an hour and a half", "resources.compute.auto_stop_minutes", 90, "an hour and a half"),
        ("no gpu", "resources.compute.gpu", False, "no gpu"),
        ("with GPU", "resources.compute.gpu", True, "GPU"),
        ("lightgbm 4.5.0", "resources.compute.libraries", ["lightgbm==4.5.0"], "lightgbm 4.5.0"),
        ("risk-analytics can read it", "resources.schema.grants", READ, "risk-analytics can read it"),
        ("risk may read and write", "resources.schema.grants", WRITE, "risk may read and write"),
        ("in the catalog ml_dev", "resources.schema.catalog", "ml_dev", "ml_dev"),
        ("a repo and a cluster", "resources", ["repo"], "repo"),
        ("un repositorio", "resources", ["repo"], "repositorio"),
        (
            "from the template python-library",
            "resources.scaffold.template",
            "python-library",
            "python-library",
        ),
    ],
)
def test_words_that_say_it(text: str, path: str, value: Any, quote: str) -> None:
    assert borne_out(text, path, value, quote)


@pytest.mark.parametrize(
    ("text", "path", "value", "quote"),
    [
        ("a schema in dev", "metadata.environment", "prod", "a"),
        ("a schema in dev", "metadata.environment", "prod", "a schema in dev"),
        ("not in prod", "metadata.environment", "prod", "prod"),
        ("in dev", "metadata.environment", "dev", ""),
        ("in dev", "metadata.environment", "dev", "in prod"),
        ("We need a schema. Jane is nice.", "metadata.business_owner", "jane.doe@acme.example", "Jane"),
        ("I need a schema", "metadata.business_owner", "li.wei@acme.example", "I"),
        ("Jane owns it", "metadata.business_owner", "petra.vos@acme.example", "Jane owns it"),
        ("until summer", "metadata.expires", "2027-06-21", "summer"),
        ("at most four workers", "resources.compute.max_workers", 40, "four workers"),
        ("no gpu", "resources.compute.gpu", True, "gpu"),
        ("lightgbm", "resources.compute.libraries", ["xgboost"], "lightgbm"),
        ("risk-analytics can read it", "resources.schema.grants", WRITE, "risk-analytics can read it"),
        ("supply-chain can read it", "resources.schema.grants", READ, "supply-chain can read it"),
        ("tomas.blanco@acme.example told me", "metadata.members", ["tomas.blanco@acme.example"], "told me"),
        ("in the catalog ml_dev", "resources.schema.catalog", "risk_dev", "ml_dev"),
        ("for team growth", "metadata.team", "risk", "team growth"),
        ("a schema", "resources", ["compute"], "schema"),
        ("a repo", "resources.scaffold.template", "python-library", "repo"),
        ("&gt; in prod", "metadata.environment", "prod", "in prod"),
    ],
)
def test_words_that_do_not(text: str, path: str, value: Any, quote: str) -> None:
    assert not borne_out(text, path, value, quote)


def test_in_an_answer_the_question_says_what_it_is_about() -> None:
    jane = ("metadata.business_owner", "jane.doe@acme.example", "Jane")
    assert not borne_out("Jane", *jane)
    assert borne_out("Jane", *jane, asked="metadata.business_owner")


def test_a_risky_value_is_only_taken_from_the_message_itself() -> None:
    place, state = world(), draft().hear("it was in prod last year").hear("a schema please")
    field = field_of("metadata.environment", place)
    assert field is not None
    update = FieldUpdate("metadata.environment", "set", "prod", "in prod")
    assert not Evidence(state, place).bears_out(update, field)


def test_taking_away_needs_words_for_it() -> None:
    assert borne_out("no end date", "metadata.expires", None, "no end date", op="unset")
    assert not borne_out("an end date", "metadata.expires", None, "an end date", op="unset")
    assert borne_out("risk should not read it", "resources.schema.grants", READ, "risk", op="remove")
    lightgbm = ["lightgbm==4.5.0"]
    assert borne_out("drop lightgbm", "resources.compute.libraries", lightgbm, "lightgbm", op="remove")
