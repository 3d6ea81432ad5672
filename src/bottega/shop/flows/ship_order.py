"""Shipping an order, in one parcel or several, and its arrival."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.errors import Conflict, Invalid, NotFound
from bottega.kernel.identifiers import OrderId, OrderLineId, ShipmentId
from bottega.platform.database.pool import Row
from bottega.shop.flows.capture_on_shipment import capture_for_shipment
from bottega.shop.orders.actions import change_status, lock_order, order_facts
from bottega.shop.orders.errors import not_open
from bottega.shop.shipping.actions import mark_delivered, mark_lost, record_shipment
from bottega.shop.stock.actions import ship


class ShippedLine(BaseModel):
    """Units of one order line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line_id: OrderLineId
    quantity: Annotated[int, Field(ge=1, le=9999)]


class ShipOrder(Action):
    """Sends everything that is left, or the lines named, as one shipment."""

    groups: ClassVar[tuple[str, ...]] = ("shipments", "orders")
    order_id: OrderId
    lines: Annotated[tuple[ShippedLine, ...], Field(max_length=500)] | None = None
    carrier: Annotated[str, Field(max_length=60)] = ""
    tracking_number: Annotated[str, Field(max_length=100)] = ""


class EndShipment(Action):
    """A shipment arrived (or was collected), or the carrier lost it."""

    groups: ClassVar[tuple[str, ...]] = ("shipments", "orders")
    shipment_id: ShipmentId
    outcome: Literal["delivered", "lost"] = "delivered"


@handles(ShipOrder, facts=order_facts)
async def ship_order(action: ShipOrder, work: Work) -> dict[str, Any]:
    """Take the goods out of stock, write the shipment, capture what was only authorised, tell the customer."""
    order = await lock_order(work, action.order_id)
    if order["status"] != "open":
        raise not_open(order["number"], order["status"])
    if order["payment_status"] not in ("authorised", "paid", "partially_refunded"):
        raise Conflict(
            "order_unpaid",
            f"Order {order['number']} is not paid.",
            next_step="Wait for the payment, or record it.",
            payment_status=order["payment_status"],
        )
    rows = await work.connection.fetch(
        "SELECT id, quantity - shipped - cancelled AS left FROM shop.order_lines WHERE order_id = $1 ORDER BY position",
        order["id"],
    )
    lines = _what_leaves(order, rows, action.lines)
    shipment_id = await record_shipment(work, order["id"], lines, action.carrier, action.tracking_number)
    await ship(work, order["id"], lines, shipment_id)
    await work.connection.execute(
        "UPDATE shop.order_lines l SET shipped = shipped + t.quantity "
        "FROM unnest($1::text[], $2::int[]) AS t (id, quantity) WHERE l.id = t.id",
        [line for line, _ in lines],
        [quantity for _, quantity in lines],
    )
    everything = sum(row["left"] for row in rows) == sum(quantity for _, quantity in lines)
    await capture_for_shipment(work, order)
    order = await lock_order(work, action.order_id)
    await change_status(work, order, fulfilment_status="shipped" if everything else "partially_shipped")
    await work.intend(
        "mail.shipped", {"order_id": order["id"], "shipment_id": shipment_id}, key=f"mail.shipped:{shipment_id}"
    )
    return {"order_id": order["id"], "shipment_id": shipment_id, "complete": everything}


def _what_leaves(order: Row, rows: Sequence[Row], wanted: Sequence[ShippedLine] | None) -> list[tuple[str, int]]:
    left = {row["id"]: row["left"] for row in rows}
    if wanted is None:
        lines = [(line, quantity) for line, quantity in left.items() if quantity > 0]
    else:
        lines = [(line.line_id, line.quantity) for line in wanted]
    if not lines:
        raise Conflict("nothing_to_ship", f"Order {order['number']} has nothing left to ship.")
    if len({line for line, _ in lines}) != len(lines):
        raise Invalid("line_twice", "A line is named twice.", next_step="Name each line once.")
    for line, quantity in lines:
        if line not in left:
            raise NotFound("no_such_line", f"Order {order['number']} has no line {line}.", next_step="Read the order.")
        if quantity > left[line]:
            raise Conflict(
                "more_than_left",
                f"Line {line} has {left[line]} left to ship.",
                next_step="Ship no more than that.",
                left=left[line],
            )
    return lines


async def _shipment_facts(action: EndShipment, work: Work) -> Facts:
    order_id = await work.connection.fetchval("SELECT order_id FROM shop.shipments WHERE id = $1", action.shipment_id)
    if order_id is None:
        raise NotFound("no_such_shipment", f"There is no shipment {action.shipment_id}.", next_step="Read the order.")
    work.loaded["order_id"] = order_id
    order = await lock_order(work, order_id)
    return {"own": order["customer_id"] == work.actor.customer_id, "shipped": True}


_ARRIVED = """
SELECT coalesce(bool_and(s.state = 'delivered'), false)
   AND NOT EXISTS (SELECT FROM shop.order_lines l WHERE l.order_id = $1 AND l.shipped + l.cancelled < l.quantity)
FROM shop.shipments s WHERE s.order_id = $1 AND s.state <> 'lost'"""


@handles(EndShipment, facts=_shipment_facts)
async def end_shipment(action: EndShipment, work: Work) -> dict[str, Any]:
    """The order is delivered, and complete when it is paid, once every parcel has arrived."""
    order_id: str = work.loaded["order_id"]
    if action.outcome == "lost":
        await mark_lost(work, action.shipment_id)
        return {"order_id": order_id, "shipment_id": action.shipment_id, "delivered": False}
    await mark_delivered(work, action.shipment_id)
    arrived = await work.connection.fetchval(_ARRIVED, order_id)
    if arrived:
        order = await lock_order(work, order_id)
        complete = order["payment_status"] in ("paid", "partially_refunded", "refunded")
        await change_status(
            work, order, fulfilment_status="delivered", status="completed" if complete else order["status"]
        )
    return {"order_id": order_id, "shipment_id": action.shipment_id, "delivered": bool(arrived)}
