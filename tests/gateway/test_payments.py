"""Every way a payment may go, through the public API: declined, lost answers, dead letters, several instruments."""

from datetime import timedelta
from typing import Any

from bottega.shop.flows.cancel_order import CancelOrder
from bottega.shop.flows.give_back import give_back_job
from bottega.shop.flows.pay_order import PayOrder
from bottega.shop.flows.ship_order import ShipOrder, ShippedLine
from bottega.shop.shop_settings import ChangeShopSettings
from tests.gateway.checkout import TOTAL_MINOR, Buyer, bought, open_counter
from tests.shop_fixtures import Shop


async def drive(shop: Shop, minutes: float = 1) -> None:
    """Lets time pass and what is due be done, as the worker would."""
    application = shop.application
    application.clock.advance(timedelta(minutes=minutes))  # pyright: ignore[reportAttributeAccessIssue] - a test's clock
    while await application.effects.drive_due():
        pass


async def at_provider(shop: Shop) -> list[tuple[str, int, int]]:
    """(status, captured, refunds) of every payment that the sandbox's provider has."""
    rows = await shop.fetch("SELECT document FROM platform.sandbox_payments ORDER BY created_at, reference")
    documents: list[dict[str, Any]] = [row["document"] for row in rows]
    # One that was only attempted has no status.
    happened = [document for document in documents if document["status"] is not None]
    return [(document["status"], document["captured_minor"], len(document["refunds"])) for document in happened]


async def effect_of(shop: Shop, kind: str) -> dict[str, Any]:
    rows = await shop.fetch("SELECT * FROM log.effects WHERE kind = $1 ORDER BY id", kind)
    return rows[-1]


async def staff_call(shop: Shop, role: str, method: str, path: str, body: Any = None, key: str = "k1") -> Any:
    headers = {**await shop.staff_headers(role), "Idempotency-Key": key}
    return await shop.client.request(method, path, json=body, headers=headers)


