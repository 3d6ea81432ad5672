"""The colours that products come in, for their pictures and the dots below them."""

from collections.abc import Sequence
from typing import Any

from bottega.platform.database.pool import Connection

_COLOURS = """
SELECT v.product_id, array_agg(DISTINCT c.colour) AS colours,
       (array_agg(c.colour ORDER BY v.position, v.id))[1] AS first
FROM shop.variants v, LATERAL (
    SELECT coalesce(v.option_values ->> 'colour', v.option_values ->> 'color', v.option_values ->> 'Colour',
                    v.option_values ->> 'Color') AS colour) AS c
WHERE v.product_id = ANY ($1::text[]) AND v.active AND c.colour IS NOT NULL GROUP BY v.product_id"""


async def with_colours(connection: Connection, cards: Sequence[dict[str, Any]]) -> None:
    """Adds `colours` to each card: the first variant's in front, then the others."""
    rows = await connection.fetch(_COLOURS, [card["id"] for card in cards])
    by_product = {row["product_id"]: row for row in rows}
    for card in cards:
        row = by_product.get(card["id"])
        card["colours"] = [] if row is None else [row["first"], *(one for one in row["colours"] if one != row["first"])]
