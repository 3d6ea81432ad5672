"""Figures as people write them, and amounts of money as chips show them."""

import math
import re

from bottega.kernel.money import CURRENCY_DIGITS, LARGEST_AMOUNT_MINOR

_GROUPS = re.compile(r"^\d{1,3}(?:[.,]\d{3})+$")
_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}


def figure_of(text: str, *, money: bool) -> float | None:
    """The value of "1.200,50", "1,200.50", "1 200" or "0.5"; a single mark with three digits behind it separates
    thousands of money, and of anything else when it is a comma."""
    sign = -1.0 if text[:1] in "-−" else 1.0
    plain = text.lstrip("-−+")
    if "." in plain and "," in plain:
        decimal = max(plain.rindex("."), plain.rindex(","))
        plain = re.sub(r"[.,]", "", plain[:decimal]) + "." + plain[decimal + 1 :]
    elif _GROUPS.match(plain) and (money or "," in plain or plain.count(".") > 1):
        plain = re.sub(r"[.,]", "", plain)
    else:
        plain = plain.replace(",", ".")
    try:
        value = float(plain)
    except ValueError:
        return None
    return sign * value if math.isfinite(value) else None


def minor_of(value: float, currency: str) -> int:
    """An amount in minor units, within what a shop reckons with."""
    return min(round(value * 10 ** CURRENCY_DIGITS.get(currency, 2)), LARGEST_AMOUNT_MINOR)


def money_text(minor: int, currency: str) -> str:
    """An amount as a chip shows it: "100 €", "49.90 €", "100 CHF"."""
    digits = CURRENCY_DIGITS.get(currency, 2)
    amount = minor / 10**digits
    plain = f"{amount:.{digits}f}" if minor % 10**digits else f"{amount:.0f}"
    return f"{plain} {_SIGNS.get(currency, currency)}"


def figure_text(value: float) -> str:
    """A number without a needless end: 16, 15.6."""
    return f"{value:.6g}"
