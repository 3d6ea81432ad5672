"""How far an order has come, in the words of a shopper, and what they can still do about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bottega.shop.orders.model import Order


@dataclass(frozen=True, slots=True)
class Step:
    """One stage on the way of an order; `at` once it was reached."""

    title: str
    at: datetime | None
    is_reached: bool


def steps_of(order: Order, history: Sequence[Mapping[str, Any]]) -> list[Step]:
    """Ordered, paid, sent, arrived; or where it ended instead."""
    paid = order.payment_status not in ("awaiting", "voided")
    sent = order.fulfilment_status in ("partially_shipped", "shipped", "delivered")
    steps = [
        Step("Ordered", order.placed_at, is_reached=True),
        Step("Paid", _when(history, "payment_status", ("paid", "authorised")), paid),
    ]
    if order.status == "cancelled":
        return [step for step in steps if step.is_reached] + [
            Step("Cancelled", _when(history, "status", ("cancelled",)), is_reached=True)
        ]
    partly = order.fulfilment_status == "partially_shipped"
    shipped_at = _when(history, "fulfilment_status", ("partially_shipped", "shipped"))
    steps.append(Step("Partly sent" if partly else "Sent", shipped_at, sent))
    delivered_at = _when(history, "fulfilment_status", ("delivered",))
    steps.append(Step("Arrived", delivered_at, order.fulfilment_status == "delivered"))
    return steps


def can_cancel(order: Order) -> bool:
    """Before anything has left."""
    return order.status in ("open", "held") and order.fulfilment_status == "unfulfilled"


def can_return(order: Order, now: datetime, window: timedelta) -> bool:
    """Once something has arrived, as long as the shop takes it back, and while something is left to send back."""
    until = return_until(order, window)
    return until is not None and now <= until and any(line.shipped > line.returned for line in order.lines)


def return_until(order: Order, window: timedelta) -> datetime | None:
    """Until when the shop takes it back; nothing before something has arrived."""
    arrived = [
        datetime.fromisoformat(shipment["delivered_at"]) for shipment in order.shipments if shipment["delivered_at"]
    ]
    return max(arrived) + window if arrived else None


def _when(history: Sequence[Mapping[str, Any]], column: str, values: Sequence[str]) -> datetime | None:
    """When the order first had one of these values."""
    return next((entry["recorded_at"] for entry in history if entry[column] in values), None)
