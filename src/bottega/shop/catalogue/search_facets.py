"""Facets: how many of the products that were found have each brand, category, tag, option value or price range."""

from collections import defaultdict
from collections.abc import Sequence

from bottega.platform.database.pool import Connection
from bottega.retrieval.fusion import Scored

MOST_COUNTED = 1_000
VALUES_SHOWN = 20
# Traits of variants that shoppers choose by; the names they are kept under.
_CHOSEN_TRAITS = ("colour", "size", "material")
_PRICE_PARTS = 4


async def facets_of(connection: Connection, found: Sequence[Scored], currency: str) -> dict[str, list[tuple[str, int]]]:
    """Values with their counts by facet, the most frequent first; of at most so many of the best products."""
    rows = [one.row for one in found[:MOST_COUNTED]]
    product_ids = [row["product_id"] for row in rows]
    counted: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for row in await connection.fetch(_COUNTED, product_ids, currency, list(_CHOSEN_TRAITS)):
        values = counted[row["facet"]]
        if len(values) < VALUES_SHOWN:
            values.append((row["value"], row["products"]))
    counted["price"] = _price_ranges(sorted(row["price_minor"] for row in rows))
    return dict(counted)


def _price_ranges(prices: Sequence[int]) -> list[tuple[str, int]]:
    """Ranges with about as many products each, as 'least-most' in minor units, both included."""
    if not prices:
        return []
    parts = min(_PRICE_PARTS, len(set(prices)))
    bounds = sorted({prices[len(prices) * part // parts] for part in range(parts)} | {prices[0]})
    uppers = [*(bound - 1 for bound in bounds[1:]), prices[-1]]
    return [
        (f"{least}-{most}", sum(least <= price <= most for price in prices))
        for least, most in zip(bounds, uppers, strict=True)
    ]


_COUNTED = """
SELECT facet, value, products FROM (
    SELECT split_part(f, ':', 1) AS facet,
           CASE WHEN strpos(f, ':') = 0 THEN 'yes' ELSE substr(f, strpos(f, ':') + 1) END AS value, count(*) AS products
    FROM search.products p, unnest(p.facets) AS f
    WHERE p.product_id = ANY ($1::text[]) AND p.currency = $2 GROUP BY 1, 2
    UNION ALL
    SELECT split_part(t, ':', 1), substr(t, strpos(t, ':') + 1), count(DISTINCT v.product_id)
    FROM search.variant_traits v, unnest(v.traits) AS t
    WHERE v.product_id = ANY ($1::text[]) AND split_part(t, ':', 1) = ANY ($3::text[]) GROUP BY 1, 2) AS counted
WHERE value <> ''
ORDER BY facet, products DESC, value"""
