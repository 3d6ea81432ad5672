"""Ranking products for words under a condition: the weights, what else counts in a shop, and the order asked for."""

from collections.abc import Sequence
from typing import assert_never

from bottega.platform.database.pool import Connection
from bottega.retrieval.fusion import Scored, Weights
from bottega.retrieval.narrowing import Narrowing
from bottega.shop.catalogue.listing import Conditions
from bottega.shop.catalogue.search_records import SearchSort

# Fitted on the open grades, the file of this SHA-256, by `benchmarks/search_quality.py`; see docs/search.md.
FITTED_ON = "d7e2995f97427daf19764da78d2bcd6931403b3b0013375dfa461a391b7d12da"
WEIGHTS = Weights(keyword=2.0, meaning=1.0, flatness=60.0, coverage=0.4, least_cosine=0.3)
# What cannot be bought now stands behind what can, unless it is much better.
OUT_OF_STOCK_SHARE = 0.7
# Another order than by relevance is made among so many of the best.
MOST_SORTED = 1_000
# Of what only meaning found, so many of the best count when another order is asked for.
MOST_MEANT_SORTED = 40

_COLUMNS = (
    "p.product_id",
    "p.facets @> '{in_stock}' AS in_stock",
    "p.price_minor",
    "p.title_key",
    "p.rating",
    "p.reviews",
)
# Orders of whole lists; None is by the names of numbers. The last column makes every order complete.
_LISTED: dict[SearchSort, str] = {
    "relevance": "p.facets @> '{in_stock}' DESC, p.reviews DESC, p.rating DESC NULLS LAST, p.product_id DESC",
    "popular": "p.reviews DESC, p.rating DESC NULLS LAST, p.product_id DESC",
    "rating": "p.rating DESC NULLS LAST, p.reviews DESC, p.product_id DESC",
    "newest": "p.product_id DESC",
    "price": "p.price_minor, p.product_id",
    "-price": "p.price_minor DESC, p.product_id DESC",
    "title": "p.title_key, p.product_id",
}


def narrowing_of(conditions: Conditions, *, is_wide: bool) -> Narrowing:
    """Conditions on search.products as `p`, for retrieval."""
    return Narrowing(
        "search.products p", "p.document", str(conditions), tuple(conditions.values), _COLUMNS, is_wide=is_wide
    )


def with_stock(found: Sequence[Scored]) -> list[Scored]:
    """Those in stock before the others of their kind."""
    return sorted(found, key=lambda one: -(one.score if one.row["in_stock"] else one.score * OUT_OF_STOCK_SHARE))


def sorted_by(found: Sequence[Scored], sort: SearchSort) -> list[Scored]:
    """What fits best, in another order: the products with the most of the words, or the nearest when none has any."""
    most = max((one.coverage for one in found), default=0.0)
    fitting = [one for one in found if one.coverage >= most - 1e-6] if most else list(found[:MOST_MEANT_SORTED])
    match sort:
        case "relevance":
            return list(found)
        case "price":
            return sorted(fitting, key=lambda one: (one.row["price_minor"], one.row["product_id"]))
        case "-price":
            return sorted(fitting, key=lambda one: (-one.row["price_minor"], one.row["product_id"]))
        case "title":
            return sorted(fitting, key=lambda one: (one.row["title_key"], one.row["product_id"]))
        case "newest":
            return sorted(fitting, key=lambda one: one.row["product_id"], reverse=True)
        case "rating":
            return sorted(fitting, key=lambda one: (-(one.row["rating"] or 0), -one.row["reviews"]))
        case "popular":
            return sorted(fitting, key=lambda one: (-one.row["reviews"], -(one.row["rating"] or 0)))
        case _:
            assert_never(sort)


async def sorted_by_number(
    connection: Connection, found: Sequence[Scored], numbers: Sequence[str], *, highest: bool
) -> list[Scored]:
    """In the order of the first of these numbers that most of the products have; those without it at the end."""
    rows = await connection.fetch(
        "SELECT product_id, name, min(value) AS least, max(value) AS most FROM search.numbers "
        "WHERE product_id = ANY ($1::text[]) AND name = ANY ($2::text[]) GROUP BY 1, 2",
        [one.row["product_id"] for one in found],
        list(numbers),
    )
    values: dict[str, dict[str, float]] = {}
    for row in rows:
        values.setdefault(row["name"], {})[row["product_id"]] = -row["most"] if highest else row["least"]
    if not values:
        return list(found)
    chosen = values[max(values, key=lambda name: (len(values[name]), -list(numbers).index(name)))]
    return sorted(found, key=lambda one: chosen.get(one.row["product_id"], float("inf")))


async def listed(connection: Connection, narrowing: Narrowing, sort: SearchSort, number: int) -> list[Scored]:
    """Products under a condition alone, in an order; nothing was said to rank by."""
    rows = await connection.fetch(
        f"SELECT coalesce(p.document, 0) AS document{narrowing.selected} FROM {narrowing.source} "
        f"WHERE {narrowing.condition} ORDER BY {_LISTED[sort]} LIMIT {int(number)}",
        *narrowing.values,
    )
    return [Scored(row["document"], 0.0, 0.0, 0.0, None, None, None, 0, row) for row in rows]


async def search_plainly(
    connection: Connection, words: Sequence[str], narrowing: Narrowing, number: int
) -> list[Scored]:
    """Published products with the words in their title, brand or description, looked through one by one: for when the
    postings are lost. Those with more of the words come first."""
    values = list(narrowing.values)
    first = len(values)
    held = " + ".join(
        f"(s.title || ' ' || s.brand || ' ' || s.description ILIKE ${first + place})::int"
        for place in range(1, len(words) + 1)
    )
    values += [f"%{word.replace('%', '').replace('_', '')}%" for word in words]
    rows = await connection.fetch(
        f"SELECT * FROM (SELECT coalesce(p.document, 0) AS document, {held} AS held{narrowing.selected} "
        f"FROM {narrowing.source} JOIN shop.products s ON s.id = p.product_id WHERE {narrowing.condition}) AS found "
        f"WHERE held > 0 ORDER BY held DESC, product_id LIMIT {int(number)}",
        *values,
    )
    return [
        Scored(row["document"], row["held"] / len(words), 0.0, row["held"] / len(words), None, None, None, 0, row)
        for row in rows
    ]
