"""Products by their ids, as lists show them."""

from collections.abc import Sequence
from typing import Any

import orjson

from bottega.platform.database.pool import Connection
from bottega.shop import shop_settings
from bottega.web.storefront.goods.colours import with_colours


async def cards_of(connection: Connection, product_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The cards of those that are for sale, by id, with their colours."""
    if not product_ids:
        return {}
    currency = (await shop_settings.current(connection)).currency
    rows = await connection.fetch(
        "SELECT product_id, card FROM search.product_cards WHERE product_id = ANY ($1::text[]) AND currency = $2",
        list(product_ids),
        currency,
    )
    cards = {row["product_id"]: orjson.loads(row["card"]) for row in rows}
    await with_colours(connection, list(cards.values()))
    return cards
