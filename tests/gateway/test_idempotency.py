"""Idempotency keys over HTTP: once however often, the same answer, and required where money or an order moves."""

import asyncio
from typing import Any

import httpx
import pytest

from bottega.kernel.identifiers import new_id
from tests.gateway.checkout import TOTAL_MINOR, Buyer, open_counter
from tests.gateway.populated import Populated
from tests.gateway.surface import Operation, operations
from tests.shop_fixtures import Shop


def needs_key(operation: Operation) -> bool:
    """Whether the document says that the key is required."""
    parameters = operation.record.get("parameters", ())
    return any(found["name"] == "Idempotency-Key" and found["required"] for found in parameters)


@pytest.mark.parametrize("operation", [found for found in operations() if needs_key(found)], ids=str)
async def test_money_and_orders_are_refused_without_a_key(populated: Populated, operation: Operation) -> None:
    before = await populated.shop.fetchval("SELECT count(*) FROM log.entries")
    for who in ("owner", "customer"):
        response = await populated.shop.client.request(
            operation.method,
            operation.url(populated.ids),
            json=operation.body(populated.ids),
            headers=populated.headers(who),
        )
        if response.status_code == 403:
            continue
        assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_missing"), response.text
    assert await populated.shop.fetchval("SELECT count(*) FROM log.entries") == before


def test_the_routes_that_move_money_are_among_them() -> None:
    required = {str(found) for found in operations() if needs_key(found)}
    assert {
        "POST /api/carts/{cart_id}/order",
        "POST /api/orders/{order_id}/payments",
        "POST /api/orders/{order_id}/refunds",
        "POST /api/gift-cards",
    } <= required


async def place(buyer: Buyer, cart: str, key: str, body: dict[str, Any] | None = None) -> httpx.Response:
    headers = {**buyer.headers, "Idempotency-Key": key}
    return await buyer.shop.client.post(f"/api/carts/{cart}/order", json=body or {}, headers=headers)


async def test_the_same_key_gives_the_same_answer(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    cart = await buyer.fill()
    first = await place(buyer, cart, "once")
    again = await place(buyer, cart, "once")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await shop.fetchval("SELECT count(*) FROM shop.orders") == 1


async def test_the_same_key_with_another_body_is_a_conflict(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    cart = await buyer.fill()
    await place(buyer, cart, "once")
    other = await place(buyer, cart, "once", {"expected_total_minor": TOTAL_MINOR})
    assert (other.status_code, other.json()["code"]) == (409, "key_used_with_other_arguments")
    elsewhere = await buyer.shop.client.post(
        "/api/carts", json={}, headers={**buyer.headers, "Idempotency-Key": "once"}
    )
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "key_used_with_other_arguments")
    assert await shop.fetchval("SELECT count(*) FROM shop.orders") == 1


async def test_racing_equal_keys_happen_once(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    cart = await buyer.fill()
    answers = await asyncio.gather(*(place(buyer, cart, "race") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 7
    order_id = answers[0].json()["order_id"]
    body = {"method": "card", "token": "sandbox_card_success"}
    paid = await asyncio.gather(
        *(
            shop.client.post(
                f"/api/orders/{order_id}/payments", json=body, headers={**buyer.headers, "Idempotency-Key": "pay"}
            )
            for _ in range(8)
        )
    )
    assert {answer.status_code for answer in paid} == {201}
    assert len({answer.json()["id"] for answer in paid}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in paid) == 7
    assert await shop.fetchval("SELECT count(*) FROM shop.payments") == 1
    assert await shop.fetchval("SELECT sum(captured_minor) FROM shop.payments") == TOTAL_MINOR


async def test_keys_belong_to_whoever_sent_them(shop: Shop) -> None:
    counter = await open_counter(shop)
    keys = [await (await Buyer.arrive(shop, counter)).call("POST", "/api/carts", {}, key="mine") for _ in range(2)]
    assert keys[0]["cart_id"] != keys[1]["cart_id"]


async def test_a_refusal_may_be_tried_again_under_its_key(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    cart = await buyer.fill()
    key = new_id("req")
    refused = await place(buyer, cart, key, {"expected_total_minor": 1})
    assert refused.status_code == 409
    assert (await place(buyer, cart, key)).status_code == 201
