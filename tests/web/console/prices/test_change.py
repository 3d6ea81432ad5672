"""A change of many prices, reckoned."""

from decimal import Decimal

import pytest

from bottega.kernel.errors import Invalid
from bottega.web.console.prices.change import Move, by_percent, field_of, lines_of, moves_of, percent_of, rounded
from bottega.web.forms import Form


def row(amount_minor: int | None, cost_minor: int | None = None) -> dict[str, object]:
    options = {"size": "M"}
    return {
        "id": "var_1",
        "sku": "A",
        "title": "Jacket",
        "option_values": options,
        "amount_minor": amount_minor,
        "cost_minor": cost_minor,
    }


@pytest.mark.parametrize(
    ("exact", "ending", "expected"),
    [("1234.5", "", 1235), ("1234", "90", 1190), ("1245", "90", 1290), ("1250", "00", 1300), ("20", "99", 99)],
)
def test_amounts_end_as_asked_and_lie_nearest(exact: str, ending: str, expected: int) -> None:
    assert rounded(Decimal(exact), ending, "EUR") == expected


def test_currencies_without_cents_are_rounded_to_one() -> None:
    assert rounded(Decimal("1234.4"), "90", "JPY") == 1234


def test_every_price_moves_and_what_stays_is_left_out() -> None:
    (move,) = by_percent([row(10_000, 9_500), row(None), row(0)], Decimal(-10), "", "EUR")
    assert move == Move("var_1", "A", "Jacket, M", "EUR", 10_000, 9_000, 9_500)
    assert (move.percent, move.is_below_cost) == (-10, True)


@pytest.mark.parametrize("text", ["", "abc", "NaN", "Infinity", "-100", "1001"])
def test_what_is_no_percentage_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="percentage"):
        percent_of(Form({"percent": (text,)}))


def test_percentages_as_people_type_them() -> None:
    assert percent_of(Form({"percent": ("−12,5 %",)})) == Decimal("-12.5")


def test_lines_of_a_list() -> None:
    text = 'SKU,currency,amount\nA, eur, 12.50\n"B";EUR;3\nC,EUR,-1\nD,XXX,1\nA,EUR,9'
    assert lines_of(text) == ({("A", "EUR"): 1_250, ("B", "EUR"): 300}, ["line 4", "line 5", "line 6"])


def test_what_was_looked_at_comes_back() -> None:
    moves = [Move("var_1", "A", "x", "EUR", None, 500, None), Move("var_2", "B", "y", "EUR", 100, 200, None)]
    assert moves_of(field_of(moves)) == [("var_1", "EUR", None, 500), ("var_2", "EUR", 100, 200)]
    with pytest.raises(Invalid):
        moves_of("var_1,EUR,many,5")
