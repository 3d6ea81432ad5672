"""What a customer who allows it tends to choose, out of what they bought and looked at."""

from collections import defaultdict

from bottega.platform.database.pool import Connection
from bottega.shop.catalogue.taste import Taste

MOST_BOUGHT = 60
MOST_VIEWED = 24
BOUGHT_WEIGHT, VIEWED_WEIGHT = 3.0, 1.0


async def taste_of(connection: Connection, customer_id: str) -> Taste | None:
    """Their taste, or None without their consent to profiling, which is read each time, or without anything known."""
    rows = await connection.fetch(_CHOSEN, customer_id, MOST_BOUGHT, MOST_VIEWED, BOUGHT_WEIGHT, VIEWED_WEIGHT)
    if not rows:
        return None
    brands: dict[str, float] = defaultdict(float)
    categories: dict[str, float] = defaultdict(float)
    for row in rows:
        if row["brand"]:
            brands[row["brand"]] += row["weight"]
        if row["category"]:
            categories[row["category"]] += row["weight"]
    return Taste(dict(brands), dict(categories))


_CHOSEN = """
WITH consenting AS (
    SELECT id FROM shop.customers WHERE id = $1 AND profiling_consent AND NOT blocked AND forgotten_at IS NULL),
chosen AS (
    (SELECT l.product_id, $4::float8 AS weight
     FROM consenting c JOIN shop.orders o ON o.customer_id = c.id JOIN shop.order_lines l ON l.order_id = o.id
     WHERE o.status <> 'cancelled' ORDER BY o.placed_at DESC LIMIT $2)
    UNION ALL
    (SELECT v.product_id, $5::float8
     FROM consenting c JOIN platform.viewed_products v ON v.customer_id = c.id ORDER BY v.viewed_at DESC LIMIT $3))
SELECT lower(p.brand COLLATE "C") AS brand, k.path AS category, sum(n.weight) AS weight
FROM chosen n JOIN shop.products p ON p.id = n.product_id LEFT JOIN shop.categories k ON k.id = p.category_id
GROUP BY 1, 2"""
