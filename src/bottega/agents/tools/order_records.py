"""An order as tools show it to its customer: what is in it, how it stands, and what may still be done with it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bottega.actions.actor import Actor
from bottega.agents.tools.payment_page import PaymentPages
from bottega.platform.database.pool import Connection
from bottega.shop import shop_settings
from bottega.shop.orders.errors import no_such_order
from bottega.shop.orders.model import Order, OrderLine
from bottega.shop.orders.queries import get_order, list_orders
from bottega.shop.shop_settings import ShopSettings

ORDERS_LISTED = 10
LINES_NAMED = 20
NOTES_SHOWN = 10
_SHOWN = {
    "id",
    "number",
    "status",
    "payment_status",
    "fulfilment_status",
    "placed_at",
    "payment_due_at",
    "currency",
    "net_minor",
    "discount_minor",
    "shipping_minor",
    "tax_minor",
    "total_minor",
    "coupon_code",
    "email",
    "shipping_address",
    "country",
    "lines",
    "returns",
}
_SHOWN_OF_LINE = {
    "id",
    "variant_id",
    "product_id",
    "sku",
    "title",
    "option_values",
    "quantity",
    "unit_price_minor",
    "shipped",
    "returned",
    "cancelled",
}
_HIDDEN_OF_LINE = set(OrderLine.model_fields) - _SHOWN_OF_LINE
_SHIPMENT = ("id", "carrier", "tracking_number", "state", "shipped_at", "delivered_at", "lines")
_REFUND = ("id", "amount_minor", "currency", "status", "created_at")


async def order_shown(
    connection: Connection, actor: Actor, order_id: str, now: datetime, pages: PaymentPages
) -> dict[str, Any]:
    """The order, from the actor's own."""
    order = await get_order(connection, actor, order_id)
    settings = await shop_settings.current(connection)
    beside = await connection.fetchrow(_BESIDE, order_id)
    assert beside is not None, "the order was just read"
    shown = order.model_dump(mode="json", include=_SHOWN, exclude={"lines": {"__all__": _HIDDEN_OF_LINE}})
    shown["shipping_method"] = beside["shipping_method"]
    payments: list[dict[str, Any]] = beside["payments"] or []
    shown["payments"] = payments
    shown["shipments"] = [{name: one[name] for name in _SHIPMENT} for one in order.shipments]
    shown["refunds"] = [{name: one[name] for name in _REFUND} for one in order.refunds]
    shown["may"] = _may(order, settings, now)
    shown["payment_page"] = pages.address(order.id, now) if _wants_payment(order, payments) else None
    return shown


async def orders_shown(connection: Connection, actor: Actor, *, customer_id: str | None = None) -> list[dict[str, Any]]:
    """The newest orders with the titles of what is in them."""
    orders = await list_orders(connection, actor, customer_id=customer_id, limit=ORDERS_LISTED)
    titles = await connection.fetch(_TITLES, [order.id for order in orders], LINES_NAMED)
    by_order = {row["order_id"]: row["titles"] for row in titles}
    exclude = {"customer_id", "channel"}
    return [
        {**order.model_dump(mode="json", exclude=exclude), "titles": by_order.get(order.id, [])} for order in orders
    ]


async def notes_of(connection: Connection, order_id: str, author: str | None = None) -> list[dict[str, Any]]:
    """The newest notes of an order, oldest first; only those of one author if one is named."""
    rows = await connection.fetch(_NOTES, order_id, NOTES_SHOWN, author)
    return [{"text": row["text"], "created_at": row["created_at"].isoformat()} for row in reversed(rows)]


async def find_order_id(connection: Connection, actor: Actor, number: str) -> str:
    """The actor's own order of a number, as people type it; raises `no_such_order` for anybody else's."""
    wanted = "".join(number.split()).upper()
    order_id = await connection.fetchval(_BY_NUMBER, actor.customer_id or "", wanted, f"B-{wanted.lstrip('#')}")
    if order_id is None:
        raise no_such_order(number.strip()[:40])
    return order_id


async def newest_order_id(connection: Connection, actor: Actor) -> str | None:
    """The customer's newest order."""
    return await connection.fetchval(
        "SELECT id FROM shop.orders WHERE customer_id = $1 ORDER BY id DESC LIMIT 1", actor.customer_id or ""
    )


def _may(order: Order, settings: ShopSettings, now: datetime) -> dict[str, Any]:
    """What the state allows, with the reasons to choose from; the rules of the shop may still refuse it."""
    is_open = order.status in ("open", "held") and order.fulfilment_status == "unfulfilled"
    arrived = [datetime.fromisoformat(one["delivered_at"]) for one in order.shipments if one["delivered_at"]]
    until = max(arrived) + timedelta(days=settings.return_window_days) if arrived else None
    return {
        "cancel": is_open,
        "amend": is_open,
        "send_back": until is not None and now <= until,
        "send_back_until": None if until is None else until.date().isoformat(),
        "send_back_days": settings.return_window_days,
        "cancellation_reasons": list(settings.cancellation_reasons) if is_open else [],
        "return_reasons": list(settings.return_reasons) if until is not None else [],
    }


def _wants_payment(order: Order, payments: Sequence[Mapping[str, Any]]) -> bool:
    is_open = order.status == "open" and order.payment_status == "awaiting"
    return is_open and not any(payment["kind"] == "bank_transfer" for payment in payments)


_BESIDE = """
SELECT (SELECT m.name FROM shop.shipping_methods m WHERE m.id = o.shipping_method_id) AS shipping_method,
       (SELECT jsonb_agg(jsonb_build_object(
            'id', p.id, 'kind', p.kind, 'status', p.status, 'amount_minor', p.amount_minor,
            'captured_minor', p.captured_minor, 'refunded_minor', p.refunded_minor, 'currency', p.currency,
            'decline_code', p.decline_code, 'instrument_id', i.id, 'brand', i.brand, 'last_four', i.last_four,
            'balance_minor', (SELECT g.balance_minor FROM shop.gift_cards g WHERE g.id = p.gift_card_id))
            ORDER BY p.id)
        FROM shop.payments p LEFT JOIN shop.instruments i
          ON i.id = coalesce(p.instrument_id, (SELECT g.id FROM shop.instruments g
                WHERE g.gift_card_id = p.gift_card_id AND g.customer_id = o.customer_id AND g.active LIMIT 1))
        WHERE p.order_id = o.id) AS payments
FROM shop.orders o WHERE o.id = $1"""

_TITLES = """
SELECT order_id, jsonb_agg(title ORDER BY position) AS titles FROM (
    SELECT order_id, title, position, row_number() OVER (PARTITION BY order_id ORDER BY position, id) AS place
    FROM shop.order_lines WHERE order_id = ANY($1::text[])) AS l
WHERE place <= $2 GROUP BY order_id"""

# People leave out the letter, or write a number as another shop gave it.
_BY_NUMBER = """
SELECT id FROM shop.orders
WHERE customer_id = $1 AND (number IN ($2, $3) OR upper(source_id) IN ($2, '#' || $2))
ORDER BY number = $2 DESC LIMIT 1"""

_NOTES = """
SELECT n.text, n.created_at FROM (
    SELECT id, vault.reveal(text_ref) AS text, created_at FROM shop.order_notes
    WHERE order_id = $1 AND ($3::text IS NULL OR author = $3)) AS n
WHERE n.text IS NOT NULL ORDER BY n.id DESC LIMIT $2"""
