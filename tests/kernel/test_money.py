"""Money: whole minor units, one currency at a time, nothing lost in splitting."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottega.kernel.errors import Invalid
from bottega.kernel.money import (
    CURRENCY_DIGITS,
    LARGEST_AMOUNT_MINOR,
    Money,
    allocate,
    format_amount,
    parse_amount,
    round_minor,
)

CURRENCIES = st.sampled_from(sorted(CURRENCY_DIGITS))
AMOUNTS = st.integers(-LARGEST_AMOUNT_MINOR, LARGEST_AMOUNT_MINOR)


def test_sums_and_comparisons() -> None:
    price, shipping = Money(12990, "EUR"), Money(490, "EUR")
    assert price + shipping == Money(13480, "EUR")
    assert price - shipping * 2 == Money(12010, "EUR")
    assert -price == Money(-12990, "EUR")
    assert shipping < price
    assert price > shipping
    assert price >= price
    assert shipping <= price
    assert str(price) == "129.90 EUR"
    assert Money(1, "EUR") != Money(1, "USD")


def test_currencies_are_not_mixed() -> None:
    for reckon in (Money.__add__, Money.__sub__, Money.__lt__, Money.__le__):
        with pytest.raises(Invalid) as refused:
            reckon(Money(1, "EUR"), Money(1, "USD"))
        assert refused.value.code == "currency_mismatch"


@pytest.mark.parametrize("code", ["XXX", "eur", "", "EURO", "EUR "])
def test_an_unknown_currency_is_refused(code: str) -> None:
    with pytest.raises(Invalid) as refused:
        Money(1, code)
    assert refused.value.code == "unknown_currency"


def test_an_amount_has_a_limit() -> None:
    largest = Money(LARGEST_AMOUNT_MINOR, "EUR")
    for beyond in (lambda: largest + Money(1, "EUR"), lambda: largest * 2, lambda: -largest - Money(1, "EUR")):
        with pytest.raises(Invalid) as refused:
            beyond()
        assert refused.value.code == "amount_too_large"


@pytest.mark.parametrize(
    ("amount_minor", "currency", "text"),
    [
        (12345, "EUR", "123.45"),
        (-5, "EUR", "-0.05"),
        (0, "EUR", "0.00"),
        (1234, "JPY", "1234"),
        (1234, "BHD", "1.234"),
    ],
)
def test_amounts_as_text(amount_minor: int, currency: str, text: str) -> None:
    assert format_amount(amount_minor, currency) == text
    assert parse_amount(text, currency) == amount_minor


@given(AMOUNTS, CURRENCIES)
def test_text_and_back_is_the_same_amount(amount_minor: int, currency: str) -> None:
    assert parse_amount(format_amount(amount_minor, currency), currency) == amount_minor


@pytest.mark.parametrize(
    "text",
    [
        *("", "12.345", "1,50", "twelve", "NaN", "Infinity", "1e5", "1e999999999", "1_000"),
        *(" 1", "1 ", "٣", "0x10", "9" * 14, "1.", ".5", "--1", "1\n"),
    ],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_amount(text, "EUR")
    assert refused.value.code == "bad_amount"


def test_rounding_does_not_drift() -> None:
    halves = ["0.5", "1.5", "2.5", "-0.5", "-1.5", "0.49", "0.51"]
    assert [round_minor(Decimal(half)) for half in halves] == [0, 2, 2, 0, -2, 0, 1]


@given(AMOUNTS, st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_a_split_loses_nothing_and_is_fair(amount_minor: int, weights: list[int]) -> None:
    parts = allocate(amount_minor, weights)
    assert sum(parts) == amount_minor
    total = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        exact = Decimal(amount_minor) * weight / total if total else Decimal(amount_minor) / len(weights)
        assert abs(part - exact) < 1


def test_the_odd_cent_goes_to_the_largest_remainder_then_to_the_first() -> None:
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(-100, [1, 1, 1]) == [-34, -33, -33]
    assert allocate(10, [0, 5, 5]) == [0, 5, 5]
    assert allocate(7, [0, 0]) == [4, 3]
    assert allocate(0, []) == []
    with pytest.raises(Invalid):
        allocate(1, [])
    with pytest.raises(AssertionError, match=re.escape("never negative")):
        allocate(1, [2, -1])
