"""Prices with their sources, and arithmetic that a person can follow."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops import cost
from gitops.cost import Money
from gitops.vocabulary import SIZES
from tests.support.language import REGISTRY, loaded, policy

CLOUDS = ("azure", "aws", "gcp")
WORKLOADS = ("etl", "ml", "analytics")


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("gpu", [False, True])
def test_every_size_has_a_node_with_a_source(cloud: str, workload: str, gpu: bool) -> None:
    nodes = [cost.node_for(cloud, workload, size, gpu, "dev") for size in SIZES]
    assert [node.price_per_hour for node in nodes] == sorted({node.price_per_hour for node in nodes})
    assert [node.vcpus for node in nodes] == sorted({node.vcpus for node in nodes})
    for node in nodes:
        assert node.source
        assert node.as_of >= date(2025, 1, 1)
        assert node.confidence in ("exact", "approximate")
        assert node.dbu_per_hour > 0


def test_no_price_list_for_another_cloud() -> None:
    with pytest.raises(ValueError, match="no price list"):
        cost.node_for("moon", "ml", "xs")


def test_the_arithmetic_is_in_the_lines() -> None:
    money = cost.estimate_cluster(
        cloud="azure",
        environment="dev",
        workload="ml",
        size="small",
        min_workers=1,
        max_workers=4,
        auto_stop_minutes=30,
    )
    node = cost.node_for("azure", "ml", "small")
    hourly = node.price_per_hour + node.dbu_per_hour * Decimal("0.55")
    assert money.low == 2 * 40 * hourly
    assert money.high == 5 * 176 * hourly
    assert money.currency == "USD"
    assert money.lines[0].startswith(
        "Cluster of Standard_E8ds_v5 (8 vCPU, 64 GiB): 0.691 USD for the machine + 2 DBU"
    )
    assert (
        "Azure retail price list, Linux pay-as-you-go, West Europe, 2025-06-30, approximate" in money.lines[0]
    )
    assert money.lines[1] == (
        "At least (1 driver + 1 worker) \u00d7 40 hours = 143 USD; "
        "at most (1 driver + 4 workers) \u00d7 176 hours = 1,576 USD."
    )


def test_what_never_stops_runs_all_month() -> None:
    money = cost.estimate_cluster(
        cloud="aws",
        environment="dev",
        workload="etl",
        size="xs",
        min_workers=1,
        max_workers=1,
        auto_stop_minutes=0,
    )
    assert money.low == money.high == 2 * 730 * (Decimal("0.214") + Decimal("0.69") * Decimal("0.55"))


def test_a_warehouse() -> None:
    money = cost.estimate_warehouse(cloud="azure", environment="dev", size="medium", max_clusters=2)
    assert money.low == 24 * Decimal("0.91") * 20
    assert money.high == 24 * Decimal("0.91") * 88 * 2
    assert "24 DBU an hour" in money.lines[0]
    assert "up to 2 clusters" in money.lines[0]


def test_a_job_is_cheaper_than_a_cluster_of_its_size() -> None:
    same = {"cloud": "azure", "environment": "dev", "workload": "etl", "size": "small"}
    job = cost.estimate_job(**same, min_workers=1, max_workers=2)
    cluster = cost.estimate_cluster(**same, min_workers=1, max_workers=2, auto_stop_minutes=30)
    assert job.high < cluster.high


amounts = st.decimals(0, 10**6, places=2)
moneys = st.builds(lambda a, b: Money(min(a, b), max(a, b), "USD", ("x",)), amounts, amounts)


@given(st.lists(moneys, max_size=6))
def test_a_total_is_the_sum(parts: list[Money]) -> None:
    found = cost.total(parts)
    assert found.low == sum(part.low for part in parts)
    assert found.high == sum(part.high for part in parts)
    assert len(found.lines) == len(parts)


@given(moneys, st.sampled_from(["EUR", "USD", "GBP", "CHF"]))
def test_conversion_keeps_the_order_and_says_its_rate(money: Money, currency: str) -> None:
    found = cost.convert(money, currency)
    assert found.low <= found.high
    assert found.currency == currency
    if currency != "USD":
        assert "ECB reference rates, 2025-06-30" in found.lines[-1]


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="convert them first"):
        cost.total([Money(Decimal(1), Decimal(1), "USD"), Money(Decimal(1), Decimal(1), "EUR")])


def test_money_in_words_and_as_json() -> None:
    money = Money(Decimal("12.4"), Decimal("1234.5"), "EUR", ("a",))
    assert str(money) == "12 to 1,235 EUR a month"
    assert str(Money(Decimal(5), Decimal(5), "EUR")) == "about 5 EUR a month"
    again = Money.from_json(money.as_json())
    assert (again.low, again.high, again.lines) == (Decimal("12.40"), Decimal("1234.50"), ("a",))


def test_the_cost_of_a_request() -> None:
    from gitops.policy import monthly_cost

    found = monthly_cost(loaded(), policy(), REGISTRY)
    assert found is not None
    assert found.currency == "EUR"
    assert monthly_cost(loaded(resources="- {kind: repo, name: growth-x}"), policy(), REGISTRY) is None
    assert monthly_cost(loaded(lifecycle="retiring"), policy(), REGISTRY) is None


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_larger_costs_more(environment: str) -> None:
    high = [cost.estimate_warehouse(cloud="azure", environment=environment, size=size).high for size in SIZES]
    assert high == sorted(high)
