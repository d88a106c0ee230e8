"""What compute costs a month: the arithmetic, in numbers and in words."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.compute_cost import monthly
from gitops.prices import PriceBook
from gitops.vocabulary import ENVIRONMENTS, SIZES, Cloud, Workload

AZURE = PriceBook.of("azure")
CLUSTER: dict[str, Any] = {
    "environment": "dev",
    "kind": "cluster",
    "workload": "ml",
    "size": "small",
    "min_workers": 1,
    "max_workers": 4,
    "auto_stop_minutes": 30,
}
kinds = st.sampled_from(["cluster", "job", "sql_warehouse"])
hours = st.tuples(st.integers(0, 730), st.integers(0, 730)).map(sorted)
prices = st.decimals(0, 1000, places=4).map(str)
owns = st.none() | st.fixed_dictionaries(
    {
        "source": st.just("ours"),
        "date": st.just("2026-01-01"),
        "discount_percent": st.integers(0, 99),
        "dbu_rates": st.fixed_dictionaries({"jobs": prices, "all_purpose": prices, "sql_serverless": prices}),
        "hours": st.fixed_dictionaries({"cluster": st.dictionaries(st.sampled_from(ENVIRONMENTS), hours)}),
    }
)
asked = st.fixed_dictionaries(
    {
        "environment": st.sampled_from(ENVIRONMENTS),
        "kind": kinds,
        "workload": st.sampled_from(get_args(Workload)),
        "size": st.sampled_from(SIZES),
        "gpu": st.booleans(),
        "min_workers": st.integers(1, 100),
        "max_workers": st.integers(1, 100),
        "auto_stop_minutes": st.integers(10, 10_000),
    }
)
clouds = st.sampled_from(get_args(Cloud))


def test_the_arithmetic_of_a_cluster() -> None:
    money = monthly(AZURE, **CLUSTER)
    hour = Decimal("0.691") + 2 * Decimal("0.55")
    assert money.low == 45 * 2 * hour
    assert money.high == (187 * 5 * hour).quantize(Decimal("0.01"), "ROUND_HALF_UP")
    assert money.currency == "USD"
    assert money.lines == (
        "An hour of a worker, Standard_E8ds_v5 (8 vCPU, 64 GiB): 0.691 for the machine + 2 DBU \u00d7 0.55 = "
        "1.791 USD.",
        "An hour of the driver costs the same.",
        "Hours a month: light use 40 + 10 days \u00d7 30 minutes until it stops = 45; heavy use 176 + 22 "
        "days \u00d7 30 minutes until it stops = 187.",
        "Low, light use with the driver and 1 worker: 45 hours \u00d7 (1.791 + 1 \u00d7 1.791) = 161.19 USD.",
        "High, heavy use with the driver and 4 workers: 187 hours \u00d7 (1.791 + 4 \u00d7 1.791) = "
        "1,674.59 USD.",
        "All prices are list prices in USD, without tax, storage and network.",
        "From Azure Databricks price list, Premium all-purpose compute, 2025-06-30, approximate: the price "
        "of a DBU of all-purpose compute.",
        "From Azure retail price list, Linux pay-as-you-go, West Europe, 2025-06-30, approximate: the price "
        "of Standard_E8ds_v5.",
        "From Azure Databricks price list, DBU by machine, 2025-06-30, approximate: the DBU of "
        "Standard_E8ds_v5.",
        "From an assumption of Lakeport, 2025-06-30, approximate: the hours.",
    )


def test_in_production_the_larger_driver_is_counted() -> None:
    money = monthly(AZURE, **CLUSTER | {"environment": "prod"})
    worker, driver = (price + 2 * dbu * Decimal("0.55") for price, dbu in PRICED)
    assert money.high == 730 * (driver + 4 * worker)
    assert (
        "An hour of the driver, Standard_E16ds_v5 (16 vCPU, 128 GiB): 1.382 for the machine" in money.lines[1]
    )


PRICED = ((Decimal("0.691"), 1), (Decimal("1.382"), 2))


def test_what_hardly_ever_stops_is_up_all_month_and_no_longer() -> None:
    money = monthly(AZURE, **CLUSTER | {"auto_stop_minutes": 10_000})
    assert money.low == 730 * 2 * Decimal("1.791")
    assert "10,000 minutes until it stops, at most the 730 that a month has" in money.lines[2]


def test_a_job_stops_by_itself_and_is_cheaper_than_a_cluster() -> None:
    job = monthly(AZURE, **CLUSTER | {"kind": "job"})
    assert job.high < monthly(AZURE, **CLUSTER).high
    stops_later = monthly(AZURE, **CLUSTER | {"kind": "job", "auto_stop_minutes": 60})
    assert (job.low, job.high) == (stops_later.low, stops_later.high)
    assert job.lines[2] == "Hours a month: light use 20; heavy use 88."


def test_a_warehouse() -> None:
    asked = CLUSTER | {"kind": "sql_warehouse", "size": "medium", "max_workers": 2, "auto_stop_minutes": 60}
    money = monthly(AZURE, **asked)
    assert money.low == 30 * 24 * Decimal("0.91")
    assert money.high == 110 * 2 * 24 * Decimal("0.91")
    assert money.lines[0] == (
        "An hour of one cluster of the SQL warehouse Medium: 24 DBU \u00d7 0.91 = 21.84 USD, "
        "machines included."
    )
    assert "High, heavy use with 2 clusters: 110 hours \u00d7 (2 \u00d7 21.84) = 4,804.80 USD." in money.lines


def test_the_organisations_own_numbers_are_named() -> None:
    own = {
        "source": "Enterprise agreement 2026",
        "date": "2026-01-01",
        "dbu_rates": {"all_purpose": "0.41"},
        "hours": {"cluster": {"dev": [10, 20]}},
    }
    money = monthly(PriceBook.of("azure", own), **CLUSTER | {"auto_stop_minutes": 60})
    assert money.low == 20 * 2 * (Decimal("0.691") + 2 * Decimal("0.41"))
    assert (
        "Own numbers of the organisation: the price of a DBU of all-purpose compute and the hours; all "
        "others are list prices in USD, without tax, storage and network." in money.lines
    )
    assert any(
        "Enterprise agreement 2026, 2026-01-01, the organisation's own" in line for line in money.lines
    )


@given(clouds, owns, asked)
def test_low_is_never_above_high_and_both_are_the_sums_in_the_lines(
    cloud: str, own: dict[str, Any] | None, fields: dict[str, Any]
) -> None:
    money = monthly(PriceBook.of(cloud, own), **fields)
    assert 0 <= money.low <= money.high
    shown = [line for line in money.lines if line.startswith(("Low,", "High,"))]
    assert [worked_out(line) for line in shown] == [money.low, money.high]


def worked_out(line: str) -> Decimal:
    """The arithmetic of a line as its reader would do it, which must come to what the line says."""
    found = re.fullmatch(
        r".*: ([0-9.]+) hours \u00d7 \((?:([0-9.]+) \+ )?([0-9]+) \u00d7 ([0-9.]+)\) = ([0-9.,]+) USD\.", line
    )
    assert found, line
    up, once, count, each, result = (Decimal((part or "0").replace(",", "")) for part in found.groups())
    assert (up * (once + count * each)).quantize(Decimal("0.01"), "ROUND_HALF_UP") == result
    return result


@given(clouds, asked, st.integers(1, 100), st.integers(10, 10_000), st.sampled_from(SIZES))
def test_more_is_never_cheaper(
    cloud: str, fields: dict[str, Any], workers: int, minutes: int, size: str
) -> None:
    fields |= {"max_workers": max(fields["min_workers"], fields["max_workers"])}
    book = PriceBook.of(cloud)
    base = monthly(book, **fields)
    more = [
        {"max_workers": max(workers, fields["max_workers"])},
        {"auto_stop_minutes": max(minutes, fields["auto_stop_minutes"])},
        {"size": max(size, fields["size"], key=SIZES.index)},
        {"environment": "prod"},
    ]
    for change in more:
        larger = monthly(book, **fields | change)
        assert base.low <= larger.low
        assert base.high <= larger.high


@pytest.mark.parametrize("workload", get_args(Workload))
@pytest.mark.parametrize("cloud", get_args(Cloud))
def test_a_gpu_is_not_for_free(cloud: str, workload: str) -> None:
    book = PriceBook.of(cloud)
    for environment in ENVIRONMENTS:
        fields = CLUSTER | {"workload": workload, "environment": environment, "size": "xs"}
        assert monthly(book, **fields | {"gpu": True}).low > monthly(book, **fields).low


def test_an_estimate_is_remembered_and_its_sentences_are_not_written() -> None:
    first = monthly(AZURE, **CLUSTER)
    assert monthly(AZURE, **CLUSTER) is first
    assert "lines" not in vars(monthly(AZURE, **CLUSTER | {"max_workers": 99}))
