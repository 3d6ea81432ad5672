"""Money as integer minor units with an ISO 4217 currency, and the few sums a shop does with it."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from bottega.kernel.errors import Invalid

# Digits after the decimal point, from ISO 4217 (table A.1); a currency that is not listed is refused, not guessed.
_TWO_DIGITS = """
AED AUD BGN BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF IDR ILS INR MXN MYR NOK NZD PHP PLN RON SAR SEK SGD THB TRY TWD UAH
USD ZAR"""
_NO_DIGITS = "CLP ISK JPY KRW VND"
_THREE_DIGITS = "BHD JOD KWD OMR TND"
CURRENCY_DIGITS: dict[str, int] = {
    **dict.fromkeys(_TWO_DIGITS.split(), 2),
    **dict.fromkeys(_NO_DIGITS.split(), 0),
    **dict.fromkeys(_THREE_DIGITS.split(), 3),
}

# A shop's single amount never needs more; it keeps every sum of a million of them inside a 64-bit integer.
LARGEST_AMOUNT_MINOR = 1_000_000_000_000


def check_currency(currency: str) -> str:
    """The code itself, or `Invalid` when it is not a currency we know the digits of."""
    if currency not in CURRENCY_DIGITS:
        raise Invalid(
            "unknown_currency",
            f"'{currency}' is not a currency this shop knows.",
            next_step="Use an ISO 4217 code such as EUR.",
        )
    return currency


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units (cents) of one currency; may be negative (a price difference)."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        check_currency(self.currency)
        if abs(self.amount_minor) > LARGEST_AMOUNT_MINOR:
            raise Invalid(
                "amount_too_large",
                f"{self.amount_minor} minor units is more than this shop accepts in one amount.",
                next_step=f"Stay within {LARGEST_AMOUNT_MINOR}.",
            )

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount_minor + self._same_currency(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount_minor - self._same_currency(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount_minor, self.currency)

    def __mul__(self, quantity: int) -> "Money":
        return Money(self.amount_minor * quantity, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount_minor < self._same_currency(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount_minor <= self._same_currency(other)

    def __str__(self) -> str:
        return f"{format_amount(self.amount_minor, self.currency)} {self.currency}"

    def _same_currency(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise Invalid(
                "currency_mismatch",
                f"{other.currency} cannot be reckoned together with {self.currency}.",
                next_step="Use one currency per cart and order.",
            )
        return other.amount_minor


def format_amount(amount_minor: int, currency: str) -> str:
    """The amount with its decimal point, e.g. 12345 EUR is '123.45'."""
    digits = CURRENCY_DIGITS[check_currency(currency)]
    return f"{Decimal(amount_minor).scaleb(-digits):.{digits}f}"


# At most as many digits as the largest amount has, before a point; Decimal alone would take '1e999999' and '1_000'.
_AMOUNT = re.compile(r"[+-]?[0-9]{1,13}(\.[0-9]{1,9})?")


def parse_amount(text: str, currency: str) -> int:
    """Minor units of a decimal text such as '123.45'; more digits than the currency has are refused, not rounded."""
    digits = CURRENCY_DIGITS[check_currency(currency)]
    if not _AMOUNT.fullmatch(text):
        raise Invalid("bad_amount", f"'{text[:64]}' is not an amount of money.", next_step="Write it as 12.34.")
    scaled = Decimal(text).scaleb(digits)
    if scaled != scaled.to_integral_value():
        raise Invalid("bad_amount", f"'{text}' has more digits than {currency} has.", next_step="Write it as 12.34.")
    return Money(int(scaled), currency).amount_minor


def round_minor(exact: Decimal) -> int:
    """Round to whole minor units, half to even (so that many small roundings do not drift)."""
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def allocate(amount_minor: int, weights: list[int]) -> list[int]:
    """Split an amount in proportion to non-negative weights by the largest remainder; the parts sum to the amount."""
    assert all(weight >= 0 for weight in weights), "weights are quantities or amounts, never negative"
    total = sum(weights)
    if not weights or total <= 0:
        if amount_minor and not weights:
            raise Invalid("nothing_to_allocate_to", "An amount cannot be split over no lines.")
        weights = [1] * len(weights)
        total = len(weights)
    sign = -1 if amount_minor < 0 else 1
    shares = [abs(amount_minor) * weight for weight in weights]
    parts = [share // total for share in shares]
    left = abs(amount_minor) - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(shares[i] % total), i))
    for index in by_remainder[:left]:
        parts[index] += 1
    return [sign * part for part in parts]
