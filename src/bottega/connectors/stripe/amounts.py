"""Amounts as Stripe counts them (https://docs.stripe.com/currencies), which is not everywhere as ISO 4217 does."""

from bottega.kernel.errors import Invalid
from bottega.kernel.money import CURRENCY_DIGITS, Money

# A króna has no minor unit, but Stripe keeps counting it in hundredths, which have to be zero.
_COUNTED_IN_HUNDREDTHS = frozenset({"ISK"})


def stripe_amount(amount: Money) -> int:
    """What goes into `amount`; `Invalid` for a third decimal, which Stripe charges in no currency."""
    if amount.currency in _COUNTED_IN_HUNDREDTHS:
        return amount.amount_minor * 100
    if CURRENCY_DIGITS[amount.currency] == 3 and amount.amount_minor % 10:
        raise Invalid(
            "amount_too_fine",
            f"Stripe charges {amount.currency} in hundredths; {amount} is finer than that.",
            next_step="Round the price to two decimals.",
        )
    return amount.amount_minor


def minor_units(amount: int, currency: str) -> int:
    """Our minor units of an amount that Stripe gave, in a currency written as we write it."""
    return amount // 100 if currency in _COUNTED_IN_HUNDREDTHS else amount
