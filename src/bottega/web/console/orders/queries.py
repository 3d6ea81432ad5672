"""What the pages of orders ask: the list, notes, the log's view, and where goods of an order lie."""

from collections.abc import Mapping
from typing import Any

from bottega.actions.work import lookup_digest
from bottega.platform.database.pool import Connection
from bottega.shop.customers.actions.accounts import ACCOUNT_EMAIL
from bottega.shop.orders.model import Order
from bottega.web.console.history import Happening, history_of
from bottega.web.console.work_list import Asked

SORTS: Mapping[str, str] = {
    "placed": "o.placed_at, o.id",
    "number": "o.number, o.id",
    "total": "o.total_minor, o.id",
}
SHIPPABLE = (
    "o.status = 'open' AND o.payment_status IN ('authorised', 'paid', 'partially_refunded') "
    "AND o.fulfilment_status IN ('unfulfilled', 'partially_shipped')"
)
# What each state of the filter means.
STATES: Mapping[str, str] = {
    "": "true",
    "to_ship": SHIPPABLE,
    "awaiting_payment": "o.status = 'open' AND o.payment_status = 'awaiting'",
    "under_way": "o.status <> 'cancelled' AND o.fulfilment_status = 'shipped'",
    "held": "o.status = 'held'",
    "completed": "o.status = 'completed'",
    "cancelled": "o.status = 'cancelled'",
}


async def listed(connection: Connection, asked: Asked, lookup_key: bytes) -> list[dict[str, Any]]:
    """Orders as asked; a search finds a number, the SKU of a line, and the e-mail address of an account."""
    email = lookup_digest(lookup_key, ACCOUNT_EMAIL, asked.text) if "@" in asked.text else b""
    rows = await connection.fetch(
        f"{_LIST.format(state=STATES[asked.chosen['state']])} ORDER BY {asked.order(SORTS)} LIMIT $6 OFFSET $7",
        asked.text,
        email,
        asked.chosen["payment"],
        asked.chosen["channel"],
        asked.text.upper(),
        asked.limit,
        asked.offset,
    )
    return [dict(row) for row in rows]


async def numbers_of(connection: Connection, order_ids: list[str]) -> dict[str, str]:
    """The numbers of these orders, by id."""
    rows = await connection.fetch("SELECT id, number FROM shop.orders WHERE id = ANY($1::text[])", order_ids)
    return {row["id"]: row["number"] for row in rows}


async def parcels_under_way(connection: Connection, order_ids: list[str]) -> list[dict[str, Any]]:
    """Parcels of these orders that have not arrived, with the number of their order; at most 100."""
    rows = await connection.fetch(
        "SELECT s.id, o.number FROM shop.shipments s JOIN shop.orders o ON o.id = s.order_id "
        "WHERE s.order_id = ANY($1::text[]) AND s.state = 'shipped' ORDER BY s.id LIMIT 100",
        order_ids,
    )
    return [dict(row) for row in rows]


async def notes_of(connection: Connection, order_id: str) -> list[dict[str, Any]]:
    """What colleagues wrote about an order, the newest first."""
    return [dict(row) for row in await connection.fetch(_NOTES, order_id)]


async def history_of_order(connection: Connection, order: Order, notes: list[dict[str, Any]]) -> list[Happening]:
    """What happened to the order and to what belongs to it."""
    return await history_of(
        connection,
        {
            "shop.orders": [order.id],
            "shop.order_lines": [line.id for line in order.lines],
            "shop.payments": [payment["id"] for payment in order.payments],
            "shop.refunds": [refund["id"] for refund in order.refunds],
            "shop.shipments": [shipment["id"] for shipment in order.shipments],
            "shop.returns": [found["id"] for found in order.returns],
            "shop.order_notes": [note["id"] for note in notes],
        },
    )


async def method_of(connection: Connection, method_id: str | None) -> dict[str, Any] | None:
    """How the order is sent: the method's name, and where it is collected if it is."""
    row = await connection.fetchrow(
        "SELECT m.name, m.kind, l.name AS location FROM shop.shipping_methods m "
        "LEFT JOIN shop.locations l ON l.id = m.location_id WHERE m.id = $1",
        method_id,
    )
    return None if row is None else dict(row)


async def customer_of(connection: Connection, customer_id: str) -> dict[str, Any]:
    """Whose order it is, and how many others they have placed."""
    row = await connection.fetchrow(
        "SELECT c.id, c.kind, vault.reveal(c.name_ref) AS name, vault.reveal(c.email_ref) AS email, c.blocked, "
        "c.forgotten_at, (SELECT count(*) FROM shop.orders o WHERE o.customer_id = c.id) AS orders "
        "FROM shop.customers c WHERE c.id = $1",
        customer_id,
    )
    assert row is not None, "an order has a customer"
    return dict(row)


async def channels(connection: Connection) -> list[str]:
    """Through what orders came."""
    return [row["channel"] for row in await connection.fetch("SELECT DISTINCT channel FROM shop.orders ORDER BY 1")]


_LIST = """
SELECT o.id, o.number, o.placed_at, o.currency, o.total_minor, o.status, o.payment_status, o.fulfilment_status,
       o.channel, o.country, o.tags, o.customer_id,
       coalesce(vault.reveal(c.name_ref), vault.reveal(o.shipping_address_ref)::jsonb ->> 'name') AS customer,
       (SELECT sum(l.quantity - l.cancelled) FROM shop.order_lines l WHERE l.order_id = o.id)::bigint AS units
FROM shop.orders o JOIN shop.customers c ON c.id = o.customer_id
WHERE {state}
  AND ($1 = '' OR o.number = $5 OR o.number = 'B-' || $5 OR starts_with(o.number, $5)
       OR o.customer_id = (SELECT subject_id FROM vault.lookups WHERE kind = 'account_email' AND digest = $2)
       OR EXISTS (SELECT FROM shop.order_lines l WHERE l.order_id = o.id AND l.sku = $1))
  AND ($3 = '' OR o.payment_status = $3) AND ($4 = '' OR o.channel = $4)"""

_NOTES = """
SELECT n.id, vault.reveal(n.text_ref) AS text, n.created_at, coalesce(vault.reveal(s.name_ref), n.author) AS author
FROM shop.order_notes n LEFT JOIN shop.staff s ON s.id = n.author WHERE n.order_id = $1 ORDER BY n.id DESC LIMIT 100"""
