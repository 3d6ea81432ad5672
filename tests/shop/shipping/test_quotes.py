"""What a method costs by weight and subtotal."""

from typing import Any

import pytest

from bottega.shop.shipping.model import Rate, ShippingMethod
from bottega.shop.shipping.rates import quote, quotes

STANDARD = (
    Rate(2000, 0, 590),
    Rate(10000, 0, 790),
    Rate(30000, 0, 1290),
    Rate(30000, 8000, 0),
)


def method(**changes: Any) -> ShippingMethod:
    values: dict[str, Any] = {
        "id": "shm_a",
        "zone_id": "shz_a",
        "name": "Standard",
        "kind": "delivery",
        "location_id": None,
        "currency": "EUR",
        "rates": STANDARD,
        "minimum_days": 2,
        "maximum_days": 3,
        "tax_class": "standard",
        "active": True,
    }
    return ShippingMethod(**values | changes)


@pytest.mark.parametrize(
    ("weight_grams", "subtotal_minor", "amount_minor"),
    [
        (0, 0, 590),
        (2000, 0, 590),
        (2001, 0, 790),
        (10001, 7999, 1290),
        (10001, 8000, 0),
        (30000, 100_000, 0),
        (30001, 100_000, None),
    ],
)
def test_the_cheapest_rate_that_fits(weight_grams: int, subtotal_minor: int, amount_minor: int | None) -> None:
    assert quote(method(), weight_grams, subtotal_minor) == amount_minor


def test_a_rate_without_a_weight_carries_anything() -> None:
    assert quote(method(rates=(Rate(None, 0, 100),)), 10**9, 0) == 100


def test_quotes_come_cheapest_first_then_quickest() -> None:
    methods = [
        method(id="shm_slow", maximum_days=9),
        method(id="shm_quick", maximum_days=2),
        method(id="shm_collect", kind="collection", location_id="loc_a", rates=(Rate(None, 0, 0),)),
        method(id="shm_off", active=False),
        method(id="shm_dollar", currency="USD"),
        method(id="shm_heavy", rates=(Rate(10, 0, 1),)),
    ]
    offers = quotes(methods, "EUR", 1500, 3000)
    assert [(offer.method_id, offer.amount_minor) for offer in offers] == [
        ("shm_collect", 0),
        ("shm_quick", 590),
        ("shm_slow", 590),
    ]
    assert (offers[0].kind, offers[0].location_id) == ("collection", "loc_a")
