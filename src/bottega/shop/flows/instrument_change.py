"""The end of a change of instrument: once the new one has paid, what had paid before goes back, once."""

from bottega.actions.work import Work
from bottega.shop.flows.give_back import refund_status
from bottega.shop.orders.actions import lock_order
from bottega.shop.orders.amendments import end_amendment
from bottega.shop.payments.refunds import lock_payments, refund, refundable_minor, void

REASON = "paid with another instrument"


async def give_back_replaced(work: Work, order_id: str, payment_id: str) -> list[str]:
    """Refunds and voids all payments of an order but the one that took their place; returns the refunds."""
    order = await lock_order(work, order_id)
    refunds: list[str] = []
    for payment in await lock_payments(work, order_id):
        if payment["id"] == payment_id:
            continue
        left = refundable_minor(payment)
        if left > 0:
            refunds.append(await refund(work, payment, left, REASON))
        elif payment["status"] in ("requires_action", "processing", "authorised"):
            await void(work, payment, REASON)
    await end_amendment(work, payment_id, "done", refunds)
    if refunds:
        await refund_status(work, order)
    return refunds


async def conclude_instrument_change(work: Work, order_id: str, payment_id: str, status: str) -> bool:
    """Called with every news of a payment for an order that others cover; returns whether it was such a change."""
    if status not in ("authorised", "captured", "declined", "voided"):
        return False
    waiting = await work.connection.fetchval(
        "SELECT id FROM shop.order_amendments WHERE payment_id = $1 AND kind = 'instrument' AND state = 'pending'",
        payment_id,
    )
    if waiting is None:
        return False
    if status in ("authorised", "captured"):
        await give_back_replaced(work, order_id, payment_id)
    else:
        await end_amendment(work, payment_id, "failed", [])
    return True
