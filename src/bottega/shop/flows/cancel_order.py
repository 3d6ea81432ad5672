"""Cancelling an order before shipment: stock goes back, coupons go back, money goes back."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.identifiers import OrderId
from bottega.platform.database.pool import Row
from bottega.shop import shop_settings
from bottega.shop.flows.give_back import give_back_payments
from bottega.shop.flows.given_reason import check_reason
from bottega.shop.orders.actions import change_status, lock_order, order_facts
from bottega.shop.orders.errors import not_open, shipped_already
from bottega.shop.promotions.actions import give_back
from bottega.shop.stock.actions import release


class CancelOrder(Action):
    """Ends an order of which nothing has left yet; what was paid goes back to the instruments it came from."""

    groups: ClassVar[tuple[str, ...]] = ("own", "orders", "cancellations")
    order_id: OrderId
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class ExpireOrder(Action):
    """Ends an order that was not paid in time."""

    groups: ClassVar[tuple[str, ...]] = ("system",)
    order_id: OrderId


async def cancel_facts(action: CancelOrder, work: Work) -> Facts:
    """Those of an order, how often its items were changed, and the reason that was given."""
    facts = await order_facts(action, work)
    check_reason(work.actor, action.reason, (await shop_settings.current(work.connection)).cancellation_reasons)
    order = await lock_order(work, action.order_id)
    return {**facts, "order_status": order["status"], "amendments": order["amendments"], "reason": action.reason}


@handles(CancelOrder, facts=cancel_facts)
async def cancel_order(action: CancelOrder, work: Work) -> dict[str, Any]:
    order = await lock_order(work, action.order_id)
    if order["status"] not in ("open", "held"):
        raise not_open(order["number"], order["status"])
    if order["fulfilment_status"] != "unfulfilled":
        raise shipped_already(order["number"])
    return await end_order(work, order, action.reason)


@handles(ExpireOrder)
async def expire_order(action: ExpireOrder, work: Work) -> dict[str, Any]:
    """Does nothing when the order was paid or ended meanwhile."""
    order = await lock_order(work, action.order_id)
    due_at = order["payment_due_at"]
    is_due = due_at is not None and due_at <= work.now
    if order["status"] not in ("open", "held") or order["payment_status"] != "awaiting" or not is_due:
        return {"order_id": order["id"], "expired": False}
    return {**await end_order(work, order, "not paid in time"), "expired": True}


async def end_order(work: Work, order: Row, reason: str) -> dict[str, Any]:
    """Release stock and coupons, cancel, and give the money back; works on a locked order without shipments."""
    released = await release(work, order["id"])
    await give_back(work, order["id"])
    await work.connection.execute(
        "WITH ended AS (UPDATE shop.order_lines SET cancelled = quantity - shipped WHERE order_id = $1) "
        "UPDATE shop.orders SET cancel_reason = $2 WHERE id = $1",
        order["id"],
        reason,
    )
    refunded = await give_back_payments(work, order, reason)
    # Giving back has moved the payment status of a paid order already.
    order = await lock_order(work, order["id"])
    voided = order["payment_status"] in ("awaiting", "authorised")
    await change_status(work, order, status="cancelled", payment_status="voided" if voided else order["payment_status"])
    await work.intend("mail.cancelled", {"order_id": order["id"]}, key=f"mail.cancelled:{order['id']}")
    return {"order_id": order["id"], "status": "cancelled", "released_units": released, "refunded_minor": refunded}
