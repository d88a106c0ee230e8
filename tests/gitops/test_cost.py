"""Amounts: in words, as JSON, added up and converted; and what a whole request costs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops import cost
from gitops.cost import Money
from gitops.kind import Desired
from gitops.policy import monthly_cost
from gitops.prices import PriceBook
from gitops.request import desired
from tests.support.language import REGISTRY, loaded, policy

AZURE = PriceBook.of("azure")
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
    found = cost.convert(money, currency, AZURE)
    assert found.low <= found.high
    assert found.currency == currency
    if currency != "USD":
        rate = AZURE.exchange(currency).value
        assert found.high == money.high * rate
        assert f"At {rate.normalize():f} {currency} for 1 USD" in found.lines[-1]
        assert "ECB reference rates, 2025-06-30, approximate" in found.lines[-1]


def test_an_organisations_own_exchange_rate() -> None:
    own = PriceBook.of(
        "azure", {"source": "Treasury", "date": "2026-01-01", "exchange_rates": {"EUR": "0.9"}}
    )
    found = cost.convert(Money(Decimal(10), Decimal(20), "USD"), "EUR", own)
    assert (found.low, found.high) == (Decimal(9), Decimal(18))
    assert found.lines == (
        "At 0.9 EUR for 1 USD (Treasury, 2026-01-01, the organisation's own): 9 to 18 EUR.",
    )


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="convert them first"):
        cost.total([Money(Decimal(1), Decimal(1), "USD"), Money(Decimal(1), Decimal(1), "EUR")])


def test_money_in_words_and_as_json() -> None:
    money = Money(Decimal("12.4"), Decimal("1234.5"), "EUR", ("a",))
    assert str(money) == "12 to 1,235 EUR a month"
    assert str(Money(Decimal(5), Decimal(5), "EUR")) == "about 5 EUR a month"
    again = Money.from_json(money.as_json())
    assert (again.low, again.high, again.lines) == (Decimal("12.40"), Decimal("1234.50"), ("a",))


def test_sentences_are_written_when_they_are_read_and_once() -> None:
    written: list[str] = []

    def told() -> tuple[str, ...]:
        written.append("now")
        return ("a sentence",)

    money = cost.convert(Money(Decimal(1), Decimal(2), "USD", told), "EUR", AZURE)
    assert not written
    assert money.lines[0] == money.lines[0] == "a sentence"
    assert written == ["now"]


def test_the_cost_of_a_request() -> None:
    found = monthly_cost(loaded(), policy(), REGISTRY)
    assert found is not None
    assert found.currency == "EUR"
    assert monthly_cost(loaded(resources="- {kind: repo, name: growth-x}"), policy(), REGISTRY) is None
    assert monthly_cost(loaded(lifecycle="retiring"), policy(), REGISTRY) is None


def several(*names: str) -> list[Desired[Any]]:
    text = "\n".join(f"- {{kind: compute, name: {name}, size: small}}" for name in names)
    return list(desired(loaded(resources=text), policy()))


def test_where_several_things_cost_the_lines_name_each() -> None:
    one, two = (cost.estimate(several(*names), REGISTRY, "EUR") for names in (["aa"], ["aa", "bb"]))
    assert one is not None
    assert two is not None
    assert two.high == 2 * one.high
    heads = [line for line in two.lines if line.startswith("compute ")]
    assert [head.split(":")[0] for head in heads] == ["compute aa", "compute bb"]
    assert sum(line.startswith("At 0.8532 EUR") for line in two.lines) == 1
    assert not any(line.startswith("compute ") for line in one.lines)
