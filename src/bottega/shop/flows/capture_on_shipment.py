"""Taking the money when the goods leave, where the shop captures by hand."""

from bottega.actions.work import Work
from bottega.platform.database.pool import Row
from bottega.shop.payments.refunds import lock_payments

CAPTURE = "payment.capture"


async def capture_for_shipment(work: Work, order: Row) -> int:
    """Captures what a locked order still owes, with its first parcel; returns the minor units asked for.

    A gateway captures a payment once and releases the rest, so everything that the order comes to is taken with the
    first parcel, and no more than that when the order has become cheaper than what was authorised.
    """
    payments = await lock_payments(work, order["id"])
    owed = order["total_minor"] - sum(payment["captured_minor"] for payment in payments)
    asked = 0
    for payment in payments:
        amount = min(owed - asked, payment["authorised_minor"])
        if payment["status"] != "authorised" or amount <= 0:
            continue
        if await capture(work, payment, amount):
            asked += amount
    return asked


async def capture(work: Work, payment: Row, amount_minor: int) -> bool:
    """Intends the one capture of a locked, authorised payment; False when it was intended before."""
    key = f"capture:{payment['id']}"
    if await work.intends(key):
        return False
    await work.intend(
        CAPTURE,
        {
            "payment_id": payment["id"],
            "order_id": payment["order_id"],
            "gateway": payment["gateway"],
            "reference": payment["gateway_reference"],
            "amount_minor": amount_minor,
            "currency": payment["currency"],
        },
        key=key,
    )
    return True
