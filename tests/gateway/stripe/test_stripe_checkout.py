"""The whole path against Stripe: seven calls, challenges, lost answers, webhooks in any order, refunds."""

import random

from bottega.shop.flows.reconcile import read_missed_events
from bottega.shop.flows.ship_order import ShipOrder
from bottega.shop.shop_settings import ChangeShopSettings
from tests.gateway.checkout import TOTAL_MINOR, Buyer, open_counter
from tests.gateway.stripe.stripe_shop import CHALLENGE, DECLINED, SUCCESS, StripeShop
from tests.gateway.test_payments import drive, staff_call
from tests.gateway.test_refunds import balances


async def ordered(stripe_shop: StripeShop) -> tuple[Buyer, str]:
    buyer = await Buyer.arrive(stripe_shop.shop, await open_counter(stripe_shop.shop))
    return buyer, (await buyer.order())["order_id"]


async def test_bought_and_refunded(stripe_shop: StripeShop) -> None:
    buyer, order_id = await ordered(stripe_shop)
    payment = await buyer.pay(order_id, token=await stripe_shop.card(SUCCESS))
    assert (payment["gateway"], payment["status"], payment["captured_minor"]) == ("stripe", "captured", TOTAL_MINOR)
    assert (await buyer.read(order_id))["payment_status"] == "paid"
    made = await staff_call(
        stripe_shop.shop, "owner", "POST", f"/api/orders/{order_id}/refunds", {"amount_minor": 2000, "reason": "torn"}
    )
    assert made.status_code == 201
    await drive(stripe_shop.shop, minutes=0)
    order = await buyer.read(order_id)
    assert (order["payment_status"], order["refunds"][0]["status"]) == ("partially_refunded", "succeeded")
    assert await balances(stripe_shop.shop) == {
        f"order:{order_id}": TOTAL_MINOR - 2000,
        "gateway:stripe": 2000 - TOTAL_MINOR,
    }


async def test_a_declined_card(stripe_shop: StripeShop) -> None:
    buyer, order_id = await ordered(stripe_shop)
    payment = await buyer.pay(order_id, token=await stripe_shop.card(DECLINED))
    assert payment["status"] == "declined"
    assert (await buyer.read(order_id))["payment_status"] == "awaiting"


async def test_captured_with_the_parcel(stripe_shop: StripeShop) -> None:
    await stripe_shop.shop.done(ChangeShopSettings(values={"capture_mode": "manual"}))
    buyer, order_id = await ordered(stripe_shop)
    payment = await buyer.pay(order_id, token=await stripe_shop.card(SUCCESS))
    assert payment["status"] == "authorised"
    await stripe_shop.shop.done(ShipOrder(order_id=order_id))
    await drive(stripe_shop.shop, minutes=0)
    assert (await buyer.read(order_id))["payment_status"] == "paid"
    assert (await stripe_shop.at_stripe(await stripe_shop.reference_of(payment["id"])))["status"] == "succeeded"


async def test_an_answer_that_was_lost_after_the_charge(stripe_shop: StripeShop) -> None:
    buyer, order_id = await ordered(stripe_shop)
    token = await stripe_shop.card(SUCCESS)
    stripe_shop.proxy.fail_next("hang_up_after_effect", "/v1/payment_intents")
    assert (await buyer.pay(order_id, token=token))["status"] == "pending"
    await drive(stripe_shop.shop)
    order = await buyer.read(order_id)
    assert (order["payment_status"], order["payments"][0]["captured_minor"]) == ("paid", TOTAL_MINOR)
    rows = await stripe_shop.shop.fetch("SELECT reconciled FROM log.effects WHERE kind = 'payment.authorise'")
    assert rows == [{"reconciled": True}]


async def test_a_challenge_completed_in_the_browser_while_webhooks_come_in_any_order(stripe_shop: StripeShop) -> None:
    buyer, order_id = await ordered(stripe_shop)
    payment = await buyer.pay(order_id, token=await stripe_shop.card(CHALLENGE))
    assert payment["status"] == "requires_action"
    reference = await stripe_shop.reference_of(payment["id"])
    await stripe_shop.authenticate(reference, payment["next_action"]["client_secret"])
    deliveries = await stripe_shop.webhooks(reference, 1)
    shuffled = [*deliveries] * 3
    random.Random(7).shuffle(shuffled)
    await stripe_shop.deliver(shuffled.pop())
    confirmed = await buyer.call("POST", f"/api/orders/{order_id}/payments/{payment['id']}/confirmation")
    assert (confirmed["status"], confirmed["next_action"]) == ("captured", None)
    for delivery in shuffled:
        assert (await stripe_shop.deliver(delivery))["state"] == "done"
    assert (await buyer.read(order_id))["payment_status"] == "paid"
    captured = "SELECT count(*) FROM shop.ledger_postings WHERE kind = 'capture' AND amount_minor > 0"
    assert await stripe_shop.shop.fetchval(captured) == 1


async def test_webhooks_that_never_came_are_read_from_stripe(stripe_shop: StripeShop) -> None:
    buyer, order_id = await ordered(stripe_shop)
    payment = await buyer.pay(order_id, token=await stripe_shop.card(CHALLENGE))
    reference = await stripe_shop.reference_of(payment["id"])
    await stripe_shop.authenticate(reference, payment["next_action"]["client_secret"])
    assert (await buyer.read(order_id))["payment_status"] == "awaiting"
    application = stripe_shop.shop.application
    await read_missed_events(application.performer, application.services, "stripe")
    assert (await buyer.read(order_id))["payment_status"] == "paid"
