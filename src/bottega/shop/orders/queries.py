"""Reads of orders."""

from datetime import datetime
from typing import Any

import orjson

from bottega.actions.actor import Actor
from bottega.platform.database.pool import Connection
from bottega.shop.orders.errors import no_such_order
from bottega.shop.orders.model import Order, OrderSummary

_ORDER = """
SELECT o.*, vault.reveal(o.email_ref) AS email, vault.reveal(o.shipping_address_ref) AS shipping_address,
       vault.reveal(o.billing_address_ref) AS billing_address,
       (SELECT jsonb_agg(to_jsonb(l) || jsonb_build_object('tax_rate', l.tax_rate::text) ORDER BY l.position, l.id)
        FROM shop.order_lines l WHERE l.order_id = o.id) AS lines,
       (SELECT jsonb_agg(to_jsonb(p) ORDER BY p.id) FROM (
            SELECT id, gateway, kind, currency, amount_minor, authorised_minor, captured_minor, refunded_minor, status,
                   capture_mode, decline_code, instrument_id, gift_card_id, created_at
            FROM shop.payments WHERE order_id = o.id) AS p) AS payments,
       (SELECT jsonb_agg(to_jsonb(r) ORDER BY r.id) FROM (
            SELECT id, payment_id, return_id, amount_minor, currency, reason, status, created_at
            FROM shop.refunds WHERE order_id = o.id) AS r) AS refunds,
       (SELECT jsonb_agg(to_jsonb(s) || jsonb_build_object('lines', (
            SELECT jsonb_agg(jsonb_build_object('line_id', sl.line_id, 'quantity', sl.quantity) ORDER BY sl.id)
            FROM shop.shipment_lines sl WHERE sl.shipment_id = s.id)) ORDER BY s.id)
        FROM shop.shipments s WHERE s.order_id = o.id) AS shipments,
       (SELECT jsonb_agg(jsonb_build_object('id', t.id, 'number', t.number, 'kind', t.kind, 'state', t.state)
            ORDER BY t.id)
        FROM shop.returns t WHERE t.order_id = o.id) AS returns
FROM shop.orders o
WHERE o.id = $1 AND ($2::text IS NULL OR o.customer_id = $2)"""

_LIST = """
SELECT id, number, customer_id, channel, currency, status, payment_status, fulfilment_status, total_minor, placed_at
FROM shop.orders
WHERE ($1::text IS NULL OR customer_id = $1) AND ($2::text IS NULL OR status = $2)
  AND ($3::text IS NULL OR payment_status = $3) AND ($4::text IS NULL OR fulfilment_status = $4)
  AND ($5::timestamptz IS NULL OR placed_at >= $5) AND ($6::timestamptz IS NULL OR placed_at < $6)
  AND ($7 = '' OR id < $7) AND ($8::text IS NULL OR number = $8)
ORDER BY id DESC LIMIT $9"""


def owner_of(actor: Actor) -> str | None:
    """What `customer_id` has to be for the actor to see a row; None means any."""
    return None if actor.kind in ("staff", "system") else actor.customer_id or ""


async def get_order(connection: Connection, actor: Actor, order_id: str) -> Order:
    """The order with lines, payments, refunds, shipments and returns; customers see their own only."""
    row = await connection.fetchrow(_ORDER, order_id, owner_of(actor))
    if row is None:
        raise no_such_order(order_id)
    shown: dict[str, Any] = dict(row)
    for name in ("shipping_address", "billing_address"):
        shown[name] = None if shown[name] is None else orjson.loads(shown[name])
    for name in ("lines", "payments", "refunds", "shipments", "returns"):
        shown[name] = shown[name] or []
    return Order.model_validate(shown)


async def list_orders(
    connection: Connection,
    actor: Actor,
    *,
    customer_id: str | None = None,
    status: str | None = None,
    payment_status: str | None = None,
    fulfilment_status: str | None = None,
    placed_from: datetime | None = None,
    placed_before: datetime | None = None,
    number: str | None = None,
    before: str = "",
    limit: int = 20,
) -> list[OrderSummary]:
    """Orders, newest first; customers see their own only."""
    rows = await connection.fetch(
        _LIST,
        owner_of(actor) if owner_of(actor) is not None else customer_id,
        status,
        payment_status,
        fulfilment_status,
        placed_from,
        placed_before,
        before,
        number,
        limit,
    )
    return [OrderSummary(**dict(row)) for row in rows]


async def order_history(connection: Connection, actor: Actor, order_id: str) -> list[dict[str, Any]]:
    """What happened to an order, oldest first, as read from the log: action, who, when, and the statuses after it."""
    await get_order(connection, actor, order_id)
    rows = await connection.fetch(
        "SELECT e.id AS entry_id, e.action, e.actor_kind, e.actor_role, e.recorded_at, c.after ->> 'status' AS status, "
        "c.after ->> 'payment_status' AS payment_status, c.after ->> 'fulfilment_status' AS fulfilment_status "
        "FROM log.changes c JOIN log.entries e ON e.id = c.entry_id "
        "WHERE c.table_name = 'shop.orders' AND c.row_key = $1 ORDER BY c.id LIMIT 500",
        order_id,
    )
    return [dict(row) for row in rows]
