"""Reads of stock: locations, levels, what is low, movements, reservations."""

from collections.abc import Sequence
from datetime import datetime

from bottega.platform.database.pool import Connection
from bottega.shop.stock.model import Location, Reservation, StockLevel, StockMovement

LONGEST_PAGE = 200


async def locations(connection: Connection) -> list[Location]:
    """Every location, in the order in which orders reserve."""
    rows = await connection.fetch("SELECT * FROM shop.locations ORDER BY priority, id")
    return [Location(**row) for row in rows]


async def levels(connection: Connection, variant_ids: Sequence[str]) -> list[StockLevel]:
    """The levels of these variants at every location."""
    rows = await connection.fetch(
        f"{_LEVELS} WHERE s.variant_id = ANY ($1::text[]) ORDER BY s.variant_id, l.priority, l.id", list(variant_ids)
    )
    return [StockLevel(**row) for row in rows]


async def available(connection: Connection, variant_ids: Sequence[str]) -> dict[str, int]:
    """Units that can be ordered now, by variant; a variant that was never stocked has 0."""
    rows = await connection.fetch(_AVAILABLE, list(variant_ids))
    return dict.fromkeys(variant_ids, 0) | {row["variant_id"]: row["available"] for row in rows}


async def levels_at(connection: Connection, location_id: str, *, after: str = "", limit: int = 50) -> list[StockLevel]:
    """Levels of one location by variant; `after` is the last variant seen, `limit` ≤ 200."""
    rows = await connection.fetch(
        f"{_LEVELS} WHERE s.location_id = $1 AND s.variant_id > $2 ORDER BY s.variant_id LIMIT $3",
        location_id,
        after,
        min(limit, LONGEST_PAGE),
    )
    return [StockLevel(**row) for row in rows]


async def low_stock(
    connection: Connection, default_threshold: int, *, after: tuple[str, str] = ("", ""), limit: int = 50
) -> list[StockLevel]:
    """Levels at or below their threshold; `after` is the (variant_id, location_id) seen last, `limit` ≤ 200."""
    rows = await connection.fetch(
        f"{_LEVELS} JOIN shop.products p ON p.id = v.product_id "
        "WHERE v.active AND l.active AND p.status = 'published' "
        "AND s.on_hand - s.reserved <= coalesce(s.low_threshold, $1) AND (s.variant_id, s.location_id) > ($2, $3) "
        "ORDER BY s.variant_id, s.location_id LIMIT $4",
        default_threshold,
        *after,
        min(limit, LONGEST_PAGE),
    )
    return [StockLevel(**row) for row in rows]


async def movements(
    connection: Connection,
    *,
    variant_id: str | None = None,
    location_id: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> list[StockMovement]:
    """History, newest first; `before` is the movement seen last, `limit` ≤ 200."""
    rows = await connection.fetch(
        "SELECT * FROM shop.stock_movements "
        "WHERE ($1::text IS NULL OR variant_id = $1) AND ($2::text IS NULL OR location_id = $2) "
        "AND ($3::text IS NULL OR id < $3) ORDER BY id DESC LIMIT $4",
        variant_id,
        location_id,
        before,
        min(limit, LONGEST_PAGE),
    )
    return [StockMovement(**row) for row in rows]


async def reservations_of_order(connection: Connection, order_id: str) -> list[Reservation]:
    """Everything that was ever promised to an order."""
    rows = await connection.fetch("SELECT * FROM shop.reservations WHERE order_id = $1 ORDER BY id", order_id)
    return [Reservation(**row) for row in rows]


async def orders_with_expired_reservations(connection: Connection, now: datetime, limit: int = 100) -> list[str]:
    """Orders whose promise is over and not yet given back."""
    rows = await connection.fetch(
        "SELECT order_id FROM shop.reservations WHERE expires_at <= $1 AND shipped + released < quantity "
        "GROUP BY order_id ORDER BY min(expires_at) LIMIT $2",
        now,
        limit,
    )
    return [row["order_id"] for row in rows]


_LEVELS = """
SELECT s.variant_id, v.sku, s.location_id, s.on_hand, s.reserved, s.backorder_limit, s.low_threshold
FROM shop.stock_levels s
JOIN shop.variants v ON v.id = s.variant_id
JOIN shop.locations l ON l.id = s.location_id"""

_AVAILABLE = """
SELECT s.variant_id,
       sum(greatest(greatest(s.on_hand, 0) + s.backorder_limit - s.reserved, 0))::integer AS available
FROM shop.stock_levels s JOIN shop.locations l ON l.id = s.location_id
WHERE s.variant_id = ANY ($1::text[]) AND l.active
GROUP BY s.variant_id"""
