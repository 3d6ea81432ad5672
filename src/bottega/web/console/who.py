"""What stands behind ids: names of colleagues, customers and keys, numbers of orders, titles of goods."""

from collections.abc import Iterable, Mapping

from bottega.platform.database.pool import Connection

MOST_NAMES = 500


async def names_of(connection: Connection, ids: Iterable[str | None]) -> Mapping[str, str]:
    """What they are called; what is unknown or was forgotten is missing."""
    asked = sorted({one for one in ids if one})[:MOST_NAMES]
    if not asked:
        return {}
    return {row["id"]: row["name"] for row in await connection.fetch(_NAMES, asked) if row["name"]}


_NAMES = """
SELECT id, vault.reveal(name_ref) AS name FROM shop.staff WHERE id = ANY($1::text[])
UNION ALL SELECT id, vault.reveal(name_ref) FROM shop.customers WHERE id = ANY($1::text[])
UNION ALL SELECT id, 'key ' || name FROM platform.api_keys WHERE id = ANY($1::text[])
UNION ALL SELECT id, 'order ' || number FROM shop.orders WHERE id = ANY($1::text[])
UNION ALL SELECT id, 'return ' || number FROM shop.returns WHERE id = ANY($1::text[])
UNION ALL SELECT id, 'ticket ' || number FROM shop.tickets WHERE id = ANY($1::text[])
UNION ALL SELECT x.id, 'order ' || o.number FROM (
              SELECT id, order_id FROM shop.shipments WHERE id = ANY($1::text[])
              UNION ALL SELECT id, order_id FROM shop.payments WHERE id = ANY($1::text[])
              UNION ALL SELECT id, order_id FROM shop.refunds WHERE id = ANY($1::text[])
          ) AS x JOIN shop.orders o ON o.id = x.order_id
UNION ALL SELECT r.id, p.title FROM shop.reviews r JOIN shop.products p ON p.id = r.product_id
          WHERE r.id = ANY($1::text[])
UNION ALL SELECT id, title FROM shop.products WHERE id = ANY($1::text[])
UNION ALL SELECT v.id, p.title || ', ' || v.sku FROM shop.variants v JOIN shop.products p ON p.id = v.product_id
          WHERE v.id = ANY($1::text[])
UNION ALL SELECT r.id, p.title || ', ' || v.sku FROM shop.prices r JOIN shop.variants v ON v.id = r.variant_id
          JOIN shop.products p ON p.id = v.product_id WHERE r.id = ANY($1::text[])
UNION ALL SELECT id, name FROM shop.promotions WHERE id = ANY($1::text[])
UNION ALL SELECT id, name FROM shop.locations WHERE id = ANY($1::text[])"""
