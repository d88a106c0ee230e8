"""What kinds say of their values to people: complete, about values there are, and true of the machines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.asking import composed_of
from bot.glossary import inside
from bot.offers import offers
from gitops.draft import Value
from gitops.fields import RESOURCES
from gitops.model import entry_type, literals
from tests.support.organisation import draft, world

WORLD = world()


@pytest.mark.parametrize("path", [path for path, field in WORLD.catalogue.items() if field.ask.meanings])
def test_every_value_of_a_field_has_a_meaning_or_none_has(path: str) -> None:
    field = WORLD.catalogue[path]
    assert set(field.ask.meanings) == set(field.choices)


@pytest.mark.parametrize("path", [path for path, field in WORLD.catalogue.items() if field.kind])
def test_so_have_the_values_inside_a_list(path: str) -> None:
    for info in inside(WORLD.catalogue[path], WORLD.registry):
        values = tuple(literals(info.annotation)) or tuple(literals(entry_type(info.annotation)))
        if values and info.ask is not None:
            assert set(info.ask.meanings) == set(values)


@pytest.mark.parametrize("path", [path for path in WORLD.catalogue if path != RESOURCES])
def test_a_question_is_one_and_comes_with_its_reason(path: str) -> None:
    ask = WORLD.catalogue[path].ask
    assert bool(ask.question) == bool(ask.why)
    assert not ask.question or ask.question.endswith("?")


def test_a_size_says_what_machines_it_is() -> None:
    state = draft()
    by_size = {offer.value: offer for offer in offers("resources.compute.size", state, WORLD)}
    assert by_size["small"].made_of == "workers Standard_D8ds_v5 (8 vCPU, 32 GiB)"
    by_type = {offer.value: offer for offer in offers("resources.compute.type", state, WORLD)}
    assert by_type["sql_warehouse"].made_of == "SQL warehouse Small"


def test_the_arithmetic_in_short_names_hours_and_rate_of_each_resource() -> None:
    said = {"resources": Value(["compute[a]", "compute[b]"], "said"), "metadata.name": Value("churn", "said")}
    money = composed_of(replace(draft(), said=said), WORLD).cost
    assert money is not None
    first, second, rate = money.brief
    assert first.startswith(
        "growth-churn-a-dev: light use 45 hours of the driver and 1 worker at 3.29 USD an hour"
    )
    assert second.startswith("growth-churn-b-dev: ")
    assert rate == "1 USD = 0.8532 EUR."
