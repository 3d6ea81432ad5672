"""The split of prices into net and tax, per line, for prices that include tax and prices that do not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bottega.kernel.money import allocate, round_minor


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """What a line is sold for as the shopper sees it, and what is taken off; both with or both without tax."""

    amount_minor: int
    discount_minor: int
    rate: Decimal


@dataclass(frozen=True, slots=True)
class LineTax:
    """A line's figures in the books: net − discount + tax is what the shopper pays for it."""

    net_minor: int
    discount_minor: int
    tax_minor: int

    @property
    def total_minor(self) -> int:
        return self.net_minor - self.discount_minor + self.tax_minor


def rate_of(rates: Mapping[str, Decimal], tax_class: str) -> Decimal:
    """The rate of a class; a country without one is a country for which the shop collects no tax."""
    return rates.get(tax_class, Decimal(0))


def split(amount_minor: int, rate: Decimal, *, includes_tax: bool) -> tuple[int, int]:
    """(net, tax) of one amount, rounded half to even."""
    tax = _tax(amount_minor, rate, includes_tax=includes_tax)
    return (amount_minor - tax if includes_tax else amount_minor), tax


def split_lines(lines: Sequence[LineAmounts], *, includes_tax: bool) -> list[LineTax]:
    """Net, discount and tax per line, all without rounding drift.

    The tax of each rate is rounded once, on the sum of that rate's lines after discount, and shared out by the
    largest remainder; net and discount follow, so that every line and the whole add up exactly (I12).
    """
    taxes = _taxes([line.amount_minor - line.discount_minor for line in lines], lines, includes_tax=includes_tax)
    split_up: list[LineTax] = []
    for line, tax in zip(lines, taxes, strict=True):
        if includes_tax:
            discount, _ = split(line.discount_minor, line.rate, includes_tax=True)
            net = line.amount_minor - line.discount_minor - tax + discount
            split_up.append(LineTax(net, discount, tax))
        else:
            split_up.append(LineTax(line.amount_minor, line.discount_minor, tax))
    return split_up


def _taxes(due: Sequence[int], lines: Sequence[LineAmounts], *, includes_tax: bool) -> list[int]:
    """The tax of each line, from the rounded tax of its rate's sum."""
    taxes = [0] * len(lines)
    for rate in {line.rate for line in lines}:
        places = [index for index, line in enumerate(lines) if line.rate == rate]
        amounts = [due[index] for index in places]
        assert min(amounts) >= 0, "a discount never takes off more than its line"
        total = _tax(sum(amounts), rate, includes_tax=includes_tax)
        for index, tax in zip(places, allocate(total, amounts), strict=True):
            taxes[index] = tax
    return taxes


def _tax(amount_minor: int, rate: Decimal, *, includes_tax: bool) -> int:
    exact = amount_minor * rate
    return round_minor(exact / (1 + rate) if includes_tax else exact)
