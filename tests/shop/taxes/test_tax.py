"""The split of prices into net and tax."""

import random
from decimal import Decimal

from bottega.shop.taxes.tax import LineAmounts, LineTax, rate_of, split, split_lines

ITALY = Decimal("0.22")


def test_a_price_that_includes_tax() -> None:
    assert split(12200, ITALY, includes_tax=True) == (10000, 2200)
    assert split(100, ITALY, includes_tax=True) == (82, 18)


def test_a_price_that_excludes_tax() -> None:
    assert split(10000, ITALY, includes_tax=False) == (10000, 2200)


def test_halves_are_rounded_to_even() -> None:
    assert split(50, Decimal("0.05"), includes_tax=False) == (50, 2)
    assert split(70, Decimal("0.05"), includes_tax=False) == (70, 4)


def test_a_country_without_a_rate_is_untaxed() -> None:
    assert rate_of({"standard": ITALY}, "standard") == ITALY
    assert split(999, rate_of({}, "standard"), includes_tax=True) == (999, 0)


def test_the_tax_of_a_rate_is_rounded_once_and_shared_out() -> None:
    # Each line alone would owe round(0.18 …) three times; together they owe 54.1 cents.
    lines = [LineAmounts(100, 0, ITALY)] * 3
    assert [line.tax_minor for line in split_lines(lines, includes_tax=True)] == [18, 18, 18]
    lines = [LineAmounts(99, 0, ITALY)] * 4
    split_up = split_lines(lines, includes_tax=True)
    assert [line.tax_minor for line in split_up] == [18, 18, 18, 17]
    assert [line.net_minor for line in split_up] == [81, 81, 81, 82]


def test_a_discount_lowers_the_tax_and_stands_without_tax() -> None:
    assert split_lines([LineAmounts(12200, 1220, ITALY)], includes_tax=True) == [LineTax(10000, 1000, 1980)]
    assert split_lines([LineAmounts(10000, 1000, ITALY)], includes_tax=False) == [LineTax(10000, 1000, 1980)]


def test_a_line_given_away_owes_nothing() -> None:
    assert split_lines([LineAmounts(12200, 12200, ITALY)], includes_tax=True) == [LineTax(10000, 10000, 0)]


def test_no_lines_have_no_tax() -> None:
    assert split_lines([], includes_tax=True) == []


def test_lines_always_add_up_to_what_is_paid() -> None:
    chance = random.Random(20)
    rates = [Decimal(0), Decimal("0.1"), ITALY, Decimal("0.255"), Decimal("0.08125")]
    for includes_tax in (True, False):
        for _ in range(400):
            lines = [_any_line(chance, rates) for _ in range(chance.randint(1, 8))]
            for line, figures in zip(lines, split_lines(lines, includes_tax=includes_tax), strict=True):
                due = line.amount_minor - line.discount_minor
                assert min(figures.net_minor, figures.discount_minor, figures.tax_minor) >= 0
                if includes_tax:
                    assert figures.total_minor == due
                else:
                    assert figures.total_minor == due + figures.tax_minor
                exact = due * line.rate / (1 + line.rate if includes_tax else 1)
                assert abs(figures.tax_minor - exact) < 1 + Decimal("0.5")
                if line.discount_minor == 0:
                    assert figures.discount_minor == 0


def _any_line(chance: random.Random, rates: list[Decimal]) -> LineAmounts:
    amount = chance.choice([0, 1, 99, 100, chance.randint(0, 10**7)])
    discount = chance.choice([0, 0, amount, chance.randint(0, amount)])
    return LineAmounts(amount, discount, chance.choice(rates))
