"""What a resource costs a month, and the arithmetic in words.

An estimate is a range, without tax: the lower bound is light use of the least the request allows, the upper
bound heavy use of the most. Policy judges the upper bound. The sentences are only written when somebody reads
them: thousands of requests are priced at a time, and few of them are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gitops.prices import LIST_CURRENCY, PriceBook

if TYPE_CHECKING:
    from gitops.kind import Desired, Registry
    from gitops.prices import Source

CENT = Decimal("0.01")


class Money(Struct, frozen=True, dict=True):
    """An amount per month: a range in ``currency``, and how it came about.

    ``told`` are the sentences, or what writes them when they are wanted; ``short`` is the same arithmetic in
    a sentence or two, for a phone.
    """

    low: Decimal
    high: Decimal
    currency: str
    told: tuple[str, ...] | Callable[[], tuple[str, ...]] = ()
    short: tuple[str, ...] | Callable[[], tuple[str, ...]] = ()

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """How it came about, one sentence per line."""
        return self.told() if callable(self.told) else self.told

    @cached_property
    def brief(self) -> tuple[str, ...]:
        """The arithmetic in short, one sentence for each resource that costs something."""
        return self.short() if callable(self.short) else self.short

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
        return f"{_range(self.low, self.high)} {self.currency} a month"


def convert(money: Money, currency: str, book: PriceBook) -> Money:
    """The same amount in another currency, at the book's rate; ``KeyError`` for a currency without one."""
    if money.currency == currency:
        return money
    rate, source = _rate(book, money.currency, currency)
    low, high = money.low * rate, money.high * rate

    def told() -> tuple[str, ...]:
        line = (
            f"At {plain(rate)} {currency} for 1 {money.currency} ({source}): {_range(low, high)} {currency}."
        )
        return (*money.lines, line)

    def short() -> tuple[str, ...]:
        return (*money.brief, f"1 {money.currency} = {plain(rate)} {currency}.") if money.brief else ()

    return Money(low, high, currency, told, short)


@lru_cache(maxsize=256)
def _rate(book: PriceBook, currency: str, to: str) -> tuple[Decimal, Source]:
    """How much of a currency one unit of another is, rounded as it is shown."""
    found = book.exchange(to)
    return (found.value / book.exchange(currency).value).quantize(Decimal("0.000001")), found.source


def total(moneys: Iterable[Money]) -> Money:
    """The sum of amounts in one currency, lines in order; nothing costs 0 in the price lists' currency."""
    parts = tuple(moneys)
    if len(parts) == 1:
        return parts[0]
    currencies = {money.currency for money in parts}
    if len(currencies) > 1:
        raise ValueError(f"amounts in {', '.join(sorted(currencies))} cannot be added; convert them first")
    return Money(
        low=sum((money.low for money in parts), Decimal(0)),
        high=sum((money.high for money in parts), Decimal(0)),
        currency=currencies.pop() if currencies else LIST_CURRENCY,
        told=lambda: tuple(line for money in parts for line in money.lines),
        short=lambda: tuple(line for money in parts for line in money.brief),
    )


def estimate(desired: Iterable[Desired[Any]], registry: Registry, currency: str) -> Money | None:
    """What these resources cost a month together; ``None`` where nothing of it costs anything.

    A resource that is retired costs nothing. Where several cost something, the lines name each.
    """
    parts = [
        (item, money)
        for item in desired
        if item.origin.lifecycle == "active"
        and (money := registry[item.spec.kind].estimate(item)) is not None
    ]
    if not parts:
        return None
    book = parts[0][0].origin.prices
    if len(parts) == 1:
        return convert(parts[0][1], currency, book)
    named = [_named(item, registry, money) for item, money in parts]
    return convert(total(named), currency, book)


def _named(item: Desired[Any], registry: Registry, money: Money) -> Money:
    """The same amount; before its lines stands what it is for."""

    def told() -> tuple[str, ...]:
        name = f"{item.spec.kind} {registry[item.spec.kind].identity(item.spec)}"
        return (f"{name}: {_range(money.low, money.high)} {money.currency}.", *money.lines)

    def short() -> tuple[str, ...]:
        name = registry[item.spec.kind].identity(item.spec)
        return tuple(f"{name}: {line[:1].lower()}{line[1:]}" for line in money.brief)

    return Money(money.low, money.high, money.currency, told, short)


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def _range(low: Decimal, high: Decimal) -> str:
    return f"about {_whole(high)}" if _whole(low) == _whole(high) else f"{_whole(low)} to {_whole(high)}"


def _whole(amount: Decimal) -> str:
    return f"{amount.quantize(Decimal(1), ROUND_HALF_UP):,}"


def plain(number: Decimal) -> str:
    """A number without exponent and without zeros at its end."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
