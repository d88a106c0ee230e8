"""An organisation's own prices: ``prices`` of the policy file, what may be wrong with it, and its book.

Everything is optional but where the numbers come from and since when they hold; what is not said stays as in
the price lists. Amounts are in US dollars without tax, like the lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date as day  # a field is called date
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from gitops.prices import Amount, Node, PriceBook, Source, Use
from gitops.vocabulary import Environment, Part, spelt

Text = Annotated[str, Meta(min_length=1, max_length=200)]
Product = Literal["all_purpose", "jobs", "sql_serverless"]
Ladder = Literal["etl", "ml", "analytics", "etl_gpu", "ml_gpu", "analytics_gpu"]
Step = Literal["xs", "small", "medium", "large", "xl", "xxl"]
Currency = Annotated[str, spelt(r"[A-Z]{3}")]
Hours = Annotated[tuple[Annotated[int, Meta(ge=0, le=730)], ...], Meta(min_length=2, max_length=2)]
"""Hours a month of light and of heavy use."""

_MOST, _STEP = Decimal(1_000_000), Decimal("0.000001")
_SMALLEST = Decimal("0.0001")
"""A discounted price is rounded to this, so that the number shown is the number counted with."""


class OwnNode(Part, kw_only=True):
    """A machine that is not listed: price and Databricks units (DBU) of an hour, and what it has."""

    price: Decimal
    dbu: Decimal
    vcpus: Annotated[int, Meta(ge=1, le=10_000)]
    memory_gib: Annotated[int, Meta(ge=1, le=100_000)]
    gpu: str = ""
    gpus: Annotated[int, Meta(ge=0, le=100)] = 0
    gpu_gib: Annotated[int, Meta(ge=0, le=10_000)] = 0


class OwnHours(Part):
    """How long things run, by environment."""

    cluster: Mapping[Environment, Hours] = {}
    job: Mapping[Environment, Hours] = {}
    sql_warehouse: Mapping[Environment, Hours] = {}


class OwnPrices(Part, kw_only=True):
    """An organisation's prices.

    ``discount_percent`` comes off every listed price of a machine and of a DBU that is not said here.
    ``dbu_rates`` is the price of one DBU by product, ``nodes`` the price of one hour of a listed machine,
    ``added_nodes`` are machines that are not listed, ``exchange_rates`` say how much of a currency one US
    dollar is, and ``sizes`` which machine a size is, where it shall be another.
    """

    source: Text
    date: day
    discount_percent: Decimal = Decimal(0)
    dbu_rates: Mapping[Product, Decimal] = {}
    nodes: Mapping[Text, Decimal] = {}
    added_nodes: Mapping[Text, OwnNode] = {}
    hours: OwnHours = OwnHours()
    exchange_rates: Mapping[Currency, Decimal] = {}
    sizes: Mapping[Ladder, Mapping[Step, Text]] = {}


Path = tuple[str | int, ...]
Problems = Iterator[tuple[Path, str, str]]
"""Path below ``prices``, sentence, what to do."""


def problems(own: OwnPrices, listed: PriceBook) -> Problems:
    """What the types do not see; ``listed`` are the list prices of the same cloud."""
    yield from _amounts(own)
    for name in own.nodes:
        if not listed.knows(name):
            yield (
                ("nodes", name),
                f"The price list has no machine {name}.",
                "Correct the name, or put it under added_nodes with its DBU, vCPU and memory.",
            )
    for kind in ("cluster", "job", "sql_warehouse"):
        for environment, (low, high) in getattr(own.hours, kind).items():
            if low > high:
                yield (
                    ("hours", kind, environment),
                    f"Light use ({low} hours) is more than heavy use ({high} hours).",
                    "Write the smaller number first.",
                )
    yield from _sizes(own, listed)


def _amounts(own: OwnPrices) -> Problems:
    if not _between(own.discount_percent, Decimal(0), Decimal("99.99")):
        yield (
            ("discount_percent",),
            f"A discount is from 0 to 99.99 percent, not {_short(own.discount_percent)}.",
            "Write 12 for twelve percent off.",
        )
    amounts: list[tuple[Path, Decimal]] = [
        *((("dbu_rates", name), amount) for name, amount in own.dbu_rates.items()),
        *((("nodes", name), amount) for name, amount in own.nodes.items()),
        *((("added_nodes", name, "price"), node.price) for name, node in own.added_nodes.items()),
        *((("added_nodes", name, "dbu"), node.dbu) for name, node in own.added_nodes.items()),
        *((("exchange_rates", name), amount) for name, amount in own.exchange_rates.items()),
    ]
    for path, amount in amounts:
        smallest = _STEP if path[0] == "exchange_rates" else Decimal(0)
        if not _between(amount, smallest, _MOST):
            yield (
                path,
                f"{_short(amount)} is no amount that a price can be.",
                f"Write a number from {smallest:f} to {_MOST:,} with at most six decimals.",
            )


def _between(amount: Decimal, smallest: Decimal, largest: Decimal) -> bool:
    """Whether it is a number in these bounds, and not finer than a millionth."""
    if not amount.is_finite() or not smallest <= amount <= largest:
        return False
    return amount == amount.quantize(_STEP)


def _short(amount: Decimal) -> str:
    text = str(amount)
    return text if len(text) <= 20 else f"{text[:20]}…"


def _sizes(own: OwnPrices, listed: PriceBook) -> Problems:
    """Every size is a machine that is known, and a larger size no smaller machine."""
    for ladder, steps in own.sizes.items():
        unknown = [
            step for step, name in steps.items() if name not in own.added_nodes and not listed.knows(name)
        ]
        for step in unknown:
            yield (
                ("sizes", ladder, step),
                f"The price list has no machine {steps[step]}.",
                "Correct the name, or put the machine under added_nodes.",
            )
        if unknown:
            continue
        said = {str(step): name for step, name in steps.items()}
        before = None
        for size in listed.steps(ladder):
            name = said.get(size) or listed.step(ladder, size)
            node = own.added_nodes.get(name) or listed.node(name)
            have = (node.vcpus, node.memory_gib, node.gpus * node.gpu_gib)
            if before is not None and any(now < then for now, then in zip(have, before, strict=True)):
                yield (
                    ("sizes", ladder),
                    f"The machine of the size {size}, {name}, is smaller than the one before it.",
                    "A larger size has at least as many vCPU, and as much memory and GPU memory.",
                )
            before = have


def laid_over(listed: PriceBook, own: OwnPrices | Mapping[str, Any]) -> PriceBook:
    """The book of an organisation.

    Raises:
        ValueError: the own prices cannot be; the message says which and why.
    """
    said = own if isinstance(own, OwnPrices) else msgspec.convert(own, OwnPrices)
    for path, message, _ in problems(said, listed):
        raise ValueError(f"prices.{'.'.join(map(str, path))}: {message}")
    return _OwnBook(listed.cloud, said)


class _OwnBook(PriceBook):
    """The list prices with an organisation's over them."""

    def __init__(self, cloud: str, own: OwnPrices) -> None:
        super().__init__(cloud)
        self._own = own
        self._said = Source(own.source, own.date.isoformat(), own=True)
        self._rates = {str(product): Amount(rate, self._said) for product, rate in own.dbu_rates.items()}
        self._hours = {
            (kind, str(environment)): Use(Decimal(hours[0]), Decimal(hours[1]), self._said)
            for kind in ("cluster", "job", "sql_warehouse")
            for environment, hours in getattr(own.hours, kind).items()
        }
        self._steps = {
            (str(ladder), str(size)): name
            for ladder, steps in own.sizes.items()
            for size, name in steps.items()
        }

    def knows(self, type_id: str) -> bool:
        return type_id in self._own.added_nodes or super().knows(type_id)

    def _node(self, type_id: str) -> Node:
        added = self._own.added_nodes.get(type_id)
        if added is not None:
            return Node(
                type=type_id,
                vcpus=added.vcpus,
                memory_gib=added.memory_gib,
                gpu=added.gpu,
                gpus=added.gpus,
                gpu_gib=added.gpu_gib,
                price=Amount(added.price, self._said),
                dbu=Amount(added.dbu, self._said),
            )
        listed = super()._node(type_id)
        if type_id in self._own.nodes:
            return replace(listed, price=Amount(self._own.nodes[type_id], self._said))
        return replace(listed, price=self._less(listed.price))

    def step(self, ladder: str, size: str) -> str:
        return self._steps.get((ladder, size)) or super().step(ladder, size)

    def rate(self, product: str) -> Amount:
        return self._rates.get(product) or self._less(super().rate(product))

    def use(self, kind: str, environment: str) -> Use:
        return self._hours.get((kind, environment)) or super().use(kind, environment)

    def exchange(self, currency: str) -> Amount:
        own = self._own.exchange_rates.get(currency)
        return super().exchange(currency) if own is None else Amount(own, self._said)

    def _less(self, listed: Amount) -> Amount:
        """A list price after the discount."""
        if not self._own.discount_percent:
            return listed
        percent = f"{self._own.discount_percent.normalize():f}"
        value = (listed.value * (100 - self._own.discount_percent) / 100).quantize(_SMALLEST)
        name = f"{listed.source.name}, less {percent}% ({self._said.name})"
        return Amount(value, replace(listed.source, name=name, own=True))
