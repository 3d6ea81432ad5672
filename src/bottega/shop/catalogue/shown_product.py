"""A product on the shopper's screen, as comparisons with it need it."""

from bottega.platform.database.pool import Connection
from bottega.shop.catalogue.understanding.model import ShownProduct


async def shown_product(connection: Connection, product_id: str, currency: str) -> ShownProduct | None:
    """The product with its traits and numbers; None when it is not on sale in this currency."""
    row = await connection.fetchrow(_SHOWN, product_id, currency)
    if row is None:
        return None
    return ShownProduct(
        product_id=product_id,
        title=row["title"],
        brand=row["brand"],
        category=row["category"],
        price_minor=row["price_minor"],
        currency=currency,
        rating=row["rating"],
        traits=frozenset([*row["traits"], *(row["offered"] or ())]),
        numbers={number["name"]: number["value"] for number in row["numbers"] or ()},
    )


_SHOWN = """
SELECT s.title, s.brand, t.category, p.price_minor, p.rating, t.traits,
       (SELECT array_agg(DISTINCT trait) FROM search.offers o, unnest(o.traits) AS trait
        WHERE o.product_id = p.product_id AND o.currency = p.currency) AS offered,
       (SELECT jsonb_agg(jsonb_build_object('name', n.name, 'value', n.value))
        FROM (SELECT name, min(value) AS value FROM search.numbers
              WHERE product_id = p.product_id GROUP BY name) AS n) AS numbers
FROM search.products p
JOIN shop.products s ON s.id = p.product_id
JOIN search.traits t ON t.product_id = p.product_id
WHERE p.product_id = $1 AND p.currency = $2"""
