"""Mail about orders: written when it is sent, once per event, never to somebody who was forgotten."""

import re
from typing import Any

from bottega.ports.mailer import Mailer
from bottega.shop.flows.cancel_order import CancelOrder
from bottega.shop.flows.refund_order import RefundOrder
from bottega.shop.flows.return_order import RequestReturn, ReturnedLine
from bottega.shop.flows.ship_order import EndShipment, ShipOrder
from tests.gateway.checkout import bought, open_counter
from tests.gateway.test_payments import drive
from tests.shop.entries import entry
from tests.shop_fixtures import Shop


async def outbox(shop: Shop) -> list[dict[str, Any]]:
    return await shop.fetch("SELECT recipient, subject, text, message_id FROM platform.outbox_mail ORDER BY sent_at")


async def test_an_order_that_is_paid_shipped_and_refunded_writes_three_mails(shop: Shop) -> None:
    buyer, order_id = await bought(shop, await open_counter(shop))
    number = (await buyer.read(order_id))["number"]
    await drive(shop)
    await shop.done(ShipOrder(order_id=order_id, carrier="DHL", tracking_number="00340"))
    await drive(shop)
    await shop.done(RefundOrder(order_id=order_id, amount_minor=1000, reason="late"))
    await drive(shop)
    mails = await outbox(shop)
    assert [mail["subject"] for mail in mails] == [
        f"Your order {number} – Bottega",
        f"Order {number} has been shipped – Bottega",
        f"Refund for order {number} – Bottega",
    ]
    assert {mail["recipient"] for mail in mails} == {"ada@example.com"}
    assert mails[0]["text"] == (
        "Hello Ada Prova,\n\n"
        "thank you for your order. We have received your payment and are getting it ready.\n\n"
        "2 × jacket-m (JACKET-M)\n1 × stove-1 (STOVE-1)\n\n"
        "Total: 310.20 EUR\n\n"
        "Bottega\nQuestions? shop@example.org\n"
    )
    assert "DHL 00340" in mails[1]["text"]
    assert "we are giving you back 10.00 EUR of your order" in mails[2]["text"]


async def test_a_cancelled_order_says_why(shop: Shop) -> None:
    _, order_id = await bought(shop, await open_counter(shop))
    await shop.done(CancelOrder(order_id=order_id, reason="ordered twice"))
    await drive(shop)
    cancelled = [mail for mail in await outbox(shop) if "cancelled" in mail["subject"]]
    assert len(cancelled) == 1
    assert "Reason: ordered twice." in cancelled[0]["text"]


async def test_a_return_tells_how_far_it_is(shop: Shop) -> None:
    buyer, order_id = await bought(shop, await open_counter(shop))
    shipped = await shop.done(ShipOrder(order_id=order_id))
    await shop.done(EndShipment(shipment_id=shipped["shipment_id"]))
    line = (await buyer.read(order_id))["lines"][0]
    lines = (ReturnedLine(line_id=line["id"], quantity=1, reason="too small"),)
    made = await shop.done(RequestReturn(order_id=order_id, lines=lines))
    await drive(shop)
    (mail,) = [mail for mail in await outbox(shop) if "return" in mail["subject"]]
    assert mail["subject"] == f"Your return {made['number']} – Bottega"
    assert "we have received your request" in mail["text"]


async def test_nobody_writes_to_a_customer_who_was_forgotten(shop: Shop) -> None:
    _, order_id = await bought(shop, await open_counter(shop))
    async with entry(shop) as work:
        await work.connection.execute("DELETE FROM vault.values")
    await drive(shop)
    assert await outbox(shop) == []
    effects = await shop.fetch("SELECT state, last_error FROM log.effects WHERE kind = 'mail.order_placed'")
    assert effects == [{"state": "cancelled", "last_error": "The customer was forgotten or left no address."}]
    assert await shop.fetchval("SELECT count(*) FROM log.effects WHERE payload::text LIKE '%ada@%'") == 0
    assert order_id


async def test_a_mail_names_no_person_in_the_effect(shop: Shop) -> None:
    await bought(shop, await open_counter(shop))
    await drive(shop)
    assert shop.application.services.names(Mailer) == ["default"]
    rows = await shop.fetch("SELECT payload::text || coalesce(outcome::text, '') AS text FROM log.effects")
    assert rows
    assert not [row for row in rows if re.search(r"\bada\b", row["text"], re.IGNORECASE)]
