"""The price book: what machines there are, what an hour of them costs, and how sure that is.

List prices are in ``gitops/data/prices-<cloud>.yaml``, what is assumed besides in
``gitops/data/assumptions.yaml``; an organisation's own (:mod:`gitops.ownprices`) can be laid over them. Every
number carries its source. The tables are read when the first number is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from msgspec import Struct

from gitops import yamlfile
from gitops.vocabulary import Cloud

if TYPE_CHECKING:
    from gitops.ownprices import OwnPrices

DATA = Path(__file__).parent / "data"
LIST_CURRENCY = "USD"
"""The currency of all price lists."""


class Source(Struct, frozen=True):
    """Where a number is from, since when (ISO date), and how sure it is (``exact`` or ``approximate``).

    ``own``: it is the organisation's, not a public list's.
    """

    name: str
    date: str
    confidence: str = "exact"
    own: bool = False

    def __str__(self) -> str:
        sure = "" if self.confidence == "exact" else f", {self.confidence}"
        return f"{self.name}, {self.date}{sure}" + (", the organisation's own" if self.own else "")


class Amount(Struct, frozen=True):
    """A number and where it is from."""

    value: Decimal
    source: Source


class Node(Struct, frozen=True, kw_only=True):
    """A machine type: what it has, and price (US dollars) and Databricks units of an hour of it."""

    type: str
    vcpus: int
    memory_gib: int
    gpu: str = ""
    gpus: int = 0
    gpu_gib: int = 0
    """Memory of one GPU."""
    price: Amount
    dbu: Amount

    def __str__(self) -> str:
        return f"{self.type} ({self.has})"

    @property
    def has(self) -> str:
        """``8 vCPU, 64 GiB`` or ``4 vCPU, 16 GiB, 1 T4``."""
        gpus = f", {self.gpus} {self.gpu}" if self.gpus else ""
        return f"{self.vcpus} vCPU, {self.memory_gib} GiB{gpus}"


class Warehouse(Struct, frozen=True):
    """A serverless SQL warehouse: Databricks' name for the size, and the units its hour takes."""

    name: str
    dbu: Amount


class Use(Struct, frozen=True):
    """Hours a month of light and of heavy use."""

    light: Decimal
    heavy: Decimal
    source: Source


class PriceBook:
    """The list prices of one cloud. Never changes; two books are equal only when they are one."""

    def __init__(self, cloud: str) -> None:
        self.cloud = cloud
        self._nodes: dict[str, Node] = {}

    @classmethod
    def of(cls, cloud: str, own: OwnPrices | Mapping[str, Any] | None = None) -> PriceBook:
        """The list prices of a cloud, and over them an organisation's own.

        Without own prices it is always the same book. Own prices may come as data, as they stand in the
        policy file. A policy keeps its book, since what is worked out is remembered by book.

        Raises:
            ValueError: no such cloud, or own prices that cannot be; the message says which.
        """
        if cloud not in get_args(Cloud):
            raise ValueError(f"no price list for the cloud {cloud!r}")
        if not own:
            return _listed(cloud)
        from gitops.ownprices import laid_over

        return laid_over(_listed(cloud), own)

    def knows(self, type_id: str) -> bool:
        """Whether there is such a machine in this book."""
        return type_id in self._table["nodes"]

    def node(self, type_id: str) -> Node:
        """A machine by its type; ``KeyError`` where the book does not know it."""
        if type_id not in self._nodes:
            self._nodes[type_id] = self._node(type_id)
        return self._nodes[type_id]

    def _node(self, type_id: str) -> Node:
        row = self._table["nodes"][type_id]
        return Node(
            type=type_id,
            vcpus=row["vcpus"],
            memory_gib=row["memory_gib"],
            gpu=row.get("gpu", ""),
            gpus=row.get("gpus", 0),
            gpu_gib=row.get("gpu_gib", 0),
            price=Amount(Decimal(row["price"]), self._source("vm")),
            dbu=Amount(Decimal(row["dbu"]), self._source(row["dbu_from"])),
        )

    def steps(self, ladder: str) -> tuple[str, ...]:
        """The sizes of a kind of work, smallest first: ``xs`` to ``xl``, and ``xxl`` for drivers."""
        return tuple(self._table["sizes"][ladder])

    def step(self, ladder: str, size: str) -> str:
        """Which machine a size is: ``etl`` or, with GPU, ``etl_gpu``; ``small`` → ``Standard_D8ds_v5``."""
        found: str = self._table["sizes"][ladder][size]
        return found

    def warehouse(self, size: str) -> Warehouse:
        """The SQL warehouse of a size: xs | small | medium | large | xl."""
        table = _read("assumptions.yaml")["warehouses"]
        return Warehouse(table[size]["name"], Amount(Decimal(table[size]["dbu"]), _source_of(table)))

    def rate(self, product: str) -> Amount:
        """The price of one Databricks unit: all_purpose | jobs | sql_serverless."""
        row = self._table["dbu_rates"][product]
        return Amount(Decimal(row["price"]), _source_of(row))

    def use(self, kind: str, environment: str) -> Use:
        """How long a cluster, job or sql_warehouse is used in an environment."""
        table = _read("assumptions.yaml")["hours"]
        light, heavy = table[kind][environment]
        return Use(Decimal(light), Decimal(heavy), _source_of(table))

    @property
    def days(self) -> tuple[int, int]:
        """Days of use in a month of light and of heavy use: as often something is left to stop by itself."""
        light, heavy = _read("assumptions.yaml")["hours"]["days"]
        return light, heavy

    @property
    def hours_of_a_month(self) -> Decimal:
        """What runs around the clock: 730."""
        return Decimal(_read("assumptions.yaml")["hours_of_a_month"])

    def exchange(self, currency: str) -> Amount:
        """How much of a currency one US dollar is; ``KeyError`` for one without a rate."""
        table = _read("assumptions.yaml")["exchange_rates"]
        return Amount(Decimal(table["per_usd"][currency]), _source_of(table))

    @property
    def _table(self) -> Mapping[str, Any]:
        return _read(f"prices-{self.cloud}.yaml")

    def _source(self, key: str) -> Source:
        row = self._table["sources"][key]
        return Source(row["name"], row["date"], row["confidence"])


def _source_of(row: Mapping[str, Any]) -> Source:
    return Source(row["source"], row["date"], row["confidence"])


@cache
def _listed(cloud: str) -> PriceBook:
    return PriceBook(cloud)


@cache
def _read(name: str) -> Mapping[str, Any]:
    return yamlfile.load((DATA / name).read_bytes(), f"gitops/data/{name}").data
