"""What the pages of promotions ask: the list, uses, and what a promotion can be for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bottega.platform.database.pool import Connection
from bottega.web.console.work_list import Asked

SORTS: Mapping[str, str] = {"made": "p.created_at, p.id", "name": "p.name, p.id", "used": "p.used_total, p.id"}
STATES: Mapping[str, str] = {
    "": "true",
    "current": "p.active AND (p.starts_at IS NULL OR p.starts_at <= $3) AND (p.ends_at IS NULL OR p.ends_at > $3)",
    "coming": "p.active AND p.starts_at > $3",
    "over": "NOT p.active OR p.ends_at <= $3",
}
KINDS: Mapping[str, str] = {"": "true", "coupon": "p.code IS NOT NULL", "automatic": "p.code IS NULL"}


async def listed(connection: Connection, asked: Asked, now: datetime) -> list[dict[str, Any]]:
    """Promotions as asked; a search finds codes and words of names."""
    conditions = f"{STATES[asked.chosen['state']]} AND {KINDS[asked.chosen['kind']]}"
    rows = await connection.fetch(
        f"{_LIST} AND {conditions} ORDER BY {asked.order(SORTS)} LIMIT $4 OFFSET $5",
        asked.text,
        f"%{asked.text.translate(_LIKE)}%",
        now,
        asked.limit,
        asked.offset,
    )
    return [dict(row) for row in rows]


async def names_of(connection: Connection, promotion_ids: Sequence[str]) -> dict[str, str]:
    """The names of these promotions, by id."""
    rows = await connection.fetch(
        "SELECT id, name FROM shop.promotions WHERE id = ANY($1::text[])", list(promotion_ids)
    )
    return {row["id"]: row["name"] for row in rows}


async def scope_of(connection: Connection, category_id: str | None, collection_id: str | None) -> str:
    """What a promotion is for, in words."""
    category = await connection.fetchval("SELECT title FROM shop.categories WHERE id = $1", category_id)
    collection = await connection.fetchval("SELECT title FROM shop.collections WHERE id = $1", collection_id)
    return " and ".join(part for part in (category, collection) if part) or "all products"


async def uses_of(connection: Connection, promotion_id: str) -> list[dict[str, Any]]:
    """Orders that used it, the newest first, with what it took off."""
    rows = await connection.fetch(
        "SELECT u.order_id, o.number, o.currency, u.discount_minor, o.total_minor, u.used_at "
        "FROM shop.promotion_uses u JOIN shop.orders o ON o.id = u.order_id WHERE u.promotion_id = $1 "
        "ORDER BY u.order_id DESC LIMIT 50",
        promotion_id,
    )
    return [dict(row) for row in rows]


async def scopes(connection: Connection) -> list[tuple[str, str]]:
    """What a promotion can be for: categories and collections, as choices."""
    categories = await connection.fetch("SELECT id, path FROM shop.categories ORDER BY path LIMIT 2000")
    collections = await connection.fetch("SELECT id, title FROM shop.collections ORDER BY title LIMIT 500")
    return [
        *((row["id"], f"Collection: {row['title']}") for row in collections),
        *((row["id"], f"Category: {row['path']}") for row in categories),
    ]


_LIKE = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})

_LIST = """
SELECT p.*, c.title AS category, x.title AS collection,
       (SELECT coalesce(sum(u.discount_minor), 0) FROM shop.promotion_uses u WHERE u.promotion_id = p.id)::bigint
           AS taken_off_minor
FROM shop.promotions p LEFT JOIN shop.categories c ON c.id = p.category_id
LEFT JOIN shop.collections x ON x.id = p.collection_id
WHERE ($1 = '' OR p.code = upper($1) OR p.name ILIKE $2) AND $3::timestamptz IS NOT NULL"""
