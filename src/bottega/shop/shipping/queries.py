"""Reads of shipping: zones, the methods for a country, shipments of an order."""

from collections.abc import Sequence

from bottega.platform.database.pool import Connection, Row
from bottega.shop.shipping.model import Rate, Shipment, ShipmentLine, ShippingMethod, ShippingQuote, ShippingZone
from bottega.shop.shipping.rates import quotes


async def zones(connection: Connection) -> list[ShippingZone]:
    """Every zone, by name."""
    rows = await connection.fetch("SELECT id, name, countries FROM shop.shipping_zones ORDER BY name")
    return [ShippingZone(row["id"], row["name"], tuple(row["countries"])) for row in rows]


async def all_methods(connection: Connection) -> list[ShippingMethod]:
    """Every method, those switched off included, by zone and name."""
    rows = await connection.fetch("SELECT * FROM shop.shipping_methods ORDER BY zone_id, name, id")
    return [method_of(row) for row in rows]


async def methods_for(connection: Connection, country: str, *, method_id: str | None = None) -> list[ShippingMethod]:
    """The active methods of the country's zone (the zone `*` when none names it), or only the one asked for."""
    rows = await connection.fetch(_METHODS_FOR, country, method_id)
    return [method_of(row) for row in rows]


async def quotes_for(
    connection: Connection, country: str, currency: str, weight_grams: int, subtotal_minor: int
) -> list[ShippingQuote]:
    """What the country's methods cost for this weight and subtotal, cheapest first."""
    return quotes(await methods_for(connection, country), currency, weight_grams, subtotal_minor)


async def shipments_of_order(connection: Connection, order_id: str) -> list[Shipment]:
    """What left for an order, oldest first."""
    rows = await connection.fetch(f"{_SHIPMENTS} WHERE s.order_id = $1 GROUP BY s.id ORDER BY s.id", order_id)
    return [_shipment_of(row) for row in rows]


async def shipment(connection: Connection, shipment_id: str) -> Shipment | None:
    """One shipment with its lines."""
    row = await connection.fetchrow(f"{_SHIPMENTS} WHERE s.id = $1 GROUP BY s.id", shipment_id)
    return None if row is None else _shipment_of(row)


async def recent_shipments(
    connection: Connection, *, states: Sequence[str] = (), before: str | None = None, limit: int = 50
) -> list[Shipment]:
    """Shipments, newest first; `before` is the one seen last, `limit` ≤ 200."""
    rows = await connection.fetch(
        f"{_SHIPMENTS} WHERE ($1::text IS NULL OR s.id < $1) AND ($2::text[] = '{{}}' OR s.state = ANY ($2::text[])) "
        "GROUP BY s.id ORDER BY s.id DESC LIMIT $3",
        before,
        list(states),
        min(limit, 200),
    )
    return [_shipment_of(row) for row in rows]


def method_of(row: Row) -> ShippingMethod:
    """The record of a row of shop.shipping_methods."""
    return ShippingMethod(
        id=row["id"],
        zone_id=row["zone_id"],
        name=row["name"],
        kind=row["kind"],
        location_id=row["location_id"],
        currency=row["currency"],
        rates=tuple(Rate(**rate) for rate in row["rates"]),
        minimum_days=row["minimum_days"],
        maximum_days=row["maximum_days"],
        tax_class=row["tax_class"],
        active=row["active"],
    )


async def collected_at(connection: Connection, method_id: str | None) -> str | None:
    """The location at which goods sent by a method are collected; None for one that delivers, and for no method."""
    return await connection.fetchval("SELECT location_id FROM shop.shipping_methods WHERE id = $1", method_id)


def _shipment_of(row: Row) -> Shipment:
    return Shipment(
        id=row["id"],
        order_id=row["order_id"],
        location_id=row["location_id"],
        state=row["state"],
        carrier=row["carrier"],
        tracking_number=row["tracking_number"],
        shipped_at=row["shipped_at"],
        delivered_at=row["delivered_at"],
        lines=tuple(ShipmentLine(**line) for line in row["lines"]),
    )


_METHODS_FOR = """
SELECT m.* FROM shop.shipping_methods m JOIN shop.shipping_zones z ON z.id = m.zone_id
WHERE m.active AND ($2::text IS NULL OR m.id = $2)
  AND ($1 = ANY (z.countries)
       OR ('*' = ANY (z.countries) AND NOT EXISTS (SELECT FROM shop.shipping_zones o WHERE $1 = ANY (o.countries))))
ORDER BY m.name, m.id"""

_SHIPMENTS = """
SELECT s.*,
       coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'line_id', l.line_id, 'quantity', l.quantity) ORDER BY l.id)
                FILTER (WHERE l.id IS NOT NULL), '[]') AS lines
FROM shop.shipments s LEFT JOIN shop.shipment_lines l ON l.shipment_id = s.id"""