async def test_a_declined_card_leaves_the_order_open_for_another(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    declined = await buyer.pay(order_id, "insufficient_funds")
    assert (declined["status"], declined["decline_code"]) == ("declined", "insufficient_funds")
    assert (await buyer.read(order_id))["payment_status"] == "awaiting"
    assert (await buyer.pay(order_id))["status"] == "captured"
    assert (await buyer.read(order_id))["payment_status"] == "paid"
    listed = await buyer.call("GET", f"/api/orders/{order_id}/payments")
    assert [payment["status"] for payment in listed] == ["declined", "captured"]


async def test_the_same_key_pays_once(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    body = {"method": "card", "token": "sandbox_card_success"}
    first = await buyer.call("POST", f"/api/orders/{order_id}/payments", body, key="pay-once")
    again = await buyer.call("POST", f"/api/orders/{order_id}/payments", body, key="pay-once")
    assert first == again
    assert await at_provider(shop) == [("captured", TOTAL_MINOR, 0)]
    other = await buyer.call(
        "POST", f"/api/orders/{order_id}/payments", {**body, "amount_minor": 1}, key="pay-once", status=409
    )
    assert other["code"] == "key_used_with_other_arguments"


async def test_a_payment_needs_a_key_and_an_order_that_is_owed(shop: Shop) -> None:
    counter = await open_counter(shop)
    buyer, order_id = await bought(shop, counter)
    body = {"method": "card", "token": "sandbox_card_success"}
    keyless = await shop.client.post(f"/api/orders/{order_id}/payments", json=body, headers=buyer.headers)
    assert (keyless.status_code, keyless.json()["code"]) == (400, "idempotency_key_missing")
    path = f"/api/orders/{order_id}/payments"
    assert (await buyer.call("POST", path, body, status=409))["code"] == "nothing_due"
    stranger = await Buyer.arrive(shop, counter)
    assert (await stranger.call("POST", path, body, status=404))["code"] == "no_such_order"
    assert (await stranger.call("GET", path, status=404))["code"] == "no_such_order"
    owed = (await buyer.order())["order_id"]
    path = f"/api/orders/{owed}/payments"
    too_much = await buyer.call("POST", path, {**body, "amount_minor": TOTAL_MINOR + 1}, status=422)
    assert (too_much["code"], too_much["details"]) == ("more_than_due", {"due_minor": TOTAL_MINOR})
    assert (await buyer.call("POST", path, {**body, "gateway": "bank_transfer"}, status=422))["code"] == (
        "unknown_gateway"
    )
    assert await shop.fetchval("SELECT count(*) FROM shop.payments WHERE order_id = $1", owed) == 0


async def test_an_answer_lost_after_the_effect_is_reconciled_not_repeated(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    assert (await buyer.pay(order_id, "fails_after_effect"))["status"] == "pending"
    assert (await effect_of(shop, "payment.authorise"))["state"] == "unknown"
    blocked = await buyer.call(
        "POST", f"/api/orders/{order_id}/payments", {"method": "card", "token": "sandbox_card_success"}, status=409
    )
    assert blocked["code"] == "nothing_due"
    await drive(shop)
    effect = await effect_of(shop, "payment.authorise")
    assert (effect["state"], effect["reconciled"], effect["attempts"]) == ("confirmed", True, 2)
    assert (await buyer.read(order_id))["payment_status"] == "paid"
    assert await at_provider(shop) == [("captured", TOTAL_MINOR, 0)]


async def test_an_answer_lost_before_the_effect_is_looked_up_and_sent_again(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    assert (await buyer.pay(order_id, "fails_before_effect"))["status"] == "pending"
    await drive(shop)
    effect = await effect_of(shop, "payment.authorise")
    assert (effect["state"], effect["reconciled"], effect["attempts"]) == ("confirmed", False, 3)
    assert (await buyer.read(order_id))["payment_status"] == "paid"
    assert await at_provider(shop) == [("captured", TOTAL_MINOR, 0)]


async def test_a_gateway_that_is_away_is_tried_again(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    assert (await buyer.pay(order_id, "unavailable_twice"))["status"] == "pending"
    await drive(shop)
    await drive(shop)
    assert (await buyer.read(order_id))["payment_status"] == "paid"
    assert (await effect_of(shop, "payment.authorise"))["attempts"] == 3


async def test_a_process_that_dies_between_commit_and_call_loses_nothing(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    paying = PayOrder(order_id=order_id, method="card", gateway="sandbox", token="sandbox_card_success")
    await shop.done(paying)
    assert (await effect_of(shop, "payment.authorise"))["state"] == "sent"
    await drive(shop, minutes=0.5)
    assert await at_provider(shop) == []
    await drive(shop, minutes=0.5)
    assert await at_provider(shop) == [("captured", TOTAL_MINOR, 0)]
    assert (await buyer.read(order_id))["payment_status"] == "paid"


async def test_nobody_is_charged_late_for_an_order_that_has_ended(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    await shop.done(PayOrder(order_id=order_id, method="card", gateway="sandbox", token="sandbox_card_success"))
    await shop.done(CancelOrder(order_id=order_id, reason="the process had died"))
    await drive(shop)
    assert await at_provider(shop) == []
    payments = (await buyer.read(order_id))["payments"]
    assert [(payment["status"], payment["decline_code"]) for payment in payments] == [("declined", "order_cancelled")]


async def test_an_effect_that_ends_in_the_dead_letters_is_requeued(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    await buyer.pay(order_id, "unavailable_twice")
    await shop.execute("UPDATE log.effects SET maximum_attempts = 2 WHERE kind = 'payment.authorise'")
    await drive(shop)
    dead = (await staff_call(shop, "manager", "GET", "/api/effects?state=dead")).json()["items"]
    assert [(item["kind"], item["last_error"]) for item in dead] == [("payment.authorise", "The sandbox is away.")]
    path = f"/api/effects/{dead[0]['id']}/requeue"
    assert (await staff_call(shop, "support", "POST", path)).json()["code"] == "denied_by_policy"
    requeued = await staff_call(shop, "manager", "POST", path)
    assert requeued.json() == {"effect_id": dead[0]["id"], "kind": "payment.authorise", "state": "unknown"}
    await drive(shop)
    assert (await staff_call(shop, "manager", "GET", f"/api/effects/{dead[0]['id']}")).json()["state"] == "confirmed"
    assert (await buyer.read(order_id))["payment_status"] == "paid"
    again = await staff_call(shop, "manager", "POST", path, key="k2")
    assert (again.status_code, again.json()["code"]) == (409, "effect_state")


async def test_a_payment_that_is_given_up_lets_the_payer_try_another_card(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    await buyer.pay(order_id, "unavailable_twice")
    effect = await effect_of(shop, "payment.authorise")
    path = f"/api/effects/{effect['id']}/cancellation"
    given_up = await staff_call(shop, "owner", "POST", path, {"reason": "the customer called"})
    assert given_up.json()["state"] == "cancelled"
    listed = await buyer.call("GET", f"/api/orders/{order_id}/payments")
    assert [(payment["status"], payment["decline_code"]) for payment in listed] == [("declined", "abandoned")]
    assert (await buyer.pay(order_id))["status"] == "captured"
    await drive(shop)
    assert await at_provider(shop) == [("captured", TOTAL_MINOR, 0)]


async def test_an_order_is_authorised_first_and_captured_with_its_first_parcel(shop: Shop) -> None:
    from bottega.shop.flows.ship_order import ShipOrder

    await shop.done(ChangeShopSettings(values={"capture_mode": "manual"}))
    buyer, order_id = await bought(shop, await open_counter(shop))
    order = await buyer.read(order_id)
    assert (order["payment_status"], order["payments"][0]["captured_minor"]) == ("authorised", 0)
    for line in order["lines"]:
        parcel = (ShippedLine(line_id=line["id"], quantity=line["quantity"]),)
        await shop.done(ShipOrder(order_id=order_id, lines=parcel))
    await drive(shop)
    assert await at_provider(shop) == [("captured", TOTAL_MINOR, 0)]
    order = await buyer.read(order_id)
    assert (order["payment_status"], order["fulfilment_status"]) == ("paid", "shipped")
    assert await shop.fetchval("SELECT count(*) FROM log.effects WHERE kind = 'payment.capture'") == 1


async def test_captures_whose_answers_are_lost_happen_once(shop: Shop) -> None:
    await shop.done(ChangeShopSettings(values={"capture_mode": "manual"}))
    counter = await open_counter(shop)
    for card in ("capture_fails_after_effect", "capture_fails_before_effect"):
        buyer = await Buyer.arrive(shop, counter)
        order_id = (await buyer.order())["order_id"]
        await buyer.pay(order_id, card)
        await shop.done(ShipOrder(order_id=order_id))
        await drive(shop)
        await drive(shop)
        assert (await buyer.read(order_id))["payment_status"] == "paid", card
    assert await at_provider(shop) == [("captured", TOTAL_MINOR, 0)] * 2


async def test_a_refused_capture_stands_in_the_list_of_refused_effects(shop: Shop) -> None:
    await shop.done(ChangeShopSettings(values={"capture_mode": "manual"}))
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    await buyer.pay(order_id, "capture_refused")
    await shop.done(ShipOrder(order_id=order_id))
    await drive(shop)
    refused = (await staff_call(shop, "owner", "GET", "/api/effects?state=refused")).json()["items"]
    assert [(item["kind"], item["outcome"]["refusal"]) for item in refused] == [
        ("payment.capture", "authorisation_expired")
    ]
    assert (await buyer.read(order_id))["payment_status"] == "authorised"


async def test_a_cancelled_order_voids_what_was_authorised(shop: Shop) -> None:
    await shop.done(ChangeShopSettings(values={"capture_mode": "manual"}))
    buyer, order_id = await bought(shop, await open_counter(shop))
    await shop.done(CancelOrder(order_id=order_id, reason="changed my mind"))
    await drive(shop)
    assert await at_provider(shop) == [("voided", 0, 0)]
    order = await buyer.read(order_id)
    assert (order["status"], order["payment_status"], order["payments"][0]["status"]) == (
        "cancelled",
        "voided",
        "voided",
    )


async def test_a_payment_that_arrives_after_the_order_ended_is_given_back(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    await buyer.pay(order_id, "fails_after_effect")
    await shop.done(CancelOrder(order_id=order_id, reason="took too long"))
    await drive(shop)
    assert await at_provider(shop) == [("captured", TOTAL_MINOR, 0)]
    jobs = await shop.fetch("SELECT payload FROM platform.jobs WHERE name = 'payments.give_back'")
    assert [job["payload"]["order_id"] for job in jobs] == [order_id]
    await give_back_job(shop.application, jobs[0]["payload"])
    await give_back_job(shop.application, jobs[0]["payload"])
    await drive(shop)
    assert await at_provider(shop) == [("captured", TOTAL_MINOR, 1)]
    order = await buyer.read(order_id)
    assert [(refund["amount_minor"], refund["status"]) for refund in order["refunds"]] == [(TOTAL_MINOR, "succeeded")]
    accounts = await shop.fetch(
        "SELECT account, sum(amount_minor)::bigint AS balance FROM shop.ledger_postings GROUP BY 1 ORDER BY 1"
    )
    assert {row["account"]: row["balance"] for row in accounts} == {f"order:{order_id}": 0, "gateway:sandbox": 0}


async def test_a_bank_transfer_waits_until_staff_see_the_money(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    body = {"method": "bank_transfer"}
    payment = await buyer.call("POST", f"/api/orders/{order_id}/payments", body, status=201)
    assert payment["status"] == "processing"
    due, kept = (
        (await buyer.read(order_id))["payment_due_at"],
        await shop.fetch("SELECT expires_at FROM shop.reservations"),
    )
    assert {row["expires_at"].isoformat().replace("+00:00", "Z") for row in kept} == {due.replace("+00:00", "Z")}
    path = f"/api/payments/{payment['id']}/transfer"
    assert (await staff_call(shop, "support", "POST", path, {})).status_code == 403
    confirmed = await staff_call(shop, "manager", "POST", path, {"statement_reference": "2026-11-20/4"})
    assert confirmed.json() == {"payment_id": payment["id"], "captured_minor": TOTAL_MINOR, "payment_status": "paid"}
    twice = await staff_call(shop, "manager", "POST", path, {}, key="k2")
    assert twice.json()["code"] == "transfer_ended"
    refunded = await staff_call(shop, "owner", "POST", f"/api/orders/{order_id}/refunds", {"reason": "back"})
    (refund_id,) = refunded.json()["refund_ids"]
    assert (await buyer.call("GET", f"/api/orders/{order_id}/refunds"))[0]["status"] == "pending"
    sent = await staff_call(shop, "manager", "POST", f"/api/refunds/{refund_id}/transfer", key="k3")
    assert sent.json() == {"refund_id": refund_id, "status": "succeeded", "changed": True}
    rows = await shop.fetch("SELECT account, sum(amount_minor)::bigint AS b FROM shop.ledger_postings GROUP BY 1")
    assert {row["account"]: row["b"] for row in rows} == {"bank": 0, f"order:{order_id}": 0}
