"""Price tables with a source for every number, and an organisation's own prices over them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops import ownprices, yamlfile
from gitops.ownprices import OwnPrices
from gitops.prices import DATA, PriceBook, Source
from gitops.sizing import Product
from gitops.vocabulary import ENVIRONMENTS, SIZES, Cloud

CLOUDS = get_args(Cloud)
OWN: dict[str, Any] = {
    "source": "Enterprise agreement 2026",
    "date": "2026-01-01",
    "discount_percent": 12,
    "dbu_rates": {"all_purpose": "0.41"},
    "nodes": {"Standard_D4ds_v5": "0.25"},
    "hours": {"cluster": {"prod": [100, 400]}},
    "exchange_rates": {"EUR": "0.90", "SEK": "10.5"},
}


def sources(book: PriceBook) -> list[Source]:
    """Of every number of a book."""
    nodes = [book.node(name) for name in table(book.cloud)["nodes"]]
    uses = [book.use(kind, place) for kind in ("cluster", "job", "sql_warehouse") for place in ENVIRONMENTS]
    return [
        *(node.price.source for node in nodes),
        *(node.dbu.source for node in nodes),
        *(use.source for use in uses),
        *(book.rate(product).source for product in Product),
        *(book.warehouse(size).dbu.source for size in SIZES),
        *(book.exchange(currency).source for currency in ("EUR", "USD", "GBP", "CHF")),
    ]


def table(cloud: str) -> dict[str, Any]:
    return yamlfile.load((DATA / f"prices-{cloud}.yaml").read_bytes(), "prices").data


@pytest.mark.parametrize("cloud", CLOUDS)
def test_every_number_says_where_it_is_from_and_how_sure_it_is(cloud: str) -> None:
    for source in sources(PriceBook.of(cloud)):
        assert source.name
        assert date(2025, 1, 1) <= date.fromisoformat(source.date)
        assert source.confidence in ("exact", "approximate")
        assert not source.own
    assert {row["confidence"] for row in table(cloud)["sources"].values()} == {"exact", "approximate"}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_no_machine_is_there_for_nothing_and_each_costs_something(cloud: str) -> None:
    book, data = PriceBook.of(cloud), table(cloud)
    assert set(data["nodes"]) == {name for steps in data["sizes"].values() for name in steps.values()}
    for name in data["nodes"]:
        node = book.node(name)
        assert node.price.value > 0
        assert node.dbu.value > 0
        assert (node.gpus > 0) == bool(node.gpu) == (node.gpu_gib > 0)


@pytest.mark.parametrize(
    "name", [*sorted(path.name for path in DATA.glob("prices-*.yaml")), "assumptions.yaml"]
)
def test_the_tables_are_read_without_the_slow_reader(name: str) -> None:
    """Else every check of one file would pay for it."""
    assert yamlfile._fast((DATA / name).read_bytes()) is not None


def test_no_price_list_for_another_cloud() -> None:
    with pytest.raises(ValueError, match="no price list"):
        PriceBook.of("moon")


def test_the_list_prices_are_one_book() -> None:
    assert PriceBook.of("aws") is PriceBook.of("aws", None) is PriceBook.of("aws", {})


def test_own_prices_lie_over_the_list() -> None:
    listed, book = PriceBook.of("azure"), PriceBook.of("azure", OWN)
    assert book.node("Standard_D4ds_v5").price.value == Decimal("0.25")
    assert str(book.node("Standard_D4ds_v5").price.source) == (
        "Enterprise agreement 2026, 2026-01-01, the organisation's own"
    )
    assert book.node("Standard_D4ds_v5").dbu == listed.node("Standard_D4ds_v5").dbu
    assert book.rate("all_purpose").value == Decimal("0.41")
    assert (book.use("cluster", "prod").light, book.use("cluster", "prod").heavy) == (
        Decimal(100),
        Decimal(400),
    )
    assert book.use("cluster", "dev") == listed.use("cluster", "dev")
    assert book.exchange("SEK").value == Decimal("10.5")
    assert book.exchange("GBP") == listed.exchange("GBP")


def test_a_discount_comes_off_what_is_not_said() -> None:
    book = PriceBook.of("azure", OWN)
    assert book.rate("jobs").value == Decimal("0.2640")
    assert book.rate("jobs").source.own
    assert "less 12% (Enterprise agreement 2026)" in book.rate("jobs").source.name
    assert book.node("Standard_D8ds_v5").price.value == Decimal("0.4814")
    without = PriceBook.of("azure", OWN | {"discount_percent": 0})
    assert without.rate("jobs") == PriceBook.of("azure").rate("jobs")


def test_machines_that_are_not_listed() -> None:
    added = {"price": "0.2", "dbu": "1.1", "vcpus": 8, "memory_gib": 32}
    own = OWN | {"added_nodes": {"Standard_D8as_v6": added}, "sizes": {"etl": {"small": "Standard_D8as_v6"}}}
    book = PriceBook.of("azure", own)
    assert book.step("etl", "small") == "Standard_D8as_v6"
    assert book.step("etl", "medium") == "Standard_D16ds_v5"
    assert book.knows("Standard_D8as_v6")
    assert not PriceBook.of("azure").knows("Standard_D8as_v6")
    node = book.node("Standard_D8as_v6")
    assert (node.price.value, node.dbu.value, node.price.source.own) == (Decimal("0.2"), Decimal("1.1"), True)


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"nodes": {"Standard_X": "1"}}, ("nodes", "Standard_X"), "added_nodes"),
        ({"nodes": {"Standard_D4ds_v5": "-1"}}, ("nodes", "Standard_D4ds_v5"), "-1"),
        ({"nodes": {"Standard_D4ds_v5": "NaN"}}, ("nodes", "Standard_D4ds_v5"), "NaN"),
        ({"nodes": {"Standard_D4ds_v5": "1e99999"}}, ("nodes", "Standard_D4ds_v5"), "no amount"),
        ({"dbu_rates": {"jobs": "sNaN"}}, ("dbu_rates", "jobs"), "no amount"),
        ({"exchange_rates": {"EUR": "0"}}, ("exchange_rates", "EUR"), "no amount"),
        ({"dbu_rates": {"jobs": "0." + "1" * 5000}}, ("dbu_rates", "jobs"), "at most six decimals"),
        ({"discount_percent": 100}, ("discount_percent",), "99.99"),
        ({"discount_percent": "NaN"}, ("discount_percent",), "99.99"),
        ({"hours": {"job": {"dev": [30, 20]}}}, ("hours", "job", "dev"), "smaller number first"),
        ({"sizes": {"etl": {"xs": "Standard_X"}}}, ("sizes", "etl", "xs"), "no machine"),
        ({"sizes": {"etl": {"xs": "Standard_D64ds_v5"}}}, ("sizes", "etl"), "smaller than the one before"),
    ],
)
def test_what_own_prices_cannot_be(change: dict[str, Any], path: tuple[str, ...], words: str) -> None:
    listed = PriceBook.of("azure")
    found = list(ownprices.problems(msgspec.convert(OWN | change, OwnPrices), listed))
    assert path in [where for where, _, _ in found]
    assert any(words in f"{message} {hint}" for _, message, hint in found)
    assert all(len(message) < 200 for _, message, _ in found)
    with pytest.raises(ValueError, match="prices"):
        PriceBook.of("azure", OWN | change)


@pytest.mark.parametrize(
    "change",
    [
        {"date": "yesterday"},
        {"source": ""},
        {"dbu_rates": {"sql": "1"}},
        {"hours": {"cluster": {"prod": [1]}}},
        {"hours": {"cluster": {"prod": [1, 731]}}},
        {"exchange_rates": {"euro": "1"}},
        {"nodes": {"Standard_D4ds_v5": "much"}},
        {"surprise": 1},
    ],
)
def test_own_prices_of_another_shape_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\$|unknown field"):
        PriceBook.of("azure", OWN | change)


def test_own_prices_need_a_source_and_a_date() -> None:
    for missing in ("source", "date"):
        with pytest.raises(ValueError, match=missing):
            PriceBook.of("azure", {key: value for key, value in OWN.items() if key != missing})


@given(percent=st.decimals(0, 99, places=2), size=st.sampled_from(SIZES), cloud=st.sampled_from(CLOUDS))
def test_a_larger_discount_is_never_dearer(percent: Decimal, size: str, cloud: str) -> None:
    own = {"source": "x", "date": "2026-01-01", "discount_percent": str(percent)}
    book, listed = PriceBook.of(cloud, own), PriceBook.of(cloud)
    name = listed.step("etl", size)
    assert 0 < book.node(name).price.value <= listed.node(name).price.value
    assert 0 < book.rate("jobs").value <= listed.rate("jobs").value
