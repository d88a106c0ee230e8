"""What a cluster, a job or a SQL warehouse costs a month, and the arithmetic line by line.

Counted with the price book (:mod:`gitops.prices`) and what was decided (:mod:`gitops.sizing`). Estimates are
remembered by what they depend on.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from gitops import sizing
from gitops.cost import CENT, Money, plain
from gitops.prices import LIST_CURRENCY, PriceBook, Warehouse

if TYPE_CHECKING:
    from gitops.prices import Node, Source, Use
    from gitops.sizing import Sizing

TIMES = "\u00d7"


class _Up(Struct, frozen=True):
    """Hours a month that something is up: what it is used, and what it stays up after each day of use."""

    use: Use
    days: tuple[int, int]
    stop_minutes: int
    low: Decimal
    high: Decimal


@lru_cache(maxsize=8192)
def monthly(
    book: PriceBook,
    *,
    environment: str,
    kind: str,
    workload: str,
    size: str,
    gpu: bool = False,
    min_workers: int = 1,
    max_workers: int = 1,
    auto_stop_minutes: int = 0,
) -> Money:
    """A cluster, a job or a SQL warehouse, in the currency of the price lists.

    ``kind``: cluster | job | sql_warehouse; of a SQL warehouse the workers are whole clusters. After
    ``auto_stop_minutes`` without use it stops; a job stops when it is done.
    """
    decided = sizing.decide(
        book,
        environment=environment,
        kind=kind,
        workload=workload,
        size=size,
        gpu=gpu,
        min_workers=min(min_workers, max_workers),
        max_workers=max(min_workers, max_workers),
    )
    up = _up(book, kind, environment, 0 if kind == "job" else auto_stop_minutes)
    fixed, each = _hourly(book, decided)
    asked = decided.asked
    low = (up.low * (fixed + asked.min_workers * each)).quantize(CENT, ROUND_HALF_UP)
    high = (up.high * (fixed + asked.max_workers * each)).quantize(CENT, ROUND_HALF_UP)
    return Money(
        low,
        high,
        LIST_CURRENCY,
        lambda: _lines(book, decided, up, low, high),
        lambda: _short(book, decided, up),
    )


def _up(book: PriceBook, kind: str, environment: str, stop_minutes: int) -> _Up:
    use, days, most = book.use(kind, environment), book.days, book.hours_of_a_month
    low, high = (
        min(most, hours + _left_on(count, stop_minutes))
        for hours, count in zip((use.light, use.heavy), days, strict=True)
    )
    return _Up(use, days, stop_minutes, low, high)


def _hourly(book: PriceBook, decided: Sizing) -> tuple[Decimal, Decimal]:
    """The price of an hour: of what is there once (the driver), and of each worker or warehouse cluster."""
    rate = book.rate(decided.product).value
    made_of = decided.made_of
    if isinstance(made_of, Warehouse):
        return Decimal(0), made_of.dbu.value * rate
    return _hour(made_of.driver, rate), _hour(made_of.worker, rate)


def _hour(node: Node, rate: Decimal) -> Decimal:
    return node.price.value + node.dbu.value * rate


# --- in words -------------------------------------------------------------------------------------


def _lines(book: PriceBook, decided: Sizing, up: _Up, low: Decimal, high: Decimal) -> tuple[str, ...]:
    """What an hour is made of, how many hours, what that makes, and where the numbers are from."""
    fixed, each = _hourly(book, decided)
    once = f"{plain(fixed)} + " if fixed else ""
    least, most = decided.asked.min_workers, decided.asked.max_workers
    return (
        *_hours_made_of(book, decided),
        _hours_up(up),
        f"Low, light use with {_count(decided, least)}: {plain(up.low)} hours {TIMES} "
        f"({once}{least} {TIMES} {plain(each)}) = {low:,} {LIST_CURRENCY}.",
        f"High, heavy use with {_count(decided, most)}: {plain(up.high)} hours {TIMES} "
        f"({once}{most} {TIMES} {plain(each)}) = {high:,} {LIST_CURRENCY}.",
        *_sources(book, decided, up),
    )


def _short(book: PriceBook, decided: Sizing, up: _Up) -> tuple[str, ...]:
    """Hours, and what an hour costs, with light and with heavy use."""
    fixed, each = _hourly(book, decided)
    uses = (
        f"{name} use {hours.quantize(Decimal(1), ROUND_HALF_UP)} hours of {_count(decided, count)} at "
        f"{(fixed + count * each).quantize(CENT, ROUND_HALF_UP)} {LIST_CURRENCY} an hour"
        for name, hours, count in (
            ("Light", up.low, decided.asked.min_workers),
            ("heavy", up.high, decided.asked.max_workers),
        )
    )
    return (f"{'; '.join(uses)}, list prices without tax.",)


def _count(decided: Sizing, count: int) -> str:
    if isinstance(decided.made_of, Warehouse):
        return f"{count} cluster{'s' if count > 1 else ''}"
    return f"the driver and {count} worker{'s' if count > 1 else ''}"


def _hours_made_of(book: PriceBook, decided: Sizing) -> tuple[str, ...]:
    rate, made_of = book.rate(decided.product).value, decided.made_of
    if isinstance(made_of, Warehouse):
        dbu = made_of.dbu.value
        return (
            f"An hour of one cluster of the SQL warehouse {made_of.name}: "
            f"{plain(dbu)} DBU {TIMES} {plain(rate)} = {plain(dbu * rate)} {LIST_CURRENCY}, "
            "machines included.",
        )
    driver = (
        "An hour of the driver costs the same."
        if made_of.driver == made_of.worker
        else f"An hour of the driver, {_made_of(made_of.driver, rate)}"
    )
    return f"An hour of a worker, {_made_of(made_of.worker, rate)}", driver


def _made_of(node: Node, rate: Decimal) -> str:
    return (
        f"{node}: {plain(node.price.value)} for the machine + {plain(node.dbu.value)} DBU {TIMES} "
        f"{plain(rate)} = {plain(_hour(node, rate))} {LIST_CURRENCY}."
    )


def _hours_up(up: _Up) -> str:
    light = _hours(up, up.use.light, up.days[0], up.low)
    return f"Hours a month: light use {light}; heavy use {_hours(up, up.use.heavy, up.days[1], up.high)}."


def _hours(up: _Up, used: Decimal, days: int, hours: Decimal) -> str:
    """``45``, and what that is made of."""
    if hours == used:
        return plain(hours)
    made_of = f"{plain(used)} + {days} days {TIMES} {up.stop_minutes:,} minutes until it stops"
    if hours < used + _left_on(days, up.stop_minutes):
        return f"{made_of}, at most the {plain(hours)} that a month has"
    return f"{made_of} = {plain(hours)}"


def _left_on(days: int, stop_minutes: int) -> Decimal:
    """Hours a month that it stays up unused."""
    return (Decimal(days * stop_minutes) / 60).quantize(CENT)


def _sources(book: PriceBook, decided: Sizing, up: _Up) -> tuple[str, ...]:
    """Where each number is from; first that all of it is without tax, and what is the organisation's own."""
    found: dict[Source, list[str]] = {}
    for what, source in _numbers(book, decided, up):
        found.setdefault(source, []).append(what)
    own = [what for source, names in found.items() if source.own for what in names]
    head = f"Own numbers of the organisation: {_listed(own)}; all others are" if own else "All prices are"
    return (
        f"{head} list prices in {LIST_CURRENCY}, without tax, storage and network.",
        *(f"From {source}: {_listed(names)}." for source, names in found.items()),
    )


def _numbers(book: PriceBook, decided: Sizing, up: _Up) -> list[tuple[str, Source]]:
    found = [(f"the price of a DBU of {decided.product.words}", book.rate(decided.product).source)]
    made_of = decided.made_of
    if isinstance(made_of, Warehouse):
        found.append((f"the DBU of {made_of.name}", made_of.dbu.source))
    else:
        for node in dict.fromkeys((made_of.worker, made_of.driver)):
            found += [
                (f"the price of {node.type}", node.price.source),
                (f"the DBU of {node.type}", node.dbu.source),
            ]
    return [*found, ("the hours", up.use.source)]


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
