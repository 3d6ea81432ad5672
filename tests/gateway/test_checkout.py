"""The whole checkout through the public API: seven calls, exact totals, and every way a payment may go."""

from tests.gateway.checkout import TOTAL_MINOR, Buyer, open_counter
from tests.shop_fixtures import Shop


async def test_seven_calls_from_an_empty_cart_to_a_paid_order(shop: Shop) -> None:
    counter = await open_counter(shop)
    buyer = await Buyer.arrive(shop, counter)
    placed = await buyer.order()
    assert placed["total_minor"] == TOTAL_MINOR
    payment = await buyer.pay(placed["order_id"])
    assert (payment["status"], payment["captured_minor"], payment["next_action"]) == ("captured", TOTAL_MINOR, None)
    order = await buyer.read(placed["order_id"])
    assert (order["status"], order["payment_status"], order["fulfilment_status"]) == ("open", "paid", "unfulfilled")
    # 22 % are in every price: jackets 25980, stove 4550, shipping 490.
    assert [(line["net_minor"], line["tax_minor"]) for line in order["lines"]] == [(21295, 4685), (3729, 821)]
    assert (order["net_minor"], order["shipping_minor"], order["discount_minor"]) == (25024, 402, 0)
    assert order["tax_minor"] == TOTAL_MINOR - 25024 - 402
    assert await shop.fetch("SELECT quantity, expires_at FROM shop.reservations ORDER BY quantity DESC") == [
        {"quantity": 2, "expires_at": None},
        {"quantity": 1, "expires_at": None},
    ]
    assert await ledger(shop) == {f"order:{order['id']}": TOTAL_MINOR, "gateway:sandbox": -TOTAL_MINOR}


async def ledger(shop: Shop) -> dict[str, int]:
    rows = await shop.fetch("SELECT account, sum(amount_minor)::bigint AS balance FROM shop.ledger_postings GROUP BY 1")
    return {row["account"]: row["balance"] for row in rows}


async def test_a_challenge_is_passed_over_the_api(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    payment = await buyer.pay(order_id, "3d_secure")
    step = payment["next_action"]
    assert (payment["status"], step["kind"]) == ("requires_action", "redirect")
    confirmation = f"/api/orders/{order_id}/payments/{payment['id']}/confirmation"
    # Asked again, the gateway says again what the payer has to do: nothing of it is kept here.
    assert (await buyer.call("POST", confirmation))["next_action"] == step
    reference = step["url"].rpartition("/")[2]
    passed = await buyer.call("POST", f"/api/sandbox/challenges/{reference}", {"approve": True})
    assert passed == {"reference": reference, "status": "captured"}
    assert (await buyer.call("POST", confirmation))["status"] == "captured"
    assert (await buyer.read(order_id))["payment_status"] == "paid"
    again = await buyer.call("POST", f"/api/sandbox/challenges/{reference}", {"approve": True}, status=409)
    assert again["code"] == "no_action_pending"
    unknown = await buyer.call("POST", "/api/sandbox/challenges/sbp_00", {"approve": True}, status=404)
    assert unknown["code"] == "no_such_challenge"
