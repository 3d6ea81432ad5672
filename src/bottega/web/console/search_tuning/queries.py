"""Products by what people call them, to pin them."""

from collections.abc import Sequence

from bottega.platform.database.pool import Connection

MOST_OFFERED = 1_000


async def products_named(connection: Connection, names: Sequence[str]) -> dict[str, str]:
    """Product ids by handle or SKU, in any case of letters, those that exist."""
    rows = await connection.fetch(
        "SELECT n.name, p.id FROM unnest($1::text[]) AS n (name) JOIN shop.products p ON p.handle = lower(n.name) "
        "UNION ALL SELECT n.name, v.product_id FROM unnest($1::text[]) AS n (name) "
        "JOIN shop.variants v ON v.sku = n.name OR v.sku = upper(n.name)",
        list(names),
    )
    return {row["name"]: row["id"] for row in rows}


async def products_to_pin(connection: Connection) -> list[tuple[str, str]]:
    """Handles and titles of published products, for the field to offer."""
    rows = await connection.fetch(
        "SELECT handle, title FROM shop.products WHERE status = 'published' ORDER BY title LIMIT $1", MOST_OFFERED
    )
    return [(row["handle"], row["title"]) for row in rows]
