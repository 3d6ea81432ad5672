"""Reads of promotions: what may apply to a cart, and what staff see."""

from collections.abc import Sequence
from datetime import datetime

from bottega.platform.database.pool import Connection, Row
from bottega.shop.promotions.model import Offer, Promotion, PromotionUse

LONGEST_PAGE = 200


async def applicable(
    connection: Connection,
    *,
    product_ids: Sequence[str],
    customer_id: str | None,
    coupon_code: str | None,
    at: datetime,
) -> list[Offer]:
    """The automatic promotions that hold at that time, and the coupon's whether it holds or not.

    `discounts.discount` says what they take off, and why the coupon takes nothing off; no offer with the coupon's
    code means that there is no such coupon.
    """
    code = None if coupon_code is None else coupon_code.strip().upper()
    rows = await connection.fetch(_APPLICABLE, list(product_ids), customer_id, code, at)
    return [
        Offer(
            promotion_of(row),
            None if row["product_ids"] is None else frozenset(row["product_ids"]),
            row["used_by_customer"],
        )
        for row in rows
    ]


async def promotion(connection: Connection, promotion_id: str) -> Promotion | None:
    """One promotion."""
    row = await connection.fetchrow("SELECT * FROM shop.promotions WHERE id = $1", promotion_id)
    return None if row is None else promotion_of(row)


async def promotions(
    connection: Connection, *, active: bool | None = None, before: str | None = None, limit: int = 50
) -> list[Promotion]:
    """Promotions, newest first; `before` is the one seen last, `limit` ≤ 200."""
    rows = await connection.fetch(
        "SELECT * FROM shop.promotions WHERE ($1::boolean IS NULL OR active = $1) AND ($2::text IS NULL OR id < $2) "
        "ORDER BY id DESC LIMIT $3",
        active,
        before,
        min(limit, LONGEST_PAGE),
    )
    return [promotion_of(row) for row in rows]


async def uses(
    connection: Connection, promotion_id: str, *, before: str | None = None, limit: int = 50
) -> list[PromotionUse]:
    """The orders that used a promotion, newest first; `before` is the order seen last, `limit` ≤ 200."""
    rows = await connection.fetch(
        "SELECT * FROM shop.promotion_uses WHERE promotion_id = $1 AND ($2::text IS NULL OR order_id < $2) "
        "ORDER BY order_id DESC LIMIT $3",
        promotion_id,
        before,
        min(limit, LONGEST_PAGE),
    )
    return [PromotionUse(**row) for row in rows]


def promotion_of(row: Row) -> Promotion:
    """The record of a row of shop.promotions."""
    return Promotion(**{name: row[name] for name in Promotion.__slots__})


_APPLICABLE = """
SELECT p.*,
       CASE WHEN p.limit_per_customer IS NULL THEN 0
            ELSE (SELECT count(*) FROM shop.promotion_uses u WHERE u.promotion_id = p.id AND u.customer_id = $2) END
           AS used_by_customer,
       CASE WHEN p.category_id IS NULL AND p.collection_id IS NULL THEN NULL
            ELSE ARRAY(
                SELECT product.id FROM shop.products product
                LEFT JOIN shop.categories c ON c.id = product.category_id
                WHERE product.id = ANY ($1::text[])
                  AND (p.category_id IS NULL OR c.path = scope.path OR starts_with(c.path, scope.path || '/'))
                  AND (p.collection_id IS NULL OR EXISTS (
                      SELECT FROM shop.collection_products cp
                      WHERE cp.collection_id = p.collection_id AND cp.product_id = product.id))) END AS product_ids
FROM shop.promotions p LEFT JOIN shop.categories scope ON scope.id = p.category_id
WHERE p.code = $3
   OR (p.code IS NULL AND p.active AND (p.starts_at IS NULL OR p.starts_at <= $4)
       AND (p.ends_at IS NULL OR p.ends_at > $4))
ORDER BY p.id"""
