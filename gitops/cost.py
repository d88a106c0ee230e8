"""What a resource costs a month: node types by size, list prices, and the arithmetic in words.

Prices are list prices from ``gitops/data/prices-<cloud>.yaml``, hours of use and exchange rates from
``gitops/data/assumptions.yaml``; each says its source, its date and how sure it is. An estimate is a range:
the lower bound is light use of the smallest cluster the request allows, the upper bound heavy use of the
largest. Policy judges the upper bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitops import yamlfile

if TYPE_CHECKING:
    from gitops.kind import Desired, Registry

DATA = Path(__file__).parent / "data"
CENT = Decimal("0.01")
TIMES = "\u00d7"
LIST_CURRENCY = "USD"
"""The currency all price lists are in."""


@dataclass(frozen=True)
class Money:
    """An amount per month: a range in ``currency``, and how it came about, one sentence per line."""

    low: Decimal
    high: Decimal
    currency: str
    lines: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """All fields; amounts as text with two decimals."""
        return {
            "low": str(_cents(self.low)),
            "high": str(_cents(self.high)),
            "currency": self.currency,
            "lines": list(self.lines),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Money:
        """The inverse of :meth:`as_json`."""
        return cls(Decimal(data["low"]), Decimal(data["high"]), str(data["currency"]), tuple(data["lines"]))

    def __str__(self) -> str:
        if _whole(self.low) == _whole(self.high):
            return f"about {_whole(self.high)} {self.currency} a month"
        return f"{_whole(self.low)} to {_whole(self.high)} {self.currency} a month"


@dataclass(frozen=True)
class Node:
    """A virtual machine type: list price and Databricks units (DBU) for one hour of one node."""

    type: str
    vcpus: int
    memory_gib: int
    price_per_hour: Decimal
    dbu_per_hour: Decimal
    as_of: date
    source: str
    confidence: str = "exact"


@dataclass(frozen=True)
class WarehouseSize:
    """A serverless SQL warehouse: Databricks' name for the size, and the DBU that one hour takes."""

    name: str
    dbu_per_hour: Decimal


@cache
def _read(name: str) -> Mapping[str, Any]:
    return yamlfile.load((DATA / name).read_bytes(), f"gitops/data/{name}").data


def _prices(cloud: str) -> Mapping[str, Any]:
    if cloud not in ("azure", "aws", "gcp"):
        raise ValueError(f"no price list for the cloud {cloud!r}")
    return _read(f"prices-{cloud}.yaml")


@cache
def node_for(cloud: str, workload: str, size: str, gpu: bool = False, environment: str = "dev") -> Node:
    """The node type of a cluster or job.

    ``workload``: etl | ml | analytics; ``size``: xs | small | medium | large | xl. All environments use the
    same nodes, so that what worked in staging works in production.
    """
    del environment
    prices = _prices(cloud)
    type_id = prices["sizes"]["gpu" if gpu else workload][size]
    node = prices["nodes"][type_id]
    source = prices["sources"][node["source"]]
    return Node(
        type=type_id,
        vcpus=node["vcpus"],
        memory_gib=node["memory_gib"],
        price_per_hour=Decimal(node["price"]),
        dbu_per_hour=Decimal(node["dbu"]),
        as_of=date.fromisoformat(source["date"]),
        source=source["name"],
        confidence=source["confidence"],
    )


@cache
def warehouse_for(size: str) -> WarehouseSize:
    """The SQL warehouse of a size: xs | small | medium | large | xl."""
    found = _read("assumptions.yaml")["warehouses"][size]
    return WarehouseSize(found["name"], Decimal(found["dbu"]))


def estimate_cluster(
    *,
    cloud: str,
    environment: str,
    workload: str,
    size: str,
    gpu: bool = False,
    min_workers: int,
    max_workers: int,
    auto_stop_minutes: int,
) -> Money:
    """An all-purpose cluster: one driver and the workers, for the hours people keep it up.

    ``auto_stop_minutes`` 0 means that it never stops: it is counted around the clock.
    """
    node = node_for(cloud, workload, size, gpu, environment)
    low, high = _hours("cluster", environment, auto_stop_minutes)
    rate = _dbu(cloud, "all_purpose")
    return _machines("Cluster", node, rate, (min_workers, max_workers), (low, high))


def estimate_job(
    *,
    cloud: str,
    environment: str,
    workload: str,
    size: str,
    gpu: bool = False,
    min_workers: int,
    max_workers: int,
) -> Money:
    """A job cluster: one driver and the workers, for the hours the job runs."""
    node = node_for(cloud, workload, size, gpu, environment)
    rate = _dbu(cloud, "jobs")
    return _machines("Job", node, rate, (min_workers, max_workers), _hours("job", environment, 1))


