"""Random walks through paying, shipping, refunding and cancelling with every sandbox card: the books always agree."""

import random
from typing import Any

import pytest

from bottega.shop.flows.bank_transfer import ConfirmBankTransfer
from bottega.shop.flows.cancel_order import CancelOrder
from bottega.shop.flows.give_back import give_back_job
from bottega.shop.flows.refund_order import RefundOrder
from bottega.shop.flows.ship_order import ShipOrder
from bottega.shop.shop_settings import ChangeShopSettings
from tests.gateway.checkout import Buyer, Counter, open_counter
from tests.gateway.test_payments import drive
from tests.shop.payments.test_overpaid import violated
from tests.shop_fixtures import Shop

CARDS = (
    "success",
    "declined",
    "fails_after_effect",
    "fails_before_effect",
    "unavailable_twice",
    "capture_fails_after_effect",
    "capture_refused",
    "refund_fails_after_effect",
    "refund_unavailable_twice",
    "refund_refused",
)
STEPS = 14


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
async def test_the_books_agree_after_any_walk(shop: Shop, seed: int) -> None:
    chance = random.Random(seed)
    await shop.done(ChangeShopSettings(values={"capture_mode": chance.choice(("automatic", "manual"))}))
    counter = await open_counter(shop)
    orders = [await started(shop, counter) for _ in range(3)]
    for _ in range(STEPS):
        buyer, order_id = chance.choice(orders)
        await step(shop, chance, buyer, order_id)
        assert await violated(shop) == {}
    for _ in range(4):
        await drive(shop)
    for job in await shop.fetch("SELECT payload FROM platform.jobs WHERE name = 'payments.give_back'"):
        await give_back_job(shop.application, job["payload"])
    await drive(shop)
    assert await violated(shop) == {}
    assert await unaccounted(shop) == []


async def started(shop: Shop, counter: Counter) -> tuple[Buyer, str]:
    buyer = await Buyer.arrive(shop, counter)
    return buyer, (await buyer.order())["order_id"]


async def step(shop: Shop, chance: random.Random, buyer: Buyer, order_id: str) -> None:
    """One thing that somebody does; most are refused in most states, and then nothing may change."""
    match chance.randrange(7):
        case 0 | 1:
            body = {"method": "card", "token": f"sandbox_card_{chance.choice(CARDS)}"}
            amount = chance.choice((None, None, 5000))
            await attempt(buyer, f"/api/orders/{order_id}/payments", {**body, "amount_minor": amount})
        case 2:
            await attempt(buyer, f"/api/orders/{order_id}/payments", {"method": "bank_transfer"})
            waiting = await shop.fetch(
                "SELECT id FROM shop.payments WHERE order_id = $1 AND status = 'processing'", order_id
            )
            for payment in waiting:
                await shop.perform(ConfirmBankTransfer(payment_id=payment["id"]))
        case 3:
            await shop.perform(ShipOrder(order_id=order_id))
        case 4:
            await shop.perform(RefundOrder(order_id=order_id, amount_minor=chance.choice((None, 700)), reason="walk"))
        case 5:
            await shop.perform(CancelOrder(order_id=order_id, reason="walk"))
        case _:
            await drive(shop)


async def attempt(buyer: Buyer, path: str, body: dict[str, Any]) -> None:
    headers = {**buyer.headers, "Idempotency-Key": str(random.random())}
    answered = await buyer.shop.client.post(path, json=body, headers=headers)
    assert answered.status_code in (201, 403, 409, 422), answered.text


async def unaccounted(shop: Shop) -> list[dict[str, Any]]:
    """Payments whose ledger account is not what was captured less what was given back."""
    return await shop.fetch(
        "SELECT p.id, p.captured_minor, p.refunded_minor, l.balance FROM shop.payments p LEFT JOIN ("
        "  SELECT payment_id, sum(amount_minor) AS balance FROM shop.ledger_postings "
        "  WHERE account LIKE 'order:%' GROUP BY 1) l ON l.payment_id = p.id "
        "WHERE coalesce(l.balance, 0) <> p.captured_minor - (SELECT coalesce(sum(r.amount_minor), 0) "
        "  FROM shop.refunds r WHERE r.payment_id = p.id AND r.status = 'succeeded')"
    )
