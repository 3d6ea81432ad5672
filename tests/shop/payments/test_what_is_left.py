"""Giving back a payment: never more than is left of it, whoever composes the refund, and never nothing."""

import pytest

from bottega.kernel.errors import Conflict
from bottega.shop.orders.actions import lock_order
from bottega.shop.payments.refunds import lock_payments, refund
from tests.gateway.checkout import TOTAL_MINOR, Buyer, open_counter
from tests.shop.entries import entry
from tests.shop_fixtures import Shop


async def give_back(shop: Shop, order_id: str, amount_minor: int) -> str:
    async with entry(shop) as work:
        await lock_order(work, order_id)
        (payment,) = await lock_payments(work, order_id)
        return await refund(work, payment, amount_minor, "late")


async def test_no_more_than_is_left_and_never_nothing(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    await buyer.pay(order_id)
    await give_back(shop, order_id, 100)
    for amount_minor in (TOTAL_MINOR - 99, TOTAL_MINOR, 0, -1):
        with pytest.raises(Conflict) as refused:
            await give_back(shop, order_id, amount_minor)
        assert (refused.value.code, refused.value.details) == (
            "more_than_refundable",
            {"refundable_minor": TOTAL_MINOR - 100},
        )
    await give_back(shop, order_id, TOTAL_MINOR - 100)
    assert await shop.fetchval("SELECT refunded_minor FROM shop.payments") == TOTAL_MINOR
    assert await shop.fetchval("SELECT count(*) FROM shop.refunds") == 2