def estimate_warehouse(
    *, cloud: str, environment: str, size: str, auto_stop_minutes: int = 10, max_clusters: int = 1
) -> Money:
    """A serverless SQL warehouse; ``max_clusters`` is how far it may scale out."""
    warehouse = warehouse_for(size)
    low, high = _hours("sql_warehouse", environment, auto_stop_minutes)
    rate = _dbu(cloud, "sql_serverless")
    hourly = warehouse.dbu_per_hour * rate
    least, most = hourly * low, hourly * high * max_clusters
    scale = f" {TIMES} up to {max_clusters} clusters" if max_clusters > 1 else ""
    line = (
        f"SQL warehouse {warehouse.name}: {_plain(warehouse.dbu_per_hour)} DBU an hour {TIMES} "
        f"{_plain(rate)} {LIST_CURRENCY} {TIMES} {low} to {high} hours{scale} = "
        f"{_whole(least)} to {_whole(most)} {LIST_CURRENCY}."
    )
    return Money(least, most, LIST_CURRENCY, (line,))


def _machines(
    title: str, node: Node, rate: Decimal, workers: tuple[int, int], hours: tuple[Decimal, Decimal]
) -> Money:
    hourly = node.price_per_hour + node.dbu_per_hour * rate
    least = (1 + workers[0]) * hours[0] * hourly
    most = (1 + workers[1]) * hours[1] * hourly
    about = "" if node.confidence == "exact" else ", approximate"
    lines = (
        f"{title} of {node.type} ({node.vcpus} vCPU, {node.memory_gib} GiB): {_plain(node.price_per_hour)} "
        f"{LIST_CURRENCY} for the machine + {_plain(node.dbu_per_hour)} DBU {TIMES} {_plain(rate)} "
        f"{LIST_CURRENCY} = {_plain(hourly.quantize(Decimal('0.0001')))} {LIST_CURRENCY} a node and hour "
        f"({node.source}, {node.as_of.isoformat()}{about}).",
        f"At least {_machine_hours(workers[0], hours[0])} = {_whole(least)} {LIST_CURRENCY}; "
        f"at most {_machine_hours(workers[1], hours[1])} = {_whole(most)} {LIST_CURRENCY}.",
    )
    return Money(least, most, LIST_CURRENCY, lines)


def _machine_hours(workers: int, hours: Decimal) -> str:
    return f"(1 driver + {workers} worker{'s' if workers != 1 else ''}) {TIMES} {hours} hours"


def _hours(kind: str, environment: str, auto_stop_minutes: int) -> tuple[Decimal, Decimal]:
    assumptions = _read("assumptions.yaml")
    if auto_stop_minutes == 0:
        always = Decimal(assumptions["hours_of_a_month"])
        return always, always
    low, high = assumptions["hours"][kind][environment]
    return Decimal(low), Decimal(high)


def _dbu(cloud: str, product: str) -> Decimal:
    """Price of one Databricks unit."""
    return Decimal(_prices(cloud)["dbu_rates"][product]["price"])


def convert(money: Money, currency: str) -> Money:
    """The same amount in another currency, at the rate of ``gitops/data/assumptions.yaml``."""
    if money.currency == currency:
        return money
    fx = _read("assumptions.yaml")["exchange_rates"]
    rates = {key: Decimal(value) for key, value in fx["per_usd"].items()}
    rate = rates[currency] / rates[money.currency]
    low, high = money.low * rate, money.high * rate
    line = (
        f"At {_plain(rate.quantize(Decimal('0.0001')))} {currency} for 1 {money.currency} "
        f"({fx['source']}, {fx['date']}): {_whole(low)} to {_whole(high)} {currency}."
    )
    return Money(low, high, currency, (*money.lines, line))


def total(moneys: Iterable[Money]) -> Money:
    """The sum of amounts in one currency, lines in order; nothing costs 0 in the price lists' currency."""
    parts = tuple(moneys)
    currencies = {money.currency for money in parts}
    if len(currencies) > 1:
        raise ValueError(f"amounts in {', '.join(sorted(currencies))} cannot be added; convert them first")
    return Money(
        low=sum((money.low for money in parts), Decimal(0)),
        high=sum((money.high for money in parts), Decimal(0)),
        currency=currencies.pop() if currencies else LIST_CURRENCY,
        lines=tuple(line for money in parts for line in money.lines),
    )


def estimate(desired: Iterable[Desired[Any]], registry: Registry, currency: str) -> Money | None:
    """What these resources cost a month together; ``None`` where nothing of it costs anything.

    A resource that is retired costs nothing.
    """
    parts = [
        money
        for item in desired
        if item.origin.lifecycle == "active"
        and (money := registry[item.spec.kind].estimate(item)) is not None
    ]
    return convert(total(parts), currency) if parts else None


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def _whole(amount: Decimal) -> str:
    return f"{amount.quantize(Decimal(1), ROUND_HALF_UP):,}"


def _plain(number: Decimal) -> str:
    """A number without exponent and without zeros at its end."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
