"""What promotions take off: shares, order, combination, and the bounds."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bottega.shop.promotions.discounts import DiscountableLine, Discounts, Taken, discount
from bottega.shop.promotions.model import Offer, Promotion

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def offer(name: str, *, products: set[str] | None = None, used: int = 0, **changes: Any) -> Offer:
    values: dict[str, Any] = {
        "id": f"prm_{name}",
        "name": name,
        "code": None,
        "kind": "percent",
        "percent": None,
        "amount_minor": None,
        "currency": None,
        "minimum_subtotal_minor": 0,
        "category_id": None,
        "collection_id": None,
        "limit_total": None,
        "limit_per_customer": None,
        "used_total": 0,
        "combinable": True,
        "active": True,
        "starts_at": None,
        "ends_at": None,
        "created_at": NOW,
    }
    return Offer(Promotion(**values | changes), None if products is None else frozenset(products), used)


def percent(name: str, figure: str, **changes: Any) -> Offer:
    return offer(name, kind="percent", percent=Decimal(figure), **changes)


def amount(name: str, minor: int, **changes: Any) -> Offer:
    return offer(name, kind="amount", amount_minor=minor, currency="EUR", **changes)


def free_shipping(name: str, **changes: Any) -> Offer:
    return offer(name, kind="free_shipping", **changes)


def lines(*amounts: int) -> list[DiscountableLine]:
    return [DiscountableLine(f"prd_{index}", minor) for index, minor in enumerate(amounts)]


def reckon(offers: list[Offer], goods: list[DiscountableLine], shipping: int | None = 500) -> Discounts:
    return discount(offers, goods, shipping, "EUR", NOW)


def codes(found: Discounts) -> dict[str, str]:
    return {promotion_id: refusal.code for promotion_id, refusal in found.refusals.items()}


def test_no_offers_take_nothing() -> None:
    assert reckon([], lines(100, 200)) == Discounts((0, 0), 0, ())


def test_percent_is_shared_by_the_largest_remainder() -> None:
    found = reckon([percent("ten", "10")], lines(333, 333, 334))
    assert found.line_discounts_minor == (33, 33, 34)
    assert found.taken == (Taken("prm_ten", 100),)


def test_an_amount_never_takes_more_than_the_goods() -> None:
    found = reckon([amount("big", 10_000)], lines(700, 300))
    assert found.line_discounts_minor == (700, 300)
    assert found.taken == (Taken("prm_big", 1000),)


def test_a_scope_limits_which_lines_get_it() -> None:
    found = reckon([percent("half", "50", products={"prd_1"})], lines(1000, 400, 600))
    assert found.line_discounts_minor == (0, 200, 0)


def test_the_minimum_counts_the_lines_in_scope() -> None:
    offers = [amount("five", 500, minimum_subtotal_minor=500, products={"prd_1"})]
    found = reckon(offers, lines(1000, 400))
    assert found.total_minor == 0
    assert codes(found) == {"prm_five": "promotion_below_minimum"}
    assert found.refusals["prm_five"].next_step.startswith("Add products for 1.00 EUR more")
    assert reckon(offers, lines(0, 500)).line_discounts_minor == (0, 500)


def test_percentages_come_first_then_amounts_of_what_is_left() -> None:
    found = reckon([amount("five", 500), percent("ten", "10"), percent("half", "50")], lines(10_000))
    assert found.line_discounts_minor == (10_000 - 4000,)
    assert found.taken == (Taken("prm_five", 500), Taken("prm_half", 5000), Taken("prm_ten", 500))


def test_free_shipping_takes_the_shipping_off() -> None:
    found = reckon([free_shipping("free"), percent("ten", "10")], lines(1000))
    assert (found.line_discounts_minor, found.shipping_discount_minor) == ((100,), 500)
    assert found.taken == (Taken("prm_free", 500), Taken("prm_ten", 100))


def test_free_shipping_without_anything_to_ship() -> None:
    assert codes(reckon([free_shipping("free")], lines(1000), 0)) == {"prm_free": "nothing_to_take_off"}
    undecided = reckon([free_shipping("free")], lines(1000), None)
    assert (undecided.refusals, undecided.taken) == ({}, ())


def test_what_is_not_combinable_stands_alone_and_the_best_wins() -> None:
    alone = percent("alone", "30", combinable=False)
    together = [percent("ten", "10"), amount("one", 100)]
    found = reckon([*together, alone], lines(1000))
    assert found.taken == (Taken("prm_alone", 300),)
    assert codes(found) == {"prm_ten": "promotion_not_combined", "prm_one": "promotion_not_combined"}
    found = reckon([*together, percent("alone", "15", combinable=False)], lines(1000))
    assert found.taken == (Taken("prm_one", 100), Taken("prm_ten", 100))
    assert codes(found) == {"prm_alone": "promotion_not_combined"}


@pytest.mark.parametrize(
    ("changes", "used", "code"),
    [
        ({"active": False}, 0, "promotion_inactive"),
        ({"starts_at": NOW + timedelta(seconds=1)}, 0, "promotion_not_begun"),
        ({"ends_at": NOW}, 0, "promotion_ended"),
        ({"limit_total": 3, "used_total": 3}, 0, "promotion_used_up"),
        ({"limit_per_customer": 2}, 2, "promotion_used_by_customer"),
        ({"currency": "USD"}, 0, "promotion_other_currency"),
    ],
)
def test_each_refusal_has_its_name(changes: dict[str, Any], used: int, code: str) -> None:
    found = reckon([percent("ten", "10", used=used, **changes)], lines(1000))
    assert (found.total_minor, found.taken, codes(found)) == (0, (), {"prm_ten": code})


def test_a_promotion_for_other_products_is_out_of_scope() -> None:
    found = reckon([percent("ten", "10", products=set())], lines(1000))
    assert codes(found) == {"prm_ten": "promotion_out_of_scope"}


def test_dates_and_limits_that_just_hold() -> None:
    just = percent("ten", "10", used=1, starts_at=NOW, ends_at=NOW + timedelta(seconds=1), limit_per_customer=2)
    assert reckon([just], lines(1000)).total_minor == 100


def test_a_discount_stays_within_every_line_and_adds_up() -> None:
    chance = random.Random(7)
    for _ in range(500):
        goods = lines(*(chance.choice([0, 1, 3, chance.randint(0, 100_000)]) for _ in range(chance.randint(1, 7))))
        offers = [_any_offer(chance, number, len(goods)) for number in range(chance.randint(0, 5))]
        shipping = chance.randint(0, 2000)
        found = reckon(offers, goods, shipping)
        assert 0 <= found.shipping_discount_minor <= shipping
        for line, off in zip(goods, found.line_discounts_minor, strict=True):
            assert 0 <= off <= line.amount_minor
        assert sum(taken.discount_minor for taken in found.taken) == found.total_minor
        assert all(taken.discount_minor > 0 for taken in found.taken)
        assert {taken.promotion_id for taken in found.taken}.isdisjoint(found.refusals)


def _any_offer(chance: random.Random, number: int, count: int) -> Offer:
    scope = None if chance.random() < 0.5 else {f"prd_{chance.randrange(count)}" for _ in range(2)}
    changes: dict[str, Any] = {"products": scope, "combinable": chance.random() < 0.7}
    match chance.randrange(3):
        case 0:
            return percent(f"p{number}", f"{chance.randint(1, 10_000) / 100:.2f}", **changes)
        case 1:
            return amount(f"a{number}", chance.randint(1, 50_000), **changes)
        case _:
            return free_shipping(f"f{number}", **changes)
