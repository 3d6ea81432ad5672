"""Amounts as people type them, and what is said of a form that is not filled in."""

import pytest

from bottega.kernel.errors import Invalid
from bottega.shop.orders.actions import HoldOrder
from bottega.web.console.asking import amount, asked
from bottega.web.forms import Form

ORDER = "ord_01jd3gqz5t8m2n4p6r8s0v2x4z"


@pytest.mark.parametrize(
    ("typed", "currency", "expected"),
    [
        ("12.50", "EUR", 1_250),
        ("12,5", "EUR", 1_250),
        ("1.234,50", "EUR", 123_450),
        ("1,234.50", "EUR", 123_450),
        ("1 234", "EUR", 123_400),
        ("7.", "EUR", 700),
        ("500", "JPY", 500),
        ("", "EUR", None),
    ],
)
def test_amounts(typed: str, currency: str, expected: int | None) -> None:
    assert amount(Form({"amount": (typed,)}), "amount", currency) == expected


@pytest.mark.parametrize(("typed", "currency"), [("1,000", "EUR"), ("1.000", "EUR"), ("5.5", "JPY"), ("ten", "EUR")])
def test_what_could_mean_two_things_is_refused(typed: str, currency: str) -> None:
    with pytest.raises(Invalid):
        amount(Form({"amount": (typed,)}), "amount", currency)


def test_the_first_wrong_field_is_named() -> None:
    with pytest.raises(Invalid, match="Reason: please fill this in"):
        asked(HoldOrder, order_id=ORDER, reason="")
    assert asked(HoldOrder, order_id=ORDER, reason="why") == HoldOrder(order_id=ORDER, reason="why")
