"""Amounts of money and bounds on a price, in minor units of the shop's currency."""

import re
from dataclasses import dataclass

from bottega.kernel.errors import Invalid
from bottega.kernel.money import parse_amount

_SIGN = r"(?:€|\$|£|chf|eur(?:os?)?|euros?|usd|dollars?|gbp|pounds?|bucks?|francs?)"
_AMOUNT = r"(\d{1,3}(?:[.,’' ]\d{3})+(?:[.,]\d{2})?|\d{1,7}(?:[.,]\d{1,2})?)"
_UNITS = "cm mm m km kg g l ml litres? liters? metres? meters? people persons? grams? ° degrees years? days? % lumens?"
_NO_UNIT = rf"(?!\s?(?:{_UNITS.replace(' ', '|')})\b)(?![\w-])"
_PRICE = rf"{_SIGN}?\s*{_AMOUNT}\s*(?:{_SIGN}|{_NO_UNIT})"
_AT_MOST = (
    r"under|below|less than|up to|at most|max(?:imum)?(?: of)?|not more than|no more than|cheaper than|within|until|<"
    r"|(?:budget|limit) (?:is|of)|(?:not|nothing) (?:above|over)|spend(?: about| up to)?"
)
_AT_LEAST = r"over|above|more than|at least|min(?:imum)?(?: of)?|from|starting at|>"
_MOST = re.compile(rf"(?<!\w)(?:{_AT_MOST})\s*(?:around |about )?{_PRICE}", re.IGNORECASE)
_LEAST = re.compile(rf"(?<!not )(?<!no )(?<!\w)(?:{_AT_LEAST})\s*{_PRICE}", re.IGNORECASE)
_BETWEEN = re.compile(
    rf"\b(?:between|from)\s*{_SIGN}?\s*{_AMOUNT}\s*{_SIGN}?\s*(?:and|to|-|–)\s*{_PRICE}",
    re.IGNORECASE,
)
_AROUND = re.compile(
    rf"\b(?:around|about|roughly|approximately|circa|ca\.?)\s*{_SIGN}?\s*{_AMOUNT}\s*{_SIGN}", re.IGNORECASE
)
_NAMED = re.compile(rf"{_SIGN}\s*{_AMOUNT}|{_AMOUNT}\s*{_SIGN}(?!\w)", re.IGNORECASE)
# "around 100" means somewhat less or more.
AROUND_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Bounds:
    """A price range, both ends included."""

    least_minor: int | None = None
    most_minor: int | None = None


def amount(text: str, currency: str) -> int | None:
    """The first amount that names a currency ("50 euros", "€ 1.200,50"); None when there is none."""
    found = _NAMED.search(text)
    return None if found is None else minor(next(group for group in found.groups() if group), currency)


def bounds(text: str, currency: str) -> Bounds | None:
    """The price range that a wish names ("under 100", "between 50 and 80 euros", "around 60 €"), or None."""
    if found := _BETWEEN.search(text):
        ends = sorted(filter(None, (minor(group, currency) for group in found.groups())))
        return Bounds(ends[0], ends[-1]) if ends else None
    if found := _AROUND.search(text):
        middle = minor(found.group(1), currency)
        return (
            None if middle is None else Bounds(round(middle * (1 - AROUND_SHARE)), round(middle * (1 + AROUND_SHARE)))
        )
    most, least = _MOST.search(text), _LEAST.search(text)
    if most is None and least is None:
        return None
    return Bounds(
        None if least is None else minor(least.group(1), currency),
        None if most is None else minor(most.group(1), currency),
    )


def without_bounds(text: str) -> str:
    """The text without the price range that it names."""
    for pattern in (_BETWEEN, _AROUND, _MOST, _LEAST):
        text = pattern.sub(" ", text)
    return " ".join(text.split()).strip(" ,.;?!") if text.strip() else ""


def minor(written: str, currency: str) -> int | None:
    """Minor units of an amount with any of Europe's separators: 1.200,50 and 1,200.50 are the same."""
    text = re.sub(r"[’' ]", "", written)
    cents = re.search(r"[.,](\d{1,2})$", text)
    units = re.sub(r"[.,]", "", text[: cents.start()] if cents else text)
    try:
        return parse_amount(f"{units}.{cents.group(1)}" if cents else units, currency)
    except Invalid:
        return None
