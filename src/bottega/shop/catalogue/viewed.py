"""What a customer or guest looked at last: a few products each, for a while, until they or we forget it."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from bottega.platform.database.pool import Connection
from bottega.shop.catalogue.listing import card_column

MOST_VIEWED = 24
KEPT_FOR = timedelta(days=60)


async def recently_viewed(
    connection: Connection,
    customer_id: str,
    currency: str,
    now: datetime,
    *,
    besides: Collection[str] = (),
    limit: int = MOST_VIEWED,
) -> list[str]:
    """Cards as JSON text, the one seen last first; what is no longer for sale is left out, and what is in `besides`."""
    rows = await connection.fetch(
        f"SELECT {card_column('$3')} FROM platform.viewed_products v "
        "JOIN search.products p ON p.product_id = v.product_id AND p.currency = $2 "
        "WHERE v.customer_id = $1 AND NOT v.product_id = ANY ($4::text[]) AND v.viewed_at > $5 "
        "ORDER BY v.viewed_at DESC, v.product_id LIMIT $6",
        customer_id,
        currency,
        now,
        list(besides),
        now - KEPT_FOR,
        limit,
    )
    return [row["card"] for row in rows if row["card"] is not None]


async def cards_of_viewed(
    connection: Connection, product_ids: Sequence[str], currency: str, now: datetime, limit: int = MOST_VIEWED
) -> list[str]:
    """The same for a list that a browser keeps itself, the one seen last first."""
    if not product_ids:
        return []
    rows = await connection.fetch(
        f"SELECT {card_column('$3')} FROM search.products p WHERE p.product_id = ANY ($1::text[]) AND p.currency = $2 "
        "ORDER BY array_position($1::text[], p.product_id) LIMIT $4",
        list(product_ids[:MOST_VIEWED]),
        currency,
        now,
        limit,
    )
    return [row["card"] for row in rows if row["card"] is not None]


async def write(connection: Connection, views: Sequence[tuple[str, str]], now: datetime) -> None:
    """Keeps (customer, product) pairs, the last one seen last, and of each customer the newest so many."""
    customers = [customer_id for customer_id, _ in views]
    await connection.execute(_VIEWED, customers, [product_id for _, product_id in views], now)
    await connection.execute(_TRIMMED, sorted(set(customers)), MOST_VIEWED)


async def forget_viewed(connection: Connection, customer_id: str) -> int:
    """Deletes all of it; how many products that were."""
    status = await connection.execute("DELETE FROM platform.viewed_products WHERE customer_id = $1", customer_id)
    return int(status.split()[-1])


async def sweep(connection: Connection, now: datetime) -> int:
    """Deletes what is too old, and what a view under way left of somebody who was forgotten; how many."""
    status = await connection.execute(
        "DELETE FROM platform.viewed_products v WHERE viewed_at < $1 OR EXISTS (SELECT FROM shop.customers c "
        "WHERE c.id = v.customer_id AND c.forgotten_at IS NOT NULL)",
        now - KEPT_FOR,
    )
    return int(status.split()[-1])


# Views of one moment stand a microsecond apart, so that their order stays.
_VIEWED = """
INSERT INTO platform.viewed_products AS v (customer_id, product_id, viewed_at)
SELECT n.customer_id, n.product_id, $3::timestamptz + n.place * interval '1 microsecond'
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS n (customer_id, product_id, place)
WHERE EXISTS (SELECT FROM shop.products p WHERE p.id = n.product_id COLLATE "C" AND p.status = 'published')
  AND NOT EXISTS (SELECT FROM shop.customers c
                  WHERE c.id = n.customer_id COLLATE "C" AND c.forgotten_at IS NOT NULL)
ORDER BY n.customer_id, n.product_id
ON CONFLICT (customer_id, product_id) DO UPDATE SET viewed_at = greatest(v.viewed_at, excluded.viewed_at)"""

_TRIMMED = """
DELETE FROM platform.viewed_products v USING (
    SELECT customer_id, product_id,
           row_number() OVER (PARTITION BY customer_id ORDER BY viewed_at DESC, product_id) AS place
    FROM platform.viewed_products WHERE customer_id = ANY ($1::text[])) AS ranked
WHERE ranked.place > $2::int AND v.customer_id = ranked.customer_id AND v.product_id = ranked.product_id"""
