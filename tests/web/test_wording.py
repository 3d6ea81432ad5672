"""How amounts, dates and counts are written."""

from datetime import date, timedelta

import pytest

from bottega.kernel.errors import Conflict
from bottega.web.wording import count, day, day_span, for_shoppers, money, short_day, time_left


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (129_000, "EUR", "€1,290.00"),
        (5, "GBP", "£0.05"),
        (-500, "EUR", "−€5.00"),
        (12_050, "CHF", "120.50 CHF"),
        (1500, "JPY", "¥1,500"),
        (1_234_567, "KWD", "1,234.567 KWD"),
    ],
)
def test_money(amount: int, currency: str, written: str) -> None:
    assert money(amount, currency) == written


def test_days() -> None:
    second, fourth, first_of_next = date(2026, 12, 2), date(2026, 12, 4), date(2027, 1, 1)
    assert day(second) == "2 December 2026"
    assert short_day(second) == "Wed 2 Dec"
    assert day_span(second, fourth) == "Wed 2 – Fri 4 Dec"
    assert day_span(second, second) == "Wed 2 Dec"
    assert day_span(fourth, first_of_next) == "Fri 4 Dec – Fri 1 Jan"


def test_counts() -> None:
    assert [count(number, "item") for number in (0, 1, 2)] == ["0 items", "1 item", "2 items"]
    assert count(2, "address", "addresses") == "2 addresses"


def test_refusals_meant_for_programs_are_said_in_other_words() -> None:
    refusal = Conflict("no_such_coupon", "There is no coupon X.", next_step="DELETE /api/carts/{id}/coupon")
    assert for_shoppers(refusal) == "We do not know this code. Please check its spelling."
    assert for_shoppers(Conflict("other", "The shop is closed.")) == "The shop is closed."


@pytest.mark.parametrize(
    ("left", "written"),
    [
        (timedelta(seconds=59), ""),
        (timedelta(minutes=1, seconds=30), "1 minute"),
        (timedelta(minutes=119), "119 minutes"),
        (timedelta(hours=3, minutes=50), "3 hours"),
        (timedelta(days=6, hours=23), "6 days"),
        (timedelta(minutes=-5), ""),
    ],
)
def test_what_is_left_of_a_time(left: timedelta, written: str) -> None:
    assert time_left(left) == written
