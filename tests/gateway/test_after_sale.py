"""After the sale through the public API: amendments, cancellation, shipping, returns, exchanges and tickets."""

from typing import Any

from bottega.kernel.identifiers import new_id
from tests.gateway.checkout import ADDRESS, TOTAL_MINOR, Buyer, Counter, open_counter
from tests.gateway.people import register
from tests.gateway.test_payments import drive, staff_call
from tests.shop.entries import add_variant, entry
from tests.shop_fixtures import Shop


async def arrived(shop: Shop) -> tuple[Buyer, Counter, str]:
    """A registered customer with a stored card, at an open counter; returns the card too."""
    counter = await open_counter(shop)
    ada = await register(shop)
    buyer = Buyer(shop, counter, ada.headers)
    stored = {"kind": "card", "gateway": "sandbox", "token": "sandbox_card_success:ada"}
    card = await buyer.call("POST", f"/api/customers/{ada.customer_id}/instruments", stored)
    return buyer, counter, card["instrument_id"]


async def paid(buyer: Buyer, card: str) -> str:
    order_id = (await buyer.order())["order_id"]
    body = {"method": "stored", "instrument_id": card}
    await buyer.call("POST", f"/api/orders/{order_id}/payments", body, status=201)
    return order_id


async def by_staff(shop: Shop, role: str, path: str, body: Any = None) -> Any:
    answered = await staff_call(shop, role, "POST", path, body, key=new_id("req"))
    assert answered.is_success, answered.text
    return answered.json()


async def delivered(shop: Shop, buyer: Buyer, card: str) -> dict[str, Any]:
    order_id = await paid(buyer, card)
    sent = await by_staff(shop, "warehouse", f"/api/orders/{order_id}/shipments", {"carrier": "DHL"})
    assert sent["complete"] is True
    ended = await by_staff(shop, "warehouse", f"/api/shipments/{sent['shipment_id']}/delivery")
    assert ended["delivered"] is True
    return await buyer.read(order_id)


async def test_an_order_is_amended_and_then_cancelled(shop: Shop) -> None:
    buyer, _, card = await arrived(shop)
    order_id = await paid(buyer, card)
    moved = {"address": {**ADDRESS, "line1": "Via Milano 2"}}
    await buyer.call("POST", f"/api/orders/{order_id}/amendments/address", moved, status=201)
    jackets = (await buyer.read(order_id))["lines"][0]["id"]
    more = {"lines": [{"line_id": jackets, "quantity": 3}], "instrument_id": card}
    path = f"/api/orders/{order_id}/amendments/items"
    first = await buyer.call("POST", path, more, key="items", status=201)
    again = await buyer.call("POST", path, more, key="items", status=201)
    assert first == again
    assert (first["difference_minor"], first["total_minor"]) == (12_990, TOTAL_MINOR + 12_990)
    order = await buyer.read(order_id)
    assert (order["payment_status"], order["shipping_address"]["line1"]) == ("paid", "Via Milano 2")
    listed = await buyer.call("GET", f"/api/orders/{order_id}/amendments")
    assert [(made["kind"], made["state"], made["difference_minor"]) for made in listed] == [
        ("address", "done", 0),
        ("items", "done", 12_990),
    ]
    cancelled = await buyer.call("POST", f"/api/orders/{order_id}/cancellation", {"reason": "no longer needed"})
    assert cancelled["refunded_minor"] == TOTAL_MINOR + 12_990
    await drive(shop)
    assert (await buyer.read(order_id))["payment_status"] == "refunded"


async def test_the_instrument_of_an_order_is_changed(shop: Shop) -> None:
    buyer, _, card = await arrived(shop)
    order_id = await paid(buyer, card)
    account = (await buyer.read(order_id))["customer_id"]
    other = {"kind": "card", "gateway": "sandbox", "token": "sandbox_card_success:other"}
    second = (await buyer.call("POST", f"/api/customers/{account}/instruments", other))["instrument_id"]
    path = f"/api/orders/{order_id}/amendments/instrument"
    assert (await buyer.call("POST", path, {"instrument_id": card}, status=409))["code"] == "same_instrument"
    await buyer.call("POST", path, {"instrument_id": second}, status=201)
    await drive(shop)
    payments = await buyer.call("GET", f"/api/orders/{order_id}/payments")
    assert [(made["captured_minor"], made["refunded_minor"]) for made in payments] == [
        (TOTAL_MINOR, TOTAL_MINOR),
        (TOTAL_MINOR, 0),
    ]


async def test_money_and_orders_need_a_key(shop: Shop) -> None:
    buyer, _, card = await arrived(shop)
    order_id = await paid(buyer, card)
    bare = await shop.client.post(
        f"/api/orders/{order_id}/cancellation", json={"reason": "no key"}, headers=buyer.headers
    )
    assert (bare.status_code, bare.json()["code"]) == (400, "idempotency_key_missing")
    assert (await buyer.read(order_id))["status"] == "open"


