"""Giving back everything an order was paid: refunds of what was captured, voids of what was only authorised."""

from collections.abc import Mapping
from typing import Any, ClassVar

from bottega.actions.action import Action
from bottega.actions.actor import system
from bottega.actions.registry import handles
from bottega.actions.work import Work
from bottega.kernel.identifiers import OrderId, PaymentId
from bottega.platform.database.pool import Row
from bottega.platform.jobs import job
from bottega.shop.flows.job_context import ShopJobs
from bottega.shop.orders.actions import change_status, lock_order
from bottega.shop.payments.refunds import lock_payments, refund, refundable_minor, void


class GiveBackPayments(Action):
    """Returns what came in for an order that had ended before the money arrived, or was paid twice."""

    groups: ClassVar[tuple[str, ...]] = ("system",)
    order_id: OrderId
    payment_id: PaymentId | None = None


async def give_back_payments(work: Work, order: Row, reason: str) -> int:
    """Refunds and voids all payments of a locked order; returns the minor units that are on their way back.

    A payment whose gateway has not answered yet is left alone: when its answer comes, it is given back then.
    """
    refunded = 0
    for payment in await lock_payments(work, order["id"]):
        left = refundable_minor(payment)
        if left > 0:
            await refund(work, payment, left, reason)
            refunded += left
        elif payment["status"] in ("requires_action", "processing", "authorised"):
            await void(work, payment, reason)
    if refunded:
        await refund_status(work, order)
    return refunded


async def refund_status(work: Work, order: Row) -> None:
    """Brings a paid order's payment status up to its refunds, those under way included.

    An order whose payments still cover its total is paid, also when one of several was given back.
    """
    if order["payment_status"] not in ("paid", "partially_refunded", "refunded"):
        return
    sums = await work.connection.fetchrow(
        "SELECT coalesce(sum(captured_minor), 0)::bigint AS captured, coalesce(sum(refunded_minor), 0)::bigint AS gone "
        "FROM shop.payments WHERE order_id = $1",
        order["id"],
    )
    assert sums is not None, "an aggregate always has a row"
    if sums["gone"] == 0 or 0 < order["total_minor"] <= sums["captured"] - sums["gone"]:
        after = "paid"
    else:
        after = "refunded" if sums["gone"] >= sums["captured"] else "partially_refunded"
    await change_status(work, order, payment_status=after)


@handles(GiveBackPayments)
async def give_back_late_payments(action: GiveBackPayments, work: Work) -> dict[str, Any]:
    """Everything when the order has ended; else what its payments hold beyond its total, out of the one named."""
    order = await lock_order(work, action.order_id)
    if order["status"] == "cancelled":
        refunded = await give_back_payments(work, order, "the order had been cancelled")
    else:
        refunded = await _give_back_excess(work, order, action.payment_id)
    return {"order_id": order["id"], "refunded_minor": refunded}


async def _give_back_excess(work: Work, order: Row, payment_id: str | None) -> int:
    payments = await lock_payments(work, order["id"])
    excess = sum(refundable_minor(payment) for payment in payments) - order["total_minor"]
    refunded = 0
    for payment in payments:
        part = min(excess, refundable_minor(payment))
        if payment["id"] == payment_id and part > 0:
            await refund(work, payment, part, "the order was paid already")
            refunded = part
    if refunded:
        await refund_status(work, order)
    return refunded


@job("payments.give_back", maximum_attempts=10)
async def give_back_job(context: ShopJobs, payload: Mapping[str, Any]) -> None:
    """Left by whoever records money that the order is not owed."""
    action = GiveBackPayments(order_id=payload["order_id"], payment_id=payload.get("payment_id"))
    (await context.performer.perform(action, by=system("payments"))).unwrap()
