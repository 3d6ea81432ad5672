"""Giving back all that an order was paid: voiding what is only authorised, refunding what was captured."""

from bottega.actions.work import Work
from bottega.platform.database.pool import Row
from bottega.shop.orders.actions import change_status, lock_order
from bottega.shop.payments.refunds import VOID, refund, refundable_minor


async def give_back_payments(work: Work, order: Row, reason: str) -> int:
    """Voids or refunds every payment of a locked order; returns the minor units that go back."""
    payments = await work.connection.fetch(
        "SELECT * FROM shop.payments WHERE order_id = $1 AND status IN ('authorised', 'captured', 'processing') "
        "ORDER BY id FOR UPDATE",
        order["id"],
    )
    given_back = 0
    for payment in payments:
        left = refundable_minor(payment)
        if left > 0:
            await refund(work, payment, left, reason)
            given_back += left
        elif payment["status"] == "authorised" and payment["captured_minor"] == 0:
            await work.intend(
                VOID,
                {
                    "payment_id": payment["id"],
                    "gateway": payment["gateway"],
                    "reference": payment["gateway_reference"],
                    "reason": reason,
                },
                key=f"void:{payment['id']}",
            )
    if given_back and order["payment_status"] in ("paid", "partially_refunded"):
        await change_status(work, order, payment_status="refunded")
        await lock_order(work, order["id"])
    return given_back


async def refund_status(work: Work, order: Row) -> None:
    """Brings a paid order's payment status up to its refunds."""
    sums = await work.connection.fetchrow(
        "SELECT coalesce(sum(captured_minor), 0)::bigint AS captured, coalesce(sum(refunded_minor), 0)::bigint AS gone "
        "FROM shop.payments WHERE order_id = $1",
        order["id"],
    )
    assert sums is not None, "an aggregate always has a row"
    if order["payment_status"] not in ("paid", "partially_refunded", "refunded"):
        return
    if sums["gone"] == 0:
        after = "paid"
    else:
        after = "refunded" if sums["gone"] >= sums["captured"] else "partially_refunded"
    await change_status(work, order, payment_status=after)
