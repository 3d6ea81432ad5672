"""The product on a shopper's screen, as far as a sentence can compare with it."""

from datetime import datetime

import orjson

from bottega.platform.database.pool import Connection
from bottega.shop.catalogue.errors import NoSuchProduct
from bottega.shop.catalogue.listing import card_column
from bottega.shop.catalogue.understanding.model import ShownProduct


async def shown_product(connection: Connection, id_or_handle: str, currency: str, now: datetime) -> ShownProduct:
    """What is known of it; raises `NoSuchProduct` when it is not sold in this currency."""
    row = await connection.fetchrow(
        f"SELECT {card_column('$3')}, t.traits, "
        "(SELECT array_agg(DISTINCT trait) FROM search.offers o, unnest(o.traits) AS trait "
        " WHERE o.product_id = p.product_id AND o.currency = p.currency) AS offered, "
        "(SELECT jsonb_object_agg(n.name, n.value) FROM ("
        " SELECT name, min(value) AS value FROM search.numbers m WHERE m.product_id = p.product_id GROUP BY 1) AS n"
        ") AS numbers "
        "FROM search.products p LEFT JOIN search.traits t ON t.product_id = p.product_id "
        "WHERE (p.product_id = $1 OR p.handle = $1) AND p.currency = $2",
        id_or_handle,
        currency,
        now,
    )
    if row is None or row["card"] is None:
        raise NoSuchProduct(id_or_handle)
    card = orjson.loads(row["card"])
    return ShownProduct(
        product_id=card["id"],
        title=card["title"],
        brand=card["brand"],
        category=card["category"],
        price_minor=card["price_minor"],
        currency=currency,
        rating=card["rating"],
        traits=frozenset([*(row["traits"] or ()), *(row["offered"] or ())]),
        numbers=row["numbers"] or {},
    )
