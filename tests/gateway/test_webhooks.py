"""Webhooks of a payment gateway through the public API: proven, kept once, in any order, found when they never come."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import pytest

from bottega.bootstrap.invariants import check_invariants
from bottega.connectors.sandbox import webhook_signature
from bottega.connectors.sandbox.payment_store import EVENT
from bottega.connectors.sandbox.payments import DEFAULT_WEBHOOK_SECRET, SandboxPaymentGateway
from bottega.ports.payment_gateway import GatewayEvent, PaymentGateway
from bottega.shop.flows.reconcile import ask_about_unsettled, read_missed_events
from bottega.shop.flows.webhook_inbox import MAXIMUM_ATTEMPTS, Inbox
from tests.gateway.checkout import TOTAL_MINOR, Buyer, Counter, open_counter
from tests.shop.entries import entry
from tests.shop_fixtures import Shop

ROUNDS = 200


def sandbox_of(shop: Shop) -> SandboxPaymentGateway:
    gateway = shop.application.services.get(PaymentGateway, "sandbox")
    assert isinstance(gateway, SandboxPaymentGateway)
    return gateway


async def deliver(shop: Shop, event: GatewayEvent, *, secret: str = DEFAULT_WEBHOOK_SECRET) -> Any:
    body = EVENT.dump_json(event)
    now = int(shop.application.clock.now().timestamp())
    return await shop.client.post(
        "/api/webhooks/sandbox", content=body, headers=dict(webhook_signature.sign(secret, body, now))
    )


async def events_of(shop: Shop, reference: str) -> list[GatewayEvent]:
    since = shop.application.clock.now() - timedelta(days=1)
    page = await sandbox_of(shop).list_events(since=since, limit=100)
    return [event for event in page.events if event.payment_reference == reference]


async def challenged(shop: Shop, counter: Counter) -> tuple[Buyer, str, dict[str, Any], str]:
    """An order whose payment waits for its payer: buyer, order id, payment, and the gateway's reference."""
    buyer = await Buyer.arrive(shop, counter)
    order_id = (await buyer.order())["order_id"]
    payment = await buyer.pay(order_id, "3d_secure")
    assert payment["status"] == "requires_action"
    reference = await shop.fetchval("SELECT gateway_reference FROM shop.payments WHERE id = $1", payment["id"])
    return buyer, order_id, payment, reference


async def captures_of(shop: Shop, order_id: str) -> list[int]:
    rows = await shop.fetch(
        "SELECT amount_minor FROM shop.ledger_postings WHERE order_id = $1 AND account = $2 ORDER BY transaction_id",
        order_id,
        f"order:{order_id}",
    )
    return [row["amount_minor"] for row in rows]


async def test_a_webhook_alone_completes_a_payment(shop: Shop) -> None:
    counter = await open_counter(shop)
    buyer, order_id, payment, reference = await challenged(shop, counter)
    assert payment["next_action"]["client_secret"] == f"{reference}_secret"
    await sandbox_of(shop).complete_action(reference, approve=True)
    event = (await events_of(shop, reference))[0]
    assert (await deliver(shop, event)).json() == {"state": "done"}
    assert (await buyer.read(order_id))["payment_status"] == "paid"
    assert (await deliver(shop, event)).json() == {"state": "done"}
    assert await captures_of(shop, order_id) == [TOTAL_MINOR]
    rows = await shop.fetch("SELECT event_id, deliveries, attempts FROM platform.webhook_inbox")
    assert rows == [{"event_id": event.event_id, "deliveries": 2, "attempts": 1}]


async def test_a_declined_challenge_leaves_the_order_to_be_paid_again(shop: Shop) -> None:
    counter = await open_counter(shop)
    buyer, order_id, payment, reference = await challenged(shop, counter)
    await sandbox_of(shop).complete_action(reference, approve=False)
    confirmed = await buyer.call("POST", f"/api/orders/{order_id}/payments/{payment['id']}/confirmation")
    assert (confirmed["status"], confirmed["decline_code"]) == ("declined", "authentication_failed")
    assert (await buyer.pay(order_id))["status"] == "captured"
    assert (await buyer.read(order_id))["payment_status"] == "paid"


