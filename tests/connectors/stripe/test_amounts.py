"""Amounts go to Stripe and come back unchanged, also in the currencies that Stripe counts in its own way."""

import pytest

from bottega.connectors.stripe.amounts import minor_units, stripe_amount
from bottega.kernel.errors import Invalid
from bottega.kernel.money import CURRENCY_DIGITS, Money


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (Money(12_345, "EUR"), 12_345),
        (Money(500, "JPY"), 500),
        (Money(5, "ISK"), 500),
        (Money(5_120, "KWD"), 5_120),
    ],
)
def test_as_stripe_documents_it(amount: Money, expected: int) -> None:
    assert stripe_amount(amount) == expected


@pytest.mark.parametrize("currency", sorted(CURRENCY_DIGITS))
def test_there_and_back(currency: str) -> None:
    assert minor_units(stripe_amount(Money(1_230, currency)), currency) == 1_230


def test_a_third_decimal_is_refused_and_not_rounded() -> None:
    with pytest.raises(Invalid, match=r"5\.124 KWD is finer than that"):
        stripe_amount(Money(5_124, "KWD"))
