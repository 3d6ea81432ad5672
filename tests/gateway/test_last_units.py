"""Fifty buyers want the last five units, all at once, through the API."""

import asyncio
from typing import Any

from bottega.bootstrap.background import catch_up
from bottega.bootstrap.invariants import check_invariants
from bottega.kernel.identifiers import new_id
from tests.gateway.checkout import ADDRESS, Buyer, Counter, open_counter
from tests.shop_fixtures import Shop

BUYERS = 50
UNITS = 5


async def test_exactly_as_many_orders_as_units(shop: Shop) -> None:
    counter = await open_counter(shop, units=UNITS)
    carts = [await filled_cart(shop, counter) for _ in range(BUYERS)]
    answers = await asyncio.gather(*(place(shop, buyer, cart) for buyer, cart in carts))
    placed = [answer for answer in answers if answer["status"] == 201]
    refused = [answer for answer in answers if answer["status"] == 409]
    assert (len(placed), len(refused)) == (UNITS, BUYERS - UNITS)
    assert {answer["body"]["code"] for answer in refused} == {"out_of_stock"}
    for answer in placed:
        paid = await answer["buyer"].pay(answer["body"]["order_id"])
        assert paid["status"] == "captured"
    assert await shop.fetchval("SELECT count(*) FROM shop.orders") == UNITS
    level = (await shop.fetch("SELECT on_hand, reserved FROM shop.stock_levels WHERE variant_id = $1", counter.jacket))[
        0
    ]
    assert level == {"on_hand": UNITS, "reserved": UNITS}
    await catch_up(shop.application)
    assert [found for found in await check_invariants(shop.application.database) if found.violations] == []


async def filled_cart(shop: Shop, counter: Counter) -> tuple[Buyer, str]:
    """A guest with one jacket in the cart, ready to order."""
    buyer = await Buyer.arrive(shop, counter)
    cart = (await buyer.call("POST", "/api/carts", {}))["cart_id"]
    await buyer.call("POST", f"/api/carts/{cart}/lines", {"variant_id": counter.jacket, "quantity": 1})
    await buyer.call("PUT", f"/api/carts/{cart}/contact", {"email": "ada@example.com", "shipping_address": ADDRESS})
    await buyer.call("PUT", f"/api/carts/{cart}/shipping", {"shipping_method_id": counter.method})
    return buyer, cart


async def place(shop: Shop, buyer: Buyer, cart: str) -> dict[str, Any]:
    headers = {**buyer.headers, "Idempotency-Key": new_id("req")}
    answer = await shop.client.post(f"/api/carts/{cart}/order", json={}, headers=headers)
    return {"status": answer.status_code, "body": answer.json(), "buyer": buyer}
