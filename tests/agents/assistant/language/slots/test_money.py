"""Amounts and price ranges."""

import pytest

from bottega.agents.assistant.language.slots.money import Bounds, amount, bounds


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("under 100 euros", None, 10000),
        ("max 80", None, 8000),
        ("not more than €75", None, 7500),
        ("cheaper than 99.90", None, 9990),
        ("less than 1.200,50 €", None, 120050),
        ("my budget is 120", None, 12000),
        ("my limit is 150", None, 15000),
        ("a warm hat too, not above 30", None, 3000),
        ("between 80 and 50", 5000, 8000),
        ("from 20 to 40 euro", 2000, 4000),
        ("at least 100", 10000, None),
        ("around 60 €", 4800, 7200),
        ("under 2 kg and under 150", None, 15000),
    ],
)
def test_bounds(text: str, least: int | None, most: int | None) -> None:
    assert bounds(text, "EUR") == Bounds(least, most)


@pytest.mark.parametrize("text", ["two person tent under 3 kg", "up to 60 litres", "size 42", "cheap"])
def test_what_is_no_price(text: str) -> None:
    assert bounds(text, "EUR") is None


def test_amounts() -> None:
    assert amount("a gift card for 50 euros", "EUR") == 5000
    assert amount("€ 1.200,50", "EUR") == 120050
    assert amount("two tents", "EUR") is None