async def test_a_wrong_signature_is_refused_and_nothing_is_kept(shop: Shop) -> None:
    counter = await open_counter(shop)
    _, _, _, reference = await challenged(shop, counter)
    await sandbox_of(shop).complete_action(reference, approve=True)
    refused = await deliver(shop, (await events_of(shop, reference))[0], secret="guessed")
    assert refused.status_code == 403
    assert await shop.fetchval("SELECT count(*) FROM platform.webhook_inbox") == 0
    assert (await shop.client.post("/api/webhooks/nobody", json={})).status_code == 404


async def test_no_secret_of_the_browser_is_written_down(shop: Shop) -> None:
    counter = await open_counter(shop)
    _, _, payment, reference = await challenged(shop, counter)
    secret = payment["next_action"]["client_secret"]
    await deliver(shop, (await events_of(shop, reference))[0])
    for table in ("log.entries", "log.changes", "log.effects", "platform.webhook_inbox", "shop.payments"):
        found = await shop.fetchval(f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%' || $1 || '%'", secret)
        assert found == 0, table


async def test_events_that_never_came_are_read_from_the_gateway(shop: Shop) -> None:
    counter = await open_counter(shop)
    application = shop.application
    buyer, order_id, _, reference = await challenged(shop, counter)
    await sandbox_of(shop).complete_action(reference, approve=True)
    assert await read_missed_events(application.performer, application.services, "sandbox") == 2
    assert (await buyer.read(order_id))["payment_status"] == "paid"
    assert await read_missed_events(application.performer, application.services, "sandbox") == 0
    assert await captures_of(shop, order_id) == [TOTAL_MINOR]


async def test_a_payment_without_news_is_asked_about(shop: Shop) -> None:
    counter = await open_counter(shop)
    application = shop.application
    buyer, order_id, _, reference = await challenged(shop, counter)
    await sandbox_of(shop).complete_action(reference, approve=True)
    assert await ask_about_unsettled(application.performer, application.services) == 0
    application.clock.advance(timedelta(minutes=11))  # pyright: ignore[reportAttributeAccessIssue] - a test's clock
    assert await ask_about_unsettled(application.performer, application.services) == 1
    assert (await buyer.read(order_id))["payment_status"] == "paid"


async def test_a_refund_made_at_the_gateway_itself_waits_for_a_person(shop: Shop) -> None:
    counter = await open_counter(shop)
    buyer = await Buyer.arrive(shop, counter)
    order_id = (await buyer.order())["order_id"]
    payment = await buyer.pay(order_id)
    reference = await shop.fetchval("SELECT gateway_reference FROM shop.payments WHERE id = $1", payment["id"])
    await shop.execute(
        "UPDATE platform.sandbox_payments SET document = jsonb_set(document, '{refunds}', $2) WHERE reference = $1",
        reference,
        [
            {
                "reference": "sbr_elsewhere",
                "payment_reference": reference,
                "status": "succeeded",
                "amount_minor": 100,
                "currency": "EUR",
                "occurred_at": "2026-01-01T00:00:00Z",
            }
        ],
    )
    event = GatewayEvent(
        gateway="sandbox",
        event_id="sbe_elsewhere",
        kind="refund",
        vendor_type="charge.refunded",
        occurred_at=shop.application.clock.now(),
        payment_reference=reference,
    )
    assert (await deliver(shop, event)).json() == {"state": "dead"}
    headers = await shop.staff_headers("support")
    dead = (await shop.client.get("/api/webhook-inbox?state=dead", headers=headers)).json()["items"]
    assert [item["event_id"] for item in dead] == ["sbe_elsewhere"]
    assert dead[0]["last_error"].startswith("refunded_elsewhere: The gateway has refunded 100 of payment ")
    again = await shop.client.post("/api/webhook-inbox/sandbox/sbe_elsewhere/requeue", headers=headers)
    assert (again.json()["state"], again.json()["attempts"]) == ("dead", 1)


async def test_an_event_that_cannot_be_worked_off_is_tried_again_and_ends_dead(shop: Shop) -> None:
    counter = await open_counter(shop)
    _, _, _, reference = await challenged(shop, counter)
    event = (await events_of(shop, reference))[0]
    inbox = Inbox(shop.application.performer, shop.application.services)
    away = GatewayEvent("elsewhere", event.event_id, "payment", event.vendor_type, event.occurred_at, reference)
    payment_id = await shop.fetchval("SELECT id FROM shop.payments")
    await shop.execute(
        "INSERT INTO platform.webhook_inbox (provider, event_id, kind, body, received_at) VALUES ('sandbox', $1, "
        "'refund', $2, now())",
        away.event_id,
        {"payment_id": payment_id, "payment_reference": reference, "refund_id": await refund_of(shop, payment_id)},
    )
    states = [await inbox.work_off("sandbox", away.event_id) for _ in range(MAXIMUM_ATTEMPTS)]
    assert states == ["received"] * (MAXIMUM_ATTEMPTS - 1) + ["dead"]


async def refund_of(shop: Shop, payment_id: str) -> str:
    """A refund in our books that the gateway has never heard of."""
    async with entry(shop) as work:
        refund_id = work.new_id("rfd")
        await work.connection.execute(
            "INSERT INTO shop.refunds (id, payment_id, order_id, currency, amount_minor, reason, status, created_at) "
            "SELECT $1, id, order_id, currency, 1, 'test', 'pending', $3 FROM shop.payments WHERE id = $2",
            refund_id,
            payment_id,
            work.now,
        )
    return refund_id


@pytest.mark.slow
async def test_browser_and_webhooks_race_for_the_same_payment(shop: Shop) -> None:
    """200 times: completion in the browser against one to three deliveries, in any order, at once."""
    counter = await open_counter(shop)
    chance = random.Random(20)
    at_once = asyncio.Semaphore(4)

    async def one_round(seed: int) -> str:
        async with at_once:
            return await race(shop, counter, random.Random(seed))

    orders = await asyncio.gather(*(one_round(chance.randrange(2**32)) for _ in range(ROUNDS)))
    rows = await shop.fetch("SELECT id, payment_status FROM shop.orders")
    assert {row["id"] for row in rows} == set(orders)
    assert {row["payment_status"] for row in rows} == {"paid"}
    captures = await shop.fetch(
        "SELECT order_id, count(*) AS number, sum(amount_minor)::bigint AS amount FROM shop.ledger_postings "
        "WHERE amount_minor > 0 GROUP BY order_id"
    )
    assert [(row["number"], row["amount"]) for row in captures] == [(1, TOTAL_MINOR)] * ROUNDS
    at_provider = await shop.fetch(
        "SELECT document ->> 'order_id' AS order_id, document ->> 'captured_minor' AS captured "
        "FROM platform.sandbox_payments"
    )
    assert sorted(row["order_id"] for row in at_provider) == sorted(orders)
    assert {row["captured"] for row in at_provider} == {str(TOTAL_MINOR)}
    assert await shop.fetchval("SELECT count(*) FROM log.effects WHERE kind = 'mail.order_placed'") == ROUNDS
    assert await shop.fetchval("SELECT count(*) FROM shop.reservations WHERE expires_at IS NOT NULL") == 0
    assert [checked.name for checked in await check_invariants(shop.application.database) if checked.violations] == []


async def race(shop: Shop, counter: Counter, chance: random.Random) -> str:
    buyer, order_id, payment, reference = await challenged(shop, counter)
    await sandbox_of(shop).complete_action(reference, approve=True)
    events = await events_of(shop, reference)
    deliveries = [chance.choice(events) for _ in range(chance.randint(0, 2))] + [events[0]]
    chance.shuffle(deliveries)

    async def browser() -> None:
        await asyncio.sleep(chance.random() * 0.01)
        await buyer.call("POST", f"/api/orders/{order_id}/payments/{payment['id']}/confirmation")

    async def gateway(event: GatewayEvent) -> None:
        await asyncio.sleep(chance.random() * 0.01)
        assert (await deliver(shop, event)).status_code == 200

    racers = [browser(), *(gateway(event) for event in deliveries)]
    chance.shuffle(racers)
    await asyncio.gather(*racers)
    return order_id
