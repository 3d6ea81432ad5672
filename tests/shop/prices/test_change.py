"""How far a price moves, as policy is told."""

import pytest

from bottega.shop.prices.change import WITHOUT_LIMIT_PERCENT, PriceMove, facts_of


@pytest.mark.parametrize(
    ("before", "after", "percent"),
    [
        (None, 500, 0),
        (1000, 1000, 0),
        (1000, 1300, 30),
        (1000, 1301, 31),
        (1000, 700, -30),
        (1000, 699, -31),
        (1000, 999, -1),
        (1000, 0, -100),
        (3, 4, 34),
        (0, 5, WITHOUT_LIMIT_PERCENT),
        (0, 0, 0),
    ],
)
def test_the_change_is_rounded_away_from_zero(before: int | None, after: int, percent: int) -> None:
    assert PriceMove(before, after, None).percent == percent


def test_below_cost_needs_a_known_cost() -> None:
    assert PriceMove(None, 99, 100).below_cost
    assert not PriceMove(None, 100, 100).below_cost
    assert not PriceMove(None, 0, None).below_cost


def test_of_many_changes_the_largest_counts() -> None:
    moves = [PriceMove(1000, 1100, 50), PriceMove(1000, 600, 700), PriceMove(None, 5, None)]
    assert facts_of(moves) == {"rows_changed": 3, "price_minor": 5, "change_percent": -40, "below_cost": True}
    assert facts_of([]) == {"rows_changed": 0}