async def test_a_return_from_the_request_to_the_refund(shop: Shop) -> None:
    buyer, counter, card = await arrived(shop)
    order = await delivered(shop, buyer, card)
    body = {"lines": [{"line_id": order["lines"][0]["id"], "quantity": 1, "reason": "too small"}]}
    made = await buyer.call("POST", f"/api/orders/{order['id']}/returns", body, status=201)
    path = f"/api/returns/{made['return_id']}"
    refused = await buyer.call("POST", f"{path}/approval", status=403)
    assert refused["code"] == "staff_only"
    assert (await by_staff(shop, "support", f"{path}/approval"))["state"] == "approved"
    line = {"return_line_id": made["return_line_ids"][0], "received": 1, "condition": "as_new"}
    received = await by_staff(shop, "warehouse", f"{path}/receipt", {"lines": [line]})
    assert (received["received"], received["restocked"]) == (1, 1)
    completed = await by_staff(shop, "support", f"{path}/completion", {})
    assert (completed["state"], completed["refund_minor"]) == ("completed", 12_990)
    await drive(shop)
    shown = await buyer.call("GET", path)
    assert (shown["state"], shown["refund_minor"], shown["lines"][0]["restocked"]) == ("completed", 12_990, 1)
    steps = await buyer.call("GET", f"{path}/history")
    assert [step["state"] for step in steps] == ["requested", "approved", "received", "completed"]
    listed = await buyer.call("GET", f"/api/returns?order_id={order['id']}")
    assert [found["number"] for found in listed["items"]] == ["R-5001"]
    level = "SELECT on_hand FROM shop.stock_levels WHERE variant_id = $1"
    assert await shop.fetchval(level, counter.jacket) == 999


async def test_an_exchange_sends_the_new_goods_when_the_old_ones_are_back(shop: Shop) -> None:
    buyer, counter, card = await arrived(shop)
    order = await delivered(shop, buyer, card)
    product = await shop.fetchval("SELECT product_id FROM shop.variants WHERE id = $1", counter.jacket)
    large = await add_variant(shop, "JACKET-L", product)
    async with entry(shop) as work:
        await work.connection.execute(
            "INSERT INTO shop.prices (id, variant_id, currency, amount_minor) VALUES ($1, $2, 'EUR', 13990)",
            new_id("prc"),
            large,
        )
    body = {
        "lines": [{"line_id": order["lines"][0]["id"], "new_variant_id": large}],
        "instrument_id": card,
        "expected_difference_minor": 1_000,
    }
    path = f"/api/orders/{order['id']}/exchanges"
    assert (await buyer.call("POST", path, body, status=409))["code"] == "out_of_stock"
    receipt = {"location_id": counter.location, "lines": [{"variant_id": large, "quantity": 1}]}
    await by_staff(shop, "warehouse", "/api/stock/receipts", receipt)
    made = await buyer.call("POST", path, body, status=201)
    assert made["difference_minor"] == 1_000
    approved = await by_staff(shop, "manager", f"/api/returns/{made['return_id']}/approval")
    replacement = approved["exchange_order_id"]
    shown = await buyer.read(replacement)
    assert (shown["status"], shown["payment_status"], shown["total_minor"]) == ("held", "paid", 1_000)
    line = {"return_line_id": made["return_line_ids"][0], "received": 1, "condition": "opened"}
    await by_staff(shop, "warehouse", f"/api/returns/{made['return_id']}/receipt", {"lines": [line]})
    await by_staff(shop, "manager", f"/api/returns/{made['return_id']}/completion", {})
    await by_staff(shop, "warehouse", f"/api/orders/{replacement}/shipments", {})
    assert (await buyer.read(replacement))["fulfilment_status"] == "shipped"


async def test_a_ticket_is_answered(shop: Shop) -> None:
    buyer, _, card = await arrived(shop)
    order_id = await paid(buyer, card)
    body = {"subject": "Which colour", "text": "Is it dark blue?", "order_id": order_id}
    opened = await buyer.call("POST", "/api/tickets", body, status=201)
    path = f"/api/tickets/{opened['ticket_id']}"
    await by_staff(shop, "support", f"{path}/messages", {"text": "It is.", "internal": False})
    await by_staff(shop, "support", f"{path}/escalation", {"reason": "Asks twice a day."})
    shown = await buyer.call("GET", path)
    assert (shown["status"], shown["priority"], shown["order_id"]) == ("open", "high", order_id)
    assert [message["text"] for message in shown["messages"]] == ["Is it dark blue?", "It is."]
    assert (await buyer.call("PUT", f"{path}/status", {"status": "resolved"}))["status"] == "resolved"
    assert len((await buyer.call("GET", "/api/tickets?status=resolved"))["items"]) == 1
