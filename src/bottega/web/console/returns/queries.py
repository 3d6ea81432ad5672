"""What the pages of returns ask: the inbox, and what comes back beside what was bought."""

from collections.abc import Mapping, Sequence
from typing import Any

from bottega.platform.database.pool import Connection
from bottega.web.console.work_list import Asked

SORTS: Mapping[str, str] = {"requested": "r.requested_at, r.id", "number": "r.number, r.id"}
# What each state of the filter means; without one, what waits for somebody.
STATES: Mapping[str, str] = {
    "": "r.state IN ('requested', 'approved', 'received')",
    "requested": "r.state = 'requested'",
    "approved": "r.state = 'approved'",
    "received": "r.state = 'received'",
    "settled": "r.state IN ('completed', 'rejected', 'cancelled')",
    "all": "true",
}


async def listed(connection: Connection, asked: Asked) -> list[dict[str, Any]]:
    """Returns as asked; a search finds the number of a return or of its order."""
    rows = await connection.fetch(
        f"{_LIST.format(state=STATES[asked.chosen['state']])} ORDER BY {asked.order(SORTS)} LIMIT $3 OFFSET $4",
        asked.text.upper(),
        asked.chosen["kind"],
        asked.limit,
        asked.offset,
    )
    return [dict(row) for row in rows]


async def numbers_of(connection: Connection, return_ids: Sequence[str]) -> dict[str, str]:
    """The numbers of these returns, by id."""
    rows = await connection.fetch("SELECT id, number FROM shop.returns WHERE id = ANY($1::text[])", list(return_ids))
    return {row["id"]: row["number"] for row in rows}


async def context_of(connection: Connection, return_id: str) -> dict[str, Any]:
    """The order and the customer of a return that is there, and onto what the money goes."""
    row = await connection.fetchrow(_CONTEXT, return_id)
    assert row is not None, "a return has an order"
    return dict(row)


async def lines_of(connection: Connection, return_id: str) -> list[dict[str, Any]]:
    """What comes back: units, reason, condition, and what an exchange makes of it."""
    return [dict(row) for row in await connection.fetch(_LINES, return_id)]


_LIST = """
SELECT r.id, r.number, r.kind, r.state, r.reason, r.requested_at, r.order_id, o.number AS order_number,
       r.customer_id, o.currency,
       coalesce(vault.reveal(c.name_ref), vault.reveal(o.shipping_address_ref)::jsonb ->> 'name') AS customer,
       r.refund_minor, l.units, l.titles
FROM shop.returns r JOIN shop.orders o ON o.id = r.order_id JOIN shop.customers c ON c.id = r.customer_id
LEFT JOIN LATERAL (
    SELECT sum(x.quantity)::bigint AS units, string_agg(DISTINCT ol.title, ', ') AS titles
    FROM shop.return_lines x JOIN shop.order_lines ol ON ol.id = x.line_id WHERE x.return_id = r.id) AS l ON true
WHERE {state} AND ($1 = '' OR starts_with(r.number, $1) OR o.number = $1) AND ($2 = '' OR r.kind = $2)"""

_CONTEXT = """
SELECT o.number AS order_number, o.currency, o.placed_at, o.total_minor, o.shipping_minor, c.id AS customer_id,
       coalesce(vault.reveal(c.name_ref), vault.reveal(o.shipping_address_ref)::jsonb ->> 'name') AS customer,
       x.number AS exchange_number,
       nullif(concat_ws(' ', i.kind, i.brand, nullif(i.last_four, '')), '') AS instrument,
       (SELECT max(s.delivered_at) FROM shop.shipments s WHERE s.order_id = o.id) AS delivered_at
FROM shop.returns r JOIN shop.orders o ON o.id = r.order_id JOIN shop.customers c ON c.id = r.customer_id
LEFT JOIN shop.orders x ON x.id = r.exchange_order_id LEFT JOIN shop.instruments i ON i.id = r.instrument_id
WHERE r.id = $1"""

_LINES = """
SELECT l.id, l.quantity, l.reason, l.condition, l.received, l.restocked, l.new_unit_price_minor, o.title, o.sku,
       o.product_id, o.option_values, o.unit_price_minor, n.sku AS new_sku, n.option_values AS new_option_values
FROM shop.return_lines l JOIN shop.order_lines o ON o.id = l.line_id
LEFT JOIN shop.variants n ON n.id = l.new_variant_id
WHERE l.return_id = $1 ORDER BY l.position, l.id"""
