"""What the pages of stock ask: levels with how long they last, one variant everywhere, and what moved."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bottega.platform.database.pool import Connection
from bottega.shop.catalogue.errors import NoSuchVariant
from bottega.web.console.work_list import Asked

# How far back sales are looked at to say how long stock lasts.
PACE_DAYS = 30
SORTS: Mapping[str, str] = {
    "sku": "sku, key",
    "title": "title, key",
    "available": "available, key",
    "lasts": "lasts_days NULLS LAST, key",
}
LEVELS: Mapping[str, str] = {
    "": "true",
    "low": "available <= threshold AND is_sold",
    "out": "available <= 0 AND is_sold",
    "backorder": "backorder_limit > 0",
    "reserved": "reserved > 0",
}


async def listed(connection: Connection, asked: Asked, default_threshold: int, now: datetime) -> list[dict[str, Any]]:
    """Levels as asked, one row per variant and location; a search finds SKUs, barcodes and titles."""
    order = asked.order(SORTS).replace("NULLS LAST ASC", "ASC NULLS LAST").replace("NULLS LAST DESC", "DESC NULLS LAST")
    rows = await connection.fetch(
        f"{_LEVELS} WHERE {LEVELS[asked.chosen['level']]} ORDER BY {order} LIMIT $6 OFFSET $7",
        default_threshold,
        now - timedelta(days=PACE_DAYS),
        asked.text,
        f"%{asked.text.translate(_LIKE)}%",
        asked.chosen["location"],
        asked.limit,
        asked.offset,
    )
    return [dict(row) for row in rows]


async def levels_named(connection: Connection, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The levels behind the keys of a list (`variant location`), with what people call them."""
    rows = await connection.fetch(
        "SELECT s.variant_id || '.' || s.location_id AS key, s.variant_id, s.location_id, s.on_hand, "
        "v.sku || ' at ' || l.name AS name FROM shop.stock_levels s JOIN shop.variants v ON v.id = s.variant_id "
        "JOIN shop.locations l ON l.id = s.location_id WHERE s.variant_id || '.' || s.location_id = ANY($1::text[]) "
        "AND s.variant_id = ANY($2::text[])",
        list(keys),
        [key.partition(".")[0] for key in keys],
    )
    return {row["key"]: dict(row) for row in rows}


async def variant_of(connection: Connection, variant_id: str, now: datetime) -> dict[str, Any]:
    """A variant with its product and its pace; raises `NoSuchVariant`."""
    row = await connection.fetchrow(_VARIANT, variant_id, now - timedelta(days=PACE_DAYS))
    if row is None:
        raise NoSuchVariant(variant_id)
    return dict(row)


async def movements_of(connection: Connection, variant_id: str) -> list[dict[str, Any]]:
    """What moved of a variant, the newest first."""
    rows = await connection.fetch(
        "SELECT m.id, m.kind, m.quantity, m.reason, m.moved_at, l.name AS location, "
        "coalesce('order ' || o.number, m.reference) AS reference "
        "FROM shop.stock_movements m JOIN shop.locations l ON l.id = m.location_id "
        "LEFT JOIN shop.shipments s ON m.kind = 'ship' AND s.id = m.reference "
        "LEFT JOIN shop.orders o ON o.id = s.order_id "
        "WHERE m.variant_id = $1 ORDER BY m.id DESC LIMIT 100",
        variant_id,
    )
    return [dict(row) for row in rows]


async def reservations_of(connection: Connection, variant_id: str) -> list[dict[str, Any]]:
    """What is promised of a variant and has not left."""
    rows = await connection.fetch(
        "SELECT r.order_id, o.number, r.quantity - r.shipped - r.released AS units, l.name AS location, r.created_at "
        "FROM shop.reservations r JOIN shop.orders o ON o.id = r.order_id "
        "JOIN shop.locations l ON l.id = r.location_id "
        "WHERE r.variant_id = $1 AND r.shipped + r.released < r.quantity ORDER BY r.id LIMIT 100",
        variant_id,
    )
    return [dict(row) for row in rows]


async def variants_of_skus(connection: Connection, skus: Sequence[str]) -> dict[str, str]:
    """Variant ids by SKU or barcode, those that exist."""
    rows = await connection.fetch(
        "SELECT id, sku, barcode FROM shop.variants WHERE sku = ANY($1::text[]) OR barcode = ANY($1::text[])",
        list(skus),
    )
    by_barcode = {row["barcode"]: row["id"] for row in rows if row["barcode"]}
    return by_barcode | {row["sku"]: row["id"] for row in rows}


_LIKE = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})

_LEVELS = """
WITH sold AS (
    SELECT ol.variant_id, sum(ol.quantity - ol.cancelled) AS units
    FROM shop.orders o JOIN shop.order_lines ol ON ol.order_id = o.id
    WHERE o.placed_at >= $2 AND o.status <> 'cancelled' GROUP BY 1),
held AS (
    SELECT s.variant_id, sum(s.on_hand - s.reserved) AS units FROM shop.stock_levels s GROUP BY 1),
levels AS (
    SELECT s.variant_id || '.' || s.location_id AS key, s.variant_id, s.location_id, v.sku, p.title, v.option_values,
           l.name AS location, s.on_hand, s.reserved, s.on_hand - s.reserved AS available, s.backorder_limit,
           coalesce(s.low_threshold, $1) AS threshold, v.active AND p.status = 'published' AS is_sold,
           coalesce(sold.units, 0)::bigint AS sold_units,
           CASE WHEN sold.units > 0 THEN greatest(held.units, 0) * 30.0 / sold.units END::float AS lasts_days
    FROM shop.stock_levels s JOIN shop.variants v ON v.id = s.variant_id JOIN shop.products p ON p.id = v.product_id
    JOIN shop.locations l ON l.id = s.location_id JOIN held ON held.variant_id = s.variant_id
    LEFT JOIN sold ON sold.variant_id = s.variant_id
    WHERE ($3 = '' OR v.sku ILIKE $4 OR v.barcode = $3 OR p.title ILIKE $4) AND ($5 = '' OR s.location_id = $5))
SELECT * FROM levels"""

_VARIANT = """
SELECT v.id, v.sku, v.barcode, v.option_values, v.active, p.id AS product_id, p.title, p.status,
       (SELECT coalesce(sum(ol.quantity - ol.cancelled), 0) FROM shop.orders o
        JOIN shop.order_lines ol ON ol.order_id = o.id
        WHERE ol.variant_id = v.id AND o.placed_at >= $2 AND o.status <> 'cancelled')::bigint AS sold_units
FROM shop.variants v JOIN shop.products p ON p.id = v.product_id WHERE v.id = $1"""
